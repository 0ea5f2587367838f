"""The released binary: one static file, the same bytes wherever it is built, and the packages made of it (test_roots.py runs it).
ARC_WHOLE=1 builds every target; without it, this machine's."""
import functools
import hashlib
import io
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tarfile
import zlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OWN = f"linux-{platform.machine()}"
WHOLE = os.environ.get("ARC_WHOLE")
TARGETS = ["linux-x86_64", "linux-aarch64"] if WHOLE else [OWN]


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@functools.cache
def built(target):
    run("nice", sys.executable, ROOT / "packaging/dist.py", "--packages", target)
    return ROOT / f"dist/arc-ci-{target}"


@pytest.mark.parametrize("target", TARGETS)
def test_is_one_static_file_below_4_megabytes(target):
    program = built(target)
    headers = run("readelf", "--program-headers", "--dynamic", program)
    assert "INTERP" not in headers and "(NEEDED)" not in headers
    assert "GNU_RELRO" in headers and "DYN (" in headers  # a position-independent executable
    assert program.stat().st_size < 4_000_000


if WHOLE:
    @pytest.mark.parametrize("target", ["macos-x86_64", "macos-aarch64"])
    def test_links_for_macos(target):
        program = built(target)
        assert program.read_bytes().startswith(b"\xcf\xfa\xed\xfe") and program.stat().st_size < 4_000_000


def test_is_the_same_bytes_in_another_folder_on_another_day(tmp_path):
    """All that is made of it, too; its libraries are the cache's."""
    built(OWN)
    copy = tmp_path / "copy"
    run("git", "clone", "-q", ROOT, copy)
    for path in run("git", "-C", ROOT, "diff", "--name-only", "HEAD").split():
        shutil.copy(ROOT / path, copy / path)
    for path in copy.rglob("*"):
        os.utime(path, (86400, 86400), follow_symlinks=False)
    (copy / "build").symlink_to(ROOT / "build")  # manuals and completions
    run("nice", sys.executable, copy / "packaging/dist.py", "--packages", OWN, env={**os.environ, "SOURCE_DATE_EPOCH": "86400", "TZ": "Asia/Tokyo"})
    first, second = (dict(reversed(line.split()) for line in (folder / "dist/SHA256SUMS").read_text().splitlines()) for folder in (ROOT, copy))
    assert len(second) >= 8
    both = {"arc-ci.rb"} | {name for name in second if name.endswith("-oci.tar")}  # of all targets that were built
    names = second.keys() - (both if first.keys() != second.keys() else set())
    assert {name: second[name] for name in names} == {name: first[name] for name in names}


def test_names_every_library_inside():
    built(OWN)
    [document] = (ROOT / "dist").glob(f"arc-ci-*-{OWN}.spdx.json")
    inside = {package["name"]: package["versionInfo"] for package in json.loads(document.read_text())["packages"]}
    assert inside["libgit2"] == "1.9.7" and inside["curl"] == "8.22.0"
    assert {"arc-ci", "jansson", "libyaml", "mbedtls", "zlib", "musl"} <= set(inside)

    told = json.loads(run(ROOT / f"dist/arc-ci-{OWN}", "--version", "--json"))
    named = {"libcurl": "curl", "libyajl": "yajl"}
    # curl's sources in the crate are git's, which call the version "-DEV".
    assert {named.get(name, name): version.removesuffix("-DEV") for name, version in told["libraries"].items()} == {
        name: version for name, version in inside.items() if name != "arc-ci"}


def test_checksums_are_those_of_the_files():
    built(OWN)
    run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=ROOT / "dist")


def test_the_debian_package_installs(tmp_path):
    built(OWN)
    architecture = run("dpkg", "--print-architecture").strip()
    [package] = (ROOT / "dist").glob(f"arc-ci_*_{architecture}.deb")
    run("dpkg-deb", "-x", package, tmp_path)
    assert run(tmp_path / "usr/bin/arc-ci", "--version").startswith("arc-ci ")
    assert (tmp_path / "usr/share/man/man1/arc-ci-changes.1.gz").exists()
    assert (tmp_path / "usr/share/bash-completion/completions/arc-ci").exists()


