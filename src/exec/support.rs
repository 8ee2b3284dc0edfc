//! Networks, chips and a cell made by hand, for tests and benches of the value core.

use std::sync::Arc;

use ndarray::Array2;

use crate::arch::{
    Adc, BackEnd, Chip, CoreKind, Defaults, Drive, FullScale, Memory, Noc, Noise, TileKind, XbarKind, XbarKindId,
};
use crate::circuit::chain::ChainOptions;
use crate::circuit::converter::{AdcModel, DacModel, FullScalePer, PulseWidthDac, VoltageDac};
use crate::circuit::{Flicker, Telegraph};
use crate::cost::{Part, PartKind, Price, Source};
use crate::device::laws::TrapSpec;
use crate::device::{Chance, Device, Programming, Window as Conductances};
use crate::diag::Diagnostics;
use crate::id::{Id, IdVec};
use crate::lower::{
    Block, BlockId, LayerId, Layout, MvmOp, NodeId, Order, QNode, QOp, QuantGraph, QuantInput, TiledGraph, TiledLayer,
    WeightCodes,
};
use crate::rng::{Domain, Draw};
use crate::tensor::{Encoding, InputSum, Quant, SignedInputs, Subtraction, Window};
use crate::units::{Hertz, Joule, Kelvin, Latency, Second, Share, Siemens, SquareMicron, Volt, Watt};

/// A cell whose programming error and read noise are Gaussian.
#[derive(Debug, Clone, Copy)]
pub struct Gaussian {
    /// Conductance window.
    pub window: Conductances,
    /// Standard deviation of the programmed conductance.
    pub program: f64,
    /// Standard deviation of a read, as a fraction of the conductance.
    pub read: f64,
    /// Curvature: the conductance at `v` is `g·(1 + curve·((v / 0.1 V)² − 1))`.
    pub curve: f64,
}

impl Gaussian {
    fn bend(&self, v: f64) -> f64 {
        1.0 + self.curve * ((v / 0.1).powi(2) - 1.0)
    }
}

impl Device for Gaussian {
    fn kind(&self) -> &'static str {
        "gaussian"
    }
    fn window(&self) -> Conductances {
        self.window
    }
    fn program(&self, target: &[f64], cells: &[u64], chance: Chance, achieved: &mut [f64]) -> Programming {
        for ((g, cell), achieved) in target.iter().zip(cells).zip(achieved) {
            let draw = Draw { seed: chance.seed, domain: Domain::Program, element: *cell, tick: 0 };
            *achieved = g + self.program * chance.scale * draw.normal(0);
        }
        let pulses = target.len() as u64;
        Programming { pulses, energy: Joule(1e-12 * pulses as f64), time: Second(1e-6 * pulses as f64) }
    }
    fn age(&self, _: &mut [f64], _: &[u64], _: Second, _: Kelvin, _: Chance) {}
    fn read_moments(&self, g: &[f64], v: Volt, chance: Chance, mean: &mut [f64], variance: &mut [f64]) {
        for ((g, mean), variance) in g.iter().zip(mean).zip(variance) {
            *mean = g * self.bend(v.0);
            *variance = (self.read * chance.scale * *mean).powi(2);
        }
    }
    fn current(&self, g: f64, v: Volt) -> f64 {
        g * self.bend(v.0) * v.0
    }
}

