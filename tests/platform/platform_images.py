"""The images that only the tests of the running services need: Strange's base with the real Pulsar, the NATS
exporter's stand-in, and Debian's Prometheus with the collector's own scrape configuration."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import yaml

import cached
from bases import REPOSITORY, default_base
from rootfs import build_rootfs

HERE = pathlib.Path(__file__).resolve().parent
SCRAPE = REPOSITORY / "services/otel/telemetry/config/otel-collector-config.yaml"
PROMETHEUS = """FROM scratch
ADD rootfs.tar /
COPY prometheus.yml /etc/prometheus/prometheus.yml
USER 65534:65534
ENTRYPOINT ["/usr/bin/prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/tmp/tsdb"]
"""


def _arrange(folder):
    etc = folder / "etc"
    etc.mkdir(exist_ok=True)
    (etc / "passwd").write_text("root:x:0:0:root:/:/bin/sh\npulsar:x:10000:0::/pulsar/data:/sbin/nologin\n")
    (etc / "group").write_text("root:x:0:\n")
    (folder / "tmp").mkdir(exist_ok=True)
    (folder / "tmp").chmod(0o1777)


def rootfs(engine, name, packages):
    """A tar with these packages for this machine's architecture."""
    architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True,
                                  check=True).stdout.strip()
    return build_rootfs(name, architecture, packages, _arrange)


def build_exporter(engine):
    """Under the name that the compose file asks for; it runs on the base of Flash."""
    compose = yaml.safe_load((REPOSITORY / "services/messaging/docker-compose.yml").read_text())
    image = re.search(r":-(.+)}", compose["services"]["arc-flash-exporter"]["image"]).group(1)
    engine.docker("build", "--build-arg", f"BASE={default_base('messaging')}", "-t", image, HERE / "exporter")


def build_pulsar(engine):
    """Under the name of the base of Strange, for this machine's architecture: the broker's jars and a Java for them."""
    jars = cached.maven(HERE / "pulsar/pom.xml")
    tar = rootfs(engine, "pulsar", ("default-jre-headless", "curl", "busybox-static"))
    with tempfile.TemporaryDirectory(dir=engine.root) as scratch:
        context = pathlib.Path(scratch) / "context"
        shutil.copytree(HERE / "pulsar", context)
        os.link(tar, context / "rootfs.tar")
        engine.docker("buildx", "build", "--build-context", f"jars={jars}", "--provenance=false",
                      "-t", default_base("streaming"), context)


def build_prometheus(engine, name):
    """Prometheus, told to scrape what the collector's prometheus receiver scrapes, word for word."""
    config = yaml.safe_load(SCRAPE.read_text())["receivers"]["prometheus"]["config"]
    tar = rootfs(engine, "prometheus", ("prometheus", "busybox-static"))
    with tempfile.TemporaryDirectory(dir=engine.root) as scratch:
        context = pathlib.Path(scratch)
        (context / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
        (context / "Dockerfile").write_text(PROMETHEUS)
        os.link(tar, context / "rootfs.tar")
        engine.docker("build", "-t", name, context)
