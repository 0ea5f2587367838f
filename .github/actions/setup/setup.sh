#!/bin/bash
# The steps of action.yml: plan (where arc-ci goes, and under which cache key), install, path.
set -euo pipefail

sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
machine=$(uname -m)
[ "$machine" != arm64 ] || machine=aarch64
system=linux
[ "$(uname -s)" != Darwin ] || system=macos
WANTED=${WANTED:-}
WANTED=${WANTED#v} # as install.sh takes it

fail() {
    echo "::error title=setup arc-ci::$1" >&2
    exit 3
}

checksum() {
    if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

# A build belongs to the sources, the architecture, and the distribution with the libraries that it puts inside.
fingerprint() {
    (
        cd "$sources"
        find CMakeLists.txt Makefile cmake tools include packaging/darwin tests/deps.sh -type f -print0 | sort -z | xargs -0 sha256sum
        cat /etc/os-release
        grep -oE '[a-z0-9-]+-dev' tests/deps.sh | xargs apt-cache show 2>/dev/null | grep -E '^(Package|Version):' || true
    ) | sha256sum | cut -c 1-24
}

# Whether the file has one of the requested checksums.
matches() {
    local found
    found=$(checksum "$1" 2>/dev/null | cut -c 1-64)
    [ -n "$found" ] && grep --quiet --ignore-case --line-regexp --fixed-strings -- "$found" <<<"${SHA256//[[:space:]]/$'\n'}"
}

plan() {
    [[ "${CACHE:=write}" =~ ^(write|none)$ ]] || fail "cache: '$CACHE' is neither write nor none"
    if [ -n "$WANTED" ]; then
        [[ "$WANTED" =~ ^[0-9A-Za-z.+-]+$ ]] || fail "version: '$WANTED' is not a version"
        [[ "$SHA256" =~ ^[0-9a-fA-F]{64}([[:space:]]+[0-9a-fA-F]{64})*[[:space:]]*$ ]] ||
            fail "sha256: 64 hexadecimal digits are needed with version"
        key=release-$(checksum <<<"$WANTED $SHA256" | cut -c 1-24)
    else
        [ -z "$SHA256" ] || fail "sha256 is for a release: it needs version"
        key=source-$(fingerprint)
    fi
    {
        echo "key=arc-ci-$machine-$key"
        echo "directory=$HOME/.cache/arc-ci/bin/$key"
    } >>"$GITHUB_OUTPUT"
}

# Downloads a URL to a file. The token is passed to curl on stdin, and does not reach another host (curl drops it on a redirect).
get() {
    local header=
    [ -z "${TOKEN:-}" ] || header="header = \"Authorization: Bearer $TOKEN\""
    curl --config - --fail --silent --show-error --location --proto '=https' --retry 3 "$@" <<<"$header"
}

# The URL of a release's file from the API: a private repository has no public one.
asset_url() {
    get "$GITHUB_API_URL/repos/$1/releases/tags/arc-ci/v$WANTED" |
        jq --raw-output --arg name "$2" '.assets[] | select(.name == $name).url'
}

# Do not name anything arc-ci before its checksum is verified. On a server of one's own, GitHub Connect may have taken this action from
# github.com, where its releases are then, too.
download() {
    local repository=${ACTION_REPOSITORY:-$GITHUB_REPOSITORY} file=arc-ci-$system-$machine url private part=$1/part
    local path=$repository/releases/download/arc-ci/v$WANTED/$file
    url=$GITHUB_SERVER_URL/$path
    if ! TOKEN='' get --output "$part" -- "$url" &&
        ! { [ -n "${TOKEN:-}" ] && private=$(asset_url "$repository" "$file") && [ -n "$private" ] &&
            get --header 'Accept: application/octet-stream' --output "$part" -- "$private"; }; then
        [ -n "${ACTION_REPOSITORY:-}" ] && [ "$GITHUB_SERVER_URL" != https://github.com ] &&
            TOKEN='' get --output "$part" -- "https://github.com/$path" || fail "cannot download $url"
    fi
    matches "$part" || fail "$url does not have the checksum $SHA256"
    chmod 755 "$part"
    mv "$part" "$DIRECTORY/arc-ci"
}

build() {
    make -C "$sources" deps
    cmake -S "$sources" -B "$1" -G Ninja --log-level=NOTICE -DBUILD_TESTING=OFF
    cmake --build "$1" --target arc-ci -- --quiet
    mv "$1/arc-ci" "$DIRECTORY/arc-ci"
}

# In a folder of its own, since other runners of this user may install the same at this moment.
install() {
    mkdir -p "$DIRECTORY"
    own=$(mktemp -d "$DIRECTORY/XXXXXX")
    trap 'rm -rf "$own"' EXIT
    if [ -n "$WANTED" ]; then download "$own"; else build "$own"; fi
}

# A restored cache, or a folder that a self-hosted runner kept, may contain anything under that key.
check() {
    [ -z "$WANTED" ] || matches "$DIRECTORY/arc-ci" ||
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