/// What the tests vary of a chip.
#[derive(Debug, Clone, Copy)]
pub struct Parameters {
    /// The cell.
    pub device: Gaussian,
    /// Word lines and logical columns of a block.
    pub block: [usize; 2],
    /// Rows driven together.
    pub group: usize,
    /// Bits in a cell.
    pub cell_bits: u8,
    /// Widths of slices, lowest first; none: as wide as a cell.
    pub slices: &'static [u8],
    /// Bits of a DAC digit.
    pub dac_bits: u8,
    /// How DACs deviate.
    pub dac_model: DacModel,
    /// Whether planes without a digit are not read.
    pub skip_zero_planes: bool,
    /// Analog chain.
    pub chain: Option<ChainOptions>,
    /// What a digit is on a line.
    pub drive: Drive,
    /// How signed inputs are applied.
    pub signed: SignedInputs,
    /// Bits of the converter.
    pub adc_bits: u8,
    /// Converters of each crossbar.
    pub adcs: usize,
    /// Cycles of the core in a conversion, and whether it ends when its code is known.
    pub convert: u64,
    pub early_stop: bool,
    /// Range of the converter.
    pub full_scale: FullScale,
    /// Noise of the converter in steps.
    pub noise_lsb: f64,
    /// How signed weights become columns.
    pub encoding: Encoding,
    /// Noise of the currents.
    pub noise: Noise,
}

impl Default for Parameters {
    fn default() -> Self {
        let window = Conductances { g_min: Siemens(1e-6), g_max: Siemens(1e-4) };
        Self {
            device: Gaussian { window, program: 1e-6, read: 0.02, curve: 0.0 },
            block: [128, 128],
            group: 128,
            cell_bits: 4,
            slices: &[],
            dac_bits: 1,
            dac_model: DacModel::Ideal,
            skip_zero_planes: false,
            chain: None,
            drive: Drive::Voltage,
            signed: SignedInputs::TwosComplement,
            adc_bits: 8,
            adcs: 1,
            convert: 1,
            early_stop: false,
            full_scale: FullScale::Max,
            noise_lsb: 0.3,
            encoding: Encoding::Pair(Subtraction::Analog),
            noise: Noise::default(),
        }
    }
}

impl Parameters {
    /// DACs that deviate, 1/f noise and traps.
    #[must_use]
    pub fn rough(drive: Drive, dac_bits: u8) -> Self {
        let dac_model = match drive {
            Drive::PulseWidth => DacModel::PulseWidth(PulseWidthDac { bits: dac_bits, edge: 0.1, jitter: 0.0 }),
            _ => DacModel::Voltage(VoltageDac { bits: dac_bits, element: Share(0.05), gain: Share(0.02) }),
        };
        let noise = Noise {
            flicker: Some(Flicker { density: 1e-5, from: Hertz(1.0) }),
            telegraph: Some(Telegraph {
                share: Share(0.3),
                trap: TrapSpec { capture: Second(1.0), emission: Second(0.5), amplitude: Share(0.1) },
            }),
            hold: Second(1e-3),
            ..Noise::default()
        };
        Self { dac_model, noise, ..Self::default() }
    }

    /// Cells and converters without noise of their own; currents so small that their shot noise shows.
    #[must_use]
    pub fn still() -> Self {
        let window = Conductances { g_min: Siemens(1e-8), g_max: Siemens(1e-6) };
        let device = Gaussian { window, program: 1e-8, read: 0.0, curve: 0.0 };
        Self { device, noise_lsb: 0.0, ..Self::default() }
    }
    /// Widths of slices.
    fn widths(&self) -> Vec<u8> {
        if self.slices.is_empty() { vec![self.cell_bits] } else { self.slices.to_vec() }
    }
}

/// Every encoding of weights with every application of signed inputs that its converters take.
#[must_use]
pub fn encodings() -> Vec<(Encoding, SignedInputs)> {
    use SignedInputs::{SignMagnitude, TwoPhase, TwosComplement};
    let sums = [InputSum::Counted, InputSum::UnitColumn];
    let offsets = sums.into_iter().flat_map(|sum| [false, true].map(|inversion| Encoding::Offset { sum, inversion }));
    let pairs = [Subtraction::Analog, Subtraction::Digital].map(Encoding::Pair);
    let all = pairs.into_iter().chain(offsets);
    all.flat_map(|e| [TwosComplement, TwoPhase, SignMagnitude].map(|s| (e, s)))
        .filter(|(e, s)| e.bipolar() || *s != SignMagnitude)
        .collect()
}

