"""Times archsim's float reference and ONNX Runtime in turns; prints medians and their ratio.

Turns of a few runs each stand within the same minute, so that both meet the same load of the machine.
"""

import statistics
import subprocess
import sys
import time

import numpy
import onnxruntime

TURNS = 5


def main(archsim: str, network: str, runs: int) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    random = numpy.random.default_rng(0)
    sizes = lambda shape: [n if isinstance(n, int) and n > 0 else 1 for n in shape]
    inputs = {i.name: random.random(sizes(i.shape), dtype=numpy.float32) for i in session.get_inputs()}

    def theirs() -> float:
        start = time.perf_counter()
        session.run(None, inputs)
        return (time.perf_counter() - start) * 1e3

    def mine() -> list[float]:
        command = [archsim, "float", network, "--repeat", str(runs), "--threads", "1"]
        return [float(line) for line in subprocess.check_output(command, text=True).split()]

    theirs()
    own, peer = [], []
    for _ in range(TURNS):
        own += mine()
        peer += [theirs() for _ in range(runs)]
    pair = statistics.median(own), statistics.median(peer)
    best = min(own), min(peer)
    for name, (a, b) in (("median", pair), ("best", best)):
        print(f"{name:6} of {len(own)}: archsim {a:.2f} ms, onnxruntime {onnxruntime.__version__} {b:.2f} ms, ratio {a / b:.2f}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
