#!/bin/sh
# Measures the gateway beside other programs: installs them (Debian's packages and the Go
# module proxy; as root, or with everything installed already), builds the gateway, runs the
# campaign and writes bench/RESULTS.md and the raw data in bench/results/.
#
#   bench/peers.sh                                    the whole campaign
#   bench/peers.sh --only no-policy                   one row of it
#   bench/peers.sh --cycles 2 --slice 200ms --results /tmp/r --table /tmp/r.md   a try
set -eu
cd "$(dirname "$0")/.."
caddy=v2.11.9
PATH="$PATH:/usr/sbin" # where Debian has nginx and HAProxy

need() { ! command -v "$1" >/dev/null 2>&1 && ! [ -e "$1" ]; }
packages=
if need nginx; then packages="$packages nginx-light"; fi
if need /usr/lib/nginx/modules/ngx_http_lua_module.so; then packages="$packages libnginx-mod-http-lua"; fi
if need /usr/lib/nginx/modules/ngx_http_js_module.so; then packages="$packages libnginx-mod-http-js"; fi
if need haproxy; then packages="$packages haproxy"; fi
if [ -n "$packages" ]; then
	# shellcheck disable=SC2086 # one word each
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages
fi

tools=${SEKISHO_BENCH_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/sekisho/bench/tools}
mkdir -p "$tools"
go build -o "$tools/sekisho" ./cmd/sekisho
go build -o "$tools/sekisho-bench-fasthttp" ./bench/peers/fasthttp
if ! [ -x "$tools/caddy" ]; then
	GOBIN="$tools" go install "github.com/caddyserver/caddy/v2/cmd/caddy@$caddy"
fi

table=bench/RESULTS.md
last=
for word in "$@"; do
	if [ "$last" = --table ]; then table=$word; fi
	last=$word
done
status=0
PATH="$tools:$PATH" "$tools/sekisho" bench peers "$@" || status=$?

# The one target that no process can show: the same expression natively and in a VM.
go test ./engine/pipeline -run xxx -bench NativeVersusGoja -benchmem -count 3 | awk '
	/^Benchmark/ {
		split($1, part, "/"); sub(/-[0-9]+$/, "", part[3]); key = part[2] "/" part[3]
		if (!(key in best) || $3 < best[key]) best[key] = $3
		allocations[key] = $7
		if (!(part[2] in seen)) { seen[part[2]] = 1; name[++n] = part[2] }
	}
	END {
		print "\n## A simple expression natively, against one call in goja of the same\n"
		print "Target: at least 8 times cheaper, and no allocation but a new text that is the result."
		print "The best of three, of `go test ./engine/pipeline -bench NativeVersusGoja`.\n"
		print "| expression | goja | native | ratio | allocations natively |\n|---|---:|---:|---:|---:|"
		for (i = 1; i <= n; i++) {
			g = best[name[i] "/goja"]; v = best[name[i] "/native"]
			printf "| %s | %.0f ns | %.0f ns | %.1f | %s |\n", name[i], g, v, g / v, allocations[name[i] "/native"]
		}
	}' >> "$table"
exit "$status"
