//! Who sends how much to whom: the messages of one inference before anything is placed.
//!
//! A layer has a *home*, the tile of the first crossbar of its first copy: there its inputs are buffered and
//! its digital work is done. Every copy of every block takes its inputs from the home and gives its results
//! back to it. Digital operators live where their first input lives; network inputs come from, and logits go
//! to, the global buffer at tile 0. These are the rules by which the schedule is emitted; a test holds the two
//! together.

use super::{Placement, Traffic};
use crate::arch::{Chip, TileId};
use crate::id::{Id, IdVec};
use crate::lower::{BlockId, LayerId, NodeId, QNode, QOp, QuantGraph, TiledGraph};
use crate::tensor::Window;

/// Bytes of one real logit.
const LOGIT_BYTES: u64 = 4;

/// Where digital work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Home {
    /// Tile 0, at the global buffer.
    Memory,
    /// The home of a layer.
    Layer(LayerId),
}

/// Messages between two homes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// Producer.
    pub from: Home,
    /// Consumer.
    pub to: Home,
    /// Bytes of one message: one position of the producer.
    pub bytes: u64,
    /// Messages of one inference.
    pub times: u64,
}

/// All messages of one inference.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Flows {
    /// Between different homes.
    pub between: Vec<Flow>,
    /// Bytes into and out of each block for one position.
    pub blocks: IdVec<BlockId, (u64, u64)>,
    /// Bytes that the buffer at each layer's home must hold, without double buffering.
    pub buffers: IdVec<LayerId, u64>,
}

impl Flows {
    /// The messages of `graph`, cut into `tiled`.
    #[must_use]
    pub fn of(graph: &QuantGraph, tiled: &TiledGraph, chip: &Chip) -> Self {
        let mut homes: IdVec<NodeId, Home> = IdVec::new();
        let mut layer_of = vec![None; graph.nodes.len()];
        for (id, layer) in tiled.layers.enumerate() {
            layer_of[layer.node.index()] = Some(id);
        }
        let mut flows =
            Self { buffers: tiled.layers.iter().map(|_| 0).collect(), blocks: blocks(tiled, chip), ..Self::default() };
        for (id, node) in graph.nodes.enumerate() {
            let first = node.inputs.first().map_or(Home::Memory, |i| homes[*i]);
            homes.push(match &node.op {
                QOp::Input => Home::Memory,
                QOp::Mvm(_) | QOp::Recurrent(_) => layer_of[id.index()].map_or(first, Home::Layer),
                _ => first,
            });
            if !matches!(node.op, QOp::Input | QOp::Concat | QOp::Reshape | QOp::Part(_)) {
                let inputs = node.inputs.iter().flat_map(|i| producers(graph, *i)).collect::<Vec<_>>();
                for producer in &inputs {
                    flows.join(&graph.nodes[*producer], homes[*producer], node, homes[id], inputs.len() > 1);
                }
            }
        }
        for producer in graph.outputs.iter().flat_map(|o| producers(graph, *o)) {
            let node = &graph.nodes[producer];
            let bytes = position_bytes(node).max(if node.quant.is_none() {
                LOGIT_BYTES * node.layout.channels as u64
            } else {
                0
            });
            flows.send(node, bytes, homes[producer], Home::Memory);
        }
        flows
    }

    fn send(&mut self, producer: &QNode, bytes: u64, from: Home, to: Home) {
        if from != to {
            self.between.push(Flow { from, to, bytes, times: positions(producer) as u64 });
        }
    }

    fn join(&mut self, producer: &QNode, from: Home, consumer: &QNode, to: Home, several: bool) {
        self.send(producer, position_bytes(producer), from, to);
        if let Home::Layer(layer) = to {
            let points = positions(producer);
            let held = match window(&consumer.op) {
                _ if several => points,
                Some(w) if !w.input.is_empty() && w.input_positions() == points => reach(w),
                None if positions(consumer) == points => 1,
                _ => points,
            };
            self.buffers[layer] += held as u64 * position_bytes(producer);
        }
    }

    /// Home of a layer under a placement.
    #[must_use]
    pub fn tile(home: Home, tiled: &TiledGraph, placement: &Placement, chip: &Chip) -> TileId {
        let Home::Layer(layer) = home else { return TileId::new(0) };
        let first = tiled.layers[layer].blocks.first().and_then(|b| placement.blocks[*b].first());
        first.map_or(TileId::new(0), |x| chip.cores[chip.xbars[*x].core].tile)
    }

