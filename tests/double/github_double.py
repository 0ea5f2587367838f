#!/usr/bin/python3
"""A stateful double of the parts of the GitHub REST API that arc-ci uses: git refs, releases and their
assets, commit statuses, check runs, deployments, issue comments, issues, labels, SARIF uploads, pull request files, merge bases.

In a test: `with Double() as double:` gives `double.url`, `double.state`, `double.log` and
`double.faults`. By hand: `github_double.py --port 8080` serves until it is stopped.

What it says is checked against GitHub's own description in tests/contract."""
import argparse
import base64
import hashlib
import http.server
import json
import re
import socket
import socketserver
import struct
import threading
import time
import urllib.parse

API = "/api/v3"
UPLOADS = "/api/uploads"
NOW = "2026-02-23T10:00:00Z"
TOKEN = "ghs_0123456789abcdefSECRETabcdefghijklmn"
NAME = re.compile(r"[^A-Za-z0-9._+-]+")


def user(login="github-actions[bot]", kind="Bot"):
    base = "https://api.github.com/users/" + urllib.parse.quote(login)
    urls = {name: f"{base}/{name}" for name in (
        "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events",
        "received_events")}
    return {"login": login, "id": 41898282, "node_id": "MDM6Qm90", "avatar_url": "https://example.invalid/a.png",
            "gravatar_id": "", "url": base, "html_url": base, "type": kind, "site_admin": False,
            **{f"{name}_url": url for name, url in urls.items()}}


class Answer(Exception):
    """An answer that ends the request."""

    def __init__(self, status, body=None, headers=None):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


def refuse(status, message, errors=None, headers=None):
    body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    if errors:
        body["errors"] = errors
    return Answer(status, body, headers)


def not_found():
    return refuse(404, "Not Found")


class State:
    """The repository as GitHub would hold it. Everything below happens under one lock."""

    def __init__(self, repository="o/r"):
        self.repository = repository
        self.refs, self.tags, self.releases, self.blobs = {}, {}, [], {}
        self.statuses, self.check_runs, self.comments, self.issues, self.labels = [], [], [], [], []
        self.sarifs, self.pull_files, self.deployments = {}, {}, []
        self.pulls = []             # of add_pull()
        self.attestations = []      # Sigstore bundles
        self.merge_bases = {}       # of two commits: (base, head)
        self.runs = []              # workflow runs: status and head_sha
        self.next_id = 1000
        self.off = {}               # what is turned off or forbidden here: part of a path → status and GitHub's message
        self.jobs = {}              # workflow run's id → [(name, conclusion)]
        self.immutable = False      # whether published releases become immutable
        self.burned = set()         # tags that belonged to an immutable release which was deleted
        self.person = None          # login of the person whose token it is, who has no role in the repository
        self.locked = False         # whether the pull request's conversation is
        self.digests = True         # whether assets have `digest`
        self.lag = 0                # how many listings a new release stays out of
        self.violations = []        # what must never happen, with its place
        self.expected_assets = None

    def new_id(self):
        self.next_id += 1
        return self.next_id

    def add_release(self, tag, **fields):
        number = self.new_id()
        base = f"{{api}}/repos/{self.repository}/releases"
        release = {
            "url": f"{base}/{number}", "assets_url": f"{base}/{number}/assets",
            "upload_url": f"{{uploads}}/repos/{self.repository}/releases/{number}/assets{{?name,label}}",
            "html_url": f"https://github.com/{self.repository}/releases/tag/{tag}", "id": number, "node_id": "RE_1",
            "author": user(), "tag_name": tag, "target_commitish": "main", "name": tag, "body": "", "draft": False,
            "immutable": False, "prerelease": False, "created_at": NOW, "updated_at": NOW, "published_at": NOW,
            "tarball_url": None, "zipball_url": None, "assets": [], "_lag": self.lag, **fields}
        if release["draft"]:
            release["published_at"] = None
        self.releases.insert(0, release)
        return release

    def add_asset(self, release, name, content, content_type, state="uploaded"):
        number = self.new_id()
        self.blobs[number] = content
        asset = {
            "url": f"{{api}}/repos/{self.repository}/releases/assets/{number}", "id": number, "node_id": "RA_1",
            "browser_download_url": f"https://github.com/{self.repository}/releases/download/{release['tag_name']}/{name}",
            "name": name, "label": "", "state": state, "content_type": content_type, "size": len(content),
            "digest": "sha256:" + hashlib.sha256(content).hexdigest() if state == "uploaded" else None,
            "download_count": 0, "created_at": NOW, "updated_at": NOW, "uploader": user()}
        if not self.digests:
            del asset["digest"]
        release["assets"].append(asset)
        return asset

    def add_pull(self, number, title, login, merge_commit=None, updated=NOW, **fields):
        """A closed pull request; merged unless merged_at says otherwise."""
        base = f"{{api}}/repos/{self.repository}/pulls/{number}"
        side = {"label": "o:main", "ref": "main", "sha": "1" * 40, "user": user(login, "User"), "repo": repository(self.repository)}
        links = ("comments", "commits", "statuses", "html", "issue", "review_comments", "review_comment", "self")
        self.pulls.append({
            **{name: base for name in ("url", "html_url", "diff_url", "patch_url", "issue_url", "commits_url", "review_comments_url",
                                       "review_comment_url", "comments_url", "statuses_url")},
            "id": self.new_id(), "node_id": "PR_1", "number": number, "state": "closed", "locked": False, "title": title,
            "user": user(login, "User"), "body": "", "labels": [], "milestone": None, "created_at": NOW, "updated_at": updated,
            "closed_at": updated, "merged_at": updated, "merge_commit_sha": merge_commit, "assignee": None, "head": side,
            "base": side, "_links": {name: {"href": base} for name in links}, "author_association": "CONTRIBUTOR",
            "auto_merge": None, **fields})

    def published(self, tag):
        return [r for r in self.releases if r["tag_name"] == tag and not r["draft"]]

    def of_tag(self, tag):
        return [r for r in self.releases if r["tag_name"] == tag]


