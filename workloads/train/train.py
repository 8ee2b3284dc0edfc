"""Train, export and evaluate the ECG beat classifier.

    ARCHSIM_DATA=<data folder> python train.py folds        leave-records-out folds of DS1
    ARCHSIM_DATA=<data folder> python train.py final        train seeds 0, 1, 2 and write ../ecg*.onnx
    ARCHSIM_DATA=<data folder> python train.py evaluate [--check DIR]
                                                            score ../ecg*.onnx on ds2_test

Record 208 is never used for training. ds2_test is read by `evaluate` only.
"""

import argparse
import copy
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import features

CLASSES = ["N", "S", "V", "F", "Q"]
SEEDS = [0, 1, 2]
EXCLUDED = [208]  # demo patient
FOLDS = [
    [101, 124, 203, 209],
    [106, 112, 122, 201],
    [108, 115, 119, 207],
    [116, 118, 215, 220, 230],
    [109, 114, 205, 223],
]
OUT = Path(__file__).resolve().parent.parent
FILES = {0: "ecg.onnx", 1: "ecg_seed1.onnx", 2: "ecg_seed2.onnx"}

EPOCHS = 5
BATCH = 128
LR = 3e-3
WEIGHT_DECAY = 1e-3
EMA = 0.995          # weights and batch-norm statistics are averaged over the steps
N_KEEP = 0.4         # share of the N beats drawn anew in each epoch
CLASS_POWER = 0.5    # class weight ~ count^-CLASS_POWER
RECORD_POWER = 1.0   # within a class, record weight ~ count^-RECORD_POWER
F_WEIGHT = 0.2       # class F of DS1 without record 208: 42 beats, not learnable
WEIGHT_NOISE = 0.04  # Gaussian, share of the layer's max |w|, on every step
TEACHERS = 3         # networks of other seeds whose mean answer the network also learns
TEMPERATURE = 2.0    # at which answers are compared
HARD_SHARE = 0.3     # share of the labels in the loss; the rest is the teachers' answer
SOFT_WEIGHT_MAX = 3.0  # largest sample weight in the teachers' part
AUG_NOISE, AUG_SHIFT, AUG_GAIN, AUG_RR = 0.05, 3, 0.2, 0.05


# ---------------------------------------------------------------- data

def load(split):
    """dict of beat [n,2,128], rr [n,R], y [n], rec [n]; features record by record."""
    d = Path(os.environ["ARCHSIM_DATA"]) / "ecg"

    def column(name, dtype):
        return np.fromfile(d / f"{split}_{name}", dtype=dtype)

    x = column("x.i16", "<i2").reshape(-1, 128)
    rr = column("rr.f32", "<f4").reshape(-1, 4)
    samp = column("samp.u32", "<u4").astype(np.int64)
    rec = column("rec.u16", "<u2").astype(np.int64)
    y = column("y.u8", "u1").astype(np.int64)
    beat, ratios = [], []
    starts = np.flatnonzero(np.r_[True, rec[1:] != rec[:-1]])
    assert len(starts) == len(np.unique(rec)), "records must be contiguous"
    for a, b in zip(starts, np.r_[starts[1:], len(rec)]):
        assert (np.diff(samp[a:b]) > 0).all()
        beat.append(features.beat_features(x[a:b], samp[a:b]))
        ratios.append(features.rr_features(rr[a:b], samp[a:b]))
    return {"beat": np.concatenate(beat), "rr": np.concatenate(ratios), "y": y, "rec": rec}


def take(d, mask):
    return {k: v[mask] for k, v in d.items()}


# ---------------------------------------------------------------- network

