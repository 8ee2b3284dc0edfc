#![cfg(test)]
//! Against aihwkit 1.1.0: its forward cases (`ARCHSIM_REFERENCE`), and numbers it gives for a small crossbar under
//! the settings that those cases leave out.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::rng::{element, read_tick};
use crate::simd::Isa;
use crate::simd::bytes::Multiplier;

const SMALL: [f32; 6] = [0.5, -0.25, 0.125, -0.75, 0.5, 0.3];
const INPUTS: [f32; 9] = [1.0, -0.6, 0.4, 0.3, 2.0, -0.9, -0.2, -0.1, -0.7];

/// No converters, no noise, no management.
fn bare() -> ChainOptions {
    ChainOptions {
        inp_res: -1.0,
        inp_bound: 0.0,
        out_res: -1.0,
        out_bound: 0.0,
        out_noise: 0.0,
        noise_management: NoiseManagement::None,
        bound_management: BoundManagement::None,
        ..ChainOptions::default()
    }
}

fn ticks(from: usize, count: usize) -> Vec<u64> {
    (from..from + count).map(|s| read_tick(s, 0, 0)).collect()
}

fn read(isa: Isa, o: &ChainOptions, w: &[f32], size: [usize; 2], x: &[f32], from: usize) -> (Vec<f32>, ChainReads) {
    assert_eq!(o.check(), vec![], "{o:?}");
    let chain = Chain::new(isa, o, w, size, 7, element(3, 0, 0, 0, false, 0));
    let count = x.len() / size[1];
    let mut out = vec![f32::NAN; count * size[0]];
    let done = chain.read(x, &ticks(from, count), &mut ChainState::default(), &mut out);
    (out, done)
}

fn small(o: ChainOptions) -> Vec<f32> {
    read(Isa::best(), &o, &SMALL, [2, 3], &INPUTS, 0).0
}

#[track_caller]
fn close(got: &[f32], want: &[f32]) {
    assert!(got.len() == want.len() && got.iter().zip(want).all(|(g, w)| (g - w).abs() < 2e-6), "{got:?}\n{want:?}");
}

#[test]
fn noise_management_scales_inputs() {
    let with =
        |noise_management, nm_thres| small(ChainOptions { noise_management, nm_thres, inp_bound: 1.0, ..bare() });
    close(&with(NoiseManagement::Max, 0.0), &[0.7, -0.93, -0.4625, 0.505, 0.0, 0.0]);
    close(&with(NoiseManagement::Max, 0.8), &[0.6, -0.78, -0.15, -0.065, 0.0, 0.0]);
    close(&with(NoiseManagement::Constant, 0.0), &[0.7, -0.93, -0.2125, 0.005, -0.1625, -0.11]);
    close(&with(NoiseManagement::Constant, 0.8), &[0.6, -0.78, -0.15, -0.065, -0.1625, -0.11]);
    close(&with(NoiseManagement::AbsMax, 0.8), &[0.6, -0.78, -0.15, -0.065, -0.1625, -0.11]);
    close(&with(NoiseManagement::AverageAbsMax, 0.0), &[0.7, -0.93, -0.21275, 0.0055, -0.1625, -0.11]);
    let thrice: Vec<f32> = INPUTS.iter().map(|x| 3.0 * x).collect();
    let o = ChainOptions {
        noise_management: NoiseManagement::AbsMaxNpSum,
        inp_bound: 1.0,
        inp_res: 1.0 / 32.0,
        out_bound: 1.0,
        ..bare()
    };
    let got = read(Isa::best(), &o, &SMALL, [2, 3], &thrice, 0).0;
    close(&got, &[2.109375, -2.85, -1.453125, 1.65, -0.525, -0.2690625]);
}

#[test]
fn asymmetries_weaken_what_is_negative() {
    let out = small(ChainOptions { out_asymmetry: 0.1, ..bare() });
    close(&out, &[0.7, -0.837, -0.41625, 0.505, -0.14625, -0.099]);
    let inp = small(ChainOptions { inp_asymmetry: 0.1, ..bare() });
    close(&inp, &[0.685, -0.9, -0.45125, 0.532, -0.14625, -0.099]);
}

