//! Conduction: the state `r` mixes two polynomials, `I = (1-r)·I_L(U) + r·I_H(U)`.
//!
//! The high-resistance end conducts backwards at the read voltage: it is an extrapolation, and no state of a finite
//! resistance reaches it. `r` is therefore never clipped. The polynomials hold from about -1.5 to +1.5 V; outside,
//! [`Conduction::clamped`] keeps the chord conductance of the end of that range.

use super::marginal::horner;
use super::parameters::Parameters;

/// Lowest voltage at which the polynomials are used for energies: that to which the loops behind them were swept
/// (published: validity -1.5 V to the voltage of a complete RESET).
const LOWEST: f64 = -1.5;

/// The two ends and what follows from them.
#[derive(Debug, Clone, PartialEq)]
pub struct Conduction {
    low: Vec<f64>,
    high: Vec<f64>,
    /// Chord conductance of the ends at the voltage at which resistances are defined, in siemens.
    pub g_low: f64,
    /// Of the high-resistance end: negative.
    pub g_high: f64,
    u_max: f64,
}

impl Conduction {
    /// Conduction of a set of parameters.
    #[must_use]
    pub fn of(p: &Parameters) -> Self {
        let chord = |c: &[f64]| horner(c, p.u_read.0) / p.u_read.0;
        Self {
            low: p.low.clone(),
            high: p.high.clone(),
            g_low: chord(&p.low),
            g_high: chord(&p.high),
            u_max: p.u_max.0,
        }
    }
    /// State of a chord conductance at the voltage at which resistances are defined.
    #[must_use]
    pub fn state_of_conductance(&self, g: f64) -> f64 {
        (self.g_low - g) / (self.g_low - self.g_high)
    }
    /// Chord conductance of a state at that voltage.
    #[must_use]
    pub fn conductance(&self, r: f64) -> f64 {
        (1.0 - r) * self.g_low + r * self.g_high
    }
    /// State through a point of the I–V plane.
    #[must_use]
    pub fn state_of_current(&self, i: f64, u: f64) -> f64 {
        let low = horner(&self.low, u);
        (i - low) / (horner(&self.high, u) - low)
    }
    /// Current of a state, by the polynomials at any voltage.
    #[must_use]
    pub fn current(&self, r: f64, u: f64) -> f64 {
        (1.0 - r) * horner(&self.low, u) + r * horner(&self.high, u)
    }
    /// Current of a state; outside -1.5 V to the voltage of a complete RESET with the chord conductance of that end.
    #[must_use]
    pub fn clamped(&self, r: f64, u: f64) -> f64 {
        let inside = u.clamp(LOWEST, self.u_max);
        self.current(r, inside) * if inside == 0.0 { 1.0 } else { u / inside }
    }
}
