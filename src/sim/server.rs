//! A server: a part that works for one job at a time (port, bus, link, vector unit, memory port).
//!
//! It is granted in the first cycle, from the request on, in which it is free and awake and its clock has an edge
//! ([`Server::opening`]); it is then held for cycles known beforehand, or kept until a later leg gives it back
//! ([`Server::take`], [`Server::give_back`]).

use std::collections::VecDeque;

use super::gate::Gate;
use super::timeline::Rest;

/// State of a server.
#[derive(Debug, Clone, Default)]
pub(super) struct Server {
    /// Cycles to one of its own clock, at whose edges it is granted; 0 stands for the clock of the chip.
    divider: u32,
    /// Cycle from which it is free, while nobody keeps it.
    free: u64,
    /// Kept until a leg ends whose grant is not known yet.
    pub(super) kept: bool,
    /// Grant to the job that keeps it.
    since: u64,
    /// Cycles held; a job that keeps it is counted when it gives it back.
    pub(super) busy: u64,
    /// Its gate, if it has one.
    pub(super) gate: Option<Box<Gate>>,
    /// Legs that have asked while it was kept.
    pub(super) waiting: VecDeque<u32>,
}

impl Server {
    /// Begins only in cycles that `divider` divides; checked before: no divider is large.
    pub(super) fn divide(&mut self, divider: u64) {
        self.divider = if divider > 1 { divider as u32 } else { 0 };
    }
    /// First cycle from `now` on in which it can be granted to who asks then, while nobody keeps it.
    #[inline]
    pub(super) fn opening(&mut self, now: u64) -> u64 {
        let mut at = self.free.max(now);
        if let Some(gate) = &mut self.gate {
            at = at.max(gate.ask(self.free, now));
        }
        if self.divider > 0 { at.next_multiple_of(u64::from(self.divider)) } else { at }
    }
    /// Works from `at` on, for `hold` cycles or until it is given back.
    #[inline]
    pub(super) fn take(&mut self, at: u64, hold: Option<u32>) {
        match hold {
            None => (self.kept, self.since) = (true, at),
            Some(hold) => {
                self.free = at + u64::from(hold);
                self.busy += u64::from(hold);
            }
        }
    }
    /// Is no longer kept from `at` on.
    pub(super) fn give_back(&mut self, at: u64) {
        self.busy += at - self.since;
        (self.kept, self.free) = (false, at);
    }
    /// Writes down the state, with times relative to `now`; a grant may lie in the future.
    pub(super) fn state(&self, now: u64, out: &mut Vec<u64>) {
        if self.divider > 0 {
            out.push(now % u64::from(self.divider));
        }
        let until = if self.kept { self.since.wrapping_sub(now) } else { self.free.saturating_sub(now) };
        out.extend([u64::from(self.kept), until, self.waiting.len() as u64]);
        out.extend(self.waiting.iter().map(|leg| u64::from(*leg)));
        if let Some(gate) = self.gate.as_ref().filter(|_| !self.kept) {
            out.push(gate.state(self.free, now));
        }
    }
    /// How it has rested up to cycle `now`, if it has a gate.
    pub(super) fn rest(&self, now: u64) -> Option<Rest> {
        self.gate.as_ref().map(|gate| gate.until((!self.kept).then_some(self.free), now))
    }
}
