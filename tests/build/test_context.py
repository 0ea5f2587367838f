"""What is built is the commit that is named: `arc-ci build` compares the contexts with the plan's commit. docker is a stand-in
that keeps the definition and fails, so nothing is built."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/fault"))
from harness import quick_sleep  # noqa: E402
sys.path.insert(0, str(ROOT / "tests"))
from usage import measured  # noqa: E402
ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
DOCKER = """#!/bin/sh
case "$*" in
*"buildx version"*) echo "github.com/docker/buildx v0.13.0 x" ;;
*bake*) cat > "BAKE"; exit 1 ;;
*inspect*) printf 'Name: default\\nDriver: docker\\nPlatforms: linux/amd64\\n' ;;
esac
"""


class Shop:
    def __init__(self, folder, generated=()):
        self.folder, self.bake = folder / "shop", folder / "bake.json"
        (folder / "bin").mkdir()
        (folder / "bin/docker").write_text(DOCKER.replace("BAKE", str(self.bake)))
        (folder / "bin/docker").chmod(0o755)
        self.env = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), **{
            f"GIT_{who}_{what}": "Ada <ada@example.org>".split(" <")[what == "EMAIL"].rstrip(">")
            for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}}
        self.folder.mkdir()
        self.git("init", "-q", "-b", "main")
        group = {"registry": "127.0.0.1:9/o", "services": ["a", "b"], "generated": list(generated)}
        self.write(".github/arc-ci.yaml", json.dumps({"groups": {"shop": group}}))
        for name in "ab":
            self.write(f"{name}/service.yaml", f"name: shop-{name}\ncodename: {name}\n")
            self.write(f"{name}/Dockerfile", "FROM scratch\nCOPY . /\n")
        self.write(".gitignore", "*.o\n")
        self.commit("first")

    def git(self, *words):
        return subprocess.run(["git", *words], cwd=self.folder, env=self.env, check=True, capture_output=True, text=True).stdout

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self, subject):
        self.git("add", "-A")
        self.git("commit", "-qm", subject)

    def arc(self, *words):
        done = subprocess.run([ARC_CI, *words], cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def plan(self, *words):
        status, out, err = self.arc("plan", "--json", "--push=false", *words)
        assert status == 0, err
        (self.folder.parent / "plan.json").write_text(out)
        return json.loads(out)

    def build(self, *words):
        """(refused, message): refused before docker was given a definition."""
        self.bake.unlink(missing_ok=True)
        status, _, err = self.arc("build", "--plan", "../plan.json", *words)
        assert status
        return not self.bake.exists(), err


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path, generated=["a/dist/**"])


def test_a_base_without_an_image_of_its_own_is_of_the_commit_too(shop):
    """Whose files are in the image that starts from it, and in that image's key, however often it is named."""
    plan = shop.plan("--service", "a")
    a, b = plan["services"]
    a["recipe"], b["recipe"] = ({"contexts": {"one": "target:b", "two": "target:b"}}, {"contexts": {"a": "target:a"}})
    (shop.folder.parent / "plan.json").write_text(json.dumps({**plan, "push": True}))
    keys = []
    for ignored in ("1", "2"):
        shop.write("b/x.o", ignored)
        out = shop.arc("build", "--plan", "../plan.json", "--dry-run")[1]
        keys.append(re.search("arc.ci.key=sha256:([0-9a-f]+)", out)[1])
    assert keys[0] != keys[1]
    shop.write("b/Dockerfile", "FROM evil\n")
    refused, said = shop.build()
    assert refused and "b/Dockerfile is changed" in said


def test_a_thousand_times_more_ignored_files_take_their_names_memory(shop):
    docker = shop.folder.parent / "bin/docker"
    docker.write_text(docker.read_text().replace("exit 1", 'while [ $# -gt 0 ]; do [ "$1" = --metadata-file ] && echo "{}" > "$2"; shift; done'))
    shop.plan()
    for i in range(9000):
        shop.write(f"a/{i}.o", "")
    with (shop.folder.parent / "build.json").open("w") as out:
        status, _, peak = measured(shop.folder.parent / "used.json", [ARC_CI, "build", "--plan", "../plan.json", "--json"],
                                   cwd=shop.folder, env=shop.env, stdout=out)
    assert status == 0 and peak < 150_000
    document = json.loads((shop.folder.parent / "build.json").read_text())
    assert {service["service"]: len(service["generated"]) for service in document["services"]} == {"a": 9000, "b": 0}


