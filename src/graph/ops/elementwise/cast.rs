//! `Cast` between element types, and `CastLike` to the type of another tensor. Floats become integers by truncation;
//! 16-bit floats are rounded to their own precision although they are held in `f32`.

use super::super::{OpError, OpResult, Operator, Reach, need};
use crate::graph::value::{to_f64, wrap};
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::{DType, bf16_to_f32, f16_to_f32, f32_to_bf16, f32_to_f16};

/// Conversion to another element type: a given one, or that of the second input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cast {
    to: Option<DType>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    // these concern 8-bit floats only
    attrs.ignore(&["saturate", "round_mode"]);
    let to = attrs.int("to")?.ok_or_else(|| OpError::new("has no attribute `to`"))?;
    let dtype = i32::try_from(to).ok().and_then(DType::from_onnx);
    let dtype = dtype.ok_or_else(|| OpError::new(format!("casts to element type {to}, which is not supported")))?;
    Ok(Box::new(Cast { to: Some(dtype) }))
}

pub(super) fn like(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    attrs.ignore(&["saturate", "round_mode"]);
    Ok(Box::new(Cast { to: None }))
}

/// The same numbers in another element type.
fn convert(value: &Value, to: DType) -> Value {
    let round: fn(f32) -> f32 = match to {
        DType::F16 => |v| f16_to_f32(f32_to_f16(v)),
        DType::BF16 => |v| bf16_to_f32(f32_to_bf16(v)),
        _ => |v| v,
    };
    match value {
        Value::Real(a) if to.is_float() => Value::Real(a.mapv(round)),
        Value::Real(a) if to == DType::Bool => Value::Int(to, a.mapv(|v| i64::from(v != 0.0))),
        Value::Real(a) if to == DType::U64 => Value::Int(to, a.mapv(|v| v as u64 as i64)),
        Value::Real(a) => Value::Int(to, a.mapv(|v| wrap(to, v as i64))),
        Value::Int(t, a) if to.is_float() => Value::Real(a.mapv(|v| round(to_f64(*t, v) as f32))),
        Value::Int(_, a) => Value::Int(to, a.mapv(|v| wrap(to, v))),
    }
}

impl Operator for Cast {
    fn name(&self) -> &'static str {
        if self.to.is_some() { "Cast" } else { "CastLike" }
    }
    fn arity(&self) -> (usize, usize) {
        if self.to.is_some() { (1, 1) } else { (2, 2) }
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let to = match self.to {
            Some(to) => to,
            None => need(inputs, 1)?.dtype,
        };
        Ok(vec![Fact::new(to, need(inputs, 0)?.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let to = match (self.to, inputs.get(1).copied().flatten()) {
            (Some(to), _) => to,
            (None, Some(Value::Int(t, _))) => *t,
            // which of the floating-point types it is, a value does not know: the widest rounds nothing
            (None, _) => DType::F32,
        };
        Ok(vec![convert(need(inputs, 0)?, to)])
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
}
