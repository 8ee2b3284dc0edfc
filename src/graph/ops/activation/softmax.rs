//! `Softmax`, `LogSoftmax`, `Hardmax`. Up to operator set 12 the tensor is flattened to two dimensions at `axis`
//! (default 1) and every row is one; since 13 only the one dimension `axis` (default -1) is.

use std::fmt::Debug;

use super::super::{OpResult, Operator, Reach, along, axis, need, same_real};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// What is done with a row.
pub trait Kernel: Debug + Default + Send + Sync + 'static {
    /// ONNX name.
    const NAME: &'static str;
    /// Lane operations for each element.
    const LANES: u64;
    /// Works on the elements of one row; sums are taken in double precision, because rows may be long.
    fn row(row: &mut [f32]);
}

/// Normalised exponentials.
#[derive(Debug, Default)]
pub struct Exponentials;
/// Their logarithms.
#[derive(Debug, Default)]
pub struct Logarithms;
/// One at the first greatest element, zero elsewhere.
#[derive(Debug, Default)]
pub struct Greatest;

/// The greatest element.
fn top(row: &[f32]) -> f32 {
    row.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

impl Kernel for Exponentials {
    const NAME: &'static str = "Softmax";
    // greatest, difference, exponential, sum, product with the reciprocal
    const LANES: u64 = 5;
    fn row(row: &mut [f32]) {
        let top = top(row);
        let mut sum = 0.0;
        for v in row.iter_mut() {
            *v = libm::expf(*v - top);
            sum += f64::from(*v);
        }
        for v in row {
            *v = (f64::from(*v) / sum) as f32;
        }
    }
}

impl Kernel for Logarithms {
    const NAME: &'static str = "LogSoftmax";
    // greatest, difference, exponential, sum, difference
    const LANES: u64 = 5;
    fn row(row: &mut [f32]) {
        let top = top(row);
        let sum: f64 = row.iter().map(|v| f64::from(libm::expf(*v - top))).sum();
        let all = libm::log(sum) as f32;
        for v in row {
            *v = *v - top - all;
        }
    }
}

impl Kernel for Greatest {
    const NAME: &'static str = "Hardmax";
    const LANES: u64 = 1;
    fn row(row: &mut [f32]) {
        let top = top(row);
        let first = row.iter().position(|v| *v == top);
        for (i, v) in row.iter_mut().enumerate() {
            *v = if Some(i) == first { 1.0 } else { 0.0 };
        }
    }
}

/// An operator on rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows<K> {
    axis: i64,
    flattens: bool,
    kernel: K,
}

/// Normalised exponentials along an axis.
pub type Softmax = Rows<Exponentials>;

pub(super) fn new<K: Kernel>(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let flattens = attrs.opset < 13;
    let default = if flattens { 1 } else { -1 };
    Ok(Box::new(Rows { axis: attrs.int("axis")?.unwrap_or(default), flattens, kernel: K::default() }))
}

impl<K> Rows<K> {
    /// First dimension of a row and the one after its last.
    fn span(&self, rank: usize) -> OpResult<(usize, usize)> {
        // flattening may happen after the last dimension too
        let at = if self.flattens && self.axis == rank as i64 { rank } else { axis(self.axis, rank)? };
        Ok((at, if self.flattens { rank } else { at + 1 }))
    }
}

impl<K: Kernel> Operator for Rows<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let out = same_real(inputs)?;
        self.span(out[0].shape.len())?;
        Ok(out)
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?.as_real()?;
        let shape = x.shape();
        let (from, to) = self.span(shape.len())?;
        let (size, inner): (usize, usize) = (shape[from..to].iter().product(), shape[to..].iter().product());
        let mut out = elements(x).to_vec();
        let mut row = vec![0.0; size];
        for block in out.chunks_exact_mut((size * inner).max(1)) {
            for i in 0..inner {
                row.iter_mut().zip(block[i..].iter().step_by(inner)).for_each(|(r, v)| *r = *v);
                K::row(&mut row);
                block[i..].iter_mut().step_by(inner).zip(&row).for_each(|(v, r)| *v = *r);
            }
        }
        Ok(vec![Value::real(shape, out)?])
    }
    fn lane_ops(&self, _: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        outputs.iter().filter_map(Fact::elements).map(|n| n as u64 * K::LANES).sum()
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        let rank = inputs.first().copied().flatten().map_or(0, |x| x.shape.len());
        self.span(rank).map_or(Reach::All, |(from, to)| along(&(from..to).collect::<Vec<_>>(), rank))
    }
}
