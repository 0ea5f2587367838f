#!/bin/sh
# Builds the real Trivy and the maker of a small database into the folder where the tests look for them. It takes some
# minutes, 160 MB of program and 6 GB of Go's caches below that folder (removed at the end), and Go 1.25 or later.
set -eu
folder=${XDG_CACHE_HOME:-$HOME/.cache}/arc-ci-tests/trivy
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder/source/tools" "$folder/source/makedb"
cp "$here/makedb/main.go" "$folder/source/makedb/"
printf 'module scratch\n\ngo 1.25\n\nrequire github.com/aquasecurity/trivy v0.67.2\n' >"$folder/source/go.mod"
printf 'package tools\n\nimport _ "github.com/aquasecurity/trivy/pkg/commands"\n' >"$folder/source/tools/tools.go"
cd "$folder/source"
export GOPATH="$folder/go" GOCACHE="$folder/go/cache" GOFLAGS='-modcacherw -mod=mod' CGO_ENABLED=0 GOEXPERIMENT=jsonv2
go build -o "$folder/makedb" ./makedb
go build -ldflags '-s -w -X github.com/aquasecurity/trivy/pkg/version/app.ver=0.67.2' -o "$folder/trivy" \
    github.com/aquasecurity/trivy/cmd/trivy
rm -rf "$folder/go" "$folder/source"
