"""Ways to blind the gate from inside a pull request, tried on the real Trivy: a secret and a package with a CRITICAL
vulnerability are in the folder, and none of what a pull request can bring makes the gate pass. (What Trivy itself does not
look at by design, such as tokens in test fixtures, is in its documentation, "Secret scanning".)"""
import json
import os
import subprocess

import pytest
from conftest import ARC_CI, Place
from real_trivy import folder as real_folder

TOKEN = "ghp_" + "a1B2" * 9
LOCK = {"name": "x", "version": "1.0.0", "lockfileVersion": 3, "packages": {
    "": {"name": "x", "version": "1.0.0", "dependencies": {"never-fixed": "1.0.0"}},
    "node_modules/never-fixed": {"version": "1.0.0"}}}
REGO = "package trivy\nimport rego.v1\ndefault ignore := true\n"
GIT = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A",
       "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_NOSYSTEM": "1"}
VEX = json.dumps({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "a", "author": "a", "timestamp": "2026-01-01T00:00:00Z",
                  "version": 1, "statements": [{"vulnerability": {"name": "CVE-2099-0003"}, "status": "not_affected",
                                                "justification": "component_not_present",
                                                "products": [{"@id": "pkg:npm/never-fixed@1.0.0"}]}]})
CONFIG = "groups: {}\nscan:\n"
# Files that the pull request brings: path → text.
FILES = {
    "trivy.yaml: skip-dirs": {"trivy.yaml": "scan:\n  skip-dirs: ['**']\n"},
    "trivy.yaml: skip-files": {"trivy.yaml": "scan:\n  skip-files: ['**/*']\n"},
    "trivy.yaml: severity": {"trivy.yaml": "severity: [LOW]\n"},
    "trivy.yaml: format": {"trivy.yaml": "format: table\n"},
    "trivy.yaml: exit-code": {"trivy.yaml": "exit-code: 0\noutput: /dev/null\n"},
    "trivy.yaml: scanners": {"trivy.yaml": "scan:\n  scanners: [license]\n"},
    "trivy.yaml: ignore-unfixed": {"trivy.yaml": "vulnerability:\n  ignore-unfixed: true\n"},
    "trivy.yaml: ignore-status": {"trivy.yaml": "vulnerability:\n  ignore-status: [affected, fixed, unknown]\n"},
    "trivy.yaml: ignorefile": {"trivy.yaml": "ignorefile: all\n", "all": "CVE-2099-0003\ngithub-pat\n"},
    "trivy.yaml: ignore-policy": {"trivy.yaml": "ignore-policy: p.rego\n", "p.rego": REGO},
    "trivy.yaml: vex": {"trivy.yaml": "vulnerability:\n  vex: [v.json]\n", "v.json": VEX},
    "trivy.yaml: secret config": {"trivy.yaml": "secret:\n  config: s.yaml\n", "s.yaml": "disable-rules: [github-pat]\n"},
    "trivy.yaml: pkg-types": {"trivy.yaml": "pkg:\n  types: [os]\n"},
    "trivy.yaml: cache": {"trivy.yaml": "cache:\n  dir: ./cache\n"},
    "trivy.yaml: database": {"trivy.yaml": "db:\n  repository: [example.org/none]\n  skip-update: false\n"},
    "trivy.yaml: server": {"trivy.yaml": "server:\n  addr: http://127.0.0.1:1\n"},
    "trivy.yaml: timeout": {"trivy.yaml": "timeout: 1ns\n"},
    "trivy.yaml: broken": {"trivy.yaml": "{{{\n"},
    "trivy.yaml in the folder": {"app/trivy.yaml": "scan:\n  skip-dirs: ['**']\n"},
    "trivy.yml": {"trivy.yml": "scan:\n  skip-dirs: ['**']\n"},
    "trivy-secret.yaml: allow-rules": {"trivy-secret.yaml": "allow-rules:\n  - {id: all, path: .*}\n"},
    "trivy-secret.yaml: disable-rules": {"trivy-secret.yaml": "disable-rules: [github-pat]\n"},
    "trivy-secret.yaml: enable-builtin-rules": {"trivy-secret.yaml": "enable-builtin-rules: [aws-access-key-id]\n"},
    "trivy-secret.yaml in the folder": {"app/trivy-secret.yaml": "disable-rules: [github-pat]\n"},
    ".trivyignore": {".trivyignore": "CVE-2099-0003\ngithub-pat\n"},
    ".trivyignore.yaml": {".trivyignore.yaml": "vulnerabilities:\n  - id: CVE-2099-0003\nsecrets:\n  - id: github-pat\n"},
    ".trivyignore in the folder": {"app/.trivyignore": "CVE-2099-0003\ngithub-pat\n"},
    ".trivyignore.rego": {".trivyignore.rego": REGO},
    ".vex": {".vex/v.json": VEX, ".trivy/vex.json": VEX},
    "settings: skip-dirs": {".github/arc-ci.yaml": CONFIG + "  skip-dirs: ['**']\n"},
    "settings: skip-files": {".github/arc-ci.yaml": CONFIG + "  skip-files: ['**/*']\n"},
    "settings: ignore by id": {".github/arc-ci.yaml": CONFIG + "  ignore:\n    - {id: CVE-2099-0003, reason: r}\n    - {id: github-pat, reason: r}\n"},
    "settings: ignore by path": {".github/arc-ci.yaml": CONFIG + "  ignore: [{path: '**', reason: r}]\n"},
    "settings: scanners": {".github/arc-ci.yaml": CONFIG + "  scanners: [license]\n"},
    "settings: policy": {".github/arc-ci.yaml": CONFIG + "  ignore-policy: p.rego\n", "p.rego": REGO},
    "settings: VEX": {".github/arc-ci.yaml": CONFIG + "  vex: [v.json]\n  ignore: [{id: github-pat, reason: r}]\n", "v.json": VEX},
    "settings: accept": {".github/arc-ci.yaml": CONFIG + "  accept: [os-not-scanned, scanner-warning, end-of-life]\n"},
    "the ignore file": {"ignore": "CVE-2099-0003\ngithub-pat\n"},
    "a report of an earlier run": {"report.json": '{"SchemaVersion": 2, "ArtifactName": "app", "Results": []}'},
    "a binary of the scanner": {"trivy": "#!/bin/sh\nexit 0\n", "bin/trivy.sh": "exit 0\n"},
    "a cache of the scanner": {".cache/trivy/db/metadata.json": "{}"},
    "a plugin of the scanner": {".trivy/plugins/x/plugin.yaml": "name: x\n"},
    "a docker configuration": {".docker/config.json": '{"credsStore": "x"}'},
    "an npmrc and node_modules": {"app/.npmrc": "audit=false\n", "app/node_modules/.package-lock.json": "{}"},
    "attributes": {".gitattributes": "* binary\n", ".gitignore": "*\n", ".dockerignore": "*\n"},
    "files that look like a system": {"app/etc/os-release": "ID=scratch\n", "app/etc/alpine-release": "99.9\n"},
    "a package database": {"app/lib/apk/db/installed": "P:x\nV:1\n\n", "app/etc/os-release": "ID=plan9\n"},
    "a tag of cache directories": {"app/CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n"},
    "deep folders": {"app/" + "d/" * 60 + "x": "x"},
}
# Where the secret is put instead of app/settings.py.
PLACES = {
    "a folder called dev": "app/dev/settings.py",
    "a folder called proc": "app/proc/settings.py",
    "a folder called sys": "app/sys/settings.py",
    "folders called dev within each other": "app/dev/sys/dev/settings.py",
    "a hidden folder": "app/.hidden/.settings.py",
    "a name with a line break": "app/set\ntings.py",
    "a name that looks like an option": "app/--skip-dirs=app",
    "a name with a comma": "app/a,b,*.py",
    "a name that is not UTF-8": os.fsdecode(b"app/\xff.py"),
}
ENVIRONMENT = {
    "TRIVY_SKIP_DIRS": {"TRIVY_SKIP_DIRS": "**"},
    "TRIVY_SKIP_FILES": {"TRIVY_SKIP_FILES": "**/*"},
    "TRIVY_CONFIG": {"TRIVY_CONFIG": "t.yaml"},
    "TRIVY_IGNORE_POLICY": {"TRIVY_IGNORE_POLICY": "p.rego"},
    "TRIVY_IGNOREFILE": {"TRIVY_IGNOREFILE": "ignore"},
    "TRIVY_SECRET_CONFIG": {"TRIVY_SECRET_CONFIG": "s.yaml"},
    "TRIVY_VEX": {"TRIVY_VEX": "v.json"},
    "TRIVY_SEVERITY": {"TRIVY_SEVERITY": "LOW", "TRIVY_IGNORE_UNFIXED": "true", "TRIVY_IGNORE_STATUS": "affected"},
    "TRIVY_SCANNERS": {"TRIVY_SCANNERS": "license", "TRIVY_PKG_TYPES": "os", "TRIVY_FORMAT": "table"},
    "TRIVY_EXIT_CODE": {"TRIVY_EXIT_CODE": "0", "TRIVY_OUTPUT": "/dev/null", "TRIVY_QUIET": "true"},
}


