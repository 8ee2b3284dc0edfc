//! `RotaryEmbedding`: pairs of numbers turned by an angle that grows with their position.

use super::super::{OpError, OpResult, Operator, maybe, need, need_real};
use super::heads::Heads;
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// Inputs: x, cosines and sines (`[positions, pairs]` with position numbers, else `[batch, steps, pairs]`),
/// position numbers `[batch, steps]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotaryEmbedding {
    /// Whether neighbours form pairs; else the two halves do.
    pub interleaved: bool,
    /// Heads, if x has three dimensions.
    pub heads: Option<usize>,
    /// How many numbers of each head turn; all if 0.
    pub width: usize,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let mut size = |name| -> OpResult<usize> {
        let wrong = |_| OpError::new(format!("`{name}` must not be negative"));
        usize::try_from(attrs.int(name)?.unwrap_or(0)).map_err(wrong)
    };
    let (heads, width) = (size("num_heads")?, size("rotary_embedding_dim")?);
    let heads = Some(heads).filter(|n| *n > 0);
    Ok(Box::new(RotaryEmbedding { interleaved: attrs.flag("interleaved", false)?, heads, width }))
}

impl RotaryEmbedding {
    /// Sizes of x, and the number of pairs.
    fn sizes(&self, x: &[usize], cache: &[usize], positions: Option<&[usize]>) -> OpResult<(Heads, usize)> {
        let heads = Heads::of(x, self.heads)?;
        let width = if self.width == 0 { heads.width } else { self.width };
        let fits = match positions {
            Some(p) => cache.len() == 2 && p == [heads.batch, heads.steps],
            None => cache.len() == 3 && cache[..2] == [heads.batch, heads.steps],
        };
        if !fits || width > heads.width || !width.is_multiple_of(2) || cache.last() != Some(&(width / 2)) {
            return Err(OpError::new(format!("angles of shape {cache:?} do not fit x of shape {x:?}")));
        }
        Ok((heads, width / 2))
    }
}

impl Operator for RotaryEmbedding {
    fn name(&self) -> &'static str {
        "RotaryEmbedding"
    }
    fn arity(&self) -> (usize, usize) {
        (3, 4)
    }
    /// Two products for each number.
    fn lane_ops(&self, _: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        2 * outputs.iter().filter_map(Fact::elements).sum::<usize>() as u64
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (x, cos, sin) = (need_real(inputs, 0)?, need_real(inputs, 1)?, need_real(inputs, 2)?);
        self.sizes(&x.shape, &cos.shape, maybe(inputs, 3).map(|p| p.shape.as_slice()))?;
        if cos.shape != sin.shape {
            return Err(OpError::new(format!("cosines {:?} and sines {:?} differ in shape", cos.shape, sin.shape)));
        }
        Ok(vec![Fact::new(x.dtype, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (x, cos, sin) = (need(inputs, 0)?.as_real()?, need(inputs, 1)?.as_real()?, need(inputs, 2)?.as_real()?);
        let positions = maybe(inputs, 3);
        let (s, pairs) = self.sizes(x.shape(), cos.shape(), positions.map(Value::shape))?;
        let rows = cos.len() / pairs.max(1);
        let positions: Option<Vec<i64>> = match positions {
            Some(Value::Int(_, p)) => Some(p.iter().copied().collect()),
            Some(Value::Real(_)) => return Err(OpError::new("positions must be integers")),
            None => None,
        };
        let (cos, sin) = (elements(cos), elements(sin));
        let mut out = elements(x).to_vec();
        for b in 0..s.batch {
            for step in 0..s.steps {
                let own = b * s.steps + step;
                let row = positions.as_ref().map_or(Ok(own), |p| usize::try_from(p[own])).ok().filter(|r| *r < rows);
                let row = row.ok_or_else(|| OpError::new(format!("a position is outside the {rows} known angles")))?;
                for h in 0..s.heads {
                    let at = s.at(b, h, step);
                    for k in 0..pairs {
                        let (i, j) = if self.interleaved { (2 * k, 2 * k + 1) } else { (k, pairs + k) };
                        let (re, im) = (out[at + i], out[at + j]);
                        let (c, z) = (cos[row * pairs + k], sin[row * pairs + k]);
                        out[at + i] = c * re - z * im;
                        out[at + j] = z * re + c * im;
                    }
                }
            }
        }
        Ok(vec![Value::real(x.shape(), out)?])
    }
}
