"""The release stage against the stateful double: what it does when nothing goes wrong."""
import json
import os
import re
import subprocess
import sys
import threading

import faults
import pytest
from harness import ARC_CI, BODY, ROOT, SHA, TAG, TOKEN, VERSION, Double, Project, State, check, new_state, our_draft

sys.path.insert(0, str(ROOT / "tests"))
from usage import measured  # noqa: E402

MINIMUM = 14    # of a release with 9 assets: derived in docs/release.md


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture
def double(project):
    with Double(new_state(project)) as server:
        yield server


def writes(double):
    return [entry for entry in double.log if entry[0] != "GET"]


def test_a_release_takes_the_published_minimum_of_requests(project, double):
    status, output = project.run(double)
    assert status == 0, output
    check(double, project)
    assert len(double.state.releases[0]["assets"]) == 9
    print(f"requests: {double.count}, published minimum: {MINIMUM}")
    assert double.count == MINIMUM, double.log
    text = (ROOT / "docs/release.md").read_text()
    assert f"**{MINIMUM} requests**" in text, "docs/release.md derives another number"


def test_the_document(project, double, tmp_path):
    status, output = project.run(double, "--json", "--record=record")
    assert status == 0
    document = json.loads(output[output.index("{"):])
    assert document["action"] == "created" and document["draft"] is False and document["make-latest"] is True
    assert document["target"] == SHA and document["requests"] == MINIMUM
    assert {asset["name"]: asset["action"] for asset in document["assets"]} == dict.fromkeys(project.expected(), "uploaded")
    records = sorted((tmp_path / "record").iterdir())
    assert len(records) == MINIMUM
    for record in records:
        assert TOKEN not in record.read_text()
        assert json.loads(record.read_text())["status"] in (200, 201)
    import jsonschema
    jsonschema.validate(document, json.loads((ROOT / "docs/schema/release.schema.json").read_text()))


def test_run_again_changes_nothing(project, double):
    assert project.run(double)[0] == 0
    before, count = json.dumps(double.state.releases), double.count
    status, output = project.run(double, "--json")
    assert status == 0 and '"action": "unchanged"' in output
    assert json.dumps(double.state.releases) == before
    assert double.count - count == 2, "the tag and the listing"


def test_what_differs_is_updated_and_nothing_else(project, double):
    assert project.run(double)[0] == 0
    ids = {asset["name"]: asset["id"] for asset in double.state.releases[0]["assets"]}
    project.assets["flash.log.gz"] = b"another"
    project.put("flash.log.gz", b"another")
    project.put("notes.md", BODY + "more\n")
    double.state.expected_assets = project.expected()
    status, output = project.run(double, "--json", "--body-mode=replace")
    assert status == 0, output
    check(double, project, BODY + "more\n")
    now = {asset["name"]: asset["id"] for asset in double.state.releases[0]["assets"]}
    assert {name for name in now if now[name] != ids[name]} == {"flash.log.gz", "SHA256SUMS"}
    actions = {a["name"]: a["action"] for a in json.loads(output[output.index("{"):])["assets"]}
    assert actions["flash.log.gz"] == "replaced" and actions["sonic.log.gz"] == "kept"


def test_a_second_group_of_one_tag_does_not_replace_the_first_ones_record(project, double):
    assert project.run(double)[0] == 0
    before = json.dumps(double.state.releases)
    build = json.loads((project.folder / "build.json").read_text())
    project.put("build.json", json.dumps(build | {"group": "tools"}))
    status, output = project.run(double, "--body-mode=append")
    assert status == 1 and f"release {TAG} is that of group messaging, by its build.json" in output
    assert json.dumps(double.state.releases) == before


def test_a_record_that_is_damaged_is_replaced(project, double):
    release = double.state.add_release(TAG, draft=True, body=our_draft("old"))
    double.state.add_asset(release, "build.json", b'{"document": "build", "group": ', "application/json")
    status, output = project.run(double)
    assert status == 0, output
    check(double, project)


