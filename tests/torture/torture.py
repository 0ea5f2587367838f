"""What the torture tests share: each command's main path, with the files that it needs and what it leaves."""
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]
import documents  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
ALL = bool(os.environ.get("ARC_TORTURE"))  # every point, not a sample
GIT = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
       "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_DATE": "2026-02-23T10:00:00Z",
       "GIT_COMMITTER_DATE": "2026-02-23T10:00:00Z"}
DOCKER = """#!/bin/sh
cat >/dev/null
while [ $# -gt 0 ]; do [ "$1" = --metadata-file ] && echo '{"a": {"containerimage.digest": "sha256:%s"}}' >"$2"; shift; done
exit 0
""" % ("a" * 64)

# Command → its words; all run in the same repository.
COMMANDS = {
    "version": ["version", "shop/v1.2.0"],
    "changes": ["changes", "--base", "HEAD~1", "--ref", "HEAD", "--filters", "x: '**'", "--list-files", "json"],
    "plan": ["plan", "shop/v1.2.0"],
    "glob": ["glob", "**/*.c", "a/b.c"],
    "lint": ["lint"],
    "notes": ["notes", "--plan", "../plan.json"],
    "scan": ["scan", "--report", "a@linux/amd64=report.json", "--sarif", "/tmp/SARIF"],
    "report": ["report", "--plan", "../plan.json", "--dry-run", "--comment", "--pull", "7"],
    "release": ["release", "--version", "version.json", "--notes", "notes.md", "--dry-run"],
    "build": ["build", "--plan", "../plan.json"],
    "status": ["status"],
    "dry-run": ["dry-run", "shop/v1.2.0"],
    "help": ["help", "--format", "markdown"],
    "completion": ["completion", "bash"],
    "init": ["-C", "../fresh", "init", "--json"],
}


