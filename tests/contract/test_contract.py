"""GitHub's own API description (npm @octokit/openapi) judges both sides: Prism, serving it, every request that the
program makes; its schemas, every answer of the double. For github.com and the oldest GHES description there is."""
import contextlib
import http.client
import json
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.parse

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests" / name) for name in (".", "fault", "steer")]
import cached  # noqa: E402
import loopback  # noqa: E402
import test_report as reporting  # noqa: E402
from harness import ARC_CI, SHA, TAG, VERSION, WRAPPER, Double, Project, new_state, our_draft  # noqa: E402
from world import INDEX, World, image_of, on_ghcr, stamp  # noqa: E402

# Prism's command takes any later part of itself, and from 5.16 on these want Node.js 20.19; Debian 12 has 18.
PACKAGES = ("@octokit/openapi@23.0.2", "@stoplight/prism-cli@5.14.2", "@stoplight/prism-http-server@5.12.2",
            "@stoplight/prism-core@5.8.0")
SPECIAL = {401, 403, 429, 500, 502}     # any request may be answered so; the description does not repeat it


@pytest.fixture(scope="session")
def modules():
    return pathlib.Path(cached.npm(*PACKAGES))


@pytest.fixture(scope="session")
def descriptions(modules):
    """Name → file: github.com and the oldest GHES."""
    folder = modules / "@octokit/openapi/generated"
    ghes = min(folder.glob("ghes-*[0-9].json"), key=lambda path: [int(part) for part in re.findall(r"\d+", path.stem)])
    return {"github.com": folder / "api.github.com.json", ghes.stem: ghes}


# ---- every kind of request that the program makes

