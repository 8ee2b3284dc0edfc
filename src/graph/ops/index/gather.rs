//! `Gather` along an axis by integer indices; negative ones count from the end since operator set 11.

use ndarray::{Axis, IxDyn};

use super::super::{OpError, OpResult, Operator, Reach, axis, both_kinds, maybe, moves_data, need};
use crate::graph::{Attrs, Fact, Value};

/// Selection along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gather {
    axis: i64,
    negative: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Gather { axis: attrs.int("axis")?.unwrap_or(0), negative: attrs.opset >= 11 }))
}

fn result(data: &[usize], at: usize, index: &[usize]) -> Vec<usize> {
    data[..at].iter().chain(index).chain(&data[at + 1..]).copied().collect()
}

impl Operator for Gather {
    fn name(&self) -> &'static str {
        "Gather"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (data, index) = (need(inputs, 0)?, need(inputs, 1)?);
        if index.dtype.is_float() {
            return Err(OpError::new("the indices must be integers"));
        }
        let at = axis(self.axis, data.shape.len())?;
        Ok(vec![Fact::new(data.dtype, result(&data.shape, at, &index.shape))])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (data, index) = (need(inputs, 0)?, need(inputs, 1)?);
        let Value::Int(_, index) = index else { return Err(OpError::new("the indices must be integers")) };
        let at = axis(self.axis, data.shape().len())?;
        let size = data.shape()[at] as i64;
        let place = |i: &i64| {
            let from = if *i < 0 && self.negative { *i + size } else { *i };
            if (0..size).contains(&from) {
                return Ok(from as usize);
            }
            Err(OpError::new(format!("index {i} is outside a dimension of {size}")))
        };
        let places = index.iter().map(place).collect::<OpResult<Vec<_>>>()?;
        let shape = IxDyn(&result(data.shape(), at, index.shape()));
        let bad = |e: ndarray::ShapeError| OpError::new(e.to_string());
        Ok(vec![both_kinds!(data, a => {
            let picked = a.select(Axis(at), &places).as_standard_layout().into_owned();
            picked.into_shape_with_order(shape).map_err(bad)?
        })])
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        match maybe(inputs, 1) {
            // a list of indices leaves the number of dimensions as it is
            Some(indices) if indices.shape.len() == 1 => super::along_axis(self.axis, inputs),
            _ => Reach::All,
        }
    }
    moves_data!();
}
