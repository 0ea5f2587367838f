"""Globs beside picomatch 2.3.1 with {dot: true}: generated pairs, picomatch's own, and those written down here.

ARC_GLOB_PAIRS is how many pairs are generated (200,000), ARC_GLOB_SEED repeats a run. ARC_PICOMATCH_TESTS may name a folder
with picomatch's own test files, which its package does not hold: the pairs that they try are then compared too."""
import os
import pathlib
import random
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import cached  # noqa: E402
import glob_answers  # noqa: E402
import glob_grammar  # noqa: E402

VERSION = "2.3.1"
COUNT = int(os.environ.get("ARC_GLOB_PAIRS", "200000"))
SEED = int(os.environ.get("ARC_GLOB_SEED") or random.SystemRandom().randrange(2 ** 32))
CHUNK = 50000
OWN_TESTS = os.environ.get("ARC_PICOMATCH_TESTS")


@pytest.fixture(scope="module")
def picomatch():
    return cached.npm(f"picomatch@{VERSION}") / "picomatch"


def report(picomatch, new):
    """Each new difference made small, the first few."""
    shown = {}
    for each in new[:200]:
        if len(shown) < 5 and each[0] not in shown:
            shown[each[0]] = glob_answers.minimise(picomatch, each)
    return "\n".join(f"{small!r} (pattern, path, ours, picomatch's), from {new[0][0]!r}" for small in shown.values())


def test_the_oracle_is_that_version(picomatch):
    assert f'"version": "{VERSION}"' in (picomatch / "package.json").read_text()


def test_generated_pairs(picomatch):
    print(f"seed {SEED}, {COUNT} pairs")
    known, agreed, made = {}, {}, 0
    while made < COUNT:
        pairs = glob_grammar.main_pairs(f"{SEED} {made}", min(CHUNK, COUNT - made))
        made += len(pairs)
        new, some_known, some_agreed = glob_answers.differences(picomatch, pairs)
        assert not new, f"ARC_GLOB_SEED={SEED}: {len(new)} of {made} pairs differ\n{report(picomatch, new)}"
        for total, some in ((known, some_known), (agreed, some_agreed)):
            for name, count in some.items():
                total[name] = total.get(name, 0) + count
    print("agreed:", agreed, "known differences:", known)
    assert agreed["1"] > COUNT / 5 and agreed["0"] > COUNT / 5, "the pairs are too much alike"
    assert sum(known.values()) < COUNT / 100, "too many pairs are set aside"


def test_pairs_of_the_readme(picomatch):
    """Every two strings that one line of picomatch's README, change log or sources has in quotes, both ways round."""
    pairs = set()
    for name in ("README.md", "CHANGELOG.md", "lib/picomatch.js", "lib/scan.js", "lib/parse.js"):
        for line in (picomatch / name).read_text().splitlines():
            words = re.findall(r"'([^']+)'", line) + re.findall(r"`([^`]+)`", line)
            pairs |= {(one, other) for one in words for other in words}
    pairs = sorted(pairs)
    assert len(pairs) > 300
    assert not report(picomatch, glob_answers.differences(picomatch, pairs)[0])


# Pattern, paths that match, paths that do not: what facts are worth a line of their own.
WRITTEN_DOWN = [
    ("services/messaging/**", ["services/messaging", "services/messaging/a", "services/messaging/a/.b/c"],
     ["services/messaging2/a", "services", "services/messaging/a\nb", "services/messaging/../a"]),
    ("**", ["a", "a/b", ".a/.b"], ["a\nb", "", ".", "a/.."]),
    ("*", ["a", ".a", "a\nb", "a/"], ["a/b", ".", ".."]),
    ("./src/*", ["src/a", "./src/*"], ["./src/a"]),
    ("/x", ["/x"], ["x"]),
    ("emoji?", ["emojix"], ["emoji😀"]),
    ("emoji??", ["emoji😀"], ["emojix"]),
    ("!a/**", ["b", "a2/b"], ["a/b", "a", "b\n"]),
    ("!!a", ["a"], ["b"]),
    ("a{b", ["a{b"], ["ab"]),
    ("{a,b}/{1..3}.md", ["a/1.md", "b/3.md"], ["a/4.md", "c/1.md"]),
    ("{01..10}", ["0", "1"], ["01", "5"]),
    ("[[:upper:]]*", ["Ab"], ["ab"]),
    ("[^a-c]", ["d"], ["a"]),
    ("[!a-c]", ["a", "!"], ["d"]),
    ("@(a|b).c", ["a.c", "b.c"], ["c.c", "ab.c"]),
    ("!(*.d).ts", ["a.ts"], ["a.d.ts"]),
    ("+(ab)", ["ab", "abab"], ["a", ""]),
    ("**/!(*.test).js", ["a/b.js"], ["a/b.test.js"]),
    ("a\\*b", ["a*b", "a\\*b"], ["axb"]),
    ("!)){", ["t"], []),
    ("a))|(b", ["ab"], ["c"]),
    ('"a*"', ["a*", '"a*"'], ["ab"]),
]


