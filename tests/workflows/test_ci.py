"""ci.yml's release of arc-ci on its own tag. Here `make check` is not run within itself, and the binary is built on this
machine, in place of a Debian 12 of its own, which takes minutes to fetch (docs/workflows.md says when that was done)."""
import hashlib
import platform
import re

from stage import ROOT

DEBIAN = re.compile(r"          sudo apt-get update\n(?:          .*\n)+?(?=          cp )")


def version():
    return re.search(r"^project\(arc-ci VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M).group(1)


def run_ci(checkout, tag):
    text = (checkout.path / ".github/workflows/ci.yml").read_text()
    text = text.replace("sudo --preserve-env=CI make check", "true").replace("cp /srv/debian/arc-ci/build/arc-ci .",
                                                                             f"cp {ROOT}/build/arc-ci .")
    text, found = DEBIAN.subn("", text)
    assert found == 1
    checkout.write(".github/workflows/ci.yml", text)
    checkout.commit("Build on this machine")
    checkout.tag(tag)
    return checkout.run("ci.yml", "push", {"ref": f"refs/tags/{tag}"}, only="runner:ubuntu-24.04")


def test_release_of_the_tools(checkout):
    tag, name = f"arc-ci/v{version()}", f"arc-ci-linux-{platform.machine()}"
    run = run_ci(checkout, tag)
    assert run.status == 0, run.log[-4000:]
    assert set(run.jobs) == {"CI/check (ubuntu-24.04)", "CI/binary (ubuntu-24.04)", "CI/release"}
    published, = checkout.double.state.published(tag)
    assert checkout.double.state.of_tag(tag) == [published] and not checkout.double.state.violations
    assets = {asset["name"]: asset for asset in published["assets"]}
    assert set(assets) == {name, f"{name}.sha256"}
    checksum = assets[name]["digest"].removeprefix("sha256:")
    assert published["name"] == f"arc-ci {version()}" and checksum in published["body"]
    line = f"{checksum}  {name}\n".encode()
    assert assets[f"{name}.sha256"]["digest"] == "sha256:" + hashlib.sha256(line).hexdigest()


def test_a_tag_of_another_version_is_not_released(checkout):
    run = run_ci(checkout, "arc-ci/v99.0.0")
    assert run.status != 0 and run.jobs["CI/binary (ubuntu-24.04)"] == "failure" and "CI/release" not in run.jobs
    assert not checkout.double.state.of_tag("arc-ci/v99.0.0")
