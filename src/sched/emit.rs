//! Emits the program of a placed network.
//!
//! Every network input, weighted layer and digital operator becomes a stage, every output a sink; reshapes,
//! concatenations of codes and parts of a result are no work, only dependencies. [`super::buffers`] says how much waits
//! between them.

use super::buffers;
use super::machine::machine;
use super::program::{Channel, ChannelId, MvmUnit, Need, Program, Stage, StageId, Work};
use crate::arch::{Chip, TileId};
use crate::diag::Result;
use crate::id::{Id, IdVec};
use crate::lower::{LayerId, Layout, Look, NodeId, Order, QNode, QOp, QuantGraph, REAL_BITS, TiledGraph, UnitOp};
use crate::map::Placement;
use crate::tensor::{Encoding, Window};

/// Bytes of one real logit written to the global buffer.
const LOGIT_BYTES: usize = 4;
/// Vector-unit operations for each output of a weighted layer: scale with bias, clip to the code range.
const REQUANTISE_OPS: usize = 2;

/// Emits the program for `graph`, cut into `tiled` and placed by `placement`.
///
/// # Errors
/// `P003` when the inputs of a tile's stages do not fit its buffer even without double buffering.
pub fn emit(graph: &QuantGraph, tiled: &TiledGraph, placement: &Placement, chip: &Chip) -> Result<Program> {
    let mut e = Emitter {
        graph,
        tiled,
        placement,
        chip,
        stages: IdVec::new(),
        channels: IdVec::new(),
        stage_of: vec![None; graph.nodes.len()],
    };
    let read = read(graph);
    for (id, node) in graph.nodes.enumerate().filter(|(id, _)| read[*id]) {
        e.node(id, node);
    }
    for (i, output) in graph.outputs.iter().enumerate() {
        let name = if i == 0 { "output".into() } else { format!("output {}", i + 1) };
        let bytes = (graph.elements(*output) * LOGIT_BYTES) as u64;
        let sink = e.stage(&name, None, TileId::new(0), 1, Work::Sink { bytes });
        e.connect(sink, *output, &Reading::All, None);
    }
    buffers::fit(&mut e.stages, &mut e.channels, chip)?;
    Ok(Program { machine: machine(chip), stages: e.stages, channels: e.channels })
}

struct Emitter<'a> {
    graph: &'a QuantGraph,
    tiled: &'a TiledGraph,
    placement: &'a Placement,
    chip: &'a Chip,
    stages: IdVec<StageId, Stage>,
    channels: IdVec<ChannelId, Channel>,
    stage_of: Vec<Option<StageId>>,
}

/// What a consumer position reads of an input.
enum Reading<'a> {
    /// Everything.
    All,
    /// The same position, if the input stands like this.
    Same(Layout),
    /// A sliding window over channel-first positions.
    Window(&'a Window),
}

/// Nodes that an output needs.
fn read(graph: &QuantGraph) -> IdVec<NodeId, bool> {
    let mut read: IdVec<NodeId, bool> = graph.nodes.iter().map(|_| false).collect();
    graph.outputs.iter().for_each(|o| read[*o] = true);
    for i in (0..graph.nodes.len()).rev().map(NodeId::new) {
        if read[i] {
            graph.nodes[i].inputs.iter().for_each(|input| read[*input] = true);
        }
    }
    read
}

