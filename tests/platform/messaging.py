"""The repository's make targets on the tests' engine, as a maintainer types them."""
import json
import pathlib
import subprocess

import cached
import clients
from shop import ARC_CI

NAMES = {"flash": "arc-flash", "strange": "arc-strange", "sonic": "arc-sonic"}
ROLES = {"flash": "messaging", "strange": "streaming", "sonic": "cache"}
VOLUMES = {"flash": "arc-flash-jetstream", "strange": "arc-strange-data", "sonic": "arc-sonic-data"}
PORTS = {"flash": {4222, 8222}, "strange": {6650, 6651, 8082}, "sonic": {6379}}
REPOSITORY = clients.REPOSITORY


class Platform:
    """The repository's make targets on an engine of the test's own."""

    def __init__(self, engine):
        self.engine = engine
        self.python = cached.pip("pulsar-client==3.13.0") / "python"

    def strange(self, *arguments):
        """strange_client.py on the host, with Pulsar's own Python client; what it prints."""
        script = pathlib.Path(__file__).with_name("strange_client.py")
        run = subprocess.run([self.python, script, *arguments], capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr[-4000:]
        return run.stdout

    def make(self, *arguments, timeout=600, **environment):
        env = {name: value for name, value in self.engine.env.items() if not name.startswith(("MAKE", "MFLAGS"))}
        run = subprocess.run(["make", *arguments], cwd=REPOSITORY, env={**env, **environment}, timeout=timeout,
                             capture_output=True, text=True, stdin=subprocess.DEVNULL)
        print(run.stdout[-4000:], run.stderr[-4000:], sep="\n")
        return run

    def doctor(self):
        """The checks of `arc-ci doctor --for services`, by name."""
        run = subprocess.run([ARC_CI, "doctor", "--for", "services", "--offline", "--json"], cwd=REPOSITORY,
                             env=self.engine.env, capture_output=True, text=True, timeout=120)
        return {check["name"]: check for check in json.loads(run.stdout)["checks"]}

    def state(self, name):
        run = self.engine.docker("inspect", "--format", "{{.State.Status}}/{{.State.Health.Status}}", NAMES[name],
                                 check=False)
        return run.stdout.strip() if run.returncode == 0 else "absent"

    def containers(self):
        return self.engine.docker("ps", "-a", "--format", "{{.Names}}").stdout.split()

    def volumes(self):
        return set(self.engine.docker("volume", "ls", "--format", "{{.Name}}").stdout.split())
