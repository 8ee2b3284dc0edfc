//! `Mod`: the remainder has the sign of the divisor, or with `fmod` that of the dividend as in C.

use super::super::{OpError, OpResult, Operator, Reach, broadcast, need, same_type};
use super::combine;
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// Remainder of a division.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mod {
    fmod: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Mod { fmod: attrs.flag("fmod", false)? }))
}

impl Mod {
    fn int(self, t: DType, a: i64, b: i64) -> i64 {
        if t == DType::U64 {
            return (a as u64 % b as u64) as i64;
        }
        let r = a.wrapping_rem(b);
        // -1 % 3 is -1 in C and 2 here
        if !self.fmod && r != 0 && (r < 0) != (b < 0) { r + b } else { r }
    }
}

impl Operator for Mod {
    fn name(&self) -> &'static str {
        "Mod"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (a, b) = (need(inputs, 0)?, need(inputs, 1)?);
        let dtype = same_type(a, b)?;
        if dtype.is_float() && !self.fmod {
            return Err(OpError::new("of floating-point numbers needs `fmod` = 1"));
        }
        Ok(vec![Fact::new(dtype, broadcast(&a.shape, &b.shape)?)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (a, b) = (need(inputs, 0)?, need(inputs, 1)?);
        let shape = broadcast(a.shape(), b.shape())?;
        Ok(vec![match (a, b) {
            (Value::Real(a), Value::Real(b)) => Value::Real(combine(a, b, &shape, libm::fmodf)?),
            (Value::Int(_, _), Value::Int(_, b)) if b.iter().any(|v| *v == 0) => {
                return Err(OpError::new("divides an integer by zero"));
            }
            (Value::Int(t, a), Value::Int(_, b)) => Value::Int(*t, combine(a, b, &shape, |x, y| self.int(*t, x, y))?),
            _ => return Err(OpError::new("mixes integers and floating-point numbers")),
        }])
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
}