@pytest.mark.parametrize("announced", [False, True])
def test_a_half_uploaded_asset_is_replaced(project, double, announced):
    """Its size may be what was announced, not what came; only its state tells."""
    release = double.state.add_release(TAG, draft=True, body=our_draft("old"))
    content = project.assets["flash.log.gz"] if announced else b""
    double.state.add_asset(release, "flash.log.gz", content, "application/gzip", state="starter")
    assert project.run(double)[0] == 0
    check(double, project)


def test_a_server_without_digests(project, double):
    double.state.digests = False
    assert project.run(double)[0] == 0
    check(double, project)
    count = double.count
    assert project.run(double)[0] == 0
    assert double.count - count == 2


def test_immutable_releases(project, double):
    double.state.immutable = True
    assert project.run(double)[0] == 0
    check(double, project)
    assert project.run(double)[0] == 0
    project.put("flash.log.gz", b"another")
    status, output = project.run(double)
    assert status == 1 and "is immutable" in output and "a new version is needed" in output


def test_an_immutable_release_keeps_its_records(project, double):
    """All jobs are run again: the records of the same images have another time, the images are the same."""
    built = {one["service"]: one for one in json.loads((project.folder / "build.json").read_text())["services"]}
    image = lambda name: f"{built[name]['image']}@{built[name]['digest']}"  # noqa: E731
    scan = {"document": "scan", "format": 1, "verdict": "clean", "gate": "pass", "scanned": "2026-11-20T10:00:00Z",
            "targets": [{"service": name, "platform": "linux/amd64", "artifact": image(name), "counts": {}} for name in built]}
    project.put("scan.json", json.dumps(scan))
    double.state.immutable = True
    status, output = project.run(double, "--scan=scan.json")
    assert status == 0, output
    before = {asset["name"]: asset["digest"] for asset in double.state.releases[0]["assets"]}
    project.put("scan.json", json.dumps(scan | {"scanned": "2026-11-21T10:00:00Z", "verdict": "findings"}))
    for service in (build := json.loads((project.folder / "build.json").read_text()))["services"]:
        service["built"] = not service["built"]
    project.put("build.json", json.dumps(build))
    status, output = project.run(double, "--scan=scan.json", "--json")
    assert status == 0, output
    document = json.loads(output[output.index("{"):])
    assert document["action"] == "unchanged"
    assert before == {asset["name"]: f"sha256:{asset['sha256']}" for asset in document["assets"]}
    assert before == {asset["name"]: asset["digest"] for asset in double.state.releases[0]["assets"]}
    scan["targets"][0]["artifact"] = image("sonic")
    project.put("scan.json", json.dumps(scan))
    status, output = project.run(double, "--scan=scan.json")
    assert status == 1 and "is immutable and holds another scan.json" in output
    build["services"][0]["digest"] = "sha256:" + 64 * "9"
    project.put("build.json", json.dumps(build))
    status, output = project.run(double)
    assert status == 1 and "is immutable and holds another build.json" in output


@pytest.mark.parametrize("policy, before, expected", [
    ("auto", "tools/v1.0.0", "true"), ("own", "tools/v1.0.0", "false"), ("own", "messaging/v0.0.9", "true"),
    ("own", None, "true"), ("own", "messaging/x/v1.0.0", "false"), ("never", None, "false")])
def test_whose_release_is_the_latest(project, double, policy, before, expected):
    if before:
        double.state.add_release(before, _latest="true")
    assert project.run(double, f"--make-latest={policy}")[0] == 0
    assert double.state.of_tag(TAG)[0]["_latest"] == expected


CONFIG = """groups:
  messaging: {registry: ghcr.io/o, tag: [messaging/v*, "messaging-v{version}"], services: [a], predecessor: v0.0.8}
"""


@pytest.mark.parametrize("policy, before, expected", [("own", "tools-v1.0.0", "false"), ("own", "messaging-v0.0.9", "true"),
                                                      ("own", "v0.0.8", "true"), ("own", "v0.0.7", "false"),
                                                      ("auto", "messaging-v0.2.0", "false")])