@pytest.fixture(scope="session")
def tools():
    return real_folder()


@pytest.fixture
def tree(tmp_path, tools):
    """A checkout of the pull request, with its base commit in it."""
    place = Place(tmp_path)
    (tmp_path / "bin/trivy").unlink()
    (tmp_path / "bin/trivy").symlink_to(tools / "trivy")
    subprocess.run([tools / "makedb", tmp_path / "cache", "2999-01-01T00:00:00Z"], check=True)
    place.repo = tmp_path / "repo"
    place.repo.mkdir()
    git(place, "init", "-q", "-b", "main", ".")
    put(place, "README.md", "x\n")
    commit(place)
    place.base = git(place, "rev-parse", "HEAD")
    put(place, "app/package-lock.json", json.dumps(LOCK))
    return place


def git(place, *words):
    run = subprocess.run(["git", *words], cwd=place.repo, env={**os.environ, **GIT}, check=True, capture_output=True, text=True)
    return run.stdout.strip()


def put(place, name, text):
    path = place.repo / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def commit(place):
    git(place, "add", "-A", "-f")
    git(place, "commit", "-q", "-m", "x")


def scan(place, *words, **env):
    commit(place)
    return run(place, git(place, "rev-parse", "HEAD"), *words, at=place.repo, **env)


