#!/usr/bin/env bash
# Compact physics of memristors integrated by scipy, for comparison: one line "case time voltage state current" for each
# sample, "moments case mean deviation cells" for the noise. `cargo xtask verify devices` reads them.
set -euo pipefail
cd "$(dirname "$0")/../.."
place=target/peers/compact_physics
if [ ! -e "$place/ready" ]; then
    python3 -m venv "$place"
    "$place/bin/pip" install --quiet --requirement benches/peers/compact_physics.requirements.txt
    touch "$place/ready"
fi
exec env OPENBLAS_NUM_THREADS=1 "$place/bin/python" -P benches/peers/compact_physics.py
