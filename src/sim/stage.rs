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

/// One unit of a weighted stage. It begins where a line of the cache does: an event fetches no more lines than it has
/// to.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Unit {
    pub(super) core: Core,
    pub(super) stage: u32,
    /// Number of its core among those with gates.
    pub(super) domain: Option<u32>,
    /// Replica that it belongs to.
    pub(super) replica: u32,
    /// Rank of its crossbar among all.
    pub(super) rank: u32,
    /// Route of its results.
    pub(super) result: u32,
    /// Cycle from which a result that was not sent yet stands in the output register.
    pub(super) ready: Option<u64>,
    /// Position whose result comes next.
    pub(super) next_result: u64,
    /// Position whose load ends next.
    pub(super) next_load: u64,
    /// Positions of the replica for which it has had a slot, those to come included.
    pub(super) slots: u64,
}

/// When something has happened to all of several units: how many are still missing, and the latest so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Muster {
    missing: u32,
    latest: u64,
}

impl Muster {
    /// Waits for `units` units.
    pub(super) const fn of(units: u32) -> Self {
        Self { missing: units, latest: 0 }
    }
    /// One more is certain for cycle `at`; the cycle of the last when it was the last.
    pub(super) fn count(&mut self, at: u64) -> Option<u64> {
        self.missing -= 1;
        self.latest = self.latest.max(at);
        (self.missing == 0).then_some(self.latest)
    }
    /// Whether all have been there in cycle `now`.
    pub(super) const fn complete(&self, now: u64) -> bool {
        self.missing == 0 && self.latest <= now
    }
    /// Writes it down with times relative to `now`; what is past is past.
    pub(super) fn state(&self, now: u64, out: &mut Vec<u64>) {
        out.extend([u64::from(self.missing), self.latest.saturating_sub(now)]);
    }
}

/// Units that work together on one position.
#[derive(Debug)]
pub(super) struct Replica {
    /// Units, as a range of the unit table.
    pub(super) units: std::ops::Range<u32>,
    /// Route of the loads of the first of them; those of the others follow. What begins a position reads no unit.
    pub(super) load: u32,
    /// Positions that may be issued now.
    pub(super) room: u64,
    /// Positions for which every unit has had a slot, those to come included.
    slots: u64,
    /// For the positions after those, the units that have a slot: a ring, as long as the most slots of a unit.
    next: Vec<Muster>,
}

impl Replica {
    /// An idle replica whose units have `slots` input slots each.
    pub(super) fn new(units: std::ops::Range<u32>, load: u32, slots: &[u64]) -> Self {
        let least = slots.iter().copied().min().unwrap_or(1);
        let most = slots.iter().copied().max().unwrap_or(1);
        let empty = Muster::of(slots.len() as u32);
        let mut replica = Self { units, load, room: least, slots: least, next: vec![empty; most as usize] };
        for slot in slots.iter().flat_map(|n| least..*n) {
            replica.slot(slot, 0);
        }
        replica
    }
    /// A unit has a slot for the position `number` of this replica in cycle `at`; the cycle in which all have.
    pub(super) fn slot(&mut self, number: u64, at: u64) -> Option<u64> {
        let ring = self.next.len() as u64;
        let muster = &mut self.next[(number % ring) as usize];
        let all = muster.count(at);
        if all.is_some() {
            *muster = Muster::of(self.units.end - self.units.start);
            self.slots += 1;
        }
        all
    }
    /// Positions for which a unit has had a slot beyond those for which all had.
    pub(super) const fn ahead(&self, unit: &Unit) -> u64 {
        unit.slots - self.slots
    }
    fn state(&self, now: u64, out: &mut Vec<u64>) {
        out.push(self.room);
        let ring = self.next.len() as u64;
        (0..ring).for_each(|ahead| self.next[((self.slots + ahead) % ring) as usize].state(now, out));
    }
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
    pub(super) replicas: Vec<Replica>,
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
    /// Loads of the positions in flight, a ring.
    pub(super) loads: Vec<Muster>,
    /// Results in the operand latch.
    pub(super) results: Muster,
    /// Positions whose vector operation has started and is done (or: that are stored).
    pub(super) started: u64,
    pub(super) done: u64,
    /// Positions that have arrived in every output channel.
    pub(super) delivered: u64,
}

impl Progress {
    /// Replica of a position.
    pub(super) fn replica(&self, position: u64) -> usize {
        match self.replicas.len() {
            1 => 0,
            n => (position % n as u64) as usize,
        }
    }
    /// Units of a replica, as a range of the unit table.
    pub(super) fn units(&self, replica: usize) -> std::ops::Range<u32> {
        self.replicas[replica].units.clone()
    }
    /// Place of a position in the ring of loads.
    pub(super) fn ring(&self, position: u64) -> usize {
        position as usize & (self.loads.len() - 1)
    }
    /// Writes down the progress relative to `sample` samples and the cycle `now`.
    pub(super) fn state(&self, sample: u64, now: u64, out: &mut Vec<u64>) {
        let done = sample * self.positions;
        out.extend([self.issue_at.0 - sample.min(self.issue_at.0), self.issue_at.1, self.load_at.1]);
        let counts = [self.issued, self.loaded, self.done, self.delivered];
        out.extend(counts.map(|n| n.wrapping_sub(done)));
        // a sink starts no vector operation
        let started = if self.kind == Kind::Sink { 0 } else { self.started.wrapping_sub(done) };
        out.push(started);
        self.results.state(now, out);
        self.replicas.iter().for_each(|r| r.state(now, out));
        // which replica comes next, and the loads on their way
        out.push(done % self.replicas.len().max(1) as u64);
        if self.kind == Kind::Mvm {
            (self.loaded..self.issued).for_each(|p| self.loads[self.ring(p)].state(now, out));
        }
    }
    /// The position after `at`.
    pub(super) fn after(&self, at: (u64, u64)) -> (u64, u64) {
        if at.1 + 1 == self.positions { (at.0 + 1, 0) } else { (at.0, at.1 + 1) }
    }
}
