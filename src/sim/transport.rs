//! Shared servers and the jobs that walk over them: the one mechanism behind buffer ports, buses, mesh
//! links, vector units and the memory port.
//!
//! - *Arbitration*: first come, first served. Among requests of the same cycle the lower route number
//!   goes first; routes are numbered stage by stage in topological order, within a stage load, result,
//!   vector operation, delivery, and within those by replica, unit and channel. A server that is released
//!   in a cycle serves the requests of earlier cycles before those of this one.
//! - *Capacity*: a server works for one job at a time (a memory with ports for as many, [`super::server`]); its queue
//!   is not bounded, because every job has reserved its destination (input slot, operand latch, output latch, channel
//!   credit) before it starts. So no job ever blocks a server, and only channels can deadlock.
//! - *Latency and interval* of a leg are set by the route (see [`super::routes`]): the server is held for
//!   `hold` cycles from the grant, the job goes on `advance` cycles after the grant. A leg with `keep` hands
//!   its server to the next leg instead: port and bus move the same bytes at the same time.
//! - *Clock*: a server with a clock of its own, whose edges are the cycles that its divider divides, is granted at
//!   an edge: the first at which it is free and the request has been made.
//!
//! - *Mesh flit by flit*: a leg whose server stands behind the last one is a message for the network of a chip
//!   ([`super::flits`]); it goes on when its tail has arrived.
//!
//! Because nobody overtakes, the grant is known when the request is made: it is the later of now and the end of the
//! jobs before, or later by what waking takes ([`super::gate`]), or the edge behind it. So a leg costs one event, the
//! request; what follows from it is planned at once, also what lies in the future. Only behind a server that is kept
//! until a later leg ends do requests wait in a queue: until that end is known, or until another port of the server
//! comes free.

use super::dram::Dram;
use super::flits::Flits;
use super::gate::Gate;
use super::queue::{Event, MAX_INDEX, Queue};
use super::recorder::Recorder;
use super::refresh::Refresh;
use super::server::{Opening, Server};
use super::timeline::Rest;
use crate::sched::{MeshTiming, PowerGate};

/// The memory port.
pub(super) const MEMORY: u32 = 0;
/// No server.
pub(super) const NONE: u32 = u32::MAX;
/// No leg: a request of those that wait for a server already.
const WAITING: u32 = MAX_INDEX as u32;

/// A part of a route on one server. Small, because every event reads one: cycles fit 32 bits
/// ([`super::check`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leg {
    /// The server, or behind the last of them the network of a chip: then `advance` is the line of the message and
    /// `hold` the time from the end of sending until it has left its origin.
    pub(super) server: u32,
    /// Cycles before the server is asked.
    pub(super) before: u32,
    /// Cycles from the grant to the release of the server.
    pub(super) hold: u32,
    /// Cycles from the grant to the end of the leg.
    pub(super) advance: u32,
    /// A kept server that is given back at the end of this leg.
    pub(super) frees: u32,
    /// The route that this leg belongs to, and who is told of its jobs.
    pub(super) route: u32,
    pub(super) purpose: Purpose,
    /// The server stays taken until a later leg gives it back.
    pub(super) keep: bool,
    /// The bytes have left their origin when this leg's server is released.
    pub(super) leaves: bool,
    /// The route ends here.
    pub(super) last: bool,
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

/// What became certain for a unit, before it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// Its input register holds the vector.
    Loaded,
    /// Its output register is empty.
    Sent,
    /// Its result stands in front of the vector unit.
    Gathered,
}

/// All servers, routes and jobs. A job is nothing but the request for its next leg.
#[derive(Debug, Default)]
pub(super) struct Transport {
    pub(super) legs: Vec<Leg>,
    pub(super) routes: Vec<Route>,
    servers: Vec<Server>,
    /// The banks behind the memory port, if it leads to a dynamic memory.
    pub(super) dram: Option<Dram>,
    /// Networks of the mesh, where it runs flit by flit.
    pub(super) flits: Flits,
    /// What became certain by the last request: unit, notice and cycle.
    pub(super) told: Vec<(u32, Notice, u64)>,
    /// Writes down what happens, if asked to.
    pub(super) recorder: Option<Box<Recorder>>,
}

impl Transport {
    /// Idle servers, an idle mesh and no route.
    pub(super) fn new(servers: usize, mesh: &MeshTiming) -> Self {
        Self { servers: vec![Server::default(); servers], flits: Flits::new(mesh), ..Self::default() }
    }
    /// Lets a server begin only in cycles that `divider` divides.
    pub(super) fn divide(&mut self, server: u32, divider: u64) {
        self.servers[server as usize].divide(divider);
    }
    /// Gives a memory its ports and its refresh.
    pub(super) fn equip(&mut self, server: u32, ports: u32, refresh: Option<Refresh>) {
        self.servers[server as usize].equip(ports, refresh);
    }
    /// Gives a server a gate.
    pub(super) fn gate(&mut self, server: u32, power: Option<PowerGate>) {
        self.servers[server as usize].gate = Some(Box::new(Gate::new(power)));
    }
    /// The servers with gates, and how each has rested up to cycle `now`.
    pub(super) fn rests(&self, now: u64) -> impl Iterator<Item = (usize, Rest)> {
        self.servers.iter().enumerate().filter_map(move |(number, s)| Some((number, s.rest(now)?)))
    }
    /// Number behind that of the last server: that of the first network.
    pub(super) fn first_mesh(&self) -> u32 {
        self.servers.len() as u32
    }
    /// Cycles in which a server was held.
    pub(super) fn busy(&self, server: u32) -> u64 {
        match &self.dram {
            Some(dram) if server == MEMORY => dram.busy(),
            _ => self.servers[server as usize].busy(),
        }
    }
    /// Refreshes of a server.
    pub(super) fn refreshes(&self, server: u32) -> u64 {
        match &self.dram {
            Some(dram) if server == MEMORY => dram.refreshes(),
            _ => self.servers[server as usize].refreshes(),
        }
    }
    /// Works off the refreshes that begin by cycle `now`.
    pub(super) fn settle(&mut self, now: u64) {
        self.servers.iter_mut().for_each(|s| s.settle(now));
        self.dram.iter_mut().for_each(|d| d.settle(now));
    }

