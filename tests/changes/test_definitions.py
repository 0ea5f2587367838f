"""Services of a bake or compose file: an edit of it counts those whose definition differs, as docker reads both commits."""
import json
import os
import shutil
import subprocess

import pytest

import test_cmd as cmd

BAKE = """variable "TAG" { default = "1" }
variable "GO" { default = "1.22" }
group "default" { targets = ["web", "api"] }
target "_common" { args = { COMMON = "1" } }
target "base" {
  context = "base"
}
target "web" {
  inherits = ["_common"]
  context = "web"
  tags = ["ghcr.io/o/web:latest"]
}
target "api" {
  context = "api"
  contexts = { base = "target:base" }
  args = { GO = GO }
  tags = ["ghcr.io/o/api:latest"]
}
"""
COMPOSE = """x-common: &common
  args: {A: "1"}
include: [more/compose.yaml]
services:
  web:
    image: ghcr.io/o/web:latest
    env_file: [web.env]
    build: {context: web, <<: *common}
  api:
    image: ghcr.io/o/api:latest
    extends: {file: parent.yaml, service: parent}
    build: {context: api, args: {GO: "${GO:-1}"}}
    environment: [X=1]
"""
MORE = "services: {more: {image: ghcr.io/o/more, env_file: more.env, build: {context: ., args: {M: '${M:-1}'}}}}\n"
PARENT = "services: {parent: {build: {target: prod}}}\n"
FILES = {"docker-bake.hcl": BAKE, "compose.yaml": COMPOSE, "more/compose.yaml": MORE, "parent.yaml": PARENT, "web.env": "A=1\n", "more/more.env": ""}


def needs(plugin):
    there = shutil.which("docker") and subprocess.run(["docker", plugin, "version"], capture_output=True).returncode == 0
    return pytest.mark.skipif(not there, reason=f"no docker {plugin}, which reads the file")


def make(tmp_path, config):
    repo = tmp_path / "repo"
    dockerfiles = {f"{name}/Dockerfile": "FROM scratch\nCOPY x /\n" for name in ("web", "api", "base")}
    cmd.make_repo(repo, [{"write": {**FILES, **dockerfiles, ".github/arc-ci.yaml": f"groups: {{g: {{tag: 'v{{version}}', {config}}}}}\n",
                                    "more/Dockerfile": "FROM scratch\n"}}, {"commit": "one"}])
    return repo


def changes(repo, base="HEAD~1", **variables):
    run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", "--json", "--base", base], cwd=repo, capture_output=True, text=True, timeout=60,
                         env={"PATH": os.environ["PATH"], "HOME": str(repo.parent), **variables})
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def released(repo):
    """The services that HEAD's commit touched, as `status` has it."""
    for tag in ("v1.0.0", "g/v1.0.0"):
        cmd.git(repo, "tag", tag, "HEAD~1")
    run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "status", "--json"], cwd=repo, capture_output=True, text=True, timeout=60,
                         env={"PATH": os.environ["PATH"], "HOME": str(repo.parent)})
    assert run.returncode == 0, run.stderr
    return sorted(json.loads(run.stdout)["groups"][0]["services"])


def edit(repo, path, old, new):
    text = (repo / path).read_text() if (repo / path).exists() else ""
    assert old in text
    (repo / path).parent.mkdir(exist_ok=True)
    (repo / path).write_text(text.replace(old, new) if old else text + new)
    cmd.git(repo, "add", "-A")
    cmd.git(repo, "commit", "-qm", "two")


@needs("buildx")
@pytest.mark.parametrize("old, new, changed, reason", [
    ("", "# a comment\n", [], None),
    ('"TAG" { default = "1"', '"TAG" { default = "2"', [], None),
    ("GO = GO", 'GO = "2", NEW = "1"', ["api"], "args"),
    ("1.22", "1.23", ["api"], "args"),
    ('COMMON = "1"', 'COMMON = "2"', ["web"], "args"),
    ("web:latest", "web:edge", ["web"], "tags"),
    ("  args = { GO = GO }\n", "", ["api"], "args"),
    ('context = "base"', 'context = "base"\ntarget = "x"', ["api", "base"], "target"),
])
def test_bake(tmp_path, old, new, changed, reason):
    repo = make(tmp_path, "bake: docker-bake.hcl")
    edit(repo, "docker-bake.hcl", old, new)
    found = changes(repo)
    assert found["changes"] == changed
    for name, service in found["filters"].items():
        starts = name == "api" and "base" in changed
        same = "what it takes of a file that changed is the same" + "; starts from base, which changed" * starts
        assert service["reason"] == (f"its definition in docker-bake.hcl changed: {reason}" if name in changed and not starts else same)
        assert service["count"] == (name in changed and not starts)


