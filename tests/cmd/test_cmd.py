"""Runs the cases of tests/cmd/*.yaml (see README.md) and the checks that hold for every command."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

import jsonschema
import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import documents  # noqa: E402

ARC_CI = os.environ.setdefault("ARC_CI", str(ROOT / "build/arc-ci"))  # the cases' shells take it from there
WRAPPER = os.environ.get("ARC_CI_WRAPPER", "").split()
# An older valgrind says so when it does not know a system call (openat2), which then fails as on an older kernel.
VALGRIND = re.compile(r"^--\d+-- .*\n", re.M)
PASSED_ON = ("PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")
GIT = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada",
       "GIT_COMMITTER_EMAIL": "ada@example.org", "GIT_AUTHOR_DATE": "2026-02-23T10:00:00Z",
       "GIT_COMMITTER_DATE": "2026-02-23T10:00:00Z", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}


SAMPLE = bool(os.environ.get("ARC_CI_SAMPLE"))
KINDS = ("repo", "files", "stdin", "env", "outputs", "summary-has", "json")


def features(case):
    """What a sample has one of: each command with each exit status, and with each kind of input and output."""
    for step in case.get("steps", [case]):
        command = step["run"][0] if step["run"] else ""
        yield command, step["status"]
        yield from ((command, kind) for kind in KINDS if kind in case or kind in step)


def cases():
    """All of them; with ARC_CI_SAMPLE those that have a feature that no earlier one has."""
    seen = set()
    for path in sorted(HERE.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text()):
            new = set(features(case)) - seen
            seen |= new
            if new or not SAMPLE:
                yield pytest.param(case, id=f"{path.stem}: {case['name']}")


def git(repo, *arguments):
    env = {"PATH": os.environ["PATH"], "HOME": str(repo.parent), **GIT}
    return subprocess.run(["git", *arguments], cwd=repo, env=env, check=True, capture_output=True, text=True).stdout


def as_text(value):
    """A file, a variable or stdin as the case gives it: a mapping is JSON, its documents completed."""
    return json.dumps(documents.complete(value)) if isinstance(value, dict) else value


def put(base, files):
    for name, text in files.items():
        text = as_text(text)
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def make_repo(repo, steps):
    repo.mkdir()
    git(repo, "init", "-q", "-b", "main")
    for step in steps:
        (kind, value), = step.items()
        if kind == "write":
            put(repo, value)
        elif kind == "delete":
            (repo / value).unlink()
        elif kind == "commit":
            git(repo, "add", "-A")
            git(repo, "commit", "-q", "--allow-empty", "-m", value)
        elif kind == "tag":
            git(repo, "tag", value)
        elif kind == "link":
            for name, target in value.items():
                (repo / name).symlink_to(target)
        elif kind == "git":
            git(repo, *(word.replace("{dir}", str(repo.parent)) for word in value))
        else:
            raise ValueError(f"unknown step {kind}")


def fill(text, repo):
    """{dir} is the scratch folder, {sha:REV} the commit of a revision, {sha12:REV} its first digits."""
    text = str(as_text(text)).replace("{dir}", str(repo.parent))
    text = re.sub(r"\{sha12:([^}]+)\}", lambda m: git(repo, "rev-parse", m[1])[:12], text)
    return re.sub(r"\{sha:([^}]+)\}", lambda m: git(repo, "rev-parse", m[1]).strip(), text)


def read_outputs(path):
    """GITHUB_OUTPUT as the runner reads it: NAME=VALUE or NAME<<DELIMITER … DELIMITER."""
    found, lines = {}, iter(path.read_bytes().decode(errors="surrogateescape").split("\n"))
    for line in lines:
        if re.match(r"[^=]*<<", line):
            name, delimiter = line.split("<<", 1)
            body = []
            for inner in lines:
                if inner == delimiter:
                    break
                body.append(inner)
            else:
                raise AssertionError(f"no end of {name}")
            found[name] = "\n".join(body)
        elif line:
            name, _, value = line.partition("=")
            found[name] = value
    return found


def validate(document, command):
    schema = json.loads((ROOT / f"docs/schema/{command}.schema.json").read_text())
    base = (ROOT / "docs/schema").as_uri() + "/"
    resolver = jsonschema.RefResolver(base, schema)
    jsonschema.Draft202012Validator(schema, resolver=resolver).validate(document)


def subset(expected, actual, where="document"):
    if isinstance(expected, dict):
        assert isinstance(actual, dict), where
        for key, value in expected.items():
            assert key in actual, f"{where}.{key} is missing"
            subset(value, actual[key], f"{where}.{key}")
    elif isinstance(expected, list):
        assert isinstance(actual, list) and len(expected) == len(actual), f"{where}: {actual}"
        for i, value in enumerate(expected):
            subset(value, actual[i], f"{where}[{i}]")
    else:
        assert expected == actual, where


EXCERPT = re.compile(r"^ *\d+ \| .*\n +\| +\^\n", re.M)  # the line of an error's place and a caret; no part of an exact `stderr`


def check_text(name, text, case, repo):
    if name in case:
        assert text == fill(case[name], repo)
    for part in case.get(f"{name}-has", []):
        assert fill(part, repo) in text, f"{name} lacks {part!r}:\n{text}"
    for part in case.get(f"{name}-lacks", []):
        assert fill(part, repo) not in text, f"{name} has {part!r}:\n{text}"


def prepare(case, repo):
    put(repo.parent, {name: text if isinstance(text, bytes) else fill(text, repo)
                      for name, text in case.get("files", {}).items()})
    for command in case.get("prepare", []):
        subprocess.run([fill(word, repo) for word in command], cwd=repo.parent, check=True, capture_output=True)


def run_case(case, repo):
    scratch = repo.parent
    prepare(case, repo)
    output, summary = scratch / "github-output", scratch / "github-summary"
    output.write_bytes(b"")
    summary.write_bytes(b"")
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    env.update({"HOME": str(scratch), "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)})
    env.update({key: fill(value, repo) for key, value in case.get("env", {}).items()})
    words = [word if isinstance(word, bytes) else fill(word, repo) for word in case["run"]]
    stdin = case.get("stdin", "")
    stdin = fill(stdin, repo) if isinstance(stdin, dict) else stdin
    run = subprocess.run([*WRAPPER, ARC_CI, *words], cwd=repo if repo.exists() else scratch, env=env,
                         input=stdin if isinstance(stdin, bytes) else stdin.encode(), capture_output=True, timeout=120)
    stdout = run.stdout.decode(errors="surrogateescape")
    stderr = VALGRIND.sub("", run.stderr.decode(errors="surrogateescape"))
    assert run.returncode == case["status"], f"status {run.returncode}\n{stdout}\n{stderr}"
    check_text("stdout", stdout, case, repo)
    said = EXCERPT.sub("", stderr)
    check_text("stderr", said if "stderr" in case else stderr, case, repo)
    check_text("summary", summary.read_text(errors="surrogateescape"), case, repo)
    written = read_outputs(output)
    if "outputs" in case:
        assert written == {name: fill(value, repo) for name, value in case["outputs"].items()}
    for name, value in case.get("outputs-has", {}).items():
        assert written.get(name) == fill(value, repo), name
    if case["status"] == 2:
        assert not written and not summary.read_bytes(), "something was written in spite of the error"
        assert len(said.splitlines()) == 1, f"not one line of error:\n{stderr}"
    if "--json" in case["run"] and "--help" not in case["run"] and case["status"] == 0:
        document = json.loads(stdout)
        validate(document, document.get("document", case["run"][0]))
        subset(json.loads(fill(json.dumps(case.get("json", {})), repo)), document)


@pytest.mark.parametrize("case", cases())
def test_case(case, tmp_path):
    repo = tmp_path / "repo"
    if "repo" in case:
        make_repo(repo, case["repo"])
    if "steps" in case:
        prepare(case, repo)
    for step in case.get("steps", [case]):
        run_case(step, repo)


def commands():
    text = subprocess.run([ARC_CI, "help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^  ([a-z-]+)\s+\S", text.split("Commands:")[1].split("\n\n")[0], re.M)


@pytest.mark.parametrize("command", commands())
def test_every_command_has_help(command):
    by_name = subprocess.run([*WRAPPER, ARC_CI, "help", command], capture_output=True, text=True)
    by_option = subprocess.run([*WRAPPER, ARC_CI, command, "--help"], capture_output=True, text=True)
    assert by_name.returncode == by_option.returncode == 0
    assert by_name.stdout == by_option.stdout
    assert by_name.stdout.startswith(f"Usage: arc-ci {command}")
    assert all(len(line) <= 80 for line in by_name.stdout.splitlines()), "a line is too long for a terminal"


@pytest.mark.parametrize("command", commands())
def test_the_manual_says_what_help_says(command):
    text, man = (subprocess.run([ARC_CI, "help", command, *form], capture_output=True, text=True, check=True).stdout
                 for form in ([], ["--format=man"]))
    told = re.search(r"\.SH DESCRIPTION\n(.*?)\n\.SH", man, re.S)[1]
    said = text.split("\n\n", 2)[2]
    paragraphs = [re.sub(r"\\(&|(?=-))", "", part).replace("\\e", "\\").split() for part in told.split("\n.PP\n")]
    assert [part.split() for part in said.split("\n\n")][:len(paragraphs)] == paragraphs


@pytest.mark.parametrize("command", commands())
def test_every_command_refuses_what_it_does_not_know(command):
    run = subprocess.run([*WRAPPER, ARC_CI, command, "--no-such-option"], capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr == (f"arc-ci {command}: there is no option '--no-such-option'; "
                          f"'arc-ci help {command}' lists the options\n")


@pytest.mark.parametrize("command", commands())
def test_every_command_has_cases(command):
    assert (HERE / f"{command}.yaml").is_file()


def test_the_reference_is_the_table():
    run = subprocess.run([ARC_CI, "help", "--format", "markdown"], capture_output=True, text=True, check=True)
    assert (ROOT / "docs/commands.md").read_text() == run.stdout, \
        "run: build/arc-ci help --format markdown > docs/commands.md"


def given(command, flag):
    """An option with a value that is not its default, as its row of the reference has it."""
    row = re.search(rf"^\| `{flag}(?: (\S+))?` \| (.*) \| (.*) \|$", reference(command), re.M)
    value, text, default = row.groups()
    choices = re.search(r"One of (\S+)\.(?: |$)", text)
    if choices:
        return f"{flag}={next(one for one in choices[1].split(chr(92) + '|') if one not in (default, 'none'))}"
    if default == "true":
        return f"{flag}=false"
    return f"{flag}=1" if value else flag


def reference(command):
    return (ROOT / "docs/commands.md").read_text().split(f"## arc-ci {command}\n")[1].split("\n## ")[0]


def bound():
    """Every option that goes only with others, or not with others."""
    for command in commands():
        for flag, text in re.findall(r"^\| `(--\S+?)(?: \S+)?` \| (.*) \| .* \|$", reference(command), re.M):
            for how in re.findall(r"(Only|Not) with (.*?)\.(?: |$)", text):
                yield command, flag, *how


@pytest.mark.parametrize("command,flag,how,others", bound())
def test_an_option_without_effect_is_refused(command, flag, how, others, tmp_path):
    own = given(command, flag)
    for other in [None] if how == "Only" else re.split(", | or ", others):
        with_other = [] if not other else ["1"] if other.isupper() else [given(command, other)]
        run = subprocess.run([ARC_CI, command, own, *with_other], capture_output=True, text=True, cwd=tmp_path, env={"PATH": os.defpath})
        said = f"{flag} cannot go with {other}" if other else f"{flag} needs "
        assert run.returncode == 2 and f"arc-ci {command}: --" in run.stderr, run.stderr
        assert said in run.stderr or " needs " in run.stderr, run.stderr


def test_every_row_of_the_reference_has_its_cells():
    tables = re.findall(r"(?:^\|.*\n)+", (ROOT / "docs/commands.md").read_text(), re.M)
    assert len(tables) > 15
    for table in tables:
        rows = [len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()]
        assert len(rows) > 2 and len(set(rows)) == 1, table


def test_a_closed_stream_is_given_to_no_file(tmp_path):
    """A child sees what its parent has open instead of them."""
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\nls -l /proc/$PPID/fd > {tmp_path}/open\n")
    docker.chmod(0o755)
    shell = f"exec {ARC_CI} doctor --offline <&- >&- 2>&-"
    run = subprocess.run(["/bin/sh", "-c", shell], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, cwd=tmp_path)
    assert run.returncode == 3
    found = dict(re.findall(r" ([0-9]+) -> (\S+)", (tmp_path / "open").read_text()))
    assert [found[number] for number in "012"] == ["/dev/null"] * 3


def test_stdout_that_cannot_be_written_is_an_error():
    with open("/dev/full", "w") as full:
        run = subprocess.run([ARC_CI, "help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 3
    assert "cannot write the output" in run.stderr


def test_a_reader_that_has_seen_enough_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run([ARC_CI, "help"], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert run.returncode == -signal.SIGPIPE
    assert run.stderr == ""


def test_outputs_begin_on_a_line_of_their_own(tmp_path):
    """A step before it wrote `printf a=b >> "$GITHUB_OUTPUT"`."""
    (tmp_path / "outputs").write_text("a=b")
    for _ in range(2):
        subprocess.run([ARC_CI, "version", "g/v1.2.3"], env={"GITHUB_OUTPUT": str(tmp_path / "outputs")}, cwd=tmp_path, check=True,
                       capture_output=True)
    text = (tmp_path / "outputs").read_text()
    assert text.startswith("a=b\ngroup=g\n") and "\n\n" not in text and text.count("\ngroup=g\n") == 2
