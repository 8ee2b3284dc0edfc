//! Filters of the ECG front end. They use only addition, multiplication and `libm`, so that every
//! platform gives the same bits.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Running median over an odd number of samples; beyond the ends the first and last value repeat.
///
/// A histogram of the window is kept and its median walked up or down, so a step costs a constant
/// plus the distance the median moves.
///
/// # Panics
/// If `width` is even.
#[must_use]
pub fn median(x: &[i32], width: usize) -> Vec<i32> {
    assert!(width % 2 == 1, "the window is symmetric around its sample");
    let (Some(&low), Some(&high)) = (x.iter().min(), x.iter().max()) else {
        return Vec::new();
    };
    let half = width / 2;
    let last = x.len() - 1;
    // Index of a value in the histogram; the span fits, as counts come from 12- or 16-bit words.
    let bin = |i: usize| x[i.clamp(half, last + half) - half].wrapping_sub(low) as usize;
    let mut histogram = vec![0u32; (i64::from(high) - i64::from(low) + 1) as usize];
    for i in 0..width {
        histogram[bin(i)] += 1;
    }
    // Invariant: `below` values of the window are smaller than `at`, and the median is `at`.
    let (mut at, mut below) = (0usize, 0usize);
    let mut out = Vec::with_capacity(x.len());
    for i in 0..x.len() {
        while below > half {
            at -= 1;
            below -= histogram[at] as usize;
        }
        while below + histogram[at] as usize <= half {
            below += histogram[at] as usize;
            at += 1;
        }
        out.push(low.wrapping_add(at as i32));
        let (leaves, enters) = (bin(i), bin(i + width));
        histogram[leaves] -= 1;
        histogram[enters] += 1;
        below = below + usize::from(enters < at) - usize::from(leaves < at);
    }
    out
}

/// Taps of the low-pass before decimation by two: 41-tap windowed sinc, cut-off at half the Nyquist
/// frequency, Kaiser window with beta 5, unit gain at 0 Hz. Ten taps a side for each output phase is
/// the usual default of polyphase resamplers.
fn half_band() -> [f64; 41] {
    let mut taps = [0.0; 41];
    for (i, tap) in taps.iter_mut().enumerate() {
        let t = i as f64 - 20.0;
        let sinc = if t == 0.0 { 1.0 } else { libm::sin(0.5 * PI * t) / (0.5 * PI * t) };
        let ratio = t / 20.0;
        *tap = 0.5 * sinc * bessel_i0(5.0 * libm::sqrt(1.0 - ratio * ratio)) / bessel_i0(5.0);
    }
    let sum: f64 = taps.iter().sum();
    taps.map(|t| t / sum)
}

/// Modified Bessel function of the first kind, order zero, by its power series (fast for small `x`).
fn bessel_i0(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..60 {
        let step = 0.5 * x / f64::from(k);
        term *= step * step;
        sum += term;
    }
    sum
}

/// Halves the sampling rate without delay: output `m` is centred on input `2 m`. Zeros are assumed
/// beyond the ends.
#[must_use]
pub fn decimate_by_two(x: &[f64]) -> Vec<f64> {
    let taps = half_band();
    (0..x.len().div_ceil(2))
        .map(|m| {
            let first = (2 * m).saturating_sub(20);
            let end = (2 * m + 21).min(x.len());
            (first..end).map(|i| x[i] * taps[2 * m + 20 - i]).sum()
        })
        .collect()
}

/// Second-order Butterworth section.
#[derive(Debug, Clone, Copy)]
struct Section {
    b: [f64; 3],
    a: [f64; 2],
}

