"""Running the scanner: which commands, what their ends mean. The gate never passes because nobody looked."""
import json
import os
import pathlib
import signal
import sys
import time

import documents
import pytest
from conftest import report, vulnerability
from image_registry import Registry

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
from harness import quick_sleep  # noqa: E402
from usage import spent  # noqa: E402

DIGESTS = ["sha256:" + c * 64 for c in "abcd"]
BUILD = documents.build(group="messaging", services=[
    {"service": "flash", "image": "ghcr.io/x/arc-flash", "digest": DIGESTS[0], "cells": [
        {"platform": "linux/amd64", "digest": DIGESTS[1]}, {"platform": "linux/arm64", "digest": DIGESTS[2]}]},
    {"service": "sonic", "image": "ghcr.io/x/arc-sonic", "digest": DIGESTS[0], "cells": [
        {"platform": "linux/amd64", "digest": DIGESTS[3]}]}])


def test_clean(place):
    assert place.run("--scan-target", ".") == 0
    assert place.document["verdict"] == "clean"
    assert place.document["scanner"] == {"name": "trivy", "version": "0.58.0", "database": "2999-01-01T00:00:00Z"}
    scan, version = place.calls()
    assert scan[:2] == ["trivy", "fs"] and scan[-2:] == ["--", str(place.path)]
    assert version == ["trivy", "version", "--format", "json"]


def test_the_scanner_is_told_all_that_could_blind_it(place):
    place.run("--scan-target", ".", "--scanners", "vuln", "--ignore-unfixed", "--severity", "HIGH,CRITICAL",
              TRIVY_SEVERITY="LOW", TRIVY_EXIT_CODE="5")
    scan = place.calls()[0]
    for option, value in (("--severity", "UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL"), ("--exit-code", "0"),
                          ("--ignorefile", "/dev/null"), ("--scanners", "vuln"), ("--format", "json")):
        assert scan[scan.index(option) + 1] == value
    assert "--ignore-unfixed=false" in scan


def test_the_scanner_runs_where_the_tree_is_not(place):
    """In an empty folder, with a chosen environment and no descriptor but its own."""
    place.write("trivy.yaml", "severity: [LOW]\n")
    place.run("--scan-target", ".", GITHUB_TOKEN="secret", INPUT_TOKEN="secret", ACTIONS_RUNTIME_TOKEN="secret", GH_TOKEN="secret",
              MY_KEY="secret", TRIVY_SKIP_DIRS="**", TRIVY_CACHE_DIR="/cache", AWS_PROFILE="p")
    seen = json.loads((place.fake / "seen").read_text())
    assert seen["holds"] == [] and not seen["folder"].startswith(str(place.path / "repo"))
    assert "secret" not in json.dumps(seen["environment"]) and "TRIVY_SKIP_DIRS" not in seen["environment"]
    assert (seen["environment"]["TRIVY_CACHE_DIR"], seen["environment"]["AWS_PROFILE"]) == ("/cache", "p")
    assert any("TRIVY_SKIP_DIRS is not passed to Trivy" in warning for warning in place.document["warnings"])


@pytest.mark.parametrize("line, incomplete", [
    ("This OS version is not on the EOL list\tfamily=\"alpine\" version=\"9.99\"", True),
    ("[npm] Failed to parse file\tpath=\"package-lock.json\"", True),
    ("Using severities from other vendors for some vulnerabilities. Read x for details.", False),
    ("License acquired from METADATA classifiers may be subject to additional terms", False),
    ("Parsed a part only\tpath=\"license is deprecated/package-lock.json\"", True),
    ("Failed to parse a license is deprecated.lock", True),
    ("[pip] Unable to find python `site-packages` directory. License detection is skipped.\terr=\"x\"", False),
    ("x: [pip] Unable to find python `site-packages` directory", True),
    ("Unable to get vulnerability details (CVE may be rejected)\terr=\"x\"", False),
    ("[uv] Unable to parse pyproject.toml to identify direct dependencies\tfile_path=\"x\"", False),
    ("Unable to parse x, an Unable to get vulnerability details (CVE may be rejected).lock", True),
])
def test_what_trivy_warns_of_is_a_part_not_looked_at(place, line, incomplete):
    place.write("fake/stderr", f"2026-01-01T00:00:00Z\tINFO\tx\n2026-01-01T00:00:00Z\tWARN\t{line}\n")
    assert place.run("--scan-target", ".") == (1 if incomplete else 0)
    assert place.document["verdict"] == ("incomplete" if incomplete else "clean")
    assert line.split("\t")[0] in json.dumps(place.document)
    if incomplete:
        assert place.document["incomplete"][0]["reason"] == "scanner-warning"


