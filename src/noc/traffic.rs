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
    key: [u32; 2],
    /// A packet begins where a word of 32 bits is smaller.
    threshold: u64,
    flits: u16,
    targets: Option<Vec<u32>>,
    nodes: u32,
    /// For each node the next cycle to look at, and which cycles of its block begin a packet.
    next: Vec<(u64, u64)>,
}

impl Bernoulli {
    /// Packets of `flits` flits with probability `rate` in each cycle. `targets` is where each node sends to, without
    /// it everywhere.
    #[must_use]
    pub(super) fn new(seed: u64, rate: f64, flits: u16, nodes: usize, targets: Option<Vec<u32>>) -> Self {
        let threshold = (rate * (1u64 << 32) as f64).round() as u64;
        let key = key(seed, Domain::NocInjection);
        let mut new = Self { seed, key, threshold, flits, targets, nodes: nodes as u32, next: Vec::new() };
        new.next = (0..nodes as u32).map(|n| (0, new.block(n, 0))).collect();
        new
    }

    /// Which cycles of the block that begins at `cycle` begin a packet of a node.
    fn block(&self, node: u32, cycle: u64) -> u64 {
        let mut mask = 0;
        for four in 0..BLOCK / 4 {
            // the words of the draw, with its key made once
            let counter = self.draw(Domain::NocInjection, node, cycle / 4 + four).counter(0);
            for (i, word) in philox4x32(counter, self.key).into_iter().enumerate() {
                mask |= u64::from(u64::from(word) < self.threshold) << (four * 4 + i as u64);
            }
        }
        mask
    }

    const fn draw(&self, domain: Domain, node: u32, tick: u64) -> Draw {
        Draw { seed: self.seed, domain, element: node as u64, tick }
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
                let word = self.draw(Domain::NocDestination, node, created).words(0)[0];
                ((u64::from(word) * u64::from(self.nodes)) >> 32) as u32
            }
        };
        Some(Request { created, to: Destination::One(to), flits: self.flits })
    }
}

impl Endpoints for Bernoulli {
    fn next(&mut self, node: u32) -> Option<Request> {
        self.packet(node)
    }
}
