"""A model of the release, small enough that every interleaving is looked at: jobs that build, gate, sign, promote and publish two
versions, one of them twice at a time, a job that prunes the registry, and a person who rolls back. A job may crash before any
step, and the answer to a request that changes something may be lost. A state is a registry, an API, the jobs and what is left of
the bounds; `successors()` has all that may happen next. docs/security.md says what it does not know."""
import collections

# A registry: `indexes`, version → how many were built; `tags`, name → index; an index is (version, attempt, good).
# The API: releases as (id, version, draft, whole), `next_id`.
World = collections.namedtuple("World", "indexes tags signed gated releases next_id")
# A job: what it does, of which version, where it is, and what it remembers.
Job = collections.namedtuple("Job", "kind version at index before release seen")
State = collections.namedtuple("State", "world jobs crashes losses lock")

START = World(frozenset(), (), frozenset(), frozenset(), (), 1)
ENDS = ("done", "failed", "crashed")


def tag(world, name):
    return dict(world.tags).get(name)


def move(world, name, index):
    tags = dict(world.tags)
    if index is None:
        tags.pop(name, None)
    else:
        tags[name] = index
    return world._replace(tags=tuple(sorted(tags.items())))


def of_version(world, version):
    return sorted(release for release in world.releases if release[1] == version)


def published(world, version):
    return [release for release in of_version(world, version) if not release[2]]


def set_release(world, number, **fields):
    changed = []
    for release in world.releases:
        if release[0] == number:
            release = (number, release[1], fields.get("draft", release[2]), fields.get("whole", release[3]))
        changed.append(release)
    return world._replace(releases=tuple(changed))


# Each step: (job, world) → [(label, job, world, written)]; `written`: its answer can be lost. `lost_at` is where a job goes then.


def step_build(job, world):
    staged = tag(world, f"staging-{job.version}")
    if staged and staged[2]:  # a later run takes what is there, once it is verified
        return [("build", job._replace(at="verify"), world, False)]
    attempts = sum(index[0] == job.version for index in world.indexes)
    found = []
    for good in (True, False) if attempts < 2 else (True,):
        index = (job.version, attempts + 1, good)
        made = move(world._replace(indexes=world.indexes | {index}), f"staging-{job.version}", index)
        found.append(("build", job._replace(at="verify"), made, False))
    return found


def step_verify(job, world):
    """What was pushed is read back; what is remembered is its digest."""
    index = tag(world, f"staging-{job.version}")
    if not index or not index[2] or index not in world.indexes:
        return [("verify", job._replace(at="failed"), world, False)]
    return [("verify", job._replace(at="gate", index=index), world, False)]


def step_gate(job, world):
    passed = world._replace(gated=world.gated | {job.index})
    return [("gate", job._replace(at="sign"), passed, False), ("gate", job._replace(at="failed"), world, False)]


def step_sign(job, world):
    return [("sign", job._replace(at="verify again"), world._replace(signed=world.signed | {job.index}), True)]


def step_verify_again(job, world):
    holds = job.index in world.indexes and job.index[2]
    return [("verify", job._replace(at="look up version" if holds else "failed"), world, False)]


def step_look_up_version(job, world):
    now = tag(world, f"v{job.version}")
    if now and now != job.index:
        return [("look up version", job._replace(at="failed"), world, False)]  # never rewritten
    return [("look up version", job._replace(at="put version", before=now), world, False)]


def step_put_version(job, world):
    if job.index not in world.indexes:
        return [("put version", job._replace(at="failed"), world, False)]  # the registry lacks what it lists
    if job.before == job.index:
        return [("skip", job._replace(at="look up latest"), world, False)]
    return [("put version", job._replace(at="look up latest"), move(world, f"v{job.version}", job.index), True)]


def step_look_up_latest(job, world):
    now = tag(world, "latest")
    held = now is not None and now[0] > job.version
    return [("look up latest", job._replace(at="find" if held or now == job.index else "put latest", seen=now), world, False)]


def step_put_latest(job, world):
    if job.index not in world.indexes:
        return [("put latest", job._replace(at="put back"), world, False)]
    moved = move(world, "latest", job.index)
    return [("put latest", job._replace(at="find"), moved, True), ("refused", job._replace(at="put back"), world, False)]


def step_put_back(job, world):
    """The version's tag goes back to where it was: here, away."""
    if job.before == job.index:
        return [("put back", job._replace(at="failed"), world, False)]
    return [("put back", job._replace(at="failed"), move(world, f"v{job.version}", job.before), False)]


def step_find(job, world):
    there = published(world, job.version) or of_version(world, job.version)
    if not there:
        return [("find", job._replace(at="create", release=None), world, False)]
    job = job._replace(release=there[0][0])
    if [release for release in of_version(world, job.version) if release[0] != job.release and release[2]]:
        return [("find", job._replace(at="remove rivals"), world, False)]
    if not there[0][2]:
        return [("find", job._replace(at="done" if there[0][3] else "upload"), world, False)]
    return [("find", job._replace(at="publish" if there[0][3] else "upload"), world, False)]


