//! The mesh flit by flit: its law without contention, a meeting drawn by hand, conservation, order, folding.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::super::MessageTime;
use super::super::flits::{network, router};
use super::super::queue::{Event, Queue};
use super::super::routes::Builder;
use super::super::transport::{Purpose, Transport};
use super::*;
use crate::arch::FlitRouters;
use crate::cost::{Action, MeshAllocator, PartKind};
use crate::noc::{Arrival, Destination, Endpoints, Request};
use crate::rng::{Domain, Draw};

/// The same machine with a mesh that runs flit by flit on so many virtual channels.
pub(super) fn flitwise(mut m: Machine, virtual_channels: usize) -> Machine {
    m.mesh.flits = Some(FlitRouters { virtual_channels, allocator: MeshAllocator::Islip });
    m
}

/// A way over the mesh: from, to, bytes.
pub(super) type WayOf = (usize, usize, u64);

/// Sends messages over ways into buffers, in the cycles given; `look` sees the mesh at the end of each of its cycles.
/// The courses of the messages carry the number of their way in the place of the stage.
pub(super) fn send(
    machine: &Machine,
    ways: &[WayOf],
    starts: &[(u64, u32)],
    backwards: bool,
    mut look: impl FnMut(u64, &Transport),
) -> (Vec<MessageTime>, Transport) {
    let mut b = Builder::new(machine);
    for (n, (from, to, bytes)) in ways.iter().enumerate() {
        b.begin(StageId::new(n)).mesh(TileId::new(*from), TileId::new(*to), *bytes).arrive(TileId::new(*to), *bytes);
        b.end(Purpose::Deliver { channel: n as u32 });
    }
    b.record(0);
    let (mut transport, mut queue) = (b.transport, Queue::default());
    if backwards {
        transport.flits.visit_backwards();
    }
    starts.iter().for_each(|(at, route)| transport.start(*route, *at, &mut queue));
    while let Some((now, event)) = queue.pop() {
        match event {
            Event::Request { server, leg } => transport.request(server, leg, now, &mut queue),
            Event::Flits { mesh } => {
                transport.turn(mesh, now, &mut queue);
                look(now, &transport);
            }
            _ => {}
        }
    }
    let messages = std::mem::take(&mut transport.recorder.as_mut().expect("just given").messages);
    (messages.finish(), transport)
}

/// What was held for which way: server, way, from, until.
fn held(t: &Transport) -> Vec<(u32, u32, u64, u64)> {
    let holds = &t.recorder.as_ref().expect("messages are recorded").holds;
    let mut all: Vec<_> = holds.iter().map(|h| (h.server, h.route, h.from, h.until)).collect();
    all.sort_unstable();
    all
}

/// Beginning of the first hold of each server, and cycles of all of them.
fn sums(t: &Transport) -> Vec<(u32, u64, u64)> {
    let all = held(t);
    let of_server = all.chunk_by(|a, b| a.0 == b.0);
    of_server.map(|holds| (holds[0].0, holds[0].2, holds.iter().map(|h| h.3 - h.2).sum())).collect()
}

/// Ends of messages by way and then by number.
fn ends(messages: &[MessageTime]) -> Vec<(usize, u64, u64)> {
    let mut all: Vec<_> = messages.iter().map(|m| (m.stage.index(), m.start, m.end)).collect();
    all.sort_unstable();
    all
}

/// Flits that a buffer holds so that credits hold nobody up.
const fn ample(router: u64, link: u64) -> u64 {
    2 * link + 2 + (router > 1) as u64
}

