//! `EyeLike`: ones on a diagonal, in the shape of another matrix.

use ndarray::{ArrayD, IxDyn};

use super::super::{OpError, OpResult, Operator, moves_data, need};
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// A diagonal of ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EyeLike {
    /// How far right of the main diagonal.
    k: i64,
    dtype: Option<DType>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let dtype = match attrs.int("dtype")? {
        None => None,
        Some(n) => {
            let found = i32::try_from(n).ok().and_then(DType::from_onnx);
            Some(found.ok_or_else(|| OpError::new(format!("wants element type {n}, which is not supported")))?)
        }
    };
    Ok(Box::new(EyeLike { k: attrs.int("k")?.unwrap_or(0), dtype }))
}

impl Operator for EyeLike {
    fn name(&self) -> &'static str {
        "EyeLike"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        if x.shape.len() != 2 {
            return Err(OpError::new(format!("wants a matrix, not the shape {:?}", x.shape)));
        }
        Ok(vec![Fact::new(self.dtype.unwrap_or(x.dtype), x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let one = |at: &IxDyn| (at[1] as i64).wrapping_sub(at[0] as i64) == self.k;
        let shape = IxDyn(x.shape());
        let dtype = match (self.dtype, x) {
            (Some(dtype), _) => dtype,
            (None, Value::Int(dtype, _)) => *dtype,
            (None, Value::Real(_)) => DType::F32,
        };
        Ok(vec![if dtype.is_float() {
            Value::Real(ArrayD::from_shape_fn(shape, |at| f32::from(u8::from(one(&at)))))
        } else {
            Value::Int(dtype, ArrayD::from_shape_fn(shape, |at| i64::from(one(&at))))
        }])
    }
    moves_data!();
}
