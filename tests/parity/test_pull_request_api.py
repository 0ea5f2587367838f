"""A pull request whose commits are not in the clone: the API answers, or git, or nothing does."""
import http.server
import json
import subprocess

import harness
import pytest
from harness import loopback

FILTERS = "a: a/**\nb: b/**\n"


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        if "/files" not in self.path:
            body = json.dumps(self.server.compared if "/compare/" in self.path else self.server.pull).encode()
            self.send_response(self.server.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        page = int(self.path.rpartition("page=")[2]) if "&page=" in self.path else 1
        files = self.server.files[(page - 1) * 100:page * 100]
        body = json.dumps(files if self.server.status == 200 else {"message": "no"}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        if page * 100 < len(self.server.files):
            base = self.path.partition("&page=")[0]
            self.send_header("Link", f'<http://127.0.0.1:{self.server.server_port}{base}&page={page + 1}>; rel="next"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def api():
    with loopback.serving(Api, status=200, files=[], asked=[]) as server:
        yield server


@pytest.fixture
def clone(tmp_path):
    """main: one - two; topic left after one and changed a/x. The clone has the merge commit alone."""
    repo = tmp_path / "repo"
    harness.cmd.make_repo(repo, [
        {"write": {"a/x": "1\n", "b/y": "1\n"}}, {"commit": "one"}, {"git": ["checkout", "-q", "-b", "topic"]},
        {"write": {"a/x": "2\n"}}, {"commit": "topic"}, {"git": ["checkout", "-q", "main"]},
        {"write": {"b/y": "2\n"}}, {"commit": "two"}, {"git": ["checkout", "-q", "-b", "merge"]},
        {"git": ["merge", "-q", "--no-ff", "-m", "merge", "topic"]}])
    subprocess.run(["git", "clone", "-q", "--depth=1", "--branch=merge", repo.as_uri(), "clone"], cwd=tmp_path, check=True)
    return repo


def changes(cwd, repo, api, changed_files=None, token="secret", **inputs):
    event = cwd.parent / "event.json"
    pull = {"number": 7, "base": {"sha": harness.cmd.fill("{sha:main}", repo), "ref": "main"},
            "head": {"sha": harness.cmd.fill("{sha:topic}", repo)}}
    if changed_files is not None:
        pull["changed_files"] = changed_files
    event.write_text(json.dumps({"pull_request": pull, "repository": {"default_branch": "main", "full_name": "o/r"}}))
    env = {name: value for name, value in harness.os.environ.items() if name in harness.cmd.PASSED_ON}
    env.update({"HOME": str(cwd.parent), "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event),
                "GITHUB_REF": "refs/pull/7/merge", "GITHUB_REPOSITORY": "o/r", "INPUT_FILTERS": FILTERS,
                "GITHUB_API_URL": f"http://127.0.0.1:{api.server_port}", "INPUT_TOKEN": token, **inputs})
    return subprocess.run([*harness.cmd.WRAPPER, harness.cmd.ARC_CI, "changes", "--json", "--list-files=json"], cwd=cwd, env=env,
                          capture_output=True, text=True, timeout=120)


def test_the_api_lists_what_git_has_not(clone, api, tmp_path):
    api.files = [{"filename": "a/new", "status": "renamed", "previous_filename": "b/old"}]
    run = changes(tmp_path / "clone", clone, api, 1)
    document = json.loads(run.stdout)
    assert run.returncode == 0, run.stderr
    assert document["base"] is None and document["base-reason"] == "the files that the API lists for pull request 7"
    assert document["filters"]["a"]["files"] == [{"path": "a/new", "status": "added", "rule": "a/**"}]
    assert document["filters"]["b"]["files"] == [{"path": "b/old", "status": "deleted", "rule": "b/**"}]
    assert api.asked[0][0].startswith("/repos/o/r/pulls/7/files?")


def test_a_later_push_changes_no_answer(clone, api, tmp_path):
    """The API lists the pull request as it is now: a run about an earlier commit of it is answered by git."""
    url = "https://api.github.com/repos/o/r/contents/{}?ref=" + "1" * 40
    api.files = [{"filename": name, "status": "modified", "contents_url": url.format(name)} for name in ("b/x", "b/y")]
    run = changes(tmp_path / "clone", clone, api, 1)
    document = json.loads(run.stdout)
    assert run.returncode == 0, run.stderr
    assert document["changes"] == ["a"] and document["base"] and "as it is now, at 111111111111" in run.stderr
    api.files = [{**file, "contents_url": file["contents_url"].replace("1" * 40, harness.cmd.fill("{sha:topic}", clone))} for file in api.files]
    assert json.loads(changes(tmp_path / "clone", clone, api, 1).stdout)["changes"] == ["b"]


@pytest.mark.parametrize("file", [{"filename": "a/x", "status": "deleted"}, {"filename": "b/new", "status": "renamed"}])
def test_an_api_that_lists_files_in_its_own_way_is_not_believed(clone, api, tmp_path, file):
    """Gitea's: a deleted file would be a modified one, and the folder that a renamed file left unchanged."""
    api.files = [file]
    run = changes(tmp_path / "clone", clone, api, 1)
    assert run.returncode == 0 and f"({file['filename']} is '{file['status']}'" in run.stderr, run.stderr
    assert json.loads(run.stdout)["changes"] == ["a"] and json.loads(run.stdout)["base"]


def test_renames_and_a_directory_count_with_the_api_too(clone, api, tmp_path):
    api.files = [{"filename": "a/new", "status": "renamed", "previous_filename": "b/old"}, {"filename": "c/x", "status": "modified"}]
    run = changes(tmp_path / "clone", clone, api, 2, INPUT_RENAMES="true")
    files = json.loads(run.stdout)["filters"]["a"]["files"]
    assert files == [{"path": "a/new", "status": "renamed", "previous": "b/old", "rule": "a/**"}]
    run = changes(tmp_path / "clone", clone, api, 2, **{"INPUT_RELATIVE-TO": "a", "INPUT_FILTERS": "f: '*'"})
    assert [file["path"] for file in json.loads(run.stdout)["filters"]["f"]["files"]] == ["new"]


def test_what_says_what_a_service_is_counts_with_the_api_too(clone, api, tmp_path):
    """`s` hides all of itself; `t` has nothing to hide. Git cannot look."""
    work = tmp_path / "clone"
    subprocess.run(["git", "remote", "set-url", "origin", tmp_path / "nowhere"], cwd=work, check=True)
    for name, text in {".github/arc-ci.yaml": "groups: {g: {registry: ghcr.io/o, services: [s, t]}}\n",
                       "s/service.yaml": "name: s\ncodename: s\npaths: ['!**']\n", "s/Dockerfile": "FROM scratch\n",
                       "t/service.yaml": "name: t\ncodename: t\n", "t/Dockerfile": "FROM scratch\n"}.items():
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).write_text(text)
    for path, expected in {"s/evil": [], "s/service.yaml": ["s"], "t/x": ["t"], ".github/arc-ci.yaml": ["s", "t"]}.items():
        api.files = [{"filename": path, "status": "modified"}]
        run = changes(work, clone, api, 1, INPUT_FILTERS="")
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout)["changes"] == expected, path
        assert "the services are read from" not in run.stderr  # the merge commit has the pull request's services
    subprocess.run(["git", "checkout", "-q", "--orphan", "main"], cwd=work, check=True)
    subprocess.run(["git", "commit", "-q", "-m", "base"], cwd=work, env={**harness.os.environ, **harness.cmd.GIT}, check=True)
    for path, tells in {"u/service.yaml": True, ".github/arc-ci.yaml": True, "t/x": False}.items():
        api.files = [{"filename": path, "status": "modified" if path.startswith(".") else "added"}]
        run = changes(work, clone, api, 1, INPUT_FILTERS="")
        assert (f"where {path} differs from the head" in run.stderr) == tells, run.stderr


@pytest.mark.parametrize("old, new, expected", [("A=1", "A=2", ["a"]), ("title: one", "title: two", [])])
def test_git_looks_into_a_file_of_which_a_service_takes_a_part(api, tmp_path, old, new, expected):
    """A bot that raised one version of three, or a title of the configuration, built everything."""
    recipe = "{{codename: {0}, build: {{context: {0}, args: {{V: {{file: versions.env, at: {1}}}}}}}}}"
    files = {".github/arc-ci.yaml": f"groups: {{g: {{registry: ghcr.io/o, title: one, services: [{recipe.format('a', 'A')}, {recipe.format('b', 'B')}]}}}}\n",
             "versions.env": "A=1\nB=1\n", "a/Dockerfile": "FROM scratch\n", "b/Dockerfile": "FROM scratch\n"}
    name = "versions.env" if old in files["versions.env"] else ".github/arc-ci.yaml"
    repo = tmp_path / "repo"
    harness.cmd.make_repo(repo, [
        {"write": files}, {"commit": "one"}, {"git": ["checkout", "-q", "-b", "topic"]}, {"write": {name: files[name].replace(old, new)}},
        {"commit": "topic"}, {"git": ["checkout", "-q", "main"]}, {"write": {"x": "2\n"}}, {"commit": "two"},
        {"git": ["checkout", "-q", "-b", "merge"]}, {"git": ["merge", "-q", "--no-ff", "-m", "merge", "topic"]}])
    subprocess.run(["git", "clone", "-q", "--depth=1", "--branch=merge", repo.as_uri(), "clone"], cwd=tmp_path, check=True)
    api.files = [{"filename": name, "status": "modified"}]
    run = changes(tmp_path / "clone", repo, api, 1, INPUT_FILTERS="")
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    assert document["changes"] == expected and document["base"] == harness.cmd.fill("{sha:main~1}", repo)


def test_submodules_are_looked_into_by_git(clone, api, tmp_path):
    run = changes(tmp_path / "clone", clone, api, 1, INPUT_SUBMODULES="true")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["base"] and api.asked == []


def test_a_comment_on_a_pull_request_is_about_that_one(clone, api, tmp_path):
    commit = lambda name: harness.cmd.fill("{sha:%s}" % name, clone)
    api.pull = {"number": 7, "changed_files": 1, "base": {"sha": commit("main"), "ref": "main"}, "head": {"sha": commit("topic")}}
    event = tmp_path / "comment.json"
    event.write_text(json.dumps({"issue": {"number": 7, "pull_request": {}}, "repository": {"default_branch": "main", "full_name": "o/r"}}))
    subprocess.run(["git", "checkout", "-q", "main"], cwd=clone, check=True)
    run = changes(clone, clone, api, GITHUB_EVENT_NAME="issue_comment", GITHUB_EVENT_PATH=str(event), GITHUB_REF="refs/heads/main",
                  GITHUB_SHA=commit("main"))
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    assert document["changes"] == ["a"] and document["head"] == commit("topic") and document["base"] == commit("main~1")
    assert [path for path, _ in api.asked] == ["/repos/o/r/pulls/7"]


def dispatched(clone, api, tmp_path):
    """A job on topic at depth 1 that compares with main."""
    subprocess.run(["git", "clone", "-q", "--depth=1", "--branch=topic", clone.as_uri(), "cut"], cwd=tmp_path, check=True)
    event = tmp_path / "dispatch.json"
    event.write_text(json.dumps({"repository": {"default_branch": "main", "full_name": "o/r"}}))
    run = changes(tmp_path / "cut", clone, api, GITHUB_EVENT_NAME="workflow_dispatch", GITHUB_EVENT_PATH=str(event),
                  GITHUB_REF="refs/heads/topic", GITHUB_SHA=harness.cmd.fill("{sha:topic}", clone), INPUT_BASE="main")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def long_histories(clone):
    """So many commits on both branches that the first fetch does not reach where they part."""
    for branch in ("main", "topic"):
        subprocess.run(["git", "checkout", "-q", branch], cwd=clone, check=True)
        for _ in range(15):
            subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "more"], cwd=clone, check=True)


