#!/usr/bin/env bash
# Cells that the shared reference numbers leave out, drawn by aihwkit on this machine and compared with ours.
set -euo pipefail
cd "$(dirname "$0")/../.."

. benches/peers/aihwkit_venv.sh
OPENBLAS_NUM_THREADS=1 "$place/bin/python" -P benches/peers/aihwkit_devices.py >target/peers/aihwkit_devices.csv
ARCHSIM_AIHWKIT_DEVICES="$PWD/target/peers/aihwkit_devices.csv" \
    cargo test --quiet --release --package archsim-hardware --lib device::pulsed::tests::peer -- --nocapture
