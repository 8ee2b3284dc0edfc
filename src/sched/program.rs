//! The program: loop-compressed stages over output positions, joined by finite channels.
//!
//! Everything here is resolved: cycles, bytes, dense ids. The timing core needs nothing else. A stage
//! is one template of work repeated over its output positions (and over samples); nothing is unrolled.

use std::collections::BTreeMap;

use crate::arch::{BackEnd, CoreId, FlitRouters, TileId, XbarId};
use crate::cost::PartKind;
use crate::define_id;
use crate::id::IdVec;
use crate::lower::{LayerId, NodeId};
use crate::tensor::Window;

use super::{DramTiming, Pace, RefreshTiming};

define_id!(/// A stage of the pipeline.
    StageId, "stage");
define_id!(/// A channel between two stages.
    ChannelId, "channel");

/// The whole schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// Timing of the hardware.
    pub machine: Machine,
    /// Stages in topological order; sources first, one sink last.
    pub stages: IdVec<StageId, Stage>,
    /// Channels in order of their consumer.
    pub channels: IdVec<ChannelId, Channel>,
}

impl Program {
    /// The same with units at the pace of data, layer by layer.
    #[must_use]
    pub fn paced<P: Into<Pace>>(&self, pace: impl Fn(LayerId) -> P) -> Self {
        let mut paced = self.clone();
        for stage in paced.stages.iter_mut() {
            if let Work::Mvm { layer, replicas, .. } = &mut stage.work {
                let pace = pace(*layer).into();
                let units = replicas.iter_mut().flatten();
                units.for_each(|u| u.pace(pace, self.machine.cores[u.core].convert));
            }
        }
        paced
    }
}

/// Timing of the hardware in cycles and bytes. Cycles are those of the chip, except where a part has a clock of its
/// own: then a divider says how many cycles of the chip make one of the part's.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// Tiles of the mesh.
    pub tiles: IdVec<TileId, TileTiming>,
    /// Cores.
    pub cores: IdVec<CoreId, CoreTiming>,
    /// The mesh.
    pub mesh: MeshTiming,
    /// Global buffer, attached to the router of tile 0.
    pub memory: MemoryTiming,
    /// Gates of its parts.
    pub gates: Gates,
}

/// Parts with gates, whose idle cycles are counted, and when they sleep, if they do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gates {
    /// Kinds of servers: every one of a kind has the same gate.
    pub parts: BTreeMap<PartKind, Option<PowerGate>>,
    /// Cores: converters and adders as one domain.
    pub cores: BTreeMap<CoreId, Option<PowerGate>>,
}

/// A power gate, in cycles of the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerGate {
    /// Idle cycles after which the part falls asleep.
    pub after: u64,
    /// Cycles from a request to the start of a part that is asleep.
    pub wake: u64,
}

/// Timing of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileTiming {
    /// Mesh column.
    pub x: usize,
    /// Mesh row.
    pub y: usize,
    /// Cycles of the chip to one of the bus.
    pub bus_divider: u64,
    /// Bytes that the bus moves in a cycle of its own.
    pub bus_width: u64,
    /// Cycles of the bus from its grant to the first byte.
    pub bus_latency: u64,
    /// Bytes that the buffer port moves in a cycle.
    pub buffer_width: u64,
    /// Cycles of a buffer access before its first byte.
    pub buffer_latency: u64,
    /// Buffer capacity in bytes.
    pub buffer_bytes: u64,
    /// Accesses of the buffer at a time.
    pub buffer_ports: u32,
    /// Refresh of the buffer that takes its ports.
    pub buffer_refresh: Option<RefreshTiming>,
    /// Cycles of the chip to one of the vector unit.
    pub vector_divider: u64,
    /// Lane operations of the vector unit in a cycle of its own.
    pub vector_lanes: u64,
    /// Pipeline depth of the vector unit in cycles of its own.
    pub vector_latency: u64,
}

/// Timing of a core, in cycles of its own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoreTiming {
    /// Tile it sits in.
    pub tile: TileId,
    /// Cycles of the chip to one of the core.
    pub divider: u64,
    /// Cycles of input-register read and DAC settling for one step (one plane of one row group).
    pub drive: u64,
    /// Cycles of crossbar bias for one step.
    pub integrate: u64,
    /// Cycles to sample the columns.
    pub sample: u64,
    /// Whether the converters and the adder behind them serve all crossbars of the core in turn.
    pub shared: bool,
    /// Cycles of a round of conversions: between two of one converter, or one cycle for all it makes in it.
    pub convert: u64,
    /// Cycles that a pipelined converter takes from sampling to the code beyond `convert`; 0 for others.
    pub fill: u64,
    /// Cycles of one shift-and-add.
    pub shift_add: u64,
    /// Sample-and-hold banks.
    pub hold_banks: u8,
    /// When a bank is released.
    pub back_end: BackEnd,
    /// Cycles to write the output register once the last step is added.
    pub output_register: u64,
    /// Input vectors that fit the input register (1, or 2 for double buffering).
    pub input_slots: u8,
}

/// Timing of the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeshTiming {
    /// Columns and rows.
    pub grid: [usize; 2],
    /// Bytes of a flit; a link moves one flit in a cycle.
    pub flit_bytes: u64,
    /// Cycles through a router.
    pub router: u64,
    /// Cycles over a link.
    pub link: u64,
    /// Flits buffered at a router input, or in each of its virtual channels.
    pub buffer_flits: u64,
    /// What routers are where runs go flit by flit; `None`: they go message by message.
    pub flits: Option<FlitRouters>,
    /// The chips that the mesh is cut into along x; `None`: it is on one chip.
    pub chips: Option<ChipRow>,
}