@pytest.mark.parametrize("kind", ["Walk error", "Analysis error", "[analyzer] Analysis error"])
def test_of_what_debugging_shows_only_files_left_out_count(place, kind):
    """There may be more of it than is kept."""
    other = "2026-01-01T00:00:00Z\tDEBUG\t[secret] Using streaming scanner of an error\tfile_path=\"a\"\n" * 250_000
    place.write("fake/stderr", other)
    assert place.run("--scan-target", ".") == 0 and place.document["verdict"] == "clean" and "streaming" not in place.stderr
    place.write("fake/stderr", f"{other}2026-01-01T00:00:00Z\tDEBUG\t{kind}\tfile_path=\"a.lock\" err=\"parse error\"")
    assert place.run("--scan-target", ".") == 1
    (gap,) = place.document["incomplete"]
    assert gap["reason"] == "scanner-warning" and "a.lock" in gap["text"]


def test_comments_that_hide_checks_are_seen(place):
    (place.path / "app").mkdir()
    place.write("app/main.tf", "#trivy:ignore:aws-0086\nresource \"aws_s3_bucket\" \"a\" {}\n")
    assert place.run("--scan-target", "app") == 0
    assert place.run("--scan-target", "app", "--scanners", "misconfig") == 1
    assert place.document["incomplete"][0]["reason"] == "inline-ignore" and "main.tf" in place.document["reason"]


@pytest.mark.parametrize("line, seen", [
    ("#trivy:exp:2099-01-01:ignore:DS-0002", True), ("x", False), ("# trivy:a\t:b:ignore:DS-0002", True),
    ("# trivy:" + "a" * 70_000 + ":b:ignore:DS-0002", True), ("# tfsec:ws:a:ignore:DS-0002", True), ("# trivy: a:ignore:b", False),
    ("# trivy:a\n# x:ignore:b", False), ("# trivy:b " * 20_000 + "trivy:::ignore:*", True)])
def test_a_comment_may_say_more_before_what_it_hides(place, line, seen):
    (place.path / "app").mkdir()
    place.write("app/Dockerfile", f"FROM x\n{line}\nUSER root\n")
    assert place.run("--scan-target", "app", "--scanners", "misconfig") == (1 if seen else 0)
    assert not seen or place.document["incomplete"][0]["reason"] == "inline-ignore"


def test_a_charts_templates_can_write_such_a_comment(place):
    """Trivy takes it from what they write: `{{ printf "#%s%s" "tri" "vy:ignore:*" }}` hid every check of a chart."""
    (place.path / "app/chart").mkdir(parents=True)
    place.write("app/chart/Chart.yaml", "{name: x, version: 0.1.0}\n")
    assert place.run("--scan-target", "app", "--scanners", "secret") == 0
    assert place.run("--scan-target", "app", "--scanners", "misconfig") == 1
    (gap,) = place.document["incomplete"]
    assert gap["reason"] == "inline-ignore" and gap["text"].endswith("not list them: chart/Chart.yaml")


@pytest.mark.parametrize("name, before", [
    ("a/\udcff/Dockerfile", ""), ("d/" * 70 + "x.tf", ""), ("Dockerfile", "FROM x\n\0\n"), ("Dockerfile", "#" * 2_000_000 + "\n"),
    ("Dockerfile", "x" * (65536 - 5))])
def test_no_name_depth_or_size_keeps_such_a_comment_from_being_seen(place, name, before):
    path = place.path / "app" / name
    path.parent.mkdir(parents=True)
    path.write_text(before + "# trivy:ignore:DS-0002\n")
    assert place.run("--scan-target", "app", "--scanners", "misconfig") == 1
    assert place.document["incomplete"][0]["reason"] == "inline-ignore"
    by_itself = place.run("--scan-target", f"app/{name}", "--scanners", "misconfig")
    assert by_itself == 1 and place.document["incomplete"][0]["reason"] == "inline-ignore" or "\udcff" in name and by_itself == 2


