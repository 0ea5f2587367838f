"""docs/adopting.md: its configurations are written, its commands run, its outputs compared, its workflows checked against the
actions, section by section, in a repository of two services."""
import os
import pathlib
import re
import subprocess

import pytest
import yaml

import test_cmd as cmd

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/adopting.md").read_text()
DOCKERFILE = "FROM --platform=$BUILDPLATFORM golang:1 AS build\nCOPY {0} /src/\nFROM alpine:3 AS prod\nCOPY --from=build /src /app\nUSER 1000\n"
OURS = "OWNER/REPOSITORY/.github/actions/"
OFFLINE = ("version", "changes", "plan")  # actions whose command needs no docker, scanner or network


def sections():
    for text in PAGE.split("\n## ")[1:]:
        title, _, body = text.partition("\n")
        yield pytest.param(re.findall(r"^```(\w+)\n(.*?)^```$", body, re.S | re.M), id=title)


@pytest.fixture
def repo(tmp_path):
    repo = tmp_path / "repo"
    files = {"README.md": "x\n", "lib/x.go": "x\n"}
    for name in ("cart", "pay"):
        files[f"services/{name}/main.go"] = "x\n"
        files[f"services/{name}/Dockerfile"] = DOCKERFILE.format("main.go")
    cmd.make_repo(repo, [{"write": files}, {"commit": "first"}])
    return repo


def write(repo, path, text):
    (repo / path).parent.mkdir(parents=True, exist_ok=True)
    (repo / path).write_text(text)


def configure(repo, text):
    """Writes a configuration, with Dockerfiles for the contexts that it names."""
    write(repo, ".github/arc-ci.yaml", text)
    for name in ("cart", "pay"):
        root = "context: ." in text
        write(repo, f"services/{name}/Dockerfile", DOCKERFILE.format(f"services/{name} lib" if root else "main.go"))
    cmd.git(repo, "add", ".")
    cmd.git(repo, "commit", "-q", "--allow-empty", "-m", "configure")


def run(repo, line, **variables):
    (repo.parent / "bin").mkdir(exist_ok=True)
    link = repo.parent / "bin/arc-ci"
    if not link.exists():
        link.symlink_to(cmd.ARC_CI)
    env = {name: os.environ[name] for name in cmd.PASSED_ON if name in os.environ}
    env.update(variables, PATH=f"{link.parent}:{os.environ['PATH']}", HOME=str(repo.parent))
    found = subprocess.run(["sh", "-euc", line], cwd=repo, env=env, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, f"{line}\n{found.stdout}{found.stderr}"
    return found.stdout


def expect(shown, printed):
    """Every line that is shown is printed, in that order; "…" stands for anything."""
    lines = iter(line.strip().rstrip(",") for line in printed.splitlines())
    for line in filter(None, map(str.strip, shown.splitlines())):
        pattern = ".*".join(map(re.escape, line.split("…")))
        assert any(re.fullmatch(pattern, other) for other in lines), f"not printed: {line}\n{printed}"


def check_step(repo, step):
    """A step of ours names an action that is there and inputs that it has, and its command takes them."""
    if not step.get("uses", "").startswith(OURS):
        return
    name, _, at = step["uses"].removeprefix(OURS).partition("@")
    action = yaml.safe_load((ROOT / f".github/actions/{name}/action.yml").read_text())
    given = step.get("with", {})
    assert at == "COMMIT" and set(given) <= set(action.get("inputs", {})), f"{name}: {set(given) - set(action['inputs'])}"
    if name in OFFLINE:
        run(repo, f"arc-ci {name}", **{f"INPUT_{key.upper()}": str(value) for key, value in given.items()})


def check_command(line):
    """A line of ours has a command, and options that it knows."""
    name, *words = line.split()[1:]
    known = subprocess.run([cmd.ARC_CI, "help", name], capture_output=True, text=True, check=True).stdout
    for word in words:
        assert not word.startswith("--") or re.search(rf"^  {word.partition('=')[0]}\b", known, re.M), line


def check_workflow(repo, text, ours):
    workflow = yaml.safe_load(text)
    jobs = workflow.get("jobs", {"job": workflow}).values()
    steps = [step for job in jobs for step in job.get("steps", [])]
    calls = [job for job in jobs if "uses" in job]
    assert (any(OURS in step.get("uses", "") for step in steps) or bool(calls)) is ours
    for call in calls:
        path, _, at = call["uses"].removeprefix("OWNER/REPOSITORY/").partition("@")
        inputs = yaml.load((ROOT / path).read_text(), yaml.BaseLoader)["on"]["workflow_call"]["inputs"]
        assert at == "COMMIT" and set(call.get("with", {})) <= set(inputs), call
    for step in steps:
        check_step(repo, step)
        for line in step.get("run", "").splitlines():
            if line.startswith("arc-ci "):
                check_command(line)


@pytest.mark.parametrize("blocks", sections())
def test_section(repo, blocks):
    printed = ""
    for kind, text in blocks:
        first = text.split("\n", 1)[0]
        if first == "# .github/arc-ci.yaml":
            configure(repo, text)
        elif first in ("# before: docker-bake.hcl", "# before: compose.yaml"):
            write(repo, first.split()[-1], text)
        elif first.startswith(("# before: .github/", "# after: .github/")):
            check_workflow(repo, text, first.startswith("# after"))
        elif kind == "yaml":
            assert yaml.safe_load(text), text
        elif kind == "sh":
            printed = run(repo, text)
        elif kind == "text":
            expect(text, printed)
        else:
            assert kind == "hcl", kind


def build_of(text):
    return yaml.safe_load(text)["groups"]["shop"]["services"][0]["build"]


def blocks_of(title):
    return re.findall(r"^```\w+\n(.*?)^```$", PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0], re.S | re.M)


def test_a_section_of_compose_is_taken_as_it_stands():
    before, after = blocks_of("From Compose")[:2]
    assert yaml.safe_load(before)["services"]["cart"]["build"] == build_of(after)


def test_a_target_of_bake_loses_nothing():
    before, after = blocks_of("From docker-bake.hcl")[:2]
    said = set(re.findall(r"^  (\w+) +=", before, re.M))
    assert said - {"tags"} == set(build_of(after))


def test_the_filters_of_both_sides_are_the_same():
    for title, old, new in (("From paths-filter", "filters", "filters"), ("From changed-files", "files_yaml", "filters")):
        before, after = map(yaml.safe_load, blocks_of(title)[:2])
        given = next(step["with"] for step in after["steps"] if step.get("with"))
        assert yaml.safe_load(before["steps"][0]["with"][old]) == yaml.safe_load(given[new])


def test_the_page_says_what_is_not_done():
    assert "Helm charts" in PAGE.split("## What it does not do")[1]