    /// What a placement sends over the mesh in one inference.
    #[must_use]
    pub fn traffic(&self, tiled: &TiledGraph, placement: &Placement, chip: &Chip) -> Traffic {
        let mut traffic = Traffic::new(chip.tiles.iter().map(|t| (t.x, t.y)), chip.noc.flit_bytes as u64);
        for f in &self.between {
            let [from, to] = [f.from, f.to].map(|h| Self::tile(h, tiled, placement, chip));
            traffic.send(from, to, f.bytes, f.times);
        }
        for (id, layer) in tiled.layers.enumerate() {
            let home = Self::tile(Home::Layer(id), tiled, placement, chip);
            for b in &layer.blocks {
                let (load, result) = self.blocks[*b];
                let copies = &placement.blocks[*b];
                for (copy, xbar) in copies.iter().enumerate() {
                    let times = share(layer.positions, copy, copies.len()) as u64;
                    let tile = chip.cores[chip.xbars[*xbar].core].tile;
                    traffic.send(home, tile, load, times);
                    traffic.send(tile, home, result, times);
                }
            }
        }
        traffic
    }
}

/// Positions that copy `copy` of `copies` computes.
#[must_use]
pub fn share(positions: usize, copy: usize, copies: usize) -> usize {
    (positions + copies - 1 - copy) / copies.max(1)
}

/// Positions of a node's output.
fn positions(node: &QNode) -> usize {
    node.layout.positions
}

/// Bytes of one position of a node's output.
fn position_bytes(node: &QNode) -> u64 {
    (node.layout.channels * node.bits()).div_ceil(8) as u64
}

/// Nodes that do the work behind a node, seen through reshapes and concatenations.
fn producers(graph: &QuantGraph, node: NodeId) -> Vec<NodeId> {
    let n = &graph.nodes[node];
    match n.op {
        QOp::Concat | QOp::Reshape | QOp::Part(_) => n.inputs.iter().flat_map(|i| producers(graph, *i)).collect(),
        _ => vec![node],
    }
}

fn window(op: &QOp) -> Option<&Window> {
    match op {
        QOp::Mvm(op) => Some(&op.window),
        QOp::MaxPool(w) | QOp::AveragePool { window: w, .. } => Some(w),
        _ => None,
    }
}

/// Inputs between the first and the last that one position reads, in raster order: whole lines for all but the
/// last line of the kernel (Shafiee et al., ISCA 2016, doi:10.1109/ISCA.2016.12, section on the pipeline).
fn reach(w: &Window) -> usize {
    let mut span = 0;
    for d in 0..w.input.len() {
        span = span * w.input[d] + (w.kernel[d] - 1) * w.dilation[d];
    }
    (span + 1).min(w.input_positions())
}

/// Bytes into and out of every block for one position.
fn blocks(tiled: &TiledGraph, chip: &Chip) -> IdVec<BlockId, (u64, u64)> {
    let of = |block: &crate::lower::Block| {
        let layer = &tiled.layers[block.layer];
        let activation_bits = usize::from(layer.input_bits);
        let weight_bits = 1 + layer.slices.iter().map(|s| usize::from(s.bits)).sum::<usize>();
        let core = chip.core_kinds.iter().find(|c| c.crossbars.iter().any(|(k, _)| *k == layer.xbar_kind));
        let result_bits = core.map_or(0, |c| usize::from(c.adc.bits)) + activation_bits + weight_bits;
        let load = (block.rows.len() * activation_bits).div_ceil(8);
        (load as u64, (block.cols.len() * result_bits.div_ceil(8)) as u64)
    };
    tiled.blocks.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_share_all_positions() {
        for positions in 1..40 {
            for copies in 1..12 {
                let counted = |c| (0..positions).filter(|p| p % copies == c).count();
                assert!((0..copies).all(|c| share(positions, c, copies) == counted(c)), "{positions} {copies}");
            }
        }
    }

    /// 3 × 3 over 224 × 224: two lines and three pixels.
    #[test]
    fn a_window_holds_the_lines_of_its_kernel() {
        let w = Window {
            channels: 64,
            input: vec![224, 224],
            output: vec![224, 224],
            kernel: vec![3, 3],
            stride: vec![1, 1],
            dilation: vec![1, 1],
            pad: vec![1, 1],
        };
        assert_eq!(reach(&w), 2 * 224 + 3);
    }
}
