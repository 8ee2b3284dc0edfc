//! A stage: brings its positions in order through load, work and delivery.
//!
//! A position is *issued* when all input channels hold what it needs and there is room to load it, one
//! after the other, as many in a cycle as there is room for. Room is
//! - weighted stage: an input slot in every unit of the position's replica;
//! - digital stage: its operand latch (one position, from issue until the vector operation is granted to
//!   start);
//! - source and sink: [`LATCHES`] positions between issue and departure.
//!
//! Results of the units meet in the operand latch of the vector unit (one position of each stage): a unit
//! may send its result when its position is the next to be operated on. The vector operation starts
//! when all results (or operands) are there and one of the [`LATCHES`] output latches of the stage is free;
//! an output latch is free again when every output channel has taken the position off the tile. Each
//! channel is served by itself, in order, when it has a credit.

use super::core::Core;

/// Output latches of a stage: one position may leave while the next is worked on (assumed).
pub(super) const LATCHES: u64 = 2;

/// One unit of a weighted stage.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) core: Core,
    pub(super) stage: u32,
    pub(super) load: u32,
    pub(super) result: u32,
    /// A result stands in the output register and was not sent yet.
    pub(super) ready: bool,
    /// Position whose result comes next.
    pub(super) next_result: u64,
    /// Position whose load ends next.
    pub(super) next_load: u64,
}

/// What a stage does with a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Source,
    Mvm,
    Vector,
    Sink,
}

/// State of a stage. Positions are counted over all samples.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) kind: Kind,
    /// Positions of one sample and of all.
    pub(super) positions: u64,
    pub(super) total: u64,
    pub(super) inputs: Vec<u32>,
    pub(super) outputs: Vec<u32>,
    /// Units of each replica, as ranges of the unit table.
    pub(super) replicas: Vec<(u32, u32)>,
    /// Route of the read (digital, source) or store (sink).
    pub(super) read: u32,
    /// Route of the vector operation.
    pub(super) operate: u32,
    /// Next position to issue, as sample and position.
    pub(super) issue_at: (u64, u64),
    pub(super) issued: u64,
    /// Positions that are loaded without a gap, with sample and position of the next.
    pub(super) loaded: u64,
    pub(super) load_at: (u64, u64),
    /// Loads still missing for positions in flight, a ring.
    pub(super) missing: Vec<u32>,
    /// Results in the operand latch.
    pub(super) gathered: u32,
    /// Positions whose vector operation has started and is done (or: that are stored).
    pub(super) started: u64,
    pub(super) done: u64,
    /// Positions that have arrived in every output channel.
    pub(super) delivered: u64,
}

impl Progress {
    /// Replica of a position.
    pub(super) fn replica(&self, position: u64) -> (u32, u32) {
        self.replicas[match self.replicas.len() {
            1 => 0,
            n => (position % n as u64) as usize,
        }]
    }
    /// Place of a position in the ring of missing loads.
    pub(super) fn ring(&self, position: u64) -> usize {
        position as usize & (self.missing.len() - 1)
    }
    /// Writes down the progress relative to `sample` samples.
    pub(super) fn state(&self, sample: u64, out: &mut Vec<u64>) {
        let done = sample * self.positions;
        out.extend([self.issue_at.0 - sample.min(self.issue_at.0), self.issue_at.1, self.load_at.1]);
        let counts = [self.issued, self.loaded, self.done, self.delivered];
        out.extend(counts.map(|n| n.wrapping_sub(done)));
        // a sink starts no vector operation
        let started = if self.kind == Kind::Sink { 0 } else { self.started.wrapping_sub(done) };
        out.push(started);
        out.push(u64::from(self.gathered));
        // which replica comes next, and the loads on their way
        out.push(done % self.replicas.len().max(1) as u64);
        out.extend((self.loaded..self.issued).map(|p| u64::from(self.missing[self.ring(p)])));
    }
    /// The position after `at`.
    pub(super) fn after(&self, at: (u64, u64)) -> (u64, u64) {
        if at.1 + 1 == self.positions { (at.0 + 1, 0) } else { (at.0, at.1 + 1) }
    }
}