def break_head(shop):
    shop.write("a/x", "1")
    shop.commit("second")
    return "is checked out"


def break_changed(shop):
    shop.write("a/Dockerfile", "FROM evil\n")
    return "a/Dockerfile is changed"


def break_staged(shop):
    shop.write("a/new", "1")
    shop.git("add", "-A")
    return "a/new is new"


def break_missing(shop):
    (shop.folder / "a/service.yaml").unlink()
    return "a/service.yaml is missing"


def break_new(shop):
    shop.write("a/new", "1")
    return "a/new is new"


def break_mode(shop):
    (shop.folder / "a/Dockerfile").chmod(0o755)
    return "a/Dockerfile is changed"


def break_type(shop):
    (shop.folder / "a/Dockerfile").unlink()
    (shop.folder / "a/Dockerfile").symlink_to("service.yaml")
    return "a/Dockerfile is changed"


def break_unseen(shop):
    shop.git("update-index", "--assume-unchanged", "a/Dockerfile")
    shop.write("a/Dockerfile", "FROM evil\n")
    return "a/Dockerfile is hidden from git"


def break_skipped(shop):
    shop.git("update-index", "--skip-worktree", "a/Dockerfile")
    shop.write("a/Dockerfile", "FROM evil\n")
    return "a/Dockerfile is hidden from git"


def break_sparse(shop):
    shop.git("sparse-checkout", "set", "b", ".github")
    (shop.folder / "a").mkdir(exist_ok=True)
    return "a/Dockerfile is missing"


def break_by_conflict(shop):
    shop.git("checkout", "-q", "-b", "other")
    for branch in "other", "main":
        shop.git("checkout", "-q", branch)
        shop.write("a/Dockerfile", f"FROM {branch}\n")
        shop.git("commit", "-qam", branch)
    shop.plan("--platforms", "linux/amd64")
    subprocess.run(["git", "merge", "-q", "other"], cwd=shop.folder, env=shop.env, capture_output=True)
    return "would name: a/Dockerfile is changed; commit"


BROKEN = [break_head, break_changed, break_staged, break_missing, break_new, break_mode, break_type, break_unseen, break_skipped,
          break_sparse, break_by_conflict]


@pytest.mark.parametrize("broken", BROKEN)
def test_another_context_is_refused(shop, broken):
    shop.plan("--platforms", "linux/amd64")
    assert shop.build()[0] is False, "the clean one is built"
    message = broken(shop)
    refused, err = shop.build()
    assert refused and message in err, err


@pytest.mark.parametrize("broken", [break_head, break_changed, break_new])
def test_allow_dirty_marks_a_ci_build_and_never_a_release(shop, broken):
    plan = shop.plan()
    broken(shop)
    refused, err = shop.build("--allow-dirty")
    assert not refused, err
    for target in json.loads(shop.bake.read_text())["target"].values():
        assert target["labels"]["org.opencontainers.image.revision"] == plan["revision"] + "-dirty"
        assert all(tag.endswith("-dirty") for tag in target.get("tags", []))
    shop.git("stash", "-u") if broken is not break_head else shop.git("reset", "-q", "--hard", "HEAD~1")
    shop.git("tag", "shop/v1.0.0")
    shop.plan("shop/v1.0.0")
    broken(shop)
    assert shop.build("--allow-dirty")[0]


def test_what_git_ignores_and_what_a_step_makes_is_part_of_the_context(shop):
    shop.plan()
    shop.write("a/main.o", "binary")
    shop.write("a/dist/app", "binary")
    refused, err = shop.build()
    assert not refused, err
    shop.write("b/dist/app", "not listed")
    assert shop.build()[0]
    shop.write("b/.dockerignore", "dist\n")  # which is the builder's
    shop.commit("nobody copies it")
    (shop.folder / "b/dist/new").write_text("")
    shop.plan()
    refused, err = shop.build()
    assert refused and "b/dist/new is new; commit them, ignore them (.gitignore)" in err


