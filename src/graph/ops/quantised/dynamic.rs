//! `DynamicQuantizeLinear`: `uint8` with the scale and zero point that the tensor itself asks for.

use ndarray::arr0;

use super::super::{OpError, OpResult, Operator, need, need_real};
use super::spread::saturate;
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// Outputs: the integers, their scale, their zero point. The range always includes 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DynamicQuantizeLinear;

pub(super) fn new(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(DynamicQuantizeLinear))
}

impl Operator for DynamicQuantizeLinear {
    fn name(&self) -> &'static str {
        "DynamicQuantizeLinear"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    /// Two comparisons for the range and one product for each element.
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        3 * need(inputs, 0).ok().and_then(Fact::elements).unwrap_or(0) as u64
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need_real(inputs, 0)?;
        if x.elements() == Some(0) {
            return Err(OpError::new("has no element to take a range from"));
        }
        Ok(vec![Fact::new(DType::U8, x.shape.clone()), Fact::new(x.dtype, []), Fact::new(DType::U8, [])])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?.as_real()?;
        let low = elements(x).iter().fold(0.0f32, |m, v| m.min(*v));
        let high = elements(x).iter().fold(0.0f32, |m, v| m.max(*v));
        // the standard takes a range of 1 where all elements are 0
        let scale = if low == high { 1.0 / 255.0 } else { (high - low) / 255.0 };
        let zero = (-low / scale).clamp(0.0, 255.0).round_ties_even() as i64;
        let steps = elements(x).iter().map(|v| (v / scale, zero));
        let scale = Value::Real(arr0(scale).into_dyn());
        Ok(vec![saturate(steps, DType::U8, x.shape())?, scale, Value::Int(DType::U8, arr0(zero).into_dyn())])
    }
}
