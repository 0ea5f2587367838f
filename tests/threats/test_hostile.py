"""What docs/threat-model.md holds to and no other test tries: a pull request's tree and what its build prints."""
import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from usage import spent  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
GIT = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A",
       "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
CONFIG = "groups:\n  shop:\n    registry: ghcr.io/o\n    services: [services/a]\n"
DOCKER = r"""#!/bin/sh
here=$(dirname "$0")
env >"$here/environment"
{ echo "== $*"; env; } >>"$here/calls"
case " $* " in *" --file - "*) cat >"$here/definition" ;; esac
[ ! -e "$here/log" ] || cat "$here/log" >&2
while [ $# -gt 0 ]; do [ "$1" = --metadata-file ] && echo '{"a": {"containerimage.digest": "sha256:aa"}}' >"$2"; shift; done
"""


class Shop:
    def __init__(self, path):
        self.path, self.bin = path / "repo", path / "bin"
        self.bin.mkdir()
        self.put(".github/arc-ci.yaml", CONFIG)
        self.put("services/a/service.yaml", "name: arc-a\ncodename: a\n")
        self.put("services/a/Dockerfile", "FROM nats:2\nUSER 1000\n")
        (self.bin / "docker").write_text(DOCKER)
        (self.bin / "docker").chmod(0o755)
        self.git("init", "-q", "-b", "main", ".")
        self.commit()

    def put(self, name, text):
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)

    def git(self, *words, text=None):
        run = subprocess.run(["git", *words], cwd=self.path, env={**os.environ, **GIT}, check=True, input=text,
                             capture_output=True, text=True)
        return run.stdout.strip()

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")

    def run(self, *words, wrapper=(), **env):
        full = {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.path.parent), **env}
        return subprocess.run([*wrapper, ARC_CI, *words], cwd=self.path, env=full, capture_output=True, text=True, timeout=100)

    def plan(self):
        run = self.run("plan", "--json")
        assert run.returncode == 0, run.stderr
        (self.path.parent / "plan.json").write_text(run.stdout)
        return str(self.path.parent / "plan.json")


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def log(text):
    """What BuildKit says of a build step that prints a text."""
    vertex = {"digest": "sha256:1", "name": "[linux/amd64 2/2] RUN x", "started": "2026-01-01T00:00:00Z"}
    line = {"vertex": "sha256:1", "stream": 1, "data": base64.b64encode(text.encode()).decode(), "timestamp": "2026-01-01T00:00:01Z"}
    return "".join(json.dumps(part) + "\n" for part in ({"vertexes": [vertex]}, {"logs": [line]}))


def test_what_a_build_prints_is_no_command(shop):
    (shop.bin / "log").write_text(log("x ##[add-mask]true\n::set-output name=a::b\n\x1b[31m\u202e\n"))
    run = shop.run("build", "--plan", shop.plan(), GITHUB_ACTIONS="true", CI="true")
    assert "[add-mask]true" in run.stderr and "##[" not in run.stderr
    assert not any(line.startswith("::set-output") for line in run.stderr.splitlines())
    assert "\x1b" not in run.stderr and "\u202e" not in run.stderr


def test_docker_gets_a_chosen_environment(shop):
    plan = shop.plan()
    shop.run("build", "--plan", plan, GITHUB_TOKEN="secret-1", GH_TOKEN="secret-2", INPUT_TOKEN="secret-3",
             ACTIONS_RUNTIME_TOKEN="secret-4", NPM_TOKEN="secret-5", DOCKER_HOST="unix:///x", SOURCE_DATE_EPOCH="1")
    seen = (shop.bin / "environment").read_text()
    assert "secret" not in seen and "DOCKER_HOST=unix:///x" in seen and "SOURCE_DATE_EPOCH=1" in seen


