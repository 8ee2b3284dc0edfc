//! Runs that are cut short give what whole runs give, number for number.

use proptest::prelude::*;

use super::super::build::build;
use super::*;
use crate::cost::PartKind;
use crate::sched::{DramTiming, Pace, RefreshTiming};
use crate::sim::Owner;

/// The course of a run, whole or cut short, and how many samples were really run.
pub(super) fn both(program: &Program, samples: usize) -> (Timeline, Timeline, usize) {
    let with = |whole| run(program, &SimOptions { samples, whole, ..SimOptions::default() }).expect("runs");
    let mut setup = build(program, samples, false);
    setup.world.run(1 << 40, samples, false);
    let stage = &setup.world.stages[0];
    (with(true), with(false), (stage.total / stage.positions) as usize)
}

/// Two layers and a pool over two tiles, with a branch; every channel has its own capacity.
pub(super) fn net(positions: usize, capacity: [usize; 4], steps: [u64; 2], slow: u64) -> Program {
    let mut d = Draft::new(machine([2, 1], QUICK_TILE));
    let source = d.stage("input x", 0, positions, Work::Source { bytes: 48 });
    let first = d.stage("a", 0, positions, mvm(vec![unit(0, 0, steps[0], 2), unit(1, 1, steps[0], 3)], slow));
    let second = Work::Mvm {
        layer: LayerId::new(1),
        replicas: vec![vec![unit(2, 1, steps[1], 1)], vec![unit(3, 0, steps[1], 2)]],
        vector_ops: 70,
    };
    let second = d.stage("b", 1, positions, second);
    let pool = d.stage("pool", 0, 2, Work::Vector { load_bytes: 192, vector_ops: 33 });
    let sink = d.stage("output", 0, 2, Work::Sink { bytes: 20 });
    d.join(source, first, Need::Same, capacity[0], 48);
    d.join(first, second, Need::Same, capacity[1], 64);
    d.join(second, pool, Need::All, positions + capacity[2], 64);
    d.join(first, pool, Need::All, positions + capacity[3], 16);
    d.join(pool, sink, Need::Same, 2, 20);
    d.program
}

/// A refresh whose interval goes into the samples lets a run come back.
#[test]
fn a_batch_over_refreshed_buffers_is_cut_short_too() {
    let mut program = net(6, [2, 3, 6, 9], [8, 3], 20);
    let refresh = Some(RefreshTiming { interval: 4, duration: 1 });
    program.machine.tiles.iter_mut().for_each(|t| t.buffer_refresh = refresh);
    let (whole, cut, run) = both(&program, 100);
    assert_eq!(whole, cut);
    assert!(run < 60, "{run} samples were run");
    assert!(cut.refreshes.values().all(|n| *n == cut.cycles / 4));
}

#[test]
fn a_batch_of_a_hundred_runs_only_a_few_samples() {
    let program = net(6, [2, 3, 6, 9], [8, 3], 20);
    let (whole, cut, run) = both(&program, 100);
    assert_eq!(whole, cut);
    assert!(run < 40, "{run} samples were run");
    assert_eq!(cut.finished.len(), 100);
}

