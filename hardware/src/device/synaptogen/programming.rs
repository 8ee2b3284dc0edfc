//! Programming to a conductance: a SET, then partial RESET pulses of rising voltage with a read after each.
//!
//! The controller knows the curve of the nominal cell, conductance against RESET voltage. A pulse aims at
//! `target + approach·(read - target)`: the voltage where the nominal cell would stand there, but at least one step
//! above the pulse before. A cell that fell short of the target, or whose cycle cannot reach it, is set again.

use std::sync::Arc;

use super::Synaptogen;
use super::array::chosen;
use super::cell::{Cell, Model};
use super::mixture::{DeviceNumbers, device, mean};
use super::parameters::{FEATURES, Features};
use crate::device::{Cells, Chance, Programming, Pulse};
use crate::rng::{Domain, Draw};
use crate::units::{Joule, Volt};

/// Points of the nominal curve; linear interpolation between them errs by less than 1e-5 of the window.
const POINTS: usize = 1024;

/// Nominal curve of a partial RESET.
#[derive(Debug, Clone)]
pub(super) struct Nominal {
    /// From the low to the high resistance: conductance in S, falling, and voltage.
    curve: Vec<[f64; 2]>,
}

impl Nominal {
    pub fn of(model: &Model) -> Self {
        let still = [0.0; FEATURES];
        let u_max = model.parameters.u_max.0;
        let mut cell = Cell::new(model, mean(&model.parameters), still);
        cell.apply(model, f64::NEG_INFINITY, |_| still);
        let first = cell.threshold();
        let curve = (0..POINTS)
            .map(|i| {
                let u = first + (u_max - first) * i as f64 / (POINTS - 1) as f64;
                let u = if i == POINTS - 1 { u_max } else { u };
                cell.apply(model, u, |_| still);
                [model.conduction.conductance(cell.r()), u]
            })
            .collect();
        Self { curve }
    }

    /// Whether the conductance falls all the way, from a positive voltage on.
    pub fn is_usable(&self) -> bool {
        self.curve[0][1] > 0.0 && self.window()[0] > 0.0 && self.curve.windows(2).all(|p| p[1][0] < p[0][0])
    }

    /// Conductances of the high and the low resistance.
    pub fn window(&self) -> [f64; 2] {
        [self.curve[POINTS - 1][0], self.curve[0][0]]
    }

    /// Voltage after which the nominal cell has a conductance.
    fn voltage(&self, g: f64) -> f64 {
        let above = self.curve.partition_point(|p| p[0] > g).clamp(1, POINTS - 1);
        let ([g0, u0], [g1, u1]) = (self.curve[above - 1], self.curve[above]);
        u0 + (u1 - u0) * ((g0 - g) / (g0 - g1)).clamp(0.0, 1.0)
    }
}

/// One cell under addressed chance.
#[derive(Debug, Clone)]
struct Addressed {
    cell: Cell,
    address: u64,
    chance: Chance,
}

/// Innovation of a cycle of a cell.
fn innovation(address: u64, chance: Chance, cycle: u64) -> Features {
    if chance.scale == 0.0 {
        return [0.0; FEATURES];
    }
    let draw = Draw { seed: chance.seed, domain: Domain::GenerativeInnovation, element: address, tick: cycle };
    draw.normals(0).map(|e| e * chance.scale)
}

impl Addressed {
    fn new(model: &Model, address: u64, chance: Chance) -> Self {
        let nominal = mean(&model.parameters);
        let numbers = if chance.scale == 0.0 {
            nominal
        } else {
            let draw = Draw { seed: chance.seed, domain: Domain::GenerativeCell, element: address, tick: 0 };
            let (low, high) = (draw.normals(0), draw.normals(1));
            let z: DeviceNumbers = std::array::from_fn(|i| if i < 4 { low[i] } else { high[i - 4] });
            let own = device(&model.parameters, chosen(model, chance.seed, address), z);
            std::array::from_fn(|i| nominal[i] + chance.scale * (own[i] - nominal[i]))
        };
        let cell = Cell::new(model, numbers, innovation(address, chance, 0));
        Self { cell, address, chance }
    }

