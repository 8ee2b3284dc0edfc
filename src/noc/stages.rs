//! The stages of a router: route, output VC, crossbar.
//!
//! All decisions of a cycle see the state at its beginning: a VC routed in cycle t asks for an output VC in t + 1, with
//! it for the crossbar in t + 2 (or, where routers speculate, in t + 1 beside the other request, and what it wins of
//! the crossbar without the VC is lost). An output VC given back in t can be taken in t + 1.

use super::matching::NONE;
use super::packets::NO_SET;
use super::router::{bits, first_from};
use super::Network;
use super::network::Flit;

/// Place of a cycle among the slots of a stage.
#[inline]
const fn slot(cycle: u64, stage: u32) -> usize {
    if stage == 1 { 0 } else { (cycle % stage as u64) as usize }
}

impl Network {
    /// The head at the front of an input VC enters route computation at the beginning of cycle `from`.
    #[inline]
    pub(super) fn begin(&mut self, r: usize, k: usize, from: u64) {
        let stage = self.settings.routing;
        if stage == 0 {
            self.find(r, k);
        } else {
            self.state[r].routing |= 1 << k;
            self.route_due[r * stage as usize + slot(from + u64::from(stage) - 1, stage)] |= 1 << k;
        }
    }

    /// The route of the packet at the front of an input VC is known.
    #[inline]
    fn find(&mut self, r: usize, k: usize) {
        let id = r << self.shift | k;
        let vc = &mut self.input[id];
        let flit = self.flits[(id << self.buffer_shift) + vc.head as usize];
        let packet = &self.packets[flit.packet()];
        let state = &mut self.state[r];
        state.routing &= !(1 << k);
        state.seeking |= 1 << k;
        if packet.set == NO_SET {
            vc.wish = self.fabric.wish(r, packet.destination as usize);
        } else {
            self.spread(r, k, flit.packet());
        }
    }

    /// A cycle of a router.
    pub(super) fn visit(&mut self, r: usize) {
        let s = self.state[r];
        let ready = s.active & s.filled & s.credited & !s.in_switch_allocation;
        let many = s.multicast & s.active & s.filled & !s.in_switch_allocation;
        let hopeful = if self.settings.speculative { self.hopeful(r) } else { 0 };
        if s.seeking & !s.in_vc_allocation != 0 {
            self.allocate_vcs(r);
        }
        if self.settings.vc_allocation > 1 {
            self.finish_vcs(r);
        }
        if s.routing != 0 {
            let stage = self.settings.routing;
            let due = &mut self.route_due[r * stage as usize + slot(self.now, stage)];
            for k in bits(std::mem::take(due)) {
                self.find(r, k);
            }
        }
        let simple = many | hopeful == 0 && self.settings.switch_allocation == 1 && !self.fabric.shared;
        if simple && ready != 0 && ready & (ready - 1) == 0 {
            self.pass(r, ready.trailing_zeros() as usize);
        } else if ready | many | hopeful != 0 {
            self.allocate_switch(r, ready, many, hopeful, s.free);
        }
        if self.settings.switch_allocation > 1 {
            self.finish_switch(r);
        }
        let s = &self.state[r];
        let busy = s.routing | s.in_vc_allocation | s.in_switch_allocation | s.active & (s.filled & s.credited | s.multicast);
        if busy != 0 || bits(s.seeking).any(|k| self.input[r << self.shift | k].wish & s.free != 0) {
            self.wake_router(r);
        }
    }

    /// Matches heads with free output VCs.
    fn allocate_vcs(&mut self, r: usize) {
        let (s, base) = (&self.state[r], r << self.shift);
        let mut requesters = 0u64;
        for k in bits(s.seeking & !s.in_vc_allocation) {
            let wants = self.input[base | k].wish & s.free;
            if wants != 0 {
                requesters |= 1 << k;
                self.matching.wants[k] = wants;
            }
        }
        if requesters == 0 {
            return;
        }
        let slots = base..base + (1 << self.shift);
        self.matching.run(
            self.settings.vc_allocator,
            requesters,
            &mut self.vc_accept[slots.clone()],
            &mut self.vc_grant[slots],
        );
        let stage = self.settings.vc_allocation;
        if stage == 1 {
            for k in bits(requesters) {
                if self.matching.won[k] != NONE {
                    self.take(r, k, self.matching.won[k]);
                }
            }
            return;
        }
        self.state[r].in_vc_allocation |= requesters;
        self.vc_due[r * stage as usize + slot(self.now + u64::from(stage) - 1, stage)] |= requesters;
        for k in bits(requesters) {
            self.vc_won[base | k] = self.matching.won[k];
        }
    }