impl Emitter<'_> {
    fn stage(&mut self, name: &str, node: Option<NodeId>, tile: TileId, positions: usize, work: Work) -> StageId {
        self.stages.push(Stage { name: name.into(), node, tile, positions, work, inputs: vec![], outputs: vec![] })
    }

    fn node(&mut self, id: NodeId, node: &QNode) {
        let Layout { positions, channels, .. } = node.layout;
        let stage = match &node.op {
            QOp::Input => {
                let bytes = (channels * node.bits()).div_ceil(8) as u64;
                let work = Work::Source { bytes };
                self.stage(&format!("input {}", node.origin), Some(id), TileId::new(0), positions, work)
            }
            QOp::Mvm(_) => {
                let Some((layer, _)) = self.tiled.layers.enumerate().find(|(_, l)| l.node == id) else { return };
                let (tile, work) = self.mvm(layer);
                self.stage(&node.origin, Some(id), tile, positions, work)
            }
            QOp::Recurrent(op) => {
                let Some((layer, _)) = self.tiled.layers.enumerate().find(|(_, l)| l.node == id) else { return };
                let (tile, mut work) = self.mvm(layer);
                if let Work::Mvm { vector_ops, .. } = &mut work {
                    *vector_ops += op.cell.lane_ops().div_ceil(op.cell.reads()) as u64;
                }
                let stage = self.stage(&node.origin, Some(id), tile, op.mvm.positions, work);
                let bytes = (op.mvm.rows() * usize::from(op.state.bits)).div_ceil(8) as u64;
                self.channel(stage, stage, bytes, Need::Previous);
                stage
            }
            QOp::Relu | QOp::Add | QOp::MaxPool(_) | QOp::AveragePool { .. } => {
                let taps = match &node.op {
                    QOp::MaxPool(w) | QOp::AveragePool { window: w, .. } => w.rows(),
                    _ => node.inputs.len(),
                };
                let work = Work::Vector {
                    load_bytes: (channels * taps * node.bits()).div_ceil(8) as u64,
                    vector_ops: (channels * taps) as u64,
                };
                self.stage(&node.origin, Some(id), self.home(node), positions, work)
            }
            QOp::Unit(unit) => {
                let work = self.unit(node, unit);
                self.stage(&node.origin, Some(id), self.home(node), positions, work)
            }
            QOp::Concat | QOp::Reshape | QOp::Part(_) => return,
        };
        self.stage_of[id.index()] = Some(stage);
        for (at, input) in node.inputs.iter().enumerate() {
            let from = self.graph.nodes[*input].layout;
            let reading = match &node.op {
                QOp::Mvm(op) if op.order == Order::ChannelLast => Reading::Same(node.layout),
                QOp::Mvm(op) if op.spreads => Reading::All,
                QOp::Mvm(op) => Reading::Window(&op.window),
                QOp::Recurrent(op) if !op.cell.reversed() && op.cell.reads() == 1 => Reading::Same(from),
                QOp::MaxPool(w) | QOp::AveragePool { window: w, .. } => Reading::Window(w),
                QOp::Relu | QOp::Add => Reading::Same(node.layout),
                QOp::Unit(UnitOp { look: Look::Window(w), .. }) => Reading::Window(w),
                QOp::Unit(unit) if unit.keeps(at, from, node.layout) => Reading::Same(from),
                _ => Reading::All,
            };
            self.connect(stage, *input, &reading, None);
        }
    }

    /// Work of an operator on the vector unit, spread over its positions: it reads its operands, or, where
    /// it only moves data, what it moves. Constants are read once for a sample and kept in the lanes (assumed).
    fn unit(&self, node: &QNode, unit: &UnitOp) -> Work {
        let ops = unit.lane_ops();
        let moved = || unit.output_elements() * node.bits();
        let operands = || {
            let inputs = node.inputs.iter().map(|i| self.graph.elements(*i) * self.graph.nodes[*i].bits());
            inputs.sum::<usize>() + unit.constant_elements() * REAL_BITS
        };
        let load = if ops == 0 { moved() } else { operands() };
        let positions = node.layout.positions;
        Work::Vector {
            load_bytes: load.div_ceil(8).div_ceil(positions) as u64,
            vector_ops: ops.div_ceil(positions as u64),
        }
    }

    /// The tile whose vector unit computes a node: that of its first input.
    fn home(&self, node: &QNode) -> TileId {
        node.inputs.first().map_or(TileId::new(0), |i| self.tile_of(*i))
    }

    /// Tile of the stage that yields a node, seen through reshapes and concatenations.
    fn tile_of(&self, node: NodeId) -> TileId {
        match self.stage_of[node.index()] {
            Some(stage) => self.stages[stage].tile,
            None => self.graph.nodes[node].inputs.first().map_or(TileId::new(0), |i| self.tile_of(*i)),
        }
    }

    fn mvm(&self, layer: LayerId) -> (TileId, Work) {
        let l = &self.tiled.layers[layer];
        let encoding = self.chip.xbar_kinds[l.xbar_kind].encoding;
        let activation_bits = usize::from(l.input_bits);
        let weight_bits = usize::from(l.weight_bits.max(2));
        let replicas = l.blocks.iter().map(|b| self.placement.blocks[*b].len()).min().unwrap_or(1);
        let row_splits = l.blocks.iter().filter(|b| self.tiled.blocks[**b].cols.start == 0).count();
        let mut tile = TileId::new(0);
        let units = (0..replicas)
            .map(|replica| {
                l.blocks
                    .iter()
                    .map(|b| {
                        let block = &self.tiled.blocks[*b];
                        let xbar = self.placement.blocks[*b][replica];
                        let core = self.chip.xbars[xbar].core;
                        let kind = &self.chip.core_kinds[self.chip.cores[core].kind];
                        let adc = &kind.adc;
                        let slices = block.cols.len() * l.slices.len();
                        let columns = slices * encoding.polarities() + encoding.unit_columns();
                        let conversions = slices * encoding.conversions() + encoding.unit_columns();
                        let rows_driven = (l.planes.len() * block.rows.len()) as u64;
                        // a sum of codes over all phases and slices never needs more bits than this
                        let result_bits = usize::from(adc.bits) + activation_bits + weight_bits;
                        MvmUnit {
                            xbar,
                            core,
                            load_bytes: (block.rows.len() * activation_bits).div_ceil(8) as u64,
                            steps: (l.planes.len() * block.group_count()) as u64,
                            paced: None,
                            convert_paced: None,
                            rows_driven,
                            digits_counted: if encoding.counts_digits() { rows_driven } else { 0 },
                            columns: columns as u64,
                            rounds: conversions.div_ceil(adc.number).div_ceil(kind.burst()) as u64,
                            conversions: conversions as u64,
                            result_bytes: (block.cols.len() * result_bits.div_ceil(8)) as u64,
                        }
                    })
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>();
        if let Some(unit) = units.first().and_then(|u| u.first()) {
            tile = self.chip.cores[unit.core].tile;
        }
        // the offset is taken back once for each output, or, where columns are complemented, on each crossbar
        let corrections = match encoding {
            Encoding::Pair(_) => 0,
            Encoding::Offset { inversion, .. } => {
                if inversion {
                    row_splits
                } else {
                    1
                }
            }
        };
        let vector_ops = (l.cols * (row_splits.saturating_sub(1) + corrections + REQUANTISE_OPS)) as u64;
        (tile, Work::Mvm { layer, replicas: units, vector_ops })
    }

    /// Joins `node`'s producer to `consumer`, through whatever is no work; `part` counts the elements that
    /// are wanted where it is not all.
    fn connect(&mut self, consumer: StageId, node: NodeId, reading: &Reading<'_>, part: Option<usize>) {
        let producer = &self.graph.nodes[node];
        let Some(from) = self.stage_of[node.index()] else {
            let part = if matches!(producer.op, QOp::Part(_)) { Some(self.graph.elements(node)) } else { part };
            for input in producer.inputs.clone() {
                self.connect(consumer, input, reading, part);
            }
            return;
        };
        let points = self.stages[from].positions;
        let first = producer.layout.order == Order::ChannelFirst;
        let need = match reading {
            Reading::Window(w) if !w.input.is_empty() && w.input_positions() == points && first => {
                Need::Window(Window { channels: 1, ..(*w).clone() })
            }
            Reading::Same(l) if l.order == producer.layout.order => {
                if points > 1 && points == self.stages[consumer].positions { Need::Same } else { Need::All }
            }
            _ => Need::All,
        };
        // real results leave the chip in full precision
        let sink = matches!(self.stages[consumer].work, Work::Sink { .. }) && producer.quant.is_none();
        let bits = if sink { 8 * LOGIT_BYTES } else { producer.bits() };
        let channels = part.unwrap_or_else(|| self.graph.elements(node)).div_ceil(points);
        self.channel(from, consumer, (channels * bits).div_ceil(8) as u64, need);
    }

    fn channel(&mut self, from: StageId, to: StageId, bytes: u64, need: Need) {
        let positions = self.stages[from].positions;
        let id = self.channels.push(Channel { from, to, bytes, positions, need, capacity: 0 });
        self.stages[from].outputs.push(id);
        self.stages[to].inputs.push(id);
    }
}
