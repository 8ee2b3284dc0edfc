//! Pulsed cells in a chip: programming by trains of pulses with verification, ageing, reading.
//!
//! The controller knows the mean cell: a table of its noise-free curve up and down tells how many pulses lie between
//! the conductance read and the target. It applies them, reads, and corrects until the reading is in range or the
//! tries are used up. A pulse costs `V²·G·t` with the conductance before it.
//!
//! A pulse that is not nominal is not part of the family; two things are assumed. Half the nominal voltage does nothing
//! (what crosspoint updates by coincidence rest on, Gokmen and Vlasov 2016, doi:10.3389/fnins.2016.00333), and from
//! there the step grows linearly in voltage and width.

use super::cell::Instance;
use super::scalar::trajectory;
use super::{PulsedCell, PulsedSpec, card};
use crate::device::{Cells, Chance, Checks, Device, Programming, Pulse, Window};
use crate::rng::{Domain, Draw, MAX_COLUMNS, fill_normals};
use crate::units::{Joule, Kelvin, Second, Volt};

/// Longest curve of the controller; ten times the states of the finest preset.
const LONGEST: usize = 100_000;
/// No cell conducts less than this share of `g_min`. Assumed.
const FLOOR: f64 = 0.1;
/// How close to both ends of the window the mean cell must come, in windows.
const REACH: f64 = 4e-3;

/// A cell written by identical pulses; made by [`PulsedSpec::build`].
#[derive(Debug, Clone)]
pub struct Pulsed {
    spec: PulsedSpec,
    cell: PulsedCell,
    /// Weights of `g_min` and `g_max`.
    ends: [f64; 2],
    /// Weights read after 0, 1, … pulses up from the least, and down from the greatest.
    up: Vec<f64>,
    down: Vec<f64>,
}

/// Pulses along a monotone curve to the point nearest to `w`.
fn position(curve: &[f64], w: f64, rising: bool) -> usize {
    let i = curve.partition_point(|&x| if rising { x < w } else { x > w }).min(curve.len() - 1);
    if i > 0 && (curve[i - 1] - w).abs() < (curve[i] - w).abs() { i - 1 } else { i }
}

/// A cell under way.
#[derive(Debug, Clone, Copy)]
struct Moving {
    cell: Instance,
    address: u64,
    /// Weight that pulses move, and weight that is read.
    hidden: f64,
    visible: f64,
}

impl PulsedCell {
    /// The numbers by bounds and steps, with their mistakes noted (paths below `cell`).
    pub(super) fn checked(self, c: &mut Checks) -> Option<Self> {
        let mut own = Checks::default();
        if let super::StepSpec::SoftBoundsPmax(told) = &self.step {
            told.check(&mut own);
        }
        let resolved = own.clean().then(|| self.step.resolved(&self));
        if let Some(cell) = &resolved {
            cell.check(&mut own);
        }
        let whole = own.clean();
        c.extend("cell", own);
        resolved.filter(|_| whole)
    }
}

impl Pulsed {
    /// A checked card; notes if the mean cell does not cross its window.
    pub(super) fn new(spec: PulsedSpec, cell: PulsedCell, c: &mut Checks) -> Option<Self> {
        let mean = cell.nominal();
        let reference = cell.reference(&mean);
        let curve = |start, up| trajectory(&cell, start, up, LONGEST).into_iter().map(|w| w - reference).collect();
        let (up, down): (Vec<f64>, Vec<f64>) = (curve(mean.low, true), curve(mean.high, false));
        let (low, high) = (mean.low - reference, mean.high - reference);
        let reached = up.last().is_some_and(|w| high - w <= REACH * (high - low));
        c.require(
            reached,
            "cell.w_max",
            format!("{} pulses up do not lead the mean cell to `w_max`", up.len() - 1),
            "narrow the weights to what the step law reaches, or give larger steps",
        );
        reached.then_some(Self { spec, cell, ends: [low, high], up, down })
    }

    /// The numbers of the cell.
    #[must_use]
    pub fn numbers(&self) -> &PulsedCell {
        &self.cell
    }

    fn conductance(&self, w: f64) -> f64 {
        let (low, high) = (self.spec.g_min.0, self.spec.g_max.0);
        (low + (w - self.ends[0]) / (self.ends[1] - self.ends[0]) * (high - low)).max(FLOOR * low)
    }

