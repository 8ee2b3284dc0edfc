//! The operators, one file each, and the table that makes them from ONNX nodes.
//!
//! Semantics follow <https://onnx.ai/onnx/operators/>; where a later operator set changed an
//! attribute into an input, the constructor looks at the set of the file.

mod activation;
mod attention;
mod control;
mod elementwise;
mod index;
mod linear;
mod norm;
mod pool;
mod quantised;
mod recurrent;
mod reduce;
mod shape;
mod spatial;
mod unary;

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use ndarray::ArrayD;

use super::value::elements;
use super::{Attrs, Fact, Value};
use crate::onnx::DType;

pub use activation::{Relu, Sigmoid, Softmax};
pub use attention::{Attention, RotaryEmbedding};
pub use elementwise::{Arithmetic, Sign};
pub use index::Concat;
pub use linear::{Conv, ConvTranspose, Einsum, Gemm, MatMul};
pub use norm::{BatchNorm, GroupNorm, Grouping, LayerNorm, LpNorm, Lrn, MeanVarianceNorm, RmsNorm};
pub use pool::{AveragePool, GlobalLpPool, GlobalPool, LpPool, MaxPool, MaxUnpool, padded_taps};
pub use quantised::{
    ConvInteger, DequantizeLinear, DynamicQuantizeLinear, MatMulInteger, Place, QLinearConv, QLinearMatMul,
    QuantizeLinear,
};
pub use recurrent::{Direction, Function, Gru, Layout, Lstm, Recurrence, Rnn, Sizes};
pub use reduce::ReduceMean;
pub use shape::{Dropout, Flatten, Identity, Reshape, Squeeze, Transpose, Unsqueeze};
pub use spatial::{Geometry, Spatial};
pub use unary::Unary;

/// Why an operator cannot be made, typed or computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OpError(String);

impl OpError {
    /// An error in words.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// Result of an operator.
pub type OpResult<T> = Result<T, OpError>;

/// What a node computes, without its edges.
pub trait Operator: Any + Debug + Send + Sync {
    /// ONNX name.
    fn name(&self) -> &'static str;
    /// Least and greatest number of inputs.
    fn arity(&self) -> (usize, usize);
    /// Types and shapes of the outputs.
    ///
    /// # Errors
    /// When the inputs do not fit.
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>>;
    /// Values of the outputs.
    ///
    /// # Errors
    /// When the inputs do not fit.
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>>;
    /// As [`Self::eval`], on inputs that are given away: a value that nobody else holds may be overwritten.
    ///
    /// # Errors
    /// As [`Self::eval`].
    fn consume(&self, inputs: Vec<Option<Arc<Value>>>) -> OpResult<Vec<Value>> {
        self.eval(&inputs.iter().map(Option::as_deref).collect::<Vec<_>>())
    }
    /// Lane operations of a vector unit for one evaluation: a multiply-accumulate, a comparison or a table
    /// look-up (exponential, logarithm, root, reciprocal) counts one, moving data counts none. Unless an
    /// operator says otherwise it is one for each element of its outputs.
    fn lane_ops(&self, _inputs: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        outputs.iter().filter_map(Fact::elements).map(|n| n as u64).sum()
    }
    /// How far an output element looks. Operators that look less far than everything can be pipelined.
    fn reach(&self, _inputs: &[Option<&Fact>]) -> Reach {
        Reach::All
    }
}

/// Which input elements an output element depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those at its own place (after broadcasting).
    Element,
    /// Those that differ from its own place in the last axis alone.
    LastAxis,
    /// Those that differ from its own place in axis 1 alone.
    Channels,
    /// Any.
    All,
}

/// The reach of an operator that mixes elements along the given dimensions alone.
pub(super) fn along(dimensions: &[usize], rank: usize) -> Reach {
    match dimensions {
        [] => Reach::Element,
        [d] if d + 1 == rank => Reach::LastAxis,
        [1] => Reach::Channels,
        _ => Reach::All,
    }
}