def run(place, head, *words, at, **env):
    event = {"pull_request": {"number": 1, "base": {"sha": place.base, "ref": "main"}, "head": {"sha": head}}}
    full = {"PATH": f"{place.path / 'bin'}:/usr/bin:/bin", "HOME": str(place.path), "TRIVY_CACHE_DIR": str(place.path / "cache"),
            "TRIVY_SKIP_DB_UPDATE": "true", "TRIVY_SKIP_JAVA_DB_UPDATE": "true", "TRIVY_DISABLE_TELEMETRY": "true",
            "TRIVY_SKIP_VERSION_CHECK": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/1/merge",
            "GITHUB_SHA": head, "GITHUB_EVENT_PATH": place.write("event.json", event), **env}
    target = str((place.repo / "app").relative_to(at))
    ended = subprocess.run([ARC_CI, "scan", "--scan-target", target, "--json", *words], cwd=at, env=full, timeout=120,
                           capture_output=True, text=True)
    place.stderr = ended.stderr
    place.document = json.loads(ended.stdout) if ended.stdout else None
    return ended.returncode


def found(place):
    return {finding["id"] for finding in place.document["findings"]}


def test_without_anything(tree):
    put(tree, "app/settings.py", f'token = "{TOKEN}"\n')
    assert scan(tree) == 1 and found(tree) == {"CVE-2099-0003", "github-pat"}


@pytest.mark.parametrize("name", FILES)
def test_a_file(tree, name):
    put(tree, "app/settings.py", f'token = "{TOKEN}"\n')
    for path, text in FILES[name].items():
        put(tree, path, text)
    words = ["--ignore-file", "ignore"] if name == "the ignore file" else []
    if words:  # the base has one, too: empty
        git(tree, "stash", "-q", "-u")
        put(tree, "ignore", "")
        commit(tree)
        tree.base = git(tree, "rev-parse", "HEAD")
        git(tree, "rm", "-q", "ignore")
        git(tree, "stash", "pop", "-q")
    assert scan(tree, *words) == 1, tree.stderr
    if tree.document["verdict"] != "scanner-error":
        assert found(tree) >= {"CVE-2099-0003", "github-pat"}


@pytest.mark.parametrize("name", PLACES)
def test_a_place(tree, name):
    put(tree, PLACES[name], f'token = "{TOKEN}"\n')
    assert scan(tree) == 1
    assert tree.document["verdict"] == "scanner-error" or "github-pat" in found(tree)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_variable(tree, name):
    put(tree, "app/settings.py", f'token = "{TOKEN}"\n')
    for path, text in {"t.yaml": "scan: {skip-dirs: ['**']}\n", "p.rego": REGO, "v.json": VEX,
                       "ignore": "CVE-2099-0003\ngithub-pat\n", "s.yaml": "disable-rules: [github-pat]\n"}.items():
        put(tree, path, text)
    assert scan(tree, **ENVIRONMENT[name]) == 1
    assert found(tree) >= {"CVE-2099-0003", "github-pat"}


# Events whose run may have checked out a pull request's tree: name → payload (None: it cannot be read).
EVENTS = {
    "pull_request": None,
    "pull_request_target": {"pull_request": {"number": 1}},
    "issue_comment": {"issue": {"number": 1, "pull_request": {}}},
    "workflow_run": {"workflow_run": {"event": "pull_request", "pull_requests": []}},
    "check_run": {"check_run": {}},
    "merge_group": {"merge_group": {"base_sha": "BASE"}},
}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event(tree, name):
    put(tree, "app/settings.py", f'token = "{TOKEN}"\n')
    put(tree, ".github/arc-ci.yaml", FILES["settings: ignore by id"][".github/arc-ci.yaml"])
    path = tree.write("other.json", json.dumps(EVENTS[name]).replace("BASE", tree.base)) if EVENTS[name] else ""
    assert scan(tree, GITHUB_EVENT_NAME=name, GITHUB_EVENT_PATH=path, GITHUB_SHA=tree.base) == 1
    assert found(tree) == {"CVE-2099-0003", "github-pat"}


