#!/usr/bin/env bash
# Reads of a 512 x 512 crossbar, batch 256, one thread, side by side with aihwkit on this machine: the same weights and
# inputs, processor time of a vector, the least of five turns, and whether the outputs agree. Asked for: 10, 8 and 20
# times as fast.
set -euo pipefail
cd "$(dirname "$0")/../.."

. benches/peers/aihwkit_venv.sh
cargo bench --bench chain --no-run
mine=target/peers/chain.txt
theirs=target/peers/aihwkit.txt
outputs=$PWD/target/peers/chain
mkdir -p "$outputs"
: >"$mine"
: >"$theirs"
for _ in 1 2 3 4 5; do
    cargo bench --quiet --bench chain -- "$outputs" >>"$mine"
    OPENBLAS_NUM_THREADS=1 "$place/bin/python" -P benches/peers/aihwkit_read.py 256 "$outputs" >>"$theirs"
done
awk -v version="$version" '
    $1 == "compare" {
        if (!($2 in apart) || $NF != "ok") apart[$2] = $0
        if ($NF != "ok") bad = 1
        next
    }
    $2 != 256 { next }
    NR == FNR { if (!($1 in mine) || $3 < mine[$1]) mine[$1] = $3; next }
    { if (!($1 in theirs) || $3 < theirs[$1]) theirs[$1] = $3 }
    END {
        split("ideal converters noisy", names)
        split("10 8 20", asked)
        for (i = 1; i <= 3; i++) {
            name = names[i]
            ratio = theirs[name] / mine[name]
            ok = ratio >= asked[i]
            sub("^compare [a-z]+ ", "", apart[name])
            printf "%s: archsim %.2f us, aihwkit %s %.2f us a vector, ratio %.1f of %s asked: %s; outputs: %s\n",
                name, mine[name], version, theirs[name], ratio, asked[i], ok ? "ok" : "MISSED", apart[name]
            if (!ok || !(name in apart) || apart[name] == "") bad = 1
        }
        exit bad
    }
' "$mine" "$theirs"
