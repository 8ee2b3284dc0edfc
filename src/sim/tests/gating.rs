//! Parts that fall asleep: timelines by hand, a server stepped cycle by cycle, and laws.

use proptest::prelude::*;

use super::super::build::build;
use super::super::gate::Gate;
use super::super::run::World;
use super::super::server::{Opening, Server};
use super::super::{Owner, Rest};
use super::repeat::{both, net};
use super::*;
use crate::cost::{Action, PartKind};
use crate::energy::{Ledger, settle};
use crate::exec::Activity;
use crate::sched::PowerGate;

fn tile() -> Owner {
    Owner::Tile(TileId::new(0))
}
fn core() -> Owner {
    Owner::Core(CoreId::new(0))
}

/// The world after all events of cycle `t`.
fn world(program: &Program, samples: usize, t: u64) -> World {
    let mut setup = build(program, samples, false);
    setup.world.run(t, samples, true);
    setup.world.now = t;
    setup.world
}

/// How the only part with a gate has rested before cycle `t`, and the positions of stage 1 that are done by then.
fn by(program: &Program, samples: usize, t: u64) -> (Rest, u64) {
    let world = world(program, samples, t);
    (world.rests()[0], world.stages[1].done)
}

const fn rest(idle: u64, asleep: u64, wakes: u64) -> Rest {
    Rest { idle, asleep, wakes }
}

/// Source, a vector operation of one cycle, and sink, one position, everything on one quick tile; `gates` by kind.
fn one_operation(gates: &[(PartKind, u64, u64)]) -> Draft {
    let mut d = Draft::new(machine([1, 1], QUICK_TILE));
    d.program.machine.gates.parts =
        gates.iter().map(|(part, after, wake)| (*part, Some(PowerGate { after: *after, wake: *wake }))).collect();
    let source = d.stage("input x", 0, 1, Work::Source { bytes: 64 });
    let p = d.stage("P", 0, 1, Work::Vector { load_bytes: 64, vector_ops: 64 });
    let sink = d.stage("output", 0, 1, Work::Sink { bytes: 64 });
    d.join(source, p, Need::Same, 1, 64);
    d.join(p, sink, Need::Same, 1, 64);
    d
}

// Without gates: memory 0-1, mesh 1-5, write 5-6; load 6-7, operate 7-8, write 8-9; read 9-10, mesh 10-14, store 14-15.
//
// With a vector unit that sleeps after 6 idle cycles and takes 4 to wake:
//
//   cycle        0 1 2 3 4 5 | 6 | 7 8 9 10 | 11 | 12 … 17 | 18 | 19
//   vector unit  idle, awake | z | waking   | op | idle    | z  |
//   elsewhere    source      |ld |                 | wr, rd, mesh, store     finished in 19
//
// asked in 7, awake from 7, starts in 11, is idle from 12 and asleep from 18, the run ends in 19
#[test]
fn a_vector_unit_sleeps_and_wakes() {
    let d = one_operation(&[(PartKind::VectorUnit, 6, 4)]);
    for (t, rested, done) in [
        (5, rest(5, 0, 0), 0),
        (6, rest(6, 0, 0), 0), // it falls asleep: no cycle is over
        (7, rest(7, 1, 1), 0), // cycle 6 was the only one; asked
        (8, rest(7, 1, 1), 0), // waking is neither idle nor asleep
        (11, rest(7, 1, 1), 0),
        (12, rest(7, 1, 1), 1), // operated on, and idle again
        (13, rest(8, 1, 1), 1),
        (18, rest(13, 1, 1), 1),
        (19, rest(14, 2, 1), 1), // the cycle before the end was slept
    ] {
        assert_eq!(by(&d.program, 1, t), (rested, done), "in cycle {t}");
    }
    let t = d.run(1);
    assert_eq!((position(&t, 1, 0), t.finished.as_slice()), ((6, 13), [19].as_slice()));
    assert_eq!(t.rests, [((tile(), PartKind::VectorUnit), rest(14, 2, 1))].into());
    println!("GATING: a vector unit asleep in cycles 6 and 18 of 19, woken in 7, works in 11");
}

