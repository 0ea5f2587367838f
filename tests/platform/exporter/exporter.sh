#!/bin/sh
# exporter.sh [-port N] [-varz] [-connz] [-subz] [-healthz] [-jsz FILTER] URL
port=7777 varz=
while [ $# -gt 1 ]; do
    case "$1" in
    -port) port=$2; shift ;;
    -jsz) shift ;;
    -varz) varz=1 ;;
    -connz | -subz | -healthz) ;;
    *) echo "flag provided but not defined: $1" >&2; exit 2 ;;
    esac
    shift
done
[ -n "$varz" ] || { echo 'this stand-in has -varz only' >&2; exit 2; }
export NATS_URL="$1"
exec busybox nc -ll -p "$port" -e /answer.sh
