use super::*;
use crate::device::DeviceSpec;
use crate::device::laws::{AgeingSpec, ClosingSpec, EnduranceSpec, PowerLawSpec, StuckSpec, WeibullSpec};
use crate::units::{Share, Siemens};

const ROOM: Kelvin = Kelvin(300.0);
const CERTAIN: Chance = Chance { seed: 1, scale: 0.0 };
const REAL: Chance = Chance { seed: 1, scale: 1.0 };
const SPAN: f64 = 9e-6;

/// A table of `knots` conductances from 1 to 10 uS of steps `up(w)` and `down(w)`, in shares of the window.
fn sampled(knots: u32, spread: f64, up: impl Fn(f64) -> f64, down: impl Fn(f64) -> f64) -> TableSpec {
    let pulse = |voltage| TablePulseSpec { voltage: Volt(voltage), width: Second(1e-7) };
    let row = |direction, w: f64, mean: f64| PulseRow {
        pulse: direction,
        voltage: None,
        g: Siemens(1e-6 + w * SPAN),
        mean: Siemens(mean * SPAN),
        spread: Siemens(spread * SPAN),
    };
    let places = (0..knots).map(|i| f64::from(i) / f64::from(knots - 1));
    TableSpec {
        rows: places
            .flat_map(|w| [row(PulseDirection::Up, w, up(w)), row(PulseDirection::Down, w, -down(w))])
            .collect(),
        pulses: TablePulsesSpec { up: pulse(1.5), down: pulse(-1.0) },
        ..TableSpec::default()
    }
}

/// States in shares of the window after each of `n` pulses of one polarity, from `start` upward pulses on.
fn curve(d: &Table, start: usize, up: bool, n: usize) -> Vec<f64> {
    let mut cells = d.cells(&[7], CERTAIN).unwrap();
    let [rise, fall] = d.pulses().unwrap();
    let mut g = [0.0];
    for tick in 0..start {
        cells.pulse(&[rise], tick as u64);
    }
    (0..n)
        .map(|tick| {
            cells.pulse(&[if up { rise } else { fall }], (start + tick) as u64);
            cells.conductance(&mut g);
            (g[0] - 1e-6) / SPAN
        })
        .collect()
}

/// Soft bounds have linear steps: two knots give their pulse curves exactly, up and down.
#[test]
fn soft_bounds_are_reproduced_from_two_knots() {
    let a = 0.01;
    let d = sampled(2, 0.0, |w| a * (1.0 - w), |w| a * w).build(ROOM).unwrap();
    let w0 = (d.window().g_min.0 - 1e-6) / SPAN;
    for (n, w) in curve(&d, 0, true, 300).iter().enumerate() {
        let exact = 1.0 - (1.0 - w0) * (1.0_f64 - a).powi(n as i32 + 1);
        assert!((w - exact).abs() < 1e-12, "{n}");
    }
    let top = 1.0 - (1.0 - w0) * (1.0_f64 - a).powi(200);
    for (n, w) in curve(&d, 200, false, 300).iter().enumerate() {
        assert!((w - top * (1.0_f64 - a).powi(n as i32 + 1)).abs() < 1e-12, "{n}");
    }
}

/// Steps `a·e^{-kw}` from few knots: each step within `h²/8·f''`, and the curve within what such errors add up to.
#[test]
fn curved_laws_are_met_within_the_interpolation_error() {
    let (a, k) = (0.02, 2.0);
    let step = |w: f64| a * (-k * w).exp();
    for knots in [5, 9, 17] {
        let d = sampled(knots, 0.0, step, |_| 0.02).build(ROOM).unwrap();
        let h = 1.0 / f64::from(knots - 1);
        let bound = h * h / 8.0 * a * k * k;
        let (mut w, mut exact, mut worst) = (0.0, 0.0, 0.0_f64);
        for (n, now) in curve(&d, 0, true, 100).into_iter().enumerate() {
            assert!((now - w - step(w)).abs() <= bound * (1.0 + 1e-9), "{knots} {n}");
            exact += step(exact);
            w = now;
            worst = worst.max((w - exact).abs());
            // a falling step law contracts errors, so they add up at most linearly
            assert!((w - exact).abs() <= bound * (n + 1) as f64);
        }
        assert!(worst > 1e-3 * bound, "a test without an error to see");
    }
}

