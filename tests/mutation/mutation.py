#!/usr/bin/python3
"""Do the tests notice a fault? `make mutation SAMPLE=500 SEED=1` draws lines of tools/ at random, lets universalmutator change each,
and runs the tests that enter the changed function, until one fails. Mutants that the compiler refuses (-Werror) or makes
the same object code of do not count; those of equivalent.yaml change nothing that can be seen, and it says why.

Which tests enter which function is found once for each commit by a run of all of SUITES with a program that notes it (reach.c), and
kept in the tests' cache (cached.py); ARC_MUTATION_MAP names another folder. What each mutant came to is in build-mutation/SEED.jsonl;
AGAIN=1 tries those that lived there once more."""
import concurrent.futures
import contextlib
import functools
import io
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))
import cached  # noqa: E402

BUILD = ROOT / "build"  # what the mutants are linked with
NOTING = ROOT / "build-mutation"
MUTATOR = "universalmutator==1.14.1"
# These start an engine, look at other programs than ARC_CI, or are about speed, memory and faults of the system.
LEFT_OUT = {"engine", "platform", "workflows", "dist", "fuzz", "install", "site", "static", "torture", "bench", "model"}
FIRST = ("unit", "cmd")
GLOB = "parity/test_glob_parity.py"
PROGRAMS = {GLOB: "tests/glob_pairs"}  # where it is not arc-ci
SUITES = [*FIRST, *sorted({path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")} - LEFT_OUT - set(FIRST)), GLOB]
BUDGET = 75  # seconds of tests for a mutant
GOAL = 85
FENCE = [HERE / "fence.sh", pathlib.Path.home(), ROOT, tempfile.gettempdir(), "--"]
# A line at the left margin that names a function.
FUNCTION = re.compile(r"^[A-Za-z_][^;={]*?\b(\w+)\(")


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", **options)


# ---- which tests enter which function -------------------------------------------------------
def build_noting():
    subprocess.run(["clang", "-O2", "-c", HERE / "reach.c", "-o", NOTING / "reach.o"], check=True)
    subprocess.run(["cmake", "-S", ROOT, "-B", NOTING, "-G", "Ninja", "--log-level=NOTICE", "-DCMAKE_C_COMPILER=clang", "-DCMAKE_BUILD_TYPE=Debug",
                    "-DCMAKE_C_FLAGS=-O1 -fno-inline -fsanitize-coverage=func,trace-pc-guard",
                    f"-DCMAKE_EXE_LINKER_FLAGS={NOTING}/reach.o"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", NOTING, "--target", "arc-ci", "unit_tests", "glob_pairs"], check=True, stdout=subprocess.DEVNULL)


def names_of(program, places):
    """tools/FOLDER/FILE.c:FUNCTION for places in a program."""
    said = run(["addr2line", "-f", "-e", program], input="\n".join(map(hex, places)), check=True).stdout.splitlines()
    return [f"{os.path.relpath(file.rsplit(':', 1)[0], ROOT)}:{function}" for function, file in zip(said[::2], said[1::2])]


def note_unit():
    """A row for each program of unit tests, as chosen.py writes them, but with names."""
    for source in sorted((ROOT / "tests/unit").glob("test_*.c")):
        program = NOTING / "tests" / source.stem
        noted = pathlib.Path(f"{program}.reach")
        noted.write_bytes(b"")
        start = time.monotonic()
        if run([program]).returncode == 0:
            places = {place for place in memoryview(noted.read_bytes()).cast("I") if place}
            yield f"unit/{source.stem}", time.monotonic() - start, names_of(program, places)


def note_suite(suite):
    with tempfile.TemporaryDirectory() as scratch:
        program, notes = pathlib.Path(scratch, "program"), pathlib.Path(scratch, "notes")
        shutil.copy(NOTING / PROGRAMS.get(suite, "arc-ci"), program)
        pathlib.Path(f"{program}.reach").touch()
        notes.touch()
        print(f"{suite}: {run_pytest(suite, program, ARC_REACH_NOTES=str(notes)).stdout.splitlines()[-1]}", flush=True)
        rows = [json.loads(line) for line in notes.read_text().splitlines()]
        places = sorted({place for row in rows for place in row[2]})
        names = dict(zip(places, names_of(program, places)))
        return [(name, seconds, [names[place] for place in entered]) for name, seconds, entered in rows]


def map_file(folder, suite):
    return folder / f"{suite.replace('/', '-')}.jsonl"


def note(folder, suite):
    rows = note_unit() if suite == "unit" else note_suite(suite)
    new = map_file(folder, suite).with_suffix(".new")
    new.write_text("".join(json.dumps(row) + "\n" for row in rows))
    new.rename(map_file(folder, suite))


def read_map():
    """For each function the tests that enter it, as (suite, test, seconds)."""
    commit = run(["git", "rev-parse", "HEAD"], cwd=ROOT, check=True).stdout.strip()
    folder = pathlib.Path(os.environ.get("ARC_MUTATION_MAP") or cached.CACHE / "mutation" / commit)
    folder.mkdir(parents=True, exist_ok=True)
    missing = [suite for suite in SUITES if not map_file(folder, suite).exists()]
    if missing:
        build_noting()
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(functools.partial(note, folder), missing))
    entered = {}
    for suite in SUITES:
        for line in map_file(folder, suite).open():
            test, seconds, functions = json.loads(line)
            for function in set(functions):
                entered.setdefault(function, []).append((suite, test, seconds))
    return entered


# ---- mutants --------------------------------------------------------------------------------
def drawn(seed):
    """(file, line's index, mutated line) without end of the sample, in an order that the seed tells."""
    site = next((cached.pip(MUTATOR).parent / "lib").glob("*/site-packages"))
    sys.path.append(str(site))
    from universalmutator import mutator
    chance = random.Random(seed)
    lines = [(str(path.relative_to(ROOT)), i) for path in sorted((ROOT / "tools").rglob("*.c"))
             for i, line in enumerate(path.read_text().splitlines()) if not re.match(r"\s*(/\*|\*|//|#include|[{}]*$)", line)]
    chance.shuffle(lines)
    for file, i in lines:
        with contextlib.redirect_stdout(io.StringIO()):
            made = mutator.mutants_regexp([(ROOT / file).read_text().splitlines(True)[i]],
                                          ["universal.rules", "c_like.rules", "c.rules"], ignorePatterns=[])
        if made:
            yield file, i, chance.choice(made)[1]


def found_again(row):
    """The mutant of a row, wherever its line is by now; an index of None if it is gone."""
    lines = (ROOT / row["file"]).read_text().splitlines()
    places = [i for i, line in enumerate(lines) if line.strip() == row["was"]]
    return row["file"], min(places, key=lambda i: abs(i + 1 - row["line"]), default=None), row["is"] + "\n"


def function_at(file, i):
    """The function that a line is in, or None for what stands outside."""
    for line in reversed((ROOT / file).read_text().splitlines()[:i + 1]):
        if line.startswith("}"):
            return None
        if FUNCTION.match(line):
            return FUNCTION.match(line)[1]
    return None


@functools.cache
def build_commands():
    """The compiler's command for each source, and the linker's for arc-ci and each unit test."""
    compile_all = {os.path.relpath(row["file"], ROOT): shlex.split(row["command"])
                   for row in json.loads(run(["ninja", "-C", BUILD, "-t", "compdb"], check=True).stdout)
                   if row["file"].endswith(".c") and row["command"].find(" -c ") > 0}
    targets = ["arc-ci", *PROGRAMS.values(), *(f"tests/{source.stem}" for source in (ROOT / "tests/unit").glob("test_*.c"))]
    link = {target: shlex.split(run(["ninja", "-C", BUILD, "-t", "commands", "-s", target], check=True).stdout) for target in targets}
    return compile_all, {target: [word for word in words if word not in (":", "&&")] for target, words in link.items()}


def compile_source(file, text, folder):
    """The object of a source with this text, without anything that says where it was; None if the compiler refuses it."""
    source = folder / pathlib.Path(file).name
    source.write_text(text)
    command = build_commands()[0][file]
    command = [word for word in command[:command.index("-MD")] if word not in ("ccache", "-g")]
    made = run([*command, "-Werror", "-iquote", ROOT / pathlib.Path(file).parent, "-o", source.with_suffix(".o"), "-c", source],
               cwd=BUILD)
    return source.with_suffix(".o") if made.returncode == 0 else None


@functools.cache
def plain_object(file):
    with tempfile.TemporaryDirectory() as folder:
        return compile_source(file, (ROOT / file).read_text(), pathlib.Path(folder)).read_bytes()


def link(target, file, made, folder):
    """A program with the mutant's object in the place of its own: an archive gives only what is still missing."""
    own = re.compile(rf".*\.dir/{re.escape(file)}\.o")
    words = [word for word in build_commands()[1][target] if not own.fullmatch(word)]
    place = words.index("-o")
    program = folder / pathlib.Path(target).name
    linked = run([*words[:place], "-Wl,-s", made, "-o", program, *words[place + 2:]], cwd=BUILD)
    return program if linked.returncode == 0 else None


# ---- tests ----------------------------------------------------------------------------------
def run_pytest(suite, program, *options, fence=(), timeout=None, **variables):
    env = {**os.environ, "ARC_CI": str(program), "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    if suite == GLOB:
        env.update(ARC_GLOB_PROGRAM=str(program), ARC_GLOB_PAIRS="20000", ARC_GLOB_SEED="1")
    return run([*fence, "/usr/bin/python3", "-m", "pytest", "-q", "-p", "chosen", "-p", "no:cacheprovider", "--tb=no",
                "--ignore=tests/scan/test_mutation.py", f"tests/{suite}", *options], cwd=ROOT, env=env, timeout=timeout)


def run_chosen(suite, program, tests, folder):
    """The name of the first of these tests that fails, or None."""
    chosen = folder / "chosen.json"
    chosen.write_text(json.dumps(tests))
    try:
        done = run_pytest(suite, program, "-x", fence=FENCE, timeout=120 + 10 * sum(tests.values()), ARC_REACH_CHOSEN=str(chosen))
    except subprocess.TimeoutExpired:
        return f"{suite}: without end"
    if done.returncode in (0, 5):  # 5: no test of these
        return None
    failed = re.search(r"^first to fail: (.*)", done.stdout, re.M)
    return failed[1] if failed else f"{suite}: {done.stdout[-200:]} {done.stderr[-200:]}"


noisy, sound = set(), set()  # tests that fail without a fault as well, and those that do not


def is_noise(suite, test, folder):
    """Whether a test fails with the program as it is, too: each that caught something is asked once."""
    if test not in noisy | sound:
        (noisy if run_chosen(suite, BUILD / PROGRAMS.get(suite, "arc-ci"), {test: 10}, folder) else sound).add(test)
    return test in noisy


def find_catcher(file, made, tests, folder):
    """The test that notices the mutant, or None."""
    for suite, test, seconds in sorted((row for row in tests if row[0] == "unit"), key=lambda row: row[2]):
        program = link(f"tests/{test.split('/')[1]}", file, made, folder)
        try:
            if program and run([*FENCE, program], timeout=20 + 10 * seconds).returncode != 0:
                return test
        except subprocess.TimeoutExpired:
            return test
    spent, chosen = 0, {}
    for suite, test, seconds in sorted((row for row in tests if row[0] != "unit"), key=lambda row: (row[0] not in FIRST, row[2])):
        spent += seconds
        if spent < BUDGET and test not in noisy:
            chosen.setdefault(suite, {})[test] = seconds
    for suite, names in chosen.items():
        program = link(PROGRAMS.get(suite, "arc-ci"), file, made, folder)
        while program and (failed := run_chosen(suite, program, names, folder)):
            if not is_noise(suite, failed, folder):
                return failed
            names.pop(failed, None)
    return None


def try_mutant(entered, mutant):
    """What a mutant came to, or None if it is none."""
    file, i, text = mutant
    if i is None:
        return None
    lines = (ROOT / file).read_text().splitlines(True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        made = compile_source(file, "".join([*lines[:i], text, *lines[i + 1:]]), folder)
        if not made or made.read_bytes() == plain_object(file):
            return None
        function = function_at(file, i)
        names = [f"{file}:{function}"] if function else [name for name in entered if name.startswith(f"{file}:")]
        if not function and file.startswith("tools/cmd/"):  # its table, which help shows
            names.append("tools/cli/help.c:option_values")
        tests = sorted({test for name in names for test in entered.get(name, [])})
        caught = find_catcher(file, made, tests, folder) if tests else None
        return {"file": file, "line": i + 1, "function": function, "was": lines[i].strip(), "is": text.strip(), "tests": len(tests), "caught": caught}


def show(results, equivalent):
    lived = [row for row in results if not row["caught"]]
    same = [row for row in lived if any(all(row[key] == known[key] for key in ("file", "was", "is")) for known in equivalent)]
    lived = [row for row in lived if row not in same]
    for row in sorted(lived, key=lambda row: (row["file"], row["line"])):
        print(f"{row['file']}:{row['line']}: {row['tests']} tests of {row['function']}\n  - {row['was']}\n  + {row['is']}")
    caught = len(results) - len(lived) - len(same)
    share = 100 * caught / max(1, caught + len(lived))
    print(f"mutants: {len(results)}, caught: {caught}, equivalent: {len(same)}, lived: {len(lived)} (in functions that no test enters: "
          f"{sum(not row['tests'] for row in lived)}), caught of those that change something: {share:.1f} %; the goal is {GOAL} %")
    return 1 if share < GOAL else 0


def main(sample=500, seed=1):
    NOTING.mkdir(exist_ok=True)
    entered = read_map()
    report = NOTING / f"{seed}.jsonl"
    results, mutants, start, next_one = [], drawn(seed), time.monotonic(), threading.Lock()
    if os.environ.get("AGAIN"):
        results = [json.loads(line) for line in report.read_text().splitlines()]
        mutants = iter([found_again(row) for row in results if not row["caught"]])
        results = [row for row in results if row["caught"]]
    with report.open("w") as file, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        file.write("".join(json.dumps(row) + "\n" for row in results))

        def work():
            while len(results) < sample:
                with next_one:
                    mutant = next(mutants, None)
                if not mutant:
                    return
                if row := try_mutant(entered, mutant):
                    with next_one:
                        results.append(row)
                        file.write(json.dumps(row) + "\n")
                        file.flush()

        for done in [pool.submit(work) for _ in range(os.cpu_count())]:
            done.result()
    print(f"seed {seed}, {time.monotonic() - start:.0f} s")
    return show(results, yaml.safe_load((HERE / "equivalent.yaml").read_text()) or [])


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
