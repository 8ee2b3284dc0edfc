//! `LpPool` and `GlobalLpPool`: the norm of each window, or of each channel.

use super::super::spatial::{Spatial, output_shape};
use super::super::{OpError, OpResult, Operator, maybe, need, need_real};
use super::global_pool::pooled;
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// Root of degree p of the sum of magnitudes to the power p.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LpPool {
    /// Window attributes.
    pub spatial: Spatial,
    /// The degree p.
    pub degree: i64,
}

/// The same over all spatial positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GlobalLpPool {
    /// The degree p.
    pub degree: i64,
}

/// The attribute `p`.
fn degree(attrs: &mut Attrs<'_>) -> OpResult<i64> {
    let degree = attrs.int("p")?.unwrap_or(2);
    if degree < 1 {
        return Err(OpError::new(format!("`p` is {degree}, but must be at least 1")));
    }
    Ok(degree)
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(LpPool { degree: degree(attrs)?, spatial: Spatial::read(attrs, true)? }))
}

pub(super) fn global(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(GlobalLpPool { degree: degree(attrs)? }))
}

/// The norm of some numbers.
fn norm<'a>(numbers: impl Iterator<Item = &'a f32>, degree: i64) -> f32 {
    let magnitudes = numbers.map(|v| f64::from(v.abs()));
    (match degree {
        1 => magnitudes.sum::<f64>(),
        2 => magnitudes.map(|v| v * v).sum::<f64>().sqrt(),
        p => libm::pow(magnitudes.map(|v| libm::pow(v, p as f64)).sum(), 1.0 / p as f64),
    }) as f32
}

impl Operator for LpPool {
    fn name(&self) -> &'static str {
        "LpPool"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    /// A product for each tap, and a root.
    fn lane_ops(&self, inputs: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        self.spatial.taps(inputs, outputs) + outputs.first().and_then(Fact::elements).unwrap_or(0) as u64
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need_real(inputs, 0)?;
        let window = self.spatial.pooling(&x.shape)?.window;
        Ok(vec![Fact::new(x.dtype, output_shape(x.shape[0], x.shape[1], &window))])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?.as_real()?;
        let window = self.spatial.pooling(x.shape())?.window;
        let taps = window.gather();
        let mut out = Vec::with_capacity(x.shape()[0] * x.shape()[1] * window.positions());
        for plane in elements(x).chunks_exact(window.input_positions()) {
            for position in taps.chunks_exact(window.rows()) {
                out.push(norm(position.iter().filter_map(|t| plane.get(*t as usize)), self.degree));
            }
        }
        Ok(vec![Value::real(&output_shape(x.shape()[0], x.shape()[1], &window), out)?])
    }
}

impl Operator for GlobalLpPool {
    fn name(&self) -> &'static str {
        "GlobalLpPool"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    /// A product for each input element.
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        maybe(inputs, 0).and_then(Fact::elements).unwrap_or(0) as u64
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need_real(inputs, 0)?;
        Ok(vec![Fact::new(x.dtype, pooled(&x.shape)?)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?.as_real()?;
        let (shape, plane) = (pooled(x.shape())?, x.shape()[2..].iter().product::<usize>());
        let norms = elements(x).chunks_exact(plane).map(|p| norm(p.iter(), self.degree)).collect();
        Ok(vec![Value::real(&shape, norms)?])
    }
}
