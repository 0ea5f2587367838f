#!/bin/sh
# why.sh CONTAINER: adds to a red health check what its container's state and log tell of the usual causes, and what helps.
# Says nothing when it knows nothing. Called by the .mk files; DOCKER names the client. `why.sh CONTAINER store` looks at
# the data of a container that runs well, and says what will go wrong with it. $answer: what the health check got.
docker=${DOCKER:-docker}
name=$1

inspect() {
    $docker inspect --format "$1" "$name" 2>/dev/null
}

say() {
    printf '  %s\n' "$@" >&2
}

# "image user volume target" of what runs, so that the advice can be typed as it stands.
owner_advice() {
    # shellcheck disable=SC2046 # four words
    set -- $(inspect '{{.Config.Image}} {{.Config.User}} {{range .Mounts}}{{if .Name}}{{.Name}} {{.Destination}} {{end}}{{end}}')
    [ $# -ge 4 ] || return
    say "It may not write to its volume $3, which belongs to another user. Give it back, then start again:" \
        "$docker run --rm -u 0 --entrypoint chown -v $3:$4 $1 -R $2 $4"
}

# The bookie's name in the volume of Strange; volumes made before it was the host name have an address there.
bookie() {
    $docker exec "$name" cat /pulsar/data/standalone/bookkeeper/current/VERSION 2>/dev/null |
        sed -n 's/^bookieHost: "\(.*\):[0-9]*"$/\1/p'
}

if [ "$name" = arc-strange ]; then
    bookie=$(bookie)
    [ -z "$bookie" ] || [ "$bookie" = arc-strange ] ||
        say "Its volume is an old one: what it holds can be read while the container's address is $bookie, and no longer." \
            'docs/services.md, "An old volume of Strange", says how to save the topics; make strange-clean makes a new one.'
fi
[ "${2:-}" != store ] || exit 0

[ "$(inspect '{{.State.OOMKilled}}')" != true ] ||
    say 'The kernel ended it because memory ran out: give the engine more (Docker Desktop, Colima: Settings, Resources).'

log=$($docker logs --tail 200 "$name" 2>&1)
case "${answer:-}$log" in
*[Nn]'o space left on device'* | *'resource limits exceeded for server'* | *'JetStream is full'* | *NoWritableLedgerDir*)
    say "The disk of the engine is full. What takes the space: $docker system df -v" ;;
esac
case "$log" in
*'storage directory is not writable'* | *[Pp]'ermission denied'* | *AccessDenied*)
    owner_advice ;;
esac
case "$log" in
*"Can't handle RDB format version"*)
    say 'A newer Redis wrote its data, and an older one cannot read them: go back to the newer image (docs/services.md, Upgrade).' ;;
esac
case "$log" in
*'redis-check-aof'*)
    say "Its append-only file is damaged. Save a copy of the volume, then: docs/services.md, When it is red" ;;
esac
case "$log" in
*OutOfMemoryError*)
    say 'Java ran out of memory: PULSAR_MEM in services/streaming/docker-compose.yml limits it.' ;;
esac
exit 0
