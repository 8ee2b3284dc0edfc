//! `Pow`: the result has the type of the base; the exponent may have another (since operator set 12).

use ndarray::ArrayD;

use super::super::{OpResult, Operator, Reach, Takes, need};
use super::combine;
use super::legacy::{self, Legacy};
use crate::graph::value::{to_f64, wrap};
use crate::graph::{Attrs, Fact, Value};

/// Powers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pow {
    legacy: Option<Legacy>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Pow { legacy: legacy::read(attrs)? }))
}

/// All elements as floating-point numbers of double precision.
fn doubles(value: &Value) -> ArrayD<f64> {
    match value {
        Value::Real(a) => a.mapv(f64::from),
        Value::Int(t, a) => a.mapv(|v| to_f64(*t, v)),
    }
}

impl Operator for Pow {
    fn name(&self) -> &'static str {
        "Pow"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (a, b) = (need(inputs, 0)?, need(inputs, 1)?);
        Takes::Number.check(a)?;
        Takes::Number.check(b)?;
        Ok(vec![Fact::new(a.dtype, legacy::shapes(self.legacy, &a.shape, &b.shape)?.1)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let a = need(inputs, 0)?;
        let (b, shape) = legacy::align(self.legacy, a, need(inputs, 1)?)?;
        let power = |f: fn(f64) -> f32| combine(&doubles(a), &doubles(&b), &shape, |x, y| f(libm::pow(x, y)));
        Ok(vec![match (a, &*b) {
            (Value::Real(_), _) => Value::Real(power(|v| v as f32)?),
            // exact in whole numbers, wrapping as products do
            (Value::Int(t, a), Value::Int(_, b)) if b.iter().all(|v| (0..=i64::from(u32::MAX)).contains(v)) => {
                Value::Int(*t, combine(a, b, &shape, |x, y| wrap(*t, x.wrapping_pow(y as u32)))?)
            }
            (Value::Int(t, _), b) => {
                let whole = |x: f64, y: f64| wrap(*t, libm::pow(x, y) as i64);
                Value::Int(*t, combine(&doubles(a), &doubles(b), &shape, whole)?)
            }
        }])
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
}
