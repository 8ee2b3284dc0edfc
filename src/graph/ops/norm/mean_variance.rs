//! `MeanVarianceNormalization` over given axes.

use super::super::{OpResult, Operator, axes, need, same_real};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// Added to the deviation, by the definition of the operator.
const EPSILON: f64 = 1e-9;

/// `(x - mean) / (deviation + 1e-9)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeanVarianceNorm {
    /// Dimensions that are normalised together.
    pub axes: Vec<i64>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(MeanVarianceNorm { axes: attrs.ints("axes")?.unwrap_or_else(|| vec![0, 2, 3]) }))
}

impl Operator for MeanVarianceNorm {
    fn name(&self) -> &'static str {
        "MeanVarianceNormalization"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    /// Sum, square and scaling of each element.
    fn lane_ops(&self, _: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        super::each(outputs, 3)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let out = same_real(inputs)?;
        axes(&self.axes, out[0].shape.len())?;
        Ok(out)
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?.as_real()?;
        let gone = axes(&self.axes, x.ndim())?;
        let kept: Vec<usize> =
            x.shape().iter().enumerate().map(|(d, n)| if gone.contains(&d) { 1 } else { *n }).collect();
        // which statistic every element belongs to
        let group = super::spread(&kept, x.shape())?;
        let count = kept.iter().product::<usize>();
        let each = x.len() as f64 / count.max(1) as f64;
        let mut sums = vec![(0.0f64, 0.0f64); count];
        for (v, g) in elements(x).iter().zip(&group) {
            sums[*g].0 += f64::from(*v) / each;
        }
        for (v, g) in elements(x).iter().zip(&group) {
            sums[*g].1 += (f64::from(*v) - sums[*g].0).powi(2) / each;
        }
        let one = |(v, g): (&f32, &usize)| ((f64::from(*v) - sums[*g].0) / (sums[*g].1.sqrt() + EPSILON)) as f32;
        Ok(vec![Value::real(x.shape(), elements(x).iter().zip(&group).map(one).collect())?])
    }
}
