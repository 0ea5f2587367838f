"""packaging/watch.py before a GitHub that says what a test is about: quiet for every library but the one of the test."""
import contextlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "packaging")]
import dist  # noqa: E402
import watch  # noqa: E402
from loopback import serving  # noqa: E402

TOKEN = "ghs_watch"
HOSTILE = "\r\n::error::forged\n##[error]forged %0A\u202e\ud800\x1b[31m`$(touch forged)`"


def release(tag, body="bug fixes", **more):
    return {"tag_name": tag, "name": tag, "body": body, "draft": False, "prerelease": False, **more}


def advisory(ranges, patched=None, summary="an overflow", **more):
    return {"ghsa_id": "GHSA-aaaa-bbbb-cccc", "cve_id": None, "summary": summary, "state": "published", "withdrawn_at": None,
            "vulnerabilities": [{"package": {"ecosystem": "other", "name": "x"}, "vulnerable_version_range": ranges,
                                 "patched_versions": patched}], **more}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        owner_and_name, kind = parts.path.removeprefix("/repos/").rsplit("/", 1)
        [name] = [name for name, repository in watch.UPSTREAM.items() if repository == owner_and_name]
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        status, body, headers = 200, [], {}
        if kind == "tags":
            body = [{"name": dist.inside()[name]}]
        if (name, kind) in self.server.told:
            body = self.server.told[name, kind]
        if callable(body):
            status, body, headers = body(parts.query, self.server.server_port)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for header in {"Content-Length": len(data), **headers}.items():
            self.send_header(*map(str, header))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def github(told):
    with serving(Handler, told=told, asked=[]) as server:
        yield server


def run(told, **env):
    """Status and line -> text; annotations too where env says so."""
    with github(told) as server:
        done = subprocess.run([sys.executable, ROOT / "packaging/watch.py"], capture_output=True, cwd=ROOT, timeout=60, env={
            "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "GITHUB_TOKEN": TOKEN,
            "GITHUB_API_URL": f"http://127.0.0.1:{server.server_port}", **env})
    assert done.stderr == b"", done.stderr.decode()
    assert TOKEN.encode() not in done.stdout
    return done.returncode, done.stdout.decode("ascii").splitlines(), server.asked


def line_of(lines, name):
    [line] = [line for line in lines if line.startswith(f"{name} ")]
    return line


def test_knows_every_library_inside():
    assert set(watch.UPSTREAM) | set(watch.ELSEWHERE) == set(dist.inside())
    assert all(watch.version(number) for name, number in dist.inside().items() if name in watch.UPSTREAM)


def test_nothing_newer():
    status, lines, asked = run({})
    assert status == 0 and len(lines) == len(dist.inside())
    assert line_of(lines, "yajl") == "yajl 2.1.0: newest 2.1.0"
    assert "not watched" in line_of(lines, "musl")
    assert len(asked) == 3 * len(watch.UPSTREAM) and {token for _, token in asked} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("name, kind, rows, status, text", [
    ("zlib", "releases", [release("v1.9.0")], 0, "newest 1.9.0"),
    ("zlib", "releases", [release("v1.9.0", "mends CVE-2027-12345")], 1, "1.9.0 is a security release (CVE-2027-12345)"),
    ("curl", "releases", [release("curl-8_99_0", "A Security fix")], 1, "8.99.0 is a security release (security)"),
    ("zlib", "releases", [release("v1.9.0", "CVE-2027-12345", prerelease=True)], 0, "newest 1.3.2"),
    ("zlib", "releases", [release("v1.9.0-rc1", "CVE-2027-12345")], 0, "newest 1.3.2"),
    ("zlib", "tags", [{"name": "v1.9.0"}], 3, "1.9.0 is newer, without notes"),
    ("zlib", "tags", [{"name": "stable"}], 3, "none of its releases and tags is a version"),
    ("mbedtls", "releases", [release("mbedtls-4.1.1", "GHSA-2222-3333-4444"), release("v3.6.6")], 0,
     "newest 4.1.1, 3.6.6 of our line; 4.1.1, of another line, is a security release (GHSA-2222-3333-4444)"),
    ("mbedtls", "releases", [release("mbedtls-3.6.99", "## Security"), release("v4.1.1")], 1, "3.6.99 is a security release"),
    ("libgit2", "security-advisories", [advisory("< 1.99.0")], 1, "GHSA-aaaa-bbbb-cccc holds"),
    ("libgit2", "security-advisories", [advisory("< 1.6.5", "1.6.5")], 0, "newest"),
    ("libgit2", "security-advisories", [advisory("before the flood")], 3, "can't be read"),
    ("libgit2", "security-advisories", [advisory(None, "1.6.5, 1.7.2")], 0, "newest"),
    ("libgit2", "security-advisories", [advisory("< 1.99.0", withdrawn_at="2026-01-01T00:00:00Z")], 0, "newest"),
    ("libgit2", "security-advisories", [advisory("", vulnerabilities=[])], 3, "can't be read"),
    ("curl", "releases", lambda *_: (403, {"message": "rate limit"}, {}), 3, "403"),
    ("curl", "security-advisories", lambda *_: (404, {}, {}), 3, "404"),
    ("curl", "releases", lambda *_: (301, {}, {"Location": "http://127.0.0.1:1/"}), 3, "301"),
    ("curl", "releases", b'[{"tag_name": "curl-8_', 3, "could not ask"),
    ("curl", "releases", b"[" * 100_000, 3, "could not ask"),
    ("curl", "releases", b'["x"]', 3, "no list of objects"),
    ("curl", "releases", lambda *_: (200, b"[]", {"Content-Length": 99}), 3, "ends early"),
])
def test_says(name, kind, rows, status, text):
    got, lines, _ = run({(name, kind): rows})
    assert got == status and text in line_of(lines, name), lines
    assert len(lines) == len(dist.inside())


