"""Repositories of many kinds (shapes.yaml): one configuration each, and what must be built and tagged."""
import json
import os
import pathlib
import shutil
import subprocess

import jsonschema
import pytest
import yaml

HERE = pathlib.Path(__file__).parent
ARC_CI = os.environ.get("ARC_CI", str(HERE.parent.parent / "build/arc-ci"))
SHAPES = yaml.safe_load((HERE / "shapes.yaml").read_text())
SCHEMAS = {name: json.loads((HERE.parent.parent / "docs/schema" / name).read_text()) for name in ("plan.schema.json", "version.schema.json")}
VALIDATOR = jsonschema.Draft202012Validator(
    SCHEMAS["plan.schema.json"], resolver=jsonschema.RefResolver(base_uri="", referrer=SCHEMAS["plan.schema.json"], store=SCHEMAS))
CONFIG_LINES_MAX = 25
WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
       "GIT_AUTHOR_DATE": "@1771840800 +0000", "GIT_COMMITTER_DATE": "@1771840800 +0000", "GIT_CONFIG_GLOBAL": "/dev/null"}
ENV = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GIT_", "INPUT_", "CI"))} | WHO


def git(repo, *args):
    return subprocess.run(["git", "-C", repo, *args], env=ENV, check=True, capture_output=True, text=True).stdout.strip()


def commit(repo, files):
    for name, text in files.items():
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "x")
    return git(repo, "rev-parse", "HEAD")


def make(shape, repo):
    git(repo, "init", "-qb", "main")
    commits = [commit(repo, {**shape["files"], ".github/arc-ci.yaml": shape["config"]})]
    commits += [commit(repo, files) for files in shape.get("then", [])]
    for tag, at in shape.get("tags", {}).items():
        git(repo, "tag", str(tag), commits[at])


