"""What registries do, seen by `changes --since-image`: logins, waits, content types, digests, plain http."""
import base64
import hashlib
import http.server
import json
import os
import subprocess
import time
import urllib.parse

import pytest

import loopback
import test_cmd as cmd

USER, PASSWORD = "robot", "s3cret:with/colon+"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SCOPE = "repository:o/arc-a:pull"


class Registry(http.server.BaseHTTPRequestHandler):
    """server.content: path -> (headers, body). server.challenge(server): lines of a 401, for who brings no token. server.token(handler,
    fields): what the realm answers. server.before: [(status, headers)], given out first."""
    protocol_version = "HTTP/1.1"

    def answer(self, status, headers, body=b""):
        self.send_response(status)
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def do_GET(self):
        server, url = self.server, urllib.parse.urlsplit(self.path)
        form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        server.log.append((self.command, url.path, time.monotonic()))
        if url.path == "/token":
            status, token = server.token(self, urllib.parse.parse_qs(form or url.query))
            return self.answer(status, [("Content-Type", "application/json")], json.dumps(token).encode())
        if server.challenge and self.headers.get("Authorization") not in ("Bearer good", server.basic):
            return self.answer(401, [("WWW-Authenticate", line) for line in server.challenge(server)])
        if server.before:
            return self.answer(*server.before.pop(0))
        headers, body = server.content.get(url.path, (None, b"{}"))
        return self.answer(200 if headers is not None else 404, headers or [], body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def registry():
    with loopback.serving(Registry, content={}, log=[], challenge=None, basic="-", token=None, before=[]) as server:
        server.host = f"127.0.0.1:{server.server_port}"
        yield server


def clone(folder, registry):
    repo = folder / "repo"
    cmd.make_repo(repo, [
        {"write": {".github/arc-ci.yaml": f"groups:\n  g:\n    title: G\n    tag: g/v*\n    registry: '{registry.host}/o'\n"
                   "    services: [services/a]\n", "services/a/service.yaml": "name: arc-a\ncodename: a\n"}},
        {"commit": "one"}])
    publish(registry, cmd.git(repo, "rev-parse", "HEAD").strip())
    return repo


@pytest.fixture
def repo(tmp_path, registry):
    return clone(tmp_path, registry)


def put(registry, kind, document, *names, blob=False, algorithm="sha256", headers=()):
    body = json.dumps(document).encode()
    digest = f"{algorithm}:" + hashlib.new(algorithm, body).hexdigest()
    where = "blobs" if blob else "manifests"
    for reference in (digest, *names):
        types = [("Content-Type", kind)] if kind else []
        registry.content[f"/v2/o/arc-a/{where}/{reference}"] = ([*types, *headers], body)
    return {"mediaType": kind, "digest": digest, "size": len(body)}


def publish(registry, revision, algorithm="sha256", kind=INDEX, headers=()):
    labels = {"org.opencontainers.image.revision": revision}
    config = put(registry, "application/octet-stream", {"os": "linux", "config": {"Labels": labels}}, blob=True, algorithm=algorithm)
    image = put(registry, MANIFEST, {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}, algorithm=algorithm)
    put(registry, kind, {"schemaVersion": 2, "manifests": [{**image, "platform": {"os": "linux", "architecture": "amd64"}}]}, "latest",
        headers=headers)


def changes(repo, status=0, login=None, **env):
    passed = {name: os.environ[name] for name in cmd.PASSED_ON if name in os.environ}
    home = repo.parent / "home"
    (home / ".docker").mkdir(parents=True, exist_ok=True)
    if login is not None:
        (home / ".docker/config.json").write_text(json.dumps(login))
    run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", "--since-image", "--json"], cwd=repo, capture_output=True, text=True,
                         env={**passed, "HOME": str(home), **env}, timeout=120)
    assert run.returncode == status, run.stderr
    assert PASSWORD not in run.stdout + run.stderr
    if status == 0:
        assert json.loads(run.stdout)["filters"]["a"]["reason"].endswith(", which its image was built of"), run.stdout
    return run


def auths(registry, **entry):
    return {"auths": {registry.host: entry or {"username": USER, "password": PASSWORD}}}


def bearer(server, scope=None):
    return f'Bearer realm="http://{server.host}/token",service="svc"' + (f',scope="{scope}"' if scope else "")


def by_query(handler, fields):
    """Gives the token to who asks by GET with Basic, for the scope that the request needs."""
    good = handler.command == "GET" and handler.headers.get("Authorization") == BASIC
    return (200, {"token": "good"}) if good and fields.get("scope") == [SCOPE] and fields["service"] == ["svc"] else (401, {})


