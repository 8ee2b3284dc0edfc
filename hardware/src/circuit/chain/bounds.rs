//! Bound management: whether a vector is read again, and how much smaller.

use super::options::{BoundManagement, ChainOptions, step};
use super::scale::worst_case;
use crate::simd::Isa;

/// Scale of a vector in the round at hand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Round {
    /// Scale by noise management.
    pub scale: f32,
    /// Further reduction by bound management, a power of two.
    pub reduction: f32,
    /// Whether the scale is that of the worst case.
    worst: bool,
}

impl Round {
    pub fn first(scale: f32) -> Self {
        Self { scale, reduction: 1.0, worst: false }
    }

    /// Factor on the inputs, in the order of operations that ties of the input converter depend on.
    pub fn factor(self) -> f32 {
        (1.0 / self.scale) / self.reduction
    }

    /// The next round, if outputs outside the range (above, below) ask for one.
    ///
    /// aihwkit forgets about an output above the range if one below follows and `bm_test_negative_bound` is off; here
    /// any output above counts.
    pub fn next(self, isa: Isa, o: &ChainOptions, x: &[f32], outside: [u32; 2]) -> Option<Self> {
        let left = outside[0] > 0 || (o.bm_test_negative_bound && outside[1] > 0);
        let most = step(o.inp_res, o.inp_bound).map_or(f32::INFINITY, |res| o.max_bm_res / res);
        let again = left && self.reduction <= o.max_bm_factor && self.reduction <= most;
        match o.bound_management {
            BoundManagement::Iterative if again => Some(Self { reduction: self.reduction * 2.0, ..self }),
            BoundManagement::IterativeWorstCase if left && !self.worst => {
                Some(Self { scale: worst_case(isa, o, x), reduction: 1.0, worst: true })
            }
            BoundManagement::IterativeWorstCase if again => Some(Self { reduction: self.reduction * 2.0, ..self }),
            _ => None,
        }
    }
}

/// Moves all outputs down so that the largest is at the bound.
pub(super) fn shift(o: &ChainOptions, y: &mut [f32]) {
    let largest = y.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if o.bound_management == BoundManagement::Shift && o.out_bound > 0.0 && largest > o.out_bound {
        y.iter_mut().for_each(|y| *y += o.out_bound - largest);
    }
}