def test_links_that_go_round_end(place):
    (place.path / "app").mkdir()
    for name in ("a", "b", "c"):
        (place.path / "app" / name).symlink_to(".")
    assert place.run("--scan-target", "app", "--scanners", "misconfig") == 0


def test_a_system_whose_packages_were_not_looked_at_beside_a_secret(place):
    """What was asked of a scan of our own is known: a report of secrets alone is not what it should have made."""
    place.write("fake/report.json", {
        "SchemaVersion": 2, "ArtifactName": "img", "ArtifactType": "container_image", "Metadata": {"OS": {"Family": "fedora", "Name": "40"}},
        "Results": [{"Target": "/a", "Class": "secret", "Secrets": [{"RuleID": "k", "Severity": "LOW"}]}]})
    assert place.run("--scan-target", ".") == 1
    assert place.document["incomplete"][0]["reason"] == "os-not-scanned"
    assert place.run("--scan-target", ".", "--scanners", "secret") == 0


@pytest.mark.parametrize("asked, said", [((), True), (("--scanners", "vuln,secret"), True), (("--scanners", "secret"), False)])
def test_a_report_that_may_be_of_a_system_without_packages(place, asked, said):
    """Without the secret the gate fails, so with it something is said: whether packages were asked for is not in the report."""
    place.write("r.json", {
        "SchemaVersion": 2, "ArtifactName": "img", "ArtifactType": "container_image", "Metadata": {"OS": {"Family": "fedora", "Name": "40"}},
        "Results": [{"Target": "/a", "Class": "secret", "Secrets": [{"RuleID": "k", "Severity": "LOW"}]}]})
    assert place.run("--report", str(place.path / "r.json"), *asked) == 0
    assert any("packages of fedora 40" in text for text in place.document["warnings"]) == said


def test_five_hundred_services_on_two_platforms(place):
    """One gate, side by side; a part of it by --service."""
    services = [{"service": f"s{i}", "image": f"ghcr.io/x/s{i}", "digest": DIGESTS[0], "cells": [
        {"platform": f"linux/{arch}", "digest": DIGESTS[1]} for arch in ("amd64", "arm64")]} for i in range(500)]
    build = place.write("build.json", documents.build(group="messaging", services=services))
    for arch in ("amd64", "arm64"):
        place.write(f"fake/linux-{arch}.json", report(vulnerability("CVE-1", "LOW")))
    assert place.run("--build", build, "--service", "s7", "--service", "s8") == 0
    assert len(place.document["targets"]) == 4 and place.document["total"] == 2
    (place.path / "bin/trivy").unlink()
    (place.path / "bin/trivy").write_text("""#!/bin/sh
while [ $# -gt 0 ]; do case $1 in --output) out=$2;; version) cat "$(dirname "$0")/../fake/version.json"; exit;; esac; shift; done
cat "$(dirname "$0")/../fake/linux-amd64.json" >"$out"
""")
    (place.path / "bin/trivy").chmod(0o755)
    assert place.run("--scan-type", "image", "--build", build, "--jobs", "8") == 0
    assert len(place.document["targets"]) == 1000 and place.document["total"] == 500


def test_two_names_do_not_share_a_report(place):
    services = [{"service": name, "image": "ghcr.io/x/a", "digest": DIGESTS[0], "cells": [
        {"platform": "linux/amd64", "digest": DIGESTS[i]}]} for i, name in enumerate(["a/b", "a-b"])]
    build = place.write("build.json", documents.build(group="messaging", services=services))
    place.write("fake/linux-amd64.json", report())
    place.run("--scan-type", "image", "--build", build, "--report-dir", "out")
    assert sorted(os.listdir(place.path / "out")) == ["a-b-linux-amd64-2.json", "a-b-linux-amd64.json"]


