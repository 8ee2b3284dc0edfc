//! Emits the program of a placed network.
//!
//! Every network input, weighted layer and digital operator becomes a stage; reshapes and
//! concatenations are no work, only dependencies. Channels are given double buffers where the tile has
//! the room, else the least that can work; a join gets whole samples on every side, so that a fast branch
//! can run ahead of a slow one without closing a circle of full buffers.

use super::machine::machine;
use super::program::{Channel, ChannelId, MvmUnit, Need, Program, Stage, StageId, Work};
use crate::arch::{Chip, Subtraction, TileId};
use crate::diag::{Diagnostic, Result};
use crate::id::{Id, IdVec};
use crate::lower::{LayerId, NodeId, QNode, QOp, QuantGraph, TiledGraph};
use crate::map::Placement;
use crate::tensor::Window;

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
    for (id, node) in graph.nodes.enumerate() {
        e.node(id, node);
    }
    let output = &graph.nodes[graph.output];
    let features: usize = output.shape.iter().product();
    let tile = TileId::new(0);
    let sink = e.stage("output", None, tile, 1, Work::Sink { bytes: (features * LOGIT_BYTES) as u64 });
    e.connect(sink, graph.output, None);
    e.fit_buffers()?;
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

/// Spatial positions of a channel-first shape.
fn positions(shape: &[usize]) -> usize {
    shape.get(1..).map_or(1, |s| s.iter().product()).max(1)
}

