//! Digital SRAM bit cell as the reference technology: two levels, exact but for stuck cells.
//!
//! A stored one closes a read path of two transistors, of conductance `I_read/V_DD`; a stored zero leaks. A write
//! costs its bit lines and the cell itself. Held by the supply, the bit does not age.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spec::{Checks, Entry, SpecError};
use super::{Cells, Chance, Device, Programming, Pulse, Window};
use crate::rng::{Domain, Draw};
use crate::units::{Ampere, Joule, Kelvin, Second, Share, Siemens, Volt, Watt};

/// Row of the device table.
pub(super) const ENTRY: Entry = Entry {
    name: "sram",
    about: "digital SRAM bit cell with a read port: two levels, leakage, no spread",
    example: "\
sram:
  supply: 0.8 V
  read_current: 20 uA
  write_energy: 1 fJ
",
};

/// Fields whose default is assumed.
pub(super) const ASSUMED: &[&str] = &[
    "supply",
    "read_current",
    "off_current",
    "leakage",
    "write_energy",
    "write_time",
    "stuck_at_zero",
    "stuck_at_one",
];

/// Card of the cell. The defaults are round numbers of the order of a 28 nm eight-transistor cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SramSpec {
    /// Supply voltage, at which conductances are given. *Assumed*: 0.8 V.
    pub supply: Volt,
    /// Current of the read path of a one at the supply. *Assumed*: 20 uA.
    pub read_current: Ampere,
    /// Current of the read path of a zero. *Assumed*: 20 nA.
    pub off_current: Ampere,
    /// Power of the held cell. *Assumed*: 0.1 nW.
    pub leakage: Watt,
    /// Energy of a write: cell and its share of the bit lines. *Assumed*: 1 fJ.
    pub write_energy: Joule,
    /// Time of a write. *Assumed*: 1 ns.
    pub write_time: Second,
    /// Share of cells stuck at zero. *Assumed*: 0 % (repaired by redundancy).
    pub stuck_at_zero: Share,
    /// Share of cells stuck at one. *Assumed*: 0 %.
    pub stuck_at_one: Share,
    /// Where the numbers of the card come from.
    pub source: String,
}

impl Default for SramSpec {
    fn default() -> Self {
        Self {
            supply: Volt(0.8),
            read_current: Ampere(20e-6),
            off_current: Ampere(20e-9),
            leakage: Watt(0.1e-9),
            write_energy: Joule(1e-15),
            write_time: Second(1e-9),
            stuck_at_zero: Share(0.0),
            stuck_at_one: Share(0.0),
            source: "assumed, of the order of a 28 nm eight-transistor cell".into(),
        }
    }
}

/// A bit cell; made by [`SramSpec::build`].
#[derive(Debug, Clone, PartialEq)]
pub struct Sram(SramSpec);

impl Sram {
    /// Power of a cell that holds its bit.
    #[must_use]
    pub const fn leakage(&self) -> Watt {
        self.0.leakage
    }

    fn conductance(&self, one: bool) -> f64 {
        (if one { self.0.read_current } else { self.0.off_current }).0 / self.0.supply.0
    }

    /// The nearer level.
    fn is_one(&self, g: f64) -> bool {
        g >= 0.5 * (self.conductance(true) + self.conductance(false))
    }

    fn stuck(&self, address: u64, chance: Chance) -> Option<bool> {
        let u = Draw { seed: chance.seed, domain: Domain::StuckAt, element: address, tick: 0 }.uniform(0);
        let (zero, one) = (self.0.stuck_at_zero.0 * chance.scale, self.0.stuck_at_one.0 * chance.scale);
        if u < zero { Some(false) } else { (u < zero + one).then_some(true) }
    }

    fn cost(&self, writes: u64) -> Programming {
        Programming {
            pulses: writes,
            energy: self.0.write_energy * writes as f64,
            time: self.0.write_time * writes as f64,
        }
    }
}

/// Bits to be written one by one.
#[derive(Debug)]
struct SramCells {
    device: Sram,
    /// The bit of each cell and where it is stuck.
    bits: Vec<(bool, Option<bool>)>,
}

impl Cells for SramCells {
    /// A positive voltage writes a one, a negative one a zero, whatever the width.
    fn pulse(&mut self, pulses: &[Pulse], _: u64) -> Programming {
        let mut writes = 0;
        for ((bit, stuck), pulse) in self.bits.iter_mut().zip(pulses) {
            if pulse.voltage.0 != 0.0 {
                *bit = stuck.unwrap_or(pulse.voltage.0 > 0.0);
                writes += 1;
            }
        }
        self.device.cost(writes)
    }
    fn pulse_metered(&mut self, pulses: &[Pulse], tick: u64, energy: &mut [f64]) -> Programming {
        for (energy, _) in energy.iter_mut().zip(pulses).filter(|(_, p)| p.voltage.0 != 0.0) {
            *energy += self.device.0.write_energy.0;
        }
        self.pulse(pulses, tick)
    }
    fn conductance(&self, out: &mut [f64]) {
        for ((bit, _), out) in self.bits.iter().zip(out) {
            *out = self.device.conductance(*bit);
        }
    }
}

