#!/bin/sh
# Times the float reference and ONNX Runtime on one network, one thread each, taking turns.
#   benches/peers/onnxruntime.sh network.onnx [runs]
# The peer is installed once, in a virtual environment under target/peers.
set -eu
cd "$(dirname "$0")/../.."
network=${1:?usage: benches/peers/onnxruntime.sh network.onnx [runs]}
runs=${2:-10}
peer=target/peers/onnxruntime
if [ ! -e "$peer/ready" ]; then
    python3 -m venv "$peer"
    "$peer/bin/pip" install --quiet --requirement benches/peers/requirements.txt
    touch "$peer/ready"
fi
cargo build --quiet --release --bin archsim
exec "$peer/bin/python" benches/peers/turns.py target/release/archsim "$network" "$runs"
