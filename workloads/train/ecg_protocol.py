"""Folds, final training and the one test of further ECG networks: data, folds and recipe are those of train.py."""

import argparse

import torch

import common
import train as ecg

SEED = 0  # fixed beforehand


def final(name, make, recipe):
    """Trains on ds1_train without record 208 and writes the file. `make(n_rr)` is the network."""
    d = ecg.training_part()
    net = ecg.train(d, SEED, make, **recipe)
    some = {k: torch.from_numpy(d[k][::100]) for k in ("beat", "rr")}
    common.export(net, some, common.OUT / f"{name}.onnx",
                  f"ECG beat classifier, classes N S V F Q; see workloads/{name}.md")


def evaluate(name):
    d = ecg.load("ds2_test")
    p = common.run_onnx(common.OUT / f"{name}.onnx", {k: d[k] for k in ("beat", "rr")}).argmax(1)
    common.report(f"{name}, ds2_test", p, d["y"], ecg.CLASSES)
    print(f"macro-F1 over N, S, V, F: {ecg.figures(p, d['y'])[4]:.4f}", flush=True)


def main(name, make, recipe):
    """The commands of a training script."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["folds", "final", "evaluate"])
    command = parser.parse_args().command
    common.deterministic(SEED)
    if command == "folds":
        ecg.run_folds(make, seeds=[SEED], **recipe)
    elif command == "final":
        final(name, make, recipe)
    else:
        evaluate(name)