@needs("buildx")
def test_bake_that_cannot_be_compared(tmp_path):
    repo = make(tmp_path, "bake: docker-bake.hcl")
    (repo / "docker-bake.hcl").write_text("x = [")
    cmd.git(repo, "commit", "-qam", "two")
    edit(repo, "docker-bake.hcl", "x = [", BAKE)
    found = changes(repo)
    assert set(found["changes"]) == {"api", "base", "web"}
    assert "may have changed: group g: docker buildx bake refuses" in found["filters"]["web"]["reason"]
    assert changes(repo, "HEAD~2")["changes"] == []  # nothing differs at all
    edit(repo, "docker-bake.hcl", "", "# a comment\n")
    found = changes(repo, TMPDIR=str(tmp_path / "none"))
    assert len(found["changes"]) == 3 and "cannot make a temporary folder" in found["filters"]["web"]["reason"]
    edit(repo, "docker-bake.hcl", '["web", "api"]', '["web", "api", "new"]')
    edit(repo, "docker-bake.hcl", "", 'target "new" {\n  context = "web"\n  tags = ["ghcr.io/o/new"]\n}\n')
    found = changes(repo, "HEAD~2")
    assert found["changes"] == ["new"] and found["filters"]["new"]["reason"] == "its definition in docker-bake.hcl is new"


@needs("buildx")
def test_bake_with_secrets_in_files(tmp_path):
    """Docker looks for them, and a commit's files are read apart from the work tree, which has them."""
    repo = make(tmp_path, "bake: docker-bake.hcl")
    secrets = 'secret = ["type=file,id=npmrc,src=npmrc", "type=file,id=pip,src=conf/pip"]'
    for text in (BAKE.replace('context = "web"', f'context = "web"\n  {secrets}'), None):
        text = text or (repo / "docker-bake.hcl").read_text().replace('args = { GO = GO }', 'args = { GO = "2" }')
        (repo / "docker-bake.hcl").write_text(text)
        (repo / "npmrc").write_text("x\n")
        (repo / "conf").mkdir(exist_ok=True)
        (repo / "conf/pip").write_text("x\n")
        cmd.git(repo, "add", "docker-bake.hcl")
        cmd.git(repo, "commit", "-qm", "next")
    assert changes(repo)["changes"] == ["api"]


@needs("buildx")
def test_bake_in_the_work_tree(tmp_path):
    repo = make(tmp_path, "bake: docker-bake.hcl")
    (repo / "docker-bake.hcl").write_text(BAKE.replace("1.22", "1.23"))
    (repo / "web/x").write_text("1\n")
    cmd.git(repo, "add", "-A")
    assert changes(repo, "HEAD")["changes"] == ["api", "web"]
    (repo / "docker-bake.hcl").write_text(BAKE + "#\n")
    found = changes(repo, "HEAD")
    assert found["changes"] == ["web"] and "reason" not in found["filters"]["web"]


@needs("buildx")
def test_each_service_since_its_release(tmp_path):
    repo = make(tmp_path, "bake: docker-bake.hcl")
    cmd.git(repo, "tag", "v1.0.0")
    edit(repo, "docker-bake.hcl", "1.22", "1.23")
    run = subprocess.run([cmd.ARC_CI, "changes", "--since-release", "--json"], cwd=repo, capture_output=True, text=True,
                         env={"PATH": os.environ["PATH"], "HOME": str(repo.parent)})
    found = json.loads(run.stdout)
    assert found["changes"] == ["api"]
    assert found["filters"]["web"]["reason"] == "since v1.0.0; what it takes of a file that changed is the same"


@needs("buildx")
@pytest.mark.parametrize("path, changed", [(".env", ["api"]), ("deploy/.env", [])])
def test_bake_reads_a_compose_file_with_the_variables_of_the_root(tmp_path, path, changed):
    repo = make(tmp_path, "bake: deploy/compose.yaml")
    edit(repo, "deploy/compose.yaml", "", "services: {api: {image: ghcr.io/o/api, build: {context: ./api, args: {GO: '${GO:-1}'}}}}\n")
    edit(repo, path, "", "GO=5\n")
    assert changes(repo)["changes"] == changed


