"""A clone whose history is cut gets the answer of a whole one, and stays as it was."""
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import test_cmd as cmd
sys.path.insert(0, str(cmd.ROOT / "tests/fault"))
from harness import quick_sleep  # noqa: E402
from loopback import serving

ENV = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}
SETTINGS = """[user]
name = t
email = t@example.org
[uploadpack]
allowFilter = true
allowAnySHA1InWant = true
[init]
defaultBranch = main
"""


class Place:
    def __init__(self, folder):
        self.folder = folder
        self.env = {**ENV, "HOME": str(folder), "TMPDIR": str(folder)}
        (folder / ".gitconfig").write_text(SETTINGS)
        self.git("init", "-q", "up")
        self.up = folder / "up"

    def git(self, *words, cwd=None, check=True):
        return subprocess.run(["git", *words], cwd=cwd or self.folder, env=self.env, check=check, capture_output=True,
                              text=True).stdout

    def commit(self, *paths):
        for path in paths:
            (self.up / path).parent.mkdir(parents=True, exist_ok=True)
            (self.up / path).write_text(f"{(self.up / path).exists()}{len(os.listdir(self.up))}{path}")
        self.git("add", "-A", cwd=self.up)
        self.git("commit", "-q", "--allow-empty", "-m", "c", cwd=self.up)

    def clone(self, name, *options):
        self.git("clone", "-q", *options, "-b", "topic", f"file://{self.up}", name)
        return self.folder / name

    def base(self, clone, name="main"):
        run = subprocess.run([cmd.ARC_CI, "changes", "--base", name, "--filters", "t: t/**", "--json"], cwd=clone,
                             env=self.env, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return run.stdout


@pytest.fixture
def place(tmp_path):
    """A topic that merged an old side branch: a short way leads to an old common ancestor."""
    place = Place(tmp_path)
    place.commit("a/1")
    place.git("branch", "old", cwd=place.up)
    place.commit("a/2")
    place.commit("a/3")
    place.git("checkout", "-q", "-b", "topic", cwd=place.up)
    for number in range(14):
        place.commit(f"t/{number}")
    place.git("checkout", "-q", "-b", "side", "old", cwd=place.up)
    place.commit("s/1")
    place.git("checkout", "-q", "topic", cwd=place.up)
    place.git("merge", "-q", "-m", "merge", "side", cwd=place.up)
    place.git("checkout", "-q", "main", cwd=place.up)
    place.commit("m/1")
    return place


def content(clone):
    return {str(path): path.read_bytes() for path in pathlib.Path(clone, ".git").rglob("*")
            if path.is_file() and path.name != "index"}


@pytest.mark.parametrize("options", [["--depth=1"], ["--filter=blob:none"], ["--filter=tree:0"],
                                     ["--depth=2", "--filter=tree:0"]], ids=" ".join)
def test_answer_of_a_whole_clone(place, options):
    whole = place.base(place.clone("whole"))
    cut = place.clone("cut", *options)
    before = content(cut)
    assert place.base(cut) == whole
    assert content(cut) == before
    assert not list(place.folder.glob("arc-ci-*"))


def test_a_linked_work_tree_is_cut_as_its_clone_is(place):
    whole = place.base(place.clone("whole"))
    cut = place.clone("cut", "--depth=1")
    place.git("worktree", "add", "-q", "--detach", "../linked", cwd=cut)
    assert place.base(place.folder / "linked") == whole


@pytest.mark.parametrize("variables", [{"CI": "true"}, {"GITHUB_EVENT_NAME": "workflow_dispatch"}], ids=" ".join)
def test_what_an_earlier_run_left_is_asked_for_again(place, variables):
    """A workspace that is used again: main moved on since, and undo takes back what it gained."""
    again = place.clone("again", "--depth=1", "--no-single-branch")
    place.git("checkout", "-q", "main", cwd=place.up)
    place.commit("a/1")
    place.git("checkout", "-q", "-b", "undo", cwd=place.up)
    place.git("revert", "--no-edit", "HEAD", cwd=place.up)
    place.git("fetch", "-q", "--depth=1", "origin", "undo", cwd=again)
    place.git("checkout", "-q", "--detach", "FETCH_HEAD", cwd=again)
    place.env.update(variables)
    assert json.loads(place.base(again))["base"] == place.git("rev-parse", "main", cwd=place.up).strip()
    assert json.loads(place.base(again, "refs/remotes/origin/main"))["base"] == place.git("rev-parse", "main", cwd=place.up).strip()
    place.git("branch", "main", "origin/main", cwd=again)
    place.git("update-ref", "-d", "refs/remotes/origin/main", cwd=again)
    assert json.loads(place.base(again))["base"] == place.git("rev-parse", "main", cwd=place.up).strip()
    url = place.git("remote", "get-url", "origin", cwd=again).strip()
    place.git("remote", "set-url", "origin", "file:///gone", cwd=again)
    assert subprocess.run([cmd.ARC_CI, "changes", "--base", "main", "--filters", "t: t/**"], cwd=again, env=place.env,
                          capture_output=True).returncode == 3
    place.git("remote", "set-url", "origin", url, cwd=again)
    for tag in ("main~1", "main"):
        place.git("tag", "-f", "deployed", tag, cwd=place.up)
        place.git("fetch", "-q", "origin", "tag", "deployed", cwd=again, check=False)
    for name in ("deployed", "tags/deployed"):
        assert json.loads(place.base(again, name))["base"] == place.git("rev-parse", "main", cwd=place.up).strip()


def test_an_annotated_tag_that_moved_leads_to_its_commit(place):
    """`before` of the push, and so a base, is the old tag's own name."""
    place.git("tag", "-a", "-m", "x", "nightly", "main~1", cwd=place.up)
    tag = place.git("rev-parse", "nightly", cwd=place.up).strip()
    place.git("tag", "keep", tag, cwd=place.up)
    whole = place.base(place.clone("whole"), tag)
    assert place.base(place.clone("cut", "--depth=1", "--no-tags"), tag) == whole


@pytest.mark.parametrize("name", ["HEAD^", "@~3", "HEAD~1^1~2", "HEAD^2~1", "origin/topic~14", "main~1"])
def test_an_ancestor_is_fetched(place, name):
    whole = place.base(place.clone("whole"), name)
    cut = place.clone("cut", "--depth=1")
    before = content(cut)
    assert place.base(cut, name) == whole
    assert content(cut) == before


@pytest.mark.parametrize("name", ["HEAD~400", "HEAD^3", "HEAD~1^2"])
def test_an_ancestor_that_is_not_there(place, name):
    run = subprocess.run([cmd.ARC_CI, "changes", "--base", name, "--filters", "t: t/**"],
                         cwd=place.clone("cut", "--depth=1"), env=place.env, capture_output=True, text=True)
    assert run.returncode == 3 and f"'{name}': commit " in run.stderr and "has no ancestor" in run.stderr


@pytest.mark.parametrize("broken", ["gone", "none", "cut"])
def test_no_merge_base_is_said_of_a_whole_history_alone(place, broken):
    """What cannot be fetched is not known, and no reason to compare with the branch itself."""
    if broken == "cut":
        place.git("clone", "-q", "--depth=1", "--no-single-branch", f"file://{place.up}", "origin")
        place.git("branch", "topic", "origin/topic", cwd=place.folder / "origin")
        place.up = place.folder / "origin"
    clone = place.clone("clone", "--depth=1", "--no-single-branch")
    if broken == "gone":
        place.git("remote", "set-url", "origin", "file:///gone", cwd=clone)
    if broken == "none":
        place.git("branch", "main", "origin/main", cwd=clone)
        place.git("remote", "remove", "origin", cwd=clone)
    run = subprocess.run([cmd.ARC_CI, "changes", "--base", "main", "--filters", "t: t/**"], cwd=clone, env=place.env,
                         capture_output=True, text=True)
    assert run.returncode == 3 and "have no common ancestor" in run.stderr and "history" in run.stderr


@pytest.mark.parametrize("said, fails, ci, status, runs", [
    ("fatal: unable to access 'https://x/': The requested URL returned error: 502", 2, "true", 0, 3),
    ("error: RPC failed; curl 92 HTTP/2 stream 0 was not closed cleanly\nfatal: early EOF", 1, "true", 0, 2),
    ("fatal: unable to access 'https://x/': Failed to connect to x port 443 after 9 ms: Couldn't connect to server", 9, "true", 3, 3),
    ("fatal: unable to access 'https://x/': Could not resolve host: x", 1, "", 3, 1),
    ("fatal: unable to access 'https://x/': The requested URL returned error: 403", 1, "true", 3, 1)])
def test_a_fault_that_passes_is_no_answer(place, said, fails, ci, status, runs):
    """git tries nothing again. The first requests of a job fail; outside of CI nobody waits."""
    clone = place.clone("cut", "--depth=1")
    tried = place.folder / "tried"
    program = place.folder / "bin/git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncase "$*" in *" fetch "*|*" ls-remote "*) echo x >> {tried}; if [ $(wc -l < {tried}) -le {fails} ]; then\n'
                       f"cat >&2 <<'EOF'\n{said}\nEOF\nexit 128; fi;; esac\nexec {shutil.which('git')} \"$@\"\n")
    program.chmod(0o755)
    env = {**place.env, "PATH": f"{program.parent}:{place.env['PATH']}", "CI": ci, "LD_PRELOAD": quick_sleep()}
    run = subprocess.run([cmd.ARC_CI, "changes", "--base", "HEAD~1", "--filters", "t: t/**", "--json"], cwd=clone, env=env,
                         capture_output=True, text=True)
    assert run.returncode == status, run.stderr
    assert tried.read_text().split()[:runs] == ["x"] * runs and (status == 0 or len(tried.read_text().split()) == runs)


