//! `ConvTranspose`: every input element spreads its kernel over the output.

use ndarray::ArrayView2;

use super::super::spatial::{AutoPad, Spatial, bounded, spatial_of};
use super::super::{OpError, OpResult, Operator, maybe, need, need_real};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};
use crate::tensor::Window;

/// Transposed convolution: input `[batch, channels, spatial…]`, weights `[channels, outputs / groups, kernel…]`,
/// optional bias `[outputs]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvTranspose {
    /// Window attributes; padding is taken away from the output.
    pub spatial: Spatial,
    /// Groups of channels that do not mix.
    pub groups: usize,
    /// Rows added behind each dimension of the output.
    pub output_padding: Option<Vec<usize>>,
    /// Spatial shape of the output, if the node states it; padding follows from it.
    pub output_shape: Option<Vec<usize>>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let groups = usize::try_from(attrs.int("group")?.unwrap_or(1)).ok().filter(|g| *g > 0);
    Ok(Box::new(ConvTranspose {
        spatial: Spatial::read(attrs, false)?,
        groups: groups.ok_or_else(|| OpError::new("`group` must be at least 1"))?,
        output_padding: attrs.sizes("output_padding", 0)?,
        output_shape: attrs.sizes("output_shape", 1)?,
    }))
}

impl ConvTranspose {
    /// The convolution that this one is the transpose of: its window slides over the output of this layer.
    ///
    /// # Errors
    /// When input and weights do not fit each other.
    pub fn window(&self, input: &[usize], weights: &[usize]) -> OpResult<Window> {
        let spatial = spatial_of(input)?;
        let rank = spatial.len();
        if weights.len() != input.len() || weights[0] != input[1] || weights.contains(&0) {
            return Err(OpError::new(format!("weights of shape {weights:?} do not fit the input {input:?}")));
        }
        if !input[1].is_multiple_of(self.groups) {
            return Err(OpError::new(format!("{} channels do not make {} groups", input[1], self.groups)));
        }
        let kernel = &weights[2..];
        if self.spatial.kernel.as_deref().is_some_and(|k| k != kernel) || spatial.contains(&0) {
            return Err(OpError::new(format!("`kernel_shape` {:?} does not fit {weights:?}", self.spatial.kernel)));
        }
        let (stride, dilation, pads) = self.spatial.lists(rank)?;
        let extra = self.output_padding.clone().unwrap_or_else(|| vec![0; rank]);
        if extra.len() != rank || self.output_shape.as_ref().is_some_and(|s| s.len() != rank) {
            return Err(OpError::new(format!("`output_padding` and `output_shape` must be {rank} numbers")));
        }
        let (mut pad, mut output) = (pads[..rank].to_vec(), Vec::with_capacity(rank));
        for d in 0..rank {
            let span = (spatial[d] - 1)
                .checked_mul(stride[d])
                .zip((kernel[d] - 1).checked_mul(dilation[d]))
                .and_then(|(a, b)| a.checked_add(b)?.checked_add(1)?.checked_add(extra[d]))
                .ok_or_else(|| OpError::new("the output is too large"))?;
            let stated = self.output_shape.as_ref().map(|s| s[d]);
            let wanted = match self.spatial.auto {
                AutoPad::SameUpper | AutoPad::SameLower => stated.or(Some(spatial[d] * stride[d])),
                AutoPad::Explicit | AutoPad::Valid => stated,
            };
            let size = if let Some(wanted) = wanted {
                let total = span.saturating_sub(wanted);
                pad[d] = if self.spatial.auto == AutoPad::SameUpper { total / 2 } else { total - total / 2 };
                Some(wanted)
            } else if self.spatial.auto == AutoPad::Valid {
                pad[d] = 0;
                Some(span)
            } else {
                span.checked_sub(pad[d] + pads[rank + d]).filter(|n| *n > 0)
            };
            output.push(size.ok_or_else(|| OpError::new("padding takes all of the output away"))?);
        }
        let window = Window {
            channels: 1,
            input: output,
            output: spatial.to_vec(),
            kernel: kernel.to_vec(),
            stride,
            dilation,
            pad,
        };
        bounded(&window).then_some(window).ok_or_else(|| OpError::new("the window reads too many elements"))
    }

    fn shape(&self, input: &[usize], weights: &[usize], window: &Window) -> Vec<usize> {
        [input[0], weights[1] * self.groups].into_iter().chain(window.input.iter().copied()).collect()
    }
}

impl Operator for ConvTranspose {
    fn name(&self) -> &'static str {
        "ConvTranspose"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 3)
    }
    /// Every input element meets all weights of its channel.
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        let elements = maybe(inputs, 0).and_then(Fact::elements).unwrap_or(0);
        let weights: usize = maybe(inputs, 1).map_or(0, |w| w.shape.iter().skip(1).product());
        elements as u64 * weights as u64
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (x, w) = (need_real(inputs, 0)?, need_real(inputs, 1)?);
        let shape = self.shape(&x.shape, &w.shape, &self.window(&x.shape, &w.shape)?);
        if maybe(inputs, 2).is_some_and(|b| b.shape != [shape[1]]) {
            return Err(OpError::new(format!("the bias does not fit {} outputs", shape[1])));
        }
        Ok(vec![Fact::new(x.dtype, shape)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (x, w) = (need(inputs, 0)?.as_real()?, need(inputs, 1)?.as_real()?);
        let bias = maybe(inputs, 2).map(Value::as_real).transpose()?.map(elements);
        let window = self.window(x.shape(), w.shape())?;
        let shape = self.shape(x.shape(), w.shape(), &window);
        let (each, outputs) = (x.shape()[1] / self.groups, w.shape()[1]);
        let (positions, taps, plane) = (window.positions(), window.rows(), window.input_positions());
        let table = window.gather();
        let bad = |e: ndarray::ShapeError| OpError::new(e.to_string());
        let mut out = vec![0.0f32; shape.iter().product()];
        // [batch, group] one by one: products `[positions, outputs · taps]`, then each to its place
        for (i, out) in out.chunks_exact_mut(outputs * plane).enumerate() {
            let (from, own) = (i * each * positions, (i % self.groups) * each * outputs * taps);
            let x = ArrayView2::from_shape((each, positions), &elements(x)[from..from + each * positions]);
            let w = ArrayView2::from_shape((each, outputs * taps), &elements(w)[own..own + each * outputs * taps]);
            let product = x.map_err(bad)?.t().dot(&w.map_err(bad)?);
            for (row, places) in product.rows().into_iter().zip(table.chunks_exact(taps)) {
                for (k, v) in row.iter().enumerate() {
                    let (output, place) = (k / taps, places[k % taps]);
                    if place != Window::PADDING {
                        out[output * plane + place as usize] += v;
                    }
                }
            }
        }
        if let Some(bias) = bias {
            for (i, part) in out.chunks_exact_mut(plane).enumerate() {
                let b = bias[i % bias.len()];
                part.iter_mut().for_each(|v| *v += b);
            }
        }
        Ok(vec![Value::real(&shape, out)?])
    }
}