class Net(nn.Module):
    def __init__(self, n_rr):
        super().__init__()
        self.conv1 = nn.Conv1d(2, 16, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm1d(16)
        self.conv2 = nn.Conv1d(16, 24, 5, stride=2, padding=2, bias=False)
        self.bn2 = nn.BatchNorm1d(24)
        self.conv3 = nn.Conv1d(24, 32, 5, stride=2, padding=2, bias=False)
        self.bn3 = nn.BatchNorm1d(32)
        self.fc_rr = nn.Linear(n_rr, 16)
        self.fc1 = nn.Linear(32 * 4 + 16, 32)
        self.fc2 = nn.Linear(32, 5)

    def forward(self, beat, rr):
        h = F.relu(self.bn1(self.conv1(beat)))
        h = F.relu(self.bn2(self.conv2(h)))
        h = F.relu(self.bn3(self.conv3(h)))
        h = F.avg_pool1d(h, 4).flatten(1)
        h = torch.cat([h, F.relu(self.fc_rr(rr))], 1)
        return self.fc2(F.relu(self.fc1(h)))


def sample_weights(y, rec):
    """Loss weight of every beat: class weight times record weight."""
    count = np.bincount(y, minlength=5).astype(float)
    count[0] *= N_KEEP
    w = np.where(count > 0, np.maximum(count, 20) ** -CLASS_POWER, 0.0)
    w *= count.sum() / (w * count).sum()
    w[3] *= F_WEIGHT
    w[4] = min(w[4], w[2])
    out = w[y]
    for k in range(5):
        i = np.flatnonzero(y == k)
        if len(i):
            _, inverse, n = np.unique(rec[i], return_inverse=True, return_counts=True)
            s = np.maximum(n, 5.0)[inverse] ** -RECORD_POWER
            out[i] *= s / s.mean()
    return out


def augment(beat, rr, gen):
    n = len(beat)
    shift = torch.randint(-AUG_SHIFT, AUG_SHIFT + 1, (n, 1, 1), generator=gen)
    at = (torch.arange(128).view(1, 1, -1) + shift).clamp(0, 127)
    beat = torch.gather(beat, 2, at.expand(n, 2, 128))
    beat = beat * torch.exp(AUG_GAIN * torch.randn(n, 1, 1, generator=gen))
    level = 2 * AUG_NOISE * torch.rand(n, 1, 1, generator=gen)
    beat = beat + level * torch.randn(n, 1, 128, generator=gen)
    rr = rr + AUG_RR * torch.randn(rr.shape, generator=gen)
    return beat, rr


def train(d, seed, make=Net, teachers=TEACHERS, **recipe):
    """The network of a seed, taught by labels and by the mean of networks of other seeds (Hinton 2015)."""
    others = [train_one(d, 100 + 10 * seed + k, None, make, **recipe) for k in range(teachers)]
    return train_one(d, seed, others, make, **recipe)


def train_one(d, seed, teachers, make=Net, epochs=EPOCHS, rate=LR):
    """`make(n_rr)` is the network; `teachers` may be empty."""
    torch.manual_seed(seed)
    gen = torch.Generator().manual_seed(seed)
    rng = np.random.RandomState(seed)
    beat, rr = torch.from_numpy(d["beat"]), torch.from_numpy(d["rr"])
    y = torch.from_numpy(d["y"])
    weight = torch.from_numpy(sample_weights(d["y"], d["rec"])).float()
    net = make(rr.shape[1])
    avg = copy.deepcopy(net)
    matrices = [p for p in net.parameters() if p.dim() > 1]
    vectors = [p for p in net.parameters() if p.dim() <= 1]
    opt = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": WEIGHT_DECAY},
         {"params": vectors, "weight_decay": 0.0}], lr=rate)
    normal, other = np.flatnonzero(d["y"] == 0), np.flatnonzero(d["y"] != 0)
    n_normal = int(len(normal) * N_KEEP)
    per_epoch = (n_normal + len(other)) // BATCH
    total, step = per_epoch * epochs, 0
    net.train()
    for _ in range(epochs):
        idx = np.concatenate([rng.permutation(normal)[:n_normal], other])
        rng.shuffle(idx)
        for b in range(per_epoch):
            lr = rate * min(1.0, (step + 1) / (0.1 * total)) * 0.5 * (1 + np.cos(np.pi * step / total))
            for group in opt.param_groups:
                group["lr"] = lr
            i = torch.from_numpy(idx[b * BATCH : (b + 1) * BATCH])
            xb, xr = augment(beat[i], rr[i], gen)
            clean = [p.detach().clone() for p in matrices]
            with torch.no_grad():
                for p in matrices:
                    p.add_(WEIGHT_NOISE * p.abs().max() * torch.randn(p.shape, generator=gen))
            out = net(xb, xr)
            loss = (F.cross_entropy(out, y[i], reduction="none") * weight[i]).mean()
            if teachers:
                with torch.no_grad():
                    answer = torch.stack([F.softmax(t(xb, xr) / TEMPERATURE, 1) for t in teachers]).mean(0)
                soft = -(answer * F.log_softmax(out / TEMPERATURE, 1)).sum(1)
                soft = (soft * weight[i].clamp(max=SOFT_WEIGHT_MAX)).mean()
                loss = HARD_SHARE * loss + (1 - HARD_SHARE) * TEMPERATURE**2 * soft
            opt.zero_grad()
            loss.backward()
            with torch.no_grad():
                for p, c in zip(matrices, clean):
                    p.copy_(c)
            opt.step()
            step += 1
            decay = min(EMA, (step + 1) / (step + 10))
            with torch.no_grad():
                for a, p in zip(avg.state_dict().values(), net.state_dict().values()):
                    if a.dtype.is_floating_point:
                        a.lerp_(p, 1 - decay)
    return avg.eval()


