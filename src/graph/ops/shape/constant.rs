//! `Constant`: a tensor in an attribute.

use std::sync::Arc;

use ndarray::{Array1, arr0};

use super::super::{OpError, OpResult, Operator};
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// A constant.
#[derive(Clone, PartialEq)]
pub struct Constant {
    value: Arc<Value>,
}

impl std::fmt::Debug for Constant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Constant {{ shape: {:?} }}", self.value.shape())
    }
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let value = if let Some(t) = attrs.tensor("value")? {
        Value::from_tensor(t)?
    } else if let Some(v) = attrs.float("value_float")? {
        Value::Real(arr0(v).into_dyn())
    } else if let Some(v) = attrs.floats("value_floats")? {
        Value::Real(Array1::from_vec(v).into_dyn())
    } else if let Some(v) = attrs.int("value_int")? {
        Value::Int(DType::I64, arr0(v).into_dyn())
    } else if let Some(v) = attrs.ints("value_ints")? {
        Value::list(v)
    } else {
        return Err(OpError::new("has none of the attributes `value`, `value_float(s)`, `value_int(s)`"));
    };
    Ok(Box::new(Constant { value: Arc::new(value) }))
}

impl Operator for Constant {
    fn name(&self) -> &'static str {
        "Constant"
    }
    fn arity(&self) -> (usize, usize) {
        (0, 0)
    }
    fn infer(&self, _: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        Ok(vec![Fact::constant(Arc::clone(&self.value))])
    }
    fn eval(&self, _: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        Ok(vec![(*self.value).clone()])
    }
}
