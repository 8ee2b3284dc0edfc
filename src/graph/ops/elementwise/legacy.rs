//! Broadcasting of two inputs.
//!
//! Since operator set 7 shapes are aligned at the end; set 6 broadcasts the second input only, at
//! attribute `axis`, and only if `broadcast` is 1.

use std::borrow::Cow;

use super::super::{OpError, OpResult, axis, broadcast, with_shape};
use crate::graph::{Attrs, Value};

/// How set 6 places its second input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Legacy {
    broadcast: bool,
    axis: Option<i64>,
}

/// The rules of set 6, if they apply.
pub fn read(attrs: &mut Attrs<'_>) -> OpResult<Option<Legacy>> {
    if attrs.opset >= 7 {
        return Ok(None);
    }
    attrs.ignore(&["consumed_inputs"]);
    Ok(Some(Legacy { broadcast: attrs.flag("broadcast", false)?, axis: attrs.int("axis")? }))
}

/// Shape of the second input as it takes part in broadcasting, and shape of the result.
pub fn shapes(legacy: Option<Legacy>, a: &[usize], b: &[usize]) -> OpResult<(Vec<usize>, Vec<usize>)> {
    let Some(legacy) = legacy else { return Ok((b.to_vec(), broadcast(a, b)?)) };
    if !legacy.broadcast {
        if a == b {
            return Ok((b.to_vec(), a.to_vec()));
        }
        return Err(OpError::new(format!("shapes {a:?} and {b:?} differ, and `broadcast` is not set")));
    }
    let at = match legacy.axis {
        Some(at) => axis(at, a.len())?,
        None => a.len().saturating_sub(b.len()),
    };
    let tail = a.len().checked_sub(at + b.len());
    let tail = tail.ok_or_else(|| OpError::new(format!("shape {b:?} does not fit {a:?} at axis {at}")))?;
    let right: Vec<usize> = b.iter().copied().chain(std::iter::repeat_n(1, tail)).collect();
    if broadcast(a, &right)? != a {
        return Err(OpError::new(format!("shape {b:?} does not broadcast to {a:?}")));
    }
    Ok((right, a.to_vec()))
}

/// The second input in the shape in which it takes part, and the shape of the result.
pub fn align<'a>(legacy: Option<Legacy>, a: &Value, b: &'a Value) -> OpResult<(Cow<'a, Value>, Vec<usize>)> {
    let (right, shape) = shapes(legacy, a.shape(), b.shape())?;
    let b = if right == b.shape() { Cow::Borrowed(b) } else { Cow::Owned(with_shape(b, &right)?) };
    Ok((b, shape))
}
