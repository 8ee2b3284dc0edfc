//! The mesh flit by flit: [`crate::noc`] in the place of link servers.
//!
//! A message is one packet of `ceil(bytes / flit)` flits, wormhole-routed X before Y; where a way leaves a chip of
//! several, one packet for each chip, with the chip link between them at message level. Each chip has a network of its
//! own.
//!
//! - *Order within a cycle*: messages are offered while requests are handled (phase 1), in the order of their legs; the
//!   last event of the cycle, [`Event::Flits`], lets sources and routers work, with all that was offered in the cycle,
//!   and tells what arrives in the next ([`Network::turn`]). A network without flits and credits on their way sleeps,
//!   and forgets whose turn it was in its arbiters: a batch then comes back to states that it was in, and is folded
//!   ([`super::repeat`]); where the mesh is never idle it may run whole, with the same result.
//! - *Source*: a node sends one flit a cycle, message after message, first offered first. The queue is not bounded:
//!   every message has reserved its destination. The origin is *left* `router + 1` cycles after the tail has entered
//!   the router of the node: when, unhindered, it is on the first link, as at message level.
//! - *Destination*: a node takes one flit a cycle. Messages of one leg are handed on in the order in which they were
//!   offered: one that has overtaken another in a different virtual channel waits for it.
//! - *Pipeline*: a node stands at its router, without a link between them. The `router` cycles of the chip become
//!   stages:
//!
//! | `router` | route | VC and crossbar allocation | traversal |
//! |---|---|---|---|
//! | 1 | a router ahead | both in one cycle, the crossbar speculatively | in the same cycle |
//! | 2 | a router ahead | both in one cycle, the crossbar speculatively | 1 |
//! | 3 | a router ahead | 1 + 1 | 1 |
//! | n > 3 | n − 3 | 1 + 1 | 1 |
//!
//!   Only heads go through route computation and VC allocation, so long pipelines do not lengthen the way of credits. A
//!   credit can be used in the cycle after its `link` cycles.
//! - *Latency* of a message alone on the mesh, over `k` links: `(k + 1)·router + k·link + f − 1`, the law of the
//!   message level, if a buffer holds what the way of a credit costs: `2·link + 2` flits, and one more from `router` =
//!   2 on. With less a long message is slowed down to so many flits in each turn of a credit.
//!
//! - *Records* of a traced run: a flit that wins the crossbar in cycle `t` is on the link in cycle `t + traversal + 1`,
//!   where at message level a message alone holds it. Flits of a message that follow one another without a gap are one
//!   hold.
//!
//! Packets cannot wait for each other in a circle: X-Y routes on a mesh close none (Dally and Seitz, IEEE Trans.
//! Computers C-36(5), 1987, doi:10.1109/TC.1987.1676939), and nodes always take what arrives.

use std::collections::VecDeque;

use super::queue::{Event, Queue};
use super::transport::{Leg, NONE, Transport};
use crate::arch::FlitRouters;
use crate::cost::MeshAllocator;
use crate::noc::{Allocator, Arrival, Destination, Endpoints, Network, Peer, Request, Router, Routing, Topology};
use crate::sched::MeshTiming;

/// The messages of one leg.
#[derive(Debug)]
struct Line {
    leg: u32,
    from: u32,
    to: u32,
    flits: u32,
    /// Messages that were handed on.
    done: u32,
    /// Messages on their way, oldest first: whether they have arrived.
    way: VecDeque<bool>,
}

/// What stands at the routers of a network.
#[derive(Debug)]
struct Nodes {
    queues: Vec<VecDeque<Request>>,
    /// Tags of messages whose tails have left their nodes, and of messages that have arrived.
    sent: Vec<u64>,
    arrived: Vec<u64>,
    /// Its links, if flits on them are to be seen.
    links: Option<Links>,
}

/// The links of a network, and flits on them.
#[derive(Debug)]
struct Links {
    /// Numbers of servers, by router and port.
    servers: Vec<u32>,
    ports: u32,
    /// Cycles from the crossbar to the link.
    ahead: u64,
    /// Server and tag of the flits of this cycle.
    seen: Vec<(u32, u64)>,
}

impl Endpoints for Nodes {
    fn next(&mut self, node: u32) -> Option<Request> {
        self.queues[node as usize].pop_front()
    }
    fn sent(&mut self, tag: u64, _: u64) {
        self.sent.push(tag);
    }
    fn packet(&mut self, arrival: &Arrival) {
        self.arrived.push(arrival.tag);
    }
    fn watches(&self) -> bool {
        self.links.is_some()
    }
    fn crosses(&mut self, router: u32, port: u32, tag: u64, _: u64) {
        if let Some(links) = &mut self.links {
            links.seen.push((links.servers[(router * links.ports + port) as usize], tag));
        }
    }
}