fn part(kind: PartKind) -> Part {
    let source = || Source::Assumed("a test".into());
    Part {
        kind,
        energy: vec![],
        leakage: Price { value: Watt(0.0), source: source() },
        area: Price { value: SquareMicron(0.0), source: source() },
        count: 1,
        gating: None,
    }
}

/// A chip with one kind of crossbar in one kind of core. Timing and prices are empty.
#[must_use]
pub fn chip(p: &Parameters) -> Chip {
    let latency = || Latency::Cycles(1);
    let mut xbar_kinds = IdVec::new();
    let xbar: XbarKindId = xbar_kinds.push(XbarKind {
        name: "main".into(),
        rows: p.block[0],
        cols: p.block[1] * 16,
        device: Arc::new(p.device),
        bits_per_cell: p.cell_bits,
        slice_bits: p.widths(),
        encoding: p.encoding,
        v_read: Volt(0.1),
        t_read: Second(1e-8),
        noise: p.noise,
        wires: None,
        part: part(PartKind::Crossbar),
    });
    let core = CoreKind {
        name: "core".into(),
        clock: Hertz(1e8),
        crossbars: vec![(xbar, 1)],
        dac_bits: p.dac_bits,
        dac_model: p.dac_model,
        skip_zero_planes: p.skip_zero_planes,
        chain: p.chain,
        drive: p.drive,
        signed_inputs: p.signed,
        dacs_per_crossbar: p.group,
        dac_latency: latency(),
        dac: part(PartKind::Dac),
        hold_banks: 1,
        sample_latency: latency(),
        sample_hold: part(PartKind::SampleHold),
        adc: Adc {
            bits: p.adc_bits,
            number: p.adcs,
            shared: false,
            latency: Latency::Cycles(p.convert),
            fill: Latency::Cycles(0),
            full_scale: p.full_scale,
            full_scale_per: FullScalePer::Slice,
            early_stop: p.early_stop,
            model: AdcModel::ideal(p.adc_bits, p.noise_lsb),
            part: part(PartKind::Adc),
        },
        shift_add_latency: latency(),
        back_end: BackEnd::Serial,
        shift_add: part(PartKind::ShiftAdd),
        input_register_bytes: 1024,
        input_register_latency: latency(),
        input_register: part(PartKind::InputRegister),
        output_register_bytes: 1024,
        output_register_latency: latency(),
        output_register: part(PartKind::OutputRegister),
    };
    let mut core_kinds = IdVec::new();
    let core = core_kinds.push(core);
    let tile_kind = TileKind {
        cores: vec![(core, 1)],
        buffer_bytes: 65_536,
        buffer_width: 32,
        buffer_latency: latency(),
        buffer_ports: 1,
        buffer_refresh: None,
        buffer: part(PartKind::Buffer),
        bus_clock: Hertz(1e8),
        bus_width: 32,
        bus_latency: latency(),
        bus: part(PartKind::Bus),
        vector_clock: Hertz(1e8),
        vector_lanes: 16,
        vector_latency: latency(),
        vector: part(PartKind::VectorUnit),
        control: None,
    };
    let (tiles, cores, xbars) = Chip::instances(&tile_kind, &core_kinds, [1, 1], 1);
    Chip {
        name: "test".into(),
        hash: String::new(),
        clock: Hertz(1e8),
        temperature: Kelvin(300.0),
        xbar_kinds,
        core_kinds,
        tile_kind,
        grid: [1, 1],
        chips: 1,
        chip_link: None,
        tiles,
        cores,
        xbars,
        noc: Noc {
            flit_bytes: 16,
            buffer_flits: 4,
            flits: None,
            router_latency: latency(),
            link_latency: latency(),
            router: part(PartKind::Router),
            link: part(PartKind::Link),
        },
        memory: Memory {
            bytes: 1 << 21,
            width: 32,
            latency: latency(),
            ports: 1,
            refresh: None,
            dram: None,
            part: part(PartKind::Memory),
        },
        defaults: Defaults {
            calibration: "percentile".into(),
            equalise: false,
            bias_correction: false,
            layer_bits: vec![],
            weight_bits: 8,
            activation_bits: 8,
            activation_percentile: 1.0,
            fidelity: "noisy".into(),
            mapper: "sequential".into(),
            age: Second(0.0),
            when_too_small: crate::arch::WhenTooSmall::Error,
        },
        warnings: Diagnostics::new(),
    }
}

