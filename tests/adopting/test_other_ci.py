"""docs/other-ci.md: the commands of its files, with the variables of each system, in a repository of two services."""
import pathlib
import re

import pytest
import yaml

import test_cmd as cmd
from test_adopting import DOCKERFILE, run

PAGE = (pathlib.Path(__file__).resolve().parents[2] / "docs/other-ci.md").read_text()
FILES = {re.match(r"# (\S+)", text)[1]: yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.S | re.M)}
CONFIG = 'groups:\n  shop:\n    registry: ghcr.io/you\n    services: ["services/*"]\n    tag: v{version}\n'


def lines():
    gitlab = FILES[".gitlab-ci.yml"]
    for job in ("changes", "release"):
        yield from (("gitlab", line) for line in gitlab[job]["script"])
    for step in FILES[".woodpecker.yml"]["steps"]:
        yield from (("woodpecker", line) for line in step["commands"])
    step, = FILES["task.yaml"]["spec"]["steps"]
    yield "tekton", step["script"].replace("$(results.services.path)", "services.txt") + "cat services.txt"


@pytest.mark.parametrize("system, line", list(lines()))
def test_other_ci(system, line, tmp_path):
    repo = tmp_path / "repo"
    files = {f"services/{name}/{file}": DOCKERFILE.format("main.go") if file == "Dockerfile" else "x\n"
             for name in ("cart", "pay") for file in ("Dockerfile", "main.go")}
    cmd.make_repo(repo, [{"write": {**files, ".github/arc-ci.yaml": CONFIG}}, {"commit": "first"},
                         {"write": {"services/cart/main.go": "y\n"}}, {"commit": "fix: second"}, {"tag": "v0.1.0"}])
    base, head = (cmd.git(repo, "rev-parse", name).strip() for name in ("HEAD~1", "HEAD"))
    variables = {"CI_COMMIT_BEFORE_SHA": base, "CI_PREV_COMMIT_SHA": base, "BASE": base, "CI_COMMIT_SHA": head, "REVISION": head,
                 "CI_COMMIT_TAG": "v0.1.0", "CI": "true"}
    printed = run(repo, line, **variables)
    if "changes --base" in line:
        assert ("cart: true" in printed and "pay: false" in printed) or printed == '["cart"]\n'
        first = {"CI_COMMIT_BEFORE_SHA": "0" * 40, "CI_PREV_COMMIT_SHA": "", "BASE": "0" * 40}
        assert run(repo, line, **{**variables, **first}) == printed.replace("input base", "the commit before the head: the head is on the base branch")
        if system == "gitlab":  # a pipeline for merged results
            cmd.git(repo, "checkout", "-q", base)
            cmd.put(repo, {"services/pay/main.go": "y\n"})
            cmd.git(repo, "commit", "-qam", "others")
            cmd.git(repo, "merge", "-q", "--no-ff", "-m", "merged", head)
            merged = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": head,
                      "CI_COMMIT_SHA": cmd.git(repo, "rev-parse", "HEAD").strip(), "CI_COMMIT_BEFORE_SHA": "0" * 40}
            printed = run(repo, line, **{**variables, **merged})
            assert "cart: true" in printed and "pay: false" in printed
    elif "--json" in line:
        assert '"v0.1.0"' in (repo / "plan.json").read_text()
    else:
        assert "A rehearsal" in printed
