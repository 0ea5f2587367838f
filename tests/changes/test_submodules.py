"""Submodules looked into on request: the paths in them count beside the submodule's own."""
import json
import os
import subprocess

import pytest

import test_cmd as cmd

ENV = {"PATH": os.environ["PATH"], "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "protocol.file.allow", "GIT_CONFIG_VALUE_0": "always",
       **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "t"), ("EMAIL", "t@example.invalid"))}}


def git(where, *words):
    return subprocess.run(["git", *words], cwd=where, env={**ENV, "HOME": str(where)}, check=True, capture_output=True, text=True).stdout.strip()


def commit(where, path, text):
    (where / path).parent.mkdir(parents=True, exist_ok=True)
    (where / path).write_text(text)
    git(where, "add", "-A")
    git(where, "commit", "-q", "-m", path)


@pytest.fixture
def outer(tmp_path):
    """A repository with a submodule lib/sub, which has a submodule deep, each with a new commit."""
    for name in ("deep", "sub", "outer"):
        (tmp_path / name).mkdir()
        git(tmp_path / name, "init", "-q", "-b", "main")
    commit(tmp_path / "deep", "src/d", "1\n")
    git(tmp_path / "sub", "submodule", "--quiet", "add", str(tmp_path / "deep"), "deep")
    commit(tmp_path / "sub", "src/x", "1\n")
    git(tmp_path / "outer", "submodule", "--quiet", "add", str(tmp_path / "sub"), "lib/sub")
    git(tmp_path / "outer", "submodule", "--quiet", "update", "--init", "--recursive")
    commit(tmp_path / "outer", "top", "1\n")
    inner = tmp_path / "outer/lib/sub"
    commit(inner / "deep", "src/d", "2\n")
    commit(inner, "src/x", "2\n")
    commit(tmp_path / "outer", "top", "2\n")
    return tmp_path / "outer"


def changes(outer, *words):
    usual = [] if "--filters" in words else ["--filters", "f: lib/**"]
    run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", *usual, "--list-files", "csv", *words],
                         cwd=outer, env=ENV, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return dict(line.split("=", 1) for line in run.stdout.splitlines()), run.stderr


def test_inner_paths_count_beside_the_submodule(outer):
    outputs, errors = changes(outer, "--submodules")
    assert outputs["f_files"] == "lib/sub,lib/sub/deep,lib/sub/src/x,lib/sub/deep/src/d"
    assert errors == ""
    assert changes(outer)[0]["f_files"] == "lib/sub"
    run = subprocess.run([cmd.ARC_CI, "changes", "--submodules", "--explain", "--filters", "f: lib/sub/src/x"], cwd=outer, env=ENV,
                         capture_output=True, text=True)
    assert "f: true" in run.stdout and run.stderr == ""


def test_each_service_counts_only_what_changed_since_its_own_release(outer):
    group = "{registry: ghcr.io/o, paths: [lib/sub/**], services: ["
    commit(outer, "a/Dockerfile", "FROM scratch\n")
    commit(outer, "b/Dockerfile", "FROM scratch\n")
    commit(outer, ".github/arc-ci.yaml", f"groups:\n  x: {group}a]}}\n  y: {group}b]}}\n")
    git(outer, "tag", "y/v1.0.0")
    git(outer, "tag", "x/v1.0.0")
    commit(outer / "lib/sub", "src/x", "3\n")
    commit(outer, "top", "3\n")
    git(outer, "tag", "y/v1.1.0")
    run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", "--since-release", "--submodules", "--json"],
                         cwd=outer, env=ENV, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["changes"] == ["a"]


def test_one_that_is_removed_has_its_files_deleted(outer):
    git(outer, "update-index", "--force-remove", "lib/sub")
    git(outer, "commit", "-q", "-m", "gone")
    outputs, _ = changes(outer, "--submodules", "--files-by-status")
    assert outputs["f_deleted_files"] == "lib/sub,lib/sub/.gitmodules,lib/sub/deep,lib/sub/src/x,lib/sub/deep/src/d"


UNSEEN = "the submodule 'lib/sub' changed and cannot be looked into: it is not checked out"


def remove(outer):
    git(outer, "rm", "-q", "lib/sub")
    git(outer, "commit", "-q", "-m", "gone")


def add(outer):
    link = git(outer, "rev-parse", "HEAD:lib/sub")
    remove(outer)
    git(outer, "update-index", "--add", "--cacheinfo", f"160000,{link},lib/sub")
    git(outer, "commit", "-q", "-m", "back")