# ---------------------------------------------------------------- figures

def predict(net, d):
    with torch.no_grad():
        return np.concatenate([
            net(torch.from_numpy(d["beat"][i : i + 4096]), torch.from_numpy(d["rr"][i : i + 4096])).numpy()
            for i in range(0, len(d["y"]), 4096)])


def figures(p, y):
    """accuracy, precision [5], recall [5], F1 [5], macro-F1 over N,S,V,F, confusion [true, predicted]."""
    c = np.zeros((5, 5), dtype=np.int64)
    np.add.at(c, (y, p), 1)
    tp = np.diag(c).astype(float)
    precision = tp / np.maximum(c.sum(0), 1)
    recall = tp / np.maximum(c.sum(1), 1)
    f1 = 2 * tp / np.maximum(c.sum(0) + c.sum(1), 1)
    return tp.sum() / len(y), precision, recall, f1, f1[:4].mean(), c


def training_part():
    d = load("ds1_train")
    return take(d, ~np.isin(d["rec"], EXCLUDED))


def run_folds(make=Net, seeds=SEEDS, **recipe):
    """Pooled out-of-fold figures of every seed; returns the mean row."""
    d = training_part()
    assert sorted(sum(FOLDS, [])) == sorted(np.unique(d["rec"]).tolist())
    rows = []
    for seed in seeds:
        p = np.zeros(len(d["y"]), dtype=np.int64)
        for held in FOLDS:
            test = np.isin(d["rec"], held)
            p[test] = predict(train(take(d, ~test), seed, make, **recipe), take(d, test)).argmax(1)
        acc, _, _, f1, macro, c = figures(p, d["y"])
        rows.append([acc, *f1[:4], macro])
        print(f"seed {seed}: acc {acc:.4f}  F1 N/S/V/F " + " / ".join(f"{v:.3f}" for v in f1[:4])
              + f"  macro {macro:.4f}", flush=True)
        print(c)
    print("mean  : acc %.4f  F1 N/S/V/F %.3f / %.3f / %.3f / %.3f  macro %.4f" % tuple(np.mean(rows, 0)), flush=True)


