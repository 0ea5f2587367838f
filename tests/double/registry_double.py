#!/usr/bin/python3
"""A stateful double of an image registry (OCI distribution spec 1.1), served and faulted as github_double.Double is.

How it behaves is set by its members: what a DELETE of a tag does, whether it knows referrers, how long a page of tags is."""
import base64
import hashlib
import json
import re
import threading
import time
import urllib.parse

from github_double import Answer, Double

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
USER, PASSWORD = "robot", "s3cret-of-the-registry"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def refuse(status, code, message):
    return Answer(status, {"errors": [{"code": code, "message": message}]})


class Repository:
    def __init__(self):
        self.manifests, self.tags, self.blobs, self.uploads = {}, {}, {}, set()

    def put_blob(self, data):
        self.blobs[digest_of(data)] = data
        return digest_of(data)

    def put(self, document, *tags):
        """Stores a manifest; its descriptor."""
        data = json.dumps(document).encode()
        self.manifests[digest_of(data)] = (document.get("mediaType", MANIFEST), data)
        for tag in tags:
            self.tags[tag] = digest_of(data)
        return {"mediaType": document.get("mediaType", MANIFEST), "digest": digest_of(data), "size": len(data)}

    def document(self, reference):
        return json.loads(self.manifests[self.tags.get(reference, reference)][1])

    def missing(self, reference):
        """What a pull of everything behind a reference would not find."""
        digest = self.tags.get(reference, reference)
        if digest not in self.manifests:
            return [digest]
        document, lacks = self.document(digest), []
        for child in document.get("manifests", []):
            lacks += self.missing(child["digest"])
        for blob in [*document.get("layers", []), *([document["config"]] if "config" in document else [])]:
            lacks += [] if blob["digest"] in self.blobs else [blob["digest"]]
        return lacks


class State:
    def __init__(self):
        self.repositories = {}
        self.delete_tag = "tag"         # "tag", "manifest" (what it points to goes, too), "refused"
        self.delete_manifest = True     # whether a DELETE by digest is taken
        self.strict = False             # what an index lists is kept as long as that is there
        self.delete_blocked = set()     # digests that the registry keeps
        self.referrers = True           # whether the API is there; else clients keep tags sha256-… of their own
        self.refusal = 404              # what one without answers
        self.page = 1000                # tags in a page
        self.address = ""               # how it names itself where a page leads to the next: "http://{host}"
        self.push = {}                  # image's path → (status, code, message): refused uploads
        self.login = False              # asks for a token
        self.knows_delete = True        # as an action in its scope; Quay wants "push" to remove, and refuses what it does not know
        self.tokens = {}

    def repository(self, name):
        return self.repositories.setdefault(name, Repository())


class Uploads:
    """What the faults ask of a double's API."""

    def __init__(self, state):
        pass

    def half_upload(self, request):
        pass


