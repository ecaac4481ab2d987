#!/usr/bin/env bash
# Makes illustrated-session.png, the picture in README.md: the page of a real session. Needs chromium.
set -euo pipefail
cd "$(dirname "$0")"
picture=$PWD/illustrated-session.png
cargo build --quiet --workspace --bins
programs=$(cd ../../target/debug && pwd)

folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cd "$folder"
"$programs/mio-server" --listen 127.0.0.1:8443 --sessions 1 2>server.log &
timeout 20 sh -c 'until grep -q "listening on" server.log; do sleep 0.1; done'
"$programs/mio-client" localhost:8443 --message hello --linger 100ms --illustrate drawn
wait
chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --blink-settings=preferredColorScheme=1 \
    --window-size=1280,2800 --screenshot="$picture" "file://$folder/drawn/client-1.html"
