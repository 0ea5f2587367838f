"""A plug-in of pytest (`-p chosen`) with two uses. ARC_REACH_NOTES=FILE: appends to FILE for each test that passed its name, its
seconds and where in the program the functions are that it entered (reach.c). ARC_REACH_CHOSEN=FILE: runs the tests that FILE
names, in its order; one that takes much longer than FILE says fails."""
import array
import json
import os
import signal
import time

import pytest

NOTES = os.environ.get("ARC_REACH_NOTES")
CHOSEN = os.environ.get("ARC_REACH_CHOSEN")
REACHED = os.environ["ARC_CI"] + ".reach"
seconds = {}
outcomes = set()
failed = []

if CHOSEN:
    with open(CHOSEN) as chosen:
        seconds = json.load(chosen)


def take_reached():
    """Where the functions are that were entered since the last call."""
    with open(REACHED, "r+b") as file:
        found = array.array("I", file.read())
        file.seek(0)
        file.write(bytes(len(found) * 4))  # in place: a process may have it mapped
    return sorted({place for place in found if place})


def fail_late(*_):
    pytest.fail("the test takes much longer than it did: a loop without end?")


def pytest_collection_modifyitems(config, items):
    if CHOSEN:
        order = {name: place for place, name in enumerate(seconds)}
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in order])
        items[:] = sorted((item for item in items if item.nodeid in order), key=lambda item: order[item.nodeid])


def pytest_runtest_logreport(report):
    outcomes.add(report.outcome)
    if report.failed:
        failed.append(report.nodeid)


def pytest_terminal_summary(terminalreporter):
    for name in failed[:1]:
        terminalreporter.write_line(f"first to fail: {name}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    outcomes.clear()
    if CHOSEN:
        signal.signal(signal.SIGALRM, fail_late)
        signal.alarm(20 + int(10 * seconds[item.nodeid]))
    if NOTES:
        take_reached()
    start = time.monotonic()
    yield
    signal.alarm(0)
    if NOTES and outcomes == {"passed"}:
        with open(NOTES, "a") as notes:
            notes.write(json.dumps([item.nodeid, round(time.monotonic() - start, 3), take_reached()]) + "\n")