def arc(repo, *args, stdin=None, env={}):
    run = subprocess.run([ARC_CI, *args], cwd=repo, env=ENV | env, input=stdin, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, f"arc-ci {' '.join(args)}: {run.stderr}"
    return run.stdout


def plans(repo, wanted):
    """plan.json and the definition for bake."""
    args, changes, env = [], None, {}
    if "branch" in wanted:
        env = {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": f"refs/heads/{wanted['branch']}", "GITHUB_SHA": git(repo, "rev-parse", "HEAD")}
    if "tag" in wanted:
        args = [str(wanted["tag"])]
    else:
        changes = arc(repo, "changes", "--json", "--base", git(repo, "rev-parse", wanted["since"].replace("HEAD", "main")))
        args = ["--changes", "-"] + (["--push"] if wanted.get("push") else [])
    args += ["--group", wanted["group"]] if "group" in wanted else []
    plan = json.loads(arc(repo, "plan", "--json", *args, stdin=changes, env=env))
    VALIDATOR.validate(plan)
    return plan, json.loads(arc(repo, "plan", "--bake", *args, stdin=changes, env=env))


def require(what):
    """The plugin of docker that reads a shape's file."""
    there = what is None or (shutil.which("docker") and subprocess.run(["docker", what, "version"], capture_output=True).returncode == 0)
    if not there:
        pytest.skip(f"no docker {what}, which reads the file")


def has(part, whole):
    """Whether all that is said is there: members of mappings, items of lists."""
    if isinstance(part, dict):
        return all(name in whole and has(value, whole[name]) for name, value in part.items())
    return all(item in whole for item in part) if isinstance(part, list) else part == whole


def moves(plan):
    return {tag.get("ref") or f"{service['image']}:{tag['tag']}" for service in plan["services"] if service["selected"]
            for tag in service["tags"] if tag["move"]}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["name"])
def test_shape(shape, tmp_path):
    assert len(shape["config"].splitlines()) <= CONFIG_LINES_MAX
    require(shape.get("needs"))
    make(shape, tmp_path)
    for wanted in shape["plans"]:
        git(tmp_path, "checkout", "-q", "--detach", str(wanted.get("tag", wanted.get("at", "main"))).replace("HEAD", "main"))
        plan, definition = plans(tmp_path, wanted)
        targets = definition["target"]
        assert set(targets) == set(wanted["targets"]), wanted
        for name, expected in wanted["targets"].items():
            found = {**targets[name], "args": {key: value for key, value in targets[name]["args"].items() if key != "SOURCE_DATE_EPOCH"},
                     "contexts": targets[name].get("contexts", {})}
            assert has(expected.pop("said", {}), found), (name, wanted)
            assert {key: found.get(key) for key in expected} == expected, (name, wanted)
        if "moves" in wanted:
            head = git(tmp_path, "rev-parse", "HEAD")
            assert moves(plan) == {name.replace("{sha7}", head[:7]) for name in wanted["moves"]}, wanted
        assert len({(cell["service"], cell["platform"]) for cell in plan["cells"]}) == len(plan["cells"])


COMPOSE = "groups: {a: {tag: 'v{version}', compose: compose.yaml}}\n"


@pytest.mark.parametrize("config, file, said", [
    (COMPOSE, "services: {a: {image: x/y}}", "no service of compose.yaml has both 'build' and 'image'; 'registry' in the group gives it one"),
    ("groups: {a: {registry: r.example/o, compose: compose.yaml}}", "services: {a: {image: x/y}}", "no service of compose.yaml has 'build'\n"),
    ("groups: {a: {compose: {files: compose.yaml, variables: {X: '{version}'}}}}", "services: {a: {image: '${X:-}', build: .}}",
     "without a release its variables keep the file's defaults"),
    (COMPOSE, "services: {a: {image: x/y, build: {context: ../..}}}", "leads out of the repository"),
    (COMPOSE, "services: {a: {image: x/y, build: {context: ., x-bake: {platforms: [linux/arm64]}}}}", "name the file under 'bake'"),
    (COMPOSE, "services: {a: {image: x/y, build: {context: ., privileged: true}}}", "'build.privileged' of a compose file is not supported"),
    (COMPOSE, "services: {a: {image: x/y, build: {context: ., secrets: [s]}}}\nsecrets: {s: {file: /etc/passwd}}", "outside of the repository"),
    (COMPOSE, "services: {a: {image: x/y, build: {context: ., secrets: [{source: s, target: 'src=ok'}]}}}\nsecrets: {s: {file: /etc/passwd}}",
     "outside of the repository"),
    (COMPOSE, "include: ['oci://x.example/y:1']\nservices: {a: {image: x/a, build: .}}", "x.example/y:1 is not a file of the repository"),
    (COMPOSE, "services: {a: {image: x/a, build: {context: ., additional_contexts: {b: 'service:b'}}},"
     " b: {build: {context: ., additional_contexts: {a: 'service:a'}}}}", "starts from it in turn"),
    (COMPOSE, "services: {a: {image: x/a, build: {context: ., platforms: [linux/amd63]}}}", "did you mean 'amd64'"),
    (COMPOSE, "include: [../o.yaml]\nservices: {}", "'../o.yaml' leads out of the repository"),
    (COMPOSE, "include: [{path: Dockerfile, env_file: [/etc/passwd]}]\nservices: {}", "'/etc/passwd' leads out of the repository"),
    (COMPOSE, "include: [folder/o.yaml]\nservices: {}", "'folder/o.yaml' leads out of the repository"),
    (COMPOSE, "include: ['${X}/o.yaml']\nservices: {}", "which file '${X}/o.yaml' means is not known"),
    (COMPOSE, "include: [{path: Dockerfile, project_directory: '${X}'}]\nservices: {}", "which file '${X}' means is not known"),
    (COMPOSE, "include: [{path: Dockerfile, project_directory: '${X:-/etc}'}]\nservices: {}", "which file '${X:-/etc}' means is not known"),
    (COMPOSE, "include: [{path: Dockerfile, env_file: 'a://../../x'}]\nservices: {}", "'a://../../x' leads out of the repository"),
    (COMPOSE, "services: {a: {image: x/y, build: ., env_file: 'a:/../../x'}}", "'a:/../../x' leads out of the repository"),
    (COMPOSE, "services: {}\n---\nservices: {a: {image: x/y, build: ., env_file: /etc/passwd}}", "a second document starts here"),
    (COMPOSE, "services: {a: {image: x/y, build: ., env_file: /etc/passwd}}", "'/etc/passwd' leads out of the repository"),
    (COMPOSE, "services: {a: {image: x/y, build: ., env_file: [{path: link}]}}", "'link' leads out of the repository"),
    (COMPOSE, "services: {a: {extends: {file: ../c.yaml, service: b}}}", "'../c.yaml' leads out of the repository"),
    ("groups: {a: {compose: link}}", "services: {}", "link leads out of the repository"),
    ("groups: {a: {bake: compose.yaml}}", "services: {a: {image: x/y, build: ., env_file: ../x}}", "'../x' leads out of the repository"),
    ("groups: {a: {bake: described}}", "services: {a: {image: x/y, build: ., env_file: ../x}}", "'../x' leads out of the repository"),
    ("groups: {a: {compose: {files: compose.yaml, services: '--output=owned'}}}", "services: {}", "is not a name of a target"),
    ("groups: {a: {compose: compose.yaml, bake: x.hcl}}", "services: {}", "exclude one another"),
    ("groups: {a: {compose: compose.yaml, services: [a]}}", "services: {}", "leave 'services' out"),
    ("groups: {a: {compose: {files: compose.yaml, services: [a, b]}}}", "services: {a: {image: x/y, build: .}, b: {image: x/b}}",
     ".github/arc-ci.yaml:1: group a: the service 'b', which 'services' names, has no 'build'"),
    ("groups: {a: {compose: {files: compose.yaml, services: [a, b]}}}", "services: {a: {image: x/y, build: .}, b: {build: .}}",
     "group a: 'b', which 'services' names, makes no image with a name"),
    ("groups: {a: {bake: {files: compose.yaml, targets: [a, b]}}}", "services: {a: {image: x/y, build: .}, b: {build: .}}",
     "group a: 'b', which 'targets' names, makes no image with a name"),
])
def test_what_a_compose_file_cannot_say(tmp_path, config, file, said):
    require("compose")
    make({"config": config, "files": {"compose.yaml": file + "\n", "described": file + "\n", "Dockerfile": "FROM scratch\n"}}, tmp_path)
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc")
    run = subprocess.run([ARC_CI, "plan"], cwd=tmp_path, env=ENV, capture_output=True, text=True, timeout=60)
    assert run.returncode == 2 and said in run.stderr, run.stderr
    assert not (tmp_path / "owned").exists()


def test_a_bake_file_that_a_newer_buildx_may_know(tmp_path):
    require("buildx")
    make({"config": "groups: {a: {bake: docker-bake.hcl}}\n", "files": {"docker-bake.hcl": 'variable "x" {\n  later = 1\n}\n'}}, tmp_path)
    run = subprocess.run([ARC_CI, "plan"], cwd=tmp_path, env=ENV, capture_output=True, text=True, timeout=60)
    assert run.returncode == 2 and "Unsupported argument" in run.stderr and "a newer buildx may know it" in run.stderr, run.stderr


@pytest.mark.parametrize("asked, services", [("worker", ["worker"]), ("[worker, web]", ["web"]), ("app", ["app"])])
def test_a_service_that_is_asked_for_without_its_twin(tmp_path, asked, services):
    """Compose prints what a service depends on, too; that is no reason to take another's name."""
    require("compose")
    files = {"compose.yaml": "x-web: &web {image: x/web, build: .}\nservices: {web: *web, worker: {<<: *web, depends_on: [web]},"
                             " app: {image: x/app, build: {context: ., additional_contexts: {web: 'service:web'}}, depends_on: [worker]}}\n",
             "Dockerfile": "FROM scratch\n"}
    make({"config": f"groups: {{a: {{compose: {{files: compose.yaml, services: {asked}}}}}}}\n", "files": files}, tmp_path)
    plan = json.loads(arc(tmp_path, "plan", "--json"))
    assert [service["service"] for service in plan["services"] if service["selected"]] == services


@pytest.mark.parametrize("secret, refused", [
    ("id=x,src=/etc/passwd", True), ("id=x,SRC=/etc/passwd", True), ("id=src=ok,src=/etc/passwd", True), ("id=/etc/passwd", True),
    ("id=x,src=link", True), ("id=folder/x", True),
    ("type=file,id=x,source=../../../../../../../etc/passwd", True), ("id=/etc/passwd,env=", True),
    ("id=/run/secrets/x,env=OK", False), ("id=x,src=Dockerfile", False), ("id=Dockerfile", False),
])
def test_a_secret_of_a_bake_file_is_no_file_of_the_machine(tmp_path, secret, refused):
    require("buildx")
    target = {"context": ".", "tags": ["localhost:1/o/a:1"], "secret": [secret]}
    make({"config": "groups: {a: {bake: docker-bake.json}}\n",
          "files": {"docker-bake.json": json.dumps({"target": {"default": target}}), "Dockerfile": "FROM scratch\n"}}, tmp_path)
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc")
    run = subprocess.run([ARC_CI, "plan"], cwd=tmp_path, env=ENV, capture_output=True, text=True, timeout=60)
    assert run.returncode == (2 if refused else 0), run.stderr
    assert not refused or "outside of the repository" in run.stderr or "failed to stat" in run.stderr, run.stderr


def printed(tmp_path, check=":", environment={}, options=(), **members):
    """A plan of a target that buildx prints with these members; its definition, or what went wrong. `check` is run before."""
    make({"config": "groups: {a: {bake: docker-bake.json}}\n",
          "files": {"docker-bake.json": "{}", "Dockerfile": "FROM scratch\n", "key": "x"}}, tmp_path)
    target = {"context": ".", "dockerfile": "Dockerfile", "tags": ["localhost:1/o/a:1"], **members}
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(f"#!/bin/sh\n{check}\ncat <<'END'\n{json.dumps({'target': {'default': target}})}\nEND\n")
    (tmp_path / "bin/docker").chmod(0o755)
    run = subprocess.run([ARC_CI, "plan", "--bake", *options], cwd=tmp_path, env={**ENV, "PATH": f"{tmp_path}/bin:{ENV['PATH']}"} | environment,
                         capture_output=True, text=True, timeout=60)
    return run.stderr if run.returncode else next(iter(json.loads(run.stdout)["target"].values()))


def test_several_platforms_in_one_text(tmp_path):
    """`platforms = [PLATFORMS]`, whose value is a list for a command line: buildx splits it when it builds, not when it prints."""
    assert printed(tmp_path, platforms=["linux/amd64,linux/arm64/v8", "linux/amd64"])["platforms"] == ["linux/amd64", "linux/arm64"]


def test_what_buildx_prints_as_objects(tmp_path):
    """Since 0.20; before, the texts that are wanted here."""
    target = printed(tmp_path, secret=[{"id": "TOKEN"}, {"id": "t", "env": "X"}, {"id": "f", "src": "key"}],
                     ssh=[{"id": "default"}, {"id": "k", "paths": ["key"]}, {"id": "l", "paths": ["key", "other"]}],
                     attest=[{"type": "provenance", "disabled": True}, {"type": "sbom", "generator": "x"}], options=["--push"],
                     **{"cache-from": [{"type": "registry", "ref": "localhost:1/o/a:cache"}]})
    assert target["secret"] == ["id=TOKEN", "id=t,env=X", "id=f,src=key"]
    assert target["ssh"] == ["default", "k=key", "l=key,other"]
    assert target["attest"] == ["type=provenance,disabled=true", "type=sbom,generator=x"]
    assert target["cache-from"] == ["type=registry,ref=localhost:1/o/a:cache"]


@pytest.mark.parametrize("said, wanted", [("true", "disabled=true"), ("1", "disabled=true"), ("T", "disabled=true"), ("false", "mode=min"), ("0", "mode=min")])
def test_an_attestation_that_is_off_in_any_spelling(tmp_path, said, wanted):
    """Those of Go's strconv.ParseBool, as buildx before 0.20 prints them."""
    target = printed(tmp_path, attest=[f"type=provenance,mode=min,disabled={said}"], options=["--push"])
    assert target["attest"] == [f"type=provenance,{wanted}"]


@pytest.mark.parametrize("version, found", [
    ("1.1.9", {"1": False, "v1.1": True, "1.1-slim": True, "slim-1": False, "py3.1": True, "1.10": True, "11": True, "1.1.9": True}),
    ("1.3.0", {"1": True, "1.3": True, "1.3-slim": True}),
    ("1.3.0-rc.1", {"1": False, "v1.3": False, "1.3.0-rc.1": True, "rc": True}),
    ("2.0.0", {"2": True, "1": True}),  # not the version's own line
])
def test_tags_of_a_line_move_only_up(tmp_path, version, found):
    """A bake file gets {major} and {minor} as variables, and prints no placeholders."""
    printed(tmp_path, tags=[f"localhost:1/o/a:{tag}" for tag in found])
    git(tmp_path, "tag", "a/v1.2.0")
    plan = json.loads(arc(tmp_path, "plan", f"a/v{version}", "--json", env={"PATH": f"{tmp_path}/bin:{ENV['PATH']}"}))
    assert {tag["tag"]: tag["move"] for tag in plan["services"][0]["tags"]} == found


@pytest.mark.parametrize("context, refused", [("w", True), (".", False)])
def test_a_codename_is_that_of_what_a_bake_file_only_links(tmp_path, context, refused):
    """A change of the base was none of the image's, since another group's service had the base's filter."""
    printed(tmp_path)
    targets = {"app": {"context": ".", "dockerfile": "Dockerfile", "tags": ["localhost:1/o/app:1"], "contexts": {"b": "target:base"}},
               "base": {"context": ".", "dockerfile": "Dockerfile"}}
    (tmp_path / "bin/docker").write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps({'target': targets})}\nEND\n")
    commit(tmp_path, {".github/arc-ci.yaml": f"groups:\n  w: {{registry: localhost:1/o, services: [{{codename: base, build: {context}}}]}}\n"
                      "  a: {bake: docker-bake.json}\n", "w/Dockerfile": "FROM scratch\n"})
    run = subprocess.run([ARC_CI, "changes"], cwd=tmp_path, env={**ENV, "PATH": f"{tmp_path}/bin:{ENV['PATH']}"}, capture_output=True, text=True)
    assert run.returncode == (2 if refused else 0), run.stderr
    assert not refused or ".github/arc-ci.yaml:3: the codename 'base' in docker-bake.json belongs to group 'w' already (line 2)" in run.stderr


