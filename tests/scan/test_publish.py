"""SARIF uploads and issues, against a stateful double of GitHub, with every fault at every request."""
import base64
import gzip
import json
import re
import subprocess
import sys

import pytest
import documents
from conftest import ROOT, report, vulnerability

sys.path[:0] = [str(ROOT / "tests/double"), str(ROOT / "tests/fault")]
import faults  # noqa: E402
from github_double import TOKEN, Double, user  # noqa: E402
from harness import quick_sleep  # noqa: E402

SHA = "0123456789abcdef0123456789abcdef01234567"
LABEL = "arc-ci-scan"


@pytest.fixture
def double():
    with Double() as one:
        yield one


def run(place, double, *words, service="flash", found=("CVE-2024-1",), **env):
    name = place.write("r.json", report(*[vulnerability(i) if isinstance(i, str) else i for i in found]))
    status = place.run(*words, "--report", f"{service}@linux/amd64={name}", GITHUB_API_URL=double.url, GITHUB_TOKEN=TOKEN,
                       GITHUB_REPOSITORY="o/r", GITHUB_REF="refs/heads/main", GITHUB_SHA=SHA, LD_PRELOAD=quick_sleep(),
                       **env)
    assert TOKEN not in place.stderr + json.dumps(place.document)
    return status


def issue(place):
    (row,) = place.document["issues"]
    return row


def uploaded(double):
    return [json.loads(gzip.decompress(base64.b64decode(s["request"]["sarif"]))) for s in double.state.sarifs.values()]


def test_upload(place, double):
    assert run(place, double, "--upload-sarif") == 1
    upload = place.document["upload"]
    assert upload["status"] == "complete" and upload["results"] == 1
    (sarif,) = double.state.sarifs.values()
    assert sarif["request"]["commit_sha"] == SHA and sarif["request"]["ref"] == "refs/heads/main"
    (log,) = uploaded(double)
    result = log["runs"][0]["results"][0]
    assert result["ruleId"] == "CVE-2024-1" and "linux/amd64" in result["message"]["text"]


OTHER = "f" * 40
PULL = {"number": 7, "base": {"ref": "main", "sha": SHA}, "head": {"ref": "topic", "sha": OTHER}}
HEAD_OF_RUN = {"workflow_run": {"head_sha": OTHER, "head_branch": "dev", "event": "push", "head_repository": {"full_name": "o/r"}}}


@pytest.mark.parametrize("revision, event, payload, tag, ref", [
    (SHA, "push", {"after": SHA}, None, "refs/heads/main"), (OTHER, "workflow_dispatch", {}, "g/v1.0.0", "refs/tags/g/v1.0.0"),
    (SHA, "workflow_dispatch", {}, "g/v1.0.0", "refs/tags/g/v1.0.0"), (OTHER, "workflow_run", HEAD_OF_RUN, None, "refs/heads/dev"),
    (OTHER, "pull_request", {"number": 7, "pull_request": PULL}, None, "refs/pull/7/head"),
    (OTHER, "pull_request_target", {"number": 7, "pull_request": PULL}, None, "refs/pull/7/head"),
    (OTHER, "workflow_dispatch", {}, None, None)])
def test_the_alerts_are_of_what_was_scanned(place, double, revision, event, payload, tag, ref):
    """A release by hand replaced the alerts of main, where the run was started."""
    cells = [{"platform": "linux/amd64", "digest": "sha256:" + "0" * 64}]
    documents_of = {"plan": documents.plan(revision=revision, services=[{"service": "a"}], cells=[{"service": "a", "platform": "linux/amd64"}],
                                           **({"version": {"tag": tag}} if tag else {})),
                    "build": documents.build(revision=revision, services=[{"service": "a", "cells": cells}])}
    place.write("needs.json", {"plan": {"result": "success", "outputs": {k: json.dumps(v) for k, v in documents_of.items()}}})
    place.write("fake/linux-amd64.json", report())
    place.write("event.json", {"repository": {"full_name": "o/r", "default_branch": "main"}, **payload})
    status = place.run("--upload-sarif", "--scan-type=image", "--needs", "needs.json", GITHUB_API_URL=double.url, GITHUB_TOKEN=TOKEN,
                       GITHUB_REPOSITORY="o/r", GITHUB_REF="refs/heads/main", GITHUB_SHA=SHA, GITHUB_EVENT_NAME=event,
                       GITHUB_EVENT_PATH=str(place.path / "event.json"), LD_PRELOAD=quick_sleep())
    assert place.document["verdict"] == "clean", place.stderr
    sent = [(s["request"]["commit_sha"], s["request"]["ref"]) for s in double.state.sarifs.values()]
    assert (status, sent) == ((0, [(revision, ref)]) if ref else (2, []))
    assert ref or "no branch or tag of the first is known" in place.stderr


