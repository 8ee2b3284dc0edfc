//! Shared servers and the jobs that walk over them: the one mechanism behind buffer ports, buses, mesh
//! links, vector units and the memory port.
//!
//! - *Arbitration*: first come, first served. Among requests of the same cycle the lower route number
//!   goes first; routes are numbered stage by stage in topological order, within a stage load, result,
//!   vector operation, delivery, and within those by replica, unit and channel. A server that is released
//!   in a cycle serves the requests of earlier cycles before those of this one.
//! - *Capacity*: a server works for one job at a time; its queue is not bounded, because every job has
//!   reserved its destination (input slot, operand latch, output latch, channel credit) before it starts.
//!   So no job ever blocks a server, and only channels can deadlock.
//! - *Latency and interval* of a leg are set by the route (see [`super::routes`]): the server is held for
//!   `hold` cycles from the grant, the job goes on `advance` cycles after the grant. A leg with `keep` hands
//!   its server to the next leg instead: port and bus move the same bytes at the same time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::queue::{Event, Queue};

/// No server.
pub(super) const NONE: u32 = u32::MAX;

/// A part of a route on one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leg {
    pub(super) server: u32,
    /// Cycles before the server is asked.
    pub(super) before: u64,
    /// Cycles from the grant to the release of the server.
    pub(super) hold: u64,
    /// Cycles from the grant to the end of the leg.
    pub(super) advance: u64,
    /// The server stays taken until a later leg gives it back.
    pub(super) keep: bool,
    /// A kept server that is given back at the end of this leg.
    pub(super) frees: u32,
    /// The bytes have left their origin when this leg's server is released.
    pub(super) leaves: bool,
    /// The route that this leg belongs to.
    pub(super) route: u32,
}

/// Who is told when a job arrives, or leaves its origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Input of a position into a unit's input register.
    Load {
        /// The unit.
        unit: u32,
    },
    /// Operands of a digital stage, or a position of a source.
    Read {
        /// The stage.
        stage: u32,
    },
    /// Result of a unit to the vector unit.
    Result {
        /// The unit.
        unit: u32,
    },
    /// Vector operation of a stage.
    Operate {
        /// The stage.
        stage: u32,
    },
    /// A position into the buffer of a channel.
    Deliver {
        /// The channel.
        channel: u32,
    },
    /// A position of a sink into the global buffer.
    Store {
        /// The stage.
        stage: u32,
    },
}

/// A fixed way through the machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route {
    /// First leg.
    pub(super) first: u32,
    /// One after the last leg; a route without legs takes no time.
    pub(super) end: u32,
    pub(super) purpose: Purpose,
    /// Jobs that were started.
    pub(super) jobs: u64,
}

#[derive(Debug, Clone, Default)]
struct Server {
    taken: bool,
    since: u64,
    busy: u64,
    waiting: VecDeque<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Job {
    route: u32,
    leg: u32,
}

/// What a job has just done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// The bytes have left the place they came from.
    Left(Purpose),
    /// The job is over.
    Done(Purpose),
}

/// All servers, routes and jobs.
#[derive(Debug, Default)]
pub(super) struct Transport {
    pub(super) legs: Vec<Leg>,
    pub(super) routes: Vec<Route>,
    servers: Vec<Server>,
    jobs: Vec<Job>,
    /// Unused places of the table; the lowest is taken first, so that numbers depend on what is under way alone.
    idle: BinaryHeap<Reverse<u32>>,
}

impl Transport {
    /// Idle servers and no route.
    pub(super) fn new(servers: usize) -> Self {
        Self { servers: vec![Server::default(); servers], ..Self::default() }
    }
    /// Cycles in which a server was held.
    pub(super) fn busy(&self, server: u32) -> u64 {
        self.servers[server as usize].busy
    }

