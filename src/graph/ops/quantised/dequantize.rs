//! `DequantizeLinear`: integers to the real numbers that they stand for.

use super::super::{OpError, OpResult, Operator, Reach, maybe, need, need_real};
use super::spread::{Place, centred, scales};
use crate::graph::{Attrs, Fact, Value};

/// `(x - zero point) · scale`; inputs x, scale, zero point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DequantizeLinear {
    /// Where scales and zero points stand.
    pub place: Place,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    // all floating-point types compute in float32
    attrs.ignore(&["output_dtype"]);
    Ok(Box::new(DequantizeLinear { place: Place::read(attrs)? }))
}

impl Operator for DequantizeLinear {
    fn name(&self) -> &'static str {
        "DequantizeLinear"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 3)
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (x, scale) = (need(inputs, 0)?, need_real(inputs, 1)?);
        if x.dtype.is_float() {
            return Err(OpError::new(format!("wants integers, not {}", x.dtype)));
        }
        self.place.indices(&scale.shape, &x.shape)?;
        Ok(vec![Fact::new(scale.dtype, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (x, scale) = (need(inputs, 0)?, need(inputs, 1)?);
        let at = self.place.indices(scale.shape(), x.shape())?;
        let (steps, scales) = (centred(x, maybe(inputs, 2), self.place)?, scales(scale)?);
        let real = steps.iter().zip(at).map(|(v, i)| *v as f32 * scales[i as usize]).collect();
        Ok(vec![Value::real(x.shape(), real)?])
    }
}
