//! Thermal activation: a process that takes `t` at temperature `T` takes `t·exp(-E/k·(1/T_0 - 1/T))` at `T_0`
//! (Arrhenius), so that a time at `T` counts `exp(-E/k·(1/T - 1/T_0))`-fold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::spec::Checks;
use crate::units::Kelvin;

/// Boltzmann constant in eV/K: quotient of the exact constants of the SI of 2019.
pub const BOLTZMANN_EV: f64 = 1.380_649e-23 / 1.602_176_634e-19;

/// Thermal activation of a law.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivationSpec {
    /// Activation energy in eV.
    pub energy_ev: f64,
    /// Temperature at which the times of the law hold.
    pub reference: Kelvin,
}

impl ActivationSpec {
    /// Notes every mistake; `at` is the path of this group.
    pub(crate) fn check(&self, at: &str, checks: &mut Checks) {
        checks.within(&format!("{at}.energy_ev"), self.energy_ev, 0.0, 5.0);
        checks.positive(&format!("{at}.reference"), self.reference.0);
    }

    /// How many times faster the law runs at `temperature` than at its reference.
    #[must_use]
    pub fn speed(&self, temperature: Kelvin) -> f64 {
        libm::exp(self.energy_ev / BOLTZMANN_EV * (1.0 / self.reference.0 - 1.0 / temperature.0))
    }
}

/// Speed of a law that may have an activation; 1 without.
pub(super) fn speed(activation: Option<ActivationSpec>, temperature: Kelvin) -> f64 {
    activation.map_or(1.0, |a| a.speed(temperature))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0.7 eV between 55 °C and 125 °C by hand: 0.7 eV/k = 8123.1 K, times 5.35778e-4/K is 4.3521, e to which is 77.65.
    #[test]
    fn acceleration_of_a_burn_in() {
        let a = ActivationSpec { energy_ev: 0.7, reference: Kelvin(328.15) };
        assert!((a.speed(Kelvin(398.15)) - 77.65).abs() < 0.01, "{}", a.speed(Kelvin(398.15)));
        assert_eq!(a.speed(Kelvin(328.15)), 1.0);
        assert_eq!(speed(None, Kelvin(400.0)), 1.0);
    }
}
