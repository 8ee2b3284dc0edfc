//! Properties of the value core as a whole.

use std::ops::Range;
use std::sync::Arc;

use ndarray::Array2;

use super::support::{Builder, Gaussian, Parameters, chip, encodings, heartbeat, integer, samples, tile};
use super::{Arrays, Fidelity, Outcome, RunOptions, ValueOptions, calibrate, run};
use crate::arch::{Chip, CoreKindId, Drive, FullScale};
use crate::circuit::converter::{AdcModel, FullScalePer, Instance, Sar, SarMismatch};
use crate::device::Device;
use crate::id::{Id, IdVec};
use crate::lower::{Digital, LayerId, NodeId, Piece, QOp, QuantGraph, Signal};
use crate::simd::Isa;
use crate::tensor::{Quant, SignedInputs, Window};
use crate::units::{Kelvin, Second, Share, Volt};

pub(super) fn options(fidelity: Fidelity) -> ValueOptions {
    ValueOptions { fidelity, seed: 5, noise_scale: 1.0, age: Second(0.0), temperature: Kelvin(300.0) }
}

/// Planes without a digit may be left out: the same results of exact sums, fewer reads, the same for any batch.
#[test]
fn skipped_planes_change_counts_and_no_exact_result() {
    let graph = heartbeat();
    let x = samples(&graph, 5, 2);
    let all = Parameters { signed: SignedInputs::SignMagnitude, ..Parameters::default() };
    let some = Parameters { skip_zero_planes: true, ..all };
    let how = RunOptions::default();
    let of = |p: &Parameters, fidelity| evaluate(&graph, p, &options(fidelity), &x, &how);
    for fidelity in [Fidelity::Ideal, Fidelity::Quantised] {
        let (a, s) = (of(&all, fidelity), of(&some, fidelity));
        assert_eq!(a.logits, s.logits);
        for (a, s) in a.activity.layers.iter().zip(s.activity.layers.iter()) {
            assert_eq!((a.reads, a.planned), (s.planned, s.planned));
            assert_eq!(s.conversions * a.reads, a.conversions * s.reads);
            assert_eq!(a.array_energy, s.array_energy, "what is skipped had no current");
        }
        let reads = |o: &Outcome| o.activity.layers.iter().map(|l| l.reads).sum::<u64>();
        assert!(reads(&s) < reads(&a), "{} of {}", reads(&s), reads(&a));
    }
    let noisy = of(&some, Fidelity::Noisy);
    let single = RunOptions { chunk: Some(1), ..how };
    assert_eq!(noisy, evaluate(&graph, &some, &options(Fidelity::Noisy), &x, &single));
}

fn evaluate(graph: &QuantGraph, p: &Parameters, v: &ValueOptions, x: &Array2<f32>, how: &RunOptions) -> Outcome {
    part(graph, p, v, x, 0..x.nrows(), 1, how)
}

fn part(
    graph: &QuantGraph,
    p: &Parameters,
    v: &ValueOptions,
    x: &Array2<f32>,
    range: Range<usize>,
    replicas: usize,
    how: &RunOptions,
) -> Outcome {
    let (chip, tiled) = (chip(p), tile(graph, p));
    let inputs = [x.view()];
    let converters = calibrate(graph, &tiled, &chip, &inputs, 0..x.nrows()).unwrap();
    let replicas: IdVec<LayerId, usize> = tiled.layers.iter().map(|_| replicas).collect();
    let arrays = Arrays::program_replicas(graph, &tiled, &chip, &converters, &replicas, v).unwrap();
    run(graph, &tiled, &arrays, &inputs, range, how, &|_| ()).unwrap()
}

