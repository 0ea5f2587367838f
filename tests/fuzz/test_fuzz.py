"""Runs every fuzz target (tests/fuzz/fuzz_*.c, libFuzzer with ASan and UBSan) for ARC_FUZZ_SECONDS each, 5 unless set.
Seeds are in tests/fuzz/seeds/<target>/; what is found is minimised by libFuzzer and belongs there. Every parser in
tools/ must be reached by some target's seeds. tests/fuzz/afl.py does the same with AFL++."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
TARGETS = sorted(path.stem for path in HERE.glob("fuzz_*.c"))
SECONDS = os.environ.get("ARC_FUZZ_SECONDS", "5")

# What a parser is called, here: it makes something of a text that others wrote.
PARSER = re.compile(r"^(?:static )?[a-z][\w *]*?\b(\w*(?:parse|decode|read|feed)(?:_\w+)?)\([^;{]*\)\s*\{", re.M)
NO_PARSERS = ("tools/cli/", "tools/cmd/")  # options: the caller's own words
# Those that no target reaches, and why.
REASONS = {
    "the caller's own words":
        "arc_list_format_parse parse_given read_target",
    "reads or passes on a file or a stream, which a parser with a target then takes":
        "arc_context_read arc_file_read_given arc_file_read_stdin arc_project_read_given arc_project_read_trusted"
        " arc_repository_read arc_repository_read_published feed plain_read read_body"
        " read_base read_configuration read_current read_event read_file read_images read_job read_lock read_log"
        " read_message read_named read_notes read_of_commit read_own_text read_project read_range read_root read_sides"
        " read_template read_token_file scan_scanner_read",
    "asks for what a parser with a target has read":
        "assets_read assets_read_release read_back read_core read_index read_label read_latest read_ledger read_revision"
        " read_size",
    "runs git or docker for a person who asks what is wrong: tests/doctor":
        "doctor_read read_network read_time",
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
    subprocess.run(["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "--log-level=NOTICE", "-DCMAKE_C_COMPILER=clang",
                    "-DARCCI_FUZZ=ON", "-DARCCI_SANITIZE=address,undefined", "-DARCCI_WERROR=ON"], check=True)
    subprocess.run(["cmake", "--build", folder, "--target", *TARGETS], check=True, stdout=subprocess.DEVNULL)
    return folder


def run(build, target, folder, *options):
    env = {**os.environ, "LSAN_OPTIONS": f"suppressions={ROOT}/tests/lsan.supp", "TMPDIR": str(folder)}
    return subprocess.run([build / "tests" / target, "-timeout=20", "-rss_limit_mb=2048", f"-artifact_prefix={folder}/", *options],
                          env=env, capture_output=True, text=True, errors="replace")


def test_every_target_has_seeds():
    assert TARGETS and [target for target in TARGETS if not list((HERE / "seeds" / target).glob("*"))] == []
    assert sorted(path.name for path in (HERE / "seeds").iterdir()) == TARGETS


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
    assert done.returncode == 0, done.stderr[-4000:]
    EXECUTIONS[target] = int(re.search(r"number_of_executed_units: (\d+)", done.stderr)[1])
    print(target, EXECUTIONS[target])
