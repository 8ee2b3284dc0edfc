//! The reductions `Reduce…` over axes: an attribute up to operator set 17 (12 for `ReduceSum`), an input since.

use super::super::{OpResult, Operator, Reach, along, axes, both_kinds, maybe, need};
use super::kernels::{Kernel, Mean};
use crate::graph::value::wrap;
use crate::graph::{Attrs, Fact, Value};

/// Reduction of some dimensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reduce<K> {
    kernel: K,
    axes: Option<Vec<i64>>,
    keep: bool,
    /// Whether no axes mean no reduction instead of all.
    noop: bool,
}

/// Mean over some dimensions.
pub type ReduceMean = Reduce<Mean>;

pub(super) fn new<K: Kernel>(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let late = attrs.opset >= if K::NAME == "ReduceSum" { 13 } else { 18 };
    Ok(Box::new(Reduce {
        kernel: K::default(),
        axes: if late { None } else { attrs.ints("axes")? },
        keep: attrs.flag("keepdims", true)?,
        noop: late && attrs.flag("noop_with_empty_axes", false)?,
    }))
}

impl<K> Reduce<K> {
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
    fn gone(&self, inputs: &[Option<&Fact>]) -> OpResult<(Vec<usize>, usize)> {
        let rank = need(inputs, 0)?.shape.len();
        let list = maybe(inputs, 1).map(|a| a.known_ints("the axes")).transpose()?;
        Ok((self.reduced(rank, list.as_deref())?, rank))
    }
}

impl<K: Kernel> Operator for Reduce<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }
    fn arity(&self) -> (usize, usize) {
        (1, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        K::TAKES.check(x)?;
        Ok(vec![Fact::new(x.dtype, self.shape(&x.shape, &self.gone(inputs)?.0))])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let shape = x.shape();
        let list = maybe(inputs, 1).map(|a| a.ints("the axes")).transpose()?;
        let gone = self.reduced(shape.len(), list.as_deref())?;
        // what vanishes goes last: every result is then one row
        let order: Vec<usize> = (0..shape.len()).filter(|d| !gone.contains(d)).chain(gone.iter().copied()).collect();
        let row: usize = gone.iter().map(|d| shape[*d]).product();
        let result = self.shape(shape, &gone);
        let count = result.iter().product();
        let moved = both_kinds!(x, a => a.view().permuted_axes(order).as_standard_layout().into_owned());
        let rows = (0..count).map(|i| i * row..(i + 1) * row);
        Ok(vec![match &moved {
            Value::Real(a) => {
                let all: Vec<f64> = a.iter().map(|v| f64::from(*v)).collect();
                Value::real(&result, rows.map(|r| K::real(&all[r]) as f32).collect())?
            }
            Value::Int(t, a) => {
                let all: Vec<i64> = a.iter().copied().collect();
                Value::int(*t, &result, rows.map(|r| wrap(*t, K::int(*t, &all[r]))).collect())?
            }
        }])
    }
    fn lane_ops(&self, inputs: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        let inner = inputs.first().copied().flatten().and_then(Fact::elements).unwrap_or(0) as u64;
        // one more for each result: the division of the mean, a root, a logarithm
        inner * K::LANES + outputs.iter().filter_map(Fact::elements).map(|n| n as u64).sum::<u64>()
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        match self.gone(inputs) {
            Ok((gone, rank)) if self.keep => along(&gone, rank),
            _ => Reach::All,
        }
    }
}
