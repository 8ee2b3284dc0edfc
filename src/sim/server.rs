//! A server: a part that works for one job at a time (port, bus, link, vector unit, memory port), or a memory with
//! several ports, for as many jobs.
//!
//! A job is granted in the first cycle, from the request on, in which the part (one of its ports) is free and awake
//! ([`super::gate`]) and its clock has an edge ([`Server::opening`]); it is then held for cycles known beforehand, or
//! kept until a later leg gives it back ([`Server::take`], [`Server::give_back`]).
//!
//! *Ports* are equal: an access takes the one that is free first. A request that finds none free goes to the first that
//! comes free. While one is kept it is not known which that is: the request waits until a port is given back, or until
//! the first cycle in which a port comes free that is not kept ([`Opening::Perhaps`]).
//!
//! *Refresh* ([`super::refresh`]) is a job that takes all ports. From the cycle on in which it is due nothing else is
//! granted; it begins as soon as all ports are free, before every request that waits, and cuts into no access. A port
//! that is kept while its job waits for the bus delays it (the postponement that DRAM standards allow). No event is
//! spent on it: what has fallen due is worked off when the next request asks.

use std::collections::VecDeque;

use super::gate::Gate;
use super::refresh::Refresh;
use super::timeline::Rest;

/// A cycle that never comes: a port is free from then on while it is kept.
const KEPT: u64 = u64::MAX;

/// A port.
#[derive(Debug, Clone, Copy, Default)]
struct Port {
    /// Cycle from which it is free; [`KEPT`] until a leg ends whose grant is not known yet.
    free: u64,
    /// Grant to the job that keeps it.
    since: u64,
}

/// When a request can be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// In this cycle.
    At(u64),
    /// In this cycle, if no port is given back before.
    Perhaps(u64),
    /// When a port has been given back.
    Unknown,
}

/// State of a server.
#[derive(Debug, Clone, Default)]
pub(super) struct Server {
    /// Cycles to one of its own clock, at whose edges it is granted; 0 stands for the clock of the chip.
    divider: u32,
    port: Port,
    /// Cycles held, of all ports together and without refreshes; a job that keeps a port is counted when it gives it
    /// back.
    busy: u64,
    /// Its gate, if it has one; what has several ports or a refresh has none.
    pub(super) gate: Option<Box<Gate>>,
    /// Legs that have asked and could not be granted at once.
    pub(super) waiting: VecDeque<u32>,
    /// What only some memories have.
    more: Option<Box<More>>,
}

/// Further ports, and refresh.
#[derive(Debug, Clone)]
struct More {
    ports: Vec<Port>,
    refresh: Option<Refresh>,
}

