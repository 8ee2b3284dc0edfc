//! The stages of a router: route, output VC, crossbar.
//!
//! All decisions of a cycle see the state at its beginning: a VC routed in cycle t asks for an output VC in t + 1, with
//! it for the crossbar in t + 2 (or, where routers speculate, in t + 1 beside the other request, and what it wins of
//! the crossbar without the VC is lost). An output VC given back in t can be taken in t + 1.

use super::Network;
use super::matching::NONE;
use super::network::Flit;
use super::router::{PORT_ACCEPT, PORT_GRANT, PORT_VC, VC_ACCEPT, VC_GRANT, bits, ends, first_from};

/// Place of a cycle among the slots of a stage.
#[inline]
const fn slot(cycle: u64, stage: u32) -> usize {
    if stage == 1 { 0 } else { (cycle % stage as u64) as usize }
}

impl Network {
    /// The head at the front of an input VC enters route computation at the beginning of cycle `from`. Tables do not
    /// change, so its route can be looked up now; the stage only lets it wait.
    #[inline(always)]
    pub(super) fn begin(&mut self, r: usize, k: usize, flit: Flit, from: u64) {
        let label = self.packets.labels[flit.packet() as usize];
        let block = &mut self.blocks[r];
        if !label.several {
            block.vcs[k & 63].wish = self.fabric.place(r, label.destination as usize);
        }
        let stage = self.settings.routing;
        if stage == 0 {
            block.state.seeking |= 1 << k;
        } else {
            block.state.routing |= 1 << k;
            if stage > 1 {
                self.route_due[r * stage as usize + slot(from + u64::from(stage) - 1, stage)] |= 1 << k;
            }
        }
        if label.several {
            self.spread(r, k, flit.packet());
        }
    }

    /// A cycle of a router that is not plain.
    #[inline(always)]
    pub(super) fn visit(&mut self, r: usize) {
        let s = &self.blocks[r].state;
        let ready = s.active & s.filled & s.credited & !s.in_switch_allocation;
        let many = s.multicast & s.active & s.filled & !s.in_switch_allocation;
        let (free, seekers) = (s.free, s.seeking & !s.in_vc_allocation);
        let hopeful = if self.settings.speculative { self.hopeful(r) } else { 0 };
        if seekers != 0 {
            self.allocate_vcs::<false>(r, seekers);
        }
        if self.settings.vc_allocation > 1 {
            self.finish_vcs(r);
        }
        self.find_routes(r);
        if ready | many | hopeful != 0 {
            self.allocate_switch::<false>(r, ready, many, hopeful, free);
        }
        if self.settings.switch_allocation > 1 {
            self.finish_switch(r);
        }
        let s = &self.blocks[r].state;
        let sending = s.active & (s.filled & s.credited | s.multicast);
        if s.routing | s.seeking | sending | s.in_vc_allocation | s.in_switch_allocation != 0 {
            self.wake_router(r);
        }
    }

    /// Heads whose route is found in this cycle want an output VC from the next on.
    #[inline(always)]
    pub(super) fn find_routes(&mut self, r: usize) {
        let stage = self.settings.routing;
        let s = &mut self.blocks[r].state;
        // in a stage of one cycle all are due that are in it
        let due = match stage {
            0 | 1 => s.routing,
            _ => std::mem::take(&mut self.route_due[r * stage as usize + slot(self.now, stage)]),
        };
        s.routing &= !due;
        s.seeking |= due;
    }

    /// The only head of a plain router that wants an output VC gets the next that is free, if there is one.
    #[inline(always)]
    pub(super) fn allocate_vc(&mut self, r: usize, k: usize) {
        let wish = self.wish::<true>(r, k);
        let block = &mut self.blocks[r];
        let wants = wish & block.state.free;
        if wants != 0 {
            let j = first_from(wants, block.turns[k & 63][VC_ACCEPT]);
            (block.turns[k & 63][VC_ACCEPT], block.turns[j & 63][VC_GRANT]) = (j as u8 + 1, k as u8 + 1);
            self.take::<true>(r, k, j as u8);
        }
    }