def test_the_groups_own_tags_say_whose_release_is_the_latest(project, double, policy, before, expected):
    subprocess.run(["git", "init", "-q", str(project.folder)], check=True, env={"PATH": os.environ["PATH"]})
    project.put(".github/arc-ci.yaml", CONFIG)
    project.put("a/service.yaml", "name: arc-a\ncodename: a\n")
    project.put("a/Dockerfile", "FROM scratch\n")
    double.state.add_release(before, _latest="true")
    status, output = project.run(double, f"--make-latest={policy}")
    assert status == 0, output
    assert double.state.of_tag(TAG)[0]["_latest"] == expected


@pytest.mark.parametrize("before, fields, expected", [
    ("messaging/v0.2.0", {}, "false"), ("messaging/v0.2.0", {"draft": True}, "true"),
    ("messaging/v0.2.0", {"prerelease": True}, "true"), ("messaging/v0.2.0-rc.1", {}, "true"),
    ("messaging/v0.2.0", {"body": "<!-- arc-ci: withdrawn -->\n"}, "true"), ("tools/v0.2.0", {}, "true")])
def test_a_higher_version_that_was_faster_stays_the_latest(project, double, before, fields, expected):
    double.state.add_release(before, **fields)
    status, output = project.run(double)
    assert status == 0, output
    assert double.state.of_tag(TAG)[0]["_latest"] == expected
    assert ("is not the latest release: messaging/v0.2.0 is out" in output) == (expected == "false")


@pytest.mark.parametrize("policy, before", [("auto", "messaging/v0.3.0"), ("auto", "tools/v0.0.1"), ("never", "tools/v0.0.1"),
                                            ("own", "tools/v0.0.1")])
def test_what_github_takes_for_the_latest_is_given_back(project, double, policy, before):
    """terrapod 1466, logto kotlin 272: make_latest=false elects nobody, and the release that was published last wins. But
    who made an older version the latest by hand meant it."""
    for tag in ("messaging/v0.1.9", "messaging/v0.2.0", before):
        double.state.add_release(tag)
    status, output = project.run(double, f"--make-latest={policy}")
    assert status == 0 and f"{before} is the latest release again" in output, output
    chosen = lambda: [one["tag_name"] for one in double.state.releases if one.get("_latest") == "true"]  # noqa: E731
    assert chosen() == [before]
    for release in double.state.releases:
        release["_latest"] = str(release["tag_name"] == TAG).lower()
    assert project.run(double, f"--make-latest={policy}")[0] == 0 and chosen() == [TAG]


def test_a_changed_text_moves_the_latest_neither_way(project, double):
    """A person chose another release as the latest; or the tags are not known now."""
    assert project.run(double)[0] == 0
    double.state.add_release("messaging/v0.0.9", _latest="true")
    release = double.state.of_tag(TAG)[0]
    for latest, chosen in ((True, "false"), (False, "true")):
        project.put("version.json", json.dumps({**VERSION, "latest": latest}))
        project.put("notes.md", BODY + chosen)
        release["_latest"] = chosen
        assert project.run(double, "--body-mode=replace")[0] == 0
        assert release["body"] == BODY + chosen and release["_latest"] == chosen