def run(project, double, *arguments, status=0, env=None):
    done = subprocess.run([*WRAPPER, ARC_CI, *arguments], cwd=project.folder, env=project.environment(double, **(env or {})),
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == status, done.stdout + done.stderr


def release_scenarios(project, double):
    """First, again with a change, a rival draft, an annotated tag, a long listing."""
    state = double.state
    state.refs[f"refs/tags/{TAG}"] = ("tag", "a" * 40)
    state.tags["a" * 40] = ("commit", SHA)
    assert project.run(double)[0] == 0
    project.put("notes.md", "other notes\n")
    project.put("flash.log.gz", b"another")
    project.assets["flash.log.gz"] = b"another"
    state.expected_assets = project.expected()
    assert project.run(double, "--body-mode=replace")[0] == 0
    state.add_release(TAG, draft=True, body=our_draft(""))
    assert project.run(double)[0] == 0
    for i in range(150):
        state.add_release(f"other/v0.0.{i}")
    assert project.run(double)[0] == 0
    state.releases = [release for release in state.releases if release["tag_name"] != TAG]
    state.lag = 2
    assert project.run(double)[0] == 0
    state.releases, state.lag = [], 0
    state.add_release("other/v1.0.0", _latest="true")
    assert project.run(double, "--make-latest=own")[0] == 0
    state.releases = []
    state.add_release(TAG, draft=True, name="by hand", body="by hand")
    assert project.run(double)[0] == 0 and state.of_tag(TAG)[0]["draft"]


def reporting_user(login):
    import github_double
    return github_double.user(login, "User")


def report_scenarios(project, double):
    project.put("plan.json", json.dumps(reporting.PLAN))
    project.put("build.json", json.dumps(reporting.BUILD))
    project.put("empty.json", json.dumps(reporting.documents.build(group="messaging", revision=SHA)))
    common = ("report", "--plan=plan.json", "--pull=7")
    for kind in ("status", "check"):
        for build in ("empty.json", "build.json"):
            run(project, double, *common, f"--as={kind}", f"--build={build}")
    run(project, double, *common, "--as=check")     # pending
    for build in ("empty.json", "build.json", "build.json"):
        run(project, double, *common, "--as=none", "--deployment=staging", f"--build={build}")
    run(project, double, *common, "--as=none", "--deployment=staging")     # in progress
    states = [status["state"] for one in double.state.deployments for status in one["_statuses"]]
    assert states == ["failure", "success", "in_progress"]
    twin = dict(double.state.comments[0], id=double.state.new_id())
    double.state.comments.append(twin)
    run(project, double, *common)
    assert len(double.state.comments) == 1
    double.state.person = "acme-ci"     # a person's token without a role asks who it is
    double.state.comments[0]["user"] = reporting_user("mallory")
    for _ in range(2):
        run(project, double, *common, "--as=none")
    assert [comment["user"]["login"] for comment in double.state.comments] == ["mallory", "acme-ci"]


def scan_scenarios(project, double):
    """Findings uploaded; an issue opened, closed, opened again."""
    finding = {"VulnerabilityID": "CVE-2024-1", "PkgName": "openssl", "InstalledVersion": "3.0", "Severity": "HIGH"}
    for found in ([finding], [], [finding]):
        project.put("trivy.json", json.dumps({
            "SchemaVersion": 2, "ArtifactName": "img", "ArtifactType": "container_image",
            "Results": [{"Target": "img", "Class": "os-pkgs", "Type": "alpine", "Vulnerabilities": found}]}))
        env = {"GITHUB_SHA": SHA, "GITHUB_REF": "refs/heads/main"}
        run(project, double, "scan", "--report=flash@linux/amd64=trivy.json", "--upload-sarif", "--create-issues",
            status=1 if found else 0, env=env)


def changes_scenarios(project, double):
    """A pull request whose commits are not in the clone."""
    file = {"sha": "b" * 40, "filename": "services/messaging/Dockerfile", "status": "renamed", "additions": 1, "deletions": 1,
            "changes": 2, "blob_url": "https://github.com/o/r/blob/x", "raw_url": "https://github.com/o/r/raw/x",
            "contents_url": "https://api.github.com/repos/o/r/contents/x", "previous_filename": "old"}
    double.state.pull_files[7] = [file] * 150
    for words in (["init", "-q"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "m"]):
        subprocess.run(["git", *words], cwd=project.folder, check=True)
    project.put("event.json", json.dumps({
        "number": 7, "repository": {"full_name": "o/r", "default_branch": "main"},
        "pull_request": {"number": 7, "changed_files": 150, "head": {"sha": "c" * 40}, "base": {"sha": "d" * 40, "ref": "main"}}}))
    run(project, double, "changes", "--filters=flash: [services/messaging/**]", env={
        "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": "event.json", "GITHUB_SHA": "e" * 40,
        "GITHUB_REF": "refs/pull/7/merge"})
    merge_base_scenario(project, double)


def merge_base_scenario(project, double):
    """A branch at depth 1 beside main; a comment whose pull request the double does not know."""
    def git(*words):
        return subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=project.folder, check=True,
                              capture_output=True, text=True).stdout.strip()
    git("branch", "-M", "main")
    start = git("rev-parse", "HEAD")
    for branch in ("main", "topic"):
        git("checkout", "-q", "-B", branch, start)
        for _ in range(3):
            git("commit", "-q", "--allow-empty", "-m", "m")
    git("clone", "-q", "--depth=1", "--branch=topic", project.folder.as_uri(), "cut")
    main, topic = git("rev-parse", "main"), git("rev-parse", "topic")
    git("update-ref", "refs/pull/8/head", topic)
    double.state.merge_bases[main, topic] = start
    project.put("event.json", json.dumps({"repository": {"full_name": "o/r", "default_branch": "main"}, "issue": {"number": 8, "pull_request": {}}}))
    for event in ("workflow_dispatch", "issue_comment"):
        run(project, double, "changes", "--filters=flash: [services/messaging/**]", "--base=main", "--initial-fetch-depth=1", env={
            "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": "event.json", "GITHUB_SHA": topic, "GITHUB_REF": "refs/heads/topic",
            "GIT_DIR": "cut/.git", "GIT_WORK_TREE": "cut"})


