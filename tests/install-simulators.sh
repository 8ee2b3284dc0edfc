#!/usr/bin/env bash
# Installs ngspice, Icarus Verilog and GTKWave on Debian and its relatives, so that the tests of netlists and of the
# sequencer have something to compare with, and waveforms a reader.
set -euo pipefail
missing=()
command -v ngspice >/dev/null || missing+=(ngspice)
command -v iverilog >/dev/null || missing+=(iverilog)
command -v vcd2fst >/dev/null || missing+=(gtkwave)
[ "${#missing[@]}" -gt 0 ] || exit 0
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update
"${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"
