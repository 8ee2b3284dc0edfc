//! Series resistance and voltage offset of the columns.
//!
//! A column of weights and its complement of erased cells (`t = −w_min Σ u`) carry `f(y + t)` and `f(t)` with
//! `f(v) = v / (1 + r |v|)`; an offset `V` weakens the first and strengthens the second:
//! `y = (1 − V) f(y + t) − (1 + V) f(t)`.

use crate::simd::{Body, Doubles};

/// Both effects on the outputs of one vector.
pub(super) struct Series<'a> {
    /// `r_series`.
    pub resistance: f32,
    /// `t`.
    pub erased: f32,
    /// `V` of every column.
    pub offset: &'a [f32],
    pub y: &'a mut [f32],
}

impl Body for Series<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Doubles>(self, _: L) {
        let Self { resistance: r, erased: t, offset, y } = self;
        let f = |v: f32| v / (1.0 + r * v.abs());
        let background = f(t);
        for (y, v) in y.iter_mut().zip(offset) {
            *y = (1.0 - v) * f(*y + t) - (1.0 + v) * background;
        }
    }
}
