//! `ReverseSequence`: the first elements of every sequence of a batch in reverse order.

use ndarray::{ArrayD, IxDyn};

use super::super::{OpError, OpResult, Operator, axis, both_kinds, moves_data, need};
use crate::graph::{Attrs, Fact, Value};

/// Reversal in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReverseSequence {
    batch: i64,
    time: i64,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let (batch, time) = (attrs.int("batch_axis")?.unwrap_or(1), attrs.int("time_axis")?.unwrap_or(0));
    Ok(Box::new(ReverseSequence { batch, time }))
}

fn reversed<T: Copy>(a: &ArrayD<T>, batch: usize, time: usize, lengths: &[usize]) -> ArrayD<T> {
    ArrayD::from_shape_fn(a.raw_dim(), |mut at: IxDyn| {
        let n = lengths[at[batch]];
        if at[time] < n {
            at[time] = n - 1 - at[time];
        }
        a[at]
    })
}

impl ReverseSequence {
    fn axes(self, shape: &[usize]) -> OpResult<(usize, usize)> {
        let (batch, time) = (axis(self.batch, shape.len())?, axis(self.time, shape.len())?);
        if batch == time {
            return Err(OpError::new("`batch_axis` and `time_axis` are the same"));
        }
        Ok((batch, time))
    }
}

impl Operator for ReverseSequence {
    fn name(&self) -> &'static str {
        "ReverseSequence"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (x, lengths) = (need(inputs, 0)?, need(inputs, 1)?);
        let (batch, _) = self.axes(&x.shape)?;
        if lengths.shape != [x.shape[batch]] {
            return Err(OpError::new(format!("lengths of shape {:?} do not fit {:?}", lengths.shape, x.shape)));
        }
        Ok(vec![Fact::new(x.dtype, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let (batch, time) = self.axes(x.shape())?;
        let most = x.shape()[time];
        let length = |n: &i64| usize::try_from(*n).ok().filter(|n| *n <= most);
        let list = need(inputs, 1)?.ints("the lengths")?;
        let lengths: Option<Vec<usize>> = list.iter().map(length).collect();
        let lengths = lengths.ok_or_else(|| OpError::new(format!("lengths {list:?} do not fit {most} steps")))?;
        Ok(vec![both_kinds!(x, a => reversed(a, batch, time, &lengths))])
    }
    moves_data!();
}
