//! `ArgMax`, `ArgMin`: where along an axis the greatest or least element stands.

use ndarray::{ArrayD, ArrayView1, Axis};

use super::super::{OpResult, Operator, Reach, along, axis, need};
use crate::graph::value::less;
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// Position of an extreme element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arg {
    greatest: bool,
    axis: i64,
    keep: bool,
    /// Of equal elements the last (since operator set 12).
    last: bool,
}

fn new(greatest: bool, attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let last = attrs.opset >= 12 && attrs.flag("select_last_index", false)?;
    let (axis, keep) = (attrs.int("axis")?.unwrap_or(0), attrs.flag("keepdims", true)?);
    Ok(Box::new(Arg { greatest, axis, keep, last }))
}
pub(super) fn max(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    new(true, attrs)
}
pub(super) fn min(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    new(false, attrs)
}

impl Arg {
    /// Position in one row, given whether the first of two elements is the smaller.
    fn find<T: Copy>(self, row: ArrayView1<'_, T>, smaller: &impl Fn(T, T) -> bool) -> i64 {
        let mut best = 0;
        for i in 1..row.len() {
            let (a, b) = if self.greatest { (row[best], row[i]) } else { (row[i], row[best]) };
            if smaller(a, b) || (self.last && !smaller(b, a)) {
                best = i;
            }
        }
        best as i64
    }
    fn all<T: Copy>(self, a: &ArrayD<T>, at: usize, smaller: impl Fn(T, T) -> bool) -> Value {
        let found = a.map_axis(Axis(at), |row| self.find(row, &smaller));
        let found = if self.keep { found.insert_axis(Axis(at)) } else { found };
        Value::Int(DType::I64, found.as_standard_layout().into_owned())
    }
}

impl Operator for Arg {
    fn name(&self) -> &'static str {
        if self.greatest { "ArgMax" } else { "ArgMin" }
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let mut shape = need(inputs, 0)?.shape.clone();
        let at = axis(self.axis, shape.len())?;
        if self.keep {
            shape[at] = 1;
        } else {
            shape.remove(at);
        }
        Ok(vec![Fact::new(DType::I64, shape)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let at = axis(self.axis, x.shape().len())?;
        Ok(vec![match x {
            Value::Real(a) => self.all(a, at, |x, y| x < y),
            Value::Int(t, a) => self.all(a, at, |x, y| less(*t, x, y)),
        }])
    }
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        inputs.first().copied().flatten().and_then(Fact::elements).unwrap_or(0) as u64
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        let rank = inputs.first().copied().flatten().map_or(0, |x| x.shape.len());
        match axis(self.axis, rank) {
            Ok(at) if self.keep => along(&[at], rank),
            _ => Reach::All,
        }
    }
}