impl Device for Sram {
    fn kind(&self) -> &'static str {
        ENTRY.name
    }
    fn window(&self) -> Window {
        Window { g_min: Siemens(self.conductance(false)), g_max: Siemens(self.conductance(true)) }
    }
    fn levels(&self) -> Option<u32> {
        Some(2)
    }
    fn analog(&self) -> bool {
        false
    }
    /// Writes the level that is nearer to the target.
    fn program(&self, target: &[f64], cells: &[u64], chance: Chance, achieved: &mut [f64]) -> Programming {
        for ((target, cell), achieved) in target.iter().zip(cells).zip(achieved) {
            *achieved = self.conductance(self.stuck(*cell, chance).unwrap_or_else(|| self.is_one(*target)));
        }
        self.cost(target.len() as u64)
    }
    fn pulses(&self) -> Option<[Pulse; 2]> {
        Some([self.0.supply, self.0.supply * -1.0].map(|voltage| Pulse { voltage, width: self.0.write_time }))
    }
    fn cells(&self, cells: &[u64], chance: Chance) -> Option<Box<dyn Cells>> {
        let bits = cells.iter().map(|c| self.stuck(*c, chance)).map(|s| (s.unwrap_or(false), s)).collect();
        Some(Box::new(SramCells { device: self.clone(), bits }))
    }
    /// The supply holds the bit.
    fn age(&self, _: &mut [f64], _: &[u64], _: Second, _: Kelvin, _: Chance) {}
    fn read_moments(&self, g: &[f64], _: Volt, _: Chance, mean: &mut [f64], variance: &mut [f64]) {
        mean.copy_from_slice(g);
        variance.fill(0.0);
    }
    fn current(&self, g: f64, v: Volt) -> f64 {
        g * v.0
    }
}

impl SramSpec {
    /// Checks the card and makes the cell.
    ///
    /// # Errors
    /// Every field out of its range.
    pub fn build(&self) -> Result<Sram, Vec<SpecError>> {
        let mut c = Checks::default();
        c.positive("supply", self.supply.0);
        c.positive("off_current", self.off_current.0);
        c.require(
            self.read_current > self.off_current && self.read_current.0.is_finite(),
            "read_current",
            format!("`read_current` ({}) must be greater than `off_current` ({})", self.read_current, self.off_current),
            "exchange the two",
        );
        c.not_negative("leakage", self.leakage.0);
        c.not_negative("write_energy", self.write_energy.0);
        c.not_negative("write_time", self.write_time.0);
        c.within("stuck_at_zero", self.stuck_at_zero.0, 0.0, 0.5);
        c.within("stuck_at_one", self.stuck_at_one.0, 0.0, 0.5);
        c.finish(|| Sram(self.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: Chance = Chance { seed: 3, scale: 1.0 };

    #[test]
    fn bits_are_exact() {
        let d = SramSpec::default().build().unwrap();
        let w = d.window();
        let (low, high) = (w.g_min.0, w.g_max.0);
        let target = [low, low + 0.4 * (high - low), low + 0.6 * (high - low), high];
        let mut g = [0.0; 4];
        let cost = d.program(&target, &[0, 1, 2, 3], REAL, &mut g);
        assert_eq!(g, [low, low, high, high]);
        assert_eq!((cost.pulses, cost.energy.0, cost.time.0), (4, 4e-15, 4e-9));
        assert!((high - 25e-6).abs() < 1e-12 && d.leakage() == Watt(0.1e-9));
    }

    #[test]
    fn stuck_cells_are_as_many_as_the_card_says_and_keep_their_bit() {
        let spec = SramSpec { stuck_at_zero: Share(0.02), stuck_at_one: Share(0.05), ..SramSpec::default() };
        let d = spec.build().unwrap();
        let n = 20_000;
        let cells: Vec<u64> = (0..n as u64).collect();
        let mut bits = d.cells(&cells, REAL).unwrap();
        let mut g = vec![0.0; n];
        for (v, share) in [(0.8, 0.02), (-0.8, 0.05)] {
            bits.pulse(&vec![Pulse { voltage: Volt(v), width: Second(1e-9) }; n], 0);
            bits.conductance(&mut g);
            let wrong = g.iter().filter(|g| d.is_one(**g) != (v > 0.0)).count() as f64;
            let expected = share * n as f64;
            assert!((wrong - expected).abs() < 5.0 * expected.sqrt(), "{wrong} {expected}");
            let mut programmed = vec![0.0; n];
            let target = if v > 0.0 { d.window().g_max } else { d.window().g_min };
            d.program(&vec![target.0; n], &cells, REAL, &mut programmed);
            assert_eq!(programmed, g);
        }
    }
}
