//! `Tanh`: hyperbolic tangent.

use super::super::{OpResult, Operator, map_real, same_real};
use crate::graph::{Attrs, Fact, Value};

/// Hyperbolic tangent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tanh;

pub(super) fn new(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Tanh))
}

impl Operator for Tanh {
    fn name(&self) -> &'static str {
        "Tanh"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        same_real(inputs)
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        map_real(inputs, libm::tanhf)
    }
}