#[test]
fn bound_management_ends_by_factor_and_resolution() {
    let iterative = ChainOptions {
        bound_management: BoundManagement::Iterative,
        noise_management: NoiseManagement::AbsMax,
        inp_bound: 1.0,
        ..bare()
    };
    let all = small(ChainOptions { out_bound: 0.3, ..iterative });
    close(&all, &[0.7, -0.93, -0.4625, 0.505, -0.1625, -0.11]);
    let factor = small(ChainOptions { out_bound: 0.1, max_bm_factor: 2.0, ..iterative });
    close(&factor, &[0.4, -0.4, -0.4625, 0.505, -0.1625, -0.11]);
    let resolution = small(ChainOptions { out_bound: 0.1, inp_res: 1.0 / 16.0, ..iterative });
    close(&resolution, &[0.4, -0.4, -0.375, 0.325, -0.2625, 0.0525]);
    // the first vector needs reductions by 1, 2, 4; the other two fit at once
    let done = read(Isa::best(), &ChainOptions { out_bound: 0.3, ..iterative }, &SMALL, [2, 3], &INPUTS, 0).1;
    assert_eq!((done.reads, done.retries, done.conversions, done.clipped), (5, 2, 10, 4));
    let none = small(ChainOptions { out_bound: 0.3, ..bare() });
    close(&none, &[0.3, -0.3, -0.3, 0.3, -0.1625, -0.11]);
    // only outputs above the range count
    let o = ChainOptions { out_bound: 0.3, bm_test_negative_bound: false, ..iterative };
    close(&read(Isa::best(), &o, &[1.0, -0.4], [2, 1], &[-1.0], 0).0, &[-0.6, 0.4]);
    let o = ChainOptions { out_bound: 0.5, bm_test_negative_bound: false, ..iterative };
    close(&read(Isa::best(), &o, &[1.0, -0.4], [2, 1], &[-1.0], 0).0, &[-0.5, 0.4]);
}

#[test]
fn ties_go_to_even() {
    let x: Vec<f32> = [1.0, 3.0, 5.0, 7.0, 9.0, -1.0, -3.0].iter().map(|v| v / 16.0).collect();
    let want = [0.0, 0.25, 0.25, 0.5, 0.5, 0.0, -0.25];
    let inputs = ChainOptions { inp_bound: 1.0, inp_res: 1.0 / 16.0, ..bare() };
    close(&read(Isa::best(), &inputs, &[1.0], [1, 1], &x, 0).0, &want);
    let outputs = ChainOptions { out_bound: 1.0, out_res: 16.0, ..bare() };
    close(&read(Isa::best(), &outputs, &[1.0], [1, 1], &x, 0).0, &want);
}

#[test]
fn shift_keeps_the_distance_of_outputs() {
    let shifted = small(ChainOptions { bound_management: BoundManagement::Shift, out_bound: 0.6, ..bare() });
    close(&shifted, &[0.6, -0.6, -0.4625, 0.505, -0.1625, -0.11]);
    let o = ChainOptions { bound_management: BoundManagement::Shift, out_bound: 0.5, ..bare() };
    close(&read(Isa::best(), &o, &[1.0, 0.8], [2, 1], &[0.75], 0).0, &[0.5, 0.35]);
}

#[test]
fn two_passes_meet_wires_and_converters_apart() {
    let with = |mv_type, o: ChainOptions| small(ChainOptions { mv_type, ..o });
    use MvType::{OnePass, PosNegSeparate as Sum, PosNegSeparateDigitalSum as Digital};
    let wires = ChainOptions { ir_drop: 1.0, ir_drop_g_ratio: 3.0, ..bare() };
    close(&with(OnePass, wires), &[0.665_608_6, -0.906_521_9, -0.354_026_8, 0.357_457_9, -0.156_258_1, -0.072_509_5]);
    let apart = [0.684_207_9, -0.941_539_9, -0.386_501_2, 0.309_532_3, -0.156_258_1, -0.072_509_5];
    close(&with(Sum, wires), &apart);
    close(&with(Digital, wires), &apart);
    let series = ChainOptions { r_series: 0.5, ..bare() };
    close(&with(OnePass, series), &[0.285_714_3, -0.693_494_3, -0.185_231_5, 0.152_142_8, -0.068_511_2, -0.047_159_7]);
    close(&with(Sum, series), &[0.258_004, -0.426_723_8, -0.133_935_2, 0.024_574_6, -0.068_511_2, -0.047_159_7]);
    let saturating = ChainOptions { out_nonlinearity: 0.5, out_bound: 1.0, ..bare() };
    let once = [0.518_518_5, -0.634_812_3, -0.375_634_5, 0.403_193_6, -0.150_289, -0.104_265_4];
    close(&with(OnePass, saturating), &once);
    close(&with(Sum, saturating), &once);
    close(&with(Digital, saturating), &[0.570_907_4, -0.739_957, -0.404_381_2, 0.320_673, -0.150_289, -0.104_265_4]);
    let steps = ChainOptions { out_res: 0.1, out_bound: 1.0, ..bare() };
    close(&with(OnePass, steps), &[0.8, -1.0, -0.4, 0.6, -0.2, -0.2]);
    close(&with(Digital, steps), &[0.8, -1.0, -0.6, 0.6, -0.2, -0.2]);
    let managed = ChainOptions {
        bound_management: BoundManagement::Iterative,
        noise_management: NoiseManagement::AbsMax,
        inp_bound: 1.0,
        inp_res: 0.1,
        out_bound: 0.3,
        ..bare()
    };
    close(&with(OnePass, managed), &[0.6, -0.6, -0.4, 0.46, -0.1225, -0.175]);
    close(&with(Digital, managed), &[0.65, -0.88, -0.5, 0.56, -0.1225, -0.175]);
}

