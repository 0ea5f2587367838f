#!/bin/sh
# One HTTP answer for one connection: /metrics, or 404.
read -r _ path _
while IFS= read -r line && [ "${line%?}" ]; do :; done
if [ "$path" != /metrics ]; then
    printf 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
    exit 0
fi
body=$(busybox wget -q -O - "$NATS_URL/varz" | busybox awk -v server="$NATS_URL" -f /varz.awk)
printf 'HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n\r\n%s\n' "$body"