def test_bake_alone_gets_the_variables_of_githubs_cache(shop):
    """Those of its second version, too; the definition says where the cache is, not how it is reached."""
    cache = {"ACTIONS_RUNTIME_TOKEN": "secret-1", "ACTIONS_RESULTS_URL": "https://r.example/", "ACTIONS_CACHE_SERVICE_V2": "True"}
    run = shop.run("build", "--plan", shop.plan(), "--cache", "gha", "--verbose", **cache)
    assert "secret" not in run.stdout + run.stderr
    definition = json.loads((shop.bin / "definition").read_text())
    (target,) = definition["target"].values()
    assert target["cache-from"] == ["type=gha,scope=a"] and target["cache-to"][0].startswith("type=gha,scope=a,mode=max")
    calls = {call.partition("\n")[0]: call.splitlines()[1:] for call in (shop.bin / "calls").read_text().split("== ")[1:]}
    for words, environment in calls.items():
        given = {f"{name}={value}" for name, value in cache.items()} & set(environment)
        assert len(given) == (3 if words.startswith("buildx bake") else 0), words
        assert "secret" not in words
    if shutil.which("docker"):
        said = subprocess.run(["docker", "buildx", "bake", "-f", "-", "--print"], cwd=shop.path, input=json.dumps(definition), capture_output=True, text=True)
        assert said.returncode == 0 and "type=gha" in said.stdout, said.stderr


@pytest.mark.parametrize("given", [{}, {"ACTIONS_RUNTIME_TOKEN": "secret"}, {"ACTIONS_RESULTS_URL": "https://r.example/"}])
def test_githubs_cache_needs_a_token_and_an_address(shop, given):
    """buildx leaves the cache out without a word."""
    run = shop.run("build", "--plan", shop.plan(), "--cache", "gha", **given)
    assert run.returncode == 3 and "needs ACTIONS_RUNTIME_TOKEN and ACTIONS_RESULTS_URL" in run.stderr and not (shop.bin / "calls").exists()


def test_docker_gets_the_secrets_that_a_build_names(shop):
    shop.put(".github/arc-ci.yaml", CONFIG + "    build: {secrets: [NPM_TOKEN, {id: pip, environment: PIP}, {id: rc, file: .npmrc}]}\n")
    shop.commit()
    shop.run("build", "--plan", shop.plan(), NPM_TOKEN="n1", PIP="p1", PIPX="x1", GITHUB_TOKEN="g1")
    seen = (shop.bin / "environment").read_text().splitlines()
    assert "NPM_TOKEN=n1" in seen and "PIP=p1" in seen and not [line for line in seen if line.endswith(("x1", "g1"))]


def test_git_gets_the_environment_only_where_it_asks_a_remote(shop):
    """There its credential helpers may need any variable; to read the clone nobody needs one."""
    (shop.bin / "git").write_text('#!/bin/sh\n{ echo "== $*"; env; } >>"$(dirname "$0")/calls"\nexec /usr/bin/git "$@"\n')
    (shop.bin / "git").chmod(0o755)
    shop.git("clone", "-q", "--bare", ".", "../remote")
    shop.git("remote", "add", "origin", "../remote")
    shop.git("tag", "shop/v1.0.0")
    run = shop.run("plan", "shop/v1.0.0", CI="1", GITHUB_TOKEN="secret-1", COSIGN_PASSWORD="secret-2", INPUT_X="secret-3",
                   ACTIONS_ID_TOKEN_REQUEST_TOKEN="secret-4", GIT_CONFIG_COUNT="0")
    assert run.returncode in (0, 2), run.stderr
    calls = [call for call in (shop.bin / "calls").read_text().split("== ")[1:]]
    asking = [call for call in calls if " ls-remote " in call.splitlines()[0]]
    assert asking and len(calls) > len(asking)
    for call in calls:
        assert call.count("secret-") == (4 if call in asking else 0) and "GIT_CONFIG_COUNT=0" in call, call


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "GH_TOKEN", "INPUT_TOKEN", "ACTIONS_RUNTIME_TOKEN", "COSIGN_PASSWORD", "SIGSTORE_ID_TOKEN"])
def test_no_build_gets_the_jobs_own_tokens(shop, name):
    """The names stand in the tree, which may be a pull request's."""
    shop.put(".github/arc-ci.yaml", CONFIG + f"    build: {{secrets: [{{id: x, environment: {name}}}]}}\n")
    shop.commit()
    run = shop.run("build", "--plan", shop.plan(), **{name: "secret"})
    assert run.returncode == 2 and f"a secret of the build is {name}, which no build gets" in run.stderr
    assert not (shop.bin / "environment").exists() or "secret" not in (shop.bin / "environment").read_text()


