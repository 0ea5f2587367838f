"""Runs every fuzz target (tests/fuzz/fuzz_*.c, libFuzzer with ASan and UBSan) for ARC_FUZZ_SECONDS each, 15 unless set.
Seeds are in tests/fuzz/seeds/<target>/, where there are any; what is found is minimised by libFuzzer and belongs there."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
TARGETS = sorted(path.stem for path in HERE.glob("fuzz_*.c"))
SECONDS = os.environ.get("ARC_FUZZ_SECONDS", "15")


@pytest.fixture(scope="session")
def build():
    folder = ROOT / "build-fuzz"
    subprocess.run(["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "--log-level=NOTICE", "-DCMAKE_C_COMPILER=clang",
                    "-DARCCI_FUZZ=ON", "-DARCCI_SANITIZE=address,undefined", "-DARCCI_WERROR=ON"], check=True)
    subprocess.run(["cmake", "--build", folder, "--target", *TARGETS], check=True, stdout=subprocess.DEVNULL)
    return folder


# Parsers that no target calls itself, and why.
REACHED = {
    "arc_instruction_parse": "by arc_dockerfile_next()",
    "arc_regex_parse": "by a glob's pattern",
    "arc_units_decode": "by a glob's pattern",
}
OWN_WORDS = {"invocation_parse", "arc_list_format_parse", "arc_severity_parse"}  # options: the caller's own


def test_every_parser_has_a_target():
    """Every public or shared NAME_parse() and NAME_decode() is called by a target."""
    headers = [*(ROOT / "include").rglob("*.h"), *(ROOT / "tools").rglob("*.h")]
    parsers = {name for path in headers
               for name in re.findall(r"^[a-z][\w *]*?\b(\w+_(?:parse|decode))\(", path.read_text(), re.M)}
    called = {name for path in HERE.glob("*.[ch]") for name in re.findall(r"(\w+)\(", path.read_text())}
    assert TARGETS and parsers
    assert not parsers - called - REACHED.keys() - OWN_WORDS
    assert not (REACHED.keys() | OWN_WORDS) - parsers, "no longer there"


@pytest.mark.parametrize("target", TARGETS)
def test_fuzz(build, target, tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    seeds = HERE / "seeds" / target
    folders = [corpus] + ([seeds] if seeds.is_dir() else [])
    options = [f"-max_total_time={SECONDS}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
               f"-artifact_prefix={tmp_path}/"]
    env = {**os.environ, "LSAN_OPTIONS": f"suppressions={ROOT}/tests/lsan.supp"}
    run = subprocess.run([build / "tests" / target, *options, *folders], env=env, capture_output=True, text=True,
                         errors="replace")
    assert run.returncode == 0, run.stderr[-4000:]
    print(*[line for line in run.stderr.splitlines() if "number_of_executed_units" in line])
