//! Crossbars that share converters: the event-driven core against a machine stepped cycle by cycle, without a formula.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use proptest::prelude::*;

use super::super::core::{Core, Progress};
use super::super::sequencer::{Converters, Sequencer};
use super::core_law::core_timing;
use super::*;

/// What comes from outside for one crossbar: input `i` is loaded `arrivals[i]` cycles after a slot was free for it and
/// the input before was loaded; result `i` is taken `pauses[i]` cycles after it was ready.
#[derive(Debug, Clone)]
struct Outside {
    arrivals: Vec<u64>,
    pauses: Vec<u64>,
}

/// Cycles in which slots became free, and results ready, for each crossbar.
type Courses = Vec<(Vec<u64>, Vec<u64>)>;

/// What is to come, in the order in which the event queue has it: data before requests, requests by crossbar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Coming {
    Take,
    Load,
    Ask,
}

fn drive_fast(timing: &CoreTiming, units: &[MvmUnit], outside: &[Outside]) -> Courses {
    let mut converters = Converters::default();
    let mut cores: Vec<Core> =
        units.iter().map(|u| Core::new(Arc::new(Sequencer::new(timing, u)), Some(0), 0)).collect();
    let mut courses: Courses = vec![Default::default(); units.len()];
    // free slots that no input has taken, end of the last load, inputs so far
    let mut inputs = vec![(VecDeque::from(vec![0; usize::from(timing.input_slots)]), 0, 0); units.len()];
    let mut coming = BTreeSet::new();
    let mut told: Vec<(usize, Option<Progress>)> = (0..units.len()).map(|n| (n, None)).collect();
    loop {
        while let Some((n, progress)) = told.pop() {
            let (slots, ready) = &mut courses[n];
            let mut next = progress;
            while let Some(p) = next.or_else(|| cores[n].advance()) {
                next = None;
                match p {
                    Progress::Asks(at) => assert!(coming.insert((at, Coming::Ask, n))),
                    Progress::SlotFree(at) => {
                        slots.push(at);
                        inputs[n].0.push_back(at);
                    }
                    Progress::ResultReady(at) => {
                        coming.insert((at + outside[n].pauses[ready.len()], Coming::Take, n));
                        ready.push(at);
                    }
                }
            }
            let (free, last, count) = &mut inputs[n];
            // one load on its way at a time
            if *count < outside[n].arrivals.len()
                && !coming.iter().any(|c| (c.1, c.2) == (Coming::Load, n))
                && let Some(at) = free.pop_front()
            {
                *last = at.max(*last) + outside[n].arrivals[*count];
                *count += 1;
                coming.insert((*last, Coming::Load, n));
            }
        }
        let Some((at, what, n)) = coming.pop_first() else { return courses };
        let progress = match what {
            Coming::Take => cores[n].take_result(at),
            Coming::Load => {
                cores[n].load(at, at);
                None
            }
            Coming::Ask => cores[n].convert(at, &mut converters),
        };
        told.push((n, progress));
    }
}

/// A crossbar of the stepped machine.
#[derive(Default)]
struct Xbar {
    /// Inputs loaded and not begun; steps of the present MVM that its front end has done; MVMs begun there, converted
    /// and added up.
    inputs: u64,
    front_steps: u64,
    fronts: u64,
    sums: u64,
    front: Option<u64>,
    /// Banks in use, oldest first: whether filled, and if its step has asked, when.
    banks: VecDeque<(bool, Option<u64>)>,
    /// Steps of the MVM in the accumulator that have asked, and been added up.
    asked_steps: u64,
    asked_mvms: u64,
    /// Steps of the MVM at the converter whose last code is taken, and MVMs all of whose codes are.
    coded_steps: u64,
    coded: u64,
    summed: u64,
    complete: bool,
    register: bool,
    writing: Option<u64>,
    /// Results that have left the register.
    taken: u64,
    load: Option<u64>,
    take: Option<u64>,
    free: u64,
    loads: usize,
}

/// The shared converter with its adder: at most the step whose codes are converted and the one that is still added up.
#[derive(Default)]
struct Shared {
    /// Crossbar of the step that has it, and of the one before whose last addition goes on.
    owner: Option<usize>,
    adding_for: usize,
    filling: u64,
    /// Codes taken by the adder in the step.
    taken: u64,
    converting: Option<u64>,
    code: bool,
    adding: Option<u64>,
    /// Whether the addition under way is the last of its step.
    last: bool,
}

