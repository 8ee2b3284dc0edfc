#!/usr/bin/env bash
# Cells that the shared reference numbers leave out, drawn by aihwkit on this machine and compared with ours.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=1.1.0
place=target/peers/aihwkit
if [ ! -x "$place/bin/python" ]; then
    # its wheel is for CPython 3.11; with a newer torch than the one it was built for it refuses its own weights
    python3.11 -m venv "$place"
    "$place/bin/pip" install --quiet "aihwkit==$version" torch==2.10.0 torchvision==0.25.0
fi
OPENBLAS_NUM_THREADS=1 "$place/bin/python" -P benches/peers/aihwkit_devices.py >target/peers/aihwkit_devices.csv
ARCHSIM_AIHWKIT_DEVICES="$PWD/target/peers/aihwkit_devices.csv" \
    cargo test --quiet --release --lib device::pulsed::tests::peer -- --nocapture