@pytest.mark.parametrize("kernel", ["new", "old"])
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("name", ["a.log", "a-linux-amd64.log", "build.log"])
def test_a_log_follows_no_link(shop, name, there, kernel):
    """A workflow names the folder; the tree may hold it. An old kernel has no openat2(), which keeps a path below a folder."""
    victim = shop.path.parent / "victim"
    if there:
        victim.write_text("whole\n")
    (shop.path / "logs").mkdir()
    (shop.path / "logs" / name).symlink_to(victim)
    (shop.bin / "log").write_text(log("line\n"))
    wrapper = ["strace", "-qq", "-o", "/dev/null", "-e", "trace=openat2", "-e", "inject=openat2:error=ENOSYS"] * (kernel == "old")
    shop.run("build", "--plan", shop.plan(), "--logs", "logs", wrapper=wrapper)
    assert victim.read_text() == "whole\n" if there else not victim.exists()


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("file, target", [("out.sarif", "/dev/stdout"), ("reports/out.sarif", "{outside}")])
def test_a_report_follows_no_link(shop, file, target, absolute):
    """A link to /dev/stdout would even bring a package's name past what keeps commands to the runner out of a log."""
    outside = shop.path.parent / "outside"
    outside.mkdir()
    shop.put("r.json", json.dumps({"SchemaVersion": 2, "ArtifactName": "i", "Results": [
        {"Target": "i", "Class": "os-pkgs", "Type": "alpine",
         "Vulnerabilities": [{"VulnerabilityID": "CVE-2024-1", "PkgName": "##[add-mask]true", "Severity": "LOW"}]}]}))
    (shop.path / file.split("/")[0]).symlink_to(target.format(outside=outside))
    file = f"{shop.path}/{file}" if absolute else file
    run = shop.run("scan", "--report", "r.json", "--sarif", file, GITHUB_ACTIONS="true")
    assert run.returncode == 2 and f"{file} leads out of this directory" in run.stderr
    assert "##[" not in run.stdout + run.stderr and not list(outside.iterdir())


@pytest.mark.parametrize("name", ["records", "records/1", "{top}/records"])
def test_a_record_follows_no_link(shop, name):
    outside = shop.path.parent / "outside"
    outside.mkdir()
    (shop.path / "records").symlink_to(outside)
    run = shop.run("release", "shop/v1.0.0", "--repository=o/r", "--body-mode=keep", f"--record={name.format(top=shop.path)}",
                   GITHUB_TOKEN="ghs_0123456789", GITHUB_API_URL="http://127.0.0.1:9")
    assert run.returncode == 2 and "leads out of this directory" in run.stderr and not list(outside.iterdir())


@pytest.mark.parametrize("command", ["plan", "dry-run", "lint", "build"])
def test_nothing_outside_of_the_repository_is_read(shop, command):
    secret = shop.path.parent / "config.json"
    secret.write_text('{"auths": {"x": {"auth": "c2VjcmV0"}}}\n')
    (shop.path / "notes.md").symlink_to(secret)
    (shop.path / "services/a/x.json").symlink_to(secret)
    (shop.path / "services/a/docker-compose.yml").symlink_to(secret)
    plan = shop.plan()
    shop.put(".github/arc-ci.yaml", CONFIG + "    notes-template: notes.md\n")
    shop.put(".github/arc-ci-lint.yaml", "facts:\n  - {rule: f, file: services/a/x.json, at: [auths, x, auth], is: none}\n")
    shop.commit()
    words = {"plan": ["plan"], "dry-run": ["dry-run", "shop/v1.0.0"], "lint": ["lint"], "build": ["build", "--plan", plan, "--dry-run"]}
    run = shop.run(*words[command])
    assert "c2VjcmV0" not in run.stdout + run.stderr


def test_a_persons_screen_shows_controls(shop):
    harm = "\\u009b31m\\u202e"
    shop.put(".github/arc-ci.yaml", CONFIG + f'    title: "T{harm}"\n    description: "D{harm}"\n    build-args: {{A: "B{harm}"}}\n')
    shop.commit()
    plan = shop.plan()
    for words in (["plan"], ["plan", "shop/v1.0.0"], ["dry-run", "shop/v1.0.0"], ["lint"], ["doctor", "--offline"],
                  ["build", "--plan", plan, "--dry-run"]):
        run = shop.run(*words)
        assert "\u009b" not in run.stdout + run.stderr and "\u202e" not in run.stdout + run.stderr, words


