//! Read noise of the weights, as one normal for each output.
//!
//! Independent Gaussian noise of the weights sums to a Gaussian of variance `Σ σ² u²`: `w_noise² Σ u²` for
//! additive noise, `w_noise² Σ |w| u²` for that of phase-change memory. Exact in distribution.

use crate::simd::{Body, Doubles};

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

/// Sum in sixteen fixed partial sums, so that it does not depend on the instruction set.
pub(super) fn sum(values: impl Iterator<Item = f32>) -> f32 {
    let mut parts = [0.0f32; 16];
    for (i, v) in values.enumerate() {
        parts[i % 16] += v;
    }
    parts.iter().sum()
}
