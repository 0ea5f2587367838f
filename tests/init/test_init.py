"""Repositories of many kinds (repositories.yaml): what `arc-ci init` proposes for them loads, and builds the images they build."""
import json
import os
import pathlib
import resource
import shutil
import subprocess

import pytest
import yaml

HERE = pathlib.Path(__file__).parent
ARC_CI = os.environ.get("ARC_CI", str(HERE.parent.parent / "build/arc-ci"))
REPOSITORIES = yaml.safe_load((HERE / "repositories.yaml").read_text())
WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
       "GIT_AUTHOR_DATE": "@1771840800 +0000", "GIT_COMMITTER_DATE": "@1771840800 +0000", "GIT_CONFIG_GLOBAL": "/dev/null"}
ENV = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GIT_", "INPUT_", "CI"))} | WHO
KEYS = ("image", "context", "dockerfile", "target", "args", "platforms")


def git(repo, *args):
    return subprocess.run(["git", "-C", repo, *args], env=ENV, check=True, capture_output=True, text=True).stdout.strip()


def make(repo, files, tags=(), origin=None, links=None):
    for name, text in files.items():
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text(text)
    for name, target in (links or {}).items():
        (repo / name).symlink_to(target)
    git(repo, "init", "-qb", "main")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "x")
    for tag in tags:
        git(repo, "tag", str(tag))
    if origin:
        git(repo, "remote", "add", "origin", origin)


def arc(repo, *args, status=0, stdin=None):
    run = subprocess.run([ARC_CI, *args], cwd=repo, env=ENV, input=stdin, capture_output=True, text=True, timeout=60)
    assert run.returncode == status, f"arc-ci {' '.join(args)}: {run.stdout}{run.stderr}"
    return run.stdout if status == 0 else run.stderr


def changed(repo):
    """A commit that touches everything, and what changed by it: for versions in files there is no tag."""
    for path in git(repo, "ls-files").splitlines():
        if "ockerfile" in path:
            (repo / path).write_text((repo / path).read_text() + "# touched\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "y")
    return arc(repo, "changes", "--json", "--base", git(repo, "rev-parse", "HEAD~1"))


def built(repo, tag):
    """codename → what is built of it, by the plan and the definition that bake gets."""
    changes = None if tag else changed(repo)
    args = [str(tag)] if tag else ["--changes", "-"]
    plan = json.loads(arc(repo, "plan", "--json", *args, stdin=changes))
    targets = json.loads(arc(repo, "plan", "--bake", *args, stdin=changes))["target"]
    images = {}
    for service in plan["services"]:
        if service["selected"] and "released" not in service:  # a train takes what is released
            target = targets[service["service"]]
            images[service["service"]] = {
                "image": service["image"], "context": target["context"], "dockerfile": service["dockerfile"],
                "target": target.get("target"), "platforms": target["platforms"],
                "args": {key: value for key, value in target.get("args", {}).items() if key != "SOURCE_DATE_EPOCH"},
                "contexts": target.get("contexts", {}),
                "tags": sorted({tag["tag"] for tag in service["tags"] if tag["move"]})}
    return images


@pytest.mark.parametrize("repository", REPOSITORIES, ids=lambda repository: repository["name"])
def test_repository(repository, tmp_path):
    needs = repository.get("needs")
    if needs and (not shutil.which("docker") or subprocess.run(["docker", needs, "version"], capture_output=True).returncode):
        pytest.skip(f"no docker {needs}, which reads the file")
    repo = tmp_path / repository.get("folder", "shop")
    repo.mkdir()
    make(repo, repository["files"], repository.get("tags", ()), repository.get("origin"), repository.get("links"))
    if repository.get("fetched"):
        git(repo, "update-ref", "refs/remotes/origin/main", "HEAD")
    document = json.loads(arc(repo, "init", "--json", "--write", "--source", "arc-framework/arc-platform@" + "a" * 40))
    config = (repo / ".github/arc-ci.yaml").read_text()
    for question in repository.get("questions", []):
        assert any(question in remark["text"] for remark in document["questions"]), document["questions"]
        assert question in config
    assert len(document["questions"]) == len(repository.get("questions", [])), document["questions"]
    for found in repository.get("found", []):
        assert any(found in remark["text"] for remark in document["found"]), document["found"]
    lint = subprocess.run([ARC_CI, "lint", "--json"], cwd=repo, env=ENV, capture_output=True, text=True)
    assert not [finding for finding in json.loads(lint.stdout)["findings"] if "/arc-ci-" in finding["file"]], lint.stdout
    for part in repository.get("config-has", []):
        assert part in config, config
    for part in repository.get("config-lacks", []):
        assert part not in config, config
    if repository.get("fetched"):
        git(repo, "remote", "remove", "origin")  # whom plan would ask for its tags
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "arc-ci")
    for release in repository["releases"]:
        tag = release.get("tag")
        if tag:
            git(repo, "tag", "-f", str(tag))
        images = built(repo, tag)
        assert set(images) == set(release["images"]), config
        head = git(repo, "rev-parse", "HEAD")
        wanted_images = yaml.safe_load(yaml.dump(release["images"]).replace("{head}", head).replace("{sha}", head[:12]))
        for name, wanted in wanted_images.items():
            assert {key: images[name][key] for key in wanted} == wanted, (name, config)


