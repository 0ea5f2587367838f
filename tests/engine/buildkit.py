"""BuildKit's own daemon, built from its Go module, for buildx's `remote` and `docker-container` drivers: they push by
digest."""
import pathlib
import shutil
import subprocess
import sys

from engine import die_with_parent, wait_for
from rootfs import build_rootfs

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import cached  # noqa: E402
import newest  # noqa: E402

COMMANDS, VERSION = "github.com/moby/buildkit/cmd", "v0.13.2"


def program(name="buildkitd"):
    """The path of buildkitd or buildctl, built when it is not in the cache."""
    return newest.PROGRAMS / name if newest.wanted() else cached.go(f"{COMMANDS}/{name}@{VERSION}")


def start(engine, hosts):
    """Starts it in the engine's namespaces, and makes the builder `remote` of it. `hosts`: plain-http registries."""
    buildkitd = program()
    root = engine.root / "buildkit"
    root.mkdir()
    registries = "".join(f'[registry."{host}"]\n  http = true\n' for host in hosts)
    (root / "buildkitd.toml").write_text(registries)
    unshare = engine.process.pid
    init = pathlib.Path(f"/proc/{unshare}/task/{unshare}/children").read_text().split()[0]
    with open(root / "buildkitd.log", "ab") as log:
        process = subprocess.Popen(
            ["nsenter", "--target", init, "--mount", "--pid", "--net", str(buildkitd), "--root", str(root / "data"),
             "--config", str(root / "buildkitd.toml"), "--addr", f"unix://{root}/socket", "--oci-worker-net", "host"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)
    wait_for("buildkitd", (root / "socket").exists, process=process)
    engine.docker("buildx", "create", "--name", "remote", "--driver", "remote", f"unix://{root}/socket")
    engine.docker("buildx", "inspect", "--bootstrap", "remote")
    return process


IMAGE = "moby/buildkit:buildx-stable-1"  # what `docker buildx create --driver docker-container` starts
DOCKERFILE = """FROM scratch
ADD rootfs.tar /
COPY buildkitd buildctl /usr/bin/
VOLUME /var/lib/buildkit
ENTRYPOINT ["buildkitd"]
"""


def _arrange(folder):
    (folder / "etc").mkdir(exist_ok=True)
    (folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (folder / "etc/group").write_text("root:x:0:\n")
    (folder / "tmp").mkdir(mode=0o1777, exist_ok=True)


def build_image(engine):
    """A stand-in for BuildKit's image, under its name: the same programs, and Debian's runc."""
    architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
    tar = build_rootfs("buildkit", architecture, ("runc", "ca-certificates", "busybox-static"), _arrange)
    context = engine.root / "buildkit-image"
    context.mkdir()
    for source, name in ((tar, "rootfs.tar"), (program("buildctl"), "buildctl"), (program(), "buildkitd")):
        shutil.copy(source, context / name)
    (context / "Dockerfile").write_text(DOCKERFILE)
    engine.docker("build", "-t", IMAGE, context)


def mirror(engine, images):
    """Puts these of the engine's images into its registry, and makes that the mirror of every new builder: one in a
    container has a store of its own, and no public registry is at hand."""
    for image in images:
        name = image if "/" in image else f"library/{image}"
        engine.docker("tag", image, f"{engine.registry.host}/{name}")
        engine.docker("push", "-q", f"{engine.registry.host}/{name}")
    folder = pathlib.Path(engine.env["DOCKER_CONFIG"]) / "buildx"
    folder.mkdir(exist_ok=True)
    (folder / "buildkitd.default.toml").write_text(
        f'[registry."docker.io"]\n  mirrors = ["{engine.registry.host}"]\n[registry."{engine.registry.host}"]\n  http = true\n')


def remove_builders(engine):
    """Those that `docker buildx create` made, and their control groups, which lie outside the engine's."""
    names = [path.name for path in (pathlib.Path(engine.env["DOCKER_CONFIG"]) / "buildx/instances").glob("*")]
    if names:
        engine.docker("buildx", "rm", *names)
    for group in ("docker/buildx", "docker"):
        for folder in pathlib.Path("/sys/fs/cgroup").glob(f"*/{group}"):
            try:
                folder.rmdir()
            except OSError:
                pass  # another engine's are in it