/// The network in plain integers.
fn direct(graph: &QuantGraph, x: &Array2<f32>) -> Vec<f32> {
    let mut logits = Vec::new();
    for row in x.rows() {
        let mut made: IdVec<NodeId, Signal> = IdVec::new();
        for (id, node) in graph.nodes.enumerate() {
            let mut out = Signal::empty(node.quant);
            match &node.op {
                QOp::Input => out.extend(row.iter().copied(), node.quant),
                QOp::Mvm(op) => {
                    let (input, rows) = (made[node.inputs[0]].codes(), op.rows());
                    let gather = op.window.gather();
                    for o in 0..op.outputs {
                        for taps in gather.chunks(rows) {
                            let sum: i64 = (taps.iter().enumerate())
                                .filter(|(_, i)| **i != Window::PADDING)
                                .map(|(r, i)| i64::from(input[*i as usize]) * i64::from(op.weight(o, r)))
                                .sum();
                            match (&mut out, node.quant) {
                                (Signal::Codes(out), Some(quant)) => out.push(op.requantise(o, sum as f64, quant)),
                                (Signal::Real(out), _) => out.push(op.real(o, sum as f64)),
                                _ => unreachable!("codes have a format"),
                            }
                        }
                    }
                }
                _ => {
                    let inputs: Vec<Piece<'_>> = node.inputs.iter().map(|i| made[*i].sample(0, 1)).collect();
                    Digital::new(graph, id).unwrap().apply(&inputs, &mut out).unwrap();
                }
            }
            let _: NodeId = made.push(out);
        }
        let last = made[graph.output()].clone();
        logits.extend(last.into_real(graph.nodes[graph.output()].quant));
    }
    logits
}

