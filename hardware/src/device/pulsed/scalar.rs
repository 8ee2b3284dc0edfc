//! One cell at a time in `f64`: what cells of a chip do, and the noise-free curves of a card.

use super::PulsedCell;
use super::arithmetic::Scalar;
use super::cell::Instance;
use super::step::{Site, StepLaw, with_law};
use crate::device::Chance;

/// A state is near enough to a fixed point when a pulse moves it by less than this share of the window.
const STILL: f64 = 1e-7;

impl PulsedCell {
    /// Weight after one pulse of the cell in state `w`. `strength` is the pulse in nominal ones (the variance of
    /// its noise grows with it), `noise` a normal times the scale of chance.
    pub(super) fn pulsed(&self, cell: &Instance, w: f64, up: bool, strength: f64, noise: f64) -> f64 {
        let step = if up { cell.up } else { -cell.down };
        let site = Site { low: cell.low, high: cell.high, step, own: cell.own };
        let [dw, amplitude] = with_law!(&self.step, law => law.increment(Scalar, &site, up, w));
        let noise = self.dw_min_std * amplitude * noise * strength.sqrt();
        (w + (dw * strength + noise)).max(cell.low).min(cell.high)
    }

    /// Weight of the reference that reading subtracts.
    pub(super) fn reference(&self, cell: &Instance) -> f64 {
        with_law!(&self.step, law => law.reference(Scalar, cell.own)).unwrap_or(0.0)
    }

    /// The mean cell.
    pub(super) fn nominal(&self) -> Instance {
        self.instance(0, Chance { seed: 0, scale: 0.0 })
    }
}

/// Weights (before the reference) of the mean cell after 0, 1, … noise-free pulses from `start`, at most `pulses`,
/// fewer where it no longer moves.
pub(super) fn trajectory(cell: &PulsedCell, start: f64, up: bool, pulses: usize) -> Vec<f64> {
    let mean = cell.nominal();
    let mut curve = vec![start];
    let mut w = start;
    for _ in 0..pulses {
        let next = cell.pulsed(&mean, w, up, 1.0, 0.0);
        if (next - w).abs() < STILL * (mean.high - mean.low) {
            break;
        }
        w = next;
        curve.push(w);
    }
    curve
}
