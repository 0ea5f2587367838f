"""Each hostile value (values.py) through every output, read back by that format's own parser: it is whole, and nothing else is
there than what a harmless value gives. A command may refuse a value with its reason; a refusal passes the same checks."""
import csv
import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys

import jsonschema
import pytest

from values import VALUES

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import cached  # noqa: E402
import documents  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
GIT = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
       "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}
HARMLESS = "harmless"
FILTERS = 'x: ["**", "*"]'  # as with picomatch, ** matches no line break
READ_BACK = {}  # output → how many values were read back from it


def read_output_file(text):
    """Name → value as the runner reads GITHUB_OUTPUT (actions/runner, FileCommandManager.cs, EnvFileKeyValuePairs)."""
    found, lines = {}, re.split(r"(?<=\n)", text)
    while lines and lines[-1] == "":
        lines.pop()
    at = 0
    while at < len(lines):
        line = re.sub(r"\r?\n$", "", lines[at])
        at += 1
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            found.setdefault(line[:equals], []).append(line[equals + 1:])
            continue
        assert heredoc > 0, f"the runner refuses {line!r}"
        mark, value = line[heredoc + 2:], ""
        while True:
            assert at < len(lines), "the delimiter does not come"
            one = lines[at]
            at += 1
            if re.sub(r"\r?\n$", "", one) == mark:
                break
            value += one
        found.setdefault(line[:heredoc], []).append(re.sub(r"\r?\n$", "", value))
    assert all(len(values) == 1 for values in found.values()), f"an output comes twice: {found}"
    return {name: values[0] for name, values in found.items()}


def commands(log):
    """The workflow commands that the runner obeys in a log (actions/runner, ActionCommand.cs: TryParseV2, then TryParse)."""
    found = []
    for line in re.split(r"\r\n|\n|\r", log):
        v2 = re.match(r"^::([^:\s]+)(?: ([^\n]*?))?::(.*)$", line.lstrip())
        if v2:
            properties = dict(part.split("=", 1) for part in (v2[2] or "").split(",") if "=" in part)
            plain = {name: unescape(value, True) for name, value in properties.items()}
            found.append((v2[1], tuple(sorted(plain)), plain, unescape(v2[3], False)))
        elif "##[" in line and "]" in line[line.index("##["):]:
            found.append(("##", (), {}, line))
    return found


def unescape(text, is_property):
    if is_property:
        text = text.replace("%3A", ":").replace("%2C", ",")
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


class Skeleton(html.parser.HTMLParser):
    """The elements and their attributes' names; comments too."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag != "br":  # a value's line breaks
            self.elements.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        self.elements.append(("comment",))


def markdown(source):
    done = subprocess.run(["cmark-gfm", "--unsafe", "-e", "table", "-e", "strikethrough", "-e", "autolink", "-e", "tasklist",
                           "-e", "footnotes"], input=source.encode(), capture_output=True, check=True)
    return Skeleton(done.stdout.decode())


def check_screen(text, what):
    """A person's terminal, and a log: no control but the line break, no override of direction."""
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), f"{what}: {text!r}"


class Bench:
    """Runs a command with its files, and compares what it gave with what a harmless value gives."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, *words, cwd=None, stdin=None, **env):
        for name in ("out", "summary"):
            (self.folder / name).write_text("")
        full = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "HOME": str(self.folder), "CI": "true", "GITHUB_ACTIONS": "true",
                "GITHUB_OUTPUT": str(self.folder / "out"), "GITHUB_STEP_SUMMARY": str(self.folder / "summary"), **GIT, **env}
        full["PATH"] = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run([ARC_CI, *words], cwd=cwd or self.folder, env=full, input=stdin, capture_output=True, timeout=60)
        stdout, stderr = done.stdout.decode(), done.stderr.decode()  # neither may be less than UTF-8
        assert done.returncode in (0, 1, 2), f"{words}: {done.returncode}\n{stderr}"
        check_screen(stderr, words)
        assert not [one for one in commands(stderr) if one[0] == "##"], stderr
        if done.returncode == 2:
            assert not (self.folder / "out").read_text(), "an output of a run that refused"
        return done.returncode, stdout, stderr

    @property
    def outputs(self):
        return read_output_file((self.folder / "out").read_bytes().decode())

    @property
    def summary(self):
        return (self.folder / "summary").read_text()


def count(output, value):
    READ_BACK[output] = READ_BACK.get(output, 0) + (value != HARMLESS)


@pytest.fixture
def bench(tmp_path):
    (tmp_path / "bin").mkdir()
    return Bench(tmp_path)


@pytest.fixture(scope="module", autouse=True)
def table(record_testsuite_property):
    yield
    outputs = ", ".join(f"{name} {number}" for name, number in sorted(READ_BACK.items()))
    record_testsuite_property("figures", f"hostile corpus: {len(VALUES)} values; read back whole: {outputs}")


# ---- a file's name: outputs in five formats, JSON, summary, annotations, the screen ------------------------------------


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository with one commit for each value, which adds a file of that name."""
    folder = tmp_path_factory.mktemp("repository")

    def git(*words, stdin=None):
        return subprocess.run(["git", *words], cwd=folder, env=GIT, check=True, capture_output=True, input=stdin).stdout.decode().strip()
    git("init", "-q", "-b", "main", ".")
    base = git("commit-tree", "-m", "base", git("mktree", stdin=b""))
    blob = git("hash-object", "-w", "--stdin", stdin=b"x")
    heads = {}
    for value in [HARMLESS, *VALUES]:
        name = value.replace("/", ":")
        name = ("f" + name if name[0] in "\r\n\u2028\u2029" else name).encode()  # no pattern matches such a one: picomatch's (?=.)
        tree = git("mktree", "-z", stdin=b"100644 blob " + blob.encode() + b"\t" + name + b"\0")
        heads[value] = name.decode(), git("commit-tree", "-p", base, "-m", "x", tree)
    git("update-ref", "refs/heads/main", base)
    return folder, base, heads


