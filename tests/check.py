#!/usr/bin/python3
"""Runs every suite and closes with "N passed, N failed, N skipped".

Suites: the unit tests (gcc, clang with ASan and UBSan, valgrind) and every folder of pytest tests. A suite
that cannot run counts as failed; with CI=true a skipped test does too. `tests/check.py NAME...` runs
only the suites of those names.

A sample runs of the command tests under valgrind (test_cmd.py has its rule) and of what tests/engine tries at random;
with ARC_WHOLE=1 all of it does (`make whole`). What the suites under ASan reach of tools/ is counted at the end (tests/static/coverage.py)."""
import concurrent.futures
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/static")]
import cached  # noqa: E402
import coverage  # noqa: E402

CI = os.environ.get("CI") == "true"
SAMPLE = () if os.environ.get("ARC_WHOLE") else ("-k", "test_case")
PATIENCE = 3000 if SAMPLE else 12000  # seconds for a suite
# Debian's valgrind is a shell script, which drops variables like INPUT_LIST-FILES; the program is beside it.
VALGRIND = ("/usr/bin/valgrind" + ".bin" * os.path.exists("/usr/bin/valgrind.bin") +
            " -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible "
            f"--suppressions={ROOT}/tests/valgrind.supp")
PROFILES = ROOT / "build-asan/profiles"
SANITIZED = {
    "ASAN_OPTIONS": "detect_leaks=1:exitcode=98",
    "LSAN_OPTIONS": f"suppressions={ROOT}/tests/lsan.supp:print_suppressions=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=98",
}


class Tally:
    def __init__(self, passed=0, failed=0, skipped=0, names=(), text=""):
        self.passed, self.failed, self.skipped = passed, failed, skipped
        self.names, self.text, self.figures = list(names), text, []

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.names += other.names
        self.text += other.text
        self.figures += other.figures


def build(folder, *options, compiler="gcc", anywhere=True):
    command = ["cmake", "-S", str(ROOT), "-B", str(ROOT / folder), "-G", "Ninja", "-DARCCI_WERROR=ON",
               f"-DCMAKE_C_COMPILER={compiler}", *options]
    env = cached.compiling(anywhere)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)
    subprocess.run(["cmake", "--build", str(ROOT / folder)], check=True, env=env)


def build_all():
    build("build")
    build("build-asan", "-DARCCI_SANITIZE=address,undefined", "-DCMAKE_BUILD_TYPE=Debug",
          f"-DCMAKE_C_FLAGS={coverage.profile_flags(PROFILES)}", compiler="clang", anywhere=False)
    shutil.rmtree(PROFILES, ignore_errors=True)


def read_junit(path, name):
    """Counts a JUnit file; an unreadable one is a failure of the suite."""
    try:
        root = ET.parse(path).getroot()
    except (ET.ParseError, FileNotFoundError) as problem:
        return Tally(failed=1, names=[f"{name}: no result ({problem})"])
    tally = Tally()
    tally.figures = [found.get("value") for found in root.iter("property") if found.get("name") == "figures"]
    cases = list(root.iter("testcase"))
    for case in cases:
        title = f"{name}: {case.get('classname') or ''} {case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            tally.add(Tally(failed=1, names=[title]))
        elif case.find("skipped") is not None:
            tally.add(Tally(skipped=1, names=[title + " (skipped: " + case.find("skipped").get("message", "") + ")"]))
        else:
            tally.passed += 1
    if not cases:
        return Tally(failed=1, names=[f"{name}: ran no test"])
    return tally


def unit(folder, wrapper="", environment=None):
    """Every cmocka program, one JUnit file each."""
    tally = Tally()
    for source in sorted((ROOT / "tests/unit").glob("test_*.c")):
        with tempfile.TemporaryDirectory() as scratch:
            report = pathlib.Path(scratch) / "%g.xml"
            env = {**os.environ, **(environment or {}), "CMOCKA_MESSAGE_OUTPUT": "xml",
                   "CMOCKA_XML_FILE": str(report)}
            command = [*wrapper.split(), str(ROOT / folder / "tests" / source.stem)]
            run = subprocess.run(command, env=env, capture_output=True, text=True, errors="replace")
            found = sorted(pathlib.Path(scratch).glob("*.xml"))
            one = read_junit(found[0] if found else report, source.stem)
            if run.returncode != 0 and one.failed == 0:
                one.add(Tally(failed=1, names=[f"{source.stem}: exit {run.returncode}"]))
            if one.failed:
                one.text = f"{run.stdout[-3000:]}\n{run.stderr[-6000:]}\n"
            tally.add(one)
    return tally