@pytest.mark.parametrize("tool", [pytest.param("compose", marks=needs("compose")), pytest.param("bake", marks=needs("buildx"))])
def test_files_that_are_merged_name_others_from_where_the_first_is(tmp_path, tool):
    repo = make(tmp_path, tool + ": {files: [compose.yaml, deploy/prod.yaml]}")
    edit(repo, "deploy/prod.yaml", "", "services: {web: {extends: {file: common.yaml, service: web}}}\n")
    edit(repo, "compose.yaml", COMPOSE, "services: {web: {image: ghcr.io/o/web, build: {context: web}}}\n")
    edit(repo, "common.yaml", "", "services: {web: {extends: {file: more/own.yaml, service: web}}}\n")
    edit(repo, "more/own.yaml", "", "services: {web: {extends: {file: last.yaml, service: web}}}\n")  # beside it
    edit(repo, "more/last.yaml", "", "services: {web: {build: {target: prod}}}\n")
    edit(repo, "more/last.yaml", "prod", "dev")
    assert changes(repo)["changes"] == ["web"]


@needs("compose")
@pytest.mark.parametrize("path, old, new, changed", [
    ("compose.yaml", "", "# a comment\n", []),
    ("compose.yaml", "X=1", "X=2", []),
    ("compose.yaml", "", "    ports: ['80:80']\n", []),
    ("compose.yaml", "GO:-1", "GO:-2", ["api"]),
    ("compose.yaml", 'A: "1"', 'A: "2"', ["web"]),
    (".env", "", "GO=5\n", ["api"]),
    (".env", "", "OTHER=5\n", []),
    ("web.env", "A=1", "A=2", []),
    ("parent.yaml", "prod", "dev", ["api"]),
    ("parent.yaml", "", "# a comment\n", []),
    ("more/.env", "", "M=2\n", ["more"]),
    ("compose.yaml", "web.env", "none.env", []),  # is not there, and no build takes it
    ("compose.yaml", "parent.yaml", "none.yaml", ["api", "more", "web"]),  # is not there: docker refuses it
])
def test_compose(tmp_path, path, old, new, changed):
    repo = make(tmp_path, "compose: compose.yaml")
    edit(repo, path, old, new)
    if "none." in new:  # as one that a step makes
        (repo / new).write_text(PARENT if new.endswith("yaml") else "")
    assert changes(repo)["changes"] == released(repo) == changed


@needs("compose")
@pytest.mark.parametrize("path, old, new, changed", [
    ("other/.env", "M=1", "M=2", ["more"]),
    ("other/own.yaml", "prod", "dev", ["more"]),
])
def test_what_is_included_with_a_directory_of_its_own(tmp_path, path, old, new, changed):
    repo = make(tmp_path, "compose: compose.yaml")
    edit(repo, "compose.yaml", "include: [more/compose.yaml]", "include: [{path: more/compose.yaml, project_directory: other}]")
    more = MORE.replace("env_file: more.env", "extends: {file: own.yaml, service: own}").replace("context: .", "context: ../more")
    edit(repo, "more/compose.yaml", MORE, more)
    edit(repo, "other/own.yaml", "", "services: {own: {build: {target: prod}}}\n")
    edit(repo, "other/.env", "", "M=1\n")
    edit(repo, path, old, new)
    assert changes(repo)["changes"] == changed


@needs("compose")
def test_compose_whose_own_variables_are_a_containers_too(tmp_path):
    repo = make(tmp_path, "compose: compose.yaml")
    edit(repo, ".env", "", "GO=5\n")
    edit(repo, "compose.yaml", "web.env", ".env")
    found = changes(repo)
    assert found["changes"] == [] and found["filters"]["web"]["reason"] == "what it takes of a file that changed is the same"
    edit(repo, ".env", "GO=5", "GO=6")
    assert changes(repo)["changes"] == ["api"]


@needs("compose")
def test_what_compose_reads_but_the_commit_has_not(tmp_path):
    repo = make(tmp_path, "compose: compose.yaml")
    edit(repo, ".gitignore", "", ".env\n")
    edit(repo, "parent.yaml", "{target: prod}", "{}")
    cmd.git(repo, "tag", "v1.0.0")

    def plan():
        return subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "plan", "v1.0.0"], cwd=repo, capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], "HOME": str(repo.parent)})
    (repo / ".env").write_text("GO=5\n")
    assert ": .env is not committed; " in plan().stderr
    (repo / "more/compose.yaml").write_text(MORE + "# a comment\n")
    refused = plan()
    assert refused.returncode == 2 and "v1.0.0 has: more/compose.yaml is changed and not committed; git stash it" in refused.stderr


