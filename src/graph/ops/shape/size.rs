//! `Size`: the number of elements.

use std::sync::Arc;

use ndarray::arr0;

use super::super::{OpError, OpResult, Operator, moves_data, need};
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// Number of elements as an `int64` scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size;

pub(super) fn new(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Size))
}

fn count(elements: usize) -> Value {
    Value::Int(DType::I64, arr0(elements as i64).into_dyn())
}

impl Operator for Size {
    fn name(&self) -> &'static str {
        "Size"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let elements = need(inputs, 0)?.elements().ok_or_else(|| OpError::new("has too many elements to count"))?;
        Ok(vec![Fact::constant(Arc::new(count(elements)))])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        Ok(vec![count(need(inputs, 0)?.shape().iter().product())])
    }
    moves_data!();
}
