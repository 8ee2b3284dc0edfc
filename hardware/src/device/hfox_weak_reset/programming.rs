//! Write-verify by weak RESET: the target is approached from above.
//!
//! The controller reads, divides the logarithm that is left by the growth for each pulse, and applies half as
//! many pulses, at most as many as the cell has had. The growth it divides by is the larger of the nominal cell's and
//! of the mean one seen since the SET: growth slows with the knee, so that no train jumps over the first pulse that
//! reaches the target. A cell that ends below its range (a large step, or noise) begins anew with a SET; one that
//! uses up its pulses stays above its target.

use super::HfOxWeakReset;
use crate::device::{Chance, Device, Programming};
use crate::rng::{Domain, Draw};
use crate::units::{Joule, Volt};

impl HfOxWeakReset {
    /// Programs one cell with a SET and weak RESETs and returns its conductance.
    pub(super) fn program_cell(&self, target: f64, address: u64, chance: Chance, cost: &mut Programming) -> f64 {
        let p = &self.spec.programming;
        let window = self.window();
        let range = p.tolerance.0 * (window.g_max.0 - window.g_min.0);
        let nominal = self.nominal.growth.before;
        let mut cell = self.cell(address, chance);
        // SET and weak RESETs take the ticks of one count, reads those of another
        let (mut tick, mut reads) = (0, 0);
        let mut read = |g: f64, cost: &mut Programming| {
            cost.time += p.read_time;
            cost.energy += Joule(g * self.spec.read.voltage.0 * self.spec.read.voltage.0 * p.read_time.0);
            reads += 1;
            if chance.scale == 0.0 {
                return g;
            }
            let draw = Draw { seed: chance.seed, domain: Domain::Program, element: address, tick: reads };
            // far below what any noise of a card makes of a read; keeps the logarithm finite
            (g * (1.0 + self.spec.read.noise.0 * chance.scale * draw.normal(0))).max(1e-3 * g)
        };
        for _ in 0..=p.refreshes {
            cost.pulses += 1;
            cost.time += p.set_width;
            cost.energy += energy(cell.conductance(), p.set, p.set_width.0);
            cell.set(self, tick);
            tick += 1;
            let first = read(cell.conductance(), cost);
            let mut seen = first;
            loop {
                let left = libm::log(seen / target);
                let done = cell.pulses();
                if left <= 0.5 * nominal || done >= u64::from(p.pulses) {
                    break;
                }
                let growth = if done == 0 { nominal } else { (libm::log(first / seen) / done as f64).max(nominal) };
                let n = ((0.5 * left / growth) as u64).clamp(1, done.max(1)).min(u64::from(p.pulses) - done);
                let before = cell.conductance();
                cell.reset(self, n, tick);
                tick += n;
                let mean = 0.5 * (before + cell.conductance());
                cost.pulses += n;
                cost.time += p.reset_width * n as f64;
                cost.energy += energy(mean, p.reset, p.reset_width.0) * n as f64;
                seen = read(cell.conductance(), cost);
            }
            // a cell that no pulse has touched is as low as another SET would leave it
            if seen >= target - range || cell.pulses() == 0 {
                break;
            }
        }
        cell.conductance()
    }
}

/// `v²·g·t`.
fn energy(g: f64, v: Volt, width: f64) -> Joule {
    Joule(g * v.0 * v.0 * width)
}
