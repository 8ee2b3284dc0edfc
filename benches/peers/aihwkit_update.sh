#!/usr/bin/env bash
# One pulsed update of a 512 x 512 array (ReRamSB with write noise, BL 31, update and length management), one thread,
# side by side with aihwkit on this machine: processor time of a device, the least of nine turns. Asked for: 0.8 ns.
set -euo pipefail
cd "$(dirname "$0")/../.."

. benches/peers/aihwkit_venv.sh
cargo bench --bench pulsed --no-run
mine=target/peers/pulsed.txt
theirs=target/peers/aihwkit_update.txt
: >"$mine"
: >"$theirs"
for _ in 1 2 3 4 5 6 7 8 9; do
    cargo bench --quiet --bench pulsed >>"$mine"
    OPENBLAS_NUM_THREADS=1 "$place/bin/python" -P benches/peers/aihwkit_update.py >>"$theirs"
done
awk -v version="$version" '
    $1 == "coincidences" { coincidences = $2 }
    $1 == "pulse" { if (!($2 in pulse) || $3 < pulse[$2]) pulse[$2] = $3 }
    $1 != "update" { next }
    NR == FNR { if (!mine || $2 < mine) mine = $2; next }
    { if (!theirs || $2 < theirs) theirs = $2 }
    END {
        for (law in pulse) {
            ok = pulse[law] <= 3
            printf "%s: %.2f ns a pulse of 3 asked: %s\n", law, pulse[law], ok ? "ok" : "MISSED"
            if (!ok) bad = 1
        }
        ok = mine <= 0.8
        printf "update: archsim %.3f ns, aihwkit %s %.3f ns a device, ratio %.1f, %s coincidences a device; 0.8 ns asked: %s\n",
            mine, version, theirs, theirs / mine, coincidences, ok ? "ok" : "MISSED"
        exit bad || !ok
    }
' "$mine" "$theirs"
