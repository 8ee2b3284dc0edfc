//! Voltage drop along the columns, as aihwkit's polynomial estimates it.
//!
//! `y −= k · c · Σ w u (1 − (1 − j/n)²)` over the inputs `j = 0 … n−1`, with `c = a (a (0.05 a − 0.2) + 0.5)` and
//! `a = n / g_ratio · Σ |w| |u|`. A fit to solved networks, not a solution: [`crate::circuit::wires`] solves them.

use crate::simd::{Body, Doubles};

/// Share of the drop at every input.
pub(super) fn ramp(inputs: usize) -> impl Iterator<Item = f32> {
    (0..inputs).map(move |j| {
        let rest = 1.0 - j as f32 / inputs as f32;
        1.0 - rest * rest
    })
}

/// The drop in the outputs of one vector.
pub(super) struct IrDrop<'a> {
    /// `ir_drop`.
    pub strength: f32,
    /// `n / ir_drop_g_ratio`.
    pub load: f32,
    /// `Σ |w| |u|` of every column.
    pub magnitude: &'a [f32],
    /// `Σ w u · ramp` of every column.
    pub ramped: &'a [f32],
    pub y: &'a mut [f32],
}

impl Body for IrDrop<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Doubles>(self, _: L) {
        for ((y, m), r) in self.y.iter_mut().zip(self.magnitude).zip(self.ramped) {
            let a = self.load * m;
            let c = a * (a * (0.05 * a - 0.2) + 0.5);
            *y -= self.strength * c * r;
        }
    }
}