/// Makes an operator from the attributes of a node.
pub type Constructor = fn(&mut Attrs<'_>) -> OpResult<Box<dyn Operator>>;

/// Operators of a family, by ONNX name.
pub type Table = &'static [(&'static str, Constructor)];

/// Every supported operator of the ONNX domain, family by family.
pub const TABLES: &[Table] = &[
    activation::TABLE,
    attention::TABLE,
    control::TABLE,
    activation::FUNCTIONS,
    elementwise::TABLE,
    elementwise::FUNCTIONS,
    index::TABLE,
    linear::TABLE,
    norm::TABLE,
    pool::TABLE,
    quantised::TABLE,
    recurrent::TABLE,
    reduce::TABLE,
    shape::TABLE,
];

/// All operators, by ONNX name, in no particular order.
pub fn all() -> impl Iterator<Item = (&'static str, Constructor)> {
    TABLES.iter().flat_map(|t| t.iter().copied())
}

/// The constructor of an ONNX operator.
#[must_use]
pub fn find(name: &str) -> Option<Constructor> {
    all().find(|(n, _)| *n == name).map(|(_, c)| c)
}

/// The operator of a node, all of its attributes understood.
///
/// # Errors
/// When it is not supported, or an attribute is wrong or unknown.
pub fn make(node: &crate::onnx::Node) -> OpResult<Box<dyn Operator>> {
    let known = find(&node.op_type).filter(|_| node.domain.is_empty());
    let make = known.ok_or_else(|| OpError::new("is not supported"))?;
    let mut attrs = Attrs::new(node, node.opset);
    let op = make(&mut attrs)?;
    attrs.finish()?;
    Ok(op)
}

/// A required input.
pub(super) fn need<'a, T>(inputs: &[Option<&'a T>], position: usize) -> OpResult<&'a T> {
    inputs.get(position).copied().flatten().ok_or_else(|| OpError::new(format!("input {position} is missing")))
}

/// An optional input.
pub(super) fn maybe<'a, T>(inputs: &[Option<&'a T>], position: usize) -> Option<&'a T> {
    inputs.get(position).copied().flatten()
}

/// A required floating-point input, by its fact.
pub(super) fn need_real<'a>(inputs: &[Option<&'a Fact>], position: usize) -> OpResult<&'a Fact> {
    let fact = need(inputs, position)?;
    if fact.dtype.is_float() {
        return Ok(fact);
    }
    Err(OpError::new(format!("input {position} must be of a floating-point type, not {}", fact.dtype)))
}

/// An axis as an index; negative ones count from the end.
///
/// # Errors
/// When there is no such axis.
pub fn axis(axis: i64, rank: usize) -> OpResult<usize> {
    let at = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    usize::try_from(at)
        .ok()
        .filter(|a| *a < rank)
        .ok_or_else(|| OpError::new(format!("axis {axis} is outside a tensor of {rank} dimension(s)")))
}

/// Axes as sorted indices without doubles.
pub(super) fn axes(list: &[i64], rank: usize) -> OpResult<Vec<usize>> {
    let mut found = list.iter().map(|a| axis(*a, rank)).collect::<OpResult<Vec<_>>>()?;
    found.sort_unstable();
    if found.windows(2).any(|w| w[0] == w[1]) {
        return Err(OpError::new(format!("axes {list:?} name one dimension twice")));
    }
    Ok(found)
}

/// Shape of a broadcast result: dimensions are aligned at the end, 1 stretches.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> OpResult<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at = |s: &[usize], i: usize| (i + s.len()).checked_sub(rank).map_or(1, |i| s[i]);
    (0..rank)
        .map(|i| match (at(a, i), at(b, i)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => Err(OpError::new(format!("shapes {a:?} and {b:?} cannot be broadcast together"))),
        })
        .collect()
}

/// Applies a function to every element of a floating-point tensor.
pub(super) fn map_real(inputs: &[Option<&Value>], f: impl Fn(f32) -> f32) -> OpResult<Vec<Value>> {
    Ok(vec![Value::Real(need(inputs, 0)?.as_real()?.mapv(f))])
}