# ---- logins --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", [
    lambda s: [bearer(s, SCOPE)], lambda s: [bearer(s)], lambda s: ["Negotiate", bearer(s)],
    lambda s: ['Basic realm="x"', bearer(s)], lambda s: [f'Basic realm="x", {bearer(s)}'], lambda s: ["Negotiate YII=, " + bearer(s, SCOPE)],
], ids=["scope", "no scope", "Negotiate first", "Basic first", "one line", "token68"])
def test_a_challenge_is_answered(repo, registry, lines):
    registry.challenge, registry.token = lines, by_query
    changes(repo, login=auths(registry))


@pytest.mark.parametrize("named, more", [
    ("repository:user/image:pull", True), (SCOPE.rsplit(":", 1)[0] + ":push", True), (SCOPE.rsplit(":", 1)[0] + "x:pull", True),
    ("registry:catalog:*", True), (SCOPE.replace("pull", "pulls,pus"), True), (SCOPE.replace("pull", "push,pull"), False),
    (SCOPE.replace("pull", "*"), False), ("x:y:z " + SCOPE, False)])
def test_what_a_challenge_leaves_out_of_the_scope_is_asked_for_as_well(repo, registry, named, more):
    asked = []

    def answer(handler, fields):
        asked.extend(fields["scope"])
        return 200, {"token": "good"}
    registry.challenge, registry.token = lambda s: [bearer(s, named)], answer
    changes(repo, login=auths(registry))
    assert asked[:len(named.split()) + more] == named.split() + [SCOPE] * more


def test_a_token_that_expired_is_asked_for_without_it(repo, registry, monkeypatch):
    """Harbor names Basic to who brings a token, whatever became of it (containerd 8350)."""
    tokens, there, seen = iter(["old", "good"]), Registry.do_GET, []

    def get(self):
        if self.headers.get("Authorization") != "Bearer old":
            return there(self)
        seen.append(self.path)
        if len(seen) > 1:
            return self.answer(401, [("WWW-Authenticate", 'Basic realm="harbor"')])
        return self.answer(200, *self.server.content[self.path])
    monkeypatch.setattr(Registry, "do_GET", get)
    registry.challenge, registry.token = lambda s: [bearer(s)], lambda handler, fields: (200, {"token": next(tokens)})
    changes(repo, login=auths(registry))
    assert len(seen) > 1 and next(tokens, None) is None


def test_basic_is_taken_where_there_is_no_bearer(repo, registry):
    registry.challenge, registry.basic = lambda s: ["Negotiate", 'Basic realm="x"'], BASIC
    changes(repo, login=auths(registry))


def test_a_challenge_that_nobody_can_answer(repo, registry):
    registry.challenge = lambda s: ["Negotiate", "Digest nonce=n"]
    assert "it requires a login that docker does not support" in changes(repo, status=3, login=auths(registry)).stderr


@pytest.mark.parametrize("status", [401, 404, 405])
def test_a_realm_that_takes_forms_only(repo, registry, status):
    def token(handler, fields):
        good = fields.get("grant_type") == ["password"] and fields["username"] == [USER] and fields["password"] == [PASSWORD]
        return (200, {"access_token": "good"}) if handler.command == "POST" and good else (status, {})
    registry.challenge, registry.token = lambda s: [bearer(s)], token
    changes(repo, login=auths(registry))


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_an_identity_token(repo, registry, method):
    def token(handler, fields):
        form = fields.get("grant_type") == ["refresh_token"] and fields["refresh_token"] == ["idt"] and fields["scope"] == [SCOPE]
        basic = handler.headers.get("Authorization") == "Basic " + base64.b64encode(b":idt").decode()
        return (200, {"token": "good"}) if handler.command == method and (form or basic) else (405, {})
    registry.challenge, registry.token = lambda s: [bearer(s)], token
    changes(repo, login=auths(registry, identitytoken="idt"))


@pytest.mark.parametrize("status, says, shown", [
    (401, {"details": "incorrect username or password"}, "(HTTP 401): incorrect username or password; run docker login"),
    (403, {"errors": [{"code": "DENIED", "message": "access forbidden"}]}, "(HTTP 403): access forbidden; run docker login"),
    (400, {"error": "invalid_grant", "error_description": "expired\x1b[m"}, "(HTTP 400): expired\\x1b[m; run docker login"),
    (401, {"error": "no such robot"}, "(HTTP 401): no such robot; run docker login"), (401, [], "(HTTP 401); run docker login"),
    (401, {"message": "no user me with hunter2"}, "(HTTP 401); run docker login"),
    (200, {"message": "sign in first"}, "(HTTP 200): sign in first\n"), (200, {}, "gave no token (HTTP 200)\n")])
