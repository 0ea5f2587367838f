"""Runs every fuzz target (tests/fuzz/fuzz_*.c, libFuzzer with ASan and UBSan) for ARC_FUZZ_SECONDS each, 5 unless set.
Seeds are in tests/fuzz/seeds/<target>/; what is found is minimised by libFuzzer and belongs there. Every parser in
tools/ must be reached by some target's seeds. tests/fuzz/afl.py does the same with AFL++."""
import base64
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import cached  # noqa: E402

TARGETS = sorted(path.stem for path in HERE.glob("fuzz_*.c"))
SECONDS = os.environ.get("ARC_FUZZ_SECONDS", "5")

# What a parser is called, here: it makes something of a text that others wrote.
PARSER = re.compile(r"^(?:static )?[a-z][\w *]*?\b(\w*(?:(?<!s)parse|decode|read|feed)(?:_\w+)?)\([^;{]*\)\s*\{", re.M)
NO_PARSERS = ("tools/cli/", "tools/cmd/")  # options: the caller's own words
# Those that no target reaches, and why.
REASONS = {
    "the caller's own words":
        "arc_list_format_parse parse_given",
    "reads or passes on a file or a stream, which a parser with a target then takes":
        "arc_context_read arc_file_read_given arc_file_read_stdin arc_project_read_given"
        " arc_project_read_trusted"
        " arc_repository_read arc_repository_read_published plain_read read_body"
        " read_comment read_configuration read_file read_images read_job"
        " read_lock read_log read_named read_notes read_own_text read_root read_sides"
        " scan_scanner_read",
    "asks for what a parser with a target has read":
        "read_back read_index read_ledger read_platforms read_revision",
    "runs git or docker for a person who asks what is wrong: tests/doctor":
        "doctor_read",
    "lines of Trivy's log: tests/scan/test_run.py":
        "read_warnings",
}
EXECUTIONS = {}
EXCEPT = {name: reason for reason, names in REASONS.items() for name in names.split()}


def literals():
    """The words that the program looks for: libFuzzer's dictionary."""
    found = set()
    for path in (ROOT / "tools").rglob("*.c"):
        found |= set(re.findall(r'"([\w ./:@<>{}$-]{3,40})"', path.read_text()))
    return "".join(f'"{word}"\n' for word in sorted(found))


@pytest.fixture(scope="session")
def build():
    folder = ROOT / "build-fuzz"
    env = cached.compiling()
    subprocess.run(["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "--log-level=NOTICE", "-DCMAKE_C_COMPILER=clang",
                    "-DARCCI_FUZZ=ON", "-DARCCI_SANITIZE=address,undefined", "-DARCCI_WERROR=ON"], check=True, env=env)
    subprocess.run(["cmake", "--build", folder, "--target", *TARGETS], check=True, stdout=subprocess.DEVNULL, env=env)
    return folder


def run(build, target, folder, *options):
    env = {**os.environ, "LSAN_OPTIONS": f"suppressions={ROOT}/tests/lsan.supp", "TMPDIR": str(folder)}
    return subprocess.run([build / "tests" / target, "-timeout=20", "-rss_limit_mb=2048", f"-artifact_prefix={folder}/", *options],
                          env=env, capture_output=True, text=True, errors="replace")


def test_every_target_has_seeds():
    assert TARGETS and [target for target in TARGETS if not list((HERE / "seeds" / target).glob("*"))] == []
    assert sorted(path.name for path in (HERE / "seeds").iterdir()) == TARGETS


def test_every_night_each_target_runs_for_an_hour(tmp_path):
    """In a job of its own, by the steps of .github/workflows/nightly.yml: GitHub ends a job after six hours."""
    jobs = yaml.safe_load((ROOT / ".github/workflows/nightly.yml").read_text())["jobs"]
    listing = next(step for step in jobs["targets"]["steps"] if step.get("id") == "list")
    out = tmp_path / "out"
    subprocess.run(["bash", "-ec", listing["run"]], cwd=ROOT / listing["working-directory"], env={**os.environ, "GITHUB_OUTPUT": str(out)}, check=True)
    assert out.read_text() == f"targets={json.dumps(TARGETS, separators=(',', ':'))}\n"

    fuzz = jobs["fuzz"]
    assert fuzz["strategy"]["matrix"] == {"with": ["fuzz", "fuzz-afl"], "target": "${{ fromJSON(needs.targets.outputs.targets) }}"}
    assert 60 < fuzz["timeout-minutes"] <= 360 and "MINUTES=60 TARGETS=\"$TARGET\"" in fuzz["steps"][-1]["run"]
    for tool, program in (("fuzz", "test_fuzz.py::test_fuzz[fuzz_yaml]"), ("fuzz-afl", "afl.py 60 fuzz_yaml")):
        told = subprocess.run(["make", "-n", tool, "MINUTES=60", "TARGETS=fuzz_yaml"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert program in told and all(target not in told for target in TARGETS if target != "fuzz_yaml")


def test_every_parser_is_reached(build, tmp_path):
    """A parser without a target, or whose target has no seed for it, fails here."""
    parsers = {}
    for path in (ROOT / "tools").rglob("*.c"):
        name = str(path.relative_to(ROOT))
        if not any(name.startswith(folder) for folder in NO_PARSERS):
            parsers |= {parser: name for parser in PARSER.findall(path.read_text())}
    covered = set()
    for target in TARGETS:
        done = run(build, target, tmp_path, "-runs=0", "-print_coverage=1", HERE / "seeds" / target)
        assert done.returncode == 0, done.stderr[-4000:]
        covered |= set(re.findall(r"^COVERED_FUNC: .*? edges: \S+ (\w+)", done.stderr, re.M))
    assert len(parsers) > 50 and covered
    assert covered >= {"arc_plan_write", "arc_ledger_write", "arc_version_write"}, "a document that is a seed is refused by now"
    missing = {parser: file for parser, file in parsers.items() if parser not in covered and parser not in EXCEPT}
    assert not missing, "\n".join(f"{file}: {parser}" for parser, file in sorted(missing.items()))
    assert EXCEPT.keys() - parsers.keys() == set(), "no longer there"
    assert EXCEPT.keys() & covered == set(), "reached by now"


@pytest.fixture(scope="module", autouse=True)
def table(record_testsuite_property):
    yield
    record_testsuite_property("figures", f"fuzz: {len(EXECUTIONS)} targets, {sum(EXECUTIONS.values()):,} executions")


@pytest.mark.parametrize("target", TARGETS)
def test_fuzz(build, target, tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    words = tmp_path / "words"
    words.write_text(literals())
    # The same inputs every time, unless it runs for long: what a chance finds is not what a change broke. The seeds are listed,
    # since a folder is read in an order that differs from one file system to the next.
    seed = "1" if "ARC_FUZZ_SECONDS" not in os.environ else "0"
    seeds = tmp_path / "seeds"
    seeds.write_text(",".join(str(path) for path in sorted((HERE / "seeds" / target).iterdir())))
    done = run(build, target, tmp_path, f"-max_total_time={SECONDS}", f"-seed={seed}", "-print_final_stats=1", f"-dict={words}",
               f"-seed_inputs=@{seeds}", corpus)
    found = [base64.b64encode(path.read_bytes()).decode() for path in sorted(tmp_path.glob("*-" + "[0-9a-f]" * 40))]
    assert done.returncode == 0, "\n".join([done.stderr[-4000:], "found, in base64:", *found])
    EXECUTIONS[target] = int(re.search(r"number_of_executed_units: (\d+)", done.stderr)[1])
    print(target, EXECUTIONS[target])
