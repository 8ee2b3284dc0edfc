"""What the training scripts share: export, onnxruntime, data files, figures."""

import os
import warnings
import zipfile
from pathlib import Path

import numpy as np
import torch

OUT = Path(__file__).resolve().parent.parent
OPSET = 17


def data_folder(name):
    """A folder of the data that do not come with the project."""
    root = os.environ.get("ARCHSIM_DATA")
    if not root:
        raise SystemExit("ARCHSIM_DATA is not set: it names the folder of prepared data, see README.md")
    return Path(root) / name


def bytes_split(folder, split, shape):
    """x uint8 [n, *shape], y int64 [n] of a prepared folder of bytes."""
    x = np.fromfile(folder / f"{split}_x.u8", dtype="u1").reshape(-1, *shape)
    y = np.fromfile(folder / f"{split}_y.u8", dtype="u1").astype(np.int64)
    assert len(x) == len(y)
    return x, y


def export(net, inputs, path, about):
    """Writes an ONNX file with batch axis `N` and the output `logits`; `inputs` are examples by name.

    Batch norm stays a node, recurrent layers begin at the operator's own default state of zero (the exporter
    writes a state made from the shape of the batch instead), and onnxruntime must agree with PyTorch.
    """
    import onnx

    net.eval()
    with torch.no_grad():
        want = net(*inputs.values()).numpy()
    warnings.filterwarnings("ignore", module="torch.onnx")  # about the mode below; the result is compared
    torch.onnx.export(
        net, tuple(inputs.values()), str(path), opset_version=OPSET, dynamo=False,
        training=torch.onnx.TrainingMode.PRESERVE,  # EVAL would fold batch norm into the convolutions
        input_names=list(inputs), output_names=["logits"],
        dynamic_axes={name: {0: "N"} for name in [*inputs, "logits"]})
    model = onnx.load(path)
    graph = model.graph
    for node in graph.node:
        state = {"GRU": 5, "LSTM": 5, "RNN": 5}.get(node.op_type)
        if state is not None:
            del node.input[state:]
    prune(graph)
    for node in graph.node:
        node.name = node.name.strip("/").replace("/", ".") or f"{node.op_type}_{node.output[0]}"
    model.doc_string = about
    model.producer_name, model.producer_version = "archsim workloads/train", ""
    del graph.value_info[:]
    model = onnx.shape_inference.infer_shapes(model)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    worst = np.abs(run_onnx(path, {k: v.numpy() for k, v in inputs.items()}) - want).max()
    assert worst < 1e-4 * max(1.0, np.abs(want).max()), worst
    print(f"{path.name}: {sum(p.numel() for p in net.parameters())} parameters, {macs(model)} MACs a sample, "
          f"{path.stat().st_size} bytes, onnxruntime against PyTorch max |diff| {worst:.1e}", flush=True)


def prune(graph):
    """Removes what no output depends on."""
    needed, keep = {o.name for o in graph.output}, []
    for node in reversed(graph.node):
        if needed & set(node.output):
            keep.append(node)
            needed |= set(node.input)
    keep.reverse()
    weights = [w for w in graph.initializer if w.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(keep)
    graph.initializer.extend(weights)


def macs(model):
    """Multiply-accumulates of a sample in Conv, Gemm, MatMul, GRU and LSTM, from the inferred shapes."""
    graph = model.graph
    shape = {v.name: [d.dim_value or 1 for d in v.type.tensor_type.shape.dim]
             for v in [*graph.input, *graph.value_info, *graph.output]}
    shape |= {w.name: list(w.dims) for w in graph.initializer}
    total = 0
    for node in graph.node:
        if node.op_type == "Conv":
            total += np.prod(shape[node.output[0]]) * np.prod(shape[node.input[1]][1:])
        elif node.op_type in ("Gemm", "MatMul"):
            trans = any(a.name == "transA" and a.i for a in node.attribute)
            total += np.prod(shape[node.output[0]]) * shape[node.input[0]][0 if trans else -1]
        elif node.op_type in ("GRU", "LSTM"):
            steps = shape[node.input[0]][0]
            total += steps * (np.prod(shape[node.input[1]]) + np.prod(shape[node.input[2]]))
    return int(total)


def run_onnx(path, inputs, batch=1000):
    """Outputs of a file for numpy inputs by name, float32."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    n = len(next(iter(inputs.values())))
    return np.concatenate([
        session.run(None, {k: v[i : i + batch].astype(np.float32) for k, v in inputs.items()})[0]
        for i in range(0, n, batch)])


def save_npz(path, inputs, label, classes, about):
    """A data file as archsim reads it (src/data/npz.rs); the same data give the same bytes."""
    arrays = dict(inputs)
    arrays["label"] = np.asarray(label, dtype=np.uint32)
    for name, text in [("classes", "\n".join(classes)), ("label_source", "database"), ("about", about)]:
        arrays[name] = np.frombuffer(text.encode(), dtype=np.uint8)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            # a fixed date, so that the file does not change with the day it is made
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as stream:
                np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
    print(f"{path.name}: {len(label)} samples, {path.stat().st_size} bytes")


def report(title, p, y, classes):
    """Prints accuracy, macro-F1 over all classes, and per class samples, precision, recall, F1; returns the accuracy."""
    c = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(c, (y, p), 1)
    hit = np.diag(c).astype(float)
    precision, recall = hit / np.maximum(c.sum(0), 1), hit / np.maximum(c.sum(1), 1)
    f1 = 2 * hit / np.maximum(c.sum(0) + c.sum(1), 1)
    accuracy = hit.sum() / len(y)
    print(f"{title}: {len(y)} samples, accuracy {accuracy:.4f}, macro-F1 over all classes {f1.mean():.4f}")
    for k, name in enumerate(classes):
        print(f"| {name} | {c[k].sum()} | {precision[k]:.3f} / {recall[k]:.3f} / {f1[k]:.3f} |")
    print(c, flush=True)
    return accuracy


def deterministic(seed):
    """One thread, one seed, deterministic kernels."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
    return np.random.RandomState(seed)


def cosine(optimiser, lr, step, total):
    """Linear warm-up over the first tenth, then a cosine to zero."""
    now = lr * min(1.0, (step + 1) / (0.1 * total)) * 0.5 * (1 + np.cos(np.pi * step / total))
    for group in optimiser.param_groups:
        group["lr"] = now
