//! `MaxUnpool`: puts the results of a `MaxPool` back where its indices say, among zeros.

use super::super::spatial::{Spatial, spatial_of};
use super::super::{OpError, OpResult, Operator, maybe, need, need_real};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// Inputs: x, indices, shape of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaxUnpool {
    /// The window of the pooling that it undoes.
    pub spatial: Spatial,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(MaxUnpool { spatial: Spatial::read(attrs, false)? }))
}

impl MaxUnpool {
    /// Shape that indices count in: the smallest that the pooling can have come from.
    fn inner(&self, shape: &[usize]) -> OpResult<Vec<usize>> {
        let spatial = spatial_of(shape)?;
        let kernel = self.spatial.kernel.as_ref().filter(|k| k.len() == spatial.len());
        let kernel = kernel.ok_or_else(|| OpError::new("`kernel_shape` does not fit the input"))?;
        let (stride, _, pads) = self.spatial.lists(spatial.len())?;
        let mut out = shape[..2].to_vec();
        for d in 0..spatial.len() {
            let span = spatial[d].saturating_sub(1).checked_mul(stride[d]).and_then(|s| s.checked_add(kernel[d]));
            let size = span.and_then(|s| s.checked_sub(pads[d] + pads[spatial.len() + d]));
            out.push(size.ok_or_else(|| OpError::new("padding takes all of the output away"))?);
        }
        Ok(out)
    }
    fn outer(&self, inner: &[usize], given: Option<Vec<i64>>) -> OpResult<Vec<usize>> {
        let Some(given) = given else { return Ok(inner.to_vec()) };
        let sizes: Option<Vec<usize>> = given.iter().map(|n| usize::try_from(*n).ok()).collect();
        let fits = |s: &Vec<usize>| s.len() == inner.len() && s.iter().zip(inner).all(|(a, b)| a >= b);
        sizes.filter(fits).ok_or_else(|| OpError::new(format!("the shape {given:?} is smaller than {inner:?}")))
    }
}

impl Operator for MaxUnpool {
    fn name(&self) -> &'static str {
        "MaxUnpool"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 3)
    }
    /// It only moves data.
    fn lane_ops(&self, _: &[Option<&Fact>], _: &[Fact]) -> u64 {
        0
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (x, indices) = (need_real(inputs, 0)?, need(inputs, 1)?);
        if x.shape != indices.shape || indices.dtype.is_float() {
            return Err(OpError::new("wants an integer index for each element"));
        }
        let shape = maybe(inputs, 2).map(|s| s.known_ints("the shape")).transpose()?;
        Ok(vec![Fact::new(x.dtype, self.outer(&self.inner(&x.shape)?, shape)?)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?.as_real()?;
        let Value::Int(_, indices) = need(inputs, 1)? else { return Err(OpError::new("indices must be integers")) };
        let inner = self.inner(x.shape())?;
        let outer = self.outer(&inner, maybe(inputs, 2).map(|s| s.ints("the shape")).transpose()?)?;
        let total: usize = inner.iter().product();
        let mut out = vec![0.0f32; outer.iter().product()];
        for (v, index) in elements(x).iter().zip(indices) {
            let at = usize::try_from(*index).ok().filter(|i| *i < total);
            let mut rest = at.ok_or_else(|| OpError::new(format!("the index {index} is outside of {inner:?}")))?;
            let (mut to, mut stride) = (0, 1);
            for (i, o) in inner.iter().zip(&outer).rev() {
                to += rest % i * stride;
                rest /= i;
                stride *= o;
            }
            out[to] = *v;
        }
        Ok(vec![Value::real(&outer, out)?])
    }
}