def notes_scenarios(project, double):
    """Two pages of pull requests, of which one is in the notes."""
    folder = project.folder / "own"
    folder.mkdir()

    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=folder, check=True)
    git("init", "-q")
    (folder / "x").write_text("x")
    git("add", "x")
    git("commit", "-q", "-m", "a change (#7)")
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
    (folder / "plan.json").write_text(json.dumps(reporting.documents.plan(
        tag=TAG, version={"tag": TAG}, source="https://github.com/o/r", services=[{"service": "flash", "directory": "."}], revision=head)))
    for number in range(7, 120):
        double.state.add_pull(number, f"title {number}", "ada", updated=f"2099-01-01T00:00:{number % 60:02}Z")
    done = subprocess.run([*WRAPPER, ARC_CI, "notes"], cwd=folder, env=project.environment(double), capture_output=True, text=True)
    assert "- title 7 ([#7](https://github.com/o/r/pull/7)) – ada, " in done.stdout, done.stdout + done.stderr


COSIGN = """#!/bin/sh
for word; do case $word in --bundle=*) bundle=${word#*=};; --predicate=*) predicate=${word#*=};; *@sha256:*) digest=${word#*@sha256:};; esac; done
statement="{\\"predicateType\\":\\"https://slsa.dev/provenance/v1\\",\\"subject\\":\\"$digest\\",\\"predicate\\":$(cat "${predicate:-/dev/null}")}"
case $1 in
attest) printf '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{},"dsseEnvelope":{"payload":"%s"}}' \
    "$(printf %s "$statement" | base64 -w0)" > "$bundle" ;;
verify) printf '[{"critical":{"type":"https://sigstore.dev/cosign/sign/v1","image":{"docker-manifest-digest":"sha256:%s"}}}]' "$digest" ;;
esac
"""


def attest_scenarios(project, double):
    """Stored, and found by a second run. What cosign itself makes is tests/sign/'s."""
    program = project.put("bin/cosign", COSIGN)
    program.chmod(0o755)
    who = {"with": "cosign", "identity": "https://github.com/o/r/.github/workflows/x.yml@refs/tags/a", "attest": "github",
           "issuer": "https://token.actions.githubusercontent.com", "repository": "o/r"}
    service = {"service": "flash", "image": "127.0.0.1:1/o/flash"}
    project.put("signed.json", json.dumps(reporting.documents.plan(sign=who, revision=SHA, services=[service])))
    project.put("index.json", json.dumps(reporting.documents.build(revision=SHA, services=[{**service, "digest": "sha256:a"}])))
    for action in ("attested", "unchanged"):
        env = {"PATH": f"{program.parent}:/usr/bin:/bin", "GITHUB_RUN_ID": "7"}
        run(project, double, "sign", "--plan=signed.json", "--build=index.json", env=env)
    assert len(double.state.attestations) == 1


def steer_scenarios(folder):
    """A train that is looked at and taken back with its notes marked; packages that are pruned, of which one may not go. What they
    ask and get, the address of the own server as GitHub's."""
    exchanges = []
    for kind in ("orgs", "users"):
        (folder / kind).mkdir()
        with World(folder / kind, services="ab", mirror=False, train=True) as world:
            for version, group in (("1.0.0", "shop"), ("0.1.0", "data"), ("1.0.0", "platform"), ("1.1.0", "shop"), ("1.1.0", "platform")):
                world.release(version, group=group)
            world.run("status")
            world.run("rollback", "platform", "1.0.0", "--withdraw=prerelease", "--reason=broken")
            world.run("rollback", "shop", "1.0.0", "--withdraw=draft")
            world.github.state.runs = [{"status": "queued", "head_sha": world.git("rev-parse", "HEAD").strip()}]
            repository, packages, env = on_ghcr(world, kind)
            image = image_of(repository, "linux/amd64", {}, "old", created=stamp(90))
            repository.put({"schemaVersion": 2, "mediaType": INDEX, "manifests": [image]}, "staging-0123456789ab")
            packages.admin = False
            world.run("prune", "shop", "--keep=0", "--apply", status=3, **env)
            packages.admin = True
            world.run("prune", "shop", "--keep=0", "--apply", **env)
            exchanges += world.github.exchanges
    return exchanges


