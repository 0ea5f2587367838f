"""Repositories to measure on, made with `git fast-import` and packed as a clone is."""
import os
import random
import subprocess

DATE = b"Ada <ada@example.org> 1771840800 +0000"
ENV = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}


def git(repo, *arguments, **kwargs):
    return subprocess.run(["git", *arguments], cwd=repo, env=ENV, check=True, capture_output=True, **kwargs).stdout


def names(count, directories, seed=7):
    """`count` paths spread over `directories` top directories, three more levels deep."""
    chance = random.Random(seed)
    for i in range(count):
        top = i % directories
        yield f"dir{top:03d}/part{chance.randrange(8)}/unit{chance.randrange(8)}/module{chance.randrange(12)}/file{i:06d}.c"


def commit(ref, message, entries, mark, parent=None):
    head = b"commit refs/heads/%s\nmark :%d\ncommitter %s\ndata %d\n%s\n" % (ref.encode(), mark, DATE, len(message), message)
    yield head + (b"from :%d\n" % parent if parent else b"")
    for path, text in entries:
        yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(text), text)


def make(repo, count, directories, changed):
    """A repository of two commits, `base` and `main`; the first `changed` files of the list in steps that spread them
    over all directories differ."""
    repo.mkdir()
    git(repo, "init", "-q", "-b", "main")
    paths = list(names(count, directories))
    stride = max(1, count // changed) if changed else 1
    different = paths[::stride][:changed]
    stream = b"".join([
        *commit("main", b"one", ((path, f"content of {path}\n".encode()) for path in paths), 1),
        *commit("main", b"two", ((path, f"other content of {path}\n".encode()) for path in different), 2, 1),
        b"reset refs/heads/base\nfrom :1\n\n", b"done\n"])
    git(repo, "fast-import", "--quiet", "--done", input=stream)
    git(repo, "repack", "-adfq", "--depth=50", "--window=10")
    git(repo, "reset", "-q", "--mixed")
    return repo


def make_services(repo, services=500, commits=60_000, tags=20_000):
    """A monorepo whose services are all released by themselves, `tags` times together, at last shortly before the end."""
    chance, stream = random.Random(1), []
    repo.mkdir()
    git(repo, "init", "-q", "-b", "main")
    names = [f"s{i:03d}" for i in range(services)]
    files = {".github/arc-ci.yaml": "groups:\n" + "".join(
        f"  {name}:\n    registry: ghcr.io/o\n    services: [services/{name}]\n" for name in names)}
    files |= {f"services/{name}/service.yaml": f"name: {name}\ncodename: {name}\n" for name in names}
    sources = [f"services/{name}/{part}/file{i}.c" for name in names for part in "ab" for i in range(4)]
    for mark in range(1, commits + 1):
        written = files if mark == 1 else {chance.choice(sources): f"{mark}\n"}
        stream.append(f"commit refs/heads/main\nmark :{mark}\ncommitter a <a@example.org> {1_700_000_000 + mark * 60} +0000\ndata 1\nm\n")
        stream += [f"M 100644 inline {path}\ndata {len(text)}\n{text}\n" for path, text in written.items()]
    each = tags // services
    stream += [f"reset refs/tags/{name}/v0.{i}.0\nfrom :{max(1, (i + 1) * commits // each - chance.randrange(1000))}\n\n"
               for name in names for i in range(each)]
    git(repo, "fast-import", "--quiet", input="".join(stream).encode())
    git(repo, "pack-refs", "--all")
    git(repo, "repack", "-adfq", "--depth=50", "--window=10")
    git(repo, "reset", "-q", "--hard")
    return repo
