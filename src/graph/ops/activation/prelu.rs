//! `PRelu`: below zero a slope that is learnt. It broadcasts to the input; up to operator set 6 a list of slopes
//! belongs to the channels (axis 1).

use super::super::elementwise::combine;
use super::super::{OpError, OpResult, Operator, Reach, broadcast, need, need_real, with_shape};
use crate::graph::{Attrs, Fact, Value};

/// Rectifier with slopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PRelu {
    by_channel: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(PRelu { by_channel: attrs.opset < 7 }))
}

impl PRelu {
    /// Shape of the slopes as they take part in broadcasting.
    fn slopes(self, x: &[usize], slope: &[usize]) -> OpResult<Vec<usize>> {
        let right = match slope {
            [n] if self.by_channel && *n > 1 && x.len() > 1 => {
                [*n].into_iter().chain(std::iter::repeat_n(1, x.len() - 2)).collect()
            }
            _ => slope.to_vec(),
        };
        if broadcast(x, &right)? != x {
            return Err(OpError::new(format!("slopes of shape {slope:?} do not broadcast to {x:?}")));
        }
        Ok(right)
    }
}

impl Operator for PRelu {
    fn name(&self) -> &'static str {
        "PRelu"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (x, slope) = (need_real(inputs, 0)?, need_real(inputs, 1)?);
        self.slopes(&x.shape, &slope.shape)?;
        Ok(vec![Fact::new(x.dtype, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (x, slope) = (need(inputs, 0)?.as_real()?, need(inputs, 1)?);
        let slope = with_shape(slope, &self.slopes(x.shape(), slope.shape())?)?;
        let f = |x: f32, s: f32| if x < 0.0 { s * x } else { x };
        Ok(vec![Value::Real(combine(x, slope.as_real()?, x.shape(), f)?)])
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
}
