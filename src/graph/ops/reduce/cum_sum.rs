//! `CumSum`: running sums along an axis.

use std::ops::AddAssign;

use ndarray::{ArrayD, Axis};

use super::super::{OpError, OpResult, Operator, Reach, Takes, along, axis, need};
use crate::graph::value::wrap;
use crate::graph::{Attrs, Fact, Value};

/// Running sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CumSum {
    /// An element is not part of its own sum.
    exclusive: bool,
    /// From the end.
    reverse: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(CumSum { exclusive: attrs.flag("exclusive", false)?, reverse: attrs.flag("reverse", false)? }))
}

impl CumSum {
    fn run<T: Copy + Default + AddAssign>(self, a: &ArrayD<T>, at: usize) -> ArrayD<T> {
        let mut out = a.clone();
        for mut row in out.lanes_mut(Axis(at)) {
            let mut sum = T::default();
            let n = row.len();
            for i in 0..n {
                let v = &mut row[if self.reverse { n - 1 - i } else { i }];
                let before = sum;
                sum += *v;
                *v = if self.exclusive { before } else { sum };
            }
        }
        out
    }
}

fn single(list: &[i64]) -> OpResult<i64> {
    match list {
        [one] => Ok(*one),
        _ => Err(OpError::new("the axis must be one integer")),
    }
}

impl Operator for CumSum {
    fn name(&self) -> &'static str {
        "CumSum"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        Takes::Number.check(x)?;
        Ok(vec![Fact::new(x.dtype, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let at = axis(single(&need(inputs, 1)?.ints("the axis")?)?, x.shape().len())?;
        Ok(vec![match x {
            Value::Real(a) => Value::Real(self.run(a, at)),
            Value::Int(t, a) => {
                // sums that leave the range of 64 bits wrap like those that leave the type's own
                let wide = self.run(&a.mapv(std::num::Wrapping), at);
                Value::Int(*t, wide.mapv(|v| wrap(*t, v.0)))
            }
        }])
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        let place = || {
            let rank = need(inputs, 0)?.shape.len();
            Ok::<_, OpError>((axis(single(&need(inputs, 1)?.known_ints("the axis")?)?, rank)?, rank))
        };
        place().map_or(Reach::All, |(at, rank)| along(&[at], rank))
    }
}