def test_a_signal_leaves_nothing_behind(place):
    """Two targets: the second scanner does not get to run, and the folder of the reports is gone."""
    build = place.write("build.json", BUILD)
    process = place.start("--scan-type", "image", "--build", build, mode="hang")
    while not place.calls() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    stdout, _ = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (-signal.SIGTERM, "")
    assert list((place.path / "tmp").iterdir()) == []


def test_a_target_that_looks_like_an_option(place):
    place.run("--scan-type", "image", "--scan-target", "--exit-code=0", "--platform", "linux/arm64")
    assert place.calls()[0][-2:] == ["--", "--exit-code=0"]


def test_every_platform_of_every_service(place):
    place.write("fake/linux-amd64.json", report(vulnerability("CVE-1", "LOW")))
    place.write("fake/linux-arm64.json", report(vulnerability("CVE-1", "LOW"), vulnerability("CVE-2", "CRITICAL")))
    build = place.write("build.json", BUILD)
    assert place.run("--scan-type", "image", "--build", build) == 1
    scans = [call for call in place.calls() if "image" in call]
    assert sorted((call[-1], call[call.index("--platform") + 1]) for call in scans) == [
        (f"ghcr.io/x/arc-flash@{DIGESTS[1]}", "linux/amd64"), (f"ghcr.io/x/arc-flash@{DIGESTS[2]}", "linux/arm64"),
        (f"ghcr.io/x/arc-sonic@{DIGESTS[3]}", "linux/amd64")]
    assert [(t["service"], t["platform"], t["counts"]["CRITICAL"]) for t in place.document["targets"]] == [
        ("flash", "linux/amd64", 0), ("flash", "linux/arm64", 1), ("sonic", "linux/amd64", 0)]
    assert place.document["findings"][0]["platforms"] == ["linux/arm64"]


def test_a_part_that_the_plan_does_not_build(place):
    plan = documents.plan(group="messaging", services=[{"service": "flash", "image": "ghcr.io/x/arc-flash", "selected": False}], cells=[])
    words = ("--scan-type", "image", "--plan", place.write("plan.json", plan))
    assert place.run(*words, "--service", "flash") == 2 and "does not build flash" in place.stderr
    assert place.run(*words) == 1 and place.document["verdict"] == "scanner-error"


def test_a_plan_before_there_is_a_build(place):
    plan = place.write("plan.json", documents.plan(
        services=[{"service": "flash", "image": "ghcr.io/x/arc-flash", "staging": "staging-1"}],
        cells=[{"service": "flash", "platform": "linux/arm64"}]))
    place.write("fake/linux-arm64.json", report())
    assert place.run("--scan-type", "image", "--plan", plan) == 0
    assert place.calls()[0][-1] == "ghcr.io/x/arc-flash:staging-1"


@pytest.fixture
def registry():
    registry = Registry()
    registry.host = registry.serve()
    yield registry
    registry.server.shutdown()


def scanned(place):
    return [(call[-1], call[call.index("--platform") + 1] if "--platform" in call else None)
            for call in place.calls() if "image" in call]


def test_every_platform_of_an_index_unasked(place, registry):
    attestation = {**registry.image("amd64", "0"), "platform": {"os": "unknown", "architecture": "unknown"}}
    arm = registry.image("arm", "2")
    arm["platform"]["variant"] = "v6"  # v7 would be the usual one
    index = registry.index(registry.image("amd64", "1"), arm, attestation)
    for name in ("linux-amd64", "linux-arm-v6"):
        place.write(f"fake/{name}.json", report())
    target = f"{registry.host}/team/img@{index['digest']}"
    assert place.run("--scan-type", "image", "--scan-target", target) == 0
    assert scanned(place) == [(target, "linux/amd64"), (target, "linux/arm/v6")]


def test_two_images_of_one_platform(place, registry):
    """Two versions of Windows, or two compressions: by the platform the scanner would take the first one twice."""
    entries = [registry.image("amd64", number) for number in "12"]
    for name in ("linux-amd64", "linux-amd64-2"):
        place.write(f"fake/{name}.json", report())
    target = f"{registry.host}/team/img@{registry.index(*entries)['digest']}"
    assert place.run("--scan-type", "image", "--scan-target", target) == 0
    assert scanned(place) == [(target, "linux/amd64"), (f"{registry.host}/team/img@{entries[1]['digest']}", "linux/amd64")]


