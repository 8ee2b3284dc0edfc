//! `Constant`: a tensor in an attribute.

use std::sync::Arc;

use ndarray::{Array1, arr0};

use super::super::{OpError, OpResult, Operator, moves_data};
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// A constant.
#[derive(Clone, PartialEq)]
pub struct Constant {
    fact: Fact,
}

impl std::fmt::Debug for Constant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Constant {{ shape: {:?} }}", self.fact.shape)
    }
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let mut dtype = None;
    let value = if let Some(t) = attrs.tensor("value")? {
        dtype = Some(t.dtype);
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
    let fact = Fact::constant(Arc::new(value));
    Ok(Box::new(Constant { fact: Fact { dtype: dtype.unwrap_or(fact.dtype), ..fact } }))
}

impl Operator for Constant {
    fn name(&self) -> &'static str {
        "Constant"
    }
    fn arity(&self) -> (usize, usize) {
        (0, 0)
    }
    fn infer(&self, _: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        Ok(vec![self.fact.clone()])
    }
    fn eval(&self, _: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let value = self.fact.value.as_deref();
        Ok(vec![value.ok_or_else(|| OpError::new("has no value"))?.clone()])
    }
    moves_data!();
}
