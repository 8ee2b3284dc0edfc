//! What the timing run found out.

use std::collections::BTreeMap;

use super::recording::Recording;
use crate::arch::{CoreId, TileId, XbarId};
use crate::cost::{Action, PartKind};
use crate::id::IdVec;
use crate::sched::{ChannelId, StageId};

/// The instance of a part that acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A crossbar and the converters that belong to it.
    Xbar(XbarId),
    /// A core (registers).
    Core(CoreId),
    /// A tile (buffer, bus, vector unit), or the router of a mesh node.
    Tile(TileId),
    /// The link from one tile to its neighbour.
    Link(TileId, TileId),
    /// The global buffer.
    Memory,
    /// A chip of several (its links to the neighbours).
    Chip(usize),
}

/// Why a stage stood still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StallCause {
    /// Its inputs were not there yet.
    Input,
    /// A part it needs was busy (bus, core, vector unit, link, memory).
    Busy,
    /// The consumer's buffer was full.
    Full,
}

impl StallCause {
    /// What a stage waits for, in words.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Input => "waits for input",
            Self::Busy => "waits for a busy part",
            Self::Full => "waits for room in a buffer",
        }
    }
}

/// Counts of the run: (part, owner, action, stage) → how often. Ordered, so that sums and reports are stable.
pub type Counts = BTreeMap<(Owner, PartKind, Action, StageId), u64>;

/// How a part with gates has rested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rest {
    /// Cycles in which it had nothing to do, those asleep included.
    pub idle: u64,
    /// Cycles in which it was asleep.
    pub asleep: u64,
    /// How often it was woken.
    pub wakes: u64,
}

impl Rest {
    fn with(self, other: Self, each: impl Fn(u64, u64) -> u64) -> Self {
        let (a, b) = (self, other);
        Self { idle: each(a.idle, b.idle), asleep: each(a.asleep, b.asleep), wakes: each(a.wakes, b.wakes) }
    }
    /// What has come since an earlier one.
    pub(super) fn since(self, earlier: Self) -> Self {
        self.with(earlier, |a, b| a - b)
    }
    /// With `n` times another.
    #[must_use]
    pub fn and(self, n: u64, other: Self) -> Self {
        self.with(other, |a, b| a + n * b)
    }
}

/// The course of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    /// Samples run.
    pub samples: usize,
    /// Cycle in which the last sample was finished.
    pub cycles: u64,
    /// Cycle in which each sample was finished.
    pub finished: Vec<u64>,
    /// Course of each stage.
    pub stages: IdVec<StageId, StageTimes>,
    /// Most producer positions that the buffer of each channel held at once.
    pub peaks: IdVec<ChannelId, u64>,
    /// Cycles in which each part was busy.
    pub busy: BTreeMap<(Owner, PartKind), u64>,
    /// How each part with gates has rested, up to the cycle in which the last sample was finished.
    pub rests: BTreeMap<(Owner, PartKind), Rest>,
    /// Actions counted.
    pub counts: Counts,
    /// Refreshes of each memory that refreshes itself, up to the end of the run: they belong to no stage.
    pub refreshes: BTreeMap<(Owner, PartKind), u64>,
    /// Rows that accesses to a dynamic memory found.
    pub rows: RowCounts,
    /// Events processed.
    pub events: u64,
    /// What went over each link.
    pub links: Vec<LinkUse>,
    /// Course of every position, stage by stage, if asked for.
    pub trace: Vec<PositionTime>,
    /// Course of every MVM on its crossbar, unit by unit, if asked for.
    pub mvms: Vec<MvmTime>,
    /// Who held which part when, if asked for.
    pub recording: Recording,
}

/// What the accesses to a dynamic memory found, counted for each row that an access reaches into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowCounts {
    /// The row was open.
    pub hits: u64,
    /// The bank had no open row.
    pub misses: u64,
    /// Another row was open.
    pub conflicts: u64,
}

impl std::ops::AddAssign for RowCounts {
    fn add_assign(&mut self, other: Self) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.conflicts += other.conflicts;
    }
}

/// A link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// Of a mesh, from one tile to its neighbour.
    Tiles(TileId, TileId),
    /// From one chip to its neighbour.
    Chips {
        /// The chip that sends.
        from: usize,
        /// The chip that receives.
        to: usize,
        /// Number among the links from the one to the other.
        lane: usize,
    },
}

/// What went over a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkUse {
    /// The link.
    pub link: Link,
    /// Messages.
    pub messages: u64,
    /// Their flits.
    pub flits: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Cycles in which it was held.
    pub busy: u64,
}

/// The course of one MVM on one crossbar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MvmTime {
    /// The stage.
    pub stage: StageId,
    /// The sample.
    pub sample: usize,
    /// Output position within the sample.
    pub position: usize,
    /// The crossbar.
    pub xbar: XbarId,
    /// Cycle in which the core saw its vector in the input register.
    pub loaded: u64,
    /// Cycle in which its first front end started.
    pub begun: u64,
    /// Cycle from which its result could leave the output register.
    pub ready: u64,
    /// Cycle in which the bus had moved its result out of the output register.
    pub sent: u64,
}

/// The course of one position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionTime {
    /// The stage.
    pub stage: StageId,
    /// The sample.
    pub sample: usize,
    /// Output position within the sample.
    pub position: usize,
    /// Cycle in which it began to load.
    pub start: u64,
    /// Cycle in which it was delivered to every consumer.
    pub end: u64,
}

/// The course of one stage.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StageTimes {
    /// Cycle in which the first position of the first sample began to load.
    pub start: u64,
    /// Cycle in which the last position of the last sample was delivered.
    pub end: u64,
    /// Cycles in which at least one position was in work.
    pub busy: u64,
    /// Cycles waited, by cause (positions wait one after another; not overlapped).
    pub stalls: BTreeMap<StallCause, u64>,
}

impl Timeline {
    /// Cycles between results once the pipeline is full: the mean over the second half of the samples.
    #[must_use]
    pub fn interval(&self) -> f64 {
        let n = self.finished.len();
        if n < 2 {
            return self.cycles as f64;
        }
        let from = (n - 1) / 2;
        (self.finished[n - 1] - self.finished[from]) as f64 / (n - 1 - from) as f64
    }
}
