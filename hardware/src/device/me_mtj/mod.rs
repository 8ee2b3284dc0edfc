//! Magnetic tunnel junction whose anisotropy is controlled by voltage: a binary memory cell, and a source of random
//! bits (device class of Cheng et al., Nat. Commun. 16, 5022 (2025), and of superparamagnetic junctions, Mizrahi et
//! al., Nat. Commun. 9, 1533 (2018)).
//!
//! * `switching`: probability that a pulse switches, in voltage and width (activated, precessional);
//! * `telegraph`: the signal of two states in time, exactly: retention, and superparamagnetic junctions;
//! * `bits`: noise from bits, calibration to measured points;
//! * here: the cell of a chip.
//!
//! **States.** Parallel (high) and antiparallel (low conductance) and nothing between: a target goes to the nearer
//! state. `R_AP = R_P·(1 + TMR/(1 + (V/V_h)²))`; the parallel state is linear.
//! **Programming.** Pulses toggle, so that each is preceded by a read and sent to cells in the wrong state alone; a
//! pulse costs `C·V² + V·I(V)·t`. Chance: whether a pulse switches. Without chance it does what it does more often than
//! not.
//! **Ageing** is the telegraph law without voltage, at `Δ·T_ref/T`: each cell has one draw, and switches when its
//! probability of being in the other state has risen beyond it.
//! **Reads** have Gaussian noise proportional to the mean; thermal and shot noise are those of the crossbar. What a
//! read disturbs is [`Junction::probability`] at the read voltage; it is not applied to stored cells.

mod bits;
mod spec;
mod switching;
mod telegraph;

pub use bits::{Logistic, NeelBrown, standardised};
pub(super) use spec::ASSUMED;
pub use spec::{
    MeMtjSpec, MtjBarrierSpec, MtjPrecessionSpec, MtjProgrammingSpec, MtjReadSpec, MtjResistanceSpec,
    MtjTemperatureSpec, MtjVariationSpec,
};
pub use switching::{BitStream, Junction};
pub use telegraph::Telegraph;

use super::spec::Entry;
use super::{Cells, Chance, Device, Programming, Pulse, Window};
use crate::rng::{Domain, Draw};
use crate::units::{Joule, Kelvin, Second, Siemens, Volt};

/// Row of the device table.
pub(super) const ENTRY: Entry = Entry {
    name: "me_mtj",
    about: "magnetic tunnel junction switched by voltage: binary cell, switching probability in voltage and time",
    example: "\
me_mtj:
  resistance: { parallel: 50 kOhm, tmr: 100 %, half_voltage: 0.5 V }
  barrier: { stability: 50, critical: 1.4 V, attempt: 1 ns }
  precession: { period: 1.4 ns, coherence: 20 ns }
  programming: { voltage: 1.6 V, width: 0.7 ns, tries: 8 }
  read: { voltage: 0.1 V, noise: 0.5 % }
",
};

/// A junction at one chip temperature; made by [`MeMtjSpec::build`].
#[derive(Debug, Clone, PartialEq)]
pub struct MeMtj {
    spec: MeMtjSpec,
    /// Law of the nominal junction at the temperature of the chip.
    junction: Junction,
    temperature: Kelvin,
}

/// One cell: its own parameters and its state.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cell {
    address: u64,
    /// Conductance over the nominal one, and magnetoresistance at no voltage.
    gain: f64,
    tmr: f64,
    junction: Junction,
    parallel: bool,
}

impl MeMtj {
    /// Law of the nominal junction.
    #[must_use]
    pub const fn junction(&self) -> &Junction {
        &self.junction
    }

    /// `R_AP/R_P` at a voltage, of a magnetoresistance at no voltage.
    fn ratio(&self, tmr: f64, v: f64) -> f64 {
        let x = v / self.spec.resistance.half_voltage.0;
        1.0 + tmr / (1.0 + x * x)
    }

    /// The cell of an address, antiparallel.
    fn cell(&self, address: u64, chance: Chance) -> Cell {
        let v = &self.spec.variation;
        let z = |tick: u64| {
            if chance.scale == 0.0 {
                return 0.0;
            }
            let draw = Draw { seed: chance.seed, domain: Domain::DeviceToDevice, element: address, tick };
            chance.scale * draw.normal(0)
        };
        // spreads of at most a fifth: what is cut off lies beyond four deviations
        let factor = |s: f64, z: f64| (1.0 + s * z).max(0.1);
        let mut junction = self.junction;
        junction.stability *= factor(v.stability.0, z(2));
        junction.critical = junction.critical * factor(v.critical.0, z(3));
        Cell {
            address,
            gain: libm::exp(-v.resistance.0 * z(0)),
            tmr: self.spec.resistance.tmr.0 * factor(v.tmr.0, z(1)),
            junction,
            parallel: false,
        }
    }

    /// Chord conductance of a cell at a voltage.
    fn chord(&self, cell: &Cell, v: f64) -> f64 {
        let parallel = cell.gain / self.spec.resistance.parallel.0;
        if cell.parallel { parallel } else { parallel / self.ratio(cell.tmr, v) }
    }

    /// One pulse: its cost, and whether the cell switches.
    fn apply(&self, cell: &mut Cell, pulse: Pulse, tick: u64, chance: Chance) -> Programming {
        let (v, t) = (pulse.voltage.0, pulse.width.0);
        let energy = v * v * (self.spec.programming.capacitance.0 + self.chord(cell, v) * t);
        let p = cell.junction.probability(cell.parallel, pulse.voltage, pulse.width);
        // chance scales the probability of the rarer outcome
        let switches = if chance.scale == 0.0 {
            p > 0.5
        } else {
            let draw = Draw { seed: chance.seed, domain: Domain::Switching, element: cell.address, tick };
            let rarer = chance.scale.min(1.0) * p.min(1.0 - p);
            draw.chance(if p > 0.5 { 1.0 - rarer } else { rarer }, 0)
        };
        cell.parallel ^= switches;
        Programming { pulses: 1, energy: Joule(energy), time: pulse.width }
    }

