//! `MaxPool`; padding never wins.

use super::super::spatial::{Spatial, output_shape};
use super::super::{OpError, OpResult, Operator, need, need_real};
use crate::graph::product::Taps;
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// Maximum over a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaxPool {
    /// Window attributes.
    pub spatial: Spatial,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    // the order only concerns the indices, which are refused
    attrs.ignore(&["storage_order"]);
    if attrs.has_output(1) {
        return Err(OpError::new("the output of indices is not supported"));
    }
    Ok(Box::new(MaxPool { spatial: Spatial::read(attrs, true)? }))
}

impl Operator for MaxPool {
    fn name(&self) -> &'static str {
        "MaxPool"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need_real(inputs, 0)?;
        let window = self.spatial.pooling(&x.shape)?.window;
        Ok(vec![Fact::new(x.dtype, output_shape(x.shape[0], x.shape[1], &window))])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?.as_real()?;
        let window = self.spatial.pooling(x.shape())?.window;
        let taps = Taps::new(&window);
        let mut out = vec![0.0; x.shape()[0] * x.shape()[1] * window.positions()];
        let planes = elements(x).chunks_exact(window.input_positions());
        for (plane, out) in planes.zip(out.chunks_exact_mut(window.positions())) {
            taps.fold(plane, f32::NEG_INFINITY, f32::NEG_INFINITY, f32::max, out);
        }
        Ok(vec![Value::real(&output_shape(x.shape()[0], x.shape()[1], &window), out)?])
    }
}
