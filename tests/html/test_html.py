"""`--html`: one page that needs nothing else, in headless Chromium as the site's pages are tried; and values that are markup."""
import functools
import html.parser
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]
import cached  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> [x](javascript:alert(1)) `a|b` **b** &amp; \u202e"


def build_of(*cells):
    """build.json with cells of (platform, started, duration, cached)."""
    return {"document": "build", "format": 1, "group": "shop", "revision": "1" * 40, "pushed": True, "dirty": False, "services": [
        {"service": "flash", "image": "ghcr.io/o/arc-flash", "digest": "sha256:" + "2" * 64, "key": None, "tags": [], "built": True,
         "generated": [], "base-images": [], "cells": [
             {"platform": platform, "digest": "sha256:" + "3" * 64, "size": 1, "unpacked": None, "started": started, "duration": duration,
              "cached": cached, "attestations": []} for platform, started, duration, cached in cells]}]}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The folder of a rehearsal's and a survey's page, of a repository whose texts are markup."""
    folder = tmp_path_factory.mktemp("pages")
    repo = folder / "repo"

    def git(*words):
        subprocess.run(["git", "-c", "user.name=<b>me</b>", "-c", "user.email=a@b.c", *words], cwd=repo, check=True, capture_output=True)
    for name in ("flash", "sonic"):
        (repo / name).mkdir(parents=True)
        (repo / name / "service.yaml").write_text(json.dumps({"name": f"arc-{name}", "codename": name, "description": EVIL[:60]}))
        (repo / name / "Dockerfile").write_text("FROM scratch\n")
    (repo / ".github").mkdir()
    (repo / ".github/arc-ci.yaml").write_text(json.dumps({"groups": {
        "shop": {"title": "Shop <i>& Co</i>", "description": EVIL.replace("\u202e", ""), "registry": "ghcr.io/o", "services": ["flash", "sonic"]},
        "train": {"includes": ["shop"]}}}))
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "feat: one")
    git("tag", "shop/v1.0.0")
    (repo / "flash/x").write_text("x")
    git("add", "-A")
    git("commit", "-q", "-m", f"fix: {EVIL} (#7)")
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "CI": "true", "GITHUB_REPOSITORY": "o/r"}
    (folder / "build.json").write_text(json.dumps(build_of(
        ("linux/arm64", 1750000030.0, 60.5, False), ("linux/amd64", 1750000000.25, 45.0, True), ("linux/s390x", None, None, None))))
    builds = [f"--build={folder}/build.json"]
    (folder / "event.json").write_text(json.dumps({"workflow": "ci.yml", "ref": "refs/heads/main", "repository": {"default_branch": "main"}}))
    for name, words in {"dispatch": ["dry-run", f"--event={folder}/event.json", "--group=shop"], "rehearsal": ["dry-run", "shop/v1.1.0", *builds], "train": ["dry-run", "train/v1.0.0"],
                        "again": ["dry-run", "shop/v1.0.0"],
                        "survey": ["status", *builds, *builds]}.items():
        done = subprocess.run([ARC_CI, *words, f"--html={folder}/{name}.html"], cwd=repo, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return folder


class Reader(html.parser.HTMLParser):
    """Whether what is opened is closed; the elements, the links and the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.links, self.text = [], [], [], ""
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        assert not any(name.startswith("on") for name, _ in attributes)
        self.links += [value for name, value in attributes if name in ("href", "src")]
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("name", ["rehearsal", "train", "survey"])
def test_values_stay_text(pages, name):
    text = (pages / f"{name}.html").read_text()
    page = Reader(text)
    assert not {"script", "img", "i", "iframe", "object"} & set(page.seen)
    assert all(link == "data:," or link.startswith("https://github.com/") for link in page.links), page.links
    assert "\u202e" not in text


def test_the_page_has_what_the_rehearsal_has(pages):
    page = Reader((pages / "rehearsal.html").read_text())
    for part in ("Flow", "Services", "What moves", "Release notes", "Requests to GitHub's API", "shop-v1.1.0", "ghcr.io/o/arc-flash",
                 "Shop <i>& Co</i>", "<script>alert(1)</script>", "POST /repos/o/r/releases", "docker pull", "All changes since shop/v1.0.0"):
        assert part in page.text, part
    assert {"table", "ul", "pre", "h3", "a", "code"} <= set(page.seen)
    train = Reader((pages / "train.html").read_text()).text
    assert "taken from shop/v1.0.0" in train and "nothing to build" in train


