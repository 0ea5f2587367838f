#!/usr/bin/python3
"""Which lines and branches of tools/ the tests reach: builds with gcov into build-coverage, runs suites of tests/check.py (those
that are named; by default the unit tests and all that start no engine), and shows gcovr's table. Exit status 1 below the goals, or
when a test fails.

tests/check.py measures less in no time: what is built for ASan notes what its own suites reach (FLAGS, read_profiles())."""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-coverage"
# These start an engine, or look at other programs than build-coverage/arc-ci.
LEFT_OUT = {"engine", "platform", "workflows", "dist", "fuzz", "install", "site", "static", "tree"}
SUITES = sorted({path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")} - LEFT_OUT)
# gcov allocates and writes as well; the others look at build/.
WITHOUT = {"torture": "every_allocation", "notes": "opened_or_written", "scan": "test_mutation", "threats": "hardened"}
GOALS = {"line": 92, "branch": 80}
# What `make check` holds, in percent: what the unit tests, tests/cmd and tests/fault reach, as clang counts it.
FLOORS = {"lines": 72, "branches": 59}


def profile_flags(folder):
    """What clang needs for programs that add what they reached to files below a folder, up to four for each program. The name stands
    in the program, since most tests choose its environment."""
    return f"-fprofile-instr-generate={folder}/%4m.profraw -fcoverage-mapping"


def read_profiles(folder, programs, sources):
    """For lines and branches how many are reached and how many there are in files below `sources`, by what these programs noted. A
    program that was killed may have left half a file: it is passed over."""
    def tool(name, *words):  # of the LLVM that the compiler is of
        path = subprocess.run(["clang", f"-print-prog-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        return subprocess.run([path, *words], capture_output=True, text=True, check=True).stdout

    merged = folder / "all.profdata"
    tool("llvm-profdata", "merge", "-sparse", "--failure-mode=all", "-o", merged, *sorted(folder.glob("*.profraw")))
    objects = [word for program in programs[1:] for word in ("-object", program)]
    files = json.loads(tool("llvm-cov", "export", "-summary-only", "-instr-profile", merged, programs[0], *objects))["data"][0]["files"]
    own = [file["summary"] for file in files if pathlib.Path(file["filename"]).resolve().is_relative_to(sources)]
    return {kind: (sum(file[kind]["covered"] for file in own), sum(file[kind]["count"] for file in own)) for kind in FLOORS}


def run_suite(suite):
    """What a suite printed, and whether it failed: a figure of tests that ended early would say nothing."""
    run = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", f"tests/{suite}",
                          *(["-k", f"not {WITHOUT[suite]}"] if suite in WITHOUT else [])],
                         cwd=ROOT, env={**os.environ, "ARC_CI": str(BUILD / "arc-ci"), "ARC_GLOB_PROGRAM": str(BUILD / "tests/glob_pairs")}, stdout=subprocess.PIPE, text=True, errors="replace")
    print(f"{run.stdout[-8000:] if run.returncode else ''}-- {suite}: {run.stdout.splitlines()[-1]}", flush=True)
    return run.returncode != 0


def main(*suites):
    subprocess.run(["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "--log-level=NOTICE", "-DCMAKE_BUILD_TYPE=Debug",
                    "-DCMAKE_C_FLAGS=--coverage -fprofile-update=atomic"], check=True)
    subprocess.run(["cmake", "--build", BUILD], check=True, stdout=subprocess.DEVNULL)
    for old in BUILD.rglob("*.gcda"):
        old.unlink()
    failed = subprocess.run(["ctest", "--test-dir", BUILD, "-j2"], stdout=subprocess.DEVNULL).returncode != 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = any(list(pool.map(run_suite, suites or SUITES))) or failed
    out = BUILD / "coverage.json"
    subprocess.run(["gcovr", "--root", ROOT, "--filter", f"{ROOT}/tools/", "--exclude-unreachable-branches", "--exclude-throw-branches",
                    "--gcov-ignore-parse-errors", "--json-summary", out, "--txt", BUILD / "coverage.txt", BUILD], check=True)
    found = json.loads(out.read_text())
    missed = 0
    for kind, goal in GOALS.items():
        percent = found[f"{kind}_percent"]
        missed += percent < goal
        print(f"{kind}{'es' if kind == 'branch' else 's'}: {percent} % of {found[f'{kind}_total']}; the goal is {goal} %{': MISSED' if percent < goal else ''}")
    for file in sorted(found["files"], key=lambda file: file["line_percent"])[:20]:
        print(f"  {file['filename']}: lines {file['line_percent']} %, branches {file['branch_percent']} %")
    return 1 if missed or failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
