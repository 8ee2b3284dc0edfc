#!/bin/sh
# Fetches the backend test suite of ONNX 1.19.1 into target/onnx-suite, where tests/onnx_suite.rs looks for it.
set -eu
cd "$(dirname "$0")/.."
wheel=onnx-1.19.1-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl
sha256=1839af08ab4a909e4af936b8149c27f8c64b96138981024e251906e0539d8bf9
folder=target/onnx-suite
mkdir -p "$folder"
if [ ! -f "$folder/$wheel" ]; then
    python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 \
        --platform manylinux2014_x86_64 --dest "$folder" onnx==1.19.1
fi
echo "$sha256  $folder/$wheel" | sha256sum --check --quiet
python3 - "$folder/$wheel" "$folder" <<'PYTHON'
import sys, zipfile
wheel, folder = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    inside = [n for n in archive.namelist() if n.startswith("onnx/backend/test/data/")]
    archive.extractall(folder, inside)
print(f"{len(inside)} files in {folder}/onnx/backend/test/data")
PYTHON
