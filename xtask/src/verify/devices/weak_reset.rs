//! The row of hafnium oxide under weak RESET, and of differential pairs.

use std::fs;
use std::path::PathBuf;

use archsim::device::{BinaryCells, BinaryStates, Chance, HfOxSpec, HfOxWeakReset, HfOxWeakResetSpec};
use archsim::units::{Kelvin, Ohm};
use rayon::prelude::*;

use super::super::Finding;

/// The seed of every draw of this row, chosen before anything was drawn.
const CHANCE: Chance = Chance { seed: 2026, scale: 1.0 };
const ROOM: Kelvin = Kelvin(300.0);
/// Sizes of the samples behind the two tables (their README), and of ours.
const POPULATION: usize = 1_000_000;
const NOISY: usize = 20_000;
/// Differences are counted in standard errors of both samples together; this many are allowed.
const ALLOWED: f64 = 4.0;
/// Wrong bits to wait for: a standard error of half a percent, a quarter of the two percent asked for.
const ERRORS: f64 = 40_000.0;

/// Row 5.
pub fn population() -> Finding {
    measure().unwrap_or_else(Finding::absent)
}

fn measure() -> Result<Finding, String> {
    let parameters = parameters()?;
    let (population, entries) = mean_law()?;
    let (noise, noisy_entries) = noise()?;
    let pairs = pairs()?;
    Ok(Finding {
        measured: format!(
            "{parameters} parameters as listed; population: {entries} entries, the worst {population:.1} standard errors off; with noise: {noisy_entries} entries, the worst {noise:.1}; bit errors of {} conditions: closed forms at most {:.2} % off the table, programmed cells off their closed forms at most {:.2} % (pairs) and {:.2} % (single cells)",
            pairs.count,
            100.0 * pairs.listed,
            100.0 * pairs.two,
            100.0 * pairs.one
        ),
        holds: population <= ALLOWED
            && noise <= ALLOWED
            && pairs.count == 9
            && pairs.listed < 1e-3
            && pairs.two < 0.02
            && pairs.one < 0.02,
        configuration: format!(
            "`reference/learning`; {POPULATION} cells of the mean law, {NOISY} with telegraph and 1/f noise, pulse by pulse; allowed {ALLOWED} standard errors of both samples; each bit error rate from {ERRORS} expected errors (standard error 0.5 %), {} pairs in all; seed {}",
            pairs.samples, CHANCE.seed
        ),
    })
}

/// Rows of a table, split at commas, without the heading.
fn table(name: &str) -> Result<Vec<Vec<String>>, String> {
    let folder = std::env::var_os("ARCHSIM_REFERENCE").ok_or("ARCHSIM_REFERENCE is not set")?;
    let path = PathBuf::from(folder).join("learning").join(name);
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(text.lines().skip(1).map(|l| l.split(',').map(str::to_string).collect()).collect())
}

fn numbers(row: &[String]) -> Vec<f64> {
    row.iter().map(|c| c.parse().unwrap_or(f64::NAN)).collect()
}

/// Compares the default card with the listed parameters and counts them.
fn parameters() -> Result<usize, String> {
    let card = HfOxWeakResetSpec::default();
    let g = &card.growth;
    let (telegraph, flicker) = (card.telegraph.ok_or("no telegraph noise")?, card.flicker.ok_or("no 1/f noise")?);
    let nothing = f64::NAN;
    let ours = [
        ("m1", [g.before.offset, g.before.scale, g.before.low, g.before.high]),
        ("t_star", [g.knee.sigma, g.knee.median, g.knee.low, g.knee.high]),
        ("c1", [g.offset.mean, g.offset.deviation, g.offset.low, g.offset.high]),
        ("m2", [g.after.offset, g.after.scale, g.after.low, g.after.high]),
        ("R0", [card.lrs.mean.0, card.lrs.deviation.0, card.lrs.low.0, card.lrs.high.0]),
        ("rtn_p_low_to_high", [telegraph.rise, nothing, nothing, nothing]),
        ("rtn_p_high_to_low", [telegraph.fall, nothing, nothing, nothing]),
        ("rtn_device_amplitude", [0.0, telegraph.amplitude, nothing, nothing]),
        ("pink_alpha", [flicker.gain, nothing, nothing, nothing]),
        ("pink_taps", [f64::from(flicker.taps), nothing, nothing, nothing]),
    ];
    let listed = table("hfox_weak_reset_params.csv")?;
    let mut count = 0;
    for (name, ours) in ours {
        let row = listed.iter().find(|r| r[0] == name).ok_or_else(|| format!("`{name}` is not listed"))?;
        let theirs = numbers(row);
        for (ours, theirs) in ours.iter().zip([theirs[3], theirs[5], theirs[6], theirs[7]]) {
            if ours.is_nan() && theirs.is_nan() {
                continue;
            }
            if (ours - theirs).abs() > 1e-12 * theirs.abs() {
                return Err(format!("`{name}` is {ours} in the card and {theirs} in the list"));
            }
            count += 1;
        }
    }
    Ok(count)
}