# What init reads, a kind of files each.
FRESH = {
    "Dockerfile": "FROM ghcr.io/o/base:1 AS build\nARG WHAT\nARG KIT\nCOPY a/ /a/\nFROM build AS worker\nFROM build AS server\n",
    "a/x": "", ".env": "KIT=1.2\nIMAGE=ghcr.io/o/shop\n",
    "base/base.Dockerfile": "FROM scratch\nARG APP\nCOPY base/${APP}/x /\n", "base/one/x": "", "base/two/x": "",
    "addon/Dockerfile": "ARG BUILD_FROM\nFROM $BUILD_FROM\n", "addon/config.yaml": "version: 1\narch: [amd64, aarch64]\nimage: o/{arch}-x\n",
    "addon/build.yaml": "build_from: {amd64: a:1, aarch64: b:1}\n",
    "apps/b/docker-bake.hcl": 'variable "VERSION" { default = "1" }\ntarget "b" {\n  tags = ["b"]\n  platforms = ["linux/amd64"]\n}\n',
    "apps/b/Dockerfile": "FROM scratch\nARG VERSION\n",
    "compose.yaml": "services:\n  c: {image: 'ghcr.io/o/c:${TAG:-v1}', build: {context: c, args: {A: $KIT}}}\n", "c/Dockerfile": "FROM scratch\nARG A\n",
    "Makefile": "REG ?= ghcr.io/o\nall:\n\tfor i in d e; do docker build -t $(REG)/$$i:$(VERSION) -f $$i/Dockerfile --build-arg B=1 . ; done\n",
    "d/Dockerfile": "FROM scratch\n", "d/package.json": '{"version": "1"}', "e/Dockerfile": "FROM scratch\n",
    ".github/actions/b/action.yml": "inputs: {n: {default: f}}\nruns: {steps: [{run: 'echo t=${{ inputs.n }} >> $GITHUB_OUTPUT', id: o}]}\n",
    ".github/workflows/w.yml": """on: {push: {branches: [main]}}
env: {R: ghcr.io/o}
jobs:
  b:
    runs-on: ubuntu-latest
    strategy: {matrix: {n: [f, g], include: [{n: f, x: 1}], exclude: [{n: h}]}}
    outputs: {a: "${{ steps.m.outputs.tags }}"}
    steps:
      - uses: ./.github/actions/b
      - {id: m, uses: docker/metadata-action@v5, with: {images: "${{ env.R }}/${{ matrix.n }}", tags: "type=semver,pattern={{version}}\\ntype=sha"}}
      - uses: docker/build-push-action@v6
        with: {context: "${{ matrix.n }}", push: false, tags: "${{ steps.m.outputs.tags }}", build-args: "A=${{ env.R || 'x' }}", platforms: "linux/amd64,linux/arm64"}
      - {uses: dorny/paths-filter@v3, with: {filters: "f: ['f/**', 'lib/**']"}}
      - {uses: aquasecurity/trivy-action@v1, with: {exit-code: 1, severity: HIGH}}
      - {uses: softprops/action-gh-release@v2, with: {files: x}}
      - {uses: actions/checkout@v4, with: {path: code}}
      - {id: n, run: 'N=$(echo "H" | tr A-Z a-z); echo "t=${N,,}" >> $GITHUB_OUTPUT; echo "t=2" >> $GITHUB_OUTPUT; docker buildx bake -f ci/x.hcl'}
      - {uses: some/publish@v1, with: {image-owner: o, docker-image-name: h, registry: quay.io, build-context: code/h, image-tag: 1, buildArgs: "Z=${{ steps.n.outputs.t }}"}}
      - {uses: some/retry@v1, with: {command: docker build -t o/h --target x --push h}}
      - {uses: docker/build-push-action@v6, with: {context: h, push: "${{ github.ref == 'refs/heads/main' }}", tags: "${{ secrets.X }}", target: y}}
      - {run: 'T=$(echo $GITHUB_REF | sed s/v//); echo "V=$(jq -r .version d/package.json)" >> $GITHUB_ENV; docker build -t l .; docker build --build-arg BASE=l -t o/l:$T d'}
      - {uses: docker/build-push-action@v6, with: {context: d, push: true, tags: "o/d:${{ env.V }}"}}
      - {uses: docker/build-push-action@v6, with: {context: e, outputs: "type=image,name=ghcr.io/o/f,push-by-digest=true,push=true"}}
      - {uses: docker/bake-action@v6, with: {files: "ci/x.hcl\\ncwd://${{ steps.m.outputs.bake-file }}", set: "*.platform=linux/arm64"}}
  c: {uses: some/x/.github/workflows/y.yml@v1, with: {context: "${{ inputs.a != 'x' && 'g' }}", image: o/g}}
""",
    "f/Dockerfile": "FROM scratch\n", "g/Dockerfile": "FROM scratch\n", "h/Dockerfile": "FROM scratch AS x\nFROM scratch AS y\n", "dev/compose.yaml": "services: {n: {build: n}}\n",
    "ci/x.hcl": 'target "n" {\n  context = "n"\n}\n',
    "m/Makefile": "include ../rules.mk\nTAG ?= $(shell cat TAG)\nk-img: PUSH = --push\nk-img: Dockerfile\nk-img-args := --build-arg B=1\n",
    "rules.mk": "ifeq ($(A),1)\nX := 1\nelse\nX := 2\nendif\n%-img:\n\tdocker build $($@-args) $(PUSH) -t o/$(subst -img,,$@):$(TAG) -f $< .\n",
    "m/TAG": "v1.2\n", "m/Dockerfile": "FROM scratch\n", "ci/run.sh": "docker build --push -t o/$1:$(cat ci/word) p\n", "ci/word": "w\n", "p/Dockerfile": "FROM scratch\n",
    ".goreleaser.yaml": "dockers_v2: [{images: [o/q], tags: ['{{ .Version }}-amd64'], dockerfile: q/Dockerfile, build_args: {A: 1}}]\n", "q/Dockerfile": "FROM scratch\n",
    "r/Dockerfile": "FROM scratch\n", "s/Dockerfile": "ARG BUILD_FROM\nFROM $BUILD_FROM\n", "s/config.yaml": "version: master\nimage: o/s-{arch}\n",
    "s/build.yaml": "build_from: {amd64: a:1}\n",
    ".github/workflows/x.yml": """on: {push: {tags: ['x/v*']}}
jobs:
  a:
    strategy: {matrix: {n: "${{ fromJSON('[\\"r\\", 1]') }}"}}
    steps:
      - {run: "cd m; TAG=${{ matrix.tag }} make -C . ${{ matrix.u }}-img; pushd ..; popd; sh ../ci/run.sh p"}
      - {uses: docker/build-push-action@v6, with: {context: "${{ matrix.n }}", tags: "o/r:${{ github.sha }}-arm64"}}
      - {run: 'docker buildx imagetools create -t o/r:1 o/r@x'}
      - {uses: docker/metadata-action@v5, with: {images: "ghcr.io/o/${{ matrix.u }}", tags: "type=sha"}}
      - {uses: docker/build-push-action@v6, with: {context: s}}
      - {uses: docker/bake-action@v6, with: {set: "*.args.A=1"}}
""",
}