def test_more_cells_than_a_matrix_has_rows(tmp_path):
    """A pull request that touches all of them builds one platform."""
    make(tmp_path, {f"services/s{n}/Dockerfile": "FROM scratch\n" for n in range(129)}, ["v1.0.0"])
    arc(tmp_path, "init", "--write")
    assert "platforms" not in (tmp_path / ".github/arc-ci.yaml").read_text()
    git(tmp_path, "tag", "v1.1.0")
    plan = json.loads(arc(tmp_path, "plan", "--json", "v1.1.0"))
    assert len(plan["cells"]) == 258


def test_tags_of_two_logins_are_told_apart(tmp_path):
    """A plain version is the beginning of nothing, "v" is that of "valkey-v": the longer one's tags are not the shorter one's."""
    jobs = "".join(f"  {name}:\n    runs-on: x\n    steps:\n      - uses: docker/build-push-action@v6\n"
                   f"        with: {{context: {name}, push: true, tags: '{image}:${{{{ github.ref_name }}}}'}}\n"
                   for name, image in (("one", "ghcr.io/acme/one"), ("valkey", "acme/valkey")))
    for own in ("", "v"):
        repo = tmp_path / f"of{own}"
        repo.mkdir()
        make(repo, {"one/Dockerfile": "FROM scratch\n", "valkey/Dockerfile": "FROM scratch\n",
                    ".github/workflows/x.yml": f"on: {{push: {{tags: ['*']}}}}\njobs:\n{jobs}"}, [f"{own}1.0.0", "valkey-v1.0.0"])
        arc(repo, "init", "--write")
        release = yaml.safe_load((repo / ".github/workflows/arc-ci-release.yml").read_text())["jobs"]
        conditions = {job["with"].get("registry", "ghcr.io") if "with" in job else "ghcr.io": job["if"] for job in release.values()}
        assert conditions == {"docker.io": "startsWith(github.ref_name, 'valkey-v')",
                              "ghcr.io": f"startsWith(github.ref_name, '{own}') && !startsWith(github.ref_name, 'valkey-v')"}
        images = yaml.safe_load((repo / ".github/workflows/arc-ci-images.yml").read_text())["jobs"].values()
        assert {(job["with"].get("registry"), "secrets" in job) for job in images} == {("docker.io", True), (None, False)}


def test_what_a_schedule_publishes_is_built_by_a_schedule(tmp_path):
    """The proposed workflow builds by its schedule what earlier runs missed, which would never move the tags of a nightly build."""
    step = "{uses: docker/build-push-action@v6, with: {context: ., push: true, tags: 'ghcr.io/acme/tool:nightly'}}"
    make(tmp_path, {"Dockerfile": "FROM scratch\n", ".github/workflows/nightly.yml":
                    f"on: {{schedule: [{{cron: '7 3 * * *'}}]}}\njobs: {{build: {{runs-on: x, steps: [{step}]}}}}\n"}, ["v1.0.0"])
    arc(tmp_path, "init", "--write")
    workflow = yaml.safe_load((tmp_path / ".github/workflows/arc-ci-images.yml").read_text())
    job, = workflow["jobs"].values()
    assert workflow[True]["schedule"] == [{"cron": "7 3 * * *"}]
    assert job["with"]["mode"] == "${{ inputs.mode || github.event_name == 'schedule' && 'release' || 'ci' }}"
    steps = yaml.safe_load((HERE.parent.parent / ".github/workflows/group-images.yml").read_text())["jobs"]["changes"]["steps"]
    assert all("inputs.mode != 'release'" in (step.get("if") or step["env"]["INPUT_CHANGES"]) for step in steps
               if "arc-ci changes" in step.get("run", "") or "INPUT_CHANGES" in step.get("env", {}))


