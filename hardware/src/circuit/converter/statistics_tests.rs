//! Populations of converters against closed forms and against converters written a second time, step by step.
//! Lines that begin with `row9` are read by `cargo xtask verify circuit --row 9`.
#![cfg(test)]

use std::f64::consts::{PI, TAU};

use super::*;
use crate::units::Share;

const BITS: u8 = 8;
const LEVELS: usize = (1 << BITS) - 1;

/// Sums over a population for one quantity at one level.
fn sigma(values: impl Iterator<Item = f64>, n: usize) -> f64 {
    (values.map(|v| v * v).sum::<f64>() / n as f64).sqrt()
}

/// Standard deviations of INL and DNL of every level over a population, against those that follow from the
/// covariance of levels `k`, `l` (first order; the line through the terminals taken off).
///
/// The mean of both is 0, so the relative standard error of a deviation over `n` instances is `1/√(2n)`; the
/// worst of all levels may be five of them away.
fn against_closed_form(name: &str, converter: &dyn Converter, covariance: impl Fn(usize, usize) -> f64) {
    let n = 4000;
    let lines: Vec<Linearity> =
        (0..n).map(|i| Linearity::of(&converter.transfer(Instance::new(11, i as u64)).levels(LEVELS as u32))).collect();
    // variance of a weighted sum of levels
    let variance = |weights: &[(usize, f64)]| -> f64 {
        weights
            .iter()
            .flat_map(|a| weights.iter().map(move |b| (a, b)))
            .map(|(a, b)| a.1 * b.1 * covariance(a.0, b.0))
            .sum()
    };
    let span = (LEVELS - 1) as f64;
    let mut worst = 0.0f64;
    let mut largest = [[0.0f64; 2]; 2];
    let mut compare = |which: usize, measured: f64, closed: f64| {
        worst = worst.max((measured / closed - 1.0).abs() * (2.0 * n as f64).sqrt());
        if closed > largest[which][1] {
            largest[which] = [measured, closed];
        }
    };
    for k in 2..LEVELS {
        let x = (k - 1) as f64 / span;
        let inl = variance(&[(k, 1.0), (1, x - 1.0), (LEVELS, -x)]).sqrt();
        compare(0, sigma(lines.iter().map(|l| l.inl[k - 1]), n), inl);
    }
    for k in 1..LEVELS {
        let dnl = variance(&[(k + 1, 1.0), (k, -1.0), (1, 1.0 / span), (LEVELS, -1.0 / span)]).sqrt();
        compare(1, sigma(lines.iter().map(|l| l.dnl[k - 1]), n), dnl);
    }
    let [[inl, inl_closed], [dnl, dnl_closed]] = largest;
    println!(
        "row9 {name}: σ(INL) {inl:.5} LSB, closed form {inl_closed:.5}; σ(DNL) {dnl:.5}, closed form {dnl_closed:.5}; all {} levels within {worst:.1} standard errors ({n} instances)",
        LEVELS
    );
    assert!(worst < 5.0, "{name}: {worst} standard errors");
}

#[test]
fn sar_follows_the_closed_form() {
    let s = 0.01;
    let sar = Sar::new(BITS, SarMismatch { capacitor: Share(s) });
    let cells = f64::from(1u32 << BITS);
    against_closed_form("SAR 8 bit, capacitors 1 %", &sar, |k, l| s * s * ((k & l) as f64 - (k * l) as f64 / cells));
}

#[test]
fn flash_follows_the_closed_form() {
    let (r, c) = (0.01, 0.08);
    let flash = Flash::new(BITS, FlashMismatch { resistor: Share(r), comparator_lsb: c });
    let taps = f64::from(1u32 << BITS);
    against_closed_form("flash 8 bit, resistors 1 %, comparators 0.08 LSB", &flash, |k, l| {
        r * r * (k.min(l) as f64 - (k * l) as f64 / taps) + if k == l { c * c } else { 0.0 }
    });
}

#[test]
fn ramp_follows_the_closed_form() {
    let (s, g) = (0.01, 0.005);
    let ramp = Ramp::new(BITS, RampMismatch { step: Share(s), slope: Share(g), bow_lsb: 0.0 });
    against_closed_form("ramp 8 bit, steps 1 %, slope 0.5 %", &ramp, |k, l| {
        s * s * k.min(l) as f64 + g * g * (k * l) as f64
    });
}

