"""arc-ci build, with verification, against docker buildx bake on the same definition; and hand-typed variants."""
import json
import pathlib
import subprocess
import sys
import tempfile

from timing import in_turn

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "engine"))
TITLE = "Build of 2 services × 2 platforms, warm cache, pushed to a local registry"
ROUNDS = 15

# Each starts with other labels, so that nothing is merely found again: a shell gives every run a new one.
BY_HAND = """set -e
for s in flash sonic; do for p in amd64 arm64; do
    docker buildx bake -f bake.json --set $s.platform=linux/$p --set $s.tags=$(cat prefix)/arc-$s:hand-$p $s
done; done
for s in flash sonic; do
    r=$(cat prefix)/arc-$s
    docker buildx imagetools create -t $r:hand $r:hand-amd64 $r:hand-arm64
done"""
PARALLEL = BY_HAND.replace(" $s\ndone; done", " $s &\ndone; done\nwait")


def run():
    subprocess.run([HERE.parent / "engine/install.sh", "all"], check=True)
    from bases import build_base
    from engine import Engine
    from shop import ARC_CI, Shop
    with Engine() as engine, tempfile.TemporaryDirectory() as scratch:
        build_base(engine, "messaging")
        build_base(engine, "cache")
        shop = Shop(engine, pathlib.Path(scratch) / "shop", "bench")
        shop.plan()
        text = shop.run("build", "--dry-run").stdout
        (shop.folder / "bake.json").write_text(text.split(" <<'END'\n")[1].removesuffix("END\n"))
        (shop.folder / "prefix").write_text(f"{shop.registry}/bench")
        build = [ARC_CI, "build", "--rebuild"]
        promote = ["sh", "-c", '"$0" build --rebuild && "$0" build --promote --force', ARC_CI]
        bake = ["docker", "buildx", "bake", "-f", "bake.json", "--metadata-file", "metadata.json"]
        settings = {"cwd": shop.folder, "env": shop.env}
        ours, theirs, promoted = in_turn([build, bake, promote], ROUNDS, **settings)
        yield "build, read back, verify", ours, "docker buildx bake", theirs, "ms"
        tags = sum(tag["move"] for service in json.loads((shop.folder / "plan.json").read_text())["services"]
                   for tag in service["tags"])
        yield f"the same, and promotion of {tags} tags", promoted, "docker buildx bake", theirs, "ms"
        ours, sequence, parallel = in_turn([build, ["sh", "-c", BY_HAND], ["sh", "-c", PARALLEL]], 5, **settings)
        yield "build, read back, verify", ours, "four builds in sequence, two merges", sequence, "ms"
        yield "build, read back, verify", ours, "four builds in parallel, two merges", parallel, "ms"