/// A branching network: two convolutions whose results are added, pooled, flattened, classified.
fn network(weight_bits: u8, input: Quant, inner: Quant, seed: u64) -> QuantGraph {
    let mut b = Builder::new(&[3, 6, 7], input, weight_bits, seed);
    let x = b.graph.output();
    let window = b.window(x, &[3, 2], &[1, 2], &[1, 1]);
    let left = b.mvm(x, window.clone(), 9, Some(inner));
    let other = Quant { scale: inner.scale * 0.7, ..inner };
    let right = b.mvm(x, window, 9, Some(other));
    let shape = b.graph.nodes[left].shape.clone();
    let sum = b.node(QOp::Add, &[left, right], &shape, Some(inner));
    let pool = Window { channels: 1, ..b.window(sum, &[2, 2], &[2, 2], &[0, 0]) };
    let shape = [vec![9], pool.output.clone()].concat();
    let features = shape.iter().product();
    let pooled = b.node(QOp::MaxPool(pool), &[sum], &shape, Some(inner));
    let flat = b.node(QOp::Reshape, &[pooled], &[features], Some(inner));
    b.mvm(flat, Window::dense(features), 70, None);
    b.graph
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
    #[test]
    fn ideal_equals_plain_integers(
        weight_bits in 1u8..=8, input_bits in 2u8..=8, inner_bits in 2u8..=12,
        input_signed: bool, inner_signed: bool,
        dac_bits in 1u8..=4, cell_bits in 1u8..=4, rows in 5usize..40, cols in 3usize..80, group in 3usize..40,
        replicas in 1usize..4, encoding in 0usize..1000, widths in 0usize..4, drive in 0usize..3, seed: u64,
    ) {
        let input = Quant { scale: 1.0 / 16.0, bits: input_bits, signed: input_signed };
        let inner = Quant { scale: 0.1, bits: inner_bits, signed: inner_signed };
        let graph = network(weight_bits, input, inner, seed);
        let (encoding, signed) = encodings()[encoding % encodings().len()];
        let slices: &[u8] = [[].as_slice(), &[1], &[1, 2], &[2, 1, 3]][widths];
        let cell_bits = slices.iter().copied().max().unwrap_or(cell_bits);
        let drive = [Drive::Voltage, Drive::PulseWidth, Drive::Amplitude][drive];
        let block = [rows, cols];
        let p =
            Parameters { block, group, cell_bits, slices, dac_bits, drive, signed, encoding, ..Parameters::default() };
        let x = samples(&graph, 3, seed);
        let how = RunOptions { compared_samples: 2, ..RunOptions::default() };
        let got = part(&graph, &p, &options(Fidelity::Ideal), &x, 0..3, replicas, &how);
        proptest::prop_assert!(same_bits(got.logits.as_slice().unwrap(), &direct(&graph, &x)));
        for layer in got.activity.layers.iter() {
            proptest::prop_assert!(layer.error_power == 0.0 && layer.signal_power > 0.0 && layer.clipped == 0);
        }
        // enough converter bits change nothing, nor does a device without chance
        let p = Parameters { adc_bits: 16, ..p };
        let quantised = part(&graph, &p, &options(Fidelity::Quantised), &x, 0..3, replicas, &how);
        proptest::prop_assert_eq!(&quantised.logits, &got.logits);
        let still = ValueOptions { noise_scale: 0.0, ..options(Fidelity::Noisy) };
        let still = part(&graph, &p, &still, &x, 0..3, replicas, &how);
        proptest::prop_assert_eq!(&still.logits, &got.logits);
    }

    #[test]
    fn noisy_is_the_same_for_any_threads_chunks_and_instructions(
        dac_bits in 1u8..=4, rows in 5usize..40, cols in 3usize..80, signed: bool, chunk in 1usize..6,
        replicas in 1usize..4, encoding in 0usize..1000, seed: u64,
    ) {
        let quant = Quant { scale: 1.0 / 16.0, bits: 6, signed };
        let graph = network(6, quant, quant, seed);
        let (encoding, how) = encodings()[encoding % encodings().len()];
        let pulses = how != SignedInputs::SignMagnitude && seed % 2 == 0;
        let drive = if pulses { Drive::PulseWidth } else { [Drive::Voltage, Drive::Amplitude][seed as usize / 2 % 2] };
        let p = Parameters { drive, block: [rows, cols], group: 16, dac_bits, signed: how, encoding, ..Parameters::default() };
        let x = samples(&graph, 7, seed);
        let v = options(Fidelity::Noisy);
        let with = |threads: usize, how: RunOptions, range: Range<usize>| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| part(&graph, &p, &v, &x, range, replicas, &how))
        };
        let plain = RunOptions { chunk: Some(1), compared_samples: 4, ..RunOptions::default() };
        let one = with(1, plain, 0..7);
        for isa in Isa::all() {
            let other = with(2, RunOptions { chunk: Some(chunk), isa, ..plain }, 0..7);
            proptest::prop_assert_eq!(&one, &other);
        }
        // a range of samples yields the rows of the whole
        let tail = with(2, plain, 4..7);
        proptest::prop_assert_eq!(tail.logits, one.logits.slice(ndarray::s![4.., ..]).to_owned());
        proptest::prop_assert!(one.activity.layers.iter().all(|l| l.error_power > 0.0));
    }
}

#[test]
fn activity_counts_what_was_done() {
    let graph = heartbeat();
    let p = Parameters { block: [64, 20], group: 48, ..Parameters::default() };
    let x = samples(&graph, 4, 3);
    let tiled = tile(&graph, &p);
    let got = evaluate(&graph, &p, &options(Fidelity::Quantised), &x, &RunOptions::default());
    assert_eq!(got.activity.samples, 4);
    for (id, layer) in got.activity.layers.enumerate() {
        let t = &tiled.layers[id];
        let groups: usize = t.blocks.iter().map(|b| tiled.blocks[*b].group_count()).sum();
        let reads = 4 * t.positions * 8;
        assert_eq!(layer.reads as usize, reads * groups);
        assert_eq!(layer.cell_reads as usize, reads * t.rows * t.cols * 4);
        let columns: usize =
            (t.blocks.iter()).map(|b| tiled.blocks[*b].group_count() * tiled.blocks[*b].cols.len()).sum();
        assert_eq!(layer.conversions as usize, reads * columns * 2);
        assert!(layer.code_sum > 0 && layer.clipped == 0);
    }
}

