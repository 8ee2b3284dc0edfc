//! Elements of a tensor from raw little-endian bytes or from typed fields.

use super::half::{bf16_to_f32, f16_to_f32};
use super::model::{DType, Data};

/// The typed fields of a `TensorProto`, in the words of `onnx.proto`.
pub struct Fields<'a> {
    /// `float_data`.
    pub float: &'a [f32],
    /// `int32_data`: 32-bit and smaller integers, `bool`, and the bit patterns of 16-bit floats.
    pub int32: &'a [i32],
    /// `int64_data`.
    pub int64: &'a [i64],
    /// `double_data`.
    pub double: &'a [f64],
    /// `uint64_data`: `uint32` and `uint64`.
    pub uint64: &'a [u64],
}

/// Largest number of elements of one tensor, 2^32: far beyond what fits the file limit, and small
/// enough that byte counts cannot overflow.
const MAX_ELEMENTS: usize = 1 << 32;

/// Shape and number of elements.
///
/// # Errors
/// A negative dimension, or more elements than can be counted.
pub fn shape(dims: &[i64]) -> Result<(Vec<usize>, usize), String> {
    let mut shape = Vec::with_capacity(dims.len());
    let mut elements = 1usize;
    for dim in dims {
        let n = usize::try_from(*dim).map_err(|_| format!("dimension {dim} is negative"))?;
        shape.push(n);
        // an empty tensor must not hide dimensions whose product overflows
        elements = elements
            .checked_mul(n.max(1))
            .filter(|n| *n <= MAX_ELEMENTS)
            .ok_or_else(|| format!("dimensions {dims:?} are too many elements"))?;
    }
    if shape.contains(&0) {
        elements = 0;
    }
    Ok((shape, elements))
}

/// Elements from raw bytes.
///
/// # Errors
/// A number of bytes that does not fit the shape.
pub fn from_raw(dtype: DType, elements: usize, raw: &[u8]) -> Result<Data, String> {
    let wanted = elements * dtype.bytes();
    if raw.len() != wanted {
        return Err(format!("{elements} elements of {dtype} are {wanted} bytes, but there are {}", raw.len()));
    }
    fn each<const N: usize, T>(raw: &[u8], get: impl Fn([u8; N]) -> T) -> Vec<T> {
        raw.chunks_exact(N).map(|c| get(c.try_into().expect("chunks of N bytes"))).collect()
    }
    Ok(match dtype {
        DType::F32 => Data::F32(each(raw, f32::from_le_bytes)),
        DType::F64 => Data::F64(each(raw, f64::from_le_bytes)),
        DType::F16 => Data::F32(each(raw, |b| f16_to_f32(u16::from_le_bytes(b)))),
        DType::BF16 => Data::F32(each(raw, |b| bf16_to_f32(u16::from_le_bytes(b)))),
        DType::I8 => Data::I64(each(raw, |b| i64::from(i8::from_le_bytes(b)))),
        DType::I16 => Data::I64(each(raw, |b| i64::from(i16::from_le_bytes(b)))),
        DType::I32 => Data::I64(each(raw, |b| i64::from(i32::from_le_bytes(b)))),
        DType::I64 => Data::I64(each(raw, i64::from_le_bytes)),
        DType::U8 => Data::I64(each(raw, |b: [u8; 1]| i64::from(b[0]))),
        DType::U16 => Data::I64(each(raw, |b| i64::from(u16::from_le_bytes(b)))),
        DType::U32 => Data::I64(each(raw, |b| i64::from(u32::from_le_bytes(b)))),
        DType::U64 => Data::U64(each(raw, u64::from_le_bytes)),
        DType::Bool => Data::I64(each(raw, |b: [u8; 1]| i64::from(b[0] != 0))),
    })
}

