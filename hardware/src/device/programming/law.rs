//! Cells in closed form.
//!
//! A [`Law`] moves one cell by one pulse, given the normal that the pulse draws. It is written out for the whole
//! chip without dispatch ([`super::program_chip`]) and, as [`LawCells`], behind [`Cells`]; both give the same bits.
//! Normal `k` of a cell is column `k % 64` of the line with tick `k / 64`, element its address ([`fill_normals`]).
//!
//! [`StepLaw`] is the exponential pulse law (soft bounds) in both directions, with `u` in [0, 1] over the window:
//!
//! `u' = u + (end - u)·(1 - exp(-x·r)) + σ·z`, clamped, `x = t/t_0·sinh(V/V_s)/sinh(V_0/V_s)`
//!
//! with ends beyond the window by the label of non-linearity ([`crate::device::PulseLaw`]). `σ` is the standard
//! deviation of the conductance after any one pulse as a share of the window, as in NeuroSim (Chen, Peng, Yu, IEEE
//! TCAD 37, 3067 (2018), doi:10.1109/TCAD.2018.2789723): short pulses are no quieter than long ones.

use std::fmt::Debug;

use crate::device::{Cells, Chance, Device, Programming, Pulse, PulseLaw, Window};
use crate::rng::{Domain, Draw, GROUP, fill_normals_with};
use crate::simd::Isa;
use crate::units::{Kelvin, Second, Siemens, Volt};

/// A technology whose cell is moved by a pulse in closed form.
pub trait Law: Device {
    /// Parameters and state of a cell.
    type Cell: Copy + Debug + Send;
    /// The cell at an address, in its lowest state.
    fn cell(&self, address: u64, chance: Chance) -> Self::Cell;
    /// Applies equal pulses, one for each of `normals` (standard normals times the scale of chance), and adds what
    /// each of them spends to `energy`, in joules.
    fn train(&self, cell: &mut Self::Cell, pulse: Pulse, normals: &[f32], energy: &mut f64);
    /// Chord conductance at the read bias, in siemens.
    fn conductance(&self, cell: &Self::Cell) -> f64;
}

/// The normals of the pulses of one cell, in the order of its pulses.
#[derive(Debug, Clone)]
pub(super) struct Normals {
    isa: Isa,
    draw: Draw,
    scale: f32,
    /// Normals used.
    used: usize,
    line: [f32; GROUP],
}

impl Normals {
    pub(super) fn new(isa: Isa, address: u64, chance: Chance) -> Self {
        let draw = Draw { seed: chance.seed, domain: Domain::Pulse, element: address, tick: 0 };
        Self { isa, draw, scale: chance.scale as f32, used: 0, line: [0.0; GROUP] }
    }
    /// Goes to the first normal of another cell.
    pub(super) fn restart(&mut self, address: u64) {
        (self.draw.element, self.used) = (address, 0);
    }
    /// The next normals, times the scale of chance: as many as asked for or as are left of the line.
    #[inline]
    pub(super) fn next(&mut self, wanted: usize) -> &[f32] {
        let column = self.used % GROUP;
        if column == 0 && self.scale != 0.0 {
            self.draw.tick = (self.used / GROUP) as u64;
            fill_normals_with(self.isa, self.draw, &mut self.line);
            self.line.iter_mut().for_each(|z| *z *= self.scale);
        }
        let end = (column + wanted).min(GROUP);
        self.used += end - column;
        &self.line[column..end]
    }
}

/// Cells of a law behind [`Cells`]. The chance of a pulse is addressed by the number of pulses that the cell has
/// had, not by the tick.
#[derive(Debug)]
pub struct LawCells<L: Law> {
    law: L,
    cells: Vec<(L::Cell, Normals)>,
}

impl<L: Law> LawCells<L> {
    /// The cells at `addresses`, in their lowest state.
    pub fn new(law: L, addresses: &[u64], chance: Chance) -> Self {
        let isa = Isa::best();
        let cells = addresses.iter().map(|a| (law.cell(*a, chance), Normals::new(isa, *a, chance))).collect();
        Self { law, cells }
    }
}

impl<L: Law> Cells for LawCells<L> {
    fn pulse(&mut self, pulses: &[Pulse], _: u64) -> Programming {
        let mut cost = Programming::default();
        for ((cell, normals), pulse) in self.cells.iter_mut().zip(pulses).filter(|(_, p)| p.voltage.0 != 0.0) {
            cost.pulses += 1;
            cost.time += pulse.width;
            self.law.train(cell, *pulse, normals.next(1), &mut cost.energy.0);
        }
        cost
    }
    fn conductance(&self, out: &mut [f64]) {
        out.iter_mut().zip(&self.cells).for_each(|(g, (cell, _))| *g = self.law.conductance(cell));
    }
}

