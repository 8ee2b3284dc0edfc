//! The population against the published numbers and against tables computed from the same law elsewhere.

use super::*;

const ROOM: Kelvin = Kelvin(300.0);
const REAL: Chance = Chance { seed: 41, scale: 1.0 };

fn build(change: impl Fn(&mut HfOxWeakResetSpec)) -> HfOxWeakReset {
    let mut spec = HfOxWeakResetSpec::default();
    change(&mut spec);
    spec.build(ROOM).unwrap()
}

fn without_noise() -> HfOxWeakReset {
    build(|s| (s.telegraph, s.flicker) = (None, None))
}

/// Mean and standard deviation.
fn moments(x: &[f64]) -> [f64; 2] {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    [mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt()]
}

/// Mean of `f` over a law, by the midpoint rule on its quantiles.
fn expected(law: &impl law::Law, f: impl Fn(f64) -> f64) -> f64 {
    let (n, cut) = (20_000, law.cut());
    (0..n).map(|i| f(law.quantile(&cut, (f64::from(i) + 0.5) / f64::from(n)))).sum::<f64>() / f64::from(n)
}

/// The mean law of a population is the product of the means of its independent parts.
#[test]
fn the_mean_of_the_population_is_its_integral() {
    let (d, g) = (without_noise(), GrowthSpec::default());
    let n = 20_000;
    for t in [1, 100, 500, 2000] {
        let w: Vec<f64> = (0..n)
            .map(|address| {
                let mut cell = d.cell(address, REAL);
                cell.reset(&d, t, 0);
                cell.log_ratio()
            })
            .collect();
        let t = t as f64;
        let before = expected(&g.before, |m| m) * expected(&g.knee, |k| t.min(k));
        let after = expected(&g.after, |m| m) * expected(&g.knee, |k| (t - k).max(0.0));
        let [mean, deviation] = moments(&w);
        let wanted = before + after + expected(&g.offset, |c| c);
        assert!((mean - wanted).abs() < 4.5 * deviation / (n as f64).sqrt(), "{t}: {mean}, {wanted} expected");
    }
    let lrs: Vec<f64> =
        (0..n).map(|a| d.cell(a, REAL).log_ratio().exp().recip() / d.cell(a, REAL).conductance()).collect();
    let [mean, deviation] = moments(&lrs);
    let law = NormalLaw::<f64>::from(HfOxWeakResetSpec::default().lrs);
    assert!((mean - expected(&law, |r| r)).abs() < 4.5 * deviation / (n as f64).sqrt(), "{mean} ohm");
}

/// A chain of two states that starts low is high with `p/(p+q)·(1 - (1-p-q)^t)` after `t` steps; while it is high it
/// adds `A/4` in the mean, `A` being 0.25 in the mean of the cells.
#[test]
fn the_trap_is_a_chain_of_two_states() {
    let d = build(|s| {
        s.flicker = None;
        s.growth.offset.deviation = 1e-9;
    });
    let without_trap = without_noise();
    let n = 20_000_u64;
    let mut cells: Vec<WeakResetCell> = (0..n).map(|a| d.cell(a, REAL)).collect();
    let mut before = 0;
    for t in [1, 100, 500, 2000] {
        let mut added = Vec::new();
        for cell in &mut cells {
            cell.reset(&d, t - before, before);
            let mut bare = d.cell(cell.address(), REAL);
            bare.reset(&without_trap, t, 0);
            if cell.trap_is_high() {
                added.push(cell.log_ratio() - bare.log_ratio());
            } else {
                assert_eq!(cell.log_ratio(), bare.log_ratio());
            }
        }
        before = t;
        let share = added.len() as f64 / n as f64;
        let wanted = 0.8 / 2.8 * (1.0 - (1.0 - 2.8e-3_f64).powi(t as i32));
        let error = (wanted * (1.0 - wanted) / n as f64).sqrt();
        assert!((share - wanted).abs() < 4.5 * error, "{t}: {share} high, {wanted} expected");
        if t >= 100 {
            let [mean, deviation] = moments(&added);
            assert!((mean - 0.0625).abs() < 4.5 * deviation / (added.len() as f64).sqrt(), "{t}: {mean}");
        }
    }
}

/// The filter of uniform innovations: mean `α/2·Σb`, variance `α²/12·Σb²`, covariance `α²/12·Σ b_k·b_(k+lag)`.
#[test]
fn flicker_has_the_moments_of_its_filter() {
    let d = build(|s| s.telegraph = None);
    let bare = without_noise();
    let b = FlickerSpec::default().coefficients();
    assert_eq!((b[1], b[2], b[15]), (0.5, 0.375, 0.0));
    assert!((0.0125 * b.iter().sum::<f64>() - 0.054).abs() < 0.001, "the published offset");
    let n = 20_000;
    let after = |t: u64| -> Vec<f64> {
        (0..n)
            .map(|a| {
                let (mut noisy, mut plain) = (d.cell(a, REAL), bare.cell(a, REAL));
                noisy.reset(&d, t, 0);
                plain.reset(&bare, t, 0);
                noisy.log_ratio() - plain.log_ratio()
            })
            .collect()
    };
    for (t, taps) in [(1, 1), (7, 7), (15, 15), (400, 15)] {
        let [mean, deviation] = moments(&after(t));
        let sum: f64 = b[..taps].iter().sum();
        let square: f64 = b[..taps].iter().map(|b| b * b).sum();
        let wanted = 0.025 * (square / 12.0).sqrt();
        assert!((mean - 0.0125 * sum).abs() < 4.5 * wanted / (n as f64).sqrt(), "{t}: mean {mean}");
        // the kurtosis is below the normal one: the normal error is an upper bound
        assert!(
            (deviation / wanted - 1.0).abs() < 4.5 / (2.0 * n as f64).sqrt(),
            "{t}: {deviation}, {wanted} expected"
        );
    }
    let (x, y) = (after(400), after(403));
    let ([mx, sx], [my, sy]) = (moments(&x), moments(&y));
    let correlation = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>() / (n as f64 * sx * sy);
    let wanted = (0..12).map(|k| b[k] * b[k + 3]).sum::<f64>() / b.iter().map(|b| b * b).sum::<f64>();
    assert!((correlation - wanted).abs() < 4.5 / (n as f64).sqrt(), "{correlation}, {wanted} expected");
}

