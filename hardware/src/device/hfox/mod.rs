//! One-transistor-one-resistor (1T1R) cell of hafnium oxide, with the state statistics of measured cells.
//!
//! **States.** Programming to a target resistance `R_t` leaves `R = R_t·(1 + λ·e)^(1/λ)` with
//! `e = s_c·z_try + s_d·z_cell`, both `z` standard normal. `λ` falls from 1 in the low- to 0 in the
//! high-resistance state, linearly in `ln R_t`: the law is normal in the former and log-normal in the latter,
//! as measured, and bridges the levels between (the bridge is assumed). The relative spreads `s` go linearly
//! in `ln R_t` between the published ones of the two states. The median is the target.
//! **Tries.** A try is a SET and a partial RESET, a cycle of the cell: `z_try = ρ·z_before + √(1 - ρ²)·z`, with the
//! published correlation `ρ` of successive cycles. Verification repeats tries until the conductance read is in range
//! or tries are used up, and the last one stays.
//! **Conditions** (`conditions`): states measured under several pulses, interpolated.
//! **Pulse by pulse** (`cells`): thresholds, abrupt SET, RESET by degrees.
//! **Binary weights** (`pair`): bit errors of single cells and of differential pairs.
//! **Energy** `∫V·I·dt`: SET with the current of the low-resistance state (it switches abruptly), RESET with
//! the mean of the currents before and after.
//! **Read noise** as in Synaptogen, `4kTB·|I/v| + 2eB·|I|`, and a part proportional to the current.
//! **Relaxation** `ln g(t) = ln g - (d + s·z)·log10(1 + t/t0)`, one `z` for a cell, `t0` activated.

mod cells;
mod conditions;
mod conduction;
mod pair;
mod relaxation;
mod spec;

pub use conditions::{ComplianceConditionSpec, HfOxConditionsSpec, ResetConditionSpec};
pub use pair::{BinaryCells, BinaryStates};
pub(super) use spec::ASSUMED;
pub use spec::{
    HfOxProgrammingSpec, HfOxReadSpec, HfOxSpec, HfOxSwitchingSpec, HfOxTemperatureSpec, HfOxVariationSpec,
    HfOxVerifySpec, HrsSpec, LrsLaw, LrsSpec, RelaxationSpec,
};

use super::spec::{Checks, Entry, SpecError};
use super::{Cells, Chance, Device, Programming, Pulse, Window, one_by_one};
use crate::rng::{Domain, Draw};
use crate::units::{Joule, Kelvin, Second, Siemens, Volt};
use cells::HfOxCells;
use conduction::Conduction;

/// Boltzmann constant in J/K and elementary charge in C (exact in the SI of 2019).
const BOLTZMANN: f64 = 1.380_649e-23;
const CHARGE: f64 = 1.602_176_634e-19;
/// Least value of `1 + λ·e`: beyond twenty standard deviations of the published low-resistance state.
const LEAST_BASE: f64 = 0.02;

/// Row of the device table.
pub(super) const ENTRY: Entry = Entry {
    name: "hfox",
    about: "1T1R hafnium-oxide cell with measured state statistics (normal LRS, log-normal HRS)",
    example: "\
hfox:
  lrs: { resistance: 4.521 kOhm, cycle_to_cycle: 3.2 %, device_to_device: 4.4 % }
  hrs: { resistance: 75.3 kOhm, cycle_to_cycle_decades: 0.182, device_to_device_decades: 0.078 }
  access_resistance: 1 kOhm
  programming: { set: 1.5 V, reset: 1.46 V, width: 100 ns, verify: { tries: 16, tolerance: 5 % } }
  read: { voltage: 0.2 V, noise: 0.5 % }
",
};

/// A hafnium-oxide cell at one chip temperature; made by [`HfOxSpec::build`].
#[derive(Debug, Clone, PartialEq)]
pub struct HfOx {
    spec: HfOxSpec,
    temperature: Kelvin,
    conduction: Conduction,
    /// Power of a SET and of a RESET pulse in a cell in the low-resistance state, in watt.
    lrs_power: [f64; 2],
}

/// Law of the resistance of one level.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Law {
    /// Exponent λ of the bridge: 1 normal, 0 log-normal.
    lambda: f64,
    /// Spread between tries.
    tries: f64,
    /// Spread between cells.
    cells: f64,
    /// Correlation of successive tries.
    correlation: f64,
}

impl Law {
    /// Conductance over target for `e`.
    fn factor(self, e: f64) -> f64 {
        if self.lambda < 1e-6 {
            libm::exp(-e)
        } else {
            libm::exp(-libm::log((1.0 + self.lambda * e).max(LEAST_BASE)) / self.lambda)
        }
    }
}