def test_what_an_index_lists_without_a_platform(place, registry):
    """Docker runs it by its configuration's platform; an index within holds more images; an artifact is none."""
    plain, inner = (registry.image("amd64", number) for number in "12")
    del plain["platform"], inner["platform"]
    sbom = registry.put(json.dumps({"schemaVersion": 2, "mediaType": plain["mediaType"], "layers": [],
                                    "config": registry.put(b"{}", "application/vnd.oci.empty.v1+json")}).encode(), plain["mediaType"])
    arm = registry.image("arm64", "3")
    target = f"{registry.host}/team/img@{registry.index(registry.image('amd64', '0'), plain, registry.index(arm, inner), sbom)['digest']}"
    for name in ("linux-amd64", "linux-arm64", "report"):
        place.write(f"fake/{name}.json", report())
    assert place.run("--scan-type", "image", "--scan-target", target) == 0
    of = {entry["digest"]: f"{registry.host}/team/img@{entry['digest']}" for entry in (plain, inner, arm)}
    assert set(scanned(place)) == {(target, "linux/amd64"), (of[plain["digest"]], None), (of[arm["digest"]], "linux/arm64"),
                                   (of[inner["digest"]], None)}
    del registry.blobs[inner["digest"]]    # the scanner says why it cannot look at it
    (place.fake / "calls").unlink()
    place.run("--scan-type", "image", "--scan-target", target)
    assert (of[inner["digest"]], None) in scanned(place)


def test_an_index_of_one_platform_again_and_again(place, registry):
    """Names for their reports were searched from the first for each: minutes for these."""
    entries = [{**registry.image("amd64", "0"), "digest": f"sha256:{i:064x}"} for i in range(2000)]
    before = spent()
    assert place.run("--scan-type", "image", "--scan-target", f"{registry.host}/team/img@{registry.index(*entries)['digest']}") == 2
    assert "more than 64 targets" in place.stderr and spent() - before < 10


def test_an_index_names_no_other_image_by_a_platform(place, registry):
    """Whoever wrote the index could have had a clean image scanned in place of its own."""
    entry = registry.image("amd64", "1")
    entry["platform"] = {"os": "linux@example.org", "architecture": "clean"}
    target = f"{registry.host}/team/img@{registry.index(entry)['digest']}"
    place.write("fake/linux-example.org-clean.json", report())
    place.run("--scan-type", "image", "--scan-target", target)
    assert {name for name, _ in scanned(place)} == {target}


def test_an_image_of_one_platform(place, registry):
    target = f"{registry.host}/img@{registry.image('amd64', '1')['digest']}"
    assert place.run("--scan-type", "image", "--scan-target", target) == 0
    assert scanned(place) == [(target, None)] and not place.document["warnings"]


def test_an_image_that_no_registry_has(place, registry):
    assert place.run("--scan-type", "image", "--scan-target", f"{registry.host}/img:1.0") == 0
    assert "the registry does not show its platforms" in place.document["warnings"][0]


def test_platforms_by_hand(place):
    place.write("fake/linux-amd64.json", report())
    place.write("fake/linux-arm64.json", report(vulnerability()))
    assert place.run("--scan-type", "image", "--scan-target", "img", "--service-name", "flash", "--platform", "linux/amd64",
                     "--platform", "linux/arm64") == 1
    assert [t["counts"]["HIGH"] for t in place.document["targets"]] == [0, 1]


@pytest.mark.parametrize("seen, wanted, other", [
    ({"os": "linux", "architecture": "amd64"}, "linux/arm64", True), ({"os": "linux", "architecture": "arm64"}, "linux/arm64", False),
    ({"os": "linux", "architecture": "arm", "variant": "v7"}, "linux/arm/v6", False), ({"os": "", "architecture": ""}, "linux/arm64", False),
    ({"os": "linux", "architecture": "amd64"}, "windows/amd64", True), ({"architecture": "aarch64"}, "linux/arm64/v8", False)])