/// Elements from the typed field that the standard assigns to the type.
///
/// # Errors
/// A number of elements that does not fit the shape, or a value outside the type's range.
pub fn from_fields(dtype: DType, elements: usize, fields: &Fields<'_>) -> Result<Data, String> {
    let small = |low: i64, high: i64| -> Result<Vec<i64>, String> {
        fields
            .int32
            .iter()
            .map(|v| i64::from(*v))
            .map(|v| if (low..=high).contains(&v) { Ok(v) } else { Err(format!("{v} is not a {dtype}")) })
            .collect()
    };
    let bits = |to: fn(u16) -> f32| -> Result<Data, String> {
        Ok(Data::F32(small(0, i64::from(u16::MAX))?.into_iter().map(|v| to(v as u16)).collect()))
    };
    let data = match dtype {
        DType::F32 => Data::F32(fields.float.to_vec()),
        DType::F64 => Data::F64(fields.double.to_vec()),
        DType::F16 => bits(f16_to_f32)?,
        DType::BF16 => bits(bf16_to_f32)?,
        DType::I8 => Data::I64(small(-128, 127)?),
        DType::I16 => Data::I64(small(-32768, 32767)?),
        DType::I32 => Data::I64(small(i64::MIN, i64::MAX)?),
        DType::I64 => Data::I64(fields.int64.to_vec()),
        DType::U8 => Data::I64(small(0, 255)?),
        DType::U16 => Data::I64(small(0, 65535)?),
        DType::Bool => Data::I64(small(0, 1)?),
        DType::U32 => {
            let fit = |v: &u64| u32::try_from(*v).map(i64::from).map_err(|_| format!("{v} is not a {dtype}"));
            Data::I64(fields.uint64.iter().map(fit).collect::<Result<_, _>>()?)
        }
        DType::U64 => Data::U64(fields.uint64.to_vec()),
    };
    if data.len() != elements {
        return Err(format!("the dimensions want {elements} elements of {dtype}, but there are {}", data.len()));
    }
    Ok(data)
}

/// Position and value of the first element that is NaN, or infinite where numbers must be finite.
#[must_use]
pub fn first_bad(data: &Data, finite: bool) -> Option<(usize, f64)> {
    let bad = |x: f64| x.is_nan() || (finite && x.is_infinite());
    match data {
        Data::F32(v) => v.iter().position(|x| bad(f64::from(*x))).map(|i| (i, f64::from(v[i]))),
        Data::F64(v) => v.iter().position(|x| bad(*x)).map(|i| (i, v[i])),
        Data::I64(_) | Data::U64(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Fields<'static> = Fields { float: &[], int32: &[], int64: &[], double: &[], uint64: &[] };

    #[test]
    fn raw_bytes_are_little_endian() {
        assert_eq!(from_raw(DType::F32, 1, &1.5f32.to_le_bytes()), Ok(Data::F32(vec![1.5])));
        assert_eq!(from_raw(DType::I16, 2, &[0xff, 0xff, 1, 0]), Ok(Data::I64(vec![-1, 1])));
        assert_eq!(from_raw(DType::U16, 1, &[0xff, 0xff]), Ok(Data::I64(vec![65535])));
        assert_eq!(from_raw(DType::F16, 1, &[0x00, 0x3c]), Ok(Data::F32(vec![1.0])));
        assert_eq!(from_raw(DType::BF16, 1, &[0x80, 0xbf]), Ok(Data::F32(vec![-1.0])));
        assert_eq!(from_raw(DType::Bool, 2, &[0, 1]), Ok(Data::I64(vec![0, 1])));
        assert!(from_raw(DType::F32, 2, &[0; 7]).is_err());
    }

    #[test]
    fn typed_fields_are_range_checked() {
        let with = |int32| Fields { int32, ..NONE };
        assert_eq!(from_fields(DType::F16, 1, &with(&[0x3c00])), Ok(Data::F32(vec![1.0])));
        assert_eq!(from_fields(DType::U8, 1, &with(&[200])), Ok(Data::I64(vec![200])));
        assert!(from_fields(DType::U8, 1, &with(&[300])).is_err());
        assert!(from_fields(DType::I32, 2, &with(&[1])).is_err());
        assert_eq!(from_fields(DType::U32, 1, &Fields { uint64: &[7], ..NONE }), Ok(Data::I64(vec![7])));
        assert!(from_fields(DType::U32, 1, &Fields { uint64: &[1 << 40], ..NONE }).is_err());
    }

    #[test]
    fn shapes_do_not_overflow() {
        assert_eq!(shape(&[2, 3]), Ok((vec![2, 3], 6)));
        assert_eq!(shape(&[]), Ok((vec![], 1)));
        assert_eq!(shape(&[0, 5]), Ok((vec![0, 5], 0)));
        assert!(shape(&[-1]).is_err());
        assert!(shape(&[i64::MAX, i64::MAX, 4]).is_err());
        assert!(shape(&[0, i64::MAX, i64::MAX]).is_err());
    }
}