def test_patterns_of_assets(project, double):
    folder = project.folder / "dist"
    (folder / "deep").mkdir(parents=True, exist_ok=True)
    for name in ("b.zip", "a.zip", "c.txt", "deep/d.zip", "{x}.txt", "e.yml", "f.yml"):
        (folder / name).write_text(name)
    (folder / "out.zip").symlink_to("/etc/hostname")
    (folder / "latest.zip").symlink_to("deep/d.zip")
    (folder / ".hidden.zip").write_text("hidden")
    (folder / ".cache").mkdir(exist_ok=True)
    (folder / ".cache/[d].zip").write_text("hidden")
    double.state.expected_assets = None
    more = ("--asset=dist/*.zip", "--asset=dist/**/[d].zip", "--asset=x.txt=dist/{x}.txt",
            "--asset=hidden.zip=dist/.h*", "--asset=no.txt=dist/c.txt", "--asset=!dist/c.*", "--asset=dist/!(f).yml", "--asset=one.txt=dist/c*.txt")
    status, output = project.run(double, *more)
    assert status == 0, output
    names = [asset["name"] for asset in double.state.releases[0]["assets"]]
    assert set(names) - set(project.expected()) == {"a.zip", "b.zip", "d.zip", "latest.zip", "x.txt", "one.txt", "hidden.zip", "e.yml"}
    (project.folder / "v=1.odd").write_text("no NAME=FILE")
    for pattern, message in (("dist/*.none", "matches no file"), ("n=dist/*.zip", "matches 3 files"),
                             ("none/*.zip", "matches no file"), ("*.odd", "'v=1.odd' cannot be the name of an asset")):
        status, output = project.run(double, f"--asset={pattern}")
        assert status == 2 and message in output
    project.assets = {}
    status, output = project.run(double, "--asset=!dist/b*")
    assert status == 2 and "takes out what those before it name, and there is none" in output


@pytest.mark.parametrize("whose", ["ours", "a person's"])
def test_a_burned_name_asks_for_a_new_version(project, double, whose):
    double.state.burned.add(TAG)
    if whose != "ours":
        double.state.add_release(TAG, draft=True, body="by hand")
    status, output = project.run(double, "--publish")
    assert status == 1 and output.rstrip().endswith("take a new version (a new tag)")
    assert [release["body"] for release in double.state.releases] == ([] if whose == "ours" else ["by hand"])


def test_an_annotated_tag_is_followed(project, double):
    double.state.refs[f"refs/tags/{TAG}"] = ("tag", "a" * 40)
    double.state.tags = {"a" * 40: ("tag", "b" * 40), "b" * 40: ("commit", SHA)}
    assert project.run(double)[0] == 0
    check(double, project)


def test_a_tag_that_points_elsewhere_stops(project, double):
    double.state.refs[f"refs/tags/{TAG}"] = ("commit", "f" * 40)
    status, output = project.run(double)
    assert status == 1 and "points to " + "f" * 40 in output and SHA in output
    assert not writes(double)


def test_a_missing_tag_stops(project, double):
    double.state.refs.clear()
    status, output = project.run(double)
    assert status == 3 and f"has no tag {TAG}" in output and "git push origin" in output
    assert not writes(double)


@pytest.mark.parametrize("prerelease, latest, expected", [(False, True, "true"), (False, False, "false"), (True, True, "false")])
def test_latest_follows_the_version(project, double, prerelease, latest, expected):
    project.put("version.json", json.dumps({**VERSION, "prerelease": prerelease, "latest": latest}))
    assert project.run(double)[0] == 0
    assert double.state.releases[0]["prerelease"] is prerelease
    assert double.state.releases[0]["_latest"] == expected


@pytest.mark.parametrize("mode, expected", [
    ("auto", "by hand"), ("replace", BODY), ("keep", "by hand"),
    ("prepend", f"<!-- arc-ci: notes begin -->\n{BODY}<!-- arc-ci: notes end -->\n\nby hand"),
    ("append", f"by hand\n\n<!-- arc-ci: notes begin -->\n{BODY}<!-- arc-ci: notes end -->\n"),
])
def test_body_modes(project, double, mode, expected):
    double.state.add_release(TAG, body="by hand")
    for _ in range(2):
        assert project.run(double, f"--body-mode={mode}")[0] == 0
        check(double, project, expected)


def test_a_persons_title_and_text_stay(project, double):
    double.state.add_release(TAG, name="The big one", body="by hand")
    status, output = project.run(double)
    assert status == 0 and "--body-mode=replace" in output
    assert [(release["name"], release["body"]) for release in double.state.releases] == [("The big one", "by hand")]
    assert project.run(double, "--body-mode=replace")[0] == 0
    check(double, project)