def test_one_request_names_the_merge_base(clone, api, tmp_path):
    base = harness.cmd.fill("{sha:main~1}", clone)
    long_histories(clone)
    main, topic = (harness.cmd.fill("{sha:%s}" % name, clone) for name in ("main", "topic"))
    api.compared = {"merge_base_commit": {"sha": base}}
    document = dispatched(clone, api, tmp_path)
    assert document["changes"] == ["a"] and document["base"] == base
    assert [path for path, _ in api.asked] == [f"/repos/o/r/compare/{main}...{topic}?per_page=1"]


@pytest.mark.parametrize("status, compared", [(404, {}), (200, {"merge_base_commit": {"sha": "main"}}), (200, {})])
def test_a_merge_base_that_the_api_does_not_name_is_found_by_git(clone, api, tmp_path, status, compared):
    base = harness.cmd.fill("{sha:main~1}", clone)
    long_histories(clone)
    api.status, api.compared = status, compared
    document = dispatched(clone, api, tmp_path)
    assert document["changes"] == ["a"] and document["base"] == base
    assert len(api.asked) == 1


def test_what_is_here_is_not_asked_for(clone, api, tmp_path):
    assert dispatched(clone, api, tmp_path)["changes"] == ["a"]
    assert not api.asked


def test_every_page_counts(clone, api, tmp_path):
    api.files = [{"filename": f"a/{i}", "status": "added"} for i in range(250)]
    document = json.loads(changes(tmp_path / "clone", clone, api, 250).stdout)
    assert document["filters"]["a"]["count"] == 250 and len(api.asked) == 3


