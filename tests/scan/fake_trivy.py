#!/usr/bin/python3
"""Stands in for Trivy (or, linked as `docker`, for `docker run … trivy`): writes down its argv, where it runs and its
environment, copies the report that the folder `fake` beside its own holds for the target, says what the file `stderr` there
holds, and does what the file `mode` says."""
import json
import os
import pathlib
import shutil
import sys
import time

fake = pathlib.Path(sys.argv[0]).parents[1] / "fake"
words = sys.argv[1:]
with open(fake / "calls", "a") as calls:
    calls.write(json.dumps([pathlib.Path(sys.argv[0]).name, *words]) + "\n")
volumes = dict(words[i + 1].split(":")[1::-1] for i, word in enumerate(words) if word == "--volume")
if "version" in words:
    shutil.copyfileobj(open(fake / "version.json"), sys.stdout)
    sys.exit(0)
(fake / "seen").write_text(json.dumps({"folder": os.getcwd(), "holds": os.listdir(), "environment": dict(os.environ),
                                       "descriptors": sorted(os.listdir("/proc/self/fd"))}))
mode = (fake / "mode").read_text()
busy = (fake / "busy").read_text() if mode == "busy" else ""
if (fake / "stderr").exists() and (busy or mode != "busy"):
    sys.stderr.write((fake / "stderr").read_text())
if mode == "crash":
    print("INFO\tsomething\nFATAL\tDB error: failed to download", file=sys.stderr)
    sys.exit(1)
if busy:
    (fake / "busy").write_text(busy[1:])
    sys.exit(1)
if mode == "fail":
    sys.exit(1)
if mode == "hang":
    time.sleep(600)
if mode == "killed":
    sys.stderr.write("T\tWARN\tTOOMANYREQUESTS, from the next source\n")  # which went well
    print("T\tINFO\tDetecting vulnerabilities...", file=sys.stderr, flush=True)
    os.kill(os.getpid(), 9)
output = words[words.index("--output") + 1]
for inside, outside in volumes.items():
    output = output.replace(inside, outside, 1) if output.startswith(inside + "/") else output
platform = words[words.index("--platform") + 1] if "--platform" in words else ""
source = fake / (platform.replace("/", "-") + ".json" if platform else "report.json")
if mode != "silent":
    shutil.copy(source, output)
