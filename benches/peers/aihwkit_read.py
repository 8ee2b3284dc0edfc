"""Reads of a 512 x 512 crossbar in aihwkit: the settings of benches/chain.rs, least processor time of several runs."""

import sys
import time

import torch
from aihwkit.simulator.configs.configs import SingleRPUConfig
from aihwkit.simulator.configs.devices import IdealDevice
from aihwkit.simulator.parameters.enums import BoundManagementType, NoiseManagementType, WeightNoiseType
from aihwkit.simulator.parameters.io import IOParameters
from aihwkit.simulator.tiles.analog import AnalogTile

SIZE = 512
RUNS = 9

torch.set_num_threads(1)
converters = dict(
    inp_res=1 / 126,
    out_res=1 / 510,
    out_bound=20.0,
    out_noise=0.0,
    noise_management=NoiseManagementType.ABS_MAX,
    bound_management=BoundManagementType.NONE,
)
noisy = dict(converters, w_noise=0.0175, w_noise_type=WeightNoiseType.PCM_READ, ir_drop=1.0)
settings = {"ideal": dict(is_perfect=True), "converters": converters, "noisy": noisy}
random = torch.Generator().manual_seed(0)
weights = torch.rand(SIZE, SIZE, generator=random) * 2 - 1
with torch.no_grad():
    for name, setting in settings.items():
        tile = AnalogTile(SIZE, SIZE, SingleRPUConfig(device=IdealDevice(), forward=IOParameters(**setting)))
        tile.set_weights(weights)
        tile.eval()
        for batch in map(int, sys.argv[1:] or ["256"]):
            x = torch.rand(batch, SIZE, generator=random) * 2 - 1
            best = float("inf")
            for _ in range(RUNS):
                start = time.thread_time()
                tile(x)
                best = min(best, time.thread_time() - start)
            print(f"{name} {batch} {best / batch * 1e6:.3f} us a vector")