class RegistryDouble(Double):
    API = Uploads
    ROUTES = [("GET", r"/v2/", "base"), ("GET", r"/token", "give_token"),
              ("POST", r"/v2/(.+)/blobs/uploads/", "open_upload"), ("DELETE", r"/v2/(.+)/blobs/uploads/([^/]+)", "drop_upload"),
              ("GET", r"/v2/(.+)/tags/list", "list_tags"), ("GET", r"/v2/(.+)/referrers/(.+)", "list_referrers"),
              ("GET", r"/v2/(.+)/blobs/([^/]+)", "get_blob"), ("GET|HEAD", r"/v2/(.+)/manifests/([^/]+)", "get_manifest"),
              ("PUT", r"/v2/(.+)/manifests/([^/]+)", "put_manifest"), ("DELETE", r"/v2/(.+)/manifests/([^/]+)", "delete_manifest")]

    def __init__(self, state=None):
        super().__init__(state or State())

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    def login(self):
        """What docker's config.json holds."""
        return {"auths": {self.host: {"username": USER, "password": PASSWORD}}}

    def check_login(self, request, name):
        granted = self.state.tokens.get((request.headers.get("Authorization") or "").removeprefix("Bearer "), [])
        upload = "/blobs/uploads/" in request.path
        removes = "delete" if self.state.knows_delete and not upload else "push"
        action = {"GET": "pull", "HEAD": "pull", "DELETE": removes}.get(request.method, "push")
        if any(scope.startswith(f"repository:{name}:") and action in scope.rsplit(":", 1)[1].split(",") for scope in granted):
            return
        actions = "pull,push" if action == "push" else action
        raise Answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}, {
            "WWW-Authenticate": f'Bearer realm="http://{self.host}/token",service="double",scope="repository:{name}:{actions}"'})

    def apply(self, request):
        """(status, body, headers) of a request carried out."""
        for methods, pattern, name in self.ROUTES:
            match = re.fullmatch(pattern, request.path)
            if not match or request.method not in methods.split("|"):
                continue
            try:
                if self.state.login and match.groups():
                    self.check_login(request, match[1])
                return getattr(self, name)(request, *match.groups())
            except Answer as answer:
                return answer.status, json.dumps(answer.body).encode(), dict(answer.headers)
        return 405, b'{"errors": [{"code": "UNSUPPORTED", "message": "no such operation"}]}', {}

    def base(self, request):
        return 200, b"{}", {}

    def give_token(self, request):
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != wanted:
            return 401, b'{"errors": [{"code": "UNAUTHORIZED", "message": "wrong user or password"}]}', {}
        if not self.state.knows_delete and "delete" in request.query.get("scope", ""):
            return 400, b'{"errors": [{"code": "INVALID_REQUEST", "message": "Unable to decode repository and actions"}]}', {}
        token = f"token-{len(self.state.tokens)}"
        self.state.tokens[token] = request.query.get("scope", "").split(" ")
        return 200, json.dumps({"token": token}).encode(), {}

    def open_upload(self, request, name):
        if name in self.state.push:
            raise refuse(*self.state.push[name])
        number = f"{len(self.state.repository(name).uploads) + 1}-{threading.get_ident()}-{time.monotonic_ns()}"
        self.state.repository(name).uploads.add(number)
        return 202, b"", {"Location": f"/v2/{name}/blobs/uploads/{number}?_state=x%2By"}

    def drop_upload(self, request, name, number):
        if request.query.get("_state") != "x+y":
            raise refuse(400, "BLOB_UPLOAD_INVALID", "the state is missing")
        self.state.repository(name).uploads.discard(number)
        return 204, b"", {}

    def known(self, name):
        if name not in self.state.repositories:
            raise refuse(404, "NAME_UNKNOWN", "repository name not known to registry")
        return self.state.repositories[name]

    def list_tags(self, request, name):
        tags, last = sorted(self.known(name).tags), request.query.get("last", "")
        size = min(self.state.page, int(request.query.get("n", self.state.page)))
        rest = [tag for tag in tags if tag > last]
        headers = {}
        if len(rest) > size:
            query = urllib.parse.urlencode({"n": size, "last": rest[size - 1]})
            headers["Link"] = f'<{self.state.address.format(host=self.host)}/v2/{name}/tags/list?{query}>; rel="next"'
        return 200, json.dumps({"name": name, "tags": rest[:size] or None}).encode(), headers

    def list_referrers(self, request, name, digest):
        if not self.state.referrers:
            return self.state.refusal, b"404 page not found", {"Content-Type": "text/plain"}
        found = []
        for own, (media, data) in self.state.repository(name).manifests.items():
            document = json.loads(data)
            if document.get("subject", {}).get("digest") == digest:
                found.append({"mediaType": media, "digest": own, "size": len(data), "artifactType": document.get("artifactType", "x/y")})
        return 200, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": found}).encode(), {"Content-Type": INDEX}

    def get_blob(self, request, name, digest):
        blobs = self.known(name).blobs
        if digest not in blobs:
            raise refuse(404, "BLOB_UNKNOWN", "blob unknown to registry")
        return 200, blobs[digest], {"Content-Type": "application/octet-stream"}

    def find(self, name, reference):
        repository = self.known(name)
        digest = repository.tags.get(reference, reference)
        if digest not in repository.manifests:
            raise refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")
        return repository, digest

    def get_manifest(self, request, name, reference):
        repository, digest = self.find(name, reference)
        media, data = repository.manifests[digest]
        return 200, data, {"Content-Type": media, "Docker-Content-Digest": digest}

    def put_manifest(self, request, name, reference):
        document = json.loads(request.content)
        repository, digest = self.state.repository(name), digest_of(request.content)
        for child in document.get("manifests", []):
            if child["digest"] not in repository.manifests:
                raise refuse(404, "MANIFEST_BLOB_UNKNOWN", "an entry is unknown")
        repository.manifests[digest] = (request.headers.get("Content-Type", MANIFEST), request.content)
        if reference != digest:
            repository.tags[reference] = digest
        return 201, b"", {"Docker-Content-Digest": digest, "Location": f"/v2/{name}/manifests/{digest}"}

    def delete_manifest(self, request, name, reference):
        repository, digest = self.find(name, reference)
        by_tag = reference in repository.tags
        if by_tag and self.state.delete_tag == "refused" or not by_tag and not self.state.delete_manifest:
            raise refuse(405, "UNSUPPORTED", "the operation is unsupported")
        if by_tag and self.state.delete_tag == "tag":
            del repository.tags[reference]
            return 202, b"", {}
        if digest in self.state.delete_blocked:
            raise refuse(403, "DENIED", "the manifest is kept by a rule")
        listed = any(child["digest"] == digest for _, data in repository.manifests.values()
                     for child in json.loads(data).get("manifests", []))
        if self.state.strict and listed:
            raise refuse(405, "DENIED", "an index lists this manifest")
        del repository.manifests[digest]
        repository.tags = {tag: to for tag, to in repository.tags.items() if to != digest}
        return 202, b"", {}