def test_tags_given_up_years_ago_release_nothing(tmp_path):
    """cart had tags of its own once, pay has them still, and the 'v' went later than the higher version that it has."""
    make(tmp_path, {"cart/Dockerfile": "FROM scratch\n", "pay/Dockerfile": "FROM scratch\n"})
    for year, tag in ((2019, "cart-1.0.0"), (2019, "v9.0.0"), (2024, "pay-1.0.0"), (2025, "1.5.0")):
        dates = {"GIT_COMMITTER_DATE": f"{year}-01-02T03:04:05Z"}
        subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", tag], cwd=tmp_path, env={**ENV, **dates}, check=True)
        git(tmp_path, "tag", tag)
    arc(tmp_path, "init", "--write")
    groups = yaml.safe_load((tmp_path / ".github/arc-ci.yaml").read_text())["groups"].values()
    assert [group["tag"] for group in groups] == ["pay-{version}", ["{version}", "v{version}"]]


def test_plain_tags_given_up_years_ago_release_nothing_either(tmp_path):
    make(tmp_path, {"cart/Dockerfile": "FROM scratch\n", "pay/Dockerfile": "FROM scratch\n"})
    for year, tag in ((2018, "v9.0.0"), (2023, "stable-2.0.0"), (2026, "edge-26.1.1")):
        dates = {"GIT_COMMITTER_DATE": f"{year}-01-02T03:04:05Z"}
        subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", tag], cwd=tmp_path, env={**ENV, **dates}, check=True)
        git(tmp_path, "tag", tag)
    shown = arc(tmp_path, "init", "--write")
    group, = yaml.safe_load((tmp_path / ".github/arc-ci.yaml").read_text())["groups"].values()
    assert group["tag"] == "edge-{version}" and "what do tags like stable-{version} release?" in shown


def test_diff_applies_and_gives_what_write_gives(tmp_path):
    make(tmp_path, {"services/a/Dockerfile": "FROM scratch\n", "services/b/Dockerfile": "FROM scratch\n"})
    shown = arc(tmp_path, "init")
    diff = shown[:shown.index("\nOpen questions:")] + "\n"
    subprocess.run(["git", "-C", tmp_path, "apply", "-"], input=diff, text=True, check=True)
    applied = {path.name: path.read_text() for path in (tmp_path / ".github").rglob("*.y*ml")}
    for path in (tmp_path / ".github").rglob("*.y*ml"):
        path.unlink()
    arc(tmp_path, "init", "--write")
    assert {path.name: path.read_text() for path in (tmp_path / ".github").rglob("*.y*ml")} == applied
    assert set(applied) == {"arc-ci.yaml", "arc-ci-images.yml", "arc-ci-release.yml"}


@pytest.mark.parametrize("name", ["arc-ci.yaml", "workflows/arc-ci-images.yml", "workflows/arc-ci-release.yml"])
@pytest.mark.parametrize("link", [False, True], ids=["file", "dangling link"])
def test_nothing_is_overwritten_and_nothing_half_written(tmp_path, name, link):
    make(tmp_path, {"Dockerfile": "FROM scratch\n"})
    path = tmp_path / ".github" / name
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere") if link else path.write_text("mine\n")
    for args in (["init"], ["init", "--write"]):
        assert f".github/{name} already exists" in arc(tmp_path, *args, status=2)
    assert [str(found.relative_to(tmp_path)) for found in (tmp_path / ".github").rglob("*") if not found.is_dir()] == [f".github/{name}"]
    assert link or path.read_text() == "mine\n"
    assert not (tmp_path / "elsewhere").exists()


