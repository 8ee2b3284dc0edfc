"""Train, export and evaluate the ECG beat classifier with attention.

    ARCHSIM_DATA=<data folder> python train_ecg_transformer.py folds      leave-records-out folds of DS1
    ARCHSIM_DATA=<data folder> python train_ecg_transformer.py final      -> ../ecg_transformer.onnx
    ARCHSIM_DATA=<data folder> python train_ecg_transformer.py evaluate   score it on ds2_test
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

import ecg_protocol

PATCHES, WIDTH = 16, 8  # a patch is 8 samples of both channels


class Net(nn.Module):
    """One pre-norm transformer block (Vaswani et al. 2017, Xiong et al. 2020) over patches of the beat, mean pool,
    beside the RR features; the inputs of ecg.onnx. Written in plain matrix products for a plain ONNX graph."""

    def __init__(self, n_rr, dim=32, heads=4, hidden=64):
        super().__init__()
        self.heads, self.part = heads, dim // heads
        self.embed = nn.Linear(2 * WIDTH, dim)
        self.position = nn.Parameter(0.1 * torch.randn(1, PATCHES, dim))
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.query, self.key, self.value = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.out = nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
        self.fc_rr = nn.Linear(n_rr, 16)
        self.fc1 = nn.Linear(dim + 16, 32)
        self.fc2 = nn.Linear(32, 5)

    def attend(self, x):
        def split(h, *order):
            return h.reshape(-1, PATCHES, self.heads, self.part).permute(*order)

        score = split(self.query(x), 0, 2, 1, 3) @ split(self.key(x), 0, 2, 3, 1)
        share = F.softmax(score / math.sqrt(self.part), -1)
        mixed = (share @ split(self.value(x), 0, 2, 1, 3)).permute(0, 2, 1, 3)
        return self.out(mixed.reshape(-1, PATCHES, self.heads * self.part))

    def forward(self, beat, rr):
        patches = beat.reshape(-1, 2, PATCHES, WIDTH).permute(0, 2, 1, 3).reshape(-1, PATCHES, 2 * WIDTH)
        h = self.embed(patches) + self.position
        h = h + self.attend(self.norm1(h))
        h = h + self.down(F.gelu(self.up(self.norm2(h))))
        h = torch.cat([self.norm3(h).mean(1), F.relu(self.fc_rr(rr))], 1)
        return self.fc2(F.relu(self.fc1(h)))


RECIPE = {"teachers": 0}  # otherwise that of ecg.onnx; without distillation

if __name__ == "__main__":
    ecg_protocol.main("ecg_transformer", Net, RECIPE)
