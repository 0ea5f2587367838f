#!/usr/bin/python3
"""pictures.py OUT: the pictures of the documentation as SVG without fonts or scripts: a plot for each table of docs/benchmarks.md
whose first cell is "NAME: TITLE", and a terminal that shows a real run. ARC_CI names the program to run."""
import html
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
SANS, MONO = "system-ui, sans-serif", "ui-monospace, Menlo, Consolas, monospace"
TABLE = re.compile(r"^\| ([a-z-]+): (.+)\n\|[-|]+\n((?:\|.+\n)+)", re.M)
COLORS = ("#3246c8", "#b4470f")
WHO = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
       for what, value in (("NAME", "A"), ("EMAIL", "a@example.org"), ("DATE", "2026-01-01T00:00:00Z"))}


def cells(row):
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def text(x, y, content, **attributes):
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{x:g}" y="{y:g}"{more}>{html.escape(content)}</text>'


def picture(width, height, title, background, body):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">\n'
            f'<title>{html.escape(title)}</title>\n<rect width="{width}" height="{height}" rx="8" fill="{background}"/>\n{body}\n</svg>\n')


def plot(title, ticks, lines):
    """Lines over evenly spaced ticks; every point is labelled, the first line's below and the second's above."""
    top = max(value for _, values in lines for value in values) * 1.15
    place = [(110 + at * 480 / (len(ticks) - 1)) for at in range(len(ticks))]
    body = [text(30, 32, title, font_size=16, font_weight=600, fill="#1a1a1a"), '<path d="M70 280H640" stroke="#767676"/>']
    body += [text(x, 302, tick, text_anchor="middle", font_size=13, fill="#444") for x, tick in zip(place, ticks)]
    for at, ((name, values), color) in enumerate(zip(lines, COLORS)):
        points = [(x, 280 - value / top * 210) for x, value in zip(place, values)]
        body.append(f'<polyline fill="none" stroke="{color}" stroke-width="2" points="{" ".join(f"{x:g},{y:.1f}" for x, y in points)}"/>')
        above = values[-1] == max(values[-1] for _, values in lines)
        body += [text(x, round(y + (-10 if above else 18), 1), f"{value:g}", text_anchor="middle", font_size=12, fill=color)
                 for (x, y), value in zip(points, values)]
        body.append(text(480 + at * 90, 32, name, font_size=13, font_weight=600, fill=color))
    return picture(660, 320, title, "#ffffff", f'<g font-family="{SANS}">\n' + "\n".join(body) + "\n</g>")


def plots():
    for name, header, rows in TABLE.findall((ROOT / "docs/benchmarks.md").read_text()):
        title, *ticks = cells(header)
        lines = [(first, [float(value) for value in values]) for first, *values in map(cells, rows.splitlines())]
        yield name, plot(title, ticks, lines)


def terminal(command, printed):
    """A terminal's window with a command and what it printed; its colours are not kept."""
    lines = ["$ " + command, *printed.rstrip("\n").splitlines()]
    width, height = 40 + round(max(map(len, lines)) * 8.45), 30 + 21 * len(lines)
    body = "\n".join(text(20, 34 + 21 * at, line, xml__space="preserve", fill="#9fe0b0" if at == 0 else "#e8e8e8")
                     for at, line in enumerate(lines)).replace("xml--space", "xml:space")
    return picture(width, height, command, "#1d1f27", f'<g font-family="{MONO}" font-size="14">\n{body}\n</g>')


def run_example():
    """The repository of docs/tour.md with `arc-ci changes --explain` run in it."""
    tour = (ROOT / "docs/tour.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", tour, re.S | re.M)[:3]
    command = blocks[-1].splitlines()[-1]
    script = "".join(blocks).replace(command, "")
    with tempfile.TemporaryDirectory() as home:
        (pathlib.Path(home) / "arc-ci").symlink_to(pathlib.Path(ARC_CI).resolve())
        env = {"PATH": f"{home}:{os.environ['PATH']}", "HOME": home, "GIT_CONFIG_NOSYSTEM": "1", **WHO}
        subprocess.run(["sh", "-euc", script], cwd=home, env=env, check=True, stdout=subprocess.DEVNULL)
        run = subprocess.run(command.split(), cwd=f"{home}/shop", env=env, check=True, capture_output=True, text=True)
    return command, run.stdout


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    for name, svg in plots():
        (out / f"{name}.svg").write_text(svg)
    (out / "changes-explain.svg").write_text(terminal(*run_example()))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
