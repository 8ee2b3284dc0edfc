//! `TopK`: the greatest or least elements along an axis, and where they stood. The number is an attribute up to
//! operator set 9, an input since 10. Of equal elements the first comes first.

use std::cmp::Ordering;

use ndarray::{ArrayD, Axis};

use super::super::{OpError, OpResult, Operator, Reach, along, axis, need};
use crate::graph::value::less;
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// Selection of extreme elements, always sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopK {
    axis: i64,
    largest: bool,
    k: Option<i64>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let axis = attrs.int("axis")?.unwrap_or(-1);
    let largest = attrs.opset < 11 || attrs.flag("largest", true)?;
    if attrs.opset >= 11 {
        // where the order does not matter, the sorted one is as good as any
        attrs.ignore(&["sorted"]);
    }
    let k = if attrs.opset < 10 {
        Some(attrs.int("k")?.ok_or_else(|| OpError::new("has no attribute `k`"))?)
    } else {
        None
    };
    Ok(Box::new(TopK { axis, largest, k }))
}

impl TopK {
    /// Axis and number of elements.
    fn place<T>(
        self,
        shape: &[usize],
        inputs: &[Option<&T>],
        ints: impl Fn(&T, &str) -> OpResult<Vec<i64>>,
    ) -> OpResult<(usize, usize)> {
        let at = axis(self.axis, shape.len())?;
        let k = match self.k {
            Some(k) => k,
            None => match ints(need(inputs, 1)?, "the number of elements")?.as_slice() {
                [k] => *k,
                _ => return Err(OpError::new("the number of elements must be one integer")),
            },
        };
        let fits = usize::try_from(k).ok().filter(|k| *k <= shape[at]);
        fits.map(|k| (at, k)).ok_or_else(|| OpError::new(format!("wants {k} of {} elements", shape[at])))
    }
    fn select<T: Copy + Default>(
        self,
        a: &ArrayD<T>,
        at: usize,
        k: usize,
        order: impl Fn(T, T) -> Ordering,
    ) -> (ArrayD<T>, ArrayD<i64>) {
        let mut shape = a.raw_dim();
        shape[at] = k;
        let (mut values, mut places) = (ArrayD::default(shape.clone()), ArrayD::zeros(shape));
        let rows = a.lanes(Axis(at)).into_iter();
        let outputs = values.lanes_mut(Axis(at)).into_iter().zip(places.lanes_mut(Axis(at)));
        for (row, (mut values, mut places)) in rows.zip(outputs) {
            let mut index: Vec<usize> = (0..row.len()).collect();
            index.sort_by(|i, j| if self.largest { order(row[*j], row[*i]) } else { order(row[*i], row[*j]) });
            for (i, from) in index.into_iter().take(k).enumerate() {
                (values[i], places[i]) = (row[from], from as i64);
            }
        }
        (values, places)
    }
}

impl Operator for TopK {
    fn name(&self) -> &'static str {
        "TopK"
    }
    fn arity(&self) -> (usize, usize) {
        if self.k.is_some() { (1, 1) } else { (2, 2) }
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        let (at, k) = self.place(&x.shape, inputs, Fact::known_ints)?;
        let mut shape = x.shape.clone();
        shape[at] = k;
        Ok(vec![Fact::new(x.dtype, shape.clone()), Fact::new(DType::I64, shape)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let (at, k) = self.place(x.shape(), inputs, Value::ints)?;
        let (values, places) = match x {
            Value::Real(a) => {
                let (values, places) = self.select(a, at, k, |x, y| (x + 0.0).total_cmp(&(y + 0.0)));
                (Value::Real(values), places)
            }
            Value::Int(t, a) => {
                let (values, places) = self.select(a, at, k, |x, y| less(*t, y, x).cmp(&less(*t, x, y)));
                (Value::Int(*t, values), places)
            }
        };
        Ok(vec![values, Value::Int(DType::I64, places)])
    }
    /// A heap of the best: one comparison for each of its levels and each element.
    fn lane_ops(&self, inputs: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        let elements = inputs.first().copied().flatten().and_then(Fact::elements).unwrap_or(0) as u64;
        let k = outputs.first().and_then(|y| y.shape.get(axis(self.axis, y.shape.len()).ok()?)).copied().unwrap_or(1);
        elements * u64::from(usize::BITS - k.leading_zeros())
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        let rank = inputs.first().copied().flatten().map_or(0, |x| x.shape.len());
        axis(self.axis, rank).map_or(Reach::All, |at| along(&[at], rank))
    }
}