def test_what_is_only_linked_is_not_pushed_because_its_base_is_built(tmp_path):
    """It has no tag, and would have gone to docker.io/library."""
    printed(tmp_path)
    target = {"context": ".", "dockerfile": "Dockerfile"}
    targets = {"app": {**target, "tags": ["localhost:1/o/app:1"], "contexts": {"m": "target:mid"}},
               "base": {**target, "context": "base", "tags": ["localhost:1/o/base:1"]}, "mid": {"context": "mid", "dockerfile": "Dockerfile"}}
    (tmp_path / "bin/docker").write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps({'target': targets})}\nEND\n")
    commit(tmp_path, {"mid/Dockerfile": "FROM localhost:1/o/base:1\n", "base/Dockerfile": "FROM scratch\nCOPY x /\n", "base/x": "1\n"})
    commit(tmp_path, {"base/x": "2\n"})
    env = {"PATH": f"{tmp_path}/bin:{ENV['PATH']}"}
    changes = arc(tmp_path, "changes", "--base", "HEAD~1", "--json", env=env)
    definition = json.loads(arc(tmp_path, "plan", "--push", "--bake", "--changes", "-", stdin=changes, env=env))
    assert definition["group"]["default"]["targets"] == ["app", "base"]
    assert definition["target"]["mid"]["contexts"] == {"localhost:1/o/base:1": "target:base"}
    assert definition["target"]["mid"]["output"] == ["type=cacheonly"]


