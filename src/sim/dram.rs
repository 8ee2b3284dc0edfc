//! Dynamic memory beside the chip: banks with an open row each, JEDEC timings, refresh of all banks.
//!
//! - *Place*: each source and sink has a region of its own that begins at a row; position `p` of every sample stands at
//!   `p · bytes` in it. Rows follow one another over channels, then banks, then rows of a bank. An access moves whole
//!   bursts; where it passes the end of a row it is cut into *stretches*.
//! - *Order*: a channel works off its stretches in the order in which accesses come (first come, first served; of one
//!   cycle the lower route first). Commands leave in order too: the first command of a stretch not before the last
//!   burst of the stretch before has had its time on the command bus. So PRE and ACT of a stretch overlap with the data
//!   of the one before that are still on their way (CL, CWL), and with nothing else; channels work independently.
//! - *Rows* stay open until another row of the bank is wanted (*conflict*: PRE, ACT), or a refresh closes them (a
//!   *miss* then: ACT). A *hit* needs neither. Counted for each stretch.
//! - *Commands* wait for: ACT: tRP after PRE of the bank, tRRD after the last ACT, tFAW after the fourth last; PRE:
//!   tRAS after ACT, tRTP after the last RD, tWR after the last written data; RD and WR: tRCD after ACT; data follow CL
//!   or CWL behind and do not overlap with others'; RD: tWTR after written data. Bursts of a stretch follow one another
//!   at the data rate, or at tCCD. Preambles, additive latency and power-down are left out.
//! - *Refresh*: due at whole multiples of tREFI. Before the next stretch that begins in or after that cycle, all banks
//!   are precharged and refreshed, tRFC long; an idle memory does so at once. A stretch under way is not interrupted.
//! - *Latency* of an access: to the end of its last data, and `latency` for controller and interface.
//!
//! All that an access meets is known when it asks: its end is computed then, from the cycles before which no command
//! may come. Tests compare with a machine that issues commands cycle by cycle and holds each against all before it.

use super::refresh::Refresh;
use super::timeline::RowCounts;
use crate::cost::Action;
use crate::sched::{DramTiming, StageId};

/// A bank: its open row, and the cycles from which commands to it are allowed.
#[derive(Debug, Clone, Copy, Default)]
struct Bank {
    row: Option<u64>,
    activate: u64,
    column: u64,
    precharge: u64,
}

/// A channel: the cycles from which commands are allowed that concern all of its banks.
#[derive(Debug, Clone)]
struct Channel {
    /// The next command of any kind.
    free: u64,
    /// Data of the next stretch.
    data: u64,
    read: u64,
    activate: u64,
    /// ACT after each of the last four, oldest first.
    window: [u64; 4],
    banks: Vec<Bank>,
    refresh: Refresh,
    /// Cycles from the first command of a stretch to the time of its last burst.
    busy: u64,
}

/// Where a stretch is and what it does.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    bank: u64,
    row: u64,
    bursts: u64,
    write: bool,
}

impl Channel {
    fn new(timing: &DramTiming) -> Self {
        Self {
            free: 0,
            data: 0,
            read: 0,
            activate: 0,
            window: [0; 4],
            banks: vec![Bank::default(); timing.banks as usize],
            refresh: Refresh::new(timing.refresh),
            busy: 0,
        }
    }
    /// The refresh that is due next, and those that are due by cycle `until`.
    fn refresh(&mut self, t: &DramTiming, until: u64) {
        let begin = self.free.max(self.refresh.due());
        let open = self.banks.iter().filter(|b| b.row.is_some()).map(|b| b.precharge).max();
        let closed = open.map_or(begin, |p| p.max(begin) + t.rp);
        let ready = self.banks.iter().map(|b| b.activate).fold(closed, u64::max);
        self.refresh.begin();
        // now that all rows are closed, others follow without more
        self.free = self.refresh.serve(ready + t.refresh.duration, until);
        self.banks.fill(Bank { activate: self.free, ..Bank::default() });
    }
    /// Refreshes that begin by cycle `now`: those that are still put off count when they begin.
    fn settle(&mut self, t: &DramTiming, now: u64) {
        while self.refresh.due().max(self.free) <= now {
            self.refresh(t, self.refresh.due());
        }
    }
    /// Works off a stretch that comes in cycle `now`; the cycle in which its last data are over, and what its row was.
    fn run(&mut self, t: &DramTiming, s: Stretch, now: u64) -> (u64, RowCounts) {
        // before any other command of this cycle or, later, of the first that is free
        while self.refresh.due() <= self.free.max(now) {
            self.refresh(t, self.free.max(now));
        }
        let mut at = self.free.max(now);
        let (mut begun, mut rows) = (None, RowCounts::default());
        let bank = &mut self.banks[s.bank as usize];
        if bank.row == Some(s.row) {
            rows.hits = 1;
        } else {
            if bank.row.is_some() {
                rows.conflicts = 1;
                at = at.max(bank.precharge);
                begun = Some(at);
                bank.activate = at + t.rp;
            } else {
                rows.misses = 1;
            }
            at = at.max(bank.activate).max(self.activate).max(self.window[0]);
            begun = begun.or(Some(at));
            *bank = Bank { row: Some(s.row), activate: 0, column: at + t.rcd, precharge: at + t.ras };
            self.activate = at + t.rrd;
            self.window.rotate_left(1);
            self.window[3] = at + t.faw;
        }
        let lead = if s.write { t.cwl } else { t.cl };
        at = at.max(bank.column).max(self.data.saturating_sub(lead));
        if !s.write {
            at = at.max(self.read);
        }
        let over = at + lead + t.stream(s.bursts);
        self.data = over;
        if s.write {
            self.read = over + t.wtr;
            bank.precharge = bank.precharge.max(over + t.wr);
        } else {
            bank.precharge = bank.precharge.max(at + t.stream(s.bursts - 1) + t.rtp);
        }
        self.free = at + t.stream(s.bursts);
        self.busy += self.free - begun.unwrap_or(at);
        (over, rows)
    }
    fn state(&self, now: u64, out: &mut Vec<u64>) {
        let ahead = |cycle: u64| cycle.saturating_sub(now);
        out.extend([self.free, self.data, self.read, self.activate].map(ahead));
        out.extend(self.window.map(ahead));
        for b in &self.banks {
            out.push(b.row.map_or(0, |row| row + 1));
            out.extend([b.activate, b.column, b.precharge].map(ahead));
        }
        out.push(self.refresh.due().wrapping_sub(now));
    }
}

