"""500 services: the definition is made quickly and in little memory, and bake takes it."""
import json
import subprocess
import sys

from clients import REPOSITORY
from shop import ARC_CI

sys.path.insert(0, str(REPOSITORY / "tests"))
from usage import measured  # noqa: E402

COUNT = 500


def generate(folder):
    names = [f"svc{number:03}" for number in range(COUNT)]
    for name in names:
        place = folder / "services" / name
        place.mkdir(parents=True)
        (place / "service.yaml").write_text(f"name: arc-{name}\ncodename: {name}\ntech: test\n")
        (place / "Dockerfile").write_text("FROM scratch\nCOPY service.yaml /\n")
    (folder / ".github").mkdir()
    (folder / ".github/arc-ci.yaml").write_text(
        "groups:\n  big:\n    title: Big\n    tag: big/v*\n    registry: registry.example/big\n"
        "    platforms: {ci: [linux/amd64], release: [linux/amd64, linux/arm64]}\n    services:\n"
        + "".join(f"      - services/{name}\n" for name in names))
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "x"], ["tag", "big/v1.0.0"]):
        subprocess.run(["git", *command], cwd=folder, check=True)


def test_a_definition_of_500_services(engine, tmp_path):
    generate(tmp_path)
    with open(tmp_path / "bake.json", "wb") as out:
        status, seconds, memory = measured(tmp_path / "usage.json", [ARC_CI, "plan", "--bake", "big/v1.0.0"], cwd=tmp_path,
                                           stdout=out)
    assert status == 0
    assert seconds < 1.0, "seconds of CPU"
    if "asan" not in ARC_CI:
        assert memory < 100 * 1024, "KiB"
    run = subprocess.run([engine.root / "bin/docker", "buildx", "bake", "--print", "-f", "bake.json"], cwd=tmp_path,
                         env=engine.env, capture_output=True, text=True, check=True)
    targets = json.loads(run.stdout)["target"]
    assert len(targets) == COUNT
    assert targets["svc499"]["platforms"] == ["linux/amd64", "linux/arm64"]
