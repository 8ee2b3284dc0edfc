//! `Unsqueeze`: inserts dimensions of size 1; `axes` is an attribute up to operator set 12, an input since 13.

use super::super::{OpError, OpResult, Operator, axes, maybe, moves_data, need, with_shape};
use crate::graph::{Attrs, Fact, Value};

/// Insertion of dimensions of size 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsqueeze {
    axes: Option<Vec<i64>>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Unsqueeze { axes: if attrs.opset < 13 { attrs.ints("axes")? } else { None } }))
}

fn stretched(shape: &[usize], list: Option<&[i64]>) -> OpResult<Vec<usize>> {
    let list = list.ok_or_else(|| OpError::new("has no axes"))?;
    let rank = shape.len() + list.len();
    let new = axes(list, rank)?;
    let mut old = shape.iter().copied();
    Ok((0..rank).map(|i| if new.contains(&i) { 1 } else { old.next().unwrap_or(1) }).collect())
}

impl Operator for Unsqueeze {
    fn name(&self) -> &'static str {
        "Unsqueeze"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        let list = maybe(inputs, 1).map(|a| a.known_ints("the axes")).transpose()?;
        Ok(vec![Fact::new(x.dtype, stretched(&x.shape, list.as_deref().or(self.axes.as_deref()))?)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let list = maybe(inputs, 1).map(|a| a.ints("the axes")).transpose()?;
        Ok(vec![with_shape(x, &stretched(x.shape(), list.as_deref().or(self.axes.as_deref()))?)?])
    }
    moves_data!();
}
