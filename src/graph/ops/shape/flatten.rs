//! `Flatten` to two dimensions at an axis.

use super::super::{OpError, OpResult, Operator, moves_data, need, with_shape};
use crate::graph::{Attrs, Fact, Value};

/// Dimensions before `axis` become the first, the others the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flatten {
    axis: i64,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let axis = attrs.int("axis")?.unwrap_or(1);
    if axis < 0 && attrs.opset < 11 {
        return Err(OpError::new("a negative `axis` needs operator set 11"));
    }
    Ok(Box::new(Flatten { axis }))
}

impl Flatten {
    fn shape(&self, shape: &[usize]) -> OpResult<Vec<usize>> {
        // the axis may stand behind the last dimension
        let at =
            if self.axis == shape.len() as i64 { shape.len() } else { super::super::axis(self.axis, shape.len())? };
        Ok(vec![shape[..at].iter().product(), shape[at..].iter().product()])
    }
}

impl Operator for Flatten {
    fn name(&self) -> &'static str {
        "Flatten"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        Ok(vec![Fact::new(x.dtype, self.shape(&x.shape)?)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        Ok(vec![with_shape(x, &self.shape(x.shape())?)?])
    }
    moves_data!();
}
