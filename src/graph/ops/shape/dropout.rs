//! `Dropout` at inference: the same tensor. Training mode is refused.

use super::super::{OpError, OpResult, Operator, maybe, need};
use crate::graph::{Attrs, Fact, Value};

/// Passes its input on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropout;

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    attrs.ignore(&["ratio", "seed"]);
    // In set 6 `is_test` = 0 (its default) would mean training; exporters of that time forgot it
    // often, so it is taken for what a stored network is: a network to be run.
    attrs.ignore(&["is_test", "consumed_inputs"]);
    if attrs.has_output(1) {
        return Err(OpError::new("the mask output is only meaningful in training and not supported"));
    }
    Ok(Box::new(Dropout))
}

impl Operator for Dropout {
    fn name(&self) -> &'static str {
        "Dropout"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 3)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        if let Some(training) = maybe(inputs, 2) {
            let value = training.value.as_ref().ok_or_else(|| OpError::new("`training_mode` must be constant"))?;
            if value.scalar("`training_mode`")? != 0.0 {
                return Err(OpError::new("is in training mode; export the network for inference"));
            }
        }
        Ok(vec![need(inputs, 0)?.clone()])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        Ok(vec![need(inputs, 0)?.clone()])
    }
}
