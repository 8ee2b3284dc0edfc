//! Conversions that stop early: a ramp ends when every comparator of its crossbar has fired.
//!
//! The converters of a crossbar take its physical columns in turn, `k` of them in a round, and their ramps rise
//! together: a round is over when the last of its codes is known. A ramp of `N` bits begins below its lowest code,
//! which is 0, or `−2^(N−1)` behind subtracted pairs; code `c` is known after `c − lowest + 1` of its `2^N` steps. So a
//! round takes `largest code − lowest + 1` steps, and as many whole cycles of the core as cover them
//! ([`crate::arch::CoreKind::stopped`]): means are taken of whole cycles. The codes are those of the run, noise and
//! deviations included; `ideal` has no converters, and its rounds take all steps.
//!
//! Slices of a layer with ranges of their own count to their own codes on the same ramp (assumed: gain stands before
//! the comparators).

use std::sync::Arc;

use super::hardware::LayerHardware;
use super::pack::Packing;
use super::{Fidelity, Stops, ValueOptions};
use crate::circuit::{ROWS, Tile};
use crate::lower::Block;
use crate::rng::GROUP;

/// The rounds of conversions of a block.
#[derive(Debug)]
pub(super) struct Rounds {
    /// Lanes by physical column, and columns of a round.
    lanes: Vec<usize>,
    width: usize,
    ramp: Arc<Ramp>,
}

/// A ramp that stops.
#[derive(Debug)]
pub(super) struct Ramp {
    /// What makes a step, counted from 0, of a code.
    zero: i64,
    /// Cycles of the core that cover the steps up to each.
    cycles: Vec<u64>,
}

impl Ramp {
    /// The ramps of a layer; `None` where conversions take their time.
    pub(super) fn new(hardware: &LayerHardware<'_>, options: &ValueOptions) -> Option<Arc<Self>> {
        let adc = &hardware.core.adc;
        let stops = adc.early_stop && options.fidelity > Fidelity::Ideal;
        let steps = 1u64 << adc.bits;
        let zero = if hardware.xbar.encoding.bipolar() { steps as i64 / 2 } else { 0 };
        let cycles = || (1..=steps).map(|n| hardware.core.stopped(n)).collect();
        stops.then(|| Arc::new(Self { zero, cycles: cycles() }))
    }
}

impl Rounds {
    /// The rounds of a block.
    pub(super) fn new(packing: &Packing<'_>, block: &Block, ramp: &Arc<Ramp>) -> Self {
        Self { lanes: packing.lanes(block), width: packing.hardware.core.adc.number, ramp: ramp.clone() }
    }

