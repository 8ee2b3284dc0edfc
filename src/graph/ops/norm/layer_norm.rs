//! `LayerNormalization` over all dimensions from one on, with mean and inverse deviation on request.

use super::super::{OpResult, Operator, Reach, axis, maybe, need, need_real};
use super::{each, moments, spread};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// `(x - mean) / sqrt(var + epsilon) · scale + shift`; inputs x, scale, shift; outputs y, mean, inverse deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerNorm {
    /// First of the normalised dimensions.
    pub axis: i64,
    /// Added to the variance.
    pub epsilon: f32,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    // statistics are always taken in double precision
    attrs.ignore(&["stash_type"]);
    let (axis, epsilon) = (attrs.int("axis")?.unwrap_or(-1), attrs.float("epsilon")?.unwrap_or(1e-5));
    Ok(Box::new(LayerNorm { axis, epsilon }))
}

/// How far a normalisation from an axis on looks.
pub(super) fn reach(from: i64, inputs: &[Option<&Fact>]) -> Reach {
    let rank = maybe(inputs, 0).map_or(0, |x| x.shape.len());
    let last = axis(from, rank).is_ok_and(|a| a + 1 == rank);
    // other axes of the parameters would have to be looked along too
    let rows = inputs.iter().skip(1).flatten().all(|p| p.shape.len() <= 1);
    if last && rows { Reach::LastAxis } else { Reach::All }
}

impl Operator for LayerNorm {
    fn name(&self) -> &'static str {
        "LayerNormalization"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 3)
    }
    /// Sum, square, centring and scaling of each element.
    fn lane_ops(&self, _: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        each(outputs, 4)
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        reach(self.axis, inputs)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need_real(inputs, 0)?;
        let at = axis(self.axis, x.shape.len())?;
        for i in 1..3 {
            if maybe(inputs, i).is_some() {
                spread(&need_real(inputs, i)?.shape, &x.shape[at..])?;
            }
        }
        let shape: Vec<usize> = x.shape.iter().enumerate().map(|(d, n)| if d < at { *n } else { 1 }).collect();
        let statistic = Fact::new(x.dtype, shape);
        Ok(vec![Fact::new(x.dtype, x.shape.clone()), statistic.clone(), statistic])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (x, scale) = (need(inputs, 0)?.as_real()?, need(inputs, 1)?.as_real()?);
        let shift = maybe(inputs, 2).map(Value::as_real).transpose()?;
        let at = axis(self.axis, x.ndim())?;
        let own = &x.shape()[at..];
        let size: usize = own.iter().product();
        let of_scale = spread(scale.shape(), own)?;
        let of_shift = shift.map(|b| spread(b.shape(), own)).transpose()?;
        let (scale, shift) = (elements(scale), shift.map(elements));
        let (mut out, mut means, mut inverses) = (elements(x).to_vec(), vec![], vec![]);
        for row in out.chunks_exact_mut(size.max(1)) {
            let (mean, var) = moments(row);
            let inverse = 1.0 / (var + f64::from(self.epsilon)).sqrt();
            for (k, v) in row.iter_mut().enumerate() {
                let offset = shift.zip(of_shift.as_ref()).map_or(0.0, |(b, at)| b[at[k]]);
                *v = ((f64::from(*v) - mean) * inverse * f64::from(scale[of_scale[k]]) + f64::from(offset)) as f32;
            }
            means.push(mean as f32);
            inverses.push(inverse as f32);
        }
        let shape: Vec<usize> = x.shape().iter().enumerate().map(|(d, n)| if d < at { *n } else { 1 }).collect();
        Ok(vec![Value::real(x.shape(), out)?, Value::real(&shape, means)?, Value::real(&shape, inverses)?])
    }
}