def test_ten_thousand_million_paths_end(shop):
    base = shop.git("rev-parse", "HEAD")
    blob = shop.git("hash-object", "-w", "--stdin", text="x")
    tree = shop.git("mktree", text="".join(f"100644 blob {blob}\tf{i}\n" for i in range(10)))
    for _ in range(9):
        tree = shop.git("mktree", text="".join(f"040000 tree {tree}\td{i}\n" for i in range(10)))
    bomb = shop.git("commit-tree", "-p", "HEAD", "-m", "bomb", tree)
    before = spent()
    run = shop.run("changes", "--base", base, "--ref", bomb, "--filters", 'x: "**"')
    assert run.returncode == 2 and spent() - before < 60
    assert "x=" not in run.stdout


def test_folders_of_links_to_each_other_end(shop):
    """90^8 ways through 90 folders with 90 links each."""
    shop.put(".github/arc-ci.yaml", CONFIG + "    inputs: dockerfile\n")
    shop.put("services/a/Dockerfile", "FROM scratch\nCOPY d/0" + "/*" * 8 + " /\n")
    for name in range(90):
        (shop.path / f"services/a/d/{name}").mkdir(parents=True)
        for other in range(90):
            (shop.path / f"services/a/d/{name}/{other}").symlink_to(f"../{other}")
    shop.commit()
    shop.put("services/a/x", "")
    shop.commit()
    before = spent()
    run = shop.run("changes", "--base", "HEAD~1", "--json")
    assert run.returncode == 0 and spent() - before < 4
    assert '"rule": "whole context"' in run.stdout


def test_forty_thousand_images_of_a_dockerfile_are_listed_once(shop):
    """On six platforms. Before: a minute, and more than 6 GB."""
    platforms = "linux/amd64, linux/arm64, linux/arm/v7, linux/s390x, linux/ppc64le, linux/386"
    shop.put(".github/arc-ci.yaml", CONFIG + "    platforms: {ci: [%s]}\n" % platforms)
    shop.put("services/a/Dockerfile", "FROM scratch\n" + "".join(f"COPY --from=i{i} x /\n" for i in range(40000)))
    shop.commit()
    before = spent()
    assert shop.run("plan").returncode == 0 and spent() - before < 10


def test_forty_thousand_caches_of_a_service_end(shop):
    """Before: 4 GB."""
    shop.put(".github/arc-ci.yaml", CONFIG + "    build: {cache_to: [%s]}\n" % ",".join(f"'type=a,n={i}'" for i in range(40000)))
    shop.commit()
    before = spent()
    assert shop.run("plan").returncode == 0 and spent() - before < 10


@pytest.mark.parametrize("subject, body", [("nothing", "Reverts #%d " * 200), ("feat: %d", "")])
def test_reverts_of_reverts_end(shop, subject, body):
    """Before: 16 seconds, as each revert looked at every commit for each name that it has."""
    commits = "reset refs/heads/main\nfrom refs/heads/main^0\n\n"
    for i in range(1, 8000):
        text = f'Revert "{subject}"\n\n{body}'.replace("%d", str(i))
        commits += f"commit refs/heads/main\ncommitter A <a@example.org> {1700000000 + i} +0000\ndata {len(text)}\n{text}\n"
        commits += f"M 100644 inline services/a/x\ndata {len(str(i))}\n{i}\n"
    shop.git("tag", "shop/v1.0.0")
    shop.git("fast-import", "--quiet", text=commits)
    shop.git("reset", "-q", "--hard")
    before = spent()
    run = shop.run("version", "--next", "shop")
    assert run.returncode == 0 and "v1.0.1" in run.stdout, run.stderr
    assert spent() - before < 3