def list_files(bench, repository, value, form):
    folder, base, heads = repository
    name, head = heads[value]
    code, stdout, _ = bench.run("changes", "--base", base, "--ref", head, "--filters", FILTERS, "--list-files", form, cwd=folder)
    assert code == 0
    assert [one[:2] for one in commands(stdout)] == []
    return name, bench.outputs


def by_shell(text):
    """The words that a shell makes of a text."""
    done = subprocess.run(["sh", "-c", f"printf '%s\\0' {text}"], capture_output=True, check=True, cwd="/")
    return done.stdout.decode().split("\0")[:-1]


FORMATS = {
    "json": json.loads,
    "shell": by_shell,
    "csv": lambda text: next(csv.reader([text], strict=True)) if "\n" not in text and "\r" not in text else
    list(csv.reader(iter([text]), strict=True))[0],
}


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_names_of_files(bench, repository, form):
    for value in VALUES:
        name, outputs = list_files(bench, repository, value, form)
        _, harmless = list_files(bench, repository, HARMLESS, form)
        assert outputs.keys() == harmless.keys() and outputs["x"] == "true" and outputs["x_count"] == "1"
        assert FORMATS[form](outputs["x_files"]) == [name], f"{form}: {value!r}: {outputs['x_files']!r}"
        count(f"GITHUB_OUTPUT ({form})", value)


def test_names_of_files_elsewhere(bench, repository):
    folder, base, heads = repository
    shapes = {}
    for value in [HARMLESS, *VALUES]:
        name, head = heads[value]
        words = ("changes", "--base", base, "--ref", head, "--filters", FILTERS)
        code, stdout, stderr = bench.run(*words, cwd=folder)
        check_screen(stdout, words)
        told = [one[:2] for one in commands(stdout + "\n" + stderr)]
        if set(name) & set("\r\n\u2028\u2029"):  # which '**' does not match, so changes warns of it
            assert told.pop() == ("warning", ("title",))
        shapes[value] = (code, markdown(bench.summary).elements, told)
        assert shapes[value] == shapes[HARMLESS], f"{value!r}: {bench.summary}\n{stdout}"
        document = json.loads(bench.run(*words, "--json", cwd=folder)[1])
        files = document["filters"]["x"]["files"]
        assert [file["path"] for file in files] == [name]
        for output in ("summary", "terminal", "JSON", "annotations"):
            count(f"changes: {output}", value)


# ---- a scanner's report: SARIF, summary, annotations, issues' texts -----------------------------------------------------


def report(value):
    one = {"VulnerabilityID": "CVE-2024-1", "PkgName": value, "InstalledVersion": value, "FixedVersion": value, "Severity": "HIGH",
           "Title": value, "Description": value, "PrimaryURL": "https://h.example/" + value}
    return {"SchemaVersion": 2, "ArtifactName": value, "ArtifactType": "container_image",
            "Results": [{"Target": "app/" + value, "Class": "lang-pkgs", "Type": "npm", "Vulnerabilities": [one]}]}


@pytest.fixture(scope="module")
def sarif_schema():
    folder = cached.npm("@microsoft/jest-sarif@1.0.0-beta.0") / "@microsoft/jest-sarif/lib/schemas"
    return jsonschema.Draft7Validator(json.loads((folder / "sarif-2.1.0-rtm.5.json").read_text()))


