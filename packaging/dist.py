#!/usr/bin/python3
"""Builds the released binaries: one static file per platform, the same bytes wherever it is built.

dist.py [--packages] [TARGET...]: into dist/, for all of TARGETS unless some are named; with --packages also Debian, rpm and
apk packages, an OCI image and a Homebrew formula. What is fetched (the zig compiler from PyPI, sources
from crates and from Debian's pool) has its checksum pinned here or in sources/Cargo.lock, and is kept in the cache with the
libraries, keyed by this file: ARC_CACHE, or ~/.cache/arc-ci."""
import fcntl
import gzip
import hashlib
import inspect
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests"))
import cached  # noqa: E402

ZIG, MUSL = "ziglang==0.15.2", "1.2.5"  # the libc that this zig compiles
# Name in the files -> zig's name of the target.
TARGETS = {
    "linux-x86_64": "x86_64-linux-musl", "linux-aarch64": "aarch64-linux-musl",
    "macos-x86_64": "x86_64-macos.13.0-none", "macos-aarch64": "aarch64-macos.13.0-none",
}
# Source packages of Debian 12 and 13: name -> version, file, SHA-256 of what upstream released.
DEBIAN = {
    "jansson": ("2.14", "jansson_2.14.orig.tar.gz", "c739578bf6b764aa0752db9a2fdadcfe921c78f1228c7ec0bb47fa804c55d17b"),
    "libyaml": ("0.2.5", "libyaml_0.2.5.orig.tar.gz", "fa240dbf262be053f3898006d502d514936c818e422afdcf33921c63bed9bf2e"),
    "mbedtls": ("3.6.6", "mbedtls_3.6.6.orig.tar.bz2", "8fb65fae8dcae5840f793c0a334860a411f884cc537ea290ce1c52bb64ca007a"),
    "yajl": ("2.1.0", "yajl_2.1.0.orig.tar.gz", "3fb73364a5a30efe615046d07e6db9d09fd2b41c763c5f7d3bfb121cd5c5ac5a"),
}
# Crates that carry a library's sources: crate -> library, folder in the crate.
CRATES = {"libgit2-sys": ("libgit2", "libgit2"), "curl-sys": ("curl", "curl"), "libz-sys": ("zlib", "src/zlib"),
          "libmimalloc-sys": ("mimalloc", "c_src/mimalloc/v2")}
LICENCES = {"libgit2": "GPL-2.0-only WITH GCC-exception-2.0", "curl": "curl", "zlib": "Zlib", "mimalloc": "MIT", "jansson": "MIT",
            "libyaml": "MIT", "mbedtls": "Apache-2.0", "yajl": "ISC", "musl": "MIT"}
FLAGS = ["-O2", "-g0", "-fPIC", "-ffunction-sections", "-fdata-sections", "-fvisibility=hidden"]


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))[:400]}\n{done.stdout[-3000:]}{done.stderr[-6000:]}")
    return done.stdout


