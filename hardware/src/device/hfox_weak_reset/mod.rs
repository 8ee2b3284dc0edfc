//! Hafnium-oxide cell in the regime of weak RESET: after one SET, small RESET pulses raise its resistance little by
//! little (Majumdar et al., IEEE Trans. Electron Devices 2021, arXiv:2107.06064; numbers of its companion code).
//!
//! **Law.** After `t` pulses `R = R0·exp(w)` with `w = w_mean(t) + w_trap + α·w_flicker`,
//! `w_mean = m1·min(t, t*) + m2·max(t - t*, 0) + c1`. `R0, m1, m2, t*, c1` are drawn once for a cell, from laws cut
//! off at both ends (`law`).
//! **Noise.** `w_trap`: a trap that fills and empties with fixed probabilities at each pulse and, while filled, adds
//! `U·U·A`, both uniforms anew with each pulse. `w_flicker = Σ b_k·u_(t-k)`: uniform innovations through a filter of
//! order one half; they are not centred, so that it adds 0.054 in the mean once the filter is full (`cell`).
//! **What is frozen, what is read.** Both noises move with pulses alone: they are part of the state that programming
//! leaves, and the next pulse, not the next read, draws them anew. A read adds Gaussian noise proportional to the
//! mean; thermal and shot noise are those of the crossbar.
//! **Programming** (`programming`): SET, then trains of weak RESETs, shorter as the target comes near, until it is
//! reached from above; a cell that went too far begins anew.
//! **Conduction** is linear: the filament stays near its low-resistance state.
//! **Ageing**: the model has none; a card may add the relaxation of the 1T1R cell.
//!
//! Cells start in their *highest* conductance, that after SET: weak RESET only lowers it.

mod cell;
mod law;
mod programming;
mod spec;

pub use cell::WeakResetCell;
pub use law::{ExponentialLaw, LogNormalLaw, NormalLaw};
pub(super) use spec::ASSUMED;
pub use spec::{FlickerSpec, GrowthSpec, HfOxWeakResetSpec, WeakProgrammingSpec, WeakReadSpec, WeakTelegraphSpec};

use super::spec::Entry;
use super::{Cells, Chance, Device, Programming, Pulse, Window, one_by_one};
use crate::units::{Kelvin, Second, Siemens, Volt};
use cell::{Parameters, Population, WeakResetCells};
use spec::MOST_TAPS;

/// Row of the device table.
pub(super) const ENTRY: Entry = Entry {
    name: "hfox_weak_reset",
    about: "hafnium-oxide cell under weak RESET pulses: knee law, telegraph and 1/f noise, truncated spread",
    example: "\
hfox_weak_reset:
  telegraph: { rise: 8.0e-4, fall: 2.0e-3, amplitude: 0.5 }
  flicker: { gain: 0.025, taps: 15 }
  programming: { set: 1.5 V, reset: 1 V, reset_width: 1 us, pulses: 2000 }
  read: { voltage: 0.2 V, noise: 0.2 % }
",
};

/// A weak-RESET cell at one chip temperature; made by [`HfOxWeakResetSpec::build`].
#[derive(Debug, Clone, PartialEq)]
pub struct HfOxWeakReset {
    spec: HfOxWeakResetSpec,
    population: Population,
    /// The median cell.
    nominal: Parameters,
    /// Filter of the 1/f noise, times its gain.
    flicker: [f64; MOST_TAPS],
}

impl HfOxWeakReset {
    /// The cell of an address as a SET leaves it.
    #[must_use]
    pub fn cell(&self, address: u64, chance: Chance) -> WeakResetCell {
        WeakResetCell::new(self, address, chance)
    }
}

impl Device for HfOxWeakReset {
    fn kind(&self) -> &'static str {
        ENTRY.name
    }
    /// The median cell after SET and after all pulses that the card allows.
    fn window(&self) -> Window {
        let g = |t: u64| Siemens(libm::exp(-self.nominal.growth.at(t)) / self.nominal.lrs);
        Window { g_min: g(u64::from(self.spec.programming.pulses)), g_max: g(0) }
    }
    fn levels(&self) -> Option<u32> {
        Some(self.spec.levels)
    }
    fn temperature_range(&self) -> [Kelvin; 2] {
        [self.spec.temperature.minimum, self.spec.temperature.maximum]
    }
    fn program(&self, target: &[f64], cells: &[u64], chance: Chance, achieved: &mut [f64]) -> Programming {
        one_by_one(target, cells, achieved, |target, cell, cost| self.program_cell(target, cell, chance, cost))
    }
    /// SET, which raises the conductance to its highest at once, and one weak RESET.
    fn pulses(&self) -> Option<[Pulse; 2]> {
        let p = &self.spec.programming;
        Some([Pulse { voltage: p.set, width: p.set_width }, Pulse { voltage: Volt(-p.reset.0), width: p.reset_width }])
    }
    /// The cells after SET, in their highest conductance.
    fn cells(&self, cells: &[u64], chance: Chance) -> Option<Box<dyn Cells>> {
        let cells = cells.iter().map(|c| self.cell(*c, chance)).collect();
        Some(Box::new(WeakResetCells { device: self.clone(), cells }))
    }
    fn age(&self, g: &mut [f64], cells: &[u64], age: Second, temperature: Kelvin, chance: Chance) {
        let Some(r) = &self.spec.relaxation else { return };
        let decades = r.decades(age, temperature, self.spec.temperature.reference);
        for (g, cell) in g.iter_mut().zip(cells) {
            *g *= r.left(decades, *cell, chance);
        }
    }
    fn read_moments(&self, g: &[f64], _v: Volt, chance: Chance, mean: &mut [f64], variance: &mut [f64]) {
        let noise = self.spec.read.noise.0 * chance.scale;
        for ((g, mean), variance) in g.iter().zip(mean).zip(variance) {
            *mean = *g;
            *variance = (noise * g) * (noise * g);
        }
    }
    fn current(&self, g: f64, v: Volt) -> f64 {
        g * v.0
    }
}

#[cfg(test)]
mod tests;