/// A train and the same pulses one by one, through the cell or through the interface, end in the same bits.
#[test]
fn trains_are_their_pulses() {
    let d = build(|_| ());
    let addresses: Vec<u64> = (0..200).collect();
    let mut one_by_one = d.cells(&addresses, REAL).unwrap();
    let [set, reset] = d.pulses().unwrap();
    for tick in 0..700 {
        let kind = if tick == 0 { set } else { reset };
        let cost = one_by_one.pulse(&[kind; 200], tick);
        assert!(cost.pulses == 200 && cost.energy.0 > 0.0);
    }
    let mut g = vec![0.0; 200];
    one_by_one.conductance(&mut g);
    let mut high = 0;
    for (address, g) in addresses.iter().zip(&g) {
        let mut cell = d.cell(*address, REAL);
        cell.set(&d, 0);
        cell.reset(&d, 9, 1);
        cell.reset(&d, 690, 10);
        assert_eq!(cell.conductance().to_bits(), g.to_bits(), "{address}");
        high += u32::from(cell.trap_is_high());
    }
    assert!(high > 10, "no trap has ever changed");
}

/// SET makes a cell new, with new noise; what is weaker than a pulse of the card moves nothing and costs energy.
#[test]
fn sets_begin_anew_and_weak_pulses_do_nothing() {
    let d = build(|_| ());
    let [set, reset] = d.pulses().unwrap();
    let mut cells = d.cells(&[7], REAL).unwrap();
    let mut g = [0.0];
    let mut seen = Vec::new();
    for tick in 0..60 {
        cells.conductance(&mut g);
        if tick % 20 == 0 {
            seen.push(g[0]);
        }
        cells.pulse(&[if tick % 20 == 19 { set } else { reset }], tick);
    }
    assert!(seen[1] == seen[0] && seen[2] == seen[0], "{seen:?}");
    cells.conductance(&mut g);
    for weak in [Pulse { voltage: reset.voltage * 0.9, ..reset }, Pulse { width: reset.width * 0.5, ..reset }] {
        let cost = cells.pulse(&[weak], 99);
        let (mut after, energy) = ([0.0], weak.voltage.0.powi(2) * g[0] * weak.width.0);
        cells.conductance(&mut after);
        assert!(after == g && (cost.energy.0 / energy - 1.0).abs() < 1e-12);
    }
    assert_eq!(cells.pulse(&[Pulse::default()], 100), Programming::default());
}

/// Without noise a cell ends at the first pulse that reaches its target, or above it with all pulses used up.
/// With noise, whose mean adds to the resistance, fewer are left above, and few end below their range.
#[test]
fn verification_reaches_what_cells_can_reach() {
    let w = without_noise().window();
    let span = w.g_max.0 - w.g_min.0;
    let target = w.g_max.0 - 0.5 * span;
    let n = 2000;
    let outcome = |d: &HfOxWeakReset| {
        let (mut g, cells) = (vec![0.0; n], (0..n as u64).collect::<Vec<_>>());
        let cost = d.program(&vec![target; n], &cells, REAL, &mut g);
        (g, cost)
    };
    let d = build(|s| {
        (s.telegraph, s.flicker) = (None, None);
        s.read.noise = crate::units::Share(0.0);
        s.programming.refreshes = 0;
    });
    let reached = target * libm::exp(0.5 * d.nominal.growth.before);
    let (mut missed, mut exact) = (0, 0);
    for (address, g) in outcome(&d).0.iter().enumerate() {
        let at = |t: u64| {
            let mut cell = d.cell(address as u64, REAL);
            cell.reset(&d, t, 0);
            cell.conductance()
        };
        let first = (0..=2000).find(|t| at(*t) <= reached * (1.0 + 1e-12));
        missed += u32::from(first.is_none());
        exact += u32::from(at(first.unwrap_or(2000)) == *g);
    }
    assert_eq!(exact, n as u32);
    let (g, cost) = outcome(&build(|_| ()));
    let above = g.iter().filter(|g| **g > reached).count() as f64 / n as f64;
    let below = g.iter().filter(|g| **g < target - 0.07 * span).count() as f64 / n as f64;
    let bare = f64::from(missed) / n as f64;
    println!("left above {above} (without noise {bare}), below {below}, {} pulses for a cell", cost.pulses / n as u64);
    assert!(above < bare && below < 0.1);
    let widths = cost.pulses as f64 * 1e-6;
    assert!(cost.time.0 > widths && cost.time.0 < 1.2 * widths);
}

#[test]
fn mistakes_are_told_by_field() {
    let mut spec = HfOxWeakResetSpec::default();
    spec.growth.knee.low = 3000.0;
    spec.growth.after.scale = 0.0;
    spec.telegraph = Some(WeakTelegraphSpec { rise: 1.5, ..WeakTelegraphSpec::default() });
    spec.flicker = Some(FlickerSpec { taps: 40, ..FlickerSpec::default() });
    let fields: Vec<String> = spec.build(Kelvin(500.0)).unwrap_err().into_iter().map(|e| e.field).collect();
    assert_eq!(fields, ["growth.after", "growth.knee", "telegraph.rise", "flicker.taps", "temperature"]);
}
