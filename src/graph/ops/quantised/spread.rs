//! Scales and zero points, spread over the elements that they belong to.

use super::super::{OpError, OpResult, axis};
use crate::graph::value::{elements, wrap};
use crate::graph::{Attrs, Value};
use crate::onnx::DType;

/// Where the scales and zero points of a tensor stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Axis of a list with one entry for each index.
    pub axis: i64,
    /// Indices of the axis that share an entry; 0 where every index has its own.
    pub block: usize,
}

impl Place {
    /// Along an axis, without blocks.
    pub const fn along(axis: i64) -> Self {
        Self { axis, block: 0 }
    }
    /// Reads `axis` and `block_size`.
    pub fn read(attrs: &mut Attrs<'_>) -> OpResult<Self> {
        let axis = if attrs.opset >= 13 { attrs.int("axis")?.unwrap_or(1) } else { 1 };
        let block = if attrs.opset >= 21 { attrs.int("block_size")?.unwrap_or(0) } else { 0 };
        let block = usize::try_from(block).map_err(|_| OpError::new("`block_size` must not be negative"))?;
        Ok(Self { axis, block })
    }

    /// For each element of a tensor of shape `shape` the index of its entry in a parameter of shape `own`: a
    /// single number, a list along the axis, blocks along the axis, or a tensor that broadcasts.
    pub fn indices(&self, own: &[usize], shape: &[usize]) -> OpResult<Vec<u32>> {
        let count = shape.iter().product();
        if own.iter().product::<usize>() == 1 {
            return Ok(vec![0; count]);
        }
        let bad = || OpError::new(format!("scale or zero point of shape {own:?} does not fit {shape:?}"));
        // size of the parameter in each dimension of the tensor, and how many indices share an entry
        let (sizes, blocks) = if self.block == 0 && own.len() == 1 {
            let at = axis(self.axis, shape.len())?;
            let mut sizes = vec![1; shape.len()];
            sizes[at] = own[0];
            (sizes, vec![1; shape.len()])
        } else {
            let mut blocks = vec![1; shape.len()];
            if self.block > 0 {
                blocks[axis(self.axis, shape.len())?] = self.block;
            }
            (own.to_vec(), blocks)
        };
        let fits = |d: usize| sizes[d] == 1 || sizes[d] == shape[d].div_ceil(blocks[d]);
        if sizes.len() != shape.len() || !(0..shape.len()).all(fits) {
            return Err(bad());
        }
        let mut out = vec![0u32];
        for d in 0..shape.len() {
            let (size, block) = (sizes[d] as u32, blocks[d]);
            let entry = move |i: usize| if size == 1 { 0 } else { (i / block) as u32 };
            out = out.iter().flat_map(|o| (0..shape[d]).map(move |i| o * size + entry(i))).collect();
        }
        Ok(out)
    }
}

/// Integers minus their zero points; 8- and 16-bit integers and what is left of them fit 32 bits.
pub fn centred(value: &Value, zero: Option<&Value>, place: Place) -> OpResult<Vec<i32>> {
    let Value::Int(_, x) = value else { return Err(OpError::new("wants integers")) };
    let mut out: Vec<i32> = x.iter().map(|v| *v as i32).collect();
    match zero {
        None => {}
        Some(Value::Int(_, z)) => {
            let z: Vec<i32> = z.iter().map(|v| *v as i32).collect();
            for (x, i) in out.iter_mut().zip(place.indices(zero.map_or(&[], Value::shape), x.shape())?) {
                *x = x.wrapping_sub(z[i as usize]);
            }
        }
        Some(Value::Real(_)) => return Err(OpError::new("a zero point must be an integer")),
    }
    Ok(out)
}

/// Least and greatest integer of a quantised type.
pub fn range(dtype: DType) -> OpResult<(f32, f32)> {
    Ok(match dtype {
        DType::I8 => (-128.0, 127.0),
        DType::U8 => (0.0, 255.0),
        DType::I16 => (-32768.0, 32767.0),
        DType::U16 => (0.0, 65535.0),
        _ => return Err(OpError::new(format!("quantises to {dtype}, not to an integer of 8 or 16 bits"))),
    })
}

/// Rounds numbers in steps of the output (ties to even), adds the zero point and keeps within the type.
pub fn saturate(steps: impl Iterator<Item = (f32, i64)>, dtype: DType, shape: &[usize]) -> OpResult<Value> {
    let (low, high) = range(dtype)?;
    let one = |(x, zero): (f32, i64)| wrap(dtype, (x.round_ties_even() + zero as f32).clamp(low, high) as i64);
    let data = ndarray::ArrayD::from_shape_vec(ndarray::IxDyn(shape), steps.map(one).collect());
    data.map(|a| Value::Int(dtype, a)).map_err(|e| OpError::new(e.to_string()))
}

/// The numbers of a scale.
pub fn scales(value: &Value) -> OpResult<&[f32]> {
    let scales = elements(value.as_real()?);
    if scales.is_empty() {
        return Err(OpError::new("a scale is empty"));
    }
    Ok(scales)
}

/// The integers of a zero point; one 0 where there is none.
pub fn zeros(value: Option<&Value>) -> OpResult<Vec<i64>> {
    match value {
        None => Ok(vec![0]),
        Some(Value::Int(_, z)) if !z.is_empty() => Ok(z.iter().copied().collect()),
        Some(_) => Err(OpError::new("a zero point must be an integer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_spread_along_axes_and_blocks() {
        let along = Place::along(1);
        assert_eq!(along.indices(&[], &[2, 3]), Ok(vec![0; 6]));
        assert_eq!(along.indices(&[3], &[2, 3]), Ok(vec![0, 1, 2, 0, 1, 2]));
        assert_eq!(Place::along(-2).indices(&[2], &[2, 3]), Ok(vec![0, 0, 0, 1, 1, 1]));
        assert_eq!(along.indices(&[2, 1], &[2, 2]), Ok(vec![0, 0, 1, 1]));
        let blocks = Place { axis: 1, block: 2 };
        assert_eq!(blocks.indices(&[2, 2], &[2, 3]), Ok(vec![0, 0, 1, 2, 2, 3]));
        assert!(along.indices(&[2], &[2, 3]).is_err());
        assert!(blocks.indices(&[2, 3], &[2, 3]).is_err());
    }
}
