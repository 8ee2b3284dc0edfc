//! How a pulse of the table moves a cell, and what the controller knows of it: the nominal trains up and down.

use super::super::laws::{EnduranceSpec, StuckAt, StuckMap};
use super::spec::{PulseDirection, TableSpec};
use super::surface::Surface;
use crate::device::spec::SpecError;
use crate::device::{Chance, Pulse, Window};
use crate::rng::{Domain, Draw};
use crate::units::Siemens;

/// Longest nominal train.
const MOST_PULSES: usize = 1 << 16;
/// A train ends where a pulse moves the cell by less than this share of the table's range.
const LEAST_STEP: f64 = 1e-4;

/// Parameter index of a draw in [`Domain::DeviceToDevice`]. Part of the reproducibility contract: append only.
#[derive(Clone, Copy)]
#[repr(u64)]
enum Parameter {
    Conductance = 0,
    Step = 1,
}

/// What one cell is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    /// Factor on conductances.
    gain: f64,
    /// Factor on steps.
    step: f64,
    /// Where it is stuck.
    pub stuck: Option<StuckAt>,
}

/// Conductances of the table after 0, 1, 2, … nominal pulses.
#[derive(Debug, Clone, PartialEq)]
struct Train(Vec<f64>);

impl Train {
    /// Pulses from the start to conductance `g`, linear within a pulse.
    fn position(&self, g: f64) -> f64 {
        let rising = self.0[self.0.len() - 1] > self.0[0];
        let i = self.0.partition_point(|&x| if rising { x < g } else { x > g }).clamp(1, self.0.len() - 1);
        i as f64 - 1.0 + ((g - self.0[i - 1]) / (self.0[i] - self.0[i - 1])).clamp(0.0, 1.0)
    }
}

/// The law of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Law {
    surfaces: [Surface; 2],
    /// The nominal pulses, up and down.
    pub pulses: [Pulse; 2],
    /// Conductances beyond which no pulse drives a cell.
    bounds: [f64; 2],
    /// Nominal trains through the window, up and down.
    trains: [Train; 2],
    /// The window of fresh cells, on the axis of the table.
    fresh: Window,
    /// The window of worn cells.
    pub window: Window,
    /// Share of the fresh window that wear has left.
    left: f64,
    variation: [f64; 2],
    endurance: EnduranceSpec,
    stuck: StuckMap,
}

impl Law {
    /// The law of a checked card.
    pub(super) fn new(spec: &TableSpec) -> Result<Self, Vec<SpecError>> {
        let [p, m] = [spec.pulses.up, spec.pulses.down];
        let (up, down) = (
            Surface::new(&spec.rows, PulseDirection::Up, p.voltage),
            Surface::new(&spec.rows, PulseDirection::Down, m.voltage),
        );
        let surfaces = match (up, down) {
            (Ok(up), Ok(down)) => [up, down],
            (up, down) => return Err([up.err(), down.err()].into_iter().flatten().flatten().collect()),
        };
        let [a, b] = [surfaces[0].range(), surfaces[1].range()];
        let bounds = [a[0].min(b[0]), a[1].max(b[1])];
        let train = |start: f64, direction: usize, volts: f64| {
            let mut g = vec![start];
            let mut now = start;
            while g.len() <= MOST_PULSES {
                let next = (now + surfaces[direction].step(now, volts).mean).clamp(bounds[0], bounds[1]);
                if (next - now).abs() < LEAST_STEP * (bounds[1] - bounds[0]) {
                    break;
                }
                g.push(next);
                now = next;
            }
            (Train(g), now)
        };
        let (_, low) = train(bounds[1], 1, m.voltage.0.abs());
        let (rise, high) = train(low, 0, p.voltage.0.abs());
        let (fall, _) = train(high, 1, m.voltage.0.abs());
        if rise.0.len() < 2 || fall.0.len() < 2 {
            return Err(vec![SpecError {
                field: "rows".into(),
                message: "the table moves no cell: at the nominal voltages its steps are nearly 0".into(),
                help: "check the units of `mean`, and the voltages of `pulses` against those of the rows".into(),
            }]);
        }
        let fresh = Window { g_min: Siemens(low), g_max: Siemens(high) };
        let window = spec.endurance.window(fresh);
        Ok(Self {
            pulses: [p, m].map(|p| Pulse { voltage: p.voltage, width: p.width }),
            left: (window.g_max.0 - window.g_min.0) / (high - low),
            window,
            trains: [rise, fall],
            fresh,
            bounds,
            surfaces,
            variation: [spec.variation.conductance.0, spec.variation.step.0],
            endurance: spec.endurance,
            stuck: spec.stuck.map(),
        })
    }

    /// The cell at an address.
    pub(super) fn cell(&self, address: u64, chance: Chance) -> Cell {
        let factor = |p: Parameter, spread: f64| {
            let sigma = spread * chance.scale;
            let draw = Draw { seed: chance.seed, domain: Domain::DeviceToDevice, element: address, tick: p as u64 };
            if sigma == 0.0 { 1.0 } else { libm::exp(sigma * draw.normal(0)) }
        };
        Cell {
            gain: factor(Parameter::Conductance, self.variation[0]),
            step: factor(Parameter::Step, self.variation[1]),
            stuck: self.stuck_at(address, chance),
        }
    }

    /// Where the cell at an address is stuck: by defect or by wear.
    pub(super) fn stuck_at(&self, address: u64, chance: Chance) -> Option<StuckAt> {
        self.stuck.at(address, chance).or_else(|| self.endurance.failed(address, chance))
    }

    /// Where a cell begins on the axis of the table.
    pub(super) fn start(&self, cell: &Cell) -> f64 {
        cell.stuck.map_or(self.fresh.g_min.0, |s| s.conductance(self.fresh))
    }

    /// Conductance of a cell: worn, times its factor.
    pub(super) fn conductance(&self, cell: &Cell, state: f64) -> f64 {
        cell.gain * (self.window.g_min.0 + (state - self.fresh.g_min.0) * self.left)
    }

    /// Place on the axis of the table at which the nominal cell has conductance `g`.
    fn nominal_state(&self, g: f64) -> f64 {
        self.fresh.g_min.0 + (g - self.window.g_min.0) / self.left
    }

    /// Direction (up) of a pulse, and how many nominal widths it has.
    pub(super) fn count(&self, pulse: Pulse) -> (bool, f64) {
        let up = pulse.voltage.0 * self.pulses[0].voltage.0 > 0.0;
        (up, pulse.width.0 / self.pulses[usize::from(!up)].width.0)
    }

    /// State after the share `part` of one nominal width at a voltage; `z` is the normal of its spread.
    pub(super) fn moved(&self, cell: &Cell, state: f64, up: bool, volts: f64, part: f64, z: f64) -> f64 {
        if cell.stuck.is_some() {
            return state;
        }
        let step = self.surfaces[usize::from(!up)].step(state, volts).of_part(part);
        (state + cell.step * (step.mean + step.spread * z)).clamp(self.bounds[0], self.bounds[1])
    }

    /// Number of nominal pulses, and their direction (up), that bring the nominal cell from conductance `g`
    /// nearest to `target`.
    pub(super) fn way(&self, g: f64, target: f64) -> (bool, usize) {
        let up = target > g;
        let train = &self.trains[usize::from(!up)];
        let [from, to] = [g, target].map(|g| train.position(self.nominal_state(g)));
        (up, (to - from).round().max(0.0) as usize)
    }

    /// Longest train that [`Self::way`] asks for.
    pub(super) fn longest(&self) -> usize {
        self.trains[0].0.len().max(self.trains[1].0.len())
    }
}