    /// Requests that leave a VC allocator of several cycles: another may have taken the VC in the meantime.
    fn finish_vcs(&mut self, r: usize) {
        let stage = self.settings.vc_allocation;
        let due = std::mem::take(&mut self.vc_due[r * stage as usize + slot(self.now, stage)]);
        self.state[r].in_vc_allocation &= !due;
        for k in bits(due) {
            let j = self.vc_won[r << self.shift | k];
            if j != NONE && self.state[r].free & (1 << j) != 0 {
                self.take(r, k, j);
            }
        }
    }

    /// An input VC gets output VC `j`.
    #[inline]
    fn take(&mut self, r: usize, k: usize, j: u8) {
        let state = &mut self.state[r];
        state.free &= !(1 << j);
        state.active |= 1 << k;
        self.output[r << self.shift | j as usize].owner = k as u8;
        if state.multicast & (1 << k) != 0 {
            self.branch(r, k, j);
        } else {
            self.input[r << self.shift | k].out = j;
            state.seeking &= !(1 << k);
            if state.stocked & (1 << j) != 0 {
                state.credited |= 1 << k;
            }
        }
    }

    /// Heads that ask for the crossbar before they have an output VC: those that can get one with a credit.
    fn hopeful(&self, r: usize) -> u64 {
        let s = &self.state[r];
        bits(s.seeking & !s.multicast)
            .filter(|&k| self.input[r << self.shift | k].wish & s.free & s.stocked != 0)
            .fold(0, |set, k| set | 1 << k)
    }

    /// The only request for the crossbar wins it.
    #[inline]
    fn pass(&mut self, r: usize, k: usize) {
        let p = self.port_of[k] as usize;
        let o = self.port_of[self.input[r << self.shift | k].out as usize];
        let of_router = r * self.fabric.ports;
        self.port_accept[of_router + p] = o + 1;
        self.port_grant[of_router + o as usize] = p as u8 + 1;
        self.port_vc[of_router + p] = (k - p * self.fabric.vcs) as u8 + 1;
        self.forward(r, k, o as usize);
    }

    /// Matches inputs with outputs of the crossbar: `ready` VCs with one destination, `many` with several, `hopeful`
    /// heads that speculate. An input asks for an output for the first of its VCs in round-robin order, those that do
    /// not speculate first; `free` are the output VCs that they can hope for.
    fn allocate_switch(&mut self, r: usize, ready: u64, many: u64, hopeful: u64, free: u64) {
        let (ports, vcs, base) = (self.fabric.ports, self.fabric.vcs, r << self.shift);
        let of_port = self.fabric.on(0);
        let mut competing = ready | many | hopeful;
        let all = competing;
        let mut inputs = 0u64;
        while competing != 0 {
            let p = self.port_of[competing.trailing_zeros() as usize] as usize;
            let shift = p * vcs;
            competing &= !(of_port << shift);
            let mut wants = 0u64;
            for group in [ready | many, hopeful] {
                let mut group = group >> shift & of_port;
                while group != 0 {
                    let v = first_from(group, self.port_vc[r * ports + p]);
                    group &= !(1 << v);
                    let k = shift + v;
                    let bit = 1 << k;
                    let to = if many & bit != 0 {
                        self.open_branches(r, k)
                    } else if ready & bit != 0 {
                        1 << self.port_of[self.input[base | k].out as usize]
                    } else {
                        let hoped = self.input[base | k].wish & free & self.state[r].stocked;
                        bits(hoped).fold(0, |ports, j| ports | 1 << self.port_of[j])
                    };
                    for o in bits(to & !wants) {
                        self.label[p * ports + o] = k as u8;
                    }
                    wants |= to;
                }
            }
            if wants != 0 {
                inputs |= 1 << p;
                self.matching.wants[p] = wants;
            }
        }
        if inputs == 0 {
            return;
        }
        if self.settings.switch_allocation > 1 {
            let stage = self.settings.switch_allocation;
            self.state[r].in_switch_allocation |= all;
            self.switch_due[r * stage as usize + slot(self.now + u64::from(stage) - 1, stage)] |= all;
            bits(all).for_each(|k| self.switch_won[base | k] = NONE);
        }
        if self.fabric.shared {
            return self.share(r, inputs);
        }
        let of_router = r * ports..(r + 1) * ports;
        self.matching.run(
            self.settings.switch_allocator,
            inputs,
            &mut self.port_accept[of_router.clone()],
            &mut self.port_grant[of_router],
        );
        for p in bits(inputs) {
            let o = self.matching.won[p];
            if o != NONE {
                let k = self.label[p * ports + o as usize] as usize;
                self.port_vc[r * ports + p] = (k - p * vcs) as u8 + 1;
                self.granted(r, k, o, hopeful);
            }
        }
    }

