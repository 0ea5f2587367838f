#!/bin/bash
# The steps of action.yml: plan (where arc-ci goes, and under which cache key), install, path.
set -euo pipefail

sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
machine=$(uname -m)

fail() {
    echo "::error title=setup arc-ci::$1" >&2
    exit 3
}

# A build belongs to the sources, the architecture and the distribution it was made on.
fingerprint() {
    (
        cd "$sources"
        find CMakeLists.txt Makefile tools include tests/deps.sh -type f -print0 | sort -z | xargs -0 sha256sum
        cat /etc/os-release
    ) | sha256sum | cut -c 1-24
}

plan() {
    if [ -n "$WANTED" ]; then
        [[ "$WANTED" =~ ^[0-9A-Za-z.+-]+$ ]] || fail "version: '$WANTED' is no version"
        [[ "$SHA256" =~ ^[0-9a-f]{64}$ ]] || fail "sha256: 64 hexadecimal digits are needed with version"
        key=release-$SHA256
    else
        key=source-$(fingerprint)
    fi
    {
        echo "key=arc-ci-$machine-$key"
        echo "directory=$HOME/.cache/arc-ci/bin/$key"
    } >>"$GITHUB_OUTPUT"
}

# Nothing is called arc-ci before its checksum was right.
download() {
    url=$GITHUB_SERVER_URL/${GITHUB_ACTION_REPOSITORY:-$GITHUB_REPOSITORY}/releases/download/arc-ci/v$WANTED/arc-ci-linux-$machine
    part=$DIRECTORY/arc-ci.part
    trap 'rm -f "$part"' EXIT
    curl --fail --silent --show-error --location --proto '=https' --retry 3 --output "$part" -- "$url" ||
        fail "cannot download $url"
    echo "$SHA256  $part" | sha256sum --check --status || fail "$url does not have the checksum $SHA256"
    chmod +x "$part"
    mv "$part" "$DIRECTORY/arc-ci"
}

build() {
    make -C "$sources" deps
    cmake -S "$sources" -B "$DIRECTORY/build" -G Ninja --log-level=NOTICE -DBUILD_TESTING=OFF
    cmake --build "$DIRECTORY/build" --target arc-ci -- --quiet
    mv "$DIRECTORY/build/arc-ci" "$DIRECTORY/arc-ci"
    rm -rf "$DIRECTORY/build"
}

install() {
    mkdir -p "$DIRECTORY"
    if [ -n "$WANTED" ]; then download; else build; fi
}

# A restored cache, or a folder that a self-hosted runner kept, may hold anything under that key.
check() {
    [ -z "${WANTED:-}" ] || echo "$SHA256  $DIRECTORY/arc-ci" | sha256sum --check --status ||
        fail "$DIRECTORY/arc-ci does not have the checksum $SHA256: it was changed since it was installed"
}

path() {
    check
    version=$("$DIRECTORY/arc-ci" --version)
    echo "$version"
    echo "version=$version" >>"$GITHUB_OUTPUT"
    echo "$DIRECTORY" >>"$GITHUB_PATH"
}

case "${1:-}" in
plan | install | path) "$1" ;;
*) fail "usage: setup.sh plan|install|path" ;;
esac