def served(name, exchanges):
    """Those of GitHub's whole API that a server of one's own has, too."""
    return [exchange for exchange in exchanges if name == "github.com" or "/attestations" not in exchange["path"]]


@pytest.fixture(scope="session")
def exchanges(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("project"))
    with Double(new_state(project)) as double:
        release_scenarios(project, double)
        report_scenarios(project, double)
        scan_scenarios(project, double)
        changes_scenarios(project, double)
        notes_scenarios(project, double)
        attest_scenarios(project, double)
        assert not double.state.violations
        return double.exchanges + steer_scenarios(tmp_path_factory.mktemp("steer"))


# ---- operations of a description

class Description:
    def __init__(self, path):
        self.document = json.loads(path.read_text())
        self.operations = []
        for template, item in self.document["paths"].items():
            pattern = re.compile(re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(template)) + r"\Z")
            variables = template.count("{")
            for method, operation in item.items():
                self.operations.append((variables, method.upper(), pattern, template, operation))
        self.operations.sort(key=lambda entry: entry[0])    # the literal path before the one with a variable
        self.schemas = {}

    def operation(self, exchange):
        for _, method, pattern, template, operation in self.operations:
            if method == exchange["method"] and pattern.match(exchange["path"]):
                return f"{method} {template}", operation
        return None, None

    def resolve(self, value):
        while "$ref" in value:
            at = self.document
            for part in value["$ref"][2:].split("/"):
                at = at[part.replace("~1", "/").replace("~0", "~")]
            value = at
        return value

    def schema(self, value, depth=0):
        """An OpenAPI 3.0 schema as JSON Schema: references taken in, `nullable` spelled out."""
        if isinstance(value, list):
            return [self.schema(one, depth) for one in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            if depth > 12:      # the description refers to itself
                return {}
            return self.schema(self.resolve(value), depth + 1)
        made = {key: self.schema(one, depth) for key, one in value.items()
                if key not in ("nullable", "example", "examples", "description", "discriminator", "format")}
        return {"anyOf": [{"type": "null"}, made]} if value.get("nullable") is True else made


@pytest.fixture(scope="session")
def described(descriptions):
    return {name: Description(path) for name, path in descriptions.items()}



def test_the_double_answers_as_described(exchanges, described):
    checked = {}
    for name, description in described.items():
        for exchange in served(name, exchanges):
            title, operation = description.operation(exchange)
            assert operation, f"{name} has no {exchange['method']} {exchange['path']}"
            status = exchange["status"]
            if status == 304 or status in SPECIAL:
                continue
            answer = description.resolve(operation["responses"].get(str(status), {}))
            assert answer, f"{name}: {title} never answers {status}"
            content = answer.get("content", {}).get("application/json")
            if not content:
                assert not exchange["answer"], f"{name}: {title} {status} has no body"
                continue
            key = (name, title, status)
            if key not in checked:
                checked[key] = jsonschema.Draft202012Validator(description.schema(content["schema"]))
            problems = [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
                        for error in checked[key].iter_errors(json.loads(exchange["answer"]))]
            assert not problems, f"{name}: {title} {status}: {problems[:5]}"
    assert len(checked) >= 60, sorted(checked)


# ---- Prism

@contextlib.contextmanager
def prism(modules, description, log):
    port = loopback.free_port()
    with open(log, "wb") as out:
        child = subprocess.Popen([str(modules / ".bin/prism"), "mock", "-p", str(port), str(description)], stdout=out,
                                 stderr=subprocess.STDOUT)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert child.poll() is None, log.read_text()
            time.sleep(0.2)
        yield port
    finally:
        child.terminate()
        child.wait(60)


@pytest.fixture(scope="session", params=["github.com", "oldest GHES"])
def server(request, modules, descriptions, tmp_path_factory):
    name = list(descriptions)[0 if request.param == "github.com" else 1]
    with prism(modules, descriptions[name], tmp_path_factory.mktemp("prism") / "log") as port:
        yield name, port


def replay(port, exchange):
    """(status, text) of the same request at Prism."""
    headers = {key: value for key, value in exchange["headers"].items()
               if key.lower() in ("accept", "content-type", "x-github-api-version", "user-agent", "authorization")}
    if exchange["path"].endswith("/assets"):
        # The description declares one media type; GitHub's text beside it says "the media type of the asset".
        headers["Content-Type"] = "application/octet-stream"
    if "/releases/assets/" in exchange["path"] and exchange["method"] == "GET":
        # Likewise: "set the Accept header of the request to application/octet-stream" is in the text, its answer is not described.
        assert {value for key, value in headers.items() if key.lower() == "accept"} == {"application/octet-stream"}
        headers = {**{key: value for key, value in headers.items() if key.lower() != "accept"}, "Accept": "application/json"}
    query = "?" + urllib.parse.urlencode(exchange["query"]) if exchange["query"] else ""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(exchange["method"], exchange["path"] + query, body=exchange["content"] or None, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, text


def one_of_each(exchanges, description):
    """Exchanges that differ in operation, query names or the members of their body."""
    seen = {}
    for exchange in exchanges:
        title, _ = description.operation(exchange)
        members = ()
        if exchange["content"][:1] == b"{" and not exchange["path"].endswith("/assets"):
            body = json.loads(exchange["content"])
            members = tuple(sorted(body)) + tuple(str(body.get(key)) for key in ("state", "status", "conclusion", "make_latest"))
        seen.setdefault((title, tuple(exchange["query"]), members), exchange)
    return seen


def test_every_request_is_accepted(request, server, exchanges, described):
    name, port = server
    requests = one_of_each(served(name, exchanges), described[name])
    assert len(requests) >= 45, sorted(requests)
    for (title, _, _), exchange in requests.items():
        status, text = replay(port, exchange)
        assert 200 <= status < 300, f"{name}: {title}: {status} {text[:800]}"
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{name}: {len(requests)} kinds of request accepted")


def test_a_wrong_request_is_not_accepted(server, exchanges, described):
    """So the test above can fail."""
    name, port = server
    exchange = next(e for e in exchanges if e["method"] == "POST" and "/statuses/" in e["path"])
    body = {**json.loads(exchange["content"]), "state": "wonderful"}
    status, text = replay(port, {**exchange, "content": json.dumps(body).encode()})
    assert status == 422 and "state" in text
    status, _ = replay(port, {**exchange, "path": "/repos/o/r/state/x"})
    assert status == 404


def test_the_program_understands_the_descriptions_own_examples(server, tmp_path):
    """The listing, the ref and a release as GitHub describes them, read by the program itself. The examples belong together no
    further than this: the listing goes on at api.github.com, and the release uploads to uploads.github.com."""
    name, port = server
    project = Project(tmp_path)
    env = {"GITHUB_API_URL": f"http://127.0.0.1:{port}", "GITHUB_REPOSITORY": "octocat/Hello-World"}
    with Double() as nowhere:
        for tag, host in ((None, "api"), ("v1.0.0", "uploads")):  # the release of the example has this tag
            if tag:
                project.put("version.json", json.dumps({**VERSION, "tag": tag}))
            status, output = project.run(nowhere, "--json", "--revision=aa218f56b14c9653891f9e74264a383fa43fefbd", env=env)
            assert status == 3 and f"names an address on another host, https://{host}.github.com/" in output, output
