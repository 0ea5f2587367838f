"""The report stage against the stateful double."""
import json
import subprocess

import faults
import pytest
from harness import ARC_CI, SHA, TOKEN, WRAPPER, Double, Project, State, documents

PLAN = documents.plan(
    group="messaging", title="Messaging", revision=SHA,
    services=[{"service": name, "selected": name != "sonic"} for name in ("flash", "strange", "sonic")],
    cells=[{"service": name, "platform": "linux/amd64"} for name in ("flash", "strange")])
BUILD = documents.build(group="messaging", revision=SHA, services=[
    {"service": name, "digest": "sha256:a", "cells": [{"platform": "linux/amd64", "size": 1000000}]}
    for name in ("flash", "strange")])
CONTEXTS = ["messaging / flash", "messaging / strange", "messaging / sonic", "messaging / images"]
MARK = "<!-- arc-ci: report messaging -->"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("project"))
    project.put("plan.json", json.dumps(PLAN))
    project.put("build.json", json.dumps(BUILD))
    return project


@pytest.fixture(scope="module", autouse=True)
def table(request, record_testsuite_property):
    cases = [item for item in request.session.items if item.fspath == request.fspath and "fault" in item.fixturenames]
    record_testsuite_property("figures", f"faults of a report: {len(cases)} cases, each at one of its requests, then again without")


@pytest.fixture
def double():
    with Double(State()) as server:
        yield server


def report(project, double, *extra):
    build = [] if any(word.startswith("--build=") for word in extra) else ["--build=build.json"]
    run = subprocess.run([*WRAPPER, ARC_CI, "report", "--plan=plan.json", *build, "--pull=7", *extra],
                         cwd=project.folder, env=project.environment(double), capture_output=True, text=True, timeout=120)
    assert TOKEN not in run.stdout + run.stderr
    return run.returncode, run.stdout + run.stderr


def latest(double):
    found = {}
    for status in double.state.statuses:
        assert status["_sha"] == SHA
        found[status["context"]] = status["state"]
    return found


def ours(double):
    return [comment for comment in double.state.comments if comment["body"].startswith(MARK)]


def check(double):
    assert latest(double) == dict.fromkeys(CONTEXTS, "success")
    assert len(ours(double)) == 1 and "| ✅ flash |" in ours(double)[0]["body"]
    assert not double.state.violations


def test_statuses_and_comment(project, double):
    status, output = report(project, double)
    assert status == 0, output
    check(double)
    assert len(double.state.statuses) == 4


def test_many_statuses_are_paced(project, double, tmp_path):
    """Fifteen at once, then one a second: GitHub takes 80 writes a minute."""
    names = [f"s{number}" for number in range(30)]
    project.put("many.json", json.dumps(documents.plan(
        group="many", title="Many", revision=SHA, services=[{"service": name, "selected": False} for name in names])))
    log = tmp_path / "waits"
    run = subprocess.run([*WRAPPER, ARC_CI, "report", "--plan=many.json"], cwd=project.folder, capture_output=True, text=True, timeout=120,
                         env=project.environment(double, QUICK_SLEEP_LOG=str(log)))
    assert run.returncode == 0, run.stderr
    assert len(double.state.statuses) == 31 and log.read_text().split() == ["1000"] * (31 - 15)


