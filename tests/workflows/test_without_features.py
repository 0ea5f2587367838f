"""Where GitHub is not as a fresh public repository: what is turned off, who may not write, what is lost on the way."""
import pytest
from test_run import BUILDS, change, tags

FORBIDDEN = (403, "Resource not accessible by integration")
OFF = {"code-scanning": (403, "Advanced Security must be enabled for this repository to use code scanning."),
       "/issues": (410, "Issues has been disabled in this repository.")}


def edit(checkout, name, old, new):
    file = checkout.path / ".github/workflows" / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def release(checkout, tag):
    checkout.commit(f"Release {tag}")
    checkout.tag(tag)
    return checkout.run("messaging-release.yml", "push", {"ref": f"refs/tags/{tag}"})


def public(checkout, version):
    return {service for service in BUILDS if f"messaging-v{version}" in tags(checkout, service)}


def test_a_release_without_code_scanning_and_issues(checkout):
    checkout.double.state.off = dict(OFF)
    run = release(checkout, "messaging/v1.1.0")
    assert run.status == 0, run.log[-4000:]
    assert checkout.double.state.published("messaging/v1.1.0") and "turn on code scanning" in run.log


def test_a_release_that_github_refuses_leaves_nothing_public(checkout):
    checkout.double.state.off = {"/releases": FORBIDDEN}
    run = release(checkout, "messaging/v1.2.0")
    assert (run.jobs.get("security/scan"), run.jobs["release"]) == ("success", "failure"), run.log[-4000:]
    assert not public(checkout, "1.2.0")


def test_a_tag_that_is_gone_leaves_nothing_public(checkout):
    checkout.commit("Release")
    checkout.git("tag", "messaging/v1.3.0")  # here, and not at GitHub
    run = checkout.run("messaging-release.yml", "push", {"ref": "refs/tags/messaging/v1.3.0"})
    assert run.jobs["release"] == "failure" and "has no tag" in run.log and not public(checkout, "1.3.0")


def test_what_stops_between_promotion_and_publication_is_published(checkout):
    edit(checkout, "messaging-release.yml", "      - name: Publish the release", "      - run: exit 1\n      - name: Publish the release")
    run = release(checkout, "messaging/v1.4.0")
    assert run.jobs["release"] == "failure" and public(checkout, "1.4.0") == set(BUILDS)
    assert checkout.double.state.published("messaging/v1.4.0")


def pull(checkout, before, after, **head):
    request = {"number": 7, "base": {"ref": "main", "sha": before}, "head": {"ref": "topic", "sha": after, **head}}
    return checkout.run("messaging-images.yml", "pull_request", {"number": 7, "pull_request": request})


def states(checkout):
    return {status["context"]: status["state"] for status in checkout.double.state.statuses}


def test_a_fork_ends_as_its_builds_do(checkout):
    checkout.double.state.off = {**OFF, "/status": FORBIDDEN, "/comments": FORBIDDEN}
    before, after = change(checkout, "flash")
    run = pull(checkout, before, after, repo={"full_name": "mallory/fork"})
    assert run.status == 0 and run.jobs["report"] == "success", run.log[-4000:]
    assert "not posted: " in run.log and not checkout.double.state.statuses


def test_two_events_about_one_commit(checkout):
    """A pull request, and a push of the same head to dev: neither writes over what the other has found. (That act runs
    no further job after a called workflow has failed is why nothing fails here; tests/fault/test_report.py has those.)"""
    before, after = change(checkout, "sonic")
    run = pull(checkout, before, after, repo={"full_name": "arc-framework/arc-platform"})
    assert run.status == 0, run.log[-4000:]
    required = set(states(checkout))
    run = checkout.run("messaging-images.yml", "push", {"ref": "refs/heads/dev", "before": before, "after": after})
    assert run.status == 0, run.log[-4000:]
    assert set(states(checkout)) == required | {f"{name} (push)" for name in required}


def test_the_merge_queue_gets_the_required_statuses(checkout):
    before, after = change(checkout, "sonic")
    run = checkout.run("messaging-images.yml", "merge_group", {"merge_group": {
        "head_sha": after, "base_sha": before, "head_ref": "refs/heads/gh-readonly-queue/main/pr-7", "base_ref": "refs/heads/main"}})
    assert run.status == 0, run.log[-4000:]
    assert states(checkout) == dict.fromkeys([*(f"messaging / {name}" for name in (*BUILDS, "images", "gate"))], "success")


@pytest.mark.parametrize("output", ["plan", "build"])
def test_an_output_that_github_dropped(checkout, output):
    """The runner leaves out an output that holds a secret's value; the next job says so."""
    edit(checkout, "_reusable-build.yml", {"plan": "plan: ${{ steps.plan.outputs.plan }}",
                                           "build": "build: ${{ steps.build.outputs.build }}"}[output], f"{output}: ''")
    before, after = change(checkout, "sonic")
    run = checkout.run("messaging-images.yml", "push", {"ref": "refs/heads/main", "before": before, "after": after})
    assert run.status != 0 and "since it may contain secret" in run.log, run.log[-4000:]
    assert f"sha-{after[:12]}" not in tags(checkout, "sonic")
