"""A Docker engine and a registry of our own, for tests.

Both live in network, mount and process namespaces of their own: fixed ports (6379, 4222) clash with nothing,
no iptables rule, bridge or mount reaches the machine, and the kernel removes all of it when the test
process ends, even after kill -9. `with Engine() as engine:` moves the calling process into the engine's
network, so that 127.0.0.1 is the engine's. Linux, as root; tests/deps.sh has installed the programs.
"""
import ctypes
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import cached  # noqa: E402
import newest  # noqa: E402

PLATFORMS = ("linux/amd64", "linux/arm64")
CLONE_NEWNET, PR_SET_PDEATHSIG = 0x40000000, 1
LISTENS = r'msg="listening on ([0-9.:]+)"'
LIBC = ctypes.CDLL(None, use_errno=True)

# Process 1 of the namespaces. It reaps what the engine leaves behind; its end is the end of them all.
INIT = """
set -eu
ip link set lo up
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
update-binfmts --enable qemu-aarch64 || true
while :; do
    dockerd --config-file "$1/daemon.json" >>"$1/dockerd.log" 2>&1 || true
    [ -e "$1/again" ] || break
    rm "$1/again"
done
"""


def _setns(fd):
    if LIBC.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def die_with_parent():
    """For preexec_fn: the kernel kills the child when this process ends, however it ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_for(what, check, seconds=180, process=None):
    """Polls until check() is true. An engine that died, or one that never answers, is an error."""
    end = time.monotonic() + seconds
    while not check():
        if process and process.poll() is not None:
            raise RuntimeError(f"{what}: ended with {process.returncode}")
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not ready within {seconds} s")
        time.sleep(0.05)


class Registry:
    """docker-registry on a port of its own; its log and configuration are below `root`.

    It stores in memory: the files of its other store are emptied before they are written, so who reads a link meanwhile
    is answered 500, or 400 for a manifest that lists the blob. Builds that push one layer twice meet that."""

    def __init__(self, root):
        self.root, self.host, self.process = pathlib.Path(root), None, None
        self.root.mkdir(parents=True, exist_ok=True)

    def start(self):
        config, log = self.root / "registry.json", self.root / "registry.log"
        config.write_text(json.dumps({  # JSON is YAML
            "version": 0.1, "log": {"level": "info"}, "http": {"addr": "127.0.0.1:0"},
            "storage": {"inmemory": {}, "delete": {"enabled": True}}}))
        program = newest.PROGRAMS / "docker-registry" if newest.wanted() else "docker-registry"
        with open(log, "wb") as out:
            self.process = subprocess.Popen([program, "serve", str(config)], stdout=out, stderr=out,
                                            stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        wait_for("docker-registry", lambda: re.search(LISTENS, log.read_text()), process=self.process)
        self.host = re.search(LISTENS, log.read_text()).group(1)
        return self

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def get(self, path, accept=None, method="GET"):
        """(status, headers, body) of a request; status 0 when nothing listens."""
        request = urllib.request.Request(f"http://{self.host}{path}", method=method,
                                         headers={"Accept": accept} if accept else {})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()
        except OSError:
            return 0, {}, b""

    def manifest(self, name, reference):
        """(digest, document) of a manifest or an index; (None, None) when there is none."""
        accept = ", ".join(("application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
                            "application/vnd.docker.distribution.manifest.list.v2+json",
                            "application/vnd.docker.distribution.manifest.v2+json"))
        status, headers, body = self.get(f"/v2/{name}/manifests/{reference}", accept)
        return (headers["Docker-Content-Digest"], json.loads(body)) if status == 200 else (None, None)

    def repositories(self):
        """All that a manifest was put into. From the log: the catalog of a store in memory is empty."""
        return set(re.findall(r'"PUT /v2/(\S+)/manifests/\S+ HTTP/1.1" 201 ', (self.root / "registry.log").read_text()))

    def tags(self, name):
        status, _, body = self.get(f"/v2/{name}/tags/list")
        return sorted(json.loads(body)["tags"] or []) if status == 200 else []


class Engine:
    def __init__(self):
        self._old_net = os.open("/proc/self/ns/net", os.O_RDONLY)
        sweep()
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="arc-engine-"))
        self._lock = open(self.root / "new", "w")  # locked before a sweep can see it
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        (self.root / "new").rename(self.root / "owner")
        self.process, self.registry, self.env = None, None, None

    def __enter__(self):
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    def _start(self):
        for name in ("data", "exec", "client", "bin"):
            (self.root / name).mkdir()
        (self.root / "bin/docker").symlink_to("/usr/bin/docker")  # whatever another PATH entry has
        if newest.wanted():
            (self.root / "client/cli-plugins").symlink_to(newest.PROGRAMS)
        (self.root / "daemon.json").write_text(json.dumps({
            "hosts": [f"unix://{self.root}/docker.sock"], "data-root": str(self.root / "data"),
            "exec-root": str(self.root / "exec"), "pidfile": str(self.root / "docker.pid"),
            "cgroup-parent": f"/{self.root.name}", "features": {"containerd-snapshotter": True}}))
        self.process = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL",
             "sh", "-c", INIT, "sh", str(self.root)], stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        self.env = {**{name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")},
                    "DOCKER_HOST": f"unix://{self.root}/docker.sock", "DOCKER_CONFIG": str(self.root / "client"),
                    "PATH": f"{self.root}/bin:" + os.environ["PATH"]}
        wait_for("dockerd", lambda: self.docker("version", check=False).returncode == 0, process=self.process)
        self._join()
        self.registry = Registry(self.root / "registry").start()
        return self

    def _init(self):
        unshare = self.process.pid
        return pathlib.Path(f"/proc/{unshare}/task/{unshare}/children").read_text().split()[0]

    def _join(self):
        """Moves this process into the network of the namespaces' process 1, the child of unshare."""
        with open(f"/proc/{self._init()}/ns/net") as net:
            _setns(net.fileno())
        cached.before_install = self._leave

    def _leave(self):
        _setns(self._old_net)

    def stop(self):
        self._leave()
        cached.before_install = None
        if self.registry:
            self.registry.stop()
        if self.process:
            self.process.kill()  # and with it process 1 of its namespaces, and so every process in them
            self.process.wait()
        _remove(self.root)
        self._lock.close()

    def restart(self):
        """Ends dockerd as a shutdown of the machine does, and starts it on the same data."""
        init = pathlib.Path(f"/proc/{self._init()}/task/{self._init()}/children").read_text().split()
        daemon = next(pid for pid in init if pathlib.Path(f"/proc/{pid}/comm").read_text() == "dockerd\n")
        (self.root / "again").touch()
        os.kill(int(daemon), signal.SIGTERM)
        wait_for("dockerd's end", lambda: not pathlib.Path(f"/proc/{daemon}").exists())
        wait_for("dockerd", lambda: self.docker("version", check=False).returncode == 0, process=self.process)

    def from_outside(self, call, *args):
        """call(*args) with the machine's network instead of the engine's, for downloads."""
        self._leave()
        try:
            return call(*args)
        finally:
            self._join()

    def docker(self, *args, check=True, timeout=600, **options):
        """Runs the packaged docker client on this engine; output is captured as text."""
        run = subprocess.run([str(self.root / "bin/docker"), *map(str, args)], env=self.env, capture_output=True,
                             text=True, errors="replace", timeout=timeout, stdin=subprocess.DEVNULL, **options)
        if check and run.returncode:
            raise RuntimeError(f"docker {' '.join(map(str, args))}: exit {run.returncode}\n{run.stdout}{run.stderr}")
        return run

    def inspect(self, name):
        return json.loads(self.docker("inspect", name).stdout)[0]


def _remove(root):
    """The folder of an engine that runs no more, and its control groups (deepest first)."""
    deadline = time.monotonic() + 10
    while root.exists() and time.monotonic() < deadline:
        shutil.rmtree(root, ignore_errors=True)
    for group in pathlib.Path("/sys/fs/cgroup").glob(f"**/{root.name}"):
        for folder, _, _ in os.walk(group, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                pass  # a process of it is still on its way out; an empty group costs nothing


def sweep():
    """Removes what killed engines left: folders whose owner holds the lock no more."""
    for root in pathlib.Path(tempfile.gettempdir()).glob("arc-engine-*"):
        try:
            with open(root / "owner") as owner:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(root)
        except OSError:
            continue
