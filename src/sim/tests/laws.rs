//! Laws that hold in every cycle and for every order: positions conserved from event to event, nothing left over at
//! the end, the same course whatever comes first in a cycle and on however many threads; circles that wait are named.

use proptest::prelude::*;
use rayon::prelude::*;

use super::super::build::build;
use super::super::run::World;
use super::super::stage::Kind;
use super::repeat::net;
use super::*;

/// Positions of every channel and stage stand in order, and no buffer holds more than it has places.
fn audit(w: &World) {
    for c in &w.channels {
        assert!(c.sent >= c.left && c.left >= c.arrived, "{c:?}: arrives what was not sent");
        assert!(c.sent <= c.freed + c.capacity(), "{c:?}: more positions than places");
        let (from, to) = (&w.stages[c.from as usize], &w.stages[c.to as usize]);
        assert!(c.sent <= from.done, "{c:?}: sent before it was done");
        assert!(from.delivered <= c.arrived, "{c:?}: delivered before it arrived");
        // a sample that has been loaded to its end has forgotten all its positions, and none of a later one
        let loaded = to.load_at.0 * from.positions;
        assert!(c.freed >= loaded && c.freed <= loaded + from.positions, "{c:?}: forgets another sample");
    }
    for s in &w.stages {
        assert!(s.total >= s.issued && s.issued >= s.loaded && s.done >= s.delivered, "{s:?}");
        if s.kind != Kind::Sink {
            assert!(s.loaded >= s.started && s.started >= s.done, "{s:?}");
        }
    }
    let jobs: u64 = w.channels.iter().map(|c| w.transport.routes[c.route as usize].jobs).sum();
    assert_eq!(jobs, w.channels.iter().map(|c| c.sent).sum::<u64>(), "a job for each position sent");
}

/// At the end every position has gone all its way and every place is free.
fn nothing_left(w: &mut World) {
    for c in &w.channels {
        let all = w.stages[c.from as usize].total;
        assert_eq!([c.sent, c.left, c.arrived, c.freed], [all; 4], "{c:?}");
    }
    for s in &w.stages {
        assert_eq!([s.issued, s.loaded, s.done, s.delivered], [s.total; 4], "{s:?}");
        for unit in s.replicas.iter().enumerate().flat_map(|(n, r)| r.units.clone().map(move |u| (n, u))) {
            let (replica, number) = unit;
            let share = (s.total + s.replicas.len() as u64 - 1 - replica as u64) / s.replicas.len() as u64;
            assert_eq!(w.units[number as usize].core.mvms, share, "positions are dealt out in turn");
        }
    }
    let mut state = Vec::new();
    // far behind the end, at an edge of every clock
    let busy = w.transport.state((w.now + (1 << 30)).next_multiple_of(60), &mut state);
    assert!(state.iter().all(|n| *n == 0), "a server is still held or asked for");
    assert!(busy.iter().all(|n| *n <= w.now), "a server was held longer than the run took");
}

/// Runs the program, picking among the events of a cycle at will, and audits after each.
fn audited(program: &Program, samples: usize, mut pick: impl FnMut() -> usize) -> Timeline {
    let mut setup = build(program, samples, true);
    let w = &mut setup.world;
    w.begin();
    while let Some((cycle, event)) = w.queue.pop_any(pick()) {
        w.happen(cycle, event);
        audit(w);
    }
    assert_eq!(w.ledger.finished.len(), samples, "the run came to its end");
    nothing_left(w);
    setup.timeline(program, samples)
}

