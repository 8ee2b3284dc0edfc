//! `Clip` to a range: attributes `min` and `max` up to operator set 10, inputs since 11.

use super::super::{OpError, OpResult, Operator, Reach, maybe, need};
use crate::graph::{Attrs, Fact, Value};

/// Limits every element; `None` bounds come from inputs or are absent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clip {
    min: Option<f32>,
    max: Option<f32>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    if attrs.opset < 11 {
        attrs.ignore(&["consumed_inputs"]);
        return Ok(Box::new(Clip { min: attrs.float("min")?, max: attrs.float("max")? }));
    }
    Ok(Box::new(Clip { min: None, max: None }))
}

impl Operator for Clip {
    fn name(&self) -> &'static str {
        "Clip"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 3)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        for bound in (1..3).filter_map(|i| maybe(inputs, i)) {
            if bound.elements() != Some(1) {
                return Err(OpError::new(format!("bounds must be single numbers, not of shape {:?}", bound.shape)));
            }
        }
        Ok(vec![Fact::new(x.dtype, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let bound = |i: usize, attr: Option<f32>| match maybe(inputs, i) {
            Some(v) => v.scalar("a bound").map(Some),
            None => Ok(attr.map(f64::from)),
        };
        let (min, max) = (bound(1, self.min)?, bound(2, self.max)?);
        // min before max: the standard gives max where the bounds cross
        Ok(vec![match need(inputs, 0)? {
            Value::Real(a) => {
                let (low, high) =
                    (min.map_or(f32::NEG_INFINITY, |v| v as f32), max.map_or(f32::INFINITY, |v| v as f32));
                Value::Real(a.mapv(|x| x.max(low).min(high)))
            }
            Value::Int(t, a) => {
                let (low, high) = (min.map_or(i64::MIN, |v| v as i64), max.map_or(i64::MAX, |v| v as i64));
                Value::Int(*t, a.mapv(|x| x.max(low).min(high)))
            }
        }])
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
}
