"""Stand-ins for the services' upstream images, under the upstream names, for linux/amd64 and linux/arm64.

No public registry is at hand. They hold the real nats-server of the very version, built from its Go module, and
Debian's redis-server, with the paths, users, entrypoints and environment of the upstream images."""
import os
import pathlib
import re
import sys
import tempfile

from engine import PLATFORMS
from rootfs import build_rootfs

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests"))
import cached  # noqa: E402
PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"
GROUP = "root:x:0:\nnogroup:x:65533:\nnobody:x:65534:\n"

NATS = """
COPY --chmod=755 nats-server-${TARGETARCH} /usr/local/bin/nats-server
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
EXPOSE 4222 8222 6222
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["nats-server", "--config", "/etc/nats/nats-server.conf"]
"""
REDIS = """
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
VOLUME ["/data"]
WORKDIR /data
EXPOSE 6379
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["redis-server"]
"""
PULSAR = """
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/pulsar/bin
WORKDIR /pulsar
USER 10000
"""


def _write(path, text, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _accounts(folder, passwd="", group=""):
    _write(folder / "etc/passwd", PASSWD + passwd)
    _write(folder / "etc/group", GROUP + group)
    (folder / "tmp").mkdir(mode=0o1777, exist_ok=True)
    (folder / "tmp").chmod(0o1777)
    (folder / "root").mkdir(exist_ok=True)


def arrange_nats(folder):
    """As the alpine image: no user of its own; options go to nats-server."""
    _accounts(folder)
    _write(folder / "usr/local/bin/docker-entrypoint.sh",
           '#!/bin/sh\nset -e\ncase "$1" in -*) set -- nats-server "$@" ;; esac\nexec "$@"\n', 0o755)
    _write(folder / "etc/nats/nats-server.conf", "port: 4222\nmonitor_port: 8222\n")


def arrange_redis(folder):
    """As the alpine image: user redis, 999 of group 1000, owns /data; options go to redis-server."""
    _accounts(folder, "redis:x:999:1000:redis:/home/redis:/bin/sh\n", "redis:x:1000:\n")
    _write(folder / "usr/local/bin/docker-entrypoint.sh",
           '#!/bin/sh\nset -e\ncase "$1" in -* | *.conf) set -- redis-server "$@" ;; esac\nexec "$@"\n', 0o755)
    data = folder / "data"
    data.mkdir()
    os.chown(data, 999, 1000)


def arrange_pulsar(folder):
    """What services/streaming/Dockerfile changes, and no broker: platform_images.build_pulsar() makes the one that runs."""
    _accounts(folder, "pulsar:x:10000:0::/pulsar/data:/sbin/nologin\n")
    _write(folder / "pulsar/conf/standalone.conf", "zookeeperServers=\n")


def default_base(service):
    """The image that services/<service>/Dockerfile starts from: the default of its first ARG …_IMAGE."""
    text = (REPOSITORY / "services" / service / "Dockerfile").read_text()
    return re.search(r"^ARG \w+_IMAGE=(\S+)$", text, re.M).group(1)


# services/<name> → (packages, what finishes the folder, the rest of the Dockerfile)
BASES = {
    "messaging": (("busybox-static",), arrange_nats, NATS),
    "cache": (("redis-server", "redis-tools", "busybox-static"), arrange_redis, REDIS),
    "streaming": (("busybox-static",), arrange_pulsar, PULSAR),
}


def build_base(engine, service, name=None):
    """Builds the stand-in for a service's base image on `engine`; returns the image's name."""
    packages, arrange, dockerfile = BASES[service]
    name = name or default_base(service)
    lines = ["FROM scratch", "ARG TARGETARCH", "ADD rootfs-${TARGETARCH}.tar /", dockerfile]
    with tempfile.TemporaryDirectory(dir=engine.root) as scratch:
        context = pathlib.Path(scratch)
        (context / "Dockerfile").write_text("\n".join(lines))
        for platform in PLATFORMS:
            architecture = platform.split("/")[1]
            tar = build_rootfs(service, architecture, packages, arrange)
            (context / f"rootfs-{architecture}.tar").hardlink_to(tar)
            if service == "messaging":
                version = re.search(r":(\d+\.\d+\.\d+)", name).group(1)
                server = cached.go(f"github.com/nats-io/nats-server/v2@v{version}", "nats-server", architecture)
                (context / f"nats-server-{architecture}").hardlink_to(server)
        engine.docker("buildx", "build", "--platform", ",".join(PLATFORMS), "--provenance=false", "-t", name, context)
    return name