def test_a_submodule_is_part_of_the_commit(shop, tmp_path):
    """Not checked out, as actions/checkout leaves it; at another commit; with a changed file."""
    files = ["-c", "protocol.file.allow=always"]
    shop.git("init", "-q", "../lib")
    (tmp_path / "lib/x").write_text("1")
    for words in (["add", "-A"], ["commit", "-qm", "1"]):
        shop.git("-C", "../lib", *words)
    shop.git(*files, "submodule", "--quiet", "add", "../lib", "a/lib")
    shop.commit("with a submodule")
    shop.plan()
    assert shop.build()[0] is False
    shop.git("submodule", "--quiet", "deinit", "-f", "a/lib")
    assert "a/lib is a submodule that is not checked out" in shop.build()[1]
    shop.git(*files, "submodule", "--quiet", "update", "--init")
    assert shop.build()[0] is False
    shop.write("a/lib/x", "2")
    assert "a/lib is changed" in shop.build()[1]
    shop.git("-C", "a/lib", "commit", "-qam", "2")
    assert "a/lib is changed" in shop.build()[1]


def test_a_file_that_is_only_its_pointer(shop):
    """actions/checkout fetches nothing from Git LFS unless it is told to: the image would have the pointer. What the image does not
    read, or what is a pointer without .gitattributes, does not matter."""
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12\n"
    for name in ("a/model.bin", "a/docs/x.bin", "a/sample.txt", "unread.bin"):
        shop.write(name, pointer)
    shop.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    shop.write("a/.dockerignore", "docs\n")
    shop.commit("in LFS")
    shop.plan()
    for index in "--no-split-index", "--split-index":    # libgit2 does not read the second
        shop.git("update-index", index)
        refused, err = shop.build()
        assert refused and "a/model.bin is only its pointer in Git LFS: fetch it (lfs: true" in err and err.count("pointer") == 1, err
        assert "commit them" not in err, "the pointer is what the commit has"
    plan = shop.plan("--service", "b")
    assert not shop.build()[0]
    plan["services"][1]["recipe"] = {"contexts": {"a": "target:a"}}  # whose files the image then has
    (shop.folder.parent / "plan.json").write_text(json.dumps(plan))
    assert "a/model.bin is only its pointer" in shop.build()[1]
    shop.plan()
    shop.git("config", "filter.lfs.clean", "cat >/dev/null; cat a/pointer.o")  # what git lfs does with a file that was fetched
    shop.write("a/pointer.o", pointer)
    shop.write("a/model.bin", "the weights\n")
    refused, err = shop.build()
    assert not refused, err


def test_thousands_of_pointers_that_nobody_reads(shop):
    """A Dockerfile is read once, not once for each of them: this took a minute."""
    for number in range(1500):
        shop.write(f"a/docs/{number}.bin", f"version https://git-lfs.github.com/spec/v1\noid sha256:{number:064}\nsize 12\n")
    shop.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    shop.write("a/Dockerfile", "FROM scratch\n" + "COPY service.yaml /\n" * 2000)
    shop.commit("in LFS")
    shop.plan("--service", "a")
    started = time.monotonic()
    assert not shop.build()[0]
    assert time.monotonic() - started < 10


def test_a_sparse_checkout_that_has_the_service_is_enough(shop):
    shop.write("b/big", "1")
    shop.commit("b is large")
    shop.git("sparse-checkout", "set", "--no-cone", "/*", "!/b/big")
    shop.plan("--service", "a")
    assert not (shop.folder / "b/big").exists()
    assert shop.build()[0] is False


def test_what_lies_elsewhere_does_not_matter(shop):
    shop.plan("--service", "a")
    shop.write("b/new", "1")
    shop.write("README.md", "1")
    assert not shop.build()[0]


