"""Asks picomatch and arc-ci about pairs, tells known differences apart from new ones, and makes new ones small."""
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAIRS = os.environ.get("ARC_GLOB_PROGRAM", str(ROOT / "build/tests/glob_pairs"))
ORACLE = pathlib.Path(__file__).with_name("glob_oracle.js")
ESCAPES = {"%": "%25", "\t": "%09", "\n": "%0A", "\r": "%0D", "\0": "%00"}

# docs/parity.md, "Globs": what each class is and why. (name, whether it explains ours and theirs for the pattern)
NAMES_OF_OBJECT = {"constructor", "toString", "valueOf", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable",
                   "toLocaleString", "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__",
                   "__lookupSetter__"}
CLASSES = {
    "back reference": lambda pattern, ours, theirs: ours == "E" and re.search(r"\\[1-9]|\\k", pattern),
    "lookbehind": lambda pattern, ours, theirs: ours == "E" and "?<" in pattern,
    "no end": lambda pattern, ours, theirs: theirs == "H",
    "too large": lambda pattern, ours, theirs: theirs == "E" and ours != "E" and len(pattern) > 10000,
    "name of Object": lambda pattern, ours, theirs: theirs == "E" and pattern in NAMES_OF_OBJECT,
}


def escape(text):
    return re.sub("[%\t\n\r\0]", lambda match: ESCAPES[match[0]], text)


def lines_of(pairs):
    return "".join(f"{escape(pattern)}\t{escape(path)}\n" for pattern, path in pairs).encode(errors="surrogatepass")


def ask(command, data, count):
    run = subprocess.run(command, input=data, capture_output=True, check=False)
    assert run.returncode == 0, f"{command}: {run.returncode}\n{run.stderr.decode(errors='replace')[-2000:]}"
    answers = run.stdout.decode().splitlines()
    assert len(answers) == count, f"{command}: {len(answers)} answers to {count} questions"
    return answers


def answers(picomatch, pairs, timeout=1000):
    data = lines_of(pairs)
    ours = ask([PAIRS], data, len(pairs))
    theirs = ask(["node", str(ORACLE), str(picomatch), str(timeout)], data, len(pairs))
    return ours, theirs


def explain(pattern, ours, theirs):
    """The known class of a difference, or None."""
    return next((name for name, holds in CLASSES.items() if holds(pattern, ours, theirs)), None)


def differences(picomatch, pairs):
    """(the new ones as (pattern, path, ours, theirs), the known ones counted by class, how many 1 and 0 both agreed on)"""
    new, known, agreed = [], {}, {}
    for (pattern, path), ours, theirs in zip(pairs, *answers(picomatch, pairs)):
        if ours == theirs:
            agreed[ours] = agreed.get(ours, 0) + 1
            continue
        name = explain(pattern, ours, theirs)
        if name:
            known[name] = known.get(name, 0) + 1
        else:
            new.append((pattern, path, ours, theirs))
    return new, known, agreed


def shorter(pattern, path):
    for size in (8, 4, 2, 1):
        for at in range(0, len(pattern) - size + 1):
            yield pattern[:at] + pattern[at + size:], path
        for at in range(0, len(path) - size + 1):
            yield pattern, path[:at] + path[at + size:]


def minimise(picomatch, difference):
    """The shortest pair that still differs, by taking parts out."""
    while True:
        pairs = [pair for pair in shorter(*difference[:2]) if pair[0]]
        new = differences(picomatch, pairs)[0] if pairs else []
        if not new:
            return difference
        difference = min(new, key=lambda each: len(each[0]) + len(each[1]))
