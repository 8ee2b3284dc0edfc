"""Train, export and evaluate the recurrent ECG beat classifier.

    ARCHSIM_DATA=<data folder> python train_ecg_gru.py folds      leave-records-out folds of DS1
    ARCHSIM_DATA=<data folder> python train_ecg_gru.py final      -> ../ecg_gru.onnx
    ARCHSIM_DATA=<data folder> python train_ecg_gru.py evaluate   score it on ds2_test
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


RECIPE = {"teachers": 0}  # otherwise that of ecg.onnx; without distillation

if __name__ == "__main__":
    ecg_protocol.main("ecg_gru", Net, RECIPE)