/// Signal to everything else of a coherent full-scale sine, in dB: what is left after a fit of sine and mean.
fn sndr(converter: &dyn Converter) -> f64 {
    const SAMPLES: usize = 1 << 14;
    let half = f64::from(1u32 << converter.bits()) / 2.0;
    // 1021 periods, coprime to the number of samples
    let angle = |i: usize| TAU * ((1021 * i) % SAMPLES) as f64 / SAMPLES as f64 + 0.3;
    let input: Vec<f64> = (0..SAMPLES).map(|i| half - 0.5 + half * angle(i).sin()).collect();
    let mut codes = vec![0; SAMPLES];
    converter.convert(Instance::new(1, 1), 0, 0.0, &input, &mut codes);
    let mean =
        |f: &dyn Fn(usize) -> f64| (0..SAMPLES).map(|i| f64::from(codes[i]) * f(i)).sum::<f64>() / SAMPLES as f64;
    let (m, s, c) = (mean(&|_| 1.0), 2.0 * mean(&|i| angle(i).sin()), 2.0 * mean(&|i| angle(i).cos()));
    let rest = |i: usize| (f64::from(codes[i]) - m - s * angle(i).sin() - c * angle(i).cos()).powi(2);
    let rest = (0..SAMPLES).map(rest).sum::<f64>() / SAMPLES as f64;
    10.0 * ((s * s + c * c) / 2.0 / rest).log10()
}

/// A converter of a kind without any deviation.
fn ideal(kind: AdcKind, bits: u8) -> Box<dyn Converter> {
    match kind {
        AdcKind::Sar => Box::new(Sar::new(bits, SarMismatch::default())),
        AdcKind::Flash => Box::new(Flash::new(bits, FlashMismatch::default())),
        AdcKind::Ramp => Box::new(Ramp::new(bits, RampMismatch::default())),
        AdcKind::Pipeline => Box::new(Pipeline::new(bits, StageMismatch::default())),
        AdcKind::Cyclic => Box::new(Cyclic::new(bits, StageMismatch::default())),
        AdcKind::Oscillator => Box::new(oscillator(bits, OscillatorPhase::Reset, 0.0)),
        // enough samples for the modulator's noise to vanish beside rounding
        AdcKind::SigmaDelta => Box::new(SigmaDelta { bits, order: 2, osr: 4096, levels: 2, leak: 1.0 }),
        AdcKind::SenseAmp => Box::new(SenseAmp),
    }
}

fn oscillator(bits: u8, phase: OscillatorPhase, phase_noise: f64) -> Oscillator {
    Oscillator { bits, gain: Share(0.0), bow_lsb: 0.0, phase_noise, phase }
}

#[test]
fn ideal_converters_reach_the_sndr_of_their_bits() {
    let (mut text, mut most) = (String::new(), 0.0f64);
    for kind in AdcKind::ALL {
        for bits in [6, 8, 10, 12] {
            let converter = ideal(kind, bits);
            assert!(converter.is_ideal() && converter.kind() == kind);
            let got = sndr(converter.as_ref());
            if kind == AdcKind::SenseAmp {
                // one bit makes a square wave of it: the fundamental has 8/π² of the power
                let exact = 10.0 * (8.0 / (PI * PI - 8.0)).log10();
                assert!((got - exact).abs() < 0.01, "{got} dB for {exact}");
                text += &format!(" sense_amp 1 bit {got:.2} dB (square wave {exact:.2});");
                break;
            }
            let law = 6.0206 * f64::from(bits) + 1.7609;
            // rounding errors of a sine of amplitude A are not quite white: their power deviates from 1/12 by at
            // most Σ 12/(π²m²)·|J₀(2πmA)| ≤ Σ 12/(π³·m^2.5·√A) = 0.52/√A (Gray, IEEE Trans. Inf. Theory 1990,
            // doi:10.1109/18.59924), that is 0.2 dB at 8 bits and half as much for every two bits more
            let bound = 4.343 * 0.52 / (f64::from(1u32 << bits) / 2.0).sqrt();
            assert!((got - law).abs() < bound, "{} of {bits} bits: {got} dB for {law}", kind.name());
            most = most.max((got - law).abs() / bound);
            if bits == 8 {
                text += &format!(" {} {got:.2};", kind.name());
            }
        }
    }
    println!(
        "row9 ideal SNDR at 8 bits (6.02 N + 1.76 = {:.2} dB):{text} 6, 8, 10, 12 bits: at most {most:.2} of what a sine's rounding errors may differ from white noise",
        6.0206 * 8.0 + 1.7609
    );
}

