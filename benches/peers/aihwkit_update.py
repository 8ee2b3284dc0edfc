"""Pulsed outer-product updates of a 512 x 512 array in aihwkit: the settings of benches/pulsed.rs, least and median processor time."""

import statistics
import time

import torch
from aihwkit.simulator.configs.configs import SingleRPUConfig
from aihwkit.simulator.parameters.training import UpdateParameters
from aihwkit.simulator.presets.devices import ReRamSBPresetDevice
from aihwkit.simulator.tiles.analog import AnalogTile

SIZE = 512
RUNS = 100

torch.set_num_threads(1)
random = torch.Generator().manual_seed(0)
managed = UpdateParameters(desired_bl=31, update_management=True, update_bl_management=True)
tile = AnalogTile(SIZE, SIZE, SingleRPUConfig(device=ReRamSBPresetDevice(), update=managed))
tile.set_learning_rate(0.01)
times = []
with torch.no_grad():
    for _ in range(RUNS):
        x = torch.randn(1, SIZE, generator=random) * 0.3
        d = torch.randn(1, SIZE, generator=random) * 0.05
        start = time.thread_time()
        tile.update(x, d)
        times.append((time.thread_time() - start) * 1e9 / SIZE**2)
print(f"update {min(times):.3f} {statistics.median(times):.3f} ns a device")
