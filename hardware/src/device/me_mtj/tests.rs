//! The cell against the closed forms of its laws.

use super::*;
use crate::units::Share;

const ROOM: Kelvin = Kelvin(300.0);
const REAL: Chance = Chance { seed: 23, scale: 1.0 };
const N: usize = 20_000;

fn build(change: impl Fn(&mut MeMtjSpec)) -> MeMtj {
    let mut spec = MeMtjSpec { variation: alike(), ..MeMtjSpec::default() };
    change(&mut spec);
    spec.build(ROOM).unwrap()
}

fn alike() -> MtjVariationSpec {
    MtjVariationSpec { resistance: Share(0.0), tmr: Share(0.0), stability: Share(0.0), critical: Share(0.0) }
}

fn addresses() -> Vec<u64> {
    (0..N as u64).collect()
}

/// States of cells: whether they conduct better than midway.
fn states(d: &MeMtj, cells: &dyn Cells) -> Vec<bool> {
    let mut g = vec![0.0; N];
    cells.conductance(&mut g);
    g.iter().map(|g| *g > d.middle()).collect()
}

/// Standard errors between a count of `n` and its probability, which must be few.
fn assert_share(found: usize, n: usize, p: f64, what: &str) -> f64 {
    let (share, error) = (found as f64 / n as f64, (p * (1.0 - p) / n as f64).sqrt());
    assert!((share - p).abs() <= 4.5 * error, "{what}: {share}, {p} expected");
    (share - p).abs() / error.max(f64::MIN_POSITIVE)
}

/// Activated and precessional pulses switch as often as their closed forms say, out of either state.
#[test]
fn pulses_switch_with_their_probability() {
    let d = build(|s| s.barrier.field = 0.1);
    let mut cells = d.cells(&addresses(), REAL).unwrap();
    let (mut tick, mut worst, mut conditions) = (0, 0.0_f64, 0);
    for (v, t) in [(1.0, 100e-9), (1.2, 3e-9), (1.2, 50e-9), (1.5, 0.7e-9), (1.5, 0.3e-9), (1.5, 400e-9), (0.3, 1e-6)] {
        let before = states(&d, &*cells);
        let pulse = Pulse { voltage: Volt(v), width: Second(t) };
        cells.pulse(&vec![pulse; N], tick);
        tick += 1;
        let after = states(&d, &*cells);
        for state in [false, true] {
            let was: Vec<usize> = (0..N).filter(|i| before[*i] == state).collect();
            if was.len() < 1000 {
                continue;
            }
            let p = d.junction().probability(state, pulse.voltage, pulse.width);
            let switched = was.iter().filter(|i| after[**i] != state).count();
            worst = worst.max(assert_share(switched, was.len(), p, &format!("{v} V, {t} s")));
            conditions += 1;
        }
    }
    println!(
        "row9 me_mtj switching probability of {conditions} pulses and states, activated and precessional, within {worst:.1} standard errors"
    );
}

/// Successive bits of one cell have the share of ones and the correlation of their chain, those of long pulses none.
#[test]
fn bits_are_the_chain_of_their_pulses() {
    let d = build(|s| (s.barrier.stability, s.barrier.field) = (40.0, 0.005));
    let mut worst = 0.0_f64;
    for (v, t) in [(1.3, 10e-9), (1.2, 100e-9), (1.6, 400e-9)] {
        let pulse = Pulse { voltage: Volt(v), width: Second(t) };
        let law = d.junction().bits(pulse.voltage, pulse.width);
        let mut cells = d.cells(&addresses(), REAL).unwrap();
        for tick in 0..25 {
            cells.pulse(&vec![pulse; N], tick);
        }
        let first = states(&d, &*cells);
        cells.pulse(&vec![pulse; N], 25);
        let second = states(&d, &*cells);
        assert!(law.correlation().powi(25) < 1e-3, "the chain is not yet at rest");
        let p = law.probability();
        worst = worst.max(assert_share(first.iter().filter(|b| **b).count(), N, p, "ones"));
        let both = p * p + p * (1.0 - p) * law.correlation();
        let pairs = first.iter().zip(&second).filter(|(a, b)| **a && **b).count();
        worst = worst.max(assert_share(pairs, N, both, "pairs of ones"));
    }
    println!("row9 me_mtj successive bits: share and correlation within {worst:.1} standard errors");
}

/// One pulse of probability `β/2` for each step: the exact marginals of a binary diffusion.
#[test]
fn stored_bits_diffuse_with_the_exact_marginals() {
    let d = build(|_| ());
    let mut cells = d.cells(&addresses(), REAL).unwrap();
    let (mut kept, mut worst) = (1.0, 0.0_f64);
    for step in 0..30 {
        let beta = 1e-3 + (0.2 - 1e-3) * f64::from(step) / 29.0;
        let width = d.junction().width_for(false, Volt(1.2), 0.5 * beta).unwrap();
        cells.pulse(&vec![Pulse { voltage: Volt(1.2), width }; N], u64::from(step as u32));
        kept *= 1.0 - beta;
        if step % 5 == 4 {
            let ones = states(&d, &*cells).iter().filter(|b| **b).count();
            worst = worst.max(assert_share(ones, N, 0.5 * (1.0 - kept), "ones of cells that began at zero"));
        }
    }
    println!("row9 me_mtj diffusion in place: marginals of 30 steps within {worst:.1} standard errors");
}

