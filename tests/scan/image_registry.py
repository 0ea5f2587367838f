"""A registry with one image index of two platforms, read-only, for the real Trivy: Alpine's package database alone."""
import gzip
import hashlib
import http.server
import io
import json
import tarfile
import threading

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(files):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return raw.getvalue()


class Registry:
    def __init__(self):
        self.blobs = {}

    def put(self, data, kind):
        self.blobs[digest(data)] = (data, kind)
        return {"mediaType": kind, "digest": digest(data), "size": len(data)}

    def image(self, architecture, busybox, variables=()):
        plain = layer({"etc/alpine-release": "3.20.1\n", "etc/os-release": "ID=alpine\nVERSION_ID=3.20.1\n",
                       "lib/apk/db/installed": f"P:busybox\nV:{busybox}\nA:x86_64\no:busybox\nL:GPL-2.0-only\n\n"})
        config = {"architecture": architecture, "os": "linux", "config": {"Env": list(variables)},
                  "rootfs": {"type": "layers", "diff_ids": [digest(plain)]}}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": self.put(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
                    "layers": [self.put(gzip.compress(plain, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip")]}
        entry = self.put(json.dumps(manifest).encode(), MANIFEST)
        return {**entry, "platform": {"os": "linux", "architecture": architecture}}

    def index(self, *entries):
        return self.put(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries)}).encode(), INDEX)

    def serve(self):
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                data, kind = registry.blobs.get(self.path.rsplit("/", 1)[-1], (b"{}", "application/json"))
                self.send_response(200 if self.path == "/v2/" or kind != "application/json" else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Docker-Content-Digest", digest(data))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(data)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"127.0.0.1:{self.server.server_port}"
