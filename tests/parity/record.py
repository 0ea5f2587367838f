#!/usr/bin/python3
"""Records what paths-filter answers: record.py BUNDLE writes recorded.json. BUNDLE is dist/index.js of
dorny/paths-filter v3.0.3, run with node; it is no part of this repository."""
import json
import pathlib
import sys
import tempfile

import harness


def main(bundle):
    recorded = {}
    for key, scenario, inputs in harness.scenarios():
        with tempfile.TemporaryDirectory() as scratch:
            answer = harness.run(["node", bundle], scenario, inputs, pathlib.Path(scratch))
        if "error" in answer:
            answer["error"] = answer["error"].replace(scratch, "{dir}")
        recorded[key] = answer
        print(key, file=sys.stderr)
    text = json.dumps(recorded, indent=1, ensure_ascii=True, sort_keys=True)
    (harness.HERE / "recorded.json").write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