/// `Σ v²·g·t` summed cell by cell in plain loops, for nominal conductances.
#[test]
fn array_energy_is_that_of_every_cell() {
    for signed in [SignedInputs::TwosComplement, SignedInputs::TwoPhase, SignedInputs::SignMagnitude] {
        array_energy(signed);
    }
}

fn array_energy(signed: SignedInputs) {
    let quant = Quant { scale: 1.0, bits: 5, signed: true };
    let mut b = Builder::new(&[2, 9], quant, 5, 4);
    let window = b.window(b.graph.output(), &[3], &[2], &[1]);
    b.mvm(b.graph.output(), window.clone(), 6, None);
    let p = Parameters { block: [4, 4], group: 2, dac_bits: 2, cell_bits: 3, signed, ..Parameters::default() };
    let x = samples(&b.graph, 3, 8);
    let got = evaluate(&b.graph, &p, &options(Fidelity::Ideal), &x, &RunOptions::default());
    let QOp::Mvm(op) = &b.graph.nodes[b.graph.output()].op else { panic!("the last node is weighted") };
    let (chip, tiled) = (chip(&p), tile(&b.graph, &p));
    let xbar = chip.xbar_kinds.iter().next().unwrap();
    let layer = tiled.layers.iter().next().unwrap();
    let window_g = p.device.window;
    let step = (window_g.g_max.0 - window_g.g_min.0) / 7.0;
    let mut energy = 0.0;
    for row in x.rows() {
        for taps in window.gather().chunks(window.rows()) {
            for plane in &layer.planes {
                for (r, tap) in taps.iter().enumerate().filter(|(_, t)| **t != Window::PADDING) {
                    let v = 0.1 * f64::from(plane.digit(row[*tap as usize] as i32)) / 3.0;
                    for o in 0..6 {
                        let w = u32::from(op.weight(o, r).unsigned_abs());
                        for s in &layer.slices {
                            let g = 2.0 * window_g.g_min.0 + f64::from(s.level(w)) * step;
                            energy += v * v * g * xbar.t_read.0;
                        }
                    }
                }
            }
        }
    }
    let got = got.activity.layers.iter().next().unwrap().array_energy.0;
    assert!((got - energy).abs() < 1e-9 * energy, "{got} against {energy}");
}

#[test]
fn coarse_converters_err_and_percentiles_clip() {
    let graph = heartbeat();
    let x = samples(&graph, 6, 3);
    let how = RunOptions { compared_samples: 6, ..RunOptions::default() };
    let error = |p: &Parameters| {
        let out = evaluate(&graph, p, &options(Fidelity::Quantised), &x, &how);
        let clipped: u64 = out.activity.layers.iter().map(|l| l.clipped).sum();
        let layer = *out.activity.layers.iter().nth(1).unwrap();
        (layer.error_power / layer.signal_power, clipped)
    };
    let at = |adc_bits, full_scale| error(&Parameters { adc_bits, full_scale, ..Parameters::default() });
    let (fine, _) = at(10, FullScale::Max);
    let (middle, none) = at(8, FullScale::Max);
    let (coarse, _) = at(6, FullScale::Max);
    assert!(fine < middle && middle < coarse, "{fine} {middle} {coarse}");
    assert_eq!(none, 0);
    let (narrow, some) = at(6, FullScale::Percentile(0.999));
    assert!(some > 0 && narrow < coarse, "clipping a few sums sharpens the rest: {narrow} against {coarse}");
}

