//! Segments: consecutive parts of a network that run one after another on the same crossbars.
//!
//! What one segment yields and a later one reads goes to the global buffer and comes back from it, position
//! by position.

use std::ops::Range;

use super::emit::emit;
use super::program::{Channel, Need, Program, Stage, StageId, Work};
use crate::arch::Chip;
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::id::{Id, IdVec};
use crate::lower::{
    Block, LayerId, MvmOp, NodeId, QNode, QOp, QuantGraph, QuantInput, TiledGraph, TiledLayer, WeightCodes,
};
use crate::map::Placement;

/// A segment of a network, as a network of its own. Weights are left out: a schedule needs none.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Its nodes; what comes from before is an input.
    pub graph: QuantGraph,
    /// Its blocks.
    pub tiled: TiledGraph,
    /// Nodes of the whole network.
    pub nodes: Range<usize>,
    /// First layer of the whole network.
    pub first_layer: usize,
    /// Node of the whole network for each node of `graph`.
    origin: Vec<NodeId>,
    /// Nodes of `graph` that later segments read.
    stored: Vec<NodeId>,
    /// Whether an output of the whole network is among its nodes.
    yields: bool,
    /// Bytes of one sample that the global buffer holds while the next segment takes over.
    pub kept_bytes: usize,
}

/// Cuts a network into the fewest consecutive segments of at most `crossbars` crossbars.
///
/// # Errors
/// `P031` with every layer that needs more crossbars by itself.
pub fn cut(graph: &QuantGraph, tiled: &TiledGraph, crossbars: usize) -> Result<Vec<Segment>> {
    let mut problems = Diagnostics::new();
    let mut starts = vec![0];
    let mut held = 0;
    for layer in tiled.layers.iter() {
        let blocks = layer.blocks.len();
        if blocks > crossbars {
            let message = format!("layer `{}` alone needs {blocks} crossbars and there are {crossbars}", layer.origin);
            let help = "a layer is not cut into segments: take more chips as well, or a larger grid";
            problems.push(Diagnostic::error("P031", message).help(help));
        }
        if held + blocks > crossbars {
            starts.push(layer.node.index());
            held = 0;
        }
        held += blocks;
    }
    problems.into_result(())?;
    let ends = starts[1..].iter().copied().chain([graph.nodes.len()]);
    Ok(starts.iter().zip(ends).map(|(from, to)| segment(graph, tiled, *from..to)).collect())
}

/// A node without what only values need.
fn bare(node: &QNode, inputs: Vec<NodeId>) -> QNode {
    let op = match &node.op {
        QOp::Mvm(op) => QOp::Mvm(MvmOp {
            window: op.window.clone(),
            spreads: op.spreads,
            order: op.order,
            positions: op.positions,
            groups: op.groups,
            weights: WeightCodes::with_capacity(op.weight_bits, 0),
            outputs: op.outputs,
            weight_bits: op.weight_bits,
            bias: Vec::new(),
            acc_scale: Vec::new(),
            relu: op.relu,
        }),
        other => other.clone(),
    };
    QNode {
        op,
        inputs,
        origin: node.origin.clone(),
        onnx_op: node.onnx_op.clone(),
        shape: node.shape.clone(),
        layout: node.layout,
        quant: node.quant,
    }
}

