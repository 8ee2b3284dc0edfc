//! Converters written a second time, as charges and phases step by step, with random numbers of their own; two
//! populations of each kind must agree. Lines that begin with `row9` are read by `cargo xtask verify circuit`.
#![cfg(test)]

use std::f64::consts::TAU;

use super::*;
use crate::units::Share;

/// A generator that shares nothing with the crate's: xorshift64* (Vigna 2016, doi:10.1145/2845077).
struct Chance(u64);

impl Chance {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }
    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos()
    }
}

/// Mean and its standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// Prints and checks that two populations have the same means of each quantity, within 4.5 standard errors.
fn agree(name: &str, quantities: &[&str], one: &[Vec<f64>], other: &[Vec<f64>]) {
    let mut text = String::new();
    for (q, (a, b)) in quantities.iter().zip(one.iter().zip(other)) {
        let ((a, da), (b, db)) = (mean(a), mean(b));
        let apart = (a - b).abs() / da.hypot(db);
        text += &format!(" {q} {a:.5} and {b:.5} ({apart:.1} standard errors);");
        assert!(apart < 4.5, "{name}: {q} {a} ± {da} and {b} ± {db}");
    }
    println!("row9 {name}, converter and step-by-step:{text}");
}

const BITS: u8 = 7;

/// Rms INL, rms DNL and largest INL of a converter whose codes over a fine ramp are known.
fn figures(levels: &[f64]) -> [f64; 3] {
    let line = Linearity::of(levels);
    let rms = |v: &[f64]| (v.iter().map(|x| x * x).sum::<f64>() / v.len() as f64).sqrt();
    [rms(&line.inl), rms(&line.dnl), line.inl.iter().fold(0.0, |m, x| m.max(x.abs()))]
}

/// Levels by the histogram of a ramp in steps of 1/64 LSB.
fn levels_of(convert: impl Fn(f64) -> u32) -> Vec<f64> {
    const FINE: i32 = 64;
    let top = (1u32 << BITS) - 1;
    let span = 24 * FINE..((1 << BITS) + 24) * FINE;
    let mut count = vec![0u32; 1 << BITS];
    for i in -24 * FINE..span.end {
        count[convert(f64::from(i) / f64::from(FINE) - 0.5 + 0.003).min(top) as usize] += 1;
    }
    let mut sum = 0;
    (0..top as usize)
        .map(|k| {
            sum += count[k];
            f64::from(sum) / f64::from(FINE) - 24.5
        })
        .collect()
}

/// Switched capacitors of one stage: two capacitors sample `v`; the first then closes the loop around the
/// amplifier, the second goes to the chosen reference; charge on the amplifier's input node is conserved.
struct SecondStage {
    first: f64,
    second: f64,
    amplifier: f64,
    comparators: [f64; 2],
}

impl SecondStage {
    fn drawn(mismatch: &StageMismatch, chance: &mut Chance) -> Self {
        Self {
            first: 1.0,
            second: 1.0 + mismatch.capacitor.0 * chance.normal(),
            amplifier: mismatch.amplifier_gain.unwrap_or(f64::INFINITY),
            comparators: [
                -0.25 + mismatch.comparator.0 * chance.normal(),
                0.25 + mismatch.comparator.0 * chance.normal(),
            ],
        }
    }
    fn step(&self, v: f64) -> (i64, f64) {
        let decision = i64::from(v >= self.comparators[0]) + i64::from(v >= self.comparators[1]) - 1;
        let charge = (self.first + self.second) * v;
        // the input node stands at −out/A: C₁·(out + out/A) + C₂·(d + out/A) = charge
        let out = (charge - self.second * decision as f64) / (self.first + (self.first + self.second) / self.amplifier);
        (decision, out)
    }
}

fn second(stages: &[SecondStage], last: f64, input: f64) -> u32 {
    let mut v = (input + 0.5) / f64::from(1 << (BITS - 1)) - 1.0;
    let mut code = 0i64;
    for stage in stages.iter().cycle().take(usize::from(BITS) - 1) {
        let (decision, out) = stage.step(v);
        code = 2 * code + decision;
        v = out;
    }
    (code + i64::from(v >= last) + (1 << (BITS - 1)) - 1) as u32
}

