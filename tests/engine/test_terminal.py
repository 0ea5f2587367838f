"""The live table: what a person at a terminal sees."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

from shop import ARC_CI


def screen(data, columns):
    """What stands on the screen after these bytes: the few control sequences that the table uses."""
    lines, row = [""], 0
    for part in re.split(r"(\x1b\[\d*[A-Za-z]|\r|\n)", data):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\r":
            pass
        elif part.endswith("A") and part.startswith("\x1b["):
            row -= int(part[2:-1])
        elif part == "\x1b[K":
            lines[row] = ""
        elif part.startswith("\x1b["):
            assert part.endswith("m"), f"unexpected {part!r}"
        else:
            lines[row] += part
            assert len(lines[row]) < columns or "said" in data, lines[row]
    return lines


def build(shop, rows=40, columns=100):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    env = {name: value for name, value in shop.env.items() if name != "CI"}
    child = subprocess.Popen([ARC_CI, "build"], cwd=shop.folder, env=env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    data = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        data += piece
    os.close(ours)
    return child.wait(), screen(data.decode().replace("\r\n", "\n"), columns)


def test_a_row_per_cell(shop):
    shop.plan()
    status, lines = build(shop)
    assert status == 0
    for cell in ("flash linux/amd64", "flash linux/arm64", "sonic linux/amd64", "sonic linux/arm64"):
        (row,) = [line for line in lines if line.startswith(cell + " ")]
        assert re.match(r"\S+ \S+ +(done|cached) +\d+\.\d s  ", row), row
    assert any(line.startswith("flash ") and "verified" in line for line in lines)


def test_a_failed_cell_tells_why(shop):
    shop.plan()
    with open(shop.folder / "services/cache/Dockerfile", "a") as dockerfile:
        dockerfile.write("USER root\nRUN printf 'red \\033[31m alert\\n'; exit 9\n")
    status, lines = build(shop, columns=160)
    assert status == 1
    assert any("FAILED" in line for line in lines)
    assert any(re.match(r"sonic linux/\w+ said:", line) for line in lines)
    assert "  | red \\x1b[31m alert" in lines  # shown, not obeyed
    assert any("services/cache/Dockerfile:" in line and "exit code: 9" in line for line in lines)


def test_a_screen_that_is_too_small(shop):
    shop.plan()
    status, lines = build(shop, rows=4)
    assert status == 0
    assert any(re.match(r"\d+ cells, \d+ steps done", line) for line in lines)