def test_a_way_that_is_refused_is_no_error_of_the_next(place):
    """Dates and more generations are refused: the whole history is fetched, and the run ends well."""
    whole, cut = place.base(place.clone("whole")), place.clone("cut", "--depth=1")
    program, refused = place.folder / "bin/git", place.folder / "refused"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncase "$*" in *"--depth=1 "*|*--depth=10*|*--depth=2147483647*) ;; *--depth=*|*--shallow-*) echo "$*" >> {refused}; echo fatal: no >&2; exit 128;; esac\n'
                       f'exec {shutil.which("git")} "$@"\n')
    program.chmod(0o755)
    place.env["PATH"] = f"{program.parent}:{place.env['PATH']}"
    assert place.base(cut) == whole
    assert "--depth=20" in refused.read_text()


def test_a_remote_that_is_gone_is_waited_for_once(place):
    """A job without a network asked for the commit before the push, for that of the branch, and so on, each three times."""
    clone, tried, event = place.clone("cut", "--depth=1"), place.folder / "tried", place.folder / "event.json"
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone, env=place.env, capture_output=True, text=True, check=True).stdout.strip()
    event.write_text(json.dumps({"before": "1" * 40, "after": head, "ref": "refs/heads/topic", "repository": {"default_branch": "main"}}))
    program = place.folder / "bin/git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho x >> {tried}\necho 'fatal: Could not resolve host: x' >&2\nexit 128\n")
    program.chmod(0o755)
    subprocess.run(["git", "update-ref", "-d", "refs/remotes/origin/main"], cwd=clone, env=place.env, check=True)
    env = {**place.env, "PATH": f"{program.parent}:{place.env['PATH']}", "CI": "true", "LD_PRELOAD": quick_sleep(), "GITHUB_SHA": head,
           "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/topic", "GITHUB_EVENT_PATH": str(event)}
    run = subprocess.run([cmd.ARC_CI, "changes", "--filters", "t: t/**"], cwd=clone, env=env, capture_output=True, text=True)
    assert run.returncode == 3 and "Could not resolve host" in run.stderr, run.stderr
    assert 4 <= len(tried.read_text().split()) <= 8