@pytest.mark.parametrize("event, ref", [("workflow_run", "refs/heads/dev"), ("pull_request_target", "refs/pull/7/head"), ("workflow_dispatch", None)])
def test_the_alerts_of_a_folder_are_of_what_is_checked_out(place, double, event, ref):
    """codeql-action 952: not of the default branch, where such a workflow runs."""
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=a@example.org", "-C", place.path]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "one"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    payload = json.dumps({"workflow_run": HEAD_OF_RUN, "pull_request_target": {"number": 7, "pull_request": PULL}, "workflow_dispatch": {}}[event])
    place.write("event.json", payload.replace(OTHER, head))
    place.write("fake/report.json", report())
    assert place.run("--upload-sarif", "--scan-target=bin", GITHUB_API_URL=double.url, GITHUB_TOKEN=TOKEN, GITHUB_REPOSITORY="o/r",
                     GITHUB_REF="refs/heads/main", GITHUB_SHA=SHA, GITHUB_EVENT_NAME=event, GITHUB_EVENT_PATH=str(place.path / "event.json"),
                     LD_PRELOAD=quick_sleep()) == 0, place.stderr
    sent = [(s["request"]["commit_sha"], s["request"]["ref"]) for s in double.state.sarifs.values()]
    assert sent == [(head, ref) if ref else (SHA, "refs/heads/main")]


def test_fingerprints_are_the_same_in_every_run(place, double):
    run(place, double, "--upload-sarif")
    run(place, double, "--upload-sarif", found=[vulnerability("CVE-2024-1", InstalledVersion="3.0.1"), vulnerability("CVE-2024-2")])
    first, second = ([r["partialFingerprints"]["primaryLocationLineHash"] for r in log["runs"][0]["results"]]
                     for log in uploaded(double))
    assert len(first) == 1 and len(second) == 2 and first[0] == second[0] and second[1] != first[0]


def test_a_clean_scan_uploads_an_empty_log(place, double):
    """Or the alerts of the run before would stay open."""
    assert run(place, double, "--upload-sarif", found=()) == 0
    assert uploaded(double)[0]["runs"][0]["results"] == []


def test_without_an_answer_nothing_is_uploaded_and_no_issue_is_touched(place, double):
    run(place, double, "--create-issues")
    place.write("bad.json", "{")
    assert place.run("--upload-sarif", "--create-issues", "--report", "flash=bad.json", GITHUB_API_URL=double.url,
                     GITHUB_TOKEN=TOKEN, GITHUB_REPOSITORY="o/r", GITHUB_REF="r", GITHUB_SHA=SHA) == 1
    assert not double.state.sarifs and double.state.issues[0]["state"] == "open"
    assert place.document["issues"] == []


def test_a_stale_database_closes_no_issue(place, double):
    run(place, double, "--create-issues")
    assert run(place, double, "--create-issues", "--max-database-age", "1d", found=()) == 1
    assert place.document["verdict"] == "stale-database" and double.state.issues[0]["state"] == "open"


def test_a_log_that_code_scanning_rejects(place, double):
    double.api.get_sarif = None
    for i, (method, pattern, handler) in enumerate(double.api.routes):
        if handler.__name__ == "get_sarif":
            double.api.routes[i] = (method, pattern, lambda request, number: (200, {"processing_status": "failed", "errors": [
                "rejecting SARIF, as there are more runs than allowed"]}))
    assert run(place, double, "--upload-sarif", "--fail-on-severity", "CRITICAL") == 1
    assert "more runs than allowed" in place.stderr and place.document["gate"] == "pass"


