//! `GatherElements`: for every place of an index tensor one element, the index replacing the coordinate along an axis.

use super::super::{OpResult, Operator, Reach, axis, both_kinds, moves_data, need};
use super::places::{along, fits, integers};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// Selection element by element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatherElements {
    axis: i64,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(GatherElements { axis: attrs.int("axis")?.unwrap_or(0) }))
}

impl Operator for GatherElements {
    fn name(&self) -> &'static str {
        "GatherElements"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (x, indices) = (need(inputs, 0)?, need(inputs, 1)?);
        fits(&x.shape, axis(self.axis, x.shape.len())?, &indices.shape)?;
        Ok(vec![Fact::new(x.dtype, indices.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (x, indices) = (need(inputs, 0)?, integers(need(inputs, 1)?)?);
        let from = along(x.shape(), axis(self.axis, x.shape().len())?, indices)?;
        let mut from = from.into_iter();
        Ok(vec![both_kinds!(x, a => {
            let flat = elements(a);
            // as many offsets as there are indices
            indices.map(|_| flat[from.next().unwrap_or(0)])
        })])
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        super::along_axis(self.axis, inputs)
    }
    moves_data!();
}
