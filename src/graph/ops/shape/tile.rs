//! `Tile`: the tensor repeated along its dimensions.

use ndarray::{ArrayD, IxDyn};

use super::super::{OpError, OpResult, Operator, both_kinds, moves_data, need};
use super::sizes;
use crate::graph::{Attrs, Fact, Value};

/// Repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile;

pub(super) fn new(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Tile))
}

fn tiled(shape: &[usize], repeats: &[i64]) -> OpResult<Vec<usize>> {
    let repeats = sizes(repeats)?;
    if repeats.len() != shape.len() {
        return Err(OpError::new(format!("{} repeats do not fit {} dimension(s)", repeats.len(), shape.len())));
    }
    let size = |(n, r): (&usize, usize)| n.checked_mul(r).ok_or_else(|| OpError::new("is too large"));
    shape.iter().zip(repeats).map(size).collect()
}

fn repeat<T: Copy>(a: &ArrayD<T>, shape: &[usize]) -> ArrayD<T> {
    let mut from = vec![0; shape.len()];
    ArrayD::from_shape_fn(IxDyn(shape), |at| {
        (0..from.len()).for_each(|d| from[d] = at[d] % a.shape()[d]);
        a[from.as_slice()]
    })
}

impl Operator for Tile {
    fn name(&self) -> &'static str {
        "Tile"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        Ok(vec![Fact::new(x.dtype, tiled(&x.shape, &need(inputs, 1)?.known_ints("the repeats")?)?)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let shape = tiled(x.shape(), &need(inputs, 1)?.ints("the repeats")?)?;
        Ok(vec![both_kinds!(x, a => repeat(a, &shape))])
    }
    moves_data!();
}
