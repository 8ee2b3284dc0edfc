//! `Conv` in any number of spatial dimensions: weights times the patches of the input.

use rayon::prelude::*;

use super::super::spatial::{Geometry, Spatial, output_shape, spatial_of};
use super::super::{OpError, OpResult, Operator, Reach, maybe, need, need_real};
use crate::graph::product::{Depthwise, Matrix, Patches, Size, Taps, product};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};
use crate::simd::Isa;

/// Convolution: input `[batch, channels, spatial…]`, weights `[outputs, channels / groups, kernel…]`,
/// optional bias `[outputs]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conv {
    /// Window attributes.
    pub spatial: Spatial,
    /// Groups of channels that do not mix.
    pub groups: usize,
}

/// Most outputs of one channel that are computed one by one; more of them share their inputs in a matrix product.
const FEW: usize = 4;

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
        let start = bias.map_or_else(|| vec![0.0; outputs], <[f32]>::to_vec);
        let taps = Taps::new(&window);
        let each = outputs / self.groups;
        let (isa, few) = (Isa::best(), window.channels == 1 && each <= FEW);
        let lone = few.then(|| Depthwise::new(&window, &taps));
        let size = Size { rows: each, depth: window.rows(), columns: window.positions() };
        let mut out = vec![0.0f32; shape.iter().product()];
        let group = |(i, out): (usize, &mut [f32])| {
            let rows = i % self.groups * each..(i % self.groups + 1) * each;
            let input = &elements(x)[i * window.features()..][..window.features()];
            let weights = &elements(w)[rows.start * size.depth..rows.end * size.depth];
            if let Some(lone) = &lone {
                let rows = weights.chunks_exact(size.depth).zip(&start[rows]);
                for ((weights, start), out) in rows.zip(out.chunks_exact_mut(size.columns)) {
                    lone.convolve(isa, input, weights, *start, out);
                }
            } else {
                let columns = Patches { taps: &taps, input, plane: window.input_positions() };
                product(size, Matrix::new(weights, size.depth, false), &columns, &start[rows], out);
            }
        };
        let parts = (each * size.columns).max(1);
        if self.groups == 1 {
            // one product spreads over threads by itself
            out.chunks_exact_mut(parts).enumerate().for_each(group);
        } else {
            out.par_chunks_exact_mut(parts).enumerate().for_each(group);
        }
        Ok(vec![Value::real(&shape, out)?])
    }
}
