#!/bin/sh
# Installs what the engine tests need: the docker client with buildx and compose (`install.sh client`), or
# these and the daemon, a registry, emulation and the tools of the stand-in images (`install.sh all`).
# Debian 12 lacks the client's plugins: there they come from Debian 13, each by name, and everything
# below them (libc above all) stays Debian 12's. Debian 13 and Ubuntu have them all. Nothing is started.
set -eu

# shellcheck source=/dev/null
. /etc/os-release
NEXT=trixie # the release that the client is taken from on Debian 12
BACKPORTED='docker-cli docker-buildx docker-compose docker.io'
CLIENT='docker-cli docker-buildx docker-compose'
[ "${ID:-}" != ubuntu ] || CLIENT='docker.io docker-buildx docker-compose-v2'
ENGINE='containerd runc tini docker.io docker-registry qemu-user-static binfmt-support skopeo iptables
iproute2 util-linux curl ca-certificates maven'

case "${1:-all}" in
client) wanted=$CLIENT ;;
all) wanted="$CLIENT $ENGINE" ;;
*)
    echo "usage: tests/engine/install.sh [client|all]" >&2
    exit 2
    ;;
esac

# shellcheck disable=SC2086 # a list of words
missing=$("$(dirname "$0")/../deps.sh" missing $wanted)
[ -n "$missing" ] || exit 0
run=
[ "$(id -u)" = 0 ] || run=sudo

# The next release, from wherever this machine has its own release from.
add_next() {
    site=$(apt-get indextargets --format '$(SITE) $(CODENAME) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 2>/dev/null |
        awk -v own="$VERSION_CODENAME" '$2 == own && $3 == own && $4 == "main" { print $1; exit }')
    [ -n "$site" ] || {
        echo "cannot tell where this machine has $VERSION_CODENAME from (apt-get indextargets)" >&2
        exit 3
    }
    $run tee /etc/apt/sources.list.d/arc-ci-next.sources >/dev/null <<END
Types: deb
URIs: $site
Suites: $NEXT
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
    $run tee /etc/apt/preferences.d/arc-ci-next >/dev/null <<END
Package: *
Pin: release n=$NEXT
Pin-Priority: 50
END
}

packages=$missing
if [ "${ID:-}" = debian ] && [ "${VERSION_ID:-13}" = 12 ]; then
    $run apt-get update -qq
    [ -e /etc/apt/sources.list.d/arc-ci-next.sources ] || add_next
    packages=
    for package in $missing; do
        case " $BACKPORTED " in
        *" $package "*) packages="$packages $package/$NEXT" ;;
        *) packages="$packages $package/$VERSION_CODENAME" ;;
        esac
    done
fi

# Packages of daemons start them, unless this file says no (Debian policy 9.3.3).
deny=/usr/sbin/policy-rc.d
if [ ! -e "$deny" ]; then
    trap '$run rm -f "$deny"' EXIT INT TERM
    printf '#!/bin/sh\nexit 101\n' | $run tee "$deny" >/dev/null
    $run chmod +x "$deny"
fi

echo "Installing:$packages" >&2
$run apt-get update -qq
# shellcheck disable=SC2086 # a list of words
$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 $packages >/dev/null
