//! Input converter: scaled, rounded, bounded; then noise and asymmetry of the drivers.

use super::options::{ChainOptions, step};
use super::round::steps;
use crate::simd::{Body, Doubles};

/// What comes out of a converter that yields whole steps and nothing else: the largest number of them, and their size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Steps {
    pub most: f32,
    pub size: f32,
}

impl Steps {
    /// If the bound is a whole number of steps and nothing is added to them.
    pub fn of(o: &ChainOptions) -> Option<Self> {
        let size = step(o.inp_res, o.inp_bound)?;
        let most = (o.inp_bound / size).round();
        let whole = (most * size - o.inp_bound).abs() <= 4.0 * f32::EPSILON * o.inp_bound;
        (whole && o.inp_noise <= 0.0 && o.inp_asymmetry == 0.0).then_some(Self { most, size })
    }
}

/// Conversion of one vector.
pub(super) struct Dac<'a> {
    pub options: &'a ChainOptions,
    /// Yields steps instead of their worth.
    pub whole: Option<Steps>,
    /// `1 / (scale · reduction)`, both divisions rounded in this order.
    pub factor: f32,
    pub x: &'a [f32],
    /// Uniforms of (0, 1), if rounding is stochastic.
    pub dither: Option<&'a [f32]>,
    /// Standard normals, if there is noise.
    pub noise: Option<&'a [f32]>,
    pub out: &'a mut [f32],
}

impl Body for Dac<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Doubles>(self, _: L) {
        let Self { options: o, whole, factor, x, dither, noise, out } = self;
        out.iter_mut().zip(x).for_each(|(u, x)| *u = x * factor);
        if let Some(Steps { most, size }) = whole {
            steps(out, size, dither);
            out.iter_mut().for_each(|u| *u = u.max(-most).min(most));
            return;
        }
        if let Some(res) = step(o.inp_res, o.inp_bound) {
            steps(out, res, dither);
            out.iter_mut().for_each(|u| *u *= res);
        }
        if o.inp_bound > 0.0 {
            out.iter_mut().for_each(|u| *u = u.max(-o.inp_bound).min(o.inp_bound));
        }
        if let Some(noise) = noise {
            out.iter_mut().zip(noise).for_each(|(u, z)| *u += o.inp_noise * z);
        }
        if o.inp_asymmetry != 0.0 {
            let negative = 1.0 - o.inp_asymmetry;
            out.iter_mut().for_each(|u| *u = if *u < 0.0 { *u * negative } else { *u });
        }
    }
}