    /// What the rounds of a tile's planes took whose `codes` stand as the values of [`crate::circuit::Columns::read`].
    pub(super) fn count(&self, tile: &Tile, codes: &[f32]) -> Stops {
        let mut all = Stops::default();
        let top = self.ramp.cycles.len() - 1;
        for m in (0..ROWS).filter(|m| tile.used[*m]) {
            for lanes in self.lanes.chunks(self.width) {
                let codes = lanes.iter().map(|lane| codes[(lane / GROUP * ROWS + m) * GROUP + lane % GROUP]);
                let largest = codes.fold(f32::NEG_INFINITY, f32::max) as i64;
                let last = ((largest + self.ramp.zero).max(0) as usize).min(top);
                all.rounds += 1;
                all.cycles += self.ramp.cycles[last];
                all.steps += (last + 1) as u64 * lanes.len() as u64;
                all.planned += (top + 1) as u64 * lanes.len() as u64;
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::mvm::{Probe, Scratch};
    use super::super::run::Walk;
    use super::super::support::{Builder, Parameters, chip, encodings, heartbeat, samples, tile};
    use super::super::tests::options;
    use super::super::{Arrays, LayerActivity, Outcome, RunOptions, calibrate, run};
    use super::*;
    use crate::id::Id;
    use crate::lower::{LayerId, MvmOp, QOp, QuantGraph};
    use crate::simd::Isa;
    use crate::tensor::{Encoding, Quant, Subtraction, Window};

    fn stopping() -> Parameters {
        Parameters { adcs: 3, convert: 50, early_stop: true, ..Parameters::default() }
    }

    fn outcome(graph: &QuantGraph, p: &Parameters, fidelity: Fidelity, how: &RunOptions) -> Outcome {
        let x = samples(graph, 4, 2);
        let (chip, tiled) = (chip(p), tile(graph, p));
        let converters = calibrate(graph, &tiled, &chip, &[x.view()], 0..4).unwrap();
        let arrays = Arrays::program(graph, &tiled, &chip, &converters, &options(fidelity)).unwrap();
        run(graph, &tiled, &arrays, &[x.view()], 0..4, how, &|_| {}).unwrap()
    }

    /// A convolution over several blocks and row groups.
    fn one_layer(signed: bool) -> (QuantGraph, MvmOp, Window) {
        let mut b = Builder::new(&[3, 20], Quant { scale: 1.0, bits: 6, signed }, 6, 3);
        let input = b.graph.output();
        let window = b.window(input, &[5], &[2], &[2]);
        b.mvm(input, window.clone(), 7, None);
        let Some(QOp::Mvm(op)) = b.graph.nodes.iter().last().map(|n| n.op.clone()) else { unreachable!("just added") };
        (b.graph, op, window)
    }

    /// Rounds of codes that were taken from sums of weights and digits, one by one.
    fn counted(p: &Parameters, signed: bool) -> Stops {
        let (graph, op, window) = one_layer(signed);
        let x = samples(&graph, 4, 2);
        let (chip, tiled) = (chip(p), tile(&graph, p));
        let converter = &calibrate(&graph, &tiled, &chip, &[x.view()], 0..4).unwrap()[LayerId::new(0)];
        let layer = &tiled.layers[LayerId::new(0)];
        let (steps, analog) = (1u64 << p.adc_bits, p.encoding == Encoding::Pair(Subtraction::Analog));
        let (zero, low, high) = if analog {
            (steps / 2, -(steps as f32 / 2.0 - 1.0), steps as f32 / 2.0 - 1.0)
        } else {
            (0, 0.0, steps as f32 - 1.0)
        };
        let gather = window.gather();
        let mut all = Stops::default();
        for (sample, taps) in x.rows().into_iter().flat_map(|x| gather.chunks(window.rows()).map(move |t| (x, t))) {
            for block in layer.blocks.iter().map(|b| &tiled.blocks[*b]) {
                for (rows, plane) in block.groups().flat_map(|g| layer.planes.iter().map(move |p| (g.clone(), p))) {
                    let digit = |r: usize| match taps[r] {
                        Window::PADDING => 0,
                        at => plane.digit(sample[at as usize] as i32),
                    };
                    if p.skip_zero_planes && rows.clone().all(|r| digit(r) == 0) {
                        continue;
                    }
                    let mut codes = Vec::new();
                    for (s, slice) in layer.slices.iter().enumerate() {
                        let gain = (1.0 / converter.step(s, *slice)) as f32;
                        let sum = |o: usize, sign: i16| -> i32 {
                            let level = |r| slice.level((op.weight(o, r) * sign).max(0).unsigned_abs().into()) as i32;
                            rows.clone().map(|r| level(r) * digit(r)).sum()
                        };
                        let mut convert = |sum: i32| codes.push((sum as f32 * gain).round_ties_even().clamp(low, high));
                        match analog {
                            true => block.cols.clone().for_each(|o| convert(sum(o, 1) - sum(o, -1))),
                            false => [1, -1].iter().for_each(|s| block.cols.clone().for_each(|o| convert(sum(o, *s)))),
                        }
                    }
                    for round in codes.chunks(p.adcs) {
                        let taken = (round.iter().fold(low, |a, c| a.max(*c)) + zero as f32) as u64 + 1;
                        all.rounds += 1;
                        all.cycles += (p.convert * taken).div_ceil(steps);
                        all.steps += taken * round.len() as u64;
                        all.planned += steps * round.len() as u64;
                    }
                }
            }
        }
        all
    }

    #[test]
    fn rounds_end_with_the_largest_of_their_codes() {
        for (subtraction, adcs, skip_zero_planes, signed) in [
            (Subtraction::Analog, 3, false, true),
            (Subtraction::Analog, 1, true, false),
            (Subtraction::Digital, 4, true, false),
            (Subtraction::Digital, 100, false, true),
        ] {
            let encoding = Encoding::Pair(subtraction);
            let p = Parameters {
                block: [12, 5],
                group: 5,
                cell_bits: 3,
                adc_bits: 5,
                adcs,
                skip_zero_planes,
                encoding,
                ..stopping()
            };
            let got = outcome(&one_layer(signed).0, &p, Fidelity::Quantised, &RunOptions::default());
            let got = got.activity.layers[LayerId::new(0)];
            assert_eq!(got.stops, counted(&p, signed), "{p:?}");
            let per_read = if adcs == 100 { got.reads } else { got.conversions };
            assert!(got.stops.rounds <= per_read && got.stops.share() < 1.0 && got.stops.share() > 0.0);
            assert_eq!(got.pace() < 1.0, skip_zero_planes);
            assert_eq!(got.stops.planned, got.conversions << p.adc_bits);
        }
    }

    /// In every encoding, and with noise, the rounds are those of the values that stand before the converters.
    #[test]
    fn codes_are_those_of_noisy_columns() {
        for (encoding, signed) in encodings() {
            let p = Parameters { block: [12, 5], group: 5, cell_bits: 3, adc_bits: 6, encoding, signed, ..stopping() };
            let (graph, ..) = one_layer(true);
            let x = samples(&graph, 1, 3);
            let (chip, tiled) = (chip(&p), tile(&graph, &p));
            let converters = calibrate(&graph, &tiled, &chip, &[x.view()], 0..1).unwrap();
            let arrays = Arrays::program(&graph, &tiled, &chip, &converters, &options(Fidelity::Noisy)).unwrap();
            let views = [x.view()];
            let walk = Walk::new(&graph, &tiled, &arrays, &views, &(0..1), &RunOptions::default()).unwrap();
            let plan = walk.plan(LayerId::new(0));
            let mut reads: BTreeMap<_, Vec<_>> = BTreeMap::new();
            let mut tap = |p: Probe| {
                let column = (p.unit, p.slice, p.negative, p.output);
                reads.entry((p.group, p.position, p.plane)).or_default().push((column, p.value));
            };
            let codes: Vec<i32> = x.iter().map(|v| *v as i32).collect();
            let (mut counts, mut sums) = (plan.counts(), vec![0; plan.positions * plan.op.outputs]);
            plan.run(&codes, 0, &mut Scratch::new(), &mut counts, &mut sums, Some(&mut tap));
            let clip = arrays.converter(LayerId::new(0)).clip;
            let zero = if clip.low < 0.0 { 32.0 } else { 0.0 };
            let mut expected = Stops::default();
            for columns in reads.values_mut() {
                columns.sort_by_key(|c| c.0);
                for round in columns.chunks(p.adcs) {
                    let code = |v: f32| v.round_ties_even().clamp(clip.low, clip.high);
                    let taken = (round.iter().map(|c| code(c.1)).fold(clip.low, f32::max) + zero) as u64 + 1;
                    let n = round.len() as u64;
                    let (cycles, steps) = ((50 * taken).div_ceil(64), taken * n);
                    expected.add(Stops { rounds: 1, cycles, steps, planned: 64 * n });
                }
            }
            assert_eq!(counts.stops, expected, "{encoding:?} {signed:?}");
        }
    }

    /// Nothing but time and energy changes, whatever the batch, the threads and the instructions; in `ideal` nothing.
    #[test]
    fn values_are_the_same_and_so_are_counts_of_any_batch() {
        let graph = heartbeat();
        let how = RunOptions::default();
        for fidelity in Fidelity::ALL {
            let mut early = outcome(&graph, &stopping(), fidelity, &how);
            let whole = outcome(&graph, &Parameters { early_stop: false, ..stopping() }, fidelity, &how);
            assert_eq!(early.activity.layers.iter().all(|l| l.stops.rounds > 0), fidelity > Fidelity::Ideal);
            for isa in Isa::all() {
                assert_eq!(early, outcome(&graph, &stopping(), fidelity, &RunOptions { chunk: Some(1), isa, ..how }));
            }
            let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
            assert_eq!(
                early,
                pool.install(|| outcome(&graph, &stopping(), fidelity, &RunOptions { chunk: Some(3), ..how }))
            );
            early.activity.layers.iter_mut().for_each(|l| *l = LayerActivity { stops: Stops::default(), ..*l });
            assert_eq!(early, whole, "{}", fidelity.name());
        }
    }

    #[test]
    fn a_conversion_takes_whole_cycles_of_the_core() {
        let mut chip = chip(&Parameters { adc_bits: 4, convert: 5, ..stopping() });
        let core = &mut chip.core_kinds[crate::arch::CoreKindId::new(0)];
        // 16 steps in 5 cycles: 3.2 steps a cycle
        assert_eq!(
            (1..=16).map(|n| core.stopped(n)).collect::<Vec<_>>(),
            [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 5]
        );
        // 1 GHz converters in a core of 100 MHz, and of 2 GHz; 16 steps in a tenth of a cycle
        core.adc.latency = crate::units::Latency::Time(crate::units::Second(16e-9));
        assert_eq!([1, 10, 11, 16].map(|n| core.stopped(n)), [1, 1, 2, 2]);
        core.clock = crate::units::Hertz(2e9);
        assert_eq!((1..=16).map(|n| core.stopped(n)).collect::<Vec<_>>(), (1..=16).map(|n| 2 * n).collect::<Vec<_>>());
        core.clock = crate::units::Hertz(6e6);
        assert!((1..=16).all(|n| core.stopped(n) == 1) && core.burst() == 10);
    }
}
