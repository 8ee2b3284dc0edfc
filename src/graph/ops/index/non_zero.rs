//! `NonZero` and `Compress`: what is not zero, and what a condition selects. How much that is must be known before a
//! run.

use ndarray::{ArrayD, Axis};

use super::super::{OpError, OpResult, Operator, axis, both_kinds, known, moves_data, need};
use super::places::integers;
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// Coordinates of the elements that are not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonZero;

pub(super) fn new(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(NonZero))
}

fn places<T: Copy + Default + PartialEq>(a: &ArrayD<T>) -> OpResult<Value> {
    let found: Vec<_> = a.indexed_iter().filter(|(_, v)| **v != T::default()).map(|(at, _)| at).collect();
    let coordinates = (0..a.ndim()).flat_map(|d| found.iter().map(move |at| at[d] as i64)).collect();
    Value::int(DType::I64, &[a.ndim(), found.len()], coordinates)
}

impl Operator for NonZero {
    fn name(&self) -> &'static str {
        "NonZero"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let found = self.eval(&[Some(known(inputs, 0, "the tensor")?)])?;
        Ok(found.into_iter().map(|v| Fact::constant(v.into())).collect())
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        Ok(vec![match need(inputs, 0)? {
            Value::Real(a) => places(a)?,
            Value::Int(_, a) => places(a)?,
        }])
    }
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        inputs.first().copied().flatten().and_then(Fact::elements).unwrap_or(0) as u64
    }
}

/// Slices along an axis, or elements of the flattened tensor, that a condition selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compress {
    axis: Option<i64>,
}

pub(super) fn compress(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Compress { axis: attrs.int("axis")? }))
}

impl Compress {
    /// Axis of the selection and the indices along it.
    fn selection(self, shape: &[usize], condition: &Value) -> OpResult<(Option<usize>, Vec<usize>)> {
        let at = self.axis.map(|a| axis(a, shape.len())).transpose()?;
        let size = at.map_or_else(|| shape.iter().product(), |d| shape[d]);
        let condition = integers(condition)?;
        if condition.ndim() != 1 || condition.len() > size {
            return Err(OpError::new(format!("a condition of shape {:?} does not fit {size}", condition.shape())));
        }
        Ok((at, condition.iter().enumerate().filter(|(_, v)| **v != 0).map(|(i, _)| i).collect()))
    }
}

impl Operator for Compress {
    fn name(&self) -> &'static str {
        "Compress"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        let (at, picked) = self.selection(&x.shape, known(inputs, 1, "the condition")?)?;
        let mut shape = x.shape.clone();
        match at {
            Some(d) => shape[d] = picked.len(),
            None => shape = vec![picked.len()],
        }
        Ok(vec![Fact::new(x.dtype, shape)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let (at, picked) = self.selection(x.shape(), need(inputs, 1)?)?;
        Ok(vec![both_kinds!(x, a => match at {
            Some(d) => a.select(Axis(d), &picked).as_standard_layout().into_owned(),
            None => {
                let flat = elements(a);
                picked.iter().map(|i| flat[*i]).collect::<ndarray::Array1<_>>().into_dyn()
            }
        })])
    }
    moves_data!();
}