def test_what_a_realm_says_is_said(repo, registry, status, says, shown):
    """Without its words, a wrong password and a service that is down look the same."""
    registry.challenge, registry.token = lambda s: [bearer(s)], lambda *_: (status, says)
    login = auths(registry, username="me", password="hunter2")
    said = changes(repo, status=3, login=login).stderr
    assert shown in said and "hunter2" not in said


@pytest.mark.parametrize("login", [BASIC, "Bearer good"])
def test_an_answer_that_shows_its_request_is_not_said(repo, registry, login):
    """As a gateway's page for debugging does, with the login in base64, which no runner masks."""
    shown = json.dumps({"errors": [{"code": "DENIED", "message": f"forbidden: {login}"}]}).replace("/", "\\/").encode()
    registry.challenge = lambda s: ['Basic realm="x"' if login == BASIC else bearer(s)]
    registry.basic, registry.token, registry.before = login, by_query, [(403, [], shown)] * 9
    said = changes(repo, status=3, login=auths(registry)).stderr
    assert "answers 403" in said and login.split()[1] not in said and "forbidden" not in said


def test_a_realm_that_shows_its_request_is_not_said(repo, registry):
    registry.challenge = lambda s: [bearer(s)]
    registry.token = lambda handler, _: (403, {"message": "x" * 480 + " " + handler.headers.get("Authorization", "")})
    assert BASIC[:16] not in changes(repo, status=3, login=auths(registry)).stderr


@pytest.mark.parametrize("status, target", [(302, "/token?"), (307, "http://{host}/token?"), (301, "http://localhost:{port}/token?")])
def test_a_realm_that_leads_elsewhere(repo, registry, status, target):
    """What has moved is followed; a login stays with the host that it was meant for."""
    asked = []

    def token(handler, fields):
        asked.append(handler.headers.get("Authorization"))
        if "old" in fields:
            fields.pop("old")
            query = urllib.parse.urlencode(fields, doseq=True)
            where = target.format(host=registry.host, port=registry.server_port) + query
            handler.answer, answer = lambda code, headers, body: answer(code, [*headers, ("Location", where)], body), handler.answer
            return status, {}
        handler.answer = Registry.answer.__get__(handler)
        return 200, {"token": "good"}
    registry.challenge, registry.token = lambda s: [f'Bearer realm="http://{s.host}/token?old=1",service="svc"'], token
    changes(repo, login=auths(registry))
    assert asked == [BASIC, None if "localhost" in target else BASIC]


def test_a_realm_of_the_registrys_own_host_is_asked_as_the_registry_is(repo, registry):
    """As Harbor and Artifactory name it behind a proxy that ends TLS."""
    registry.challenge, registry.token = lambda s: ['Bearer realm="/token",service="svc"'], by_query
    changes(repo, login=auths(registry))


def test_a_registry_token_needs_no_realm(repo, registry):
    registry.challenge, registry.token = lambda s: [bearer(s)], lambda *_: (500, {})
    changes(repo, login=auths(registry, registrytoken="good"))


@pytest.mark.parametrize("answer", [{"token": "good"}, {"access_token": "good"}, {"token": "", "access_token": "good"},
                                    {"token": None, "access_token": "good"}, {"token": "good", "access_token": ""}])
def test_both_names_of_a_token(repo, registry, answer):
    registry.challenge, registry.token = lambda s: [bearer(s)], lambda *_: (200, answer)
    changes(repo)


def test_an_empty_configuration_is_none(repo, registry):
    """So docker takes it; scripts leave one behind."""
    (repo.parent / "home/.docker").mkdir(parents=True)
    (repo.parent / "home/.docker/config.json").write_text("\n")
    registry.challenge, registry.token = lambda s: [bearer(s)], lambda *_: (200, {"token": "good"})
    changes(repo)


def test_docker_auth_config_goes_before_the_file(repo, registry):
    registry.challenge, registry.token = lambda s: [bearer(s)], by_query
    changes(repo, login=auths(registry, username=USER, password="old"), DOCKER_AUTH_CONFIG=json.dumps(auths(registry)))


@pytest.mark.parametrize("folder, taken", [
    ("/o/arc-a@pull", True), ("/o/arc-a", True), ("@pull", True), ("", True), ("/o/arc-a@push", False), ("/o/arc@pull", False), ("x", False)])
