//! Relaxation of programmed cells: `ln g(t) = ln g - (d + s·z)·log10(1 + t/t0)`, one `z` for a cell, `t0` activated.

use super::spec::{HfOxTemperatureSpec, RelaxationSpec};
use super::{BOLTZMANN, CHARGE};
use crate::device::{Chance, Checks};
use crate::rng::{Domain, Draw};
use crate::units::{Kelvin, Second};

impl RelaxationSpec {
    /// Decades of time since programming, in units of the activated onset.
    pub(in super::super) fn decades(&self, age: Second, temperature: Kelvin, reference: Kelvin) -> f64 {
        let inverse = 1.0 / temperature.0 - 1.0 / reference.0;
        let faster = libm::exp(-self.activation_ev * CHARGE / BOLTZMANN * inverse);
        libm::log10(1.0 + age.0 * faster / self.onset.0)
    }

    /// Share of its conductance that a cell has left after so many decades.
    pub(in super::super) fn left(&self, decades: f64, address: u64, chance: Chance) -> f64 {
        let draw = Draw { seed: chance.seed, domain: Domain::Drift, element: address, tick: 0 };
        let spread = if chance.scale == 0.0 { 0.0 } else { self.spread.0 * chance.scale * draw.normal(0) };
        libm::exp(-(spread - libm::log1p(-self.drift.0)) * decades)
    }

    /// Notes what is wrong with the group `relaxation` of a card.
    pub(in super::super) fn check(&self, c: &mut Checks) {
        c.not_negative("relaxation.spread", self.spread.0);
        c.within("relaxation.drift", self.drift.0, 0.0, 0.5);
        c.positive("relaxation.onset", self.onset.0);
        c.within("relaxation.activation_ev", self.activation_ev, 0.0, 3.0);
    }
}

impl HfOxTemperatureSpec {
    /// Notes what is wrong with the group `temperature` of a card on a chip at `temperature`.
    pub(in super::super) fn check(&self, temperature: Kelvin, c: &mut Checks) {
        c.positive("temperature.reference", self.reference.0);
        c.positive("temperature.minimum", self.minimum.0);
        c.temperature(temperature, self.minimum, self.maximum);
    }
}
