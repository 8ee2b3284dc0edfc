//! Row on the laws that devices share, each against its closed form or the exact law it approximates. One function a
//! law; what belongs to another device joins [`CHECKS`].

use std::time::Instant;

use archsim::device::laws::{
    ActivationSpec, AgeingSpec, ArrheniusSpec, BakeFit, Binomial, ClosingSpec, ClusterSpec, DriftTraining,
    EnduranceSpec, Flicker, MetastableSwitchSpec, NORMAL_VARIANCE, PowerLawSpec, StateLifeSpec, Storage,
    StretchedExponentialSpec, StuckSpec, SwitchOracle, TrapSpec, WeibullSpec,
};
use archsim::device::{Chance, Device, PulseDirection, PulseRow, TablePulseSpec, TablePulsesSpec, TableSpec, Window};
use archsim::rng::element;
use archsim::units::{Hertz, Kelvin, Second, Share, Siemens, Volt};

use super::super::Finding;

/// One figure of a law and what it must not exceed.
pub struct Check {
    /// Law and figure.
    pub name: &'static str,
    /// What was found.
    pub figure: f64,
    /// Largest figure that holds.
    pub bound: f64,
}

/// The laws.
pub const CHECKS: &[fn() -> Vec<Check>] =
    &[power_law, stretched_exponential, retention, endurance, telegraph, stuck, metastable, table, generative];

const WINDOW: Window = Window { g_min: Siemens(1e-6), g_max: Siemens(1e-5) };
const SPAN: f64 = 9e-6;
const ROOM: Kelvin = Kelvin(300.0);
const REAL: Chance = Chance { seed: 2026, scale: 1.0 };
/// Cells of a population.
const CELLS: u64 = 100_000;

/// Row 9.
pub fn laws() -> Finding {
    let begun = Instant::now();
    let checks: Vec<Check> = CHECKS.iter().flat_map(|law| law()).collect();
    let shown = |c: &Check| {
        let mark = if c.figure <= c.bound { "" } else { " FAILS" };
        format!("{} {:.2e} (≤ {:.2e}){mark}", c.name, c.figure, c.bound)
    };
    Finding {
        measured: checks.iter().map(shown).collect::<Vec<_>>().join("; "),
        holds: checks.iter().all(|c| c.figure <= c.bound),
        configuration: format!(
            "seed {}, {CELLS} cells unless said; KS: Kolmogorov distance to the exact law, bound 1.95/√n (its 0.1 % quantile); SE: standard errors; learned drift: implicit quantile network in the manner of arXiv 2408.01539, trained in this run on 1 048 576 exact drifts of 200 switches, delays τ/100 to 10 τ, KS on starts 5, 25, 50, 75, 95 % × 7 delays; {:.0} s in all",
            REAL.seed,
            begun.elapsed().as_secs_f64()
        ),
    }
}

/// 0.1 % quantile of Kolmogorov's distance for `n` draws.
fn kolmogorov(n: u64) -> f64 {
    1.95 / (n as f64).sqrt()
}

/// Largest distance of an empirical distribution from `law`.
fn distance(mut draws: Vec<f64>, law: impl Fn(f64) -> f64) -> f64 {
    draws.sort_by(f64::total_cmp);
    let n = draws.len() as f64;
    let gap = |(i, x): (usize, &f64)| (law(*x) - i as f64 / n).abs().max((law(*x) - (i + 1) as f64 / n).abs());
    draws.iter().enumerate().map(gap).fold(0.0, f64::max)
}

/// The same for counts: `law` holds the probability of each.
fn distance_of_counts(draws: &[usize], law: &[f64]) -> f64 {
    let mut counts = vec![0.0; law.len()];
    for d in draws {
        counts[*d] += 1.0 / draws.len() as f64;
    }
    let mut sum = 0.0;
    counts.iter().zip(law).fold(0.0, |worst: f64, (c, p)| {
        sum += c - p;
        worst.max(sum.abs())
    })
}

fn normal(z: f64) -> f64 {
    0.5 * erfc(-z / std::f64::consts::SQRT_2)
}