fn drive_slow(t: &CoreTiming, units: &[MvmUnit], outside: &[Outside]) -> Courses {
    let mut courses: Courses = vec![Default::default(); units.len()];
    let mut xbars: Vec<Xbar> = units.iter().map(|_| Xbar { free: t.input_slots.into(), ..Xbar::default() }).collect();
    let mut shared = Shared::default();
    let mut now = 0;
    while xbars.iter().zip(outside).any(|(x, o)| (x.taken as usize) < o.arrivals.len()) {
        let edge = now % t.divider == 0;
        let mut moved = true;
        while moved {
            moved = false;
            for (n, x) in xbars.iter_mut().enumerate() {
                moved |= outer(x, &outside[n]);
                if edge {
                    moved |= inner(t, &units[n], x, now, &mut courses[n], &outside[n]);
                }
            }
            if edge && !moved {
                moved = arbitrate(t, units, &mut xbars, &mut shared, now);
            }
        }
        now += 1;
        let mut clocks: Vec<&mut Option<u64>> = Vec::new();
        for x in &mut xbars {
            clocks.extend([&mut x.load, &mut x.take]);
            if now % t.divider == 0 {
                clocks.extend([&mut x.front, &mut x.writing]);
            }
        }
        if now % t.divider == 0 {
            shared.filling = shared.filling.saturating_sub(1);
            clocks.extend([&mut shared.converting, &mut shared.adding]);
        }
        clocks.into_iter().for_each(|c| *c = c.map(|c| c - 1));
    }
    courses
}

/// Loads and takers of a crossbar; whether anything moved.
fn outer(x: &mut Xbar, outside: &Outside) -> bool {
    let mut moved = false;
    if x.load.is_none() && x.free > 0 && x.loads < outside.arrivals.len() {
        (x.free, x.load, x.loads, moved) = (x.free - 1, Some(outside.arrivals[x.loads]), x.loads + 1, true);
    }
    if x.load == Some(0) {
        (x.load, x.inputs, moved) = (None, x.inputs + 1, true);
    }
    if x.take == Some(0) {
        (x.take, x.register, x.taken, moved) = (None, false, x.taken + 1, true);
    }
    moved
}

/// Front end, banks and registers of a crossbar at an edge; whether anything moved.
fn inner(
    t: &CoreTiming,
    u: &MvmUnit,
    x: &mut Xbar,
    now: u64,
    course: &mut (Vec<u64>, Vec<u64>),
    out: &Outside,
) -> bool {
    let mut moved = false;
    if x.front == Some(0) {
        (x.front, moved) = (None, true);
        x.banks.back_mut().expect("one is filled").0 = true;
        x.front_steps += 1;
        if x.front_steps == u.steps_of(x.fronts) {
            (x.front_steps, x.fronts) = (0, x.fronts + 1);
            course.0.push(now);
            x.free += 1;
        }
    }
    if x.complete && !x.register {
        (x.complete, x.register, x.writing, moved) = (false, true, Some(t.output_register), true);
    }
    if x.writing == Some(0) {
        (x.writing, moved) = (None, true);
        x.take = Some(out.pauses[course.1.len()]);
        course.1.push(now);
    }
    if let Some(next) = x.banks.iter().position(|b| b.1.is_none()) {
        // the result before the last must have left the register before a new MVM asks
        let room = x.asked_steps > 0 || x.taken + 1 >= x.asked_mvms;
        if x.banks[next].0 && room {
            (x.banks[next].1, moved) = (Some(now), true);
            x.asked_steps += 1;
            if x.asked_steps == u.steps_of(x.asked_mvms) {
                (x.asked_steps, x.asked_mvms) = (0, x.asked_mvms + 1);
            }
        }
    }
    let begin = x.front_steps > 0 || x.inputs > 0;
    if x.front.is_none() && begin && x.banks.len() < usize::from(t.hold_banks) {
        x.inputs -= u64::from(x.front_steps == 0);
        x.banks.push_back((false, None));
        (x.front, moved) = (Some(t.drive + t.integrate + t.sample), true);
    }
    moved
}