    /// Applies a pulse and adds what it cost.
    fn pulse(&mut self, model: &Model, pulse: Pulse, cost: &mut Programming) {
        let (u, (address, chance)) = (pulse.voltage.0, (self.address, self.chance));
        let current = |cell: &Cell| model.conduction.clamped(cell.r(), u).abs();
        let before = current(&self.cell);
        self.cell.apply(model, u, |cycle| innovation(address, chance, cycle));
        cost.pulses += u64::from(u != 0.0);
        cost.time += pulse.width;
        cost.energy += Joule(u.abs() * 0.5 * (before + current(&self.cell)) * pulse.width.0);
    }

    fn conductance(&self, model: &Model) -> f64 {
        model.conduction.conductance(self.cell.r())
    }
}

impl Synaptogen {
    /// Programs one cell from its first state and returns its conductance.
    pub(super) fn program_cell(&self, target: f64, address: u64, chance: Chance, cost: &mut Programming) -> f64 {
        let (p, model) = (&self.spec.programming, &*self.model);
        let [g_min, g_max] = self.nominal.window();
        let mut cell = Addressed::new(model, address, chance);
        let pulse = |voltage: f64| Pulse { voltage: Volt(voltage), width: p.width };
        let Some(verify) = p.verify else {
            if target > g_min {
                cell.pulse(model, pulse(p.set.0), cost);
                if target < g_max {
                    cell.pulse(model, pulse(self.nominal.voltage(target)), cost);
                }
            }
            return cell.conductance(model);
        };
        let accepted = verify.tolerance.0 * (g_max - g_min);
        let mut reads = 0;
        let mut error = |cell: &Addressed, cost: &mut Programming| {
            let (g, bias) = (cell.conductance(model), self.bias());
            cost.time += verify.read_time;
            cost.energy += Joule(g * bias * bias * verify.read_time.0);
            let draw = Draw { seed: chance.seed, domain: Domain::Program, element: address, tick: reads };
            reads += 1;
            let deviation = self.noise.variance(g * bias, bias).sqrt() / bias;
            let noise = if chance.scale == 0.0 { 0.0 } else { chance.scale * deviation * draw.normal(0) };
            g + noise - target
        };
        let mut off = error(&cell, cost);
        for _ in 0..verify.tries {
            if off.abs() <= accepted {
                break;
            }
            cell.pulse(model, pulse(p.set.0), cost);
            off = error(&cell, cost);
            let mut last = 0.0;
            for _ in 0..verify.pulses {
                if off <= accepted || last >= model.parameters.u_max.0 {
                    break;
                }
                let aim = self.nominal.voltage(target + p.approach.0 * off);
                last = aim.max(last + p.step.0).min(model.parameters.u_max.0);
                cell.pulse(model, pulse(last), cost);
                off = error(&cell, cost);
            }
        }
        cell.conductance(model)
    }
}

/// Cells written pulse by pulse.
#[derive(Debug)]
pub(super) struct Pulsed {
    model: Arc<Model>,
    cells: Vec<Addressed>,
}

impl Pulsed {
    pub fn new(model: &Arc<Model>, cells: &[u64], chance: Chance) -> Self {
        Self { model: model.clone(), cells: cells.iter().map(|a| Addressed::new(model, *a, chance)).collect() }
    }
}

impl Cells for Pulsed {
    /// The draws of a cell are addressed by its own cycles; the tick adds nothing.
    fn pulse(&mut self, pulses: &[Pulse], _: u64) -> Programming {
        let mut cost = Programming::default();
        for (cell, pulse) in self.cells.iter_mut().zip(pulses) {
            cell.pulse(&self.model, *pulse, &mut cost);
        }
        cost
    }
    fn conductance(&self, out: &mut [f64]) {
        for (cell, g) in self.cells.iter().zip(out) {
            *g = cell.conductance(&self.model);
        }
    }
}
