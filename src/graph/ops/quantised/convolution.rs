//! `ConvInteger` and `QLinearConv`: convolutions of integers, summed in 32 bits. Padding stands for the real 0.

use ndarray::{ArrayD, IxDyn};

use super::super::linear::Conv;
use super::super::spatial::output_shape;
use super::super::{OpError, OpResult, Operator, maybe, need};
use super::spread::{Place, centred, saturate, scales, zeros};
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;
use crate::tensor::Window;

/// Convolution of integers; inputs x, weights, zero point of x, zero point of the weights (one or one for each
/// output channel).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvInteger {
    /// Window and groups.
    pub conv: Conv,
}

/// Convolution of quantised tensors, quantised again; inputs x with scale and zero point, weights with scale and
/// zero point (one or one for each output channel), scale and zero point of the result, bias in steps of
/// scale of x · scale of the weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QLinearConv {
    /// Window and groups.
    pub conv: Conv,
}

pub(super) fn integer(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(ConvInteger { conv: Conv::read(attrs)? }))
}
pub(super) fn linear(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(QLinearConv { conv: Conv::read(attrs)? }))
}

/// Entries for each output channel.
const OUTPUTS: Place = Place::along(0);

fn fact_shape(conv: &Conv, inputs: &[Option<&Fact>], weights: usize) -> OpResult<Vec<usize>> {
    let (x, w) = (need(inputs, 0)?, need(inputs, weights)?);
    if x.dtype.is_float() || w.dtype.is_float() {
        return Err(OpError::new(format!("wants integers, not {} and {}", x.dtype, w.dtype)));
    }
    Ok(output_shape(x.shape[0], w.shape[0], &conv.geometry(&x.shape, &w.shape)?.window))
}

/// Shape and sums, in row-major order.
fn sums(
    conv: &Conv,
    x: &Value,
    x_zero: Option<&Value>,
    w: &Value,
    w_zero: Option<&Value>,
) -> OpResult<(Vec<usize>, Vec<i32>)> {
    let window = conv.geometry(x.shape(), w.shape())?.window;
    let (batch, outputs) = (x.shape()[0], w.shape()[0]);
    let shape = output_shape(batch, outputs, &window);
    let (x, w) = (centred(x, x_zero, Place::along(1))?, centred(w, w_zero, OUTPUTS)?);
    let (rows, features, each) = (window.rows(), window.features(), outputs / conv.groups);
    let taps = window.gather();
    let mut out = vec![0i32; shape.iter().product()];
    let positions = window.positions();
    let mut column = vec![0i32; rows];
    for (i, features) in x.chunks_exact(features).enumerate() {
        let (b, group) = (i / conv.groups, i % conv.groups);
        for (p, taps) in taps.chunks_exact(rows).enumerate() {
            for (to, tap) in column.iter_mut().zip(taps) {
                *to = if *tap == Window::PADDING { 0 } else { features[*tap as usize] };
            }
            for o in group * each..(group + 1) * each {
                let products = column.iter().zip(&w[o * rows..(o + 1) * rows]).map(|(a, b)| a.wrapping_mul(*b));
                out[(b * outputs + o) * positions + p] = products.fold(0, i32::wrapping_add);
            }
        }
    }
    Ok((shape, out))
}

impl Operator for ConvInteger {
    fn name(&self) -> &'static str {
        "ConvInteger"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 4)
    }
    fn lane_ops(&self, inputs: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        self.conv.work(maybe(inputs, 1), outputs)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        Ok(vec![Fact::new(DType::I32, fact_shape(&self.conv, inputs, 1)?)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (shape, sums) = sums(&self.conv, need(inputs, 0)?, maybe(inputs, 2), need(inputs, 1)?, maybe(inputs, 3))?;
        let sums = ArrayD::from_shape_vec(IxDyn(&shape), sums.into_iter().map(i64::from).collect());
        Ok(vec![Value::Int(DType::I32, sums.map_err(|e| OpError::new(e.to_string()))?)])
    }
}

impl Operator for QLinearConv {
    fn name(&self) -> &'static str {
        "QLinearConv"
    }
    fn arity(&self) -> (usize, usize) {
        (8, 9)
    }
    fn lane_ops(&self, inputs: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        let requantised: usize = outputs.iter().filter_map(Fact::elements).sum();
        self.conv.work(maybe(inputs, 3), outputs) + requantised as u64
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        Ok(vec![Fact::new(need(inputs, 7)?.dtype, fact_shape(&self.conv, inputs, 3)?)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let value = |at| need(inputs, at);
        let (shape, sums) = sums(&self.conv, value(0)?, Some(value(2)?), value(3)?, Some(value(5)?))?;
        let (of_x, of_w, of_y) = (scales(value(1)?)?, scales(value(4)?)?, scales(value(6)?)?);
        let Value::Int(dtype, _) = value(7)? else { return Err(OpError::new("a zero point must be an integer")) };
        let zero = zeros(Some(value(7)?))?[0];
        let bias = maybe(inputs, 8).map(|b| zeros(Some(b))).transpose()?;
        let (plane, outputs) = (shape[2..].iter().product::<usize>().max(1), shape[1]);
        let steps = sums.iter().enumerate().map(|(i, sum)| {
            let o = i / plane % outputs;
            let sum = i64::from(*sum) + bias.as_ref().and_then(|b| b.get(o)).copied().unwrap_or(0);
            (sum as f32 * (of_x[0] * of_w.get(o).copied().unwrap_or(of_w[0]) / of_y[0]), zero)
        });
        Ok(vec![saturate(steps, *dtype, &shape)?])
    }
}
