//! `Shape` of a tensor, or since operator set 15 a part of it.

use super::super::{OpResult, Operator, moves_data, need};
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// Shape as an `int64` list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    start: i64,
    end: Option<i64>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    if attrs.opset < 15 {
        return Ok(Box::new(Shape { start: 0, end: None }));
    }
    Ok(Box::new(Shape { start: attrs.int("start")?.unwrap_or(0), end: attrs.int("end")? }))
}

impl Shape {
    fn list(&self, shape: &[usize]) -> Value {
        let rank = shape.len() as i64;
        let clamp = |v: i64| (if v < 0 { v.saturating_add(rank) } else { v }).clamp(0, rank) as usize;
        let (start, end) = (clamp(self.start), self.end.map_or(shape.len(), clamp));
        Value::list(shape.get(start..end).unwrap_or(&[]).iter().map(|n| *n as i64).collect())
    }
}

impl Operator for Shape {
    fn name(&self) -> &'static str {
        "Shape"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let value = self.list(&need(inputs, 0)?.shape);
        let mut fact = Fact::new(DType::I64, value.shape());
        fact.value = Some(value.into());
        Ok(vec![fact])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        Ok(vec![self.list(need(inputs, 0)?.shape())])
    }
    moves_data!();
}
