//! The state of a network as a list of numbers, to compare one moment with another.
//!
//! What has no influence on what comes is left out: cycles are relative to the present one, packets are numbered in the
//! order in which they are met, and of what an idle channel held last nothing is written. From equal lists two networks
//! go on alike.

use std::collections::BTreeMap;

use super::Network;
use super::router::bits;

impl Network {
    /// Writes the state down; `name` is what stands for the tag of a packet. Counters ([`Network::carried`],
    /// [`Network::counted`]) and what arrivals tell of the past are no part of it.
    pub fn state(&self, name: impl Fn(u64) -> u64, out: &mut Vec<u64>) {
        let mut met = BTreeMap::new();
        let mut packet = |number: u32, out: &mut Vec<u64>| {
            let next = met.len() as u64;
            let known = *met.entry(number).or_insert(next);
            out.push(known);
            if known == next {
                let (p, label) = (&self.packets[number], &self.packets.labels[number as usize]);
                out.extend([name(p.tag), u64::from(p.source), u64::from(label.several), u64::from(p.left)]);
                match label.several {
                    true => out.extend(self.packets.members(label.destination).map(u64::from)),
                    false => out.push(u64::from(label.destination)),
                }
            }
        };
        let slots = self.fabric.ports * self.fabric.vcs;
        for (r, b) in self.blocks.iter().enumerate() {
            let s = &b.state;
            out.extend([s.routing, s.seeking, s.active, s.filled, s.credited, s.multicast]);
            out.extend([s.in_vc_allocation, s.in_switch_allocation, s.free, s.stocked, s.closing, u64::from(b.medium)]);
            for turns in &b.turns[..slots] {
                out.push(turns.iter().fold(0, |all, turn| all << 8 | u64::from(*turn)));
            }
            for k in 0..slots {
                let (vc, bit) = (&b.vcs[k], 1 << k);
                let held = if s.active & bit == 0 { 0 } else { 1 + u64::from(vc.out) };
                let won = if s.in_vc_allocation & bit == 0 { 0 } else { 1 + u64::from(b.vc_won[k]) };
                let granted = if s.in_switch_allocation & bit == 0 { 0 } else { 1 + u64::from(b.switch_won[k]) };
                out.extend([u64::from(b.vcs[k].credits), held, won, granted, u64::from(vc.len)]);
                for place in 0..vc.len {
                    let flit = self.flit(r, k, place);
                    out.push(u64::from(flit.head()) << 1 | u64::from(flit.tail()));
                    packet(flit.packet(), out);
                }
                if let Some(under_way) = self.under_way.get(r << 6 | k).filter(|_| s.multicast & bit != 0) {
                    out.extend([*under_way, self.wishes[r << 6 | k]]);
                    for o in bits(*under_way) {
                        let branch = self.branch_at(r, k, o);
                        let from = branch.from.saturating_sub(self.now);
                        out.extend([u64::from(branch.out), u64::from(branch.sent), from]);
                        packet(branch.packet, out);
                    }
                }
            }
            let s = &self.settings;
            for (due, stage) in
                [(&self.route_due, s.routing), (&self.vc_due, s.vc_allocation), (&self.switch_due, s.switch_allocation)]
            {
                let stage = u64::from(stage);
                out.extend((0..stage).map(|ahead| due[r * stage as usize + ((self.now + ahead) % stage) as usize]));
            }
        }
        out.extend(&self.awake);
        for (n, source) in self.sources.iter().enumerate() {
            let ready = self.ready[n];
            out.push(if ready == u64::MAX { ready } else { ready.saturating_sub(self.now) });
            source.state(out);
            if source.holds() {
                packet(source.packet, out);
            }
        }
        out.extend(self.source_credits.iter().map(|c| u64::from(*c)));
        for (arriving, leaving) in self.arriving.days_from(self.now).zip(self.leaving.days_from(self.now)) {
            let mut day: Vec<_> = arriving.iter().chain(leaving).collect();
            day.sort_unstable_by_key(|(to, _)| *to);
            out.push(day.len() as u64);
            for (to, flit) in day {
                out.push(u64::from(*to) << 2 | u64::from(flit.head()) << 1 | u64::from(flit.tail()));
                packet(flit.packet(), out);
            }
        }
        for day in self.credits.days_from(self.now) {
            let mut day: Vec<u64> = day.iter().map(|to| u64::from(*to)).collect();
            day.sort_unstable();
            out.push(day.len() as u64);
            out.extend(day);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::packets::{Arrival, Endpoints};
    use super::super::traffic::Bernoulli;
    use super::super::{Pattern, Request, Router, Routing, Topology};
    use super::*;

    /// A packet of six flits from every node to its neighbour every 40 cycles.
    struct Beat {
        next: Vec<u64>,
        shift: u64,
        arrived: Vec<(u32, u64)>,
    }

    impl Endpoints for Beat {
        fn next(&mut self, node: u32) -> Option<Request> {
            let created = self.next[node as usize];
            self.next[node as usize] += 40;
            let to = super::super::Destination::One((node + 5) % 9);
            Some(Request { created: created + self.shift, to, flits: 6, tag: created })
        }
        fn packet(&mut self, a: &Arrival) {
            self.arrived.push((a.destination, a.arrived));
        }
    }

    fn mesh(router: Router) -> Network {
        let mesh = Topology::Mesh { width: 3, height: 3, concentration: 1 };
        Network::new(mesh.compile(Routing::Xy, &router).expect("a mesh"), router).expect("a router")
    }

    fn state(n: &Network) -> Vec<u64> {
        let mut out = Vec::new();
        n.state(|tag| tag % 40, &mut out);
        out
    }

    /// A network that is as it was some cycles before goes on as it did then.
    #[test]
    fn what_comes_back_goes_on_alike() {
        // with several channels the turns of their arbiters come back much later
        let plain = Router { vcs: 1, ..Router::default() };
        let deep = Router { routing: 3, vc_allocation: 2, switch_allocation: 2, traversal: 2, ..plain };
        for router in [plain, deep] {
            let mut n = mesh(router);
            let mut nodes = Beat { next: vec![0; 9], shift: 3, arrived: Vec::new() };
            let mut states = Vec::new();
            for _ in 0..800 {
                n.step(&mut nodes);
                states.push(state(&n));
            }
            let period = (1..400).find(|p| states[799] == states[799 - p]).expect("traffic and network repeat");
            assert_eq!(period % 40, 0, "not before the traffic does");
            let of = |from: u64| {
                let mut part: Vec<_> =
                    nodes.arrived.iter().filter(|a| (from..from + period as u64).contains(&a.1)).collect();
                part.sort();
                part.into_iter().map(|(to, at)| (*to, at - from)).collect::<Vec<_>>()
            };
            let last = 800 - period as u64;
            assert!(!of(last).is_empty());
            assert_eq!(of(last), of(last - period as u64));
        }
    }

    /// Nothing that matters is left out: networks that act differently later are different now.
    #[test]
    fn different_futures_have_different_states() {
        let targets = Pattern::Uniform.table(9, Some((3, 3))).expect("uniform");
        let run = |cycles: u64, seed: u64| {
            let mut n = mesh(Router::default());
            let mut traffic = Bernoulli::new(seed, 0.1, 4, 9, targets.clone());
            for _ in 0..cycles {
                n.step(&mut traffic);
            }
            state(&n)
        };
        let states: std::collections::BTreeSet<_> = (0..40).map(|seed| run(200, seed)).collect();
        assert_eq!(states.len(), 40);
        assert_eq!(run(200, 3), run(200, 3));
    }
}
