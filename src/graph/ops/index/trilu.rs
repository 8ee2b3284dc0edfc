//! `Trilu`: the upper or lower triangle of matrices, zero elsewhere.

use ndarray::ArrayD;

use super::super::{OpError, OpResult, Operator, Reach, both_kinds, maybe, moves_data, need};
use crate::graph::{Attrs, Fact, Value};

/// A triangle of the last two dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trilu {
    upper: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Trilu { upper: attrs.flag("upper", true)? }))
}

impl Trilu {
    fn keep<T: Copy + Default>(self, a: &ArrayD<T>, k: i64) -> ArrayD<T> {
        let mut out = a.clone();
        let rank = a.ndim();
        for (at, v) in out.indexed_iter_mut() {
            let right = (at[rank - 1] as i64 - at[rank - 2] as i64).saturating_sub(k);
            if if self.upper { right < 0 } else { right > 0 } {
                *v = T::default();
            }
        }
        out
    }
}

impl Operator for Trilu {
    fn name(&self) -> &'static str {
        "Trilu"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        if x.shape.len() < 2 {
            return Err(OpError::new(format!("wants matrices, not the shape {:?}", x.shape)));
        }
        Ok(vec![Fact::new(x.dtype, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let k = match maybe(inputs, 1) {
            None => 0,
            Some(v) => match v.ints("the diagonal")?.as_slice() {
                [k] => *k,
                _ => return Err(OpError::new("the diagonal must be one integer")),
            },
        };
        Ok(vec![both_kinds!(need(inputs, 0)?, a => self.keep(a, k))])
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
    moves_data!();
}
