//! `Split` along an axis. The sizes are an attribute up to operator set 12, an input since 13; without sizes the parts
//! are equal, and since 18 only the last may be smaller.

use ndarray::{Axis, Slice};

use super::super::{OpError, OpResult, Operator, Reach, axis, both_kinds, maybe, moves_data, need};
use crate::graph::{Attrs, Fact, Value};

/// Parts of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    axis: i64,
    given: Option<Vec<i64>>,
    parts: usize,
    /// Whether the last of equal parts may be smaller.
    uneven: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let parts = attrs.outputs();
    let uneven = attrs.opset >= 18;
    if uneven && attrs.int("num_outputs")?.is_some_and(|n| n != parts as i64) {
        return Err(OpError::new(format!("`num_outputs` does not fit its {parts} output(s)")));
    }
    let given = if attrs.opset < 13 { attrs.ints("split")? } else { None };
    Ok(Box::new(Split { axis: attrs.int("axis")?.unwrap_or(0), given, parts, uneven }))
}

impl Split {
    /// Size of every part.
    fn sizes(&self, size: usize, list: Option<&[i64]>) -> OpResult<Vec<usize>> {
        let parts = self.parts;
        let Some(list) = list.or(self.given.as_deref()) else {
            if !self.uneven && !size.is_multiple_of(parts) {
                return Err(OpError::new(format!("{size} elements do not split into {parts} equal parts")));
            }
            let each = size.div_ceil(parts);
            return Ok((0..parts).map(|i| each.min(size.saturating_sub(i * each))).collect());
        };
        let sizes: Option<Vec<usize>> = list.iter().map(|n| usize::try_from(*n).ok()).collect();
        let total = |s: &Vec<usize>| s.iter().try_fold(0usize, |t, n| t.checked_add(*n));
        let fits = sizes.filter(|s| s.len() == parts && total(s) == Some(size));
        fits.ok_or_else(|| OpError::new(format!("parts of {list:?} do not fit {size} elements and {parts} output(s)")))
    }
}

impl Operator for Split {
    fn name(&self) -> &'static str {
        "Split"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        let at = axis(self.axis, x.shape.len())?;
        let list = maybe(inputs, 1).map(|a| a.known_ints("the sizes")).transpose()?;
        let part = |size| {
            let mut shape = x.shape.clone();
            shape[at] = size;
            Fact::new(x.dtype, shape)
        };
        Ok(self.sizes(x.shape[at], list.as_deref())?.into_iter().map(part).collect())
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let at = axis(self.axis, x.shape().len())?;
        let list = maybe(inputs, 1).map(|a| a.ints("the sizes")).transpose()?;
        let mut from = 0;
        let mut parts = Vec::with_capacity(self.parts);
        for size in self.sizes(x.shape()[at], list.as_deref())? {
            let range = Slice::from(from..from + size);
            parts.push(both_kinds!(x, a => a.slice_axis(Axis(at), range).as_standard_layout().into_owned()));
            from += size;
        }
        Ok(parts)
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        super::along_axis(self.axis, inputs)
    }
    moves_data!();
}
