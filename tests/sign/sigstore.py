"""A Sigstore of our own, from its Go modules: Fulcio with an authority that lives as long as the test, a timestamp authority, and
the OIDC tokens of a GitHub job. There is no transparency log and no log of certificates: the server of today's Rekor asks for a
later Go than the one that the tests pin."""
import base64
import http.server
import json
import os
import subprocess
import time
import urllib.parse
import urllib.request

import cached
import loopback
from engine import die_with_parent

FULCIO = "github.com/sigstore/fulcio@v1.8.8"
AUTHORITY = "github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server@v2.1.3"
WORKFLOW = "o/r/.github/workflows/release.yml@refs/tags/g/v1.0.0"
BEARER = "request-token-of-the-job"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer(http.server.BaseHTTPRequestHandler):
    """GitHub's issuer, and the address at which a job asks it for a token."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server, url = self.server, urllib.parse.urlsplit(self.path)
        body = {"/_services/token/.well-known/openid-configuration": {
                    "issuer": server.issuer, "jwks_uri": f"{server.issuer}/jwks", "id_token_signing_alg_values_supported": ["RS256"],
                    "response_types_supported": ["id_token"], "subject_types_supported": ["public"]},
                "/_services/token/jwks": {"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", **server.key}]}}.get(url.path)
        if url.path == "/request" and self.headers["Authorization"].lower() == f"bearer {BEARER}":
            server.asked += 1
            body = {"value": server.token(urllib.parse.parse_qs(url.query)["audience"][0])}
        data = json.dumps(body).encode()
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def openssl(*words, data=None):
    return subprocess.run(["openssl", *words], input=data, check=True, capture_output=True).stdout


class Sigstore:
    """`with Sigstore(folder, cosign) as sigstore:`; sigstore.claims may change at any time."""

    def __init__(self, folder, cosign):
        self.folder, self.cosign, self.children = folder, cosign, []
        folder.mkdir()
        self.claims = {
            "sub": "repo:o/r:ref:refs/tags/g/v1.0.0", "job_workflow_ref": WORKFLOW, "sha": "1" * 40, "event_name": "push",
            "repository": "o/r", "workflow": "release", "ref": "refs/tags/g/v1.0.0", "job_workflow_sha": "1" * 40,
            "runner_environment": "github-hosted", "repository_id": "1", "repository_owner": "o", "repository_owner_id": "2",
            "repository_visibility": "public", "workflow_ref": WORKFLOW, "workflow_sha": "1" * 40, "run_id": "7", "run_attempt": "1"}

    def token(self, audience):
        now = int(time.time())
        claims = {**self.claims, "iss": self.server.issuer, "aud": audience, "iat": now, "nbf": now - 5, "exp": now + 300}
        text = encoded(json.dumps({"alg": "RS256", "kid": "1"}).encode()) + "." + encoded(json.dumps(claims).encode())
        return text + "." + encoded(openssl("dgst", "-sha256", "-sign", str(self.folder / "issuer.pem"), data=text.encode()))

    def start(self, name, *command, path):
        port = loopback.free_port()
        with open(self.folder / f"{name}.log", "ab") as log:
            self.children.append(subprocess.Popen([*command, f"--port={port}"], stdout=log, stderr=log, cwd=self.folder,
                                                  stdin=subprocess.DEVNULL, preexec_fn=die_with_parent))
        end = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
                    return f"http://127.0.0.1:{port}", answer.read()
            except OSError:
                assert time.monotonic() < end and self.children[-1].poll() is None, (self.folder / f"{name}.log").read_text()[-2000:]
                time.sleep(0.1)

    def __enter__(self):
        key = self.folder / "issuer.pem"
        openssl("genrsa", "-out", str(key), "2048")
        modulus = openssl("rsa", "-in", str(key), "-noout", "-modulus").decode().strip().split("=")[1]
        self.serving = loopback.serving(Issuer, token=self.token, asked=0, issuer=None,
                                        key={"n": encoded(bytes.fromhex(modulus)), "e": encoded(b"\x01\x00\x01")})
        self.server = self.serving.__enter__()
        self.home = f"http://127.0.0.1:{self.server.server_port}"
        self.server.issuer = f"{self.home}/_services/token"
        (self.folder / "fulcio.json").write_text(json.dumps({"OIDCIssuers": {self.server.issuer: {
            "IssuerURL": self.server.issuer, "ClientID": "sigstore", "Type": "github-workflow"}}}))
        fulcio, roots = self.start("fulcio", cached.go(FULCIO), "serve", "--host=127.0.0.1", "--grpc-host=127.0.0.1",
                                   f"--grpc-port={loopback.free_port()}", f"--metrics-port={loopback.free_port()}", "--ca=ephemeralca",
                                   "--ct-log-url=", "--config-path=fulcio.json",
                                   f"--legacy-unix-domain-socket={self.folder}/legacy.sock", path="/api/v1/rootCert")
        stamps, chain = self.start("stamps", cached.go(AUTHORITY, "timestamp-server"), "serve", "--host=127.0.0.1",
                                   "--disable-ntp-monitoring", path="/api/v1/timestamp/certchain")
        (self.folder / "fulcio-ca.pem").write_bytes(roots)
        (self.folder / "stamps.pem").write_bytes(chain)
        since = "start-time=2020-01-01T00:00:00Z"
        self.make("trusted-root", f"--fulcio=url={fulcio},certificate-chain={self.folder}/fulcio-ca.pem,{since}",
                  f"--tsa=url={stamps}/api/v1/timestamp,certificate-chain={self.folder}/stamps.pem,{since}")
        self.make("signing-config", f"--fulcio=url={fulcio},api-version=1,operator=us,{since}",
                  f"--tsa=url={stamps}/api/v1/timestamp,api-version=1,operator=us,{since}", "--tsa-config=EXACT:1")
        return self

    def make(self, kind, *words):
        subprocess.run([self.cosign, kind, "create", *words, "--out", self.folder / f"{kind}.json"], check=True, capture_output=True,
                       env={**os.environ, "HOME": str(self.folder)})

    def __exit__(self, *_):
        for child in self.children:
            child.kill()
            child.wait()
        self.serving.__exit__(None, None, None)

    def environment(self):
        """What GitHub gives a job with `permissions: id-token: write`."""
        return {"GITHUB_SERVER_URL": self.home, "GITHUB_REPOSITORY": "o/r", "GITHUB_WORKFLOW_REF": WORKFLOW,
                "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.home}/request?api-version=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER,
                "GITHUB_REF": "refs/tags/g/v1.0.0", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_EVENT_NAME": "push",
                "GITHUB_REPOSITORY_ID": "1", "GITHUB_REPOSITORY_OWNER_ID": "2", "RUNNER_ENVIRONMENT": "github-hosted"}