def test_a_rehearsal_refuses_what_the_build_refuses(shop):
    shop.plan()
    assert shop.arc("build", "--plan", "../plan.json", "--dry-run")[0] == 0
    shop.write("a/new", "1")
    status, out, err = shop.arc("build", "--plan", "../plan.json", "--dry-run")
    assert (status, out) == (2, "") and "a/new is new" in err
    status, out, err = shop.arc("build", "--plan", "../plan.json", "--dry-run", "--allow-dirty")
    assert status == 0 and "-dirty" in out and not shop.bake.exists()


@pytest.mark.parametrize("context", ["github.com/o/x#v1:sub", "git@github.com:o/x.git", "https://example.org/x.tar.gz"])
def test_what_buildkit_fetches_is_no_matter_of_the_work_tree(shop, context):
    """Neither a folder that is missing, nor where the Dockerfile's path starts; the work tree's own other context still counts."""
    service = {"codename": "c", "name": "shop-c", "build": {
        "context": context, "dockerfile": "d/Dockerfile", "additional_contexts": {"lib": "b", "far": "github.com/o/y"}}}
    shop.write(".github/arc-ci.yaml", json.dumps({"groups": {"shop": {"registry": "127.0.0.1:9/o", "services": [service]}}}))
    shop.commit("remote")
    status, out, err = shop.arc("plan", "--json", "--push")
    assert status == 0, err
    (shop.folder.parent / "plan.json").write_text(out)
    keys = set()
    for text in ("1", "2", "2"):
        shop.write("b/x.o", text)
        status, out, err = shop.arc("build", "--plan", "../plan.json", "--dry-run")
        assert status == 0, err
        target = json.loads(out[out.index("{"):out.rindex("}") + 1])["target"]["c"]
        assert (target["context"], target["dockerfile"]) == (context, "d/Dockerfile")
        keys.add(next(text for text in target["annotations"] if "arc.ci.key" in text))
    assert len(keys) == 2


@pytest.mark.parametrize("changed", ["docker/Dockerfile", "docker/link.dockerignore", "docker/c.Dockerfile", "docker/c.Dockerfile.dockerignore", "real/x"])
def test_what_lies_elsewhere_and_belongs_to_an_image(shop, changed):
    """A link out of the context, the ignore file of a Dockerfile that lies elsewhere, a context that is a link: what is not committed
    is refused, and what is gives the image another key."""
    services = [{"codename": "l", "name": "shop-l", "build": {"context": "l"}},
                {"codename": "c", "name": "shop-c", "build": {"context": "c", "dockerfile": "../docker/c.Dockerfile"}}]
    shop.write(".github/arc-ci.yaml", json.dumps({"groups": {"shop": {"registry": "127.0.0.1:9/o", "services": services}}}))
    for name in ("docker/Dockerfile", "docker/link.dockerignore", "docker/c.Dockerfile", "docker/c.Dockerfile.dockerignore", "real/x", "l/x"):
        shop.write(name, "FROM scratch\n")
    (shop.folder / "c").symlink_to("real")
    (shop.folder / "l/Dockerfile").symlink_to("../docker/Dockerfile")
    (shop.folder / "l/Dockerfile.dockerignore").symlink_to("../docker/link.dockerignore")
    shop.commit("links")

    def keys():
        status, out, err = shop.arc("plan", "--json", "--push")
        assert status == 0, err
        plan = json.loads(out)
        plan["created"] = "2026-01-01T00:00:00Z"
        for service in plan["services"]:
            service["labels"] = {}
        (shop.folder.parent / "plan.json").write_text(json.dumps(plan))
        status, out, err = shop.arc("build", "--plan", "../plan.json", "--dry-run")
        assert status == 0, err
        targets = json.loads(out[out.index("{"):out.rindex("}") + 1])["target"]
        return {name: [text for text in target["annotations"] if "arc.ci.key" in text] for name, target in targets.items()}

    before = keys()
    shop.write(changed, "FROM scratch\nUSER 1\n")
    refused, message = shop.build()
    assert refused and f"{changed} is changed" in message
    shop.commit("changed")
    after = keys()
    service = "l" if changed in ("docker/Dockerfile", "docker/link.dockerignore") else "c"
    assert {name for name in before if before[name] != after[name]} == {service}


