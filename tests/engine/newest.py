"""With ARC_NEWEST=1 (`make newest`): the newest buildx, compose, BuildKit and registry that their makers have published,
in place of Debian's and of the pinned ones. Users' machines have these before any test of ours does."""
import contextlib
import functools
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import cached  # noqa: E402

# The program's name → its Go module, and the command in it.
PROGRAMS = {"docker-buildx": ("github.com/docker/buildx", "./cmd/buildx"),
            "docker-compose": ("github.com/docker/compose/v5", "./cmd"),
            "buildkitd": ("github.com/moby/buildkit", "./cmd/buildkitd"),
            "buildctl": ("github.com/moby/buildkit", "./cmd/buildctl"),
            "docker-registry": ("github.com/distribution/distribution/v3", "./cmd/registry")}


def wanted():
    return bool(os.environ.get("ARC_NEWEST"))


def go(*arguments):
    """Go's answer, of the version that the module asks for."""
    env = {**cached.go_environment(), "GOTOOLCHAIN": "auto"}
    return cached.run([cached.go_compiler(), *arguments], env=env, stdout=subprocess.PIPE).stdout


@functools.cache
def program(name):
    """The path of the newest one whose modules can all be had, built in its own module's folder, as its makers do."""
    module, command = PROGRAMS[name]
    published = json.loads(go("list", "-m", "-json", "-versions", module))["Versions"]
    for version in [version for version in reversed(published) if "-" not in version][:10]:
        with contextlib.suppress(subprocess.CalledProcessError), cached.once("newest", name, version) as (folder, missing):
            if missing:
                source = json.loads(go("mod", "download", "-json", f"{module}@{version}"))["Dir"]
                go("build", "-C", source, "-trimpath", "-o", folder / name, command)
            print(f"{name}: {module} {version}", file=sys.stderr)
            return folder / name
    raise RuntimeError(f"{name}: none of the ten newest versions of {module} could be built")


def client():
    """A folder for DOCKER_CONFIG, whose plugins docker looks at before the machine's."""
    folder = cached.CACHE / "newest/client"
    plugins = folder / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for name in ("docker-buildx", "docker-compose"):
        (plugins / name).unlink(missing_ok=True)
        (plugins / name).symlink_to(program(name))
    return folder


if __name__ == "__main__":
    print(client())
