//! Where indices point to, as offsets into row-major elements. Negative indices count from the end.

use ndarray::ArrayD;

use super::super::{OpError, OpResult};
use crate::graph::Value;
use crate::graph::value::elements;

/// The integers of an index tensor.
pub fn integers(value: &Value) -> OpResult<&ArrayD<i64>> {
    match value {
        Value::Int(_, a) => Ok(a),
        Value::Real(_) => Err(OpError::new("the indices must be integers")),
    }
}

/// An index into a dimension.
pub fn wrapped(i: i64, size: usize) -> OpResult<usize> {
    let at = if i < 0 { i.saturating_add(size as i64) } else { i };
    let at = usize::try_from(at).ok().filter(|at| *at < size);
    at.ok_or_else(|| OpError::new(format!("index {i} is outside a dimension of {size}")))
}

/// Distance between neighbours along each dimension.
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for d in (1..shape.len()).rev() {
        strides[d - 1] = strides[d] * shape[d];
    }
    strides
}

/// Offsets of the elements at the places of an index tensor, the coordinate along one axis replaced by the index.
pub fn along(shape: &[usize], at: usize, indices: &ArrayD<i64>) -> OpResult<Vec<usize>> {
    fits(shape, at, indices.shape())?;
    let strides = strides(shape);
    let place = |(place, i): (ndarray::IxDyn, &i64)| {
        let others: usize = (0..shape.len()).filter(|d| *d != at).map(|d| place[d] * strides[d]).sum();
        Ok(others + wrapped(*i, shape[at])? * strides[at])
    };
    indices.indexed_iter().map(place).collect()
}

/// Refuses an index tensor that does not fit the tensor beside an axis.
pub fn fits(shape: &[usize], at: usize, indices: &[usize]) -> OpResult<()> {
    if indices.len() == shape.len() && (0..shape.len()).all(|d| d == at || indices[d] <= shape[d]) {
        return Ok(());
    }
    Err(OpError::new(format!("indices of shape {indices:?} do not fit {shape:?} beside axis {at}")))
}

/// Shape of what index tuples (the last dimension of `indices`) select behind the first `batch` dimensions, which
/// both tensors share: the shape of one selected part, and of all.
pub fn parts(shape: &[usize], batch: usize, indices: &[usize]) -> OpResult<(Vec<usize>, Vec<usize>)> {
    let bad = || OpError::new(format!("indices of shape {indices:?} do not fit {shape:?} behind {batch} dimension(s)"));
    let (length, front) = indices.split_last().ok_or_else(bad)?;
    let shared = shape.get(..batch).ok_or_else(bad)?;
    if front.get(..batch) != Some(shared) {
        return Err(bad());
    }
    let part = batch.checked_add(*length).and_then(|n| shape.get(n..)).ok_or_else(bad)?.to_vec();
    let all = front.iter().chain(&part).copied().collect();
    Ok((part, all))
}

/// Offsets of the parts that index tuples select.
pub fn tuples(shape: &[usize], batch: usize, indices: &ArrayD<i64>) -> OpResult<Vec<usize>> {
    parts(shape, batch, indices.shape())?;
    let length = indices.shape().last().copied().unwrap_or(0);
    let count: usize = indices.shape().iter().rev().skip(1).product();
    let batches: usize = shape[..batch].iter().product();
    let per_batch = (count / batches.max(1)).max(1);
    let strides = strides(shape);
    let block = if batch == 0 { 0 } else { strides[batch - 1] };
    let flat = elements(indices);
    (0..count)
        .map(|n| {
            let tuple = &flat[n * length..(n + 1) * length];
            let inside = tuple.iter().enumerate().map(|(k, i)| Ok(wrapped(*i, shape[batch + k])? * strides[batch + k]));
            Ok(n / per_batch * block + inside.sum::<OpResult<usize>>()?)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuples_select_behind_shared_dimensions() {
        // data [2, 2, 3]; one tuple of length 1 for each of the two batches
        let indices = ArrayD::from_shape_vec(ndarray::IxDyn(&[2, 1]), vec![1, -2]).expect("fits");
        assert_eq!(parts(&[2, 2, 3], 1, &[2, 1]), Ok((vec![3], vec![2, 3])));
        assert_eq!(tuples(&[2, 2, 3], 1, &indices), Ok(vec![3, 6]));
        assert!(tuples(&[2, 1, 3], 1, &indices).is_err());
        assert!(parts(&[3, 2, 3], 1, &[2, 1]).is_err());
    }
}
