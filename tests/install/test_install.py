"""What `make install` puts below PREFIX: programs outside of this repository build against it, in C and C++, with the
shared library and the static one, by pkg-config and by CMake; and the library shows its public interface alone."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
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


def test_bash_completes_a_command_and_a_group(installed, repository):
    script = installed / "usr/share/bash-completion/completions/arc-ci"
    ask = 'source "$1"; COMP_WORDS=(arc-ci plan --group ""); COMP_CWORD=3; _arc_ci; echo "${COMPREPLY[@]}"'
    env = {**os.environ, "PATH": f"{installed}/usr/bin:{os.environ['PATH']}"}
    assert run("bash", "-c", ask, "bash", script, cwd=repository, env=env) == "shop\n"


def test_uninstall_leaves_nothing_behind(installed, tmp_path):
    run("make", "install", f"DESTDIR={tmp_path}", "PREFIX=/opt/arc", cwd=ROOT)
    run("make", "uninstall", f"DESTDIR={tmp_path}", cwd=ROOT)
    assert not [path for path in tmp_path.rglob("*") if not path.is_dir()]
