#!/usr/bin/python3
"""Fails on an #include that goes against the table of arrows, on a circle of files, and on a third-party header outside of
the folder that wraps it (jansson may be used anywhere)."""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
STAGES = {"changes", "plan", "build", "scan", "notes", "release", "report", "lint", "doctor", "steer", "init", "sign"}
# What the files of a folder of tools/ may include beside their own; "." is the files directly in tools/.
ARROWS = {
    "base": set(),
    "os": {"base"},
    "glob": {"base", "os"},
    "http": {"base", "os"},
    "yaml": {"base", "os"},
    "json": {"base", "os"},
    "dockerfile": {"base", "os"},
    "github": {"http", "base", "os"},
    "registry": {"http", "base", "os"},
    "git": {"github", "base", "os"},
    "documents": {"base", "os"},
    "version": {"documents", "base"},
    "config": {"version", "dockerfile", "yaml", "json", "glob", "base", "os"},
    "project": {"config", "version", "documents", "dockerfile", "git", "yaml", "json", "glob", "github", "base", "os"},
    "changes": {"config", "version", "documents", "project", "dockerfile", "git", "github", "registry", "yaml", "glob", "base", "os"},
    "plan": {"config", "version", "documents", "project", "dockerfile", "glob", "base", "os"},
    "sign": {"documents", "build", "registry", "github", "base", "os"},  # of build/ its events alone
    "build": {"config", "version", "documents", "sign", "plan", "project", "registry", "git", "glob", "base", "os"},
    "scan": {"config", "version", "documents", "plan", "project", "registry", "github", "json", "glob", "base", "os"},
    "notes": {"changes", "config", "version", "documents", "sign", "plan", "project", "git", "yaml", "glob", "github", "base", "os"},
    "release": {"config", "version", "documents", "notes", "plan", "project", "github", "glob", "base", "os"},
    "report": {"config", "version", "documents", "notes", "plan", "project", "github", "base", "os"},
    "lint": {"config", "version", "documents", "project", "dockerfile", "git", "yaml", "glob", "base", "os"},
    "init": {"config", "version", "documents", "project", "dockerfile", "git", "yaml", "base", "os"},
    "doctor": {"config", "version", "documents", "lint", "project", "github", "registry", "http", "git", "yaml", "json", "base", "os"},
    "steer": {"config", "version", "documents", "sign", "build", "changes", "lint", "plan", "project", "registry", "github", "git", "base", "os"},
    "html": {"documents", "base", "os"},
    "dryrun": STAGES | {"config", "version", "documents", "project", "github", "git", "json", "base", "os"},
    "cli": {"build", "project", "config", "github", "base", "os"},  # the live table shows the events of a build
    "cmd": STAGES | {"config", "version", "documents", "dryrun", "html", "cli", "project", "github", "glob", "base", "os"},
    ".": {"cli", "base"},
}
# The folder that a public header speaks for.
PUBLIC = {
    "buf": "base", "error": "base", "env": "base", "semver": "base", "arena": "base", "clock": "os", "transport": "github",
    "event": "project", "repository": "project",
    "scan_settings": "config", "release_version": "project",
    "filters": "changes", "template": "base",
}
WRAPPED = {
    "git2": {"git"}, "curl": {"http"}, "yaml": {"yaml"}, "yajl": {"json"}, "zlib": {"os"}, "mbedtls": {"os"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1] == "<", match[2]


def folder_of(header):
    """The folder of tools/ that a quoted header belongs to."""
    parts = header.split("/")
    if parts[0] == "arcci":
        name = parts[-1].removesuffix(".h")
        return PUBLIC.get(name, name)
    return parts[0] if len(parts) > 1 else "."


def check_arrow(place, folder, header):
    target = folder_of(header)
    if folder not in ARROWS:
        yield f"{place}: the table in tests/layering.py has no row for {folder}/"
    elif target != folder and target not in ARROWS[folder]:
        yield f"{place}: {folder} must not include {header}"


def check_third_party(place, folder, header):
    owners = WRAPPED.get(header.split("/")[0].split(".")[0])
    if owners and folder not in owners:
        yield f"{place}: {header} belongs in tools/{' or '.join(sorted(owners))} only"


def circles(edges):
    """Groups of files that include one another (Tarjan's strongly connected components)."""
    order, low, stack, found = {}, {}, [], []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        for target in sorted(edges.get(node, ())):
            if target not in order:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], order[target])
        if low[node] == order[node]:
            group = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(group) > 1:
                found.append(group)

    for node in sorted(edges):
        if node not in order:
            visit(node)
    return found


def findings(root):
    tools, edges = root / "tools", collections.defaultdict(set)
    for path in sorted(tools.rglob("*.[ch]")):
        inner = path.relative_to(tools)
        folder = inner.parts[0] if len(inner.parts) > 1 else "."
        edges[str(inner.with_suffix(""))]  # a node, even without an arrow
        for number, system, header in includes(path):
            place = f"{path.relative_to(root)}:{number}"
            if system:
                yield from check_third_party(place, folder, header)
                continue
            yield from check_arrow(place, folder, header)
            target = pathlib.PurePath(header).with_suffix("")
            if (tools / header).exists() and target != inner.with_suffix(""):
                edges[str(inner.with_suffix(""))].add(str(target))
    for group in circles(edges):
        yield "a circle of files: " + " ".join(sorted(group))
    for path in sorted((root / "include").rglob("*.h")):
        for number, _, header in includes(path):
            if header.split("/")[0].split(".")[0] in WRAPPED:
                yield f"{path.relative_to(root)}:{number}: a public header includes {header}"


if __name__ == "__main__":
    found = list(findings(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
    print("\n".join(found) if found else "layering: ok")
    sys.exit(1 if found else 0)
