//! `Range`: numbers from a start, by a step, up to but without a limit.

use super::super::{OpError, OpResult, Operator, known, moves_data, need};
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// Evenly spaced numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range;

pub(super) fn new(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Range))
}

/// All numbers of the range.
fn numbers(start: &Value, limit: &Value, step: &Value) -> OpResult<Value> {
    let (a, b, d) = (start.scalar("the start")?, limit.scalar("the limit")?, step.scalar("the step")?);
    let count = ((b - a) / d).ceil().max(0.0);
    if d == 0.0 || !count.is_finite() {
        return Err(OpError::new(format!("from {a} to {b} by {d} has no end")));
    }
    if count > crate::graph::infer::MAX_ELEMENTS as f64 {
        return Err(OpError::new(format!("has {count} numbers, which is too many")));
    }
    let count = count as i64;
    let single = |v: &Value| match v {
        Value::Int(t, a) => a.first().map(|v| (*t, *v)),
        Value::Real(_) => None,
    };
    match (single(start), single(step)) {
        (Some((dtype, a)), Some((_, d))) => {
            Value::int(dtype, &[count as usize], (0..count).map(|i| a.wrapping_add(i.wrapping_mul(d))).collect())
        }
        _ => Value::real(&[count as usize], (0..count).map(|i| (a + i as f64 * d) as f32).collect()),
    }
}

impl Operator for Range {
    fn name(&self) -> &'static str {
        "Range"
    }
    fn arity(&self) -> (usize, usize) {
        (3, 3)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let dtype = need(inputs, 0)?.dtype;
        if dtype == DType::Bool {
            return Err(OpError::new("has no numbers of type bool"));
        }
        let value =
            numbers(known(inputs, 0, "the start")?, known(inputs, 1, "the limit")?, known(inputs, 2, "the step")?)?;
        Ok(vec![Fact { dtype, ..Fact::constant(value.into()) }])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        Ok(vec![numbers(need(inputs, 0)?, need(inputs, 1)?, need(inputs, 2)?)?])
    }
    moves_data!();
}
