"""Checks that hold for the whole tree: layers, headers, banned calls, format, links, the commands in the docs,
installation."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
FLAGS = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow",
         "-Wconversion", "-Wstrict-prototypes", "-Werror", "-fsyntax-only"]
BANNED = {
    "system": "runs a shell", "popen": "runs a shell", "execl": "takes no environment", "getenv": "use struct arc_env",
    "strcpy": "unbounded", "strcat": "unbounded", "sprintf": "unbounded", "vsprintf": "unbounded", "gets": "unbounded",
    "strtok": "keeps state", "tmpnam": "races", "mktemp": "races", "localtime": "keeps state", "gmtime": "keeps state",
    "atoi": "cannot fail", "atol": "cannot fail", "exit": "the library never exits", "abort": "the library never exits",
    "json_loads": "use arc_json_load", "json_loadb": "use arc_json_load", "json_dumps": "use arc_json_dumps",
}


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=ROOT, check=True,
                         capture_output=True, text=True).stdout
    return [ROOT / line for line in out.splitlines() if (ROOT / line).is_file()]


def test_layering():
    run = subprocess.run(["/usr/bin/python3", ROOT / "tests/layering.py"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


WRONG_INCLUDES = {
    "base/a.c": '#include "plan/planned.h"\n',
    "cmd/b.c": '#include "git/git.h"\n',
    "cmd/c.c": "#include <git2.h>\n",
    "scan/d.c": '#include "arcci/release.h"\n',
    "main.c": '#include "build/run.h"\n',
    "newcomer/e.c": '#include "base/text.h"\n',
}


@pytest.mark.parametrize("path", WRONG_INCLUDES)
def test_layering_check_sees_an_arrow_that_goes_back(path, tmp_path):
    file = tmp_path / "tools" / path
    file.parent.mkdir(parents=True)
    file.write_text(WRONG_INCLUDES[path])
    run = subprocess.run(["/usr/bin/python3", ROOT / "tests/layering.py", tmp_path], capture_output=True, text=True)
    assert run.returncode == 1
    assert len(run.stdout.splitlines()) == 1 and f"tools/{path}:1: " in run.stdout


def test_layering_check_sees_a_circle_of_files(tmp_path):
    folder = tmp_path / "tools/base"
    folder.mkdir(parents=True)
    (folder / "a.h").write_text('#include "base/b.h"\n')
    (folder / "b.c").write_text('#include "base/a.h"\n')
    (folder / "b.h").write_text("")
    run = subprocess.run(["/usr/bin/python3", ROOT / "tests/layering.py", tmp_path], capture_output=True, text=True)
    assert run.stdout == "a circle of files: base/a base/b\n"


@pytest.mark.parametrize("header", [str(p.relative_to(ROOT)) for p in tracked("include/*.h", "tools/*.h")])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_every_header_compiles_alone(header, compiler):
    flags = subprocess.run(["pkg-config", "--cflags", "libgit2", "jansson", "yaml-0.1", "libcurl"], check=True,
                           capture_output=True, text=True).stdout.split()
    run = subprocess.run([compiler, *FLAGS, *flags, "-I", "include", "-I", "tools", "-include", header, "-xc", "-"],
                         cwd=ROOT, capture_output=True, text=True, input="extern int a_unit_is_never_empty;\n")
    assert run.returncode == 0, run.stderr


def test_no_banned_function():
    call = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
    found = []
    for path in tracked("tools/*.c", "include/*.h"):
        text = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', lambda m: re.sub(r"[^\n]", " ", m[0]), path.read_text(), flags=re.S)
        for number, line in enumerate(text.splitlines(), 1):
            found += [f"{path.relative_to(ROOT)}:{number}: {m[1]}: {BANNED[m[1]]}" for m in call.finditer(line)]
    assert not found, "\n".join(found)


def test_format():
    sources = [str(p) for p in tracked("*.c", "*.h")]
    run = subprocess.run(["clang-format", "--dry-run", "--Werror", *sources], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-3000:] + "\nrun: make format"


def test_shell_scripts():
    scripts = [str(p) for p in tracked("*.sh", ".ci/run")]
    run = subprocess.run(["shellcheck", "--severity=warning", *scripts], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_links_in_the_docs_lead_somewhere():
    broken = []
    for page in tracked("*.md", ":!tests/data", ":!tests/fuzz", ":!tools/notes/default.md"):  # a template
        text = re.sub(r"```.*?```|`[^`\n]*`|^    .*?$", "", page.read_text(), flags=re.S | re.M)
        for target in re.findall(r"\]\(([^)\s#]+)", text):
            if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert not broken, "\n".join(broken)


def test_every_path_that_a_document_names_exists():
    """`tools/x.c` and its like, in code spans and in the indented tree of docs/architecture.md."""
    lost = []
    for page in tracked("README.md", "CONTRIBUTING.md", "CLAUDE.md", "docs/*.md", "tests/*.md"):
        for path in re.findall(r"`((?:tools|include|tests|examples|docs|cmake)/[\w./-]+\w/?)`", page.read_text()):
            placeholder = re.search(r"[A-Z]{4}|greet", path)
            if not placeholder and not list(ROOT.glob(path)):
                lost.append(f"{page.relative_to(ROOT)}: {path}")
    assert not lost, "\n".join(lost)


FOREIGN = re.compile(r"unknown flag|\b(COPY|RUN) --|\b(git|docker|buildx|trivy|make|cosign|skopeo|apt-get|npm|gh)\b")


def test_every_option_that_a_message_names_exists():
    """An error, a note or a help text that says `--option` must name one of ours, unless it speaks of another program."""
    known = set(re.findall(r"`--([a-z][a-z0-9-]*)", (ROOT / "docs/commands.md").read_text()))
    known |= set(re.findall(r"--([a-z]+)", subprocess.run([ARC_CI, "help"], check=True, capture_output=True, text=True).stdout))
    unknown = []
    for path in tracked("tools/*.c", "tools/*.h"):
        text = path.read_text()
        for literal in re.findall(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+', text):
            said = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', literal))
            if " " not in said or FOREIGN.search(said) or all(word.startswith("-") for word in said.split()):
                continue  # a word of an argv, another program's command line, or options that are looked for
            unknown += [f"{path.relative_to(ROOT)}: --{name} in {said[:80]!r}"
                        for name in re.findall(r"(?<![\w-])--([a-z][a-z0-9-]*\w)", said) if name not in known]
    for path in tracked("tools/*.txt"):
        unknown += [f"{path.relative_to(ROOT)}: --{name}" for line in path.read_text().splitlines() if not FOREIGN.search(line)
                    for name in re.findall(r"(?<![\w-])--([a-z][a-z0-9-]*\w)", line) if name not in known]
    assert not unknown, "\n".join(unknown)


MANUALS = ["arc-ci.yaml.5", "service.yaml.5"]


def test_every_variable_that_is_read_is_in_the_docs():
    """Those of options are INPUT_<OPTION>."""
    read = {name for file in tracked("tools/*.c") for name in
            re.findall(r'arc_env_(?:get|nonempty)\([^"();]*,\s*"([A-Z_]+)"', file.read_text())}
    text = (ROOT / "docs/environment.md").read_text()
    assert "GITHUB_REPOSITORY" in read and len(read) > 25
    assert sorted(name for name in read if f"`{name}`" not in text and not name.startswith("INPUT_")) == []


def test_manuals_of_the_files_are_those_of_the_schemas(tmp_path):
    subprocess.run([sys.executable, ROOT / "packaging/manual.py", tmp_path], check=True)
    for name in MANUALS:
        assert (ROOT / "docs/man" / name).read_text() == (tmp_path / name).read_text(), "run 'make docs'"
        checked = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", ROOT / "docs/man" / name], capture_output=True, text=True)
        assert checked.returncode == 0 and not checked.stderr, checked.stderr


def accepted_keys():
    """The keys of the tables that the configuration is read by, and those that are read one by one."""
    for path in tracked("tools/config/*.c"):
        if path.name in ("compose_file.c", "bake_file.c"):
            continue  # files of others
        text = path.read_text()
        for key in re.findall(r'\{"([a-z_-]+)", FIELD_', text) + re.findall(r'arc_yaml_get\([^()]+, "([a-z_-]+)"\)', text):
            yield key


def test_every_key_that_is_accepted_is_in_a_manual():
    known = {key.replace("\\", "") for name in MANUALS
             for key in re.findall(r"^\\fB(\S+)\\fR", (ROOT / "docs/man" / name).read_text(), re.M)}
    accepted = set(accepted_keys())
    assert {"groups", "registry", "variants", "soft", "exclude"} <= accepted
    assert not accepted - known


@pytest.mark.parametrize("name", MANUALS)
def test_every_key_of_a_manual_says_what_it_is(name):
    text = (ROOT / "docs/man" / name).read_text()
    assert re.findall(r"^(\\fB\S+\\fR)[^\n]*\n(?:Required\.|\\&)$", text, re.M) == []


NOT_HERE = {"init": "a repository without a configuration", "prune": "a registry", "report": "the documents of a run",
            "rollback": "a registry", "sign": "cosign and a registry", "verify": "a registry"}


def documented_commands():
    """Lines `$ arc-ci …` and `$ make …` of the docs, and the examples of the command table."""
    for page in tracked("README.md", "docs/*.md"):
        for line in re.findall(r"^(?:    |\s*)\$ (.+)$", page.read_text(), re.M):
            yield pytest.param(line, id=f"{page.name}: {line}")


@pytest.mark.parametrize("line", documented_commands())
def test_commands_in_the_docs_run(line, tmp_path):
    """On a clone of this repository, with the arc-ci that was built. A line that ends in `# exit N` may fail so. What needs more than
    a clone (NOT_HERE) is parsed and not run: the command and its options exist."""
    line, _, expected = line.partition("# exit ")
    first = shlex.split(line.split(" | ")[0])
    if first[0] == "arc-ci" and first[1] in NOT_HERE:
        run = subprocess.run([ARC_CI, *first[1:], "--help"], capture_output=True, text=True)
        assert run.returncode == 0 and run.stdout.startswith(f"Usage: arc-ci {first[1]} "), run.stderr
        return
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True, capture_output=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/arc-ci").symlink_to(ARC_CI)
    person = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER")
              for part, value in (("NAME", "A Maintainer"), ("EMAIL", "maintainer@example.org"))}
    env = {**os.environ, **person, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    text = None
    for words in map(shlex.split, line.split(" | ")):
        if words[0] == "make":
            words.append("-n")
        run = subprocess.run(words, cwd=clone, env=env, capture_output=True, text=True, input=text or "", timeout=300)
        text = run.stdout
    assert run.returncode == int(expected or 0), run.stdout[-2000:] + run.stderr[-2000:]


# Pages whose blocks of commands are run, whole and in their order, elsewhere; and one whose block is a template of release notes.
RUN_ELSEWHERE = {"adopting.md": "tests/adopting", "other-ci.md": "tests/adopting", "tour.md": "tests/adopting",
                 "install.md": "tests/install", "notes.md": "a template"}
NEEDS = {"build": "docker and a registry", "scan": "Trivy", "release": "GitHub's API", "rollback": "a registry",
         "prune": "a registry", "sign": "cosign and a registry", "verify": "cosign and a registry", "status": "a registry"}
OF_OTHERS = {"gh", "cosign"}  # programs that this repository does not have


def fenced_commands():
    for page in tracked("README.md", "CONTRIBUTING.md", "docs/*.md"):
        if page.name in RUN_ELSEWHERE:
            continue
        for block in re.findall(r"^```(?:sh|bash)\n(.*?)^```$", page.read_text(), re.M | re.S):
            for line in block.splitlines():
                yield pytest.param(line, id=f"{page.name}: {line}")


@pytest.mark.parametrize("line", fenced_commands())
def test_fenced_commands_in_the_docs_are_taken(line):
    """What they need is not here (NEEDS), so they are parsed and not run: the command and its options exist."""
    words = shlex.split(line.split(" > ")[0], comments=True)
    if words and words[0] in OF_OTHERS:
        return
    assert words[0] == "arc-ci" and (words[1] in NEEDS or words[1] == "plan"), "run it, or say what it needs"
    run = subprocess.run([ARC_CI, *words[1:], "--help"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_readme_shows_what_the_dry_run_prints():
    block = re.search(r"<!-- dry-run -->\n(.*?)<!-- /dry-run -->", (ROOT / "README.md").read_text(), re.S)[1]
    shown = [line.removeprefix("    ") for line in block.strip("\n").splitlines()]
    run = subprocess.run([ARC_CI, "dry-run", "messaging/v0.1.0"], cwd=ROOT, check=True, capture_output=True, text=True,
                         env={"PATH": os.environ["PATH"]})
    printed = run.stdout.splitlines()[:len(shown)]
    assert [re.sub("[0-9a-f]{12}", "COMMIT", line) for line in shown] == \
        [re.sub("[0-9a-f]{12}", "COMMIT", line) for line in printed]


def test_every_test_folder_is_run():
    """check.py finds suites by tests/*/test_*.py; a test file elsewhere would be forgotten."""
    lost = [p for p in tracked("tests/*test_*.py") if len(p.relative_to(ROOT / "tests").parts) != 2]
    assert not lost


def test_install(tmp_path):
    """Installed, libarcci is found by CMake and pkg-config, and the man pages are there."""
    prefix = tmp_path / "usr"
    subprocess.run(["cmake", "--build", ROOT / "build", "--target", "man"], check=True, capture_output=True)
    subprocess.run(["cmake", "--install", ROOT / "build", "--prefix", prefix], check=True, capture_output=True)
    assert (prefix / "bin/arc-ci").is_file()
    assert (prefix / "share/man/man1/arc-ci-version.1").read_text().startswith(".TH")
    assert {page.name for page in (prefix / "share/man/man5").iterdir()} == {"arc-ci.yaml.5", "service.yaml.5"}
    source = tmp_path / "app"
    source.mkdir()
    (source / "main.c").write_text('#include <arcci/semver.h>\n#include <string.h>\nint main(void)\n{\n'
                                   '    struct arc_semver v;\n    return arc_semver_parse("1.2.3", 5, &v, NULL);\n}\n')
    (source / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.18)\nproject(app C)\nfind_package(arcci REQUIRED)\n"
        "add_executable(app main.c)\ntarget_link_libraries(app PRIVATE arcci::shared)\n")
    subprocess.run(["cmake", "-S", source, "-B", source / "build", f"-DCMAKE_PREFIX_PATH={prefix}"], check=True,
                   capture_output=True)
    subprocess.run(["cmake", "--build", source / "build"], check=True, capture_output=True)
    subprocess.run([source / "build/app"], check=True)
    pc, = prefix.rglob("arcci.pc")
    env = {**os.environ, "PKG_CONFIG_PATH": str(pc.parent)}
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", f"--define-variable=prefix={prefix}", "arcci"], env=env,
                           check=True, capture_output=True, text=True).stdout.split()
    subprocess.run(["gcc", source / "main.c", *flags, "-o", source / "app"], check=True)
    libraries, = {str(p.parent) for p in prefix.rglob("libarcci.so")}
    subprocess.run([source / "app"], check=True, env={**os.environ, "LD_LIBRARY_PATH": libraries})


def test_version_and_help_load_only_libc():
    out = subprocess.run(["ldd", ROOT / "build/arc-ci"], check=True, capture_output=True, text=True).stdout
    names = re.findall(r"^\s*(\S+)", out, re.M)
    assert all(re.match(r"(linux-vdso|libc\.|libm\.|/lib.*ld-linux)", name) for name in names), out


def test_version_opens_no_library_and_no_certificates(tmp_path):
    strace = shutil.which("strace")
    assert strace, "strace is missing"
    log = tmp_path / "trace"
    for arguments in (["--help"], ["version", "messaging/v1.2.3"]):
        subprocess.run([strace, "-f", "-e", "trace=openat,execve", "-o", log, ROOT / "build/arc-ci", *arguments],
                       cwd=ROOT, check=True, capture_output=True)
        opened = log.read_text()
        assert not re.search(r"libcurl|libgit2|libssl|libmbed|ca-certificates|\.pem", opened), opened
