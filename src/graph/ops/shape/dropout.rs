//! `Dropout` at inference: the same tensor, and a mask that keeps everything. Training mode is refused unless its
//! ratio is 0.

use ndarray::{ArrayD, IxDyn};

use super::super::{OpError, OpResult, Operator, Reach, known, maybe, moves_data, need};
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// Passes its input on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropout {
    /// Whether the mask is of type bool (since operator set 10), if it is wanted.
    mask: Option<bool>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    attrs.ignore(&["ratio", "seed"]);
    // In set 6 `is_test` = 0 (its default) would mean training; exporters of that time forgot it
    // often, so it is taken for what a stored network is: a network to be run.
    attrs.ignore(&["is_test", "consumed_inputs"]);
    Ok(Box::new(Dropout { mask: attrs.has_output(1).then_some(attrs.opset >= 10) }))
}

impl Operator for Dropout {
    fn name(&self) -> &'static str {
        "Dropout"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 3)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let training = match maybe(inputs, 2) {
            Some(_) => known(inputs, 2, "`training_mode`")?.scalar("`training_mode`")? != 0.0,
            None => false,
        };
        let drops = match maybe(inputs, 1) {
            Some(ratio) => ratio.value.as_ref().map(|v| v.scalar("`ratio`")).transpose()? != Some(0.0),
            None => true,
        };
        if training && drops {
            return Err(OpError::new("is in training mode; export the network for inference"));
        }
        let x = need(inputs, 0)?;
        let mask = self.mask.map(|bool| Fact::new(if bool { DType::Bool } else { x.dtype }, x.shape.clone()));
        Ok([x.clone()].into_iter().chain(mask).collect())
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let shape = IxDyn(x.shape());
        let mask = self.mask.map(|bool| match x {
            Value::Real(_) if !bool => Value::Real(ArrayD::ones(shape)),
            _ => Value::Int(DType::Bool, ArrayD::ones(shape)),
        });
        Ok([x.clone()].into_iter().chain(mask).collect())
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
    moves_data!();
}