def test_a_linked_folder_is_not_written_through(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    repo = tmp_path / "repo"
    repo.mkdir()
    make(repo, {"Dockerfile": "FROM scratch\n"})
    (repo / ".github").symlink_to(outside)
    assert ".github is not a folder of the repository" in arc(repo, "init", "--write", status=2)
    assert not list(outside.iterdir())


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    """The second file does not fit the limit of this process: the first one and the folders go again."""
    make(tmp_path, {"Dockerfile": "FROM scratch\n"})
    files = json.loads(arc(tmp_path, "init", "--json"))["files"]
    limit = len(files[1]["text"]) - 1
    assert len(files[0]["text"]) <= limit
    run = subprocess.run([ARC_CI, "init", "--write"], cwd=tmp_path, env=ENV, capture_output=True, text=True, restore_signals=False,
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert run.returncode == 3 and "cannot write .github/workflows/arc-ci-images.yml: File too large" in run.stderr, run
    assert not (tmp_path / ".github").exists()


def test_links_and_hostile_names(tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "Dockerfile").write_text("FROM ghcr.io/secret/x\n")
    repo = tmp_path / "repo"
    repo.mkdir()
    make(repo, {"a/Dockerfile": "FROM scratch\n", "b\x1b[31m/Dockerfile": "FROM scratch\n", "{x: y}/Dockerfile": "FROM scratch\n",
                "c #d/Dockerfile": "FROM scratch\n", "*/Dockerfile": "FROM scratch\n", "- e/Dockerfile": "FROM scratch\n",
                os.fsdecode(b"d\xe9/Dockerfile"): "FROM scratch\n", "big/Dockerfile": "FROM scratch\n" + "#" * (2 << 20)})
    (repo / "link").symlink_to(secret)
    (repo / "linked").mkdir()
    (repo / "linked/Dockerfile").symlink_to(secret / "Dockerfile")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "y")
    (repo / "a").rename(repo / "away")
    (repo / "a").symlink_to(secret)  # what git tracks as a file below a folder, and is now a way out
    shown = arc(repo, "init", "--write")
    assert "\x1b" not in shown and "secret" not in (repo / ".github/arc-ci.yaml").read_text()
    assert "skipped: its name is not UTF-8" in shown and "d\\xe9/Dockerfile" in shown
    assert "'a/Dockerfile' leads out" in shown or "a/Dockerfile" in shown
    services = {service["service"] for service in json.loads(arc(repo, "plan", "--json", "v1.0.0"))["services"]}
    assert {"x-y", "c-d", "e", "image"} <= services and not services & {"link", "linked"}


D = "FROM scratch\n"
BAKE = 'target "a" {\n  context = "."\n  tags = ["ghcr.io/a/%s:1"]\n}\n'
ODD = {  # files, tags, what is shown
    "a dollar before a letter of two bytes": ({"Dockerfile": D, "Makefile": "x:\n\techo $é \\é\n", "x.sh": "A=é\n" + "A=$A$A\n" * 20 + "docker build -t ghcr.io/a/b:x$A .\n"},
                                              [], "services:"),
    "a version in files of most images": ({**{f"{n}/Dockerfile": D for n in "abc"}, "b/VERSION": "1.0\n", "c/VERSION": "2.0\n"}, ["z/v9.0.0"],
                                          "what do the tags z/v{version} release?"),
    "two groups of one name": ({"services/shop/Dockerfile": D, "services/b/Dockerfile": D}, ["shop/v1.0.0", "v1.0.0"], "group: shop-2"),
    "a quote in a tag": ({"Dockerfile": D}, ["it's-v1.0.0"], """tags: ["it's-v*"]"""),
    "what a filter of GitHub repeats": ({"Dockerfile": D}, ["c++-v1.0.0"], '"c\\\\+\\\\+-v*"'),
    "a quote in a folder": ({'a"b/x/Dockerfile': D, 'a"b/y/Dockerfile': D}, [], '- "a\\"b/*"'),
    "words of YAML": ({f"{name}/Dockerfile": D for name in (".inf", "null", "true", "on")}, ["null/v1.0.0"], 'group: "null"'),
    "an argument that is none": ({"Dockerfile": "FROM scratch\nARG A.B\n", ".env": "A.B=1\n"}, [], "services:"),
    "an argument in a section of .env": ({"Dockerfile": "FROM scratch\nARG A\n", ".env": "[x]\nA=1\n"}, [], "which values do the build arguments have: A?"),
    "an argument behind a NUL in .env": ({"Dockerfile": "FROM scratch\nARG A\n", ".env": "B=1\n\0\nA=1\n"}, [], "which values do the build arguments have: A?"),
    "an argument that YAML has a word for": ({"Dockerfile": "FROM scratch\nARG NULL\n", ".env": "NULL=1\n"}, [], '{"NULL": {file: '),
    "images without letters": ({"a/Dockerfile": D, "a/images.yaml": '- {name: "12", version: 1}\n- {name: "13", version: 2}\n'}, [], "codename: image-2"),
    "tags that no pattern says": ({"Dockerfile": D}, ["a{b}/v1.0.0", "x{version}-v1.0.0"], 'tag: "v{version}"'),
    "two bake files": ({"Dockerfile": D, "docker-bake.hcl": BAKE % "x", "x-bake.hcl": BAKE % "y"}, ["v1.0.0"], 'tag: "shop-2/v{version}"'),
    "a bake file's targets with tags of their own start the release's workflow": (
        {"Dockerfile": D, "docker-bake.hcl": BAKE % "x" + BAKE.replace('"a"', '"b"') % "y"}, ["a/v1.0.0", "sdk/v1.0.0"], 'tags: ["a/v*", "b/v*"]'),
    "a registry that reads like a number": ({"Dockerfile": D, "Makefile": "x:\n\tdocker build -t 1.10/acme/x:1 .\n"}, [], 'registry: "1.10"\n'),
    "an add-on's name with a word of its own": ({"a/Dockerfile": D, "a/config.yaml": "image: 'acme/{arch}-{x}'\narch: [amd64]\n"}, [],
                                                "what are its images called? 'acme/{arch}-{x}' is not valid"),
    "beside a bake file": ({"Dockerfile": D, "docker-bake.hcl": BAKE % "x", "b/Dockerfile": D, "compose.yaml": "services: {b: {build: b}}\n"},
                           [], "b/Dockerfile: no bake file names it"),
    "other contexts": ({"Dockerfile": D, "compose.yaml": "services: {b: {build: {context: ., additional_contexts: {lib: ./lib}}}}\n"}, [],
                       "which other contexts has b?"),
    "names in front of 3000 versions": ({"Dockerfile": D}, [f"x{n}-y/v1.0.0" for n in range(3000)], "x1003-y/v{version} and 992 more release?"),
    "more questions than are listed": ({"Dockerfile": D, **{f"d{n}/compose.yaml": f"services: {{s{n}: {{build: x}}}}\n" for n in range(250)}}, [],
                                       "there are more"),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_what_is_proposed_loads(tmp_path, odd):
    files, tags, shown = odd
    repo = tmp_path / "shop"
    repo.mkdir()
    make(repo, files)
    subprocess.run(["git", "-C", repo, "update-ref", "--stdin"], text=True, check=True, env=ENV,
                   input="".join(f"create refs/tags/{tag} HEAD\n" for tag in tags))
    out = arc(repo, "init", "--write") + "".join(path.read_text() for path in (repo / ".github").rglob("*.y*ml"))
    assert shown in out, out
    for path in (repo / ".github").rglob("*.y*ml"):
        assert all(isinstance(job, str) for job in yaml.safe_load(path.read_text()).get("jobs", {})), path.read_text()
    lint = subprocess.run([ARC_CI, "lint", "--json"], cwd=repo, env=ENV, capture_output=True, text=True)
    findings = json.loads(lint.stdout)["findings"]
    assert not [finding for finding in findings if "/arc-ci-" in finding["file"] and "COMMIT" not in finding["message"]], findings


@pytest.mark.parametrize("origin, name", {
    "https://x-access-token:s3cret@git.example.org/shop.git": "shop", "https://u:s3cret@git.example.org/acme/shop.git": "acme",
    "git@git.example.org:shop.git": "shop", "git@git.example.org:acme/shop": "acme", "ssh://git@git.example.org:22/acme/shop.git": "acme"}.items())
def test_the_owner_is_no_part_of_a_login(tmp_path, origin, name):
    make(tmp_path, {"Dockerfile": "FROM scratch\n"}, origin=origin)
    shown = arc(tmp_path, "init")
    assert "s3cret" not in shown and "git.example.org" not in shown
    assert f"ghcr.io/{'owner' if name == 'shop' else name}" in shown and "group: shop" in shown


HOSTILE = {
    "calls itself": "on: [push, workflow_call]\njobs:\n  a:\n    strategy: {matrix: {a: %s, b: %s}}\n"
                    "    uses: ./.github/workflows/ci.yml\n" % (list(range(256)), list(range(256))),
    "a matrix of everything": "on: push\njobs:\n  a:\n    strategy:\n      matrix: {%s}\n    steps: [%s]\n" % (
        ", ".join(f"x{i}: {list(range(200))}" for i in range(20)),
        ", ".join(["{uses: docker/build-push-action@v6, with: {context: '${{ matrix.x1 }}', push: true}}"] * 200)),
    "expressions without an end": "on: push\njobs: {a: {steps: [{uses: docker/build-push-action@v6, with: {context: '%s', tags: '%s'}}]}}\n" % (
        "${{ a || " * 5000, "${{ b }}," * 5000),
    "not what it should be": "on: [workflow_call, 1]\njobs: {a: [], b: {steps: {uses: x}}, c: {steps: [1, {uses: [x]}, {uses: docker/metadata-action, with: 1}]},"
                             " d: {strategy: {matrix: {include: [1, [2]], exclude: x}}, steps: [{uses: docker/build-push-action@v6, with: {tags: {a: b}}}]}}\n",
    "hostile values": "on: push\njobs: {a: {steps: [{uses: docker/build-push-action@v6, with: {context: a, push: true, target: \"x\\e[31m\\u202e\","
                      " build-args: \"A=b\\e]0;x\\nB={version}}{\", tags: \"ghcr.io/a/b:c: d, ../../x, ghcr.io/${{ x }}/{codename}\"}}]}}\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_workflows_end_and_stay_visible(tmp_path, text):
    make(tmp_path, {"a/Dockerfile": "FROM scratch\n", ".github/workflows/ci.yml": text})
    shown = arc(tmp_path, "init", "--write")  # within the time limit of arc()
    config = (tmp_path / ".github/arc-ci.yaml").read_text()
    assert not set("\x1b\x01\x02\u202e") & set(shown + config)
    arc(tmp_path, "plan", "--json", "v1.0.0")


ROWS = "strategy: {matrix: {a: %s}}" % list(range(256))
MUCH = {  # short files that stand for gigabytes, by aliases, matrices and loops
    "inputs": {".github/workflows/ci.yml": 'on: push\nx: &t "%s${{ matrix.a }}"\ny: &s\n  - uses: docker/build-push-action@v6\n    with: {%s}\njobs: {%s}\n' % (
        "x" * 60000, ", ".join(f"k{n}: *t" for n in range(50)), ", ".join(f"j{n}: {{{ROWS}, steps: *s}}" for n in range(70)))},
    "commands": {".github/workflows/ci.yml": 'on: push\nx: &t "docker build %s.${{ matrix.a }}"\ny: &s [{run: *t}]\njobs: {%s}\n' % (
        "-t $A " * 9000, ", ".join(f"j{n}: {{{ROWS}, steps: *s}}" for n in range(70)))},
    "loops": {"build.sh": "".join(f"for x{n} in {' '.join(map(str, range(200)))}; do " for n in range(4)) + "docker build -t ghcr.io/a/b:$x1$x2$x3 .\n" + "done;" * 4},
    "brackets without an end": {"Makefile": "all:\n\tdocker build " + "$(" * 450000},
    "a value in another": {"Makefile": f"X := {'a' * 60000}\nall:\n\tdocker build " + "$(subst a,b,$(X))" * 50000},
    "a value of many words": {"build.sh": f"X='{'a ' * 30000}'\ndocker build " + "$X " * 300000},
    "many values": {"build.sh": "A= " * 300000 + "docker build .\n"},
    "names and tags": {".goreleaser.yml": f"dockers: [{{image_templates: ['{'{{' * 450000}']}}]\n" +
                       f"dockers_v2: [{{images: [{'a,' * 15000}], tags: [{'b,' * 15000}]}}]\n"},
    "rules of many targets": {"build.sh": "make all # docker\n", "Makefile": f"all: {' '.join(map(str, range(199)))}\n" + "% " * 450000 + ":\n\tdocker build .\n",
                              ".github/workflows/ci.yml": "on: push\njobs: {a: {steps: [{run: ./build.sh}]}}\n"},
    "folders that an argument may name": {**{f"x{n}/Dockerfile": "FROM scratch\nARG A\nCOPY y /\n" + "COPY d/${A}/y /\n" * 8 for n in range(9)},
                                          "y": "", **{f"d/{n}/x": "" for n in range(500)}},
}


@pytest.mark.parametrize("files", MUCH.values(), ids=MUCH)
def test_what_is_more_than_can_be_looked_at_is_said(tmp_path, files):
    make(tmp_path, {"Dockerfile": "FROM scratch\n", **files})
    document = json.loads(arc(tmp_path, "init", "--json", "--write"))  # within the time limit of arc()
    assert any("describe more than is read" in remark["text"] for remark in document["questions"]), document["questions"]


TOO_MANY = {
    "compose files": {f"d{n}/compose.yaml": "services: {}\n" for n in range(501)},
    "bake files": {f"d{n}/docker-bake.json": "{}\n" for n in range(501)},
    "goreleaser's files": {f"d{n}/.goreleaser.yaml": "{}\n" for n in range(501)},
    "workflows": {f".github/workflows/w{n}.yml": "on: push\n" for n in range(501)},
    "scripts": {f"d{n}/x.sh": "true\n" for n in range(501)},
    "folders": {"Dockerfile": "FROM scratch\nARG A\nCOPY d/${A}/x /\n", **{f"d/{n}/x": "" for n in range(501)}},
    "images": {".github/workflows/ci.yml": "on: push\njobs:\n" + "".join(
        f"  j{n}: {{strategy: {{matrix: {{a: {list(range(251))}}}}}, steps: [{{uses: docker/build-push-action@v6,"
        f" with: {{push: true, tags: 'ghcr.io/acme/x{n}-${{{{ matrix.a }}}}:1'}}}}]}}\n" for n in range(4))},
}


@pytest.mark.parametrize("files", TOO_MANY.values(), ids=TOO_MANY)
def test_what_is_after_the_first_ones_is_said(tmp_path, files):
    make(tmp_path, {"Dockerfile": "FROM scratch\n", **files})
    questions = [remark["text"] for remark in json.loads(arc(tmp_path, "init", "--json"))["questions"]]
    assert any("after the first" in question for question in questions), questions


@pytest.mark.parametrize("files", [{}, {"README.md": "x"}, {"Dockerfile": "not one\n"}, {"Dockerfile.md": "FROM x\n"}], ids=str)
def test_nothing_to_propose(tmp_path, files):
    make(tmp_path, {"x": "y", **files})
    said = arc(tmp_path, "init", status=3)
    assert "has no image to release: git tracks no Dockerfile" in said and "arc-ci builds neither" in said


def test_source(tmp_path):
    make(tmp_path, {"Dockerfile": "FROM scratch\n"})
    for wrong in ("x", "a/b", "a/b@", "@c", "a/b/c@d", "a/b@c d", "/b@c", "a/@c"):
        assert "OWNER/REPOSITORY@COMMIT" in arc(tmp_path, "init", "--source", wrong, status=2)
    arc(tmp_path, "init", "--write", "--source", "arc/ci@0123")
    for name in ("images", "release"):
        text = (tmp_path / f".github/workflows/arc-ci-{name}.yml").read_text()
        job = next(iter(yaml.safe_load(text)["jobs"].values()))
        assert job["uses"] == f"arc/ci/.github/workflows/group-{name}.yml@0123"
        called = yaml.safe_load((HERE.parent.parent / f".github/workflows/group-{name}.yml").read_text())
        granted = yaml.safe_load(text)["permissions"]
        for asked in (job["permissions"] for job in called["jobs"].values()):
            lacks = {scope for scope, level in asked.items() if granted.get(scope) not in (level, "write")}
            assert not lacks, f"GitHub starts nothing of it: {name} grants no {lacks}"
