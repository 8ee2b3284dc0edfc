//! `IsNaN`, `IsInf`: truth values about numbers.

use super::super::{OpResult, Operator, Reach, need, need_real};
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// What is asked of every element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predicate {
    /// Whether it is no number.
    IsNaN,
    /// Whether it is infinite.
    IsInf {
        /// Below zero.
        negative: bool,
        /// Above zero.
        positive: bool,
    },
}

pub(super) fn is_nan(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Predicate::IsNaN))
}

pub(super) fn is_inf(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let (negative, positive) = (attrs.flag("detect_negative", true)?, attrs.flag("detect_positive", true)?);
    Ok(Box::new(Predicate::IsInf { negative, positive }))
}

impl Operator for Predicate {
    fn name(&self) -> &'static str {
        match self {
            Self::IsNaN => "IsNaN",
            Self::IsInf { .. } => "IsInf",
        }
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        Ok(vec![Fact::new(DType::Bool, need_real(inputs, 0)?.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let holds = |x: f32| match self {
            Self::IsNaN => x.is_nan(),
            Self::IsInf { negative, positive } => {
                (*negative && x == f32::NEG_INFINITY) || (*positive && x == f32::INFINITY)
            }
        };
        Ok(vec![Value::Int(DType::Bool, need(inputs, 0)?.as_real()?.mapv(|x| i64::from(holds(x))))])
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
}