def test_the_page_has_the_warnings(pages):
    assert "the tag shop/v1.0.0 exists already: its release" in Reader((pages / "again.html").read_text()).text


def test_what_is_not_pushed_moves_nothing(pages):
    text = Reader((pages / "dispatch.html").read_text()).text
    assert "not pushed" in text and "staging tags" not in text
    assert "yes" not in text.split("What moves")[1].split("the definition for")[0]


def test_the_page_has_what_the_survey_has(pages):
    text = Reader((pages / "survey.html").read_text()).text
    for part in ("shop/v1.0.0", "1 commit", "#7", "shop/v1.0.1", "train"):
        assert part in text, part


@pytest.mark.parametrize("name, count", [("rehearsal", 1), ("survey", 2), ("train", 0)])
def test_the_page_shows_when_each_cell_ran(pages, name, count):
    text = (pages / f"{name}.html").read_text()
    assert text.count("Build of shop, commit 111111111111</h2>") == count
    assert text.count('<span style="margin-left:') == 2 * count
    if not count:
        return
    rows = [re.sub("<[^>]*>", "|", row) for row in re.findall(r"<tr>(.*?class=\"time\".*?)</tr>", text)][-3:]
    assert [[cell for cell in row.split("|") if cell] for row in rows] == [
        ["flash", "linux/s390x", "not known", "not known"], ["flash", "linux/amd64", "0.0 s", "45.0 s", "from the cache"],
        ["flash", "linux/arm64", "29.8 s", "60.5 s"]]
    assert "margin-left:0.00%;width:49.86%" in text and "margin-left:32.96%;width:67.04%" in text


@pytest.mark.parametrize("cells", [[], [("linux/amd64", 0, 0, None)], [("linux/amd64", 1e300, 1e300, None), ("linux/arm64", 0, 1, None)],
                                   [(f"linux/arm64/v{n}", 1750000000, 1, False) for n in range(300)]])
def test_a_timeline_of_anything_is_a_page(pages, cells):
    (pages / "odd.json").write_text(json.dumps(build_of(*cells)))
    done = subprocess.run([ARC_CI, "status", f"--html={pages}/odd.html", f"--build={pages}/odd.json"], cwd=pages / "repo",
                          env={"PATH": os.environ["PATH"], "HOME": str(pages), "CI": "true"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text = (pages / "odd.html").read_text()
    assert Reader(text) and text.count("class=\"time\"") == len(cells) and "nan" not in text and "inf%" not in text


def test_a_build_without_a_page_is_an_error(pages):
    env = {"PATH": os.environ["PATH"], "HOME": str(pages), "CI": "true"}
    for words, message in ((["--build=../build.json"], "--build needs --html"),
                           (["--html=x.html", "--build=flash/service.yaml"], "flash/service.yaml: not build.json")):
        done = subprocess.run([ARC_CI, "status", *words], cwd=pages / "repo", env=env, capture_output=True, text=True)
        assert done.returncode == 2 and message in done.stderr and not (pages / "repo/x.html").exists()


def test_a_page_that_cannot_be_written_is_an_error(pages):
    done = subprocess.run([ARC_CI, "status", "--html=/dev/full"], cwd=pages / "repo", capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"], "HOME": str(pages), "CI": "true"})
    assert done.returncode == 3 and "cannot write /dev/full" in done.stderr


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_in_a_browser(pages):
    """No error, no request to elsewhere, nothing wider than 360 pixels, no serious finding of axe, light and dark."""
    modules = cached.npm("axe-core@4.14.1", "playwright-core@1.58.0")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    assert browser, "chromium is missing: tests/deps.sh all"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=pages))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    run = subprocess.run(["node", ROOT / "tests/site/browse.js", modules, f"http://127.0.0.1:{server.server_port}",
                          "/rehearsal.html", "/train.html", "/survey.html"], capture_output=True, text=True, timeout=300,
                         env={**os.environ, "BROWSER": browser})
    server.shutdown()
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)["found"]
    assert not found, "\n".join(found)
