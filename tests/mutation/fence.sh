#!/bin/sh
# fence.sh FOLDER... -- COMMAND...: runs a program that a fault was put into where it can do no harm: nothing is written but below
# these folders, and that is gone afterwards; it sees no process but its own, and all end with it.
set -eu
[ "${FENCED:-}" ] || FENCED=1 exec unshare --mount --pid --fork --kill-child --mount-proc "$0" "$@"
unset FENCED

findmnt -rno TARGET | while read -r place; do
    mount -o remount,bind,ro "$place" 2>/dev/null || [ ! -d "$place" ] || echo "$place can be written" >&2
done
mount -t tmpfs tmpfs /mnt
while [ "$1" != -- ]; do
    mkdir -p "/mnt/upper$1" "/mnt/work$1"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=/mnt/upper$1,workdir=/mnt/work$1" "$1"
    shift
done
shift
exec "$@"