def test_an_image_of_another_platform(place, seen, wanted, other):
    """Of a name that the engine here has as well Trivy takes that image, whatever --platform says (its issue 4253)."""
    place.write(f"fake/{wanted.replace('/', '-')}.json", {**report(), "Metadata": {"ImageConfig": seen}})
    assert place.run("--scan-type", "image", "--scan-target", "img", "--platform", wanted) == other
    if other:
        assert "(other-platform)" in place.document["reason"], place.document
        assert f"for {seen['os']}/{seen['architecture']} instead of {wanted}" in place.document["reason"]


@pytest.mark.parametrize("mode, words", [
    ("crash", "trivy ended with status 1: DB error: failed to download"),
    ("killed", "trivy ended with status 137: T INFO Detecting vulnerabilities...; killed, usually because memory ran out: --jobs=1 needs less"),
    ("silent", "report.json: No such file or directory"),
])
@pytest.mark.parametrize("block", ["true", "false"])
def test_a_scanner_that_did_not_look(place, mode, words, block):
    assert place.run("--scan-target", ".", "--block-on-failure", mode=mode) == 1
    assert place.document["verdict"] == "scanner-error" and place.document["gate"] == "fail"
    assert place.document["total"] is None
    assert words in place.document["reason"] and "a mirror of the databases" not in place.document["reason"]
    assert place.run("--scan-target", ".", f"--block-on-failure={block}", mode=mode) == 1


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_what_fails_for_a_moment_is_run_once_more(place, jobs):
    """GHCR refuses Trivy's databases to too many callers, "retry-after: 1ms"."""
    for platform in ("linux-amd64", "linux-arm64"):
        place.write(f"fake/{platform}.json", report())
    place.write("fake/busy", "x")
    words = ["--scan-type", "image", "--scan-target", "img", "--platform", "linux/amd64", "--platform", "linux/arm64", f"--jobs={jobs}"]
    assert place.run(*words, mode="busy") == 0 and place.document["verdict"] == "clean"
    assert len([call for call in place.calls() if "image" in call]) == 3
    assert place.run(*words, mode="crash") == 1


@pytest.mark.parametrize("said, busy, runs, status", [
    ("T\tFATAL\tFatal error\trun error: 2 errors occurred:\n\t* docker error: x\n\t* remote: GET https://h/v2/: unexpected status code 504 Gateway Timeout",
     4, 5, 0),
    ("T\tERROR\t[vulndb] Failed to download artifact\terr=\"TOOMANYREQUESTS: retry-after: 1ms\"\nT\tFATAL\tfrom any source", 5, 5, 1),
    ("T\tFATAL\tFatal error\twalk filesystem: context deadline exceeded", 2, 2, 1), ("T\tFATAL\tFatal error\tx", 2, 2, 1)])
def test_what_passes_by_itself_is_waited_for(place, said, busy, runs, status):
    for platform in ("linux-amd64", "linux-arm64"):
        place.write(f"fake/{platform}.json", report())
    place.write("fake/stderr", said)
    place.write("fake/busy", "x" * busy)
    assert place.run("--scan-type", "image", "--scan-target", "img", "--platform", "linux/amd64", "--platform", "linux/arm64", "--jobs=1",
                     mode="busy", LD_PRELOAD=quick_sleep()) == status
    assert len([call for call in place.calls() if "linux/amd64" in call]) == runs


@pytest.mark.parametrize("said, shown", [
    ("T\tINFO\tx\nT\tFATAL\tFatal error\tinit error: DB error: OCI artifact error: TOOMANYREQUESTS: retry-after: 1ms\n\n",
     "1: init error: DB error: OCI artifact error: TOOMANYREQUESTS: retry-after: 1ms; a mirror of the databases"),
    ('T\tERROR\t[vulndb] Failed to download artifact\trepo="r" err="TOOMANYREQUESTS: retry-after: 1ms"\n'
     "T\tFATAL\tFatal error\tinit error: DB error: failed to download artifact from any source",
     "1: init error: DB error: failed to download artifact from any source; a mirror of the databases"),
    ("T\tFATAL\tFatal error\trun error: 2 errors occurred:\n\t* docker error: x\n\t* remote error: GET https://h/v2/: UNAUTHORIZED: authentication required",
     "1: remote error: GET https://h/v2/: UNAUTHORIZED: authentication required; log in to the image's registry: docker login"),
    ("T\tFATAL\tFatal error\twrite /tmp/x: no space left on device", "; the disk is full"),
    ("T\tFATAL\tFatal error\tcache may be in use by another process: timeout", "; another Trivy uses the same cache"),
    ("T\tFATAL\tFatal error\trun error: fs scan error: walk filesystem: context deadline exceeded", "; raise --timeout"),
    ("T\tFATAL\tFatal error\tunknown flag: --show-suppressed", "1: unknown flag: --show-suppressed; install a newer Trivy"),
    ("", "trivy ended with status 1: no reason given")])
