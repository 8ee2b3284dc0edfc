//! `Relu`: `max(x, 0)`.

use std::sync::Arc;

use super::super::{OpResult, Operator, Reach, Takes, map_owned, need};
use crate::graph::{Attrs, Fact, Value};

/// Rectifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relu;

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    attrs.ignore(&["consumed_inputs"]);
    Ok(Box::new(Relu))
}

impl Operator for Relu {
    fn name(&self) -> &'static str {
        "Relu"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        Takes::Number.check(x)?;
        Ok(vec![Fact::new(x.dtype, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        Ok(vec![match need(inputs, 0)? {
            Value::Real(a) => Value::Real(a.mapv(rectify)),
            Value::Int(t, a) => Value::Int(*t, a.mapv(|v| v.max(0))),
        }])
    }
    fn consume(&self, inputs: Vec<Option<Arc<Value>>>) -> OpResult<Vec<Value>> {
        match inputs.first().and_then(Option::as_deref) {
            Some(Value::Int(..)) => self.eval(&inputs.iter().map(Option::as_deref).collect::<Vec<_>>()),
            _ => map_owned(inputs, rectify),
        }
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
}

fn rectify(x: f32) -> f32 {
    x.max(0.0)
}
