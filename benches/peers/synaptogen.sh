#!/usr/bin/env bash
# A million cells of Synaptogen on one core, side by side with the PyPI package on this machine: least processor time
# of three turns. Asked for: 10 times as many cycles, 5 times as many noisy reads, and not fewer pulses that
# switch nothing than the package with its built-in `any` replaced by that of arrays (both are shown).
set -euo pipefail
cd "$(dirname "$0")/../.."

version=0.2.0
place=target/peers/synaptogen
if [ ! -x "$place/bin/python" ]; then
    python3 -m venv "$place"
    "$place/bin/pip" install --quiet "synaptogen==$version" numpy==2.2.6
fi
# a program of the same output may stand in for the bench
if [ -z "${ARCHSIM_BENCH:-}" ]; then
    cargo bench --bench synaptogen --no-run
fi
mine=target/peers/synaptogen_mine.txt
shipped=target/peers/synaptogen_shipped.txt
mended=target/peers/synaptogen_mended.txt
: >"$mine"
: >"$shipped"
: >"$mended"
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
for _ in 1 2 3; do
    if [ -n "${ARCHSIM_BENCH:-}" ]; then "$ARCHSIM_BENCH"; else cargo bench --quiet --bench synaptogen; fi >>"$mine"
    "$place/bin/python" -P benches/peers/synaptogen.py >>"$shipped"
    "$place/bin/python" -P benches/peers/synaptogen.py --array-any >>"$mended"
done
awk -v version="$version" '
    FNR == 1 { file++ }
    $3 == "M" && $2 > most[file, $1] { most[file, $1] = $2 }
    END {
        split("create cycle partial idle idle_each read", names)
        asked["cycle"] = 10; asked["read"] = 5; asked["idle"] = 1; asked["idle_each"] = 1
        for (i = 1; i <= 6; i++) {
            n = names[i]
            with_shipped = most[1, n] / most[2, n]
            with_mended = most[1, n] / most[3, n]
            printf "%s: archsim %.1f, synaptogen %s %.2f (ratio %.1f), with the any of arrays %.2f (ratio %.1f) M cells/s",
                n, most[1, n], version, most[2, n], with_shipped, most[3, n], with_mended
            if (n in asked) {
                # the stricter of the two
                least = with_shipped < with_mended ? with_shipped : with_mended
                ok = least >= asked[n]
                printf ", asked: %s: %s", asked[n], ok ? "ok" : "MISSED"
                if (!ok) bad = 1
            }
            printf "\n"
        }
        exit bad
    }
' "$mine" "$shipped" "$mended"
