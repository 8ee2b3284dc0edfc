//! `Expand`: broadcasting to a given shape.

use ndarray::IxDyn;

use super::super::{OpError, OpResult, Operator, Reach, both_kinds, broadcast, moves_data, need};
use super::sizes;
use crate::graph::{Attrs, Fact, Value};

/// Broadcasting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expand;

pub(super) fn new(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Expand))
}

impl Operator for Expand {
    fn name(&self) -> &'static str {
        "Expand"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        let wanted = sizes(&need(inputs, 1)?.known_ints("the shape")?)?;
        Ok(vec![Fact::new(x.dtype, broadcast(&x.shape, &wanted)?)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let shape = broadcast(x.shape(), &sizes(&need(inputs, 1)?.ints("the shape")?)?)?;
        let bad = || OpError::new(format!("{:?} does not broadcast to {shape:?}", x.shape()));
        Ok(vec![both_kinds!(x, a => {
            a.broadcast(IxDyn(&shape)).ok_or_else(bad)?.as_standard_layout().into_owned()
        })])
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
    moves_data!();
}
