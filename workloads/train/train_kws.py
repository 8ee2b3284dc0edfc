"""Train, export and evaluate the keyword network.

    ARCHSIM_DATA=<data folder> python train_kws.py folds [NAME ...]  leave-one-speaker-out folds of the training speakers
    ARCHSIM_DATA=<data folder> python train_kws.py final             seed 0, all training speakers -> ../kws.onnx
    ARCHSIM_DATA=<data folder> python train_kws.py evaluate          score ../kws.onnx on the test speaker

$ARCHSIM_DATA/kws_fsdd is read. Only `evaluate` reads the test speaker.
"""

import argparse
import math
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import common

CLASSES = [str(k) for k in range(10)]
FRAMES, MELS = 64, 32
SEED = 0
BASE = {"epochs": 24, "batch": 64, "lr": 4e-3, "decay": 1e-2, "blocks": 3, "channels": 24, "dropout": 0.2,
        "time": 6, "mel": 3.0, "stretch": 0.2, "mask": 8, "gain": 25.0, "tilt": 25.0}
# what was compared on the folds; each differs from BASE by what is named
VARIANTS = {
    "base": {},
    "mild": {"gain": 0.0, "tilt": 15.0, "mask": 4, "mel": 4.0, "dropout": 0.1},
}
CHOSEN = "mild"


class Net(nn.Module):
    """Depthwise-separable network after Zhang et al. 2017 (arXiv:1711.07128), narrower."""

    def __init__(self, channels, blocks, dropout):
        super().__init__()
        self.first = nn.Conv2d(1, channels, (5, 5), stride=2, padding=2, bias=False)
        self.first_bn = nn.BatchNorm2d(channels)
        self.depth = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, stride=1 if i else 2, padding=1, groups=channels, bias=False)
            for i in range(blocks))
        self.depth_bn = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(blocks))
        self.point = nn.ModuleList(nn.Conv2d(channels, channels, 1, bias=False) for _ in range(blocks))
        self.point_bn = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(blocks))
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(channels * 8, len(CLASSES))

    def forward(self, mel):
        h = F.relu(self.first_bn(self.first(mel)))
        for depth, depth_bn, point, point_bn in zip(self.depth, self.depth_bn, self.point, self.point_bn):
            h = F.relu(point_bn(point(F.relu(depth_bn(depth(h))))))
        # the order of the sounds matters: four parts of the time and two of the spectrum are kept apart
        h = F.avg_pool2d(h, (FRAMES // 4 // 4, MELS // 4 // 2)).flatten(1)
        return self.last(self.dropout(h))


def augment(x, rng, r):
    """Time shift and stretch, shift along the mel axis (another vocal tract), masks, level and tilt; x 0 to 255."""
    n = len(x)
    matrix = np.zeros((n, 2, 3))
    matrix[:, 0, 0] = 1
    matrix[:, 0, 2] = rng.uniform(-r["mel"], r["mel"], n) / (MELS / 2)
    stretch = np.exp(rng.uniform(-r["stretch"], r["stretch"], n))
    matrix[:, 1, 1] = stretch
    # frame 0 stays where it is under the stretch, then everything is shifted
    matrix[:, 1, 2] = stretch - 1 + rng.uniform(-r["time"], r["time"], n) / (FRAMES / 2)
    grid = F.affine_grid(torch.from_numpy(matrix).float(), x.shape, align_corners=False)
    x = F.grid_sample(x, grid, align_corners=False)
    axis = np.linspace(-1, 1, MELS)
    level = rng.uniform(-r["gain"], r["gain"], (n, 1)) + rng.uniform(-r["tilt"], r["tilt"], (n, 1)) * axis
    x = (x + torch.from_numpy(level).float()[:, None, None, :] * (x > 0)).clamp(0, 255)
    if r["mask"]:
        t, m = np.arange(FRAMES), np.arange(MELS)
        at, width = rng.randint(0, FRAMES, (n, 1)), rng.randint(0, r["mask"] + 1, (n, 1))
        keep_t = (t < at) | (t >= at + width)
        at, width = rng.randint(0, MELS, (n, 1)), rng.randint(0, r["mask"] // 2 + 1, (n, 1))
        keep_m = (m < at) | (m >= at + width)
        x = x * torch.from_numpy(keep_t[:, :, None] & keep_m[:, None, :]).float()[:, None]
    return x


def train(x, y, r, seed):
    rng = common.deterministic(seed)
    net = Net(r["channels"], r["blocks"], r["dropout"])
    matrices = [p for p in net.parameters() if p.dim() > 1]
    vectors = [p for p in net.parameters() if p.dim() <= 1]
    optimiser = torch.optim.AdamW([{"params": matrices, "weight_decay": r["decay"]},
                                   {"params": vectors, "weight_decay": 0.0}], lr=r["lr"])
    x, y = torch.from_numpy(x).float(), torch.from_numpy(y)
    per_epoch = math.ceil(len(y) / r["batch"])
    total = r["epochs"] * per_epoch
    for step in range(total):
        if step % per_epoch == 0:
            order = rng.permutation(len(y))
        common.cosine(optimiser, r["lr"], step, total)
        i = order[step % per_epoch * r["batch"] :][: r["batch"]]
        loss = F.cross_entropy(net(augment(x[i], rng, r) / 255), y[i], label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        net.first.weight /= 255  # the exported network takes the bytes as they are
    return net.eval()


def load(split):
    folder = common.data_folder("kws_fsdd")
    x, y = common.bytes_split(folder, split, (FRAMES, MELS))
    return x[:, None], y, np.fromfile(folder / f"{split}_spk.u8", dtype="u1")


def folds(names):
    x, y, speaker = load("train")
    for name in names or VARIANTS:
        r, accuracy, start = BASE | VARIANTS[name], [], time.process_time()
        for held in np.unique(speaker):
            test = speaker == held
            net = train(x[~test], y[~test], r, SEED)
            with torch.no_grad():
                p = net(torch.from_numpy(x[test]).float()).argmax(1).numpy()
            accuracy.append((p == y[test]).mean())
        print(f"| {name} | {' / '.join(f'{a:.3f}' for a in accuracy)} | {np.mean(accuracy):.3f} | "
              f"({time.process_time() - start:.0f} s)", flush=True)


def final():
    x, y, _ = load("train")
    net = train(x, y, BASE | VARIANTS[CHOSEN], SEED)
    common.export(net, {"mel": torch.from_numpy(x[::20]).float()}, common.OUT / "kws.onnx",
                  "Spoken digits, log-mel bytes 0 to 255; see workloads/kws.md")
    common.report("training speakers", common.run_onnx(common.OUT / "kws.onnx", {"mel": x}).argmax(1), y, CLASSES)


def evaluate():
    x, y, _ = load("test")
    p = common.run_onnx(common.OUT / "kws.onnx", {"mel": x}).argmax(1)
    common.report("kws, test speaker", p, y, CLASSES)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["folds", "final", "evaluate"])
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    if args.command == "folds":
        folds(args.names)
    else:
        {"final": final, "evaluate": evaluate}[args.command]()