def test_a_failed_build_of_a_dockerfile_that_the_plan_holds(shop):
    """It has no file in which the error could be."""
    group = {"registry": "127.0.0.1:9/o", "services": ["b", {"name": "shop-c", "codename": "c", "build": {
        "context": "a", "dockerfile_inline": "FROM scratch\nCOPY . /\n"}}]}
    shop.write(".github/arc-ci.yaml", json.dumps({"groups": {"shop": group}}))
    shop.commit("inline")
    shop.plan()
    status, _, err = shop.arc("build", "--plan", "../plan.json")
    assert status == 1 and "the build failed" in err, (status, err)


@pytest.mark.parametrize("answer", ["", "unknown flag: --allow", 'ERROR: unknown entitlement key "ssh"'])
def test_bake_is_allowed_what_the_configuration_asks_for(shop, answer):
    """buildx refuses, without a terminal, what it was not allowed by name (since 0.18); older ones know no such option."""
    shop.write(".github/arc-ci.yaml", json.dumps({"groups": {"shop": {"registry": "127.0.0.1:9/o", "services": [
        {"directory": "a", "build": {"network": "host", "ssh": ["default"]}}, {"directory": "b", "build": {"ssh": ["key=b/key"]}}]}}}))
    shop.write("b/key", "")
    shop.commit("allowed")
    words = shop.folder.parent / "words"
    (shop.folder.parent / "bin/docker").write_text(
        f'#!/bin/sh\ncase "$*" in *bake*) echo "$*" >> {words}; cat > {shop.bake}\n'
        f'case "$*" in *--allow*) echo \'{answer}\' >&2;; esac; exit 1;; esac\n')
    plan = ["--plan", str(shop.folder.parent / "plan.json")]
    shop.plan()
    allowed = " --allow=network.host --allow=ssh"
    assert allowed in shop.arc("build", *plan, "--dry-run")[1]
    cache = shop.folder.parent / "deep/cache"
    shop.arc("build", *plan, f"--cache=local,dir={cache}")
    runs = words.read_text().splitlines()
    assert runs[0].endswith(f"{allowed} --allow=fs={cache}")
    assert cache.is_dir()  # buildx would ask for the folder above one that is not there
    assert len(runs) == (2 if answer else 1) and ("--allow" in runs[-1]) == (not answer)
    words.unlink()
    shop.plan("--service", "b")
    shop.arc("build", *plan)
    assert "--allow" not in words.read_text()


@pytest.mark.parametrize("said, shown", [
    ("ERROR: target a: failed to solve: write /x: no space left on device", "a failed: target a: failed to solve: write /x: no space left on "
     "device; the builder's disk is full: run docker buildx prune"),
    ('ERROR: target a: failed to solve: process "/bin/sh -c npm ci" did not complete successfully: exit code: 137', "usually because memory ran out"),
    ('ERROR: target a: failed to solve: exporter option "rewrite-timestamp" conflicts with "unpack"', "; the engine's own builder unpacks"),
    ("ERROR: target a: failed to solve: 429: toomanyrequests: You have reached your pull rate limit.", "; a login to that registry"),
    ("ERROR: target a: failed to solve: x: pull access denied, repository does not exist", "; correct the name, or log in"),
    ("ERROR: target a: x: http: server gave HTTP response to HTTPS client", "http = true"),
    ("ERROR: target a: x: x509: certificate signed by unknown authority", "buildkitd.toml"),
    ("ERROR: target a: failed to push x: tag invalid: it cannot be overwritten because the repository is immutable.", "; staging tags must be able to move"),
    ("ERROR: target a: failed to solve: x:1: no match for platform in manifest: not found", "; a base image is not made for that platform"),
    ("ERROR: target a: failed to solve: x: failed to fetch anonymous token: unexpected status from GET request to https://x/token: 403 Forbidden",
     "; log in to that registry: docker login"),
    ("ERROR: target a: failed to solve: x: failed to fetch oauth token: unexpected status from POST request to https://x/token: 401 Unauthorized",
     "; this login may not do that"),
    ("ERROR: target a: failed to solve: x: failed to fetch anonymous token: unexpected status from GET request to https://x/token: 503 Busy", "503 Busy\n"),
    ("ERROR: target a: failed to push x: unexpected status from PUT request to https://x: 412 Precondition Failed", "; Harbor answers so"),
    ("ERROR: target a: failed to push x: unexpected status from PATCH request to https://x: 413 Request Entity Too Large", "client_max_body_size"),
    ("ERROR: target a: failed to push x: unknown: blob unknown to registry - sha256:1", "; the registry refuses attestations as BuildKit writes them"),
    ("ERROR: target a: failed to push x: denied: media type application/vnd.oci.empty.v1+json is not allowed", "BUILDX_NO_DEFAULT_OCI_ARTIFACT"),
    ('ERROR: target a: failed to solve: process "/bin/sh -c yarn install --immutable" did not complete successfully: exit code: 1',
     "yarn install --immutable\" did not complete successfully: exit code: 1\n"),
    ("ERROR: target a: x: not found", "a failed: target a: x: not found\n"),
    ("ERROR: target a: failed to solve: x\n\nsee the log\nabove", "a failed: target a: failed to solve: x see the log above\n"),
    ("", "the build failed: docker gave no reason (exit status 1)\n")])