    /// Writes down servers and jobs, with times relative to `now`; returns the busy cycles of each server so far.
    pub(super) fn state(&self, now: u64, out: &mut Vec<u64>) -> Vec<u64> {
        for s in &self.servers {
            out.push(if s.taken { (now - s.since) << 1 | 1 } else { 0 });
            out.push(s.waiting.len() as u64);
            out.extend(s.waiting.iter().map(|j| u64::from(*j)));
        }
        let mut idle = vec![false; self.jobs.len()];
        self.idle.iter().for_each(|Reverse(j)| idle[*j as usize] = true);
        // what an idle place last held does not matter
        let under_way = self.jobs.iter().zip(idle).enumerate().filter(|(_, (_, idle))| !idle);
        out.extend(under_way.flat_map(|(n, (j, _))| [n as u64, u64::from(j.route) << 32 | u64::from(j.leg)]));
        // a server that is held began so long ago in both states: what it has not yet counted cancels
        self.servers.iter().map(|s| s.busy).collect()
    }
    /// Adds busy cycles and jobs of `n` periods.
    pub(super) fn repeat(&mut self, busy: &[u64], jobs: &[u64], n: u64) {
        self.servers.iter_mut().zip(busy).for_each(|(s, b)| s.busy += b * n);
        self.routes.iter_mut().zip(jobs).for_each(|(r, j)| r.jobs += j * n);
    }

    /// Starts a job.
    pub(super) fn start(&mut self, route: u32, now: u64, queue: &mut Queue) {
        let r = &mut self.routes[route as usize];
        r.jobs += 1;
        let at = Job { route, leg: r.first };
        let empty = r.first == r.end;
        let job = match self.idle.pop() {
            Some(Reverse(job)) => {
                self.jobs[job as usize] = at;
                job
            }
            None => {
                self.jobs.push(at);
                (self.jobs.len() - 1) as u32
            }
        };
        if empty {
            queue.push(now, Event::Advance { job, release: false });
        } else {
            self.ask(job, now, queue);
        }
    }

    fn ask(&mut self, job: u32, now: u64, queue: &mut Queue) {
        let Job { route, leg } = self.jobs[job as usize];
        let l = &self.legs[leg as usize];
        queue.push(now + l.before, Event::Request { server: l.server, route, job });
    }

    /// A request reaches its server.
    pub(super) fn request(&mut self, server: u32, job: u32, now: u64, queue: &mut Queue) {
        let s = &mut self.servers[server as usize];
        if s.taken {
            s.waiting.push_back(job);
        } else {
            self.grant(server, job, now, queue);
        }
    }

    fn grant(&mut self, server: u32, job: u32, now: u64, queue: &mut Queue) {
        let s = &mut self.servers[server as usize];
        s.taken = true;
        s.since = now;
        let leg = self.jobs[job as usize].leg;
        let l = &self.legs[leg as usize];
        let release = !l.keep && l.hold == l.advance;
        if !l.keep && !release {
            queue.push(now + l.hold, Event::Release { leg });
        }
        queue.push(now + l.advance, Event::Advance { job, release });
    }

    fn give_back(&mut self, server: u32, now: u64, queue: &mut Queue) {
        let s = &mut self.servers[server as usize];
        s.taken = false;
        s.busy += now - s.since;
        if let Some(job) = s.waiting.pop_front() {
            self.grant(server, job, now, queue);
        }
    }

    /// The server of a leg is free again.
    pub(super) fn release(&mut self, leg: u32, now: u64, queue: &mut Queue) -> Option<Notice> {
        let l = self.legs[leg as usize];
        self.give_back(l.server, now, queue);
        l.leaves.then(|| Notice::Left(self.routes[l.route as usize].purpose))
    }

    /// A job ends its leg and turns to the next.
    pub(super) fn advance(&mut self, job: u32, now: u64, queue: &mut Queue) -> Option<Notice> {
        let at = &mut self.jobs[job as usize];
        let route = self.routes[at.route as usize];
        if at.leg < route.end {
            let frees = self.legs[at.leg as usize].frees;
            at.leg += 1;
            let more = at.leg < route.end;
            if frees != NONE {
                self.give_back(frees, now, queue);
            }
            if more {
                self.ask(job, now, queue);
                return None;
            }
        }
        self.idle.push(Reverse(job));
        Some(Notice::Done(route.purpose))
    }
    /// Leg that a job is on.
    pub(super) fn leg_of(&self, job: u32) -> u32 {
        self.jobs[job as usize].leg
    }
}
