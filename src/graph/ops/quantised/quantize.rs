//! `QuantizeLinear`: real numbers to integers, for a whole tensor, along an axis, or in blocks.

use super::super::{OpError, OpResult, Operator, Reach, maybe, need};
use super::spread::{Place, range, saturate, scales, zeros};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// `saturate(round(x / scale) + zero point)`; inputs x, scale, zero point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuantizeLinear {
    /// Where scales and zero points stand.
    pub place: Place,
    /// Type where there is no zero point to tell it; `uint8` if this does not either.
    pub dtype: Option<DType>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let place = Place::read(attrs)?;
    // it concerns float8 alone; and the quotient is always taken in float32
    attrs.ignore(&["saturate", "precision"]);
    let dtype = match attrs.int("output_dtype")? {
        None | Some(0) => None,
        Some(n) => {
            let dtype = i32::try_from(n).ok().and_then(DType::from_onnx);
            Some(dtype.ok_or_else(|| OpError::new(format!("`output_dtype` {n} is not supported")))?)
        }
    };
    Ok(Box::new(QuantizeLinear { place, dtype }))
}

impl QuantizeLinear {
    fn output(&self, zero: Option<DType>) -> OpResult<DType> {
        let dtype = zero.or(self.dtype).unwrap_or(DType::U8);
        range(dtype).map(|_| dtype)
    }
}

impl Operator for QuantizeLinear {
    fn name(&self) -> &'static str {
        "QuantizeLinear"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 3)
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (x, scale) = (need(inputs, 0)?, need(inputs, 1)?);
        self.place.indices(&scale.shape, &x.shape)?;
        Ok(vec![Fact::new(self.output(maybe(inputs, 2).map(|z| z.dtype))?, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (x, scale) = (need(inputs, 0)?, need(inputs, 1)?);
        let zero = maybe(inputs, 2);
        let dtype = self.output(zero.map(|z| if let Value::Int(t, _) = z { *t } else { DType::F32 }))?;
        let at = self.place.indices(scale.shape(), x.shape())?;
        let (scales, zeros) = (scales(scale)?, zeros(zero)?);
        let zero_at = |i: u32| zeros.get(i as usize).copied().unwrap_or(zeros[0]);
        let numbers: Vec<f32> = match x {
            Value::Real(a) => elements(a).to_vec(),
            Value::Int(_, a) => a.iter().map(|v| *v as f32).collect(),
        };
        let steps = numbers.iter().zip(at).map(|(x, i)| (x / scales[i as usize], zero_at(i)));
        Ok(vec![saturate(steps, dtype, x.shape())?])
    }
}
