//! `ConstantOfShape`: one number everywhere in a tensor of a given shape.

use ndarray::{ArrayD, IxDyn};

use super::super::{OpError, OpResult, Operator, moves_data, need};
use super::sizes;
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// A filled tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct ConstantOfShape {
    dtype: DType,
    /// The number, as a tensor of one element.
    value: Value,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let (dtype, value) = match attrs.tensor("value")? {
        Some(t) => (t.dtype, Value::from_tensor(t)?),
        None => (DType::F32, Value::real(&[1], vec![0.0])?),
    };
    value.scalar("attribute `value`")?;
    Ok(Box::new(ConstantOfShape { dtype, value }))
}

impl Operator for ConstantOfShape {
    fn name(&self) -> &'static str {
        "ConstantOfShape"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        Ok(vec![Fact::new(self.dtype, sizes(&need(inputs, 0)?.known_ints("the shape")?)?)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let shape = IxDyn(&sizes(&need(inputs, 0)?.ints("the shape")?)?);
        let empty = || OpError::new("has no value");
        Ok(vec![match &self.value {
            Value::Real(v) => Value::Real(ArrayD::from_elem(shape, *v.first().ok_or_else(empty)?)),
            Value::Int(t, v) => Value::Int(*t, ArrayD::from_elem(shape, *v.first().ok_or_else(empty)?)),
        }])
    }
    moves_data!();
}