#[test]
fn asked_in_the_cycle_in_which_it_would_fall_asleep_it_stays_awake() {
    for (after, cycles, rested) in [
        // a cycle before it would; in the very cycle; a cycle later
        (8, 15, rest(14, 0, 0)),
        (7, 15, rest(14, 0, 0)),
        (6, 19, rest(14, 2, 1)),
    ] {
        let t = one_operation(&[(PartKind::VectorUnit, after, 4)]).run(1);
        assert_eq!((t.cycles, t.rests[&(tile(), PartKind::VectorUnit)]), (cycles, rested), "after {after}");
    }
    println!("GATING: asked in the cycle before and in the very cycle in which it would fall asleep, it stays awake");
}

// Port: asleep after 2, wakes in 3. Bus: asleep after 2, wakes in 2.
//
//   memory 0-1, mesh 1-5; the port is asked in 5 (asleep 2, 3, 4), writes 8-9; load: port asked and granted in 9, bus
//   asked in 9 (asleep 2 … 8), moves 11-12, the port is kept until then; operate 12-13; write 13-14: both are awake
//   (idle for one cycle); sink reads 14-15, mesh 15-19, store 19-20; both asleep from 17 to the end in 20
#[test]
fn a_port_and_the_bus_behind_it_wake_one_after_the_other() {
    let d = one_operation(&[(PartKind::Buffer, 2, 3), (PartKind::Bus, 2, 2)]);
    let t = d.run(1);
    assert_eq!((position(&t, 1, 0), t.cycles), ((9, 14), 20));
    let kinds = [PartKind::Buffer, PartKind::Bus];
    assert_eq!(kinds.map(|k| t.rests[&(tile(), k)]), [rest(11, 6, 1), rest(15, 10, 1)]);
    for (t, port, bus) in [
        (4, rest(4, 2, 0), rest(4, 2, 0)),
        (5, rest(5, 3, 1), rest(5, 3, 0)),
        (8, rest(5, 3, 1), rest(8, 6, 0)),
        (9, rest(5, 3, 1), rest(9, 7, 1)),
        (17, rest(8, 3, 1), rest(12, 7, 1)),
        (18, rest(9, 4, 1), rest(13, 8, 1)),
    ] {
        assert_eq!(world(&d.program, 1, t).rests(), [port, bus], "in cycle {t}");
    }
    println!("GATING: a port asleep in 2 to 4 and the bus behind it asleep in 2 to 8 wake one after the other");
}

/// Source, a layer of two steps on `units` crossbars of one core, and sink; memory moves a byte in a cycle. The core
/// sleeps after 20 cycles and takes 5 to wake.
fn one_core(units: usize) -> Draft {
    let mut m = machine([1, 1], QUICK_TILE);
    m.memory = MemoryTiming { width: 1, ..m.memory };
    m.gates.cores = [(CoreId::new(0), Some(PowerGate { after: 20, wake: 5 }))].into();
    one_layer(m, 1, mvm((0..units).map(|x| unit(x, 0, 2, 1)).collect(), 64))
}

