//! `Identity`: the same tensor.

use super::super::{OpResult, Operator, Reach, moves_data, need};
use crate::graph::{Attrs, Fact, Value};

/// Passes its input on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity;

pub(super) fn new(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Identity))
}

impl Operator for Identity {
    fn name(&self) -> &'static str {
        "Identity"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        Ok(vec![need(inputs, 0)?.clone()])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        Ok(vec![need(inputs, 0)?.clone()])
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
    moves_data!();
}
