"""What a release or a comment meets that somebody else has changed, in every form: nothing is lost, and the log says what
stays and what to do."""
import hashlib
import json
import sys

import pytest
from harness import BODY, ROOT, SHA, TAG, Double, Project, new_state

sys.path.insert(0, str(ROOT / "tests"))
import documents  # noqa: E402
import test_report as reporting  # noqa: E402

LIMIT = 125000      # characters of a body at GitHub


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture
def double(project):
    with Double(new_state(project)) as server:
        yield server


def run(project, double, *arguments, env=None):
    import subprocess
    from harness import ARC_CI, WRAPPER
    return subprocess.run([*WRAPPER, ARC_CI, *arguments], cwd=project.folder, env=project.environment(double, **(env or {})),
                          capture_output=True, text=True, timeout=120)


# ---- bodies and drafts

@pytest.mark.parametrize("length", [LIMIT - 400, LIMIT - 120, LIMIT - 20, LIMIT])
@pytest.mark.parametrize("extra", [[], ["--draft"]])
def test_notes_as_long_as_can_be(project, double, length, extra):
    """The hidden mark of a draft takes room of its own: what fits without it is released."""
    project.put("notes.md", "x" * length + "\n")
    status, output = project.run(double, *extra)
    if length > LIMIT - 200:
        assert status == 2 and "characters" in output and not double.state.releases, output
        return
    assert status == 0, output
    (release,) = double.state.releases
    assert release["draft"] == bool(extra) and release["body"].endswith("x" * length + "\n")


def test_notes_beside_a_long_text_are_refused_before_anything_changes(project, double):
    double.state.add_release(TAG, name="by hand", body="y" * (LIMIT - 50))
    status, output = project.run(double, "--body-mode=append")
    (release,) = double.state.releases
    assert status == 2 and "characters" in output and not release["assets"], output


def test_a_persons_draft_says_how_it_is_published(project, double):
    double.state.add_release(TAG, draft=True, name="by hand", body="by hand")
    status, output = project.run(double)
    assert status == 0 and "--publish" in output and double.state.releases[0]["draft"]


def test_a_person_deleted_our_draft_while_we_uploaded(project, double):
    left = [1]

    def plan(number, request):
        if left and request.method == "POST" and request.path.endswith("/assets"):
            left.clear()
            double.state.releases.clear()
        return None
    double.faults = plan
    status, output = project.run(double)
    assert status == 0, output
    assert [release["draft"] for release in double.state.of_tag(TAG)] == [False]


def test_another_jobs_upload_is_waited_for(project, double):
    """The refusal of ours says that theirs is under way, not that a half of ours was left."""
    theirs, looks = [], []

    def plan(number, request):
        if not theirs and request.method == "POST" and request.path.endswith("/assets"):
            theirs.append(double.state.add_asset(double.state.releases[0], request.query["name"], b"", "text/plain", state="starter"))
        elif theirs and request.method == "GET" and request.path.endswith("/releases"):
            looks.append(number)
        if len(looks) == 2:
            content = project.expected()[theirs[0]["name"]]
            theirs[0].update(state="uploaded", size=len(content), digest=f"sha256:{hashlib.sha256(content).hexdigest()}")
            double.state.blobs[theirs[0]["id"]] = content
        return None
    double.faults = plan
    status, output = project.run(double)
    assert status == 0 and "took away" not in output, output
    assert theirs[0] in double.state.releases[0]["assets"]


def test_a_person_published_our_draft_meanwhile(project, double):
    assert project.run(double, "--draft")[0] == 0
    (release,) = double.state.releases
    release.update(draft=False, body="Read this first.", name="The big one")
    assert project.run(double, "--draft")[0] == 0
    assert (release["draft"], release["body"], release["name"]) == (False, "Read this first.", "The big one")


@pytest.mark.parametrize("name, body", [(None, None), ("", ""), (TAG, "")])
def test_a_release_without_words_gets_ours(project, double, name, body):
    double.state.add_release(TAG, name=name, body=body)
    assert project.run(double)[0] == 0
    (release,) = double.state.releases
    assert release["name"] == "Messaging 0.1.0" and release["body"] == BODY


# ---- immutable releases

def test_an_immutable_release_takes_no_further_asset(project, double):
    double.state.immutable = True
    assert project.run(double)[0] == 0
    project.put("more.txt", "more")
    status, output = project.run(double, "--asset=more.txt")
    assert status == 1 and "immutable" in output and "new version" in output, output


def test_a_person_published_our_draft_where_that_is_final(project, double):
    """After the look: GitHub refuses the upload itself."""
    def publish(number, request):
        if request.method == "POST" and "/assets" in request.path:
            double.state.releases[0].update(draft=False, immutable=True)
    double.faults = publish
    status, output = project.run(double)
    assert status == 1 and "is immutable and has no asset build.json: a new version is needed" in output, output
    assert "must leave them drafts" in output and "still a draft" not in output


def test_a_burned_name_where_the_draft_is_refused_already(project, double):
    def plan(number, request):
        if request.method == "POST" and request.path.endswith("/releases"):
            return lambda server, handler, request: refuse_burned(handler)
        return None

    def refuse_burned(handler):
        text = json.dumps({"message": "Validation Failed", "errors": [
            {"resource": "Release", "code": "custom", "field": "tag_name", "message": "tag_name was used by an immutable release"}]}).encode()
        handler.send_response(422)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)
        return True
    double.faults = plan
    status, output = project.run(double)
    assert status == 1 and "new version" in output and not double.state.releases, output


