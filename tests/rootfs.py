"""Root file systems from Debian packages, for any architecture, without touching the machine's own packages.

apt resolves and downloads with a state of its own (an empty dpkg status), so amd64 and arm64 are made alike
and what they hold does not depend on what is installed here."""
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

import cached

# Pulled in by maintainer scripts, which never run here.
NOT_NEEDED = ("adduser", "base-passwd", "ca-certificates-java", "debconf", "init-system-helpers", "java-common",
              "libpam", "login.defs", "lsb-base", "passwd", "perl", "procps", "sysvinit-utils", "ucf", "readline-common")
DOCUMENTS = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "etc/init.d", "lib/systemd",
             "usr/lib/systemd")


def build_rootfs(name, architecture, packages, arrange, release=None):
    """A tar in the cache with these packages and what they depend on. arrange(folder) finishes the folder. Of that release, where
    this machine has its packages (deps.sh adds a second one); otherwise of whichever is the newest.

    The cache's key is everything that decides the content but the packages' own versions."""
    recipe = repr((packages, sorted(_constants(arrange)), NOT_NEEDED, *([release] if release else []))).encode()
    key = hashlib.sha256(recipe).hexdigest()[:12]
    target = cached.CACHE / "rootfs" / f"{name}-{architecture}-{key}.tar"
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
                folder = pathlib.Path(scratch) / "root"
                folder.mkdir()
                for package in _download(architecture, packages, pathlib.Path(scratch), release):
                    subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
                _tidy(folder)
                arrange(folder)
                _pack(folder, target)
    return target


def _constants(function):
    return [repr(constant) for constant in function.__code__.co_consts if not hasattr(constant, "co_code")]


def _apt(architecture, state, *arguments):
    config = state / "apt.conf"
    config.write_text(f'#clear APT::Architectures;\nAPT::Architecture "{architecture}";\n'
                      f'APT::Architectures {{ "{architecture}"; }};\nDir::State "{state}";\n'
                      f'Dir::State::status "{state}/status";\nDir::Cache "{state}/cache";\n'
                      'Dir::Etc::PreferencesParts "/dev/null";\nAPT::Sandbox::User "root";\n'
                      'APT::Install-Recommends "false";\nAcquire::Languages "none";\nAcquire::Retries "3";\n')
    run = cached.run(["apt-get", "-qq", *arguments], check=False, env={**os.environ, "APT_CONFIG": str(config)},
                     capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"apt-get {' '.join(arguments)} ({architecture}): {run.stdout}{run.stderr}")


def _download(architecture, packages, scratch, release):
    state = scratch / "apt"
    for folder in ("lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(parents=True)
    (state / "status").touch()
    _apt(architecture, state, "update")
    indexes = cached.run(["apt-get", "indextargets", "--format", "$(CODENAME)"], capture_output=True, text=True).stdout
    wanted = ["-t", release] if release in indexes.split() else []
    _apt(architecture, state, "install", *wanted, "-y", "--download-only", *packages)
    found = sorted((state / "cache/archives").glob("*.deb"))
    return [path for path in found if path.name.split("_")[0] in packages or not path.name.startswith(NOT_NEEDED)]


def _tidy(folder):
    for unwanted in DOCUMENTS:
        shutil.rmtree(folder / unwanted, ignore_errors=True)
    for name in ("bin", "sbin", "lib", "lib64"):  # merged /usr, as Debian 13's packages have it
        link, merged = folder / name, folder / "usr" / name
        if not link.exists() and merged.exists():
            link.symlink_to(f"usr/{name}")
    if (folder / "bin/busybox").exists() or (folder / "usr/bin/busybox").exists():
        _link_applets(folder)


def _link_applets(folder):
    """busybox's names, from the machine's own busybox: the same program for another architecture."""
    names = ("sh ash cat chmod chown cp cut date df echo env expr false find grep head hostname id kill ln ls mkdir "
             "mktemp mv nc nproc od printf ps pwd rm rmdir sed seq sleep sort stat su tail tar tee test touch tr "
             "true uname wc wget which whoami xargs").split()
    for name in names:
        taken = [folder / place / name for place in ("bin", "usr/bin", "sbin", "usr/sbin")]
        if not any(path.exists() or path.is_symlink() for path in taken):
            (folder / "bin" / name).symlink_to("busybox")


def _pack(folder, target):
    """Deterministic: sorted, root's, of one time."""
    def normal(member):
        member.mtime = 1_700_000_000
        return member

    part = target.with_suffix(".part")
    with tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(folder.rglob("*")):
            tar.add(path, arcname=str(path.relative_to(folder)), recursive=False, filter=normal)
    part.rename(target)