/// A sorted sample.
struct Sample(Vec<f64>);

impl Sample {
    fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }
    fn n(&self) -> f64 {
        self.0.len() as f64
    }
    fn central(&self, power: i32) -> f64 {
        let mean = self.mean().0;
        self.0.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / self.n()
    }
    /// Mean, and its standard error.
    fn mean(&self) -> (f64, f64) {
        let mean = self.0.iter().sum::<f64>() / self.n();
        let square = self.0.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / self.n();
        (mean, (square / self.n()).sqrt())
    }
    /// Standard deviation, and its standard error (from the fourth moment: the law is not normal).
    fn deviation(&self) -> (f64, f64) {
        let (square, fourth) = (self.central(2), self.central(4));
        (square.sqrt(), ((fourth - square * square) / (4.0 * square * self.n())).sqrt())
    }
    fn at(&self, p: f64) -> f64 {
        let place = p * (self.n() - 1.0);
        let (i, share) = (place.floor() as usize, place.fract());
        self.0[i] + share * (self.0[(i + 1).min(self.0.len() - 1)] - self.0[i])
    }
    /// Quantile, and its standard error: that of the share below it over the density there.
    fn quantile(&self, p: f64) -> (f64, f64) {
        let density = 0.01 / (self.at(p + 0.005) - self.at(p - 0.005));
        (self.at(p), (p * (1.0 - p) / self.n()).sqrt() / density)
    }
}

/// How many standard errors of two samples lie between our value and theirs, which is rounded to `digit`; `share` is
/// the size of our sample over that of theirs.
fn distance((ours, error): (f64, f64), theirs: f64, digit: f64, share: f64) -> f64 {
    ((ours - theirs).abs() - 0.5 * digit).max(0.0) / (error * (1.0 + share).sqrt())
}

fn build(spec: &HfOxWeakResetSpec) -> Result<HfOxWeakReset, String> {
    spec.build(ROOM).map_err(|e| format!("{e:?}"))
}

/// The mean law of a population against its table: the worst distance and the number of entries.
fn mean_law() -> Result<(f64, usize), String> {
    let device = build(&HfOxWeakResetSpec { telegraph: None, flicker: None, ..HfOxWeakResetSpec::default() })?;
    let rows: Vec<Vec<f64>> = table("hfox_weak_reset_population.csv")?.iter().map(|r| numbers(r)).collect();
    let (mut worst, mut entries) = (0.0_f64, 0);
    for row in &rows {
        let [t, mean, deviation, low, median, high, ratio, ohm] = row[..] else { return Err("another table".into()) };
        let drawn: Vec<(f64, f64)> = (0..POPULATION as u64)
            .into_par_iter()
            .map(|address| {
                let mut cell = device.cell(address, CHANCE);
                cell.reset(&device, t as u64, 0);
                (cell.log_ratio(), 1.0 / cell.conductance())
            })
            .collect();
        let w = Sample::new(drawn.iter().map(|d| d.0).collect());
        let r = Sample::new(drawn.iter().map(|d| d.1).collect());
        let (center, spread) = w.quantile(0.5);
        for (ours, theirs, digit) in [
            (w.mean(), mean, 1e-5),
            (w.deviation(), deviation, 1e-5),
            (w.quantile(0.05), low, 1e-5),
            ((center, spread), median, 1e-5),
            (w.quantile(0.95), high, 1e-5),
            ((center.exp(), spread * center.exp()), ratio, 1e-4),
            (r.quantile(0.5), ohm, 1.0),
        ] {
            worst = worst.max(distance(ours, theirs, digit, 1.0));
            entries += 1;
        }
    }
    Ok((worst, entries))
}

