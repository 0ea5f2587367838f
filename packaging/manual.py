#!/usr/bin/python3
"""Writes docs/man/arc-ci.yaml.5 and service.yaml.5 from the schemas (make docs)."""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "docs/schema"
PAGES = {
    "arc-ci.yaml": {
        "schema": "arc-ci", "name": "release groups of a container monorepo, for arc-ci(1)", "file": ".github/arc-ci.yaml",
        "text": "YAML 1.2. Keys that start with x- are for anchors and are not read; << merges a mapping. A mistake ends every command "
                "with exit status 2 and its place in the file. The key build of a group and of a service is in service.yaml(5).",
        "example": "groups:\n  shop:\n    registry: ghcr.io/acme\n    tag: \"v{version}\"\n    image-tags: [\"{version}\", latest]\n"
                   "    services: [\"services/*\"]\n"},
    "service.yaml": {
        "schema": "service", "name": "one service of a release group, for arc-ci(1)", "file": "service.yaml",
        "text": "YAML 1.2, in the directory of the service. Other tools may read the file too: keys that are not listed here are left "
                "alone, unless they look like a slip of one that is. The same keys may stand in an entry of services in "
                "arc-ci.yaml(5), with directory beside them.",
        "example": "name: shop-cart\ncodename: cart\nbuild:\n  context: ..\n  target: prod\n  args: {EDITION: full}\n"},
}


def load(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


class Page:
    def __init__(self, schema):
        self.schema, self.lines, self.open = schema, [], []

    def resolve(self, node, document):
        """A node without its $ref, what stands beside it first, and the document that its own references are of."""
        while isinstance(node, dict) and "$ref" in node:
            file, _, pointer = node["$ref"].partition("#")
            document = load(file.removesuffix(".schema.json")) if file else document
            target = document
            for part in pointer.strip("/").split("/"):
                target = target[part.replace("~1", "/")] if part else target
            node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
            if "$ref" in target:
                node["$ref"] = target["$ref"]
        return node, document

    def branches(self, node, document, below=True):
        """The node and its alternatives; `below`: its items and values, too, as far as they may hold keys."""
        node, document = self.resolve(node, document)
        yield node, document
        inner = [*node.get("oneOf", []), *node.get("anyOf", []), *([node.get("items"), node.get("additionalProperties")] if below else [])]
        for one in inner:
            if isinstance(one, dict):
                yield from self.branches(one, document, below)

    def kind(self, node, document):
        """What a value is: its words, or its types."""
        words, types = [], []
        for inner, _ in self.branches(node, document, below=False):
            words += [str(word) for word in inner.get("enum", [])]
            kind = inner.get("type", [])
            types += [kind] if isinstance(kind, str) else kind
        names = {"array": "list", "object": "mapping", "string": "text", "integer": "number", "boolean": "true or false"}
        return " | ".join(dict.fromkeys(words or [names.get(kind, kind) for kind in types]))

    def add_keys(self, properties, required, document):
        for key, given in properties.items():
            if not isinstance(given, dict):
                continue
            elsewhere = given.get("$ref", "") in ("service.schema.json#/$defs/build", "service.schema.json#/$defs/variants")
            node, inner = self.resolve(given, document)
            kind = self.kind(node, inner)
            self.lines += [".TP", f"\\fB{escape(key)}\\fR" + (f" ({escape(kind)})" if kind else "")]
            text = " ".join(filter(None, [node.get("description"), "Required." if key in required else None,
                                         "Its keys are in service.yaml(5)." if elsewhere else None]))
            self.lines.append(escape(text) if text else "\\&")
            if not elsewhere:
                self.add_below(node, inner)

    def add_below(self, node, document):
        identity = json.dumps(node, sort_keys=True)
        if identity in self.open or len(self.open) > 5:
            return
        self.open.append(identity)
        seen = {}
        for inner, where in self.branches(node, document):
            for key, value in inner.get("properties", {}).items():
                seen.setdefault(key, (value, key in inner.get("required", []), where))
        if seen:
            self.lines.append(".RS")
            for key, (value, needed, where) in seen.items():
                self.add_keys({key: value}, {key} if needed else set(), where)
            self.lines.append(".RE")
        self.open.pop()


def escape(text):
    """Text as roff reads it: one line, nothing in it a request."""
    text = re.sub(r"\s+", " ", text).replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\\&" + text if text.startswith((".", "\\(aq")) else text


def write(name, about):
    schema = load(about["schema"])
    page = Page(schema)
    version = re.search(r"project\(\S+ VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
    date = re.search(r"set\(ARCCI_DATE (\S+)\)", (ROOT / "CMakeLists.txt").read_text())[1]
    page.lines += [f'.TH "{name.upper()}" "5" "{date}" "arc\\-ci {version}" "File formats"', ".SH NAME",
                   f"{escape(name)} \\- {escape(about['name'])}", ".SH SYNOPSIS", f"\\fI{escape(about['file'])}\\fR", ".SH DESCRIPTION",
                   escape(schema["description"].split(" See ")[0]), ".PP", escape(about["text"]), ".SH KEYS"]
    page.add_keys(schema["properties"], schema.get("required", []), schema)
    if about["schema"] == "service":
        page.lines += [".SH IN ARC\\-CI.YAML", "An entry of services may hold these keys, too:"]
        entry, document = page.resolve(schema["$defs"]["entry"], schema)
        page.add_keys({key: value for key, value in entry["properties"].items() if key not in schema["properties"]}, [], document)
    page.lines += [".SH EXAMPLE", ".nf", *(escape(line).replace(" ", "\\ ") for line in about["example"].splitlines()), ".fi",
                   ".SH SEE ALSO", "arc\\-ci(1), " + ("service.yaml(5)" if name == "arc-ci.yaml" else "arc\\-ci.yaml(5)")]
    return "\n".join(page.lines) + "\n"


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/man"
    out.mkdir(parents=True, exist_ok=True)
    for page_name, settings in PAGES.items():
        (out / f"{page_name}.5").write_text(write(page_name, settings))