@pytest.mark.parametrize("how", [add, remove, lambda outer: git(outer, "submodule", "--quiet", "deinit", "--force", "--all")],
                         ids=["added", "removed", "moved on"])
def test_what_may_be_about_one_that_cannot_be_looked_into_counts(outer, how):
    how(outer)
    filters = "src: lib/sub/src/**\nown: lib/sub\nleft: ['lib/**', '!lib/sub']\nother: docs/**\n"
    words = ["--submodules", "--filters", filters, "--predicate-quantifier", "some-with-excludes"]
    outputs, errors = changes(outer, *words)
    assert (outputs["src"], outputs["src_files"], outputs["own_files"]) == ("true", "", "lib/sub")
    assert (outputs["left"], outputs["other"]) == ("true", "false")
    assert f"warning: {UNSEEN}; filters that may be about it count as changed" in errors
    assert "is inside the submodule 'lib/sub', which changed" in changes(outer, "--filters", "f: src/*", "--relative-to", "lib/sub")[1]
    inside, _ = changes(outer, "--submodules", "--filters", "f: src/*", "--relative-to", "lib/sub")
    elsewhere, _ = changes(outer, "--submodules", "--filters", "f: src/*", "--relative-to", "docs")
    assert (inside["f"], elsewhere["f"]) == ("true", "false")


READS = {  # a service's Dockerfile, and whether what it reads may lie in lib/sub
    "in": ("FROM scratch\nCOPY lib/sub/src /x\n", True),
    "glob": ("FROM scratch\nCOPY lib/*/s* /x\n", True),
    "parents": ("# syntax=docker/dockerfile:1-labs\nFROM scratch\nCOPY --parents lib/**/x /x\n", True),
    "mount": ("FROM busybox\nRUN --mount=source=lib/sub/src,target=/x ls\n", True),
    "whole": ("FROM scratch\nCOPY lib/s* /x\n", True),
    "beside": ("FROM scratch\nCOPY lib/subs lib/other/src docs /x\n", False),
}


def test_a_service_that_reads_something_of_one_counts(outer):
    """No image stays behind because a submodule is one path: notes and the next version say the same."""
    services = [{"codename": name, "name": name, "build": {"context": ".", "dockerfile": f"{name}.Dockerfile"}} for name in READS]
    services += [{"codename": "context", "name": "context", "build": {"context": "lib/sub/src", "dockerfile": "../../../in.Dockerfile"}},
                 {"codename": "ignored", "name": "ignored", "build": {"context": ".", "dockerfile": "ignored.Dockerfile"}},
                 {"codename": "back", "name": "back", "build": {"context": ".", "dockerfile": "back.Dockerfile"}}]
    for name, (text, _) in {**READS, "ignored": ("FROM scratch\nCOPY . /\n", 0), "back": ("FROM scratch\nCOPY . /\n", 0)}.items():
        (outer / f"{name}.Dockerfile").write_text(text)
    (outer / "ignored.Dockerfile.dockerignore").write_text("lib/sub\n")
    (outer / "back.Dockerfile.dockerignore").write_text("lib/sub\n!lib/sub/src\n")
    commit(outer, ".github/arc-ci.yaml", json.dumps({"groups": {"g": {"registry": "ghcr.io/o", "services": services}}}))
    git(outer, "tag", "g/v1.0.0")
    commit(outer / "lib/sub", "src/x", "3\n")
    git(outer, "commit", "-q", "-a", "-m", "feat: another lib")
    run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", "--json"], cwd=outer, env=ENV, capture_output=True, text=True, check=True)
    wanted = {**{name: reads for name, (_, reads) in READS.items()}, "context": True, "ignored": False, "back": True}
    assert sorted(json.loads(run.stdout)["changes"]) == sorted(name for name, reads in wanted.items() if reads)
    assert "the submodule 'lib/sub' changed, and is one path" in run.stdout
    run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "version", "--next", "g", "--json"], cwd=outer, env=ENV, capture_output=True, text=True)
    document = json.loads(run.stdout)
    assert document["next"] == "1.1.0" and document["commits"][0]["services"] == [name for name, reads in wanted.items() if reads]