def version():
    return re.search(r"project\(arc-ci VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]


# ---- sources --------------------------------------------------------------------------------------------------------

def debian_sites():
    """Where this machine has Debian from: its mirror has the source packages too."""
    told = run("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages")
    return [site for site in dict.fromkeys(told.split()) if site.rstrip("/").endswith("/debian")]


def fetch_debian(folder):
    """The upstream archives, by apt with a state of its own: the machine's is not touched."""
    state = folder / "apt"
    for name in ("lists/partial", "cache/archives/partial"):
        (state / name).mkdir(parents=True)
    (state / "status").touch()
    key = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (state / "sources.list").write_text("".join(
        f"deb-src [signed-by={key}] {site} {suite} main\n" for site in debian_sites()[:1] for suite in ("bookworm", "trixie")))
    (state / "apt.conf").write_text(
        f'Dir::State "{state}";\nDir::State::status "{state}/status";\nDir::Cache "{state}/cache";\n'
        f'Dir::Etc::SourceList "{state}/sources.list";\nDir::Etc::SourceParts "/dev/null";\n'
        'Dir::Etc::PreferencesParts "/dev/null";\nAPT::Sandbox::User "root";\n')
    env = {**os.environ, "APT_CONFIG": str(state / "apt.conf")}
    run("apt-get", "-qq", "update", env=env)
    for name, (_, file, sha256) in DEBIAN.items():
        # A later revision of the package has the same upstream archive, so a missing .dsc does not matter.
        subprocess.run(["apt-get", "-qq", "source", "--download-only", name], cwd=state, env=env, capture_output=True)
        archive = state / file
        if not archive.exists() or hashlib.sha256(archive.read_bytes()).hexdigest() != sha256:
            sys.exit(f"{file}: could not be fetched, or has another checksum than {sha256}")
        with tarfile.open(archive) as tar:
            tar.extractall(folder / "unpacked", filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(folder / "unpacked")
        top = archive_top(archive)
        (folder / "unpacked" / top).rename(folder / name)


def archive_top(archive):
    with tarfile.open(archive) as tar:
        return tar.next().name.split("/")[0]


def fetch_crates(folder):
    """cargo checks every file against Cargo.lock."""
    shutil.copytree(HERE / "sources", folder / "crates")
    run("cargo", "vendor", "--locked", "--quiet", "vendor", cwd=folder / "crates")
    for crate, (name, inner) in CRATES.items():
        shutil.copytree(folder / "crates/vendor" / crate / inner, folder / name, symlinks=True)


def sources():
    key = hashlib.sha256(repr(sorted(DEBIAN.items())).encode() + (HERE / "sources/Cargo.lock").read_bytes()).hexdigest()[:12]
    with cached.once("dist", f"sources-{key}") as (folder, missing):
        if missing:
            for old in folder.iterdir():
                shutil.rmtree(old) if old.is_dir() else old.name == ".lock" or old.unlink()
            fetch_debian(folder)
            fetch_crates(folder)
    return folder


def crate_versions():
    text = (HERE / "sources/Cargo.lock").read_text()
    told = dict(re.findall(r'name = "([\w-]+)"\nversion = "([^"]+)"', text))
    return {"libgit2": told["libgit2-sys"].split("+")[1], "curl": told["curl-sys"].split("curl-")[1], "zlib": "1.3.2",
            "mimalloc": "2.3.2"}


# ---- libraries ------------------------------------------------------------------------------------------------------

class Toolchain:
    """zig cc for one target, as commands that CMake can call."""

    def __init__(self, target, folder):
        self.target, self.zig = TARGETS[target], cached.pip(ZIG) / "python"
        self.linux = target.startswith("linux")
        self.folder = folder
        # One cache for all targets and keys: what zig compiles of its own, musl, is the same for each.
        cache = str(cached.CACHE / "dist/zig")
        self.env = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache, "SOURCE_DATE_EPOCH": "0"}
        folder.mkdir(parents=True, exist_ok=True)
        for name, words in (("cc", f"cc -target {self.target}"), ("ar", "ar"), ("ranlib", "ranlib")):
            tool = folder / name
            tool.write_text(f'#!/bin/sh\nexec "{self.zig}" -m ziglang {words} "$@"\n')
            tool.chmod(0o755)
        self.file = folder / "toolchain.cmake"
        self.file.write_text(
            f"set(CMAKE_SYSTEM_NAME {'Linux' if self.linux else 'Darwin'})\n"
            f"set(CMAKE_SYSTEM_PROCESSOR {self.target.split('-')[0]})\n"
            f"set(CMAKE_C_COMPILER {folder}/cc)\nset(CMAKE_AR {folder}/ar)\nset(CMAKE_RANLIB {folder}/ranlib)\n"
            "set(CMAKE_C_COMPILER_LAUNCHER \"\" CACHE STRING \"\" FORCE)\n"
            "set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)\nset(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)\n"
            "set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)\nset(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)\n"
            f"set(CMAKE_FIND_ROOT_PATH {folder}/root)\n"
            "set(CMAKE_C_ARCHIVE_CREATE \"<CMAKE_AR> rcsD <TARGET> <OBJECTS>\")\nset(CMAKE_C_ARCHIVE_FINISH \"\")\n")

    def flags(self, *paths):
        return " ".join([*FLAGS, *(f"-ffile-prefix-map={path}=." for path in (self.folder, ROOT, *paths))])

    def cmake(self, source, build, *options, target="install"):
        run("cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_TOOLCHAIN_FILE={self.file}", "-DCMAKE_BUILD_TYPE=None",
            f"-DCMAKE_C_FLAGS={self.flags(source)}", f"-DCMAKE_INSTALL_PREFIX={self.folder}/root", "-DBUILD_SHARED_LIBS=OFF",
            "-DCMAKE_INSTALL_LIBDIR=lib", "-DCMAKE_POLICY_VERSION_MINIMUM=3.5", *options, env=self.env)
        run("cmake", "--build", build, "--target", target, env=self.env)

    def archive(self, name, files, *flags):
        objects = []
        build = self.folder / f"build-{name}"
        build.mkdir()
        for file in sorted(files):
            objects.append(build / f"{file.stem}.o")
            run(self.folder / "cc", *self.flags(file.parent).split(), *flags, "-c", file, "-o", objects[-1], env=self.env)
        run(self.folder / "ar", "rcsD", self.folder / f"root/lib/lib{name}.a", *objects, env=self.env)


def write_pc(tools, name, number, libs):
    root = tools.folder / "root"
    (root / f"lib/pkgconfig/{name}.pc").write_text(
        f"Name: {name}\nDescription: {name}\nVersion: {number}\nLibs: -L{root}/lib {libs}\nCflags: -I{root}/include\n")


def build_zlib(tools, source):
    tools.archive("z", source.glob("*.c"), "-DHAVE_UNISTD_H", "-D_LARGEFILE64_SOURCE=1")
    for header in ("zlib.h", "zconf.h"):
        shutil.copy(source / header, tools.folder / "root/include")
    write_pc(tools, "zlib", "1.3.2", "-lz")


def build_mimalloc(tools, source):
    """Settled when it is compiled, since a run may take less than a millisecond: no huge pages (2 MiB of zeros), no options from the
    environment, 64 MiB reserved at a time instead of 1 GiB, no clearing away at the end; mimalloc.patch has what no macro settles."""
    copy = tools.folder / "mimalloc"
    shutil.copytree(source, copy)
    run("patch", "--strip=1", "--fuzz=0", f"--input={HERE}/mimalloc.patch", cwd=copy)
    tools.archive("mimalloc", [copy / "src/static.c"], f"-I{copy}/include", "-DMI_MALLOC_OVERRIDE", "-DMI_LIBC_MUSL=1", "-DNDEBUG",
                  "-DMI_NO_THP", "-DMI_NO_GETENV", "-DMI_DEFAULT_ARENA_RESERVE=65536L", "-DMI_SKIP_COLLECT_ON_EXIT",
                  "-Wno-builtin-macro-redefined", "-D__DATE__=\"\"", "-D__TIME__=\"\"")


# Parts of Mbed TLS that a client without keys never uses, and whose tables would be filled in at each start.
MBEDTLS_UNUSED = """
    ARIA_C CAMELLIA_C CCM_C DES_C ECJPAKE_C LMS_C NIST_KW_C PADLOCK_C PKCS7_C RIPEMD160_C
    ECP_DP_SECP192R1_ENABLED ECP_DP_SECP224R1_ENABLED ECP_DP_SECP192K1_ENABLED ECP_DP_SECP224K1_ENABLED ECP_DP_SECP256K1_ENABLED
    ECP_DP_BP256R1_ENABLED ECP_DP_BP384R1_ENABLED ECP_DP_BP512R1_ENABLED
    KEY_EXCHANGE_PSK_ENABLED KEY_EXCHANGE_DHE_PSK_ENABLED KEY_EXCHANGE_ECDHE_PSK_ENABLED KEY_EXCHANGE_RSA_PSK_ENABLED
    KEY_EXCHANGE_ECDH_ECDSA_ENABLED KEY_EXCHANGE_ECDH_RSA_ENABLED
    SSL_SRV_C SSL_CACHE_C SSL_COOKIE_C SSL_TICKET_C SSL_RENEGOTIATION SSL_CONTEXT_SERIALIZATION
    SSL_PROTO_DTLS SSL_DTLS_CONNECTION_ID SSL_DTLS_CONNECTION_ID_COMPAT SSL_DTLS_ANTI_REPLAY SSL_DTLS_HELLO_VERIFY
    SSL_DTLS_CLIENT_PORT_REUSE
    X509_CREATE_C X509_CRT_WRITE_C X509_CSR_WRITE_C X509_CSR_PARSE_C PEM_WRITE_C
    PSA_CRYPTO_STORAGE_C PSA_ITS_FILE_C SELF_TEST DEBUG_C VERSION_FEATURES TIMING_C GENPRIME
"""


def build_mbedtls(tools, source):
    """musl's getrandom() is not known to Mbed TLS, which opens /dev/random instead: in an empty root there is none."""
    config = tools.folder / "mbedtls"
    shutil.copytree(source, config)
    for name in ("NO_PLATFORM_ENTROPY", "ENTROPY_HARDWARE_ALT"):
        run(sys.executable, "scripts/config.py", "set", f"MBEDTLS_{name}", cwd=config)
    for name in MBEDTLS_UNUSED.split():
        run(sys.executable, "scripts/config.py", "unset", f"MBEDTLS_{name}", cwd=config)
    tools.cmake(config, tools.folder / "build-mbedtls", "-DENABLE_PROGRAMS=OFF", "-DENABLE_TESTING=OFF", "-DGEN_FILES=OFF")


def build_yajl(tools, source):
    include = tools.folder / "root/include/yajl"
    include.mkdir()
    for header in (source / "src/api").glob("yajl_*.h"):
        shutil.copy(header, include)
    (include / "yajl_version.h").write_text(
        "#ifndef YAJL_VERSION_H_\n#define YAJL_VERSION_H_\n#include <yajl/yajl_common.h>\n#define YAJL_MAJOR 2\n#define YAJL_MINOR 1\n"
        "#define YAJL_MICRO 0\n#define YAJL_VERSION 20100\nYAJL_API int yajl_version(void);\n#endif\n")
    tools.archive("yajl", (source / "src").glob("*.c"), f"-I{tools.folder}/root/include", f"-I{source}/src")


def build_libraries(tools, found):
    root = tools.folder / "root"
    for name in ("lib/pkgconfig", "include"):
        (root / name).mkdir(parents=True)
    build_zlib(tools, found / "zlib")
    build_mbedtls(tools, found / "mbedtls")
    tools.cmake(found / "jansson", tools.folder / "build-jansson", "-DJANSSON_WITHOUT_TESTS=ON", "-DJANSSON_BUILD_DOCS=OFF",
                "-DJANSSON_EXAMPLES=OFF")
    tools.cmake(found / "libyaml", tools.folder / "build-libyaml", "-DBUILD_TESTING=OFF")
    write_pc(tools, "yaml-0.1", DEBIAN["libyaml"][0], "-lyaml")
    build_yajl(tools, found / "yajl")
    # No locks in libgit2: a tenth of a comparison with musl's. Of our threads only scan/run.c's are not the first, and none uses git.
    tools.cmake(found / "libgit2", tools.folder / "build-libgit2", "-DUSE_THREADS=OFF", "-DBUILD_TESTS=OFF", "-DBUILD_CLI=OFF", "-DUSE_HTTPS=OFF",
                "-DUSE_SSH=OFF", "-DUSE_NTLMCLIENT=OFF", "-DUSE_SHA1=CollisionDetection", "-DUSE_SHA256=Builtin",
                "-DREGEX_BACKEND=regcomp", "-DUSE_HTTP_PARSER=builtin", "-DUSE_BUNDLED_ZLIB=OFF", "-DUSE_GSSAPI=OFF",
                "-DUSE_ICONV=OFF", f"-DZLIB_LIBRARY={root}/lib/libz.a", f"-DZLIB_INCLUDE_DIR={root}/include")
    if tools.linux:
        build_mimalloc(tools, found / "mimalloc")
        tools.cmake(found / "curl", tools.folder / "build-curl", "-DHTTP_ONLY=ON", "-DCURL_USE_MBEDTLS=ON", "-DCURL_USE_OPENSSL=OFF",
                    "-DCURL_USE_LIBSSH2=OFF", "-DCURL_USE_LIBPSL=OFF", "-DUSE_LIBIDN2=OFF", "-DUSE_NGHTTP2=OFF", "-DCURL_BROTLI=OFF",
                    "-DCURL_ZSTD=OFF", "-DENABLE_THREADED_RESOLVER=ON", "-DCMAKE_DISABLE_FIND_PACKAGE_Perl=ON",
                    "-DBUILD_EXAMPLES=OFF", "-DBUILD_TESTING=OFF", "-DBUILD_CURL_EXE=OFF", "-DBUILD_LIBCURL_DOCS=OFF",
                    "-DBUILD_MISC_DOCS=OFF", "-DENABLE_CURL_MANUAL=OFF", "-DCURL_CA_BUNDLE=none", "-DCURL_CA_PATH=none",
                    f"-DZLIB_LIBRARY={root}/lib/libz.a", f"-DZLIB_INCLUDE_DIR={root}/include")
    else:  # macOS has a libcurl of its own, loaded when it is needed: the headers are enough
        shutil.copytree(found / "curl/include/curl", root / "include/curl")
        write_pc(tools, "libcurl", "8.22.0", "")


def libraries(target):
    recipe = "".join(inspect.getsource(part) for part in (Toolchain, write_pc, build_zlib, build_mimalloc, build_mbedtls, build_yajl,
                                                          build_libraries))
    files = b"".join((HERE / name).read_bytes() for name in ("sources/Cargo.lock", "mimalloc.patch"))
    key = hashlib.sha256(repr((ZIG, FLAGS, DEBIAN, MBEDTLS_UNUSED, recipe)).encode() + files).hexdigest()[:12]
    with cached.once("dist", f"{target}-{key}") as (folder, missing):
        if missing:
            for old in folder.iterdir():
                shutil.rmtree(old) if old.is_dir() else old.name == ".lock" or old.unlink()
            build_libraries(Toolchain(target, folder), sources())
    return Toolchain(target, folder)


# ---- the program and what goes with it ------------------------------------------------------------------------------

def build_program(target, out):
    tools = libraries(target)
    root = tools.folder / "root"
    build = ROOT / "build-dist" / tools.folder.name  # other libraries, another folder
    defined = "" if not tools.linux else (  # what the program cannot ask for its version
        f'-DARCCI_ALLOCATOR=\\"{inside()["mimalloc"]}\\" -DARCCI_LIBC=\\"{MUSL}\\"')
    env = {**tools.env, "PKG_CONFIG_LIBDIR": f"{root}/lib/pkgconfig:{root}/share/pkgconfig", "PKG_CONFIG_PATH": ""}
    run("cmake", "-S", ROOT, "-B", build, "-G", "Ninja", f"-DCMAKE_TOOLCHAIN_FILE={tools.file}", "-DCMAKE_BUILD_TYPE=None",
        f"-DCMAKE_C_FLAGS={tools.flags(build)} -DNDEBUG {defined}", "-DARCCI_STANDALONE=ON", "-DBUILD_TESTING=OFF",
        env=env)
    run("cmake", "--build", build, "--target", "arc-ci", env=env)
    file = out / f"arc-ci-{target}"
    put(file, (build / "arc-ci").read_bytes(), 0o755)
    return file


def inside():
    """Library -> version, of the program for Linux."""
    return {**{name: row[0] for name, row in DEBIAN.items()}, **crate_versions(), "musl": MUSL}


def bom(target):
    """SPDX 2.3: every library inside, with its version and its licence."""
    libraries_inside = inside()
    if not target.startswith("linux"):
        for name in ("musl", "mimalloc", "curl"):
            del libraries_inside[name]
    packages = [{"SPDXID": f"SPDXRef-{name}", "name": name, "versionInfo": number, "downloadLocation": "NOASSERTION",
                 "licenseDeclared": LICENCES[name], "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION",
                 "filesAnalyzed": False} for name, number in sorted(libraries_inside.items())]
    packages.insert(0, {"SPDXID": "SPDXRef-arc-ci", "name": "arc-ci", "versionInfo": version(), "downloadLocation": "NOASSERTION",
                        "licenseDeclared": "MIT", "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION",
                        "filesAnalyzed": False})
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"arc-ci-{version()}-{target}",
            "documentNamespace": f"https://spdx.org/spdxdocs/arc-ci-{version()}-{target}",
            "creationInfo": {"created": "1980-01-01T00:00:00Z", "creators": ["Tool: arc-ci packaging/dist.py"]}, "packages": packages,
            "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-arc-ci"},
                              *({"spdxElementId": "SPDXRef-arc-ci", "relationshipType": "STATIC_LINK",
                                 "relatedSpdxElement": package["SPDXID"]} for package in packages[1:])]}