/// A run that is stopped within what is left out, before it or behind it has finished as many samples as a whole one.
#[test]
fn what_is_left_out_takes_its_time() {
    let program = net(6, [2, 3, 6, 9], [8, 3], 20);
    let at = |max_cycles, whole| run(&program, &SimOptions { samples: 100, max_cycles, trace: false, whole });
    let finished = at(u64::MAX, true).expect("runs").finished;
    assert_eq!(at(finished[99], false).expect("in time").finished, finished);
    for sample in [0, 1, 2, 50, 51, 98, 99] {
        let [cut, whole] = [false, true].map(|whole| at(finished[sample] - 1, whole).expect_err("too early"));
        assert_eq!(cut.to_string(), whole.to_string());
        assert!(whole.to_string().contains(&format!(": {sample} of 100 samples")), "{whole}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// The same where MVMs take other numbers of steps from one to the next.
    #[test]
    fn cut_runs_equal_whole_runs_at_the_pace_of_data(
        positions in 1usize..9, samples in 1usize..90, steps in prop::array::uniform2(1u64..20),
        pace in prop::array::uniform2((0.1f64..2.5, prop::option::of(0.5f64..9.0))),
    ) {
        let pace = pace.map(|(steps, convert)| Pace { steps, convert });
        let program = net(positions, [2, 3, 6, 9], steps, 20).paced(|layer| pace[layer.index()]);
        let (whole, cut, _) = both(&program, samples);
        prop_assert_eq!(whole, cut);
    }

    /// The same where cores, bus and vector unit run on clocks of their own, and crossbars share converters.
    #[test]
    fn cut_runs_equal_whole_runs_over_clocks(
        positions in 1usize..6, samples in 1usize..90, steps in prop::array::uniform2(1u64..20),
        core in prop::array::uniform2((1u64..6, any::<bool>())), bus in 1u64..4, vector in 1u64..6,
    ) {
        let mut program = net(positions, [2, 3, 6, 9], steps, 200);
        program.machine.cores.iter_mut().zip(core).for_each(|(c, own)| (c.divider, c.shared) = own);
        program.machine.tiles.iter_mut().for_each(|t| (t.bus_divider, t.vector_divider) = (bus, vector));
        let (whole, cut, _) = both(&program, samples);
        prop_assert_eq!(whole, cut);
    }

    /// The same with several ports, and with refresh: a run that does not come back is run whole.
    #[test]
    fn cut_runs_equal_whole_runs_over_ports_and_refresh(
        positions in 1usize..6, samples in 1usize..90, ports in prop::array::uniform2(1u32..4),
        refresh in prop::array::uniform2(prop::option::of((1u64..8, 1u64..30))), latency in 0u64..5,
    ) {
        let [buffer, memory] = refresh.map(|r| {
            r.map(|(duration, more)| RefreshTiming { interval: duration + more, duration })
        });
        let mut program = net(positions, [2, 3, 6, 9], [8, 3], 200);
        program.machine.tiles.iter_mut().for_each(|t| {
            (t.buffer_ports, t.buffer_refresh, t.buffer_latency) = (ports[0], buffer, latency);
        });
        (program.machine.memory.ports, program.machine.memory.refresh) = (ports[1], memory);
        let (whole, cut, _) = both(&program, samples);
        prop_assert_eq!(whole, cut);
    }

    /// The same over a dynamic memory: open rows, commands under way, refresh.
    #[test]
    fn cut_runs_equal_whole_runs_over_dynamic_memory(
        positions in 1usize..6, samples in 1usize..90, channels in 1u64..3, banks in 1u64..4, row_bursts in 1u64..5,
        burst_1024 in 300u64..4000, refresh in (1u64..8, 4u64..60),
    ) {
        let mut program = net(positions, [2, 3, 6, 9], [8, 3], 200);
        let refresh = RefreshTiming { interval: refresh.0 + 3 + refresh.1, duration: refresh.0 };
        program.machine.memory.dram =
            Some(DramTiming { channels, banks, row_bursts, burst_bytes: 16, burst_1024, refresh, ..super::dram::SMALL });
        let (whole, cut, _) = both(&program, samples);
        let memory = (Owner::Memory, PartKind::Memory);
        let [busy, refreshes] = [&whole.busy, &whole.refreshes].map(|all| all.get(&memory).copied().unwrap_or(0));
        prop_assert!(busy <= whole.cycles);
        prop_assert!(refreshes <= channels * (whole.cycles / refresh.interval));
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn cut_runs_equal_whole_runs(
        positions in 1usize..9, samples in 1usize..90, capacity in prop::array::uniform4(1usize..9),
        steps in prop::array::uniform2(1u64..20), slow in 0u64..3000,
    ) {
        let (whole, cut, _) = both(&net(positions, capacity, steps, slow), samples);
        prop_assert_eq!(whole, cut);
    }
}
