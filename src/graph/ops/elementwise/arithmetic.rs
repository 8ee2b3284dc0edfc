//! `Add`, `Sub`, `Mul`, `Div` with broadcasting.

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn, Zip};

use super::super::{OpError, OpResult, Operator, Reach, need, same_type, take_real};
use super::legacy::{self, Legacy};
use crate::graph::value::wrap;
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// Which of the four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// `a + b`.
    Add,
    /// `a - b`.
    Sub,
    /// `a · b`.
    Mul,
    /// `a / b`; integers truncate towards zero.
    Div,
}

/// An element-wise operation on two tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arithmetic {
    /// Which.
    pub sign: Sign,
    /// Rules of set 6, if they apply.
    pub legacy: Option<Legacy>,
}

fn new(sign: Sign, attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let legacy = legacy::read(attrs)?;
    Ok(Box::new(Arithmetic { sign, legacy }))
}
pub(super) fn add(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    new(Sign::Add, attrs)
}
pub(super) fn sub(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    new(Sign::Sub, attrs)
}
pub(super) fn mul(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    new(Sign::Mul, attrs)
}
pub(super) fn div(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    new(Sign::Div, attrs)
}

/// Combines two arrays of shapes that broadcast to `shape`.
pub(in crate::graph::ops) fn combine<T: Copy, U: Copy>(
    a: &ArrayD<T>,
    b: &ArrayD<T>,
    shape: &[usize],
    f: impl Fn(T, T) -> U,
) -> OpResult<ArrayD<U>> {
    let bad = || OpError::new(format!("shapes {:?} and {:?} do not broadcast", a.shape(), b.shape()));
    let a = a.broadcast(IxDyn(shape)).ok_or_else(bad)?;
    let b = b.broadcast(IxDyn(shape)).ok_or_else(bad)?;
    let out = Zip::from(a).and(b).map_collect(|x, y| f(*x, *y));
    // two inputs stretched alike can come out in their own memory order
    Ok(if out.is_standard_layout() { out } else { out.as_standard_layout().into_owned() })
}

fn integer(sign: Sign, dtype: DType, a: &ArrayD<i64>, b: &ArrayD<i64>, shape: &[usize]) -> OpResult<Value> {
    if sign == Sign::Div && b.iter().any(|v| *v == 0) {
        return Err(OpError::new("divides an integer by zero"));
    }
    let f = |x: i64, y: i64| {
        wrap(
            dtype,
            match sign {
                Sign::Add => x.wrapping_add(y),
                Sign::Sub => x.wrapping_sub(y),
                Sign::Mul => x.wrapping_mul(y),
                Sign::Div if dtype == DType::U64 => (x as u64 / y as u64) as i64,
                Sign::Div => x.wrapping_div(y),
            },
        )
    };
    Ok(Value::Int(dtype, combine(a, b, shape, f)?))
}

impl Operator for Arithmetic {
    fn name(&self) -> &'static str {
        match self.sign {
            Sign::Add => "Add",
            Sign::Sub => "Sub",
            Sign::Mul => "Mul",
            Sign::Div => "Div",
        }
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (a, b) = (need(inputs, 0)?, need(inputs, 1)?);
        let dtype = same_type(a, b)?;
        Ok(vec![Fact::new(dtype, legacy::shapes(self.legacy, &a.shape, &b.shape)?.1)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (a, b) = (need(inputs, 0)?, need(inputs, 1)?);
        let (b, shape) = legacy::align(self.legacy, a, b)?;
        Ok(vec![match (a, &*b) {
            (Value::Real(a), Value::Real(b)) => Value::Real(match self.sign {
                Sign::Add => combine(a, b, &shape, |x, y| x + y)?,
                Sign::Sub => combine(a, b, &shape, |x, y| x - y)?,
                Sign::Mul => combine(a, b, &shape, |x, y| x * y)?,
                Sign::Div => combine(a, b, &shape, |x, y| x / y)?,
            }),
            (Value::Int(t, a), Value::Int(_, b)) => integer(self.sign, *t, a, b, &shape)?,
            _ => return Err(OpError::new("mixes integers and floating-point numbers")),
        }])
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
    fn consume(&self, mut inputs: Vec<Option<Arc<Value>>>) -> OpResult<Vec<Value>> {
        let same = |a: &Value, b: &Value| matches!((a, b), (Value::Real(a), Value::Real(b)) if a.shape() == b.shape());
        let alike = matches!(&inputs[..], [Some(a), Some(b)] if same(a, b));
        let lone = |i: &Option<Arc<Value>>| i.as_ref().is_some_and(|v| Arc::strong_count(v) == 1);
        let Some(mine) = inputs.iter().position(lone).filter(|_| alike) else {
            return self.eval(&inputs.iter().map(Option::as_deref).collect::<Vec<_>>());
        };
        let mut sum = take_real(&mut inputs, mine)?;
        let other = inputs[1 - mine].as_deref().ok_or_else(|| OpError::new("an input is missing"))?.as_real()?;
        match (self.sign, mine) {
            (Sign::Add, _) => sum.zip_mut_with(other, |x, y| *x += y),
            (Sign::Mul, _) => sum.zip_mut_with(other, |x, y| *x *= y),
            (Sign::Sub, 0) => sum.zip_mut_with(other, |x, y| *x -= y),
            (Sign::Sub, _) => sum.zip_mut_with(other, |x, y| *x = y - *x),
            (Sign::Div, 0) => sum.zip_mut_with(other, |x, y| *x /= y),
            (Sign::Div, _) => sum.zip_mut_with(other, |x, y| *x = y / *x),
        }
        Ok(vec![Value::Real(sum)])
    }
}