/// The mesh of one chip.
#[derive(Debug)]
struct Mesh {
    network: Network,
    nodes: Nodes,
    awake: bool,
}

/// All meshes, and the messages on them.
#[derive(Debug, Default)]
pub(super) struct Flits {
    meshes: Vec<Mesh>,
    lines: Vec<Line>,
}

/// Settings of the routers of a mesh.
pub(super) fn router(mesh: &MeshTiming, routers: &FlitRouters) -> Router {
    let cycles = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let allocator = match routers.allocator {
        MeshAllocator::Islip => Allocator::Islip { iterations: 1 },
        MeshAllocator::RoundRobin => Allocator::RoundRobin,
    };
    Router {
        vcs: routers.virtual_channels,
        buffer: usize::try_from(mesh.buffer_flits).unwrap_or(usize::MAX),
        routing: cycles(mesh.router.saturating_sub(3)),
        speculative: mesh.router < 3,
        traversal: u32::from(mesh.router > 1),
        link: cycles(mesh.link),
        credit_delay: 0,
        vc_allocator: allocator,
        switch_allocator: allocator,
        ..Router::default()
    }
}

/// An idle network with a node at each router of a mesh of so many columns and rows.
pub(super) fn network([width, height]: [usize; 2], settings: Router) -> crate::diag::Result<Network> {
    let mut fabric = Topology::Mesh { width, height, concentration: 1 }.compile(Routing::Xy, &settings)?;
    fabric.seat();
    let mut network = Network::new(fabric, settings)?;
    network.rest();
    Ok(network)
}

/// The place of a message of a line among all of them.
const fn tag(line: u32, number: u32) -> u64 {
    (line as u64) << 32 | number as u64
}
/// Line and number of a message.
const fn parts(tag: u64) -> (usize, u32) {
    ((tag >> 32) as usize, tag as u32)
}

impl Flits {
    /// What does not fit a network flit by flit, if anything.
    pub(super) fn check(mesh: &MeshTiming) -> Option<String> {
        let routers = mesh.flits?;
        if mesh.router == 0 {
            return Some("a mesh that runs flit by flit has routers of no cycles".into());
        }
        let [columns, rows] = mesh.grid;
        let columns = mesh.chips.map_or(columns, |row| row.columns);
        let [across, down] = [columns, rows].map(|n| n.min(2));
        // two by two routers have all ports that larger meshes have: the settings are tried on them
        let tried = network([across, down], router(mesh, &routers));
        if let Err(e) = tried {
            return Some(format!("a mesh that runs flit by flit: {e}"));
        }
        (columns * rows > crate::noc::MAX_NODES)
            .then(|| format!("a mesh of {columns} x {rows} is too large to run flit by flit"))
    }

    /// The idle networks of a checked mesh, one for each chip; none where it runs message by message.
    pub(super) fn new(mesh: &MeshTiming) -> Self {
        let Some(routers) = mesh.flits else { return Self::default() };
        let [columns, rows] = mesh.grid;
        let width = mesh.chips.map_or(columns, |row| row.columns);
        let one = || Mesh {
            network: network([width, rows], router(mesh, &routers)).expect("checked before"),
            nodes: Nodes {
                queues: vec![VecDeque::new(); width * rows],
                sent: Vec::new(),
                arrived: Vec::new(),
                links: None,
            },
            awake: false,
        };
        Self { meshes: (0..columns / width).map(|_| one()).collect(), lines: Vec::new() }
    }

    /// A leg that sends `flits` flits from one node of a network to another.
    pub(super) fn line(&mut self, leg: u32, [from, to]: [usize; 2], flits: u32) -> u32 {
        let line = Line { leg, from: from as u32, to: to as u32, flits, done: 0, way: VecDeque::new() };
        self.lines.push(line);
        self.lines.len() as u32 - 1
    }

    /// From now on flits on links are seen; `server` says which server stands for the link of a network from one router
    /// to another.
    pub(super) fn watch(&mut self, mesh: &MeshTiming, server: impl Fn(usize, [u32; 2]) -> usize) {
        let Some(routers) = mesh.flits else { return };
        let ahead = u64::from(router(mesh, &routers).traversal) + 1;
        for (number, m) in self.meshes.iter_mut().enumerate() {
            let fabric = m.network.fabric();
            let ports = fabric.ports();
            let link = |place: usize| match fabric.peer(place / ports, place % ports) {
                Peer::Router { router, .. } => server(number, [(place / ports) as u32, router]) as u32,
                Peer::Open | Peer::Node(_) => NONE,
            };
            let servers = (0..fabric.routers() * ports).map(link).collect();
            m.nodes.links = Some(Links { servers, ports: ports as u32, ahead, seen: Vec::new() });
        }
    }