def step_create(job, world):
    made = world._replace(releases=world.releases + ((world.next_id, job.version, True, False),), next_id=world.next_id + 1)
    return [("create", job._replace(at="upload", release=world.next_id), made, True)]


def step_remove_rivals(job, world):
    """Only drafts that arc-ci made and that are not the one that is kept: the lowest id, or a published one."""
    kept = [release for release in world.releases if release[1] != job.version or release[0] == job.release or not release[2]]
    return [("remove rivals", job._replace(at="find"), world._replace(releases=tuple(kept)), True)]


def step_upload(job, world):
    if not any(release[0] == job.release for release in world.releases):
        return [("upload", job._replace(at="find"), world, False)]
    return [("upload", job._replace(at="find"), set_release(world, job.release, whole=True), True)]


def step_publish(job, world):
    mine = [release for release in world.releases if release[0] == job.release]
    if not mine or [release for release in published(world, job.version) if release[0] != job.release]:
        return [("publish", job._replace(at="find"), world, False)]  # gone, or 422: the tag has a release
    return [("publish", job._replace(at="done"), set_release(world, job.release, draft=False), True)]


def step_list(job, world):
    """What is not reachable now and was no running job's: those are younger than what is pruned."""
    reachable = set(dict(world.tags).values())
    return [("list", job._replace(at="prune", seen=tuple(sorted(world.indexes - reachable))), world, False)]


def step_prune(job, world):
    if not job.seen:
        return [("prune", job._replace(at="done"), world, False)]
    index, rest = job.seen[0], job.seen[1:]
    gone = world if index in dict(world.tags).values() else world._replace(indexes=world.indexes - {index})
    return [("prune", job._replace(seen=rest), gone, True)]


def step_roll_back(job, world):
    """A person names the version that `latest` goes back to: one that was released."""
    index = tag(world, f"v{job.version}")
    if not index or index not in world.indexes:
        return [("roll back", job._replace(at="failed"), world, False)]
    return [("roll back", job._replace(at="done"), move(world, "latest", index), True)]


STEPS = {name[5:].replace("_", " "): function for name, function in globals().items() if name.startswith("step_")}


def release(version):
    return Job("release", version, "build", None, None, None, None)


PRUNE = Job("prune", 0, "list", None, None, None, None)


def roll_back(version):
    return Job("roll back", version, "roll back", None, None, None, None)


def start(jobs, crashes=1, losses=1):
    return State(START, tuple(jobs), crashes, losses, None)


def successors(state, serial):
    """[(label, state)]. `serial`: the workflow's concurrency group lets one release of a group run at a time."""
    found = []
    for i, job in enumerate(state.jobs):
        if job.at in ENDS:
            continue
        held = serial and job.kind == "release"
        if held and state.lock not in (None, i):
            continue
        lock = i if held else state.lock

        def after(world, changed, crashes=state.crashes, losses=state.losses):
            jobs = state.jobs[:i] + (changed,) + state.jobs[i + 1:]
            return State(world, jobs, crashes, losses, None if held and changed.at in ENDS else lock)
        if state.crashes:
            found.append((f"{i} crashes", after(state.world, job._replace(at="crashed"), state.crashes - 1)))
        for label, changed, world, written in STEPS[job.at](job, state.world):
            found.append((f"{i} {label}", after(world, changed)))
            if written and state.losses:  # done, but the job does not know: it looks, or sends it again
                again = "find" if label in ("create", "publish", "upload", "remove rivals") else job.at
                found.append((f"{i} {label}, answer lost", after(world, job._replace(at=again), losses=state.losses - 1)))
    return found


def broken(before, state, label):
    """The invariant that does not hold after the step `label`, or None."""
    world = state.world
    for name, index in world.tags:
        if name.startswith("staging"):
            continue
        if not index[2] or index not in world.gated or index not in world.signed:
            return f"{name} names an image that was not verified, gated and signed"
        if index not in world.indexes:
            return f"{name} names an image that was pruned"
    for version in (1, 2):
        if len(published(world, version)) > 1:
            return f"version {version} has two releases"
        if published(world, version) and not published(world, version)[0][3]:
            return f"the release of version {version} is not whole"
    latest = tag(world, "latest")
    had = before and tag(before.world, "latest")
    if latest and had and latest[0] < had[0] and "roll back" not in label:
        return "latest went back by itself"
    return None


def explore(jobs, serial, crashes=1, losses=1, limit=3_000_000):
    """(states, how it broke as a list of labels or None, the states in which nothing more happens)."""
    first = start(jobs, crashes, losses)
    came_from, queue, ends = {first: None}, collections.deque([first]), []
    while queue:
        state = queue.popleft()
        nexts = successors(state, serial)
        if not nexts:
            ends.append(state)
        for label, later in nexts:
            why = broken(state, later, label)
            if why:
                path = [label, why]
                while came_from[state]:
                    state, step = came_from[state]
                    path.insert(0, step)
                return len(came_from), path, ends
            if later not in came_from:
                came_from[later] = (state, label)
                queue.append(later)
                assert len(came_from) < limit, "more states than the bound"
    return len(came_from), None, ends
