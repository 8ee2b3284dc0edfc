//! Networks of known shape for tests and benches of mapping: layers and their joins, without weight values.

use archsim::arch::Chip;
use archsim::exec::support::{Builder, Parameters, chip};
use archsim::lower::{MvmOp, NodeId, Order, QOp, QuantGraph, WeightCodes};
use archsim::tensor::{Quant, Window};

/// Format of all activations.
pub const QUANT: Quant = Quant { scale: 1.0 / 64.0, bits: 8, signed: false };

/// Builds a network of square feature maps.
pub struct Net {
    builder: Builder,
}

impl Net {
    /// A network with an input of `channels` maps of `side` × `side`.
    pub fn new(channels: usize, side: usize) -> Self {
        Self { builder: Builder::new(&[channels, side, side], QUANT, 8, 1) }
    }
    /// The last node.
    pub fn last(&self) -> NodeId {
        self.builder.graph.output()
    }
    fn shape(&self, node: NodeId) -> Vec<usize> {
        self.builder.graph.nodes[node].shape.clone()
    }
    fn weighted(&mut self, input: NodeId, window: Window, outputs: usize) -> NodeId {
        let mut shape = vec![outputs];
        shape.extend(&window.output);
        let op = MvmOp {
            spreads: false,
            order: Order::ChannelFirst,
            positions: window.positions(),
            groups: 1,
            weights: WeightCodes::with_capacity(8, 0),
            outputs,
            weight_bits: 8,
            bias: Vec::new(),
            acc_scale: Vec::new(),
            relu: true,
            window,
        };
        self.builder.node(QOp::Mvm(op), &[input], &shape, Some(QUANT))
    }
    /// A convolution with a square kernel, padded to keep the shape where the stride is 1.
    pub fn conv(&mut self, input: NodeId, outputs: usize, kernel: usize, stride: usize) -> NodeId {
        let pad = kernel / 2;
        let window = self.builder.window(input, &[kernel; 2], &[stride; 2], &[pad; 2]);
        self.weighted(input, window, outputs)
    }
    /// A maximum over squares of `side` × `side` that do not overlap.
    pub fn pool(&mut self, input: NodeId, side: usize) -> NodeId {
        let window = Window { channels: 1, ..self.builder.window(input, &[side; 2], &[side; 2], &[0; 2]) };
        let mut shape = vec![self.shape(input)[0]];
        shape.extend(&window.output);
        self.builder.node(QOp::MaxPool(window), &[input], &shape, Some(QUANT))
    }
    /// A sum of two nodes of one shape.
    pub fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let shape = self.shape(a);
        self.builder.node(QOp::Add, &[a, b], &shape, Some(QUANT))
    }
    /// A dense layer on everything.
    pub fn dense(&mut self, input: NodeId, outputs: usize) -> NodeId {
        let features: usize = self.shape(input).iter().product();
        let flat = self.builder.node(QOp::Reshape, &[input], &[features], Some(QUANT));
        self.weighted(flat, Window::dense(features), outputs)
    }
    /// The network; its last layer yields logits.
    pub fn finish(mut self) -> QuantGraph {
        let last = self.last();
        self.builder.graph.nodes[last].quant = None;
        self.builder.graph
    }
}

/// Convolutions at 224², 112², 56², 28² and 14² of the VGG configurations A, B, D, E (Simonyan and Zisserman,
/// arXiv:1409.1556, table 1); a pool follows each group, three dense layers the last.
pub const VGG: [(char, [usize; 5]); 4] =
    [('A', [1, 1, 2, 2, 2]), ('B', [2, 2, 2, 2, 2]), ('D', [2, 2, 3, 3, 3]), ('E', [2, 2, 4, 4, 4])];

/// A VGG network.
pub fn vgg(groups: [usize; 5]) -> QuantGraph {
    let mut net = Net::new(3, 224);
    let mut last = net.last();
    for (convolutions, channels) in groups.into_iter().zip([64, 128, 256, 512, 512]) {
        for _ in 0..convolutions {
            last = net.conv(last, channels, 3, 1);
        }
        last = net.pool(last, 2);
    }
    for outputs in [4096, 4096, 1000] {
        last = net.dense(last, outputs);
    }
    net.finish()
}

/// A residual network with bottlenecks of ResNet-50's shape (He et al., arXiv:1512.03385, table 1).
pub fn resnet50() -> QuantGraph {
    let mut net = Net::new(3, 224);
    let mut last = net.last();
    last = net.conv(last, 64, 7, 2);
    last = net.pool(last, 2);
    for (group, (blocks, width)) in [(3, 64), (4, 128), (6, 256), (3, 512)].into_iter().enumerate() {
        for block in 0..blocks {
            let stride = if block == 0 && group > 0 { 2 } else { 1 };
            let short = if block == 0 { net.conv(last, 4 * width, 1, stride) } else { last };
            let mut long = net.conv(last, width, 1, 1);
            long = net.conv(long, width, 3, stride);
            long = net.conv(long, 4 * width, 1, 1);
            last = net.add(long, short);
        }
    }
    last = net.pool(last, 7);
    net.dense(last, 1000);
    net.finish()
}

/// A mesh of tiles with `cores` cores of `xbars` crossbars of 128 × 128 two-bit cells.
pub fn mesh(grid: [usize; 2], cores: usize, xbars: usize) -> Chip {
    let mut c = chip(&Parameters::default());
    let kind = c.tile_kind.cores[0].0;
    let xbar = c.core_kinds[kind].crossbars[0].0;
    c.tile_kind.cores = vec![(kind, cores)];
    c.core_kinds[kind].crossbars = vec![(xbar, xbars)];
    (c.xbar_kinds[xbar].rows, c.xbar_kinds[xbar].cols, c.xbar_kinds[xbar].bits_per_cell) = (128, 128, 2);
    c.grid = grid;
    (c.tiles, c.cores, c.xbars) = Chip::instances(&c.tile_kind, &c.core_kinds, grid, 1);
    c
}