    fn weight(&self, g: f64) -> f64 {
        let (low, high) = (self.spec.g_min.0, self.spec.g_max.0);
        self.ends[0] + (g - low) / (high - low) * (self.ends[1] - self.ends[0])
    }

    /// The cell with this address in its lowest state.
    fn lowest(&self, address: u64, chance: Chance) -> Moving {
        let cell = self.cell.instance(address, chance);
        let visible = cell.low - self.cell.reference(&cell);
        Moving { cell, address, hidden: cell.low, visible }
    }

    /// Redraws what is read of the cell after a write.
    fn settle(&self, m: &mut Moving, tick: u64, chance: Chance) {
        let deviation = self.cell.write_noise_std * self.cell.dw_min * chance.scale;
        let draw = Draw { seed: chance.seed, domain: Domain::WriteNoise, element: m.address, tick };
        let noise = if deviation == 0.0 { 0.0 } else { deviation * draw.normal(0) };
        m.visible = m.hidden - self.cell.reference(&m.cell) + noise;
    }

    /// Applies a train of nominal pulses; their noise is the line of normals of (cell, train).
    #[expect(clippy::too_many_arguments, reason = "a cell, a train and its address")]
    fn train(
        &self,
        m: &mut Moving,
        up: bool,
        n: usize,
        train: u64,
        chance: Chance,
        cost: &mut Programming,
        buffer: &mut Vec<f32>,
    ) {
        let p = &self.spec.pulse;
        let noisy = chance.scale != 0.0 && self.cell.dw_min_std != 0.0;
        buffer.resize(n.min(MAX_COLUMNS), 0.0);
        if noisy {
            let draw = Draw { seed: chance.seed, domain: Domain::Pulse, element: m.address, tick: train };
            fill_normals(draw, buffer);
        }
        let reference = self.cell.reference(&m.cell);
        let mut sum = 0.0;
        for z in &*buffer {
            sum += self.conductance(m.hidden - reference);
            let noise = if noisy { f64::from(*z) * chance.scale } else { 0.0 };
            m.hidden = self.cell.pulsed(&m.cell, m.hidden, up, 1.0, noise);
        }
        let v = if up { p.up.0 } else { p.down.0 };
        cost.pulses += buffer.len() as u64;
        cost.energy += Joule(v * v * sum * p.width.0);
        cost.time += Second(p.width.0 * buffer.len() as f64);
        self.settle(m, train, chance);
    }

    /// Programs one cell from its lowest state and returns its conductance.
    fn program_cell(
        &self,
        target: f64,
        address: u64,
        chance: Chance,
        cost: &mut Programming,
        buffer: &mut Vec<f32>,
    ) -> f64 {
        let mut m = self.lowest(address, chance);
        let w = self.weight(target);
        let up = |from: f64| position(&self.up, w, true).saturating_sub(position(&self.up, from, true));
        let first = up(self.ends[0]);
        if first > 0 {
            self.train(&mut m, true, first, 0, chance, cost, buffer);
        }
        let Some(verify) = self.spec.verify else { return self.conductance(m.visible) };
        let tolerance = verify.tolerance.0 * (self.spec.g_max.0 - self.spec.g_min.0);
        for attempt in 1..u64::from(verify.tries) {
            let g = self.conductance(m.visible);
            let v = self.spec.read.voltage.0;
            cost.energy += Joule(g * v * v * verify.read_time.0);
            cost.time += verify.read_time;
            let draw = Draw { seed: chance.seed, domain: Domain::Program, element: address, tick: attempt };
            let noise = self.spec.read.noise.0 * chance.scale;
            let read = if noise == 0.0 { g } else { g * (1.0 + noise * draw.normal(0)) };
            if (read - target).abs() <= tolerance {
                break;
            }
            let from = self.weight(read);
            let rising = read < target;
            let n = if rising {
                up(from)
            } else {
                position(&self.down, w, false).saturating_sub(position(&self.down, from, false))
            };
            self.train(&mut m, rising, n.max(1), attempt, chance, cost, buffer);
        }
        self.conductance(m.visible)
    }
}