#[test]
fn series_resistance_and_slope_calibration() {
    let background = small(ChainOptions { r_series: 0.5, v_offset_w_min: -2.0, ..bare() });
    close(&background, &[0.180_878_5, -0.387_016_2, -0.088_856_8, 0.079_327_7, -0.039_039, -0.026_764]);
    let none = small(ChainOptions { r_series: 1.0, v_offset_w_min: 0.0, ..bare() });
    close(&none, &[0.411_764_7, -0.481_865_3, -0.316_239_3, 0.335_548_2, -0.139_784_9, -0.099_099_1]);
    let slope = |slope_calibration| ChainOptions {
        out_nonlinearity: 0.5,
        out_bound: 1.0,
        r_series: 0.1,
        slope_calibration,
        ..bare()
    };
    close(&small(slope(0.5)), &[0.743_090_5, -1.0, -0.528_794_8, 0.530_201_8, -0.209_777_5, -0.145_564_1]);
    close(&small(slope(1.0)), &[1.0, -1.0, -0.801_014_7, 0.803_146_1, -0.317_769_5, -0.220_499_5]);
}

#[test]
fn scale_of_the_result() {
    let doubled = [1.4, -1.86, -0.925, 1.01, -0.325, -0.22];
    close(&small(ChainOptions { out_scale: 2.0, ..bare() }), &doubled);
    close(&small(ChainOptions { out_scale: 2.0, is_perfect: true, out_bound: 0.1, ..bare() }), &doubled);
    close(&small(ChainOptions { out_scale: 2.0, mv_type: MvType::Ideal, out_bound: 0.1, ..bare() }), &doubled);
}

/// Everything that is drawn once stays from read to read and has the spread that it should.
#[test]
fn spreads_of_columns_and_cells_are_drawn_once() {
    let n = 4000;
    let ones = vec![1.0; n];
    let twice = |o: ChainOptions, x: f32| {
        let (out, _) = read(Isa::best(), &o, &ones, [n, 1], &[x, x], 0);
        assert_eq!(out[..n], out[n..]);
        out[..n].to_vec()
    };
    let std = |v: &[f32], centre: f32| (v.iter().map(|v| (v - centre).powi(2)).sum::<f32>() / n as f32).sqrt();
    // five standard errors of a standard deviation
    let near = |got: f32, want: f32| assert!((got / want - 1.0).abs() < 5.0 / (2.0 * n as f32).sqrt(), "{got} {want}");
    let cells = ChainOptions { mv_type: MvType::PosNegSeparate, w_read_asymmetry_dtod: 0.2, ..bare() };
    near(std(&twice(cells, -1.0), -1.0), 0.2);
    assert_eq!(twice(cells, 1.0), ones);
    let eta = ChainOptions { out_nonlinearity: 1.0, out_nonlinearity_std: 0.1, out_bound: 10.0, ..bare() };
    let etas: Vec<f32> = twice(eta, 1.0).iter().map(|y| 1.0 / y - 1.0).collect();
    near(std(&etas, 0.1), 0.01);
    let offset = ChainOptions { v_offset_std: 0.3, v_offset_w_min: 0.0, ..bare() };
    let offsets: Vec<f32> = twice(offset, 1.0).iter().map(|y| 1.0 - y).collect();
    assert!(offsets.iter().all(|v| *v >= 0.0));
    // half of a normal: the other half is zero
    near(std(&offsets, 0.0), 0.3 / 2f32.sqrt());
}