    /// Writes down the servers, with times relative to `now`; returns what they have counted so far.
    pub(super) fn state(&mut self, now: u64, out: &mut Vec<u64>) -> Vec<u64> {
        self.settle(now);
        self.servers.iter().for_each(|s| s.state(now, out));
        self.dram.iter().for_each(|d| d.state(now, out));
        self.flits.state(out);
        // what a kept server has not yet counted is the same in equal states, and so is what others have counted ahead
        self.counters().map(|n| *n).collect()
    }
    /// What the servers have counted: busy cycles, refreshes, rows and bytes of a dynamic memory.
    fn counters(&mut self) -> impl Iterator<Item = &mut u64> {
        self.servers.iter_mut().flat_map(Server::counters).chain(self.dram.iter_mut().flat_map(Dram::counters))
    }
    /// Adds what was counted in `n` periods, and their jobs.
    pub(super) fn repeat(&mut self, counted: &[u64], jobs: &[u64], n: u64) {
        self.counters().zip(counted).for_each(|(all, once)| *all += once * n);
        self.routes.iter_mut().zip(jobs).for_each(|(r, j)| r.jobs += j * n);
    }

    /// Starts a job in cycle `at`, now or later.
    pub(super) fn start(&mut self, route: u32, at: u64, queue: &mut Queue) {
        let r = &mut self.routes[route as usize];
        r.jobs += 1;
        if r.first == r.end {
            queue.push(at, Event::Done { route, left: false });
        } else {
            let first = r.first;
            self.ask(first, at, queue);
        }
    }

    pub(super) fn ask(&self, leg: u32, at: u64, queue: &mut Queue) {
        let l = &self.legs[leg as usize];
        queue.push(at + u64::from(l.before), Event::Request { server: l.server, leg });
    }

    /// A request reaches its server; or those that wait there ask again.
    pub(super) fn request(&mut self, server: u32, leg: u32, now: u64, queue: &mut Queue) {
        if let Some(recorder) = &mut self.recorder {
            recorder.request(leg, now);
        }
        if server >= self.first_mesh() {
            return self.offer(leg, now, queue);
        }
        let s = &mut self.servers[server as usize];
        if leg != WAITING {
            if s.waiting.is_empty()
                && let Opening::At(at) = s.opening(now)
            {
                return self.grant(leg, at, now, queue);
            }
            s.waiting.push_back(leg);
        }
        self.serve(server, now, queue);
    }

    /// Gives a leg its server in cycle `at`, now or later, and plans what follows.
    fn grant(&mut self, leg: u32, at: u64, now: u64, queue: &mut Queue) {
        let l = self.legs[leg as usize];
        self.servers[l.server as usize].take(at, (!l.keep).then_some(l.hold));
        let (left, mut over) = (at + u64::from(l.hold), at + u64::from(l.advance));
        if l.server == MEMORY
            && let Some(dram) = &mut self.dram
        {
            over = dram.access(leg, at);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.granted(leg, &l, at, if l.server == MEMORY && self.dram.is_some() { over } else { left });
        }
        if l.last || l.leaves {
            self.tell(&l, left, over, queue);
        }
        if l.frees != NONE {
            self.servers[l.frees as usize].give_back(over);
            if let Some(recorder) = &mut self.recorder {
                recorder.given_back(l.frees, over);
            }
            self.serve(l.frees, now, queue);
        }
        if !l.last {
            self.ask(leg + 1, over, queue);
        }
    }

    /// Tells those who wait for it that the bytes will have left their origin or that the job will be over.
    pub(super) fn tell(&mut self, l: &Leg, left: u64, over: u64, queue: &mut Queue) {
        match l.purpose {
            Purpose::Load { unit } if l.last => self.told.push((unit, Notice::Loaded, over)),
            Purpose::Load { .. } => {}
            Purpose::Result { unit } => {
                if l.leaves {
                    self.told.push((unit, Notice::Sent, left));
                }
                if l.last {
                    self.told.push((unit, Notice::Gathered, over));
                }
            }
            Purpose::Read { .. } | Purpose::Operate { .. } | Purpose::Deliver { .. } | Purpose::Store { .. } => {
                let with = l.leaves && l.last && left == over;
                if l.leaves && !with {
                    queue.push(left, Event::Left { route: l.route });
                }
                if l.last {
                    queue.push(over, Event::Done { route: l.route, left: with });
                }
            }
        }
    }

    /// More may be known of a server: whoever waits for it gets it, in turn, as far as it is.
    fn serve(&mut self, server: u32, now: u64, queue: &mut Queue) {
        loop {
            let s = &mut self.servers[server as usize];
            let Some(leg) = s.waiting.front().copied() else { return };
            match s.opening(now) {
                Opening::At(at) => {
                    s.waiting.pop_front();
                    self.grant(leg, at, now, queue);
                }
                Opening::Perhaps(at) => return queue.push(at, Event::Request { server, leg: WAITING }),
                Opening::Unknown => return,
            }
        }
    }
}
