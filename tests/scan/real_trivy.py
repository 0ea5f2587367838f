"""The real Trivy, built by the command of the action setup-trivy, and the maker of a small database: once, from Go modules,
into the cache outside the tree (some minutes; what Go compiles stays in Go's own cache, for the test of that action)."""
import pathlib
import shutil
import sys
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import cached  # noqa: E402

ACTION = yaml.safe_load((HERE.parents[1] / ".github/actions/setup-trivy/action.yml").read_text())
VERSION = ACTION["inputs"]["version"]["default"].removeprefix("v")
MODULE = f"""module scratch

go 1.26

require github.com/aquasecurity/trivy v{VERSION}
"""
TOOLS = """package tools

import _ "github.com/aquasecurity/trivy/pkg/commands"
"""


def make_trivy(folder, scratch):
    install, = [step for step in ACTION["runs"]["steps"] if "/cmd/trivy@" in step.get("run", "")]
    cached.run(["bash", "-e", "-c", install["run"]],
               env={**cached.go_environment(), **install["env"], "VERSION": f"v{VERSION}", "HOME": scratch})
    (pathlib.Path(scratch) / ".cache/arc-ci/trivy/trivy").rename(folder / "trivy")


def make_database_maker(folder, scratch):
    source = pathlib.Path(scratch) / "source"
    shutil.copytree(HERE / "trivy/makedb", source / "makedb")
    (source / "tools").mkdir()
    (source / "go.mod").write_text(MODULE)
    (source / "tools/tools.go").write_text(TOOLS)
    cached.run([cached.go_compiler(), "build", "-mod=mod", "-trimpath", "-ldflags=-s -w", "-o", folder / "makedb", "./makedb"],
               cwd=source, env={**cached.go_environment(), "GOEXPERIMENT": "jsonv2"})


def folder():
    """Holds `trivy` and `makedb`."""
    with cached.once("go", f"trivy-{VERSION}") as (place, missing):
        if missing:
            with tempfile.TemporaryDirectory(dir=place) as scratch:
                make_trivy(place, scratch)
                make_database_maker(place, scratch)
    return place
