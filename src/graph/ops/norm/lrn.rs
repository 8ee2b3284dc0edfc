//! `LRN`: local response normalisation across neighbouring channels.

use super::super::{OpError, OpResult, Operator, Reach, need, need_real};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// `x / (bias + alpha / size · sum of squares of the neighbours)^beta`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lrn {
    /// Factor of the mean square.
    pub alpha: f32,
    /// Exponent.
    pub beta: f32,
    /// Addend.
    pub bias: f32,
    /// Number of channels that count as neighbours.
    pub size: usize,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let size = attrs.int("size")?.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    Ok(Box::new(Lrn {
        alpha: attrs.float("alpha")?.unwrap_or(1e-4),
        beta: attrs.float("beta")?.unwrap_or(0.75),
        bias: attrs.float("bias")?.unwrap_or(1.0),
        size: size.ok_or_else(|| OpError::new("`size` must be given and at least 1"))?,
    }))
}

impl Operator for Lrn {
    fn name(&self) -> &'static str {
        "LRN"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    /// A product for each neighbour, two look-ups for the power, two products around it.
    fn lane_ops(&self, _: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        super::each(outputs, self.size as u64 + 4)
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Channels
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need_real(inputs, 0)?;
        if x.shape.len() < 2 {
            return Err(OpError::new(format!("wants channels, not the shape {:?}", x.shape)));
        }
        Ok(vec![Fact::new(x.dtype, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?.as_real()?;
        let (channels, plane) = (x.shape()[1], x.shape()[2..].iter().product::<usize>());
        let (before, after) = ((self.size - 1) / 2, self.size / 2);
        let mut out = Vec::with_capacity(x.len());
        for sample in elements(x).chunks_exact((channels * plane).max(1)) {
            for c in 0..channels {
                let near = c.saturating_sub(before)..(c + after + 1).min(channels);
                for p in 0..plane {
                    let square: f64 = near.clone().map(|n| f64::from(sample[n * plane + p]).powi(2)).sum();
                    let base = f64::from(self.bias) + f64::from(self.alpha) / self.size as f64 * square;
                    out.push((f64::from(sample[c * plane + p]) / libm::pow(base, f64::from(self.beta))) as f32);
                }
            }
        }
        Ok(vec![Value::real(x.shape(), out)?])
    }
}