def manuals():
    """Those of commands, made by the build, and those of the files."""
    return sorted([*(ROOT / "build/man").glob("*.1"), *(ROOT / "docs/man").glob("*.5")])


def put(path, data, mode=0o644):
    """In place of what is there and differs, which another suite may be running or reading."""
    if path.exists() and path.read_bytes() == data:
        return
    new = path.with_name(f".{path.name}")
    new.write_bytes(data)
    new.chmod(mode)
    new.replace(path)


def compress(data, path):
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(data)
    put(path, packed.getvalue())


def pack(target, program, out):
    """arc-ci-VERSION-TARGET.tar.gz with the program, licence and manuals: the same bytes for the same content."""
    name = f"arc-ci-{version()}-{target}"
    extra = {"LICENSE": ROOT / "LICENSE", "README.md": ROOT / "README.md"}
    extra.update({f"man/{page.name}": page for page in manuals()})
    extra.update({f"completion/{page.relative_to(ROOT / 'build/completion')}": page
                  for page in sorted((ROOT / "build/completion").rglob("*")) if page.is_file()})
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for inner, path, mode in [("arc-ci", program, 0o755), *((inner, path, 0o644) for inner, path in sorted(extra.items()))]:
            data = path.read_bytes()
            member = tarfile.TarInfo(f"{name}/{inner}")
            member.size, member.mode = len(data), mode
            tar.addfile(member, io.BytesIO(data))
    compress(raw.getvalue(), out / f"{name}.tar.gz")