/// A row of tiles 0 1 2; routers and links take one cycle. A sends four flits from 0 to 2 in cycle 0, B as many from 1
/// to 2 in cycle 1; they meet at the link 1→2. A grant in cycle t is in the next router in t + 2, and in the node of
/// the last router in t + 1.
///
/// ```text
/// cycle         0  1  2  3  4  5  6  7  8  9 10 11
/// link 0→1      A1 A2 A3 A4
/// enters 1         B1 B2 B3 B4                      (from the node of tile 1)
/// link 1→2         B1 A1 B2 A2 B3 A3 B4 A4          two virtual channels, in turn flit by flit
/// out at 2               B1 A1 B2 A2 B3 A3 B4 A4    tails granted in 9 and 10, there in 10 and 11
/// ```
#[test]
fn messages_that_meet_take_turns_on_the_link_as_drawn_by_hand() {
    let m = flitwise(machine([3, 1], QUICK_TILE), 4);
    let (ways, starts) = ([(0, 2, 64), (1, 2, 64)], [(0, 0), (1, 1)]);
    let mut drawn = Vec::new();
    let (got, t) = send(&m, &ways, &starts, false, |now, t| {
        // flits over 0→1 and 1→2 up to this cycle, messages that are not there in the next
        drawn.push((now, t.flits.carried(0, 0, 0), t.flits.carried(0, 1, 0), t.flits.under_way()));
    });
    let by_hand = [
        (0, 1, 0, 1),
        (1, 2, 1, 2),
        (2, 3, 2, 2),
        (3, 4, 3, 2),
        (4, 4, 4, 2),
        (5, 4, 5, 2),
        (6, 4, 6, 2),
        (7, 4, 7, 2),
        (8, 4, 8, 2),
        (9, 4, 8, 1),
        (10, 4, 8, 0),
    ];
    assert_eq!(drawn[..by_hand.len()], by_hand);
    assert_eq!(ends(&got), [(0, 0, 11), (1, 1, 10)]);
    // a flit is on the link in the cycle after its grant; the links of three tiles stand behind ten other servers
    let [first, second] = [1 + 3 * 3, 1 + 3 * 3 + 4];
    let (a, b) = ((0..4).map(|n| (second, 0, 3 + 2 * n, 4 + 2 * n)), (0..4).map(|n| (second, 1, 2 + 2 * n, 3 + 2 * n)));
    let on_links: Vec<_> = held(&t).into_iter().filter(|h| h.0 >= first).collect();
    assert_eq!(on_links, std::iter::once((first, 0, 1, 5)).chain(a).chain(b).collect::<Vec<_>>());
}

/// The same messages as wholes: B has the link from 2 to 6, A from 6 to 10. So B is there after 3 + 1 + 3 = 7 cycles
/// and not after 10, A after 7 + 1 + 3 = 11: it waits four cycles at once and not one by one.
#[test]
fn the_same_messages_as_wholes_follow_each_other() {
    let (ways, starts) = ([(0, 2, 64), (1, 2, 64)], [(0, 0), (1, 1)]);
    let (got, t) = send(&machine([3, 1], QUICK_TILE), &ways, &starts, false, |_, _| {});
    assert_eq!(ends(&got), [(0, 0, 11), (1, 1, 7)]);
    assert_eq!(t.flits.under_way(), 0);
}

/// A layer and the sink on other tiles than the memory: not finished a cycle before, finished at the cycle; 19 cycles
/// on one tile (see the probes), and a link and a router more for each crossing.
#[test]
fn a_whole_run_ends_in_its_cycle_and_not_before() {
    for (m, cycle) in [(machine([1, 1], QUICK_TILE), 19), (machine([2, 2], QUICK_TILE), 19 + 2 * 4)] {
        let last = m.tiles.len() - 1;
        let mut d = one_layer(flitwise(m, 4), 1, mvm(vec![unit(0, last, 1, 1)], 64));
        d.program.stages.iter_mut().skip(1).for_each(|s| s.tile = TileId::new(last));
        let at = |max_cycles| run(&d.program, &SimOptions { max_cycles, ..SimOptions::default() });
        assert_eq!(at(cycle - 1).expect_err("too early").code, "R002");
        assert_eq!(at(cycle).expect("in time").finished, [cycle]);
    }
}

