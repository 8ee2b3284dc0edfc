//! Timing laws of a one-layer network on one core: they must come out of the event run, cycle for cycle.
//!
//! The fixed path of a program with one unit, everything on one tile, 64-byte positions, and inputs there:
//! load `L = buffer_latency + bus_latency + n`, result `R = bus_latency + n`, vector unit
//! `V = vector_latency + ceil(ops / lanes)`, write `W = L` (`n = 64 / width`). A single position takes
//! `L + law + output_register + R + V + W` from issue to delivery.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::core::{Core, Progress};
use super::super::sequencer::Sequencer;
use super::*;

/// PIMSIM-NN: latency of an MVM.
fn pimsim_total(c: &CoreTiming, steps: u64, rounds: u64) -> u64 {
    let front = c.drive + c.integrate + c.sample;
    let back = c.convert + c.shift_add + (rounds - 1) * c.convert.max(c.shift_add);
    if c.hold_banks == 2 { front + back + (steps - 1) * front.max(back) } else { (front + back) * steps }
}

/// PIMSIM-NN: cycles from one MVM to the next, when the next input is there in time.
fn pimsim_interval(c: &CoreTiming, steps: u64, rounds: u64) -> u64 {
    let front = c.drive + c.integrate + c.sample;
    let back = c.convert + c.shift_add + (rounds - 1) * c.convert.max(c.shift_add);
    steps * if c.hold_banks == 2 { front.max(back) } else { front + back }
}

/// ISAAC: cycles from one MVM to the next.
fn isaac_interval(c: &CoreTiming, steps: u64, rounds: u64) -> u64 {
    let front = c.drive + c.integrate + c.sample;
    steps * front.max(rounds * c.convert).max(rounds * c.shift_add)
}

prop_compose! {
    pub(super) fn core_timing()(drive in 0u64..4, integrate in 1u64..30, sample in 0u64..4, convert in 1u64..7, shift_add in 1u64..7,
        hold_banks in 1u8..=2, serial: bool, output_register in 0u64..4, input_slots in 1u8..=2) -> CoreTiming {
        let back_end = if serial { BackEnd::Serial } else { BackEnd::Pipelined };
        CoreTiming { drive, integrate, sample, convert, shift_add, hold_banks, back_end, output_register, input_slots, ..quick_core(0) }
    }
}
prop_compose! {
    fn tile_timing()(bus_latency in 0u64..3, buffer_latency in 0u64..3, vector_latency in 0u64..4, width in prop::sample::select(vec![16u64, 32, 64])) -> TileTiming {
        TileTiming { bus_latency, buffer_latency, vector_latency, bus_width: width, buffer_width: 64, ..QUICK_TILE }
    }
}

/// Pairs of samples between the filling of the pipeline and the end of the source, which runs ahead.
fn steady(t: &Timeline) -> impl Iterator<Item = &[u64]> {
    t.finished[3..t.finished.len() - 2].windows(2)
}

fn lab(tile: TileTiming, core: CoreTiming, positions: usize, steps: u64, rounds: u64) -> Draft {
    let mut m = machine([1, 1], tile);
    m.cores = [core].into_iter().collect();
    one_layer(m, positions, mvm(vec![unit(0, 0, steps, rounds)], 100))
}

