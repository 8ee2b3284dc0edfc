#!/usr/bin/env bash
# One vector of 256 x 256 and 512 x 512 crossbars, side by side with badcrossbar (SuperLU) on this machine.
# Asked for: at least 50 times as fast, the same first current to nine digits.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=1.1.0
place=target/peers/badcrossbar
if [ ! -x "$place/bin/python" ]; then
    python3 -m venv "$place"
    # without what it draws with (cairo): badcrossbar then leaves its plots out
    "$place/bin/pip" install --quiet --no-deps "badcrossbar==$version"
    "$place/bin/pip" install --quiet numpy scipy pathvalidate sigfig
fi
# `cargo xtask verify circuit` brings its own times
if [ "${1-}" != given ]; then
    cargo bench --bench wires -- 'one vector' | grep '^cold' >target/peers/wires.txt
fi
# -P: the script must not be taken for the package of its name
for case in '2.0 256' '1.0 512'; do
    # shellcheck disable=SC2086
    "$place/bin/python" -P benches/peers/badcrossbar.py $case
done 2>target/peers/badcrossbar.log | grep '^cold' >target/peers/badcrossbar.txt
awk -v version="$version" '
    NR == FNR { time[$2, $3 + 0] = $4; current[$2, $3 + 0] = $8; next }
    {
        key = $2 SUBSEP ($3 + 0)
        apart = $8 / current[key] - 1
        ratio = $4 / time[key]
        ok = ratio >= 50 && apart < 1e-9 && apart > -1e-9
        printf "%d x %d at %s Ohm: archsim %.4f s, badcrossbar %s %.3f s, ratio %.0f, currents apart %.1e: %s\n",
            $2, $2, $3, time[key], version, $4, ratio, apart, ok ? "ok" : "MISSED"
        if (!ok) bad = 1
    }
    END { exit bad }
' target/peers/wires.txt target/peers/badcrossbar.txt
