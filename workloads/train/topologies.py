"""Write networks of the size of common image classifiers, with generated weights: for mapping, time and energy.

    python topologies.py                light files -> ../vgg8.onnx, ../resnet18.onnx
    python topologies.py --full FOLDER  the same networks with their weights written out (52 and 47 MB)

In a light file a weight tensor of n values is Slice(Tile(block, ceil(n / 4093)), 0, n) * scale, reshaped. The block
of 4093 normal values (a prime number, so that rows do not repeat) is the only large constant; any runtime that folds
constants sees an ordinary network. Both forms hold the same values. Nothing is trained: there is no accuracy.
"""

import argparse
from pathlib import Path

import numpy as np

import common

SEED, BLOCK = 0, 4093


class Builder:
    """Nodes and constants of one network; `full` writes the weights out."""

    def __init__(self, name, size, full):
        self.name, self.size, self.full = name, size, full
        self.nodes, self.constants, self.weights = [], [], 0
        self.block = np.random.RandomState(SEED).randn(BLOCK).astype(np.float32)
        if not full:
            self.constant("weights", self.block)

    def constant(self, name, value):
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, op, inputs, name, **attributes):
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def weight(self, name, shape):
        """Normal values with the deviation of He et al. 2015 (doi:10.1109/ICCV.2015.123)."""
        count = int(np.prod(shape))
        self.weights += count
        scale = np.float32(np.sqrt(2 / np.prod(shape[1:])))
        tiles = -(-count // BLOCK)
        if self.full:
            return self.constant(f"{name}.weight", (np.tile(self.block, tiles)[:count] * scale).reshape(shape))

        def number(part, value):
            return self.constant(f"{name}.{part}", np.array([value], dtype=np.int64))

        h = self.node("Tile", ["weights", number("tiles", tiles)], f"{name}.tiled")
        h = self.node("Slice", [h, number("first", 0), number("count", count)], f"{name}.cut")
        h = self.node("Mul", [h, self.constant(f"{name}.scale", scale)], f"{name}.scaled")
        return self.node("Reshape", [h, self.constant(f"{name}.shape", np.array(shape, dtype=np.int64))],
                         f"{name}.weight")

    def conv(self, h, name, cin, cout, kernel, stride=1, relu=True):
        """Convolution, batch norm at rest (mean 0, variance 1, no shift), ReLU."""
        pad = kernel // 2
        h = self.node("Conv", [h, self.weight(name, (cout, cin, kernel, kernel))], name,
                      kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)
        one, zero = np.ones(cout, np.float32), np.zeros(cout, np.float32)
        h = self.node("BatchNormalization", [h] + [self.constant(f"{name}.bn.{part}", value) for part, value in
                      [("scale", one), ("bias", zero), ("mean", zero), ("var", one)]], f"{name}.bn", epsilon=1e-5)
        return self.node("Relu", [h], f"{name}.relu") if relu else h

    def pool(self, h, name, kernel, stride, pad=0):
        return self.node("MaxPool", [h], name, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)

    def linear(self, h, name, cin, cout):
        bias = self.constant(f"{name}.bias", np.zeros(cout, np.float32))
        return self.node("Gemm", [h, self.weight(name, (cout, cin)), bias], name, transB=1)

    def save(self, folder, last, classes):
        import onnx
        from onnx import TensorProto, helper

        self.nodes[-1].output[0] = "logits"
        assert self.nodes[-1].name == last
        graph = helper.make_graph(
            self.nodes, self.name,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, self.size, self.size])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", classes])], self.constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", common.OPSET)], ir_version=8,
            producer_name="archsim workloads/train", doc_string="Generated weights; see workloads/topologies.md")
        onnx.checker.check_model(model, full_check=True)
        path = Path(folder) / f"{self.name}.onnx"
        onnx.save(model, path)
        image = np.random.RandomState(1).randn(4, 3, self.size, self.size).astype(np.float32)
        logits = common.run_onnx(path, {"image": image})
        assert np.isfinite(logits).all() and logits.shape == (4, classes)
        # images must not all give the same answer, or values would tell nothing about the hardware
        assert np.abs(logits - logits.mean(0)).max() > 0.1 * logits.std()
        known = onnx.shape_inference.infer_shapes(model, data_prop=True)
        print(f"{path}: {self.weights} weights, {common.macs(known)} MACs a sample, {path.stat().st_size} bytes, "
              f"first logits {logits[0, :3]}")


def vgg8(folder, full):
    """Six 3 x 3 convolutions and two linear layers on 3 x 32 x 32, the network crossbar studies call VGG-8."""
    b = Builder("vgg8", 32, full)
    h, cin = "image", 3
    for i, cout in enumerate([128, 128, 256, 256, 512, 512], start=1):
        h = b.conv(h, f"conv{i}", cin, cout, 3)
        if i % 2 == 0:
            h = b.pool(h, f"pool{i // 2}", 2, 2)
        cin = cout
    h = b.node("Flatten", [h], "flat", axis=1)
    h = b.node("Relu", [b.linear(h, "fc1", 512 * 4 * 4, 1024)], "fc1.relu")
    b.linear(h, "fc2", 1024, 10)
    b.save(folder, "fc2", 10)


def resnet18(folder, full):
    """ResNet-18 for 3 x 224 x 224 (He et al. 2016, doi:10.1109/CVPR.2016.90, table 1), projection shortcuts."""
    b = Builder("resnet18", 224, full)
    h = b.pool(b.conv("image", "conv1", 3, 64, 7, 2), "pool1", 3, 2, 1)
    cin = 64
    for stage, cout in enumerate([64, 128, 256, 512], start=2):
        for block in (1, 2):
            stride = 2 if stage > 2 and block == 1 else 1
            name = f"conv{stage}_{block}"
            short = h if cin == cout else b.conv(h, f"{name}.short", cin, cout, 1, stride, relu=False)
            h = b.conv(h, f"{name}a", cin, cout, 3, stride)
            h = b.conv(h, f"{name}b", cout, cout, 3, relu=False)
            h = b.node("Relu", [b.node("Add", [h, short], f"{name}.add")], f"{name}.relu")
            cin = cout
    h = b.node("Flatten", [b.node("GlobalAveragePool", [h], "pool5")], "flat", axis=1)
    b.linear(h, "fc", 512, 1000)
    b.save(folder, "fc", 1000)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", type=Path, metavar="FOLDER")
    folder = parser.parse_args().full
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    for network in (vgg8, resnet18):
        network(folder or common.OUT, folder is not None)