/// What a source reads or a sink writes, and what of it was counted.
#[derive(Debug, Clone)]
struct Region {
    /// The leg whose jobs go here.
    leg: u32,
    stage: StageId,
    write: bool,
    /// First burst.
    base: u64,
    /// Bytes of a position, and positions.
    bytes: u64,
    positions: u64,
    /// Position that comes next.
    next: u64,
    /// Bytes moved.
    moved: u64,
    rows: RowCounts,
}

/// The memory.
#[derive(Debug)]
pub(super) struct Dram {
    timing: DramTiming,
    channels: Vec<Channel>,
    regions: Vec<Region>,
    /// Rows given to regions.
    rows: u64,
}

impl Dram {
    /// An empty memory.
    pub(super) fn new(timing: DramTiming) -> Self {
        let channels = vec![Channel::new(&timing); timing.channels as usize];
        Self { timing, channels, regions: Vec::new(), rows: 0 }
    }
    /// Gives the positions of a stage their place; jobs on `leg` go there, position after position.
    pub(super) fn place(&mut self, leg: u32, stage: StageId, write: bool, bytes: u64, positions: u64) {
        let (base, t) = (self.rows * self.timing.row_bursts, &self.timing);
        self.rows += (bytes * positions).div_ceil(t.row_bursts * t.burst_bytes).max(1);
        let rows = RowCounts::default();
        self.regions.push(Region { leg, stage, write, base, bytes, positions, next: 0, moved: 0, rows });
    }
    /// The next job of a leg asks in cycle `now`; the cycle in which it is over.
    pub(super) fn access(&mut self, leg: u32, now: u64) -> u64 {
        let t = &self.timing;
        let region = self.regions.iter_mut().find(|r| r.leg == leg).expect("each way to the memory has its place");
        let from = region.next * region.bytes;
        region.next = (region.next + 1) % region.positions;
        let end = region.base + (from + region.bytes).div_ceil(t.burst_bytes);
        let mut burst = region.base + from / t.burst_bytes;
        let mut over = now;
        while burst < end {
            let row = burst / t.row_bursts;
            let bursts = end.min((row + 1) * t.row_bursts) - burst;
            let place = row / t.channels;
            let stretch = Stretch { bank: place % t.banks, row: place / t.banks, bursts, write: region.write };
            let (done, rows) = self.channels[(row % t.channels) as usize].run(t, stretch, now);
            over = over.max(done);
            region.rows += rows;
            region.moved += bursts * t.burst_bytes;
            burst += bursts;
        }
        over + t.latency
    }
    /// Works off the refreshes that begin by cycle `now`.
    pub(super) fn settle(&mut self, now: u64) {
        self.channels.iter_mut().for_each(|c| c.settle(&self.timing, now));
    }
    /// Refreshes of all channels.
    pub(super) fn refreshes(&self) -> u64 {
        self.channels.iter().map(|c| c.refresh.done).sum()
    }
    /// Cycles in which a channel was held for accesses or refreshed; of several the mean.
    pub(super) fn busy(&self) -> u64 {
        let refreshed = self.refreshes() * self.timing.refresh.duration;
        (self.channels.iter().map(|c| c.busy).sum::<u64>() + refreshed) / self.timing.channels
    }
    /// What was found open.
    pub(super) fn rows(&self) -> RowCounts {
        self.regions.iter().fold(RowCounts::default(), |mut sum, r| {
            sum += r.rows;
            sum
        })
    }
    /// What was done for each stage.
    pub(super) fn counts(&self) -> impl Iterator<Item = (StageId, Action, u64)> {
        self.regions.iter().flat_map(|r| {
            let moved = (r.stage, if r.write { Action::Write } else { Action::Read }, r.moved);
            [moved, (r.stage, Action::Activate, r.rows.misses + r.rows.conflicts)]
        })
    }
    /// What it has counted so far.
    pub(super) fn counters(&mut self) -> impl Iterator<Item = &mut u64> {
        let channels = self.channels.iter_mut().flat_map(|c| [&mut c.busy, &mut c.refresh.done]);
        channels.chain(self.regions.iter_mut().flat_map(|r| {
            let RowCounts { hits, misses, conflicts } = &mut r.rows;
            [&mut r.moved, hits, misses, conflicts]
        }))
    }
    /// Writes down the state, with times relative to `now`; what has begun has been worked off before.
    pub(super) fn state(&self, now: u64, out: &mut Vec<u64>) {
        self.channels.iter().for_each(|c| c.state(now, out));
        out.extend(self.regions.iter().map(|r| r.next));
    }
}