impl Section {
    /// Bilinear transform of the second-order Butterworth prototype, frequency pre-warped.
    fn new(cut: f64, rate: f64, high_pass: bool) -> Self {
        let w = libm::tan(PI * cut / rate);
        let norm = 1.0 / (1.0 + 2.0 * FRAC_1_SQRT_2 * w + w * w);
        let b = if high_pass { [norm, -2.0 * norm, norm] } else { [w * w * norm, 2.0 * w * w * norm, w * w * norm] };
        Self { b, a: [2.0 * (w * w - 1.0) * norm, (1.0 - 2.0 * FRAC_1_SQRT_2 * w + w * w) * norm] }
    }
    fn run(self, x: &mut [f64]) {
        // Direct form II transposed, started in the steady state of the first value.
        let Some(&first) = x.first() else { return };
        let gain = (self.b[0] + self.b[1] + self.b[2]) / (1.0 + self.a[0] + self.a[1]);
        let mut s =
            [(self.b[1] + self.b[2] - (self.a[0] + self.a[1]) * gain) * first, (self.b[2] - self.a[1] * gain) * first];
        for v in x {
            let y = self.b[0] * *v + s[0];
            s = [self.b[1] * *v - self.a[0] * y + s[1], self.b[2] * *v - self.a[1] * y];
            *v = y;
        }
    }
}

/// Band-pass without phase shift: second-order Butterworth high- and low-pass, run forwards and
/// backwards. The ends are extended by one second of point reflection.
#[must_use]
pub fn band_pass(x: &[f64], low: f64, high: f64, rate: f64) -> Vec<f64> {
    if x.is_empty() {
        return Vec::new();
    }
    let pad = (rate as usize).min(x.len() - 1);
    let (first, last) = (x[0], x[x.len() - 1]);
    let mut y = Vec::with_capacity(x.len() + 2 * pad);
    y.extend((1..=pad).rev().map(|i| 2.0 * first - x[i]));
    y.extend_from_slice(x);
    y.extend((1..=pad).map(|i| 2.0 * last - x[x.len() - 1 - i]));
    let sections = [Section::new(low, rate, true), Section::new(high, rate, false)];
    for _ in 0..2 {
        sections.iter().for_each(|s| s.run(&mut y));
        y.reverse();
    }
    y[pad..pad + x.len()].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn running_median_equals_sorting(x in proptest::collection::vec(-40i32..40, 1..60), half in 0usize..9) {
            let width = 2 * half + 1;
            let expected: Vec<i32> = (0..x.len())
                .map(|i| {
                    let mut window: Vec<i32> =
                        (i..i + width).map(|j| x[j.saturating_sub(half).min(x.len() - 1)]).collect();
                    window.sort_unstable();
                    window[half]
                })
                .collect();
            prop_assert_eq!(median(&x, width), expected);
        }
    }

    fn tone(hz: f64, rate: f64, n: usize) -> Vec<f64> {
        (0..n).map(|i| libm::sin(2.0 * PI * hz * i as f64 / rate)).collect()
    }
    fn peak(x: &[f64]) -> f64 {
        x[x.len() / 3..2 * x.len() / 3].iter().fold(0.0, |m: f64, v| m.max(v.abs()))
    }

    #[test]
    fn decimation_keeps_low_tones_in_place() {
        let y = decimate_by_two(&tone(10.0, 360.0, 720));
        let expected = tone(10.0, 180.0, 360);
        let worst = (30..330).map(|i| (y[i] - expected[i]).abs()).fold(0.0, f64::max);
        assert!(worst < 2e-3, "{worst}");
        assert!(peak(&decimate_by_two(&tone(150.0, 360.0, 720))) < 5e-3);
    }

    #[test]
    fn decimation_keeps_a_constant() {
        let y = decimate_by_two(&[7.0; 200]);
        assert!((y[50] - 7.0).abs() < 1e-12);
    }

    #[test]
    fn band_pass_has_half_power_squared_at_its_edges() {
        // Two passes of a -3 dB edge give one half.
        let gain = |hz| peak(&band_pass(&tone(hz, 360.0, 3600), 5.0, 15.0, 360.0));
        assert!(gain(0.5) < 1e-3 && gain(120.0) < 1e-3);
        assert!((0.40..0.52).contains(&gain(5.0)) && (0.40..0.52).contains(&gain(15.0)));
        assert!(gain(8.7) > 0.75);
    }
}
