"""Which files an image depends on, compared with BuildKit's own frontend, for generated Dockerfiles: ARC_DOCKERFILES of them
(300), from ARC_DOCKERFILES_SEED (0) on. Where ours takes the whole context it must say so, and rarely."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest
import yaml

import cached
import generate
import test_cmd as cmd

COUNT = int(os.environ.get("ARC_DOCKERFILES") or 300)
SEED = int(os.environ.get("ARC_DOCKERFILES_SEED") or 0)
ORACLE = pathlib.Path(__file__).parent / "oracle"
SAFE_MAX = 0.05


@pytest.fixture(scope="module")
def oracle():
    """The program that asks BuildKit, built from its Go module, once."""
    with cached.once("go", f"dockerfile-oracle-{cached.hashed(*sorted(ORACLE.iterdir()))}") as (folder, missing):
        if missing:
            shutil.copytree(ORACLE, folder, dirs_exist_ok=True)
            cached.run([cached.go_compiler(), "build", "-trimpath", "-o", "oracle", "."], cwd=folder, env=cached.go_environment())
    return folder / "oracle"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A service for each Dockerfile, its context a directory of its own; HEAD adds everything."""
    root = tmp_path_factory.mktemp("dockerfiles")
    cases = {f"s{seed}": generate.make(seed) for seed in range(SEED, SEED + COUNT)}
    services = []
    for name, case in cases.items():
        for file in case["files"]:
            write(root / name / file, file)
        write(root / name / "x.Dockerfile", case["text"])
        for file, text in case["ignores"].items():
            write(root / name / file, text)
        build = {"context": name, "dockerfile": "x.Dockerfile", "args": case["args"]}
        services.append({"name": name, "codename": name, "build": {**build, **({"target": case["target"]} if case["target"] else {})}})
    config = {"groups": {"g": {"registry": "registry.example/g", "inputs": "dockerfile", "platforms": {"ci": ["linux/amd64"]},
                               "services": services}}}
    write(root / ".github/arc-ci.yaml", yaml.safe_dump(config))
    cmd.git(root, "init", "-q", "-b", "main")
    cmd.git(root, "commit", "-q", "--allow-empty", "-m", "nothing")
    cmd.git(root, "add", "-f", ".")
    cmd.git(root, "commit", "-q", "-m", "everything")
    return root, cases


def arc(root, *arguments):
    env = {name: os.environ[name] for name in cmd.PASSED_ON if name in os.environ}
    run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", "--base", "HEAD~1", *arguments], cwd=root, capture_output=True, text=True,
                         env={**env, "HOME": str(root.parent)}, timeout=600)
    assert run.returncode == 0, run.stderr
    return run.stdout


def ask(oracle, root, cases):
    questions = [{"Context": str(root / name), "Dockerfile": str(root / name / "x.Dockerfile"), "Target": case["target"],
                  "Args": case["args"], "Files": [*case["files"], *case["ignores"], "x.Dockerfile"]} for name, case in cases.items()]
    run = subprocess.run([oracle], input="\n".join(map(json.dumps, questions)), capture_output=True, text=True, check=True, timeout=600)
    return dict(zip(cases, map(json.loads, run.stdout.splitlines()), strict=True))


def doubted(explained):
    """The services whose whole context counts, by the explanation."""
    names, at = set(), None
    for line in explained.splitlines():
        if line and not line.startswith(" "):
            at = line.split(":")[0]
        elif line.startswith("  whole context: "):
            names.add(at)
    return names


def test_agrees_with_buildkit(oracle, repository, record_testsuite_property):
    root, cases = repository
    ours = json.loads(arc(root, "--json"))["filters"]
    doubts = doubted(arc(root, "--explain"))
    wrong, safe, refused = [], [], 0
    for name, theirs in ask(oracle, root, cases).items():
        case = cases[name]
        if "error" in theirs:
            refused += 1
            continue
        ignore = "x.Dockerfile.dockerignore" if "x.Dockerfile.dockerignore" in case["ignores"] else ".dockerignore"
        always = {"x.Dockerfile", ignore} & {"x.Dockerfile", *case["ignores"]}
        expected = {*theirs["files"], *always}
        found = {file["path"].removeprefix(name + "/") for file in ours[name]["files"]}
        if found == expected:
            continue
        (safe if name in doubts and expected < found else wrong).append((name, case, sorted(expected - found), sorted(found - expected)))
    record_testsuite_property("figures", f"{COUNT} Dockerfiles: {len(wrong)} wrong, {len(safe)} on the safe side "
                              f"({len(safe) / COUNT:.1%}), {refused} refused by BuildKit")
    assert not wrong, wrong[:3]
    assert len(safe) <= max(SAFE_MAX * COUNT, 2)
    assert refused <= COUNT * 0.1


def test_only_those_that_read_a_file_change(repository):
    """A file in five contexts is nothing to the others."""
    root, cases = repository
    for name in list(cases)[:5]:
        write(root / name / "never-copied-by-anyone.xyz", "x")
    cmd.git(root, "add", "-f", ".")
    cmd.git(root, "commit", "-q", "-m", "files that a few read")
    filters = json.loads(arc(root, "--json"))["filters"]
    for name in list(cases)[5:]:
        assert not filters[name]["matched"], name