def test_a_value_that_names_the_version_again_and_again_is_copied_once(shop):
    """In each of 15 builds. Before: 3 GB."""
    shop.put("Dockerfile", "FROM scratch\n")
    shop.put(".github/workflows/x.yml", "on: {push: {tags: ['v*']}}\njobs:\n" + "".join(
        f"  a{i}:\n    uses: docker/github-builder/.github/workflows/build.yml@v1\n    with:\n      output: image\n      push: true\n"
        "      meta-images: ghcr.io/o/r\n      meta-tags: 'type=semver,pattern={{version}}'\n      build-args: 'X="
        + "{{meta.version}}" * 4000 + "'\n" for i in range(15)))
    (shop.path / ".github/arc-ci.yaml").unlink()
    shop.commit()
    before = spent()
    assert shop.run("init").returncode == 0 and spent() - before < 4


def test_links_and_actions_that_go_round_end(shop):
    """2^32 paths by links to their own folder; 1,000^9 steps by actions that use the next one."""
    for name in ("a", "b", "c"):
        shop.put(f".github/actions/{name}0/action.yml", "runs: {using: composite, steps: []}\n")
        (shop.path / ".github/actions" / name).symlink_to(".")
    for level in range(9):
        step = "{uses: ./.github/actions/n%d}" % (level + 1)
        shop.put(f".github/actions/n{level}/action.yml", "runs: {using: composite, steps: [%s]}\n" % ",".join([step] * 1000))
    shop.put(".github/actions/n9/action.yml", "runs: {using: composite, steps: []}\n")
    shop.put(".github/workflows/x.yml", "on: pull_request_target\npermissions: {}\njobs:\n  a:\n    runs-on: x\n"
               "    steps: [{uses: ./.github/actions/n0}]\n")
    before = spent()
    run = shop.run("lint")
    assert run.returncode == 1 and spent() - before < 30
    assert "than are checked" in run.stdout


@pytest.mark.parametrize("env, line", [("  E%d: secrets.a\n", "docker build --build-arg A=$B; docker push x"), ("  E%d: x\n", "make | tee log%d")],
                         ids=["build-args", "tee"])
def test_a_script_with_much_to_look_for_ends(shop, env, line):
    """20,000 variables and 20,000 lines, each to be looked for in all others."""
    variables = "".join(env % i for i in range(20000))
    lines = "".join(f"          {line}\n".replace("%d", str(i)) for i in range(20000))
    shop.put(".github/workflows/x.yml", f"on: push\npermissions: {{}}\nenv:\n{variables}jobs:\n  a:\n    runs-on: ubuntu-24.04\n"
                                        f"    steps:\n      - run: |\n{lines}")
    before = spent()
    assert shop.run("lint").returncode in (0, 1) and spent() - before < 10


def test_the_program_is_hardened():
    program = ROOT / "build/arc-ci"  # never the one for sanitizers

    def read(*options):
        return subprocess.run(["readelf", "-W", *options, program], capture_output=True, text=True, check=True).stdout
    header, dynamic, symbols, segments = read("-h"), read("-d"), read("--dyn-syms"), read("-l")
    assert "DYN (Position-Independent Executable file)" in header
    assert "BIND_NOW" in dynamic or "NOW" in dynamic
    assert "GNU_RELRO" in segments and "GNU_STACK      0x000000 0x0000000000000000 0x0000000000000000 0x000000 0x000000 RW " in segments
    assert "__stack_chk_fail" in symbols and "_chk@" in symbols


def test_a_plan_that_is_ended_leaves_no_folder(shop):
    """Which holds the socket that buildx wants to see for `ssh`."""
    shop.put(".github/arc-ci.yaml", "groups: {shop: {bake: docker-bake.hcl}}\n")
    shop.put("docker-bake.hcl", 'target "default" {}\n')
    (shop.bin / "docker").write_text('#!/bin/sh\n[ -S "$SSH_AUTH_SOCK" ] && : >"$(dirname "$0")/asked"\nexec sleep 60\n')
    temporary = shop.path.parent / "temporary"
    temporary.mkdir()
    process = subprocess.Popen([ARC_CI, "plan"], cwd=shop.path, env={
        "PATH": f"{shop.bin}:/usr/bin:/bin", "HOME": str(shop.path.parent), "TMPDIR": str(temporary)})
    while not (shop.bin / "asked").exists() and process.poll() is None:
        time.sleep(0.01)
    assert list(temporary.iterdir())
    process.terminate()
    assert process.wait(60) == -signal.SIGTERM and not list(temporary.iterdir())
