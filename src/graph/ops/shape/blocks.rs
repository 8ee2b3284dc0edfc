//! `SpaceToDepth`, `DepthToSpace`: square blocks of a map become channels, and back.

use ndarray::{ArrayD, IxDyn};

use super::super::{OpError, OpResult, Operator, both_kinds, moves_data, need};
use crate::graph::{Attrs, Fact, Value};

/// Exchange of channels and blocks in `[batch, channels, height, width]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks {
    side: usize,
    /// From channels to blocks.
    to_space: bool,
    /// Whether the place in the block is the fast part of the channel number (`mode` = CRD) and not the slow one.
    place_fast: bool,
}

fn side(attrs: &mut Attrs<'_>) -> OpResult<usize> {
    let side = attrs.int("blocksize")?.ok_or_else(|| OpError::new("has no attribute `blocksize`"))?;
    let fits = usize::try_from(side).ok().filter(|n| (1..1 << 16).contains(n));
    fits.ok_or_else(|| OpError::new(format!("`blocksize` is {side}")))
}

pub(super) fn to_depth(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Blocks { side: side(attrs)?, to_space: false, place_fast: false }))
}

pub(super) fn to_space(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let place_fast = match if attrs.opset >= 11 { attrs.text("mode")? } else { None } {
        None | Some("DCR") => false,
        Some("CRD") => true,
        Some(other) => return Err(OpError::new(format!("`mode` is `{other}`, not DCR or CRD"))),
    };
    Ok(Box::new(Blocks { side: side(attrs)?, to_space: true, place_fast }))
}

impl Blocks {
    fn shape(self, shape: &[usize]) -> OpResult<[usize; 4]> {
        let s = self.side;
        match *shape {
            [n, c, h, w] if self.to_space && c.is_multiple_of(s * s) => Ok([n, c / (s * s), h * s, w * s]),
            [n, c, h, w] if !self.to_space && h.is_multiple_of(s) && w.is_multiple_of(s) => {
                Ok([n, c * s * s, h / s, w / s])
            }
            _ => Err(OpError::new(format!("shape {shape:?} does not fit blocks of {s} by {s}"))),
        }
    }
    /// Where in the deep tensor (`channels` in the spatial one) an element of the spatial tensor stands.
    fn deep(self, [n, c, y, x]: [usize; 4], channels: usize) -> [usize; 4] {
        let s = self.side;
        let place = (y % s) * s + x % s;
        let channel = if self.place_fast { c * s * s + place } else { place * channels + c };
        [n, channel, y / s, x / s]
    }
    fn apply<T: Copy + Default>(self, a: &ArrayD<T>, shape: [usize; 4]) -> ArrayD<T> {
        if self.to_space {
            return ArrayD::from_shape_fn(IxDyn(&shape), |at| a[self.deep([at[0], at[1], at[2], at[3]], shape[1])]);
        }
        let mut out = ArrayD::default(IxDyn(&shape));
        for (at, v) in a.indexed_iter() {
            out[self.deep([at[0], at[1], at[2], at[3]], a.shape()[1])] = *v;
        }
        out
    }
}

impl Operator for Blocks {
    fn name(&self) -> &'static str {
        if self.to_space { "DepthToSpace" } else { "SpaceToDepth" }
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        Ok(vec![Fact::new(x.dtype, self.shape(&x.shape)?)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let shape = self.shape(x.shape())?;
        Ok(vec![both_kinds!(x, a => self.apply(a, shape))])
    }
    moves_data!();
}