def test_a_scanners_report(bench, sarif_schema):
    shapes = {}
    for value in [HARMLESS, *VALUES]:
        (bench.folder / "r.json").write_text(json.dumps(report(value)))
        code, stdout, stderr = bench.run("scan", "--report", "flash@linux/amd64=r.json", "--sarif", "out.sarif")
        check_screen(stdout, "scan")
        log = json.loads((bench.folder / "out.sarif").read_text())
        sarif_schema.validate(log)
        (run,) = log["runs"]
        page = markdown(bench.summary)
        shapes[value] = (code, page.elements, sorted(bench.outputs), [one[:2] for one in commands(stdout + "\n" + stderr)],
                         len(run["results"]), len(run["tool"]["driver"]["rules"]))
        assert shapes[value] == shapes[HARMLESS], f"{value!r}\n{bench.summary}\n{stdout}\n{stderr}"
        document = json.loads(bench.run("scan", "--report", "flash@linux/amd64=r.json", "--json")[1])
        assert value in json.dumps(document, ensure_ascii=False) or json.dumps(value)[1:-1] in json.dumps(document), value
        for output in ("SARIF", "summary", "terminal", "JSON", "annotations"):
            count(f"scan: {output}", value)


# ---- what a project says: bake's definition and argv, notes, a report's comment --------------------------------------------


DOCKER = r"""#!/usr/bin/python3
import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
json.dump({"argv": sys.argv[1:], "stdin": sys.stdin.read()}, open(here + "/seen", "w"))
open(sys.argv[sys.argv.index("--metadata-file") + 1], "w").write('{"a": {"containerimage.digest": "sha256:%s"}}' % ("a" * 64))
"""


def test_a_builds_definition(bench):
    """The text of build arguments and labels: JSON that bake expands ("$${" is "${" to it), and an argv without any of it."""
    docker = bench.folder / "bin/docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    argv = None
    for value in [HARMLESS, *VALUES]:
        plan = documents.plan(push=False, services=[{"service": "a", "directory": ".", "build-args": {"A": value}, "labels": {"l": value},
                                                     "description": value}],
                              cells=[{"service": "a", "platform": "linux/amd64"}])
        (bench.folder / "plan.json").write_text(json.dumps(plan))
        (bench.folder / "Dockerfile").write_text("FROM x\n")
        code, _, stderr = bench.run("build", "--plan", "plan.json")
        seen = bench.folder / "bin/seen"
        if not seen.exists():
            assert code == 2 and value != HARMLESS, stderr
            continue
        told = json.loads(seen.read_text())
        seen.unlink()
        (target,) = json.loads(told["stdin"])["target"].values()
        assert re.sub(r"([$%])\1\{", r"\1{", target["args"]["A"]) == value, f"{value!r}: {target['args']['A']!r}"
        assert re.sub(r"([$%])\1\{", r"\1{", target["labels"]["l"]) == value
        plain = [re.sub(r"/tmp/\S+|/\S*metadata\S*", "PATH", word) for word in told["argv"]]
        argv = argv or plain
        assert len(plain) == len(argv) and not any(value in word for word in plain if len(value) > 3)
        count("bake's definition", value)
        count("argv of a child", value)


def test_notes_and_a_comment(bench):
    shapes = {}
    for value in [HARMLESS, *VALUES]:
        plan = documents.plan(title=value, description=value, version={"tag": "g/v1.2.0"},
                              services=[{"service": "a", "description": value, "tech": value, "selected": True, "reason": value}],
                              cells=[{"service": "a", "platform": "linux/amd64"}])
        (bench.folder / "plan.json").write_text(json.dumps(plan))
        code, stdout, stderr = bench.run("notes", "--plan", "plan.json")
        assert code == 0, stderr
        notes = markdown(stdout).elements
        code, stdout, stderr = bench.run("report", "--plan", "plan.json", "--dry-run", "--comment", "--pull", "7", "--json",
                                         GITHUB_REPOSITORY="o/r")
        assert code == 0, stderr
        body = json.loads(stdout)["body"]
        shapes[value] = (notes, markdown(body).elements, markdown(bench.summary).elements)
        assert shapes[value] == shapes[HARMLESS], f"{value!r}\n{body}"
        count("notes", value)
        count("comment", value)


# ---- lint's annotations, each a place and a message ---------------------------------------------------------------------------


def test_lints_annotations(bench):
    for value in [HARMLESS, *VALUES]:
        name = value.replace("/", ":")[:200]
        if len(name.encode()) > 240:
            name = name[:50]
        project = bench.folder / "project"
        subprocess.run(["rm", "-rf", project], check=True)
        (project / ".github/workflows").mkdir(parents=True)
        (project / ".github/arc-ci.yaml").write_text("groups: {g: {registry: ghcr.io/o, services: [{codename: a, build: {dockerfile_inline: FROM x}}]}}\n")
        (project / ".github/workflows" / f"{name}.yml").write_text("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: evil/x@main\n")
        code, stdout, stderr = bench.run("lint", cwd=project)
        found = [one for one in commands(stdout + "\n" + stderr) if one[0] in ("error", "warning")]
        places = {one[2].get("file") for one in found}
        assert code == 1 and len(places) == 1, f"{value!r}: {stdout}{stderr}"
        shown = places.pop()
        assert shown.startswith(".github/workflows/") and shown.endswith(".yml")
        assert {one[0] for one in commands(stdout + "\n" + stderr)} <= {"error", "warning"}
        check_screen(stdout, "lint")
        count("lint: annotations", value)