/// Uniform integer in `low ..= high` by address.
#[must_use]
pub fn integer(seed: u64, at: usize, low: i32, high: i32) -> i32 {
    let draw = Draw { seed, domain: Domain::InitWeights, element: at as u64, tick: 0 };
    low + (draw.uniform(0) * f64::from(high - low + 1)) as i32
}

/// Builds a network node by node.
#[derive(Debug)]
pub struct Builder {
    /// The network so far.
    pub graph: QuantGraph,
    seed: u64,
    weight_bits: u8,
}

impl Builder {
    /// A network with one input.
    #[must_use]
    pub fn new(shape: &[usize], quant: Quant, weight_bits: u8, seed: u64) -> Self {
        let mut nodes = IdVec::new();
        let node = nodes.push(QNode {
            origin: "input".into(),
            onnx_op: "Input".into(),
            op: QOp::Input,
            inputs: vec![],
            shape: shape.to_vec(),
            layout: Layout::channel_first(shape),
            quant: Some(quant),
        });
        let inputs = vec![QuantInput { name: "x".into(), shape: shape.to_vec(), node }];
        Self { graph: QuantGraph { inputs, nodes, outputs: vec![node] }, seed, weight_bits }
    }

    /// Adds any node; it becomes the output.
    pub fn node(&mut self, op: QOp, inputs: &[NodeId], shape: &[usize], quant: Option<Quant>) -> NodeId {
        let origin = format!("node{}", self.graph.nodes.len());
        let (onnx_op, layout) = ("Test".into(), Layout::channel_first(shape));
        let node = QNode { origin, onnx_op, op, inputs: inputs.to_vec(), shape: shape.to_vec(), layout, quant };
        let id = self.graph.nodes.push(node);
        self.graph.outputs = vec![id];
        id
    }

    /// Adds a weighted layer with random weights; its output scale spreads the accumulators over the codes.
    pub fn mvm(&mut self, input: NodeId, window: Window, outputs: usize, quant: Option<Quant>) -> NodeId {
        self.grouped(input, window, 1, outputs, quant)
    }

    /// As [`Self::mvm`], in groups of channels that do not mix.
    pub fn grouped(
        &mut self,
        input: NodeId,
        window: Window,
        groups: usize,
        outputs: usize,
        quant: Option<Quant>,
    ) -> NodeId {
        let rows = window.rows() / groups;
        let top = ((1 << (self.weight_bits - 1)) - 1).max(1);
        let at = self.graph.nodes.len() << 24;
        // binary weights have no 0
        let code = |i| match self.weight_bits {
            1 => 2 * integer(self.seed, at + i, 0, 1) - 1,
            _ => integer(self.seed, at + i, -top, top),
        };
        let codes = (0..rows * outputs).map(|i| code(i) as i16);
        let weights = WeightCodes::new(self.weight_bits, codes);
        let from = self.graph.nodes[input].quant.expect("the input of a layer has a format");
        let spread = f64::from(top) * f64::from(from.range().1) * (rows as f64).sqrt() / 3.0;
        let target = quant.map_or(1.0, |q| f64::from(q.range().1) * q.scale);
        let op = MvmOp {
            order: Order::ChannelFirst,
            spreads: false,
            positions: window.positions(),
            groups,
            weights,
            outputs,
            weight_bits: self.weight_bits,
            bias: (0..outputs).map(|o| i64::from(integer(self.seed, at + (1 << 23) + o, -top, top))).collect(),
            acc_scale: vec![target / spread / 2.0; outputs],
            relu: quant.is_some_and(|q| !q.signed),
            window: window.clone(),
        };
        let mut shape = vec![outputs];
        shape.extend(&window.output);
        self.node(QOp::Mvm(op), &[input], &shape, quant)
    }