@pytest.mark.parametrize("draft", [False, True])
def test_what_a_person_marked_as_a_prerelease_stays_one(project, double, draft):
    """A version that proved bad, or is to soak: no later run makes it the latest release."""
    double.state.add_release(TAG, draft=draft, name="The big one", body="by hand", prerelease=True)
    status, output = project.run(double, "--publish", "--body-mode=append")
    release, = double.state.releases
    assert status == 0 and "stays one: --body-mode=replace" in output
    assert release["prerelease"] and not release["draft"] and release["_latest"] != "true"
    assert project.run(double, "--body-mode=replace")[0] == 0
    assert not double.state.releases[0]["prerelease"]


@pytest.mark.parametrize("mode", ["auto", "keep", "replace", "prepend", "append"])
def test_no_text_empties_nothing(project, double, mode):
    double.state.add_release(TAG, body="by hand")
    project.put("notes.md", "")
    assert project.run(double, f"--body-mode={mode}")[0] == 0
    assert double.state.releases[0]["body"] == "by hand"


def test_a_persons_draft_is_filled_and_published_when_asked(project, double):
    mine = double.state.add_release(TAG, draft=True, name="The big one", body="by hand")
    for _ in range(2):
        assert project.run(double)[0] == 0
        draft, = double.state.releases
        assert draft["id"] == mine["id"] and draft["draft"] and (draft["name"], draft["body"]) == ("The big one", "by hand")
        assert len(draft["assets"]) == 9
    assert project.run(double, "--publish", "--body-mode=append")[0] == 0
    assert not double.state.releases[0]["draft"]
    assert double.state.releases[0]["body"].startswith("by hand\n\n<!-- arc-ci: notes begin -->")


@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize("mode", ["auto", "keep"])
def test_what_a_person_wrote_into_our_draft_stays(project, double, mode, published):
    """release --draft; a person edits, and publishes perhaps; the job runs again."""
    assert project.run(double, "--draft")[0] == 0
    draft, = double.state.releases
    draft.update(name="The big one", body=draft["body"].replace("# Messaging", "Read the guide.\n\n# Messaging"),
                 draft=not published)
    status, output = project.run(double, "--draft", f"--body-mode={mode}")
    assert status == 0 and output.count("is published, and stays as it is: --draft changes nothing public") == published
    assert draft["draft"] is not published
    assert project.run(double, f"--body-mode={mode}")[0] == 0
    assert not double.state.releases[0]["draft"] and double.state.releases[0]["name"] == "The big one"
    assert double.state.releases[0]["body"] == "Read the guide.\n\n" + BODY


def test_a_draft_of_another_build_changes_nothing_that_is_published(project, double):
    """All jobs of a release run again, after a base image moved: the promotion refuses the new images, whose names the
    published release must not have by then."""
    assert project.run(double)[0] == 0
    before = json.dumps(double.state.releases)
    build = json.loads((project.folder / "build.json").read_text())
    build["services"][0]["digest"] = "sha256:" + 64 * "9"
    project.put("build.json", json.dumps(build))
    project.put("notes.md", "another text\n")
    status, output = project.run(double, "--draft", "--body-mode=replace", "--json")
    assert status == 0 and json.dumps(double.state.releases) == before, output
    document = json.loads(output[output.index("{"):])
    assert document["action"] == "unchanged" and "build.json" not in [one["name"] for one in document["assets"]]
    double.state.expected_assets = None
    assert project.run(double)[0] == 0 and json.dumps(double.state.releases) != before


def test_an_edited_second_draft_of_ours_stays(project, double):
    double.state.add_release(TAG, draft=True, body=our_draft("old"))
    double.state.add_release(TAG, draft=True, body=our_draft("old") + "and what a person added")
    assert project.run(double)[0] == 0
    assert len(double.state.releases) == 2


def test_a_second_draft_of_a_person_stays(project, double):
    double.state.add_release(TAG, draft=True, body="first by hand")
    double.state.add_release(TAG, draft=True, body="second by hand")
    assert project.run(double, "--publish")[0] == 0
    assert len(double.state.releases) == 2
    assert [release["body"] for release in double.state.releases if release["draft"]] == ["second by hand"]