def test_what_is_only_linked_has_no_image(tmp_path):
    """prune looked for it at Docker Hub, and a train of its group found no release of it."""
    printed(tmp_path)
    target = {"context": ".", "dockerfile": "Dockerfile"}
    targets = {"app": {**target, "tags": ["localhost:1/o/app:1.0.0"], "contexts": {"m": "target:mid"}}, "mid": target}
    (tmp_path / "bin/docker").write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps({'target': targets})}\nEND\n")
    commit(tmp_path, {".github/arc-ci.yaml": "groups: {a: {bake: docker-bake.json, image-tags: ['{version}']}, t: {includes: [a]}}\n"})
    git(tmp_path, "tag", "a/v1.0.0")
    env = {"PATH": f"{tmp_path}/bin:{ENV['PATH']}"}
    assert [service["service"] for service in json.loads(arc(tmp_path, "plan", "t/v1.0.0", "--json", env=env))["services"]] == ["app"]
    run = subprocess.run([ARC_CI, "prune", "--json"], cwd=tmp_path, env={**ENV, **env}, capture_output=True, text=True)
    assert [image["image"] for image in json.loads(run.stdout)["images"]] == ["localhost:1/o/app"]
    (tmp_path / ".github/arc-ci.yaml").write_text("groups: {a: {bake: docker-bake.json, tag: '{codename}-v{version}'}}\n")
    for service, status in ("app", 0), ("mid", 2):
        run = subprocess.run([ARC_CI, "plan", "--push=false", f"{service}-v1.0.0"], cwd=tmp_path, env={**ENV, **env}, capture_output=True, text=True)
        assert run.returncode == status, run.stderr


