#!/bin/sh
# Stands in for docker in test_make_behaviour.py: files in $FAKE_DOCKER say how it answers, and every
# call is added to $FAKE_DOCKER/calls.
dir=$FAKE_DOCKER
printf '%s\n' "$*" >>"$dir/calls"
env | grep '^COMPOSE_' >>"$dir/environment"
flat() { printf '%s' "$1" | tr '/:' '__'; }
for last in "$@"; do :; done

case "$*" in
version) [ ! -e "$dir/no-engine" ] ;;
'compose version') [ ! -e "$dir/no-compose" ] ;;
'network inspect '*) [ -e "$dir/network" ] ;;
'network create '*) [ ! -e "$dir/no-network" ] && : >"$dir/network" ;;
'image inspect '*)
    [ -e "$dir/image-$(flat "$last")" ] && cat "$dir/image-$(flat "$last")" ;;
'context inspect '*) cat "$dir/context" 2>/dev/null || echo unix:///var/run/docker.sock ;;
'container inspect --format {{.State'*) sed -n '1s:.*/::p' "$dir/state-$last" ;;
'container inspect --format '*)
    [ -e "$dir/state-$last" ] && cat "$dir/owner-$last" 2>/dev/null ;;
'container inspect '*) [ -e "$dir/state-$last" ] ;;
'volume inspect '*) [ -e "$dir/volume-$last" ] ;;
build\ *)
    [ ! -e "$dir/no-build" ] || { echo 'failed to solve: no such base' >&2; exit 1; }
    ;;
compose\ *' up -d '*)
    if [ -e "$dir/up-error-once-$last" ]; then
        cat "$dir/up-error-once-$last" >&2
        rm "$dir/up-error-once-$last"
        exit 1
    fi
    if [ -e "$dir/up-error-$last" ]; then
        cat "$dir/up-error-$last" >&2
        exit 1
    fi
    ;;
compose\ *' down'*)
    [ ! -e "$dir/down-error" ] || exit 1
    [ -e "$dir/down-does-nothing" ] || rm -f "$dir"/state-* "$dir"/volume-*
    ;;
'inspect '*)
    # One line of the file an answer; the last one stays.
    file=$dir/state-$last
    [ -e "$file" ] || { echo "Error: No such object: $last" >&2; exit 1; }
    head -n 1 "$file"
    [ "$(wc -l <"$file")" -le 1 ] || sed -i 1d "$file"
    ;;
'exec arc-sonic redis-cli ping') [ ! -e "$dir/hang" ] || exec sleep 60; cat "$dir/ping" ;;
'logs -f '*)
    [ ! -e "$dir/no-$last" ] || { echo "Error: No such container: $last" >&2; exit 1; }
    echo "$last says one"
    echo "$last says two" >&2
    if [ -e "$dir/follow" ]; then
        echo $$ >>"$dir/followers"
        exec sleep 600
    fi
    ;;
'exec arc-strange cat '*) cat "$dir/cookie" ;;
'exec arc-flash df '*) cat "$dir/df" 2>/dev/null ;;
'exec arc-flash wget '*) cat "$dir/jsz" ;;
logs\ *)
    echo "last words of $last"
    [ ! -e "$dir/log" ] || cat "$dir/log"
    ;;
esac
