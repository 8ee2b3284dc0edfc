//! Producers and consumers: stalls, replicas, order, deadlock, watchdog.

use proptest::prelude::*;

use super::super::StallCause;
use super::*;
use crate::tensor::Window;

/// Source, one digital stage and sink with one-entry buffers, followed cycle by cycle.
#[test]
fn one_entry_buffer_stalls_the_producer_as_drawn_by_hand() {
    let mut d = Draft::new(machine([1, 1], QUICK_TILE));
    let n = 6;
    let source = d.stage("input x", 0, n, Work::Source { bytes: 64 });
    let p = d.stage("P", 0, n, Work::Vector { load_bytes: 64, vector_ops: 64 });
    let sink = d.stage("output", 0, n, Work::Sink { bytes: 64 });
    d.join(source, p, Need::Same, 1, 64);
    d.join(p, sink, Need::Same, 1, 64);
    let single = {
        let mut one = d.program.clone();
        one.stages.iter_mut().for_each(|s| s.positions = 1);
        one.channels.iter_mut().for_each(|c| c.positions = 1);
        run(&one, &SimOptions { trace: true, ..SimOptions::default() }).expect("runs")
    };
    // memory 0-1, router and flits 1-5, write 5-6; load 6-7, operate 7-8, write 8-9; read 9-10, mesh 10-14, store 14-15
    assert_eq!(position(&single, 0, 0), (0, 6));
    assert_eq!(position(&single, 1, 0), (6, 9));
    assert_eq!(position(&single, 2, 0), (9, 15));
    let t = d.run(1);
    // A credit comes back when the position is loaded (7); the next message needs 1 + 3 + 1 = 5 cycles: one
    // position every 6 cycles (5 + 1 to load it), all the way down.
    let ends: Vec<u64> = (0..n).map(|k| position(&t, 1, k).1).collect();
    assert_eq!(ends, (0..n as u64).map(|k| 9 + 6 * k).collect::<Vec<_>>());
    let loads: Vec<u64> = (0..n).map(|k| position(&t, 1, k).0).collect();
    assert_eq!(loads, (0..n as u64).map(|k| 6 + 6 * k).collect::<Vec<_>>());
    assert_eq!(t.finished, [15 + 6 * (n as u64 - 1)]);
    // P waits 6 cycles for its first input, then 6 for each of the five others
    assert_eq!(t.stages[StageId::new(1)].stalls, [(StallCause::Input, 36)].into());
    // The source reads positions 0 and 1 into its latches (0 to 2) and has no room for a third (Busy). From
    // 2 on position 1 stands there without a credit (Full). At 6, 12, 18 and 24 a position has left and
    // the next is read; its read ends at 7, 13, ... in the cycle in which the credit of the one before
    // comes back, so that the source is Full throughout. Nothing is left to issue after 24.
    let source = &t.stages[StageId::new(0)];
    assert_eq!((source.start, source.end), (0, 36));
    assert_eq!(source.stalls, [(StallCause::Busy, 2), (StallCause::Full, 22)].into());
}

/// A slow consumer with one entry: the fast producer is full for the difference.
#[test]
fn slow_consumer_sets_the_pace() {
    let mut m = machine([1, 1], QUICK_TILE);
    m.cores = [quick_core(0), CoreTiming { integrate: 5, ..quick_core(0) }].into_iter().collect();
    let mut d = Draft::new(m);
    let n = 20;
    let source = d.stage("input x", 0, n, Work::Source { bytes: 64 });
    let fast = d.stage("fast", 0, n, mvm(vec![unit(0, 0, 4, 1)], 64));
    let slow = d.stage("slow", 0, n, mvm(vec![unit(1, 1, 8, 1)], 64));
    let sink = d.stage("output", 0, n, Work::Sink { bytes: 64 });
    d.join(source, fast, Need::Same, 4, 64);
    d.join(fast, slow, Need::Same, 1, 64);
    d.join(slow, sink, Need::Same, 4, 64);
    let t = d.run(6);
    assert_eq!(t.finished[3] - t.finished[2], 8 * 5 * n as u64);
    let stalls = &t.stages[StageId::new(1)].stalls;
    assert!(stalls[&StallCause::Full] > 10 * stalls.get(&StallCause::Busy).copied().unwrap_or(0), "{stalls:?}");
}

/// `r` replicas on interleaved positions are `r` times as fast while nothing else limits; order is kept.
#[test]
fn replicas_share_the_positions() {
    let time = |replicas: usize| {
        let mut m = machine([1, 1], QUICK_TILE);
        m.cores = (0..replicas).map(|_| CoreTiming { integrate: 50, ..quick_core(0) }).collect();
        let all = (0..replicas).map(|r| vec![unit(r, r, 8, 1)]).collect();
        let work = Work::Mvm { layer: LayerId::new(0), replicas: all, vector_ops: 64 };
        let mut d = one_layer(m, 12, work);
        d.program.channels.iter_mut().for_each(|c| c.capacity = 12);
        let t = d.run(6);
        let ends: Vec<u64> = (0..12).map(|p| position(&t, 1, p).1).collect();
        assert!(ends.is_sorted_by(|a, b| a < b), "in order");
        t.finished[3] - t.finished[2]
    };
    assert_eq!(time(1), 12 * 8 * 50);
    assert_eq!(time(2), 6 * 8 * 50);
    assert_eq!(time(4), 3 * 8 * 50);
}

