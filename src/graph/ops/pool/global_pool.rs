//! `GlobalAveragePool` and `GlobalMaxPool`: one number per channel.

use super::super::spatial::spatial_of;
use super::super::{OpError, OpResult, Operator, maybe, need, need_real};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// Pooling over all spatial positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GlobalPool {
    /// Maximum instead of mean.
    pub max: bool,
}

pub(super) fn average(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(GlobalPool { max: false }))
}
pub(super) fn max(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(GlobalPool { max: true }))
}

/// The shape of one number per channel.
pub(super) fn pooled(shape: &[usize]) -> OpResult<Vec<usize>> {
    if spatial_of(shape)?.contains(&0) {
        return Err(OpError::new(format!("pools over nothing: shape {shape:?}")));
    }
    Ok(shape.iter().enumerate().map(|(i, n)| if i < 2 { *n } else { 1 }).collect())
}

impl Operator for GlobalPool {
    fn name(&self) -> &'static str {
        if self.max { "GlobalMaxPool" } else { "GlobalAveragePool" }
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    /// A comparison or addition for each input element.
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        maybe(inputs, 0).and_then(Fact::elements).unwrap_or(0) as u64
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need_real(inputs, 0)?;
        Ok(vec![Fact::new(x.dtype, pooled(&x.shape)?)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?.as_real()?;
        let shape = pooled(x.shape())?;
        let plane: usize = x.shape()[2..].iter().product();
        let pool = |p: &[f32]| {
            if self.max {
                p.iter().fold(f32::NEG_INFINITY, |m, v| m.max(*v))
            } else {
                (p.iter().map(|v| f64::from(*v)).sum::<f64>() / plane as f64) as f32
            }
        };
        Ok(vec![Value::real(&shape, elements(x).chunks_exact(plane).map(pool).collect())?])
    }
}