/// Every plane of every sample draws its own noise, with the variance of its cells and its converter.
#[test]
fn read_noise_has_the_variance_of_cells_and_converter() {
    let quant = Quant { scale: 1.0, bits: 3, signed: false };
    let mut b = Builder::new(&[32], quant, 4, 11);
    b.mvm(b.graph.output(), Window::dense(32), 4, None);
    let device = Gaussian { program: 0.0, ..Parameters::default().device };
    let p = Parameters { device, cell_bits: 3, adc_bits: 16, noise_lsb: 2.0, ..Parameters::default() };
    let QOp::Mvm(op) = &b.graph.nodes[b.graph.output()].op else { panic!("the last node is weighted") };
    let n = 20_000;
    let x = Array2::from_shape_fn((n, 32), |(_, f)| integer(1, f, 0, 7) as f32);
    let out = evaluate(&b.graph, &p, &options(Fidelity::Noisy), &x, &RunOptions::default());
    let step = 99e-6 / 7.0;
    let mut before: Vec<f64> = Vec::new();
    for o in 0..4 {
        let (mut exact, mut expected) = (0.0, 0.0);
        for plane in 0..3 {
            // converter noise of 2 steps, rounding to whole steps, and the driven cells
            let mut variance = 4.0 + 1.0 / 12.0;
            for r in (0..32).filter(|r| (x[[0, *r]] as u32 >> plane) & 1 == 1) {
                let w = f64::from(op.weight(o, r));
                exact += w * f64::from(1 << plane);
                for level in [w.max(0.0), (-w).max(0.0)] {
                    variance += (0.02 * (1e-6 + level * step) / step).powi(2);
                }
            }
            expected += variance * 4f64.powi(plane);
        }
        let values: Vec<f64> =
            (0..n).map(|s| f64::from(out.logits[[s, o]]) / op.acc_scale[o] - op.bias[o] as f64 - exact).collect();
        let mean = values.iter().sum::<f64>() / n as f64;
        let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
        assert!(mean.abs() < 4.5 * (expected / n as f64).sqrt(), "column {o}: mean {mean}");
        assert!((square / expected - 1.0).abs() < 4.5 * (2.0 / n as f64).sqrt(), "column {o}: {square} for {expected}");
        if o > 0 {
            let shared = before.iter().zip(&values).map(|(a, b)| a * b).sum::<f64>() / n as f64 / expected;
            assert!(shared.abs() < 5.0 / (n as f64).sqrt(), "columns {} and {o} share noise: {shared}", o - 1);
        }
        before = values;
    }
}

/// Cells whose current is no multiple of the voltage, driven with amplitudes: every row adds the current of its
/// own voltage, less that of an erased cell.
#[test]
fn amplitudes_add_the_currents_of_curved_cells() {
    let quant = Quant { scale: 1.0, bits: 3, signed: false };
    let mut b = Builder::new(&[12], quant, 4, 11);
    b.mvm(b.graph.output(), Window::dense(12), 4, None);
    let device = Gaussian { program: 0.0, curve: 0.4, ..Parameters::still().device };
    let p =
        Parameters { device, cell_bits: 3, dac_bits: 3, adc_bits: 16, drive: Drive::Amplitude, ..Parameters::still() };
    let QOp::Mvm(op) = &b.graph.nodes[b.graph.output()].op else { panic!("the last node is weighted") };
    let x = samples(&b.graph, 5, 3);
    let out = evaluate(&b.graph, &p, &options(Fidelity::Noisy), &x, &RunOptions::default());
    let (low, high) = (device.window.g_min.0, device.window.g_max.0);
    let (v, level) = (0.1 / 7.0, (high - low) / 7.0);
    let current = |level_of: f64, digit: f64| device.current(low + level_of * level, Volt(digit * v));
    let mut farthest = 0.0f64;
    for (s, row) in x.rows().into_iter().enumerate() {
        for o in 0..4 {
            let (mut expected, mut linear) = (0.0, 0.0);
            for (r, digit) in row.iter().enumerate() {
                let w = f64::from(op.weight(o, r));
                let digit = f64::from(*digit);
                expected += w.signum() * (current(w.abs(), digit) - current(0.0, digit)) / (level * v);
                linear += w * digit;
            }
            let got = f64::from(out.logits[[s, o]]) / op.acc_scale[o] - op.bias[o] as f64;
            assert!((got - expected).abs() < 0.51, "{got} for {expected}");
            farthest = farthest.max((expected - linear).abs());
        }
    }
    assert!(farthest > 10.0, "the curvature must show: {farthest}");
}