def test_what_failed_is_shown_first(project, double):
    """A comment has no room for every service of a large repository; the one that failed is among those shown."""
    names = [f"service-{number:04}" for number in range(1500)]
    cells = [{"service": name, "platform": "linux/amd64"} for name in names]
    built = [{"service": name, "digest": "sha256:a", "cells": [{"platform": "linux/amd64", "size": 1000000}]} for name in names[:-1]]
    project.put("large.json", json.dumps(documents.plan(
        group="large", title="Large", revision=SHA, services=[{"service": name, "selected": True} for name in names], cells=cells)))
    project.put("most.json", json.dumps(documents.build(group="large", revision=SHA, services=built)))
    run = subprocess.run([ARC_CI, "report", "--plan=large.json", "--build=most.json", "--pull=7", "--dry-run", "--json"],
                         cwd=project.folder, env=project.environment(double), capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    body = json.loads(run.stdout)["body"]
    rows = [line for line in body.split("\n") if line.startswith(("| ❌", "| ✅"))]
    assert rows[0].startswith("| ❌ service-1499 |") and rows[1].startswith("| ✅ service-0000 |")
    assert f"And {1500 - len(rows)} more services." in body


def test_run_again_changes_nothing(project, double):
    assert report(project, double)[0] == 0
    count = len(double.log)
    status, output = report(project, double, "--json")
    assert status == 0
    assert [entry for entry in double.log[count:] if entry[0] != "GET"] == []
    document = json.loads(output)
    assert {row["action"] for row in document["statuses"]} == {"unchanged"} and document["comment"]["action"] == "unchanged"


def test_what_differs_is_updated_in_place(project, double):
    project.put("empty.json", json.dumps(documents.build(group="messaging", revision=SHA)))
    assert report(project, double, "--build=empty.json")[0] == 0
    first = ours(double)[0]["id"]
    assert latest(double)["messaging / flash"] == "failure"
    assert report(project, double)[0] == 0
    check(double)
    assert ours(double)[0]["id"] == first


def test_check_runs(project, double):
    for _ in range(2):
        assert report(project, double, "--as=check")[0] == 0
        assert [run["name"] for run in double.state.check_runs] == CONTEXTS
        assert {run["conclusion"] for run in double.state.check_runs} == {"success"}
    project.put("empty.json", json.dumps(documents.build(group="messaging", revision=SHA)))
    assert report(project, double, "--as=check", "--build=empty.json")[0] == 0
    assert [run["conclusion"] for run in double.state.check_runs] == ["failure", "failure", "success", "failure"]


def deployed(double):
    """Of the one deployment there may be: its environment, and its statuses' states and texts."""
    (one,) = double.state.deployments
    assert (one["sha"], one["task"]) == (SHA, "deploy:messaging")
    return one["environment"], [(status["state"], status["description"]) for status in one["_statuses"]]


def test_a_deployment_when_asked_for(project, double):
    assert report(project, double)[0] == 0 and not double.state.deployments
    status, output = report(project, double, "--deployment=pre production/eu", "--json")
    assert status == 0, output
    assert deployed(double) == ("pre production/eu", [("success", "3 of 3 services are as they should be")])
    assert json.loads(output)["deployment"]["action"] == "created"
    _, output = report(project, double, "--deployment=pre production/eu", "--json")
    assert json.loads(output)["deployment"]["action"] == "unchanged" and len(deployed(double)[1]) == 1
    project.put("empty.json", json.dumps(documents.build(group="messaging", revision=SHA)))
    _, output = report(project, double, "--deployment=pre production/eu", "--json", "--build=empty.json")
    assert json.loads(output)["deployment"]["action"] == "updated"
    assert deployed(double)[1][1] == ("failure", "1 of 3 services are as they should be")
    assert report(project, double, "--deployment=other")[0] == 0 and len(double.state.deployments) == 2


def test_a_deployment_in_a_rehearsal(project, double):
    status, output = report(project, double, "--deployment=e", "--as=none", "--dry-run")
    assert status == 0 and not double.log
    assert "POST /repos/o/r/deployments\n" in output and "POST /repos/o/r/deployments/{deployment_id}/statuses" in output


@pytest.mark.parametrize("at", range(1, 5))
@pytest.mark.parametrize("fault", [fault for fault in faults.ALL if fault is not faults.slow_drip],
                         ids=lambda fault: fault.__name__)
def test_a_deployments_fault_then_again(project, double, fault, at):
    command = ("--as=none", "--deployment=e")
    with Double(State()) as other:
        faults.ELSEWHERE["url"] = other.url
        double.faults = faults.once(fault, at)
        run = [*WRAPPER, ARC_CI, "report", "--plan=plan.json", "--build=build.json", *command]
        subprocess.run(run, cwd=project.folder, env=project.environment(double), capture_output=True, timeout=120)
        assert double.listening.wait(60)
        double.faults = faults.none
        status, output = report(project, double, *command)
        assert status == 0, output
        environment, statuses = deployed(double)
        assert environment == "e" and statuses[-1][0] == "success" and len(statuses) == 1


def test_a_strangers_comment_with_our_mark_is_left_alone(project, double):
    class Fake:
        json = {"body": MARK + "\nfake"}
    from github_double import user
    double.api.create_comment(Fake, "7", author=user("mallory", "User"))
    assert report(project, double)[0] == 0
    assert not double.state.violations
    assert sorted(comment["user"]["login"] for comment in ours(double)) == ["github-actions[bot]", "mallory"]


def test_one_comment_with_the_token_of_a_person_without_a_role(project, double):
    """A bot account with a token of its own is neither member nor collaborator; nor is a stranger who copies the mark."""
    class Fake:
        json = {"body": MARK + "\nfake"}
    from github_double import user
    double.state.person = "acme-ci"
    double.api.create_comment(Fake, "7", author=user("mallory", "User"))
    for _ in range(2):
        status, output = report(project, double)
        assert status == 0, output
        assert sorted(comment["user"]["login"] for comment in ours(double)) == ["acme-ci", "mallory"]
    assert not double.state.violations


def test_a_locked_conversation_is_a_warning(project, double):
    double.state.locked = True
    status, output = report(project, double, "--json")
    assert status == 0 and "conversation is locked" in output
    assert latest(double) == dict.fromkeys(CONTEXTS, "success")
    assert '"action": "locked"' in output


def test_the_comment_is_found_among_many(project, double):
    class Fake:
        json = {"body": "hello"}
    assert report(project, double)[0] == 0
    for _ in range(250):
        double.api.create_comment(Fake, "7")
    double.state.comments.append(double.state.comments.pop(0))
    assert report(project, double)[0] == 0
    check(double)


def test_two_jobs_at_once_leave_one_comment(project, double):
    command = [*WRAPPER, ARC_CI, "report", "--plan=plan.json", "--build=build.json", "--pull=7"]
    jobs = [subprocess.Popen(command, cwd=project.folder, env=project.environment(double), stdout=subprocess.DEVNULL)
            for _ in range(3)]
    assert [job.wait(60) for job in jobs] == [0, 0, 0]
    check(double)


@pytest.mark.parametrize("at", range(1, 9))
@pytest.mark.parametrize("fault", [fault for fault in faults.ALL if fault is not faults.slow_drip],
                         ids=lambda fault: fault.__name__)
def test_fault_then_again(project, double, fault, at):
    with Double(State()) as other:
        faults.ELSEWHERE["url"] = other.url
        double.faults = faults.once(fault, at)
        report(project, double)
        assert double.listening.wait(60)
        double.faults = faults.none
        status, output = report(project, double)
        assert status == 0, output
        check(double)
        assert not [entry for entry in other.exchanges if TOKEN in str(entry)]


def test_a_token_that_may_not_is_told_so(project, double):
    double.faults = faults.onwards(faults.no_permission, 2)
    status, output = report(project, double)
    assert status == 3 and "Resource not accessible by integration" in output and "`permissions: {" in output


FORBIDDEN = (403, "Resource not accessible by integration")


def test_auto_warns_of_what_the_token_may_not(project, double):
    """The token of a pull request from a fork reads only."""
    double.state.off = {"/status": FORBIDDEN, "/comments": FORBIDDEN}
    assert report(project, double, "--as=auto", "--comment")[0] == 3
    assert report(project, double, "--comment=auto")[0] == 3
    status, output = report(project, double, "--as=auto", "--comment=auto")
    assert status == 0 and output.count("warning: not posted: ") == 2 and not double.state.statuses
    double.state.off = {f"/statuses/{SHA}": FORBIDDEN}
    status, output = report(project, double, "--as=auto")
    assert status == 0 and "not posted" in output and "— created" not in output, output


def of_run(project, double, jobs, *extra):
    """The statuses that a workflow_run reports of a run with these jobs."""
    double.state.jobs["9"] = list(jobs.items())
    event = project.put("event.json", json.dumps({"workflow_run": {"id": 9}}))
    run = subprocess.run([*WRAPPER, ARC_CI, "report", "--plan=plan.json", "--run=9", f"--revision={SHA}", *extra],
                         cwd=project.folder, capture_output=True, text=True, timeout=120,
                         env={**project.environment(double), "GITHUB_EVENT_NAME": "workflow_run", "GITHUB_EVENT_PATH": str(event)})
    assert run.returncode in (0, 1), run.stderr
    return run.returncode, {name.removeprefix("messaging / "): state for name, state in latest(double).items()}


GREEN = {"changes": "success", "build-flash / plan": "success", "build-flash / flash linux/amd64": "success",
         "build-flash / merge": "skipped", "build-strange": "skipped", "build-sonic": "skipped", "security / scan": "success",
         "publish": "skipped", "report": "success"}
FINE = dict.fromkeys(("flash", "strange", "sonic", "images", "gate"), "success")


@pytest.mark.parametrize("called", ["", "images / "])
def test_the_jobs_of_another_run(project, double, called):
    def result(**changed):
        jobs = {**GREEN, **{name.replace("_", "-"): value for name, value in changed.items()}}
        return of_run(project, double, {called + name: value for name, value in jobs.items()}, "--exit-code")[1]
    assert result() == FINE
    cell = {"build_flash / flash linux/amd64": "failure", "security / scan": "skipped"}
    assert [name for name, state in result(**cell).items() if state == "success"] == ["sonic"]  # not selected
    assert result(publish="cancelled")["images"] == "error"
    assert result(**{"security / scan": "failure"})["gate"] == "failure"
    assert result(changes="failure")["images"] == "error"


def test_one_job_for_all_that_was_skipped(project, double):
    assert of_run(project, double, {"changes": "success", "build": "skipped", "security / scan": "success"},
                  "--exit-code") == (0, FINE)


def test_a_gate_that_had_nothing_to_scan_reports_it(project, double):
    """A merge may require its status."""
    jobs = {"changes": "success", "build": "skipped", "security": "skipped"}
    assert of_run(project, double, jobs, "--exit-code") == (0, FINE)
    assert of_run(project, double, {**jobs, "build": "success"})[1]["gate"] == "error"


@pytest.mark.parametrize("called", ["", "images / "])
def test_the_jobs_of_a_matrix(project, double, called):
    """GitHub names them "JOB (VALUE, VALUE)"; a value may hold " / "."""
    jobs = {"changes": "success", "build (flash / a, linux/amd64)": "success", "build (sonic, linux/amd64)": "failure"}
    status, states = of_run(project, double, {called + name: value for name, value in jobs.items()}, "--exit-code")
    assert status == 1 and states["flash"] == states["strange"] == "failure", states


def test_the_job_itself_can_be_required(project, double):
    assert report(project, double, "--exit-code")[0] == 0
    project.put("empty.json", json.dumps(documents.build(group="messaging", revision=SHA)))
    status, output = report(project, double, "--build=empty.json", "--exit-code")
    assert status == 1 and "error: messaging / flash: build.json does not have it" in output


@pytest.mark.parametrize("event, suffix", [("push", " (push)"), ("workflow_dispatch", " (workflow_dispatch)"),
                                           ("schedule", " (schedule)"), ("merge_group", ""), ("", "")])
def test_a_push_writes_over_nothing_of_a_pull_request(project, double, event, suffix):
    """Both may be about one commit, compared with different bases."""
    payload = project.put("event.json", json.dumps({"merge_group": {"head_sha": SHA, "base_sha": SHA}, "before": SHA, "after": SHA}))
    env = {**project.environment(double), "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": str(payload)}
    run = subprocess.run([*WRAPPER, ARC_CI, "report", "--plan=plan.json", "--build=build.json"], cwd=project.folder, env=env,
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert set(latest(double)) == {name + suffix for name in CONTEXTS}
