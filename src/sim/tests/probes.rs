//! Probes: for every component, not ready at t − 1 and ready at t.
//!
//! One position through one layer on one tile, everything one cycle: memory 0–1, router and four flits
//! 1–5, write 5–6, load 6–7, front end, conversion, addition 7–10, result 10–11, vector unit 11–12, write
//! 12–13, read 13–14, router and flits 14–18, memory 18–19. Each row changes one component and says when
//! the sample is finished then.

use super::*;

type Change = fn(&mut Program);

fn tile(p: &mut Program) -> &mut TileTiming {
    p.machine.tiles.iter_mut().next().expect("one tile")
}
fn core(p: &mut Program) -> &mut CoreTiming {
    p.machine.cores.iter_mut().next().expect("one core")
}
fn only_unit(p: &mut Program) -> &mut MvmUnit {
    match &mut p.stages[StageId::new(1)].work {
        Work::Mvm { replicas, .. } => &mut replicas[0][0],
        _ => unreachable!("the layer is stage 1"),
    }
}

const ROWS: &[(&str, Change, u64)] = &[
    ("nothing", |_| {}, 19),
    ("memory latency, read and write", |p| p.machine.memory.latency = 5, 19 + 2 * 5),
    ("memory width: 4 cycles for 64 bytes", |p| p.machine.memory.width = 16, 19 + 2 * 3),
    ("router, in and out", |p| p.machine.mesh.router = 4, 19 + 2 * 3),
    ("flits: 8 for 64 bytes", |p| p.machine.mesh.flit_bytes = 8, 19 + 2 * 4),
    ("buffer latency: two writes, two reads", |p| tile(p).buffer_latency = 2, 19 + 4 * 2),
    ("buffer port width", |p| tile(p).buffer_width = 16, 19 + 4 * 3),
    ("bus latency: load, result, write, read", |p| tile(p).bus_latency = 2, 19 + 4 * 2),
    ("bus width", |p| tile(p).bus_width = 16, 19 + 4 * 3),
    ("vector unit latency", |p| tile(p).vector_latency = 7, 19 + 7),
    ("vector unit lanes: 64 operations on 16", |p| tile(p).vector_lanes = 16, 19 + 3),
    ("row drivers", |p| core(p).drive = 3, 19 + 3),
    ("crossbar", |p| core(p).integrate = 9, 19 + 8),
    ("sample-and-hold", |p| core(p).sample = 2, 19 + 2),
    ("converter", |p| core(p).convert = 6, 19 + 5),
    ("conversion rounds", |p| only_unit(p).rounds = 3, 19 + 2),
    ("adder", |p| core(p).shift_add = 4, 19 + 3),
    ("output register", |p| core(p).output_register = 5, 19 + 5),
    ("steps", |p| only_unit(p).steps = 5, 19 + 4),
    (
        "steps with one hold bank: each waits until the code is taken",
        |p| (core(p).hold_banks, only_unit(p).steps) = (1, 5),
        19 + 4 * 2,
    ),
    (
        "steps with one hold bank, given back after the addition",
        |p| (core(p).hold_banks, core(p).back_end, only_unit(p).steps) = (1, BackEnd::Serial, 5),
        19 + 4 * 3,
    ),
];

/// Parts on clocks of their own, drawn by hand.
const CLOCKS: &[(&str, Change, u64)] = &[
    // there at 7, seen at 9; 9–12–15–18; result 18–19, then as above from 11
    ("core: loaded between two edges, every cycle is three", |p| core(p).divider = 3, 19 + 8),
    // there at 7, which is an edge of no clock but that of 7 cycles
    ("core: loaded at an edge", |p| core(p).divider = 7, 19 + 3 * 6),
    // 11 is no edge of 5: 15 to 20
    ("vector unit: starts at an edge", |p| tile(p).vector_divider = 5, 19 + 4 + 4),
    (
        "vector unit: depth and lanes count its clock",
        |p| (tile(p).vector_divider, tile(p).vector_lanes, tile(p).vector_latency) = (11, 32, 3),
        // 11 is an edge: two cycles to issue, three more of depth
        19 - 1 + 11 * (2 + 3),
    ),
    // load 8–12, MVM 12–15, result 16–20, vector unit 20–21, write 24–28, read 28–32, mesh and memory 32–37
    ("bus: transfers begin and end at edges", |p| tile(p).bus_divider = 4, 37),
    // the same, but 5–9 for the first write; the port is no slower than the bus
    ("bus as slow as the port", |p| (tile(p).bus_divider, tile(p).buffer_width) = (4, 16), 37 + 4),
];

#[test]
fn clocks_of_parts() {
    probe(CLOCKS);
}

#[test]
fn not_ready_one_cycle_before_and_ready_at_the_cycle() {
    probe(ROWS);
}

fn probe(rows: &[(&str, Change, u64)]) {
    for (what, change, cycle) in rows {
        let mut d = one_layer(machine([1, 1], QUICK_TILE), 1, mvm(vec![unit(0, 0, 1, 1)], 64));
        change(&mut d.program);
        let at = |max_cycles| run(&d.program, &SimOptions { samples: 1, max_cycles, trace: false, whole: true });
        let early = at(cycle - 1).expect_err(what);
        assert_eq!(early.code, "R002", "{what}");
        let t = at(*cycle).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(t.finished, [*cycle], "{what}");
    }
}

/// Two crossbars of a core on one bus: the second load waits for the first, the vector unit for both.
#[test]
fn units_share_the_bus() {
    let units = vec![unit(0, 0, 1, 1), unit(1, 0, 1, 1)];
    let d = one_layer(machine([1, 1], QUICK_TILE), 1, mvm(units, 64));
    // loads 6–7 and 7–8, MVMs to 10 and 11, results 10–11 and 11–12, then as above
    assert_eq!(d.run(1).finished, [20]);
    // results as long as four cycles: 10–14, 14–18
    let mut slow = d;
    if let Work::Mvm { replicas, .. } = &mut slow.program.stages[StageId::new(1)].work {
        replicas[0].iter_mut().for_each(|u| u.result_bytes = 256);
    }
    assert_eq!(slow.run(1).finished, [26]);
}

/// Second input slot: the load of position 1 overlaps with the MVM of position 0.
#[test]
fn second_slot_overlaps_the_load() {
    let second = |input_slots| {
        let mut d = one_layer(machine([1, 1], QUICK_TILE), 2, mvm(vec![unit(0, 0, 16, 1)], 64));
        core(&mut d.program).input_slots = input_slots;
        let t = d.run(1);
        (position(&t, 1, 1).0, t.finished[0])
    };
    // The first load meets the write of position 1 (6–7) and takes 7–8. One slot: the second load comes when
    // the last front end of position 0 is over (8 + 16), one cycle, 18 for the MVM, 9 to the memory.
    assert_eq!(second(1), (24, 25 + 18 + 9));
    // two: as soon as the input is there; the MVM begins right behind the last front end
    let (start, end) = second(2);
    assert_eq!((start, end), (7, 24 + 18 + 9));
}