def test_without_a_clone_the_api_is_enough(clone, api, tmp_path):
    (tmp_path / "empty").mkdir()
    api.files = [{"filename": "b/y", "status": "modified"}]
    run = changes(tmp_path / "empty", clone, api, 1)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["changes"] == ["b"]
    for base in ({"INPUT_BASE": "HEAD"}, {"INPUT_BASE": "release", "INPUT_BASE_ON_PULL_REQUESTS": "true"}):
        run = changes(tmp_path / "empty", clone, api, 1, **base)
        assert run.returncode == 3 and not run.stdout and "no git repository" in run.stderr, base


@pytest.mark.parametrize("changed_files", [3001, None])
def test_more_files_than_the_api_lists_are_asked_of_git(clone, api, tmp_path, changed_files):
    api.files = [{"filename": f"b/{i}", "status": "added"} for i in range(3000)]
    run = changes(tmp_path / "clone", clone, api, changed_files)
    document = json.loads(run.stdout)
    assert run.returncode == 0, run.stderr
    assert document["changes"] == ["a"] and document["filters"]["a"]["count"] == 1
    assert document["base"] == harness.cmd.fill("{sha:main~1}", clone)
    assert "the API did not list all files" in document["warnings"][0]


def test_more_files_than_the_api_lists_and_no_git_is_an_error(clone, api, tmp_path):
    api.files = [{"filename": f"b/{i}", "status": "added"} for i in range(3000)]
    (tmp_path / "empty").mkdir()
    run = changes(tmp_path / "empty", clone, api, 3001)
    assert run.returncode == 2 and not run.stdout
    assert "3001 files" in run.stderr


