#!/usr/bin/python3
"""Runs every tests/bench/bench_*.py and prints one table.

Such a file has `TITLE` and `run()`, which yields rows (what, arc-ci's figure, the other's name, the other's figure,
unit): both measured in this run, in turn, so that the ratio means something on any machine. `bench.py NAME...` runs
only bench_NAME.py."""
import importlib.util
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(wanted):
    sys.path.insert(0, str(HERE))
    for path in sorted(HERE.glob("bench_*.py")):
        if wanted and path.stem[len("bench_"):] not in wanted:
            continue
        module = load(path)
        print(f"\n### {module.TITLE}\n\n| what | arc-ci | against | its figure | ratio |\n|---|---|---|---|---|", flush=True)
        for what, ours, name, theirs, unit in module.run():
            print(f"| {what} | {ours:.3g} {unit} | {name} | {theirs:.3g} {unit} | {ours / theirs:.3g} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
