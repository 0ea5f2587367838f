"""`make newest`: the newest buildx, compose, BuildKit and registry that their makers have published, in place of Debian's and
of the pinned ones. Users' machines have these before any test of ours does.

Run by itself it builds them, and prints the folder that DOCKER_CONFIG is to name; with ARC_NEWEST=1 tests/engine uses it."""
import contextlib
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import cached  # noqa: E402

CLIENT = cached.CACHE / "newest/client"  # docker looks at these plugins before the machine's
PROGRAMS = CLIENT / "cli-plugins"

# The program's name → its Go module, the command in it, and the variable for its version, which others ask it for.
MODULES = {"docker-buildx": ("github.com/docker/buildx", "./cmd/buildx", "version.Version"),
           "docker-compose": ("github.com/docker/compose/v5", "./cmd", "internal.Version"),
           "buildkitd": ("github.com/moby/buildkit", "./cmd/buildkitd", "version.Version"),
           "buildctl": ("github.com/moby/buildkit", "./cmd/buildctl", "version.Version"),
           "docker-registry": ("github.com/distribution/distribution/v3", "./cmd/registry", "version.version")}


def wanted():
    return bool(os.environ.get("ARC_NEWEST"))


def go(*arguments):
    """Go's answer, of the version that the module asks for."""
    env = {**cached.go_environment(), "GOTOOLCHAIN": "auto"}
    return cached.run([cached.go_compiler(), *arguments], env=env, stdout=subprocess.PIPE).stdout


def build(name):
    """The path of the newest one whose modules can all be had, built in its own module's folder, as its makers do."""
    module, command, variable = MODULES[name]
    published = json.loads(go("list", "-m", "-json", "-versions", module))["Versions"]
    for version in [version for version in reversed(published) if "-" not in version][:10]:
        with contextlib.suppress(subprocess.CalledProcessError), cached.once("newest", name, version) as (folder, missing):
            if missing:
                source = json.loads(go("mod", "download", "-json", f"{module}@{version}"))["Dir"]
                go("build", "-C", source, "-trimpath", f"-ldflags=-X {module}/{variable}={version}", "-o", folder / name, command)
            print(f"{name}: {module} {version}", file=sys.stderr)
            return folder / name
    raise RuntimeError(f"{name}: none of the ten newest versions of {module} could be built")


if __name__ == "__main__":
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    for each in MODULES:
        (PROGRAMS / each).unlink(missing_ok=True)
        (PROGRAMS / each).symlink_to(build(each))
    print(CLIENT)
