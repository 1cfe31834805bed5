#!/bin/sh
# Writes cmd/sekisho/default.pgo: where the gateway spends its time under the load of our
# scenarios, for the compiler, which then inlines and lays out what is hot (go build takes the
# file by itself). Takes about four minutes; worth it after larger changes of the hot path.
# A profile that is older than the code does no harm.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -trimpath -o "$dir/sekisho" ./cmd/sekisho
for name in no-policy header-csharp header-script typical-chain jwt-1000 jwt-100000 \
	json-1k json-100k cached retry-pool many-apis-routing sse; do
	# What so short a run measures does not count: 1 says that it proves nothing.
	"$dir/sekisho" bench --scenario "bench/scenarios/$name.yaml" --cycles 1 --slice 500ms \
		--warmup 1s --out "$dir/profiles" --profile || [ $? = 1 ]
done
go tool pprof -proto "$dir"/profiles/*.pprof >"$dir/merged"
mv "$dir/merged" cmd/sekisho/default.pgo