/// Steps have the mean and the spread of the table; n independent ones the sums of both.
#[test]
fn pulses_have_the_moments_of_the_table() {
    let d = sampled(2, 0.002, |_| 0.005, |_| 0.005).build(ROOM).unwrap();
    let n = 4000;
    let addresses: Vec<u64> = (0..n).collect();
    let mut cells = d.cells(&addresses, REAL).unwrap();
    let mut g = vec![0.0; n as usize];
    let pulse = vec![d.pulses().unwrap()[0]; n as usize];
    for tick in 0..60 {
        cells.pulse(&pulse, tick);
    }
    cells.conductance(&mut g);
    let w: Vec<f64> = g.iter().map(|g| (g - 1e-6) / SPAN).collect();
    let mean = w.iter().sum::<f64>() / n as f64;
    let variance = w.iter().map(|w| (w - mean) * (w - mean)).sum::<f64>() / (n - 1) as f64;
    let expected = 60.0 * 0.002_f64.powi(2);
    assert!((mean - 0.3).abs() < 4.0 * (expected / n as f64).sqrt(), "{mean}");
    assert!((variance / expected - 1.0).abs() < 4.0 * (2.0 / n as f64).sqrt(), "{variance}");
}

/// Two half pulses are one pulse to first order, one of double width is two, and none is none.
#[test]
fn widths_count_in_nominal_pulses() {
    let d = sampled(2, 0.0, |w| 0.01 * (1.0 - w), |_| 0.01).build(ROOM).unwrap();
    let after = |widths: &[f64]| {
        let mut cells = d.cells(&[3], CERTAIN).unwrap();
        let mut g = [0.0];
        for (tick, w) in widths.iter().enumerate() {
            cells.pulse(&[Pulse { voltage: Volt(1.5), width: Second(w * 1e-7) }], tick as u64);
        }
        cells.conductance(&mut g);
        g[0]
    };
    assert_eq!(after(&[2.0]).to_bits(), after(&[1.0, 1.0]).to_bits());
    // two halves of the step a·(1-w) make (a - a²/4)·(1-w)
    let [none, one, halves] = [&[0.0][..], &[1.0], &[0.5, 0.5]].map(after);
    assert!(((halves - none) / (one - none) - (1.0 - 0.01 / 4.0)).abs() < 1e-9);
    assert_eq!(none, after(&[]));
}

/// Open loop and without chance, programming is the nominal train; its energy is `V²·t` times the mean conductance.
#[test]
fn programming_is_a_train_of_nominal_pulses() {
    let mut spec = sampled(2, 0.0, |_| 0.01, |_| 0.01);
    spec.programming.verify = None;
    let d = spec.build(ROOM).unwrap();
    let mut g = [0.0];
    let cost = d.program(&[1e-6 + 0.4 * SPAN], &[9], CERTAIN, &mut g);
    assert!((g[0] / (1e-6 + 0.4 * SPAN) - 1.0).abs() < 1e-12);
    assert_eq!(cost.pulses, 40);
    let energy = 1.5 * 1.5 * 40e-7 * (1e-6 + 0.2 * SPAN);
    assert!((cost.energy.0 / energy - 1.0).abs() < 1e-12);
    let mut cells = d.cells(&[9], CERTAIN).unwrap();
    let summed: f64 = (0..40).map(|t| cells.pulse(&[d.pulses().unwrap()[0]], t).energy.0).sum();
    assert!((cost.energy.0 / summed - 1.0).abs() < 1e-12);
}

/// Verification brings cells of different gain and step into range.
#[test]
fn verification_narrows_the_spread() {
    let rms = |verify| {
        let mut spec = sampled(2, 0.003, |w| 0.01 * (1.0 - w), |w| 0.01 * w);
        spec.variation = TableVariationSpec { conductance: Share(0.05), step: Share(0.2) };
        spec.programming.verify = verify;
        let d = spec.build(ROOM).unwrap();
        let (target, cells): (Vec<f64>, Vec<u64>) = (vec![5e-6; 1000], (0..1000).collect());
        let mut g = vec![0.0; 1000];
        d.program(&target, &cells, REAL, &mut g);
        (g.iter().map(|g| ((g - 5e-6) / SPAN).powi(2)).sum::<f64>() / 1000.0).sqrt()
    };
    let (open, closed) = (rms(None), rms(Some(TableVerifySpec::default())));
    assert!(closed < 0.01 && closed < 0.2 * open, "{closed} against {open}");
}