impl Device for Pulsed {
    fn kind(&self) -> &'static str {
        card::ENTRY.name
    }
    fn window(&self) -> Window {
        Window { g_min: self.spec.g_min, g_max: self.spec.g_max }
    }
    fn program(&self, target: &[f64], cells: &[u64], chance: Chance, achieved: &mut [f64]) -> Programming {
        let (mut cost, mut buffer) = (Programming::default(), Vec::new());
        for ((target, cell), achieved) in target.iter().zip(cells).zip(achieved) {
            *achieved = self.program_cell(*target, *cell, chance, &mut cost, &mut buffer);
        }
        cost
    }
    fn pulses(&self) -> Option<[Pulse; 2]> {
        let p = &self.spec.pulse;
        Some([Pulse { voltage: p.up, width: p.width }, Pulse { voltage: Volt(-p.down.0), width: p.width }])
    }
    fn cells(&self, cells: &[u64], chance: Chance) -> Option<Box<dyn Cells>> {
        let cells = cells.iter().map(|a| self.lowest(*a, chance)).collect();
        Some(Box::new(PulsedCells { device: self.clone(), cells, chance }))
    }
    /// Decay towards the reset weight and diffusion, of as many mini-batches as the age holds.
    fn age(&self, g: &mut [f64], cells: &[u64], age: Second, _temperature: Kelvin, chance: Chance) {
        let Some(batch) = self.spec.batch_time else { return };
        let batches = age.0 / batch.0;
        for (g, address) in g.iter_mut().zip(cells) {
            let cell = self.cell.instance(*address, chance);
            let draw = Draw { seed: chance.seed, domain: Domain::Drift, element: *address, tick: 0 };
            let reference = self.cell.reference(&cell);
            let kept = libm::exp(batches * libm::log1p(-cell.decay.min(1.0 - 1e-9)));
            let walk = cell.diffusion * chance.scale * batches.sqrt();
            let walked = if walk == 0.0 { 0.0 } else { walk * draw.normal(0) };
            let w = self.weight(*g);
            let moved = cell.reset + (w - cell.reset) * kept + walked;
            if moved != w {
                *g = self.conductance(moved.max(cell.low - reference).min(cell.high - reference));
            }
        }
    }
    fn read_moments(&self, g: &[f64], _v: Volt, chance: Chance, mean: &mut [f64], variance: &mut [f64]) {
        mean.copy_from_slice(g);
        for (g, variance) in g.iter().zip(variance) {
            let deviation = g * self.spec.read.noise.0 * chance.scale;
            *variance = deviation * deviation;
        }
    }
    fn current(&self, g: f64, v: Volt) -> f64 {
        g * v.0
    }
}

/// Pulsed cells under way.
#[derive(Debug)]
struct PulsedCells {
    device: Pulsed,
    cells: Vec<Moving>,
    chance: Chance,
}

impl Cells for PulsedCells {
    fn pulse(&mut self, pulses: &[Pulse], tick: u64) -> Programming {
        let mut cost = Programming::default();
        let (d, chance) = (&self.device, self.chance);
        for (m, pulse) in self.cells.iter_mut().zip(pulses) {
            let up = pulse.voltage.0 > 0.0;
            let nominal = if up { d.spec.pulse.up } else { d.spec.pulse.down };
            let drive = (2.0 * pulse.voltage.0.abs() / nominal.0 - 1.0).max(0.0);
            let strength = drive * pulse.width.0 / d.spec.pulse.width.0;
            if pulse.voltage.0 == 0.0 || pulse.width.0 <= 0.0 {
                continue;
            }
            let v = pulse.voltage.0;
            cost.pulses += 1;
            cost.energy += Joule(v * v * d.conductance(m.hidden - d.cell.reference(&m.cell)) * pulse.width.0);
            cost.time += pulse.width;
            if strength > 0.0 {
                let draw = Draw { seed: chance.seed, domain: Domain::Pulse, element: m.address, tick };
                let noise = if chance.scale == 0.0 { 0.0 } else { chance.scale * draw.normal(0) };
                m.hidden = d.cell.pulsed(&m.cell, m.hidden, up, strength, noise);
                d.settle(m, tick, chance);
            }
        }
        cost
    }
    fn conductance(&self, out: &mut [f64]) {
        for (m, out) in self.cells.iter().zip(out) {
            *out = self.device.conductance(m.visible);
        }
    }
}
