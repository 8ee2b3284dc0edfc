//! Sigma-delta: a coarse quantiser in a loop that pushes its error to high frequencies.
//!
//! Loops of order 1 and 2 with delays as in Candy and Temes: `s₁ ← p·s₁ + x − y`, `s₂ ← p·s₂ + s₁ − y`, where `y`
//! is the quantised last integrator and `p ≤ 1` the leak of an integrator (`1 − 1/A` for an amplifier of gain
//! `A`). With `p = 1` the noise is shaped by `(1 − z⁻¹)^L` and the signal only delayed. For a quantiser whose
//! levels stand `Δ` apart the noise within the band `f_s/(2·OSR)` has the power
//! `Δ²/12 · π^(2L)/(2L + 1) · OSR^−(2L+1)` (Schreier, Temes, *Understanding Delta-Sigma Data Converters*, 2005,
//! eq. 2.13; the error is taken as white).
//!
//! For columns the converter is its decimated output: the ideal transfer and this noise.

use super::{Converter, Instance, Transfer};
use crate::cost::AdcKind;

/// A sigma-delta converter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SigmaDelta {
    /// Bits of the codes after decimation.
    pub bits: u8,
    /// Integrators, 1 or 2.
    pub order: u8,
    /// Samples of the modulator for each code.
    pub osr: u32,
    /// Levels of the quantiser, 2 or more, from −1 to 1.
    pub levels: u32,
    /// What an integrator keeps from one sample to the next; 1 is ideal.
    pub leak: f64,
}

impl SigmaDelta {
    /// Distance of the quantiser's levels; the range is −1 to 1.
    #[must_use]
    pub fn step(&self) -> f64 {
        2.0 / f64::from(self.levels - 1)
    }

    /// Runs the modulator from rest over samples between −1 and 1; the output is one of the levels each time.
    pub fn modulate(&self, input: &[f64], output: &mut [f64]) {
        let mut state = [0.0f64; 2];
        let step = self.step();
        for (x, y) in input.iter().zip(output) {
            let last = state[usize::from(self.order > 1)];
            let level = ((last + 1.0) / step).round().clamp(0.0, f64::from(self.levels - 1));
            *y = level * step - 1.0;
            state[0] = self.leak * state[0] + x - *y;
            state[1] = self.leak * state[1] + state[0] - *y;
        }
    }

    /// Power of the shaped noise within the band, for the range −1 to 1.
    #[must_use]
    pub fn noise_power(&self) -> f64 {
        let order = f64::from(self.order);
        let shaped = std::f64::consts::PI.powf(2.0 * order) / (2.0 * order + 1.0);
        self.step().powi(2) / 12.0 * shaped * f64::from(self.osr).powf(-2.0 * order - 1.0)
    }
}

impl Converter for SigmaDelta {
    fn kind(&self) -> AdcKind {
        AdcKind::SigmaDelta
    }
    fn bits(&self) -> u8 {
        self.bits
    }
    fn is_ideal(&self) -> bool {
        true
    }
    fn noise(&self) -> f64 {
        // the range of 2 holds 2^bits steps
        self.noise_power().sqrt() * f64::from(1u32 << (self.bits - 1))
    }
    fn transfer(&self, _: Instance) -> Transfer {
        Transfer::ideal(self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: SigmaDelta = SigmaDelta { bits: 8, order: 1, osr: 64, levels: 2, leak: 1.0 };

    #[test]
    fn the_mean_output_follows_the_input() {
        for order in [1, 2] {
            for x in [-0.7, -0.31, 0.0, 0.123, 0.6] {
                let (input, mut output) = (vec![x; 20_000], vec![0.0; 20_000]);
                SigmaDelta { order, ..FIRST }.modulate(&input, &mut output);
                let mean = output.iter().sum::<f64>() / 20_000.0;
                // states stay bounded, so the sums differ by a few steps at most
                assert!((mean - x).abs() < 5.0 / 20_000.0, "order {order}: {mean} for {x}");
                assert!(output.iter().all(|y| y.abs() == 1.0));
            }
        }
    }

    #[test]
    fn a_leak_leaves_small_inputs_unseen() {
        // the first-order loop locks to +1, −1 while |x| < (1 − p)/(1 + p)
        let (input, mut output) = (vec![0.004; 4000], vec![0.0; 4000]);
        SigmaDelta { leak: 0.99, ..FIRST }.modulate(&input, &mut output);
        assert_eq!(output[2000..].iter().sum::<f64>(), 0.0);
        FIRST.modulate(&input, &mut output);
        assert!(output[2000..].iter().sum::<f64>() > 0.0);
    }

    #[test]
    fn twice_the_samples_are_worth_half_a_bit_more_than_the_order() {
        for (order, decibel) in [(1, 9.03), (2, 15.05)] {
            let of = |osr| SigmaDelta { order, osr, ..FIRST }.noise_power();
            assert!((10.0 * (of(32) / of(64)).log10() - decibel).abs() < 0.01);
        }
    }
}
