//! Synthetic traffic: patterns, and injection by independent draws for each node and cycle.
//!
//! Whether node n begins a packet in cycle t is a function of (seed, n, t) alone ([`Domain::NocInjection`]), and so is
//! where it goes: neither depends on what the network does, and two networks see the same packets.

use super::packets::{Destination, Endpoints, Request};
use crate::diag::{Diagnostic, Result, nearest};
use crate::rng::{Domain, Draw, key, philox4x32};

/// Who sends to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// Every node to every node alike, itself included.
    Uniform,
    /// (x, y) to (y, x), on a square grid.
    Transpose,
    /// All nodes to one.
    Hotspot(u32),
    /// Node n to node nodes − 1 − n: all bits inverted where nodes are a power of two.
    BitComplement,
    /// (x, y) to (x + 1, y + 1) with wrap; n to n + 1 where there is no grid.
    Neighbour,
    /// (x, y) to half-way round minus one in each direction: x + ⌈width/2⌉ − 1, y + ⌈height/2⌉ − 1, with wrap.
    Tornado,
}

impl Pattern {
    /// Names on the command line; the hot spot has its node behind a colon.
    pub const NAMES: [&str; 6] = ["uniform", "transpose", "hotspot", "bit_complement", "neighbour", "tornado"];

    /// The pattern of a name, for instance `hotspot:5`.
    ///
    /// # Errors
    /// R170 for an unknown one.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, node) = text.split_once(':').unwrap_or((text, ""));
        Ok(match (name, node.parse()) {
            ("uniform", _) if node.is_empty() => Self::Uniform,
            ("transpose", _) if node.is_empty() => Self::Transpose,
            ("bit_complement", _) if node.is_empty() => Self::BitComplement,
            ("neighbour", _) if node.is_empty() => Self::Neighbour,
            ("tornado", _) if node.is_empty() => Self::Tornado,
            ("hotspot", Ok(node)) => Self::Hotspot(node),
            ("hotspot", Err(_)) => {
                return Err(Diagnostic::error(
                    "R170",
                    format!("traffic `{text}` does not say which node is the hot spot"),
                )
                .help("name its number: hotspot:5")
                .into());
            }
            _ => {
                let meant = nearest(name, Self::NAMES).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
                return Err(Diagnostic::error("R170", format!("there is no traffic pattern `{text}`"))
                    .help(format!("one of {}; a hot spot names its node, as hotspot:5{meant}", Self::NAMES.join(", ")))
                    .into());
            }
        })
    }

    /// Where each node sends to; `None` for [`Self::Uniform`].
    pub(super) fn table(self, nodes: usize, grid: Option<(usize, usize)>) -> Result<Option<Vec<u32>>> {
        let moved = |by: fn(usize) -> usize| {
            let (w, h) = grid.unwrap_or((nodes, 1));
            move |n: usize| ((n / w + by(h)) % h) * w + (n % w + by(w)) % w
        };
        let all = |to: &dyn Fn(usize) -> usize| Ok(Some((0..nodes).map(|n| to(n) as u32).collect()));
        match (self, grid) {
            (Self::Uniform, _) => Ok(None),
            (Self::Transpose, Some((w, h))) if w == h => all(&|n| n % w * w + n / w),
            (Self::Transpose, _) => Err(Diagnostic::error("R170", "transposed traffic needs a square grid").into()),
            (Self::Hotspot(to), _) if (to as usize) < nodes => all(&|_| to as usize),
            (Self::Hotspot(to), _) => {
                Err(Diagnostic::error("R170", format!("the hot spot {to} is none of the {nodes} nodes")).into())
            }
            (Self::BitComplement, _) => all(&|n| nodes - 1 - n),
            (Self::Neighbour, _) => all(&moved(|size| usize::from(size > 1))),
            (Self::Tornado, _) => all(&moved(|size| size.div_ceil(2) - 1)),
        }
    }
}

/// Cycles that are drawn at once.
const BLOCK: u64 = 64;

/// Independent draws for each node and cycle.
#[derive(Debug, Clone)]
pub struct Bernoulli {
    seed: u64,
    /// Keys of [`Domain::NocInjection`] and [`Domain::NocDestination`].
    keys: [[u32; 2]; 2],
    /// A packet begins where a word of 32 bits is smaller.
    threshold: u64,
    flits: u32,
    targets: Option<Vec<u32>>,
    nodes: u32,
    /// For each node the next cycle to look at, and which cycles of its block begin a packet.
    next: Vec<(u64, u64)>,
}

