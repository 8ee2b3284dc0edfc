//! `Sum`, `Mean`, `Max`, `Min` of any number of tensors; they broadcast since operator set 8.

use super::super::{OpError, OpResult, Operator, Reach, broadcast, need, need_real, same_type};
use super::combine;
use crate::graph::value::less;
use crate::graph::{Attrs, Fact, Value};

/// How two elements become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fold {
    Sum,
    Mean,
    Max,
    Min,
}

/// Element-wise combination of all inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variadic {
    fold: Fold,
    broadcasts: bool,
}

fn new(fold: Fold, attrs: &Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Variadic { fold, broadcasts: attrs.opset >= 8 }))
}
pub(super) fn sum(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    new(Fold::Sum, attrs)
}
pub(super) fn mean(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    new(Fold::Mean, attrs)
}
pub(super) fn max(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    new(Fold::Max, attrs)
}
pub(super) fn min(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    new(Fold::Min, attrs)
}

impl Variadic {
    fn two(self, a: &Value, b: &Value) -> OpResult<Value> {
        let shape = broadcast(a.shape(), b.shape())?;
        // a NaN wins over any number
        let first = |wins: bool, x: f32, y: f32| if wins || x.is_nan() { x } else { y };
        Ok(match (a, b) {
            (Value::Real(a), Value::Real(b)) => Value::Real(match self.fold {
                Fold::Sum | Fold::Mean => combine(a, b, &shape, |x, y| x + y)?,
                Fold::Max => combine(a, b, &shape, |x, y| first(x > y, x, y))?,
                Fold::Min => combine(a, b, &shape, |x, y| first(x < y, x, y))?,
            }),
            (Value::Int(t, a), Value::Int(_, b)) => {
                let smaller = |x, y| less(*t, x, y) == (self.fold == Fold::Min);
                Value::Int(*t, combine(a, b, &shape, |x, y| if smaller(x, y) { x } else { y })?)
            }
            _ => return Err(OpError::new("mixes integers and floating-point numbers")),
        })
    }
}

impl Operator for Variadic {
    fn name(&self) -> &'static str {
        match self.fold {
            Fold::Sum => "Sum",
            Fold::Mean => "Mean",
            Fold::Max => "Max",
            Fold::Min => "Min",
        }
    }
    fn arity(&self) -> (usize, usize) {
        (1, usize::MAX)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let first = match self.fold {
            Fold::Sum | Fold::Mean => need_real(inputs, 0)?,
            Fold::Max | Fold::Min => need(inputs, 0)?,
        };
        let mut shape = first.shape.clone();
        for i in 1..inputs.len() {
            let other = need(inputs, i)?;
            same_type(first, other)?;
            if !self.broadcasts && other.shape != shape {
                return Err(OpError::new(format!("shapes {shape:?} and {:?} differ", other.shape)));
            }
            shape = broadcast(&shape, &other.shape)?;
        }
        Ok(vec![Fact::new(first.dtype, shape)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let mut all = need(inputs, 0)?.clone();
        for i in 1..inputs.len() {
            all = self.two(&all, need(inputs, i)?)?;
        }
        if let (Fold::Mean, Value::Real(sum)) = (self.fold, &mut all) {
            *sum /= inputs.len() as f32;
        }
        Ok(vec![all])
    }
    fn lane_ops(&self, inputs: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        let each = inputs.len() - usize::from(self.fold != Fold::Mean);
        outputs.iter().filter_map(Fact::elements).map(|n| (n * each) as u64).sum()
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
}