NFPM = "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.0"
PACKAGES = {"linux-x86_64": "amd64", "linux-aarch64": "arm64"}


def make_share():
    """Manuals and the changelog as Debian's policy wants them (12.1, 12.7): compressed, without a time."""
    share = ROOT / "build-dist/share"
    shutil.rmtree(share, ignore_errors=True)
    share.mkdir(parents=True)
    for page in manuals():
        compress(page.read_bytes(), share / f"{page.name}.gz")
    entry = (f"arc-ci ({version()}) unstable; urgency=medium\n\n  * Release {version()}; its notes are on the release's page.\n\n"
             " -- The arc-ci maintainers <maintainers@users.noreply.github.com>  Tue, 01 Jan 1980 00:00:00 +0000\n")
    compress(entry.encode(), share / "changelog.gz")


def make_packages(out):
    """Debian, rpm and apk packages by nfpm, the image from scratch, and the Homebrew formula."""
    nfpm = cached.go(NFPM)
    make_share()
    for target, architecture in PACKAGES.items():
        if not (out / f"arc-ci-{target}").exists():
            continue
        env = {**os.environ, "ARCH": architecture, "VERSION": version(), "PROGRAM": str(out / f"arc-ci-{target}"),
               "SOURCE_DATE_EPOCH": "315532800"}
        for kind in ("deb", "rpm", "apk"):
            config = (HERE / "nfpm.yaml").read_text()
            if kind == "deb":  # whose control file has no such field: the licence is in doc/arc-ci/copyright
                config = config.replace("license: MIT\n", "")
            (ROOT / "build-dist/nfpm.yaml").write_text(config)
            run(nfpm, "package", "--config", "build-dist/nfpm.yaml", "--packager", kind, "--target", out, env=env, cwd=ROOT)
    run(sys.executable, HERE / "image.py", out / f"arc-ci-{version()}-oci.tar")
    formula = (HERE / "formula.rb").read_text().replace("@VERSION@", version())
    for target in TARGETS:
        archive = out / f"arc-ci-{version()}-{target}.tar.gz"
        if archive.exists():
            formula = formula.replace(f"@{target}@", hashlib.sha256(archive.read_bytes()).hexdigest())
    (out / "arc-ci.rb").write_text(formula.replace("@REPOSITORY@", os.environ.get("GITHUB_REPOSITORY", "OWNER/REPOSITORY")))


def main(wanted):
    packages = "--packages" in wanted
    wanted = [word for word in wanted if word != "--packages"]
    unknown = set(wanted) - set(TARGETS)
    if unknown:
        sys.exit(f"unknown target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    out = ROOT / "dist"
    out.mkdir(exist_ok=True)
    lock = open(out / ".lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)  # two suites that need it wait for each other
    for target in wanted or TARGETS:
        program = build_program(target, out)
        pack(target, program, out)
        put(out / f"arc-ci-{version()}-{target}.spdx.json", (json.dumps(bom(target), indent=2) + "\n").encode())
        print(f"{hashlib.sha256(program.read_bytes()).hexdigest()}  {program.name}  {program.stat().st_size} bytes")
    if packages:
        make_packages(out)
    files = sorted(path for path in out.iterdir() if path.name not in ("SHA256SUMS", ".lock"))
    put(out / "SHA256SUMS", "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files).encode())


if __name__ == "__main__":
    main(sys.argv[1:])