def export(net, path):
    """The graph is written node by node: batch-norm stays a node, batch axis is `N`."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights = [], []

    def const(name, value):
        value = np.ascontiguousarray(value, dtype=np.int64 if value.dtype == np.int64 else np.float32)
        weights.append(numpy_helper.from_array(value, name))
        return name

    def param(name):
        return const(name, net.state_dict()[name].numpy())

    def node(op, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs, [output], name=f"{op}_{output}", **attributes))
        return output

    h = "beat"
    for i, (k, p) in enumerate([(7, 3), (5, 2), (5, 2)], start=1):
        h = node("Conv", [h, param(f"conv{i}.weight")], f"conv{i}",
                 kernel_shape=[k], strides=[2], pads=[p, p], dilations=[1], group=1)
        h = node("BatchNormalization",
                 [h] + [param(f"bn{i}.{s}") for s in ("weight", "bias", "running_mean", "running_var")],
                 f"bn{i}", epsilon=1e-5)
        h = node("Relu", [h], f"relu{i}")
    h = node("AveragePool", [h], "pool", kernel_shape=[4], strides=[4])
    h = node("Flatten", [h], "flat", axis=1)
    r = node("Gemm", ["rr", param("fc_rr.weight"), param("fc_rr.bias")], "fc_rr", transB=1)
    r = node("Relu", [r], "relu_rr")
    h = node("Concat", [h, r], "features", axis=1)
    h = node("Gemm", [h, param("fc1.weight"), param("fc1.bias")], "fc1", transB=1)
    h = node("Relu", [h], "relu_fc1")
    node("Gemm", [h, param("fc2.weight"), param("fc2.bias")], "logits", transB=1)

    n_rr = net.fc_rr.in_features
    graph = helper.make_graph(
        nodes, "ecg",
        [helper.make_tensor_value_info("beat", TensorProto.FLOAT, ["N", 2, 128]),
         helper.make_tensor_value_info("rr", TensorProto.FLOAT, ["N", n_rr])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 5])], weights)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="archsim workloads/train",
        ir_version=8,
        doc_string="ECG beat classifier, classes N S V F Q; see workloads/ecg.md")
    model = onnx.shape_inference.infer_shapes(model)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def run_final():
    d = training_part()
    for seed in SEEDS:
        net = train(d, seed)
        export(net, OUT / FILES[seed])
        logits, reference = run_onnx(OUT / FILES[seed], take(d, slice(0, 512))), predict(net, take(d, slice(0, 512)))
        print(f"{FILES[seed]}: {sum(p.numel() for p in net.parameters())} parameters, "
              f"onnxruntime against PyTorch max |diff| {np.abs(logits - reference).max():.1e}", flush=True)


def run_onnx(path, d):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return np.concatenate([
        session.run(["logits"], {"beat": d["beat"][i : i + 4096], "rr": d["rr"][i : i + 4096]})[0]
        for i in range(0, len(d["y"]), 4096)])


def run_evaluate(check):
    d = load("ds2_test")
    text, rows = [], []
    for seed in SEEDS:
        logits = run_onnx(OUT / FILES[seed], d)
        acc, precision, recall, f1, macro, c = figures(logits.argmax(1), d["y"])
        rows.append([acc, *f1[:4], macro])
        text.append(f"seed {seed} ({FILES[seed]}), ds2_test, {len(d['y'])} beats: "
                    f"accuracy {acc:.4f}, macro-F1 (N,S,V,F) {macro:.4f}")
        text += [f"  {CLASSES[k]}: precision {precision[k]:.4f}  recall {recall[k]:.4f}  F1 {f1[k]:.4f}"
                 for k in range(5)]
        text.append("  confusion (rows true N,S,V,F,Q; columns predicted):")
        text += ["   " + "".join(f"{v:7d}" for v in row) for row in c]
        if check:
            check.mkdir(parents=True, exist_ok=True)
            np.savez(check / f"seed{seed}.npz", beat=d["beat"][:256], rr=d["rr"][:256],
                     logits=logits[:256], confusion=c)
    m = np.mean(rows, 0)
    text.append("mean of seeds: accuracy %.4f, F1 N/S/V/F %.4f / %.4f / %.4f / %.4f, macro-F1 %.4f" % tuple(m))
    print("\n".join(text))
    if check:
        (check / "figures.txt").write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["folds", "final", "evaluate"])
    parser.add_argument("--check", type=Path, help="with evaluate: folder for seed*.npz and figures.txt")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    {"folds": run_folds, "final": run_final, "evaluate": lambda: run_evaluate(args.check)}[args.command]()