@needs("compose")
def test_compose_without_variables_of_its_own_is_explained_without_a_warning(tmp_path):
    repo = make(tmp_path, "compose: compose.yaml")
    edit(repo, "compose.yaml", "", "# a comment\n")
    run = subprocess.run([cmd.ARC_CI, "changes", "--explain", "--base", "HEAD~1"], cwd=repo, capture_output=True, text=True,
                         env={"PATH": os.environ["PATH"], "HOME": str(repo.parent)})
    assert (run.returncode, run.stderr) == (0, "")


@needs("compose")
def test_compose_services_of_an_image_without_a_host(tmp_path):
    repo = make(tmp_path, "compose: compose.yaml")
    edit(repo, "compose.yaml", COMPOSE, "services: {app: {image: 'web:1', build: web}, web: {image: 'web:1', build: web}}\n")
    assert list(changes(repo)["filters"]) == ["web"]


VALUES = """groups:
  g:
    registry: ghcr.io/o
    versioning: loose
    services:
      - {codename: web, build: {context: web, args: {KIT: {file: versions.env, at: KIT}}}}
      - {codename: api, build: api, version: {file: all.json, at: api}}
      - {codename: base, build: base, version: {file: base/VERSION}}
"""


@pytest.mark.parametrize("path, old, new, changed", [
    ("versions.env", "KIT=1", "KIT=2", {"web": "its value in versions.env changed"}),
    ("versions.env", "OTHER=1", "OTHER=2", {}),
    ("versions.env", "", "# a comment\n", {}),
    ("all.json", '"api": "1.0"', '"api": "1.1"', {"api": "its value in all.json changed"}),
    ("all.json", '"web": "1.0"', '"web": "1.1"', {}),
    ("base/VERSION", "", "\n", {"base": None}),  # in its context
])
def test_a_value_in_a_file(tmp_path, path, old, new, changed):
    repo = make(tmp_path, "bake: docker-bake.hcl")
    for name, text in {".github/arc-ci.yaml": VALUES, "versions.env": "KIT=1\nOTHER=1\n", "base/VERSION": "1.0\n",
                       "all.json": '{"api": "1.0",\n "web": "1.0"}\n'}.items():
        (repo / name).write_text(text)
    cmd.git(repo, "add", "-A")
    cmd.git(repo, "commit", "-qm", "one")
    edit(repo, path, old, new)
    assert released(repo) == sorted(changed)
    for base in ("HEAD~1", "HEAD"):  # of commits, then of the work tree
        for which in ("some", "last-match"):
            found = changes(repo, base, INPUT_PREDICATE_QUANTIFIER=which)
            assert {name: found["filters"][name].get("reason") for name in found["changes"]} == changed
        if base == "HEAD~1":
            cmd.git(repo, "reset", "-q", "--soft", base)


def test_a_value_that_git_lfs_has(tmp_path):
    repo = make(tmp_path, "bake: docker-bake.hcl")
    (repo / ".github/arc-ci.yaml").write_text(VALUES)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 4\n"
    for name, text in {"versions.env": "KIT=1\n", "all.json": '{"api": "1.0"}\n', "VERSION": pointer.format("0" * 64), "base/VERSION": "1.0\n"}.items():
        (repo / name).write_text(text)
    edit(repo, ".github/arc-ci.yaml", "base/VERSION", "VERSION")
    edit(repo, "VERSION", "0" * 64, "1" * 64)
    assert changes(repo)["changes"] == ["base"]


def test_a_value_whose_file_is_new(tmp_path):
    repo = make(tmp_path, "bake: docker-bake.hcl")
    (repo / ".github/arc-ci.yaml").write_text(VALUES)
    for name, text in {"versions.env": "OTHER=1\n", "base/VERSION": "1.0\n", "all.json": '{"api": "1.0"}\n'}.items():
        (repo / name).write_text(text)
    cmd.git(repo, "add", "-A")
    cmd.git(repo, "commit", "-qm", "one")
    edit(repo, "versions.env", "", "KIT=1\n")
    assert changes(repo)["filters"]["web"]["reason"] == "its value in versions.env is new"