/// Cells switch by themselves as the telegraph law without voltage says, hot ones more often.
#[test]
fn retention_is_the_telegraph_law() {
    let d = build(|s| s.barrier.stability = 30.0);
    let w = d.window();
    let mut worst = 0.0_f64;
    for (temperature, factor) in [(300.0, 1.0), (330.0, 300.0 / 330.0)] {
        let rate = 1e9 * (-30.0_f64 * factor).exp();
        for age in [0.1 / rate, 1.0 / rate, 50.0 / rate] {
            for (from, to) in [(w.g_max.0, w.g_min.0), (w.g_min.0, w.g_max.0)] {
                let mut g = vec![from; N];
                d.age(&mut g, &addresses(), Second(age), Kelvin(temperature), REAL);
                let switched = g.iter().filter(|g| (**g / to - 1.0).abs() < 1e-12).count();
                assert_eq!(switched + g.iter().filter(|g| **g == from).count(), N);
                let p = 0.5 * -(-2.0 * rate * age).exp_m1();
                worst = worst.max(assert_share(switched, N, p, "switched"));
            }
        }
    }
    println!("row9 me_mtj retention at two temperatures within {worst:.1} standard errors");
    // ten years of a stable cell: the share that is lost is rate times time
    let lost = build(|_| ()).junction().activated(Volt(0.0)).switched(true, Second(3.156e8));
    assert!((lost / (1e9 * (-50.0_f64).exp() * 3.156e8) - 1.0).abs() < 1e-3, "{lost}");
}

/// What is left wrong after all tries is the probability of failing each time; the cost is that of the pulses.
#[test]
fn verification_leaves_what_fails_every_time() {
    for tries in [1, 2] {
        let d = build(|s| (s.precession.coherence, s.programming.tries) = (Second(2e-9), tries));
        let w = d.window();
        let mut g = vec![0.0; N];
        let cost = d.program(&vec![w.g_max.0; N], &addresses(), REAL, &mut g);
        let miss = 1.0 - d.junction().probability(false, Volt(1.6), Second(0.7e-9));
        assert_share(g.iter().filter(|g| **g == w.g_min.0).count(), N, miss.powi(tries as i32), "still wrong");
        let mean = (0..tries).map(|k| miss.powi(k as i32)).sum::<f64>();
        assert!((cost.pulses as f64 / N as f64 - mean).abs() < 0.02, "{}", cost.pulses);
        let each = cost.energy.0 / cost.pulses as f64;
        // 1.6 V over 50 kOhm for 0.7 ns is 36 fJ in the parallel state, and 1 fF takes 2.6 fJ
        assert!((25e-15..60e-15).contains(&each), "{each} J");
        let stay = d.program(&vec![w.g_min.0; N], &addresses(), REAL, &mut g);
        assert!(stay.pulses == 0 && stay.energy.0 > 0.0, "a cell in the right state is read only");
    }
}

/// The magnetoresistance is halved at its voltage, and cells differ as the card says.
#[test]
fn resistances_are_those_of_the_card() {
    let d = build(|_| ());
    let w = d.window();
    let (high, low) = (d.current(w.g_max.0, Volt(0.5)) / 0.5, d.current(w.g_min.0, Volt(0.5)) / 0.5);
    assert!((high / low - 1.5).abs() < 1e-12, "{}", high / low);
    assert!((w.g_max / w.g_min - (1.0 + 1.0 / 1.04)).abs() < 1e-12);
    let spread = build(|s| s.variation = MtjVariationSpec { resistance: Share(0.05), ..alike() });
    let (mut g, n) = (vec![0.0; N], N as f64);
    spread.program(&vec![w.g_max.0; N], &addresses(), REAL, &mut g);
    let logs: Vec<f64> = g.iter().filter(|g| **g > spread.middle()).map(|g| (g / w.g_max.0).ln()).collect();
    let deviation = (logs.iter().map(|l| l * l).sum::<f64>() / logs.len() as f64).sqrt();
    assert!((deviation / 0.05 - 1.0).abs() < 4.5 / (2.0 * n).sqrt(), "{deviation}");
}

#[test]
fn mistakes_are_told_by_field() {
    let mut spec = MeMtjSpec::default();
    spec.resistance.tmr = Share(-0.5);
    spec.programming.width = Second(1.4e-9);
    let fields: Vec<String> = spec.build(Kelvin(500.0)).unwrap_err().into_iter().map(|e| e.field).collect();
    assert_eq!(fields, ["resistance.tmr", "temperature", "programming"]);
}
