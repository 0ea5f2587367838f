"""The stages' documents (docs/documents.md) of the few members that a test is about."""
import json

REVISION = "1" * 40


def digest(short):
    """"sha256:ab" as a digest of full length: its last digit goes on."""
    if not isinstance(short, str) or not short.startswith("sha256:"):
        return short
    return short + short[-1] * (71 - len(short))


def version_of(given):
    tag = given.get("tag", "g/v1.2.0")
    group, _, number = tag.rpartition("/v")
    major, minor, patch = number.split("-")[0].split(".")
    return {"tag": tag, "group": group, "version": number, "image-tag": tag.replace("/", "-"), "prerelease": "-" in number,
            "latest": True, "latest-major": True, "latest-minor": True, "latest-reason": f"highest stable version of {group}",
            "tags-known": True, "major": major, "minor": minor, "patch": patch, "previous-tag": None, **given}


def planned_service(given, platforms):
    name = given["service"]
    directory = given.get("directory", f"services/{name}")
    tags = [{"kind": "floating", "move": True, "reason": "test", **tag} for tag in given.get("tags", [])]
    return {"name": f"o-{name}", "description": None, "tech": None, "directory": directory,
            "context": directory, "platforms": platforms, "dockerfile": f"{directory}/Dockerfile", "image": f"registry.example/{name}", "selected": True,
            "reason": "changed", "staging": "staging-0123", "build-args": {}, "labels": {}, **given, "tags": tags}


def plan_of(given):
    version = given.get("version")
    version = version and complete({"document": "version", **version})
    cells = [{"runner": "ubuntu-24.04", "staging": "staging-0123-cell", **cell} for cell in given.get("cells", [])]
    platforms = given.get("platforms", ["linux/amd64"])
    return {"group": "g", "mode": "release" if version else "ci", "title": "G", "description": None, "push": True,
            "tag": version and version["tag"], "revision": REVISION, "created": "2026-02-23T10:00:00Z", "source": None,
            "platforms": platforms, "generated": [], "any": bool(cells), **given, "version": version,
            "services": [planned_service(service, platforms) for service in given.get("services", [])], "cells": cells}


def built_cell(given):
    cell = {"digest": None, "size": None, "unpacked": None, "started": None, "duration": None, "cached": None,
            "attestations": [], **given}
    return {**cell, "digest": digest(cell["digest"]), "attestations": [digest(item) for item in cell["attestations"]]}


def built_service(given):
    service = {"service": given["service"], "image": f"registry.example/{given['service']}", "digest": None, "key": None, "tags": [], "built": True, "generated": [],
               "base-images": [], "cells": [], **given}
    bases = [{**base, "digest": digest(base["digest"])} for base in service["base-images"]]
    return {**service, "digest": digest(service["digest"]), "base-images": bases,
            "cells": [built_cell(cell) for cell in service["cells"]]}


def build_of(given):
    return {"group": "g", "revision": REVISION, "pushed": True, "dirty": False, **given,
            "services": [built_service(service) for service in given.get("services", [])]}


MAKERS = {"version": version_of, "plan": plan_of, "build": build_of}


def complete(value):
    """Fills in what a document lacks, wherever one is in the value; a job's outputs become text, as GitHub gives them."""
    if not isinstance(value, dict):
        return value
    value = {name: complete(part) for name, part in value.items()}
    if isinstance(value.get("outputs"), dict):
        value["outputs"] = {name: json.dumps(part) if isinstance(part, dict) else part for name, part in value["outputs"].items()}
    if "document" not in value:
        return value
    make = MAKERS.get(value["document"], dict)
    return {"document": value["document"], "format": 1, **make({k: v for k, v in value.items() if k != "document"})}


def plan(**members):
    return complete({"document": "plan", **members})


def build(**members):
    return complete({"document": "build", **members})


def version(tag, **members):
    return complete({"document": "version", "tag": tag, **members})