    /// A shared medium carries one flit a cycle: of the next input in turn, to all of its receivers.
    fn share(&mut self, r: usize, inputs: u64) {
        let ports = self.fabric.ports;
        let p = first_from(inputs, self.medium[r]);
        self.medium[r] = p as u8 + 1;
        let wants = self.matching.wants[p];
        let o = first_from(wants, self.port_accept[r * ports + p]);
        self.port_accept[r * ports + p] = o as u8 + 1;
        let k = self.label[p * ports + o] as usize;
        self.port_vc[r * ports + p] = (k - p * self.fabric.vcs) as u8 + 1;
        let others = bits(wants & !(1 << o)).filter(|&q| self.label[p * ports + q] as usize == k);
        let together = if self.state[r].multicast & (1 << k) == 0 { 0 } else { self.abreast(r, k, o, others.fold(0, |m, q| m | 1 << q)) };
        self.granted(r, k, o as u8, 0);
        for q in bits(together) {
            self.granted(r, k, q as u8, 0);
        }
    }

    /// An input VC has won the crossbar to a port.
    #[inline]
    fn granted(&mut self, r: usize, k: usize, o: u8, hopeful: u64) {
        if self.settings.switch_allocation > 1 {
            self.switch_won[r << self.shift | k] = o;
            return;
        }
        if hopeful & (1 << k) != 0 {
            let s = &self.state[r];
            let got = s.active & s.credited & (1 << k) != 0;
            if !got || self.port_of[self.input[r << self.shift | k].out as usize] != o {
                return;
            }
        }
        self.forward(r, k, o as usize);
    }

    /// Requests that leave a switch allocator of several cycles.
    fn finish_switch(&mut self, r: usize) {
        let stage = self.settings.switch_allocation;
        let due = std::mem::take(&mut self.switch_due[r * stage as usize + slot(self.now, stage)]);
        self.state[r].in_switch_allocation &= !due;
        for k in bits(due) {
            let o = self.switch_won[r << self.shift | k];
            if o != NONE {
                self.forward(r, k, o as usize);
            }
        }
    }

    /// The first flit of an input VC goes to the link of port `o`, a credit back.
    #[inline]
    fn forward(&mut self, r: usize, k: usize, o: usize) {
        let bit = 1 << k;
        if self.state[r].multicast & bit != 0 {
            return self.copy(r, k, o);
        }
        let j = self.input[r << self.shift | k].out as usize;
        let flit = self.pop(r, k);
        if flit.head() {
            self.packets[flit.packet()].hops += 1;
        }
        self.launch(r, o, j, flit);
        let state = &mut self.state[r];
        if state.stocked & (1 << j) == 0 {
            state.credited &= !bit;
        }
        if flit.tail() {
            state.active &= !bit;
            state.credited &= !bit;
            self.release(r, j);
            self.follow(r, k);
        }
    }

    /// Takes the first flit out of the buffer of an input VC and sends a credit for its place.
    #[inline]
    pub(super) fn pop(&mut self, r: usize, k: usize) -> Flit {
        let id = r << self.shift | k;
        let vc = &mut self.input[id];
        let flit = self.flits[(id << self.buffer_shift) + vc.head as usize];
        vc.head = (vc.head + 1) & ((1 << self.buffer_shift) - 1) as u16;
        vc.len -= 1;
        if vc.len == 0 {
            self.state[r].filled &= !(1 << k);
        }
        let port = r * self.fabric.ports + self.port_of[k] as usize;
        let to = self.ahead[port] + (k - self.port_of[k] as usize * self.fabric.vcs) as u32;
        let read = if to < self.edge { self.settings.credit_delay } else { 0 };
        self.credits.enter(self.now + u64::from(1 + self.fabric.latency[port] + read), to);
        flit
    }

    /// A flit leaves through output VC `j` of port `o`.
    #[inline]
    pub(super) fn launch(&mut self, r: usize, o: usize, j: usize, flit: Flit) {
        let out = &mut self.output[r << self.shift | j];
        out.credits -= 1;
        if out.credits == 0 {
            self.state[r].stocked &= !(1 << j);
        }
        let port = r * self.fabric.ports + o;
        self.carried[port] += 1;
        let on_the_way = self.settings.traversal + 1 + self.fabric.latency[port];
        self.arriving.enter(self.now + u64::from(on_the_way), (self.ahead[port] + (j - o * self.fabric.vcs) as u32, flit));
    }

    /// The tail has left through output VC `j`.
    #[inline]
    pub(super) fn release(&mut self, r: usize, j: usize) {
        let state = &mut self.state[r];
        if self.settings.wait_for_tail_credit { state.closing |= 1 << j } else { state.free |= 1 << j }
    }

    /// The packet behind a tail, if there is one, begins in the next cycle.
    #[inline]
    pub(super) fn follow(&mut self, r: usize, k: usize) {
        if self.state[r].filled & (1 << k) != 0 {
            self.begin(r, k, self.now + 1);
        }
    }
}