    /// The window of a convolution over the output of `input`.
    #[must_use]
    pub fn window(&self, input: NodeId, kernel: &[usize], stride: &[usize], pad: &[usize]) -> Window {
        let shape = &self.graph.nodes[input].shape;
        let input = shape[1..].to_vec();
        let output = (0..kernel.len()).map(|d| (input[d] + 2 * pad[d] - kernel[d]) / stride[d] + 1).collect();
        Window {
            channels: shape[0],
            input,
            output,
            kernel: kernel.to_vec(),
            stride: stride.to_vec(),
            dilation: vec![1; kernel.len()],
            pad: pad.to_vec(),
        }
    }
}

/// Cuts every weighted layer into blocks.
#[must_use]
pub fn tile(graph: &QuantGraph, p: &Parameters) -> TiledGraph {
    let mut tiled = TiledGraph::default();
    for (node, n) in graph.nodes.enumerate() {
        let QOp::Mvm(op) = &n.op else { continue };
        let layer = LayerId::new(tiled.layers.len());
        let (rows, cols) = (op.window.rows(), op.outputs);
        let mut blocks: Vec<BlockId> = Vec::new();
        for r in (0..rows).step_by(p.block[0]) {
            for c in (0..cols).step_by(p.block[1]) {
                let (rows, cols) = (r..(r + p.block[0]).min(rows), c..(c + p.block[1]).min(cols));
                blocks.push(tiled.blocks.push(Block { layer, rows, cols, group: p.group }));
            }
        }
        let quant = graph.nodes[n.inputs[0]].quant.expect("the input of a layer has a format");
        let _: LayerId = tiled.layers.push(TiledLayer {
            node,
            origin: n.origin.clone(),
            xbar_kind: XbarKindId::new(0),
            rows,
            cols,
            groups: op.groups,
            positions: op.positions,
            input_bits: quant.bits,
            weight_bits: op.weight_bits,
            planes: quant.planes(p.dac_bits, p.signed),
            slices: p.encoding.slices(op.weight_bits, &p.widths()),
            blocks,
        });
    }
    tiled
}

/// Samples that use the whole range of the input's codes.
#[must_use]
pub fn samples(graph: &QuantGraph, count: usize, seed: u64) -> Array2<f32> {
    let input = &graph.inputs[0];
    let quant = graph.nodes[input.node].quant.expect("inputs have a format");
    let features: usize = input.shape.iter().product();
    let (low, high) = quant.range();
    Array2::from_shape_fn((count, features), |(s, f)| quant.value(integer(seed, s * features + f, low, high)) as f32)
}

/// A network of the size of a heartbeat classifier: convolutions 2→16 (7 taps), 16→24 (5), 24→32 (5), each
/// with stride 2, a mean over time, and five classes; signed 8-bit input, unsigned 8-bit activations.
#[must_use]
pub fn heartbeat() -> QuantGraph {
    let quant = |signed| Quant { scale: 1.0 / 64.0, bits: 8, signed };
    let mut b = Builder::new(&[2, 128], quant(true), 8, 7);
    let mut last = b.graph.output();
    for (outputs, kernel, pad) in [(16, 7, 3), (24, 5, 0), (32, 5, 0)] {
        let window = b.window(last, &[kernel], &[2], &[pad]);
        last = b.mvm(last, window, outputs, Some(quant(false)));
    }
    let window = Window { channels: 1, ..b.window(last, &[13], &[13], &[0]) };
    last = b.node(QOp::AveragePool { window, exclude_padding: false }, &[last], &[32, 1], Some(quant(false)));
    last = b.node(QOp::Reshape, &[last], &[32], Some(quant(false)));
    b.mvm(last, Window::dense(32), 5, None);
    b.graph
}