@pytest.mark.parametrize("missing", ["GITHUB_SHA", "GITHUB_REF", "GITHUB_REPOSITORY"])
def test_what_an_upload_needs_to_know(place, double, missing):
    environment = {"GITHUB_SHA": SHA, "GITHUB_REF": "r", "GITHUB_REPOSITORY": "o/r", missing: ""}
    assert place.run("--upload-sarif", "--report", "x", GITHUB_API_URL=double.url, GITHUB_TOKEN=TOKEN, **environment) == 2
    assert missing in place.stderr


# ---- issues

def test_the_life_of_an_issue(place, double):
    assert run(place, double, "--create-issues") == 1
    assert issue(place)["action"] == "created"
    (one,) = double.state.issues
    assert one["title"] == "Security: flash has 1 finding of HIGH or above: CVE-2024-1"
    assert [label["name"] for label in one["labels"]] == [LABEL]
    assert [label["description"] for label in double.state.labels] == ["Findings of the security scan; kept up to date by arc-ci"]
    for part in ("CVE-2024-1", "openssl", "3.0", "3.1", "linux/amd64"):
        assert part in one["body"].replace("\\", "")
    run(place, double, "--create-issues")
    assert issue(place)["action"] == "unchanged"
    run(place, double, "--create-issues", found=("CVE-2024-1", "CVE-2024-2"))
    assert issue(place)["action"] == "updated" and "2 findings" in one["title"]
    assert run(place, double, "--create-issues", found=()) == 0
    assert issue(place)["action"] == "closed" and (one["state"], one["state_reason"]) == ("closed", "completed")
    run(place, double, "--create-issues", found=())
    assert issue(place)["action"] == "unchanged"
    run(place, double, "--create-issues")
    assert issue(place)["action"] == "reopened" and one["state"] == "open"
    assert len(double.state.issues) == 1


def test_an_issue_holds_what_fits(place, double):
    """However long its rows are: their texts are a stranger's, and escaped."""
    odd = {name: "|" * 457 for name in ("PkgName", "InstalledVersion", "FixedVersion")}
    assert run(place, double, "--create-issues", found=[vulnerability(f"CVE-2024-{i}", **odd) for i in range(1, 41)]) == 1
    body = double.state.issues[0]["body"]
    assert 50000 < len(body) <= 65536 and "more; the scan's report lists all of them" in body


def test_clean_from_the_start_files_nothing(place, double):
    run(place, double, "--create-issues", found=())
    assert issue(place) == {"service": "flash", "action": "none needed"} and not double.state.issues


def test_findings_below_the_limit_file_nothing(place, double):
    assert run(place, double, "--create-issues", "--fail-on-severity", "CRITICAL") == 0
    assert not double.state.issues


def test_one_issue_a_service(place, double):
    run(place, double, "--create-issues")
    run(place, double, "--create-issues", service="sonic")
    assert [i["title"].split()[1] for i in double.state.issues] == ["flash", "sonic"]


def old_issues(double, count, **fields):
    for _ in range(count):
        double.state.issues.append({"number": len(double.state.issues) + 1, "title": "x", "body": "y", "state": "open",
                                    "labels": list(double.state.labels), "user": user(), "author_association": "NONE",
                                    "html_url": "https://example.org", "state_reason": None, **fields})
    return double.state.issues[-1]


def test_found_on_the_last_of_many_pages(place, double):
    run(place, double, "--create-issues")
    ours = double.state.issues.pop()
    old_issues(double, 250)
    ours["number"] = 251
    double.state.issues.append(ours)
    run(place, double, "--create-issues", found=("CVE-2024-7",))
    assert len(double.state.issues) == 251 and "CVE" in ours["body"] and issue(place)["number"] == 251


def test_found_without_its_label_which_is_given_back(place, double):
    run(place, double, "--create-issues")
    double.state.issues[0]["labels"] = []
    run(place, double, "--create-issues")
    assert len(double.state.issues) == 1 and double.state.issues[0]["labels"][0]["name"] == LABEL


def test_a_stranger_with_our_marker_is_not_believed(place, double):
    run(place, double, "--create-issues")
    body = double.state.issues.pop()["body"]
    fake = old_issues(double, 1, body=body, labels=[], user=user("mallory", "User"), title="mine")
    run(place, double, "--create-issues")
    assert len(double.state.issues) == 2 and fake["title"] == "mine"


def test_a_pull_request_is_no_issue(place, double):
    run(place, double, "--create-issues")
    double.state.issues[0]["pull_request"] = {}
    run(place, double, "--create-issues")
    assert len(double.state.issues) == 2


