//! `ReduceMean` over axes: an attribute up to operator set 17, an input since 18.

use super::super::{OpResult, Operator, axes, maybe, need, need_real};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// Mean over some dimensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReduceMean {
    axes: Option<Vec<i64>>,
    keep: bool,
    /// Whether no axes mean no reduction instead of all.
    noop: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let late = attrs.opset >= 18;
    Ok(Box::new(ReduceMean {
        axes: if late { None } else { attrs.ints("axes")? },
        keep: attrs.flag("keepdims", true)?,
        noop: late && attrs.flag("noop_with_empty_axes", false)?,
    }))
}

impl ReduceMean {
    /// The dimensions that vanish, given the list from the inputs.
    ///
    /// # Errors
    /// When an axis does not exist.
    pub fn reduced(&self, rank: usize, list: Option<&[i64]>) -> OpResult<Vec<usize>> {
        match list.or(self.axes.as_deref()) {
            Some(list) if !list.is_empty() => axes(list, rank),
            _ if self.noop => Ok(vec![]),
            _ => Ok((0..rank).collect()),
        }
    }
    fn shape(&self, shape: &[usize], gone: &[usize]) -> Vec<usize> {
        let kept = shape.iter().enumerate().filter(|(d, _)| self.keep || !gone.contains(d));
        kept.map(|(d, n)| if gone.contains(&d) { 1 } else { *n }).collect()
    }
}

impl Operator for ReduceMean {
    fn name(&self) -> &'static str {
        "ReduceMean"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need_real(inputs, 0)?;
        let list = maybe(inputs, 1).map(|a| a.known_ints("the axes")).transpose()?;
        let gone = self.reduced(x.shape.len(), list.as_deref())?;
        Ok(vec![Fact::new(x.dtype, self.shape(&x.shape, &gone))])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?.as_real()?;
        let list = maybe(inputs, 1).map(|a| a.ints("the axes")).transpose()?;
        let gone = self.reduced(x.ndim(), list.as_deref())?;
        // strides into the result, 0 along what is summed
        let mut strides = vec![0usize; x.ndim()];
        let mut size = 1;
        for d in (0..x.ndim()).rev().filter(|d| !gone.contains(d)) {
            strides[d] = size;
            size *= x.shape()[d];
        }
        let mut sums = vec![0.0f64; size];
        let mut at = vec![0usize; x.ndim()];
        for v in elements(x) {
            let to: usize = at.iter().zip(&strides).map(|(a, s)| a * s).sum();
            sums[to] += f64::from(*v);
            for d in (0..at.len()).rev() {
                at[d] += 1;
                if at[d] < x.shape()[d] {
                    break;
                }
                at[d] = 0;
            }
        }
        let count: usize = gone.iter().map(|d| x.shape()[*d]).product();
        let means = sums.iter().map(|s| (s / count as f64) as f32).collect();
        Ok(vec![Value::real(&self.shape(x.shape(), &gone), means)?])
    }
}
