"""Our YAML tree against js-yaml 4.1.0's, the version that paths-filter v3 reads its filters with: the same tree, or both
refuse. Documents are generated from a fresh seed; the differences that there are stand below by name."""
import json
import pathlib
import random
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))
import cached  # noqa: E402

COUNT = 20000
SEED = random.SystemRandom().randrange(2 ** 32)

# Text, what js-yaml makes of it, what we do: all of it in yaml/yaml.h.
DIFFERENCES = [
    ("a list as a key", "? [a, b]\n: c", '{"a,b":"c"}', "E t:1:3: a key must be a plain value, this is a list"),
    ("a mapping as a key", "? {a: b}\n: c", '{"[object Object]":"c"}', "E t:1:3: a key must be a plain value, this is a mapping"),
    ("keys of one value in two spellings", "{0x10: a, 16: b}", "E duplicated mapping key", '{"0x10":"a","16":"b"}'),
    ("a merge of a list of scalars", "<<: [[a]]", '{"0":"a"}', "E t:1:6: '<<' can only merge mappings, this is a list"),
    ("an alias to what contains it", "&a [*a]", None, "E t:1:5: this alias names a value that contains it"),
    ("a question mark in a flow list", "[?a]", '["?a"]', '[{"a":"<null>"}]'),
    ("an empty item, then a shallower one", "-\n  -\n- 1", '[["<null>","<number>"]]', '[["<null>"],"<number>"]'),
    ("a directive of a name that YAML has not", "%a\n---\na\n", '"a"', "E t:1:3: found unknown directive name (while scanning a "
     "directive, on line 1)"),
    ("a tab before a scalar", "\ta", '"a"', "E t:1:1: there is a tab here; YAML is indented with spaces"),
    ("half a character by an escape", '"\\ud83d\\ude00"', '"😀"', "E t:1:4: found invalid Unicode character escape code (while "
     "parsing a quoted scalar, on line 1)"),
    ("a tag of another kind", "!!seq {a: !!map b}", "E unknown tag !<tag:yaml.org,2002:map>", '{"a":"b"}'),
    ("pairs, and what is encoded", "!!pairs [a: !!binary YQ==]", '[["a",{"0":"<number>"}]]', '[{"a":"YQ=="}]'),
    ("a lone hyphen in a flow list", "[-]", "E missed comma between flow collection entries", '["-"]'),
]


@pytest.fixture(scope="session")
def dump(tmp_path_factory):
    program = tmp_path_factory.mktemp("yaml") / "dump"
    subprocess.run(["cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O1", "-Wall", "-Werror", f"-I{ROOT}/include",
                    f"-I{ROOT}/tools", str(HERE / "dump.c"), str(ROOT / "build/libarcci.a"), "-lyaml", "-ljansson", "-o",
                    str(program)], check=True)
    return program


def compare(dump, documents=None):
    run = subprocess.run(["node", str(HERE / "compare.cjs"), str(cached.npm("js-yaml@4.1.0")), str(dump), str(SEED), str(COUNT)],
                         input=json.dumps(documents or []), capture_output=True, text=True, check=True)
    report = json.loads(run.stdout)
    assert report["status"] == 0
    return report


def test_generated_documents(dump):
    report = compare(dump)
    assert report["count"] == 0, f"seed {SEED}: {json.dumps(report['different'], indent=2, ensure_ascii=False)}"
    assert report["same"] > COUNT / 2 and report["refused"] > COUNT / 50, report


def test_files_of_this_repository(dump):
    files = [*ROOT.glob(".github/*.yaml"), *ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("services/**/*.y*ml"),
             *ROOT.glob("tests/cmd/*.yaml"), *ROOT.glob("tests/lint/*.yaml")]
    documents = [path.read_text() for path in files if "\0" not in path.read_text() and "!!binary" not in path.read_text()]
    report = compare(dump, documents)
    assert report["different"] == [] and report["same"] == len(documents) > 20


@pytest.mark.parametrize("name, text, theirs, ours", DIFFERENCES, ids=lambda value: str(value)[:40])
def test_known_differences(dump, name, text, theirs, ours):
    if theirs is None:  # a cycle, which cannot be printed
        run = subprocess.run([str(dump)], input=text + "\0", capture_output=True, text=True, check=True)
        assert run.stdout == ours + "\n"
        return
    assert compare(dump, [text])["different"] == [{"text": text, "theirs": theirs, "ours": ours}], name