    /// Conductance of nominal cells at the read bias, midway between the states.
    fn middle(&self) -> f64 {
        let w = self.window();
        0.5 * (w.g_min.0 + w.g_max.0)
    }

    /// `I/(g·v)`: how far the chord at `v` is from that at the read bias, for a cell `share` of the way to
    /// antiparallel.
    fn shape(&self, g: f64, v: f64) -> f64 {
        let w = self.window();
        let share = ((w.g_max.0 - g) / (w.g_max.0 - w.g_min.0)).clamp(0.0, 1.0);
        let chord = |v: f64| 1.0 - share + share / self.ratio(self.spec.resistance.tmr.0, v);
        chord(v) / chord(self.spec.read.voltage.0)
    }
}

impl Device for MeMtj {
    fn kind(&self) -> &'static str {
        ENTRY.name
    }
    fn window(&self) -> Window {
        let g = 1.0 / self.spec.resistance.parallel.0;
        let ratio = self.ratio(self.spec.resistance.tmr.0, self.spec.read.voltage.0);
        Window { g_min: Siemens(g / ratio), g_max: Siemens(g) }
    }
    fn read_bias(&self) -> Option<Volt> {
        Some(self.spec.read.voltage)
    }
    fn levels(&self) -> Option<u32> {
        Some(2)
    }
    fn analog(&self) -> bool {
        false
    }
    fn temperature_range(&self) -> [Kelvin; 2] {
        [self.spec.temperature.minimum, self.spec.temperature.maximum]
    }
    fn program(&self, target: &[f64], cells: &[u64], chance: Chance, achieved: &mut [f64]) -> Programming {
        let (p, read, middle) = (&self.spec.programming, self.spec.read.voltage.0, self.middle());
        let pulse = Pulse { voltage: p.voltage, width: p.width };
        let mut total = Programming::default();
        for ((target, address), achieved) in target.iter().zip(cells).zip(achieved) {
            let mut cell = self.cell(*address, chance);
            for tick in 0..u64::from(p.tries) {
                total.time += p.read_time;
                total.energy += Joule(self.chord(&cell, read) * read * read * p.read_time.0);
                if cell.parallel == (*target > middle) {
                    break;
                }
                let cost = self.apply(&mut cell, pulse, tick, chance);
                total.pulses += cost.pulses;
                total.energy += cost.energy;
                total.time += cost.time;
            }
            *achieved = self.chord(&cell, read);
        }
        total
    }
    /// The same pulse raises and lowers: it toggles.
    fn pulses(&self) -> Option<[Pulse; 2]> {
        let p = &self.spec.programming;
        Some([Pulse { voltage: p.voltage, width: p.width }; 2])
    }
    fn cells(&self, cells: &[u64], chance: Chance) -> Option<Box<dyn Cells>> {
        let cells = cells.iter().map(|c| self.cell(*c, chance)).collect();
        Some(Box::new(MtjCells { device: self.clone(), cells, chance }))
    }
    fn age(&self, g: &mut [f64], cells: &[u64], age: Second, temperature: Kelvin, chance: Chance) {
        if chance.scale == 0.0 {
            return;
        }
        let (read, middle) = (self.spec.read.voltage.0, self.middle());
        // a barrier is so many thermal energies
        let warmer = self.temperature / temperature;
        for (g, address) in g.iter_mut().zip(cells) {
            let mut cell = self.cell(*address, chance);
            cell.parallel = *g > middle;
            let hot = Junction { stability: cell.junction.stability * warmer, ..cell.junction };
            let p = chance.scale.min(1.0) * hot.activated(Volt(0.0)).switched(cell.parallel, age);
            let draw = Draw { seed: chance.seed, domain: Domain::Drift, element: *address, tick: 0 };
            if draw.chance(p, 0) {
                let ratio = self.ratio(cell.tmr, read);
                *g *= if cell.parallel { 1.0 / ratio } else { ratio };
            }
        }
    }
    fn read_moments(&self, g: &[f64], v: Volt, chance: Chance, mean: &mut [f64], variance: &mut [f64]) {
        let noise = self.spec.read.noise.0 * chance.scale;
        for ((g, mean), variance) in g.iter().zip(mean).zip(variance) {
            *mean = g * self.shape(*g, v.0);
            *variance = (noise * *mean) * (noise * *mean);
        }
    }
    fn current(&self, g: f64, v: Volt) -> f64 {
        g * self.shape(g, v.0) * v.0
    }
}

/// Cells written pulse by pulse.
#[derive(Debug)]
struct MtjCells {
    device: MeMtj,
    cells: Vec<Cell>,
    chance: Chance,
}

impl Cells for MtjCells {
    fn pulse(&mut self, pulses: &[Pulse], tick: u64) -> Programming {
        let mut total = Programming::default();
        for (pulse, cell) in pulses.iter().zip(&mut self.cells).filter(|(p, _)| p.voltage.0 != 0.0) {
            let cost = self.device.apply(cell, *pulse, tick, self.chance);
            total.pulses += cost.pulses;
            total.energy += cost.energy;
            total.time += cost.time;
        }
        total
    }
    fn conductance(&self, out: &mut [f64]) {
        let read = self.device.spec.read.voltage.0;
        for (g, cell) in out.iter_mut().zip(&self.cells) {
            *g = self.device.chord(cell, read);
        }
    }
}

#[cfg(test)]
mod tests;