impl Emitter<'_> {
    fn stage(&mut self, name: &str, node: Option<NodeId>, tile: TileId, positions: usize, work: Work) -> StageId {
        self.stages.push(Stage { name: name.into(), node, tile, positions, work, inputs: vec![], outputs: vec![] })
    }

    fn node(&mut self, id: NodeId, node: &QNode) {
        let bits = node.quant.map_or(8 * LOGIT_BYTES, |q| usize::from(q.bits));
        let points = positions(&node.shape);
        let channels = node.shape.first().copied().unwrap_or(1);
        let stage = match &node.op {
            QOp::Input => {
                let bytes = (channels * bits).div_ceil(8) as u64;
                self.stage(&format!("input {}", node.origin), Some(id), TileId::new(0), points, Work::Source { bytes })
            }
            QOp::Mvm(_) => {
                let Some((layer, _)) = self.tiled.layers.enumerate().find(|(_, l)| l.node == id) else { return };
                let (tile, work) = self.mvm(layer);
                self.stage(&node.origin, Some(id), tile, points, work)
            }
            QOp::Relu | QOp::Add | QOp::MaxPool(_) | QOp::AveragePool { .. } => {
                let tile = node.inputs.first().map_or(TileId::new(0), |i| self.tile_of(*i));
                let taps = match &node.op {
                    QOp::MaxPool(w) | QOp::AveragePool { window: w, .. } => w.rows(),
                    _ => node.inputs.len(),
                };
                let work = Work::Vector {
                    load_bytes: (channels * taps * bits).div_ceil(8) as u64,
                    vector_ops: (channels * taps) as u64,
                };
                self.stage(&node.origin, Some(id), tile, points, work)
            }
            QOp::Concat | QOp::Reshape => return,
        };
        self.stage_of[id.index()] = Some(stage);
        let window = match &node.op {
            QOp::Mvm(op) => Some(op.window.clone()),
            QOp::MaxPool(w) | QOp::AveragePool { window: w, .. } => Some(w.clone()),
            _ => None,
        };
        for input in &node.inputs {
            self.connect(stage, *input, window.as_ref());
        }
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
        let kind = &self.chip.xbar_kinds[l.xbar_kind];
        let activation_bits = usize::from(l.input_bits);
        let weight_bits: usize = 1 + l.slices.iter().map(|s| usize::from(s.bits)).sum::<usize>();
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
                        let adc = &self.chip.core_kinds[self.chip.cores[core].kind].adc;
                        let columns = block.cols.len() * l.slices.len() * 2;
                        let conversions = match kind.subtraction {
                            Subtraction::Analog => columns / 2,
                            Subtraction::Digital => columns,
                        };
                        // a sum of codes over all phases and slices never needs more bits than this
                        let result_bits = usize::from(adc.bits) + activation_bits + weight_bits;
                        MvmUnit {
                            xbar,
                            core,
                            load_bytes: (block.rows.len() * activation_bits).div_ceil(8) as u64,
                            steps: (l.planes.len() * block.group_count()) as u64,
                            rows_driven: (l.planes.len() * block.rows.len()) as u64,
                            columns: columns as u64,
                            rounds: conversions.div_ceil(adc.per_crossbar) as u64,
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
        let vector_ops = (l.cols * (row_splits.saturating_sub(1) + REQUANTISE_OPS)) as u64;
        (tile, Work::Mvm { layer, replicas: units, vector_ops })
    }

    /// Joins `node`'s producer to `consumer`, through reshapes and concatenations.
    fn connect(&mut self, consumer: StageId, node: NodeId, window: Option<&Window>) {
        let Some(from) = self.stage_of[node.index()] else {
            let inputs = self.graph.nodes[node].inputs.clone();
            // after a reshape positions mean something else: wait for everything
            let keeps = matches!(self.graph.nodes[node].op, QOp::Concat)
                || positions(&self.graph.nodes[node].shape)
                    == inputs.first().map_or(1, |i| positions(&self.graph.nodes[*i].shape));
            for input in inputs {
                self.connect(consumer, input, window.filter(|_| keeps));
            }
            return;
        };
        let producer = &self.graph.nodes[node];
        let bits = producer.quant.map_or(8 * LOGIT_BYTES, |q| usize::from(q.bits));
        let channels = producer.shape.first().copied().unwrap_or(1);
        let points = self.stages[from].positions;
        let need = match window {
            Some(w) if !w.input.is_empty() && w.input_positions() == points => {
                Need::Window(Window { channels: 1, ..w.clone() })
            }
            None if points == self.stages[consumer].positions && points > 1 => Need::Same,
            _ => Need::All,
        };
        let id = self.channels.push(Channel {
            from,
            to: consumer,
            bytes: (channels * bits).div_ceil(8) as u64,
            positions: points,
            need,
            capacity: 0,
        });
        self.stages[from].outputs.push(id);
        self.stages[consumer].inputs.push(id);
    }

    /// Gives every channel its capacity and checks that the buffers of all tiles hold them.
    fn fit_buffers(&mut self) -> Result<()> {
        let room = self.chip.tile_kind.buffer_bytes;
        for double in [true, false] {
            let mut used = vec![0usize; self.chip.tiles.len()];
            for i in 0..self.channels.len() {
                let id = ChannelId::new(i);
                let c = &self.channels[id];
                let consumer = &self.stages[c.to];
                let whole = if consumer.inputs.len() > 1 { c.positions } else { c.least_capacity(consumer.positions) };
                let capacity = if double { 2 * whole } else { whole };
                if !matches!(consumer.work, Work::Sink { .. }) {
                    used[consumer.tile.index()] += capacity * c.bytes as usize;
                }
                self.channels[id].capacity = capacity;
            }
            let Some((tile, most)) = used.iter().copied().enumerate().max_by_key(|(_, n)| *n) else { return Ok(()) };
            if most <= room {
                return Ok(());
            }
            if !double {
                return Err(Diagnostic::error(
                    "P003",
                    format!("the inputs of the layers on tile {tile} need {most} bytes of buffer and the tile has {room}: {} too few", most - room),
                )
                .help(format!("raise the capacity of the tile's buffer to at least {} KiB, or spread the network over more tiles", most.div_ceil(1024)))
                .into());
            }
        }
        Ok(())
    }
}
