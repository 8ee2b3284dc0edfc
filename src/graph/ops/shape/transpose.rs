//! `Transpose`: dimensions in another order, reversed by default.

use super::super::{OpError, OpResult, Operator, axes, both_kinds, moves_data, need};
use crate::graph::{Attrs, Fact, Value};

/// Permutation of dimensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transpose {
    perm: Option<Vec<i64>>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Transpose { perm: attrs.ints("perm")? }))
}

impl Transpose {
    /// Source dimension of each result dimension.
    ///
    /// # Errors
    /// When the permutation does not fit the rank.
    pub fn order(&self, rank: usize) -> OpResult<Vec<usize>> {
        let Some(perm) = &self.perm else { return Ok((0..rank).rev().collect()) };
        if perm.len() != rank || axes(perm, rank)?.len() != rank {
            return Err(OpError::new(format!("`perm` {perm:?} does not permute {rank} dimension(s)")));
        }
        perm.iter().map(|a| super::super::axis(*a, rank)).collect()
    }
}

impl Operator for Transpose {
    fn name(&self) -> &'static str {
        "Transpose"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        let order = self.order(x.shape.len())?;
        Ok(vec![Fact::new(x.dtype, order.iter().map(|d| x.shape[*d]).collect::<Vec<_>>())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let order = self.order(x.shape().len())?;
        Ok(vec![both_kinds!(x, a => a.view().permuted_axes(order).as_standard_layout().into_owned())])
    }
    moves_data!();
}
