"""A repository with releases, the registry that has their images, and their releases at GitHub: doubles of both, faulted as
tests/fault/faults.py has it."""
import copy
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "double"), str(TESTS / "fault"), str(TESTS / "cmd")]
import faults  # noqa: E402
import github_double  # noqa: E402
import test_cmd as cmd  # noqa: E402
from harness import quick_sleep  # noqa: E402
from registry_double import INDEX, MANIFEST, PASSWORD, RegistryDouble  # noqa: E402

ARC_CI = cmd.ARC_CI
NOW = datetime.datetime.now(datetime.timezone.utc)
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
GROUP = """groups:
  shop:
    title: Shop
    tag: shop/v*
    registry: [{registries}]
    services: [{services}]
    image-tags: ["{{image-tag}}", "{{major}}", "{{major}}.{{minor}}", latest, "sha-{{sha}}"]
"""
TRAIN = """  data:
    registry: [{registries}]
    services: [services/{last}]
  platform:
    title: The platform
    includes: [shop, data]
    image-tags: ["{{image-tag}}", "{{group}}-latest", "{{group}}-{{major}}"]
"""


def stamp(days):
    """The time so many days ago."""
    return (NOW - datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def attestation_of(repository, image, payload):
    """The manifest of a provenance about an image, as BuildKit stores it; its entry for the index."""
    statement = json.dumps({"_type": "https://in-toto.io/Statement/v0.1", "predicate": payload}).encode()
    layer = {"mediaType": "application/vnd.in-toto+json", "digest": repository.put_blob(statement), "size": len(statement),
             "annotations": {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}}
    config = json.dumps({"architecture": "unknown", "os": "unknown", "of": image["digest"]}).encode()
    entry = repository.put({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [layer],
                            "config": {"mediaType": CONFIG, "digest": repository.put_blob(config), "size": len(config)}})
    return {**entry, "platform": {"os": "unknown", "architecture": "unknown"}, "annotations": {
        "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image["digest"]}}


def image_of(repository, platform, labels, salt="", **config):
    """An image's manifest with its blobs; its entry for the index."""
    system, architecture = platform.split("/")[:2]
    body = json.dumps({"os": system, "architecture": architecture, "config": {"Labels": labels}, "salt": salt, **config}).encode()
    layer = f"layer of {platform} {salt}".encode()
    return {**repository.put({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": {"mediaType": CONFIG, "digest": repository.put_blob(body), "size": len(body)},
        "layers": [{"mediaType": LAYER, "digest": repository.put_blob(layer), "size": len(layer)}]}),
        "platform": {"os": system, "architecture": architecture}}


class World:
    def __init__(self, folder, services="ab", mirror=True, train=False):
        """`train`: the last service is the group data's, and the group platform takes both along."""
        self.folder, self.repo = pathlib.Path(folder), pathlib.Path(folder) / "repo"
        self.registry, self.github = RegistryDouble(), github_double.Double(github_double.State())
        registries = [f"{self.registry.host}/o", f"{self.registry.host}/mirror"][:1 + mirror]
        self.images = [f"{registry.split('/')[1]}/arc-{name}" for registry in registries for name in services]
        values = {"registries": ", ".join(registries), "last": services[-1],
                  "services": ", ".join(f"services/{name}" for name in services[:len(services) - train])}
        files = {".github/arc-ci.yaml": (GROUP + (TRAIN if train else "")).format(**values)}
        for name in services:
            files[f"services/{name}/service.yaml"] = f"name: arc-{name}\ncodename: {name}\n"
            files[f"services/{name}/Dockerfile"] = "FROM scratch\nCOPY . /\n"
        cmd.make_repo(self.repo, [{"write": files}, {"commit": "feat: start"}])
        (self.folder / "home/.docker").mkdir(parents=True)
        (self.folder / "home/.docker/config.json").write_text(json.dumps(self.registry.login()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.registry.close()
        self.github.close()

    def keep(self):
        """What restore() goes back to."""
        self.kept = copy.deepcopy((vars(self.registry.state), vars(self.github.state)))
        shutil.copytree(self.repo, self.folder / "kept", symlinks=True)

    def restore(self, files=True):
        for double, values in zip((self.registry, self.github), copy.deepcopy(self.kept)):
            vars(double.state).update(values)
            double.faults, double.count = faults.none, 0
            double.log.clear()
        if files:
            shutil.rmtree(self.repo)
            shutil.copytree(self.folder / "kept", self.repo, symlinks=True)

    def another(self, folder):
        """The same with servers of its own, from what was kept."""
        other = World.__new__(World)
        other.folder, other.repo, other.images, other.kept = pathlib.Path(folder), pathlib.Path(folder) / "repo", self.images, self.kept
        other.registry, other.github = RegistryDouble(), github_double.Double(github_double.State())
        shutil.copytree(self.folder / "kept", other.repo, symlinks=True)
        config = other.repo / ".github/arc-ci.yaml"
        config.write_text(config.read_text().replace(self.registry.host, other.registry.host))
        for double, values in zip((other.registry, other.github), copy.deepcopy(self.kept)):
            vars(double.state).update(values)
        blobs = other.github.state.blobs    # build.json names the images
        blobs |= {number: content.replace(self.registry.host.encode(), other.registry.host.encode()) for number, content in blobs.items()}
        return other

    def git(self, *words):
        return cmd.git(self.repo, *words)

    def environment(self, **more):
        passed = {name: os.environ[name] for name in cmd.PASSED_ON if name in os.environ}
        env = {**passed, "PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "TMPDIR": str(self.folder), "LD_PRELOAD": quick_sleep(),
               "GITHUB_API_URL": self.github.url, "GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": github_double.TOKEN, **more}
        return {name: value for name, value in env.items() if value is not None}

    def start(self, *words, **env):
        return subprocess.Popen([*cmd.WRAPPER, ARC_CI, *words], cwd=self.repo, env=self.environment(**env), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="replace")

    def run(self, *words, status=0, timeout=120, **env):
        """The finished process; a secret in its output fails here."""
        child = self.start(*words, **env)
        try:
            child.out, child.err = child.communicate(timeout=timeout)
        finally:
            child.kill()
        for secret in (PASSWORD, github_double.TOKEN):
            assert secret not in child.out + child.err
        assert status is None or child.returncode == status, child.out + child.err
        return child

    def document(self, *words, **options):
        return json.loads(self.run(*words, "--json", **options).out)

    def push(self, plan):
        """What a build of the plan leaves: an index of all platforms under every staging tag, in every registry."""
        for service in plan["services"]:
            for image in [service["image"], *service.get("mirrors", [])]:
                repository = self.registry.state.repository(image.split("/", 1)[1])
                images = [image_of(repository, platform, service["labels"], service["service"]) for platform in service["platforms"]]
                notes = [attestation_of(repository, one, {"materials": []}) for one in images]
                repository.put({"schemaVersion": 2, "mediaType": INDEX, "manifests": [*images, *notes], "annotations": {
                    "org.opencontainers.image.version": plan["version"]["version"],
                    "org.opencontainers.image.revision": plan["revision"]}}, service["staging"])

    def prepare(self, version, message="feat: more", group="shop"):
        """Commits, tags, and pushes what a build would have; plan.json and build.json lie beside the repository."""
        tag, train = f"{group}/v{version}", group == "platform"
        (self.repo / "services/a/x").write_text(version)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        self.git("tag", tag)
        self.github.state.refs[f"refs/tags/{tag}"] = ("commit", self.git("rev-parse", "HEAD").strip())
        plan = self.document("plan", tag, *([] if train else ["--push"]))
        (self.folder / "plan.json").write_text(json.dumps(plan))
        if train:
            (self.folder / "build.json").write_text(self.run("build", "--plan=../plan.json", "--json").out)
        else:
            self.push(plan)
        return tag, plan

    def release(self, version, message="feat: more", group="shop", **fields):
        """prepare(), promotes and publishes it; the release at GitHub."""
        tag, plan = self.prepare(version, message, group)
        build = self.run("build", "--promote", "--plan=../plan.json", *(["--build=../build.json"] if group == "platform" else []), "--json").out
        (self.folder / "build.json").write_text(build)
        if group == "platform":
            self.run("release", "--plan=../plan.json", "--build=../build.json")
            return self.github.state.of_tag(tag)[0]
        latest = "true" if plan["version"]["latest"] else "false"
        if latest == "true":
            for other in self.github.state.releases:
                other["_latest"] = "false"
        release = self.github.state.add_release(tag, body=f"Notes of {version}\n", name=f"Shop {version}", **{
            "prerelease": plan["version"]["prerelease"], "_latest": latest, **fields})
        self.github.state.add_asset(release, "build.json", build.encode(), "application/json")
        return release

    def tags(self, image="o/arc-a"):
        """Tag → the version that it names."""
        repository = self.registry.state.repository(image)
        return {tag: repository.document(tag)["annotations"]["org.opencontainers.image.version"] for tag in repository.tags
                if not tag.startswith(("staging-", "sha-"))}

    def floating(self):
        """The floating tags of all images, which must not differ."""
        seen = []
        for image in self.images:
            seen.append({tag: version for tag, version in self.tags(image).items() if not tag.startswith("shop-")})
        assert all(one == seen[0] for one in seen), seen
        return seen[0]

    def latest(self):
        return [release["tag_name"] for release in self.github.state.releases
                if release["_latest"] == "true" and not release["draft"] and not release["prerelease"]]

    def at_github(self, version):
        return self.github.state.of_tag(f"shop/v{version}")[0]


class Packages:
    """A repository of the registry as GitHub's API shows it: a version for each manifest."""

    def __init__(self, github, repository, owner, name, kind):
        self.ids, self.repository, self.times = {}, repository, {}
        path = f"/{kind}/{owner}/packages/container/" + re.escape(name.replace("/", "%2F")) + "/versions"
        github.api.routes += [("GET", re.compile(path + r"\Z"), self.list), ("DELETE", re.compile(path + r"/(\d+)\Z"), self.delete),
                              ("GET", re.compile(path + r"/(\d+)\Z"), self.get)]
        self.admin, self.popular = True, set()
        self.api = github.api

    def version(self, digest):
        number = self.ids.setdefault(digest, 500 + len(self.ids))
        url = f"https://api.github.com/orgs/o/packages/container/x/versions/{number}"
        return {"id": number, "name": digest, "url": url, "package_html_url": url, "html_url": url,
                "created_at": self.times.get(digest, stamp(60)), "updated_at": self.times.get(digest, stamp(60)),
                "metadata": {"package_type": "container", "container": {
                    "tags": [tag for tag, to in self.repository.tags.items() if to == digest]}}}

    def list(self, request):
        return 200, self.api.page(request, [self.version(digest) for digest in self.repository.manifests])

    def find(self, number):
        digest = next((digest for digest, known in self.ids.items() if known == int(number)), None)
        if digest not in self.repository.manifests:
            raise github_double.not_found()
        return digest

    def get(self, request, number):
        return 200, self.version(self.find(number))

    def delete(self, request, number):
        digest = self.find(number)
        if not self.admin:
            raise github_double.not_found()
        if digest in self.popular:
            return 400, {"message": "Publicly visible package versions with more than 5000 downloads cannot be deleted. Contact GitHub support "
                                    "for further assistance.", "documentation_url": "https://docs.github.com/rest/packages/packages", "status": "400"}
        del self.repository.manifests[digest]
        self.repository.tags = {tag: to for tag, to in self.repository.tags.items() if to != digest}
        return 204, None


def on_ghcr(world, kind):
    """(the repository, its packages, the environment)."""
    config = world.repo / ".github/arc-ci.yaml"
    config.write_text(config.read_text().replace(world.registry.host, "ghcr.io"))
    repository = world.registry.state.repository("o/arc-a")
    world.registry.state.delete_manifest, world.registry.state.referrers = False, False
    return repository, Packages(world.github, repository, "o", "arc-a", kind), {
        "GITHUB_TOKEN": github_double.TOKEN, "ARC_CI_INSECURE_REGISTRIES": "http://ghcr.io",
        "http_proxy": f"http://{world.registry.host}", "no_proxy": "127.0.0.1"}
