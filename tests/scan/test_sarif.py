"""SARIF: valid against the standard's own schema, stable, within GitHub's limits."""
import json
import sys

import documents
import jsonschema
import pytest
from conftest import ROOT, report, vulnerability
from test_formats import FORMATS
from test_run import DIGESTS

sys.path.insert(0, str(ROOT / "tests"))
import cached  # noqa: E402


@pytest.fixture(scope="session")
def validator():
    """The OASIS schema, as a package of Microsoft's carries it."""
    folder = cached.npm("@microsoft/jest-sarif@1.0.0-beta.0") / "@microsoft/jest-sarif/lib/schemas"
    schema = json.loads((folder / "sarif-2.1.0-rtm.5.json").read_text())
    return jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())


def sarif(place, document, *words):
    path = place.path / "out.sarif"
    place.run("--report", "flash@linux/amd64=" + place.write("r.json", document), "--sarif", str(path), *words)
    return json.loads(path.read_text())


@pytest.mark.parametrize("name", FORMATS)
def test_valid(place, validator, name):
    document, expected, *_ = FORMATS[name]
    log = sarif(place, document)
    validator.validate(log)
    run, = log["runs"]
    assert [result["ruleId"] for result in run["results"]] == [identifier for identifier, _, _ in expected]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_the_schema_can_refuse(validator):
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({"version": "2.1.0", "runs": [{"tool": {}}]})


@pytest.mark.parametrize("severity, level, score", [
    ("CRITICAL", "error", "9.8"), ("HIGH", "error", "8.0"), ("MEDIUM", "warning", "5.5"), ("LOW", "note", "2.0"),
    ("UNKNOWN", "note", None)])
def test_github_shows_the_severity_that_the_gate_saw(place, severity, level, score):
    """A score of 9.8 beside a vendor's LOW would be shown as critical."""
    log = sarif(place, report(vulnerability(severity=severity, CVSS={"nvd": {"V3Score": 9.8}})))
    rule, = log["runs"][0]["tool"]["driver"]["rules"]
    assert rule["properties"].get("security-severity") == score and log["runs"][0]["results"][0]["level"] == level


@pytest.mark.parametrize("severity, given, score", [("CRITICAL", 9.0, "9.5"), ("CRITICAL", 9.1, "9.1"), ("HIGH", 8.95, "8.0"), ("HIGH", 7.0, "7.0")])
def test_a_score_between_two_of_githubs_bands(place, severity, given, score):
    """Critical is "over 9.0", high "7.0 to 8.9" (GitHub docs, "SARIF support for code scanning")."""
    log = sarif(place, report(vulnerability(severity=severity, CVSS={"nvd": {"V3Score": given}})))
    assert log["runs"][0]["tool"]["driver"]["rules"][0]["properties"]["security-severity"] == score


def test_help_and_place(place):
    log = sarif(place, report(vulnerability(Title="t" * 400, Description="d" * 5000, PkgPath="usr/lib/a b#?%ä.jar",
                                            PrimaryURL="https://example.org/1")))
    rule, = log["runs"][0]["tool"]["driver"]["rules"]
    assert rule["helpUri"] == "https://example.org/1" and len(rule["fullDescription"]["text"]) <= 1024
    uri = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "flash/usr/lib/a%20b%23%3F%25%C3%A4.jar"


def test_fingerprints_tell_findings_apart_and_versions_not(place):
    def prints(*vulnerabilities):
        return [r["partialFingerprints"]["primaryLocationLineHash"] for r in sarif(place, report(*vulnerabilities))["runs"][0]["results"]]
    one, = prints(vulnerability())
    assert prints(vulnerability(InstalledVersion="9")) == [one]
    assert len(set(prints(vulnerability(), vulnerability(InstalledVersion="9"), vulnerability(PkgName="b"),
                          vulnerability("CVE-2")))) == 4


def test_the_least_severe_go_first_over_the_limit(place, validator):
    many = [vulnerability(f"CVE-{i}", "LOW" if i % 2 else "CRITICAL") for i in range(26000)]
    log = sarif(place, report(*many))
    results = log["runs"][0]["results"]
    assert len(results) == 25000 and sum(r["level"] == "error" for r in results) == 13000
    assert "the 1000 least severe findings are left out" in " ".join(place.document["warnings"])
    assert place.document["total"] == 26000


def test_scans_of_two_services_do_not_replace_each_other(place):
    names = [sarif(place, report(), "--service-name", name)["runs"][0]["automationDetails"]["id"] for name in ("a", "b")]
    assert names == ["arc-ci/image/a/", "arc-ci/image/b/"]


def test_a_job_for_each_service_of_a_group_keeps_the_alerts_of_the_others(place):
    services = [{"service": name, "image": f"ghcr.io/x/{name}", "digest": DIGESTS[0], "cells": [
        {"platform": "linux/amd64", "digest": DIGESTS[1]}]} for name in ("cart", "pay")]
    build = place.write("build.json", documents.build(group="shop", services=services))
    place.write("fake/linux-amd64.json", report(vulnerability()))
    names = []
    for words in (["--service", "cart"], ["--service", "pay"], []):
        place.run("--build", build, "--sarif", str(place.path / "out.sarif"), *words)
        names.append(json.loads((place.path / "out.sarif").read_text())["runs"][0]["automationDetails"]["id"])
    assert names == ["arc-ci/image/shop/cart/", "arc-ci/image/shop/pay/", "arc-ci/image/shop/"]


@pytest.mark.parametrize("words", [["--platform", "linux/amd64"], ["--platform", "linux/amd64", "--platform", "linux/arm64"]])
@pytest.mark.parametrize("image, named", [
    ("localhost:5000/o/a:v1", "localhost%3A5000/o/a"), ("ghcr.io/o/a@sha256:" + "0" * 64, "ghcr.io/o/a"), ("a:1@sha256:" + "0" * 64, "a"),
    ("a", "a"), ("[::1]:5000/a:2", "%5B%3A%3A1%5D%3A5000/a")])
def test_the_next_release_of_an_image_has_its_category(place, image, named, words):
    """An alert closes when a later analysis of the category lacks it."""
    for machine in ("amd64", "arm64"):
        place.write(f"fake/linux-{machine}.json", {**report(vulnerability()), "ArtifactName": image})
    place.run("--scan-type=image", "--scan-target", image, "--sarif", str(place.path / "out.sarif"), *words)
    log = json.loads((place.path / "out.sarif").read_text())
    assert log["runs"][0]["automationDetails"]["id"] == f"arc-ci/image/{named}/"


def test_nor_has_a_report_of_it_another_category(place):
    path = place.path / "out.sarif"
    place.run("--report", place.write("r.json", {**report(), "ArtifactName": "ghcr.io/o/a:v2"}), "--sarif", str(path))
    assert json.loads(path.read_text())["runs"][0]["automationDetails"]["id"] == "arc-ci/image/ghcr.io/o/a/"
