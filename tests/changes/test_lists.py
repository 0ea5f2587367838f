"""Lists of files with every kind of name: whoever reads them as what they claim to be gets the names back. Names are
random, seeded afresh each run; the seed is in the test's name and ARC_SEED repeats it."""
import csv
import io
import json
import os
import pathlib
import random
import subprocess

import pytest

import test_cmd as cmd

SEED = int(os.environ.get("ARC_SEED", random.SystemRandom().randrange(1 << 32)))
PIECES = [b"a", b"Z9", b" ", b"'", b'"', b"\\", b"$(touch pwned)", b"`id`", b"$HOME", b"\n", b"\r", b"\t", b",", b";", b"&", b"|", b"*", b"?",
          b"[a]", b"{b,c}", b"!", b"#", b"~", b"<", b">", b"=", b"<<EOF", b"-", b"--x", b".", b"%0A", b"::error::", b"\x01", b"\x1b[31m", b"\x7f",
          "ü".encode(), "€".encode(), "😀".encode(), "\u00a0".encode(), "\u2028".encode(), "\u202e".encode(), b"\xff", b"\xc3", b"\xe2\x82",
          b"\xf0\x9f", b"\xed\xa0\x80", b"\xc0\xaf"]


def names():
    chance = random.Random(SEED)
    found = {piece for piece in PIECES if piece != b"."}
    while len(found) < 400:
        name = b"".join(chance.choices(PIECES, k=chance.randrange(1, 8)))
        if name not in (b".", b"..") and len(name) < 200:
            found.add(name)
    return sorted(found)


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    repo = tmp_path_factory.mktemp("lists") / "repo"
    cmd.make_repo(repo, [{"commit": "one"}])
    quoted = (b'"' + b"".join(b"\\%03o" % byte for byte in name) + b'"' for name in names())
    stream = b"commit refs/heads/main\ncommitter A <a@b.c> 1771840800 +0000\ndata 0\nfrom refs/heads/main^0\n"
    stream += b"".join(b"M 100644 inline %s\ndata 0\n" % name for name in quoted)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repo, input=stream, check=True, capture_output=True)
    return repo


def listed(repo, form):
    """The list as the runner reads it: text, with U+FFFD for what is not UTF-8."""
    output = repo.parent / f"output-{form}"
    output.write_bytes(b"")
    env = {name: os.environ[name] for name in cmd.PASSED_ON if name in os.environ}
    env.update({"HOME": str(repo.parent), "GITHUB_OUTPUT": str(output), "RUNNER_TEMP": str(repo.parent), "INPUT_FILTERS": "all: []\n", "INPUT_PREDICATE-QUANTIFIER": "every", "INPUT_LIST-FILES": form})
    run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes"], cwd=repo, env=env, capture_output=True, timeout=120)
    assert run.returncode == 0, run.stderr
    output.read_bytes().decode()  # all of it is UTF-8
    outputs = cmd.read_outputs(output)
    assert set(outputs) == {"all", "all_count", "all_files", "changes", "any"}, "a name made an output of its own"
    assert outputs["all_count"] == str(len(names()))
    return outputs["all_files"]


@pytest.fixture(scope="module")
def expected():
    return [name.decode(errors="replace") for name in names()]


def test_seed(record_property):
    record_property("seed", SEED)
    print(f"ARC_SEED={SEED}")


def test_json(repo, expected):
    assert json.loads(listed(repo, "json")) == expected, f"ARC_SEED={SEED}"


def test_csv(repo, expected):
    row, = csv.reader(io.StringIO(listed(repo, "csv"), newline=""), strict=True)
    assert row == expected, f"ARC_SEED={SEED}"


def test_nul(repo):
    """A file for `xargs -0`, which asks for the names that there are."""
    assert pathlib.Path(listed(repo, "nul")).read_bytes().split(b"\0")[:-1] == names(), f"ARC_SEED={SEED}"


@pytest.mark.parametrize("form", ["shell", "escape"])
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shells(repo, expected, form, shell, tmp_path):
    script = f"printf '%s\\0' {listed(repo, form)}"
    run = subprocess.run([f"/bin/{shell}"], input=script.encode(), cwd=tmp_path, capture_output=True, env={"HOME": "/home/x", "PATH": "", "LC_ALL": "C.UTF-8"})
    assert run.returncode == 0 and not run.stderr, run.stderr
    assert run.stdout.decode().split("\0")[:-1] == expected, f"ARC_SEED={SEED}"
    assert not list(tmp_path.iterdir()), "something was executed"


def test_a_list_over_the_limit_goes_to_a_file(tmp_path):
    repo = tmp_path / "repo"
    cmd.make_repo(repo, [{"commit": "one"}])
    paths = [f"directory/{'x' * 100}/{i:06d}" for i in range(9_500)]
    stream = "commit refs/heads/main\ncommitter A <a@b.c> 1771840800 +0000\ndata 0\nfrom refs/heads/main^0\n"
    stream += "".join(f"M 100644 inline {path}\ndata 0\n" for path in paths)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repo, input=stream.encode(), check=True, capture_output=True)
    output = tmp_path / "output"
    output.write_bytes(b"")
    env = {name: os.environ[name] for name in cmd.PASSED_ON if name in os.environ}
    env.update({"HOME": str(tmp_path), "GITHUB_OUTPUT": str(output), "RUNNER_TEMP": str(tmp_path),
                "INPUT_FILTERS": "all: directory/**\nfew: directory/**/00001?\n", "INPUT_LIST-FILES": "json"})
    run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes"], cwd=repo, env=env, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    outputs = cmd.read_outputs(output)
    spilled = pathlib.Path(outputs["all_files"])
    assert spilled.is_relative_to(tmp_path) and json.loads(spilled.read_text()) == paths
    assert spilled.stat().st_size > 1 << 20 and spilled.parent.stat().st_mode & 0o077 == 0
    assert json.loads(outputs["few_files"]) == paths[10:20]
    assert "the list of all_files is too long" in run.stderr and "few_files" not in run.stderr
