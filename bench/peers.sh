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
PATH="$tools:$PATH" exec "$tools/sekisho" bench peers "$@"