/// Every conversion takes the transfer of its own converter, in `noisy` alone.
#[test]
fn mismatched_converters_act_on_their_columns() {
    let quant = Quant { scale: 1.0, bits: 3, signed: false };
    let mut b = Builder::new(&[32], quant, 4, 11);
    b.mvm(b.graph.output(), Window::dense(32), 7, None);
    let device = Gaussian { program: 0.0, read: 0.0, ..Parameters::default().device };
    let p = Parameters { device, cell_bits: 3, adc_bits: 5, noise_lsb: 0.0, ..Parameters::default() };
    let QOp::Mvm(op) = &b.graph.nodes[b.graph.output()].op else { panic!("the last node is weighted") };
    let mut chip = chip(&p);
    let tiled = tile(&b.graph, &p);
    let sar = Sar::new(5, SarMismatch { capacitor: Share(0.2) });
    let adc = &mut chip.core_kinds[CoreKindId::new(0)].adc;
    adc.number = 3;
    adc.model = AdcModel { converter: Arc::new(sar), offset_lsb: 0.4, noise_lsb: 0.0 };
    let x = Array2::from_shape_fn((40, 32), |(s, f)| integer(s as u64, f, 0, 7) as f32);
    let inputs = [x.view()];
    let converters = calibrate(&b.graph, &tiled, &chip, &inputs, 0..40).unwrap();
    let logits = |fidelity, chip: &Chip| {
        let arrays = Arrays::program(&b.graph, &tiled, chip, &converters, &options(fidelity)).unwrap();
        run(&b.graph, &tiled, &arrays, &inputs, 0..40, &RunOptions::default(), &|_| ()).unwrap().logits
    };
    let got = logits(Fidelity::Noisy, &chip);
    let quantised = logits(Fidelity::Quantised, &chip);
    let lsb = converters.iter().next().unwrap().lsb;
    let mut moved = 0;
    for o in 0..7 {
        let instance = Instance { number: o as u32 % 3, ..Instance::new(options(Fidelity::Noisy).seed, 0) };
        let transfer = chip.core_kinds[CoreKindId::new(0)].adc.model.transfer(instance);
        for s in 0..40 {
            let (mut sum, mut ideal) = (0.0, 0.0);
            for plane in 0..3 {
                let driven = (0..32).filter(|r| (x[[s, *r]] as u32 >> plane) & 1 == 1);
                let value = driven.map(|r| f64::from(op.weight(o, r))).sum::<f64>() / lsb;
                let weight = f64::from(1u32 << plane);
                sum += weight * (f64::from(transfer.code(value + 16.0)) - 16.0).max(-15.0);
                ideal += weight * value.round_ties_even().clamp(-15.0, 15.0);
            }
            let real = |codes: f64| (codes * lsb + op.bias[o] as f64) * op.acc_scale[o];
            assert!((f64::from(got[[s, o]]) - real(sum)).abs() < 1e-4, "{s} {o}: {} for {}", got[[s, o]], real(sum));
            assert!((f64::from(quantised[[s, o]]) - real(ideal)).abs() < 1e-4, "{s} {o}");
            moved += u32::from(sum != ideal);
        }
    }
    assert!(moved > 50, "{moved} of 280 sums moved");
}