    /// Messages that have been offered and not handed on.
    pub(super) fn under_way(&self) -> usize {
        self.lines.iter().map(|l| l.way.len()).sum()
    }

    /// Flits that each network has sent, copied and received.
    #[cfg(test)]
    pub(super) fn counted(&self) -> Vec<(u64, u64, u64)> {
        self.meshes.iter().map(|m| m.network.counted()).collect()
    }

    /// Flits that went out of a port of a router of a network.
    #[cfg(test)]
    pub(super) fn carried(&self, mesh: usize, router: usize, port: usize) -> u64 {
        self.meshes[mesh].network.carried(router, port)
    }

    /// Lets the networks visit their routers from the last to the first.
    #[cfg(test)]
    pub(super) fn visit_backwards(&mut self) {
        for m in &mut self.meshes {
            let routers = m.network.fabric().routers() as u32;
            m.network.visit_in((0..routers).rev().collect());
        }
    }

    /// Writes down all that has an influence on what comes.
    pub(super) fn state(&self, out: &mut Vec<u64>) {
        let name = |t: u64| {
            let (line, number) = parts(t);
            tag(line as u32, number.wrapping_sub(self.lines[line].done))
        };
        for m in &self.meshes {
            m.network.state(name, out);
            for queue in &m.nodes.queues {
                out.push(queue.len() as u64);
                out.extend(queue.iter().map(|r| name(r.tag)));
            }
        }
        for l in &self.lines {
            out.push(l.way.len() as u64);
            out.extend(l.way.iter().map(|arrived| u64::from(*arrived)));
        }
    }

    /// A message of a line is offered to its network; whether that was asleep.
    fn offer(&mut self, mesh: usize, line: u32, now: u64) -> bool {
        let l = &mut self.lines[line as usize];
        let m = &mut self.meshes[mesh];
        m.network.skip_to(now);
        let number = l.done.wrapping_add(l.way.len() as u32);
        l.way.push_back(false);
        let to = Destination::One(l.to);
        let request = Request { created: now, to, flits: l.flits, tag: tag(line, number) };
        m.nodes.queues[l.from as usize].push_back(request);
        m.network.wake(l.from);
        !std::mem::replace(&mut m.awake, true)
    }
}

impl Transport {
    /// A message reaches the mesh.
    pub(super) fn offer(&mut self, leg: u32, now: u64, queue: &mut Queue) {
        let l = &self.legs[leg as usize];
        let mesh = l.server - self.first_mesh();
        if self.flits.offer(mesh as usize, l.advance, now) {
            queue.push(now, Event::Flits { mesh });
        }
    }

    /// A cycle of a mesh, and what arrives in the next one.
    pub(super) fn turn(&mut self, mesh: u32, now: u64, queue: &mut Queue) {
        let m = &mut self.flits.meshes[mesh as usize];
        m.network.turn(&mut m.nodes);
        if let (Some(recorder), Some(links)) = (&mut self.recorder, &mut m.nodes.links) {
            // the order in which routers are visited means nothing
            links.seen.sort_unstable();
            for (server, tag) in links.seen.drain(..) {
                let (line, number) = parts(tag);
                let route = self.legs[self.flits.lines[line].leg as usize].route;
                recorder.crossed(server, route, u64::from(number), now + links.ahead);
            }
            recorder.limit(now);
        }
        m.awake = !m.network.is_idle();
        if m.awake {
            queue.push(now + 1, Event::Flits { mesh });
        } else {
            m.network.forget();
        }
        while let Some(t) = self.flits.meshes[mesh as usize].nodes.sent.pop() {
            let leg = self.legs[self.flits.lines[parts(t).0].leg as usize];
            if leg.leaves {
                self.tell(&Leg { last: false, ..leg }, now + u64::from(leg.hold), now, queue);
            }
        }
        while let Some(t) = self.flits.meshes[mesh as usize].nodes.arrived.pop() {
            let (line, number) = parts(t);
            let l = &mut self.flits.lines[line];
            let place = number.wrapping_sub(l.done) as usize;
            l.way[place] = true;
            let leg = l.leg;
            while self.flits.lines[line].way.front() == Some(&true) {
                let l = &mut self.flits.lines[line];
                l.way.pop_front();
                l.done = l.done.wrapping_add(1);
                self.ask(leg + 1, now + 1, queue);
            }
        }
    }
}
