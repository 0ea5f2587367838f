"""The site, as `make site` builds it: its links in its files, its pages in headless Chromium."""
import functools
import html.parser
import http.server
import json
import pathlib
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SITE = ROOT / "build/site"
sys.path.insert(0, str(ROOT / "tests"))

import cached  # noqa: E402


@pytest.fixture(scope="session")
def site():
    run = subprocess.run(["/usr/bin/python3", ROOT / "packaging/site.py"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return SITE


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.names, self.fetched = [], {""}, []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = {name: value or "" for name, value in attributes}
        self.names |= {attributes[name] for name in ("id", "name") if name in attributes}
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        for name in ("src", "href"):
            if tag in ("script", "img", "link", "iframe", "source") and name in attributes:
                if attributes.get("rel") not in ("canonical", "prev", "next", "alternate"):
                    self.fetched.append(attributes[name])


def pages(site):
    return {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}


def broken(site):
    """Links and files that lead nowhere within the site."""
    read = pages(site)
    for path, page in read.items():
        for link in page.links + page.fetched:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            wanted = urllib.parse.unquote(parts.fragment)
            if not target.is_file() or (target in read and wanted not in read[target].names):
                yield f"{path.relative_to(site)}: {link}"


def test_every_link_leads_somewhere(site):
    found = sorted(set(broken(site)))
    assert not found, "\n".join(found)


def test_a_link_that_leads_nowhere_is_seen(tmp_path):
    (tmp_path / "index.html").write_text('<h1 id="a">A</h1><a href="#a">a</a><a href="#b">b</a><a href="c/">c</a><img src="d.svg">')
    assert sorted(broken(tmp_path.resolve())) == ["index.html: #b", "index.html: c/", "index.html: d.svg"]


def test_links_to_the_repository_name_files_that_it_has(site):
    home = re.search(r"^  repository: (\S+)", (ROOT / "mkdocs.yml").read_text(), re.M)[1]
    links = {link for page in pages(site).values() for link in page.links if re.match(re.escape(home) + "/(blob|tree)/", link)}
    assert links
    lost = [link for link in links if not (ROOT / link.split("/main/", 1)[1].split("#")[0]).exists()]
    assert not lost, "\n".join(lost)


def test_the_pictures_are_those_of_the_page_and_the_program(tmp_path):
    run = subprocess.run(["/usr/bin/python3", ROOT / "packaging/pictures.py", tmp_path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    kept = {path.name: path.read_text() for path in (ROOT / "docs/pictures").iterdir()}
    assert kept == {path.name: path.read_text() for path in tmp_path.iterdir()}, "run: packaging/pictures.py docs/pictures"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def origin(site):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_in_a_browser(site, origin):
    """No error, no request to elsewhere, nothing wider than the window, no serious finding of axe; the search finds a page."""
    modules = cached.npm("axe-core@4.14.1", "playwright-core@1.58.0")
    paths = sorted("/" + str(path.parent.relative_to(site)).strip(".") + "/" for path in pages(site))
    paths = [path.replace("//", "/") for path in paths]
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    assert browser, "chromium is missing: tests/deps.sh all"
    run = subprocess.run(["node", ROOT / "tests/site/browse.js", modules, origin, *paths], capture_output=True, text=True,
                         timeout=900, env={**os.environ, "BROWSER": browser})
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert not told["found"], "\n".join(told["found"])
    assert [link for link in told["links"] if link.endswith("/commands/?h=rehearse#arc-ci-dry-run")], told["links"]