/// Power of each bin of a real signal under a Hann window, bins 0 to n/2, scaled to the power of noise.
fn spectrum(signal: &[f64]) -> Vec<f64> {
    let n = signal.len();
    let window = |i: usize| 0.5 - 0.5 * (TAU * i as f64 / n as f64).cos();
    let mut a: Vec<(f64, f64)> = (0..n)
        .map(|i| {
            let j = i.reverse_bits() >> (usize::BITS - n.trailing_zeros());
            (signal[j] * window(j), 0.0)
        })
        .collect();
    let mut size = 2;
    while size <= n {
        for block in a.chunks_mut(size) {
            let (low, high) = block.split_at_mut(size / 2);
            for (k, (x, y)) in low.iter_mut().zip(high).enumerate() {
                let (sin, cos) = (-TAU * k as f64 / size as f64).sin_cos();
                let t = (y.0 * cos - y.1 * sin, y.0 * sin + y.1 * cos);
                *y = (x.0 - t.0, x.1 - t.1);
                *x = (x.0 + t.0, x.1 + t.1);
            }
        }
        size *= 2;
    }
    let norm = n as f64 * (0..n).map(|i| window(i).powi(2)).sum::<f64>();
    a[..=n / 2].iter().map(|(re, im)| 2.0 * (re * re + im * im) / norm).collect()
}

#[test]
fn sigma_delta_follows_its_sqnr_law() {
    const SAMPLES: usize = 1 << 14;
    let mut text = String::new();
    for (order, levels) in [(1, 17), (2, 17), (1, 2), (2, 2)] {
        let mut gaps: Vec<f64> = Vec::new();
        for osr in [16, 32, 64, 128] {
            let adc = SigmaDelta { bits: 16, order, osr, levels, leak: 1.0 };
            let (mut signal, mut noise) = (0.0, 0.0);
            let runs = 24;
            for run in 0..runs {
                // a tone low in the band on a small constant that differs from run to run
                let (amplitude, bin) = (0.5, 21);
                let constant = 0.004 * f64::from(run) - 0.05;
                let x: Vec<f64> = (0..SAMPLES)
                    .map(|i| {
                        constant + amplitude * (TAU * bin as f64 * i as f64 / SAMPLES as f64 + f64::from(run)).sin()
                    })
                    .collect();
                let mut y = vec![0.0; SAMPLES];
                adc.modulate(&x, &mut y);
                let power = spectrum(&y);
                let band = SAMPLES / (2 * osr as usize);
                signal += amplitude * amplitude / 2.0 / f64::from(runs);
                // all of the band but the constant and the tone, which the window spreads over three bins
                let beside = |b: &usize| *b > 2 && b.abs_diff(bin) > 2;
                noise += (0..band).filter(beside).map(|b| power[b]).sum::<f64>() / f64::from(runs);
            }
            let measured = 10.0 * (signal / noise).log10();
            let (l, m, o) = (f64::from(order), f64::from(levels), f64::from(osr));
            // 6.02·B + 1.76 with 2^B − 1 = m − 1 steps, tone 6.02 dB below full scale
            let law = 10.0 * (1.5 * (m - 1.0).powi(2) * 0.25 * (2.0 * l + 1.0) / PI.powf(2.0 * l)).log10()
                + (20.0 * l + 10.0) * o.log10();
            gaps.push(measured - law);
            // with 17 levels the quantiser is never overloaded and its error nearly white
            let near = levels == 2 || (measured - law).abs() < 0.5;
            assert!(near, "order {order}, {levels} levels, OSR {osr}: {measured} dB, law {law}");
            if osr == 64 {
                text += &format!(" order {order}, {levels} levels {measured:.1} (law {law:.1});");
            }
        }
        // the error of two levels is not uniform, so that they keep a constant distance to the law: its slope over
        // three octaves of oversampling, 6.02·L + 3.01 dB each, holds to 0.5 dB an octave
        let slope = (gaps[3] - gaps[0]) / 3.0;
        assert!(slope.abs() < 0.5, "order {order}, {levels} levels: {slope} dB an octave off");
        let worst = gaps.iter().fold(0.0f64, |w, g| w.max(g.abs()));
        text += &format!(" OSR 16 to 128 within {worst:.2} dB, slope off by {slope:.2} dB an octave;");
    }
    println!("row9 sigma-delta SQNR at OSR 64 in dB:{text}");
}