    /// Matches heads with free output VCs.
    #[inline(always)]
    pub(super) fn allocate_vcs<const PLAIN: bool>(&mut self, r: usize, seekers: u64) {
        let stage = if PLAIN { 1 } else { self.settings.vc_allocation };
        let free = self.blocks[r].state.free;
        let mut requesters = 0u64;
        for k in bits(seekers) {
            let wants = self.wish::<PLAIN>(r, k) & free;
            if wants != 0 {
                requesters |= 1 << k;
                self.matching.wants[k] = wants;
            }
        }
        if requesters == 0 {
            return;
        }
        let block = &mut self.blocks[r];
        self.matching.run::<VC_ACCEPT, VC_GRANT>(self.settings.vc_allocator, requesters, &mut block.turns);
        if stage == 1 {
            for k in bits(requesters) {
                if self.matching.won[k] != NONE {
                    self.take::<PLAIN>(r, k, self.matching.won[k]);
                }
            }
            return;
        }
        block.state.in_vc_allocation |= requesters;
        self.vc_due[r * stage as usize + slot(self.now + u64::from(stage) - 1, stage)] |= requesters;
        for k in bits(requesters) {
            block.vc_won[k] = self.matching.won[k];
        }
    }

    /// Requests that leave a VC allocator of several cycles: another may have taken the VC in the meantime.
    fn finish_vcs(&mut self, r: usize) {
        let stage = self.settings.vc_allocation;
        let due = std::mem::take(&mut self.vc_due[r * stage as usize + slot(self.now, stage)]);
        self.blocks[r].state.in_vc_allocation &= !due;
        for k in bits(due) {
            let j = self.blocks[r].vc_won[k];
            if j != NONE && self.blocks[r].state.free & (1 << j) != 0 {
                self.take::<false>(r, k, j);
            }
        }
    }

    /// An input VC gets output VC `j`.
    #[inline(always)]
    fn take<const PLAIN: bool>(&mut self, r: usize, k: usize, j: u8) {
        let block = &mut self.blocks[r];
        let state = &mut block.state;
        state.free &= !(1 << j);
        state.active |= 1 << k;
        block.vcs[j as usize & 63].owner = k as u8;
        if !PLAIN && state.multicast & (1 << k) != 0 {
            return self.branch(r, k, j);
        }
        block.vcs[k & 63].out = j;
        state.seeking &= !(1 << k);
        state.credited |= (state.stocked >> j & 1) << k;
    }

    /// Heads that ask for the crossbar before they have an output VC: those that can get one with a credit.
    fn hopeful(&self, r: usize) -> u64 {
        let s = &self.blocks[r].state;
        bits(s.seeking & !s.multicast)
            .filter(|&k| self.wish::<false>(r, k) & s.free & s.stocked != 0)
            .fold(0, |set, k| set | 1 << k)
    }

    /// Requests for the crossbar that share an input or an output with another.
    #[inline(always)]
    pub(super) fn rivals(&self, r: usize, ready: u64) -> u64 {
        let block = &self.blocks[r];
        let input = |k: usize| 1u64 << self.port_of[k & 63];
        let output = |k: usize| 1u64 << self.port_of[block.vcs[k & 63].out as usize & 63];
        let ([mut inputs, mut outputs], [mut shared, mut sought]) = ([0u64; 2], [0u64; 2]);
        for k in bits(ready) {
            (shared, sought) = (shared | inputs & input(k), sought | outputs & output(k));
            (inputs, outputs) = (inputs | input(k), outputs | output(k));
        }
        if shared | sought == 0 {
            return 0;
        }
        bits(ready).filter(|&k| shared & input(k) | sought & output(k) != 0).fold(0, |set, k| set | 1 << k)
    }

    /// Of two requests that are each other's only rivals one wins the crossbar: of one input and output whose VC is
    /// next at the input, of one output whose input is next there, of one input whose output is next there.
    #[inline(always)]
    pub(super) fn pass_one(&mut self, r: usize, rivals: u64) {
        let block = &self.blocks[r];
        let [a, b] = ends(rivals);
        let input = |k: usize| self.port_of[k];
        let output = |k: usize| self.port_of[block.vcs[k].out as usize & 63];
        let first = |places: [u8; 2], from: u8| first_from(1 << places[0] | 1 << places[1], from) == places[0] as usize;
        let wins = if input(a) != input(b) {
            first([input(a), input(b)], block.turns[output(a) as usize & 63][PORT_GRANT])
        } else if output(a) != output(b) {
            first([output(a), output(b)], block.turns[input(a) as usize & 63][PORT_ACCEPT])
        } else {
            first([self.vc_of[a], self.vc_of[b]], block.turns[input(a) as usize & 63][PORT_VC])
        };
        self.pass(r, if wins { a } else { b });
    }

