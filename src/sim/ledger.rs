//! Times of stages, kept while the run goes on.

use super::timeline::{PositionTime, StageTimes, StallCause};
use crate::id::Id;
use crate::sched::StageId;

#[derive(Debug, Default)]
struct Course {
    start: Option<u64>,
    end: u64,
    busy: u64,
    busy_since: u64,
    cause: Option<StallCause>,
    since: u64,
    stalls: [u64; 3],
    /// Issue and delivery of each position, if traced.
    trace: Vec<(u64, u64)>,
    /// Positions of a sample.
    positions: usize,
}

/// Times of all stages and samples.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    stages: Vec<Course>,
    /// Sinks that have finished each sample.
    sinks_done: Vec<u32>,
    sinks: u32,
    /// Cycle in which each sample was finished.
    pub(super) finished: Vec<u64>,
}

/// Sums of all stages at some cycle: busy cycles, and stalls by cause.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tally(Vec<(u64, [u64; 3])>);

impl Tally {
    /// What has been added since an earlier one.
    pub(super) fn since(&self, old: &Self) -> Self {
        let less = |a: &[u64; 3], b: &[u64; 3]| [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
        Self(self.0.iter().zip(&old.0).map(|(a, b)| (a.0 - b.0, less(&a.1, &b.1))).collect())
    }
}

const CAUSES: [StallCause; 3] = [StallCause::Input, StallCause::Busy, StallCause::Full];

impl Ledger {
    /// For stages with the given positions.
    pub(super) fn new(positions: impl Iterator<Item = usize>, samples: usize, sinks: u32, trace: bool) -> Self {
        let traced = if trace { samples } else { 0 };
        let stages =
            positions.map(|n| Course { trace: vec![(0, 0); n * traced], positions: n, ..Course::default() }).collect();
        Self { stages, sinks_done: vec![0; samples], sinks, finished: Vec::with_capacity(samples) }
    }
    /// A position begins.
    pub(super) fn issued(&mut self, stage: usize, position: u64, delivered: u64, now: u64) {
        let c = &mut self.stages[stage];
        if position == delivered {
            c.busy_since = now;
        }
        c.start.get_or_insert(now);
        if let Some(t) = c.trace.get_mut(position as usize) {
            t.0 = now;
        }
    }
    /// The positions below `delivered` have arrived everywhere.
    pub(super) fn delivered(&mut self, stage: usize, delivered: u64, issued: u64, now: u64, sample: Option<u64>) {
        let c = &mut self.stages[stage];
        c.end = now;
        if delivered == issued {
            c.busy += now - c.busy_since;
        }
        if let Some(t) = c.trace.get_mut(delivered as usize - 1) {
            t.1 = now;
        }
        if let Some(sample) = sample {
            let done = &mut self.sinks_done[sample as usize];
            *done += 1;
            if *done == self.sinks {
                self.finished.push(now);
            }
        }
    }
    /// What the stage's next position waits for from now on; what it waited for until now, if that is another thing,
    /// and since when.
    pub(super) fn stall(&mut self, stage: usize, cause: Option<StallCause>, now: u64) -> Option<(StallCause, u64)> {
        let c = &mut self.stages[stage];
        if c.cause == cause {
            return None;
        }
        let over = c.cause.map(|old| {
            c.stalls[old as usize] += now - c.since;
            (old, c.since)
        });
        c.cause = cause;
        c.since = now;
        over
    }
    /// Writes down what the stages wait for and when they last delivered, relative to `now`, and the samples
    /// that some sinks have finished; returns the sums up to now, what is not over yet included. `busy` says
    /// which stages have a position in work.
    pub(super) fn state(&self, now: u64, sample: u64, busy: impl Fn(usize) -> bool, out: &mut Vec<u64>) -> Tally {
        for c in &self.stages {
            out.extend([c.cause.map_or(u64::MAX, |cause| cause as u64), now.wrapping_sub(c.end)]);
        }
        out.extend(self.sinks_done.iter().skip(sample as usize).take_while(|n| **n > 0).map(|n| u64::from(*n)));
        let sums = |(stage, c): (usize, &Course)| {
            let mut stalls = c.stalls;
            if let Some(cause) = c.cause {
                stalls[cause as usize] += now - c.since;
            }
            (c.busy + if busy(stage) { now - c.busy_since } else { 0 }, stalls)
        };
        Tally(self.stages.iter().enumerate().map(sums).collect())
    }
    /// Adds the sums of `n` periods and moves the ends by `cycles`.
    pub(super) fn repeat(&mut self, tally: &Tally, n: u64, cycles: u64) {
        for (c, (busy, stalls)) in self.stages.iter_mut().zip(&tally.0) {
            c.busy += busy * n;
            c.stalls.iter_mut().zip(stalls).for_each(|(s, t)| *s += t * n);
            c.end += cycles;
        }
    }
    /// The course of each stage.
    pub(super) fn times(&self) -> impl Iterator<Item = StageTimes> {
        self.stages.iter().map(|c| StageTimes {
            start: c.start.unwrap_or(0),
            end: c.end,
            busy: c.busy,
            stalls: CAUSES
                .into_iter()
                .filter(|s| c.stalls[*s as usize] > 0)
                .map(|s| (s, c.stalls[s as usize]))
                .collect(),
        })
    }
    /// The traced positions, stage by stage.
    pub(super) fn trace(&self) -> Vec<PositionTime> {
        let of = |(stage, c): (usize, &Course)| {
            let stage = StageId::new(stage);
            let times = c.trace.iter().enumerate();
            let place = |n: usize| (n / c.positions, n % c.positions);
            times
                .map(|(n, (start, end))| {
                    let (sample, position) = place(n);
                    PositionTime { stage, sample, position, start: *start, end: *end }
                })
                .collect()
        };
        self.stages.iter().enumerate().flat_map(|c| -> Vec<PositionTime> { of(c) }).collect()
    }
}
