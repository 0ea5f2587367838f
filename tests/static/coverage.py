#!/usr/bin/python3
"""Which lines and branches of tools/ the tests reach: builds with gcov into build-coverage, runs suites of tests/check.py (those
that are named; by default the unit tests and all that start no engine), and shows gcovr's table. Exit status 1 below the goals."""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-coverage"
# These start an engine, or look at other programs than build-coverage/arc-ci.
LEFT_OUT = {"engine", "workflows", "dist", "fuzz", "install", "site", "static", "tree"}
SUITES = sorted({path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")} - LEFT_OUT)
GOALS = {"line": 92, "branch": 80}


def main(*suites):
    subprocess.run(["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "--log-level=NOTICE", "-DCMAKE_BUILD_TYPE=Debug",
                    "-DCMAKE_C_FLAGS=--coverage -fprofile-update=atomic"], check=True)
    subprocess.run(["cmake", "--build", BUILD], check=True, stdout=subprocess.DEVNULL)
    for old in BUILD.rglob("*.gcda"):
        old.unlink()
    subprocess.run(["ctest", "--test-dir", BUILD, "-j2"], stdout=subprocess.DEVNULL)
    env = {**os.environ, "ARC_CI": str(BUILD / "arc-ci")}
    for suite in suites or SUITES:
        subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/{suite}"], cwd=ROOT, env=env,
                       stdout=subprocess.DEVNULL)
    out = BUILD / "coverage.json"
    subprocess.run(["gcovr", "--root", ROOT, "--filter", f"{ROOT}/tools/", "--exclude-unreachable-branches", "--exclude-throw-branches",
                    "--gcov-ignore-parse-errors", "--json-summary", out, "--txt", BUILD / "coverage.txt", BUILD], check=True)
    found = json.loads(out.read_text())
    missed = 0
    for kind, goal in GOALS.items():
        percent = found[f"{kind}_percent"]
        missed += percent < goal
        print(f"{kind}s: {percent} % of {found[f'{kind}_total']}; the goal is {goal} %{': MISSED' if percent < goal else ''}")
    for file in sorted(found["files"], key=lambda file: file["line_percent"])[:20]:
        print(f"  {file['filename']}: lines {file['line_percent']} %, branches {file['branch_percent']} %")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