/// As [`map_real`], in place where nobody else holds the tensor.
pub(super) fn map_owned(mut inputs: Vec<Option<Arc<Value>>>, f: impl Fn(f32) -> f32) -> OpResult<Vec<Value>> {
    let mut array = take_real(&mut inputs, 0)?;
    array.mapv_inplace(f);
    Ok(vec![Value::Real(array)])
}

/// A required floating-point input: itself where nobody else holds it, else a copy.
pub(super) fn take_real(inputs: &mut [Option<Arc<Value>>], position: usize) -> OpResult<ArrayD<f32>> {
    let value = inputs.get_mut(position).and_then(Option::take);
    let value = value.ok_or_else(|| OpError::new(format!("input {position} is missing")))?;
    match Arc::try_unwrap(value) {
        Ok(Value::Real(array)) => Ok(array),
        Ok(other) => other.as_real().cloned(),
        Err(shared) => shared.as_real().cloned(),
    }
}

/// The fact of an operator that keeps type and shape of a floating-point input.
pub(super) fn same_real(inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
    let x = need_real(inputs, 0)?;
    Ok(vec![Fact::new(x.dtype, x.shape.clone())])
}

/// The same elements in another shape.
pub(super) fn with_shape(value: &Value, shape: &[usize]) -> OpResult<Value> {
    let bad = |e: ndarray::ShapeError| OpError::new(format!("{:?} to {shape:?}: {e}", value.shape()));
    Ok(match value {
        Value::Real(a) => Value::real(shape, elements(a).to_vec())?,
        Value::Int(t, a) => {
            Value::Int(*t, ArrayD::from_shape_vec(ndarray::IxDyn(shape), a.iter().copied().collect()).map_err(bad)?)
        }
    })
}

/// Applies one array function to either kind of tensor.
macro_rules! both_kinds {
    ($value:expr, $array:ident => $body:expr) => {
        match $value {
            $crate::graph::Value::Real($array) => $crate::graph::Value::Real($body),
            $crate::graph::Value::Int(dtype, $array) => $crate::graph::Value::Int(*dtype, $body),
        }
    };
}
pub(super) use both_kinds;

/// The lane operations of an operator that only moves data.
macro_rules! moves_data {
    () => {
        fn lane_ops(&self, _: &[Option<&$crate::graph::Fact>], _: &[$crate::graph::Fact]) -> u64 {
            0
        }
    };
}
pub(super) use moves_data;

/// Which element types an operator takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Floating-point numbers.
    Real,
    /// Any numbers.
    Number,
    /// Integers.
    Integer,
    /// Truth values.
    Bool,
    /// Everything.
    Any,
}

impl Takes {
    /// Refuses an input of another type.
    pub(super) fn check(self, fact: &Fact) -> OpResult<()> {
        let (fits, wanted) = match self {
            Self::Real => (fact.dtype.is_float(), "of a floating-point type"),
            Self::Number => (fact.dtype != DType::Bool, "a number"),
            Self::Integer => (!fact.dtype.is_float() && fact.dtype != DType::Bool, "an integer"),
            Self::Bool => (fact.dtype == DType::Bool, "bool"),
            Self::Any => (true, ""),
        };
        if fits {
            return Ok(());
        }
        Err(OpError::new(format!("an input must be {wanted}, not {}", fact.dtype)))
    }
}

/// The value of an input that must not depend on the inputs of the network, since a shape follows from it.
pub(super) fn known<'a>(inputs: &[Option<&'a Fact>], position: usize, what: &str) -> OpResult<&'a Value> {
    let value = need(inputs, position)?.value.as_deref();
    value.ok_or_else(|| OpError::new(format!("{what} must not depend on the inputs: the shape of the result would")))
}

/// Whether two facts have one element type.
pub(super) fn same_type(a: &Fact, b: &Fact) -> OpResult<DType> {
    if a.dtype == b.dtype || (a.dtype.is_float() && b.dtype.is_float()) {
        return Ok(a.dtype);
    }
    Err(OpError::new(format!("inputs have the types {} and {}, which must be the same", a.dtype, b.dtype)))
}