/// Load, result, vector operation and write of one position.
fn fixed_path(t: &TileTiming) -> [u64; 4] {
    let n = 64 / t.bus_width;
    let load = t.buffer_latency + t.bus_latency + n;
    [load, t.bus_latency + n, t.vector_latency + 100_u64.div_ceil(t.vector_lanes), load]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pimsim_first_result(tile in tile_timing(), core in core_timing(), steps in 1u64..20, rounds in 1u64..6) {
        let core = CoreTiming { back_end: BackEnd::Serial, ..core };
        let t = lab(tile, core, 1, steps, rounds).run(1);
        let (start, end) = position(&t, 1, 0);
        let expected = fixed_path(&tile).iter().sum::<u64>() + core.output_register + pimsim_total(&core, steps, rounds);
        prop_assert_eq!(end - start, expected);
    }

    /// One sample of many positions. The layer dominates: its interval exceeds everything on the bus.
    #[test]
    fn pimsim_steady_interval(tile in tile_timing(), core in core_timing(), steps in 8u64..20, rounds in 3u64..6) {
        let core = CoreTiming { back_end: BackEnd::Serial, input_slots: 2, ..core };
        let interval = pimsim_interval(&core, steps, rounds);
        prop_assume!(interval > 2 * (fixed_path(&tile).iter().sum::<u64>() + core.output_register) + 20);
        let d = lab(tile, core, 6, steps, rounds);
        let t = d.run(8);
        for w in steady(&t) {
            prop_assert_eq!(w[1] - w[0], 6 * interval);
        }
    }

    #[test]
    fn isaac_steady_interval(tile in tile_timing(), core in core_timing(), steps in 8u64..20, rounds in 3u64..6) {
        let core = CoreTiming { back_end: BackEnd::Pipelined, input_slots: 2, hold_banks: 2, ..core };
        let interval = isaac_interval(&core, steps, rounds);
        prop_assume!(interval > 2 * (fixed_path(&tile).iter().sum::<u64>() + core.output_register) + 20);
        let t = lab(tile, core, 6, steps, rounds).run(8);
        for w in steady(&t) {
            prop_assert_eq!(w[1] - w[0], 6 * interval);
        }
    }

    /// One input slot: the next load waits for the last front end, and stands in the interval.
    #[test]
    fn one_input_slot_adds_the_load(tile in tile_timing(), core in core_timing(), steps in 1u64..20) {
        // front end dominates, so that the back end hides behind it
        let core = CoreTiming { back_end: BackEnd::Serial, input_slots: 1, hold_banks: 2, integrate: 40, ..core };
        let front = core.drive + core.integrate + core.sample;
        let load = fixed_path(&tile)[0];
        let mut d = lab(tile, core, 1, steps, 2);
        d.program.channels[ChannelId::new(0)].capacity = 1;
        let t = d.run(12);
        for w in steady(&t) {
            prop_assert_eq!(w[1] - w[0], steps * front + load);
        }
    }

    /// The closed form of a step equals a machine that is stepped cycle by cycle, results being taken away
    /// and inputs coming at arbitrary times.
    #[test]
    fn core_equals_cycle_by_cycle_machine(core in core_timing(), divider in 1u64..6, fill in 0u64..8, steps in 1u64..6, rounds in 1u64..5,
        paced in prop::option::of(16u64..100), convert_paced in prop::option::of(16u64..100), arrivals in prop::collection::vec(0u64..60, 1..24), pauses in prop::collection::vec(0u64..80, 24)) {
        let (core, u) = (CoreTiming { fill, divider, ..core }, MvmUnit { paced, convert_paced, ..unit(0, 0, steps, rounds) });
        let fast = drive_fast(&core, &u, &arrivals, &pauses);
        let slow = oracle::drive(&core, &u, &arrivals, &pauses);
        prop_assert_eq!(fast, slow);
    }
}

/// Cycles in which slots became free, and results ready.
pub(super) type Course = (Vec<u64>, Vec<u64>);

/// Runs a core by itself: input `i` is loaded `arrivals[i]` cycles after a slot was free for it (and the
/// input before was loaded); result `i` is taken `pauses[i]` cycles after it was ready.
pub(super) fn drive_fast(timing: &CoreTiming, unit: &MvmUnit, arrivals: &[u64], pauses: &[u64]) -> Course {
    let mut core = Core::new(Arc::new(Sequencer::new(timing, unit)), None, 0);
    let (mut slots, mut ready) = (Vec::new(), Vec::new());
    let mut free: std::collections::VecDeque<u64> = std::iter::repeat_n(0, usize::from(timing.input_slots)).collect();
    let (mut loads, mut takes) = (std::collections::VecDeque::new(), std::collections::VecDeque::new());
    let (mut last_load, mut input) = (0, 0);
    loop {
        while let Some(p) = core.advance() {
            match p {
                Progress::Asks(_) => unreachable!("its converters are its own"),
                Progress::SlotFree(at) => {
                    slots.push(at);
                    free.push_back(at);
                }
                Progress::ResultReady(at) => {
                    takes.push_back(at + pauses[ready.len()]);
                    ready.push(at);
                }
            }
        }
        while input < arrivals.len()
            && let Some(at) = free.pop_front()
        {
            last_load = u64::max(at, last_load) + arrivals[input];
            loads.push_back(last_load);
            input += 1;
        }
        // the earlier of the two comes next
        let next_load = loads.front().copied().unwrap_or(u64::MAX);
        let next_take = takes.front().copied().unwrap_or(u64::MAX);
        if next_load == u64::MAX && next_take == u64::MAX {
            return (slots, ready);
        }
        if next_take <= next_load {
            takes.pop_front();
            match core.take_result(next_take) {
                Some(Progress::ResultReady(at)) => {
                    takes.push_back(at + pauses[ready.len()]);
                    ready.push(at);
                }
                other => assert_eq!(other, None),
            }
        } else {
            loads.pop_front();
            core.load(next_load, next_load);
        }
    }
}

#[path = "core_oracle.rs"]
mod oracle;