/// A fork and a join with a side path whose buffer is too small for what the main path needs first.
fn fork(side: usize) -> Draft {
    let mut d = Draft::new(machine([1, 1], QUICK_TILE));
    let source = d.stage("input x", 0, 8, Work::Source { bytes: 16 });
    let pool = d.stage("pool", 0, 1, Work::Vector { load_bytes: 16, vector_ops: 64 });
    let scale = d.stage("scale", 0, 8, Work::Vector { load_bytes: 16, vector_ops: 64 });
    let sink = d.stage("output", 0, 8, Work::Sink { bytes: 16 });
    d.join(source, pool, Need::All, 8, 16);
    d.join(source, scale, Need::Same, side, 16);
    d.join(pool, scale, Need::All, 1, 16);
    d.join(scale, sink, Need::Same, 2, 16);
    d
}

#[test]
fn deadlock_names_the_circle() {
    assert_eq!(fork(8).run(3).finished.len(), 3);
    let e = run(&fork(3).program, &SimOptions::default()).expect_err("three entries are too few");
    assert_eq!((e.code, e.severity), ("R001", crate::diag::Severity::Failure));
    for part in [
        "these wait for each other",
        "`input x` waits for room: the 3 positions that fit the buffer in front of `scale` are taken",
        "`pool` waits for input: position 0 of sample 0 needs 8 positions of `input x`",
        "`scale` waits for input: position 0 of sample 0 needs 1 positions of `pool`, 0 have arrived",
        "these wait for them: `output` waits",
    ] {
        assert!(e.message.contains(part), "{part}\nis missing in\n{}", e.message);
    }
}

#[test]
fn same_timeline_again() {
    assert_eq!(fork(8).run(3), fork(8).run(3));
}

#[test]
fn mistakes_of_a_program_are_told() {
    let expect = |change: fn(&mut Program), what: &str| {
        let mut program = fork(8).program;
        change(&mut program);
        let e = run(&program, &SimOptions::default()).expect_err(what);
        assert_eq!(e.code, "R003");
        assert!(e.message.contains(what), "{}", e.message);
    };
    expect(|p| p.machine.tiles[TileId::new(0)].bus_width = 0, "width 0");
    expect(|p| p.machine.tiles[TileId::new(0)].x = 1, "outside of the mesh");
    expect(|p| p.stages[StageId::new(0)].outputs.clear(), "every other stage has one");
    expect(|p| p.channels[ChannelId::new(0)].positions = 9, "does not fit its stages");
    expect(|p| p.stages[StageId::new(2)].work = mvm(vec![unit(0, 0, 1, 0)], 1), "steps and rounds");
    expect(|p| p.stages[StageId::new(2)].work = mvm(vec![unit(0, 0, 1, 1), unit(0, 0, 1, 1)], 1), "used by two units");
    let e = run(&fork(8).program, &SimOptions { samples: 0, ..SimOptions::default() }).expect_err("nothing to do");
    assert_eq!(e.code, "R003");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A chain of sliding windows with the least buffers that allow it at all always comes to its end,
    /// samples in order, and no cycle is booked twice.
    #[test]
    fn least_capacity_is_enough_for_a_chain(kernels in prop::collection::vec((1usize..4, 1usize..3), 1..5), length in 12usize..20, spare in 0usize..3, samples in 1usize..4) {
        let mut d = Draft::new(machine([2, 2], QUICK_TILE));
        let mut from = d.stage("input x", 0, length, Work::Source { bytes: 64 });
        let mut input = length;
        for (n, (kernel, stride)) in kernels.into_iter().enumerate() {
            if input < kernel {
                break;
            }
            let output = (input - kernel) / stride + 1;
            let window = Window { channels: 1, input: vec![input], output: vec![output], kernel: vec![kernel], stride: vec![stride], dilation: vec![1], pad: vec![0] };
            let to = d.stage(&format!("layer {n}"), n % 4, output, mvm(vec![unit(n, n % 4, 1 + n as u64, 2)], 64));
            let c = d.join(from, to, Need::Window(window), 1, 64);
            let least = d.program.channels[c].least_capacity(output);
            d.program.channels[c].capacity = least + spare;
            (from, input) = (to, output);
        }
        let sink = d.stage("output", 0, input, Work::Sink { bytes: 64 });
        d.join(from, sink, Need::Same, 1, 64);
        let t = d.run(samples);
        prop_assert_eq!(t.finished.len(), samples);
        prop_assert!(t.finished.is_sorted_by(|a, b| a < b));
        for s in t.stages.iter() {
            prop_assert!(s.start <= s.end && s.busy <= s.end - s.start);
            prop_assert!(s.stalls.values().sum::<u64>() <= s.end, "stalls do not overlap");
        }
    }
}