impl HfOx {
    /// Law of the level of conductance `g`.
    fn law(&self, g: f64) -> Law {
        let (lrs, hrs) = (&self.spec.lrs, &self.spec.hrs);
        let span = libm::log(hrs.resistance / lrs.resistance);
        let u = (-libm::log(g * lrs.resistance.0) / span).clamp(0.0, 1.0);
        let between = |low: f64, decades: f64| low + (decades * std::f64::consts::LN_10 - low) * u;
        Law {
            lambda: lrs.law.exponent(u),
            tries: between(lrs.cycle_to_cycle.0, hrs.cycle_to_cycle_decades),
            cells: between(lrs.device_to_device.0, hrs.device_to_device_decades),
            correlation: lrs.correlation + (hrs.correlation - lrs.correlation) * u,
        }
    }

    /// The conductance at which a cell is stuck, if it is.
    fn stuck(&self, address: u64, chance: Chance) -> Option<f64> {
        let v = &self.spec.variation;
        let u = Draw { seed: chance.seed, domain: Domain::StuckAt, element: address, tick: 0 }.uniform(0);
        let (lrs, hrs) = (v.stuck_lrs.0 * chance.scale, v.stuck_hrs.0 * chance.scale);
        if u < lrs {
            Some(1.0 / self.spec.lrs.resistance.0)
        } else {
            (u < lrs + hrs).then(|| 1.0 / self.spec.hrs.resistance.0)
        }
    }

    /// Variance of the current read at `v` with mean current `i`.
    fn current_variance(&self, i: f64, v: f64) -> f64 {
        let r = &self.spec.read;
        let thermal = 4.0 * BOLTZMANN * self.temperature.0 * r.bandwidth.0 * (i / v).abs();
        thermal + 2.0 * CHARGE * r.bandwidth.0 * i.abs() + (r.noise.0 * i) * (r.noise.0 * i)
    }

    /// Programs one cell from the high-resistance state and returns its conductance.
    fn program_cell(&self, target: f64, address: u64, chance: Chance, cost: &mut Programming) -> f64 {
        let p = &self.spec.programming;
        let draw = |domain, tick: u64, lane| {
            if chance.scale == 0.0 {
                return 0.0;
            }
            Draw { seed: chance.seed, domain, element: address, tick }.normal(lane) * chance.scale
        };
        let bias = self.spec.read.voltage;
        let w = self.window();
        let law = self.law(target);
        let cell = law.cells * draw(Domain::DeviceToDevice, 0, 0);
        let stuck = self.stuck(address, chance);
        let tries = p.verify.map_or(1, |v| v.tries);
        let (mut g, mut z) = (w.g_min.0, 0.0);
        for attempt in 0..tries {
            let fresh = draw(Domain::Program, u64::from(attempt), 0);
            let rho = if attempt == 0 { 0.0 } else { law.correlation };
            z = rho * z + libm::sqrt(1.0 - rho * rho) * fresh;
            g = stuck.unwrap_or_else(|| target * law.factor(law.tries * z + cell));
            // the cell comes in its high-resistance state: a first try at that level takes no pulse
            if attempt > 0 || target > w.g_min.0 * (1.0 + 1e-9) {
                let power = |v: Volt, g: f64| self.current(g, v) * v.0;
                let [set, reset] = match stuck {
                    None => self.lrs_power,
                    Some(g) => [power(p.set, g), power(p.reset, g)],
                };
                cost.pulses += 1;
                cost.time += p.width;
                cost.energy += Joule(set * p.width.0);
                if target < w.g_max.0 * (1.0 - 1e-9) {
                    cost.pulses += 1;
                    cost.time += p.width;
                    cost.energy += Joule(0.5 * (reset + power(p.reset, g)) * p.width.0);
                }
            }
            if let Some(verify) = p.verify {
                cost.time += verify.read_time;
                cost.energy += Joule(g * bias.0 * bias.0 * verify.read_time.0);
                let noise = libm::sqrt(self.current_variance(g * bias.0, bias.0)) / bias.0;
                let read = g + noise * draw(Domain::Program, u64::from(attempt), 1);
                if (read - target).abs() <= verify.tolerance.0 * (w.g_max.0 - w.g_min.0) {
                    break;
                }
            }
        }
        g
    }
}

