#!/usr/bin/python3
"""Fails on an #include that goes against cmd -> flow -> port -> base, or brings a third-party header
anywhere but into port/ (jansson may be used anywhere)."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ALLOWED = {
    "base": {"base"},
    "port": {"base", "port"},
    "flow": {"base", "port", "flow"},
    "cmd": {"base", "flow"},
}
THIRD_PARTY = re.compile(r"^(git2|curl|yaml|yajl|pcre2|zlib|zconf|openssl|mbedtls)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def findings(root):
    for path in sorted((root / "tools").rglob("*.[ch]")):
        layer = path.relative_to(root / "tools").parts[0]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            place, header = f"{path.relative_to(root)}:{number}", match[1]
            target = header.split("/")[0]
            if THIRD_PARTY.match(header) and layer != "port":
                yield f"{place}: {header} belongs into tools/port only"
            if layer in ALLOWED and target in ALLOWED and target not in ALLOWED[layer]:
                yield f"{place}: {layer} must not include {header}"
            if layer in ("base", "port", "flow") and header == "command.h":
                yield f"{place}: {layer} must not know the command frame"
    for path in sorted((root / "include").rglob("*.h")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match and THIRD_PARTY.match(match[1]):
                yield f"{path.relative_to(root)}:{number}: a public header includes {match[1]}"


if __name__ == "__main__":
    found = list(findings(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
    print("\n".join(found) if found else "layering: ok")
    sys.exit(1 if found else 0)
