//! `Squeeze`: removes dimensions of size 1; `axes` is an attribute up to operator set 12, an input since 13.

use super::super::{OpError, OpResult, Operator, axes, maybe, moves_data, need, with_shape};
use crate::graph::{Attrs, Fact, Value};

/// Removal of dimensions of size 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Squeeze {
    axes: Option<Vec<i64>>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Squeeze { axes: if attrs.opset < 13 { attrs.ints("axes")? } else { None } }))
}

fn squeezed(shape: &[usize], list: Option<&[i64]>) -> OpResult<Vec<usize>> {
    let Some(list) = list else { return Ok(shape.iter().copied().filter(|n| *n != 1).collect()) };
    let gone = axes(list, shape.len())?;
    if let Some(d) = gone.iter().find(|d| shape[**d] != 1) {
        return Err(OpError::new(format!("dimension {d} of {shape:?} is not 1")));
    }
    Ok(shape.iter().enumerate().filter(|(i, _)| !gone.contains(i)).map(|(_, n)| *n).collect())
}

impl Operator for Squeeze {
    fn name(&self) -> &'static str {
        "Squeeze"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        let list = maybe(inputs, 1).map(|a| a.known_ints("the axes")).transpose()?;
        Ok(vec![Fact::new(x.dtype, squeezed(&x.shape, list.as_deref().or(self.axes.as_deref()))?)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let list = maybe(inputs, 1).map(|a| a.ints("the axes")).transpose()?;
        Ok(vec![with_shape(x, &squeezed(x.shape(), list.as_deref().or(self.axes.as_deref()))?)?])
    }
    moves_data!();
}