def test_two_targets_with_one_codename(tmp_path):
    """The image was built on the other one of them, which has a tag."""
    printed(tmp_path)
    target = {"context": ".", "dockerfile": "Dockerfile"}
    targets = {"a_b": {**target, "tags": ["localhost:1/o/a:1"]}, "a-b": target, "c": {**target, "tags": ["localhost:1/o/c:1"], "contexts": {"b": "target:a-b"}}}
    (tmp_path / "bin/docker").write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps({'target': targets})}\nEND\n")
    run = subprocess.run([ARC_CI, "plan"], cwd=tmp_path, env={**ENV, "PATH": f"{tmp_path}/bin:{ENV['PATH']}"}, capture_output=True, text=True)
    assert run.returncode == 2 and "the targets 'a_b' and 'a-b' have one codename, 'a-b', by which filters and jobs are named" in run.stderr, run.stderr


@pytest.mark.parametrize("said, built", [("", ["amd64", "arm64"]), (", platforms: {ci: linux/arm64}", ["arm64"]), (", platforms: {ci: linux/s390x}", ["amd64", "arm64"]),
                                         (", platforms: {release: linux/amd64}", ["amd64", "arm64"])])
def test_what_a_run_without_a_release_builds_of_a_bake_file_s_platforms(tmp_path, said, built):
    printed(tmp_path, platforms=["linux/amd64", "linux/arm64"])
    commit(tmp_path, {".github/arc-ci.yaml": f"groups: {{a: {{bake: docker-bake.json{said}}}}}\n"})
    env = {"PATH": f"{tmp_path}/bin:{ENV['PATH']}"}
    for tag, wanted in ((), built), (("a/v1.0.0",), ["amd64", "arm64"]):
        plan = json.loads(arc(tmp_path, "plan", *tag, "--json", env=env))
        assert plan["services"][0]["platforms"] == [f"linux/{name}" for name in wanted]


def test_the_tag_of_a_version_with_build_metadata(tmp_path):
    printed(tmp_path, tags=["localhost:1/o/a:a-v1.3.0-k3s1", "localhost:1/o/a:1.3.0+k3s1-slim", "localhost:1/o/a:x"])
    plan = json.loads(arc(tmp_path, "plan", "a/v1.3.0+k3s1", "--json", env={"PATH": f"{tmp_path}/bin:{ENV['PATH']}"}))
    assert {tag["tag"]: tag["kind"] for tag in plan["services"][0]["tags"]} == {"a-v1.3.0-k3s1": "version", "1.3.0-k3s1-slim": "version", "x": "moving"}


def test_what_docker_says_has_no_placeholders(tmp_path):
    """Only the group's own section has, which goes on top."""
    printed(tmp_path, args={"FORMAT": "{time} {name}", "B": "{branch}"}, labels={"a": "{sha}", "b": ""})
    commit(tmp_path, {".github/arc-ci.yaml": "groups: {a: {bake: docker-bake.json, build: {args: {G: '{name}'}}}}\n", "Dockerfile": "FROM scratch\nARG FORMAT B G\n"})
    env = {"PATH": f"{tmp_path}/bin:{ENV['PATH']}"}
    service = json.loads(arc(tmp_path, "plan", "--json", env=env))["services"][0]
    assert service["build-args"] == {"FORMAT": "{time} {name}", "B": "{branch}", "G": "a"}
    assert service["labels"]["a"] == "{sha}" and service["labels"]["b"] == ""
    printed_tags = (tmp_path / "bin/docker").read_text().replace("/a:1", "/a:{verison}")
    (tmp_path / "bin/docker").write_text(printed_tags)
    run = subprocess.run([ARC_CI, "plan"], cwd=tmp_path, env={**ENV, **env}, capture_output=True, text=True)
    assert run.returncode == 2 and "'localhost:1/o/a:{verison}' cannot be the name of an image that is built: no name has a '{'" in run.stderr


def test_the_values_of_docker_s_variables(tmp_path):
    """A word that is none of ours stays as it is; a name that is in no file is a slip."""
    printed(tmp_path, check="printenv >seen")
    commit(tmp_path, {".github/arc-ci.yaml": "groups: {a: {bake: {files: docker-bake.json, variables: {JSON: '{\"a\": 1}', W: '{verison}', NONE: '{version}', VERSON: x}}}}\n",
                      "docker-bake.json": '{"variable": {"JSON": {}, "W": {}, "NONE": {}}}\n'})
    run = subprocess.run([ARC_CI, "plan"], cwd=tmp_path, env={**ENV, "PATH": f"{tmp_path}/bin:{ENV['PATH']}"}, capture_output=True, text=True)
    assert run.returncode == 0 and [line for line in run.stderr.splitlines() if "variables" in line] == [
        "warning: variables: neither docker-bake.json nor what it reads names 'VERSON'"], run.stderr
    seen = (tmp_path / "seen").read_text().splitlines()
    assert {'JSON={"a": 1}', "W={verison}", "VERSON=x"} <= set(seen) and not [line for line in seen if line.startswith("NONE")]


