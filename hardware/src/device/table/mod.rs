//! A device given by what was measured: mean and spread of the change of conductance for each pulse and
//! conductance (*G × pulse → ΔG*), from rows in the card or a CSV file.
//!
//! * `surface`: the table between its knots, linear in conductance and voltage;
//! * `law`: `g ← g + k·(mean(g) + spread(g)·z)`, a fresh normal `z` for each pulse, a factor `k` for each cell, and
//!   the nominal trains that the controller knows;
//! * `cells`: cells written pulse by pulse;
//! * here: trains with verification, `I = g·v`, relative read noise, ageing, wear and defects by the shared `laws`.
//!   Slow traps are frozen at programming, in their stationary state.
//!
//! **Window.** From where the nominal downward train ends (a step below 1e-4 of the table's range) to where the
//! upward train from there ends. **Energy** of a pulse: `V²·(g_before + g_after)/2·t`.

mod cells;
mod law;
mod spec;
mod surface;

use std::sync::Arc;

pub(super) use spec::ASSUMED;
pub use spec::{
    PulseDirection, PulseRow, TableProgrammingSpec, TablePulseSpec, TablePulsesSpec, TableReadSpec, TableSpec,
    TableTemperatureSpec, TableVariationSpec, TableVerifySpec,
};

use super::laws::{Flicker, Storage};
use super::spec::{Checks, Entry, SpecError};
use super::{Cells, Chance, Device, Programming, Pulse, Window};
use crate::rng::{Domain, Draw, fill_normals};
use crate::units::{Joule, Kelvin, Second, Volt};
use cells::TableCells;
use law::{Cell, Law};

/// Row of the device table.
pub(super) const ENTRY: Entry = Entry {
    name: "table",
    about: "measured pulses: mean and spread of the step by conductance, from rows or a CSV file",
    example: "\
table:
  pulses: { up: { voltage: 1.2 V, width: 100 ns }, down: { voltage: -1.2 V, width: 100 ns } }
  rows:
    - { pulse: up, g: 1 uS, mean: 72 nS, spread: 30 nS }
    - { pulse: up, g: 10 uS, mean: 0 nS, spread: 10 nS }
    - { pulse: down, g: 1 uS, mean: 0 nS, spread: 10 nS }
    - { pulse: down, g: 10 uS, mean: -72 nS, spread: 30 nS }
  variation: { conductance: 5 %, step: 10 % }
  read: { noise: 1 % }
  ageing: { power_law: { exponent: 0.02, spread: 0.005, onset: 1 s } }
  stuck: { high: 0.1 %, low: 0.2 % }
  source: assumed, soft bounds for illustration
",
};

/// A table device at one chip temperature; made by [`TableSpec::build`].
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    spec: TableSpec,
    law: Arc<Law>,
}

impl TableSpec {
    /// Checks the card and makes the device for a chip at `temperature`.
    ///
    /// # Errors
    /// Every field out of its range; a file that nobody has read into `rows`.
    pub fn build(&self, temperature: Kelvin) -> Result<Table, Vec<SpecError>> {
        let mut checks = Checks::default();
        self.check(temperature, &mut checks);
        if !checks.clean() {
            return Err(checks.errors());
        }
        Ok(Table { spec: self.clone(), law: Arc::new(Law::new(self)?) })
    }
}

impl Table {
    /// Applies `n` nominal pulses of one direction to a cell at `state`, `noise` their normals; returns the state
    /// after them.
    fn train(&self, cell: &Cell, state: f64, up: bool, noise: &[f32], scale: f64, cost: &mut Programming) -> f64 {
        let pulse = self.law.pulses[usize::from(!up)];
        let (mut state, mut sum) = (state, 0.0);
        let mut before = self.law.conductance(cell, state);
        for z in noise {
            state = self.law.moved(cell, state, up, pulse.voltage.0.abs(), 1.0, scale * f64::from(*z));
            let after = self.law.conductance(cell, state);
            sum += 0.5 * (before + after);
            before = after;
        }
        cost.pulses += noise.len() as u64;
        cost.energy += Joule(pulse.voltage.0 * pulse.voltage.0 * sum * pulse.width.0);
        cost.time += pulse.width * noise.len() as f64;
        state
    }