@pytest.mark.parametrize("named", [False, True])
def test_a_login_that_buildx_has_for_a_scope(repo, registry, folder, taken, named):
    """docker/login-action's `scope`."""
    registry.challenge, registry.token = lambda s: [bearer(s)], by_query
    buildx = repo.parent / ("mine" if named else "home/.docker/buildx")
    own = buildx / f"config/{registry.host}{folder}"
    own.mkdir(parents=True)
    (own / "config.json").write_text(json.dumps(auths(registry)))
    changes(repo, status=0 if taken else 3, login=auths(registry, username=USER, password="old"),
            **{"BUILDX_CONFIG": str(buildx)} if named else {})


# ---- waits ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_kept(repo, registry, status):
    registry.before = [(status, [("Retry-After", "1")])]
    changes(repo)
    first, second = [when for _, path, when in registry.log if path.endswith("/latest")][:2]
    assert second - first >= 1


def test_a_wait_that_is_too_long_is_said(repo, registry):
    registry.before = [(429, [("Retry-After", "86400")])] * 9
    assert "it requests to wait 86400 seconds" in changes(repo, status=3).stderr
    assert len(registry.log) == 1


def test_a_registry_is_asked_five_times(repo, registry):
    registry.before = [(503, [("Retry-After", "0")])] * 9
    changes(repo, status=3)
    assert len([path for _, path, _ in registry.log if path.endswith("/latest")]) == 5


# ---- content -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [INDEX + "; charset=utf-8", "application/json", "text/plain; charset=utf-8", "", INDEX.upper()])
def test_content_types(repo, registry, kind):
    publish(registry, cmd.git(repo, "rev-parse", "HEAD").strip(), kind=kind)
    changes(repo)


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_digests_of_other_algorithms(repo, registry, algorithm):
    publish(registry, cmd.git(repo, "rev-parse", "HEAD").strip(), algorithm)
    changes(repo)
    path = next(path for path in registry.content if f"manifests/{algorithm}" in path)
    registry.content[path] = (registry.content[path][0], registry.content[path][1] + b" ")
    assert "damaged or replaced" in changes(repo, status=1).stderr


def test_a_claimed_digest_is_held_against_the_bytes(repo, registry):
    revision = cmd.git(repo, "rev-parse", "HEAD").strip()
    body = registry.content["/v2/o/arc-a/manifests/latest"][1]
    publish(registry, revision, headers=[("Docker-Content-Digest", "sha512:" + hashlib.sha512(body).hexdigest())])
    changes(repo)
    publish(registry, revision, headers=[("Docker-Content-Digest", "sha512:" + hashlib.sha512(b"x").hexdigest())])
    said = changes(repo, status=1).stderr
    assert "the registry's header names sha512:" in said and "damaged or replaced" in said
    publish(registry, revision, headers=[("Docker-Content-Digest", "blake3:00")])
    changes(repo)


# ---- addresses -----------------------------------------------------------------------------------------------------------


def test_an_address_of_ipv6_stands_in_brackets(tmp_path):
    """Docker's reference grammar; docker login writes that host as the key of the login."""
    with loopback.serving(Registry, address="::1", content={}, log=[], challenge=lambda s: [bearer(s)], basic="-", token=by_query,
                          before=[]) as registry:
        registry.host = f"[::1]:{registry.server_port}"
        changes(clone(tmp_path, registry), login=auths(registry))


# ---- plain http ----------------------------------------------------------------------------------------------------------


def test_plain_http_is_for_whom_the_user_names(repo, registry):
    """The registry is reached through a proxy here, under a name of another machine."""
    config = repo / ".github/arc-ci.yaml"
    config.write_text(config.read_text().replace(registry.host, "registry.lan:5000"))
    cmd.git(repo, "commit", "-qam", "another host")
    registry.challenge = lambda s: ['Bearer realm="http://registry.lan:5000/token",service="svc"']
    registry.token = by_query
    env = {"http_proxy": f"http://{registry.host}", "https_proxy": f"http://{registry.host}"}
    login = {"auths": {"registry.lan:5000": {"username": USER, "password": PASSWORD}}}
    publish(registry, cmd.git(repo, "rev-parse", "HEAD").strip())
    changes(repo, login=login, ARC_CI_INSECURE_REGISTRIES="http://registry.lan:5000", **env)
    registry.log.clear()
    changes(repo, status=3, login=login, ARC_CI_INSECURE_REGISTRIES="http://registry.lan", **env)
    assert not [path for _, path, _ in registry.log if "/v2/" in path]