def test_a_draft_stays_a_draft_until_told(project, double):
    assert project.run(double, "--draft")[0] == 0
    assert double.state.releases[0]["draft"]
    count = double.count
    status, output = project.run(double, "--draft", "--json")
    assert status == 0 and '"action": "unchanged"' in output and double.count - count == 2
    assert project.run(double)[0] == 0
    check(double, project)


def test_a_draft_is_updated_as_a_draft(project, double):
    assert project.run(double, "--draft")[0] == 0
    project.put("notes.md", "other\n")
    assert project.run(double, "--draft")[0] == 0
    assert double.state.releases[0]["draft"] and double.state.releases[0]["body"].endswith("other\n")
    assert project.run(double)[0] == 0
    check(double, project, "other\n")
    assert double.state.releases[0]["_latest"] == "true"


@pytest.mark.parametrize("mode", ["auto", "keep", "replace", "prepend", "append"])
def test_without_notes_our_drafts_title_and_text_stay(project, double, mode):
    assert project.run(double, "--draft", f"--body-mode={mode}")[0] == 0
    draft = dict(double.state.releases[0])
    project.put("notes.md", "")
    project.named = ()
    count = double.count
    assert project.run(double, "--draft", f"--body-mode={mode}")[0] == 0
    assert double.state.releases == [draft] and double.count - count == 2
    assert project.run(double, f"--body-mode={mode}")[0] == 0
    check(double, project, draft["body"].partition("\n")[2])


def test_a_draft_that_a_person_marked_as_a_prerelease_stays_one(project, double):
    assert project.run(double, "--draft")[0] == 0
    double.state.releases[0]["prerelease"] = True
    assert project.run(double)[0] == 0
    release, = double.state.releases
    assert release["prerelease"] and not release["draft"] and release["_latest"] != "true"


def test_other_peoples_attachments_stay(project, double):
    assert project.run(double)[0] == 0
    double.state.add_asset(double.state.releases[0], "manual.pdf", b"pdf", "application/pdf")
    assert project.run(double)[0] == 0
    assert "manual.pdf" in [asset["name"] for asset in double.state.releases[0]["assets"]]


@pytest.mark.parametrize("lag", [1, 2, 5])
def test_a_listing_that_lags_behind(project, double, lag):
    double.state.lag = lag
    assert project.run(double)[0] == 0
    check(double, project)


def test_a_published_release_that_a_listing_left_out(project, double):
    """octokit 2909: GitHub's listing lacked releases for good."""
    double.state.add_release(TAG, name="The big one", body="by hand", _lag=1000)
    status, output = project.run(double)
    assert status == 0, output
    assert [(one["name"], one["body"], len(one["assets"])) for one in double.state.releases] == [("The big one", "by hand", 9)]


def test_a_name_that_github_changes_is_said(project, double, monkeypatch):
    monkeypatch.setattr("github_double.NAME", re.compile(r"[^A-Za-z0-9._-]+"))
    project.put("a+b.txt", "text")
    status, output = project.run(double, "--asset=a+b.txt")
    assert status == 1 and "GitHub stored asset a+b.txt as a.b.txt: give it another name, NAME=FILE" in output


def test_many_jobs_at_once_make_one_release(project, double):
    for round_number in range(5):
        jobs = [project.start(double) for _ in range(3)]
        outputs = [job.communicate(timeout=120)[0].decode() for job in jobs]
        assert [job.returncode for job in jobs] == [0, 0, 0], outputs
        check(double, project)
        double.state.releases.clear()


def test_two_jobs_whose_drafts_are_made_at_the_same_moment(project, double):
    """Both have looked before either creates."""
    barrier = threading.Barrier(2, timeout=60)

    def meet(server, handler, request):
        barrier.wait()
        return False
    first = {"left": 2}

    def plan(number, request):
        if request.method == "POST" and request.path.endswith("/releases") and first["left"]:
            first["left"] -= 1
            return meet
        return None
    double.faults = plan
    jobs = [project.start(double) for _ in range(2)]
    outputs = [job.communicate(timeout=120)[0].decode() for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], outputs
    assert first["left"] == 0
    check(double, project)