# ---- assets

def test_a_file_that_two_patterns_name_is_attached_once(project, double):
    (project.folder / "dist").mkdir()
    project.put("dist/a.zip", "a")
    project.put("dist/b.zip", "b")
    double.state.expected_assets = None
    status, output = project.run(double, "--asset=dist/*.zip", "--asset=dist/a.zip", "--asset=./dist/b.zip")
    assert status == 0, output
    names = [asset["name"] for asset in double.state.releases[0]["assets"]]
    assert names.count("a.zip") == names.count("b.zip") == 1


def test_the_ledger_among_the_files_of_a_pattern(project, double):
    """A pattern that takes it in names no second asset of its name."""
    double.state.expected_assets = None
    status, output = project.run(double, "--asset=b*.json")
    assert status == 0, output
    assert [asset["name"] for asset in double.state.releases[0]["assets"]].count("build.json") == 1


def test_two_files_of_one_name_are_not(project, double):
    for folder in ("x", "y"):
        (project.folder / folder).mkdir()
        project.put(f"{folder}/a.zip", folder)
    status, output = project.run(double, "--asset=*/a.zip")
    assert status == 2 and "two assets are named a.zip" in output and not double.state.releases


# ---- jobs

PASSED = documents.complete({"document": "scan", "verdict": "clean", "gate": "pass", "reason": "nothing found", "counts": None})


def jobs(security, scan=PASSED, **more):
    outputs = {"scan": json.dumps(scan)} if scan else {}
    build = {"result": "success", "outputs": {"build": json.dumps(reporting.BUILD)}}
    return json.dumps({"build": build, "security": {"result": security, "outputs": outputs}, **more})


@pytest.mark.parametrize("result", ["failure", "cancelled"])
def test_a_gate_whose_job_did_not_end_well_has_not_passed(project, double, result):
    """It wrote that it passed, and then something of it failed."""
    project.put("plan.json", json.dumps(reporting.PLAN))
    done = run(project, double, "report", "--as=none", "--json", "--plan=plan.json", f"--needs={jobs(result)}")
    (gate,) = [status for status in json.loads(done.stdout)["statuses"] if status["context"].endswith("/ gate")]
    assert gate["state"] != "success" and "security" in gate["description"] and result in gate["description"], gate


def test_a_service_that_the_ledger_of_a_matrix_lost(project, double):
    """Of a matrix's legs the last one's outputs are all that a job has."""
    project.put("plan.json", json.dumps(reporting.PLAN))
    lost = documents.build(group="messaging", revision=SHA, services=reporting.BUILD["services"][:1])
    needs = json.dumps({"build": {"result": "success", "outputs": {"build": json.dumps(lost)}}})
    done = run(project, double, "report", "--as=none", "--json", "--plan=plan.json", f"--needs={needs}")
    states = {status["context"].split(" / ")[1]: status for status in json.loads(done.stdout)["statuses"]}
    selected = [service["service"] for service in reporting.PLAN["services"] if service["selected"]]
    built = lost["services"][0]["service"]
    for name in selected:
        assert (states[name]["state"] == "success") == (name == built), states
    assert states["images"]["state"] == "failure"


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped", "", "neutral"])
def test_any_job_that_did_not_end_well_stops_a_release(project, double, result):
    done = run(project, double, "release", "--version=version.json", "--notes=notes.md",
               f"--needs={jobs('success', lint={'result': result, 'outputs': {}})}")
    assert done.returncode == 1 and "the job lint" in done.stderr and not double.state.releases, done.stderr


# ---- comments

def comment(project, double, *more):
    project.put("plan.json", json.dumps(reporting.PLAN))
    return run(project, double, "report", "--as=none", "--plan=plan.json", "--pull=7", *more)


def test_a_comment_that_was_deleted_while_we_looked(project, double):
    assert comment(project, double).returncode == 0
    project.put("build.json", json.dumps(reporting.BUILD))

    def plan(number, request):
        if request.method == "PATCH" and "/issues/comments/" in request.path:
            double.state.comments.clear()
        return None
    double.faults = plan
    done = comment(project, double, "--build=build.json")
    assert done.returncode == 0, done.stderr
    assert len(double.state.comments) == 1


# ---- hints of a refusal

@pytest.mark.parametrize("message, header, says, lacks", [
    ("Resource not accessible by integration", "contents=write", "add to the job `permissions: {contents: write}`", "person's"),
    ("Resource not accessible by integration", "pull_requests=write; issues=write",
     "`permissions: {pull-requests: write}` or `permissions: {issues: write}`", "no workflow's"),
    ("Resource not accessible by integration", "administration=write", "no workflow's token", "add to the job"),
    ("Resource not accessible by integration", "metadata=read,contents=write", "`permissions: {contents: write}`", "metadata: "),
    ("Resource not accessible by personal access token", "contents=write", "give the token contents: write", "add to the job"),
    ("You must authenticate via a GitHub App.", "checks=write", "a person's is not", "scopes"),
])
def test_a_refusal_says_what_the_token_at_hand_needs(project, double, message, header, says, lacks):
    def refuse(server, handler, request):
        text = json.dumps({"message": message}).encode()
        handler.send_response(403)
        handler.send_header("x-accepted-github-permissions", header)
        handler.send_header("x-accepted-oauth-scopes", "repo")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)
        return True
    double.faults = lambda number, request: refuse if request.method == "POST" else None
    status, output = project.run(double)
    assert status == 3 and says in output and lacks not in output, output