// Two samples. Reads 0-64 and 64-128, each with mesh 4, write 1, load 1: vectors stand in the register in 70 and 134.
// An MVM takes 4 cycles: fronts 0-1 and 1-2, conversions 1-2 and 2-3, additions 2-3 and 3-4.
//
//   core     | 0 … 19 | 20 … 69 | 70-75  | 75-79 | 79 … 98 | 99 … 133 | 134-139 | 139-143 | 143 … 162 | 163 … 255 |
//            | idle   | asleep  | waking | MVM   | idle    | asleep   | waking  | MVM     | idle      | asleep    |
//
// results: bus 79-80, operate 80-81 (and 143-144, 144-145). The sink's stores wait for the memory: 128-192, 192-256.
#[test]
fn a_core_sleeps_between_two_samples_and_at_the_end() {
    let d = one_core(1);
    let within = |spans: [(u64, u64); 3], t: u64| spans.map(|(from, to)| t.clamp(from, to) - from).iter().sum();
    let since = |cycles: [u64; 2], t| cycles.iter().filter(|at| t >= **at).count() as u64;
    for t in 1..=256 {
        // asked, it wakes in the cycle in which the vector is there; waking is neither idle nor asleep
        let (idle, asleep) = ([(0, 70), (79, 134), (143, 256)], [(20, 70), (99, 134), (163, 256)]);
        let rested = rest(within(idle, t), within(asleep, t), since([70, 134], t));
        assert_eq!(by(&d.program, 2, t), (rested, since([81, 145], t)), "in cycle {t}");
    }
    let t = d.run(2);
    assert_eq!(t.finished, [192, 256]);
    let m = t.mvms[0];
    assert_eq!([m.loaded, m.begun, m.ready, m.sent], [70, 75, 79, 80]);
    let parts = [PartKind::Dac, PartKind::SampleHold, PartKind::Adc, PartKind::ShiftAdd];
    assert_eq!(t.rests, parts.map(|part| ((core(), part), rest(238, 178, 2))).into());
    println!("GATING: a core asleep in 20 to 69, 99 to 133 and 163 to 255 of 256, woken in 70 and 134");
}

// Two crossbars: vectors in 70 and 71. The first wakes the core, which is awake from 75 on for both; one result leaves
// in 79-80, the other in 80-81.
#[test]
fn crossbars_of_a_core_wake_together() {
    let t = one_core(2).run(1);
    let [a, b] = [t.mvms[0], t.mvms[1]];
    assert_eq!([a.loaded, a.begun, a.ready, a.sent], [70, 75, 79, 80]);
    assert_eq!([b.loaded, b.begun, b.ready, b.sent], [71, 75, 79, 81]);
    assert_eq!(t.rests[&(core(), PartKind::Adc)].wakes, 1);
    println!("GATING: two crossbars of a core asleep begin in 75, five cycles after the first vector");
}

const SOURCE: &str = "source: 'assumed: a test'";

/// The MoS2 chip of one tile with other gates, and what a run costs on it.
fn cost(sets: &[(&str, String)], d: &Draft, samples: usize) -> Ledger {
    let sets = sets.iter().map(|(k, v)| ((*k).to_owned(), v.clone()));
    let sets: Vec<_> = [("chip.grid".to_owned(), "[1, 1]".to_owned())].into_iter().chain(sets).collect();
    let text = include_str!("../../../arch/mos2_tile.yaml");
    let chip = crate::arch::load_str("mos2_tile.yaml", text, &sets).unwrap_or_else(|e| panic!("{e}"));
    settle(&chip, &d.program, &d.run(samples), &Activity::default()).expect("priced")
}

/// Energy of the lines of a part, and of one action of it (leakage: `None`).
fn joules(ledger: &Ledger, owner: Owner, part: PartKind, action: Option<Action>) -> f64 {
    let lines = ledger.lines.iter().filter(|l| (l.owner, l.kind, l.action) == (owner, part, action));
    lines.fold(0.0, |sum, l| sum + l.energy.si())
}

fn close(a: f64, b: f64) {
    assert!((a / b - 1.0).abs() < 1e-12, "{a} is not {b}");
}

