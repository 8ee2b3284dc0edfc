//! `Sum` of any number of tensors; they broadcast since operator set 8.

use super::super::{OpError, OpResult, Operator, broadcast, need, need_real};
use super::combine;
use crate::graph::{Attrs, Fact, Value};

/// Element-wise sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    broadcasts: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Sum { broadcasts: attrs.opset >= 8 }))
}

impl Operator for Sum {
    fn name(&self) -> &'static str {
        "Sum"
    }
    fn arity(&self) -> (usize, usize) {
        (1, usize::MAX)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let first = need_real(inputs, 0)?;
        let mut shape = first.shape.clone();
        for i in 1..inputs.len() {
            let other = &need_real(inputs, i)?.shape;
            if !self.broadcasts && *other != shape {
                return Err(OpError::new(format!("shapes {shape:?} and {other:?} differ")));
            }
            shape = broadcast(&shape, other)?;
        }
        Ok(vec![Fact::new(first.dtype, shape)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let mut sum = need(inputs, 0)?.as_real()?.clone();
        for i in 1..inputs.len() {
            let other = need(inputs, i)?.as_real()?;
            let shape = broadcast(sum.shape(), other.shape())?;
            sum = combine(&sum, other, &shape, |x, y| x + y)?;
        }
        Ok(vec![Value::Real(sum)])
    }
}
