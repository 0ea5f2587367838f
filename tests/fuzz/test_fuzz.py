"""Runs every fuzz target (tests/fuzz/fuzz_*.c, libFuzzer with ASan and UBSan) for ARC_FUZZ_SECONDS each, 15 unless set.
Seeds are in tests/fuzz/seeds/<target>/, where there are any; what is found is minimised by libFuzzer and belongs there."""
import os
import pathlib
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


def test_there_are_targets():
    assert TARGETS


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