#[test]
fn the_energy_of_the_drawn_cases_is_the_sum_by_hand() {
    let gates = |after, wake, clock| {
        format!(
            "{{ power: {{ after: {after} cycles, wake: {wake} cycles, retained: 10 %, wake_energy: 2 pJ }}, clock: {{ tree: 0.3 pJ, gated: {clock} }}, {SOURCE} }}"
        )
    };
    // 19 cycles of 1 ns, asleep for 2, idle for 14; eight lanes of 0.192 mW
    let d = one_operation(&[(PartKind::VectorUnit, 6, 4)]);
    let (unit, leak) = ((tile(), PartKind::VectorUnit), 8.0 * 0.192e-3 * 1e-9);
    for (gated, ticks) in [(true, 19.0 - 14.0), (false, 19.0)] {
        let ledger = cost(&[("tile.vector.gating", gates(6, 4, gated))], &d, 1);
        close(joules(&ledger, unit.0, unit.1, None), leak * (17.0 + 0.1 * 2.0));
        close(joules(&ledger, unit.0, unit.1, Some(Action::Wake)), 2e-12);
        close(joules(&ledger, unit.0, unit.1, Some(Action::Clock)), ticks * 0.3e-12);
        close(ledger.standing().si(), 2e-12 + ticks * 0.3e-12);
        let by_stage: f64 = ledger.by_stage().values().map(|e| e.si()).sum();
        close(ledger.total().si(), by_stage + ledger.standing().si() + ledger.leakage().si());
    }
    // two samples in 256 cycles, asleep for 178, idle for 238, woken twice; one inference is half of it
    let d = one_core(1);
    let ledger = cost(&[("cores.macro.gating", gates(20, 5, true))], &d, 2);
    let on = (256.0 - 178.0 + 0.1 * 178.0) / 2.0 * 1e-9;
    close(joules(&ledger, core(), PartKind::Adc, None), 2.0 * 0.2e-3 * on);
    close(joules(&ledger, core(), PartKind::Dac, None), 256.0 * 0.3906e-6 * on);
    close(joules(&ledger, core(), PartKind::ShiftAdd, None), 5e-6 * on);
    close(joules(&ledger, core(), PartKind::InputRegister, None), 0.08e-3 * 128e-9);
    close(joules(&ledger, core(), PartKind::Adc, Some(Action::Wake)), 2e-12);
    close(joules(&ledger, core(), PartKind::Adc, Some(Action::Clock)), 9.0 * 0.3e-12);
    println!("GATING: energy of the drawn vector unit and core is the sum by hand (leakage, waking, clock)");
}

#[test]
fn what_keeps_all_of_its_leakage_and_wakes_for_nothing_costs_what_it_costs_without_a_gate() {
    let mut d = one_operation(&[]);
    let plain = cost(&[], &d, 1);
    d.program.machine.gates.parts = [(PartKind::Bus, Some(PowerGate { after: 1, wake: 0 }))].into();
    let gate = |share| format!("{{ power: {{ after: 1 cycle, wake: 0 cycles, retained: {share} % }}, {SOURCE} }}");
    let gated = |share| cost(&[("tile.bus.gating", gate(share))], &d, 1);
    assert_eq!(gated(100).leakage(), plain.leakage());
    assert_eq!(gated(100).total(), plain.total());
    assert!(gated(0).leakage() < plain.leakage());
}

/// A server stepped cycle by cycle: the starts of its jobs, and its rest up to cycle `end`.
fn stepped(jobs: &[(u64, u64)], gate: PowerGate, divider: u64, end: u64) -> (Vec<u64>, Rest) {
    let (mut starts, mut rested) = (Vec::new(), Rest::default());
    let (mut busy_until, mut awake_from, mut idle, mut asleep) = (0, 0, 0, false);
    for cycle in 0..end {
        let waits = jobs.get(starts.len()).is_some_and(|(at, _)| *at <= cycle);
        if cycle < busy_until {
            continue;
        }
        if waits {
            if asleep {
                (asleep, awake_from) = (false, cycle + gate.wake);
                rested.wakes += 1;
            }
            idle = 0;
            if cycle >= awake_from && cycle % divider == 0 {
                busy_until = cycle + jobs[starts.len()].1;
                starts.push(cycle);
            }
        } else {
            asleep = idle >= gate.after;
            idle += 1;
            rested.idle += 1;
            rested.asleep += u64::from(asleep);
        }
    }
    (starts, rested)
}