def peak_memory(project, double, *extra):
    """(status, KiB) of a run."""
    status, _, memory = measured(project.folder.parent / "usage.json", [ARC_CI, *project.arguments(), *extra],
                                 cwd=project.folder, env=project.environment(double), stdout=subprocess.DEVNULL)
    return status, memory


def test_ten_thousand_releases(project, double):
    """A draft of ours at the very end is found, within 10 % of the hourly limit, in flat memory."""
    draft = double.state.add_release(TAG, draft=True, body=our_draft("old"))
    few_status, few = peak_memory(project, double, "--draft")
    double.state.releases = [draft]
    draft["assets"].clear()
    for i in range(9999):
        double.state.add_release(f"other/v0.0.{i}", body="x" * 2000)
    assert double.state.releases[-1] is draft
    double.count = 0
    status, many = peak_memory(project, double)
    assert few_status == status == 0
    check(double, project)
    print(f"10,000 releases: {double.count} requests, {many} KiB at most (1 release: {few} KiB)")
    assert double.count <= 2 * 101 + MINIMUM
    if "asan" not in ARC_CI:
        assert many < few + 8192, "memory grows with the listing"


def test_a_page_that_takes_github_too_long(project, double):
    """golangci-lint 5906: a query for large releases ends with 504 each time."""
    def slow(server, handler, request):
        handler.reply(504, b"<html>504 Gateway Time-out</html>", {"Content-Type": "text/html"})
        return True
    double.faults = lambda number, request: slow if request.query.get("per_page") == "100" else None
    status, output = project.run(double)
    assert status == 0, output
    check(double, project)


def test_releases_of_many_assets_each(project, double):
    """A page of a hundred of them is larger than any answer that is read: it was taken for one that has further pages."""
    double.state.add_release(TAG, draft=True, name="Messaging 0.1.0", body=our_draft(BODY, "Messaging 0.1.0"))
    for number in range(99):
        release = double.state.add_release(f"fat/v{number}.0.0")
        release["assets"] = [{"name": f"{one}.txt", "state": "uploaded", "size": 1, "id": one, "label": "x" * 1200} for one in range(300)]
    status, output = project.run(double)
    assert status == 0, output
    check(double, project)


def test_a_published_release_among_many_is_found_by_its_tag(project, double):
    assert project.run(double)[0] == 0
    for i in range(500):
        double.state.add_release(f"other/v0.0.{i}")
    double.count = 0
    assert project.run(double)[0] == 0
    assert double.count == 3, "the tag, one page, the release by its tag"


def test_a_published_release_comes_before_a_draft_of_a_nearer_page(project, double):
    assert project.run(double)[0] == 0
    for i in range(150):
        double.state.add_release(f"other/v0.0.{i}")
    double.state.add_release(TAG, draft=True, body=our_draft("old"))
    assert project.run(double)[0] == 0
    check(double, project)


def test_writes_are_paced(project, double):
    """Fifteen at once, then one a second."""
    for i in range(30):
        project.assets[f"more-{i}.txt"] = str(i).encode()
        project.put(f"more-{i}.txt", str(i))
    double.state.expected_assets = project.expected()
    log = project.folder / "waits"
    status, output = project.run(double, env={"QUICK_SLEEP_LOG": str(log)})
    assert status == 0, output
    check(double, project)
    waits = log.read_text().split()
    assert len(writes(double)) == 41 and waits == ["1000"] * (41 - 15)


