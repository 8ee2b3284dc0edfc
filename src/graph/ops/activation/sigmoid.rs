//! `Sigmoid`: `1 / (1 + exp(-x))`.

use super::super::{OpResult, Operator, Reach, map_real, same_real};
use crate::graph::{Attrs, Fact, Value};

/// Logistic function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sigmoid;

pub(super) fn new(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Sigmoid))
}

impl Operator for Sigmoid {
    fn name(&self) -> &'static str {
        "Sigmoid"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        same_real(inputs)
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        map_real(inputs, |x| 1.0 / (1.0 + libm::expf(-x)))
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
}
