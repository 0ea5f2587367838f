"""A repository with a release group of its own, and arc-ci run in it on the private engine."""
import json
import os
import pathlib
import shutil
import subprocess

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
SERVICES = {"flash": "messaging", "strange": "streaming", "sonic": "cache"}
TAG = "messaging/v0.1.0"


def validate(document, stage):
    schema = json.loads((ROOT / f"docs/schema/{stage}.schema.json").read_text())
    base = (ROOT / "docs/schema").as_uri() + "/"
    resolver = jsonschema.RefResolver(base, schema)
    jsonschema.Draft202012Validator(schema, resolver=resolver).validate(document)
    return document


class Shop:
    """services/messaging and services/cache of this repository, committed anew, for the engine's registry."""

    def __init__(self, engine, folder, prefix, services=("flash", "sonic")):
        self.engine, self.folder, self.prefix, self.services = engine, pathlib.Path(folder), prefix, services
        self.registry = engine.registry.host
        self.env = dict(engine.env)
        for name in [name for name in self.env if name.startswith(("GITHUB_", "INPUT_"))]:
            del self.env[name]
        (self.folder / ".github").mkdir(parents=True)
        for codename in services:
            shutil.copytree(ROOT / "services" / SERVICES[codename], self.folder / "services" / SERVICES[codename])
        self.configure()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "t")
        self.git("config", "user.email", "t@example.org")
        self.commit("first")
        self.git("tag", TAG)

    def configure(self):
        places = ", ".join(f"services/{SERVICES[codename]}" for codename in self.services)
        (self.folder / ".github/arc-ci.yaml").write_text(
            "groups:\n  messaging:\n    title: Messaging\n    tag: messaging/v*\n"
            f"    registry: {self.registry}/{self.prefix}\n"
            "    platforms: {ci: [linux/amd64], release: [linux/amd64, linux/arm64]}\n"
            f"    services: [{places}]\n"
            # Tests change a context between plan and build, as a step that generates files does.
            "    generated: [services/**]\n")

    def through(self, proxy):
        """The same registry by way of the proxy, for docker and arc-ci alike."""
        self.registry = proxy.host
        self.configure()
        self.commit("through a proxy")
        self.git("tag", "-f", TAG)
        return self

    def promote(self, *args, status=0, **options):
        return self.build("--promote", *args, status=status, **options)

    def tags(self, codename):
        """tag → digest, but for the staging tags. A tag that is listed but answers 404 is one that the registry
        is still storing: it points nowhere yet."""
        name = self.name(codename)
        found = {tag: self.engine.registry.manifest(name, tag)[0] for tag in self.engine.registry.tags(name)
                 if not tag.startswith("staging-")}
        return {tag: digest for tag, digest in found.items() if digest}

    def git(self, *args):
        when = {"GIT_AUTHOR_DATE": "2026-02-23T10:00:00Z", "GIT_COMMITTER_DATE": "2026-02-23T10:00:00Z"}
        return subprocess.run(["git", *args], cwd=self.folder, check=True, env={**os.environ, **when},
                              stdout=subprocess.PIPE, text=True).stdout.strip()

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def run(self, *args, status=0, env=None, timeout=300):
        """arc-ci with these arguments; its exit status is checked."""
        run = subprocess.run([ARC_CI, *map(str, args)], cwd=self.folder, env={**self.env, **(env or {})},
                             capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
        assert run.returncode == status, f"arc-ci {args}: exit {run.returncode}\n{run.stdout}\n{run.stderr}"
        return run

    def plan(self, *args, tag=TAG, **options):
        """Makes plan.json beside the work tree's files; gives it."""
        text = self.run("plan", "--json", *args, *([tag] if tag else []), **options).stdout
        (self.folder / "plan.json").write_text(text)
        return validate(json.loads(text), "plan")

    def build(self, *args, status=0, **options):
        """arc-ci build --json: (build.json or None, stderr)."""
        run = self.run("build", "--json", *args, status=status, **options)
        return (validate(json.loads(run.stdout), "build") if status == 0 else None), run.stderr

    def name(self, codename):
        return f"{self.prefix}/arc-{codename}"
