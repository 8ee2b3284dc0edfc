"""Train, export and evaluate the breast cancer classifier and write its data file.

    python train_breast_cancer.py [--csv FILE]

The data are `breast_cancer.csv` of scikit-learn 1.9.1 (a copy of UCI's); without --csv the file of the
installed package is read. Writes ../breast_cancer.onnx and ../breast_cancer.npz.
"""

import argparse
import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import common

SHA256 = "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed"
CLASSES = ["malignant", "benign"]
SEED, SPLIT_SEED = 0, 0
TEST_SHARE = 0.4  # per class
STEPS, BATCH, LR, WEIGHT_DECAY, INPUT_NOISE = 1000, 64, 1e-2, 1e-2, 0.1
ABOUT = """\
Breast Cancer Wisconsin (Diagnostic), test part: 228 of 569 samples, 30 features standardised with the mean and the
standard deviation of the other 341. Wolberg W, Mangasarian O, Street N, Street W, UCI Machine Learning Repository 1995,
doi:10.24432/C5DW2B, CC BY 4.0; the copy in scikit-learn 1.9.1 (BSD-3-Clause). Labels are the diagnoses of the database."""


def load(csv):
    if csv is None:
        package = importlib.util.find_spec("sklearn")
        if package is None:
            raise SystemExit("scikit-learn is not installed: pip install scikit-learn==1.9.1, or give --csv FILE")
        csv = Path(package.origin).parent / "datasets" / "data" / "breast_cancer.csv"
    data = Path(csv).read_bytes()
    assert hashlib.sha256(data).hexdigest() == SHA256, f"{csv} is not the file of scikit-learn 1.9.1"
    rows = np.array([line.split(",") for line in data.decode().splitlines()[1:]], dtype=np.float64)
    return rows[:, :30], rows[:, 30].astype(np.int64)


def split(y):
    """Indices of the training and of the test samples: per class, drawn once with a fixed seed."""
    rng, test = np.random.RandomState(SPLIT_SEED), []
    for k in range(2):
        i = rng.permutation(np.flatnonzero(y == k))
        test.append(i[: round(TEST_SHARE * len(i))])
    test = np.sort(np.concatenate(test))
    return np.setdiff1d(np.arange(len(y)), test), test


def train(x, y):
    rng = common.deterministic(SEED)
    net = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 2))
    optimiser = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=WEIGHT_DECAY)
    for step in range(STEPS):
        common.cosine(optimiser, LR, step, STEPS)
        i = rng.randint(0, len(y), BATCH)
        noisy = x[i] + INPUT_NOISE * torch.from_numpy(rng.randn(BATCH, 30)).float()
        loss = F.cross_entropy(net(noisy), y[i])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--csv", type=Path)
    x, y = load(parser.parse_args().csv)
    fit, test = split(y)
    mean, deviation = x[fit].mean(0), x[fit].std(0)
    x = ((x - mean) / deviation).astype(np.float32)
    net = train(torch.from_numpy(x[fit]), torch.from_numpy(y[fit]))
    path = common.OUT / "breast_cancer.onnx"
    common.export(net, {"features": torch.from_numpy(x[fit][:64])}, path,
                  "Breast cancer classifier, classes malignant, benign; see workloads/breast_cancer.md")
    common.save_npz(common.OUT / "breast_cancer.npz", {"features": x[test]}, y[test], CLASSES, ABOUT)
    for title, part in [("training part", fit), ("test part", test)]:
        common.report(title, common.run_onnx(path, {"features": x[part]}).argmax(1), y[part], CLASSES)
