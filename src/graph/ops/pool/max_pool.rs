//! `MaxPool`, with the indices of the greatest on request; padding never wins.

use ndarray::{ArrayD, IxDyn};

use super::super::spatial::{Spatial, output_shape};
use super::super::{OpError, OpResult, Operator, need};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;
use crate::tensor::Window;

/// Maximum over a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaxPool {
    /// Window attributes.
    pub spatial: Spatial,
    /// Whether the second output, the indices into the whole input, is wanted.
    pub indices: bool,
    /// Whether indices count the first spatial dimension fastest, not the last.
    pub columns: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let columns = attrs.flag("storage_order", false)?;
    Ok(Box::new(MaxPool { spatial: Spatial::read(attrs, true)?, indices: attrs.has_output(1), columns }))
}

/// For each window the place of the greatest number in its plane; the first of equals. A window that lies in the
/// padding altogether has none.
fn winners<T: Copy + PartialOrd>(x: &[T], window: &Window) -> Vec<Option<usize>> {
    let taps = window.gather();
    let mut out = Vec::with_capacity(x.len() / window.input_positions().max(1) * window.positions());
    for plane in x.chunks_exact(window.input_positions()) {
        for position in taps.chunks_exact(window.rows()) {
            let inside = position.iter().filter(|t| **t != Window::PADDING).map(|t| *t as usize);
            out.push(inside.reduce(|best, t| if plane[t] > plane[best] { t } else { best }));
        }
    }
    out
}

impl MaxPool {
    /// The index that the second output gives for a place in a plane.
    fn index(&self, plane: usize, at: usize, spatial: &[usize]) -> usize {
        let size: usize = spatial.iter().product();
        if !self.columns {
            return plane * size + at;
        }
        let (mut rest, mut index, mut coordinates) = (at, 0, Vec::with_capacity(spatial.len()));
        for n in spatial.iter().rev() {
            coordinates.push(rest % n);
            rest /= n;
        }
        // the coordinates stand last dimension first, which is the slowest here
        for (c, n) in coordinates.iter().zip(spatial.iter().rev()) {
            index = index * n + c;
        }
        plane * size + index
    }
}

impl Operator for MaxPool {
    fn name(&self) -> &'static str {
        "MaxPool"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    /// A comparison for each tap.
    fn lane_ops(&self, inputs: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        self.spatial.taps(inputs, outputs)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        let window = self.spatial.pooling(&x.shape)?.window;
        let shape = output_shape(x.shape[0], x.shape[1], &window);
        Ok(vec![Fact::new(x.dtype, shape.clone()), Fact::new(DType::I64, shape)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let window = self.spatial.pooling(x.shape())?.window;
        let shape = output_shape(x.shape()[0], x.shape()[1], &window);
        let size = window.input_positions();
        let from = |i: usize| i / window.positions().max(1) * size;
        let integers = |dtype, list| {
            let made = ArrayD::from_shape_vec(IxDyn(&shape), list);
            made.map(|a| Value::Int(dtype, a)).map_err(|e| OpError::new(e.to_string()))
        };
        let (best, greatest) = match x {
            Value::Real(a) => {
                let (x, best) = (elements(a), winners(elements(a), &window));
                let value = |(i, b): (usize, &Option<usize>)| b.map_or(f32::NEG_INFINITY, |b| x[from(i) + b]);
                let out = best.iter().enumerate().map(value).collect();
                (best, Value::real(&shape, out)?)
            }
            Value::Int(dtype, a) => {
                let x: Vec<i64> = a.iter().copied().collect();
                let best = winners(&x, &window);
                let value = |(i, b): (usize, &Option<usize>)| b.map_or(0, |b| x[from(i) + b]);
                let out = best.iter().enumerate().map(value).collect();
                (best, integers(*dtype, out)?)
            }
        };
        let mut made = vec![greatest];
        if self.indices {
            let place = |(i, b): (usize, &Option<usize>)| {
                self.index(i / window.positions().max(1), b.unwrap_or(0), &window.input) as i64
            };
            made.push(integers(DType::I64, best.iter().enumerate().map(place).collect())?);
        }
        Ok(made)
    }
}
