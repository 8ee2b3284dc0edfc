//! Resampling of one dimension: for every output element the input elements it is made of, with their weights.

use super::super::{OpError, OpResult};
use crate::graph::Attrs;

/// How elements between the input elements are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mode {
    /// One of the neighbours.
    Nearest(Rounding),
    /// Straight lines.
    Linear,
    /// Cubic convolution with a parameter (Keys 1981, <https://doi.org/10.1109/TASSP.1981.1163711>).
    Cubic(f64),
}

/// Which neighbour is the nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// The nearer, of two equally near the left.
    PreferFloor,
    /// The nearer, of two equally near the right.
    PreferCeil,
    /// The left.
    Floor,
    /// The right.
    Ceil,
}

/// Where on the input an output element lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordinates {
    /// Centres of elements correspond.
    HalfPixel,
    /// Centres correspond, and the middles of both ranges too.
    HalfPixelSymmetric,
    /// As half pixel, but a single output element lies at the start.
    PytorchHalfPixel,
    /// The first and last elements of both ranges correspond.
    AlignCorners,
    /// The starts of elements correspond.
    Asymmetric,
    /// As half pixel, without the half pixel of the input.
    TfHalfPixelForNn,
    /// The range is a part of the input, its ends corresponding to the first and last output elements.
    TfCropAndResize,
}

/// How a dimension is resampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// What stands between elements.
    pub mode: Mode,
    /// Where output elements lie.
    pub coordinates: Coordinates,
    /// Whether elements beyond the border count nothing, instead of continuing the border.
    pub exclude_outside: bool,
    /// Whether a smaller result averages over more elements.
    pub antialias: bool,
}

/// What an output element is made of; `None` when it lies outside the range.
pub type Taps = Option<Vec<(usize, f64)>>;

impl Mode {
    /// Reads `mode`, `nearest_mode` and `cubic_coeff_a`.
    pub fn read(attrs: &mut Attrs<'_>) -> OpResult<Self> {
        let rounding = match attrs.text("nearest_mode")? {
            None | Some("round_prefer_floor") => Rounding::PreferFloor,
            Some("round_prefer_ceil") => Rounding::PreferCeil,
            Some("floor") => Rounding::Floor,
            Some("ceil") => Rounding::Ceil,
            Some(other) => return Err(OpError::new(format!("`nearest_mode` `{other}` is unknown"))),
        };
        let a = attrs.float("cubic_coeff_a")?.unwrap_or(-0.75);
        Ok(match attrs.text("mode")? {
            None | Some("nearest") => Self::Nearest(rounding),
            Some("linear") => Self::Linear,
            Some("cubic") => Self::Cubic(f64::from(a)),
            Some(other) => return Err(OpError::new(format!("`mode` is `{other}`, not nearest, linear or cubic"))),
        })
    }
    /// How far from an element it has an influence.
    pub const fn radius(self) -> usize {
        match self {
            Self::Nearest(_) | Self::Linear => 1,
            Self::Cubic(_) => 2,
        }
    }
    /// Weight of an element at a distance.
    fn weight(self, x: f64) -> f64 {
        let d = x.abs();
        match self {
            Self::Nearest(_) => 0.0,
            Self::Linear => (1.0 - d).max(0.0),
            Self::Cubic(a) if d <= 1.0 => ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0,
            Self::Cubic(a) if d < 2.0 => ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a,
            Self::Cubic(_) => 0.0,
        }
    }
}

impl Coordinates {
    /// Reads `coordinate_transformation_mode`.
    pub fn read(attrs: &mut Attrs<'_>) -> OpResult<Self> {
        Ok(match attrs.text("coordinate_transformation_mode")? {
            None | Some("half_pixel") => Self::HalfPixel,
            Some("half_pixel_symmetric") => Self::HalfPixelSymmetric,
            Some("pytorch_half_pixel") => Self::PytorchHalfPixel,
            Some("align_corners") => Self::AlignCorners,
            Some("asymmetric") => Self::Asymmetric,
            Some("tf_half_pixel_for_nn") => Self::TfHalfPixelForNn,
            Some("tf_crop_and_resize") => Self::TfCropAndResize,
            Some(other) => {
                return Err(OpError::new(format!("`coordinate_transformation_mode` `{other}` is unknown")));
            }
        })
    }
    /// Place on the input of output element `x`, for a dimension of `input` elements that becomes `output`, by `scale`,
    /// within the part `roi` of the input.
    fn place(self, x: f64, input: f64, output: f64, scale: f64, roi: (f64, f64)) -> f64 {
        let exact = scale * input;
        match self {
            Self::PytorchHalfPixel if exact == 1.0 => -0.5,
            Self::HalfPixel | Self::PytorchHalfPixel => (x + 0.5) / scale - 0.5,
            Self::HalfPixelSymmetric => input / 2.0 * (1.0 - output / exact) + (x + 0.5) / scale - 0.5,
            Self::AlignCorners if exact == 1.0 => 0.0,
            Self::AlignCorners => x * (input - 1.0) / (exact - 1.0),
            Self::Asymmetric => x / scale,
            Self::TfHalfPixelForNn => (x + 0.5) / scale,
            Self::TfCropAndResize => {
                let part = if exact == 1.0 { 0.5 } else { x / (exact - 1.0) };
                (roi.0 + part * (roi.1 - roi.0)) * (input - 1.0)
            }
        }
    }
}