/// Numbers without order (an odd multiplier and the upper bits).
fn pickers(seed: u64) -> impl FnMut() -> usize {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn positions_are_conserved_in_any_order(
        positions in 1usize..7, samples in 1usize..5, spare in prop::array::uniform4(0usize..3),
        steps in prop::array::uniform2(1u64..12), slow in 1u64..200, divided in prop::array::uniform2(1u64..5),
        shared in any::<bool>(), seed in any::<u64>(),
    ) {
        let mut program = net(positions, [1 + spare[0], 1 + spare[1], spare[2], spare[3]], steps, slow);
        for t in program.machine.tiles.iter_mut() {
            (t.bus_divider, t.vector_divider) = (divided[0], divided[1]);
        }
        program.machine.cores.iter_mut().for_each(|c| (c.shared, c.divider) = (shared, divided[1]));
        let plain = run(&program, &SimOptions { samples, trace: true, ..SimOptions::default() }).expect("runs");
        for seed in [seed, !seed] {
            prop_assert_eq!(&audited(&program, samples, pickers(seed)), &plain);
        }
        prop_assert_eq!(&audited(&program, samples, || usize::MAX), &plain);
    }
}

#[test]
fn threads_do_not_meet() {
    let program = net(5, [2, 3, 4, 4], [7, 3], 40);
    let once = || run(&program, &SimOptions { samples: 30, ..SimOptions::default() }).expect("runs");
    let alone = once();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let all: Vec<Timeline> = pool.install(|| (0..8).into_par_iter().map(|_| once()).collect());
        assert!(all.iter().all(|t| *t == alone), "{threads} threads");
    }
}

/// What a run that stands still says.
fn standstill(d: &Draft) -> String {
    let e = run(&d.program, &SimOptions::default()).expect_err("stands still");
    assert_eq!(e.code, "R001");
    e.message
}

fn names(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part}\nis missing in\n{message}");
    }
}

const DIGITAL: Work = Work::Vector { load_bytes: 16, vector_ops: 16 };

/// Two joins, each of which wants the whole of what the other wants piece by piece.
#[test]
fn deadlock_of_two_joins_is_named() {
    let joins = |room: usize| {
        let mut d = Draft::new(machine([1, 1], QUICK_TILE));
        let source = d.stage("input x", 0, 6, Work::Source { bytes: 16 });
        let [a, b, left, right] = ["a", "b", "left", "right"].map(|name| d.stage(name, 0, 6, DIGITAL));
        let sink = d.stage("output", 0, 6, Work::Sink { bytes: 16 });
        for branch in [a, b] {
            d.join(source, branch, Need::Same, 2, 16);
        }
        for (join, whole, piece) in [(left, a, b), (right, b, a)] {
            d.join(whole, join, Need::All, 6, 16);
            d.join(piece, join, Need::Same, room, 16);
            d.join(join, sink, Need::Same, 2, 16);
        }
        d
    };
    assert_eq!(joins(6).run(2).finished.len(), 2);
    names(
        &standstill(&joins(2)),
        &[
            "these wait for each other",
            "`a` waits for room: the 2 positions that fit the buffer in front of `right` are taken",
            "`b` waits for room: the 2 positions that fit the buffer in front of `left` are taken",
            "`left` waits for input: position 0 of sample 0 needs 6 positions of `a`",
            "`right` waits for input: position 0 of sample 0 needs 6 positions of `b`",
        ],
    );
}

/// A loop in which one stage waits for the whole of another that waits for its steps: no buffer helps.
#[test]
fn deadlock_of_a_loop_is_named() {
    let recurrent = |need: Need| {
        let mut d = Draft::new(machine([1, 1], QUICK_TILE));
        let source = d.stage("input x", 0, 4, Work::Source { bytes: 16 });
        let [gate, state] = ["gate", "state"].map(|name| d.stage(name, 0, 4, DIGITAL));
        let sink = d.stage("output", 0, 4, Work::Sink { bytes: 16 });
        d.join(source, gate, Need::Same, 4, 16);
        d.join(gate, state, need, 4, 16);
        d.join(state, gate, Need::Previous, 4, 16);
        d.join(state, sink, Need::Same, 4, 16);
        d
    };
    assert_eq!(recurrent(Need::Same).run(2).finished.len(), 2);
    names(
        &standstill(&recurrent(Need::All)),
        &[
            "these wait for each other",
            "`gate` waits for input: position 1 of sample 0 needs 1 positions of `state`, 0 have arrived",
            "`state` waits for input: position 0 of sample 0 needs 4 positions of `gate`, 1 have arrived",
            "these wait for them: `output` waits",
        ],
    );
}