@pytest.mark.parametrize("other, refused", [("default", True), ("else", False)])
def test_a_codename_belongs_to_one_group(tmp_path, other, refused):
    """Or changes of one of the two would be those of neither."""
    printed(tmp_path)
    commit(tmp_path, {".github/arc-ci.yaml": f"groups:\n  w: {{registry: localhost:1/o, services: [{{codename: {other}, build: w}}]}}\n"
                      "  a: {bake: docker-bake.json}\n", "w/Dockerfile": "FROM scratch\n"})
    run = subprocess.run([ARC_CI, "changes"], cwd=tmp_path, env={**ENV, "PATH": f"{tmp_path}/bin:{ENV['PATH']}"}, capture_output=True, text=True)
    assert run.returncode == (2 if refused else 0), run.stderr
    assert not refused or ".github/arc-ci.yaml:3: the codename 'default' in docker-bake.json belongs to group 'w' already (line 2)" in run.stderr


@pytest.mark.parametrize("image, tags, clash", [("o/a", "", None), ("o/a", ", image-tags: ['1', latest]", "1"), ("o/b", ", image-tags: ['1']", None)])
def test_a_name_of_an_image_belongs_to_one_group(tmp_path, image, tags, clash):
    printed(tmp_path)
    commit(tmp_path, {".github/arc-ci.yaml": f"groups:\n  w: {{registry: localhost:1, image: 'localhost:1/{image}', services: [{{codename: w, build: w}}]{tags}}}\n"
                      "  a: {bake: docker-bake.json}\n", "w/Dockerfile": "FROM scratch\n"})
    run = subprocess.run([ARC_CI, "plan", "--group=a"], cwd=tmp_path, env={**ENV, "PATH": f"{tmp_path}/bin:{ENV['PATH']}"}, capture_output=True, text=True)
    assert run.returncode == (2 if clash else 0), run.stderr
    assert not clash or f".github/arc-ci.yaml:3: the image 'localhost:1/o/a:{clash}' in docker-bake.json belongs to group 'w' already (line 2)" in run.stderr


@pytest.mark.parametrize("train, clash", [("latest", False), ("'1'", True), ("'2'", True), ("'{image-tag}'", False)])
def test_a_train_that_gives_an_image_of_a_bake_file_its_name(tmp_path, train, clash):
    printed(tmp_path)
    commit(tmp_path, {".github/arc-ci.yaml": f"groups:\n  t: {{includes: [a], image-tags: [{train}]}}\n  a: {{bake: docker-bake.json, image-tags: ['2']}}\n"})
    run = subprocess.run([ARC_CI, "changes"], cwd=tmp_path, env={**ENV, "PATH": f"{tmp_path}/bin:{ENV['PATH']}"}, capture_output=True, text=True)
    assert run.returncode == (2 if clash else 0), run.stderr
    assert not clash or f".github/arc-ci.yaml:2: includes: 'a' gives its images the name {train}, too" in run.stderr


@pytest.mark.parametrize("base, codename", [("_base", "t-base"), ("3scale", "t-3scale"), ("Base_X", "base-x")])
def test_a_target_whose_name_is_no_codename(tmp_path, base, codename):
    """A leading underscore is usual for what others start from, and nobody can give a target another name."""
    printed(tmp_path)
    targets = {"app": {"context": ".", "dockerfile": "Dockerfile", "tags": ["localhost:1/o/app:1"], "contexts": {"b": f"target:{base}"}},
               base: {"context": ".", "dockerfile": "Dockerfile"}}
    (tmp_path / "bin/docker").write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps({'target': targets})}\nEND\n")
    bake = json.loads(arc(tmp_path, "plan", "--bake", env={"PATH": f"{tmp_path}/bin:{ENV['PATH']}"}))
    assert sorted(bake["target"]) == ["app", codename] and bake["target"]["app"]["contexts"] == {"b": f"target:{codename}"}


@pytest.mark.parametrize("tag", ["1.2.0", "v1", "1.2-x", "edge"])
def test_a_base_of_the_same_release_is_known_by_what_buildx_prints(tmp_path, tag):
    assert "contexts" not in printed(tmp_path)
    targets = {name: {"context": ".", "dockerfile": f"{name}.Dockerfile", "tags": [f"localhost:1/o/{name}:{tag}"]} for name in ("app", "base")}
    (tmp_path / "bin/docker").write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps({'target': targets})}\nEND\n")
    commit(tmp_path, {"app.Dockerfile": f"FROM localhost:1/o/base:{tag}\n", "base.Dockerfile": "FROM scratch\n"})
    bake = json.loads(arc(tmp_path, "plan", "a/v1.2.0", "--bake", env={"PATH": f"{tmp_path}/bin:{ENV['PATH']}"}))
    assert bake["target"]["app"]["contexts"] == {f"localhost:1/o/base:{tag}": "target:base"}


