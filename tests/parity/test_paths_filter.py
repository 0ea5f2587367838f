"""arc-ci changes against what paths-filter v3.0.3 was recorded to answer, byte for byte."""
import json
import re

import harness
import pytest

RECORDED = json.loads((harness.HERE / "recorded.json").read_text())
PARITY = (harness.ROOT / "docs/parity.md").read_text()


def runs():
    for key, scenario, inputs in harness.scenarios():
        yield pytest.param(key, scenario, inputs, id=key)


def expected_of(scenario, inputs, recorded):
    """paths-filter's answer, or the one that stands in scenarios.yaml where ours differs, with `any` beside it."""
    if "differs" not in scenario:
        return recorded["outputs"]
    ours = scenario["ours"]
    return {**ours.get("any", {}), **ours.get(inputs["list-files"], {})}


@pytest.mark.parametrize("key, scenario, inputs", runs())
def test_scenario(key, scenario, inputs, tmp_path):
    recorded = RECORDED[key]
    answer = harness.run([*harness.cmd.WRAPPER, harness.cmd.ARC_CI, "changes"], scenario, inputs, tmp_path)
    if "error" in recorded:
        assert "error" in answer, "paths-filter refuses this"
        return
    outputs = dict(answer["outputs"]) if "outputs" in answer else pytest.fail(answer["error"])
    expected = expected_of(scenario, inputs, recorded)
    if "any" not in expected:
        any_output = outputs.pop("any")
        assert any_output == ("true" if json.loads(expected["changes"]) else "false") or "changes" in inputs["filters"]
    assert outputs == expected


def test_every_run_is_recorded_and_every_recording_is_run():
    assert {key for key, _, _ in harness.scenarios()} == set(RECORDED)


def test_every_difference_is_documented_and_is_one():
    reasons = {scenario["differs"] for _, scenario, _ in harness.scenarios() if "differs" in scenario}
    documented = set(re.findall(r"^- \*\*([a-z-]+)\*\*", PARITY.partition("## paths-filter")[2].partition("\n## ")[0], re.M))
    assert reasons <= documented
    for key, scenario, inputs in harness.scenarios():
        if "differs" in scenario and inputs["list-files"] != "none":
            recorded = RECORDED[key]
            assert recorded.get("outputs") != expected_of(scenario, inputs, recorded), f"{key} does not differ"
