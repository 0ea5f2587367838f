"""What `make install` puts below PREFIX: programs outside of this repository build against it, in C and C++, with the
shared library and the static one, by pkg-config and by CMake; and the library shows its public interface alone. And what
install.sh does."""
import hashlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
from http.server import BaseHTTPRequestHandler

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from loopback import serving  # noqa: E402

COMPILERS = {"changed": ["gcc", "-std=c11"], "version": ["g++", "-std=c++17"]}


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The root of README's `make install DESTDIR=… PREFIX=/usr`."""
    root = tmp_path_factory.mktemp("root")
    run("make", "install", f"DESTDIR={root}", "PREFIX=/usr", cwd=ROOT)
    return root


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A service that changed with the last commit, and a release tag before it."""
    folder = tmp_path_factory.mktemp("repository")
    git = ["git", "-C", folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    run("git", "init", "-q", "-b", "main", folder)
    for name in ("cart", "mail"):
        (folder / name).mkdir()
        (folder / name / "service.yaml").write_text(f"name: shop-{name}\ncodename: {name}\n")
    (folder / ".github").mkdir()
    (folder / ".github/arc-ci.yaml").write_text(
        "groups:\n  shop:\n    title: Shop\n    tag: shop/v*\n    registry: registry.example/shop\n    services: [cart, mail]\n")
    run(*git, "add", ".")
    run(*git, "commit", "-q", "-m", "first")
    run(*git, "tag", "shop/v1.0.0")
    (folder / "mail/body.txt").write_text("hello\n")
    run(*git, "add", ".")
    run(*git, "commit", "-q", "-m", "second")
    return folder


def check_programs(folder, repository, environment=None):
    event = repository / "event.json"
    before = run("git", "-C", repository, "rev-parse", "HEAD^").strip()
    after = run("git", "-C", repository, "rev-parse", "HEAD").strip()
    event.write_text(f'{{"before": "{before}", "after": "{after}", "repository": {{"default_branch": "main"}}}}')
    env = {"PATH": os.environ["PATH"], "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": str(event),
           "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": after, **(environment or {})}
    assert run(folder / "changed", cwd=repository, env=env) == "mail\n"
    assert '"image-tag": "shop-v1.1.0"' in run(folder / "version", "shop/v1.1.0", cwd=repository, env=env)


def test_pkg_config_names_the_prefix_that_was_asked_for(installed):
    [file] = installed.rglob("arcci.pc")
    assert file.read_text().startswith("prefix=/usr\n")


def test_pkg_config_names_folders_given_from_the_root(tmp_path):
    folders = {name: tmp_path / "usr" / name for name in ("libdir", "includedir")}
    run("cmake", "-S", ROOT, "-B", tmp_path / "build", "-G", "Ninja", "-DBUILD_TESTING=OFF",
        *(f"-DCMAKE_INSTALL_{name.upper()}={path}" for name, path in folders.items()))
    run("cmake", "--install", tmp_path / "build", "--component", "pkgconfig")
    env = {**os.environ, "PKG_CONFIG_PATH": str(folders["libdir"] / "pkgconfig")}
    assert {name: pathlib.Path(run("pkg-config", f"--variable={name}", "arcci", env=env).strip()) for name in folders} == folders


def test_programs_of_another_minor_version_ask_for_another_library(installed):
    [library] = [path for path in installed.rglob("libarcci.so") if path.exists()]
    version = re.search(r"VERSION (\d+\.\d+)", (ROOT / "CMakeLists.txt").read_text().partition("project(")[2])[1]
    assert f"[libarcci.so.{version}]" in run("readelf", "-d", library)


@pytest.mark.parametrize("link", ["shared", "static"])
def test_programs_build_by_pkg_config(link, installed, repository, tmp_path):
    [file] = installed.rglob("arcci.pc")
    library = file.parents[1]
    flags = run("pkg-config", f"--define-variable=prefix={installed}/usr", "--cflags", "--libs",
                *(["--static"] if link == "static" else []), "arcci", env={**os.environ, "PKG_CONFIG_PATH": str(file.parent)}).split()
    if link == "static":
        flags = [str(library / "libarcci.a") if flag == "-larcci" else flag for flag in flags]
    for name, compiler in COMPILERS.items():
        [source] = (ROOT / "examples").glob(f"{name}.*")
        run(*compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", tmp_path / name, source, *flags)
    check_programs(tmp_path, repository, {"LD_LIBRARY_PATH": str(library)} if link == "shared" else None)


@pytest.mark.parametrize("link", ["shared", "static"])
def test_programs_build_by_cmake(link, installed, repository, tmp_path):
    run("cmake", "-S", ROOT / "examples", "-B", tmp_path, f"-DLINK={link}", f"-DCMAKE_PREFIX_PATH={installed}/usr")
    run("cmake", "--build", tmp_path)
    check_programs(tmp_path, repository)


def test_the_library_shows_the_public_interface_and_nothing_else(installed):
    [library] = [path for path in installed.rglob("libarcci.so") if path.exists()]
    shown = {line.split()[-1] for line in run("nm", "-D", "--defined-only", library).splitlines()}
    headers = "".join(path.read_text() for path in installed.rglob("arcci/*.h"))
    declared = set(re.findall(r"\b(arc_\w+)\s*\(", re.sub(r"/\*.*?\*/", "", headers, flags=re.S)))
    assert shown and shown <= declared


def test_manuals_completions_and_the_licence_are_installed(installed):
    share = installed / "usr/share"
    for name in ("man/man1/arc-ci.1", "man/man1/arc-ci-changes.1", "bash-completion/completions/arc-ci", "zsh/site-functions/_arc-ci",
                 "fish/vendor_completions.d/arc-ci.fish", "doc/arc-ci/LICENSE"):
        assert (share / name).stat().st_size > 0, name


@pytest.mark.parametrize("words, offered", [
    ("plan --group ''", "shop"),
    ("plan --group =", "shop"),  # as bash splits --group=
    ("plan --group = sh", "shop"),
    ("plan --group = shop --colo", "--color"),
    ("--color al", "always"),
    ("-C mai", "mail"),
    ("plan --config = mai", "mail"),
])
def test_bash_completes(installed, repository, words, offered):
    script = installed / "usr/share/bash-completion/completions/arc-ci"
    ask = f'source "$1"; COMP_WORDS=(arc-ci {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _arc_ci; echo "${{COMPREPLY[@]}}"'
    env = {**os.environ, "PATH": f"{installed}/usr/bin:{os.environ['PATH']}"}
    assert run("bash", "-c", ask, "bash", script, cwd=repository, env=env) == f"{offered}\n"


@pytest.mark.parametrize("prefix, below", [("/opt/arc", "/opt/arc"), ("/opt/arc ci/", "/opt/arc ci"), ("~/local", "/ada/local"),
                                           ("rel", f"{ROOT}/rel")])
def test_any_prefix_goes_and_uninstall_leaves_nothing_behind(prefix, below, tmp_path):
    folder = tmp_path / "stage one"
    env = {**os.environ, "HOME": "/ada"}
    make = ["make", f"DESTDIR={folder}", f"PREFIX={prefix}"]
    run(*make, "install", cwd=ROOT, env=env)
    place = pathlib.Path(f"{folder}{below}")
    assert (place / "bin/arc-ci").exists()
    pkg_config = {**os.environ, "PKG_CONFIG_PATH": str(next(place.rglob("pkgconfig")))}
    assert shlex.split(run("pkg-config", "--cflags", "arcci", env=pkg_config))[0] == f"-I{below}/include"
    run(*make, "uninstall", cwd=ROOT, env=env)
    assert not [path for path in place.rglob("*") if not path.is_dir() or path.name in ("arc-ci", "arcci")]


def test_a_build_for_another_machine_does_not_run_the_program(tmp_path):
    for folder, options, run_here in (("own", (), True), ("other", ("-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=riscv64"), False)):
        run("cmake", "-S", ROOT, "-B", tmp_path / folder, "-G", "Ninja", "-DBUILD_TESTING=OFF", *options)
        built = run("ninja", "-C", tmp_path / folder, "-t", "query", "all").split()
        assert "arc-ci" in built and ("man" in built, "completion" in built) == (run_here, run_here)


# ---- deps.sh ---------------------------------------------------------------------------------------

def test_without_lists_of_packages_deps_says_so(tmp_path):
    for name, status in (("apt-get", 0), ("apt-cache", 0), ("dpkg-query", 1)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {status}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run([ROOT / "tests/deps.sh", "build"], env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True, text=True)
    assert done.returncode == 3 and "apt has no lists of packages" in done.stderr, done


# ---- install.sh: the line of docs/install.md, against a server of this machine -------------------

PROGRAM = b"#!/bin/sh\necho arc-ci 0.1.0\n"


class Release(BaseHTTPRequestHandler):
    """A release's binaries, for any machine; nothing else."""

    def do_GET(self):
        found = re.fullmatch(r"/arc-framework/arc-platform/releases/download/arc-ci/v0\.1\.0/arc-ci-(linux|macos)-(x86_64|aarch64)", self.path)
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(PROGRAM) if found else 0))
        self.end_headers()
        self.wfile.write(PROGRAM if found else b"")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    with serving(Release, tls=folder) as listening:
        yield {"ARC_CI_SERVER": f"https://localhost:{listening.server_port}", "CURL_CA_BUNDLE": str(folder / "ca.pem")}