/// A buffer of two flits and credits that come back after five cycles: grants 0, 1, 5, 6, 10, 11 instead of 0 to 5.
#[test]
fn short_buffers_slow_a_long_message_down() {
    let end = |buffer_flits| {
        let mut m = flitwise(machine([2, 1], QUICK_TILE), 4);
        m.mesh = MeshTiming { router: 2, buffer_flits, ..m.mesh };
        ends(&send(&m, &[(0, 1, 6 * 16)], &[(0, 0)], false, |_, _| {}).0)[0].2
    };
    assert_eq!((end(2), end(4), end(5), end(50)), (2 + 1 + 2 + 11, 2 + 1 + 2 + 6, 10, 10));
}

/// Five thousand flits are one packet.
#[test]
fn long_messages_are_wormholes() {
    let mut m = flitwise(machine([3, 3], QUICK_TILE), 2);
    m.mesh.flit_bytes = 1;
    let (got, t) = send(&m, &[(0, 8, 100_000), (2, 6, 70_000)], &[(3, 0), (3, 1)], false, |_, _| {});
    assert_eq!(ends(&got), [(0, 3, 3 + 9 + 99_999), (1, 3, 3 + 9 + 69_999)]);
    assert_eq!(t.flits.counted(), [(170_000, 0, 170_000)]);
}

/// Messages of random ways and cycles on a mesh of `side` × `side`.
fn scatter(side: u64, ways: u64, messages: u64, seed: u64) -> (Vec<WayOf>, Vec<(u64, u32)>) {
    let draw = |tick, below: u64| {
        let d = Draw { seed, domain: Domain::Explore, element: 77, tick };
        (d.uniform(0) * below as f64) as u64
    };
    let tiles = side * side;
    let way = |n| (draw(3 * n, tiles) as usize, draw(3 * n + 1, tiles) as usize, 1 + draw(3 * n + 2, 200));
    let start = |n| (draw(1000 + 2 * n, 60), draw(1001 + 2 * n, ways) as u32);
    ((0..ways).map(way).collect(), (0..messages).map(start).collect())
}

/// The network alone under the same messages, which knows nothing of legs.
struct Raw {
    queues: Vec<VecDeque<Request>>,
    ends: BTreeMap<u64, u64>,
}

impl Endpoints for Raw {
    fn next(&mut self, node: u32) -> Option<Request> {
        self.queues[node as usize].pop_front()
    }
    fn packet(&mut self, a: &Arrival) {
        assert_eq!(self.ends.insert(a.tag, a.arrived), None, "a message arrives once");
    }
}

/// What the network itself does with the messages, each handed on when those of its way before it are there too; and
/// how many were overtaken.
fn alone(m: &Machine, ways: &[WayOf], starts: &[(u64, u32)]) -> (Vec<(usize, u64, u64)>, usize) {
    let routers = m.mesh.flits.expect("flit by flit");
    let mut network = network(m.mesh.grid, router(&m.mesh, &routers)).expect("it is possible");
    let mut raw = Raw { queues: vec![VecDeque::new(); m.tiles.len()], ends: BTreeMap::new() };
    let mut starts = starts.to_vec();
    starts.sort_unstable();
    let mut at = starts.iter().enumerate().peekable();
    while raw.ends.len() < starts.len() {
        let now = network.now();
        while let Some((n, (_, way))) = at.next_if(|(_, s)| s.0 <= now) {
            let (from, to, bytes) = ways[*way as usize];
            let flits = bytes.div_ceil(m.mesh.flit_bytes) as u32;
            let request = Request { created: now, to: Destination::One(to as u32), flits, tag: n as u64 };
            raw.queues[from].push_back(request);
            network.wake(from as u32);
        }
        network.turn(&mut raw);
        network.forget();
    }
    let mut latest = vec![0; ways.len()];
    let mut overtaken = 0;
    let mut all = Vec::new();
    for (n, (start, way)) in starts.iter().enumerate() {
        let end = raw.ends[&(n as u64)];
        let before = &mut latest[*way as usize];
        overtaken += usize::from(end < *before);
        *before = end.max(*before);
        all.push((*way as usize, *start, *before));
    }
    all.sort_unstable();
    (all, overtaken)
}

