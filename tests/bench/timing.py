"""Times commands in turn: A B A B …, so that what else the machine does hits both alike."""
import os
import statistics
import subprocess
import time


def once(command, **kwargs):
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, **kwargs)
    return (time.perf_counter() - start) * 1000


def in_turn(commands, rounds=200, **kwargs):
    """Median milliseconds of each command (a list of argument lists)."""
    times = [[] for _ in commands]
    for command in commands:
        once(command, **kwargs)
    for _ in range(rounds):
        for i, command in enumerate(commands):
            times[i].append(once(command, **kwargs))
    return [statistics.median(each) for each in times]


def peak_kib(command, **kwargs):
    """Peak resident memory of one run, in KiB."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **kwargs)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_maxrss
