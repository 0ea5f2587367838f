"""Nothing about one group is compiled in: a generated repository of 8 groups and 25 services rehearses the same way,
and one more group is one more entry of the configuration."""
import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from usage import spent  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
PLATFORMS = ["linux/amd64", "linux/arm64"]
SIZES = [1, 2, 3, 4, 5, 3, 4, 3]  # services of each group: 25 in all
ENV = {"PATH": os.environ["PATH"], "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
       "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org", "GIT_CONFIG_GLOBAL": "/dev/null",
       "GIT_AUTHOR_DATE": "2026-02-23T10:00:00Z", "GIT_COMMITTER_DATE": "2026-02-23T10:00:00Z"}


def git(repo, *words):
    subprocess.run(["git", *words], cwd=repo, env={**ENV, "HOME": str(repo)}, check=True, capture_output=True)


def put(repo, path, text):
    (repo / path).parent.mkdir(parents=True, exist_ok=True)
    (repo / path).write_text(text)


def add_service(repo, name, port):
    put(repo, f"services/{name}/service.yaml", f"name: arc-{name}\ncodename: {name}\nport: {port}\n")
    put(repo, f"services/{name}/Dockerfile", "FROM scratch\n")
    return f"services/{name}"


def entry(number, services):
    return {"title": f"Group number {number}", "tag": f"group{number}/v*", "registry": f"registry.example/g{number}",
            "platforms": {"ci": PLATFORMS[:1], "release": PLATFORMS}, "services": services}


def commit(repo, config, message):
    put(repo, ".github/arc-ci.yaml", yaml.safe_dump(config, sort_keys=False))
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", message)


@pytest.fixture
def repo(tmp_path):
    git(tmp_path, "init", "-q", "-b", "main")
    config, port = {"groups": {}}, 4000
    for number, size in enumerate(SIZES, 1):
        services = [add_service(tmp_path, f"s{number}x{i}", port + i) for i in range(size)]
        config["groups"][f"group{number}"] = entry(number, services)
        port += size
    assert sum(SIZES) == 25 and len(SIZES) == 8
    commit(tmp_path, config, "Add everything")
    for number in range(1, len(SIZES) + 1):
        git(tmp_path, "tag", f"group{number}/v1.0.0")
    put(tmp_path, "services/s3x1/x", "1\n")
    commit(tmp_path, config, "Change s3x1")
    return tmp_path


def dry_run(repo, tag, *options):
    return subprocess.run([ARC_CI, "dry-run", tag, *options], cwd=repo, env=ENV, capture_output=True, text=True)


def check(repo, number, size, version="1.1.0"):
    tag = f"group{number}/v{version}"
    run = dry_run(repo, tag, "--json")
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    plan = document["plan"]
    names = [f"s{number}x{i}" for i in range(size)]
    assert [service["service"] for service in plan["services"]] == names
    assert [(cell["service"], cell["platform"]) for cell in plan["cells"]] == [(n, p) for n in names for p in PLATFORMS]
    assert document["version"]["latest"] and document["version"]["image-tag"] == f"group{number}-v{version}"
    assert document["notes"]["title"] == f"Group number {number} {version}"
    text = dry_run(repo, tag).stdout
    for name in names:
        assert f"registry.example/g{number}/arc-{name}:group{number}-v{version}" in text
    others = [f"s{n}x0" for n in range(1, len(SIZES) + 1) if n != number]
    assert not any(f"arc-{other}" in text for other in others)
    return document


def test_every_group(repo):
    for number, size in enumerate(SIZES, 1):
        document = check(repo, number, size)
        assert document["version"]["previous-tag"] == f"group{number}/v1.0.0"
        assert document["notes"]["commits"]["total"] == (1 if number == 3 else 0)
        assert document["changes"]["changes"] == (["s3x1"] if number == 3 else [])
        assert len(document["scan"]["commands"]) == 2 * size
        assert list(document["build"]["definition"]["target"]) == [f"s{number}x{i}" for i in range(size)]


def test_one_more_group_is_one_entry(repo):
    path = repo / ".github/arc-ci.yaml"
    before = path.read_text()
    service = add_service(repo, "s9x0", 4999)
    path.write_text(before + "  group9:\n    title: Group number 9\n    tag: group9/v*\n    registry: registry.example/g9\n"
                    f"    platforms: {{ci: [linux/amd64], release: [linux/amd64, linux/arm64]}}\n    services: [{service}]\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "Add a group")
    document = check(repo, 9, 1, "0.1.0")
    assert document["version"]["previous-tag"] is None
    check(repo, 1, SIZES[0])


def test_the_notes_of_a_plan_are_those_of_the_rehearsal(repo):
    plan = subprocess.run([ARC_CI, "plan", "group3/v1.1.0", "--json"], cwd=repo, env=ENV, capture_output=True, check=True)
    notes = subprocess.run([ARC_CI, "notes", "--plan", "-"], cwd=repo, env=ENV, input=plan.stdout, capture_output=True,
                           check=True).stdout.decode()
    assert notes == json.loads(dry_run(repo, "group3/v1.1.0", "--json").stdout)["notes"]["body"]
    assert notes.count("docker run --rm -p 127.0.0.1:") == SIZES[2]


def test_the_notes_of_many_images_fit(tmp_path):
    """What is left is the table of all of them."""
    git(tmp_path, "init", "-q", "-b", "main")
    config = entry(1, [add_service(tmp_path, f"service-{i:03}", 4000 + i) for i in range(700)])
    commit(tmp_path, {"groups": {"group1": config}}, "Add everything")
    run = subprocess.run([ARC_CI, "notes", "group1/v1.0.0"], cwd=tmp_path, env=ENV, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("| `registry.example/g1/arc-service-") == 700 and len(run.stdout) <= 124_800
    assert "docker run" not in run.stdout and "### Start" not in run.stdout and "Add everything" in run.stdout


def test_many_groups_without_a_release_beside_many_tags(tmp_path):
    """Those of no group are looked for once, not for each group."""
    git(tmp_path, "init", "-q", "-b", "main")
    groups = {f"g{i}": entry(i, [add_service(tmp_path, f"s{i}", 4000 + i)]) for i in range(100)}
    commit(tmp_path, {"groups": groups}, "Add everything")
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=tmp_path, text=True).strip()
    put(tmp_path, ".git/packed-refs", "# pack-refs with: peeled fully-peeled sorted\n"
        + "".join(f"{head} {ref}\n" for ref in sorted(f"refs/tags/v1.{i}.0" for i in range(20000))))
    before = spent()
    run = subprocess.run([ARC_CI, "status", "--json"], cwd=tmp_path, env=ENV, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert spent() - before < 10
    assert {row["next-tag"] for row in json.loads(run.stdout)["groups"]} == {f"group{i}/v0.1.0" for i in range(100)}
