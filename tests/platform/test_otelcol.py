"""The collector's own `validate` on the platform's configuration. (That it scrapes: test_services.py.)"""
import json
import subprocess

import otelcol
import pytest
import yaml


@pytest.fixture(scope="module")
def validate(engine, tmp_path_factory):
    program = otelcol.build()
    folder = tmp_path_factory.mktemp("otelcol")

    def run(config):
        path = folder / "config.yaml"
        path.write_text(json.dumps(config))
        return subprocess.run([program, "validate", f"--config={path}"], capture_output=True, text=True, timeout=60)
    return run


def test_the_vendors_exporters_are_all_that_is_left_out():
    document = yaml.safe_load(otelcol.CONFIG.read_text())
    used = otelcol.config()
    assert set(document["exporters"]) == otelcol.VENDOR
    assert set(used["exporters"]) == {"debug"}
    for part in ("receivers", "processors", "extensions"):
        assert used[part] == document[part]
    for name, pipeline in document["service"]["pipelines"].items():
        assert {**used["service"]["pipelines"][name], "exporters": None} == {**pipeline, "exporters": None}


def test_the_collector_accepts_the_configuration(validate):
    run = validate(otelcol.config())
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("path,value,words", [
    (("receivers", "prometheus", "config", "scrape_configs", 0, "scrape_interval"), "often", "not a valid duration"),
    (("receivers", "prometheus", "config", "scrape_configs", 0, "relabel_configs", 1, "action"), "move", "relabel action"),
    (("receivers", "otlp", "protocols", "smoke"), {}, "smoke"),
    (("processors", "batch", "send_batch_max_size"), 1, "send_batch_max_size"),
    (("service", "pipelines", "metrics", "receivers"), ["otlp", "prometeus"], "prometeus"),
])
def test_the_collector_would_have_refused(validate, path, value, words):
    config = otelcol.config()
    place = config
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    run = validate(config)
    assert run.returncode != 0 and words in run.stderr, run.stderr
