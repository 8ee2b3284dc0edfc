#!/usr/bin/env bash
# Installs ngspice on Debian and its relatives, so that the test of netlists has something to compare with.
set -euo pipefail
command -v ngspice >/dev/null && exit 0
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update
"${as_root[@]}" apt-get install -y --no-install-recommends ngspice
