#!/usr/bin/python3
"""Builds the site into build/site: README.md as its home, docs/ as its pages, links to other files of the repository as links
to where it is hosted. Zensical does the rest, by mkdocs.yml."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGES, SITE = ROOT / "build/pages", ROOT / "build/site"
sys.path.insert(0, str(ROOT / "tests"))

import cached  # noqa: E402

ZENSICAL = "zensical==0.0.66"  # later ones need a package of its parts that PyPI does not have everywhere
TOKEN = re.compile(r"""^\ *(?P<fence>`{3,}).*?^\ *(?P=fence)$ | ^\ {4}.*?$ | (?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)  # code is left alone
                       | (?P<before>\]\(|src="|href=")(?![a-z]+:|\#)(?P<to>[^)\s\#"]+)""", re.S | re.M | re.X)


def hosted(path):
    """Where a file or folder of the repository is shown."""
    home = re.search(r"^  repository: (\S+)", (ROOT / "mkdocs.yml").read_text(), re.M)[1]
    return f"{home}/{'tree' if path.is_dir() else 'blob'}/main/{path.relative_to(ROOT)}"


def with_links(page):
    """The text of a page. A link to another page stays one; one to any other file leads to the repository."""
    def rewrite(match):
        path = pathlib.Path(os.path.normpath(page.parent / match["to"]))
        if not path.exists():
            raise SystemExit(f"{page.relative_to(ROOT)}: {match['to']} is not there")
        inside = path.is_file() and path.is_relative_to(ROOT / "docs")
        return match["before"] + (str(path.relative_to(ROOT / "docs")) if inside else hosted(path))

    return TOKEN.sub(lambda found: rewrite(found) if found["to"] else found[0], page.read_text())


def check_navigation():
    """Every page has its place in the navigation: one that is forgotten cannot be found."""
    listed = set(re.findall(r"([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.M))
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} | {"index.md"}
    if listed != pages:
        raise SystemExit(f"mkdocs.yml: nav and docs/ differ in {', '.join(sorted(listed ^ pages))}")


def prepare():
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.rmtree(SITE, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES, ignore=shutil.ignore_patterns("*.md"))
    for page in (ROOT / "docs").glob("*.md"):
        (PAGES / page.name).write_text(with_links(page))
    (PAGES / "index.md").write_text(with_links(ROOT / "README.md"))
    for name in ("site.css", "site.js"):
        shutil.copy(ROOT / "packaging" / name, PAGES)


def main():
    check_navigation()
    prepare()
    subprocess.run([cached.pip(ZENSICAL) / "zensical", "build", "--clean"], cwd=ROOT, check=True)
    for page in SITE.rglob("*.html"):  # a theme may name a host that serves what is shipped here
        fetched = re.findall(r"<(?:script|img|iframe)[^>]* src=\"?(https?:[^\" >]+)|"
                             r"<link[^>]* rel=\"?(?:stylesheet|preconnect)\"?[^>]* href=\"?(https?:[^\" >]+)", page.read_text())
        if fetched:
            raise SystemExit(f"{page.relative_to(ROOT)} fetches from elsewhere: {fetched}")


if __name__ == "__main__":
    main()