    /// A request for the crossbar without rivals wins it.
    #[inline(always)]
    pub(super) fn pass(&mut self, r: usize, k: usize) {
        let block = &mut self.blocks[r];
        let p = self.port_of[k] as usize & 63;
        let o = self.port_of[block.vcs[k].out as usize & 63];
        block.turns[p][PORT_ACCEPT] = o + 1;
        block.turns[o as usize & 63][PORT_GRANT] = p as u8 + 1;
        block.turns[p][PORT_VC] = self.vc_of[k] + 1;
        self.forward::<true>(r, k, o as usize);
    }

    /// Matches inputs with outputs of the crossbar: `ready` VCs with one destination, `many` with several, `hopeful`
    /// heads that speculate. An input asks for an output for the first of its VCs in round-robin order, those that do
    /// not speculate first; `free` are the output VCs that they can hope for.
    #[inline(never)]
    pub(super) fn allocate_switch<const PLAIN: bool>(
        &mut self,
        r: usize,
        ready: u64,
        many: u64,
        hopeful: u64,
        free: u64,
    ) {
        let (ports, vcs) = (self.fabric.ports, self.fabric.vcs);
        let of_port = self.of_port;
        let (many, hopeful) = if PLAIN { (0, 0) } else { (many, hopeful) };
        let mut competing = ready | many | hopeful;
        let all = competing;
        let mut inputs = 0u64;
        while competing != 0 {
            let p = self.port_of[competing.trailing_zeros() as usize] as usize & 63;
            let low = p * vcs;
            competing &= !(of_port << low);
            let mut wants = 0u64;
            for group in [ready | many, hopeful] {
                let mut group = group >> low & of_port;
                while group != 0 {
                    let v = first_from(group, self.blocks[r].turns[p][PORT_VC]);
                    group &= !(1 << v);
                    let k = low + v;
                    let bit = 1 << k;
                    let to = if many & bit != 0 {
                        self.open_branches(r, k)
                    } else if ready & bit != 0 {
                        1 << self.port_of[self.blocks[r].vcs[k & 63].out as usize & 63]
                    } else {
                        let hoped = self.wish::<false>(r, k) & free & self.blocks[r].state.stocked;
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
        let block = &mut self.blocks[r];
        if !PLAIN && self.settings.switch_allocation > 1 {
            let stage = self.settings.switch_allocation;
            block.state.in_switch_allocation |= all;
            self.switch_due[r * stage as usize + slot(self.now + u64::from(stage) - 1, stage)] |= all;
            bits(all).for_each(|k| block.switch_won[k] = NONE);
        }
        if !PLAIN && self.fabric.shared {
            return self.share(r, inputs, hopeful);
        }
        self.matching.run::<PORT_ACCEPT, PORT_GRANT>(self.settings.switch_allocator, inputs, &mut block.turns);
        for p in bits(inputs) {
            let o = self.matching.won[p];
            if o != NONE {
                let k = self.label[p * ports + o as usize] as usize & 63;
                self.blocks[r].turns[p][PORT_VC] = self.vc_of[k] + 1;
                if PLAIN { self.forward::<true>(r, k, o as usize) } else { self.granted(r, k, o, hopeful) }
            }
        }
    }

    /// A shared medium carries one flit a cycle: of the next input in turn, to all of its receivers.
    fn share(&mut self, r: usize, inputs: u64, hopeful: u64) {
        let ports = self.fabric.ports;
        let block = &mut self.blocks[r];
        let p = first_from(inputs, block.medium);
        block.medium = p as u8 + 1;
        let wants = self.matching.wants[p];
        let o = first_from(wants, block.turns[p][PORT_ACCEPT]);
        block.turns[p][PORT_ACCEPT] = o as u8 + 1;
        let k = self.label[p * ports + o] as usize;
        block.turns[p][PORT_VC] = self.vc_of[k] + 1;
        let mut together = 0;
        if block.state.multicast & (1 << k) != 0 {
            let others = bits(wants & !(1 << o)).filter(|&q| self.label[p * ports + q] as usize == k);
            together = self.abreast(r, k, o, others.fold(0, |m, q| m | 1 << q));
        }
        self.granted(r, k, o as u8, hopeful);
        for q in bits(together) {
            self.granted(r, k, q as u8, hopeful);
        }
    }

    /// An input VC has won the crossbar to a port.
    #[inline]
    fn granted(&mut self, r: usize, k: usize, o: u8, hopeful: u64) {
        let block = &mut self.blocks[r];
        if self.settings.switch_allocation > 1 {
            block.switch_won[k] = o;
            return;
        }
        if hopeful & (1 << k) != 0 {
            let got = block.state.active & block.state.credited & (1 << k) != 0;
            if !got || self.port_of[block.vcs[k].out as usize] != o {
                return;
            }
        }
        self.forward::<false>(r, k, o as usize);
    }

    /// Requests that leave a switch allocator of several cycles.
    fn finish_switch(&mut self, r: usize) {
        let stage = self.settings.switch_allocation;
        let due = std::mem::take(&mut self.switch_due[r * stage as usize + slot(self.now, stage)]);
        self.blocks[r].state.in_switch_allocation &= !due;
        for k in bits(due) {
            let o = self.blocks[r].switch_won[k];
            if o != NONE {
                self.forward::<false>(r, k, o as usize);
            }
        }
    }

    /// The first flit of an input VC goes to the link of port `o`, a credit back.
    #[inline(always)]
    fn forward<const PLAIN: bool>(&mut self, r: usize, k: usize, o: usize) {
        let bit = 1 << k;
        if !PLAIN && self.blocks[r].state.multicast & bit != 0 {
            return self.copy(r, k, o);
        }
        let flit = self.pop(r, k);
        if flit.head() {
            self.packets.labels[flit.packet() as usize].hops += 1;
        }
        let j = self.blocks[r].vcs[k & 63].out as usize & 63;
        self.launch(r, o, j, flit);
        let state = &mut self.blocks[r].state;
        state.credited &= !bit | (state.stocked >> j & 1) << k;
        if flit.tail() {
            state.active &= !bit;
            state.credited &= !bit;
            state.release(j, self.settings.wait_for_tail_credit);
            self.follow(r, k);
        }
    }

    /// Takes the first flit out of the buffer of an input VC and sends a credit for its place.
    #[inline(always)]
    pub(super) fn pop(&mut self, r: usize, k: usize) -> Flit {
        let block = &mut self.blocks[r];
        let vc = &mut block.vcs[k & 63];
        let flit = vc.front;
        vc.len -= 1;
        let more = vc.len > 0;
        // places in use stay few, and so do the lines of the cache that they are in
        vc.second = if more { vc.second } else { 0 };
        block.state.filled &= !(u64::from(!more) << k);
        let wire = &block.wires[self.port_of[k & 63] as usize & 63];
        self.credits.enter(self.now + u64::from(wire.credit), wire.ahead + u32::from(self.vc_of[k & 63]));
        if more {
            self.refill(r, k);
        }
        flit
    }

    /// The second flit of a buffer is the first now.
    #[inline]
    fn refill(&mut self, r: usize, k: usize) {
        let front = self.flit(r, k, 1);
        let vc = &mut self.blocks[r].vcs[k & 63];
        vc.front = front;
        vc.second = vc.second.wrapping_add(1);
    }

    /// A flit leaves through output VC `j` of port `o`, to a router or out of the network: no processor foresees which.
    #[inline(always)]
    pub(super) fn launch(&mut self, r: usize, o: usize, j: usize, flit: Flit) {
        let block = &mut self.blocks[r];
        let out = &mut block.vcs[j & 63];
        out.credits -= 1;
        block.state.stocked &= !(u64::from(out.credits == 0) << j);
        block.carried[o & 63] += 1;
        let wire = &block.wires[o & 63];
        let ways = [&mut self.arriving, &mut self.leaving];
        let to = wire.ahead + u32::from(self.vc_of[j & 63]);
        ways[usize::from(to >= self.edge)].enter(self.now + u64::from(wire.flit), (to, flit));
    }

    /// The packet behind a tail, if there is one, begins in the next cycle.
    #[inline(always)]
    pub(super) fn follow(&mut self, r: usize, k: usize) {
        let block = &self.blocks[r];
        if block.state.filled & (1 << k) != 0 {
            self.begin(r, k, block.vcs[k & 63].front, self.now + 1);
        }
    }
}
