"""arc-ci's release on its own tag. Here `make check` is not run within itself, the binaries stand ready instead of a Debian 12
of its own, which takes minutes to fetch, nothing signs, and there is no macOS (docs/workflows.md says what was tried)."""
import hashlib
import os
import re
import shutil
import subprocess
import textwrap

from stage import ROOT

DEBIAN = re.compile(r"          sudo apt-get -o .*\n(?:          .*\n)+?(?=          cp -r ready)")
ATTEST = re.compile(r"      - name: Say where.*\n(?:        .*\n)+")
NAMES = [f"arc-ci-{system}-{machine}" for system in ("linux", "macos") for machine in ("x86_64", "aarch64")]


def version():
    return re.search(r"^project\(arc-ci VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M).group(1)


def run_ci(checkout, tag):
    text = (checkout.path / ".github/workflows/arc-ci-release.yml").read_text()
    text = text.replace("sudo --preserve-env=CI make check", "true").replace("cp -r /srv/debian/arc-ci/dist", "cp -r ready/dist")
    for pattern in (DEBIAN, ATTEST):
        text, found = pattern.subn("", text)
        assert found == 1
    text = text.replace("needs: [binary, macos]", "needs: [binary]")
    text = text[:text.index("  macos:\n")] + text[text.index("  release:\n"):]
    checkout.write(".github/workflows/arc-ci-release.yml", text)
    shutil.rmtree(checkout.path / "dist", ignore_errors=True)  # what tests/dist built here is not this release's
    dist = checkout.path / "ready/dist"
    dist.mkdir(parents=True)
    for name in NAMES:
        shutil.copy(ROOT / "build/arc-ci", dist / name)
    sums = [f"{hashlib.sha256((dist / name).read_bytes()).hexdigest()}  {name}\n" for name in NAMES]
    (dist / "SHA256SUMS").write_text("".join(sums))
    checkout.git("add", "-f", "ready")
    checkout.commit("Build on this machine")
    checkout.tag(tag)
    return checkout.run("arc-ci-release.yml", "push", {"ref": f"refs/tags/{tag}"})


def test_release_of_the_tools(checkout):
    tag = f"arc-ci/v{version()}"
    run = run_ci(checkout, tag)
    assert run.status == 0, run.log[-4000:]
    assert {job.split("/")[-1] for job in run.jobs} == {"check", "binary", "release"}
    published, = checkout.double.state.published(tag)
    assert checkout.double.state.of_tag(tag) == [published] and not checkout.double.state.violations
    assets = {asset["name"]: asset["digest"].removeprefix("sha256:") for asset in published["assets"]}
    assert set(assets) == {*NAMES, "SHA256SUMS"} and published["name"] == f"arc-ci {version()}"
    assert all(f"{assets[name]}  {name}" in published["body"] for name in NAMES)


def test_a_tag_of_another_version_is_not_released(checkout):
    run = run_ci(checkout, "arc-ci/v99.0.0")
    jobs = {job.split("/")[-1]: result for job, result in run.jobs.items()}
    assert run.status != 0 and jobs["binary"] == "failure" and "release" not in jobs
    assert not checkout.double.state.of_tag("arc-ci/v99.0.0")


SUDO = """#!/bin/bash
case $1 in --preserve-env=*) kept=${1#*=}; shift ;; esac
for name in ${kept//,/ }; do keep+=("$name=${!name}"); done
exec env -i PATH="$PATH" "${keep[@]}" "$@"
"""
CHROOT = """#!/bin/bash
mkdir -p "$1/arc-ci/dist"
echo "$GITHUB_REPOSITORY" > "$1/arc-ci/dist/arc-ci.rb"
"""


def test_the_formula_is_made_for_the_repository_of_the_release(tmp_path):
    """sudo passes on only what it is told to, and the build in the chroot writes the repository's name."""
    text = (ROOT / ".github/workflows/arc-ci-release.yml").read_text()
    script = textwrap.dedent(re.search(r"bytes everywhere\n        run: \|\n((?:          .*\n)+)", text)[1]).replace("/srv/", f"{tmp_path}/")
    for name, content in {"sudo": SUDO, "chroot": CHROOT, "apt-get": "#!/bin/sh\n", "debootstrap": "#!/bin/sh\n", "cp": "#!/bin/sh\n"}.items():
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_REPOSITORY": "o/r"}
    subprocess.run(["bash", "-ec", script], cwd=tmp_path, env=env, check=True)
    assert (tmp_path / "debian/arc-ci/dist/arc-ci.rb").read_text() == "o/r\n"