def pytest(folder, arguments=(), environment=None, timeout=PATIENCE):
    with tempfile.TemporaryDirectory() as scratch:
        report = f"{scratch}/junit.xml"
        env = {**os.environ, "ARC_CI": str(ROOT / "build/arc-ci"), "PYTHONDONTWRITEBYTECODE": "1",
               **(environment or {})}
        command = ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short",
                   f"--junitxml={report}", str(ROOT / folder), *arguments]
        try:
            run = subprocess.run(command, env=env, cwd=ROOT, timeout=timeout, capture_output=True, text=True,
                                 errors="replace")
        except subprocess.TimeoutExpired:
            return Tally(failed=1, names=[f"{folder}: still running after {timeout} s"])
        tally = read_junit(report, folder)
        if run.returncode != 0 and tally.failed == 0:
            tally.add(Tally(failed=1, names=[f"{folder}: pytest exit {run.returncode}"]))
        tally.text = run.stdout[-20000:] + run.stderr[-4000:] if run.returncode else ""
        return tally


def static_program():
    """The released binary for this machine."""
    target = f"linux-{platform.machine()}"
    subprocess.run([sys.executable, str(ROOT / "packaging/dist.py"), target], check=True, stdout=subprocess.DEVNULL)
    return ROOT / f"dist/arc-ci-{target}"


# Those that take longest start first, but no three with an engine at once: they wait for one disk.
LONGEST = ("platform", "workflows", "scan", "cmd-valgrind", "dist", "engine", "steer", "torture", "fuzz", "changes", "sign")
# Those whose programs note what of tools/ they reach.
MEASURED = ("unit-asan", "cmd-asan", "fault-asan")


def suites():
    asan = {"ARC_CI": str(ROOT / "build-asan/arc-ci"), **SANITIZED}
    yield "unit", lambda: unit("build")
    yield "unit-asan", lambda: unit("build-asan", environment=SANITIZED)
    yield "unit-valgrind", lambda: unit("build", wrapper=VALGRIND)
    yield "cmd", lambda: pytest("tests/cmd")
    yield "cmd-asan", lambda: pytest("tests/cmd", environment=asan)
    yield "cmd-valgrind", lambda: pytest("tests/cmd", SAMPLE, {"ARC_CI_WRAPPER": VALGRIND, "ARC_CI_SAMPLE": "1" * bool(SAMPLE)})
    yield "cmd-static", lambda: pytest("tests/cmd", environment={"ARC_CI": str(static_program())})
    yield "fault-asan", lambda: pytest("tests/fault", environment=asan)
    folders = {path.parent for path in (ROOT / "tests").glob("*/test_*.py")} - {ROOT / "tests/cmd"}
    for folder in sorted(folders):
        yield folder.name, lambda folder=folder: pytest(folder.relative_to(ROOT))


def reached():
    """The share of tools/ that the suites under ASan reached."""
    programs = [ROOT / "build-asan/arc-ci", *sorted(ROOT / "build-asan/tests" / path.stem for path in (ROOT / "tests/unit").glob("test_*.c"))]
    tally, said = Tally(passed=1), []
    for kind, (some, total) in coverage.read_profiles(PROFILES, programs, ROOT / "tools").items():
        share, floor = 100 * some / total, coverage.FLOORS[kind]
        said.append(f"{share:.1f} % of {total:,} {kind} (floor {floor} %)")
        if share < floor:
            tally = Tally(failed=1, names=[f"coverage: {share:.2f} % of the {kind} of tools/ are reached, fewer than {floor} %"])
    tally.figures = ["reached by " + ", ".join(MEASURED) + ": " + ", ".join(said)]
    return tally


def run_suite(name, run):
    start = time.monotonic()
    try:
        tally = run()
    except (OSError, subprocess.SubprocessError) as problem:
        tally = Tally(failed=1, names=[f"{name}: {problem}"])
    print(f"{tally.text}-- {name}: {tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped "
          f"({time.monotonic() - start:.0f} s)", flush=True)
    return tally


def main(wanted):
    """One suite more at a time than there are processors: most of them wait for others half of the time."""
    total = Tally()
    build_all()
    chosen = [(name, run) for name, run in suites() if not wanted or name in wanted]
    chosen.sort(key=lambda suite: LONGEST.index(suite[0]) if suite[0] in LONGEST else len(LONGEST))
    with concurrent.futures.ThreadPoolExecutor(1 + (os.cpu_count() or 2)) as pool:
        for tally in pool.map(lambda suite: run_suite(*suite), chosen):
            total.add(tally)
    if {name for name, _ in chosen} >= set(MEASURED):
        total.add(run_suite("coverage", reached))
    print(*sorted(total.figures), sep="\n")
    for name in total.names:
        print("  ", name)
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed or not total.passed or (CI and total.skipped) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as problem:
        print(f"the build failed: {problem}\n0 passed, 1 failed, 0 skipped")
        sys.exit(1)
