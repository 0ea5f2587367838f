"""A registry that misbehaves: a proxy in front of the real one, with rules for single requests."""
import base64
import http.client
import http.server
import json
import re
import secrets
import socket
import threading
import time
import urllib.parse


class Rule:
    """For requests whose "METHOD path agent" matches, `times` of them after the first `skip`: an answer, or worse.
    With `each`, `times` of every one of them: a bake that is tried again pushes other digests.

    action: a number (that status, with `headers`), "drop" (close without an answer), "lose" (do it, then close),
    "truncate" (half the body), "damage" (another byte), "whole" (what a Range asked for is ignored), "redirect" (to the
    registry itself), "stall" (silence first, until awaits() is true, which `came` tells, and `seconds` long)."""

    def __init__(self, pattern, action, times=1, skip=0, headers=(), seconds=0, each=False, awaits=None):
        self.pattern, self.action, self.times, self.skip = re.compile(pattern), action, times, skip
        self.headers, self.seconds, self.each, self.seen = dict(headers), seconds, each, []
        self.awaits, self.came = awaits, False

    def stall(self):
        end = time.monotonic() + 60
        while self.awaits and not self.came and time.monotonic() < end:
            self.came = bool(self.awaits())
            time.sleep(0.01)
        time.sleep(self.seconds)

    @property
    def hits(self):
        return len(self.seen)

    def applies(self, line):
        if not self.pattern.search(line):
            return False
        self.seen.append(line)
        return self.skip < (self.seen.count(line) if self.each else self.hits) <= self.skip + self.times


class Proxy:
    """`with Proxy(registry) as proxy:` listens on proxy.host; proxy.rules may change at any time.

    proxy.login = (user, password) makes it ask for a token first, as ghcr.io and Docker Hub do."""

    def __init__(self, registry):
        self.registry, self.rules, self.log, self.lock = registry, [], [], threading.Lock()
        self.open, self.busiest = 0, 0  # requests under way, and the most there were
        self.login, self.tokens = None, {}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients go away: that is what is tested
        self.host = f"127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def action(self, line):
        with self.lock:
            self.log.append(line)
            return next((rule for rule in self.rules if rule.applies(line)), None)

    def give_token(self, query, authorization):
        """(status, body) of the token's realm: distribution's "Token Authentication Specification"."""
        wanted = "Basic " + base64.b64encode(":".join(self.login).encode()).decode()
        if authorization != wanted:
            return 401, b'{"errors": [{"code": "UNAUTHORIZED"}]}'
        token = secrets.token_hex(16)
        self.tokens[token] = urllib.parse.parse_qs(query).get("scope", [])
        return 200, json.dumps({"token": token}).encode()

    def allowed(self, authorization, repository, action):
        """Whether the token's scope covers the request."""
        scopes = self.tokens.get((authorization or "").removeprefix("Bearer "))
        return scopes is not None and any(
            scope.startswith(f"repository:{repository}:") and action in scope.rsplit(":", 1)[1].split(",")
            for scope in " ".join(scopes).split())

    def requests(self, pattern):
        return [line for line in self.log if re.search(pattern, line)]

    def _handler(proxy):  # noqa: N805 (the handler's own self is another)
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle(self):
                """docker tries TLS first; a plain answer, as Go's server gives, tells it to speak http."""
                if self.connection.recv(1, socket.MSG_PEEK) == b"\x16":
                    self.connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nThis is http.\n")
                    return
                super().handle()

            def body(self):
                if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                    parts = []
                    while size := int(self.rfile.readline().split(b";")[0], 16):
                        parts.append(self.rfile.read(size))
                        self.rfile.readline()
                    self.rfile.readline()
                    return b"".join(parts)
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))

            def forward(self, body, unwanted=()):
                upstream = http.client.HTTPConnection(proxy.registry.host, timeout=60)
                headers = {name: ", ".join(self.headers.get_all(name)) for name in self.headers
                           if name.lower() not in ("transfer-encoding", "content-length", "connection", *unwanted)}
                if body or self.command in ("PUT", "POST", "PATCH"):
                    headers["Content-Length"] = str(len(body))
                upstream.request(self.command, self.path, body=body or None, headers=headers)
                answer = upstream.getresponse()
                return answer.status, answer.getheaders(), answer.read()

            def leave(self):
                """Before the answer: who has it may ask again at once."""
                with proxy.lock:
                    proxy.open -= self.under_way
                    self.under_way = False

            def answer(self, status, headers, body, length=None):
                self.leave()
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                        self.send_header(name, value)
                if self.command == "HEAD":
                    length = dict((name.lower(), value) for name, value in headers).get("content-length", 0)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def drop(self):
                self.leave()
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

            def refuse(self):
                """Answers instead of the registry: the realm, or 401 with the challenge."""
                path, _, query = self.path.partition("?")
                authorization = self.headers.get("Authorization")
                if path == "/token":
                    status, body = proxy.give_token(query, authorization)
                    self.answer(status, [("Content-Type", "application/json")], body)
                    return True
                named = re.match(r"/v2/(.+)/(manifests|blobs|tags)/", path)
                action = "pull" if self.command in ("GET", "HEAD") else "push"
                known = (authorization or "").removeprefix("Bearer ") in proxy.tokens
                if proxy.allowed(authorization, named.group(1), action) if named else known:
                    return False
                scope = f',scope="repository:{named.group(1)}:{"pull" if action == "pull" else "pull,push"}"' \
                    if named else ""
                challenge = f'Bearer realm="http://{proxy.host}/token",service="test registry"{scope}'
                self.answer(401, [("WWW-Authenticate", challenge)], b'{"errors": [{"code": "UNAUTHORIZED"}]}')
                return True

            def serve(self):
                with proxy.lock:
                    proxy.open += 1
                    proxy.busiest = max(proxy.busiest, proxy.open)
                    self.under_way = True
                try:
                    return self.treat()
                finally:
                    self.leave()

            def treat(self):
                body = self.body()
                agent = (self.headers.get("User-Agent") or "").split("/")[0]
                if proxy.login and self.refuse():
                    return None
                rule = proxy.action(f"{self.command} {self.path} {agent}")
                action = rule.action if rule else None
                if action == "drop":
                    return self.drop()
                if action == "redirect":
                    return self.answer(307, [("Location", f"http://{proxy.registry.host}{self.path}")], b"")
                if action == "stall":
                    rule.stall()
                if isinstance(action, int):
                    return self.answer(action, rule.headers.items(), b"{}")
                status, headers, content = self.forward(body, ["range"] if action == "whole" else [])
                if action == "lose":
                    return self.drop()
                if action == "truncate":
                    self.answer(status, headers, content[:len(content) // 2], len(content))
                    return self.drop()
                if action == "damage" and content:
                    content = bytes([content[0] ^ 1]) + content[1:]
                return self.answer(status, headers, content)

            do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = serve

        return Handler
