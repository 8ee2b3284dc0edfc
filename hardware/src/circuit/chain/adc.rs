//! Output converter: saturation, asymmetry and noise of its amplifier, rounding, bound.

use super::options::{ChainOptions, step};
use super::round::steps;
use crate::simd::{Body, Doubles};

/// What is drawn or derived once for the columns of a crossbar.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AdcColumns {
    /// `|η|` of every column; empty without saturation.
    pub saturation: Vec<f32>,
    /// Gain that makes up for saturation.
    pub gain: f32,
    /// Standard deviation of the noise of every column; empty without noise.
    pub noise: Vec<f32>,
}

/// Conversion of the outputs of one vector. Yields how many left the range above and below.
pub(super) struct Adc<'a> {
    pub options: &'a ChainOptions,
    pub columns: &'a AdcColumns,
    /// Standard normals, if there is noise.
    pub normals: &'a [f32],
    /// Uniforms of (0, 1), if rounding is stochastic.
    pub dither: Option<&'a [f32]>,
    pub y: &'a mut [f32],
}

impl Body for Adc<'_> {
    type Output = [u32; 2];
    #[inline(always)]
    fn run<L: Doubles>(self, _: L) -> [u32; 2] {
        let Self { options: o, columns, normals, dither, y } = self;
        for (y, eta) in y.iter_mut().zip(&columns.saturation) {
            *y = *y / (1.0 + (eta * *y).abs());
        }
        if columns.gain != 1.0 {
            y.iter_mut().for_each(|y| *y *= columns.gain);
        }
        if o.out_asymmetry != 0.0 {
            let negative = 1.0 - o.out_asymmetry;
            y.iter_mut().for_each(|y| *y = if *y < 0.0 { *y * negative } else { *y });
        }
        for ((y, sigma), z) in y.iter_mut().zip(&columns.noise).zip(normals) {
            *y += sigma * z;
        }
        if let Some(res) = step(o.out_res, o.out_bound) {
            steps(y, res, dither);
            y.iter_mut().for_each(|y| *y *= res);
        }
        let bound = o.out_bound;
        if bound <= 0.0 {
            return [0; 2];
        }
        let (mut above, mut below) = (0, 0);
        for y in y {
            above += u32::from(*y > bound);
            below += u32::from(*y < -bound);
            *y = y.max(-bound).min(bound);
        }
        [above, below]
    }
}