/// Policies that look at data say at how many conversions they looked; a shared range gives one step.
#[test]
fn ranges_follow_their_policy_and_count_what_they_saw() {
    let graph = heartbeat();
    let x = samples(&graph, 4, 3);
    let p = Parameters { adc_bits: 6, ..Parameters::default() };
    let run_of_four = evaluate(&graph, &p, &options(Fidelity::Ideal), &x, &RunOptions::default());
    let conversions: u64 = run_of_four.activity.layers.iter().map(|l| l.conversions).sum();
    let tiled = tile(&graph, &p);
    let at = |full_scale: FullScale, per: FullScalePer| {
        let mut chip = chip(&Parameters { full_scale, ..p });
        chip.core_kinds[CoreKindId::new(0)].adc.full_scale_per = per;
        calibrate(&graph, &tiled, &chip, &[x.view()], 0..4).unwrap()
    };
    for policy in [
        FullScale::Max,
        FullScale::Fixed(0.1),
        FullScale::Percentile(0.999),
        FullScale::Granular(0.999),
        FullScale::Learned,
    ] {
        let own = at(policy, FullScalePer::Slice);
        let seen: u64 = own.iter().map(|c| c.calibration).sum();
        assert_eq!(seen, if policy.looks() { conversions } else { 0 }, "{policy:?}");
        let shared = at(policy, FullScalePer::Layer);
        for ((id, layer), c) in tiled.layers.enumerate().zip(shared.iter()) {
            let steps: Vec<f64> = layer.slices.iter().enumerate().map(|(i, s)| c.step(i, *s)).collect();
            assert!(steps.iter().all(|s| *s == steps[0]), "{policy:?} {id}: {steps:?}");
        }
        // a fixed range depends on the chip alone: 128 rows of level 15 and digit 1, a tenth of it, 31 codes
        if let FullScale::Fixed(share) = policy {
            let step = (share * 128.0 * 15.0 / 31.0).max(1.0);
            for (layer, c) in tiled.layers.iter().zip(own.iter()) {
                assert!((c.step(0, layer.slices[0]) / step - 1.0).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn seeds_and_layers_draw_apart() {
    let graph = heartbeat();
    let x = samples(&graph, 2, 3);
    let p = Parameters::default();
    let a = evaluate(&graph, &p, &options(Fidelity::Noisy), &x, &RunOptions::default());
    let b = evaluate(&graph, &p, &ValueOptions { seed: 6, ..options(Fidelity::Noisy) }, &x, &RunOptions::default());
    assert_ne!(a.logits, b.logits);
}

#[test]
fn wrong_input_is_refused_with_its_reason() {
    let graph = heartbeat();
    let p = Parameters::default();
    let (chip_, tiled) = (chip(&p), tile(&graph, &p));
    let x = samples(&graph, 2, 3);
    let short = Array2::<f32>::zeros((2, 7));
    let converters = calibrate(&graph, &tiled, &chip_, &[x.view()], 0..2).unwrap();
    let arrays = Arrays::program(&graph, &tiled, &chip_, &converters, &options(Fidelity::Quantised)).unwrap();
    let code = |d: crate::diag::Diagnostics| d.iter().map(|d| d.code).collect::<Vec<_>>();
    let refused = |x: &Array2<f32>, range| {
        code(run(&graph, &tiled, &arrays, &[x.view()], range, &RunOptions::default(), &|_| ()).unwrap_err())
    };
    assert_eq!(refused(&short, 0..2), ["R106"]);
    assert_eq!(refused(&x, 0..3), ["R106"]);
    let p = Parameters { full_scale: FullScale::Percentile(0.99), ..p };
    assert_eq!(code(calibrate(&graph, &tiled, &chip(&p), &[x.view()], 0..0).unwrap_err()), ["R107"]);
    let p = Parameters { cell_bits: 2, ..p };
    assert_eq!(code(calibrate(&graph, &tiled, &chip(&p), &[x.view()], 0..2).unwrap_err()), ["R102"; 4]);
    let broken = Parameters { device: Gaussian { program: f64::NAN, ..p.device }, ..Parameters::default() };
    let made = Arrays::program(&graph, &tiled, &chip(&broken), &converters, &options(Fidelity::Noisy));
    assert_eq!(code(made.unwrap_err()), ["R104"; 4]);
}
