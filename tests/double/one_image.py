"""A registry that holds one image, and a promotion of it."""
import hashlib
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]
import documents  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))


class Registry:
    """A registry with one image of one platform under a staging tag; keeps the requests that came."""

    def __init__(self):
        self.requests, self.things, self.tags = [], {}, {}
        config = self.add({"architecture": "amd64", "os": "linux", "config": {"Labels": {}}, "rootfs": {"type": "layers", "diff_ids": []}})
        image = self.add({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [],
                          "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config}})
        index = self.add({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
            {"mediaType": "application/vnd.oci.image.manifest.v1+json", **image, "platform": {"architecture": "amd64", "os": "linux"}}]})
        self.index, self.image = index["digest"], image["digest"]
        self.tags["staging-0123"] = self.index
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                if len(body) < length:  # whoever sent it is gone
                    self.close_connection = True
                    return
                registry.requests.append((self.command, self.path))
                name = self.path.rsplit("/", 1)[-1]
                if self.command == "PUT":
                    registry.tags[name] = registry.add_bytes(body)
                    self.reply(201, b"", {"Docker-Content-Digest": registry.tags[name]})
                    return
                data = registry.things.get(registry.tags.get(name, name))
                self.reply(200 if data else 404, data or b"{}", {"Docker-Content-Digest": registry.tags.get(name, name)} if data else {})

            def reply(self, status, body, headers):
                self.send_response(status)
                for key, value in {**headers, "Content-Length": str(len(body)), "Content-Type": registry.type_of(body)}.items():
                    self.send_header(key, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)
            do_GET = do_HEAD = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"

    def type_of(self, body):
        found = re.search(rb'"mediaType": "(application/vnd\.oci\.image\.(?:index|manifest)[^"]*)"', body)
        return found[1].decode() if found else "application/json"

    def add_bytes(self, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.things[digest] = data
        return digest

    def add(self, document):
        data = json.dumps(document, sort_keys=True).encode()
        return {"digest": self.add_bytes(data), "size": len(data)}

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def labels(self):
        """The requests as the model calls them; several for one step are one."""
        names = {"v1.2.0": "version", "latest": "latest"}
        found = []
        for method, path in self.requests:
            place = path.rsplit("/", 1)[-1]
            label = f"put {names[place]}" if method == "PUT" else f"look up {names[place]}" if place in names else "verify"
            if found[-1:] != [label]:
                found.append(label)
        return found


def promote(registry, folder, wrapper=()):
    tags = [{"tag": "v1.2.0", "kind": "version"}, {"tag": "latest", "kind": "floating"}]
    image = f"{registry.host}/o/arc-a"
    plan = documents.plan(group="shop", version={"tag": "shop/v1.2.0"}, tag="shop/v1.2.0", cells=[{"service": "a", "platform": "linux/amd64"}],
                          services=[{"service": "a", "image": image, "staging": "staging-0123", "tags": tags}])
    ledger = documents.build(group="shop", services=[{"service": "a", "image": image, "digest": registry.index,
                                                      "cells": [{"platform": "linux/amd64", "digest": registry.image}]}])
    (folder / "plan.json").write_text(json.dumps(plan))
    (folder / "build.json").write_text(json.dumps(ledger))
    return subprocess.run([*wrapper, ARC_CI, "build", "--promote", "--plan", "plan.json", "--build", "build.json"], cwd=folder, text=True,
                          capture_output=True, env={"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}, timeout=60)