/// Converters and adder at an edge, when nothing else moves; whether anything moved.
fn arbitrate(t: &CoreTiming, units: &[MvmUnit], xbars: &mut [Xbar], s: &mut Shared, now: u64) -> bool {
    let serial = t.back_end == BackEnd::Serial;
    if s.adding == Some(0) {
        s.adding = None;
        if s.last {
            let (x, u) = (&mut xbars[s.adding_for], &units[s.adding_for]);
            x.summed += 1;
            if x.summed == u.steps_of(x.sums) {
                assert!(!x.complete, "no step comes to the converters before there is room for its result");
                (x.summed, x.sums, x.complete) = (0, x.sums + 1, true);
            }
            if serial {
                x.banks.pop_front();
                s.owner = None;
            }
        }
        return true;
    }
    if s.converting == Some(0) {
        (s.converting, s.code) = (None, true);
        return true;
    }
    if s.code && s.adding.is_none() {
        let owner = s.owner.expect("a code belongs to a step");
        (s.code, s.taken, s.adding, s.adding_for) = (false, s.taken + 1, Some(t.shift_add), owner);
        s.last = s.taken == units[owner].rounds;
        if s.last {
            let x = &mut xbars[owner];
            x.coded_steps += 1;
            if x.coded_steps == units[owner].steps_of(x.coded) {
                (x.coded_steps, x.coded) = (0, x.coded + 1);
            }
        }
        if s.last && !serial {
            xbars[owner].banks.pop_front();
            s.owner = None;
        }
        return true;
    }
    let Some(owner) = s.owner else {
        let asks = xbars.iter().enumerate().filter_map(|(n, x)| Some((x.banks.front()?.1?, n)));
        if let Some((at, n)) = asks.min() {
            // a pipelined back end has let it fill since it asked
            let ahead = if serial { 0 } else { (now - at) / t.divider };
            (s.owner, s.taken, s.filling) = (Some(n), 0, t.fill.saturating_sub(ahead));
        }
        return s.owner.is_some();
    };
    if s.converting.is_none() && !s.code && s.filling == 0 && s.taken < units[owner].rounds {
        let mvm = (xbars[owner].coded % PERIOD) as usize;
        s.converting = Some(units[owner].converts(t.convert)[mvm]);
        return true;
    }
    false
}

prop_compose! {
    fn outside()(arrivals in prop::collection::vec(0u64..60, 1..20), pauses in prop::collection::vec(0u64..120, 20)) -> Outside {
        Outside { arrivals, pauses }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Two and three crossbars with work of their own.
    #[test]
    fn sharing_equals_cycle_by_cycle_machine(
        core in core_timing(), divider in 1u64..5, fill in 0u64..6,
        work in prop::collection::vec((1u64..6, 1u64..5, prop::array::uniform2(prop::option::of(16u64..100)), outside()), 2..=3),
    ) {
        let core = CoreTiming { shared: true, divider, fill, ..core };
        let units: Vec<MvmUnit> =
            work.iter().enumerate().map(|(n, w)| MvmUnit { paced: w.2[0], convert_paced: w.2[1], ..unit(n, 0, w.0, w.1) }).collect();
        let outside: Vec<Outside> = work.into_iter().map(|w| w.3).collect();
        prop_assert_eq!(drive_fast(&core, &units, &outside), drive_slow(&core, &units, &outside));
    }

    /// A crossbar that shares with nobody, whose results leave at once, is as fast as one with converters of its own.
    #[test]
    fn sharing_with_nobody_costs_nothing(
        core in core_timing(), divider in 1u64..5, fill in 0u64..6, steps in 1u64..6, rounds in 1u64..5,
        arrivals in prop::collection::vec(0u64..60, 1..7),
    ) {
        let core = CoreTiming { divider, fill, output_register: 0, ..core };
        let (u, pauses) = (unit(0, 0, steps, rounds), vec![0; 8]);
        let own = super::core_law::drive_fast(&core, &u, &arrivals, &pauses);
        let outside = Outside { arrivals, pauses };
        prop_assert_eq!(drive_fast(&core, &[u], &[outside]), vec![own]);
    }
}
