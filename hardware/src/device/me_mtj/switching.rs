//! Probability that a pulse switches a junction, in voltage and time.
//!
//! A voltage lowers the barrier between the two states (voltage-controlled magnetic anisotropy), in units of thermal
//! energy `Δ(V) = Δ0·(1 - V/Vc)^n`. Below `Vc` switching is thermally activated, with rates out of the two states of
//! `Γ = exp(-Δ(V)·(1 ± h)²)/τ0`, `h = h0 + h1·V` the field that favours the parallel state (a bias field, and a part
//! for the transfer of spin); where one rate alone counts it is the law of Néel and Brown, `1 - exp(-t/τ(V))`. From
//! `Vc` on no barrier is left and the magnetisation precesses: `P = (1 - exp(-t/τ_d)·cos(2πt/T))/2` toggles at
//! `t = T/2` and forgets its beginning for `t ≫ τ_d`, whatever the voltage: the unbiased bit.

use super::telegraph::Telegraph;
use crate::units::{Hertz, Second, Volt};

/// Law of one junction at one temperature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Junction {
    /// Barrier over thermal energy without voltage, `Δ0`.
    pub stability: f64,
    /// Voltage that takes the barrier away, `Vc`.
    pub critical: Volt,
    /// Exponent `n` of the barrier.
    pub exponent: f64,
    /// Attempt time `τ0`.
    pub attempt: Second,
    /// Field `h0` that favours the parallel state, in units of the anisotropy field.
    pub field: f64,
    /// Its change `h1` with voltage, in 1/V.
    pub transfer: f64,
    /// Period `T` of the precession.
    pub period: Second,
    /// Time `τ_d` after which precession has lost its phase.
    pub coherence: Second,
}

/// Successive bits of a junction that receives one pulse for each and is never reset: a chain of two states.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BitStream {
    /// Probability of going from antiparallel (0) to parallel (1) with a pulse.
    pub rise: f64,
    /// Probability of going back.
    pub fall: f64,
}

impl BitStream {
    /// Share of ones.
    #[must_use]
    pub fn probability(&self) -> f64 {
        self.rise / (self.rise + self.fall)
    }

    /// Correlation of neighbouring bits; that of bits further apart is its power.
    #[must_use]
    pub fn correlation(&self) -> f64 {
        1.0 - self.rise - self.fall
    }
}

impl Junction {
    /// Barrier `Δ(V)` over thermal energy.
    #[must_use]
    pub fn barrier(&self, v: Volt) -> f64 {
        self.stability * libm::pow((1.0 - v.0 / self.critical.0).max(0.0), self.exponent)
    }

    /// Thermally activated switching at a constant voltage; state 1 is parallel.
    #[must_use]
    pub fn activated(&self, v: Volt) -> Telegraph {
        let (barrier, h) = (self.barrier(v), self.field + self.transfer * v.0);
        let rate = |share: f64| Hertz(libm::exp(-barrier * share.max(0.0) * share.max(0.0)) / self.attempt.0);
        Telegraph { leave: [rate(1.0 - h), rate(1.0 + h)] }
    }

    /// Probability that a pulse leaves the junction in the other state.
    #[must_use]
    pub fn probability(&self, parallel: bool, v: Volt, width: Second) -> f64 {
        if v < self.critical {
            return self.activated(v).switched(parallel, width);
        }
        let phase = libm::cos(std::f64::consts::TAU * width.0 / self.period.0);
        0.5 * (1.0 - libm::exp(-width.0 / self.coherence.0) * phase)
    }

    /// Bits of a junction under one pulse after the other.
    #[must_use]
    pub fn bits(&self, v: Volt, width: Second) -> BitStream {
        BitStream { rise: self.probability(false, v, width), fall: self.probability(true, v, width) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn junction() -> Junction {
        Junction {
            stability: 50.0,
            critical: Volt(1.4),
            exponent: 1.0,
            attempt: Second(1e-9),
            field: 0.0,
            transfer: 0.0,
            period: Second(1.4e-9),
            coherence: Second(10e-9),
        }
    }

    /// Far from equilibrium, and with a field that lets nothing come back, it is Néel's and Brown's law.
    #[test]
    fn below_the_critical_voltage_it_is_neel_brown() {
        let j = Junction { field: 0.3, ..junction() };
        for exponent in [1.0, 1.5, 2.0] {
            let j = Junction { exponent, ..j };
            for v in [0.0, 0.4, 0.8] {
                let tau = 1e-9 * (50.0 * (1.0 - v / 1.4_f64).powf(exponent) * 0.49).exp();
                for share in [1e-3, 0.5, 3.0] {
                    let p = j.probability(false, Volt(v), Second(share * tau));
                    // what comes back is in the ratio of the two rates
                    let back = (-50.0 * (1.0 - v / 1.4_f64).powf(exponent) * (1.69 - 0.49)).exp();
                    assert!((p / -(-share).exp_m1() - 1.0).abs() < 1e-9 + 4.0 * back, "{exponent} {v} {share}: {p}");
                }
            }
        }
    }

    /// `P∞ = 1/(1 + exp(-4Δh))`: for a field that goes with voltage, a logistic curve.
    #[test]
    fn long_pulses_reach_equilibrium() {
        let j = Junction { field: 0.02, stability: 12.0, ..junction() };
        for v in [0.0, 0.3, 0.9] {
            let p = j.probability(false, Volt(v), Second(1.0));
            let wanted = 1.0 / (1.0 + (-4.0 * j.barrier(Volt(v)) * 0.02).exp());
            assert!((p - wanted).abs() < 1e-12, "{v}: {p}");
            assert!((j.bits(Volt(v), Second(1.0)).probability() - wanted).abs() < 1e-12);
        }
    }

    #[test]
    fn above_it_pulses_toggle_and_then_forget() {
        let j = junction();
        for v in [1.4, 1.6, 3.0] {
            let p = |t: f64| j.probability(true, Volt(v), Second(t));
            assert_eq!(p(0.0), 0.0);
            assert!((p(0.7e-9) - 0.5 * (1.0 + (-0.07_f64).exp())).abs() < 1e-12, "half a period toggles");
            assert!((p(1.4e-9) - 0.5 * (1.0 - (-0.14_f64).exp())).abs() < 1e-12, "a whole one comes back");
            assert!((p(500e-9) - 0.5).abs() < 1e-12, "a long one forgets");
            let bits = j.bits(Volt(v), Second(0.35e-9));
            assert!((bits.probability() - 0.5).abs() < 1e-12 && bits.correlation().abs() < 1e-12);
        }
    }
}
