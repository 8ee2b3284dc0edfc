"""Reads of a 512 x 512 crossbar in aihwkit: the settings, weights and inputs of benches/chain.rs.

Prints the least processor time of several runs, and how far apart the outputs are that the bench wrote into a folder.
"""

import pathlib
import sys
import time

import numpy
import torch
from aihwkit.simulator.configs.configs import SingleRPUConfig
from aihwkit.simulator.configs.devices import IdealDevice
from aihwkit.simulator.parameters.enums import BoundManagementType, NoiseManagementType, WeightNoiseType
from aihwkit.simulator.parameters.io import IOParameters
from aihwkit.simulator.tiles.analog import AnalogTile

SIZE = 512
RUNS = 15

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


def values(first, count):
    """The numbers that benches/chain.rs takes, to the bit."""
    h = numpy.arange(first, first + count, dtype=numpy.uint32)
    h = (h ^ (h >> numpy.uint32(16))) * numpy.uint32(0x85EBCA6B)
    h = (h ^ (h >> numpy.uint32(13))) * numpy.uint32(0xC2B2AE35)
    h = (h ^ (h >> numpy.uint32(16))) >> numpy.uint32(8)
    return torch.from_numpy(h.astype(numpy.float32) / numpy.float32(8388608) - numpy.float32(1)).reshape(-1, SIZE)


def compare(name, mine, theirs, again, scale):
    """How far apart outputs are, in words, and whether that is what their arithmetic allows."""
    apart = numpy.abs(mine - theirs)
    if name == "ideal":
        # either side rounds sums of 512 products of standard deviation 7.5
        return f"furthest apart {apart.max():.1e} of 3e-5", apart.max() <= 3e-5
    if name == "converters":
        # sums next to the edge of a step round either way
        step = 40 / 510 * scale
        other = apart > 1e-5
        ok = other.mean() <= 1e-3 and (apart <= 1.001 * step + 1e-5).all()
        return f"{other.sum()} of {apart.size} one step of the converter apart, of 1e-3 of them; others 1e-5", ok
    # two reads differ by noise: as much as two of the peer's
    noise = numpy.sqrt(numpy.mean((again - theirs) ** 2))
    ratio = numpy.sqrt(numpy.mean((mine - theirs) ** 2)) / noise
    mean = abs((mine - theirs).mean()) / (noise / numpy.sqrt(apart.size))
    text = f"differs from the peer's read {ratio:.4f} times as much as two of its own, of 1 ± 0.02"
    return f"{text}; means {mean:.1f} of 4 standard errors apart", abs(ratio - 1) <= 0.02 and mean <= 4


batch = int(sys.argv[1])
weights = values(0, SIZE * SIZE)
x = values(SIZE * SIZE, batch * SIZE)
scale = x.abs().amax(dim=1, keepdim=True).numpy()
with torch.no_grad():
    for name, setting in settings.items():
        tile = AnalogTile(SIZE, SIZE, SingleRPUConfig(device=IdealDevice(), forward=IOParameters(**setting)))
        tile.set_weights(weights)
        tile.eval()
        best = float("inf")
        outputs = []
        for _ in range(RUNS):
            start = time.thread_time()
            y = tile(x)
            best = min(best, time.thread_time() - start)
            outputs = (outputs + [y.numpy().copy()])[-2:]
        print(f"{name} {batch} {best / batch * 1e6:.3f} us a vector")
        if len(sys.argv) > 2:
            mine = numpy.fromfile(pathlib.Path(sys.argv[2]) / name, dtype="<f4").reshape(batch, SIZE)
            text, ok = compare(name, mine.astype(float), *[o.astype(float) for o in outputs], scale)
            print(f"compare {name} {text} {'ok' if ok else 'APART'}")
