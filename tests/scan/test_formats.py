"""Trivy's report formats, from 0.16 to 0.67, as data: what is read out of each."""
import json

import pytest

OS = {"Target": "ghcr.io/x/arc-flash:1.0 (alpine 3.20.1)", "Class": "os-pkgs", "Type": "alpine"}
LOCK = {"Target": "app/package-lock.json", "Class": "lang-pkgs", "Type": "npm"}
JAR = {"Target": "Java", "Class": "lang-pkgs", "Type": "jar"}

V_2021 = {"VulnerabilityID": "CVE-2021-36159", "PkgName": "apk-tools", "InstalledVersion": "2.10.6-r0", "FixedVersion": "2.10.7-r0",
          "Layer": {"Digest": "sha256:aa", "DiffID": "sha256:bb"}, "SeveritySource": "nvd",
          "PrimaryURL": "https://avd.aquasec.com/nvd/cve-2021-36159", "Description": "libfetch before 2021-07-26",
          "Severity": "CRITICAL", "CweIDs": ["CWE-125"],
          "CVSS": {"nvd": {"V2Vector": "AV:N", "V3Vector": "CVSS:3.1", "V2Score": 6.4, "V3Score": 9.1}},
          "References": ["https://example.org"], "PublishedDate": "2021-08-03T14:15:00Z"}
V_2024 = {"VulnerabilityID": "CVE-2024-4068", "PkgID": "braces@3.0.2", "PkgName": "braces", "PkgPath": "",
          "PkgIdentifier": {"PURL": "pkg:npm/braces@3.0.2", "UID": "1"}, "InstalledVersion": "3.0.2", "FixedVersion": "3.0.3",
          "Status": "fixed", "Layer": {}, "SeveritySource": "ghsa", "PrimaryURL": "https://avd.aquasec.com/nvd/cve-2024-4068",
          "DataSource": {"ID": "ghsa", "Name": "GitHub", "URL": "https://github.com"}, "Title": "braces: fails",
          "Description": "x", "Severity": "HIGH", "VendorSeverity": {"ghsa": 3, "nvd": 3},
          "CVSS": {"ghsa": {"V3Score": 7.5}, "nvd": {"V40Vector": "CVSS:4.0", "V40Score": 8.7}}}
JAR_V = {**V_2024, "VulnerabilityID": "CVE-2021-44228", "PkgName": "org.apache.logging.log4j:log4j-core",
         "PkgPath": "pulsar/lib/log4j-core-2.14.0.jar", "Severity": "CRITICAL"}
MISCONFIG = {"Type": "Dockerfile Security Check", "ID": "DS002", "AVDID": "AVD-DS-0002", "Title": "root user",
             "Description": "d", "Message": "m", "Namespace": "builtin.dockerfile.DS002", "Query": "data.x", "Resolution": "r",
             "Severity": "HIGH", "PrimaryURL": "https://avd.aquasec.com/misconfig/ds002", "References": [], "Status": "FAIL",
             "Layer": {}, "CauseMetadata": {"Provider": "Dockerfile", "Service": "general", "StartLine": 7, "EndLine": 7,
                                            "Code": {"Lines": [{"Number": 7, "Content": "RUN x"}]}}}
SECRET = {"RuleID": "github-pat", "Category": "GitHub", "Severity": "CRITICAL", "Title": "GitHub Personal Access Token",
          "StartLine": 3, "EndLine": 3, "Code": {"Lines": [{"Content": "token = \"****\"", "Highlighted": "*"}]},
          "Match": "token = \"****\"", "Layer": {}}
LICENSE = {"Severity": "HIGH", "Category": "restricted", "PkgName": "readline", "FilePath": "", "Name": "GPL-3.0", "Text": "",
           "Confidence": 1, "Link": "https://spdx.org/licenses/GPL-3.0.html"}
SUMMARY = {"Successes": 20, "Failures": 1}


def image(*results, **more):
    return {"SchemaVersion": 2, "ArtifactName": "ghcr.io/x/arc-flash:1.0", "ArtifactType": "container_image",
            "Metadata": {"Size": 12, "OS": {"Family": "alpine", "Name": "3.20.1"}, "ImageID": "sha256:00", "DiffIDs": [],
                         "ImageConfig": {"architecture": "amd64", "history": [{"created_by": "RUN \"x\""}], "config": {}}},
            "Results": list(results), **more}


