"""The real Trivy on a folder with a lock file and on an image index, with a small database made for the test."""
import json
import subprocess

import pytest
from conftest import Place
from image_registry import Registry
from real_trivy import folder as real_folder


@pytest.fixture(scope="session")
def tools():
    return real_folder()


@pytest.fixture
def real(tmp_path, tools):
    place = Place(tmp_path)
    place.tools = tools
    (tmp_path / "bin/trivy").unlink()
    (tmp_path / "bin/trivy").symlink_to(tools / "trivy")
    return place


def run(place, *words, updated="2999-01-01T00:00:00Z", **env):
    if updated:
        subprocess.run([place.tools / "makedb", place.path / "cache", updated], check=True)
    return place.run(*words, TRIVY_CACHE_DIR=str(place.path / "cache"), TRIVY_SKIP_DB_UPDATE="true",
                     TRIVY_DISABLE_TELEMETRY="true", TRIVY_SKIP_VERSION_CHECK="true", **env)


@pytest.fixture
def folder(real):
    (real.path / "app").mkdir()
    packages = {"": {"name": "x", "version": "1.0.0", "dependencies": {"left-pad": "1.2.0", "never-fixed": "1.0.0"}},
                "node_modules/left-pad": {"version": "1.2.0"}, "node_modules/never-fixed": {"version": "1.0.0"}}
    real.write("app/package-lock.json", {"name": "x", "version": "1.0.0", "lockfileVersion": 3, "packages": packages})
    return real


def test_a_folder(folder):
    assert run(folder, "--scan-target", "app") == 1
    assert folder.document["counts"] == {"CRITICAL": 1, "HIGH": 1, "MEDIUM": 1, "LOW": 0, "UNKNOWN": 0}
    first = folder.document["findings"][0]
    assert (first["id"], first["package"], first["place"], first["fixed"]) == (
        "CVE-2099-0003", "never-fixed", "app/package-lock.json", None)


def test_a_lock_file_that_it_cannot_parse(folder):
    """npm takes a byte order mark; Trivy leaves the file out and says so with --debug only."""
    lock = folder.path / "app/package-lock.json"
    lock.write_text("\ufeff" + lock.read_text())
    assert run(folder, "--scan-target", "app") == 1
    (gap,) = folder.document["incomplete"]
    assert gap["reason"] == "scanner-warning" and 'Walk error file_path="package-lock.json"' in gap["text"]


def test_without_what_cannot_be_fixed(folder):
    assert run(folder, "--scan-target", "app", "--ignore-unfixed", "--fail-on-severity", "CRITICAL") == 0
    assert folder.document["total"] == 2 and folder.document["unfixed"] == 1


def test_the_environment_cannot_blind_it(folder):
    assert run(folder, "--scan-target", "app", TRIVY_SEVERITY="LOW", TRIVY_IGNORE_UNFIXED="true", TRIVY_EXIT_CODE="0",
               TRIVY_FORMAT="table") == 1
    assert folder.document["total"] == 3


def test_nor_a_file_that_a_pull_request_brings(folder):
    (folder.path / "trivy.yaml").write_text("severity: [LOW]\nformat: table\n")
    (folder.path / ".trivyignore").write_text("CVE-2099-0003\nCVE-2099-0001\n")
    assert run(folder, "--scan-target", "app") == 1
    assert folder.document["total"] == 3


def test_ignored_and_its_alias(folder):
    (folder.path / "ignore").write_text("CVE-2099-0003\nCVE-2099-0001\n")
    assert run(folder, "--scan-target", "app", "--ignore-file", "ignore") == 0
    assert folder.document["ignored"] == 2 and folder.document["total"] == 1


def test_a_stale_database(folder):
    assert run(folder, "--scan-target", "app", "--block-on-failure=false", updated="2026-01-01T00:00:00Z") == 1
    assert folder.document["verdict"] == "stale-database"


def test_no_database(folder):
    assert run(folder, "--scan-target", "app", updated=None) == 1
    assert folder.document["verdict"] == "scanner-error"


def test_secrets_and_misconfigurations(real):
    (real.path / "app").mkdir()
    token = "ghp_" + "a1B2" * 9
    real.write("app/settings.py", f'token = "{token}"\n')
    assert run(real, "--scan-target", "app", "--scanners", "vuln,secret", "--fail-on-severity", "CRITICAL") == 1
    assert real.document["findings"][0]["kind"] == "secret"
    assert token not in json.dumps(real.document)


def test_every_platform_of_an_image(real):
    registry = Registry()
    index = registry.index(registry.image("amd64", "1.36.1-r99"), registry.image("arm64", "1.36.1-r1"))
    host = registry.serve()
    try:
        status = run(real, "--scan-type", "image", "--scan-target", f"{host}/img@{index['digest']}",
                     "--fail-on-severity", "LOW", TRIVY_IMAGE_SRC="remote", TRIVY_INSECURE="true")
    finally:
        registry.server.shutdown()
    assert status == 1, real.document["reason"]
    assert [t["counts"]["LOW"] for t in real.document["targets"]] == [0, 1]
    assert real.document["findings"][0]["platforms"] == ["linux/arm64"]
    assert real.document["targets"][0]["os"] == "alpine 3.20.1"


def test_a_secret_among_an_images_variables(real):
    registry = Registry()
    token = "ghp_" + "a1B2" * 9
    index = registry.index(registry.image("amd64", "1.36.1-r99", [f"TOKEN={token}"]))
    host = registry.serve()
    try:
        for scanners, status in (("vuln", 0), ("vuln,secret", 1)):
            assert run(real, "--scan-type", "image", "--scan-target", f"{host}/img@{index['digest']}", "--scanners", scanners,
                       TRIVY_IMAGE_SRC="remote", TRIVY_INSECURE="true") == status
    finally:
        registry.server.shutdown()
    (finding,) = real.document["findings"]
    assert (finding["id"], finding["place"]) == ("github-pat", "image configuration")
    assert token not in json.dumps(real.document)
