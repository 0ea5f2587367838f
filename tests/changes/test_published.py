"""Which releases are published is known however many there are: a withdrawn one of long ago is not the highest."""
import http.server
import json
import subprocess
import urllib.parse

import loopback
import test_cmd as cmd

PAGES = 30


class Releases(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = int(dict(urllib.parse.parse_qsl(urllib.parse.urlparse(self.path).query)).get("page", 1))
        old = {"tag_name": "g/v2.0.0", "draft": False, "prerelease": True, "body": "<!-- arc-ci: withdrawn -->"}
        body = json.dumps([old if page == PAGES else {"tag_name": f"other/v1.0.{page}", "draft": False, "body": ""}]).encode()
        self.send_response(200)
        if page < PAGES:
            self.send_header("Link", f'<http://127.0.0.1:{self.server.server_port}/repos/o/r/releases?per_page=100&page={page + 1}>; rel="next"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_release_that_was_withdrawn_long_ago(tmp_path):
    cmd.make_repo(tmp_path / "repo", [{"write": {"x": ""}}, {"commit": "one"}, {"tag": "g/v1.0.0"}, {"tag": "g/v2.0.0"}])
    with loopback.serving(Releases) as server:
        env = {name: cmd.os.environ[name] for name in cmd.PASSED_ON if name in cmd.os.environ}
        env |= {"HOME": str(tmp_path), "GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": "t", "GITHUB_API_URL": f"http://127.0.0.1:{server.server_port}"}
        run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "version", "g/v1.0.0", "--json"], cwd=tmp_path / "repo", env=env, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0 and json.loads(run.stdout)["latest"], run.stdout + run.stderr
