"""What a program used. Linux charges a child with the memory its parent had before exec, so a small process stands
between the program and a test runner of a hundred megabytes."""
import json
import resource
import subprocess

BETWEEN = """import json, os, sys
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as out:
    json.dump([os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss], out)
"""


def measured(report, command, **kwargs):
    """(status, seconds of CPU, peak KiB) of a command, which leaves them in the file `report`."""
    subprocess.run(["/usr/bin/python3", "-I", "-S", "-c", BETWEEN, str(report), *map(str, command)], check=True, **kwargs)
    with open(report) as text:
        return json.load(text)


def spent():
    """Seconds of CPU of all children until now, with theirs: what a bound on work is held against, however busy the machine is."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
