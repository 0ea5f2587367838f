"""Dockerfiles with contexts, made of everything that decides which files BuildKit asks for."""
import json
import random

FILES = ["a.txt", "b.txt", "c.md", "go.mod", "go.sum", "README.md", ".env", "app/main.txt", "app/util.txt", "app/deep/x.txt",
         "app/deep/er/y.txt", "app/test/t.txt", "lib/one.txt", "lib/two.md", "lib/[x].txt", "web/package.json", "web/src/a.txt",
         "web/src/b/c.snap", "web/.hidden", "docs/index.md", "docs/more.md", "scripts/gen.sh", "scripts/run.sh", "tmp/cache.txt",
         "data/amd64.bin", "data/arm64.bin", "with blank/file one.txt", "app.txt", "notes", "lib.md"]
SOURCES = ["a.txt", "/go.mod", "./b.txt", "app", "app/", "app/deep", "lib/", "web/src", "docs/index.md", "*.txt", "*.md", "app/*", "a*",
           "?.txt", "[a-b].txt", "[^a].txt", "web/*.json", "app/*/x.txt", "*/deep", "lib/../web/src", "../../go.sum", "missing.txt", "go.*",
           "scripts/*.sh", "a\\*.txt", "lib/\\[x\\].txt", ".", "with\\ blank", "*"]
