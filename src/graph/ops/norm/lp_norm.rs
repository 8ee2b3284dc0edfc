//! `LpNormalization`: along an axis, by the sum of magnitudes or the root of the sum of squares.

use super::super::{OpError, OpResult, Operator, Reach, axis, maybe, need, same_real};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// `x / norm`; where the norm is 0 so is the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LpNorm {
    /// The axis.
    pub axis: i64,
    /// Whether the norm is the root of the sum of squares; else it is the sum of magnitudes.
    pub euclidean: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let euclidean = match attrs.int("p")? {
        None | Some(2) => true,
        Some(1) => false,
        Some(p) => return Err(OpError::new(format!("`p` is {p}, not 1 or 2"))),
    };
    Ok(Box::new(LpNorm { axis: attrs.int("axis")?.unwrap_or(-1), euclidean }))
}

impl Operator for LpNorm {
    fn name(&self) -> &'static str {
        "LpNormalization"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    /// A square and a quotient for each element.
    fn lane_ops(&self, _: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        super::each(outputs, 2)
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        let rank = maybe(inputs, 0).map_or(0, |x| x.shape.len());
        match axis(self.axis, rank) {
            Ok(a) if a + 1 == rank => Reach::LastAxis,
            Ok(1) => Reach::Channels,
            _ => Reach::All,
        }
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let out = same_real(inputs)?;
        axis(self.axis, out[0].shape.len())?;
        Ok(out)
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?.as_real()?;
        let at = axis(self.axis, x.ndim())?;
        let (size, inner) = (x.shape()[at], x.shape()[at + 1..].iter().product::<usize>());
        let mut out = elements(x).to_vec();
        for block in out.chunks_exact_mut((size * inner).max(1)) {
            for i in 0..inner {
                let column = (0..size).map(|k| f64::from(block[k * inner + i]));
                let norm =
                    if self.euclidean { column.map(|v| v * v).sum::<f64>().sqrt() } else { column.map(f64::abs).sum() };
                for k in 0..size {
                    let v = &mut block[k * inner + i];
                    *v = if norm == 0.0 { 0.0 } else { (f64::from(*v) / norm) as f32 };
                }
            }
        }
        Ok(vec![Value::real(x.shape(), out)?])
    }
}