#[test]
fn messages_of_a_way_keep_their_order_where_packets_overtake() {
    let mut overtaken = 0;
    for seed in 0..12 {
        let mut m = flitwise(machine([4, 4], QUICK_TILE), 2);
        m.mesh.router = 2;
        let (mut ways, starts) = scatter(4, 24, 240, seed);
        // half of them to one tile
        ways.iter_mut().step_by(2).for_each(|w| w.1 = 5);
        let (expected, some) = alone(&m, &ways, &starts);
        overtaken += some;
        assert_eq!(ends(&send(&m, &ways, &starts, false, |_, _| {}).0), expected, "seed {seed}");
    }
    assert!(overtaken > 0, "the order is never at stake: the test shows nothing");
}

#[test]
fn impossible_meshes_are_refused() {
    let refused = |router: u64, vcs: usize, buffer_flits: u64, what: &str| {
        let mut d = one_layer(flitwise(machine([2, 1], QUICK_TILE), vcs), 1, mvm(vec![unit(0, 1, 1, 1)], 1));
        d.program.machine.mesh = MeshTiming { router, buffer_flits, ..d.program.machine.mesh };
        let e = run(&d.program, &SimOptions::default()).expect_err(what);
        assert_eq!(e.code, "R003");
        assert!(e.message.contains(what), "{}", e.message);
    };
    let mut d = one_layer(flitwise(machine([2, 1], QUICK_TILE), 4), 1, mvm(vec![unit(0, 1, 1, 1)], 1));
    d.program.machine.gates.parts = [(PartKind::Link, None)].into();
    let e = run(&d.program, &SimOptions::default()).expect_err("gates of links");
    assert!(e.code == "R003" && e.message.contains("have gates"), "{}", e.message);
    refused(0, 4, 8, "routers of no cycles");
    refused(2000, 4, 8, "1997 cycles of route computation");
    refused(1, 13, 8, "13 virtual channels each have more than 64");
    refused(1, 4, 0, "buffers of 0 flits");
}

#[test]
fn a_batch_of_a_hundred_is_folded() {
    let mut program = super::repeat::net(6, [2, 3, 6, 9], [8, 3], 20);
    program.machine = flitwise(program.machine, 4);
    let (whole, cut, run) = super::repeat::both(&program, 100);
    assert_eq!(whole, cut);
    assert!(run < 40, "{run} samples were run");
}