def test_closed_as_not_planned_stays_closed(place, double):
    run(place, double, "--create-issues")
    double.state.issues[0].update(state="closed", state_reason="not_planned")
    run(place, double, "--create-issues", found=("CVE-2024-5",))
    assert issue(place)["action"] == "left closed" and double.state.issues[0]["state"] == "closed"


def test_a_second_issue_of_the_service_is_closed(place, double):
    run(place, double, "--create-issues")
    twin = {**double.state.issues[0], "number": 2}
    double.state.issues.append(twin)
    run(place, double, "--create-issues")
    assert [i["state"] for i in double.state.issues] == ["open", "closed"]


def test_text_from_a_report_is_no_markup(place, double):
    evil = vulnerability("CVE-1", PkgName="a|b\n\n# @team <img src=x>", FixedVersion="](javascript:alert(1))",
                         PrimaryURL="javascript:alert(1)")
    run(place, double, "--create-issues", found=[evil])
    body = double.state.issues[0]["body"]
    rows = [line for line in body.splitlines() if "CVE" in line]
    assert len(rows) == 1 and "<img" not in body and " @team" not in body
    assert "](" not in rows[0].replace("\\](", "")


def test_a_service_name_cannot_end_the_marker(place, double):
    assert place.run("--create-issues", "--report", place.write("r.json", report(vulnerability())), "--service-name",
                     "x --> <b>y", GITHUB_API_URL=double.url, GITHUB_TOKEN=TOKEN, GITHUB_REPOSITORY="o/r") == 1
    assert double.state.issues[0]["body"].splitlines()[0] == "<!-- arc-ci:scan:x%20--%3E%20%3Cb%3Ey -->"


def test_the_files_of_a_service_have_an_issue_of_their_own(place, double):
    run(place, double, "--create-issues", found=("CVE-2024-1",))
    files = place.write("files.json", {**report(), "ArtifactType": "filesystem"})
    assert place.run("--create-issues", "--report", files, "--service-name", "flash", GITHUB_API_URL=double.url, GITHUB_TOKEN=TOKEN,
                     GITHUB_REPOSITORY="o/r") == 0
    (image,) = double.state.issues
    assert image["state"] == "open", "a scan of the files closed what was found in the image"
    place.write("files.json", {**report(vulnerability("CVE-2024-2"), target="go.mod"), "ArtifactType": "filesystem"})
    assert place.run("--create-issues", "--report", files, "--service-name", "flash", GITHUB_API_URL=double.url, GITHUB_TOKEN=TOKEN,
                     GITHUB_REPOSITORY="o/r") == 1
    assert [one["title"] for one in double.state.issues] == [
        "Security: flash has 1 finding of HIGH or above: CVE-2024-1",
        "Security: the source of flash has 1 finding of HIGH or above: CVE-2024-2"]


def test_a_title_names_the_worst_once(place, double):
    found = [vulnerability("CVE-1", PkgName="a"), vulnerability("CVE-1", PkgName="b"), vulnerability("CVE-2"),
             vulnerability("CVE-9", Severity="CRITICAL"), vulnerability("x\x1b" * 30, Severity="CRITICAL")]
    run(place, double, "--create-issues", found=found)
    title = double.state.issues[0]["title"]
    assert title.startswith("Security: flash has 5 findings of HIGH or above: CVE-9, x\\x1bx")
    assert title.endswith(", CVE-1, …") and title.count("CVE-1") == 1 and "\x1b" not in title and len(title) < 256


def test_thousands_of_findings_fit_in_a_body(place, double):
    run(place, double, "--create-issues", found=[f"CVE-2024-{i}" for i in range(5000)])
    body = double.state.issues[0]["body"]
    assert len(body) <= 65536 and " more; the scan's report lists all of them." in body


def test_the_label_is_made_by_another_job_meanwhile(place, double):
    original = double.api.create_label

    def race(request):
        original(request)
        return original(request)
    for i, (method, pattern, handler) in enumerate(double.api.routes):
        if handler == original:
            double.api.routes[i] = (method, pattern, race)
    assert run(place, double, "--create-issues") == 1
    assert issue(place)["action"] == "created"


# ---- faults

REQUESTS = 9
WORDS = ("--upload-sarif", "--create-issues", "--request-timeout", "2", "--max-wait", "100")