/// A quarter of the cells carries the filled trap: its occupancy is τ_e/(τ_c + τ_e).
#[test]
fn traps_are_frozen_at_their_occupancy() {
    let mut spec = sampled(2, 0.0, |_| 0.01, |_| 0.01);
    spec.read.traps =
        vec![crate::device::laws::TrapSpec { capture: Second(3.0), emission: Second(1.0), amplitude: Share(0.1) }];
    let d = spec.build(ROOM).unwrap();
    let (cells, mut g) = ((0..4000).collect::<Vec<u64>>(), vec![0.0; 4000]);
    d.program(&[5.5e-6; 4000], &cells, REAL, &mut g);
    let low = g.iter().filter(|g| (**g / 4.95e-6 - 1.0).abs() < 1e-12).count();
    assert_eq!(low + g.iter().filter(|g| (**g / 5.5e-6 - 1.0).abs() < 1e-12).count(), 4000);
    assert!((low as f64 - 1000.0).abs() < 4.0 * (4000.0 * 0.25_f64 * 0.75).sqrt(), "{low}");
}

#[test]
fn worn_and_stuck_cells() {
    let mut spec = sampled(2, 0.0, |w| 0.01 * (1.0 - w), |w| 0.01 * w);
    let fresh = spec.build(ROOM).unwrap().window();
    spec.endurance = EnduranceSpec {
        cycles: 1e6,
        closing: Some(ClosingSpec { cycles: 1e6, exponent: 1.0, centre: Share(0.5) }),
        failure: Some(WeibullSpec { scale: 1e6, shape: 2.0, stuck_high: Share(1.0) }),
    };
    spec.stuck = StuckSpec { low: Share(0.3), ..StuckSpec::default() };
    spec.ageing = AgeingSpec::PowerLaw(PowerLawSpec {
        exponent: 0.1,
        exponent_per_efold: 0.0,
        spread: 0.0,
        onset: Second(1.0),
        activation: None,
    });
    let d = spec.build(ROOM).unwrap();
    let w = d.window();
    let share = (w.g_max.0 - w.g_min.0) / (fresh.g_max.0 - fresh.g_min.0);
    assert!((share - (-1.0_f64).exp()).abs() < 1e-12);
    let cells: Vec<u64> = (0..4000).collect();
    let mut g = vec![0.0; 4000];
    let middle = 0.5 * (w.g_min.0 + w.g_max.0);
    d.program(&vec![middle; 4000], &cells, REAL, &mut g);
    let count = |at: f64| g.iter().filter(|g| (**g / at - 1.0).abs() < 1e-12).count() as f64 / 4000.0;
    let failed = 0.7 * (1.0 - (-1.0_f64).exp());
    assert!((count(w.g_min.0) - 0.3).abs() < 4.0 * (0.21_f64 / 4000.0).sqrt());
    assert!((count(w.g_max.0) - failed).abs() < 4.0 * (0.25_f64 / 4000.0).sqrt());
    let before = g.clone();
    d.age(&mut g, &cells, Second(1e4), ROOM, REAL);
    for ((g, b), cell) in g.iter().zip(&before).zip(&cells) {
        let left = if d.law.stuck_at(*cell, REAL).is_some() { 1.0 } else { 10_001.0_f64.powf(-0.1) };
        assert!((g / b - left).abs() < 1e-12);
    }
}

#[test]
fn mistakes_of_a_card_are_told_together() {
    let text = "table: { rows: [ { pulse: up, g: 1 uS, mean: -1 nS, spread: 0 nS } ], pulses: { up: { voltage: 1 V, width: 0 s }, down: { voltage: 1 V, width: 1 ns } }, ageing: { generative: { file: drift.json } } }";
    let fields = |text: &str| -> Vec<String> {
        let spec: DeviceSpec = serde_saphyr::from_str(text).unwrap();
        spec.build(ROOM).unwrap_err().into_iter().map(|e| e.field).collect()
    };
    assert_eq!(fields(text), ["rows.0.mean", "pulses.up.width", "pulses.down.voltage", "ageing.generative.file"]);
    let pulses = "pulses: { up: { voltage: 1 V, width: 1 ns }, down: { voltage: -1 V, width: 1 ns } }";
    assert_eq!(fields(&format!("table: {{ file: p.csv, {pulses} }}")), ["file"]);
    assert_eq!(fields(&format!("table: {{ {pulses} }}")), ["rows"]);
    let one = "rows: [ { pulse: up, g: 1 uS, mean: 1 nS, spread: 0 nS } ]";
    assert_eq!(fields(&format!("table: {{ {one}, {pulses} }}")), ["rows", "rows"]);
}
