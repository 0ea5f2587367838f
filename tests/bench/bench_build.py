"""arc-ci build, with verification, against docker buildx bake on the same definition; and hand-typed variants."""
import json
import pathlib
import subprocess
import sys
import tempfile

from timing import in_turn

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "engine"))
TITLE = "Build of 3 services × 2 platforms, warm cache, pushed to a local registry"
ROUNDS = 31
SERVICES = ("flash", "strange", "sonic")

# Each starts with other labels, so that nothing is merely found again: a shell gives every run a new one.
BY_HAND = """set -e
for s in flash strange sonic; do for p in amd64 arm64; do
    docker buildx bake -f bake.json --set $s.platform=linux/$p --set $s.tags=$(cat prefix)/arc-$s:hand-$p $s
done; done
for s in flash strange sonic; do
    r=$(cat prefix)/arc-$s
    docker buildx imagetools create -t $r:hand $r:hand-amd64 $r:hand-arm64
done"""
PARALLEL = BY_HAND.replace(" $s\ndone; done", " $s &\ndone; done\nwait")


def run():
    subprocess.run([HERE.parent / "deps.sh", "engine"], check=True)
    from bases import BASES, build_base
    from engine import Engine
    from shop import ARC_CI, Shop
    with Engine() as engine, tempfile.TemporaryDirectory() as scratch:
        for folder in BASES:
            build_base(engine, folder)
        shop = Shop(engine, pathlib.Path(scratch) / "shop", "bench", SERVICES)
        shop.plan()
        text = shop.run("build", "--dry-run").stdout
        (shop.folder / "bake.json").write_text(text.split(" <<'END'\n")[1].removesuffix("END\n"))
        (shop.folder / "prefix").write_text(f"{shop.registry}/bench")
        build = [ARC_CI, "build", "--rebuild"]
        promote = ["sh", "-c", '"$0" build --rebuild --json > b.json && "$0" build --promote --force --build b.json', ARC_CI]
        bake = ["docker", "buildx", "bake", "-f", "bake.json", "--metadata-file", "metadata.json"]
        # This registry answers 500 when a tag is read at the moment of being written, which one push of docker's does.
        settings = {"cwd": shop.folder, "env": shop.env, "tries": 4}
        ours, theirs, promoted = in_turn([build, bake, promote], ROUNDS, **settings)
        yield "build, read back, verify", ours, "docker buildx bake", theirs, "ms"
        tags = sum(tag["move"] for service in json.loads((shop.folder / "plan.json").read_text())["services"]
                   for tag in service["tags"])
        yield f"the same, and promotion of {tags} tags", promoted, "docker buildx bake", theirs, "ms"
        ours, sequence, parallel = in_turn([build, ["sh", "-c", BY_HAND], ["sh", "-c", PARALLEL]], 5, **settings)
        yield "build, read back, verify", ours, "six builds in sequence, three merges", sequence, "ms"
        yield "build, read back, verify", ours, "six builds in parallel, three merges", parallel, "ms"
