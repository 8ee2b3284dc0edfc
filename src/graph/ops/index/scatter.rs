//! `ScatterElements` (up to operator set 10 `Scatter`) and `ScatterND`: a copy of a tensor in which some elements are
//! replaced by, or combined with, updates.

use ndarray::ArrayD;

use super::super::{OpError, OpResult, Operator, axis, need, same_type};
use super::places::{along, fits, integers, parts, tuples};
use crate::graph::value::{less, wrap};
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// How an update meets the element that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reduction {
    None,
    Add,
    Mul,
    Max,
    Min,
}

/// Replacement of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scatter {
    name: &'static str,
    /// The axis along which indices count; `None` where they are tuples.
    axis: Option<i64>,
    reduction: Reduction,
}

fn reduction(attrs: &mut Attrs<'_>) -> OpResult<Reduction> {
    Ok(match if attrs.opset >= 16 { attrs.text("reduction")? } else { None } {
        None | Some("none") => Reduction::None,
        Some("add") => Reduction::Add,
        Some("mul") => Reduction::Mul,
        Some("max") => Reduction::Max,
        Some("min") => Reduction::Min,
        Some(other) => {
            return Err(OpError::new(format!("`reduction` is `{other}`, not none, add, mul, max or min")));
        }
    })
}

pub(super) fn elements(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let name = if attrs.operator() == "Scatter" { "Scatter" } else { "ScatterElements" };
    let axis = Some(attrs.int("axis")?.unwrap_or(0));
    Ok(Box::new(Scatter { name, axis, reduction: reduction(attrs)? }))
}

pub(super) fn nd(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Scatter { name: "ScatterND", axis: None, reduction: reduction(attrs)? }))
}

impl Reduction {
    fn real(self, old: f32, new: f32) -> f32 {
        match self {
            Self::None => new,
            Self::Add => old + new,
            Self::Mul => old * new,
            Self::Max => old.max(new),
            Self::Min => old.min(new),
        }
    }
    fn int(self, dtype: DType, old: i64, new: i64) -> i64 {
        let result = match self {
            Self::None => new,
            Self::Add => old.wrapping_add(new),
            Self::Mul => old.wrapping_mul(new),
            Self::Max if less(dtype, new, old) => old,
            Self::Min if less(dtype, old, new) => old,
            Self::Max | Self::Min => new,
        };
        wrap(dtype, result)
    }
}

impl Scatter {
    /// Shape that the updates must have.
    fn updates(self, shape: &[usize], indices: &[usize]) -> OpResult<Vec<usize>> {
        match self.axis {
            Some(a) => fits(shape, axis(a, shape.len())?, indices).map(|()| indices.to_vec()),
            None => Ok(parts(shape, 0, indices)?.1),
        }
    }
}

/// Applies updates, `length` neighbours at each offset.
fn apply<T: Copy>(
    a: &ArrayD<T>,
    offsets: &[usize],
    updates: &ArrayD<T>,
    length: usize,
    f: impl Fn(T, T) -> T,
) -> ArrayD<T> {
    let mut out = a.clone();
    if let Some(flat) = out.as_slice_mut() {
        let mut new = updates.iter();
        for offset in offsets {
            flat[*offset..*offset + length].iter_mut().zip(new.by_ref()).for_each(|(v, u)| *v = f(*v, *u));
        }
    }
    out
}

impl Operator for Scatter {
    fn name(&self) -> &'static str {
        self.name
    }
    fn arity(&self) -> (usize, usize) {
        (3, 3)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (x, indices, updates) = (need(inputs, 0)?, need(inputs, 1)?, need(inputs, 2)?);
        let wanted = self.updates(&x.shape, &indices.shape)?;
        if wanted != updates.shape {
            return Err(OpError::new(format!("updates of shape {:?} must have {wanted:?}", updates.shape)));
        }
        same_type(x, updates)?;
        Ok(vec![Fact::new(x.dtype, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (x, indices) = (need(inputs, 0)?, integers(need(inputs, 1)?)?);
        let shape = x.shape();
        let (offsets, length) = match self.axis {
            Some(a) => (along(shape, axis(a, shape.len())?, indices)?, 1),
            None => (tuples(shape, 0, indices)?, parts(shape, 0, indices.shape())?.0.iter().product()),
        };
        Ok(vec![match (x, need(inputs, 2)?) {
            (Value::Real(a), Value::Real(u)) => {
                Value::Real(apply(a, &offsets, u, length, |x, y| self.reduction.real(x, y)))
            }
            (Value::Int(t, a), Value::Int(_, u)) => {
                Value::Int(*t, apply(a, &offsets, u, length, |x, y| self.reduction.int(*t, x, y)))
            }
            _ => return Err(OpError::new("mixes integers and floating-point numbers")),
        }])
    }
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        match self.reduction {
            Reduction::None => 0,
            _ => inputs.get(2).copied().flatten().and_then(Fact::elements).unwrap_or(0) as u64,
        }
    }
}