/// The messages of a run as packets: sent again over the mesh of its chip all arrive, those that meet no other in the
/// cycle in which they did. (A run forgets whose turn it was where the mesh falls idle, so others may change places.)
#[test]
fn the_packets_of_a_run_are_sent_again() {
    /// Offered, from, to, flits, there.
    type Packet = (u64, u32, u32, u64, u64);
    let mut lone = 0;
    for steps in [[8, 3], [60, 40]] {
        let mut program = super::repeat::net(6, [2, 3, 6, 9], steps, 20);
        program.machine = flitwise(program.machine, 4);
        let t = run(&program, &SimOptions { samples: 2, trace: true, ..SimOptions::default() }).expect("runs");
        let (mesh, routers) = (&program.machine.mesh, program.machine.mesh.flits.expect("flit by flit"));
        let mut again = network(mesh.grid, router(mesh, &routers)).expect("it is possible");
        let arrivals = crate::noc::replay(&mut again, &t.recording.packets(&program.machine)).expect("all arrives");
        let course = |a: &Arrival| (a.created, a.source, a.destination, u64::from(a.flits), a.arrived);
        let mut arrived: Vec<Packet> = arrivals.iter().map(course).collect();
        let course = |m: &MessageTime| (m.start, m.from.index() as u32, m.to.index() as u32, m.flits, m.end);
        let mut sent: Vec<Packet> = t.recording.messages.iter().map(course).collect();
        arrived.sort_unstable();
        sent.sort_unstable();
        assert_eq!((arrived.len(), again.is_empty()), (sent.len(), true));
        let ends: Vec<u64> = arrived.iter().zip(&sent).map(|(a, s)| a.4.max(s.4)).collect();
        for (n, (a, s)) in arrived.iter().zip(&sent).enumerate() {
            assert_eq!((a.0, a.1, a.2, a.3), (s.0, s.1, s.2, s.3));
            if (0..ends.len()).all(|o| o == n || sent[o].0 > ends[n] || ends[o] < s.0) {
                lone += 1;
                assert_eq!(a.4, s.4, "{a:?}");
            }
        }
        let flits: u64 = sent.iter().map(|m| m.3).sum();
        assert_eq!(again.counted(), (flits, 0, flits));
    }
    assert!(lone > 3, "all meet others: the cycles are not compared");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// (k + 1)·router + k·link + flits − 1, the same as message by message, for every pipeline and number of channels.
    /// Links are held from the same cycle on and as long, and without a pause where buffers have room for a message:
    /// where not, flits wait while the head goes through the next router, and follow it faster.
    #[test]
    fn latency_without_contention(grid in (1usize..6, 1usize..6), a in 0usize..36, b in 0usize..36, bytes in 1u64..4000,
        pace in (1u64..9, 0u64..4), spare in 0u64..3, vcs in 1usize..6, start in 0u64..9, islip in any::<bool>()) {
        let ((columns, rows), (router, link)) = (grid, pace);
        let mut m = machine([columns, rows], QUICK_TILE);
        m.mesh = MeshTiming { router, link, buffer_flits: ample(router, link) + spare, ..m.mesh };
        let (a, b) = (a % (columns * rows), b % (columns * rows));
        let k = ((a % columns).abs_diff(b % columns) + (a / columns).abs_diff(b / columns)) as u64;
        let (whole, by_message) = send(&m, &[(a, b, bytes)], &[(start, 0)], false, |_, _| {});
        let mut m = flitwise(m, vcs);
        if !islip {
            m.mesh.flits = m.mesh.flits.map(|f| FlitRouters { allocator: MeshAllocator::RoundRobin, ..f });
        }
        let (flits, by_flits) = send(&m, &[(a, b, bytes)], &[(start, 0)], false, |_, _| {});
        let flits = ends(&flits);
        prop_assert_eq!(&flits, &ends(&whole));
        prop_assert_eq!(sums(&by_flits), sums(&by_message));
        if bytes.div_ceil(16) <= m.mesh.buffer_flits {
            prop_assert_eq!(held(&by_flits), held(&by_message));
        }
        prop_assert_eq!(flits[0].2, start + (k + 1) * router + k * link + bytes.div_ceil(16) - 1);
    }

    /// The same over several chips, whose links move messages.
    #[test]
    fn latency_over_chips(a in 0usize..8, b in 0usize..8, bytes in 1u64..400, router in 1u64..6) {
        let mut m = super::chips::row(2, 2);
        m.mesh = MeshTiming { router, buffer_flits: 5, ..m.mesh };
        let (whole, by_message) = send(&m, &[(a, b, bytes)], &[(7, 0)], false, |_, _| {});
        let (flits, by_flits) = send(&flitwise(m, 3), &[(a, b, bytes)], &[(7, 0)], false, |_, _| {});
        prop_assert_eq!((ends(&flits), sums(&by_flits)), (ends(&whole), sums(&by_message)));
    }

    /// All that is offered arrives once, over the links of its way; in whatever order starts are planned and routers
    /// are visited.
    #[test]
    fn conserved_in_any_order(seed in 0u64..1 << 32, messages in 1u64..80, vcs in 1usize..5, router in 1u64..6, buffer in 1u64..9) {
        let mut m = flitwise(machine([3, 3], QUICK_TILE), vcs);
        m.mesh = MeshTiming { router, buffer_flits: buffer, ..m.mesh };
        let (ways, mut starts) = scatter(3, 12, messages, seed);
        let (got, t) = send(&m, &ways, &starts, false, |_, _| {});
        prop_assert_eq!(got.len() as u64, messages);
        prop_assert!(got.iter().all(|g| g.end > g.start));
        prop_assert_eq!(t.flits.under_way(), 0);
        let flits: u64 = got.iter().map(|g| g.flits).sum();
        prop_assert_eq!(t.flits.counted(), vec![(flits, 0, flits)]);
        let distance = |g: &MessageTime| {
            let at = |t: TileId| (t.index() % 3, t.index() / 3);
            let (a, b) = (at(g.from), at(g.to));
            (a.0.abs_diff(b.0) + a.1.abs_diff(b.1)) as u64
        };
        let links: u64 = (0..9).flat_map(|r| (0..4).map(move |p| (r, p))).map(|(r, p)| t.flits.carried(0, r, p)).sum();
        prop_assert_eq!(links, got.iter().map(|g| g.flits * distance(g)).sum::<u64>());
        // a tile has its port and four links
        let first = 1 + 3 * 9;
        let on_links = held(&t).into_iter().filter(|h| h.0 >= first);
        prop_assert_eq!(on_links.map(|h| h.3 - h.2).sum::<u64>(), links);
        starts.reverse();
        let middle = starts.len() / 2;
        starts.rotate_left(middle);
        prop_assert_eq!(send(&m, &ways, &starts, true, |_, _| {}).0, got);
    }

    /// What is counted, and what links were busy for, does not depend on the fidelity.
    #[test]
    fn counts_are_those_of_the_message_level(samples in 1usize..4, capacity in 1usize..8, router in 1u64..5, link in 0u64..4, columns in 1usize..4, rows in 1usize..4) {
        let mut m = machine([columns, rows], QUICK_TILE);
        m.mesh = MeshTiming { router, link, ..m.mesh };
        let mut d = super::counts::net(m.clone(), capacity);
        if columns * rows == 1 {
            d.program.machine.cores = [quick_core(0), quick_core(0)].into_iter().collect();
        }
        let last = d.program.machine.cores.len() - 1;
        if let Work::Mvm { replicas, .. } = &mut d.program.stages[StageId::new(1)].work {
            replicas[0][0].core = CoreId::new(last);
        }
        let whole = d.run(samples);
        d.program.machine = flitwise(d.program.machine, 4);
        let flits = d.run(samples);
        prop_assert_eq!(&flits.counts, &whole.counts);
        let links = |t: &Timeline| -> Vec<_> {
            t.busy.iter().filter(|((_, part), _)| *part == PartKind::Link).map(|(k, n)| (*k, *n)).collect()
        };
        prop_assert_eq!(links(&flits), links(&whole));
        prop_assert_eq!(flits.recording.messages.len(), whole.recording.messages.len());
        let routed: u64 = flits.counts.iter().filter(|((_, p, a, _), _)| (*p, *a) == (PartKind::Router, Action::Route)).map(|(_, n)| n).sum();
        prop_assert!(routed > 0);
    }

    /// Runs that are cut short equal whole runs.
    #[test]
    fn cut_runs_equal_whole_runs(
        positions in 1usize..9, samples in 1usize..90, capacity in prop::array::uniform4(1usize..9),
        steps in prop::array::uniform2(1u64..20), pace in (1u64..7, 0u64..3), mesh in (1usize..5, 1u64..9),
    ) {
        let mut program = super::repeat::net(positions, capacity, steps, 20);
        program.machine = flitwise(program.machine, mesh.0);
        let (router, link) = pace;
        program.machine.mesh = MeshTiming { router, link, buffer_flits: mesh.1, flit_bytes: 4, ..program.machine.mesh };
        let (whole, cut, _) = super::repeat::both(&program, samples);
        prop_assert_eq!(whole, cut);
    }
}