def test_what_buildx_prints_escaped(tmp_path):
    """Since 0.23 what --print says can be read as a bake file again; so can our definition, escaped once, not twice."""
    target = printed(tmp_path, args={"A": "$${B} $1", "P": "100%%{x}", "D": "$$${E}"}, labels={"l": "$${Q}"},
                     **{"dockerfile-inline": "FROM scratch\nARG X=f\nCOPY $${X} /\n"})
    assert (target["args"]["A"], target["args"]["P"], target["args"]["D"]) == ("$${B} $1", "100%%{x}", "$$${E}")
    assert target["labels"]["l"] == "$${Q}"
    assert target["dockerfile-inline"] == "FROM scratch\nARG X=f\nCOPY $${X} /\n"


def test_ssh_needs_no_agent_to_plan(tmp_path):
    """buildx prints no target with `ssh` unless SSH_AUTH_SOCK leads to a socket; nobody's agent is shown to it."""
    temporary, seen = tmp_path / "temporary", tmp_path / "seen"
    temporary.mkdir()
    assert printed(tmp_path, check=f'echo "$SSH_AUTH_SOCK" >{seen}; [ -S "$SSH_AUTH_SOCK" ] || exit 1', ssh=["default"],
                   environment={"TMPDIR": str(temporary), "SSH_AUTH_SOCK": "/nowhere"})["ssh"] == ["default"]
    assert seen.read_text().startswith(str(temporary))
    assert not list(temporary.iterdir())
    long = temporary / ("x" * 100)
    long.mkdir()
    (tmp_path / "bin/docker").write_text("#!/bin/sh\necho \"ERROR: SSH_AUTH_SOCK='$SSH_AUTH_SOCK'\" >&2; exit 1\n")
    run = subprocess.run([ARC_CI, "plan"], cwd=tmp_path, env={**ENV, "PATH": f"{tmp_path}/bin:{ENV['PATH']}", "TMPDIR": str(long)},
                         capture_output=True, text=True, timeout=60)
    assert run.returncode == 2 and "refuses docker-bake.json: SSH_AUTH_SOCK=''" in run.stderr, run.stderr
    assert not list(long.iterdir())


@pytest.mark.parametrize("version", ["new", "old", "none"])
def test_a_missing_env_file_of_containers(version, tmp_path):
    """`docker compose build` does without it, `config` does not: that is asked again, with a file that resets it (`!reset` is of 2.24)."""
    make({"config": "groups: {g: {compose: {files: [c.yaml], profiles: p, services: [web]}}}\n",
          "files": {"c.yaml": "services: {web: {image: localhost:1/o/web, build: ., env_file: x.env}}\n", "Dockerfile": "FROM scratch\n"}}, tmp_path)
    (tmp_path / "bin").mkdir()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    (tmp_path / "bin/docker").write_text(f"""#!/bin/sh
case "$*" in
"compose --file c.yaml --profile * config --services") [ {version} = none ] && exit 1; echo web; echo db ;;
"compose --file c.yaml --profile p config web") echo "env file $PWD/x.env not found: stat $PWD/x.env: no such file or directory" >&2; exit 1 ;;
"compose --file c.yaml --file {temporary}/"*"/without-env.yaml --profile p config web") [ {version} = old ] && {{ echo "unknown tag" >&2; exit 1; }}
  printf 'services:\\n  "web": {{env_file: !reset []}}\\n  "db": {{env_file: !reset []}}\\n' | cmp - "$5" >&2 || exit 1
  echo "services: {{web: {{image: localhost:1/o/web, build: {{context: $PWD, dockerfile: Dockerfile}}}}}}" ;;
*) echo "what? $*" >&2; exit 1 ;;
esac
""")
    (tmp_path / "bin/docker").chmod(0o755)
    run = subprocess.run([ARC_CI, "plan", "--json"], cwd=tmp_path, env={**ENV, "PATH": f"{tmp_path}/bin:{ENV['PATH']}", "TMPDIR": str(temporary)},
                         capture_output=True, text=True, timeout=60)
    if version == "new":
        assert [service["service"] for service in json.loads(run.stdout)["services"]] == ["web"], run.stderr
    else:
        assert run.returncode == 2 and "refuses c.yaml: env file" in run.stderr, run.stderr
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("said, hint", [
    ("ERROR: failed to stat token.txt: stat token.txt: no such file or directory", "(env=NAME)"),
    ("required variable S is missing a value: need", "give the variable a default in the file, or a value under 'variables': {version} has no value outside of a release"),
    ("The expression result is null. Cannot include a null value in a string template", "or a value under 'variables': {version} has no value outside of a release"), ("ERROR: no", "refuses docker-bake.json: no")])
def test_what_a_job_that_plans_lacks(said, hint, tmp_path):
    assert printed(tmp_path, check=f"echo '{said}' >&2; exit 1").rstrip().endswith(hint)


@pytest.mark.parametrize("target", [
    {"call": "check", "tags": ["localhost:1/o/b:1"]}, {"call": "outline"}, {"output": ["./docker"]}, {"output": ["dest=image,type=local"]},
    {"output": [{"type": "local", "dest": "image"}]}, {"output": ["type=cacheonly"]}], ids=str)