def test_server_without_filters(place):
    whole = place.base(place.clone("whole"))
    place.git("config", "--global", "uploadpack.allowFilter", "false")
    assert place.base(place.clone("cut", "--depth=1")) == whole


class Files(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args):
        super().__init__(*args, directory=args[2].folder)

    def log_message(self, *args):
        pass


def test_server_of_plain_files(place):
    """It knows neither depths nor filters: git fetched what a filter would have left out, in circles, for ten minutes."""
    whole = place.base(place.clone("whole"))
    cut = place.clone("cut", "--depth=1")
    place.git("clone", "-q", "--bare", "up", "up.git")
    place.git("update-server-info", cwd=place.folder / "up.git")
    with serving(Files, folder=place.folder) as server:
        place.git("remote", "set-url", "origin", f"http://127.0.0.1:{server.server_port}/up.git", cwd=cut)
        assert place.base(cut) == whole


REFUSING = """#!/usr/bin/python3
import os, subprocess, sys
word = {word!r}
child = subprocess.Popen(["git-upload-pack", *sys.argv[1:]], stdout=subprocess.PIPE)
while data := os.read(child.stdout.fileno(), 65536):
    while data:
        data = data[os.write(1, data.replace(word, b"x" * len(word))):]
with open({log!r}, "a") as log:
    log.write("asked\\n")
sys.exit(child.wait())
"""


