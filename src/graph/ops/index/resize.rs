//! `Resize`, and `Upsample` of operator sets 7 to 9: resampling along dimensions, one after the other.

use ndarray::{ArrayD, ArrayView1, Axis};

use super::super::{OpError, OpResult, Operator, axis, known, maybe, need};
use super::taps::{Coordinates, Mode, Rounding, Sampling, Taps};
use crate::graph::value::wrap;
use crate::graph::{Attrs, Fact, Value};

/// What `sizes` mean where both sides cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aspect {
    Stretch,
    NotLarger,
    NotSmaller,
}

/// Resampling.
#[derive(Debug, Clone, PartialEq)]
pub struct Resize {
    name: &'static str,
    sampling: Sampling,
    /// Value of elements outside the range.
    extrapolation: f64,
    axes: Option<Vec<i64>>,
    aspect: Aspect,
    /// Scales as an attribute (`Upsample` up to set 8).
    given: Option<Vec<f32>>,
    /// Inputs at which the range, the scales and the sizes stand.
    inputs: [Option<usize>; 3],
}

/// Sampling before there was a choice: the starts of elements correspond, and the left one is the nearest.
fn early(attrs: &mut Attrs<'_>) -> OpResult<Sampling> {
    let mode = match attrs.text("mode")? {
        None | Some("nearest") => Mode::Nearest(Rounding::Floor),
        Some("linear") => Mode::Linear,
        Some(other) => return Err(OpError::new(format!("`mode` is `{other}`, not nearest or linear"))),
    };
    Ok(Sampling { mode, coordinates: Coordinates::Asymmetric, exclude_outside: false, antialias: false })
}

pub(super) fn upsample(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    if !(7..10).contains(&attrs.opset) {
        return Err(OpError::new(format!("is not an operator of set {}", attrs.opset)));
    }
    let given = if attrs.opset < 9 { attrs.floats("scales")? } else { None };
    let sampling = early(attrs)?;
    let inputs = [None, given.is_none().then_some(1), None];
    let (axes, aspect) = (None, Aspect::Stretch);
    Ok(Box::new(Resize { name: "Upsample", sampling, extrapolation: 0.0, axes, aspect, given, inputs }))
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let name = "Resize";
    if attrs.opset < 11 {
        let (sampling, inputs) = (early(attrs)?, [None, Some(1), None]);
        let (axes, aspect, given) = (None, Aspect::Stretch, None);
        return Ok(Box::new(Resize { name, sampling, extrapolation: 0.0, axes, aspect, given, inputs }));
    }
    let late = attrs.opset >= 18;
    let sampling = Sampling {
        mode: Mode::read(attrs)?,
        coordinates: Coordinates::read(attrs)?,
        exclude_outside: attrs.flag("exclude_outside", false)?,
        antialias: late && attrs.flag("antialias", false)?,
    };
    let aspect = match if late { attrs.text("keep_aspect_ratio_policy")? } else { None } {
        None | Some("stretch") => Aspect::Stretch,
        Some("not_larger") => Aspect::NotLarger,
        Some("not_smaller") => Aspect::NotSmaller,
        Some(other) => return Err(OpError::new(format!("`keep_aspect_ratio_policy` `{other}` is unknown"))),
    };
    Ok(Box::new(Resize {
        name,
        sampling,
        extrapolation: f64::from(attrs.float("extrapolation_value")?.unwrap_or(0.0)),
        axes: if late { attrs.ints("axes")? } else { None },
        aspect,
        given: None,
        inputs: [Some(1), Some(2), Some(3)],
    }))
}

/// The numbers of a list.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Real(a) => a.iter().map(|v| f64::from(*v)).collect(),
        Value::Int(_, a) => a.iter().map(|v| *v as f64).collect(),
    }
}

impl Resize {
    /// The dimensions that lists of scales, sizes and ranges speak of.
    fn dimensions(&self, rank: usize) -> OpResult<Vec<usize>> {
        match &self.axes {
            Some(list) => list.iter().map(|a| axis(*a, rank)).collect(),
            None => Ok((0..rank).collect()),
        }
    }

    /// Size and scale of every dimension of the result.
    fn sizes(&self, shape: &[usize], scales: Option<Vec<f64>>, sizes: Option<Vec<f64>>) -> OpResult<Vec<(usize, f64)>> {
        let at = self.dimensions(shape.len())?;
        let mut all: Vec<(usize, f64)> = shape.iter().map(|n| (*n, 1.0)).collect();
        let list = match (scales, sizes) {
            (Some(list), None) | (None, Some(list)) if list.len() != at.len() => {
                return Err(OpError::new(format!("{} numbers do not fit {} dimension(s)", list.len(), at.len())));
            }
            (Some(scales), None) => {
                for (d, scale) in at.iter().zip(scales) {
                    // in single precision, as the scales are given
                    let size = (scale as f32 * shape[*d] as f32).floor();
                    if !(scale > 0.0 && size < 1e9) {
                        return Err(OpError::new(format!("cannot scale dimension {d} by {scale}")));
                    }
                    all[*d] = (size as usize, scale);
                }
                return Ok(all);
            }
            (None, Some(sizes)) => sizes,
            _ => return Err(OpError::new("wants either scales or sizes")),
        };
        if let Some(d) = at.iter().find(|d| shape[**d] == 0) {
            return Err(OpError::new(format!("dimension {d} is empty")));
        }
        let ratios: Vec<f64> = at.iter().zip(&list).map(|(d, n)| n / shape[*d] as f64).collect();
        let common = match self.aspect {
            Aspect::Stretch => None,
            Aspect::NotLarger => Some(ratios.iter().copied().fold(f64::INFINITY, f64::min)),
            Aspect::NotSmaller => Some(ratios.iter().copied().fold(0.0, f64::max)),
        };
        for (i, d) in at.iter().enumerate() {
            let scale = common.unwrap_or(ratios[i]);
            // a half rounds up
            all[*d] = (common.map_or(list[i], |s| (s * shape[*d] as f64 + 0.5).floor()) as usize, scale);
        }
        Ok(all)
    }