def test_what_concerns_us_is_said_although_another_could_not_be_asked():
    status, lines, _ = run({("curl", "releases"): lambda *_: (500, {}, {}), ("yajl", "security-advisories"): [advisory("*")]})
    assert status == 1 and "NOT KNOWN" in line_of(lines, "curl") and "SECURITY" in line_of(lines, "yajl")


def test_reads_two_pages_and_says_that_there_are_more():
    def page(query, port):
        number = int(dict(urllib.parse.parse_qsl(query)).get("page", 1))
        link = f'<http://127.0.0.1:{port}/repos/curl/curl/releases?page={number + 1}>; rel="next"'
        return 200, [release(f"curl-8_9{number}_0", "CVE-2027-11111" if number == 2 else "fixes")], {"Link": link}

    status, lines, asked = run({("curl", "releases"): page})
    assert status == 1 and "8.92.0 is a security release" in line_of(lines, "curl") and "more than 2 releases" in line_of(lines, "curl")
    assert len([path for path, _ in asked if path.startswith("/repos/curl/curl/releases")]) == 2


def test_a_next_page_elsewhere_is_not_asked():
    elsewhere = (200, [], {"Link": '<http://127.0.0.1.example/x>; rel="next"'})
    status, lines, _ = run({("curl", "releases"): lambda *_: elsewhere})
    assert status == 3 and "elsewhere" in line_of(lines, "curl")


def test_hostile_texts_are_only_text(tmp_path):
    told = {("zlib", "releases"): [release(f"v1.9.0{HOSTILE}", "CVE-2027-12345"), release("v1.8.0", f"{HOSTILE} CVE-2027-12345", name=HOSTILE),
                                   release("v" + "9" * 5000 + ".1", "CVE-2027-12345"), release({"a": 1}), release(None)],
            ("zlib", "security-advisories"): [advisory("< 2", summary=HOSTILE), advisory(HOSTILE, summary=HOSTILE, ghsa_id=HOSTILE),
                                              advisory("<" * 50_000), advisory("a" * 500_000), advisory("< 1, " + " " * 500_000), {"vulnerabilities": ["x", None]}]}
    status, lines, _ = run(told, GITHUB_ACTIONS="true")
    assert status == 1
    assert [line.split("::")[1] for line in lines if line.lstrip().startswith("::")] == ["warning title=musl", "error title=zlib"]
    assert not any("##[" in line or "\x1b" in line for line in lines)
    assert "1.8.0 is a security release (CVE-2027-12345)" in line_of(lines, "zlib") and "1.9.0" not in line_of(lines, "zlib")
    assert watch.annotation("error", "x", "a%\r\nb") == "::error title=x::a%25%0D%0Ab"
    assert not (ROOT / "forged").exists()


def test_a_judged_one_is_information(monkeypatch):
    monkeypatch.setitem(watch.JUDGED, "zlib 1.9.0", "minizip only")
    monkeypatch.setitem(watch.JUDGED, "zlib GHSA-aaaa-bbbb-cccc", "minizip only")
    assert [status for status, _ in watch.look_at_releases("zlib", (1, 3, 2), {(1, 9, 0): "security"})] == [watch.FINE] * 2
    assert watch.look_at_advisories("zlib", (1, 3, 2), [advisory("*")]) == [(watch.FINE, "GHSA-aaaa-bbbb-cccc does not concern us: minizip only")]


def test_the_token_goes_over_tls_only():
    done = subprocess.run([sys.executable, ROOT / "packaging/watch.py"], capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"], "GITHUB_API_URL": "http://github.example"})
    assert done.returncode == 3 and "https" in done.stderr


@pytest.mark.parametrize("tag, name, numbers", [
    ("v1.9.7", "libgit2", (1, 9, 7)), ("curl-8_22_0", "curl", (8, 22, 0)), ("mbedtls-3.6.6", "mbedtls", (3, 6, 6)),
    ("v3.6.6", "mbedtls", (3, 6, 6)), ("0.2.5", "libyaml", (0, 2, 5)), ("v2.14", "jansson", (2, 14, 0)), ("v1.2.0.1", "zlib", (1, 2, 0, 1)),
    ("tiny-curl-8_4_0", "curl", None), ("rc-8_15_0-1", "curl", None), ("v4.0.0-beta", "mbedtls", None), ("v1.0\n", "zlib", None),
    ("v１.２", "zlib", None), ("7", "zlib", None)])
def test_versions(tag, name, numbers):
    assert watch.version(tag, name) == numbers


@pytest.mark.parametrize("ranges, held", [
    ("<= 1.5.0", True), ("< 1.5.0", False), ("= 1.5.0", True), ("1.5.0", True), ("1.4.0, 1.5.0", True), ("1.4.0, 1.4.1", False),
    (">= 1.4, < 1.6", True), (">1.5.0", False), (">= 1.0, < 1.2 || >= 1.4, < 1.6", True), (">= 1.0, < 1.2, >= 2.0, < 2.3", False),
    ("< 1.4.9, < 1.5.2", True), ("v1.5.0", True), ("<= x-1_5_0", True), ("all", True), ("1.x", None), ("<= 1.5.0-rc1", None), ("1.0 - 1.6", None),
    ("up to 1.6", None), ("", None), (None, None), (7, None), ("none", None)])
def test_ranges(ranges, held):
    assert watch.within((1, 5, 0), ranges, "x") is held
