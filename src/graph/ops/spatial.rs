//! Sliding windows as ONNX writes them: `kernel_shape`, `strides`, `dilations`, `pads`, `auto_pad`,
//! `ceil_mode`; resolved to a [`Window`] for a given input.

use super::{OpError, OpResult, maybe};
use crate::graph::{Attrs, Fact};
use crate::tensor::Window;

/// Most taps of one window over all positions and channels: 2^28, a gather table of one gibibyte.
/// The largest layer of VGG-16 at 224 by 224 has a ninth of it; a hostile file can ask for more.
const WINDOW_TAPS: usize = 1 << 28;

/// How padding is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoPad {
    /// `pads` says.
    Explicit,
    /// None.
    Valid,
    /// Output = ceil(input / stride), the odd element behind.
    SameUpper,
    /// Output = ceil(input / stride), the odd element in front.
    SameLower,
}

/// Attributes of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spatial {
    /// Kernel extents, if the node states them.
    pub kernel: Option<Vec<usize>>,
    stride: Option<Vec<usize>>,
    dilation: Option<Vec<usize>>,
    /// In front of all dimensions, then behind all.
    pads: Option<Vec<usize>>,
    pub(super) auto: AutoPad,
    ceil: bool,
}

/// A window over one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Geometry {
    /// Taps of every output position.
    pub window: Window,
    /// Padding behind each dimension that the node asks for. With `ceil_mode` the last position may
    /// reach beyond even that.
    pub pad_end: Vec<usize>,
}

impl Spatial {
    /// Reads the attributes.
    pub(super) fn read(attrs: &mut Attrs<'_>, has_ceil: bool) -> OpResult<Self> {
        let auto = match attrs.text("auto_pad")? {
            None | Some("NOTSET" | "") => AutoPad::Explicit,
            Some("VALID") => AutoPad::Valid,
            Some("SAME_UPPER") => AutoPad::SameUpper,
            Some("SAME_LOWER") => AutoPad::SameLower,
            Some(other) => {
                return Err(OpError::new(format!(
                    "`auto_pad` is `{other}`, not NOTSET, VALID, SAME_UPPER or SAME_LOWER"
                )));
            }
        };
        Ok(Self {
            kernel: attrs.sizes("kernel_shape", 1)?,
            stride: attrs.sizes("strides", 1)?,
            dilation: attrs.sizes("dilations", 1)?,
            pads: attrs.sizes("pads", 0)?,
            auto,
            ceil: has_ceil && attrs.flag("ceil_mode", false)?,
        })
    }

    /// Strides, dilations and pads of so many dimensions.
    pub(super) fn lists(&self, rank: usize) -> OpResult<(Vec<usize>, Vec<usize>, Vec<usize>)> {
        let list = |given: &Option<Vec<usize>>, default: usize, n: usize, what: &str| {
            let list = given.clone().unwrap_or_else(|| vec![default; n]);
            if list.len() == n {
                return Ok(list);
            }
            Err(OpError::new(format!(
                "`{what}` has {} numbers, but {n} are due for {rank} spatial dimension(s)",
                list.len()
            )))
        };
        let (stride, dilation) = (list(&self.stride, 1, rank, "strides")?, list(&self.dilation, 1, rank, "dilations")?);
        Ok((stride, dilation, list(&self.pads, 0, 2 * rank, "pads")?))
    }

    /// The window over `channels` maps of spatial shape `input`.
    pub(super) fn resolve(&self, channels: usize, input: &[usize], kernel: &[usize]) -> OpResult<Geometry> {
        let rank = input.len();
        if kernel.len() != rank {
            return Err(OpError::new(format!("the kernel {kernel:?} does not fit {rank} spatial dimension(s)")));
        }
        let (stride, dilation, pads) = self.lists(rank)?;
        let (mut pad, mut pad_end) = (pads[..rank].to_vec(), pads[rank..].to_vec());
        let mut output = Vec::with_capacity(rank);
        let mut plane = 1usize;
        for d in 0..rank {
            let reach = (kernel[d] - 1)
                .checked_mul(dilation[d])
                .and_then(|r| r.checked_add(1))
                .ok_or_else(|| OpError::new("the kernel is too large"))?;
            match self.auto {
                AutoPad::Explicit => {}
                AutoPad::Valid => (pad[d], pad_end[d]) = (0, 0),
                AutoPad::SameUpper | AutoPad::SameLower => {
                    let positions = input[d].div_ceil(stride[d]);
                    let span = positions.saturating_sub(1) * stride[d] + reach;
                    let total = span.saturating_sub(input[d]);
                    let small = total / 2;
                    (pad[d], pad_end[d]) =
                        if self.auto == AutoPad::SameUpper { (small, total - small) } else { (total - small, small) };
                }
            }
            let padded = input[d] + pad[d] + pad_end[d];
            plane = plane.saturating_mul(padded);
            let Some(room) = padded.checked_sub(reach).filter(|_| input[d] > 0) else {
                return Err(OpError::new(format!(
                    "the kernel reaches over {reach} elements, but dimension {d} has {padded} with padding"
                )));
            };
            let mut positions = room / stride[d] + 1;
            // A position rounded up must still start inside the input or the padding in front.
            if self.ceil
                && self.auto == AutoPad::Explicit
                && !room.is_multiple_of(stride[d])
                && positions * stride[d] < input[d] + pad[d]
            {
                positions += 1;
            }
            output.push(positions);
        }
        let window = Window { channels, input: input.to_vec(), output, kernel: kernel.to_vec(), stride, dilation, pad };
        if plane >= Window::PADDING as usize || !bounded(&window) {
            return Err(OpError::new("the window reads too many elements"));
        }
        Ok(Geometry { window, pad_end })
    }

    /// Taps of a pooling layer over all windows, padding included.
    pub(super) fn taps(&self, inputs: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        let window = maybe(inputs, 0).and_then(|x| self.pooling(&x.shape).ok());
        let elements = outputs.first().and_then(Fact::elements).unwrap_or(0);
        window.map_or(0, |g| (g.window.rows() * elements) as u64)
    }

    /// The window of a pooling layer over `[batch, channels, spatial…]`, for one channel.
    ///
    /// # Errors
    /// When the shape does not fit.
    pub fn pooling(&self, shape: &[usize]) -> OpResult<Geometry> {
        let kernel = self.kernel.as_ref().ok_or_else(|| OpError::new("has no attribute `kernel_shape`"))?;
        self.resolve(1, spatial_of(shape)?, kernel)
    }
}

/// Whether the gather table of a window is of a size that memory holds, and its indices of 32 bits.
pub(super) fn bounded(window: &Window) -> bool {
    let product = |list: &[usize], start: usize| list.iter().try_fold(start, |n, k| n.checked_mul(*k));
    let taps = product(&window.output, window.channels).and_then(|n| product(&window.kernel, n));
    let plane = product(&window.input, 1);
    plane.is_some_and(|n| n < Window::PADDING as usize) && taps.is_some_and(|n| n <= WINDOW_TAPS)
}

/// The spatial part of `[batch, channels, spatial…]`.
pub(super) fn spatial_of(shape: &[usize]) -> OpResult<&[usize]> {
    if shape.len() < 3 {
        return Err(OpError::new(format!("wants batch, channels and spatial dimensions, not the shape {shape:?}")));
    }
    Ok(&shape[2..])
}

/// Output shape of a window layer.
pub(super) fn output_shape(batch: usize, channels: usize, window: &Window) -> Vec<usize> {
    [batch, channels].into_iter().chain(window.output.iter().copied()).collect()
}
