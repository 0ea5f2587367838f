#!/usr/bin/python3
"""The fuzz targets with AFL++ (Debian's afl++), each for MINUTES: `afl.py MINUTES [TARGET...]`. Fails when one crashed or hung;
inputs are in build-afl/out/<target>/default/crashes and hangs."""
import base64
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
BUILD = ROOT / "build-afl"


def main(minutes, *targets):
    targets = targets or sorted(path.stem for path in HERE.glob("fuzz_*.c"))
    env = {**os.environ, "AFL_SKIP_CPUFREQ": "1", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1", "AFL_NO_AFFINITY": "1",
           "AFL_NO_UI": "1", "AFL_QUIET": "1", "ASAN_OPTIONS": "abort_on_error=1:symbolize=0:detect_leaks=0"}
    subprocess.run(["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "--log-level=NOTICE", "-DCMAKE_C_COMPILER=afl-clang-fast",
                    "-DARCCI_FUZZ=ON", "-DARCCI_SANITIZE=address,undefined"], check=True, env=env)
    subprocess.run(["cmake", "--build", BUILD, "--target", *targets], check=True, env=env)
    failed = False
    for target in targets:
        out = BUILD / "out" / target
        subprocess.run(["afl-fuzz", "-i", HERE / "seeds" / target, "-o", out, "-V", str(int(float(minutes) * 60)), "-t", "10000",
                        "-m", "none", "--", BUILD / "tests" / target], check=True, env=env, stdout=subprocess.DEVNULL)
        stats = dict(line.split(":", 1) for line in (out / "default/fuzzer_stats").read_text().splitlines())
        found = {name.strip(): value.strip() for name, value in stats.items()}
        print(target, found["execs_done"], "executions,", found["saved_crashes"], "crashes,", found["saved_hangs"], "hangs", flush=True)
        for crash in sorted((out / "default/crashes").glob("id:*")):
            print("found, in base64:", base64.b64encode(crash.read_bytes()).decode())
        failed |= found["saved_crashes"] != "0"
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