impl Sampling {
    /// The taps of all output elements of a dimension.
    pub fn taps(&self, input: usize, output: usize, scale: f64, roi: (f64, f64)) -> Vec<Taps> {
        let last = input as f64 - 1.0;
        (0..output)
            .map(|x| {
                let at = self.coordinates.place(x as f64, input as f64, output as f64, scale, roi);
                let outside = self.coordinates == Coordinates::TfCropAndResize && !(0.0..=last).contains(&at);
                (!outside).then(|| self.around(at, input, scale))
            })
            .collect()
    }

    /// The input elements around a place.
    fn around(&self, at: f64, input: usize, scale: f64) -> Vec<(usize, f64)> {
        // the neighbour on the left, strictly: distances from it are above 0 and at most 1
        let left = at.ceil() - 1.0;
        let ratio = at - left;
        let inside = |i: f64| i.clamp(0.0, input as f64 - 1.0) as usize;
        if let Mode::Nearest(rounding) = self.mode {
            let right = match rounding {
                _ if ratio == 1.0 => true,
                Rounding::PreferFloor => ratio > 0.5,
                Rounding::PreferCeil => ratio >= 0.5,
                Rounding::Floor => false,
                Rounding::Ceil => true,
            };
            return vec![(inside(left + f64::from(u8::from(right))), 1.0)];
        }
        let shrink = if self.antialias { scale.min(1.0) } else { 1.0 };
        let start = (-(self.mode.radius() as f64) / shrink).floor() + 1.0;
        let count = (2.0 - 2.0 * start) as usize;
        let mut taps: Vec<(usize, f64)> = Vec::with_capacity(count);
        for i in (0..count).map(|i| start + i as f64) {
            let beyond = left + i < 0.0 || left + i >= input as f64;
            if !(self.exclude_outside && beyond) {
                taps.push((inside(left + i), self.mode.weight(shrink * (i - ratio))));
            }
        }
        let total: f64 = taps.iter().map(|t| t.1).sum();
        taps.iter_mut().for_each(|t| t.1 /= total);
        taps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampling(mode: Mode, coordinates: Coordinates) -> Sampling {
        Sampling { mode, coordinates, exclude_outside: false, antialias: false }
    }

    #[test]
    fn weights_sum_to_one() {
        for mode in [Mode::Linear, Mode::Cubic(-0.75), Mode::Cubic(-0.5)] {
            for antialias in [false, true] {
                let s = Sampling { antialias, ..sampling(mode, Coordinates::HalfPixel) };
                for taps in s.taps(7, 3, 3.0 / 7.0, (0.0, 1.0)).into_iter().flatten() {
                    assert!((taps.iter().map(|t| t.1).sum::<f64>() - 1.0).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn corners_stay_where_they_are() {
        let taps = sampling(Mode::Linear, Coordinates::AlignCorners).taps(3, 5, 5.0 / 3.0, (0.0, 1.0));
        let value = |t: &Taps| t.iter().flatten().map(|(i, w)| *i as f64 * w).sum::<f64>();
        let values: Vec<f64> = taps.iter().map(value).collect();
        assert_eq!(values, [0.0, 0.5, 1.0, 1.5, 2.0]);
    }

    #[test]
    fn halves_go_where_the_mode_says() {
        let pick = |r| {
            let taps = sampling(Mode::Nearest(r), Coordinates::Asymmetric).taps(4, 8, 2.0, (0.0, 1.0));
            taps.into_iter().flatten().map(|t| t[0].0).collect::<Vec<_>>()
        };
        assert_eq!(pick(Rounding::PreferFloor), [0, 0, 1, 1, 2, 2, 3, 3]);
        assert_eq!(pick(Rounding::PreferCeil), [0, 1, 1, 2, 2, 3, 3, 3]);
    }
}
