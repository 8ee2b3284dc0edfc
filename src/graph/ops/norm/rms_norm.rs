//! `RMSNormalization`: by the root of the mean square, without a mean.

use super::super::{OpResult, Operator, Reach, axis, need, need_real};
use super::layer_norm::reach;
use super::{each, spread};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// `x / sqrt(mean(x²) + epsilon) · scale`; inputs x, scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsNorm {
    /// First of the normalised dimensions.
    pub axis: i64,
    /// Added to the mean square.
    pub epsilon: f32,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    // the statistic is always taken in double precision
    attrs.ignore(&["stash_type"]);
    let (axis, epsilon) = (attrs.int("axis")?.unwrap_or(-1), attrs.float("epsilon")?.unwrap_or(1e-5));
    Ok(Box::new(RmsNorm { axis, epsilon }))
}

impl Operator for RmsNorm {
    fn name(&self) -> &'static str {
        "RMSNormalization"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    /// Square, quotient and scaling of each element.
    fn lane_ops(&self, _: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        each(outputs, 3)
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        reach(self.axis, inputs)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need_real(inputs, 0)?;
        spread(&need_real(inputs, 1)?.shape, &x.shape[axis(self.axis, x.shape.len())?..])?;
        Ok(vec![Fact::new(x.dtype, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (x, scale) = (need(inputs, 0)?.as_real()?, need(inputs, 1)?.as_real()?);
        let own = &x.shape()[axis(self.axis, x.ndim())?..];
        let size: usize = own.iter().product::<usize>().max(1);
        let (at, scale) = (spread(scale.shape(), own)?, elements(scale));
        let mut out = elements(x).to_vec();
        for row in out.chunks_exact_mut(size) {
            let square = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / size as f64;
            let inverse = 1.0 / (square + f64::from(self.epsilon)).sqrt();
            for (v, i) in row.iter_mut().zip(&at) {
                *v = (f64::from(*v) * inverse * f64::from(scale[*i])) as f32;
            }
        }
        Ok(vec![Value::real(x.shape(), out)?])
    }
}
