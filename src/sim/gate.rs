//! Gates: when a part falls asleep, what waking takes, and how long it has rested.
//!
//! For a part that is idle from cycle `s` on and asked in cycle `r`, with a power gate `after`, `wake`:
//!
//! ```text
//! r ≤ s + after    it is awake; it can start in r (asked in the very cycle s + after, it stays awake)
//! r > s + after    asleep in the cycles s + after … r − 1, awake from r on; it can start in r + wake
//! ```
//!
//! Nothing happens when a part falls asleep: it is found out when the part is asked, and at the end of the run for
//! those that nobody asks again. A run begins with all parts awake, as if they had worked until cycle 0.
//!
//! *Servers* are idle from the end of their last job on and asked by requests ([`super::server`]); a bus that is behind
//! a port is asked when the port has been granted, so that two sleeping parts wake one after the other. *Cores* are one
//! domain each ([`Domain`]): asked when a vector stands in an input register, busy until every vector has become a
//! result in an output register; a result that waits for the register lies in the adders, which stay awake for it. A
//! vector is seen when it is there, and not, as in a core without gates, as soon as it is certain that it will be: only
//! then is it known in which order the crossbars of a core ask. The cycles are the same.

use super::timeline::Rest;
use crate::sched::PowerGate;

/// The gate of a part and how it has rested.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate {
    power: Option<PowerGate>,
    rest: Rest,
}

impl Gate {
    /// Of a part that has not rested yet; without a power gate it never sleeps, and only its idle cycles are counted.
    pub(super) fn new(power: Option<PowerGate>) -> Self {
        Self { power, rest: Rest::default() }
    }
    /// A part that is idle from cycle `since` on is asked in cycle `now`; the cycle from which on it can start.
    pub(super) fn ask(&mut self, since: u64, now: u64) -> u64 {
        let before = self.rest.asleep;
        self.rest = self.until(Some(since), now);
        if self.rest.asleep == before {
            return now;
        }
        self.rest.wakes += 1;
        now + self.power.map_or(0, |p| p.wake)
    }
    /// How a part has rested up to cycle `now` that is idle `since` then, if it is.
    pub(super) fn until(&self, since: Option<u64>, now: u64) -> Rest {
        let mut rest = self.rest;
        if let Some(since) = since {
            rest.idle += now.saturating_sub(since);
            let asleep = self.power.map_or(u64::MAX, |p| since.saturating_add(p.after));
            rest.asleep += now.saturating_sub(asleep);
        }
        rest
    }
    /// What counts of the past of a part that is idle from cycle `since` on: for how long, up to falling asleep.
    pub(super) fn state(&self, since: u64, now: u64) -> u64 {
        self.power.map_or(0, |p| now.saturating_sub(since).min(p.after.saturating_add(1)))
    }
}

/// Converters and adders of a core with gates.
#[derive(Debug, Clone, Default)]
pub(super) struct Domain {
    gate: Gate,
    /// Vectors in the core that are no result in an output register yet, as far as is known.
    vectors: u64,
    /// Cycle from which it is idle, or will be, where no other vector is in it.
    until: u64,
    /// Cycle from which it is awake.
    ready: u64,
}

impl Domain {
    /// An idle core.
    pub(super) fn new(power: Option<PowerGate>) -> Self {
        Self { gate: Gate::new(power), ..Self::default() }
    }
    /// A vector stands in an input register; the cycle from which on the core can work at it.
    pub(super) fn load(&mut self, now: u64) -> u64 {
        if self.vectors == 0 {
            // the end of a vector may be planned before the core is awake for it
            self.ready = self.ready.max(self.gate.ask(self.until, now));
        }
        self.vectors += 1;
        self.ready.max(now)
    }
    /// A result stands in an output register from cycle `at` on, which is not over yet.
    pub(super) fn done(&mut self, at: u64) {
        self.vectors -= 1;
        self.until = self.until.max(at);
    }
    /// How it has rested up to cycle `now`.
    pub(super) fn rest(&self, now: u64) -> Rest {
        self.gate.until((self.vectors == 0).then_some(self.until), now)
    }
    /// Writes down the state with times relative to `now`.
    pub(super) fn state(&self, now: u64, out: &mut Vec<u64>) {
        let ahead = [self.until, self.ready].map(|t| t.saturating_sub(now));
        let idle = if self.vectors == 0 { self.gate.state(self.until, now) } else { 0 };
        out.extend([self.vectors, idle]);
        out.extend(ahead);
    }
}
