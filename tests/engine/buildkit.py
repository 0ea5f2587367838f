"""BuildKit's own daemon, built from its Go module, for buildx's `remote` driver: it pushes by digest."""
import fcntl
import os
import pathlib
import shutil
import subprocess

from engine import CACHE, die_with_parent, wait_for

MODULE, VERSION = "github.com/moby/buildkit/cmd/buildkitd", "v0.13.2"
GO = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin:/usr/lib/go/bin")


def program():
    """The path of buildkitd, built when it is not in the cache."""
    folder = CACHE / f"buildkit-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "buildkitd").exists():
            subprocess.run([GO, "install", f"{MODULE}@{VERSION}"], check=True, cwd=folder,
                           env={**os.environ, "GOBIN": str(folder), "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"})
    return folder / "buildkitd"


def start(engine, hosts):
    """Starts it in the engine's namespaces, and makes the builder `remote` of it. `hosts`: plain-http registries."""
    buildkitd = engine.from_outside(program)
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
    wait_for("buildkitd", (root / "socket").exists, 30, process)
    engine.docker("buildx", "create", "--name", "remote", "--driver", "remote", f"unix://{root}/socket")
    engine.docker("buildx", "inspect", "--bootstrap", "remote")
    return process
