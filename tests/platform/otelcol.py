"""The real OpenTelemetry Collector, built from its Go modules, and the platform's configuration for it.

The three exporters of the vendor's distribution exist nowhere else; `debug` takes their places. All the rest is read
by the collector word for word."""
import copy
import json
import os
import pathlib
import shutil
import tempfile

import yaml

import cached
import platform_images
from bases import REPOSITORY, default_base

HERE = pathlib.Path(__file__).resolve().parent
CONFIG = REPOSITORY / "services/otel/telemetry/config/otel-collector-config.yaml"
IMAGE = "ghcr.io/arc-framework/arc-friday-collector:latest"
VENDOR = {"clickhousetraces", "signozclickhousemetrics", "clickhouselogsexporter"}


def build():
    """The program, from the cache."""
    return cached.collector(HERE / "collector/builder.yaml", "v0.155.0")


def config():
    """The platform's configuration with `debug` for the vendor's exporters, and nothing else changed."""
    document = yaml.safe_load(CONFIG.read_text())
    found = copy.deepcopy(document)
    found["exporters"] = {name: value for name, value in document["exporters"].items() if name not in VENDOR}
    found["exporters"]["debug"] = {"verbosity": "detailed"}
    for pipeline in found["service"]["pipelines"].values():
        kept = [name for name in pipeline["exporters"] if name not in VENDOR]
        pipeline["exporters"] = kept + ["debug"] * (len(kept) < len(pipeline["exporters"]))
    return found


def build_base(engine):
    """The stand-in for the vendor's image, under the name that `make otel-build` asks for."""
    name = default_base("otel/telemetry")
    program = build()
    tar = platform_images.rootfs(engine, "otelcol", ("bash", "coreutils", "grep"))
    with tempfile.TemporaryDirectory(dir=engine.root) as scratch:
        context = pathlib.Path(scratch) / "context"
        shutil.copytree(HERE / "collector", context)
        os.link(tar, context / "rootfs.tar")
        engine.docker("buildx", "build", "--build-context", f"program={program.parent}", "--provenance=false",
                      "-t", name, context)


def create(engine, name, *arguments):
    """A container of the platform's own image, with `debug` for the vendor's exporters in its configuration."""
    engine.docker("create", "--name", name, "--network", "arc_platform_net", IMAGE, *arguments)
    with tempfile.TemporaryDirectory(dir=engine.root) as scratch:
        path = pathlib.Path(scratch) / "config.yaml"
        path.write_text(json.dumps(config()))  # JSON is YAML
        path.chmod(0o644)
        engine.docker("cp", path, f"{name}:/etc/otelcol/config.yaml")


def resources(log):
    """What the debug exporter printed, one text for each resource: its attributes and its metrics."""
    for line in log.splitlines():
        if line.startswith("{"):
            yield from json.loads(line).get("msg", "").split("ResourceMetrics #")[1:]