@pytest.mark.parametrize("pattern, match, others", WRITTEN_DOWN, ids=[each[0] for each in WRITTEN_DOWN])
def test_written_down(picomatch, pattern, match, others):
    pairs = [(pattern, path) for path in match + others]
    ours, theirs = glob_answers.answers(picomatch, pairs)
    assert ours == theirs
    assert ours == ["1"] * len(match) + ["0"] * len(others)


KNOWN = [
    ("back reference", "(a|b)\\1", "aa", "E", "1"),
    ("lookbehind", "a(?<=a)b", "ab", "E", "1"),
    ("no end", "a/" + "\\" * 4, "a", "0", "H"),
    ("no end", "[][:alpha:", "a", "0", "H"),
    ("no end", "+(+(+(+(a))))", "a" * 60 + "b", "0", "H"),
    ("name of Object", "constructor", "constructor", "1", "E"),
    ("too large", "a" * 60000, "a", "0", "E"),
]


@pytest.mark.parametrize("name, pattern, path, ours, theirs", KNOWN, ids=[f"{each[0]}: {each[1][:20]}" for each in KNOWN])
def test_known_differences_are_still_there(picomatch, name, pattern, path, ours, theirs):
    assert glob_answers.answers(picomatch, [(pattern, path)]) == ([ours], [theirs])
    assert glob_answers.explain(pattern, ours, theirs) == name
    text = (glob_answers.ROOT / "docs/parity.md").read_text()
    assert f"**{name}**" in text, "docs/parity.md does not name the class"


def test_the_longest_pattern(picomatch):
    """65,537 characters are refused by both; 65,536 are too many for V8 only."""
    longest, longer = "a" * 65536, "a" * 65537
    assert glob_answers.answers(picomatch, [(longest, "a"), (longer, "a")]) == (["0", "E"], ["E", "E"])


def test_bytes_that_are_not_utf8(picomatch):
    """A byte that is not UTF-8 counts as U+FFFD, as it does where git's output is decoded by Node."""
    rng = random.Random(SEED)
    pieces = [b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\x80", "é😀".encode(), b"a", b"/"]
    data = b"".join(rng.choice([b"*", b"**", b"?", b"??", b"???", b"*a", b"\xff?", b"*/*", "\ufffd*".encode()]) + b"\t" +
                    b"".join(rng.choice(pieces) for _ in range(rng.randrange(1, 6))) + b"\n" for _ in range(5000))
    ours = glob_answers.ask([glob_answers.PAIRS], data, 5000)
    assert ours == glob_answers.ask(["node", str(glob_answers.ORACLE), str(picomatch)], data, 5000)
    assert {"0", "1"} <= set(ours)


def harvest(folder):
    """All pairs that the test files give to isMatch()."""
    run = subprocess.run(["node", str(HERE / "glob_harvest.js"), folder], capture_output=True, text=True, check=True)
    return sorted({tuple(line.split("\t")) for line in run.stdout.splitlines()})


if OWN_TESTS:
    def test_picomatch_own_pairs(picomatch):
        pairs = [tuple(re.sub("%(..)", lambda m: chr(int(m[1], 16)), text) for text in pair) for pair in harvest(OWN_TESTS)]
        assert len(pairs) > 5000
        new, known, agreed = glob_answers.differences(picomatch, pairs)
        print(f"{len(pairs)} pairs; agreed: {agreed}, known differences: {known}")
        assert not new, report(picomatch, new)
