"""The documents that the golden notes are made of are documents as the other stages write them."""
import json
import pathlib

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCHEMAS = {f"{path.name}": json.loads(path.read_text()) for path in (ROOT / "docs/schema").glob("*.json")}


@pytest.mark.parametrize("stage", ["plan", "build", "scan"])
def test_document(stage):
    schema = SCHEMAS[f"{stage}.schema.json"]
    resolver = jsonschema.RefResolver(base_uri="", referrer=schema, store=SCHEMAS)
    document = json.loads((ROOT / f"tests/data/notes/{stage}.json").read_text())
    jsonschema.Draft202012Validator(schema, resolver=resolver).validate(document)
