//! `GatherND`: parts of a tensor at index tuples.

use super::super::{OpError, OpResult, Operator, moves_data, need};
use super::places::{integers, parts, tuples};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// Selection of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatherND {
    /// Leading dimensions that data and indices share.
    batch: usize,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let batch = if attrs.opset >= 12 { attrs.int("batch_dims")?.unwrap_or(0) } else { 0 };
    let batch = usize::try_from(batch).map_err(|_| OpError::new(format!("`batch_dims` is {batch}")))?;
    Ok(Box::new(GatherND { batch }))
}

fn copy<T: Copy>(from: &[T], offsets: &[usize], length: usize) -> Vec<T> {
    offsets.iter().flat_map(|o| from[*o..*o + length].iter().copied()).collect()
}

impl Operator for GatherND {
    fn name(&self) -> &'static str {
        "GatherND"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (x, indices) = (need(inputs, 0)?, need(inputs, 1)?);
        Ok(vec![Fact::new(x.dtype, parts(&x.shape, self.batch, &indices.shape)?.1)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (x, indices) = (need(inputs, 0)?, integers(need(inputs, 1)?)?);
        let (part, shape) = parts(x.shape(), self.batch, indices.shape())?;
        let offsets = tuples(x.shape(), self.batch, indices)?;
        let length = part.iter().product();
        Ok(vec![match x {
            Value::Real(a) => Value::real(&shape, copy(elements(a), &offsets, length))?,
            Value::Int(t, a) => Value::int(*t, &shape, copy(elements(a), &offsets, length))?,
        }])
    }
    moves_data!();
}
