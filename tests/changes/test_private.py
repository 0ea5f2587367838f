"""A workflow that left its token out of the clone (persist-credentials: false) of a private repository: what is not in
the clone is fetched with the token, which goes to the workflow's own server only."""
import base64
import http.server
import json
import os
import subprocess
import sys
import urllib.parse

import pytest

import loopback
import test_cmd as cmd
sys.path.insert(0, str(cmd.ROOT / "tests/fault"))
from harness import quick_sleep  # noqa: E402

TOKEN = "ghs_0123456789abcdef"
LOGIN = "basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


class Private(http.server.BaseHTTPRequestHandler):
    """git's own http-backend, for those who log in."""

    def do_GET(self):
        logins = self.headers.get_all("Authorization") or []
        self.server.logins.append(logins)
        if self.server.locked and logins != [LOGIN]:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="GitHub"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.server.denies and "git-receive-pack" in self.path:
            self.send_response(403)
            self.send_header("Content-Type", "text/plain; charset=UTF-8")
            self.send_header("Content-Length", str(len(self.server.denies)))
            self.end_headers()
            self.wfile.write(self.server.denies)
            return
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        env = {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": self.server.folder, "GIT_HTTP_EXPORT_ALL": "1",
               "REQUEST_METHOD": self.command, "PATH_INFO": url.path, "QUERY_STRING": url.query, "REMOTE_ADDR": "127.0.0.1",
               "CONTENT_TYPE": self.headers.get("Content-Type") or "", "CONTENT_LENGTH": str(len(body)),
               "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
               "GIT_PROTOCOL": self.headers.get("Git-Protocol") or ""}
        answer = subprocess.run(["git", "http-backend"], env=env, input=body, capture_output=True, check=True).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(lines.pop("Status", "200 OK").split()[0]))
        for name, value in lines.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, *_):
        pass


def serving(folder):
    return loopback.serving(Private, folder=str(folder), logins=[], locked=True, denies=b"")


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path) as running:
        yield running


@pytest.fixture
def clone(tmp_path, server):
    """The newest commit alone, as actions/checkout gets it; `before` is not in it."""
    origin = tmp_path / "origin"
    cmd.make_repo(origin, [{"write": {"a/x": "1\n", "b/y": "1\n"}}, {"commit": "one"}, {"write": {"a/x": "2\n"}},
                           {"commit": "two"}])
    subprocess.run(["git", "clone", "-q", "--bare", origin, tmp_path / "repo.git"], check=True)
    for name in ("allowFilter", "allowAnySHA1InWant"):
        subprocess.run(["git", "-C", tmp_path / "repo.git", "config", f"uploadpack.{name}", "true"], check=True)
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{tmp_path}/repo.git", tmp_path / "clone"], check=True)
    url = f"http://127.0.0.1:{server.server_port}"
    subprocess.run(["git", "-C", tmp_path / "clone", "remote", "set-url", "origin", f"{url}/repo.git"], check=True)
    event = {"before": cmd.fill("{sha:HEAD~1}", origin), "after": cmd.fill("{sha:HEAD}", origin),
             "repository": {"default_branch": "main"}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    return tmp_path / "clone", url


def changes(clone, tmp_path, **more):
    folder, url = clone
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main",
           "GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_OUTPUT": str(tmp_path / "output"),
           "GITHUB_SERVER_URL": url, "INPUT_FILTERS": "a: a/**\nb: b/**\n", **more}
    (tmp_path / "output").write_bytes(b"")
    run = subprocess.run([cmd.ARC_CI, "changes"], cwd=folder, env=env, capture_output=True, text=True, timeout=120)
    assert TOKEN not in run.stdout + run.stderr and LOGIN.split()[1] not in run.stdout + run.stderr
    return run, cmd.read_outputs(tmp_path / "output")


@pytest.mark.parametrize("end", ["", "\n"])
def test_the_token_fetches_what_is_missing(clone, server, tmp_path, end):
    """A secret that was pasted with a line break, too: an action's input loses it in actions' own toolkit."""
    run, outputs = changes(clone, tmp_path, GITHUB_TOKEN=TOKEN + end)
    assert run.returncode == 0, run.stderr
    assert (outputs["a"], outputs["b"]) == ("true", "false")
    assert [LOGIN] in server.logins
    assert TOKEN not in (clone[0] / ".git/config").read_text()


