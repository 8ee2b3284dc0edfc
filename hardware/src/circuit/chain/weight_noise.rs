//! Read noise of the weights, as one normal for each output.
//!
//! Independent Gaussian noise of the weights sums to a Gaussian of variance `Σ σ² u²`: `w_noise² Σ u²` for
//! additive noise, `w_noise² Σ |w| u²` for that of phase-change memory. Exact in distribution.

use crate::simd::{Body, Doubles, LANES};

/// Variance of every output before `w_noise²`.
#[derive(Clone, Copy)]
pub(super) enum Variance<'a> {
    /// The same for all.
    Same(f32),
    /// One for each column.
    Columns(&'a [f32]),
}

/// Noise in the outputs of one vector.
pub(super) struct Noise<'a> {
    /// `w_noise`.
    pub strength: f32,
    pub variance: Variance<'a>,
    /// Standard normals.
    pub normals: &'a [f32],
    pub y: &'a mut [f32],
}

impl Body for Noise<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Doubles>(self, _: L) {
        let Self { strength, variance, normals, y } = self;
        match variance {
            Variance::Same(v) => {
                let sigma = strength * v.sqrt();
                y.iter_mut().zip(normals).for_each(|(y, z)| *y += sigma * z);
            }
            Variance::Columns(v) => {
                for ((y, z), v) in y.iter_mut().zip(normals).zip(v) {
                    *y += strength * v.sqrt() * z;
                }
            }
        }
    }
}

/// Sum of the elements, or of their squares, in sixteen fixed partial sums.
pub(super) struct Sum<'a> {
    pub values: &'a [f32],
    pub squared: bool,
}

impl Body for Sum<'_> {
    type Output = f32;
    #[inline(always)]
    fn run<L: Doubles>(self, _: L) -> f32 {
        let mut parts = [0.0; LANES];
        for values in self.values.chunks(LANES) {
            for (part, v) in parts.iter_mut().zip(values) {
                *part += if self.squared { v * v } else { *v };
            }
        }
        parts.iter().sum()
    }
}