/// The same bits on every instruction set, for every split of a batch.
#[test]
fn bits_depend_on_addresses_alone() {
    let (outputs, inputs, count) = (37, 45, 150);
    let value = |i: usize| ((i * 7919 % 2003) as f32 / 1001.0) - 1.0;
    let w: Vec<f32> = (0..outputs * inputs).map(value).collect();
    let x: Vec<f32> = (0..count * inputs).map(|i| 2.0 * value(i + 13)).collect();
    for mv_type in [MvType::OnePass, MvType::PosNegSeparate, MvType::PosNegSeparateDigitalSum] {
        let o = ChainOptions {
            mv_type,
            inp_sto_round: true,
            inp_noise: 0.01,
            w_noise: 0.0175,
            w_noise_type: WeightNoise::PcmRead,
            w_read_asymmetry_dtod: 0.1,
            ir_drop: 1.0,
            ir_drop_g_ratio: 5000.0,
            r_series: 0.01,
            v_offset_std: 0.1,
            out_nonlinearity: 0.1,
            out_nonlinearity_std: 0.1,
            out_noise_std: 0.1,
            out_sto_round: true,
            out_bound: 3.0,
            ..ChainOptions::default()
        };
        let size = [outputs, inputs];
        let (want, all) = read(Isa::best(), &o, &w, size, &x, 0);
        assert!(all.retries > 0 && want.iter().all(|y| y.is_finite()));
        for isa in Isa::all() {
            for step in [1, 7, 150] {
                let mut got = Vec::new();
                for (i, x) in x.chunks(step * inputs).enumerate() {
                    got.extend(read(isa, &o, &w, size, x, i * step).0);
                }
                assert!(got.iter().zip(&want).all(|(g, w)| g.to_bits() == w.to_bits()), "{} by {step}", isa.name());
            }
        }
        let other = read(Isa::best(), &o, &w, size, &x, 1000).0;
        assert_ne!(other, want);
    }
}

/// The same bits from every way of multiplying, of whole steps and of other inputs, on one thread and on three.
#[test]
fn bits_do_not_depend_on_the_multiplier() {
    let (outputs, inputs, count) = (130, 190, 70);
    let value = |i: usize| ((i * 7919 % 2003) as f32 / 1001.0) - 1.0;
    let w: Vec<f32> = (0..outputs * inputs).map(value).collect();
    let x: Vec<f32> = (0..count * inputs).map(|i| 2.0 * value(i + 13)).collect();
    let whole = ChainOptions {
        w_noise: 0.0175,
        w_noise_type: WeightNoise::PcmRead,
        ir_drop: 1.0,
        out_bound: 20.0,
        ..ChainOptions::default()
    };
    let ideal = ChainOptions { is_perfect: true, ..whole };
    for o in [whole, ChainOptions { inp_noise: 0.01, ..whole }, ChainOptions { inp_res: 0.003, ..whole }, ideal] {
        let chain = |isa| Chain::new(isa, &o, &w, [outputs, inputs], 7, element(3, 0, 0, 0, false, 0));
        let read = |chain: Chain| {
            let mut out = vec![f32::NAN; count * outputs];
            chain.read(&x, &ticks(0, count), &mut ChainState::default(), &mut out);
            out.iter().map(|y| y.to_bits()).collect::<Vec<_>>()
        };
        let want = read(chain(Isa::best()));
        assert!(want.iter().all(|y| f32::from_bits(*y).is_finite()));
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            for isa in Isa::all() {
                for by in Multiplier::all() {
                    let got = pool.install(|| read(chain(isa).multiplied_by(by)));
                    assert!(got == want, "{} {} {threads} thread(s)", isa.name(), by.name());
                }
            }
        }
    }
}

#[test]
fn settings_without_meaning_are_all_named() {
    let wrong = ChainOptions {
        w_noise: -1.0,
        inp_asymmetry: 1.0,
        inp_bound: 2.0,
        out_bound: 0.0,
        out_nonlinearity: 0.1,
        ir_drop_g_ratio: 0.0,
        max_bm_factor: 1e6,
        ..ChainOptions::default()
    };
    let fields: Vec<String> = wrong.check().into_iter().map(|e| e.field).collect();
    let want =
        ["w_noise", "inp_asymmetry", "out_res", "inp_bound", "out_nonlinearity", "ir_drop_g_ratio", "max_bm_factor"];
    assert_eq!(fields, want);
}