def test_waits_are_as_long_as_the_server_asks(project, double):
    log = project.folder / "waits"
    double.faults = faults.once(faults.retry_after_429, 3)
    assert project.run(double, env={"QUICK_SLEEP_LOG": str(log)})[0] == 0
    assert [int(wait) // 1000 for wait in log.read_text().split()] == [20]
    check(double, project)


def test_the_token_goes_nowhere_else(project, double, tmp_path):
    with Double(State()) as other:
        double.state.releases.clear()
        faults.ELSEWHERE["url"] = other.url
        for fault in (faults.redirect_elsewhere, faults.redirect_302):
            double.count = 0
            double.faults = faults.once(fault, 2)
            status, output = project.run(double)
            assert status in (0, 1, 3), output
        assert all("Authorization" not in entry["headers"] for entry in other.exchanges)


def test_plain_http_to_another_machine_is_refused(project, double):
    status, output = project.run(double, env={"GITHUB_API_URL": "http://192.0.2.1/api/v3"})
    assert status == 2 and "https only" in output


def test_an_upload_address_on_another_host_gets_nothing(project, double):
    with Double(State()) as other:
        double.fill = lambda value: json.dumps(value).replace("{api}", double.url).replace(
            "{uploads}", f"http://127.0.0.1:{other.port}/api/uploads")
        status, output = project.run(double)
        assert status == 3 and "another host" in output and other.count == 0


def test_token_from_a_file(project, double, tmp_path):
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n")
    assert project.run(double, f"--token-file={secret}", env={"GITHUB_TOKEN": ""})[0] == 0


@pytest.mark.parametrize("name", [TOKEN, "x" * 300], ids=["short", "longer than a file's name"])
def test_a_token_for_the_name_of_its_file_is_not_shown(project, double, name):
    status, output = project.run(double, f"--token-file={name}", env={"GITHUB_TOKEN": ""})
    assert status == 3 and "it takes the name of a file that holds the token" in output and name not in output


@pytest.mark.parametrize("name", ["INPUT_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"])
def test_token_from_the_environment(project, double, name):
    assert project.run(double, env={"GITHUB_TOKEN": "", name: TOKEN})[0] == 0
    assert project.run(double, env={"GITHUB_TOKEN": "", name: TOKEN + "\r\n"})[0] == 0, "a secret pasted with a line break"


def test_no_token(project, double):
    status, output = project.run(double, env={"GITHUB_TOKEN": ""})
    assert status == 3 and "no token: set GITHUB_TOKEN" in output


def test_errors_say_what_to_do(project, double):
    double.faults = faults.onwards(faults.no_permission, 3)
    status, output = project.run(double)
    assert status == 3
    assert "Resource not accessible by integration" in output
    assert "https://docs.github.com/rest/releases/releases" in output
    assert "add to the job `permissions: {contents: write}`" in output
    double.faults = faults.onwards(faults.expired_token, 1)
    status, output = project.run(double)
    assert status == 3 and "the token is wrong or has expired" in output


def broken_rule(double, handler, request):
    """A ruleset for tags, or a rule of the organization."""
    handler.reply(422, b'{"message": "Repository rule violations found"}')
    return True


@pytest.mark.parametrize("fault, first, expected", [(faults.no_permission, 14, 3), (faults.refused, 13, 3), (faults.refused, 8, 3),
                                                    (broken_rule, 14, 1)])
def test_a_draft_that_is_left_says_who_publishes_it(project, double, fault, first, expected):
    """The last of the 14 requests never comes through: what was public before stays, and a second run ends it."""
    double.faults = faults.onwards(fault, first)
    status, output = project.run(double)
    assert status == expected and "is still a draft" in output and "run again: `arc-ci release` publishes the draft" in output
    double.faults = faults.none
    assert project.run(double)[0] == 0 and not double.state.releases[0]["draft"]


def test_a_token_that_the_server_echoes_is_masked(project, double):
    def echo(server, handler, request):
        handler.reply(400, json.dumps({"message": "you sent " + handler.headers["Authorization"]}).encode())
        return True
    double.faults = faults.once(echo, 2)
    status, output = project.run(double, "--record=record")
    assert status == 1 and "you sent Bearer ***" in output
    for record in (project.folder / "record").iterdir():
        assert TOKEN not in record.read_text()


def test_an_answer_with_nothing_in_it_is_asked_for_again(project, double):
    """A 200 without a body, as a proxy that gave up sends it, says nothing about the tag or the releases."""
    def nothing(server, handler, request):
        handler.reply(200, b"")
        return True
    double.faults = lambda number, request: nothing if number in (1, 3) else None
    status, output = project.run(double)
    assert status == 0, output
    check(double, project)