FORMATS = {
    "0.16, schema 1": ([{**OS, "Vulnerabilities": [V_2021]}, {**LOCK, "Vulnerabilities": None}], [("CVE-2021-36159", "CRITICAL", "alpine")]),
    "0.16 without classes": ([{"Target": "go.sum", "Type": "gomod", "Vulnerabilities": [V_2021]}], [("CVE-2021-36159", "CRITICAL", "go.sum")]),
    "0.20, image": (image({**OS, "Vulnerabilities": [V_2021]}), [("CVE-2021-36159", "CRITICAL", "alpine")]),
    "0.58, image with packages of a language": (
        image({**OS, "Vulnerabilities": [V_2021]}, {**LOCK, "Packages": [{"ID": "a"}] * 50, "Vulnerabilities": [V_2024]},
              {**JAR, "Vulnerabilities": [JAR_V]}, CreatedAt="2999-01-01T10:00:00.5+02:00"),
        [("CVE-2021-36159", "CRITICAL", "alpine"), ("CVE-2021-44228", "CRITICAL", "pulsar/lib/log4j-core-2.14.0.jar"),
         ("CVE-2024-4068", "HIGH", "app/package-lock.json")]),
    "0.67, with the scanner's version and suppressed findings": (
        image({**OS, "Packages": [{"ID": "musl"}]}, {**LOCK, "Vulnerabilities": [V_2024], "ExperimentalModifiedFindings": [
            {"Type": "vulnerability", "Status": "ignored", "Finding": V_2021}]}, Trivy={"Version": "0.67.2"}, ReportID="0190"),
        [("CVE-2024-4068", "HIGH", "app/package-lock.json")]),
    "misconfigurations": (image({"Target": "Dockerfile", "Class": "config", "Type": "dockerfile", "MisconfSummary": SUMMARY,
                                 "Misconfigurations": [MISCONFIG, {**MISCONFIG, "ID": "DS005", "Status": "PASS"}]}),
                          [("DS002", "HIGH", "Dockerfile")]),
    "secrets, twice in a file": (image({"Target": "a.py", "Class": "secret", "Secrets": [SECRET, {**SECRET, "StartLine": 9}]}),
                                 [("github-pat", "CRITICAL", "a.py")] * 2),
    "licenses": (image({"Target": "OS Packages", "Class": "license", "Licenses": [LICENSE]}), [("GPL-3.0", "HIGH", "OS Packages")]),
    "no severity": (image({**OS, "Vulnerabilities": [{**V_2024, "Severity": ""}, {**V_2021, "Severity": "UNKNOWN"}]}),
                    [("CVE-2021-36159", "UNKNOWN", "alpine"), ("CVE-2024-4068", "UNKNOWN", "alpine")]),
    "null everywhere": (image({**OS, "Vulnerabilities": None, "Misconfigurations": None, "Secrets": None, "Packages": None}), []),
    "null results": ({**image(), "Results": None}, [], "incomplete"),
    "no results": ({key: value for key, value in image().items() if key != "Results"}, [], "incomplete"),
    "no results and no operating system": ({**image(), "Results": None, "Metadata": {}}, []),
    "an operating system that it does not know": (image({**LOCK, "Packages": [{"ID": "a"}]}), [], "incomplete"),
    "a package database that is gone": (image({**OS}, Trivy={"Version": "0.74.0"}), [], "incomplete"),
    "secrets alone": (image({"Target": "a.py", "Class": "secret", "Secrets": [SECRET]}), [("github-pat", "CRITICAL", "a.py")]),
    "null metadata": ({**image({**OS}), "Metadata": None}, []),
    "an unknown class": (image({"Target": "x", "Class": "custom", "CustomResources": [{"Type": "t", "Data": {"a": [1, {}]}}]}), [],
                         "incomplete"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_format(place, name):
    document, expected, *incomplete = FORMATS[name]
    place.run("--report", place.write("r.json", document))
    assert [(f["id"], f["severity"], f["place"]) for f in place.document["findings"]] == expected
    assert place.document["verdict"] == (incomplete[0] if incomplete else "findings" if expected else "clean")
    bad = incomplete or any(s in ("HIGH", "CRITICAL") for _, s, _ in expected)
    assert place.document["gate"] == ("fail" if bad else "pass")


@pytest.mark.parametrize("name", FORMATS)
def test_a_report_cut_anywhere_is_no_answer(place, name):
    text = json.dumps(FORMATS[name][0])
    step = max(1, len(text) // 23)
    for length in [*range(0, len(text), step), len(text) - 1]:
        assert place.run("--report", place.write("r.json", text[:length]), "--block-on-failure=false") == 1
        assert place.document["verdict"] == "scanner-error" and place.document["total"] is None


@pytest.mark.parametrize("name", FORMATS)
def test_order_and_spacing_do_not_matter(place, name):
    document, expected, *_ = FORMATS[name]
    place.run("--report", place.write("r.json", json.dumps(document, indent=3, sort_keys=True)))
    assert [(f["id"], f["severity"], f["place"]) for f in place.document["findings"]] == expected


def test_version_and_system(place):
    place.run("--report", place.write("r.json", FORMATS["0.67, with the scanner's version and suppressed findings"][0]))
    assert place.document["scanner"]["version"] == "0.67.2"
    assert place.document["targets"][0]["os"] == "alpine 3.20.1"


def test_the_secret_is_nowhere(place):
    document, *_ = FORMATS["secrets, twice in a file"]
    place.run("--report", place.write("r.json", document), "--sarif", str(place.path / "s.sarif"))
    assert "token =" not in json.dumps(place.document) + (place.path / "s.sarif").read_text()