fn segment(graph: &QuantGraph, tiled: &TiledGraph, range: Range<usize>) -> Segment {
    let inside = |n: NodeId| range.contains(&n.index()) && !matches!(graph.nodes[n].op, QOp::Input);
    let members: Vec<NodeId> = range.clone().map(NodeId::new).filter(|n| inside(*n)).collect();
    let mut foreign: Vec<NodeId> =
        members.iter().flat_map(|n| &graph.nodes[*n].inputs).copied().filter(|n| !inside(*n)).collect();
    foreign.sort_unstable();
    foreign.dedup();
    let mut part = QuantGraph { inputs: Vec::new(), nodes: IdVec::new(), outputs: Vec::new() };
    let mut at: Vec<Option<NodeId>> = vec![None; graph.nodes.len()];
    let mut origin = Vec::new();
    for n in foreign {
        let node = QNode { op: QOp::Input, onnx_op: "Input".into(), ..bare(&graph.nodes[n], Vec::new()) };
        let (name, shape) = (node.origin.clone(), node.shape.clone());
        let id = part.nodes.push(node);
        part.inputs.push(QuantInput { name, shape, node: id });
        at[n.index()] = Some(id);
        origin.push(n);
    }
    for n in &members {
        let node = &graph.nodes[*n];
        let inputs = node.inputs.iter().filter_map(|i| at[i.index()]).collect();
        at[n.index()] = Some(part.nodes.push(bare(node, inputs)));
        origin.push(*n);
    }
    let read_later = |n: NodeId| graph.nodes.enumerate().any(|(r, x)| r.index() >= range.end && x.inputs.contains(&n));
    let stored: Vec<NodeId> = members.iter().filter(|n| read_later(**n)).filter_map(|n| at[n.index()]).collect();
    part.outputs = graph.outputs.iter().filter(|o| inside(**o)).filter_map(|o| at[o.index()]).collect();
    let yields = !part.outputs.is_empty();
    if !yields {
        part.outputs.push(stored.last().copied().unwrap_or(NodeId::new(part.nodes.len().saturating_sub(1))));
    }
    let kept =
        graph.nodes.enumerate().filter(|(n, x)| n.index() < range.end && !matches!(x.op, QOp::Input) && read_later(*n));
    let kept_bytes = kept.map(|(_, x)| bytes(x.shape.iter().product(), x)).sum();
    let mut blocks = TiledGraph::default();
    let mut first_layer = tiled.layers.len();
    for (id, layer) in tiled.layers.enumerate() {
        let Some(node) = at[layer.node.index()].filter(|_| inside(layer.node)) else { continue };
        first_layer = first_layer.min(id.index());
        let mine = LayerId::new(blocks.layers.len());
        let list = layer.blocks.iter().map(|b| blocks.blocks.push(Block { layer: mine, ..tiled.blocks[*b].clone() }));
        let list = list.collect();
        blocks.layers.push(TiledLayer { node, blocks: list, ..layer.clone() });
    }
    Segment { graph: part, tiled: blocks, nodes: range, first_layer, origin, stored, yields, kept_bytes }
}

fn bytes(elements: usize, node: &QNode) -> usize {
    (elements * node.bits()).div_ceil(8)
}

impl Segment {
    /// The schedule of the segment on `placement`, with stages named after the whole network.
    ///
    /// # Errors
    /// As [`emit`].
    pub fn emit(&self, placement: &Placement, chip: &Chip) -> Result<Program> {
        let mut program = emit(&self.graph, &self.tiled, placement, chip)?;
        if !self.stored.is_empty() {
            self.store(&mut program);
        }
        for stage in program.stages.iter_mut() {
            stage.node = stage.node.map(|n| self.origin[n.index()]);
            if let Work::Mvm { layer, .. } = &mut stage.work {
                *layer = LayerId::new(layer.index() + self.first_layer);
            }
        }
        Ok(program)
    }

    /// Puts a store for every stored value beside the stores of the outputs, or in the place of the one that
    /// stands for them where the segment yields none.
    fn store(&self, program: &mut Program) {
        if !self.yields {
            let last = StageId::new(program.stages.len() - 1);
            let keep_channels = program.channels.iter().take_while(|c| c.to != last).count();
            let keep = |list: &mut Vec<super::ChannelId>| list.retain(|c| c.index() < keep_channels);
            program.channels = program.channels.iter().take(keep_channels).cloned().collect();
            program.stages = program.stages.iter().take(last.index()).cloned().collect();
            program.stages.iter_mut().for_each(|s| keep(&mut s.outputs));
        }
        let mut from = Vec::new();
        self.stored.iter().for_each(|n| self.producers(program, *n, &mut from));
        from.sort_unstable();
        from.dedup();
        for from in from {
            let producer = &program.stages[from];
            let Some(node) = producer.node.map(|n| &self.graph.nodes[n]) else { continue };
            let (positions, tile) = (producer.positions, producer.tile);
            let moved = bytes(node.shape.iter().product::<usize>() / positions.max(1), node) as u64;
            let channel = program.channels.push(Channel {
                from,
                to: StageId::new(program.stages.len()),
                bytes: moved,
                positions,
                // as many as a pipeline needs that never waits for its own store
                capacity: 2,
                need: Need::Same,
            });
            let sink = Stage {
                name: format!("store {}", node.origin),
                node: None,
                tile,
                positions,
                work: Work::Sink { bytes: moved },
                inputs: vec![channel],
                outputs: vec![],
            };
            program.stages[from].outputs.push(channel);
            program.stages.push(sink);
        }
    }

    /// Stages that yield a node, seen through nodes that are no work.
    fn producers(&self, program: &Program, node: NodeId, found: &mut Vec<StageId>) {
        match program.stages.enumerate().find(|(_, s)| s.node == Some(node)) {
            Some((id, _)) => found.push(id),
            None => self.graph.nodes[node].inputs.iter().for_each(|i| self.producers(program, *i, found)),
        }
    }
}