FILES = {"/usr/bin/arc-ci", "/usr/share/man/man1/arc-ci.1.gz", "/usr/share/man/man1/arc-ci-changes.1.gz",
         "/usr/share/man/man5/arc-ci.yaml.5.gz", "/usr/share/man/man5/service.yaml.5.gz",
         "/usr/share/bash-completion/completions/arc-ci", "/usr/share/zsh/site-functions/_arc-ci",
         "/usr/share/fish/vendor_completions.d/arc-ci.fish"}


def package(pattern):
    built(OWN)
    [found] = (ROOT / "dist").glob(pattern)
    return found


def test_the_debian_package_is_lintian_clean():
    architecture = run("dpkg", "--print-architecture").strip()
    said = run("lintian", "--allow-root", "--fail-on", "error,warning", package(f"arc-ci_*_{architecture}.deb"))
    assert not said


def test_the_rpm_says_what_it_is():
    found = package(f"arc-ci-*.{platform.machine()}.rpm")
    said = run("rpm", "-qp", "--queryformat", "%{NAME} %{VERSION} %{ARCH} %{LICENSE} %{RECOMMENDS}", found).split()
    assert said[0] == "arc-ci" and said[2:] == [platform.machine(), "MIT", "git"]
    assert FILES <= set(run("rpm", "-qpl", found).split())
    assert "digests OK" in run("rpm", "-K", "--nosignature", found)
    modes = run("rpm", "-qp", "--queryformat", "[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME}\n]", found)
    assert "/usr/bin/arc-ci -rwxr-xr-x root" in modes


def test_the_apk_says_what_it_is():
    """Two gzip members: the control with the hash of the data, and the data."""
    raw, members = package(f"arc-ci_*_{platform.machine()}.apk").read_bytes(), []
    while raw:
        inflate = zlib.decompressobj(31)
        members.append((inflate.decompress(raw) + inflate.flush(), raw[:len(raw) - len(inflate.unused_data)]))
        raw = inflate.unused_data
    control, data = members[-2:]
    with tarfile.open(fileobj=io.BytesIO(control[0])) as tar:
        facts = dict(line.split(" = ", 1) for line in tar.extractfile(".PKGINFO").read().decode().splitlines() if " = " in line)
    assert (facts["pkgname"], facts["arch"], facts["license"]) == ("arc-ci", platform.machine(), "MIT")
    assert facts["datahash"] == hashlib.sha256(data[1]).hexdigest()
    with tarfile.open(fileobj=io.BytesIO(data[0])) as tar:
        files = {"/" + member.name: member for member in tar if member.isfile()}
    assert FILES <= set(files)
    assert files["/usr/bin/arc-ci"].mode == 0o755 and files["/usr/bin/arc-ci"].uname == "root"


def test_the_image_runs_as_nobody_in_particular(tmp_path):
    built(OWN)
    [image] = (ROOT / "dist").glob("arc-ci-*-oci.tar")
    run("tar", "-xf", image, "-C", tmp_path)

    def blob(descriptor):
        return (tmp_path / "blobs/sha256" / descriptor["digest"].removeprefix("sha256:")).read_bytes()

    index = json.loads(blob(json.loads((tmp_path / "index.json").read_text())["manifests"][0]))
    manifest = json.loads(blob(index["manifests"][0]))
    config = json.loads(blob(manifest["config"]))
    assert config["config"]["User"] == "65532:65532" and config["config"]["Entrypoint"] == ["/usr/bin/arc-ci"]
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["tar", "-xzf", "-", "-C", root], input=blob(manifest["layers"][0]), check=True)
    assert run("/usr/sbin/chroot", "--userspec=65532:65532", root, "/usr/bin/arc-ci", "--version").startswith("arc-ci ")
