//! `Slice`: ranges along axes; attributes up to operator set 9, inputs since 10.

use ndarray::Axis;

use super::super::{OpError, OpResult, Operator, Reach, along, axis, both_kinds, maybe, moves_data, need};
use crate::graph::{Attrs, Fact, Value};

/// Ranges given as attributes, if they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    given: Option<Ranges>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Ranges {
    starts: Vec<i64>,
    ends: Vec<i64>,
    axes: Option<Vec<i64>>,
    steps: Option<Vec<i64>>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    if attrs.opset >= 10 {
        return Ok(Box::new(Slice { given: None }));
    }
    let (Some(starts), Some(ends)) = (attrs.ints("starts")?, attrs.ints("ends")?) else {
        return Err(OpError::new("has no attributes `starts` and `ends`"));
    };
    Ok(Box::new(Slice { given: Some(Ranges { starts, ends, axes: attrs.ints("axes")?, steps: None }) }))
}

impl Ranges {
    /// Axis, first index, number of elements and step of every range.
    fn resolve(&self, shape: &[usize]) -> OpResult<Vec<(usize, usize, usize, i64)>> {
        let count = self.starts.len();
        let axes = self.axes.clone().unwrap_or_else(|| (0..count as i64).collect());
        let steps = self.steps.clone().unwrap_or_else(|| vec![1; count]);
        if [self.ends.len(), axes.len(), steps.len()] != [count; 3] {
            return Err(OpError::new("starts, ends, axes and steps differ in length"));
        }
        let at = super::super::axes(&axes, shape.len())?;
        debug_assert_eq!(at.len(), count);
        (0..count)
            .map(|i| {
                let d = axis(axes[i], shape.len())?;
                let (size, step) = (shape[d] as i64, steps[i]);
                let wrap = |v: i64| if v < 0 { v.saturating_add(size) } else { v };
                let (start, end) = (wrap(self.starts[i]), wrap(self.ends[i]));
                let number = match step {
                    0 => return Err(OpError::new("a step is 0")),
                    1.. => {
                        let (start, end) = (start.clamp(0, size), end.clamp(0, size));
                        return Ok((
                            d,
                            start as usize,
                            (end - start).max(0).unsigned_abs().div_ceil(step.unsigned_abs()) as usize,
                            step,
                        ));
                    }
                    _ => {
                        let (start, end) = (start.clamp(-1, size - 1), end.clamp(-1, size - 1));
                        (start.max(0), (start - end).max(0).unsigned_abs().div_ceil(step.unsigned_abs()))
                    }
                };
                Ok((d, number.0 as usize, number.1 as usize, step))
            })
            .collect()
    }
}

impl Slice {
    fn ranges<T>(&self, inputs: &[Option<&T>], ints: impl Fn(&T, &str) -> OpResult<Vec<i64>>) -> OpResult<Ranges> {
        if let Some(given) = &self.given {
            return Ok(given.clone());
        }
        let list = |i, what: &str| maybe(inputs, i).map(|v| ints(v, what)).transpose();
        let missing = || OpError::new("has no starts or ends");
        Ok(Ranges {
            starts: list(1, "starts")?.ok_or_else(missing)?,
            ends: list(2, "ends")?.ok_or_else(missing)?,
            axes: list(3, "axes")?,
            steps: list(4, "steps")?,
        })
    }
}

impl Operator for Slice {
    fn name(&self) -> &'static str {
        "Slice"
    }
    fn arity(&self) -> (usize, usize) {
        (1, if self.given.is_some() { 1 } else { 5 })
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        let mut shape = x.shape.clone();
        for (d, _, count, _) in self.ranges(inputs, Fact::known_ints)?.resolve(&shape.clone())? {
            shape[d] = count;
        }
        Ok(vec![Fact::new(x.dtype, shape)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let ranges = self.ranges(inputs, Value::ints)?.resolve(x.shape())?;
        Ok(vec![both_kinds!(x, a => {
            let mut a = a.clone();
            for (d, start, count, step) in ranges {
                let index: Vec<usize> = (0..count as i64).map(|i| (start as i64 + i * step) as usize).collect();
                a = a.select(Axis(d), &index);
            }
            a.as_standard_layout().into_owned()
        })])
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        let Some(x) = maybe(inputs, 0) else { return Reach::All };
        let ranges = self.ranges(inputs, Fact::known_ints).and_then(|r| r.resolve(&x.shape));
        let moved = |(d, start, _, step): (usize, usize, usize, i64)| ((start, step) != (0, 1)).then_some(d);
        ranges.map_or(Reach::All, |r| along(&r.into_iter().filter_map(moved).collect::<Vec<_>>(), x.shape.len()))
    }
    moves_data!();
}
