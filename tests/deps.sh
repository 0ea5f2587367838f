#!/bin/sh
# Installs the Debian packages that are missing: those of the build (`deps.sh build`), of the build and the tests
# (`deps.sh all`), of what runs at night (`deps.sh nightly`), of the released binaries (`deps.sh dist`), the docker client with buildx and compose (`deps.sh client`), or
# these with the daemon, a registry, emulation and the tools of the stand-in images (`deps.sh engine`). Debian 12 or later,
# Ubuntu 24.04 or later.
# Nothing is started.
set -eu

# shellcheck source=/dev/null
. /etc/os-release
build='gcc libc6-dev cmake ninja-build pkg-config git ca-certificates
libgit2-dev libjansson-dev libyaml-dev libyajl-dev libcurl4-openssl-dev libmbedtls-dev
libssh2-1-dev libhttp-parser-dev libpcre2-dev zlib1g-dev'
tests='libcmocka-dev g++ ccache clang libclang-rt-dev llvm clang-format valgrind strace cppcheck shellcheck cmark-gfm python3 python3-pytest python3-yaml
python3-venv python3-jsonschema curl jq openssl groff-base lintian rpm'
client='docker-cli docker-buildx docker-compose'
[ "${ID:-}" != ubuntu ] || client='docker.io docker-buildx docker-compose-v2'
engine='containerd runc tini docker.io docker-registry qemu-user-static binfmt-support skopeo iptables
iproute2 util-linux curl ca-certificates maven'
# Packages that Debian 12 lacks or has only in old versions come from Debian 13, each by name; what they depend on (libc above
# all) stays Debian 12's.
next=trixie
backported=' docker-cli docker-buildx docker-compose docker.io golang-go golang-src '

# Debian 12's own cargo cannot read today's lock files or a sparse index; its browsers are built with this one.
cargo=cargo
[ "${ID:-} ${VERSION_ID:-}" != 'debian 12' ] || cargo='cargo-web'
dist="$build python3 python3-venv $cargo dpkg-dev debian-archive-keyring"

case "${1:-}" in
build) wanted=$build ;;
dist)
    wanted=$dist
    # Cargo may have come from elsewhere, newer than the distribution's.
    ! command -v cargo >/dev/null || wanted=$(echo "$wanted" | sed "s/ $cargo / /")
    ;;
all)
    wanted="$build $tests dpkg-dev debian-archive-keyring"
    command -v cargo >/dev/null || wanted="$wanted $cargo"
    # Node.js and Go may have come from elsewhere, newer than the distribution's.
    command -v node >/dev/null || wanted="$wanted nodejs"
    command -v npm >/dev/null || wanted="$wanted npm"
    # Ubuntu's package of this name is a snap, and GitHub's runners have Chrome.
    command -v google-chrome >/dev/null || wanted="$wanted chromium"
    command -v go >/dev/null || [ -x /usr/local/go/bin/go ] || wanted="$wanted golang-go golang-src"
    ;;
nightly) wanted="$build $tests afl++ gcc-12 gcovr" ;;
client) wanted=$client ;;
engine) wanted="$client $engine" ;;
*)
    echo "usage: tests/deps.sh build|dist|all|nightly|client|engine" >&2
    exit 2
    ;;
esac

exec 9<"$0"
flock 9 # suites that start together need the same packages
missing=
for package in $wanted; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null || {
    echo "These packages are missing, and there is no apt-get to install them:$missing" >&2
    exit 3
}
run=
[ "$(id -u)" = 0 ] || run=sudo

# Without the lock, which a daemon would keep.
apt_get() {
    $run env DEBIAN_FRONTEND=noninteractive apt-get "$@" 9<&-
}

# The next release, from the same source as this machine's own release.
add_next() {
    site=$(apt-get indextargets --format '$(SITE) $(CODENAME) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 2>/dev/null |
        awk -v own="$VERSION_CODENAME" '$2 == own && $3 == own && $4 == "main" { print $1; exit }')
    [ -n "$site" ] || {
        echo "cannot tell where this machine has $VERSION_CODENAME from (apt-get indextargets)" >&2
        exit 3
    }
    $run tee /etc/apt/sources.list.d/arc-ci-next.sources >/dev/null <<SOURCES
Types: deb
URIs: $site
Suites: $next
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
    $run tee /etc/apt/preferences.d/arc-ci-next >/dev/null <<PREFERENCES
Package: *
Pin: release n=$next
Pin-Priority: 50
PREFERENCES
}

echo "Installing:$missing" >&2
apt_get update -qq || echo "apt-get update failed; trying with the lists at hand" >&2
# Packages that other releases lack are left out below; without lists all of them would be.
[ -n "$(apt-cache madison git)" ] || {
    echo "apt has no lists of packages, so it cannot install:$missing" >&2
    exit 3
}
packages=
for package in $missing; do
    case "${ID:-} ${VERSION_ID:-} $backported" in
    "debian 12 "*" $package "*)
        if [ ! -e /etc/apt/sources.list.d/arc-ci-next.sources ]; then
            add_next
            apt_get update -qq
        fi
        packages="$packages $package/$next"
        ;;
    *)
        # Releases differ (Debian 13 dropped libhttp-parser-dev).
        if apt-cache show "$package" >/dev/null 2>&1; then
            packages="$packages $package"
        else
            echo "no package $package here: going on without it" >&2
        fi
        ;;
    esac
done

# Packages start their daemons unless this file forbids it (Debian policy 9.3.3).
deny=/usr/sbin/policy-rc.d
if [ "$1" = engine ] && [ ! -e "$deny" ]; then
    trap '$run rm -f "$deny"' EXIT INT TERM
    printf '#!/bin/sh\nexit 101\n' | $run tee "$deny" >/dev/null
    $run chmod +x "$deny"
fi

# shellcheck disable=SC2086 # a list of words
apt_get install -y -qq --no-install-recommends \
    -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 $packages >/dev/null
