//! `Softmax`. Up to operator set 12 the tensor is flattened to two dimensions at `axis` (default 1)
//! and every row is normalised; since 13 only the one dimension `axis` (default -1) is.

use super::super::{OpResult, Operator, axis, need, same_real};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// Normalised exponentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Softmax {
    axis: i64,
    flattens: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let flattens = attrs.opset < 13;
    let default = if flattens { 1 } else { -1 };
    Ok(Box::new(Softmax { axis: attrs.int("axis")?.unwrap_or(default), flattens }))
}

impl Softmax {
    /// Sizes before, in and after the normalised part.
    fn split(&self, shape: &[usize]) -> OpResult<(usize, usize, usize)> {
        // flattening may happen after the last dimension too
        let at =
            if self.flattens && self.axis == shape.len() as i64 { shape.len() } else { axis(self.axis, shape.len())? };
        let end = if self.flattens { shape.len() } else { at + 1 };
        Ok((shape[..at].iter().product(), shape[at..end].iter().product(), shape[end..].iter().product()))
    }
}

impl Operator for Softmax {
    fn name(&self) -> &'static str {
        "Softmax"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let out = same_real(inputs)?;
        self.split(&out[0].shape)?;
        Ok(out)
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?.as_real()?;
        let (outer, size, inner) = self.split(x.shape())?;
        let mut out = elements(x).to_vec();
        for o in 0..outer {
            for i in 0..inner {
                let at = |k: usize| (o * size + k) * inner + i;
                let top = (0..size).map(|k| out[at(k)]).fold(f32::NEG_INFINITY, f32::max);
                let mut sum = 0.0;
                for k in 0..size {
                    let e = libm::expf(out[at(k)] - top);
                    out[at(k)] = e;
                    sum += e;
                }
                for k in 0..size {
                    out[at(k)] /= sum;
                }
            }
        }
        Ok(vec![Value::real(x.shape(), out)?])
    }
}
