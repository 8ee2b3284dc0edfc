//! `Add`, `Sub`, `Mul`, `Div` with broadcasting.
//!
//! Since operator set 7 shapes are aligned at the end; set 6 broadcasts the second input only, at
//! attribute `axis`, and only if `broadcast` is 1.

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn, Zip};

use super::super::{OpError, OpResult, Operator, broadcast, need, same_type, take_real};
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

/// How set 6 places its second input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Legacy {
    broadcast: bool,
    axis: Option<i64>,
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
    let legacy = if attrs.opset < 7 {
        attrs.ignore(&["consumed_inputs"]);
        Some(Legacy { broadcast: attrs.flag("broadcast", false)?, axis: attrs.int("axis")? })
    } else {
        None
    };
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

impl Arithmetic {
    /// Shape of the second input as it takes part in broadcasting.
    fn aligned(&self, a: &[usize], b: &[usize]) -> OpResult<Vec<usize>> {
        let Some(legacy) = self.legacy else { return Ok(b.to_vec()) };
        if !legacy.broadcast {
            if a == b {
                return Ok(b.to_vec());
            }
            return Err(OpError::new(format!("shapes {a:?} and {b:?} differ, and `broadcast` is not set")));
        }
        let at = match legacy.axis {
            Some(axis) => super::super::axis(axis, a.len())?,
            None => a.len().saturating_sub(b.len()),
        };
        let tail = a.len().checked_sub(at + b.len());
        let tail = tail.ok_or_else(|| OpError::new(format!("shape {b:?} does not fit {a:?} at axis {at}")))?;
        Ok(b.iter().copied().chain(std::iter::repeat_n(1, tail)).collect())
    }
}

/// Combines two arrays of shapes that broadcast to `shape`.
pub(in crate::graph::ops) fn combine<T: Copy>(
    a: &ArrayD<T>,
    b: &ArrayD<T>,
    shape: &[usize],
    f: impl Fn(T, T) -> T,
) -> OpResult<ArrayD<T>> {
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
        let right = self.aligned(&a.shape, &b.shape)?;
        let shape = broadcast(&a.shape, &right)?;
        if self.legacy.is_some() && shape != a.shape {
            return Err(OpError::new(format!("shape {:?} does not broadcast to {:?}", b.shape, a.shape)));
        }
        Ok(vec![Fact::new(dtype, shape)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (a, b) = (need(inputs, 0)?, need(inputs, 1)?);
        let right = self.aligned(a.shape(), b.shape())?;
        let shape = broadcast(a.shape(), &right)?;
        let moved;
        let b = if right == b.shape() {
            b
        } else {
            moved = super::super::with_shape(b, &right)?;
            &moved
        };
        Ok(vec![match (a, b) {
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
