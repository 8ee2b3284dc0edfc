//! `Conv` in any number of spatial dimensions, through im2col and a matrix product.

use ndarray::{Array2, ArrayView2, s};

use super::super::spatial::{Geometry, Spatial, output_shape, spatial_of};
use super::super::{OpError, OpResult, Operator, Reach, maybe, need, need_real};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};
use crate::tensor::Window;

/// Convolution: input `[batch, channels, spatial…]`, weights `[outputs, channels / groups, kernel…]`,
/// optional bias `[outputs]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conv {
    /// Window attributes.
    pub spatial: Spatial,
    /// Groups of channels that do not mix.
    pub groups: usize,
}

/// Elements of the im2col matrix that are made at once (4 MiB), so that it stays near the cache.
const COLUMN_ELEMENTS: usize = 1 << 20;

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Conv::read(attrs)?))
}

impl Conv {
    /// Reads the attributes.
    pub(in crate::graph::ops) fn read(attrs: &mut Attrs<'_>) -> OpResult<Self> {
        let spatial = Spatial::read(attrs, false)?;
        let groups = usize::try_from(attrs.int("group")?.unwrap_or(1)).ok().filter(|g| *g > 0);
        Ok(Self { spatial, groups: groups.ok_or_else(|| OpError::new("`group` must be at least 1"))? })
    }
    /// Multiply-accumulates: for each output as many as an output channel has weights.
    pub(in crate::graph::ops) fn work(&self, weights: Option<&Fact>, outputs: &[Fact]) -> u64 {
        let each: usize = weights.map_or(0, |w| w.shape.iter().skip(1).product());
        let outputs: usize = outputs.iter().filter_map(Fact::elements).sum();
        each as u64 * outputs as u64
    }
    /// The window of one group.
    ///
    /// # Errors
    /// When input and weights do not fit each other.
    pub fn geometry(&self, input: &[usize], weights: &[usize]) -> OpResult<Geometry> {
        let spatial = spatial_of(input)?;
        if weights.len() != input.len() {
            return Err(OpError::new(format!("weights of shape {weights:?} do not fit the input {input:?}")));
        }
        if self.spatial.kernel.as_deref().is_some_and(|k| *k != weights[2..]) || weights.contains(&0) {
            return Err(OpError::new(format!(
                "`kernel_shape` {:?} does not fit weights of shape {weights:?}",
                self.spatial.kernel
            )));
        }
        if weights[1].checked_mul(self.groups) != Some(input[1]) || !weights[0].is_multiple_of(self.groups) {
            return Err(OpError::new(format!(
                "{} input channels, {} groups and weights of shape {weights:?} do not fit together",
                input[1], self.groups
            )));
        }
        self.spatial.resolve(weights[1], spatial, &weights[2..])
    }
}

impl Operator for Conv {
    fn name(&self) -> &'static str {
        "Conv"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 3)
    }
    fn lane_ops(&self, inputs: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        self.work(maybe(inputs, 1), outputs)
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        let point = maybe(inputs, 1).is_some_and(|w| w.value.is_some() && w.shape.iter().skip(2).all(|k| *k == 1));
        let geometry = maybe(inputs, 0).zip(maybe(inputs, 1)).map(|(x, w)| self.geometry(&x.shape, &w.shape));
        match geometry {
            Some(Ok(g)) if point && g.window.output == g.window.input => Reach::Channels,
            _ => Reach::All,
        }
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (x, w) = (need_real(inputs, 0)?, need_real(inputs, 1)?);
        let geometry = self.geometry(&x.shape, &w.shape)?;
        if let Some(b) = maybe(inputs, 2)
            && b.shape != [w.shape[0]]
        {
            return Err(OpError::new(format!("bias of shape {:?} does not fit {} outputs", b.shape, w.shape[0])));
        }
        Ok(vec![Fact::new(x.dtype, output_shape(x.shape[0], w.shape[0], &geometry.window))])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (x, w) = (need(inputs, 0)?.as_real()?, need(inputs, 1)?.as_real()?);
        let window = self.geometry(x.shape(), w.shape())?.window;
        let bias = maybe(inputs, 2).map(Value::as_real).transpose()?.map(elements);
        let (batch, outputs) = (x.shape()[0], w.shape()[0]);
        let shape = output_shape(batch, outputs, &window);
        let (rows, positions, each) = (window.rows(), window.positions(), outputs / self.groups);
        let weights = ArrayView2::from_shape((outputs, rows), elements(w)).map_err(|e| OpError::new(e.to_string()))?;
        let taps = Window { channels: 1, ..window.clone() }.gather();
        let mut out = vec![0.0f32; shape.iter().product()];
        let step = (COLUMN_ELEMENTS / (positions * rows).max(1)).clamp(1, batch.max(1));
        let sample = window.features() * self.groups;
        for group in 0..self.groups {
            let weights = weights.slice(s![group * each..(group + 1) * each, ..]);
            for first in (0..batch).step_by(step) {
                let count = step.min(batch - first);
                let mut columns = Vec::with_capacity(count * positions * rows);
                for b in first..first + count {
                    let from = b * sample + group * window.features();
                    im2col(&elements(x)[from..from + window.features()], &window, &taps, &mut columns);
                }
                let columns = Array2::from_shape_vec((count * positions, rows), columns)
                    .map_err(|e| OpError::new(e.to_string()))?;
                let product = columns.dot(&weights.t());
                for (i, row) in product.rows().into_iter().enumerate() {
                    let (b, p) = (first + i / positions, i % positions);
                    for (o, v) in row.iter().enumerate() {
                        let o = group * each + o;
                        out[(b * outputs + o) * positions + p] = v + bias.map_or(0.0, |b| b[o]);
                    }
                }
            }
        }
        Ok(vec![Value::real(&shape, out)?])
    }
}

/// Appends the `[positions, rows]` inputs of one sample; padding is zero. `taps` is the gather table
/// of a single channel.
fn im2col(x: &[f32], window: &Window, taps: &[u32], columns: &mut Vec<f32>) {
    let plane = window.input_positions();
    let kernel: usize = window.kernel.iter().product();
    for position in taps.chunks_exact(kernel) {
        for channel in x.chunks_exact(plane) {
            columns.extend(position.iter().map(|t| channel.get(*t as usize).copied().unwrap_or(0.0)));
        }
    }
}
