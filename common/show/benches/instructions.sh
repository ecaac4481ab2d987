#!/usr/bin/env bash
# What the Observer costs when nobody watches, in instructions: two ends in memory, once as they are and once with
# Watch::step and Watch::event_loop emptied in a copy. Needs valgrind; takes some minutes, most of them to build.
#
#   common/show/benches/instructions.sh
set -euo pipefail
cd "$(dirname "$0")/../../.."

HANDSHAKES=50 RECORDS=200
# Both are built in the same copy, because cargo tells two copies of a workspace apart by nothing but the times of
# their files.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
export CARGO_TARGET_DIR=$PWD/target/instructions
tar -c --exclude=./target --exclude=./.git . | tar -x -m -C "$copy"

# Builds the benchmark and keeps it as $1.
build() {
    local program
    program=$(cd "$copy" && cargo bench --locked -q -p show --bench observer --no-run --message-format=json |
        sed -n 's/.*"executable":"\([^"]*\/observer-[^"]*\)".*/\1/p')
    cp "$program" "$copy/$1"
}

build with
sed -i -e 's/if let Some(observer) = &mut self\.observer {/if let Some(observer) = None::<\&mut dyn Observer> {/' \
    -e 's/if self\.watch\.observer\.is_none() {/if true {/' \
    -e 's/observer\.is_watching()\.then_some(observer)/{ let _ = observer; None }/' "$copy/common/session/src/observer.rs"
build without
if cmp -s "$copy/with" "$copy/without"; then
    echo "nothing was emptied: has Watch changed?" >&2
    exit 1
fi

# Instructions of: program observer handshakes records.
count() {
    local program=$1
    shift
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$copy/$program" "$@" 2>&1 |
        sed -n 's/.*Collected : //p'
}

# One more handshake, one more record: differences, so that what happens once is in neither.
row() {
    local program=$1 observer=$2
    local none=$(count "$program" "$observer" 0 0)
    local handshakes=$(count "$program" "$observer" $HANDSHAKES 0)
    local one=$(count "$program" "$observer" 1 0)
    local records=$(count "$program" "$observer" 1 $RECORDS)
    printf '%-8s %-8s %12d %12d\n' "$program" "$observer" \
        $(((handshakes - none) / HANDSHAKES)) $(((records - one) / RECORDS))
}
printf '%-8s %-8s %12s %12s\n' Watch observer handshake "16 KiB echo"
row without nobody
row with nobody
row with reporter
row with text
row with json
told() { "$copy/with" count "$@"; }
echo "told: $((($(told $HANDSHAKES 0)) / HANDSHAKES)) times a handshake," \
    "$((($(told 1 $RECORDS) - $(told 1 0)) / RECORDS)) times a record, both ends together"
