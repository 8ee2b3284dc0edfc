//! The mesh: XY ways, latency without contention, and a 2 × 2 mesh drawn by hand.

use proptest::prelude::*;

use super::super::queue::{Event, Queue};
use super::super::routes::Builder;
use super::super::transport::{Purpose, Transport};
use super::*;

/// Runs jobs that start at the given cycles; the cycle in which each route's job is done.
pub(super) fn play(transport: &mut Transport, starts: &[(u64, u32)]) -> Vec<u64> {
    let mut done = vec![0; transport.routes.len()];
    for (now, event) in course(transport, starts) {
        if let Event::Done { route, .. } = event {
            done[route as usize] = now;
        }
    }
    done
}

/// Runs jobs that start at the given cycles; all that happens, in order.
pub(super) fn course(transport: &mut Transport, starts: &[(u64, u32)]) -> Vec<(u64, Event)> {
    let mut queue = Queue::default();
    let mut all = Vec::new();
    starts.iter().for_each(|(at, route)| transport.start(*route, *at, &mut queue));
    while let Some((now, event)) = queue.pop() {
        all.push((now, event));
        match event {
            Event::Request { server, leg } => transport.request(server, leg, now, &mut queue),
            Event::Flits { mesh } => transport.turn(mesh, now, &mut queue),
            Event::Left { .. } | Event::Done { .. } => {}
            Event::Vector { .. }
            | Event::Loaded { .. }
            | Event::Room { .. }
            | Event::Gathered { .. }
            | Event::Ask { .. } => {
                unreachable!("no core here")
            }
        }
    }
    all
}

/// A transport with one route for each (from, to, bytes): through the mesh into the buffer.
pub(super) fn messages(machine: &Machine, list: &[(usize, usize, u64)]) -> Transport {
    let mut b = Builder::new(machine);
    for (n, (from, to, bytes)) in list.iter().enumerate() {
        b.begin(StageId::new(0)).mesh(TileId::new(*from), TileId::new(*to), *bytes).arrive(TileId::new(*to), *bytes);
        b.end(Purpose::Deliver { channel: n as u32 });
    }
    b.transport
}

/// Tiles 0 1 / 2 3, one cycle for a router, a link and a flit, 16-byte flits:
///
/// ```text
/// cycle        0 1 2 3 4 5 6 7 8 9
/// A 0→3 4 fl.  r [0→1    ]                 head at 1 in cycle 2, router, asks for 1→3 in 3: taken by B
/// A                    . [1→3    ]         from 4 on; head out of the link 5, router 6, last flit 9, write 10
/// B 1→3 3 fl.  r [1→3  ]                   head out 2, router 3, last flit 5, write 6
/// C 0→1 2 fl.  r . . . . [0→1]             waits for A; head out 6, router 7, last flit 8, write 9
/// D 2→0 1 fl.  r [2→0]                     nobody in the way: 2, 3, write 4
/// ```
#[test]
fn two_by_two_mesh_drawn_by_hand() {
    let m = machine([2, 2], QUICK_TILE);
    let mut t = messages(&m, &[(0, 3, 64), (1, 3, 48), (0, 1, 32), (2, 0, 16)]);
    assert_eq!(play(&mut t, &[(0, 0), (0, 1), (0, 2), (0, 3)]), [10, 6, 9, 4]);
    let links: Vec<u64> = (1 + 3 * 4..1 + 7 * 4).map(|s| t.busy(s)).filter(|b| *b > 0).collect();
    // 0→1: 4 + 2 flits, 1→3: 4 + 3, 2→0: 1
    assert_eq!(links, [6, 7, 1]);
}

/// XY never takes y before x, so that 0→3 and 3→0 do not meet.
#[test]
fn opposite_ways_do_not_meet() {
    let m = machine([2, 2], QUICK_TILE);
    let mut t = messages(&m, &[(0, 3, 64), (3, 0, 64)]);
    let alone = 3 + 2 + 3 + 1;
    assert_eq!(play(&mut t, &[(0, 0), (0, 1)]), [alone, alone]);
}

/// Messages that want one link are served in the order in which they ask.
#[test]
fn first_come_first_served() {
    let m = machine([2, 1], QUICK_TILE);
    let mut t = messages(&m, &[(0, 1, 160), (0, 1, 16), (0, 1, 16)]);
    // route 2 asks at 2, route 1 at 3, both while the link is held from 1 to 11
    let done = play(&mut t, &[(0, 0), (2, 1), (1, 2)]);
    // Link: 1–11, 11–12 (route 2), 12–13 (route 1). Port: the ten flits are there in 1 + 1 + 1 + 9 = 12 and are
    // written until 15; the others, there in 13 and 14, follow in this order.
    assert_eq!(done, [15, 17, 16]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// (k + 1)·router + k·link + flits − 1, then the write.
    #[test]
    fn latency_without_contention(columns in 1usize..5, rows in 1usize..5, a in 0usize..25, b in 0usize..25, bytes in 1u64..200,
        router in 0u64..5, link in 0u64..4, latency in 0u64..4, start in 0u64..9) {
        let mut m = machine([columns, rows], TileTiming { buffer_latency: latency, ..QUICK_TILE });
        m.mesh = MeshTiming { router, link, ..m.mesh };
        let (a, b) = (a % (columns * rows), b % (columns * rows));
        let k = ((a % columns).abs_diff(b % columns) + (a / columns).abs_diff(b / columns)) as u64;
        let done = play(&mut messages(&m, &[(a, b, bytes)]), &[(start, 0)]);
        let flits = bytes.div_ceil(16);
        prop_assert_eq!(done[0], start + (k + 1) * router + k * link + flits - 1 + latency + bytes.div_ceil(64));
    }
}

/// A layer in the next tile: two mesh crossings, source to layer and sink to memory.
#[test]
fn link_latency_in_a_whole_run() {
    let finish = |link| {
        let mut m = machine([2, 1], QUICK_TILE);
        m.mesh.link = link;
        let mut d = one_layer(m, 1, mvm(vec![unit(0, 1, 1, 1)], 64));
        d.program.stages.iter_mut().skip(1).for_each(|s| s.tile = TileId::new(1));
        d.run(1).finished[0]
    };
    // 19 on one tile (see the probes); each crossing one more router and the link
    assert_eq!((finish(1), finish(6)), (19 + 2 * 2, 19 + 2 * 7));
}
