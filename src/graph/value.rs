//! Values that flow through the graph, and what is known of them before a run.

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};

use super::ops::{OpError, OpResult};
use crate::onnx::{DType, Data, Tensor};

/// A tensor, always in standard (row-major, contiguous) layout. All floating-point types compute in
/// `f32`, all integers in `i64` wrapped to their own width (`uint64` as its bit pattern).
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A floating-point tensor.
    Real(ArrayD<f32>),
    /// An integer or boolean tensor and its element type.
    Int(DType, ArrayD<i64>),
}

/// What is known of an edge.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Element type.
    pub dtype: DType,
    /// Shape.
    pub shape: Vec<usize>,
    /// The value, where it does not depend on inputs.
    pub value: Option<Arc<Value>>,
}

impl Fact {
    /// A value that is only known by type and shape.
    #[must_use]
    pub fn new(dtype: DType, shape: impl Into<Vec<usize>>) -> Self {
        Self { dtype, shape: shape.into(), value: None }
    }
    /// A known value.
    #[must_use]
    pub fn constant(value: Arc<Value>) -> Self {
        let dtype = match &*value {
            Value::Real(_) => DType::F32,
            Value::Int(dtype, _) => *dtype,
        };
        Self { dtype, shape: value.shape().to_vec(), value: Some(value) }
    }
    /// Number of elements, if it can be counted, also of any part of an empty tensor.
    #[must_use]
    pub fn elements(&self) -> Option<usize> {
        let counted = self.shape.iter().try_fold(1usize, |n, d| n.checked_mul((*d).max(1)))?;
        Some(if self.shape.contains(&0) { 0 } else { counted })
    }
    /// The known integers of a one-dimensional or scalar tensor.
    ///
    /// # Errors
    /// When the value depends on the inputs or is not integral.
    pub fn known_ints(&self, what: &str) -> OpResult<Vec<i64>> {
        let value = self.value.as_deref();
        value.ok_or_else(|| OpError::new(format!("{what} must not depend on the inputs")))?.ints(what)
    }
}

impl Value {
    /// A floating-point tensor from its parts.
    ///
    /// # Errors
    /// When the number of elements does not match.
    pub fn real(shape: &[usize], data: Vec<f32>) -> OpResult<Self> {
        let array = ArrayD::from_shape_vec(IxDyn(shape), data);
        array.map(Self::Real).map_err(|e| OpError::new(format!("shape {shape:?}: {e}")))
    }
    /// An integer tensor from its parts.
    ///
    /// # Errors
    /// When the number of elements does not match.
    pub fn int(dtype: DType, shape: &[usize], data: Vec<i64>) -> OpResult<Self> {
        let array = ArrayD::from_shape_vec(IxDyn(shape), data);
        array.map(|a| Self::Int(dtype, a)).map_err(|e| OpError::new(format!("shape {shape:?}: {e}")))
    }
    /// An `int64` list.
    #[must_use]
    pub fn list(data: Vec<i64>) -> Self {
        Self::Int(DType::I64, ndarray::Array1::from_vec(data).into_dyn())
    }
    /// The value of a tensor of the file.
    ///
    /// # Errors
    /// When the number of elements does not match the shape.
    pub fn from_tensor(tensor: &Tensor) -> OpResult<Self> {
        let shape = IxDyn(&tensor.shape);
        let bad = |e: ndarray::ShapeError| OpError::new(format!("shape {:?}: {e}", tensor.shape));
        Ok(match &tensor.data {
            Data::F32(v) => Self::Real(ArrayD::from_shape_vec(shape, v.clone()).map_err(bad)?),
            Data::F64(v) => {
                Self::Real(ArrayD::from_shape_vec(shape, v.iter().map(|x| *x as f32).collect()).map_err(bad)?)
            }
            Data::I64(v) => Self::Int(tensor.dtype, ArrayD::from_shape_vec(shape, v.clone()).map_err(bad)?),
            Data::U64(v) => {
                let bits = v.iter().map(|x| *x as i64).collect();
                Self::Int(tensor.dtype, ArrayD::from_shape_vec(shape, bits).map_err(bad)?)
            }
        })
    }
    /// Shape.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Real(a) => a.shape(),
            Self::Int(_, a) => a.shape(),
        }
    }
    /// The floating-point tensor.
    ///
    /// # Errors
    /// When it holds integers.
    pub fn as_real(&self) -> OpResult<&ArrayD<f32>> {
        match self {
            Self::Real(a) => Ok(a),
            Self::Int(dtype, _) => Err(OpError::new(format!("wants a floating-point tensor, not {dtype}"))),
        }
    }
    /// Integers of a list or scalar.
    ///
    /// # Errors
    /// When it is not an integer tensor of at most one dimension.
    pub fn ints(&self, what: &str) -> OpResult<Vec<i64>> {
        match self {
            Self::Int(_, a) if a.ndim() <= 1 => Ok(a.iter().copied().collect()),
            _ => Err(OpError::new(format!("{what} must be a list of integers"))),
        }
    }
    /// The single number in a tensor of one element.
    ///
    /// # Errors
    /// When there are more or fewer elements.
    pub fn scalar(&self, what: &str) -> OpResult<f64> {
        let one = match self {
            Self::Real(a) if a.len() == 1 => a.first().map(|v| f64::from(*v)),
            Self::Int(t, a) if a.len() == 1 => a.first().map(|v| to_f64(*t, *v)),
            _ => None,
        };
        one.ok_or_else(|| OpError::new(format!("{what} must be a single number, not of shape {:?}", self.shape())))
    }
}

/// The elements of a tensor in row-major order.
#[must_use]
pub fn elements<T>(array: &ArrayD<T>) -> &[T] {
    array.as_slice().expect("values of the graph are in standard layout")
}

/// Wraps an integer to the width of its type, as two's complement hardware does.
#[must_use]
pub const fn wrap(dtype: DType, v: i64) -> i64 {
    match dtype {
        DType::I8 => v as i8 as i64,
        DType::I16 => v as i16 as i64,
        DType::I32 => v as i32 as i64,
        DType::U8 => v as u8 as i64,
        DType::U16 => v as u16 as i64,
        DType::U32 => v as u32 as i64,
        DType::Bool => (v != 0) as i64,
        _ => v,
    }
}

/// Whether `a < b` among integers of a type.
#[must_use]
pub const fn less(dtype: DType, a: i64, b: i64) -> bool {
    if matches!(dtype, DType::U64) { (a as u64) < (b as u64) } else { a < b }
}

/// An integer of a type as a floating-point number.
#[must_use]
pub const fn to_f64(dtype: DType, v: i64) -> f64 {
    if matches!(dtype, DType::U64) { v as u64 as f64 } else { v as f64 }
}
