//! `AveragePool`; `count_include_pad` says whether padding counts in the divisor. What `ceil_mode`
//! adds beyond the padding never counts.

use super::super::spatial::{Geometry, Spatial, output_shape};
use super::super::{OpResult, Operator, need, need_real};
use crate::graph::product::Taps;
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};
use crate::tensor::Window;

/// Mean over a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AveragePool {
    /// Window attributes.
    pub spatial: Spatial,
    /// Whether padding counts.
    pub include_pad: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(AveragePool {
        spatial: Spatial::read(attrs, true)?,
        include_pad: attrs.flag("count_include_pad", false)?,
    }))
}

/// Number of taps of each position that lie inside the input or its padding.
#[must_use]
pub fn padded_taps(geometry: &Geometry) -> Vec<usize> {
    let w = &geometry.window;
    let whole = Window {
        channels: 1,
        input: (0..w.input.len()).map(|d| w.input[d] + w.pad[d] + geometry.pad_end[d]).collect(),
        pad: vec![0; w.input.len()],
        ..w.clone()
    };
    Taps::new(&whole).inside()
}

impl Operator for AveragePool {
    fn name(&self) -> &'static str {
        "AveragePool"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    /// An addition for each tap.
    fn lane_ops(&self, inputs: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        self.spatial.taps(inputs, outputs)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need_real(inputs, 0)?;
        let window = self.spatial.pooling(&x.shape)?.window;
        Ok(vec![Fact::new(x.dtype, output_shape(x.shape[0], x.shape[1], &window))])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?.as_real()?;
        let geometry = self.spatial.pooling(x.shape())?;
        let window = &geometry.window;
        let taps = Taps::new(window);
        let divisors = if self.include_pad { padded_taps(&geometry) } else { taps.inside() };
        let mut out = vec![0.0; x.shape()[0] * x.shape()[1] * window.positions()];
        let planes = elements(x).chunks_exact(window.input_positions());
        for (plane, out) in planes.zip(out.chunks_exact_mut(window.positions())) {
            taps.fold(plane, 0.0, 0.0, |sum, x| sum + x, out);
            for (sum, divisor) in out.iter_mut().zip(&divisors) {
                *sum /= (*divisor).max(1) as f32;
            }
        }
        Ok(vec![Value::real(&output_shape(x.shape()[0], x.shape()[1], window), out)?])
    }
}
