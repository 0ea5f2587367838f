"""What the tests of `arc-ci scan` share."""
import json
import os
import pathlib
import subprocess
import sys

import pytest


HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))
ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))


def vulnerability(identifier="CVE-2024-1", severity="HIGH", **more):
    return {"VulnerabilityID": identifier, "PkgName": "openssl", "InstalledVersion": "3.0", "FixedVersion": "3.1",
            "Severity": severity, **more}


def report(*vulnerabilities, target="img (alpine 3.20)"):
    return {"SchemaVersion": 2, "ArtifactName": "img", "ArtifactType": "container_image",
            "Results": [{"Target": target, "Class": "os-pkgs", "Type": "alpine", "Vulnerabilities": list(vulnerabilities)}]}


class Place:
    """A folder with a stand-in for the scanner."""

    def __init__(self, path):
        self.path = path
        self.fake = path / "fake"
        (path / "bin").mkdir()
        self.fake.mkdir()
        for name in ("trivy", "docker"):
            (path / "bin" / name).symlink_to(HERE / "fake_trivy.py")
        self.database("2999-01-01T00:00:00Z")
        self.write("fake/report.json", report())

    def write(self, name, document):
        (self.path / name).write_text(document if isinstance(document, str) else json.dumps(document))
        return str(self.path / name)

    def database(self, updated):
        self.write("fake/version.json", {"Version": "0.58.0", "VulnerabilityDB": {"Version": 2, "UpdatedAt": updated}})

    def calls(self):
        log = self.fake / "calls"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def start(self, *words, mode="", path=None, **env):
        full = {"PATH": path or f"{self.path / 'bin'}:/usr/bin:/bin", "HOME": str(self.path), "TMPDIR": str(self.path / "tmp"),
                **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}, **env}
        (self.path / "tmp").mkdir(exist_ok=True)
        self.write("fake/mode", mode)
        return subprocess.Popen([ARC_CI, "scan", *words, "--json"], cwd=self.path, env=full, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *words, **options):
        process = self.start(*words, **options)
        try:
            stdout, self.stderr = process.communicate(timeout=120)
        finally:
            process.kill()  # of one that has ended: nothing
        self.document = json.loads(stdout) if stdout else None
        return process.returncode


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)
