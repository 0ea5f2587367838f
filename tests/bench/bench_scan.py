"""The gate on a report of 200,000 findings (about 200 MB), next to `jq length` on the same file."""
import json
import pathlib
import random
import subprocess
import tempfile

from timing import in_turn, peak

TITLE = "A report of 200,000 findings"
ARC_CI = str(pathlib.Path(__file__).resolve().parents[2] / "build/arc-ci")
COUNT = 200_000
WORDS = ("buffer overflow in the parser of crafted input allows remote attackers to cause denial of service or execute "
         "arbitrary code via a long header").split()


def finding(i, draw):
    """One vulnerability as Trivy writes it; every id comes about twice."""
    identifier = f"CVE-20{10 + i % 15}-{draw.randint(1000, 9999)}"
    return {
        "VulnerabilityID": identifier, "PkgID": f"package-{i % 900}@1.{i % 50}", "PkgName": f"package-{i % 900}",
        "PkgIdentifier": {"PURL": f"pkg:deb/debian/package-{i % 900}@1.{i % 50}?arch=amd64", "UID": f"{i:016x}"},
        "InstalledVersion": f"1.{i % 50}", "FixedVersion": f"2.{i % 7}" if i % 3 else "", "Status": "fixed" if i % 3 else "affected",
        "Layer": {"Digest": "sha256:" + "a" * 64, "DiffID": "sha256:" + "b" * 64}, "SeveritySource": "debian",
        "PrimaryURL": f"https://avd.aquasec.com/nvd/{identifier.lower()}",
        "DataSource": {"ID": "debian", "Name": "Debian Security Tracker", "URL": "https://example.org/"},
        "Title": " ".join(draw.choices(WORDS, k=6)), "Description": " ".join(draw.choices(WORDS, k=25)),
        "Severity": draw.choice(("LOW", "MEDIUM", "HIGH", "CRITICAL")), "CweIDs": ["CWE-787"],
        "CVSS": {"nvd": {"V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "V3Score": 7.5}},
        "References": [f"https://example.org/{i}"], "PublishedDate": "2023-01-01T00:00:00Z"}


def write(path):
    draw = random.Random(1)
    with open(path, "w") as out:
        out.write('{"SchemaVersion": 2, "ArtifactName": "image", "ArtifactType": "container_image", "Results": [\n')
        for part in range(10):
            found = ",\n".join(json.dumps(finding(i, draw)) for i in range(part, COUNT, 10))
            out.write(f'{"," if part else ""}{{"Target": "layer {part}", "Class": "os-pkgs", "Type": "debian", '
                      f'"Vulnerabilities": [\n{found}]}}')
        out.write("]}\n")


def run():
    with tempfile.TemporaryDirectory() as scratch:
        report = f"{scratch}/report.json"
        write(report)
        size = pathlib.Path(report).stat().st_size / 1e6
        gate = [ARC_CI, "scan", "--report", report, "--block-on-failure=false", "--max-database-age", "0"]
        jq = ["jq", "length", report]
        ours, theirs = in_turn([gate, jq], rounds=5)
        yield f"the gate on {size:.0f} MB", ours, "jq length", theirs, "ms"
        yield "its peak memory", peak(gate), "jq length", peak(jq), "MiB"
        with_sarif, theirs = in_turn([[*gate, "--sarif", f"{scratch}/out.sarif"], jq], rounds=3)
        yield "the gate and SARIF", with_sarif, "jq length", theirs, "ms"
        yield "its peak memory", peak([*gate, "--sarif", f"{scratch}/out.sarif"]), "jq length", \
            peak(jq), "MiB"
