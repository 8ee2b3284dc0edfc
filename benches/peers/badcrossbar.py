"""One vector of a crossbar with wires in badcrossbar: the crossbars of benches/wires.rs, cold.

Best of three, in processor time: machines are shared.
"""

import sys
import time

import badcrossbar
import numpy as np

for size in map(int, sys.argv[2:]):
    at = np.arange(size * size, dtype=np.float64)
    g = (1e-6 + 24e-6 * np.modf(at * 0.6180339887498949)[0]).reshape(size, size)
    voltages = np.full((size, 1), 0.2)
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        solution = badcrossbar.compute(voltages, 1 / g, float(sys.argv[1]))
        best = min(best, time.process_time() - start)
    print(f"cold {size} {sys.argv[1]} {best:.6f} s, first current {solution.currents.output[0, 0]:.12e} A")
