//! `Reshape`: -1 is what remains, 0 copies the input's dimension unless `allowzero` is set.

use super::super::{OpError, OpResult, Operator, moves_data, need, with_shape};
use crate::graph::{Attrs, Fact, Value};

/// The same elements in another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reshape {
    allow_zero: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Reshape { allow_zero: attrs.opset >= 14 && attrs.flag("allowzero", false)? }))
}

impl Reshape {
    fn shape(&self, input: &[usize], wanted: &[i64]) -> OpResult<Vec<usize>> {
        let bad = || OpError::new(format!("shape {input:?} cannot become {wanted:?}"));
        let mut shape = Vec::with_capacity(wanted.len());
        let mut free = None;
        for (i, n) in wanted.iter().enumerate() {
            shape.push(match n {
                -1 if free.is_some() => return Err(OpError::new(format!("{wanted:?} leaves two dimensions open"))),
                -1 => {
                    free = Some(i);
                    1
                }
                0 if !self.allow_zero => *input.get(i).ok_or_else(bad)?,
                n => usize::try_from(*n).map_err(|_| bad())?,
            });
        }
        let total: usize = input.iter().product();
        let fixed = shape.iter().try_fold(1usize, |p, n| p.checked_mul(*n)).ok_or_else(bad)?;
        if let Some(i) = free {
            if fixed == 0 || !total.is_multiple_of(fixed) {
                return Err(bad());
            }
            shape[i] = total / fixed;
        } else if fixed != total {
            return Err(bad());
        }
        Ok(shape)
    }
}

impl Operator for Reshape {
    fn name(&self) -> &'static str {
        "Reshape"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        let wanted = need(inputs, 1)?.known_ints("the shape")?;
        Ok(vec![Fact::new(x.dtype, self.shape(&x.shape, &wanted)?)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        Ok(vec![with_shape(x, &self.shape(x.shape(), &need(inputs, 1)?.ints("the shape")?)?)?])
    }
    moves_data!();
}