/// The same with both noises, one pulse at a time.
fn noise() -> Result<(f64, usize), String> {
    let device = build(&HfOxWeakResetSpec::default())?;
    let rows: Vec<Vec<f64>> = table("weak_reset_noise.csv")?.iter().map(|r| numbers(r)).collect();
    let times: Vec<u64> = rows.iter().map(|r| r[0] as u64).collect();
    let drawn: Vec<Vec<(f64, bool)>> = (0..NOISY as u64)
        .into_par_iter()
        .map(|address| {
            let (mut cell, mut seen) = (device.cell(address, CHANCE), Vec::new());
            for tick in 0..times.last().copied().unwrap_or(0) {
                cell.reset(&device, 1, tick);
                if times.contains(&cell.pulses()) {
                    seen.push((cell.log_ratio(), cell.trap_is_high()));
                }
            }
            seen
        })
        .collect();
    let (mut worst, mut entries) = (0.0_f64, 0);
    for (i, row) in rows.iter().enumerate() {
        let w = Sample::new(drawn.iter().map(|d| d[i].0).collect());
        let high = drawn.iter().filter(|d| d[i].1).count() as f64 / NOISY as f64;
        let error = (high * (1.0 - high) / NOISY as f64).sqrt();
        for (ours, theirs) in [(w.mean(), row[1]), (w.deviation(), row[2]), ((high, error), row[3])] {
            worst = worst.max(distance(ours, theirs, 1e-4, 1.0));
            entries += 1;
        }
    }
    Ok((worst, entries))
}

/// Largest relative differences over the conditions of the table.
#[derive(Default)]
struct Pairs {
    count: usize,
    samples: usize,
    listed: f64,
    two: f64,
    one: f64,
}

fn pairs() -> Result<Pairs, String> {
    let mut found = Pairs::default();
    for row in table("ber_1t1r_2t2r.csv")? {
        let [gap, lrs, hrs, offset, one, two, _] = numbers(&row)[..] else { return Err("another table".into()) };
        let states = BinaryStates { gap, lrs, hrs, offset };
        let cell = HfOxSpec::binary(&states, Ohm(5e3)).build(ROOM).map_err(|e| format!("{e:?}"))?;
        let cells = BinaryCells::new(cell, offset);
        let off = |a: f64, b: f64| (a / b - 1.0).abs();
        found.listed = found.listed.max(off(states.pair(), two)).max(off(states.one_cell(), one));
        let wanted = |rate: f64| (ERRORS / rate).ceil() as u64;
        let n = wanted(states.pair());
        let errors = wrong(n, |weights, left, right| cells.pairs(weights, left, right, CHANCE).0);
        found.two = found.two.max(off(errors / n as f64, states.pair()));
        found.samples += n as usize;
        let n = wanted(states.one_cell());
        let errors = wrong(n, |weights, left, _| cells.singles(weights, left, states.threshold(), CHANCE).0);
        found.one = found.one.max(off(errors / n as f64, states.one_cell()));
        found.count += 1;
    }
    Ok(found)
}

/// Number of bits of `n` that are sensed wrong, in portions that fit into memory.
fn wrong(n: u64, sense: impl Fn(&[bool], &[u64], &[u64]) -> Vec<bool> + Sync) -> f64 {
    const PORTION: u64 = 1 << 16;
    let portion = |begin: u64| {
        let of: Vec<u64> = (begin..(begin + PORTION).min(n)).collect();
        let weights: Vec<bool> = of.iter().map(|i| i % 2 == 0).collect();
        let (left, right): (Vec<u64>, Vec<u64>) = of.iter().map(|i| (2 * i, 2 * i + 1)).unzip();
        sense(&weights, &left, &right).iter().zip(&weights).filter(|(a, b)| a != b).count() as u64
    };
    (0..n.div_ceil(PORTION)).into_par_iter().map(|k| portion(k * PORTION)).sum::<u64>() as f64
}
