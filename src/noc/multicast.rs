//! Packets with several destinations: copies are made in routers.
//!
//! The destinations of a packet are split by the port that each would take alone (the lowest where there is a choice):
//! a tree of dimension-ordered routes on a mesh. Each port is a *branch*: it takes an output VC of its own, as soon as
//! it gets one, and sends the flits in its own time. An input port sends one flit a cycle through the crossbar, so
//! branches of one packet take turns; only on a shared medium one passage serves all branches that stand at the same
//! flit. A flit stays in its buffer until every branch has sent it, and only then its credit goes back.
//!
//! A branch that is held up therefore holds up the others when the buffer is full. Trees on a mesh cannot deadlock as
//! long as a whole packet fits a buffer; longer packets can (Lin and Ni, ISCA 1991, doi:10.1145/115952.115965), and
//! [`Network::deadlock`] names the circle.

use super::Network;
use super::packets::{Label, Packet};
use super::router::bits;

/// A copy of the packet at the front of an input VC, on its way out of one port.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Branch {
    /// The copy.
    pub(super) packet: u32,
    /// Its output VC.
    pub(super) out: u8,
    /// Flits of the buffer that it has sent.
    pub(super) sent: u16,
    /// First cycle in which it asks for the crossbar.
    pub(super) from: u64,
}

impl Network {
    fn place(&self, r: usize, k: usize, o: usize) -> usize {
        (r << 6 | k) * self.fabric.ports + o
    }

    /// The branch of an input VC on a port.
    pub(super) fn branch_at(&self, r: usize, k: usize, o: usize) -> &Branch {
        &self.branches[self.place(r, k, o)]
    }

    /// Port and VCs of a destination in a tree.
    fn tree(&self, r: usize, node: u32) -> (usize, u64) {
        let wish = self.fabric.wish(r, node as usize);
        let port = self.port_of[wish.trailing_zeros() as usize] as usize;
        (port, wish & self.fabric.on(port))
    }

    /// The packet at the front of an input VC is split.
    pub(super) fn spread(&mut self, r: usize, k: usize, packet: u32) {
        if self.branches.is_empty() {
            // networks without such packets do not pay for them
            self.branches = vec![Branch::default(); (self.blocks.len() << 6) * self.fabric.ports];
            self.under_way = vec![0; self.blocks.len() << 6];
            self.wishes = vec![0; self.blocks.len() << 6];
        }
        let members = self.packets.members(self.packets.labels[packet as usize].destination);
        let wish = members.fold(0, |all, n| all | self.tree(r, n).1);
        self.wishes[r << 6 | k] = wish;
        self.blocks[r].state.multicast |= 1 << k;
        self.under_way[r << 6 | k] = 0;
    }

    /// The branch of the port of output VC `j` gets it.
    pub(super) fn branch(&mut self, r: usize, k: usize, j: u8) {
        let (id, o) = (r << 6 | k, self.port_of[j as usize] as usize);
        let whole = self.flit(r, k, 0).packet();
        let (parent, label) = (self.packets[whole], self.packets.labels[whole as usize]);
        let own: Vec<u32> = self.packets.members(label.destination).filter(|&n| self.tree(r, n).0 == o).collect();
        let (destination, several) = match own[..] {
            [one] => (one, false),
            _ => (self.packets.set(self.fabric.nodes, own.into_iter()), true),
        };
        let label = Label { destination, several, hops: label.hops + 1 };
        let packet = self.packets.add(Packet { left: parent.flits, ..parent }, label);
        let at = self.place(r, k, o);
        self.branches[at] = Branch { packet, out: j, sent: 0, from: self.now + 1 };
        self.under_way[id] |= 1 << o;
        self.wishes[id] &= !self.fabric.on(o);
        if self.wishes[id] == 0 {
            self.blocks[r].state.seeking &= !(1 << k);
        }
    }

    /// Ports to which an input VC can send a flit of a branch.
    pub(super) fn open_branches(&self, r: usize, k: usize) -> u64 {
        let (len, stocked) = (self.blocks[r].vcs[k].len, self.blocks[r].state.stocked);
        bits(self.under_way[r << 6 | k])
            .filter(|&o| {
                let b = self.branch_at(r, k, o);
                b.from <= self.now && b.sent < len && stocked & (1 << b.out) != 0
            })
            .fold(0, |set, o| set | 1 << o)
    }

    /// Those of `others` whose branch stands at the same flit as that of `o`.
    pub(super) fn abreast(&self, r: usize, k: usize, o: usize, others: u64) -> u64 {
        let sent = self.branch_at(r, k, o).sent;
        bits(others).filter(|&q| self.branch_at(r, k, q).sent == sent).fold(0, |set, q| set | 1 << q)
    }

    /// The branch on port `o` sends its next flit.
    pub(super) fn copy(&mut self, r: usize, k: usize, o: usize) {
        let id = r << 6 | k;
        let at = self.place(r, k, o);
        let first = self.flit(r, k, self.branches[at].sent);
        let b = &mut self.branches[at];
        let flit = first.of(b.packet);
        b.sent += 1;
        let j = b.out as usize;
        self.launch(r, o, j, flit);
        self.copied += 1;
        if flit.tail() {
            self.under_way[id] &= !(1 << o);
            self.blocks[r].state.release(j, self.settings.wait_for_tail_credit);
        }
        let under_way = self.under_way[id];
        let all_sent = bits(under_way).all(|q| self.branch_at(r, k, q).sent > 0);
        if self.wishes[id] != 0 || !all_sent {
            return;
        }
        for q in bits(under_way) {
            let at = self.place(r, k, q);
            self.branches[at].sent -= 1;
        }
        let gone = self.pop(r, k);
        self.copied -= 1;
        if gone.tail() {
            self.packets.remove(gone.packet());
            let state = &mut self.blocks[r].state;
            state.multicast &= !(1 << k);
            state.active &= !(1 << k);
            self.follow(r, k);
        }
    }
}