@pytest.mark.parametrize("word", ["deepen-since", " shallow ", " filter "])
def test_server_that_lacks_what_is_asked_for_first(place, word):
    """Dates, then depths, then all of it: each is given up where the server does not offer it."""
    whole = place.base(place.clone("whole"))
    server = place.folder / "upload-pack"
    server.write_text(REFUSING.format(word=word.encode(), log=str(place.folder / "log")))
    server.chmod(0o755)
    cut = place.clone("cut", "--depth=1")
    place.git("config", "remote.origin.uploadpack", str(server), cwd=cut)
    place.git("config", "protocol.version", "0", cwd=cut)
    before = content(cut)
    assert place.base(cut) == whole
    assert content(cut) == before and (place.folder / "log").read_text().count("asked") > 1


@pytest.mark.parametrize("options", [[], ["--depth=1"], ["--filter=blob:none"], ["--depth=1", "--filter=tree:0"]], ids=" ".join)
def test_renames_are_those_of_a_whole_clone(place, options):
    text = "".join(f"{number}\n" for number in range(20))
    place.git("checkout", "-q", "topic", cwd=place.up)
    place.commit("t/old", "u/away")
    (place.up / "t/old").write_text(text)
    (place.up / "u/away").write_text(text * 2)
    place.git("commit", "-q", "-a", "-m", "c", cwd=place.up)
    place.git("mv", "t/old", "t/new", cwd=place.up)
    place.git("mv", "u/away", "t/here", cwd=place.up)
    (place.up / "t/new").write_text(text + "more\n")
    place.git("commit", "-q", "-a", "-m", "c", cwd=place.up)
    clone = place.clone("clone", *options)
    before = content(clone)
    for words, wanted in ((["f: t/**"], '[{"old":"u/away","new":"t/here"},{"old":"t/old","new":"t/new"}]'),
                          (["f: '*'", "--relative-to", "t"], '[{"old":"old","new":"new"}]')):
        run = subprocess.run([cmd.ARC_CI, "changes", "--base", place.git("rev-parse", "topic~1", cwd=place.up).strip(), "--renames", "--list-files",
                              "json", "--filters", *words], cwd=clone, env=place.env, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        assert f"f_renamed_files={wanted}\n" in run.stdout
    assert content(clone) == before


CONFIG = """groups:
  g:
    registry: ghcr.io/o
    services:
      - {codename: web, build: {context: web, args: {KIT: {file: versions.env, at: KIT}}}}
      - {codename: api, directory: api}
"""


@pytest.mark.parametrize("options", [[], ["--depth=1"], ["--filter=blob:none"], ["--filter=tree:0"], ["--depth=1", "--filter=blob:none"]],
                         ids=" ".join)
@pytest.mark.parametrize("edit, changed", [((".github/arc-ci.yaml", "api}", "api, build: {args: {A: '1'}}}"), "api"),
                                           (("versions.env", "KIT=1", "KIT=2"), "web"), (("versions.env", "OTHER=1", "OTHER=2"), "")])
def test_what_a_file_was_is_read_of_the_base(place, options, edit, changed):
    """Its commit is fetched first, and to the remote who has that has its files, too."""
    for path, text in {".github/arc-ci.yaml": CONFIG, "versions.env": "KIT=1\nOTHER=1\n", "web/Dockerfile": "FROM scratch\n",
                       "api/Dockerfile": "FROM scratch\n"}.items():
        place.commit(path)
        (place.up / path).write_text(text)
    place.commit("t/more")
    path, old, new = edit
    (place.up / path).write_text((place.up / path).read_text().replace(old, new))
    place.commit("t/last")
    place.git("branch", "-f", "topic", cwd=place.up)
    clone = place.clone("clone", *options)
    run = subprocess.run([cmd.ARC_CI, "changes", "--base", "HEAD~1", "--json"], cwd=clone, env=place.env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["changes"] == changed.split()


@pytest.mark.parametrize("depth, reason", [("1", "registry"), ("0", "what it was cannot be read")])
def test_a_link_that_the_clone_lacks_may_lead_elsewhere(place, depth, reason):
    """A commit that is not checked out: its configuration is a link to another file, which only a blob says."""
    place.commit("s/Dockerfile", ".github/x", "ci/a.yaml", "ci/b.yaml")
    for name in ("a", "b"):
        (place.up / f"ci/{name}.yaml").write_text(f"groups: {{g: {{registry: ghcr.io/{name}, services: [s]}}}}\n")
        (place.up / ".github/arc-ci.yaml").unlink(missing_ok=True)
        (place.up / ".github/arc-ci.yaml").symlink_to(f"../ci/{name}.yaml")
        place.commit()
    place.git("branch", "-f", "topic", cwd=place.up)
    clone = place.folder / "clone"
    place.git("clone", "-q", "--no-checkout", "--filter=blob:none", "-b", "topic", f"file://{place.up}", str(clone))
    place.git("checkout", "-q", "HEAD~1", cwd=clone)
    base = place.git("rev-parse", "HEAD", cwd=clone).strip()
    run = subprocess.run([cmd.ARC_CI, "changes", "--base", base, "--ref", "origin/topic", "--initial-fetch-depth", depth, "--json"],
                         cwd=clone, env=place.env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["filters"]["s"]["reason"] == f"its entry in .github/arc-ci.yaml changed: {reason}"


@pytest.mark.parametrize("options", [["--depth=1"], ["--filter=tree:0"], ["--depth=1", "--filter=blob:none"]], ids=" ".join)
@pytest.mark.parametrize("gone", [False, True])
def test_a_plan_knows_the_version_before(place, options, gone):
    """It may be made in another clone than the changes that it is of."""
    (place.up / "v").write_text("1.0\n")
    (place.up / ".github").mkdir()
    (place.up / ".github/arc-ci.yaml").write_text("groups: {g: {registry: ghcr.io/o, versioning: loose, services: "
                                                  "[{codename: t, build: t, version: {file: v}}]}}\n")
    place.commit("t/Dockerfile")
    (place.up / "t/Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    place.commit("t/more")
    place.commit("t/last")
    place.git("branch", "-f", "topic", cwd=place.up)
    base = place.git("rev-parse", "HEAD~1", cwd=place.up).strip()
    clone = place.clone("clone", *options)
    run = subprocess.run([cmd.ARC_CI, "changes", "--base", base, "--json"], cwd=clone, env=place.env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    if gone:
        place.up.rename(place.folder / "elsewhere")
    run = subprocess.run([cmd.ARC_CI, "plan", "--changes", "-"], cwd=clone, env={**place.env, "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/topic"},
                         input=run.stdout, capture_output=True, text=True)
    assert run.returncode == (3 if gone else 0), run.stderr
    assert gone or "(the version is 1.0, as before)" in run.stdout
