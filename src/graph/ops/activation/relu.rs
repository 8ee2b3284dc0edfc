//! `Relu`: `max(x, 0)`.

use std::sync::Arc;

use super::super::{OpResult, Operator, map_owned, map_real, same_real};
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
        same_real(inputs)
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        map_real(inputs, rectify)
    }
    fn consume(&self, inputs: Vec<Option<Arc<Value>>>) -> OpResult<Vec<Value>> {
        map_owned(inputs, rectify)
    }
}

fn rectify(x: f32) -> f32 {
    x.max(0.0)
}
