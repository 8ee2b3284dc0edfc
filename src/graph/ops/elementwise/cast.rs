//! `Cast` between element types. Floats become integers by truncation; 16-bit floats are rounded to
//! their own precision although they are held in `f32`.

use super::super::{OpError, OpResult, Operator, need};
use crate::graph::value::wrap;
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::{DType, bf16_to_f32, f16_to_f32, f32_to_bf16, f32_to_f16};

/// Conversion to another element type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cast {
    to: DType,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    // these concern 8-bit floats only
    attrs.ignore(&["saturate", "round_mode"]);
    let to = attrs.int("to")?.ok_or_else(|| OpError::new("has no attribute `to`"))?;
    let dtype = i32::try_from(to).ok().and_then(DType::from_onnx);
    Ok(Box::new(Cast {
        to: dtype.ok_or_else(|| OpError::new(format!("casts to element type {to}, which is not supported")))?,
    }))
}

impl Operator for Cast {
    fn name(&self) -> &'static str {
        "Cast"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        Ok(vec![Fact::new(self.to, need(inputs, 0)?.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let round: fn(f32) -> f32 = match self.to {
            DType::F16 => |v| f16_to_f32(f32_to_f16(v)),
            DType::BF16 => |v| bf16_to_f32(f32_to_bf16(v)),
            _ => |v| v,
        };
        Ok(vec![match need(inputs, 0)? {
            Value::Real(a) if self.to.is_float() => Value::Real(a.mapv(round)),
            Value::Real(a) if self.to == DType::Bool => Value::Int(self.to, a.mapv(|v| i64::from(v != 0.0))),
            Value::Real(a) => Value::Int(self.to, a.mapv(|v| wrap(self.to, v as i64))),
            Value::Int(_, a) if self.to.is_float() => Value::Real(a.mapv(|v| round(v as f32))),
            Value::Int(_, a) => Value::Int(self.to, a.mapv(|v| wrap(self.to, v))),
        }])
    }
}