def test_the_number_of_requests(place, double):
    run(place, double, *WORDS)
    assert len(double.log) == REQUESTS, double.log


@pytest.fixture(scope="module")
def elsewhere():
    with Double() as other:
        faults.ELSEWHERE["url"] = other.url
        yield other
        assert not [entry for entry in other.exchanges if TOKEN in str(entry)], "the token went to another host"


def check(double):
    (one,) = double.state.issues
    assert one["state"] == "open" and "CVE-2024-1" in one["body"].replace("\\", "")
    assert len(double.state.labels) == 1
    assert double.state.sarifs


@pytest.mark.parametrize("at", range(1, REQUESTS + 1))
@pytest.mark.parametrize("fault", faults.ALL, ids=lambda fault: fault.__name__)
def test_fault(place, double, elsewhere, fault, at):
    """Once: the run ends well or says why not; the gate's verdict is whole either way; a second run makes it right."""
    double.faults = faults.once(fault, at)
    status = run(place, double, *WORDS, "--fail-on-severity", "HIGH", **faults.patience(fault))
    assert status == 1 and place.document["gate"] == "fail" and place.document["counts"]["HIGH"] == 1
    assert double.listening.wait(60)
    if fault not in (faults.expired_token, faults.no_permission, faults.redirect_elsewhere, faults.redirect_302):
        assert "upload" in place.document and "issues" in place.document, place.stderr
        check(double)
    double.faults = faults.none
    run(place, double, *WORDS)
    check(double)


def test_an_issue_that_the_server_stores_in_its_own_way_is_the_same(place, double):
    """As it does for comments and releases: other line ends, no line end at the end."""
    run(place, double, "--create-issues")
    (stored,) = double.state.issues
    stored["body"] = stored["body"].rstrip().replace("\n", "\r\n")
    run(place, double, "--create-issues")
    assert issue(place)["action"] == "unchanged"


@pytest.mark.parametrize("fault", [faults.no_permission, faults.expired_token, faults.status_500],
                         ids=lambda fault: fault.__name__)
def test_a_gate_that_passes_does_not_hide_what_was_not_published(place, double, fault):
    double.faults = faults.onwards(fault, 1)
    status = run(place, double, *WORDS, "--fail-on-severity", "CRITICAL")
    assert place.document["gate"] == "pass" and status in (1, 3) and "SARIF upload" in place.stderr


NO_SCANNING = "Advanced Security must be enabled for this repository to use code scanning."
OFF = [("--upload-sarif", "code-scanning", 403, NO_SCANNING), ("--upload-sarif", "code-scanning", 404, "Not Found"),
       ("--upload-sarif", "code-scanning", 403, "Resource not accessible by integration"),
       ("--create-issues", "/issues", 410, "Issues has been disabled in this repository."),
       ("--create-issues", "/issues", 403, "Resource not accessible by integration")]


@pytest.mark.parametrize("option, part, status, message", OFF)
def test_auto_warns_of_what_is_turned_off(place, double, option, part, status, message):
    """The gate alone decides how the run ends."""
    double.state.off = {part: (status, message)}
    assert run(place, double, option, found=()) == 3
    assert run(place, double, f"{option}=auto", found=()) == 0
    assert run(place, double, f"{option}=auto") == 1
    assert any(message in warning and re.search("if (it is|they are) off, turn on", warning) and "issue of :" not in warning
               for warning in place.document["warnings"])
    assert ("add to the job" in place.stderr) == ("accessible" in message or status == 404)
    double.state.off = {}
    assert run(place, double, f"{option}=auto", found=()) == 0
    assert not any("turn on" in warning for warning in place.document["warnings"])
    assert double.state.sarifs or option == "--create-issues"


def test_auto_forgives_no_network(place, double):
    double.faults = faults.onwards(faults.refused, 1)
    assert run(place, double, "--upload-sarif=auto", found=()) == 3


def test_auto_does_not_take_a_lost_network_for_what_is_turned_off(place, double):
    """The label was not there, which is an answer to another request."""
    double.faults = faults.onwards(faults.refused, 4)
    assert run(place, double, "--create-issues=auto", "--block-on-failure=false") == 3
    assert double.log[2][1:] == (f"/repos/o/r/labels/{LABEL}", 404) and "turn on" not in place.stderr
