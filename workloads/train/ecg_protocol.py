"""Folds, final training and the one test of further ECG networks: the data, classes, folds and recipe of train.py."""

import argparse
import time
from pathlib import Path

import torch

import common
import train as ecg

SEEDS = ecg.SEEDS  # fixed beforehand; seed 0 is shipped


def main(name, make, variants, chosen):
    """Commands of a training script. `make(n_rr, **shape)` is the network, a variant is (shape, recipe)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["folds", "final", "evaluate"])
    parser.add_argument("names", nargs="*", metavar="VARIANT", help="with folds: variants to run")
    parser.add_argument("--work", type=Path, default=common.OUT.parent / "target" / "workloads",
                        help="folder of the networks of the other seeds")
    args = parser.parse_args()
    common.deterministic(0)
    files = {seed: common.OUT / f"{name}.onnx" if seed == 0 else args.work / f"{name}_seed{seed}.onnx"
             for seed in SEEDS}

    def network(shape):
        return lambda n_rr: make(n_rr, **shape)

    if args.command == "folds":
        for variant in args.names or variants:
            shape, recipe = variants[variant]
            start = time.process_time()
            print(f"{name}, {variant}:", flush=True)
            ecg.run_folds(network(shape), **recipe)
            print(f"{time.process_time() - start:.0f} s", flush=True)
    elif args.command == "final":
        args.work.mkdir(parents=True, exist_ok=True)
        d = ecg.training_part()
        some = {k: torch.from_numpy(d[k][::100]) for k in ("beat", "rr")}
        shape, recipe = variants[chosen]
        recipe = {k: v for k, v in recipe.items() if k != "seeds"}
        for seed in SEEDS:
            net = ecg.train(d, seed, network(shape), **recipe)
            common.export(net, some, files[seed],
                          f"ECG beat classifier, classes N S V F Q; see workloads/{name}.md")
    else:
        d = ecg.load("ds2_test")
        for seed, path in files.items():
            p = common.run_onnx(path, {k: d[k] for k in ("beat", "rr")}).argmax(1)
            common.report(f"{name}, seed {seed}, ds2_test", p, d["y"], ecg.CLASSES)
            print(f"macro-F1 over N, S, V, F: {ecg.figures(p, d['y'])[4]:.4f}", flush=True)