impl Bernoulli {
    /// Packets of `flits` flits with probability `rate` in each cycle. `targets` is where each node sends to, without
    /// it everywhere.
    #[must_use]
    pub(super) fn new(seed: u64, rate: f64, flits: u32, nodes: usize, targets: Option<Vec<u32>>) -> Self {
        let threshold = (rate * (1u64 << 32) as f64).round() as u64;
        let keys = [Domain::NocInjection, Domain::NocDestination].map(|domain| key(seed, domain));
        let mut new = Self { seed, keys, threshold, flits, targets, nodes: nodes as u32, next: Vec::new() };
        new.next = (0..nodes as u32).map(|n| (0, new.block(n, 0))).collect();
        new
    }

    /// Which cycles of the block that begins at `cycle` begin a packet of a node.
    fn block(&self, node: u32, cycle: u64) -> u64 {
        let mut mask = 0;
        for four in 0..BLOCK / 4 {
            for (i, word) in self.words(Domain::NocInjection, node, cycle / 4 + four).into_iter().enumerate() {
                mask |= u64::from(u64::from(word) < self.threshold) << (four * 4 + i as u64);
            }
        }
        mask
    }

    /// The words of a draw, with a key that was made once.
    fn words(&self, domain: Domain, node: u32, tick: u64) -> [u32; 4] {
        let draw = Draw { seed: self.seed, domain, element: u64::from(node), tick };
        philox4x32(draw.counter(0), self.keys[usize::from(domain == Domain::NocDestination)])
    }

    /// The next packet of a node.
    pub(super) fn packet(&mut self, node: u32) -> Option<Request> {
        if self.threshold == 0 {
            return None;
        }
        let (mut cycle, mut mask) = self.next[node as usize];
        while mask == 0 {
            cycle += BLOCK;
            mask = self.block(node, cycle);
        }
        let created = cycle + u64::from(mask.trailing_zeros());
        self.next[node as usize] = (cycle, mask & (mask - 1));
        let to = match &self.targets {
            Some(targets) => targets[node as usize],
            None => {
                let word = self.words(Domain::NocDestination, node, created)[0];
                ((u64::from(word) * u64::from(self.nodes)) >> 32) as u32
            }
        };
        Some(Request { created, to: Destination::One(to), flits: self.flits, tag: 0 })
    }
}

impl Endpoints for Bernoulli {
    fn next(&mut self, node: u32) -> Option<Request> {
        self.packet(node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets are where the addressed draws say, and nowhere else.
    #[test]
    fn packets_are_addressed_by_seed_node_and_cycle() {
        let mut traffic = Bernoulli::new(3, 0.2, 1, 5, None);
        for node in 0..5 {
            let expected = (0..1000u64).filter(|&cycle| {
                let draw = Draw { seed: 3, domain: Domain::NocInjection, element: u64::from(node), tick: cycle / 4 };
                f64::from(draw.words(0)[cycle as usize % 4]) < 0.2 * 2f64.powi(32)
            });
            for cycle in expected {
                let request = traffic.packet(node).expect("there is always another");
                assert_eq!(request.created, cycle);
                let draw = Draw { seed: 3, domain: Domain::NocDestination, element: u64::from(node), tick: cycle };
                let to = (f64::from(draw.words(0)[0]) / 2f64.powi(32) * 5.0) as u32;
                assert_eq!(request.to, Destination::One(to));
            }
        }
    }

    /// Each pattern on 4 × 4 nodes from node 1, which stands at (1, 0), as its definition has it.
    #[test]
    fn patterns_send_where_they_say() {
        let to = |name: &str| {
            let table = Pattern::parse(name).expect("a pattern").table(16, Some((4, 4))).expect("it fits");
            table.map(|t| t[1])
        };
        assert_eq!(to("uniform"), None);
        assert_eq!(to("transpose"), Some(4));
        assert_eq!(to("hotspot:9"), Some(9));
        assert_eq!(to("bit_complement"), Some(14));
        assert_eq!(to("neighbour"), Some(6));
        assert_eq!(to("tornado"), Some(6));
        let tornado = Pattern::Tornado.table(64, Some((8, 8))).expect("it fits").expect("a table");
        assert_eq!(tornado[0], 3 * 8 + 3);
        for wrong in ["transposed", "hotspot", "hotspot:x", "uniform:3"] {
            assert!(Pattern::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Pattern::Hotspot(16).table(16, None).is_err());
        assert!(Pattern::Transpose.table(12, Some((4, 3))).is_err());
    }
}