IGNORES = ["*.md", "**/*.md", "!docs/index.md", "!README.md", "docs", "app/test", "/notes", "tmp/", "**/*.txt", "!app/main.txt", "web/**",
           "!web/src", "*", "!app", "!lib/*.txt", "# a comment", "", "  *.snap", "**/deep", "a?txt", "[a-b].txt", "**", "lib/**/*.txt",
           "!**/x.txt", "./app", "app/../lib", ".env", "*/*/x.txt", "**md", "app/**/er", "\\*.txt", "**/"]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.args = {}
        self.stages = []
        self.plain = False  # an image whose variables are all known
        self.escape = "`" if self.chance(0.05) else "\\"

    def chance(self, share):
        return self.random.random() < share

    def pick(self, items):
        return self.random.choice(items)

    def source(self):
        source = self.pick(SOURCES).replace("\\", self.escape)
        if self.names and self.chance(0.3):
            name = self.pick(self.names)
            source = self.pick([f"${name}", f"${{{name}}}", f"${name}/", f"app/${name}", f"${{{name}:-a.txt}}", f"${{{name}:+b.txt}}",
                                f'"${name}"', f"${{{name}}}.txt", f"${{NONE:-${name}}}", f"'${name}'", f"${{{name}/app/lib}}",
                                f"${{{name}//\\//.}}"])
        elif self.chance(0.03):
            source = f"${{UNSET:-{source}}}" if self.chance(0.7) else "$UNSET"
        return source

    def variables(self, lines, where):
        for _ in range(self.random.randrange(3)):
            name = self.pick(["DIR", "FILE", "WHAT"])
            value = self.pick(["app", "lib", "web/src", "a.txt", "docs", '"app"', "'lib'", "$DIR", "${FILE:-app}", ""])
            if "$" in value and f"${name}" in value or name in self.names:
                continue
            form = self.pick(["ARG {0}={1}", "ARG {0}={1} OTHER=x", "ARG {0}"] if where == "top" else
                             ["ARG {0}={1}", "ARG {0}", "ENV {0}={1}", "ENV {0} {1}", "arg {0}={1}"])
            if "ENV" in form and not value:
                value = "app"
            lines.append(form.format(name, value))
            if where != "top":
                self.names.append(name)
            if "ARG" in form.upper() and self.chance(0.25):
                self.args[name] = self.pick(["lib", "app/deep", "go.mod"])

    def copy(self):
        keyword = self.pick(["COPY", "COPY", "COPY", "ADD", "copy"])
        flags = self.pick(["", "", "", "--chown=1000:1000 ", "--chmod='644' ", "--link "])
        if self.stages and self.chance(0.25):
            quote = self.pick(["", "", "'", '"'])
            return f"COPY --from={quote}{self.pick([*self.stages, '0', 'busybox:1.36'])}{quote} {flags}/x /y"
        sources = [self.source() for _ in range(self.pick([1, 1, 1, 2, 3]))]
        kind = self.random.random()
        if kind < 0.12:
            return f'{keyword} {flags}{json.dumps([s.replace(self.escape + " ", " ") for s in sources] + ["/there/"])}'
        if kind < 0.2:
            return f"{keyword} {flags}{sources[0]} \\\n  # why\n\n   {' '.join(sources[1:])} /there/".replace("\\\n", self.escape + "\n")
        if kind < 0.25:
            return f"COPY <<EOT /there/f\nCOPY {sources[0]} /no\nEOT"
        if kind < 0.28:
            return f"COPY {sources[0]} <<-\"ONE\" <<TWO /there/\n\tONE x\n\tONE\nCOPY lib /no\nTWO"
        if kind < 0.31:
            return f"ADD https://example.org/x.txt {sources[0]} /there/"
        return f"{keyword} {flags}{' '.join(sources)} /there/"

    def run(self):
        source = self.pick(["app", "scripts/gen.sh", "lib", "/go.mod", "web/src", "."])
        stage = self.pick([*self.stages, "0", "busybox:1.36"]) if self.stages else "busybox:1.36"
        return "RUN " + self.pick([
            f"--mount=type=bind,source={source},target=/m ls", f"--mount=type=bind,src={source},dst=/m --network=none ls",
            f'--mount="source={source},target=/m" ls', f"--mount=type=bind,from={stage},source=/x,target=/m ls",
            f"--mount=type=cache,target=/c --mount=type=bind,source={source},target=/m ls", "--mount=type=secret,id=x ls",
            f"--mount=type=cache,from={stage},source=/x,target=/m ls", "echo hello", "cat <<EOF\nCOPY lib /no\nEOF", "echo $((1 << 2)) a<<b",
            '["echo", "<<EOT"]'])

    def stage(self, lines, last):
        base = self.pick(["scratch", "busybox:1.36", "scratch"])
        self.names = []
        if self.stages and self.chance(0.5):
            base = self.pick(self.stages)
        elif self.chance(0.1):
            base = "${BASE:-scratch}"
        name = None if last and self.chance(0.6) else f"{self.pick(['build', 'deps', 'test', 'base'])}{len(self.stages)}"
        case = name.upper() if name and self.chance(0.1) else name
        lines.append(f"{self.pick(['FROM', 'FROM', 'from'])} {base}" + (f" AS {case}" if name else ""))
        self.variables(lines, "stage")
        for _ in range(self.random.randrange(1, 4)):
            lines.append(self.copy() if self.chance(0.75) else self.run())
            if self.chance(0.2):
                self.variables(lines, "stage")
        if self.chance(0.1):
            lines.append(f"ONBUILD {self.pick(['COPY', 'ADD'])} {self.pick(['lib', 'app/*', 'go.mod'])} /there/")
        if name:
            self.stages.append(name)

    def dockerfile(self):
        lines = ["# escape=`"] if self.escape == "`" else ["# syntax=docker/dockerfile:1"] if self.chance(0.3) else []
        self.names = []
        self.variables(lines, "top")
        count = self.pick([1, 1, 2, 3, 4])
        for i in range(count):
            self.stage(lines, i + 1 == count)
        return "\n".join(lines) + "\n"

    def ignore(self):
        return "\n".join(self.pick(IGNORES) for _ in range(self.random.randrange(1, 6))) + "\n"


def make(seed):
    """A case: the Dockerfile's text, files of the context, ignore files by name, build arguments, target."""
    maker = Maker(seed)
    text = maker.dockerfile()
    ignores = {}
    if maker.chance(0.6):
        ignores[".dockerignore"] = maker.ignore()
    if maker.chance(0.15):
        ignores["x.Dockerfile.dockerignore"] = maker.ignore()
    target = maker.pick(maker.stages) if maker.stages and maker.chance(0.3) else ""
    return {"text": text, "files": FILES, "ignores": ignores, "args": maker.args, "target": target}