/// Gates of every kind and core.
fn gated(program: &mut Program, gates: [(u64, u64); 6]) {
    let kinds = [PartKind::Bus, PartKind::Buffer, PartKind::VectorUnit, PartKind::Link, PartKind::Memory];
    let [of_core, of_parts @ ..] = gates.map(|(after, wake)| Some(PowerGate { after, wake }));
    program.machine.gates.parts = kinds.into_iter().zip(of_parts).collect();
    program.machine.gates.cores = program.machine.cores.ids().map(|core| (core, of_core)).collect();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_server_does_what_one_does_that_is_stepped(
        jobs in prop::collection::vec((0u64..12, 1u64..5), 1..20), after in 0u64..8, wake in 0u64..6, divider in 1u64..4, tail in 0u64..20,
    ) {
        let gate = PowerGate { after, wake };
        let mut server = Server::default();
        server.divide(divider);
        server.gate = Some(Box::new(Gate::new(Some(gate))));
        let (mut now, mut starts, mut asked) = (0, vec![], vec![]);
        for (gap, hold) in jobs {
            now += gap;
            let Opening::At(at) = server.opening(now) else { unreachable!("nobody keeps it") };
            server.take(at, Some(hold as u32));
            starts.push(at);
            asked.push((now, hold));
        }
        let end = starts.last().unwrap() + asked.last().unwrap().1 + tail;
        prop_assert_eq!(stepped(&asked, gate, divider, end), (starts, server.rest(end).unwrap()));
    }

    /// Gates that wake at once move nothing, whenever parts fall asleep.
    #[test]
    fn waking_at_once_changes_no_cycle(
        positions in 1usize..6, samples in 1usize..8, steps in prop::array::uniform2(1u64..20), after in prop::array::uniform6(0u64..300),
        clocks in prop::array::uniform2((1u64..4, any::<bool>())),
    ) {
        let mut program = net(positions, [2, 3, 6, 9], steps, 200);
        program.machine.cores.iter_mut().zip(clocks).for_each(|(c, own)| (c.divider, c.shared) = own);
        let plain = run(&program, &SimOptions { samples, trace: true, ..SimOptions::default() }).unwrap();
        gated(&mut program, after.map(|after| (after, 0)));
        let mut t = run(&program, &SimOptions { samples, trace: true, ..SimOptions::default() }).unwrap();
        for rest in std::mem::take(&mut t.rests).values() {
            prop_assert!(rest.asleep <= rest.idle && rest.idle <= t.cycles);
        }
        t.events = plain.events;
        prop_assert_eq!(t, plain);
    }

    /// Runs that are cut short give the times and the rests of whole ones.
    #[test]
    fn cut_runs_equal_whole_runs_with_gates(
        positions in 1usize..6, samples in 1usize..90, steps in prop::array::uniform2(1u64..20), slow in 0u64..1500,
        gates in prop::array::uniform6((0u64..200, 0u64..30)), clocks in prop::array::uniform2((1u64..4, any::<bool>())),
    ) {
        let mut program = net(positions, [2, 3, 6, 9], steps, slow);
        program.machine.cores.iter_mut().zip(clocks).for_each(|(c, own)| (c.divider, c.shared) = own);
        gated(&mut program, gates);
        let (whole, cut, _) = both(&program, samples);
        prop_assert_eq!(whole, cut);
    }
}

#[test]
fn a_batch_of_a_hundred_with_gates_runs_only_a_few_samples() {
    let mut program = net(6, [2, 3, 6, 9], [8, 3], 20);
    gated(&mut program, [(40, 7), (3, 2), (5, 3), (9, 4), (20, 6), (11, 5)]);
    let (whole, cut, run) = both(&program, 100);
    assert_eq!(whole, cut);
    assert!(run < 40, "{run} samples were run");
    assert!(whole.rests.values().any(|r| r.wakes > 100), "parts sleep between samples");
}
