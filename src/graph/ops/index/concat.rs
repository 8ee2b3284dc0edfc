//! `Concat` along an axis.

use ndarray::Axis;

use super::super::{OpError, OpResult, Operator, Reach, axis, moves_data, need, same_type};
use crate::graph::{Attrs, Fact, Value};

/// Concatenation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concat {
    /// Axis, negative from the end.
    pub axis: i64,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let axis = attrs.int("axis")?.ok_or_else(|| OpError::new("has no attribute `axis`"))?;
    Ok(Box::new(Concat { axis }))
}

impl Operator for Concat {
    fn name(&self) -> &'static str {
        "Concat"
    }
    fn arity(&self) -> (usize, usize) {
        (1, usize::MAX)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let first = need(inputs, 0)?;
        let at = axis(self.axis, first.shape.len())?;
        let mut shape = first.shape.clone();
        for i in 1..inputs.len() {
            let next = need(inputs, i)?;
            same_type(first, next)?;
            let fits =
                next.shape.len() == shape.len() && (0..shape.len()).all(|d| d == at || next.shape[d] == shape[d]);
            if !fits {
                return Err(OpError::new(format!(
                    "shapes {:?} and {:?} differ beside axis {at}",
                    first.shape, next.shape
                )));
            }
            shape[at] = shape[at].checked_add(next.shape[at]).ok_or_else(|| OpError::new("is too large"))?;
        }
        Ok(vec![Fact::new(first.dtype, shape)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let at = Axis(axis(self.axis, need(inputs, 0)?.shape().len())?);
        let bad = |e: ndarray::ShapeError| OpError::new(e.to_string());
        let mixed = || OpError::new("mixes integers and floating-point numbers");
        Ok(vec![match need(inputs, 0)? {
            Value::Real(_) => {
                let views =
                    (0..inputs.len()).map(|i| Ok(need(inputs, i)?.as_real()?.view())).collect::<OpResult<Vec<_>>>()?;
                Value::Real(ndarray::concatenate(at, &views).map_err(bad)?.as_standard_layout().into_owned())
            }
            Value::Int(t, _) => {
                let view = |i| match need(inputs, i)? {
                    Value::Int(_, a) => Ok(a.view()),
                    Value::Real(_) => Err(mixed()),
                };
                let views = (0..inputs.len()).map(view).collect::<OpResult<Vec<_>>>()?;
                Value::Int(*t, ndarray::concatenate(at, &views).map_err(bad)?.as_standard_layout().into_owned())
            }
        }])
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        super::along_axis(self.axis, inputs)
    }
    moves_data!();
}
