//! Packets that wait for each other in a circle.
//!
//! An input VC *can move* if nothing it waits for is missing, or if something that would do can move: a head needs one
//! of the output VCs of its route, each held by another input VC or not yet empty behind the link; a flit needs a place
//! in one buffer; a VC that waits for the rest of its packet needs the one that sends it; a packet with several
//! destinations needs all its branches. The least set with this property is found by iteration; what is outside of it
//! never moves again, and going from one that waits to one it waits for must come back: that is the circle.

use std::fmt;

use super::Network;
use super::router::bits;

/// A packet that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Router in whose input buffer it stands.
    pub router: usize,
    /// Input port.
    pub port: usize,
    /// Virtual channel of the port.
    pub vc: usize,
    /// Who sent the packet; `None` for a VC whose flits have left and whose tail has not come.
    pub source: Option<u32>,
    /// Whether it waits for a virtual channel, not for a place in one it has.
    pub seeks: bool,
}

/// Packets each of which waits for the next, and the last for the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadlock {
    /// The packets, in the order of waiting.
    pub circle: Vec<Waiting>,
    /// Cycle in which it was seen.
    pub cycle: u64,
    /// Input VCs that never move again, those of the circle included.
    pub stuck: usize,
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deadlock in the network-on-chip, seen in cycle {}: ", self.cycle)?;
        for w in &self.circle {
            write!(f, "router {} port {} VC {}", w.router, w.port, w.vc)?;
            if let Some(source) = w.source {
                write!(f, " (a packet of node {source})")?;
            }
            write!(f, " waits for {} of ", if w.seeks { "a virtual channel" } else { "the buffer" })?;
        }
        let first = self.circle[0];
        write!(f, "router {} port {} VC {}; {} in all stand still", first.router, first.port, first.vc, self.stuck)
    }
}

/// What something waits for: nothing, or one of several VCs.
enum Needs {
    Nothing,
    OneOf(Vec<usize>),
}

impl Network {
    /// A circle of packets that wait for each other, if there is one.
    #[must_use]
    pub fn deadlock(&self) -> Option<Deadlock> {
        let mut waiting: Vec<(usize, Vec<Vec<usize>>)> = Vec::new();
        for (r, s) in self.blocks.iter().map(|b| &b.state).enumerate() {
            for k in bits(s.filled | s.active | s.seeking) {
                let needs = self.needs(r, k);
                if !needs.is_empty() {
                    waiting.push((r << 6 | k, needs));
                }
            }
        }
        let mut stuck = vec![false; self.blocks.len() << 6];
        waiting.iter().for_each(|(id, _)| stuck[*id] = true);
        loop {
            let before = waiting.len();
            waiting.retain(|(id, needs)| {
                stuck[*id] = needs.iter().any(|options| options.iter().all(|&o| stuck[o]));
                stuck[*id]
            });
            if waiting.len() == before {
                break;
            }
        }
        let mut at = waiting.first()?.0;
        let mut path = Vec::new();
        while !path.contains(&at) {
            path.push(at);
            let (_, needs) = waiting.iter().find(|(id, _)| *id == at)?;
            at = *needs.iter().find(|options| options.iter().all(|&o| stuck[o]))?.first()?;
        }
        let begin = path.iter().position(|&id| id == at)?;
        let circle = path[begin..].iter().map(|&id| self.waiting(id)).collect();
        Some(Deadlock { circle, cycle: self.now, stuck: waiting.len() })
    }

    fn waiting(&self, id: usize) -> Waiting {
        let (router, k) = (id >> 6, id & 63);
        let port = self.port_of[k] as usize;
        let vc = &self.blocks[router].vcs[k];
        Waiting {
            router,
            port,
            vc: k - port * self.fabric.vcs,
            source: (vc.len > 0).then(|| self.packets[vc.front.packet()].source),
            seeks: self.blocks[router].state.seeking & (1 << k) != 0,
        }
    }