def test_a_stale_header_in_the_clone_gives_way(clone, server, tmp_path):
    """Two headers are refused: ours replaces one that no longer works. Other settings by environment stay."""
    subprocess.run(["git", "-C", clone[0], "config", f"http.{clone[1]}/.extraheader", "AUTHORIZATION: basic b2xkOm9sZA=="],
                   check=True)
    run, outputs = changes(clone, tmp_path, GITHUB_TOKEN=TOKEN, GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="core.abbrev",
                           GIT_CONFIG_VALUE_0="9")
    assert run.returncode == 0, run.stderr
    assert outputs["a"] == "true" and all(len(logins) <= 1 for logins in server.logins)


def test_a_public_repository_sees_no_token(clone, server, tmp_path):
    server.locked = False
    run, outputs = changes(clone, tmp_path, GITHUB_TOKEN=TOKEN)
    assert run.returncode == 0 and outputs["a"] == "true", run.stderr
    assert not any(server.logins)


@pytest.mark.parametrize("token", [None, "ghs_wrong"])
def test_without_a_token_that_works_everything_counts(clone, server, tmp_path, token):
    """And why is said: nobody looked, so nothing is unchanged."""
    run, outputs = changes(clone, tmp_path, **({"GITHUB_TOKEN": token} if token else {}))
    assert run.returncode == 0 and outputs["a"] == outputs["b"] == "true", run.stderr
    assert run.stderr.count("\n") == 1 and "every file counts as added" in run.stderr
    assert "could not read Username" in run.stderr


def test_another_server_does_not_get_the_token(clone, server, tmp_path):
    with serving(tmp_path) as github:
        run, _ = changes(clone, tmp_path, GITHUB_TOKEN=TOKEN, GITHUB_SERVER_URL=f"http://127.0.0.1:{github.server_port}")
    assert "could not read Username" in run.stderr and server.logins and not any(server.logins)


def test_http_does_not_get_the_token(clone, server, tmp_path):
    """But for this machine by its number."""
    port = server.server_port
    subprocess.run(["git", "-C", clone[0], "remote", "set-url", "origin", f"http://localhost:{port}/repo.git"], check=True)
    run, _ = changes(clone, tmp_path, GITHUB_TOKEN=TOKEN, GITHUB_SERVER_URL=f"http://localhost:{port}")
    assert "could not read Username" in run.stderr and server.logins and not any(server.logins)


def test_a_tag_is_made_and_pushed_with_it(server, tmp_path):
    """Also if GitHub's servers fail twice; a refusal is shown with its reason."""
    origin, bare = tmp_path / "origin", tmp_path / "repo.git"
    cmd.make_repo(origin, [{"write": {
        ".github/arc-ci.yaml": "groups:\n  g: {title: G, tag: 'g/v*', registry: ghcr.io/o, services: [a]}\n",
        "a/service.yaml": "name: a\ncodename: a\n", "a/Dockerfile": 'FROM scratch\nUSER 1000\nHEALTHCHECK CMD ["/a"]\n'}},
        {"commit": "feat: one"}])
    subprocess.run(["git", "clone", "-q", "--bare", origin, bare], check=True)
    subprocess.run(["git", "-C", bare, "config", "http.receivepack", "true"], check=True)
    (bare / "hooks/pre-receive").write_text(f"#!/bin/sh\necho x >> {tmp_path}/pushes\n[ $(wc -l < {tmp_path}/pushes) -gt 2 ] || "
                                            '{ echo "fatal error in commit_refs" >&2; exit 1; }\n')
    (bare / "hooks/pre-receive").chmod(0o755)
    url = f"http://127.0.0.1:{server.server_port}"
    subprocess.run(["git", "-C", origin, "remote", "add", "origin", f"{url}/repo.git"], check=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.c", "CI": "true",
           "GITHUB_SERVER_URL": url, "GITHUB_TOKEN": TOKEN, "LD_PRELOAD": quick_sleep()}

    def tag():
        run = subprocess.run([cmd.ARC_CI, "tag", "g", "1.0.0", "--push"], cwd=origin, env=env, capture_output=True, text=True, timeout=120)
        assert TOKEN not in run.stdout + run.stderr
        return run

    server.denies = b"Permission to o/r.git denied to github-actions[bot].\n"
    run = tag()
    assert run.returncode == 1 and "git push: Permission to o/r.git denied to github-actions[bot].; fatal: unable" in run.stderr, run.stderr
    server.denies = b""
    run = tag()
    assert run.returncode == 0, run.stderr
    assert "refs/tags/g/v1.0.0" in subprocess.check_output(["git", "-C", bare, "show-ref"], text=True)
    assert (tmp_path / "pushes").read_text().split() == ["x"] * 3
