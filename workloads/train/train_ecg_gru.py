"""Train, export and evaluate the recurrent ECG beat classifier.

    ARCHSIM_DATA=<data folder> python train_ecg_gru.py folds [VARIANT ...]  leave-records-out folds of DS1
    ARCHSIM_DATA=<data folder> python train_ecg_gru.py final                seed 0 -> ../ecg_gru.onnx, others -> target/
    ARCHSIM_DATA=<data folder> python train_ecg_gru.py evaluate             ds2_test
"""

import torch
from torch import nn
from torch.nn import functional as F

import ecg_protocol

STEPS, WIDTH = 16, 8  # a step takes 8 samples of both channels


class Net(nn.Module):
    """GRU over the beat, its last state beside the RR features; the inputs of ecg.onnx."""

    def __init__(self, n_rr, units=32):
        super().__init__()
        self.gru = nn.GRU(2 * WIDTH, units)
        self.fc_rr = nn.Linear(n_rr, 16)
        self.fc1 = nn.Linear(units + 16, 32)
        self.fc2 = nn.Linear(32, 5)

    def forward(self, beat, rr):
        steps = beat.reshape(-1, 2, STEPS, WIDTH).permute(2, 0, 1, 3).reshape(STEPS, -1, 2 * WIDTH)
        _, state = self.gru(steps)
        h = torch.cat([state[0], F.relu(self.fc_rr(rr))], 1)
        return self.fc2(F.relu(self.fc1(h)))


VARIANTS = {
    "base": ({}, {"seeds": [0], "teachers": 0}),
    "slow": ({}, {"seeds": [0], "teachers": 0, "rate": 1.5e-3, "epochs": 8}),
    "fast": ({}, {"seeds": [0], "teachers": 0, "rate": 6e-3}),
    "taught": ({}, {"seeds": [0], "teachers": 3}),
}
CHOSEN = "base"

if __name__ == "__main__":
    ecg_protocol.main("ecg_gru", Net, VARIANTS, CHOSEN)