    /// All that an input VC needs before its first flit, or the next of its packet, can move; empty if it can.
    fn needs(&self, r: usize, k: usize) -> Vec<Vec<usize>> {
        let (s, bit, id) = (&self.blocks[r].state, 1 << k, r << 6 | k);
        if (s.routing | s.in_vc_allocation | s.in_switch_allocation) & bit != 0 {
            return Vec::new();
        }
        let mut needs = Vec::new();
        let mut add = |n: Needs| {
            if let Needs::OneOf(options) = n {
                needs.push(options);
            }
        };
        if s.seeking & bit != 0 {
            let wish = self.wish::<false>(r, k);
            if s.multicast & bit == 0 {
                add(self.channel(r, wish));
            } else {
                (0..self.fabric.ports)
                    .map(|p| wish & self.fabric.on(p))
                    .filter(|&w| w != 0)
                    .for_each(|w| add(self.channel(r, w)));
            }
        }
        if s.active & bit != 0 {
            if self.blocks[r].vcs[k].len == 0 {
                add(self.sender(r, k));
            } else if s.multicast & bit == 0 {
                add(self.place_behind(r, self.blocks[r].vcs[k].out as usize));
            } else {
                let behind = bits(self.under_way[id]).map(|o| self.branch_at(r, k, o)).filter(|b| b.sent == 0);
                behind.for_each(|b| add(self.place_behind(r, b.out as usize)));
            }
        }
        needs
    }

    /// One of the output VCs of a set.
    fn channel(&self, r: usize, wish: u64) -> Needs {
        let s = &self.blocks[r].state;
        if wish & s.free != 0 {
            return Needs::Nothing;
        }
        let mut options = Vec::new();
        for j in bits(wish) {
            let n = if s.closing & (1 << j) != 0 { self.emptied(r, j) } else { self.holder(r, j) };
            match n {
                Needs::Nothing => return Needs::Nothing,
                Needs::OneOf(more) => options.extend(more),
            }
        }
        Needs::OneOf(options)
    }

    /// The input VC that holds output VC `j`, as far as it sends there.
    fn holder(&self, r: usize, j: usize) -> Needs {
        let k = self.blocks[r].vcs[j].owner as usize;
        let id = r << 6 | k;
        if self.blocks[r].state.multicast & (1 << k) != 0 {
            let b = self.branch_at(r, k, self.port_of[j] as usize);
            // a branch ahead of the others sends what is in the buffer without them
            if b.sent < self.blocks[r].vcs[k].len {
                return self.place_behind(r, j);
            }
        }
        Needs::OneOf(vec![id])
    }

    /// A place in the buffer behind output VC `j`.
    fn place_behind(&self, r: usize, j: usize) -> Needs {
        if self.blocks[r].state.stocked & (1 << j) != 0 { Needs::Nothing } else { self.emptied(r, j) }
    }

    /// The VC behind output VC `j`, unless flits or credits are on their way.
    fn emptied(&self, r: usize, j: usize) -> Needs {
        let o = self.port_of[j] as usize;
        let behind = self.blocks[r].wires[o].ahead + u32::from(self.vc_of[j]);
        let taken = self.settings.buffer - self.blocks[r].vcs[j].credits as usize;
        if behind >= self.edge || (self.blocks[behind as usize >> 6].vcs[behind as usize & 63].len as usize) < taken {
            return Needs::Nothing;
        }
        Needs::OneOf(vec![behind as usize])
    }

    /// Who sends the rest of the packet of an input VC that is empty.
    fn sender(&self, r: usize, k: usize) -> Needs {
        let p = self.port_of[k] as usize;
        let from = self.blocks[r].wires[p].ahead + u32::from(self.vc_of[k]);
        // flits or credits on the link, or a source, which can send as long as there is a place
        let (router, j) = (from as usize >> 6, from as usize & 63);
        if from >= self.edge || (self.blocks[router].vcs[j].credits as usize) < self.settings.buffer {
            return Needs::Nothing;
        }
        self.holder(router, j)
    }
}