class Api:
    """The routes. A handler gets the request and returns (status, body)."""

    def __init__(self, state):
        self.state = state
        repo = "/repos/" + re.escape(state.repository)
        self.routes = [(method, re.compile(pattern + r"\Z"), handler) for method, pattern, handler in [
            ("GET", repo + r"/git/ref/(.+)", self.get_ref),
            ("GET", repo + r"/git/tags/([0-9a-f]{40})", self.get_tag),
            ("GET", repo + r"/releases", self.list_releases),
            ("POST", repo + r"/releases", self.create_release),
            ("GET", repo + r"/releases/tags/(.+)", self.get_by_tag),
            ("GET", repo + r"/releases/latest", self.get_latest),
            ("GET", repo + r"/releases/(\d+)", self.get_release),
            ("GET", r"/user", self.get_user),
            ("PATCH", repo + r"/releases/(\d+)", self.update_release),
            ("DELETE", repo + r"/releases/(\d+)", self.delete_release),
            ("POST", repo + r"/releases/(\d+)/assets", self.upload),
            ("GET", repo + r"/releases/assets/(\d+)", self.get_asset),
            ("DELETE", repo + r"/releases/assets/(\d+)", self.delete_asset),
            ("GET", repo + r"/commits/([0-9a-f]{40})/status", self.get_status),
            ("POST", repo + r"/statuses/([0-9a-f]{40})", self.create_status),
            ("GET", repo + r"/commits/([0-9a-f]{40})/check-runs", self.list_check_runs),
            ("POST", repo + r"/check-runs", self.create_check_run),
            ("PATCH", repo + r"/check-runs/(\d+)", self.update_check_run),
            ("GET", repo + r"/actions/runs", self.list_runs),
            ("GET", repo + r"/actions/runs/(\d+)/jobs", self.list_jobs),
            ("GET", repo + r"/deployments", self.list_deployments),
            ("POST", repo + r"/deployments", self.create_deployment),
            ("GET", repo + r"/deployments/(\d+)/statuses", self.list_deployment_statuses),
            ("POST", repo + r"/deployments/(\d+)/statuses", self.create_deployment_status),
            ("GET", repo + r"/issues/(\d+)/comments", self.list_comments),
            ("POST", repo + r"/issues/(\d+)/comments", self.create_comment),
            ("PATCH", repo + r"/issues/comments/(\d+)", self.update_comment),
            ("DELETE", repo + r"/issues/comments/(\d+)", self.delete_comment),
            ("GET", repo + r"/pulls", self.list_pulls),
            ("GET", repo + r"/pulls/(\d+)/files", self.list_pull_files),
            ("GET", repo + r"/compare/([0-9a-f]{40})\.\.\.([0-9a-f]{40})", self.compare),
            ("GET", repo + r"/issues", self.list_issues),
            ("POST", repo + r"/issues", self.create_issue),
            ("PATCH", repo + r"/issues/(\d+)", self.update_issue),
            ("GET", repo + r"/labels", self.list_labels),
            ("GET", repo + r"/labels/(.+)", self.get_label),
            ("POST", repo + r"/labels", self.create_label),
            ("POST", repo + r"/code-scanning/sarifs", self.upload_sarif),
            ("GET", repo + r"/code-scanning/sarifs/([\w-]+)", self.get_sarif),
            ("GET", repo + r"/attestations/(sha256:[0-9a-f]{64})", self.list_attestations),
            ("POST", repo + r"/attestations", self.create_attestation),
        ]]

    def dispatch(self, request):
        for part, (status, message) in self.state.off.items():
            if part in request.path:
                raise refuse(status, message, headers={"X-Accepted-GitHub-Permissions": "contents=write"})
        for method, pattern, handler in self.routes:
            match = pattern.match(request.path)
            if match and method == request.method:
                return handler(request, *(urllib.parse.unquote(group) for group in match.groups()))
        raise not_found()

    @staticmethod
    def page(request, items):
        size = min(int(request.query.get("per_page", 30)), 100)
        number = int(request.query.get("page", 1))
        if number * size > 10000 + size - 1:
            raise refuse(422, "Only the first 10000 results are available.")
        if number * size < len(items) and number * size < 10000:
            query = urllib.parse.urlencode({**request.query, "page": number + 1})
            request.link = f"<{{api}}{request.path}?{query}>; rel=\"next\""
        return items[(number - 1) * size:number * size]

    # -- refs

    def get_ref(self, request, ref):
        kind, sha = self.state.refs.get("refs/" + ref, (None, None))
        if not sha:
            raise not_found()
        return 200, {"ref": "refs/" + ref, "node_id": "REF_1", "url": f"{{api}}{request.path}",
                     "object": {"type": kind, "sha": sha, "url": f"{{api}}/repos/{self.state.repository}/git/{kind}s/{sha}"}}

    def get_tag(self, request, sha):
        if sha not in self.state.tags:
            raise not_found()
        kind, target = self.state.tags[sha]
        return 200, {"node_id": "T_1", "tag": "v", "sha": sha, "url": f"{{api}}{request.path}", "message": "m",
                     "tagger": {"date": NOW, "email": "a@example.org", "name": "Ada"},
                     "object": {"type": kind, "sha": target, "url": "{api}/x"}}

    # -- releases

    @staticmethod
    def shown(release):
        return {key: value for key, value in release.items() if not key.startswith("_")}

    def find(self, number):
        for release in self.state.releases:
            if release["id"] == int(number):
                return release
        raise not_found()

    def list_releases(self, request):
        seen = []
        for release in self.state.releases:
            if release["_lag"] > 0:
                release["_lag"] -= 1
            else:
                seen.append(release)
        return 200, [self.shown(release) for release in self.page(request, seen)]

    def get_by_tag(self, request, tag):
        for release in self.state.published(tag):
            return 200, self.shown(release)
        raise not_found()

    def get_latest(self, request):
        """Where none was made the latest, the one that was published last is, whatever it said (terrapod 1466)."""
        stable = [release for release in self.state.releases if not release["draft"] and not release["prerelease"]]
        for release in sorted(stable, key=lambda one: one.get("_latest") != "true"):
            return 200, self.shown(release)
        raise not_found()

    def get_user(self, request):
        """A person's token has a user; a workflow's has not."""
        if not self.state.person:
            raise refuse(403, "Resource not accessible by integration")
        profile = dict.fromkeys(("name", "company", "location", "email", "hireable", "bio"))
        return 200, {**self.caller(), **profile, "blog": "", "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
                     "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}

    def get_release(self, request, number):
        return 200, self.shown(self.find(number))

    def check_unique(self, tag, number=None):
        if any(release["id"] != number for release in self.state.published(tag)):
            raise refuse(422, "Validation Failed", [{"resource": "Release", "code": "already_exists", "field": "tag_name"}])

    def create_release(self, request):
        body = request.json
        tag = body.get("tag_name")
        if not tag:
            raise refuse(422, "Invalid request.\n\n\"tag_name\" wasn't supplied.")
        if len(body.get("body", "")) > 125000:
            raise refuse(422, "Validation Failed", [{"resource": "Release", "code": "custom", "field": "body",
                                                     "message": "body is too long (maximum is 125000 characters)"}])
        draft = body.get("draft", False)
        if not draft:
            self.check_unique(tag)
        fields = {key: body[key] for key in ("name", "body", "target_commitish", "prerelease") if key in body}
        release = self.state.add_release(tag, draft=draft, **fields)
        return 201, self.shown(release)

    def update_release(self, request, number):
        release, body = self.find(number), request.json
        if body.get("make_latest") == "true" and (body.get("draft", release["draft"]) or
                                                  body.get("prerelease", release["prerelease"])):
            raise refuse(422, "Validation Failed", [{"resource": "Release", "code": "custom", "field": "make_latest",
                                                     "message": "drafts and prereleases cannot be the latest"}])
        make = body.get("make_latest", release.get("_latest"))
        if release["draft"] and body.get("draft") is False:
            make = body.get("make_latest", "true")
            self.check_unique(release["tag_name"], release["id"])
            if release["tag_name"] in self.state.burned:
                raise refuse(422, "Validation Failed", [{"resource": "Release", "code": "custom", "field": "tag_name",
                                                         "message": "tag_name was used by an immutable release"}])
            self.check_publication(release)
            release["published_at"] = NOW
            release["immutable"] = self.state.immutable
        if release["immutable"] and body.get("tag_name", release["tag_name"]) != release["tag_name"]:
            raise refuse(422, "Validation Failed", [{"resource": "Release", "code": "custom", "message": "immutable"}])
        if release["immutable"] and body.get("draft"):
            raise refuse(422, "Validation Failed", [{"resource": "Release", "code": "custom",
                                                     "message": "state cannot be changed when release is immutable"}])
        for key in ("tag_name", "name", "body", "target_commitish", "prerelease", "draft"):
            if key in body:
                release[key] = body[key]
        if release["draft"] and "tag_name" not in body:     # mongosh 691, tidebreak 3409
            release["tag_name"] = f"untagged-{number}"
        if make == "true":
            for other in self.state.releases:
                other["_latest"] = "false"
        release["_latest"] = make
        return 200, self.shown(release)

    def check_publication(self, release):
        """Publishing is the point of no return: everything has to be there."""
        expected = self.state.expected_assets
        have = {asset["name"]: self.state.blobs[asset["id"]] for asset in release["assets"] if asset["state"] == "uploaded"}
        if expected is not None and any(have.get(name) != content for name, content in expected.items()):
            self.state.violations.append(f"published with {sorted(have)} of {sorted(expected)}")

    def delete_release(self, request, number):
        release = self.find(number)
        if not release["draft"]:
            self.state.violations.append(f"published release {number} was deleted")
        self.state.releases.remove(release)
        return 204, None

    def get_asset(self, request, number):
        """Its content lies elsewhere, where nobody asks for a token."""
        for release in self.state.releases:
            for asset in release["assets"]:
                if asset["id"] != int(number):
                    continue
                if request.headers.get("Accept") != "application/octet-stream":
                    return 200, asset
                raise Answer(302, None, {"Location": f"{{objects}}/{number}"})
        raise not_found()

    def upload(self, request, number):
        release = self.find(number)
        name = NAME.sub(".", request.query.get("name", ""))
        if release["immutable"]:
            raise refuse(422, "Cannot upload assets to an immutable release.")
        if not request.content:
            raise refuse(400, "Bad Content-Length: 0")
        if any(asset["name"] == name for asset in release["assets"]):
            raise refuse(422, "Validation Failed", [{"resource": "ReleaseAsset", "code": "already_exists", "field": "name"}])
        return 201, self.state.add_asset(release, name, request.content, request.headers.get("Content-Type", ""))

    def half_upload(self, request):
        """What GitHub leaves behind when an upload breaks off."""
        match = re.match(r".*/releases/(\d+)/assets\Z", request.path)
        release = next((r for r in self.state.releases if match and r["id"] == int(match[1])), None)
        name = request.query.get("name")
        if release and request.method == "POST" and not any(a["name"] == name for a in release["assets"]):
            self.state.add_asset(release, name, b"", "application/octet-stream", state="starter")

    def delete_asset(self, request, number):
        for release in self.state.releases:
            for asset in release["assets"]:
                if asset["id"] == int(number):
                    if release["immutable"]:
                        raise refuse(422, "Cannot delete asset from an immutable release.")
                    release["assets"].remove(asset)
                    return 204, None
        raise not_found()

    # -- statuses and check runs

    def get_status(self, request, sha):
        latest = {}
        for status in self.state.statuses:
            if status["_sha"] == sha:
                latest[status["context"]] = status
        shown = [{key: value for key, value in status.items() if key not in ("_sha", "creator")}
                 for status in latest.values()]
        return 200, {"state": "success", "statuses": self.page(request, shown), "sha": sha, "total_count": len(shown),
                     "repository": minimal_repository(self.state.repository), "commit_url": "{api}/c",
                     "url": f"{{api}}{request.path}"}

    def create_status(self, request, sha):
        body = request.json
        if body.get("state") not in ("error", "failure", "pending", "success"):
            raise refuse(422, "Validation Failed", [{"resource": "Status", "code": "custom", "field": "state"}])
        if len(body.get("description") or "") > 140:
            raise refuse(422, "Validation Failed", [{"resource": "Status", "code": "custom", "message":
                                                     "description is too long (maximum is 140 characters)"}])
        status = {"url": f"{{api}}/repos/{self.state.repository}/statuses/{sha}", "avatar_url": None,
                  "id": self.state.new_id(), "node_id": "SC_1", "state": body["state"],
                  "description": body.get("description"), "target_url": body.get("target_url"),
                  "context": body.get("context", "default"), "created_at": NOW, "updated_at": NOW,
                  "creator": user(), "_sha": sha}
        self.state.statuses.append(status)
        return 201, {key: value for key, value in status.items() if key != "_sha"}

    def list_runs(self, request):
        def shown(number, run):
            base = f"{{api}}/repos/{self.state.repository}/actions/runs/{number}"
            person = {"name": "Ada", "email": "ada@example.org"}
            return {"id": number, "node_id": "WFR_1", "name": "release", "run_number": number, "event": "push", "run_attempt": 1,
                    "conclusion": None, "head_branch": "main", "path": ".github/workflows/release.yml", "workflow_id": 1, "url": base,
                    "html_url": base, "display_title": "m", "created_at": NOW, "updated_at": NOW, "pull_requests": [],
                    **{f"{name}_url": f"{base}/{name}" for name in ("jobs", "logs", "check_suite", "cancel", "rerun", "artifacts", "workflow")},
                    "head_commit": {"id": run["head_sha"], "tree_id": "7" * 40, "message": "m", "timestamp": NOW, "author": person,
                                    "committer": person},
                    "repository": minimal_repository(self.state.repository), "head_repository": minimal_repository(self.state.repository),
                    **run}
        found = [shown(i, run) for i, run in enumerate(self.state.runs, 1) if run["status"] == request.query.get("status", run["status"])]
        return 200, {"total_count": len(found), "workflow_runs": self.page(request, found)}

    def list_jobs(self, request, run):
        jobs = [{"id": number, "run_id": int(run), "run_url": "{api}/r", "node_id": "J", "head_sha": "0" * 40, "url": "{api}/j",
                 "html_url": None, "status": "completed", "conclusion": conclusion, "created_at": NOW, "started_at": NOW,
                 "completed_at": NOW, "name": name, "check_run_url": "{api}/c", "labels": [], "runner_id": None,
                 "runner_name": None, "runner_group_id": None, "runner_group_name": None, "workflow_name": "w",
                 "head_branch": "main"} for number, (name, conclusion) in enumerate(self.state.jobs.get(run, []))]
        return 200, {"total_count": len(jobs), "jobs": self.page(request, jobs)}

    def list_check_runs(self, request, sha):
        runs = [run for run in self.state.check_runs if run["head_sha"] == sha]
        if "check_name" in request.query:
            runs = [run for run in runs if run["name"] == request.query["check_name"]]
        return 200, {"total_count": len(runs), "check_runs": self.page(request, runs)}

    def create_check_run(self, request):
        body, number = request.json, self.state.new_id()
        run = {"id": number, "head_sha": body["head_sha"], "node_id": "CR_1", "external_id": body.get("external_id", ""),
               "url": f"{{api}}/repos/{self.state.repository}/check-runs/{number}", "html_url": "https://github.com/x",
               "details_url": body.get("details_url"), "status": body.get("status", "queued"),
               "conclusion": body.get("conclusion"), "started_at": NOW, "completed_at": None,
               "output": {"title": None, "summary": None, "text": None, **body.get("output", {}),
                          "annotations_count": 0, "annotations_url": "{api}/a"},
               "name": body["name"], "check_suite": None, "app": None, "pull_requests": []}
        self.state.check_runs.append(run)
        return 201, run

    def update_check_run(self, request, number):
        for run in self.state.check_runs:
            if run["id"] == int(number):
                for key in ("status", "conclusion", "details_url"):
                    if key in request.json:
                        run[key] = request.json[key]
                run["output"].update(request.json.get("output", {}))
                return 200, run
        raise not_found()

    # -- deployments

    def list_deployments(self, request):
        found = [one for one in self.state.deployments
                 if all(one[key] == request.query.get(key, one[key]) for key in ("sha", "task", "environment"))]
        return 200, self.page(request, [{k: v for k, v in one.items() if k != "_statuses"} for one in reversed(found)])

    def create_deployment(self, request):
        body, number = request.json, self.state.new_id()
        if body.get("auto_merge", True) or body.get("required_contexts") != []:
            raise refuse(409, "Conflict merging main into the ref, or checks that have not passed")
        base = f"{{api}}/repos/{self.state.repository}/deployments/{number}"
        made = {"url": base, "id": number, "node_id": "DE_1", "sha": body["ref"], "ref": body["ref"],
                "task": body.get("task", "deploy"), "payload": {}, "environment": body.get("environment", "production"),
                "description": body.get("description"), "creator": user(), "created_at": NOW, "updated_at": NOW,
                "statuses_url": base + "/statuses", "repository_url": f"{{api}}/repos/{self.state.repository}",
                "_statuses": []}
        self.state.deployments.append(made)
        return 201, {k: v for k, v in made.items() if k != "_statuses"}

    def deployment(self, number):
        for one in self.state.deployments:
            if one["id"] == int(number):
                return one
        raise not_found()

    def list_deployment_statuses(self, request, number):
        return 200, self.page(request, self.deployment(number)["_statuses"][::-1])

    def create_deployment_status(self, request, number):
        of, body = self.deployment(number), request.json
        if body.get("state") not in ("error", "failure", "inactive", "in_progress", "queued", "pending", "success"):
            raise refuse(422, "Validation Failed", [{"resource": "DeploymentStatus", "code": "custom", "field": "state"}])
        if len(body.get("description") or "") > 140:
            raise refuse(422, "Validation Failed", [{"resource": "DeploymentStatus", "code": "custom", "message":
                                                     "description is too long (maximum is 140 characters)"}])
        made = {"url": f"{of['url']}/statuses/{self.state.new_id()}", "id": self.state.next_id, "node_id": "DES_1",
                "state": body["state"], "creator": user(), "description": body.get("description", ""),
                "environment": of["environment"], "target_url": "", "created_at": NOW, "updated_at": NOW,
                "deployment_url": of["url"], "repository_url": of["repository_url"], "environment_url": "",
                "log_url": body.get("log_url", "")}
        of["_statuses"].append(made)
        return 201, made

    # -- comments

    def list_comments(self, request, issue):
        return 200, self.page(request, [{k: v for k, v in c.items() if k != "_issue"}
                                        for c in self.state.comments if c["_issue"] == int(issue)])

    def caller(self):
        return user(self.state.person, "User") if self.state.person else user()

    def create_comment(self, request, issue, author=None):
        if self.state.locked:
            raise refuse(403, "Unable to create comment because issue is locked.")
        number = self.state.new_id()
        comment = {"id": number, "node_id": "IC_1", "url": f"{{api}}/repos/{self.state.repository}/issues/comments/{number}",
                   "html_url": f"https://github.com/{self.state.repository}/pull/{issue}#issuecomment-{number}",
                   "body": request.json["body"], "user": author or self.caller(), "created_at": NOW, "updated_at": NOW,
                   "issue_url": f"{{api}}/repos/{self.state.repository}/issues/{issue}", "author_association": "NONE",
                   "_issue": int(issue)}
        if len(comment["body"]) > 65536:
            raise refuse(422, "Validation Failed", [{"resource": "IssueComment", "code": "unprocessable", "field": "body",
                                                     "message": "body is too long (maximum is 65536 characters)"}])
        self.state.comments.append(comment)
        return 201, {k: v for k, v in comment.items() if k != "_issue"}

    def comment(self, number):
        for comment in self.state.comments:
            if comment["id"] == int(number):
                return comment
        raise not_found()

    def update_comment(self, request, number):
        comment = self.comment(number)
        if comment["user"]["login"] != self.caller()["login"]:
            self.state.violations.append(f"comment {number} of another person was changed")
        comment["body"] = request.json["body"]
        return 200, {k: v for k, v in comment.items() if k != "_issue"}

    def delete_comment(self, request, number):
        self.state.comments.remove(self.comment(number))
        return 204, None

    # -- pull requests, issues, labels, code scanning

    def list_pulls(self, request):
        query = request.query
        found = [pull for pull in self.state.pulls if query.get("state", "open") in ("all", pull["state"])]
        key = {"updated": "updated_at"}.get(query.get("sort"), "created_at")
        found.sort(key=lambda pull: pull[key], reverse=query.get("direction", "desc") == "desc")
        return 200, self.page(request, found)

    def list_pull_files(self, request, number):
        return 200, self.page(request, self.state.pull_files.get(int(number), [])[:3000])

    def commit(self, sha):
        url = f"https://api.github.com/repos/{self.state.repository}/commits/{sha}"
        person = {"name": "Ada", "email": "ada@example.org", "date": NOW}
        tree = {"sha": "7" * 40, "url": url.replace("/commits/", "/git/trees/")}
        return {"url": url, "sha": sha, "node_id": "C_1", "html_url": url, "comments_url": url + "/comments", "author": None,
                "committer": None, "parents": [],
                "commit": {"url": url, "author": person, "committer": person, "message": "m", "comment_count": 0, "tree": tree}}

    def compare(self, request, base, head):
        found = self.state.merge_bases.get((base, head))
        if not found:
            raise not_found()
        url = f"https://api.github.com/repos/{self.state.repository}/compare/{base}...{head}"
        return 200, {**{name: url for name in ("url", "html_url", "permalink_url", "diff_url", "patch_url")},
                     "base_commit": self.commit(base), "merge_base_commit": self.commit(found), "status": "diverged", "ahead_by": 1,
                     "behind_by": 1, "total_commits": 1, "commits": [self.commit(head)][:int(request.query.get("per_page", 1))]}

    def list_issues(self, request):
        state = request.query.get("state", "open")
        labels = [label for label in request.query.get("labels", "").split(",") if label]
        found = [issue for issue in self.state.issues if state in ("all", issue["state"])
                 and all(label in [one["name"] for one in issue["labels"]] for label in labels)]
        return 200, self.page(request, found)

    def issue_labels(self, names):
        return [label for label in self.state.labels if label["name"] in names]

    def create_issue(self, request):
        body, number = request.json, len(self.state.issues) + 1
        base = f"{{api}}/repos/{self.state.repository}/issues/{number}"
        for name in body.get("labels", []):
            if not self.issue_labels([name]):
                self.create_label(Request("POST", "/", {}, {}, json.dumps({"name": name, "color": "ededed"}).encode()))
        issue = {"id": self.state.new_id(), "node_id": "I_1", "url": base, "number": number, "state": "open",
                 "repository_url": f"{{api}}/repos/{self.state.repository}", "labels_url": base + "/labels{/name}",
                 "comments_url": base + "/comments", "events_url": base + "/events",
                 "html_url": f"https://github.com/{self.state.repository}/issues/{number}", "title": body["title"],
                 "body": body.get("body", ""), "user": user(), "labels": self.issue_labels(body.get("labels", [])),
                 "assignee": None, "milestone": None, "locked": False, "comments": 0, "closed_at": None,
                 "created_at": NOW, "updated_at": NOW, "author_association": "NONE", "assignees": [],
                 "state_reason": None}
        self.state.issues.append(issue)
        return 201, issue

    def update_issue(self, request, number):
        for issue in self.state.issues:
            if issue["number"] == int(number):
                for key in ("title", "body", "state", "state_reason"):
                    if key in request.json:
                        issue[key] = request.json[key]
                if "labels" in request.json:
                    issue["labels"] = self.issue_labels(request.json["labels"])
                issue["closed_at"] = NOW if issue["state"] == "closed" else None
                return 200, issue
        raise not_found()

    def list_labels(self, request):
        return 200, self.page(request, self.state.labels)

    def get_label(self, request, name):
        for label in self.issue_labels([name]):
            return 200, label
        raise not_found()

    def create_label(self, request):
        name = request.json["name"]
        if self.issue_labels([name]):
            raise refuse(422, "Validation Failed", [{"resource": "Label", "code": "already_exists", "field": "name"}])
        label = {"id": self.state.new_id(), "node_id": "LA_1", "url": f"{{api}}/repos/{self.state.repository}/labels/x",
                 "name": name, "color": request.json.get("color", "ededed"), "default": False,
                 "description": request.json.get("description")}
        self.state.labels.append(label)
        return 201, label

    def list_attestations(self, request, digest):
        """Those whose statement is about the digest."""
        found = [{"bundle": bundle, "repository_id": 1} for bundle in self.state.attestations
                 if digest[7:] in base64.b64decode(bundle["dsseEnvelope"]["payload"]).decode()]
        return 200, {"attestations": self.page(request, found)}

    def create_attestation(self, request):
        self.state.attestations.append(request.json["bundle"])
        return 201, {"id": self.state.new_id()}

    def upload_sarif(self, request):
        number = f"{self.state.new_id():08x}-2ff6-11ea-8c9e-000000000000"
        self.state.sarifs[number] = {"request": request.json, "asked": 0}
        return 202, {"id": number, "url": f"{{api}}/repos/{self.state.repository}/code-scanning/sarifs/{number}"}

    def get_sarif(self, request, number):
        if number not in self.state.sarifs:
            raise not_found()
        self.state.sarifs[number]["asked"] += 1
        done = self.state.sarifs[number]["asked"] > 1
        return 200, {"processing_status": "complete" if done else "pending", "analyses_url": "{api}/x", "errors": None}


def minimal_repository(full_name):
    owner, name = full_name.split("/")
    base = f"https://api.github.com/repos/{full_name}"
    return {"id": 1, "node_id": "R_1", "name": name, "full_name": full_name, "owner": user(owner, "User"),
            "private": False, "html_url": f"https://github.com/{full_name}", "description": None, "fork": False, "url": base,
            **{f"{part}_url": f"{base}/{part}" for part in (
                "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents",
                "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags",
                "hooks", "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones",
                "notifications", "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags",
                "teams", "trees")}}


def repository(full_name):
    base = f"https://api.github.com/repos/{full_name}"
    return {**minimal_repository(full_name), "clone_url": base, "git_url": base, "ssh_url": base, "svn_url": base,
            "mirror_url": None, "homepage": None, "language": None, "license": None, "default_branch": "main", "size": 1,
            "archived": False, "disabled": False, "created_at": NOW, "updated_at": NOW, "pushed_at": NOW,
            **{name: 0 for name in ("forks", "forks_count", "open_issues", "open_issues_count", "stargazers_count", "watchers",
                                    "watchers_count")},
            **{f"has_{name}": True for name in ("downloads", "issues", "projects", "wiki", "pages")}}


class Request:
    def __init__(self, method, path, query, headers, content):
        self.method, self.path, self.query, self.headers, self.content = method, path, query, headers, content
        self.link = None

    @property
    def json(self):
        try:
            value = json.loads(self.content)
        except ValueError:
            raise refuse(400, "Problems parsing JSON") from None
        if not isinstance(value, dict):
            raise refuse(400, "Body should be a JSON object")
        return value


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def read_content(self):
        length = int(self.headers.get("Content-Length", 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            raise refuse(411, "Length Required")
        return self.rfile.read(length)

    def handle_any(self):
        double = self.server.double
        url = urllib.parse.urlsplit(self.path)
        query = {}
        for name, value in urllib.parse.parse_qsl(url.query, keep_blank_values=True):    # a token's scopes come one by one
            query[name] = f"{query[name]} {value}" if name in query else value
        path = url.path
        for prefix in (API, UPLOADS):
            path = path[len(prefix):] if path.startswith(prefix + "/") else path
        try:
            content = self.read_content()
        except (ConnectionError, OSError):
            content = None
        request = Request(self.command, path, query, self.headers, content or b"")
        double.serve(self, request)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = handle_any

    def reply(self, status, body=b"", headers=None, length=None):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **(headers or {})}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def reset(self):
        """Ends the connection with RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def hang_up(self):
        self.close_connection = True
        try:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def server_bind(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)   # for close_for()
        super().server_bind()

    def handle_error(self, request, client_address):
        pass    # a client that went away


class Double:
    """Serves a State; `faults` maps the number of a request (from 1) to a fault (tests/fault/faults.py)."""

    API = Api

    def __init__(self, state=None, port=0, token=TOKEN):
        self.state = state or State()
        self.api = self.API(self.state)
        self.token = token
        self.log = []           # (method, path, status)
        self.exchanges = []     # for the contract: what came and what went
        self.faults = lambda number, request: None
        self.lock = threading.RLock()
        self.count = 0
        self.listening = threading.Event()
        self.open(port)

    def open(self, port):
        self.server = Server(("127.0.0.1", port), Handler)
        self.server.double = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.005,), daemon=True).start()
        self.listening.set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{API}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def close_for(self, seconds):
        """Refuses connections for a while."""
        with self.lock:
            if not self.listening.is_set():
                return
            self.listening.clear()
        port = self.port
        held = socket.socket()  # bound, not listening: connections are refused, and nobody else ever gets the port
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", port))
        self.close()

        def again():
            time.sleep(seconds)
            self.open(port)
            held.close()
        threading.Thread(target=again, daemon=True).start()

    def fill(self, value):
        """Puts this server's address into the answer."""
        root = f"http://127.0.0.1:{self.port}"
        return json.dumps(value).replace("{api}", root + API).replace("{uploads}", root + UPLOADS).replace("{objects}", root + "/objects")

    def apply(self, request):
        """(status, body text, headers) of a request carried out."""
        if request.path.startswith("/objects/"):
            return 200, self.state.blobs[int(request.path.rsplit("/", 1)[1])], {"Content-Type": "application/octet-stream"}
        try:
            if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
                raise refuse(401, "Bad credentials")
            status, body = self.api.dispatch(request)
            headers = {}
        except Answer as answer:
            status, body, headers = answer.status, answer.body, json.loads(self.fill(answer.headers))
        text = b"" if body is None else self.fill(body).encode()
        if request.link:
            headers["Link"] = json.loads(self.fill(request.link))
        headers.setdefault("X-RateLimit-Remaining", "4999")
        return status, text, headers

    def serve(self, handler, request):
        with self.lock:
            self.count += 1
            number = self.count
            fault = self.faults(number, request)
        if fault and fault(self, handler, request):
            return
        with self.lock:
            status, text, headers = self.apply(request)
            self.note(request, status, text)
        handler.reply(status, text, headers)

    def note(self, request, status, text=b""):
        if request.path.startswith("/objects/"):
            return
        self.log.append((request.method, request.path, status))
        self.exchanges.append({"method": request.method, "path": request.path, "query": request.query, "status": status,
                               "headers": dict(request.headers.items()), "content": request.content, "answer": text})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--repository", default="o/r")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--tag", action="append", default=[], metavar="TAG=SHA")
    parser.add_argument("--dump", metavar="FILE", help="write the state there after every request that changes it")
    options = parser.parse_args()
    state = State(options.repository)
    for pair in options.tag:
        tag, sha = pair.split("=")
        state.refs["refs/tags/" + tag] = ("commit", sha)
    double = Double(state, options.port, options.token)
    print(double.url, flush=True)
    shown = None
    while True:
        time.sleep(0.1)
        with double.lock:
            now = json.dumps({key: value for key, value in vars(state).items() if key not in ("blobs", "sarifs")}, indent=1,
                             default=str)
        if options.dump and now != shown:
            shown = now
            with open(options.dump, "w", encoding="utf-8") as out:
                out.write(now)


if __name__ == "__main__":
    main()