def test_the_work_tree_of_one_is_looked_into(outer):
    inner = outer / "lib/sub"
    (inner / "src/x").write_text("3\n")
    (inner / "src/new").write_text("1\n")
    (inner / "deep/src/d").write_text("3\n")
    outputs, errors = changes(outer, "--submodules", "--base", "HEAD")
    assert outputs["f_files"] == "lib/sub,lib/sub/deep,lib/sub/src/x,lib/sub/deep/src/d"
    assert errors == ""
    outputs, _ = changes(outer, "--submodules", "--base", "HEAD", "--untracked")
    assert outputs["f_files"] == "lib/sub,lib/sub/deep,lib/sub/src/x,lib/sub/src/new,lib/sub/deep/src/d"
    git(inner, "commit", "-q", "-a", "-m", "x")
    outputs, _ = changes(outer, "--submodules", "--base", "HEAD")
    assert "lib/sub/src/x" in outputs["f_files"].split(",")


@pytest.mark.parametrize("index", [".git/index", "/.git/index.lock"])
def test_a_hook_s_index_is_not_that_of_one(outer, index):
    """git gives a pre-commit hook the first, and that of `git commit -a` the second."""
    inner = outer / "lib/sub"
    (inner / "src/x").write_text("3\n")
    (outer / ".git/index.lock").write_bytes((outer / ".git/index").read_bytes())
    env = {**ENV, "GIT_INDEX_FILE": index if index[0] == "." else f"{outer}{index}"}
    run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", "--filters", "f: lib/**", "--list-files", "csv", "--submodules", "--base", "HEAD"],
                         cwd=outer, env=env, capture_output=True, text=True)
    assert "f_files=lib/sub,lib/sub/src/x\n" in run.stdout and run.stderr == ""


def test_the_work_tree_of_a_new_one_is_looked_into(outer, tmp_path):
    commit(tmp_path / "sub", "src/gone", "1\n")
    git(outer, "submodule", "--quiet", "add", str(tmp_path / "sub"), "lib/new")
    inner = outer / "lib/new"
    git(inner, "submodule", "--quiet", "update", "--init")
    for path in "src/made", "src/loose", "deep/src/d":
        (inner / path).write_text("3\n")
    (inner / "src/gone").unlink()
    git(inner, "add", "src/made")
    outputs, errors = changes(outer, "--submodules", "--base", "HEAD", "--files-by-status")
    new = "lib/new,lib/new/.gitmodules,lib/new/deep,lib/new/src/made,lib/new/src/x,lib/new/deep/src/d"
    assert outputs["f_added_files"] == new and errors == ""
    outputs, _ = changes(outer, "--submodules", "--base", "HEAD", "--untracked")
    assert outputs["f_files"] == new.replace("lib/new/src/x", "lib/new/src/x,lib/new/src/loose")
    git(inner, "update-ref", "-d", "HEAD")
    assert changes(outer, "--submodules", "--base", "HEAD")[0]["f_files"].startswith("lib/new,")


def test_one_that_git_should_ignore_counts(outer):
    git(outer, "config", "-f", ".gitmodules", "submodule.lib/sub.ignore", "all")
    git(outer, "commit", "-q", "-a", "-m", "ignore")
    git(outer, "config", "diff.ignoreSubmodules", "all")
    assert changes(outer, "--base", "HEAD")[0]["f_files"] == ""
    commit(outer / "lib/sub", "src/x", "3\n")
    assert changes(outer, "--base", "HEAD")[0]["f_files"] == "lib/sub"


def test_a_new_file_inside_that_nobody_tracks(outer):
    (outer / "lib/sub/deep/src/new").write_text("1\n")
    for words, wanted in ((["--untracked"], ""), (["--submodules"], ""),
                          (["--submodules", "--untracked"], "lib/sub,lib/sub/deep,lib/sub/deep/src/new")):
        assert changes(outer, "--base", "HEAD", *words)[0]["f_files"] == wanted


def test_a_repository_that_nobody_tracks_is_like_one(outer, tmp_path):
    git(outer, "clone", "-q", str(tmp_path / "deep"), "lib/cloned")
    outputs, errors = changes(outer, "--base", "HEAD", "--untracked", "--filters", "f: lib/cloned/src/d")
    assert outputs["f"] == "false" and "'lib/cloned/src/d' is about paths inside the submodule 'lib/cloned'" in errors
    outputs, _ = changes(outer, "--base", "HEAD", "--untracked", "--submodules")
    assert outputs["f_files"] == "lib/cloned,lib/cloned/src/d"