def test_what_buildkit_leaves_open_is_said(shop, said, shown):
    (shop.folder.parent / "bin/docker").write_text(f"#!/bin/sh\ncat > /dev/null\necho '{said}' >&2\nexit 1\n")
    shop.env["LD_PRELOAD"] = quick_sleep()
    shop.plan()
    assert shown in shop.build()[1]


@pytest.mark.parametrize("said, runs", [
    ('a: failed to fetch anonymous token: Get "https://x/token": net/http: request canceled (Client.Timeout exceeded while awaiting headers)', 3),
    ("failed to solve: failed to push x: unknown blob", 3),
    ("failed to solve: failed to push x: blob upload unknown: blob upload unknown to registry", 3),
    ("failed to solve: unexpected status from PUT request to https://x: 408 Request Timeout", 3),
    ("failed to find driver: timed out waiting for buildkit to boot", 3),
    ('failed to push x: denied: permission_denied: Error from intermediary with HTTP status code 403 "Forbidden" - with-body: {"message": "You have '
     'exceeded a secondary rate limit. Please wait"}', 3),
    ('failed to push x: denied: permission_denied: write_package: HTTP status code 403 "Forbidden"', 1),
    ("failed to solve: unexpected status from PUT request to https://x: 504 Gateway Time-out", 3),
    ("failed to solve: unexpected status from HEAD request to https://x/a/500: 520", 3),
    ("failed to solve: failed to load cache key: invalid response status 503", 3),
    ("failed to solve: failed to push x: unexpected status code (502)", 3),
    ("failed to solve: failed to push x: error parsing HTTP 504 response body: invalid character", 3),
    ("failed to push x: failed to parse error response 504: <html>", 3),
    ("failed to solve: failed commit on ref x: unexpected commit digest sha256:1, expected sha256:2: failed precondition", 3),
    ("failed to solve: the helper ended with exit status 1 after 512 bytes", 1),
    ("failed to solve: git stderr: The requested URL returned error: 502: exit status 128", 3),
    ("failed to solve: failed to push x: write tcp 10.0.0.1:3: use of closed network connection", 3),
    ("failed to solve: failed to push x: stream error: stream ID 5; INTERNAL_ERROR; received from peer", 3),
    ("failed to solve: failed to push x: failed commit on ref: no response", 3),
    ("failed to solve: Internal: stream terminated by RST_STREAM with error code: INTERNAL_ERROR", 3),
    ("failed to receive status: rpc error: code = Unavailable desc = closing transport due to: connection error", 3),
    ("failed to solve: failed commit on ref x: unexpected commit size 4096, expected 8192: failed precondition", 3),
    ("failed to solve: unexpected status from GET request to https://x:5000/a/500: 403 Forbidden", 1),
    ("failed to solve: unexpected status from PATCH request to https://x: 413 Request Entity Too Large", 1),
    ("failed to solve: process `sh -c curl` did not complete successfully: exit code: 28 (Client.Timeout exceeded)", 1)])
