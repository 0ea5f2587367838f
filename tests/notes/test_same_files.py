"""Notes list exactly the commits for which `changes` finds the group changed, whatever its services' files are."""
import os
import pathlib
import random
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
SERVICES = ["svc/a", "{directory: svc/b, name: b, codename: b}",
            "{directory: svc/c, name: c, codename: c, build: {context: ., dockerfile: svc/c/Dockerfile}}"]
PATTERNS = ["lib/**", "**/*.proto", "!**/*.md", "!svc/a/doc/**", "lib/x?.c", "*.lock", "svc/[ab]x"]
FILES = ["svc/a/x", "svc/a/doc/y", "svc/a/README.md", "svc/b/x", "svc/b/deep/er/x", "svc/c/x", "svc/c/Dockerfile", "svc/d/x", "lib/x1.c",
         "lib/y.c", "api/v.proto", "README.md", "go.lock", "svc/a.md", "lib/read.md"]
ENV = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null"} | {
    name: os.environ[name] for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}


def git(repo, *words):
    return subprocess.run(["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *words], cwd=repo, check=True,
                          env={**ENV, "HOME": str(repo)}, capture_output=True, text=True).stdout.strip()


def put(repo, path, text):
    (repo / path).parent.mkdir(parents=True, exist_ok=True)
    (repo / path).write_text(text)


def touched(repo, commit):
    """Whether any service of the group changed in the commit, as `changes` says."""
    run = subprocess.run([ARC_CI, "changes", f"--base={commit}~1", f"--ref={commit}"], cwd=repo, env=ENV, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return "changes=[]" not in run.stdout


@pytest.mark.parametrize("seed", range(8))
def test_same_files(tmp_path, seed):
    generator = random.Random(seed)
    git(tmp_path, "init", "-q", "-b", "main")
    services = generator.sample(SERVICES, generator.randint(1, 3))
    patterns = generator.sample(PATTERNS, generator.randint(0, 3))
    put(tmp_path, ".github/arc-ci.yaml", "groups:\n  g:\n    registry: registry.example/o\n"
        f"    paths: [{', '.join(repr(pattern) for pattern in patterns)}]\n    services:\n"
        + "".join(f"      - {service}\n" for service in services))
    for name in "abc":
        put(tmp_path, f"svc/{name}/Dockerfile", "FROM scratch\nCOPY lib/x1.c svc/c/x /\n" if name == "c" else "FROM scratch\n")
        put(tmp_path, f"svc/{name}/service.yaml", f"name: {name}\ncodename: {name}\n")
    put(tmp_path, "lib/x1.c", "0")
    put(tmp_path, "svc/c/x", "0")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    git(tmp_path, "tag", "g/v1.0.0")
    commits = []
    for number in range(14):
        path = generator.choice(FILES)
        put(tmp_path, path, "FROM scratch\nCOPY lib/x1.c svc/c/x /\n#%d\n" % number if path.endswith("Dockerfile") else f"{number}\n")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "-m", f"touch {number} of {path}")
        commits.append((git(tmp_path, "rev-parse", "HEAD"), f"- touch {number} of "))
    git(tmp_path, "tag", "g/v1.1.0")
    run = subprocess.run([ARC_CI, "notes", "g/v1.1.0"], cwd=tmp_path, env=ENV, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    listed = [subject for _, subject in commits if subject in run.stdout]
    assert listed == [subject for commit, subject in commits if touched(tmp_path, commit)], (services, patterns)