impl Device for HfOx {
    fn kind(&self) -> &'static str {
        ENTRY.name
    }
    fn window(&self) -> Window {
        Window { g_min: Siemens(1.0 / self.spec.hrs.resistance.0), g_max: Siemens(1.0 / self.spec.lrs.resistance.0) }
    }
    fn read_bias(&self) -> Option<Volt> {
        Some(self.spec.read.voltage)
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
    /// A complete SET and a complete RESET.
    fn pulses(&self) -> Option<[Pulse; 2]> {
        let p = &self.spec.programming;
        Some([p.set, Volt(-p.reset.0)].map(|voltage| Pulse { voltage, width: p.width }))
    }
    fn cells(&self, cells: &[u64], chance: Chance) -> Option<Box<dyn Cells>> {
        Some(Box::new(HfOxCells::new(self, cells, chance)))
    }
    fn age(&self, g: &mut [f64], cells: &[u64], age: Second, temperature: Kelvin, chance: Chance) {
        let r = &self.spec.relaxation;
        let decades = r.decades(age, temperature, self.spec.temperature.reference);
        for (g, cell) in g.iter_mut().zip(cells) {
            if self.stuck(*cell, chance).is_none() {
                *g *= r.left(decades, *cell, chance);
            }
        }
    }
    fn read_moments(&self, g: &[f64], v: Volt, chance: Chance, mean: &mut [f64], variance: &mut [f64]) {
        // nothing flows at 0 V; the moments of the read bias stand in
        let v = if v.0 == 0.0 { self.spec.read.voltage.0 } else { v.0 };
        for ((g, mean), variance) in g.iter().zip(mean).zip(variance) {
            let i = self.conduction.current(*g, v);
            *mean = i / v;
            *variance = chance.scale * chance.scale * self.current_variance(i, v) / (v * v);
        }
    }
    fn current(&self, g: f64, v: Volt) -> f64 {
        self.conduction.current(g, v.0)
    }
}

impl HfOxSpec {
    /// Checks the card and makes the cell for a chip at `temperature`.
    ///
    /// # Errors
    /// Every field out of its range.
    pub fn build(&self, temperature: Kelvin) -> Result<HfOx, Vec<SpecError>> {
        let mut c = Checks::default();
        self.at_its_condition(&mut c).checked(temperature, c)
    }

    fn checked(self, temperature: Kelvin, mut c: Checks) -> Result<HfOx, Vec<SpecError>> {
        c.positive("lrs.resistance", self.lrs.resistance.0);
        c.require(
            self.hrs.resistance > self.lrs.resistance,
            "hrs.resistance",
            format!(
                "`hrs.resistance` ({}) must be greater than `lrs.resistance` ({})",
                self.hrs.resistance, self.lrs.resistance
            ),
            "exchange the two",
        );
        c.require(
            self.access_resistance.0 >= 0.0 && self.access_resistance < self.lrs.resistance,
            "access_resistance",
            format!(
                "`access_resistance` ({}) is contained in `lrs.resistance` ({}) and must be smaller",
                self.access_resistance, self.lrs.resistance
            ),
            "state resistances are those of the whole cell; raise them or lower the transistor's",
        );
        for (field, spread) in [
            ("lrs.cycle_to_cycle", self.lrs.cycle_to_cycle.0),
            ("lrs.device_to_device", self.lrs.device_to_device.0),
            ("hrs.cycle_to_cycle_decades", self.hrs.cycle_to_cycle_decades),
            ("hrs.device_to_device_decades", self.hrs.device_to_device_decades),
            ("read.noise", self.read.noise.0),
            ("read.bandwidth", self.read.bandwidth.0),
        ] {
            c.not_negative(field, spread);
        }
        c.within("lrs.correlation", self.lrs.correlation, -0.99, 0.99);
        c.within("hrs.correlation", self.hrs.correlation, -0.99, 0.99);
        c.within("levels", f64::from(self.levels), 2.0, 65536.0);
        c.positive("iv_scale", self.iv_scale.0);
        c.positive("read.voltage", self.read.voltage.0);
        for (field, v) in [("programming.set", self.programming.set), ("programming.reset", self.programming.reset)] {
            c.positive(field, v.0);
            c.require(
                self.iv_scale.0 <= 0.0 || v.0 / self.iv_scale.0 <= 300.0,
                field,
                format!("`{field}` ({v}) is far too large for `iv_scale` ({})", self.iv_scale),
                "check the units of both",
            );
        }
        c.positive("programming.width", self.programming.width.0);
        if let Some(v) = &self.programming.verify {
            c.require(
                v.tries >= 1,
                "programming.verify.tries",
                "`tries` must be at least 1",
                "or write `verify: null`",
            );
            c.positive("programming.verify.tolerance", v.tolerance.0);
            c.not_negative("programming.verify.read_time", v.read_time.0);
        }
        c.within("variation.stuck_lrs", self.variation.stuck_lrs.0, 0.0, 1.0);
        c.within("variation.stuck_hrs", self.variation.stuck_hrs.0, 0.0, 1.0);
        self.switching.check(&self.programming, &mut c);
        self.relaxation.check(&mut c);
        self.temperature.check(temperature, &mut c);
        c.finish(|| {
            let conduction = Conduction {
                bias: self.read.voltage.0,
                access: self.access_resistance.0,
                scale: self.iv_scale.0,
                barrier: 1.0 / self.hrs.resistance.0,
            };
            let power = |v: Volt| v.0 * conduction.current(1.0 / self.lrs.resistance.0, v.0);
            let lrs_power = [power(self.programming.set), power(self.programming.reset)];
            HfOx { spec: self, temperature, conduction, lrs_power }
        })
    }
}

#[cfg(test)]
mod tests;