impl Server {
    /// Begins only in cycles that `divider` divides; checked before: no divider is large.
    pub(super) fn divide(&mut self, divider: u64) {
        self.divider = if divider > 1 { divider as u32 } else { 0 };
    }
    /// Has so many ports, at least one, and refreshes itself.
    pub(super) fn equip(&mut self, ports: u32, refresh: Option<Refresh>) {
        if ports > 1 || refresh.is_some() {
            let ports = vec![Port::default(); ports.max(1) as usize - 1];
            self.more = Some(Box::new(More { ports, refresh }));
        }
    }
    /// When a request of cycle `now` can be granted that nobody is in front of. What is due until then is worked off.
    #[inline]
    pub(super) fn opening(&mut self, now: u64) -> Opening {
        if self.more.is_some() {
            return self.opening_of_ports(now);
        }
        if self.port.free == KEPT {
            return Opening::Unknown;
        }
        let mut at = self.port.free.max(now);
        if let Some(gate) = &mut self.gate {
            at = at.max(gate.ask(self.port.free, now));
        }
        Opening::At(if self.divider > 0 { at.next_multiple_of(u64::from(self.divider)) } else { at })
    }
    fn opening_of_ports(&mut self, now: u64) -> Opening {
        let Some(more) = &mut self.more else { return Opening::Unknown };
        loop {
            let all = std::iter::once(&self.port).chain(&more.ports).map(|p| p.free);
            let (first, last) = all.fold((KEPT, 0), |(a, b), free| (a.min(free), b.max(free)));
            let at = first.max(now);
            match &mut more.refresh {
                _ if first == KEPT => return Opening::Unknown,
                Some(refresh) if refresh.due() <= at => {
                    if last == KEPT {
                        return Opening::Unknown;
                    }
                    let free = refresh.serve(last, at);
                    self.port.free = free;
                    more.ports.iter_mut().for_each(|p| p.free = free);
                }
                _ if at > now && last == KEPT => return Opening::Perhaps(at),
                _ => return Opening::At(at),
            }
        }
    }
    /// Works from `at` on, for `hold` cycles or until it is given back.
    #[inline]
    pub(super) fn take(&mut self, at: u64, hold: Option<u32>) {
        let port = match &mut self.more {
            None => &mut self.port,
            Some(more) => std::iter::once(&mut self.port)
                .chain(&mut more.ports)
                .min_by_key(|p| p.free)
                .expect("the first port is there"),
        };
        match hold {
            None => *port = Port { free: KEPT, since: at },
            Some(hold) => {
                port.free = at + u64::from(hold);
                self.busy += u64::from(hold);
            }
        }
    }
    /// One port is no longer kept from `at` on: of several the one that was taken first, which makes no difference.
    pub(super) fn give_back(&mut self, at: u64) {
        let kept = std::iter::once(&mut self.port).chain(self.more.iter_mut().flat_map(|m| &mut m.ports));
        let port = kept.filter(|p| p.free == KEPT).min_by_key(|p| p.since).expect("who gives back has taken");
        self.busy += at - port.since;
        port.free = at;
    }
    /// Works off the refreshes that begin by cycle `now`.
    pub(super) fn settle(&mut self, now: u64) {
        let Some(More { ports, refresh: Some(refresh) }) = self.more.as_deref_mut() else { return };
        let mut free = ports.iter().map(|p| p.free).fold(self.port.free, u64::max);
        // no further: those that are still put off count when they begin
        while refresh.due().max(free) <= now {
            free = refresh.serve(free, refresh.due());
            self.port.free = free;
            ports.iter_mut().for_each(|p| p.free = free);
        }
    }
    /// Refreshes so far.
    pub(super) fn refreshes(&self) -> u64 {
        self.more.as_ref().and_then(|m| m.refresh.as_ref()).map_or(0, |r| r.done)
    }
    /// Cycles in which it was held, refreshes included; of several ports the mean.
    pub(super) fn busy(&self) -> u64 {
        let Some(more) = &self.more else { return self.busy };
        let refreshed = more.refresh.as_ref().map_or(0, |r| r.done * r.duration());
        self.busy / (1 + more.ports.len() as u64) + refreshed
    }
    /// What it has counted so far.
    pub(super) fn counters(&mut self) -> impl Iterator<Item = &mut u64> {
        let refreshes = self.more.iter_mut().filter_map(|m| m.refresh.as_mut()).map(|r| &mut r.done);
        std::iter::once(&mut self.busy).chain(refreshes)
    }
    /// Writes down the state, with times relative to `now`; a grant may lie in the future. What has begun has been
    /// worked off before ([`Self::settle`]).
    pub(super) fn state(&self, now: u64, out: &mut Vec<u64>) {
        if self.divider > 0 {
            out.push(now % u64::from(self.divider));
        }
        let told = |p: &Port| {
            let kept = p.free == KEPT;
            [u64::from(kept), if kept { p.since.wrapping_sub(now) } else { p.free.saturating_sub(now) }]
        };
        match &self.more {
            None => out.extend(told(&self.port)),
            Some(more) => {
                // which port it is makes no difference
                let mut ports: Vec<_> = std::iter::once(&self.port).chain(&more.ports).map(told).collect();
                ports.sort_unstable();
                out.extend(ports.into_iter().flatten());
                out.extend(more.refresh.as_ref().map(|r| r.due().wrapping_sub(now)));
            }
        }
        out.push(self.waiting.len() as u64);
        out.extend(self.waiting.iter().map(|leg| u64::from(*leg)));
        if let Some(gate) = self.gate.as_ref().filter(|_| self.port.free != KEPT) {
            out.push(gate.state(self.port.free, now));
        }
    }
    /// How it has rested up to cycle `now`, if it has a gate.
    pub(super) fn rest(&self, now: u64) -> Option<Rest> {
        self.gate.as_ref().map(|gate| gate.until(Some(self.port.free).filter(|free| *free != KEPT), now))
    }
}
