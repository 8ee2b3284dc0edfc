"""Cells of the PyPI package synaptogen on one core: million cells a second, least processor time of several runs.

`--array-any` replaces the built-in `any` that the package applies to arrays by NumPy's.
"""

import builtins
import sys
import time

import numpy
import synaptogen.synaptogen as peer

CELLS = 1 << 20
RUNS = 3

if "--array-any" in sys.argv:
    peer.any = lambda mask: mask.any() if isinstance(mask, numpy.ndarray) else builtins.any(mask)


def best(once, runs=RUNS) -> float:
    least = float("inf")
    for _ in range(runs):
        start = time.thread_time()
        once()
        least = min(least, time.thread_time() - start)
    return least


def say(name: str, seconds: float) -> None:
    print(f"{name} {CELLS / seconds / 1e6:.2f} M cells/s", flush=True)


def cycle(u: float):
    def once() -> None:
        peer.applyVoltage(cells, -2.0)
        peer.applyVoltage(cells, u)

    return once


say("create", best(lambda: peer.CellArrayCPU(CELLS), 2))
cells = peer.CellArrayCPU(CELLS)
# the constructor leaves the flag of the high state false
cells.inHRS[:] = True
say("cycle", best(cycle(2.0)))
say("partial", best(cycle(1.0)))
say("idle", best(lambda: peer.applyVoltage(cells, 0.1)))
voltages = (0.2 * numpy.arange(CELLS) / CELLS).astype(numpy.float32)
say("idle_each", best(lambda: peer.applyVoltage(cells, voltages)))
say("read", best(lambda: peer.Iread(cells)))
