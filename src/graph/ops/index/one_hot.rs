//! `OneHot`: indices as vectors with one element switched on. An index outside the range switches none on.

use ndarray::{ArrayD, IxDyn};

use super::super::{OpError, OpResult, Operator, axis, known, moves_data, need};
use crate::graph::{Attrs, Fact, Value};

/// Indicator vectors along a new axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneHot {
    axis: i64,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(OneHot { axis: attrs.int("axis")?.unwrap_or(-1) }))
}

impl OneHot {
    /// The new axis, the depth, and the shape of the result.
    fn place(self, indices: &[usize], depth: &Value) -> OpResult<(usize, usize, Vec<usize>)> {
        let at = axis(self.axis, indices.len() + 1)?;
        let depth = depth.scalar("the depth")?;
        if !(depth >= 0.0 && depth <= crate::graph::infer::MAX_ELEMENTS as f64) {
            return Err(OpError::new(format!("a depth of {depth} cannot be")));
        }
        let depth = depth as usize;
        let mut shape = indices.to_vec();
        shape.insert(at, depth);
        Ok((at, depth, shape))
    }
}

impl Operator for OneHot {
    fn name(&self) -> &'static str {
        "OneHot"
    }
    fn arity(&self) -> (usize, usize) {
        (3, 3)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let values = need(inputs, 2)?;
        if values.shape != [2] {
            return Err(OpError::new(format!("wants the values off and on, not the shape {:?}", values.shape)));
        }
        let (_, _, shape) = self.place(&need(inputs, 0)?.shape, known(inputs, 1, "the depth")?)?;
        Ok(vec![Fact::new(values.dtype, shape)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (at, depth, shape) = self.place(need(inputs, 0)?.shape(), need(inputs, 1)?)?;
        let indices = match need(inputs, 0)? {
            Value::Int(_, a) => a.clone(),
            Value::Real(a) => a.mapv(|v| v as i64),
        };
        let on = |place: &IxDyn| {
            let others: Vec<usize> = (0..shape.len()).filter(|d| *d != at).map(|d| place[d]).collect();
            let i = indices[others.as_slice()];
            let i = if i < 0 { i.saturating_add(depth as i64) } else { i };
            usize::from(i == place[at] as i64)
        };
        let to = IxDyn(&shape);
        Ok(vec![match need(inputs, 2)? {
            Value::Real(v) => Value::Real(ArrayD::from_shape_fn(to, |place| v[[on(&place)].as_slice()])),
            Value::Int(t, v) => Value::Int(*t, ArrayD::from_shape_fn(to, |place| v[[on(&place)].as_slice()])),
        }])
    }
    moves_data!();
}