/// Chips side by side, with serial links between neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChipRow {
    /// Mesh columns of one chip.
    pub columns: usize,
    /// Links from one chip to the next, in each direction; mesh rows take them in turn.
    pub links: usize,
    /// Bytes that a link moves in 1024 cycles.
    pub bytes_1024: u64,
    /// Cycles over a link.
    pub latency: u64,
}

impl ChipRow {
    /// Chip of a mesh column.
    #[must_use]
    pub const fn chip(&self, x: usize) -> usize {
        x / self.columns
    }
    /// Cycles in which a link is held for a message.
    #[must_use]
    pub const fn cycles(&self, bytes: u64) -> u64 {
        (bytes * 1024).div_ceil(self.bytes_1024)
    }
}

/// Timing of the global buffer, or of the memory in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryTiming {
    /// Bytes in a cycle.
    pub width: u64,
    /// Cycles before the first byte.
    pub latency: u64,
    /// Accesses at a time.
    pub ports: u32,
    /// Refresh that takes its ports.
    pub refresh: Option<RefreshTiming>,
    /// Banks and timings of a dynamic memory, in the place of all these.
    pub dram: Option<DramTiming>,
}

/// One stage: the same work for every output position of every sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Name for reports (the ONNX node, or `input x`, `output`).
    pub name: String,
    /// Node of the quantised graph; `None` for the sink.
    pub node: Option<NodeId>,
    /// Tile whose buffer holds its inputs and whose vector unit does its digital work.
    pub tile: TileId,
    /// Output positions of one sample.
    pub positions: usize,
    /// The work of one position.
    pub work: Work,
    /// Channels it reads.
    pub inputs: Vec<ChannelId>,
    /// Channels it writes; every position goes to all of them.
    pub outputs: Vec<ChannelId>,
}

/// The work of one output position.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Reads one position of a network input from the global buffer.
    Source {
        /// Bytes of one position.
        bytes: u64,
    },
    /// A weighted layer. Position `p` is computed by `replicas[p mod len]`.
    Mvm {
        /// Layer of the tiled graph.
        layer: LayerId,
        /// Units that work together on one position, for each replica.
        replicas: Vec<Vec<MvmUnit>>,
        /// Lane operations after the units are done: partial sums, bias, requantisation.
        vector_ops: u64,
    },
    /// Digital work on the tile's vector unit.
    Vector {
        /// Bytes read from the buffer for one position.
        load_bytes: u64,
        /// Lane operations.
        vector_ops: u64,
    },
    /// Writes the result to the global buffer; the sample is finished when its last position is written.
    Sink {
        /// Bytes of one position.
        bytes: u64,
    },
}

/// One crossbar's share in a position: load, then `steps` input phases, then a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MvmUnit {
    /// The crossbar.
    pub xbar: XbarId,
    /// Its core.
    pub core: CoreId,
    /// Bytes loaded into the input register.
    pub load_bytes: u64,
    /// Input planes × row groups.
    pub steps: u64,
    /// Steps that [`super::PERIOD`] successive MVMs take together where the data decide, at least one each; `None`
    /// where every MVM takes `steps`.
    pub paced: Option<u64>,
    /// Cycles of a round of conversions over [`super::PERIOD`] successive MVMs where the data decide, at least one
    /// each; `None` where every round takes [`CoreTiming::convert`].
    pub convert_paced: Option<u64>,
    /// Rows driven, summed over the steps.
    pub rows_driven: u64,
    /// Input digits added up beside the drivers, summed over the steps.
    pub digits_counted: u64,
    /// Columns sampled in a step.
    pub columns: u64,
    /// Rounds of conversions one after another on the busiest converter in a step: one conversion each, or as many as
    /// it makes in a cycle of the core.
    pub rounds: u64,
    /// Conversions of all converters in a step.
    pub conversions: u64,
    /// Bytes of the result.
    pub result_bytes: u64,
}

/// A finite buffer between two stages, at the consumer's tile.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Producer.
    pub from: StageId,
    /// Consumer.
    pub to: StageId,
    /// Bytes of one producer position.
    pub bytes: u64,
    /// Producer positions of one sample.
    pub positions: usize,
    /// Which producer positions a consumer position needs.
    pub need: Need,
    /// Producer positions that fit (any sample). Never less than one position's needs.
    pub capacity: usize,
}

/// Dependence of a consumer position on producer positions of the same sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// Everything: a dense layer, a global pool.
    All,
    /// Position `p` needs position `p`.
    Same,
    /// A sliding window.
    Window(Window),
    /// Position `p` needs all before it: what a stage hands to itself.
    Previous,
}

impl Channel {
    /// Producer positions that must exist before consumer position `p` starts.
    #[must_use]
    pub fn need(&self, p: usize) -> usize {
        match &self.need {
            Need::All => self.positions,
            Need::Same => p + 1,
            Need::Window(w) => w.need(p),
            Need::Previous => p,
        }
    }
    /// Producer positions that may be forgotten once consumer position `p` (of `consumers`) is loaded.
    #[must_use]
    pub fn free(&self, p: usize, consumers: usize) -> usize {
        if p + 1 == consumers {
            return self.positions;
        }
        match &self.need {
            Need::All => 0,
            Need::Same => p + 1,
            Need::Window(w) => w.free(p),
            Need::Previous => p,
        }
    }
    /// Smallest capacity with which the consumer can work at all.
    #[must_use]
    pub fn least_capacity(&self, consumers: usize) -> usize {
        (0..consumers)
            .map(|p| self.need(p) - if p == 0 { 0 } else { self.free(p - 1, consumers).min(self.need(p)) })
            .max()
            .unwrap_or(1)
            .max(1)
    }
}