/// The exponential pulse law.
#[derive(Debug, Clone, PartialEq)]
pub struct StepLaw {
    /// Window of the cell; its states do not leave it.
    pub window: Window,
    /// Nominal pulses up and down.
    pub pulses: [Pulse; 2],
    /// Laws up and down, in nominal pulses.
    pub laws: [PulseLaw; 2],
    /// Voltage scale `V_s` of the rate.
    pub voltage_scale: Volt,
    /// Spread of the logarithm of the rate between cells.
    pub rate: f64,
    /// Standard deviation after one pulse, as a share of the window.
    pub cycle_to_cycle: f64,
    /// Standard deviation of one read over its mean.
    pub read_noise: f64,
}

/// Rate over the nominal one, and state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepCell {
    rate: f64,
    u: f64,
}

impl StepLaw {
    /// Steps of a pulse over that of the nominal one.
    #[inline]
    fn steps(&self, pulse: Pulse, nominal: Pulse) -> f64 {
        let wide = pulse.width.0 / nominal.width.0;
        if pulse.voltage == nominal.voltage {
            return wide;
        }
        let rate = |v: Volt| libm::sinh(v.0.abs() / self.voltage_scale.0);
        wide * rate(pulse.voltage) / rate(nominal.voltage)
    }
}

impl Law for StepLaw {
    type Cell = StepCell;

    fn cell(&self, address: u64, chance: Chance) -> StepCell {
        let spread = self.rate * chance.scale;
        if spread == 0.0 {
            return StepCell { rate: 1.0, u: 0.0 };
        }
        let z = Draw { seed: chance.seed, domain: Domain::DeviceToDevice, element: address, tick: 0 }.normal(0);
        StepCell { rate: libm::exp(spread * z), u: 0.0 }
    }

    #[inline]
    fn train(&self, cell: &mut StepCell, pulse: Pulse, normals: &[f32], energy: &mut f64) {
        let up = (pulse.voltage.0 > 0.0) == (self.pulses[0].voltage.0 > 0.0);
        let way = usize::from(!up);
        let law = &self.laws[way];
        let share = law.share(cell.rate * self.steps(pulse, self.pulses[way]));
        let (foot, half) = (self.window.g_min.0, 0.5 * (self.window.g_max.0 - self.window.g_min.0));
        let work = pulse.voltage.0 * pulse.voltage.0 * pulse.width.0;
        for z in normals {
            let moved = if up { law.grow_by(cell.u, share) } else { law.refill_by(cell.u, share) };
            let after = (moved + self.cycle_to_cycle * f64::from(*z)).clamp(0.0, 1.0);
            *energy += (foot + (cell.u + after) * half) * work;
            cell.u = after;
        }
    }

    #[inline]
    fn conductance(&self, cell: &StepCell) -> f64 {
        self.window.g_min.0 + cell.u * (self.window.g_max.0 - self.window.g_min.0)
    }
}

/// A cell without drift whose current is proportional to the voltage.
impl Device for StepLaw {
    fn kind(&self) -> &'static str {
        "step_law"
    }
    fn window(&self) -> Window {
        self.window
    }
    fn program(&self, target: &[f64], cells: &[u64], chance: Chance, achieved: &mut [f64]) -> Programming {
        match super::Scheme::new(self, &super::SchemeSpec::default()) {
            Some(scheme) => scheme.program(self, target, cells, chance, achieved),
            None => Programming::default(),
        }
    }
    fn pulses(&self) -> Option<[Pulse; 2]> {
        Some(self.pulses)
    }
    fn cells(&self, cells: &[u64], chance: Chance) -> Option<Box<dyn Cells>> {
        Some(Box::new(LawCells::new(self.clone(), cells, chance)))
    }
    fn age(&self, _: &mut [f64], _: &[u64], _: Second, _: Kelvin, _: Chance) {}
    fn read_moments(&self, g: &[f64], _: Volt, chance: Chance, mean: &mut [f64], variance: &mut [f64]) {
        mean.copy_from_slice(g);
        for (variance, g) in variance.iter_mut().zip(g) {
            let sigma = self.read_noise * chance.scale * g;
            *variance = sigma * sigma;
        }
    }
    fn current(&self, g: f64, v: Volt) -> f64 {
        g * v.0
    }
}

impl StepLaw {
    /// Law of NeuroSim's labels: `pulses` nominal pulses over the window, no spread.
    #[must_use]
    pub fn neurosim(window: [Siemens; 2], nominal: [Pulse; 2], pulses: f64, labels: [f64; 2]) -> Self {
        Self {
            window: Window { g_min: window[0], g_max: window[1] },
            pulses: nominal,
            laws: labels.map(|label| PulseLaw::new(label, pulses)),
            voltage_scale: Volt(nominal[0].voltage.0.abs() / 10.0),
            rate: 0.0,
            cycle_to_cycle: 0.0,
            read_noise: 0.0,
        }
    }
}
