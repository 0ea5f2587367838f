"""Every statement of docs/threat-model.md names tests that would fail if it were false, and these exist."""
import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/threat-model.md").read_text()
HELD = TEXT[TEXT.index("## What we promise"):TEXT.index("## What we do not defend against")]
ROWS = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in HELD.splitlines() if line.startswith("| ")]
STATEMENTS = [row for row in ROWS if row[0] not in ("promise", "") and not set(row[0]) <= set("-")]


def exists(reference):
    path, _, name = reference.partition(": ")
    file = ROOT / path
    if not file.is_file():
        return False
    text = file.read_text()
    if path.endswith(".yaml"):
        return any(case["name"] == name for case in yaml.load(text, yaml.BaseLoader))
    return re.search(rf"^(def |static void ){re.escape(name)}\(", text, re.M) is not None


def test_there_are_statements():
    assert len(STATEMENTS) >= 30


@pytest.mark.parametrize("statement, tests", STATEMENTS, ids=[row[0][:60] for row in STATEMENTS])
def test_a_statement_names_its_tests(statement, tests):
    references = re.findall(r"`([^`]+)`", tests)
    assert references, f"no test would notice if this were false: {statement}"
    assert [reference for reference in references if not exists(reference)] == []


def test_outside_of_the_table_nothing_is_claimed():
    prose = [line for line in HELD.splitlines()[1:] if line and not line.startswith(("|", "#"))]
    assert prose == ["Each statement names the tests that would fail if it were false; `tests/threats/test_model.py` checks that it does."]
