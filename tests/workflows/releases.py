"""An https server on this machine that hands out released binaries, with a certificate of a CA of its own."""
import http.server
import pathlib
import ssl
import subprocess
import threading


def make_certificate(folder):
    """ca.pem, to trust, and server.pem with its key, for 127.0.0.1 and, as if it were that, github.com."""
    key = ["-newkey", "rsa:2048", "-nodes"]
    subprocess.run(["openssl", "req", "-x509", *key, "-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-days", "2",
                    "-subj", "/CN=Test CA"], check=True, capture_output=True)
    request = subprocess.run(["openssl", "req", *key, "-keyout", folder / "server.key", "-subj", "/CN=127.0.0.1",
                              "-addext", "subjectAltName=IP:127.0.0.1,DNS:github.com"], check=True, capture_output=True).stdout
    certificate = subprocess.run(["openssl", "x509", "-req", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
                                  "-days", "2", "-copy_extensions", "copy"], input=request, check=True,
                                 capture_output=True).stdout
    (folder / "server.pem").write_bytes(certificate + (folder / "server.key").read_bytes())


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        body = server.files.get(self.path)
        if self.path in server.private and self.headers.get("Authorization") != "Bearer sesame":
            body = None
        if server.redirect:
            self.send_response(302)
            self.send_header("Location", server.redirect + self.path)
            body = b""
        else:
            self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        slow, server.slow = server.slow, None
        if slow and body:
            self.wfile.write(body[:10])
            body = body[10:]
            slow.wait()
        self.wfile.write((body or b"")[:server.cut])

    def log_message(self, *_):
        pass


class Releases:
    """`files`: path → bytes. `cut`: the connection ends after so many. `redirect`: where all is sent instead."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        make_certificate(self.folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.files, self.server.cut, self.server.redirect, self.server.asked = {}, None, None, []
        self.server.slow = None  # an event that the next answer waits for, after its first bytes
        self.server.private = set()  # paths that only the token opens
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"https://127.0.0.1:{self.server.server_port}"
        self.environment = {"GITHUB_SERVER_URL": self.url, "GITHUB_API_URL": self.url,
                            "CURL_CA_BUNDLE": str(self.folder / "ca.pem")}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
