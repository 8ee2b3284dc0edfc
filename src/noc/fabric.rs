//! What a topology is compiled to: routers, their ports, links and the table of routes.

use super::Router;
use crate::diag::{Diagnostic, Result};

/// Most virtual channels of one router on all its ports together: they are the bits of a word.
pub const SLOTS: usize = 64;
/// Most nodes: the table of routes has two bytes for each router and node.
pub const MAX_NODES: usize = 4096;

/// What a port leads to, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Nothing, as at the edge of a mesh.
    Open,
    /// A port of another router.
    Router {
        /// The router.
        router: u32,
        /// Its port.
        port: u32,
    },
    /// A node: a source and sink of packets.
    Node(u32),
}

/// Routers, links and routes. Made by [`Topology::compile`](super::Topology::compile), or by hand.
#[derive(Debug, Clone)]
pub struct Fabric {
    pub(super) routers: usize,
    pub(super) nodes: usize,
    pub(super) ports: usize,
    pub(super) vcs: usize,
    /// Routers move one flit a cycle in all.
    pub(super) shared: bool,
    /// Nodes stand at their routers, without a link between them.
    pub(super) seated: bool,
    /// By router and port.
    pub(super) peers: Vec<Peer>,
    /// Cycles on the link of a router and port.
    pub(super) latency: Vec<u32>,
    /// Router and port of each node.
    pub(super) homes: Vec<(u32, u32)>,
    /// Admissible output VCs, by router and node: places in `palette`.
    routes: Vec<u16>,
    palette: Vec<u64>,
}

impl Fabric {
    /// Routers of `ports` ports each without links, for routers of `settings.vcs` VCs a port.
    ///
    /// # Errors
    /// R170 where ports and VCs do not fit [`SLOTS`], or there are no routers or more nodes than [`MAX_NODES`].
    pub fn new(routers: usize, ports: usize, nodes: usize, settings: &Router) -> Result<Self> {
        let vcs = settings.vcs;
        if ports * vcs > SLOTS {
            return Err(Diagnostic::error(
                "R170",
                format!("routers of {ports} ports with {vcs} virtual channels each have more than {SLOTS} in all"),
            )
            .help("take fewer virtual channels, or a topology with fewer ports a router")
            .into());
        }
        if routers == 0 || nodes == 0 || ports == 0 || nodes.max(routers) > MAX_NODES {
            return Err(Diagnostic::error("R170", format!("a network of {routers} routers and {nodes} nodes"))
                .help(format!("from 1 to {MAX_NODES} of each"))
                .into());
        }
        Ok(Self {
            routers,
            nodes,
            ports,
            vcs,
            shared: false,
            seated: false,
            peers: vec![Peer::Open; routers * ports],
            latency: vec![settings.link; routers * ports],
            homes: vec![(u32::MAX, 0); nodes],
            routes: Vec::new(),
            palette: Vec::new(),
        })
    }

    /// Links two ports, both ways, with so many cycles on the wire.
    pub fn connect(&mut self, a: (usize, usize), b: (usize, usize), cycles: u32) {
        for ((r, p), (to, port)) in [(a, b), (b, a)] {
            self.peers[r * self.ports + p] = Peer::Router { router: to as u32, port: port as u32 };
            self.latency[r * self.ports + p] = cycles;
        }
    }

    /// Puts a node on a port.
    pub fn attach(&mut self, node: usize, router: usize, port: usize, cycles: u32) {
        self.peers[router * self.ports + port] = Peer::Node(node as u32);
        self.latency[router * self.ports + port] = cycles;
        self.homes[node] = (router as u32, port as u32);
    }

    /// Takes the links between routers and nodes away: a flit is in the buffer of the router in the cycle in which it
    /// leaves its node, and in its node when it is through the crossbar of the last router.
    pub fn seat(&mut self) {
        self.seated = true;
        for &(router, port) in &self.homes {
            self.latency[router as usize * self.ports + port as usize] = 0;
        }
    }

    /// Makes the table of routes: `route(router, node)` is the set of output VCs ([`Self::on`]) of which a packet to
    /// `node` may take any. At the router of the node itself its own port is taken.
    ///
    /// # Errors
    /// R170 where a node has no port or a route leads nowhere.
    pub fn route(&mut self, route: impl Fn(usize, usize) -> u64) -> Result<()> {
        let mut known = std::collections::BTreeMap::new();
        (self.routes, self.palette) = (Vec::with_capacity(self.routers * self.nodes), Vec::new());
        for r in 0..self.routers {
            for n in 0..self.nodes {
                let (home, port) = self.homes[n];
                let mask = if home as usize == r { self.on(port as usize) } else { route(r, n) };
                let mut ports = (0..self.ports).filter(|&p| mask & self.on(p) != 0);
                let leads = home != u32::MAX && ports.all(|p| self.peers[r * self.ports + p] != Peer::Open);
                if mask == 0 || !leads {
                    return Err(Diagnostic::error("R170", format!("no route from router {r} to node {n}")).into());
                }
                let place = *known.entry(mask).or_insert_with(|| {
                    self.palette.push(mask);
                    self.palette.len() - 1
                });
                self.routes.push(u16::try_from(place).map_err(|_| {
                    Diagnostic::error("R170", "more than 65 536 different sets of virtual channels in routes")
                })?);
            }
        }
        Ok(())
    }

    /// All VCs of an output port as a set.
    #[must_use]
    pub const fn on(&self, port: usize) -> u64 {
        self.vcs_of(port, 0, self.vcs)
    }

    /// VCs `first..end` of an output port as a set.
    #[must_use]
    pub const fn vcs_of(&self, port: usize, first: usize, end: usize) -> u64 {
        below(port * self.vcs + end) & !below(port * self.vcs + first)
    }

    /// Admissible output VCs at a router for a node.
    #[inline]
    pub(super) fn wish(&self, router: usize, node: usize) -> u64 {
        self.set(self.place(router, node))
    }
    /// Their place in the palette.
    #[inline]
    pub(super) fn place(&self, router: usize, node: usize) -> u16 {
        self.routes[router * self.nodes + node]
    }
    /// The set in a place of the palette.
    #[inline]
    pub(super) fn set(&self, place: u16) -> u64 {
        self.palette[place as usize]
    }

    /// Number of nodes.
    #[must_use]
    pub const fn nodes(&self) -> usize {
        self.nodes
    }
    /// Number of routers.
    #[must_use]
    pub const fn routers(&self) -> usize {
        self.routers
    }
    /// Ports of each router, open ones included.
    #[must_use]
    pub const fn ports(&self) -> usize {
        self.ports
    }
    /// What a port leads to.
    #[must_use]
    pub fn peer(&self, router: usize, port: usize) -> Peer {
        self.peers[router * self.ports + port]
    }
    /// Router of a node.
    #[must_use]
    pub fn home(&self, node: usize) -> usize {
        self.homes[node].0 as usize
    }
    /// Routers that a packet passes from one node to another, the shortest of the admissible routes.
    #[must_use]
    pub fn hops(&self, from: usize, to: usize) -> usize {
        let (mut at, mut hops) = (self.home(from), 1);
        while at != self.home(to) {
            let port = self.wish(at, to).trailing_zeros() as usize / self.vcs;
            let Peer::Router { router, .. } = self.peer(at, port) else { break };
            (at, hops) = (router as usize, hops + 1);
        }
        hops
    }
}

/// The `n` lowest bits.
const fn below(n: usize) -> u64 {
    if n >= 64 { u64::MAX } else { (1 << n) - 1 }
}