def test_what_passes_by_itself_is_tried_again(shop, said, runs):
    counted = shop.folder.parent / "runs"
    (shop.folder.parent / "bin/docker").write_text(f"#!/bin/sh\ncat > /dev/null\necho x >> {counted}\necho 'ERROR: {said}' >&2\nexit 1\n")
    shop.env["LD_PRELOAD"] = quick_sleep()
    shop.plan()
    failed, told = shop.build()
    assert failed == 1 and counted.read_text().split() == ["x"] * runs
    waits = ["in 60 s", "in 120 s"] if "secondary" in said else ["in 2 s", "in 4 s"]
    assert [text in told for text in waits] == [runs == 3] * 2, told


@pytest.mark.parametrize("entitlements, status", [(["network.host"], 0), (["network.host", "security.insecure"], 2)])
def test_what_buildx_adds_to_the_hosts_network_is_no_entitlement_of_the_files(shop, entitlements, status):
    """`bake --print` shows it beside `network: host` since 0.17; nobody could take it out."""
    printed = {"group": {"default": {"targets": ["a"]}}, "target": {"a": {
        "context": "a", "dockerfile": "Dockerfile", "network": "host", "entitlements": entitlements, "tags": ["127.0.0.1:9/o/a:1"]}}}
    (shop.folder.parent / "bin/docker").write_text(f"#!/bin/sh\ncat <<'EOF'\n{json.dumps(printed)}\nEOF\n")
    shop.write(".github/arc-ci.yaml", json.dumps({"groups": {"shop": {"tag": "v{version}", "bake": "docker-bake.hcl"}}}))
    shop.write("docker-bake.hcl", 'target "a" {}\n')
    shop.commit("bake")
    done, out, err = shop.arc("plan", "--json", "--push=false")
    assert done == status and ("'entitlements' of a bake file is not supported" in err) == (status == 2)
    assert status or json.loads(out)["services"][0]["recipe"]["network"] == "host"


@pytest.mark.parametrize("tag, said", [
    ("ghcr.io/Acme/app:1", "behind the host it has lower-case letters only"), ("Acme:1", "lower-case"), ("HOST.example:5000/o/a:V1", None),
    ("ghcr.io/o/a@sha256:" + "0" * 64, "a digest is known behind the build only")])
def test_names_that_no_engine_pushes(shop, tag, said):
    printed = {"group": {"default": {"targets": ["a"]}}, "target": {"a": {"context": "a", "dockerfile": "Dockerfile", "tags": [tag]}}}
    (shop.folder.parent / "bin/docker").write_text(f"#!/bin/sh\ncat <<'EOF'\n{json.dumps(printed)}\nEOF\n")
    shop.write(".github/arc-ci.yaml", json.dumps({"groups": {"shop": {"tag": "v{version}", "bake": "docker-bake.hcl"}}}))
    shop.write("docker-bake.hcl", 'target "a" {}\n')
    shop.commit("bake")
    status, _, err = shop.arc("plan", "--json", "--push=false")
    assert status == (2 if said else 0), err
    assert not said or f"'{tag}' cannot be the name of an image that is built: " in err and said in err


@pytest.mark.parametrize("recipe, version, said", [
    ("extra_hosts: ['db:10.0.0.1']", "0.24.0", "a: its extra_hosts need buildx 0.25 or later: this one silently ignores them"),
    ("extra_hosts: ['db:10.0.0.1']", "0.25.1", None),
    ("network: none", "0.16.2", "a: its network needs buildx 0.17 or later: this one silently ignores it"),
    ("network: none", "0.17.0", None)])
def test_a_buildx_that_ignores_a_part_of_a_recipe_builds_nothing(shop, recipe, version, said):
    """buildx reads extra-hosts since 0.25 and network since 0.17; before, it says nothing and leaves them out."""
    docker = shop.folder.parent / "bin/docker"
    docker.write_text(docker.read_text().replace("v0.13.0", "v" + version))
    shop.write("a/service.yaml", "name: shop-a\ncodename: a\nbuild: {" + recipe + "}\n")
    shop.commit("recipe")
    shop.plan()
    refused, err = shop.build()
    assert refused == bool(said) and (said or "") in err
