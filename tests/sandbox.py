"""A repository of a test's own that arc-ci runs in."""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/cmd"))
import test_cmd  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))


class Repository:
    """`env` is the whole environment of what runs in it. The folder of each service is its name."""

    def __init__(self, folder, env, config, services):
        self.folder, self.env = folder, {"PATH": os.environ["PATH"], "HOME": str(folder.parent), **env}
        self.write(".github/arc-ci.yaml", json.dumps(config))
        for name in services:
            self.write(f"{name}/service.yaml", f"name: arc-{name}\ncodename: {name}\n")
            self.write(f"{name}/Dockerfile", "FROM scratch\n")
        self.git("init", "-q", "-b", "main")

    def write(self, path, text):
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def git(self, *words):
        return subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words], cwd=self.folder, check=True,
                              capture_output=True, text=True).stdout

    def commit(self, tag=None):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"feat: {tag}")
        if tag:
            self.git("tag", tag)

    def run(self, *words, status=0, **env):
        done = subprocess.run([ARC_CI, *words], cwd=self.folder, env={**self.env, **env}, capture_output=True, text=True,
                              timeout=600, stdin=subprocess.DEVNULL)
        assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *words, **options):
        document = json.loads(self.run(*words, "--json", **options).stdout)
        test_cmd.validate(document, words[0])
        return document
