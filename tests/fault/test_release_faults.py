"""Every fault at every request of a release, then a second run: exactly one release, whole, no secret in
any output."""
import collections
import concurrent.futures
import threading

import faults
import pytest
from harness import TOKEN, Double, Project, State, check, new_state

REQUESTS = 14
TABLE = collections.Counter()
MODES = {"once": faults.once, "onwards": faults.onwards}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def elsewhere():
    with Double(State()) as other:
        faults.ELSEWHERE["url"] = other.url
        yield other
        leaked = [entry for entry in other.exchanges if TOKEN in str(entry)]
        assert not leaked, "the token went to another host"


@pytest.fixture(scope="module", autouse=True)
def table(record_testsuite_property):
    yield
    total = sum(TABLE.values())
    record_testsuite_property("figures", f"faults of a release: {total} cases = {REQUESTS} requests x {len(faults.ALL)} faults x "
                              f"(once, from there on) + {REQUESTS} x kill -9 before and after; first runs that won by themselves: "
                              f"{TABLE['won']}, that failed and were healed by the second: {TABLE['healed']}")


@pytest.fixture(scope="module")
def results(request, project, elsewhere):
    """The cases that were collected, under way eight at a time: most of their time is waiting."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        yield {item.name: pool.submit(case, project, *case_of(item.callspec.params))
               for item in request.session.items if item.fspath == request.fspath}


def case_of(params):
    if "when" in params:
        return run_killed, params["when"], params["at"]
    return run_fault, params["fault"], params["mode"], params["at"]


def case(project, run, *arguments):
    return run(project, *arguments)


def run_case(project, plan, env=None):
    """(status, output) of the first run; the second must make it whole."""
    with Double(new_state(project)) as double:
        double.faults = plan(double)
        status, output = project.run(double, "--timeout=4", "--max-wait=100", env=env)
        assert double.listening.wait(60)
        assert not double.state.violations, double.state.violations
        if status == 0:
            check(double, project)
        else:
            assert len(double.state.published("messaging/v0.1.0")) <= 1, output
        double.faults = faults.none
        again, more = project.run(double)
        assert again == 0, f"first run: {output}\nsecond run: {more}"
        check(double, project)
    TABLE["won" if status == 0 else "healed"] += 1
    return status, output


def run_fault(project, fault, mode, at):
    def plan(double):
        if fault is faults.slow_drip and mode == "onwards":     # one slow answer, then none
            return lambda number, request: (fault if number == at else faults.reset_before if number > at else None)
        return MODES[mode](fault, at)
    return run_case(project, plan, faults.patience(fault) if mode == "once" else None)


def run_killed(project, when, at):
    with Double(new_state(project)) as double:
        started = threading.Event()
        child = {}

        def pid():
            started.wait(60)
            return child["process"].pid
        make = faults.killed_before if when == "before" else faults.killed_after
        double.faults = faults.once(make(pid), at)
        child["process"] = project.start(double)
        started.set()
        output = child["process"].communicate(timeout=60)[0]
        assert child["process"].returncode == -9, output
        double.faults = faults.none
        status, output = project.run(double)
        assert status == 0, output
        check(double, project)
    TABLE["healed"] += 1


@pytest.mark.parametrize("at", range(1, REQUESTS + 1))
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", faults.ALL, ids=lambda fault: fault.__name__)
def test_fault(request, results, fault, mode, at):
    status, output = results[request.node.name].result()
    final = fault in (faults.expired_token, faults.no_permission, faults.redirect_elsewhere)
    if final or mode == "onwards":
        assert status in (1, 3) or fault in (faults.redirect_302, faults.status_500_after, faults.reset_after,
                                             faults.half_upload), output
    elif fault is not faults.redirect_302:
        assert status == 0, f"one passing fault should not end a run: {output}"


@pytest.mark.parametrize("at", range(1, REQUESTS + 1))
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill(request, results, when, at):
    results[request.node.name].result()
