"""What can be seen without running arc-ci: cppcheck finds nothing that is not reasoned (cppcheck.suppressions), and the shipped
static binary is built as docs/security.md says. clang-tidy and gcc -fanalyzer take longer: analyze.py, `make analyze`."""
import pathlib
import platform
import re
import runpy
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT / "packaging"), str(ROOT / "tests")]
import cached  # noqa: E402
import dist  # noqa: E402

CPPCHECK = ["cppcheck", "--std=c11", "--language=c", "--enable=warning,portability,performance", "--suppress=missingIncludeSystem", "--suppress=missingInclude",
            f"--suppressions-list={HERE}/cppcheck.suppressions", "--quiet", "-Itools", "-Iinclude", f"--include={HERE}/macros.h",
            "--max-configs=1", "-D_POSIX_C_SOURCE=200809L", "--template={file}:{line}: {id}: {message}", "--error-exitcode=1"]


def test_cppcheck():
    """What it said of a file that is the same as in the run before, it says again from the cache."""
    with cached.once("cppcheck", cached.hashed(HERE / "cppcheck.suppressions", HERE / "macros.h")) as (folder, _):
        run = subprocess.run([*CPPCHECK, f"--cppcheck-build-dir={folder}", "tools"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_cppcheck_sees_a_defect(tmp_path):
    (tmp_path / "x.c").write_text("#include <stdlib.h>\nint f(void)\n{\n    char *a = malloc(4);\n    a[5] = 0;\n    return 0;\n}\n")
    run = subprocess.run([*CPPCHECK, tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1 and "x.c:" in run.stderr


def test_every_suppression_has_its_reason_and_its_file():
    lines = (HERE / "cppcheck.suppressions").read_text().splitlines()
    for line in (line for line in lines if not line.startswith("#")):
        assert (ROOT / line.split(":")[1]).is_file(), line
    assert lines[0].startswith("#") and not [i for i, line in enumerate(lines) if line.startswith("#") and i + 1 == len(lines)]


def test_every_judgment_names_a_file():
    import analyze
    assert not [path for path, _ in analyze.REASONED if not (ROOT / path).is_file()]


def test_what_programs_reached_is_counted(tmp_path):
    """By several programs together, whatever one of them left half-written; sources beside those that are asked for do not count."""
    coverage = runpy.run_path(str(HERE / "coverage.py"))
    profiles, sources = tmp_path / "profiles", tmp_path / "tools"
    sources.mkdir()
    (sources / "half.c").write_text("int half(int n);\nint half(int n)\n{\n    if (n)\n        return 1;\n    return 2;\n}\n")
    (tmp_path / "main.c").write_text("int half(int n);\nint main(int argc, char **argv)\n{\n    (void)argv;\n    return half(WHICH || argc > 9) == 3;\n}\n")
    programs = [tmp_path / name for name in ("one", "two")]
    for which, program in enumerate(programs):
        subprocess.run(["clang", *coverage["profile_flags"](profiles).split(), f"-DWHICH={which}", "main.c", "tools/half.c", "-o", program], cwd=tmp_path, check=True)
    subprocess.run([programs[0]], env={}, check=True)
    assert coverage["read_profiles"](profiles, programs, sources) == {"lines": (4, 5), "branches": (1, 2)}
    (profiles / "killed.profraw").write_bytes(next(profiles.glob("*.profraw")).read_bytes()[:99])
    subprocess.run([programs[1]], env={}, check=True)
    assert coverage["read_profiles"](profiles, programs, sources) == {"lines": (5, 5), "branches": (2, 2)}


def read(program, *options):
    return subprocess.run(["readelf", "-W", *options, program], capture_output=True, text=True, check=True).stdout


def test_the_shipped_binary_is_hardened():
    target = f"linux-{platform.machine()}"
    subprocess.run([sys.executable, ROOT / "packaging/dist.py", target], check=True, stdout=subprocess.DEVNULL)
    program = ROOT / f"dist/arc-ci-{target}"
    segments, dynamic = read(program, "-l"), read(program, "-d")
    assert "DYN (Position-Independent Executable file)" in read(program, "-h")
    assert "INTERP" not in segments and "NEEDED" not in dynamic  # nothing of the machine is loaded
    assert "GNU_RELRO" in segments and "BIND_NOW" in dynamic
    assert re.search(r"GNU_STACK .* RW ", segments)
    assert not re.search(r"LOAD .* RWE ", segments)
    if platform.machine() == "x86_64":
        code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], capture_output=True, text=True, check=True).stdout
        assert code.count("%fs:0x28") > 500, "no stack protectors"
    check_sealed(program)


def check_sealed(program):
    """The tables that are filled in with addresses at the start can't be written while it runs."""
    start, size = (int(word, 16) for word in re.search(r"GNU_RELRO +\S+ (\S+) \S+ \S+ (\S+)", read(program, "-l")).groups())
    with subprocess.Popen([program, "glob", "**"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as running:
        running.stdin.write(b"first\n" * 100_000)  # more than a pipe holds: it has begun to read
        maps = pathlib.Path(f"/proc/{running.pid}/maps").read_text()
        running.stdin.close()
    parts = [(int(first, 16), int(last, 16), rights)
             for first, last, rights in re.findall(rf"^(\w+)-(\w+) (\S+) .*{program}$", maps, re.MULTILINE)]
    start += parts[0][0]
    assert {rights for first, last, rights in parts if first < start + size and start < last} == {"r--p"}, maps


def test_what_asks_the_system_compiles_for_macos(tmp_path):
    """The files that include more than ISO C's headers, with the headers of macOS that zig has; the libraries' are this machine's."""
    asks = re.compile(r"#define _GNU_SOURCE|#include <(?:[a-z]+/\w+|dirent|dlfcn|fcntl|poll|pthread|signal|spawn|unistd)\.h>")
    files = [path for path in sorted((ROOT / "tools").rglob("*.c")) if asks.search(path.read_text())]
    assert len(files) > 20
    for name in ("curl", "git2", "git2.h", "jansson.h", "jansson_config.h", "mbedtls", "yajl", "yaml.h", "zconf.h", "zlib.h"):
        [found] = [path for path in (pathlib.Path("/usr/include", name), *pathlib.Path("/usr/include").glob(f"*-linux-gnu/{name}")) if path.exists()]
        (tmp_path / name).symlink_to(found)
    [macos] = cached.pip(dist.ZIG).parent.glob("lib/python3*/site-packages/ziglang/lib/libc/include/any-macos-any")
    options = ["-target", "arm64-apple-macos13", "-std=c11", "-fsyntax-only", "-Werror", "-nostdlibinc", "-Iinclude", "-Itools",
               *(f"-isystem{folder}" for folder in ("packaging/darwin", tmp_path, macos)), "-include", "packaging/darwin/compat.h",
               "-D_DARWIN_C_SOURCE", "-D_POSIX_C_SOURCE=200809L", '-DARCCI_VERSION=""', '-DARCCI_DATE=""']
    run = subprocess.run(["clang", *options, *files], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