def documented_line():
    [line] = re.findall(r"^(ARC_CI_REPOSITORY=.*install\.sh .*)$", (ROOT / "docs/install.md").read_text(), re.M)
    assert line in (ROOT / "README.md").read_text()
    return line


def install(line, home, server):
    env = {"PATH": os.environ["PATH"], "HOME": str(home), **server}
    return subprocess.run(["sh", "-c", line], cwd=ROOT, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("version", ["0.1.0", "v0.1.0"])
def test_the_documented_line_installs(version, server, tmp_path):
    checksum = hashlib.sha256(PROGRAM).hexdigest()
    done = install(documented_line().replace("0.1.0 SHA256", f"{version} {checksum}"), tmp_path, server)
    assert done.returncode == 0 and done.stdout == "arc-ci 0.1.0\n", done.stderr
    assert (tmp_path / ".local/bin/arc-ci").read_bytes() == PROGRAM
    assert [path.name for path in (tmp_path / ".local/bin").iterdir()] == ["arc-ci"]


@pytest.mark.parametrize("old, new, status, said", [
    ("SHA256", "0" * 64, 1, f"has the checksum {hashlib.sha256(PROGRAM).hexdigest()}, not"),
    ("SHA256", "abc", 2, "'abc' is not a SHA-256"),
    ("SHA256", "z" * 64, 2, "is not a SHA-256"),
    ("0.1.0 SHA256", "../x " + "0" * 64, 2, "'../x' is not a version"),
    ("0.1.0 SHA256", "9.9.9 " + "0" * 64, 3, "cannot download"),
    ("0.1.0 SHA256", "", 2, "usage: install.sh VERSION SHA256"),
    ("~/.local/bin", "/dev/null/bin", 3, "install.sh: cannot create /dev/null/bin"),
    ("ARC_CI_REPOSITORY=arc-framework/arc-platform", "", 2, "set ARC_CI_REPOSITORY=owner/name"),
])
def test_nothing_is_installed_otherwise(server, tmp_path, old, new, status, said):
    done = install(documented_line().replace(old, new).replace("SHA256", "0" * 64), tmp_path, server)
    assert done.returncode == status and said in done.stderr, done
    assert not list(tmp_path.rglob("*arc-ci*"))


def test_a_checksum_counts_in_capitals_too(server, tmp_path):
    checksum = hashlib.sha256(PROGRAM).hexdigest().upper()
    assert install(documented_line().replace("SHA256", checksum), tmp_path, server).returncode == 0


def test_a_folder_in_the_programs_place_stays_as_it_is(server, tmp_path):
    folder = tmp_path / ".local/bin/arc-ci"
    folder.mkdir(parents=True)
    done = install(documented_line().replace("SHA256", hashlib.sha256(PROGRAM).hexdigest()), tmp_path, server)
    assert done.returncode == 3 and f"{folder} is a directory" in done.stderr, done
    assert not list(folder.iterdir()) and list(folder.parent.iterdir()) == [folder]


def test_without_a_program_for_checksums_nothing_is_installed(server, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "uname", "mkdir", "rm", "tr", "curl"):
        (tools / name).symlink_to(shutil.which(name))
    done = install(documented_line().replace("SHA256", "0" * 64), tmp_path, {**server, "PATH": str(tools)})
    assert done.returncode == 3 and "neither sha256sum nor shasum" in done.stderr, done
    assert not list((tmp_path / ".local/bin").iterdir())