/// Complementary error function by Simpson's rule on `2/√π·∫ e^{-t²}`: no function of the library under test.
fn erfc(x: f64) -> f64 {
    let (from, to, n) = (0.0, x.clamp(-7.0, 7.0), 400);
    let h = (to - from) / f64::from(n);
    let f = |i: i32| (-(from + f64::from(i) * h).powi(2)).exp();
    let inner: f64 = (1..n).map(|i| f(i) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
    1.0 - 2.0 / std::f64::consts::PI.sqrt() * h / 3.0 * (f(0) + inner + f(n))
}

/// `n` cells programmed to `g`, aged.
fn aged(law: &AgeingSpec, g: f64, age: f64, temperature: Kelvin, n: u64, chance: Chance) -> Vec<f64> {
    let cells: Vec<u64> = (0..n).collect();
    let mut g = vec![g; cells.len()];
    law.age(&mut g, &Storage { window: WINDOW, cells: &cells, age: Second(age), temperature, chance });
    g
}

fn certain(law: &AgeingSpec, g: f64, age: f64, temperature: Kelvin) -> f64 {
    aged(law, g, age, temperature, 1, Chance { scale: 0.0, ..REAL })[0]
}

fn power_law() -> Vec<Check> {
    let law = AgeingSpec::PowerLaw(PowerLawSpec {
        exponent: 0.0244,
        exponent_per_efold: -0.0155,
        spread: 0.012,
        onset: Second(20.0),
        activation: Some(ActivationSpec { energy_ev: 0.2, reference: ROOM }),
    });
    let hot: f64 = 0.2 / 8.617_333_262e-5 * (1.0 / 300.0 - 1.0 / 350.0);
    let folds = (1.0_f64 + 1e5 * hot.exp() / 20.0).ln();
    let mean = (0.0244 + 0.0155 * 4.0_f64.ln()) * folds;
    let logs = aged(&law, 2.5e-6, 1e5, Kelvin(350.0), CELLS, REAL).iter().map(|g| (g / 2.5e-6).ln()).collect();
    let figure = distance(logs, |x| normal((x + mean) / (0.012 * folds)));
    vec![Check { name: "power-law drift at 350 K: KS", figure, bound: kolmogorov(CELLS) }]
}

fn stretched_exponential() -> Vec<Check> {
    let spec =
        StretchedExponentialSpec { tau: Second(1e4), beta: 0.37, rest: Share(0.2), spread: 0.0, activation: None };
    let (rest, g) = (1e-6 + 0.2 * SPAN, 9e-6);
    let law = AgeingSpec::StretchedExponential(spec);
    let plot = |now: f64| (-((now - rest) / (g - rest)).ln()).ln();
    let line = [1.0_f64, 1e2, 1e4, 1e5]
        .map(|age| (plot(certain(&law, g, age, ROOM)) - 0.37 * (age / 1e4).ln()).abs())
        .into_iter()
        .fold(0.0, f64::max);
    let spread = AgeingSpec::StretchedExponential(StretchedExponentialSpec { spread: 0.8, ..spec });
    let plots = aged(&spread, g, 3e3, ROOM, CELLS, REAL).into_iter().map(plot).collect();
    let figure = distance(plots, |x| normal((x - 0.37 * 0.3_f64.ln()) / (0.37 * 0.8)));
    vec![
        Check { name: "stretched exponential: distance from the line of Kohlrausch's plot", figure: line, bound: 1e-9 },
        Check { name: "its spread: KS", figure, bound: kolmogorov(CELLS) },
    ]
}

fn retention() -> Vec<Check> {
    let spec = ArrheniusSpec {
        low: StateLifeSpec { tau: Second(1e9), energy_ev: 1.4 },
        high: StateLifeSpec { tau: Second(3e8), energy_ev: 1.1 },
        rest: Share(0.25),
        reference: Kelvin(358.0),
        spread: 0.5,
    };
    let law = AgeingSpec::Arrhenius(spec);
    let mut error = 0.0_f64;
    for (g, life) in [(1e-6, spec.low), (1e-5, spec.high)] {
        // four bakes, each until the cell has lost a tenth of the window
        let bakes = [423.0, 448.0, 473.0, 498.0].map(|kelvin| {
            let (mut low, mut high) = (0.0_f64, 40.0_f64);
            for _ in 0..100 {
                let middle = 0.5 * (low + high);
                let lost = (certain(&law, g, middle.exp(), Kelvin(kelvin)) - g).abs();
                if lost < 0.1 * SPAN { low = middle } else { high = middle }
            }
            (Kelvin(kelvin), Second(low.exp()))
        });
        error = error.max(BakeFit::of(&bakes).map_or(f64::INFINITY, |fit| (fit.energy_ev - life.energy_ev).abs()));
    }
    // the high state decays by e^{-t/τ}, ln τ normal
    let kelvin = 400.0_f64;
    let median = 3e8 * (1.1_f64 / 8.617_333_262e-5 * (1.0 / kelvin - 1.0 / 358.0)).exp();
    let rest = 1e-6 + 0.25 * SPAN;
    let lives = aged(&law, 1e-5, 0.4 * median, Kelvin(kelvin), CELLS, REAL)
        .iter()
        .map(|g| (-((g - rest) / (1e-5 - rest)).ln()).ln())
        .collect();
    let figure = distance(lives, |x| normal((x - 0.4_f64.ln()) / 0.5));
    vec![
        Check { name: "retention: activation energy from four bakes, error in eV", figure: error, bound: 1e-8 },
        Check { name: "its lives at 400 K: KS", figure, bound: kolmogorov(CELLS) },
    ]
}

fn endurance() -> Vec<Check> {
    let weibull = WeibullSpec { scale: 3e6, shape: 1.7, stuck_high: Share(0.4) };
    let lives = (0..CELLS).map(|cell| weibull.life(cell, REAL.seed)).collect();
    let figure = distance(lives, |n: f64| 1.0 - (-(n / 3e6).powf(1.7)).exp());
    let closing = ClosingSpec { cycles: 1e8, exponent: 0.5, centre: Share(0.75) };
    let mut worst = 0.0_f64;
    for cycles in [0.0, 1e4, 1e6, 1e8, 1e9] {
        let w = EnduranceSpec { cycles, closing: Some(closing), failure: None }.window(WINDOW);
        let left = (w.g_max.0 - w.g_min.0) / SPAN;
        worst = worst.max((left / (-(cycles / 1e8).sqrt()).exp() - 1.0).abs());
    }
    vec![
        Check { name: "endurance: lives, KS to Weibull", figure, bound: kolmogorov(CELLS) },
        Check { name: "closing window, relative error", figure: worst, bound: 1e-12 },
    ]
}

fn telegraph() -> Vec<Check> {
    let trap = TrapSpec { capture: Second(3e-3), emission: Second(1e-3), amplitude: Share(0.2) };
    let (step, segment, segments) = (2e-4, 256, 4000);
    let (occupancy, variance) = (0.25, 0.04 * 0.25 * 0.75);
    let keep = (-(1.0_f64 / 3e-3 + 1.0 / 1e-3) * step).exp();
    let mut cell = Flicker::at_rest(vec![trap], 5, REAL.seed);
    let trace: Vec<f64> = (0..segment * segments)
        .map(|_| {
            cell.wait(Second(step));
            (1.0 - cell.factor()) - 0.2 * occupancy
        })
        .collect();
    let n = trace.len() as f64;
    let independent = n * (1.0 - keep) / (1.0 + keep);
    let mean = trace.iter().sum::<f64>() / n;
    let mut worst = (mean / (variance / independent).sqrt()).abs();
    for lag in [1, 2, 5, 10] {
        let pairs = trace.iter().zip(&trace[lag..]).map(|(a, b)| a * b / variance);
        let blocks: Vec<f64> =
            pairs.collect::<Vec<_>>().chunks(segment).map(|c| c.iter().sum::<f64>() / c.len() as f64).collect();
        let m = blocks.iter().sum::<f64>() / blocks.len() as f64;
        let v = blocks.iter().map(|b| (b - m).powi(2)).sum::<f64>() / (blocks.len() as f64).powi(2);
        worst = worst.max(((m - keep.powi(lag as i32)) / v.sqrt()).abs());
    }
    // periodograms against the expectation of a periodogram of this length, from the exact autocovariance
    let mut spectrum = 0.0_f64;
    for bin in [1, 4, 16, 64, 120] {
        let phase = std::f64::consts::TAU * f64::from(bin) / segment as f64;
        let powers: Vec<f64> = trace
            .chunks_exact(segment)
            .map(|c| {
                let (re, im) = c.iter().enumerate().fold((0.0, 0.0), |(re, im), (i, x)| {
                    (re + x * (phase * i as f64).cos(), im + x * (phase * i as f64).sin())
                });
                2.0 * step * (re * re + im * im) / segment as f64
            })
            .collect();
        let m = powers.iter().sum::<f64>() / powers.len() as f64;
        let v = powers.iter().map(|p| (p - m).powi(2)).sum::<f64>() / (powers.len() as f64).powi(2);
        let exact: f64 = (1..segment)
            .map(|lag| 2.0 * (1.0 - lag as f64 / segment as f64) * keep.powi(lag as i32) * (phase * lag as f64).cos())
            .sum::<f64>()
            + 1.0;
        spectrum = spectrum.max(((m - 2.0 * step * variance * exact) / v.sqrt()).abs());
    }
    let traps = Flicker::one_over_f(60, Hertz(1.0), Hertz(1e6), 1e-4);
    let flicker = [1e2, 1e3, 1e4]
        .map(|f| (Flicker::density(&traps, Hertz(f)) * f * 1e6_f64.ln() / 1e-4 - 1.0).abs())
        .into_iter()
        .fold(0.0, f64::max);
    vec![
        Check { name: "telegraph noise, 1 024 000 samples: mean and autocorrelation, SE", figure: worst, bound: 4.0 },
        Check { name: "its spectrum, SE", figure: spectrum, bound: 4.0 },
        Check { name: "60 traps against 1/f, two decades inside the corners", figure: flicker, bound: 0.01 },
    ]
}

fn stuck() -> Vec<Check> {
    let share = |spec: &StuckSpec| {
        let map = spec.map();
        (0..CELLS as usize).filter(|i| map.at(element(1, i / 500, i % 500, 0, false, 0), REAL).is_some()).count() as f64
            / CELLS as f64
    };
    let single = StuckSpec { high: Share(0.0175), low: Share(0.0904), ..StuckSpec::default() };
    let p = 0.1079;
    let alone = ((share(&single) - p) / (p * (1.0 - p) / CELLS as f64).sqrt()).abs();
    // stuck cells of a block of 4 × 8: none at all, or binomial in a defective block
    let cluster = Some(ClusterSpec { rows: 4, columns: 8, fill: Share(0.5) });
    let map = StuckSpec { high: Share(0.02), low: Share(0.03), cluster, ..StuckSpec::default() }.map();
    let count = |block: usize| {
        let (row, column) = (block / 100 * 4, block % 100 * 8);
        let stuck = |i: usize| map.at(element(1, row + i / 8, column + i % 8, 0, false, 0), REAL).is_some();
        (0..32).filter(|i| stuck(*i)).count()
    };
    let counts: Vec<usize> = (0..20_000).map(count).collect();
    let mut law: Vec<f64> = Binomial { trials: 32, chance: 0.5 }.probabilities().into_iter().map(|p| 0.1 * p).collect();
    law[0] += 0.9;
    vec![
        Check { name: "stuck map: share, SE", figure: alone, bound: 4.0 },
        Check {
            name: "clustered map, 20 000 blocks: KS of cells per block",
            figure: distance_of_counts(&counts, &law),
            bound: kolmogorov(20_000),
        },
    ]
}

/// Switches whose drift is learned.
const SWITCHES: MetastableSwitchSpec =
    MetastableSwitchSpec { switches: 200, tau: Second(1000.0), rest: Share(0.3), activation: None };

fn metastable() -> Vec<Check> {
    let population = |spec: MetastableSwitchSpec, on: u32, delay: f64| {
        let n = f64::from(spec.switches);
        let g = 1e-6 + f64::from(on) / n * SPAN;
        let draws: Vec<usize> = aged(&AgeingSpec::MetastableSwitches(spec), g, delay, ROOM, CELLS, REAL)
            .iter()
            .map(|g| ((g - 1e-6) / SPAN * n).round() as usize)
            .collect();
        distance_of_counts(&draws, &spec.after(on, Second(delay), ROOM).probabilities())
    };
    let figure = [(10, 10.0), (100, 300.0), (190, 3000.0)]
        .map(|(on, delay)| population(SWITCHES, on, delay))
        .into_iter()
        .fold(0.0, f64::max);
    let chain = |d: f64| (0..=200).map(|on| SWITCHES.after(on, Second(d), ROOM).probabilities()).collect::<Vec<_>>();
    let (first, second, whole) = (chain(130.0), chain(700.0), chain(830.0));
    let mut semigroup = 0.0_f64;
    for (from, whole) in first.iter().zip(&whole) {
        for (to, p) in whole.iter().enumerate() {
            let sum: f64 = from.iter().zip(&second).map(|(a, b)| a * b[to]).sum();
            semigroup = semigroup.max((sum - p).abs());
        }
    }
    let mut rounded = 0.0_f64;
    for (trials, chance) in [(1001, 0.501), (2000, 0.15), (30_000, 0.009), (200_000, 0.3)] {
        let b = Binomial { trials, chance };
        if b.variance() > NORMAL_VARIANCE {
            let mut sum = 0.0;
            for (k, p) in b.probabilities().iter().enumerate() {
                sum += p;
                rounded = rounded.max((sum - normal((k as f64 + 0.5 - b.mean()) / b.variance().sqrt())).abs());
            }
        }
    }
    vec![
        Check { name: "metastable switches, N = 200: KS", figure, bound: kolmogorov(CELLS) },
        Check { name: "exact law: d1 then d2 against d1 + d2, probabilities", figure: semigroup, bound: 1e-14 },
        Check { name: "rounded normal beyond N = 1000: distance from the exact law", figure: rounded, bound: 0.0047 },
    ]
}

fn table() -> Vec<Check> {
    let device = |knots: u32, spread: f64, up: &dyn Fn(f64) -> f64| {
        let pulse = |volts| TablePulseSpec { voltage: Volt(volts), width: Second(1e-7) };
        let row = |pulse, w: f64, mean: f64| PulseRow {
            pulse,
            voltage: None,
            g: Siemens(1e-6 + w * SPAN),
            mean: Siemens(mean * SPAN),
            spread: Siemens(spread * SPAN),
        };
        let rows = (0..knots)
            .map(|i| f64::from(i) / f64::from(knots - 1))
            .flat_map(|w| [row(PulseDirection::Up, w, up(w)), row(PulseDirection::Down, w, -0.01)]);
        TableSpec {
            rows: rows.collect(),
            pulses: TablePulsesSpec { up: pulse(1.0), down: pulse(-1.0) },
            ..TableSpec::default()
        }
        .build(ROOM)
    };
    let train = |d: &dyn Device, cells: u64, chance: Chance, pulses: u64| -> Option<Vec<Vec<f64>>> {
        let addresses: Vec<u64> = (0..cells).collect();
        let (up, mut array) = (vec![d.pulses()?[0]; cells as usize], d.cells(&addresses, chance)?);
        let shares = (0..pulses).map(|tick| {
            array.pulse(&up, tick);
            let mut g = vec![0.0; cells as usize];
            array.conductance(&mut g);
            g.iter().map(|g| (g - 1e-6) / SPAN).collect()
        });
        Some(shares.collect())
    };
    let still = Chance { scale: 0.0, ..REAL };
    // soft bounds: two knots hold the law exactly; the curve by its closed form
    let soft = device(2, 0.0, &|w| 0.01 * (1.0 - w)).ok().and_then(|d| train(&d, 1, still, 300));
    let soft = soft.map_or(f64::INFINITY, |curve| {
        let gap = |(n, w): (usize, &Vec<f64>)| (w[0] - 1.0 + 0.99_f64.powi(n as i32 + 1)).abs();
        curve.iter().enumerate().map(gap).fold(0.0, f64::max)
    });
    // exponential steps from nine knots: each step against h²/8·max f''
    let law = |w: f64| 0.02 * (-2.0 * w).exp();
    let bound = (1.0_f64 / 8.0).powi(2) / 8.0 * 0.02 * 4.0;
    let curved = device(9, 0.0, &law).ok().and_then(|d| train(&d, 1, still, 100)).map_or(f64::INFINITY, |curve| {
        let mut w = 0.0;
        curve.iter().fold(0.0, |worst: f64, now| {
            let error = (now[0] - w - law(w)).abs() / bound;
            w = now[0];
            worst.max(error)
        })
    });
    let noisy =
        device(2, 0.002, &|_| 0.005).ok().and_then(|d| train(&d, 20_000, REAL, 60)).and_then(|mut all| all.pop());
    let moments = noisy.map_or(f64::INFINITY, |w| {
        let n = w.len() as f64;
        let mean = w.iter().sum::<f64>() / n;
        let variance = w.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let expected = 60.0 * 0.002_f64.powi(2);
        let off = ((mean - 0.3) / (expected / n).sqrt()).abs();
        off.max(((variance / expected - 1.0) / (2.0 / n).sqrt()).abs())
    });
    vec![
        Check { name: "table of soft bounds, 300 pulses: distance from the closed form", figure: soft, bound: 1e-12 },
        Check {
            name: "table of exponential steps, 9 knots: step error over h²/8·f''",
            figure: curved,
            bound: 1.0 + 1e-9,
        },
        Check { name: "its noise, 20 000 cells, 60 pulses: mean and variance, SE", figure: moments, bound: 4.0 },
    ]
}

fn generative() -> Vec<Check> {
    let oracle = SwitchOracle { law: SWITCHES, window: WINDOW };
    let data = oracle.observations(1 << 20, [Second(10.0), Second(1e4)], REAL.seed);
    let training = DriftTraining::default();
    let begun = Instant::now();
    let Ok((model, report)) = training.train(&data, "200 metastable switches") else {
        return vec![Check { name: "learned drift: training refused", figure: f64::INFINITY, bound: 0.0 }];
    };
    let seconds = begun.elapsed().as_secs_f64();
    let starts = [10, 50, 100, 150, 190];
    let delays = [10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 1e4];
    let grid: Vec<f64> = starts
        .iter()
        .flat_map(|on| delays.iter().map(|d| oracle.distance(&model, *on, Second(*d), 1250)).collect::<Vec<_>>())
        .collect();
    let chained = starts
        .iter()
        .flat_map(|on| {
            [(100.0, 100.0), (300.0, 700.0), (1000.0, 2000.0)]
                .map(|(a, b)| oracle.chained(&model, *on, [Second(a), Second(b)], 1250, REAL.seed))
        })
        .fold(0.0, f64::max);
    let [observed, generated] = report.delay_error;
    vec![
        Check {
            name: "learned drift: mean KS over the grid",
            figure: grid.iter().sum::<f64>() / grid.len() as f64,
            bound: 0.03,
        },
        Check { name: "worst KS", figure: grid.iter().copied().fold(0.0, f64::max), bound: 0.07 },
        Check { name: "worst KS of two delays in a row to the law of their sum", figure: chained, bound: 0.06 },
        Check {
            name: "error of reading the delay, generated against observed, relative difference",
            figure: (generated / observed - 1.0).abs(),
            bound: 0.01,
        },
        Check { name: "training on one core, s", figure: seconds, bound: 120.0 },
    ]
}
