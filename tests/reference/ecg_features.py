"""Writes ecg_features.npz: synthetic beats and the inputs features.py makes of them.

usage: python ecg_features.py   (numpy; finds workloads/train/features.py in the repository)
"""

import pathlib
import sys

import numpy as np

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[1] / "workloads" / "train"))
import features  # noqa: E402

rng = np.random.default_rng(7)
n = 440
samp = np.cumsum(rng.integers(200, 480, n))
samp[200:] += 3000  # a gap
t = np.arange(128) - 50
shape = 900 * np.exp(-((t / 4.0) ** 2)) + 180 * np.exp(-(((t - 45) / 14.0) ** 2))
wide = -1500 * np.exp(-((t / 11.0) ** 2))
kind = rng.random(n) < 0.15
x = np.where(kind[:, None], wide, shape) * rng.normal(1, 0.1, (n, 1)) + rng.normal(0, 25, (n, 128))
x[30], x[60] = 8 * shape, -8 * shape  # reach the clips
x[200:] *= 0.05  # median peak under the lower bound of the gain
x = np.rint(x).astype(np.int16)
pre = np.diff(samp, prepend=samp[0] - 300) / 360
post = np.append(pre[1:], 0.8)
local = np.array([pre[max(0, i - 9) : i + 1].mean() for i in range(n)])
rr = np.stack([pre, post, local, np.full(n, pre.mean())], axis=1).astype(np.float32)
np.savez_compressed(
    here / "ecg_features.npz",
    x=x,
    samp=samp.astype(np.uint32),
    rr_s=rr,
    beat=features.beat_features(x, samp)[::8],  # every eighth row, to keep the file small
    rr=features.rr_features(rr, samp),
)