def test_a_refusal_of_the_api_is_made_good_by_git(clone, api, tmp_path):
    api.status = 404
    run = changes(tmp_path / "clone", clone, api)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["changes"] == ["a"]


def test_a_refusal_of_both_is_an_error(clone, api, tmp_path):
    api.status = 404
    subprocess.run(["git", "remote", "set-url", "origin", "file:///nowhere"], cwd=tmp_path / "clone", check=True)
    run = changes(tmp_path / "clone", clone, api)
    assert run.returncode == 3 and not run.stdout
    assert "and by git:" in run.stderr and "secret" not in run.stderr


def test_the_api_is_not_asked_when_git_knows(clone, api):
    run = changes(clone, clone, api, 1)
    assert run.returncode == 0 and json.loads(run.stdout)["changes"] == ["a"]
    assert not api.asked


def test_without_a_token_git_fetches(clone, api, tmp_path):
    run = changes(tmp_path / "clone", clone, api, 1, token="")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["changes"] == ["a"] and not api.asked


def test_the_token_goes_nowhere_but_to_the_api(clone, api, tmp_path):
    api.files = [{"filename": "b/y", "status": "modified"}]
    run = changes(tmp_path / "clone", clone, api, 1)
    assert api.asked[0][1].endswith("secret")
    assert "secret" not in run.stdout + run.stderr
