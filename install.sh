#!/bin/sh
# Installs a released arc-ci: install.sh VERSION SHA256 [DIRECTORY]
# SHA256 is the checksum of the binary for this machine, from the release's notes. Nothing is named arc-ci before it matched.
# ARC_CI_REPOSITORY=owner/name: where the releases are.
set -eu

fail() {
    echo "install.sh: $1" >&2
    exit "${2:-2}"
}

[ $# -ge 2 ] || fail "usage: install.sh VERSION SHA256 [DIRECTORY]"
version=${1#v} directory=${3:-/usr/local/bin}
repository=${ARC_CI_REPOSITORY:-}
[ -n "$repository" ] || fail "set ARC_CI_REPOSITORY=owner/name: where the releases are"

case $version in *[!0-9A-Za-z.+-]* | '') fail "'$version' is not a version" ;; esac
sha256=$(printf %s "$2" | tr ABCDEF abcdef)
case $sha256 in *[!0123456789abcdef]*) sha256= ;; esac
[ ${#sha256} = 64 ] || fail "'$2' is not a SHA-256: 64 hexadecimal digits"
case $(uname -s) in
Linux) system=linux ;;
Darwin) system=macos ;;
*) fail "there is no binary for $(uname -s)" 3 ;;
esac
case $(uname -m) in
x86_64 | amd64) machine=x86_64 ;;
aarch64 | arm64) machine=aarch64 ;;
*) fail "there is no binary for $(uname -m)" 3 ;;
esac

url=${ARC_CI_SERVER:-https://github.com}/$repository/releases/download/arc-ci/v$version/arc-ci-$system-$machine
part=$directory/.arc-ci.$$ # two that run at once do not write into one file
mkdir -p "$directory" || fail "cannot create $directory" 3
[ -w "$directory" ] || fail "cannot write into $directory: name another directory, or run it with sudo" 3
[ ! -d "$directory/arc-ci" ] || fail "$directory/arc-ci is a directory: name another one to install into" 3
trap 'rm -f "$part"' EXIT
curl --fail --silent --show-error --location --proto '=https' --retry 3 --output "$part" -- "$url" || fail "cannot download $url" 3
if command -v sha256sum >/dev/null; then
    found=$(sha256sum "$part")
else
    found=$(shasum -a 256 "$part") || fail "neither sha256sum nor shasum is here to check the download" 3
fi
[ "${found%% *}" = "$sha256" ] || fail "$url has the checksum ${found%% *}, not $sha256" 1
chmod 755 "$part"
mv "$part" "$directory/arc-ci"
"$directory/arc-ci" --version
