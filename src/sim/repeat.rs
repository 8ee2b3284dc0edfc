//! Batches that repeat themselves: a run over many samples is cut short where its state comes back.
//!
//! Each time a sample is finished, the state of the whole machine is written down relative to that cycle and
//! that sample: every event to come, every server, job, stage, channel and core. If it equals, number for
//! number, the state at an earlier finish, the run goes on as it did from there: the same `period` samples
//! in the same `cycles`, again and again, until a source runs out of samples. So whole periods are left
//! out, and what they add to counters is added; then the run goes on, event by event, to its end. Nothing is
//! estimated: a test compares with runs that leave nothing out.
//!
//! A memory that refreshes itself is in the same state only where the same part of its interval has gone by: a run
//! comes back when a few samples take whole intervals together, and otherwise goes through all of its samples.

use super::ledger::Tally;
use super::run::World;
use super::timeline::Rest;

/// States that are kept for comparison: longer periods are not found.
const KEPT: usize = 8;
/// Samples after which a run that has not come back is watched no more.
const PATIENCE: u64 = 64;
/// Fewest samples for which a state is worth writing down.
const LEAST: u64 = 6;

/// The state of the machine when a sample was finished, and what was counted by then.
#[derive(Debug)]
struct Mark {
    state: Vec<u64>,
    tally: Tally,
    busy: Vec<u64>,
    jobs: Vec<u64>,
    mvms: Vec<u64>,
    rests: Vec<Rest>,
    sample: u64,
    cycle: u64,
    events: u64,
}

/// What was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    /// Samples finished before it.
    after: u64,
    pub(super) periods: u64,
    /// Samples and cycles of one period.
    pub(super) samples: u64,
    pub(super) cycles: u64,
}

/// Counts of one period: what servers count, jobs by route, MVMs by unit, rest by part with gates, events.
type Added = (Tally, Vec<u64>, Vec<u64>, Vec<u64>, Vec<Rest>, u64);

/// Watches a run for states that come back.
#[derive(Debug, Default)]
pub(super) struct Watch {
    marks: Vec<Mark>,
    gap: Option<Gap>,
    added: Option<Added>,
}

impl Watch {
    /// Looks at a world that has just finished its `sample`-th sample of `samples`: what can be left out, up to cycle
    /// `last`.
    pub(super) fn finished(&mut self, world: &mut World, sample: u64, samples: u64, last: u64) -> Option<Gap> {
        if self.gap.is_some() || samples < LEAST || sample >= samples || sample > PATIENCE {
            return None;
        }
        let mark = Mark::new(world, sample);
        let same = self.marks.iter().rev().find(|m| m.state == mark.state);
        let Some(old) = same else {
            if self.marks.len() == KEPT {
                self.marks.remove(0);
            }
            self.marks.push(mark);
            return None;
        };
        let (period, cycles) = (sample - old.sample, mark.cycle - old.cycle);
        // a stage asks for the number of samples only to know whether it has issued its last position: up to the jump
        // none may have
        let least = world.stages.iter().map(|s| s.issued / s.positions + 1).max().unwrap_or(samples);
        let periods = (samples.saturating_sub(least) / period).min((last - mark.cycle) / cycles.max(1));
        if periods == 0 {
            return None;
        }
        self.gap = Some(Gap { after: sample, periods, samples: period, cycles });
        let less = |new: &[u64], old: &[u64]| new.iter().zip(old).map(|(a, b)| a - b).collect();
        self.added = Some((
            mark.tally.since(&old.tally),
            less(&mark.busy, &old.busy),
            less(&mark.jobs, &old.jobs),
            less(&mark.mvms, &old.mvms),
            mark.rests.iter().zip(&old.rests).map(|(new, old)| new.since(*old)).collect(),
            mark.events - old.events,
        ));
        self.marks.clear();
        self.gap
    }

    /// Adds what was left out.
    pub(super) fn settle(self, world: &mut World) {
        let (Some(gap), Some((tally, busy, jobs, mvms, rests, events))) = (self.gap, self.added) else { return };
        let n = gap.periods;
        world.ledger.repeat(&tally, n, n * gap.cycles);
        world.transport.repeat(&busy, &jobs, n);
        world.units.iter_mut().zip(&mvms).for_each(|(u, m)| u.core.mvms += m * n);
        world.rested.iter_mut().zip(&rests).for_each(|(all, r)| *all = all.and(n, *r));
        world.events += events * n;
        let finished = &mut world.ledger.finished;
        let rest = finished.split_off(gap.after as usize);
        for _ in 0..n * gap.samples {
            finished.push(finished[finished.len() - gap.samples as usize] + gap.cycles);
        }
        finished.extend(rest.into_iter().map(|c| c + n * gap.cycles));
    }
}

impl Mark {
    fn new(world: &mut World, sample: u64) -> Self {
        let mut state = Vec::new();
        let now = world.now;
        let busy = world.transport.state(now, &mut state);
        world.queue.state(&mut state);
        for s in &world.stages {
            s.state(sample, now, &mut state);
        }
        for c in &world.channels {
            c.state(sample, &mut state);
        }
        world.converters.iter().for_each(|c| c.state(now, &mut state));
        world.domains.iter().for_each(|d| d.state(now, &mut state));
        for u in &world.units {
            let stage = &world.stages[u.stage as usize];
            let done = sample * stage.positions;
            state.push(stage.replicas[u.replica as usize].ahead(u));
            // a result that is late already may leave at any time
            state.push(u.ready.map_or(0, |at| 1 + at.saturating_sub(now)));
            state.extend([u.next_result.wrapping_sub(done), u.next_load.wrapping_sub(done)]);
            u.core.state(now, &mut state);
        }
        let busy_stage = |s: usize| world.stages[s].issued != world.stages[s].delivered;
        let tally = world.ledger.state(now, sample, busy_stage, &mut state);
        let jobs = world.transport.routes.iter().map(|r| r.jobs).collect();
        let mvms = world.units.iter().map(|u| u.core.mvms).collect();
        let (rests, events) = (world.rests(), world.events);
        Self { state, tally, busy, jobs, mvms, rests, sample, cycle: now, events }
    }
}