def test_what_makes_no_image(target, tmp_path):
    """Though it is in the default group, and the group's registry would name it."""
    assert named(tmp_path, target) == ["a"]


@pytest.mark.parametrize("target", [{"call": "build"}, {"output": ["type=image,push=true"]}, {"output": [{"type": "registry"}]},
                                    {"output": ["./out"], "tags": ["localhost:1/o/b:1"]}], ids=str)
def test_what_makes_one(target, tmp_path):
    assert named(tmp_path, target) == ["a", "b"]


def named(tmp_path, target):
    """The services of a bake file with a target `a` that has a tag, and this one."""
    make({"config": "groups: {g: {bake: docker-bake.json, registry: localhost:1/o}}\n", "files": {"docker-bake.json": "{}", "Dockerfile": "FROM scratch\n"}}, tmp_path)
    targets = {"a": {"context": ".", "dockerfile": "Dockerfile", "tags": ["localhost:1/o/a:1"]}, "b": {"context": ".", "dockerfile": "Dockerfile", **target}}
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps({'target': targets})}\nEND\n")
    (tmp_path / "bin/docker").chmod(0o755)
    run = subprocess.run([ARC_CI, "plan", "--json"], cwd=tmp_path, env={**ENV, "PATH": f"{tmp_path}/bin:{ENV['PATH']}"},
                         capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return [service["service"] for service in json.loads(run.stdout)["services"]]


def test_an_object_names_no_file_of_the_machine_either(tmp_path):
    assert "outside of the repository" in printed(tmp_path, secret=[{"id": "/etc/passwd"}])


@pytest.mark.parametrize("build, refused", [
    ("secrets: [{id: x, file: link}]", "the secret 'id=x,src=link'"),
    ("secrets: [{id: x, file: 'k,x'}]", ".github/arc-ci.yaml:1:94: a secret's file cannot have ',' or '\"' in its name"),
    ("ssh: ['default=/root/.ssh/key']", "the ssh key"), ("ssh: [default=link]", "the ssh key"),
    ("ssh: [default, x=key]", None), ("secrets: [X, {id: x, file: key}]", None)])
def test_a_build_is_given_no_file_of_the_machine(tmp_path, build, refused):
    make({"config": f"groups: {{a: {{registry: localhost:1/o, services: [{{codename: a, build: {{context: ., {build}}}}}]}}}}\n",
          "files": {"Dockerfile": "FROM scratch\n", "key": "x"}}, tmp_path)
    (tmp_path / "link").symlink_to("/etc/passwd")
    run = subprocess.run([ARC_CI, "plan"], cwd=tmp_path, env=ENV, capture_output=True, text=True, timeout=60)
    assert run.returncode == (2 if refused else 0) and (refused or "") in run.stderr, run.stderr


@pytest.mark.skipif(not shutil.which("docker"), reason="no docker, whose bake is asked")
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["name"])
def test_bake_takes_the_definition(shape, tmp_path):
    require(shape.get("needs"))
    make(shape, tmp_path)
    git(tmp_path, "checkout", "-q", "--detach", str(shape["plans"][0].get("tag", shape["plans"][0].get("at", "main"))).replace("HEAD", "main"))
    _, definition = plans(tmp_path, shape["plans"][0])
    run = subprocess.run(["docker", "buildx", "bake", "-f", "-", "--print"], cwd=tmp_path, env=ENV, input=json.dumps(definition),
                         capture_output=True, text=True, timeout=60)
    if "is not a docker command" in run.stderr:
        pytest.skip("docker has no buildx")
    assert run.returncode == 0, run.stderr
    assert set(json.loads(run.stdout)["target"]) == set(definition["target"])


def test_three_hundred_services_fit_github(tmp_path):
    """600 cells: 256 rows of a matrix at most, each cell in one of them, outputs below a job's megabyte."""
    files = {f"services/svc-{i:03}/{name}": text for i in range(300)
             for name, text in (("Dockerfile", "FROM scratch\nCOPY main /\n"), ("main", f"{i}\n"))}
    config = "groups: {all: {registry: registry.example/o, tag: 'v{version}', services: ['services/*']}}\n"
    make({"config": config, "files": files, "tags": {"v1.0.0": 0}}, tmp_path)
    output = tmp_path / "output"
    run = subprocess.run([ARC_CI, "plan", "v1.0.0"], cwd=tmp_path, env=ENV | {"GITHUB_OUTPUT": str(output), "GITHUB_ACTIONS": "true"},
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert output.stat().st_size < 1 << 20
    matrix = next(line for line in output.read_text().splitlines() if line.startswith('{"include"') or "{\"include\"" in line)
    rows = json.loads(matrix[matrix.index("{"):])["include"]
    cells = [cell for row in rows for cell in row["cells"].split(",")]
    assert len(rows) <= 256 and len(cells) == 600 == len(set(cells))
    assert max(len(row["cells"]) for row in rows) < 131071
    plan = arc(tmp_path, "plan", "--json", "v1.0.0")
    (tmp_path / "plan.json").write_text(plan)
    described = arc(tmp_path, "build", "--plan", "plan.json", "--dry-run", "--cell", rows[0]["cells"])
    assert described.count('"dockerfile": "Dockerfile"') == len(rows[0]["cells"].split(","))