fn numbers(path: &PathBuf) -> Vec<Vec<f32>> {
    let text = fs::read_to_string(path).unwrap();
    let line = |l: &str| l.split(',').map(|v| v.parse().unwrap()).collect();
    text.lines().map(line).collect()
}

/// One case of the reference: name, settings, repeats, and mean and standard deviation of each output.
struct Case {
    name: String,
    options: ChainOptions,
    repeats: usize,
    outputs: Vec<[f64; 2]>,
}

fn cases(folder: &std::path::Path) -> Vec<Case> {
    let text = fs::read_to_string(folder.join("forward_cases.json")).unwrap();
    let all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let table = fs::read_to_string(folder.join("forward_outputs.csv")).unwrap();
    all.into_iter()
        .map(|(name, mut fields)| {
            for value in fields.as_object_mut().unwrap().values_mut() {
                if let Some(text) = value.as_str() {
                    *value = text.to_lowercase().into();
                }
            }
            let rows: Vec<Vec<&str>> =
                table.lines().map(|l| l.split(',').collect()).filter(|l: &Vec<&str>| l[0] == name).collect();
            let outputs = rows.iter().map(|r| [r[4].parse().unwrap(), r[5].parse().unwrap()]).collect();
            let options = serde_json::from_value(fields).unwrap();
            Case { options, repeats: rows[0][1].parse().unwrap(), outputs, name }
        })
        .collect()
}

#[test]
fn forward_cases_of_the_reference() {
    let Some(folder) = std::env::var_os("ARCHSIM_REFERENCE") else {
        println!("SKIPPED: ARCHSIM_REFERENCE is not set");
        return;
    };
    let folder = PathBuf::from(folder).join("aihwkit");
    let (w, x) = (numbers(&folder.join("forward_w.csv")), numbers(&folder.join("forward_x.csv")));
    let size = [w.len(), w[0].len()];
    let (w, x) = (w.concat(), x.concat());
    let (vectors, mut noisy, mut wrong) = (x.len() / size[1], 0, Vec::new());
    // so many that the mean over them is exact beside that of the reference
    const REPEATS: usize = 40_000;
    for case in cases(&folder) {
        assert_eq!(case.outputs.len(), vectors * size[0]);
        if case.repeats == 1 {
            let (got, _) = read(Isa::best(), &case.options, &w, size, &x, 0);
            let apart = got.iter().zip(&case.outputs).map(|(g, w)| (f64::from(*g) - w[0]).abs()).fold(0.0, f64::max);
            println!("{}: largest difference {apart:.1e} over {} outputs", case.name, got.len());
            if apart > 1e-5 {
                wrong.push(case.name);
            }
            continue;
        }
        noisy += 1;
        let chain = Chain::new(Isa::best(), &case.options, &w, size, 11, element(1, 0, 0, 0, false, 0));
        let mut moments = vec![[0.0f64; 2]; case.outputs.len()];
        let (mut out, mut running) = (vec![0.0; case.outputs.len()], ChainState::default());
        for repeat in 0..REPEATS {
            chain.read(&x, &ticks(repeat * vectors, vectors), &mut running, &mut out);
            for ((m, y), want) in moments.iter_mut().zip(&out).zip(&case.outputs) {
                let y = f64::from(*y) - want[0];
                *m = [m[0] + y, m[1] + y * y];
            }
        }
        let (mut worst, mut own, mut theirs) = (0.0f64, 0.0, 0.0);
        for ([sum, square], [_, std]) in moments.iter().zip(&case.outputs) {
            let n = REPEATS as f64;
            let mean = sum / n;
            let error = (std * std * (1.0 / case.repeats as f64 + 1.0 / n)).sqrt().max(1e-6);
            worst = worst.max(mean.abs() / error);
            own += (square - sum * mean) / (n - 1.0);
            theirs += std * std;
        }
        let ratio = (own / theirs).sqrt();
        println!("{}: furthest entry {worst:.2} standard errors, pooled deviation ratio {ratio:.4}", case.name);
        if worst > 4.0 || (ratio - 1.0).abs() > 0.01 {
            wrong.push(case.name);
        }
    }
    assert_eq!(noisy, 6);
    assert_eq!(wrong, Vec::<String>::new());
}