class Shop:
    """A repository, and runs of the commands in it."""

    def __init__(self, folder):
        self.folder, self.repo = folder, folder / "repo"
        self.put("repo/.github/arc-ci.yaml", "groups:\n  shop:\n    registry: ghcr.io/o\n    services: [services/a]\n")
        self.put("repo/services/a/service.yaml", "name: arc-a\ncodename: a\n")
        self.put("repo/services/a/Dockerfile", "FROM nats:2\nUSER 1000\n")
        self.put("repo/Makefile", ".PHONY: all\n## all: x\nall:\n\ttrue\n")
        self.put("bin/docker", DOCKER).chmod(0o755)
        self.git("init", "-q", "-b", "main", ".")
        self.commit("feat: start")
        self.put("repo/services/a/x.c", "int x;\n")
        self.put("repo/version.json", json.dumps(documents.version("shop/v1.2.0")))
        self.put("repo/notes.md", "# Notes\n")
        self.put("repo/report.json", json.dumps({"SchemaVersion": 2, "ArtifactName": "i", "Results": [
            {"Target": "t", "Class": "os-pkgs", "Type": "alpine", "Vulnerabilities": [
                {"VulnerabilityID": "CVE-1", "PkgName": "p", "InstalledVersion": "1", "Severity": "HIGH", "Title": "x"}]}]}))
        self.commit("fix: more")
        self.git("tag", "shop/v1.2.0")
        plan = documents.plan(group="shop", push=False, revision=self.git("rev-parse", "HEAD"), version={"tag": "shop/v1.2.0"}, tag="shop/v1.2.0",
                              services=[{"service": "a"}], cells=[{"service": "a", "platform": "linux/amd64"}])
        self.put("plan.json", json.dumps(plan))

        for name, text in FRESH.items():
            self.put("fresh/" + name, text)
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "x"], ["tag", "d/v1.0.0"], ["tag", "v1.0.0"]):
            self.git("-C", "../fresh", *words)

    def put(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def git(self, *words):
        return subprocess.run(["git", *words], cwd=self.repo, env={**os.environ, **GIT}, check=True, capture_output=True,
                              text=True).stdout.strip()

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def run(self, command, wrapper=(), stdout=subprocess.PIPE, env=None, preexec=None):
        """[status, stdout, stderr, GITHUB_OUTPUT, summary, SARIF, what was left behind] of a command."""
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            places = {name: pathlib.Path(scratch) / name for name in ("out", "summary", "sarif")}
            words = [word.replace("/tmp/SARIF", str(places["sarif"])) for word in COMMANDS[command]]
            full = {"PATH": f"{self.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin", "HOME": scratch, "TMPDIR": scratch, "CI": "true",
                    "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/r", "GITHUB_OUTPUT": str(places["out"]),
                    "GITHUB_STEP_SUMMARY": str(places["summary"]), "SOURCE_DATE_EPOCH": "1780000000", **GIT, **(env or {})}
            for name in ("out", "summary"):
                places[name].write_text("")
            done = subprocess.run([*wrapper, ARC_CI, *words], cwd=self.repo, env=full, stdin=subprocess.DEVNULL, stdout=stdout,
                                  stderr=subprocess.PIPE, timeout=120, preexec_fn=preexec)
            left = [re.sub(rb'arcci_[0-9a-f]{32}|"scanned": ?"[^"]*"', b"MARK", path.read_bytes()) if path.exists() else b"" for path in places.values()]
            beside = sorted(path.name for path in pathlib.Path(scratch).iterdir() if path not in places.values())
        return [done.returncode, done.stdout or b"", done.stderr, *left, beside]


def check(command, right, got, where, cause=None):
    """A run that something went wrong in ends right, byte for byte, or says why not, and leaves nothing half-done. `cause`: the only
    status and words that it may end with otherwise."""
    status, stdout, stderr, *files, beside = got
    assert status in (0, 1, 2, 3), f"{command}, {where}: {status}\n{stderr.decode(errors='replace')}"
    if status == right[0]:
        assert plain(stdout) == plain(right[1]) and files == right[3:6], f"{command}, {where}: another answer\n{stdout}\n{stderr}"
        assert not cause or plain(stderr) == plain(right[2]), f"{command}, {where}: warns of something else\n{stderr}"
    else:
        assert stderr.strip(), f"{command}, {where}: exit {status} without a word"
        assert not cause or (status == cause[0] and re.search(cause[1], stderr)), f"{command}, {where}: exit {status}\n{stderr}"
        assert not (cause and stdout), f"{command}, {where}: a part of an answer\n{stdout}"
    assert all(file in (b"", whole) for file, whole in zip(files, right[3:6])), f"{command}, {where}: half-written: {files}"
    assert not beside, f"{command}, {where}: left behind: {beside}"


def plain(text):
    """What may differ between two runs: times and temporary folders."""
    return re.sub(rb"\d+\.\d+ ?s\b|/tmp/\S+|[0-9]+ ms", b"", text)


def points(total, sample):
    return range(1, total + 1) if ALL or total <= sample else sorted({1 + i * total // sample for i in range(sample)} | {total})


class Allocations:
    """Those of a command, by a first run that counts them (fail_malloc.c). `first` are the first ones of their stacks of calls, and
    `new` those whose six innermost calls are not `known` yet."""
    CAUSE = 3, b"out of memory|Cannot allocate memory"

    def __init__(self, run, known):
        """`run` is called with an environment; `known` gets the innermost calls."""
        library, spared = preload()
        with tempfile.TemporaryDirectory() as folder:
            count, stacks = pathlib.Path(folder) / "count", pathlib.Path(folder) / "stacks"
            self.env = {"LD_PRELOAD": library, "FAIL_SPARE": spared}
            run({**self.env, "FAIL_COUNT": str(count), "FAIL_STACKS": str(stacks)})
            self.total, self.unfreed = map(int, count.read_text().split())
            lines = [line.split() for line in stacks.read_text().splitlines()]
        seen, self.first, self.new = set(), [], set()
        for number, (innermost, stack) in enumerate(lines, 1):
            if stack not in seen:
                self.first.append(number)
            if innermost not in known:
                self.new.add(number)
            seen.add(stack)
            known.add(innermost)

    def fail(self, number, later, count):
        """The environment in which one fails. `count` is a file for leak()."""
        count.write_text("")
        return {**self.env, "FAIL_AT": str(number), "FAIL_COUNT": str(count), **({"FAIL_LATER": "1"} if later else {})}

    def leak(self, count):
        """How many blocks more than in the first run nobody freed."""
        return max(0, int((count.read_text() or "0 0").split()[1]) - self.unfreed)


@functools.cache
def preload():
    """The library that lets allocations fail, and the places in the program where they do not."""
    source = pathlib.Path(__file__).with_name("fail_malloc.c")
    library = pathlib.Path(tempfile.mkdtemp()) / "fail_malloc.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
    table = subprocess.run(["nm", "-S", "--defined-only", ARC_CI], capture_output=True, text=True, check=True).stdout
    spared = [(int(start, 16), int(size, 16)) for start, size in
              re.findall(r"^(\w+) (\w+) [tT] (?:stdalloc__\w+|strbuffer_append_bytes|default_malloc|_?pcre2_\w+|zcalloc|inflate\w*|updatewindow)$", table, re.M)]
    return str(library), " ".join(f"{start:x}-{start + size:x}" for start, size in spared)