fn residues(name: &str, stages: usize, converter: &dyn Converter, mismatch: StageMismatch) {
    let n = 400;
    let mut sides = [vec![vec![]; 3], vec![vec![]; 3]];
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    for i in 0..n {
        let own = figures(&converter.transfer(Instance::new(21, i)).levels((1 << BITS) - 1));
        let drawn: Vec<SecondStage> = (0..stages).map(|_| SecondStage::drawn(&mismatch, &mut chance)).collect();
        let last = mismatch.comparator.0 * chance.normal();
        let other = figures(&levels_of(|u| second(&drawn, last, u)));
        for q in 0..3 {
            sides[0][q].push(own[q]);
            sides[1][q].push(other[q]);
        }
    }
    agree(name, &["rms INL", "rms DNL", "largest INL"], &sides[0], &sides[1]);
}

#[test]
fn pipeline_agrees() {
    let m = StageMismatch { capacitor: Share(0.01), comparator: Share(0.05), amplifier_gain: Some(500.0) };
    residues("pipeline 7 bit, capacitors 1 %, gain 500", usize::from(BITS) - 1, &Pipeline::new(BITS, m), m);
}

#[test]
fn cyclic_agrees() {
    let m = StageMismatch { capacitor: Share(0.01), comparator: Share(0.05), amplifier_gain: Some(500.0) };
    residues("cyclic 7 bit, capacitors 1 %, gain 500", 1, &Cyclic::new(BITS, m), m);
}

/// Counts the cycles of an oscillator in a window of 64 steps; each step adds its share of phase noise.
fn count(o: &Oscillator, gain: f64, input: f64, phase: &mut f64, chance: &mut Chance) -> f64 {
    let x = input / f64::from(1u32 << o.bits);
    let frequency = gain * (input + 4.0 * o.bow_lsb * x * (1.0 - x));
    let begin = match o.phase {
        OscillatorPhase::Reset => 0.5,
        OscillatorPhase::Free => *phase,
    };
    let mut now = begin;
    for _ in 0..64 {
        now += frequency / 64.0 + o.phase_noise / 8.0 * chance.normal();
    }
    *phase = now - now.floor();
    now.floor() - begin.floor()
}

#[test]
fn oscillator_agrees() {
    for (name, phase) in [("reset", OscillatorPhase::Reset), ("free-running", OscillatorPhase::Free)] {
        let o = Oscillator { bits: BITS, gain: Share(0.03), bow_lsb: 1.5, phase_noise: 0.6, phase };
        let mut chance = Chance(77);
        let mut sides = [vec![vec![]; 2], vec![vec![]; 2]];
        for i in 0..2000 {
            let gain = 1.0 + o.gain.0 * chance.normal();
            let mut phase = chance.uniform();
            // inputs everywhere, none near the ends where the counter saturates
            let input: Vec<f64> = (0..50).map(|_| 10.0 + 90.0 * chance.uniform()).collect();
            let mut codes = vec![0; input.len()];
            o.convert(Instance::new(31, i), 0, 0.0, &input, &mut codes);
            let other: Vec<f64> = input.iter().map(|u| count(&o, gain, *u, &mut phase, &mut chance)).collect();
            let own: Vec<f64> = codes.iter().map(|c| f64::from(*c)).collect();
            for (side, counts) in sides.iter_mut().zip([own, other]) {
                let error = || counts.iter().zip(&input).map(|(c, u)| c - u);
                side[0].push(error().sum::<f64>() / 50.0);
                side[1].push((error().map(|e| e * e).sum::<f64>() / 50.0).sqrt());
            }
        }
        agree(&format!("oscillator 7 bit, {name}"), &["mean error", "rms error"], &sides[0], &sides[1]);
    }
}

#[test]
fn sense_amplifiers_agree() {
    // a latch regenerates towards the side on which its input stands beyond its own offset
    let (offset, noise) = (0.2, 0.1);
    let mut chance = Chance(5);
    let mut sides = [vec![vec![]; 3], vec![vec![]; 3]];
    for i in 0..20_000 {
        let instance = Instance::new(41, i);
        let amplifier = SenseAmp.transfer(instance).shifted(offset * instance.offset());
        let threshold = 0.5 + offset * chance.normal();
        for (q, input) in [0.3, 0.5, 0.8].into_iter().enumerate() {
            sides[0][q].push(f64::from(amplifier.code(input + noise * chance.normal())));
            let mut difference = input + noise * chance.normal() - threshold;
            while difference.abs() < 1.0 {
                difference *= 2.0;
            }
            sides[1][q].push(f64::from(u8::from(difference > 0.0)));
        }
    }
    agree("sense amplifier, share of ones", &["at 0.3 LSB", "at 0.5 LSB", "at 0.8 LSB"], &sides[0], &sides[1]);
}