def test_why_a_scanner_failed_is_said(place, said, shown):
    place.write("fake/stderr", said)
    assert place.run("--scan-target", ".", mode="fail", LD_PRELOAD=quick_sleep()) == 1
    assert shown in place.document["reason"]


def test_a_report_of_an_earlier_run_is_no_answer(place):
    assert place.run("--scan-target", ".", "--report-dir", "reports") == 0
    assert (place.path / "reports/report.json").exists()
    assert place.run("--scan-target", ".", "--report-dir", "reports", mode="silent") == 1
    assert place.document["verdict"] == "scanner-error"


def test_one_platform_that_could_not_be_scanned_spoils_the_answer(place):
    place.write("fake/linux-amd64.json", report())
    place.write("fake/linux-arm64.json", '{"SchemaVersion": 2, "Results": [')
    assert place.run("--scan-type", "image", "--scan-target", "img", "--platform", "linux/amd64", "--platform",
                     "linux/arm64", "--block-on-failure=false") == 1
    assert [bool(t["error"]) for t in place.document["targets"]] == [False, True]


def test_no_scanner(place):
    assert place.run("--scan-target", ".", path="/nonexistent") == 1
    assert "trivy is not on PATH" in place.document["reason"]


def test_a_scanner_that_takes_too_long(place):
    assert place.run("--scan-target", ".", "--timeout", "1s", mode="hang") == 1
    assert place.document["verdict"] == "scanner-error"


@pytest.mark.parametrize("version, verdict", [
    ({"Version": "1", "VulnerabilityDB": {"UpdatedAt": "2020-01-01T00:00:00Z"}}, "stale-database"),
    ({"Version": "1"}, "stale-database"),
    ("no json", "stale-database"),
])
def test_a_database_that_is_old_or_unknown(place, version, verdict):
    place.write("fake/version.json", version)
    assert place.run("--scan-target", ".", "--block-on-failure=false") == 1
    assert place.document["verdict"] == verdict
    assert place.run("--scan-target", ".", "--scanners", "secret,misconfig") == 0, "these look nothing up there, nor does Trivy update it then"
    assert not [text for text in place.document["warnings"] if "database" in text]


def test_a_database_of_unknown_age_is_stale_wherever_the_targets_come_from(place):
    place.write("fake/version.json", {"Version": "1"})
    for platform in ("amd64", "arm64"):
        place.write(f"fake/linux-{platform}.json", report())
    needs = {"build-flash": {"result": "success", "outputs": {"build": json.dumps(BUILD)}}}
    assert place.run("--scan-type", "image", "--build", place.write("build.json", BUILD)) == 1
    assert place.document["verdict"] == "stale-database"
    assert place.run("--scan-type", "image", "--needs", json.dumps(needs)) == 1
    assert place.document["verdict"] == "stale-database"


def test_a_scanner_that_is_not_there_is_said_once(place):
    os.remove(place.path / "bin/trivy")
    assert place.run("--scan-target", ".", path=str(place.path / "bin")) == 1
    assert place.document["warnings"] == [] and place.document["verdict"] == "scanner-error"


def test_a_folder_that_is_not_utf8_is_named(place):
    folder = place.path / os.fsdecode(b"t\xff")
    folder.mkdir()
    assert place.run("--scan-target", ".", TMPDIR=str(folder)) == 2
    assert "t\\xff/arc-ci-" in place.stderr and "is not valid UTF-8" in place.stderr


def test_nothing_is_left_behind(place):
    place.run("--scan-target", ".")
    place.run("--scan-target", ".", mode="crash")
    assert os.listdir(place.path / "tmp") == []


