"""Each thing that a command needs fails once, at each of its uses: a counting run first, then each N (in `make check` a sample of
them, and one allocation of each kind; ARC_TORTURE=1, `make torture`, tries all). The command ends right, or says that it did not; it does not crash and
leaves nothing half-written."""
import os
import pathlib
import re
import signal
import subprocess

import pytest

from torture import ALL, COMMANDS, Allocations, Shop, check, points

TRIED = {}
SAMPLE = 10


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def right(shop):
    answers = {command: shop.run(command) for command in COMMANDS}
    for command, answer in answers.items():
        assert answer[0] in (0, 1), f"{command}: {answer}"
    return answers


@pytest.fixture(scope="module", autouse=True)
def table(record_testsuite_property):
    yield
    record_testsuite_property("figures", "torture: " + ", ".join(f"{number} {kind}" for kind, number in sorted(TRIED.items())))


def note(kind):
    TRIED[kind] = TRIED.get(kind, 0) + 1


@pytest.fixture(scope="module")
def allocations(shop):
    known = set()
    return {command: Allocations(lambda env: shop.run(command, env=env), known) for command in COMMANDS}


@pytest.mark.parametrize("later", ["once", "from there on"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_allocation(shop, right, allocations, command, later):
    """Those of a stack of calls that was there before end as the first one did; with all after them those of the same innermost
    calls, whatever the command (ARC_TORTURE=1 fails them, too)."""
    its, count = allocations[command], shop.folder / "count"
    for n in range(1, its.total + 1) if ALL else its.first if later == "once" else sorted(its.new):
        got = shop.run(command, env=its.fail(n, later != "once", count))
        where = f"allocation {n} of {its.total} fails {later}"
        check(command, right[command], got, where, its.CAUSE)
        assert not its.leak(count), f"{command}, {where}: {its.leak(count)} blocks leak"
        note("allocations " + later)


def strace(shop, log, inject):
    return ["strace", "-f", "-qq", "-o", str(shop.folder / log), "-e", "trace=" + inject.split(":")[0], "-e", "signal=none",
            *(["-e", "inject=" + inject] if ":" in inject else [])]


def count_calls(shop, command, calls):
    """How often arc-ci itself, the first process, makes one of these system calls."""
    shop.run(command, wrapper=["strace", "-qq", "-o", str(shop.folder / "log"), "-e", f"trace={calls}", "-e", "signal=none"])
    names = re.findall(r"^(\w+)\(", (shop.folder / "log").read_text(), re.M)
    return {name: names.count(name) for name in set(names)}


def inject(shop, right, command, calls, error, kind):
    """Each of the calls fails once. Children are not meant: strace does not follow them."""
    for name, total in sorted(count_calls(shop, command, calls).items()):
        for n in points(total, SAMPLE // 2):
            wrapper = ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={name}", "-e", "signal=none", "-e",
                       f"inject={name}:error={error}:when={n}"]
            check(command, right[command], shop.run(command, wrapper=wrapper), f"{name} {n} of {total}: {error}")
            note(kind)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_write(shop, right, command):
    inject(shop, right, command, "write,writev,pwrite64,ftruncate,rename,renameat2,fsync", "ENOSPC", "writes")


@pytest.mark.parametrize("command", [name for name in COMMANDS if name in ("build",)])
def test_every_child(shop, right, command):
    inject(shop, right, command, "clone,clone3,vfork,fork,pipe2", "EAGAIN", "children")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_open(shop, right, command):
    """A table of files that is full (EMFILE) at each open."""
    if command in ("help", "completion", "glob"):
        return
    calls = count_calls(shop, command, "openat")
    total = calls.get("openat", 0)
    for n in points(total, SAMPLE // 2):
        wrapper = ["strace", "-qq", "-o", "/dev/null", "-e", "trace=openat", "-e", "signal=none", "-e", f"inject=openat:error=EMFILE:when={n}"]
        got = shop.run(command, wrapper=wrapper)
        if got[0] == 127 and b"error while loading shared libraries" in got[2]:
            continue  # the loader, before main()
        assert got[0] in (0, 1, 2, 3), f"{command}, open {n} of {total}: {got}"
        note("opens")


# ---- the machine around it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk(shop, right, command):
    """/dev/full takes GITHUB_OUTPUT, then stdout."""
    status, _, stderr, *_ = shop.run(command, env={"GITHUB_OUTPUT": "/dev/full"})
    if right[command][3]:
        assert status in (2, 3) and b"/dev/full" in stderr and b"No space" in stderr, (status, stderr)
    else:
        assert status == right[command][0]
    if right[command][1]:
        with open("/dev/full", "wb") as full:
            status, _, stderr, *_ = shop.run(command, stdout=full)
        assert status not in (0, -6, -11) and stderr.strip(), (command, status, stderr)
    note("full disks")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_stdout(shop, right, command):
    """Nobody reads: closed before the start, or a pipe whose reader is gone."""
    got = shop.run(command, stdout=None, preexec=lambda: os.close(1))
    assert got[0] in (0, 1, 2, 3) and got[3] in (b"", right[command][3]), got
    reader, writer = os.pipe()
    os.close(reader)
    got = shop.run(command, stdout=writer)
    os.close(writer)
    assert got[0] in (0, 1, 2, 3, -signal.SIGPIPE) and got[3] in (b"", right[command][3]), got
    note("closed streams")


SURROUNDINGS = {
    "umask": {"preexec": lambda: os.umask(0o777 & ~0o700)},
    "turkish": {"env": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}},
    "german": {"env": {"LC_ALL": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8"}},
    "C": {"env": {"LC_ALL": "C"}},
    "32 descriptors": {"preexec": lambda: __import__("resource").setrlimit(__import__("resource").RLIMIT_NOFILE, (32, 32))},
    "1970": {"env": {"SOURCE_DATE_EPOCH": "0"}},
    "2106": {"env": {"SOURCE_DATE_EPOCH": "4294967296"}},
    "no home": {"env": {"HOME": "/nonexistent"}},
    "small stack": {"preexec": lambda: __import__("resource").setrlimit(__import__("resource").RLIMIT_STACK, (256 << 10, 256 << 10))},
}


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_surroundings(shop, right, surroundings):
    """None of them changes an answer, but the date where that is a part of it."""
    for command in COMMANDS:
        got = shop.run(command, **SURROUNDINGS[surroundings])
        assert got[0] == right[command][0], f"{command}: {got}"
        if surroundings not in ("1970", "2106"):
            assert got[3] == right[command][3], command
        note("surroundings")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_workspace_that_cannot_be_written(shop, right, command):
    """For a user who may read it only."""
    if os.getuid() != 0:
        return
    subprocess.run(["chmod", "-R", "a+rX", shop.repo], check=True)
    for folder in (shop.folder, *list(shop.folder.parents)[:2]):  # a way to it, and nothing else
        folder.chmod(folder.stat().st_mode | 0o011)
    wrapper = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "GIT_CONFIG_COUNT=1",
               "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*", "TMPDIR=/tmp", "HOME=/nonexistent", "GITHUB_OUTPUT=/dev/null",
               f"GITHUB_WORKSPACE={shop.repo}", "GITHUB_STEP_SUMMARY=/dev/null"]
    got = shop.run(command, wrapper=wrapper)
    assert got[0] in (right[command][0], 2, 3), f"{command}: {got}"
    assert got[0] == right[command][0] or got[2].strip()
    note("surroundings")
