"""The real Trivy and the maker of a small database, built once from Go modules into the cache outside the tree (a few
minutes, and 160 MB that stay). `go install` would want the list of Trivy's versions, which not every proxy has: a module
that requires one version does not."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import cached  # noqa: E402

VERSION = "0.67.2"
MODULE = f"""module scratch

go 1.25

require github.com/aquasecurity/trivy v{VERSION}
"""
TOOLS = """package tools

import _ "github.com/aquasecurity/trivy/pkg/commands"
"""


def compiler():
    """Go 1.25 or later, or None: then the tests of the real Trivy are skipped, which CI counts as failed."""
    path = shutil.which("go") or "/usr/local/go/bin/go"
    if not pathlib.Path(path).exists():
        return None
    version = subprocess.run([path, "env", "GOVERSION"], capture_output=True, text=True,
                             env={**os.environ, "GOTOOLCHAIN": "local"}).stdout
    found = re.match(r"go1\.(\d+)", version)
    return path if found and int(found[1]) >= 25 else None


def make(folder, scratch):
    source = pathlib.Path(scratch) / "source"
    shutil.copytree(HERE / "trivy/makedb", source / "makedb")
    (source / "tools").mkdir()
    (source / "go.mod").write_text(MODULE)
    (source / "tools/tools.go").write_text(TOOLS)
    env = {**os.environ, "GOPATH": f"{scratch}/go", "GOCACHE": f"{scratch}/cache", "GOFLAGS": "-modcacherw -mod=mod",
           "CGO_ENABLED": "0", "GOEXPERIMENT": "jsonv2"}
    version = f"-s -w -X github.com/aquasecurity/trivy/pkg/version/app.ver={VERSION}"
    for output, package in (("makedb", "./makedb"), ("trivy", "github.com/aquasecurity/trivy/cmd/trivy")):
        subprocess.run([compiler(), "build", "-ldflags", version, "-o", folder / output, package], cwd=source, env=env,
                       check=True)


def folder():
    """Holds `trivy` and `makedb`."""
    with cached._once("go", f"trivy-{VERSION}") as (place, missing):
        if missing:
            with tempfile.TemporaryDirectory(dir=place) as scratch:
                make(place, scratch)
    return place
