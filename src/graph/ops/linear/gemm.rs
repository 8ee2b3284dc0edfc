//! `Gemm`: `alpha · A · B + beta · C`, with A and B transposed on request.

use ndarray::{ArrayD, IxDyn};

use super::super::elementwise::combine;
use super::super::{OpError, OpResult, Operator, Reach, broadcast, maybe, need, need_real};
use crate::graph::product::{Matrix, Plain, Size, product};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// General matrix product.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gemm {
    /// Factor of the product.
    pub alpha: f32,
    /// Factor of the addend.
    pub beta: f32,
    /// Whether A is transposed.
    pub trans_a: bool,
    /// Whether B is transposed.
    pub trans_b: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    if attrs.opset < 7 {
        // set 6 had to ask for the broadcasting of C that later sets always do
        attrs.ignore(&["broadcast"]);
    }
    Ok(Box::new(Gemm {
        alpha: attrs.float("alpha")?.unwrap_or(1.0),
        beta: attrs.float("beta")?.unwrap_or(1.0),
        trans_a: attrs.flag("transA", false)?,
        trans_b: attrs.flag("transB", false)?,
    }))
}

impl Gemm {
    fn shape(&self, a: &[usize], b: &[usize], c: Option<&[usize]>) -> OpResult<[usize; 2]> {
        let [a, b] =
            [a, b].map(|s| <[usize; 2]>::try_from(s).map_err(|_| OpError::new(format!("wants matrices, not {s:?}"))));
        let (mut a, mut b) = (a?, b?);
        if self.trans_a {
            a.reverse();
        }
        if self.trans_b {
            b.reverse();
        }
        if a[1] != b[0] {
            return Err(OpError::new(format!("inner sizes {} and {} differ", a[1], b[0])));
        }
        let shape = [a[0], b[1]];
        if let Some(c) = c
            && broadcast(&shape, c).ok().as_deref() != Some(&shape)
        {
            return Err(OpError::new(format!("addend of shape {c:?} does not broadcast to {shape:?}")));
        }
        Ok(shape)
    }
}

impl Operator for Gemm {
    fn name(&self) -> &'static str {
        "Gemm"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 3)
    }
    fn lane_ops(&self, inputs: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        let inner = maybe(inputs, 0).and_then(|a| a.shape.get(usize::from(!self.trans_a))).copied().unwrap_or(0);
        (inner * outputs.iter().filter_map(Fact::elements).sum::<usize>()) as u64
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        let known = |at| maybe(inputs, at).is_none_or(|f| f.value.is_some());
        if known(1) && known(2) && !self.trans_a { Reach::LastAxis } else { Reach::All }
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (a, b) = (need_real(inputs, 0)?, need_real(inputs, 1)?);
        let shape = self.shape(&a.shape, &b.shape, maybe(inputs, 2).map(|c| c.shape.as_slice()))?;
        Ok(vec![Fact::new(a.dtype, shape)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (a, b) = (need(inputs, 0)?.as_real()?, need(inputs, 1)?.as_real()?);
        let c = maybe(inputs, 2).map(Value::as_real).transpose()?;
        let shape = self.shape(a.shape(), b.shape(), c.map(ndarray::ArrayBase::shape))?;
        let [rows, columns] = shape;
        let size = Size { rows, depth: a.shape()[usize::from(!self.trans_a)], columns };
        let mut out = vec![0.0; rows * columns];
        let (wide_a, wide_b) = (a.shape()[1], b.shape()[1]);
        let b = Plain { matrix: Matrix::new(elements(b), wide_b, self.trans_b), columns };
        product(size, Matrix::new(elements(a), wide_a, self.trans_a), &b, &vec![0.0; rows], &mut out);
        if self.alpha != 1.0 {
            out.iter_mut().for_each(|v| *v *= self.alpha);
        }
        let mut out = ArrayD::from_shape_vec(IxDyn(&shape), out).map_err(|e| OpError::new(e.to_string()))?;
        if let Some(c) = c {
            let beta = self.beta;
            out = combine(&out, c, &shape, |x, y| x + beta * y)?;
        }
        Ok(vec![Value::Real(out)])
    }
}
