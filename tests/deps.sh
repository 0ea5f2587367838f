#!/bin/sh
# Installs the packages that the build (`deps.sh build`) or the build and the tests (`deps.sh all`)
# need, where they are missing; `deps.sh missing NAME...` only prints which of these are. Debian 12
# or later, Ubuntu 24.04 or later.
set -eu

build='gcc libc6-dev cmake ninja-build pkg-config git ca-certificates
libgit2-dev libjansson-dev libyaml-dev libyajl-dev libcurl4-openssl-dev libmbedtls-dev
libssh2-1-dev libhttp-parser-dev libpcre2-dev zlib1g-dev'
tests='libcmocka-dev clang libclang-rt-dev llvm clang-format valgrind strace shellcheck cmark-gfm python3 python3-pytest python3-yaml
python3-venv python3-jsonschema curl jq openssl'

# Prints which of its arguments are not installed.
missing() {
    for package; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
            printf ' %s' "$package"
    done
}

case "${1:-}" in
missing)
    shift
    missing "$@"
    exit
    ;;
build) wanted=$build ;;
all) wanted="$build $tests" ;;
*)
    echo "usage: tests/deps.sh build|all|missing NAME..." >&2
    exit 2
    ;;
esac

# shellcheck disable=SC2086 # a list of words
missing=$(missing $wanted)
# Node.js and Go may have come from elsewhere, newer than the distribution's.
if [ "$1" = all ]; then
    command -v node >/dev/null || missing="$missing nodejs"
    command -v npm >/dev/null || missing="$missing npm"
    command -v go >/dev/null || [ -x /usr/local/go/bin/go ] || missing="$missing golang-go"
fi
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null || {
    echo "These packages are missing, and there is no apt-get to install them:$missing" >&2
    exit 3
}
run=
[ "$(id -u)" = 0 ] || run=sudo
echo "Installing:$missing" >&2
$run apt-get update -qq || echo "apt-get update failed; trying with the lists at hand" >&2

# Packages that one release has and another has not (libhttp-parser-dev left with Debian 13).
available=
for package in $missing; do
    if apt-cache show "$package" >/dev/null 2>&1; then
        available="$available $package"
    else
        echo "no package $package here: going on without it" >&2
    fi
done
# shellcheck disable=SC2086 # a list of words
$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    $available >/dev/null