@pytest.mark.parametrize("option", ["--config", "--ignore-file"])
@pytest.mark.parametrize("way", ["a link to the workspace", "another directory", "no repository"])
def test_a_way_to_the_settings(tree, option, way):
    """Whatever way leads to a file of the pull request, it is not what the gate goes by."""
    put(tree, "app/settings.py", f'token = "{TOKEN}"\n')
    put(tree, "ignore", FILES["the ignore file"]["ignore"])
    put(tree, "settings.yaml", FILES["settings: ignore by id"][".github/arc-ci.yaml"])
    file = "ignore" if option == "--ignore-file" else "settings.yaml"
    (tree.path / "link").symlink_to(tree.repo)
    words = [option, f"{tree.path}/link/{file}"]
    commit(tree)
    if way == "no repository":
        (tree.repo / ".git").rename(tree.path / "hidden")
    at = tree.path if way == "another directory" else tree.repo
    status = run(tree, tree.base, *words, at=at, GITHUB_WORKSPACE=str(tree.repo))
    assert status == (1 if option == "--config" else 3), tree.stderr
    assert not tree.document or found(tree) == {"CVE-2099-0003", "github-pat"}


def test_a_link_in_place_of_the_folder(tree):
    (tree.repo / "empty").mkdir()
    put(tree, "empty/x", "")
    put(tree, "app/settings.py", f'token = "{TOKEN}"\n')
    (tree.repo / "app/trivy.yaml").symlink_to("/dev/null")
    (tree.repo / ".trivyignore").symlink_to("app/settings.py")
    assert scan(tree) == 1 and found(tree) == {"CVE-2099-0003", "github-pat"}


def test_a_link_for_the_reports(tree):
    put(tree, "app/settings.py", f'token = "{TOKEN}"\n')
    (tree.repo / "reports").symlink_to(tree.path)
    assert scan(tree, "--report-dir", "reports") == 2
    assert "not a folder of this directory" in tree.stderr


def test_a_link_for_the_settings(tree):
    put(tree, "app/settings.py", f'token = "{TOKEN}"\n')
    (tree.repo / ".github").mkdir()
    (tree.repo / ".github/arc-ci.yaml").symlink_to(tree.write("outside.yaml", CONFIG + "  skip-dirs: ['**']\n"))
    assert scan(tree) == 1 and found(tree) == {"CVE-2099-0003", "github-pat"}


def test_what_the_base_commit_sets_counts_and_is_shown(tree):
    """Else all of this would be the proof that settings do nothing."""
    git(tree, "rm", "-q", "--cached", "-r", "--ignore-unmatch", "app")
    put(tree, ".github/arc-ci.yaml", CONFIG + "  vex: [v.json]\n  ignore: [{id: github-pat, reason: known}]\n")
    put(tree, "v.json", VEX)
    commit(tree)
    tree.base = git(tree, "rev-parse", "HEAD")
    put(tree, "app/settings.py", f'token = "{TOKEN}"\n')
    assert scan(tree) == 0, tree.stderr
    assert (tree.document["ignored"], tree.document["suppressed"]) == (1, 1)
    assert tree.document["settings"]["vex"] == ["v.json"]
    assert f"of the base commit {tree.base[:7]}" in tree.document["settings"]["from"]


def test_a_file_of_settings_that_the_pull_request_adds(tree):
    """It does not count yet. That is no reason to fail, as it is for a name with a slip in an accepted tree."""
    put(tree, "own.yaml", CONFIG + "  ignore: [{id: github-pat, reason: known}]\n")
    put(tree, "app/settings.py", f'token = "{TOKEN}"\n')
    assert scan(tree, "--config", "own.yaml") == 1 and found(tree) == {"CVE-2099-0003", "github-pat"}
    assert "the settings for the scan are not used: " in tree.stderr and "own.yaml" in tree.stderr
    head = git(tree, "rev-parse", "HEAD")
    assert run(tree, head, "--config", "own.yaml", at=tree.repo, GITHUB_EVENT_NAME="push") == 1
    assert found(tree) == {"CVE-2099-0003"}
    assert run(tree, head, "--config", "owm.yaml", at=tree.repo, GITHUB_EVENT_NAME="push") == 3 and not tree.document


def test_there_are_sixty(tree):
    assert len(FILES) + len(PLACES) + len(ENVIRONMENT) + 3 >= 60