    /// Programs one cell from its lowest state and returns its conductance; `noise` is room for the longest train.
    fn program_cell(
        &self,
        target: f64,
        address: u64,
        chance: Chance,
        noise: &mut [f32],
        cost: &mut Programming,
    ) -> f64 {
        let cell = self.law.cell(address, chance);
        let mut state = self.law.start(&cell);
        let draw = |tick| Draw { seed: chance.seed, domain: Domain::Program, element: address, tick };
        let mut apply = |state, (up, n): (bool, usize), tick, cost: &mut Programming| {
            let noise = &mut noise[..n];
            if chance.scale != 0.0 {
                fill_normals(draw(tick), noise);
            }
            self.train(&cell, state, up, noise, chance.scale, cost)
        };
        state = apply(state, self.law.way(self.law.window.g_min.0, target), 0, cost);
        let Some(verify) = self.spec.programming.verify else { return self.law.conductance(&cell, state) };
        let window = self.law.window;
        let tolerance = verify.tolerance.0 * (window.g_max.0 - window.g_min.0);
        for attempt in 1..=u64::from(verify.tries) {
            let g = self.law.conductance(&cell, state);
            let volts = self.spec.read.voltage.0;
            cost.energy += Joule(g * volts * volts * verify.read_time.0);
            cost.time += verify.read_time;
            let sigma = self.spec.read.noise.0 * chance.scale;
            let read = if sigma == 0.0 { g } else { g * (1.0 + sigma * draw(2 * attempt - 1).normal(0)) };
            let way = self.law.way(read, target);
            if (read - target).abs() <= tolerance || way.1 == 0 || attempt == u64::from(verify.tries) {
                break;
            }
            state = apply(state, way, 2 * attempt, cost);
        }
        self.law.conductance(&cell, state)
    }
}

impl Table {
    /// Share of its conductance that the filled traps of a cell leave it for a run.
    fn frozen(&self, address: u64, chance: Chance) -> f64 {
        let traps = &self.spec.read.traps;
        if traps.is_empty() || chance.scale == 0.0 {
            return 1.0;
        }
        1.0 - chance.scale * (1.0 - Flicker::at_rest(traps.clone(), address, chance.seed).factor())
    }
}

impl Device for Table {
    fn kind(&self) -> &'static str {
        ENTRY.name
    }
    fn window(&self) -> Window {
        self.law.window
    }
    fn levels(&self) -> Option<u32> {
        self.spec.levels
    }
    fn temperature_range(&self) -> [Kelvin; 2] {
        [self.spec.temperature.minimum, self.spec.temperature.maximum]
    }
    fn program(&self, target: &[f64], cells: &[u64], chance: Chance, achieved: &mut [f64]) -> Programming {
        let mut cost = Programming::default();
        let mut noise = vec![0.0; self.law.longest()];
        for ((target, cell), achieved) in target.iter().zip(cells).zip(achieved) {
            let g = self.program_cell(*target, *cell, chance, &mut noise, &mut cost);
            *achieved = g * self.frozen(*cell, chance);
        }
        cost
    }
    fn pulses(&self) -> Option<[Pulse; 2]> {
        Some(self.law.pulses)
    }
    fn cells(&self, cells: &[u64], chance: Chance) -> Option<Box<dyn Cells>> {
        let made: Vec<Cell> = cells.iter().map(|c| self.law.cell(*c, chance)).collect();
        Some(Box::new(TableCells {
            state: made.iter().map(|c| self.law.start(c)).collect(),
            cells: made,
            addresses: cells.to_vec(),
            chance,
            law: Arc::clone(&self.law),
        }))
    }
    /// By the law of the card; stuck cells do not age.
    fn age(&self, g: &mut [f64], cells: &[u64], age: Second, temperature: Kelvin, chance: Chance) {
        let stuck: Vec<(usize, f64)> =
            (0..g.len()).filter(|i| self.law.stuck_at(cells[*i], chance).is_some()).map(|i| (i, g[i])).collect();
        self.spec.ageing.age(g, &Storage { window: self.law.window, cells, age, temperature, chance });
        for (i, fresh) in stuck {
            g[i] = fresh;
        }
    }
    fn read_moments(&self, g: &[f64], _v: Volt, chance: Chance, mean: &mut [f64], variance: &mut [f64]) {
        mean.copy_from_slice(g);
        let noise = self.spec.read.noise.0 * chance.scale;
        for (g, variance) in g.iter().zip(variance) {
            *variance = (noise * g) * (noise * g);
        }
    }
    fn current(&self, g: f64, v: Volt) -> f64 {
        g * v.0
    }
}

#[cfg(test)]
mod tests;