    /// Part of the input, by dimension, from 0 to 1.
    fn range(&self, rank: usize, roi: Option<Vec<f64>>) -> OpResult<Vec<(f64, f64)>> {
        let mut all = vec![(0.0, 1.0); rank];
        if self.sampling.coordinates == Coordinates::TfCropAndResize {
            let at = self.dimensions(rank)?;
            let roi = roi.filter(|r| r.len() == 2 * at.len());
            let roi = roi.ok_or_else(|| OpError::new("wants `roi` with the start and end of every dimension"))?;
            for (i, d) in at.iter().enumerate() {
                all[*d] = (roi[i], roi[i + at.len()]);
            }
        }
        Ok(all)
    }
}

/// Resamples one dimension; what lies outside is zero for now.
fn resample(a: &ArrayD<f64>, at: usize, taps: &[Taps]) -> ArrayD<f64> {
    let mut shape = a.raw_dim();
    shape[at] = taps.len();
    let mut out = ArrayD::zeros(shape);
    let element = |row: ArrayView1<'_, f64>, taps: &Vec<(usize, f64)>| taps.iter().map(|(i, w)| row[*i] * w).sum();
    for (row, mut to) in a.lanes(Axis(at)).into_iter().zip(out.lanes_mut(Axis(at))) {
        for (v, taps) in to.iter_mut().zip(taps) {
            *v = taps.as_ref().map_or(0.0, |t| element(row, t));
        }
    }
    out
}

impl Operator for Resize {
    fn name(&self) -> &'static str {
        self.name
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1 + self.inputs.iter().flatten().max().copied().unwrap_or(0))
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        let list = |which: usize, what: &str| match self.inputs[which] {
            // an empty tensor is an absent one
            Some(i) if maybe(inputs, i).is_some_and(|f| f.elements() != Some(0)) => {
                known(inputs, i, what).map(|v| Some(numbers(v)))
            }
            _ => Ok(None),
        };
        let scales = match &self.given {
            Some(list) => Some(list.iter().map(|v| f64::from(*v)).collect()),
            None => list(1, "the scales")?,
        };
        let sizes = self.sizes(&x.shape, scales, list(2, "the sizes")?)?;
        Ok(vec![Fact::new(x.dtype, sizes.into_iter().map(|s| s.0).collect::<Vec<_>>())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let shape = x.shape();
        let list = |which: usize| {
            let value = self.inputs[which].and_then(|i| maybe(inputs, i));
            value.map(numbers).filter(|l| !l.is_empty())
        };
        let scales = self.given.as_ref().map(|l| l.iter().map(|v| f64::from(*v)).collect());
        let sizes = self.sizes(shape, scales.or_else(|| list(1)), list(2))?;
        let range = self.range(shape.len(), list(0))?;
        let mut out = match x {
            Value::Real(a) => a.mapv(f64::from),
            Value::Int(_, a) => a.mapv(|v| v as f64),
        };
        let mut outside = Vec::new();
        for (d, (size, scale)) in sizes.into_iter().enumerate() {
            if size == shape[d] && scale == 1.0 && range[d] == (0.0, 1.0) {
                continue;
            }
            let taps = self.sampling.taps(shape[d], size, scale, range[d]);
            out = resample(&out, d, &taps);
            outside.extend(taps.iter().enumerate().filter(|(_, t)| t.is_none()).map(|(i, _)| (d, i)));
        }
        for (d, i) in outside {
            out.index_axis_mut(Axis(d), i).fill(self.extrapolation);
        }
        Ok(vec![match x {
            Value::Real(_) => Value::Real(out.mapv(|v| v as f32)),
            Value::Int(t, _) => Value::Int(*t, out.mapv(|v| wrap(*t, v as i64))),
        }])
    }
    /// A multiply-accumulate for each tap of each dimension; the nearest element is only moved.
    fn lane_ops(&self, inputs: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        let (Some(x), Some(y)) = (maybe(inputs, 0), outputs.first()) else { return 0 };
        if matches!(self.sampling.mode, Mode::Nearest(_)) {
            return 0;
        }
        let taps = |(from, to): (&usize, &usize)| {
            let stretch = if self.sampling.antialias { from.div_ceil((*to).max(1)).max(1) } else { 1 };
            if from == to { 0 } else { 2 * self.sampling.mode.radius() * stretch }
        };
        let all: usize = x.shape.iter().zip(&y.shape).map(taps).sum();
        (y.elements().unwrap_or(0) * all) as u64
    }
}
