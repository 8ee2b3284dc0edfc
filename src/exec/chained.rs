//! Layers behind an analog chain with aihwkit's settings ([`crate::circuit::chain`]), as `cores.NAME.chain` asks.
//!
//! Each row group is a tile of the chain: its weights are pairs of cells as programmed, aged and seen through wires,
//! in units of the highest level; its inputs digits in units of the largest. Outputs are added in whole products of
//! a level and a digit, which is finer than any converter. Noise is that of the settings times the noise scale and
//! not that of the cells' card at a read; `quantised` has none, `ideal` no chain.
//!
//! A vector whose outputs leave the range is read again with half the inputs: reads, conversions and time of every
//! round count. Noise management drives the largest element with the full voltage (or pulse), each further round
//! with half of it, and the energy of the array follows.

use super::hardware::LayerHardware;
use super::mvm::{LayerCounts, LayerPlan, Scratch};
use super::program::BlockMoments;
use super::{Fidelity, ValueOptions};
use crate::arch::Drive;
use crate::circuit::chain::{Chain, ChainOptions, ChainState, NoiseManagement};
use crate::diag::{self, Diagnostic};
use crate::lower::{Block, TiledLayer};
use crate::rng::read_tick;
use crate::simd::Isa;
use crate::tensor::{Encoding, Subtraction};
use std::ops::Range;

/// A row group behind its chain.
#[derive(Debug, Clone)]
pub(super) struct Chained {
    chain: Chain,
    options: ChainOptions,
    /// Products of a level and a digit in one unit of the outputs.
    units: f32,
    digit_max: f32,
    /// Whether energy grows with the square of an input, or with the input.
    squared: bool,
}

/// Settings of a layer's chain at a fidelity; `None` where it has none.
pub(super) fn settings(hardware: &LayerHardware<'_>, options: &ValueOptions) -> Option<ChainOptions> {
    let chain = hardware.core.chain.filter(|_| options.fidelity > Fidelity::Ideal)?;
    let scale = if options.fidelity >= Fidelity::Noisy { options.noise_scale as f32 } else { 0.0 };
    Some(ChainOptions {
        inp_noise: chain.inp_noise * scale,
        w_noise: chain.w_noise * scale,
        w_read_asymmetry_dtod: chain.w_read_asymmetry_dtod * scale,
        v_offset_std: chain.v_offset_std * scale,
        out_nonlinearity_std: chain.out_nonlinearity_std * scale,
        out_noise: chain.out_noise * scale,
        out_noise_std: chain.out_noise_std * scale,
        ..chain
    })
}

/// Whether a layer can stand behind the chain of its core.
///
/// # Errors
/// R157 if its weights or inputs are not each one number.
pub(super) fn check(layer: &TiledLayer, hardware: &LayerHardware<'_>) -> diag::Result<()> {
    if hardware.core.chain.is_none() {
        return Ok(());
    }
    let what = if hardware.xbar.encoding != Encoding::Pair(Subtraction::Analog) {
        Some("weights that are no differential pairs with analog subtraction")
    } else if layer.slices.len() > 1 {
        Some("weights of several slices")
    } else if layer.planes.len() > 1 {
        Some("inputs of several planes")
    } else {
        None
    };
    match what {
        None => Ok(()),
        Some(what) => Err(Diagnostic::error(
            "R157",
            format!("layer {}: {what} cannot stand behind the analog chain of core {}", layer.origin, hardware.core.name),
        )
        .help("one cell pair for a weight (`bits_per_cell` at least the weight bits less one) and one plane for an input (DAC bits as many as activations have, `signed: sign_magnitude`); or leave `chain` away")
        .into()),
    }
}

impl Chained {
    /// The chain of a row group on one crossbar; `element` is the address of its first cell.
    pub(super) fn new(
        options: ChainOptions,
        hardware: &LayerHardware<'_>,
        (block, rows): (&Block, &Range<usize>),
        moments: &BlockMoments,
        (seed, element): (u64, u64),
    ) -> Self {
        let (width, top) = (block.cols.len(), f64::from((1u32 << hardware.xbar.bits_per_cell) - 1));
        let first = rows.start - block.rows.start;
        let weights: Vec<f32> = (0..width)
            .flat_map(|col| (first..first + rows.len()).map(move |row| row * width + col))
            .map(|at| (moments.mean[at] / top) as f32)
            .collect();
        let digit_max = hardware.digit_max as f32;
        Self {
            chain: Chain::new(Isa::best(), &options, &weights, [width, rows.len()], seed, element),
            options,
            units: top as f32 * digit_max,
            digit_max,
            squared: hardware.core.drive != Drive::PulseWidth,
        }
    }

    /// What the energy of the first round of a vector is multiplied with, and that of all its rounds.
    fn strengthened(&self, x: &[f32], rounds: u64) -> f64 {
        let largest = x.iter().fold(0.0f32, |m, x| m.max(x.abs()));
        let scale = match self.options.noise_management {
            NoiseManagement::AbsMax if largest > 0.0 => largest,
            NoiseManagement::Constant if self.options.nm_thres > 0.0 => self.options.nm_thres,
            _ => 1.0,
        };
        let of = |share: f64| if self.squared { share * share } else { share };
        (0..rounds).map(|k| of(libm::exp2(-(k as f64)) / f64::from(scale))).sum()
    }
}

impl LayerPlan<'_> {
    /// Reads some positions, `replicas` apart, of one sample through the chain of a row group.
    pub(super) fn read_chain(
        &self,
        chained: &Chained,
        (index, drive): (usize, usize),
        sample: usize,
        positions: Range<usize>,
        scratch: &mut Scratch,
        counts: &mut LayerCounts,
        out: &mut [i64],
    ) {
        let group = &self.arrays.groups[index];
        let (mut x, mut y) = (vec![0.0; group.rows.len()], vec![0.0; group.cols.len()]);
        let mut state = ChainState::default();
        for position in positions.step_by(self.arrays.replicas) {
            self.digits_of(position, group.rows.clone(), scratch, &mut x);
            x.iter_mut().for_each(|x| *x /= chained.digit_max);
            let done = chained.chain.read(&x, &[read_tick(sample, position, 0)], &mut state, &mut y);
            let passes = chained.options.passes()[0].max(1);
            counts.clipped += done.clipped;
            self.count_columns(group, done.reads, counts);
            let strengthened = chained.strengthened(&x, done.reads / passes);
            let sums = counts.drive[drive].iter_mut().zip(&scratch.features);
            sums.for_each(|(sum, f)| {
                *sum += (f64::from(scratch.squares[*f as usize]) * strengthened).round() as u64;
            });
            let out = &mut out[position * self.op.outputs..(position + 1) * self.op.outputs];
            for (out, y) in out[group.cols.clone()].iter_mut().zip(&y) {
                let sum = (y * chained.units).round();
                counts.code_sum += sum.abs() as u64;
                *out += sum as i64;
            }
        }
    }
}