def test_the_scanner_as_an_image(place):
    image = "aquasec/trivy@" + DIGESTS[0]
    (place.path / "src").mkdir()
    (place.path / ".docker").mkdir()
    place.write(".docker/config.json", {})
    assert place.run("--scan-target", "src", "--scanner-image", image, "--report-dir", "out") == 0
    scan, version = place.calls()
    assert scan[:3] == ["docker", "run", "--rm"] and version[:3] == ["docker", "run", "--rm"]
    assert f"{place.path}/src:/target:ro" in scan and f"{place.path}/out:/reports" in scan
    assert f"{place.path}/.docker/config.json:/root/.docker/config.json:ro" in scan
    assert scan[scan.index(image) + 1] == "fs" and scan[-1] == "/target"


def test_variables_of_the_scanner_as_an_image(place):
    (place.path / "src").mkdir()
    assert place.run("--scan-target", "src", "--scanner-image", "aquasec/trivy@" + DIGESTS[0], TRIVY_DB_REPOSITORY="mirror.lan/db",
                     TRIVY_PASSWORD="hunter2", TRIVY_CACERT="/etc/ca.pem", TRIVY_CACHE_DIR="/tmp/c", TRIVY_SKIP_DIRS="src") == 0
    scan = place.calls()[0]
    given = [scan[i + 1] for i, word in enumerate(scan) if word == "--env"]
    assert sorted(given) == ["TRIVY_CACHE_DIR=/cache", "TRIVY_DB_REPOSITORY", "TRIVY_PASSWORD"]
    assert "hunter2" not in str(scan) and json.loads((place.fake / "seen").read_text())["environment"]["TRIVY_PASSWORD"] == "hunter2"


def test_what_the_scanner_skips_as_an_image_too(place):
    (place.path / "src/dev/proc").mkdir(parents=True)
    assert place.run("--scan-target", "src", "--scanner-image", "aquasec/trivy@" + DIGESTS[0]) == 0
    assert sorted(words[-1] for words in place.calls()[:-1]) == ["/target", "/target/dev", "/target/dev/proc"]
    assert all(f"{place.path}/src:/target:ro" in words for words in place.calls()[:-1])


def test_an_image_of_the_scanner_that_anyone_may_move(place):
    assert place.run("--scan-target", ".", "--scanner-image", "aquasec/trivy:latest", "--report-dir", "out") == 2
    assert "is not pinned" in place.stderr and not place.calls()


def test_a_build_of_images_is_no_folder(place):
    assert place.run("--build", place.write("build.json", BUILD), "--scan-type=fs") == 2
    assert "name images, which --scan-type fs does not scan" in place.stderr


def test_a_build_without_cells_is_no_clean_one(place):
    assert place.run("--scan-type", "image", "--build", place.write("build.json", documents.build())) == 1
    assert place.document["verdict"] == "scanner-error"


def test_a_cell_without_a_digest(place):
    build = json.loads(json.dumps(BUILD))
    del build["services"][0]["cells"][1]["digest"]
    assert place.run("--scan-type", "image", "--build", place.write("build.json", build)) == 2
    assert "flash" in place.stderr and "linux/arm64" in place.stderr


def test_a_scan_may_write_over_its_baseline(place):
    (place.path / "reports").mkdir()
    place.write("reports/report.json", report())
    place.write("fake/report.json", report(vulnerability()))
    place.run("--scan-target", ".", "--report-dir", "reports", "--baseline", "reports/report.json")
    assert place.document["new"] == 1
    place.run("--scan-target", ".", "--report-dir", "reports", "--baseline", "reports/report.json")
    assert place.document["new"] == 0


def test_a_log_is_not_written_over_a_report(place):
    (place.path / "log.json").symlink_to("r.json")
    place.write("r.json", report())
    assert place.run("--report", "a=r.json", "--sarif", "log.json") == 2 and "--sarif: log.json is a report" in place.stderr
    assert place.run("--report", "fake/report.json", "--baseline", "r.json", "--sarif", "r.json") == 2
    assert json.loads((place.path / "r.json").read_text()) == report()
