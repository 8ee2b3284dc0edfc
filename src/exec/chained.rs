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
    #[expect(clippy::too_many_arguments, reason = "what a read of a row group meets and fills")]
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

#[cfg(test)]
mod tests {
    use super::super::support::{Parameters, chip, heartbeat, samples, tile};
    use super::super::{Arrays, Outcome, RunOptions, calibrate, run, tests::options};
    use super::*;
    use crate::circuit::chain::WeightNoise;
    use crate::tensor::SignedInputs;

    fn behind(chain: ChainOptions) -> Parameters {
        let base = Parameters::default();
        Parameters { chain: Some(chain), dac_bits: 8, cell_bits: 7, signed: SignedInputs::SignMagnitude, ..base }
    }

    fn outcome(p: &Parameters, fidelity: Fidelity) -> diag::Result<Outcome> {
        let graph = heartbeat();
        let x = samples(&graph, 6, 2);
        let (chip, tiled) = (chip(p), tile(&graph, p));
        let converters = calibrate(&graph, &tiled, &chip, &[x.view()], 0..6)?;
        let arrays = Arrays::program(&graph, &tiled, &chip, &converters, &options(fidelity))?;
        let how = RunOptions { compared_samples: 6, ..RunOptions::default() };
        run(&graph, &tiled, &arrays, &[x.view()], 0..6, &how, &|_| {})
    }

    fn quiet() -> ChainOptions {
        ChainOptions { out_noise: 0.0, ..ChainOptions::default() }
    }

    /// Power of the deviation over that of the signal, of all layers.
    fn error(outcome: &Outcome) -> f64 {
        outcome.activity.layers.iter().map(|l| l.error_power / l.signal_power).fold(0.0, f64::max)
    }

    /// Without converters the sums are the integers, but for `f32` weights; with them the error is that of steps:
    /// a uniform step of the output in units of the largest, and of the input.
    #[test]
    fn a_perfect_chain_changes_nothing_and_converters_what_they_must() {
        let perfect = outcome(&behind(ChainOptions { is_perfect: true, ..quiet() }), Fidelity::Quantised).unwrap();
        assert!(error(&perfect) < 1e-10, "{}", error(&perfect));
        let plain = outcome(&Parameters { chain: None, ..behind(quiet()) }, Fidelity::Ideal).unwrap();
        assert!(perfect.logits.iter().zip(&plain.logits).all(|(a, b)| (a - b).abs() <= 1e-3 * b.abs().max(1.0)));
        let steps = |out_res: f32| {
            let chain = ChainOptions {
                inp_res: 0.0,
                out_res,
                bound_management: crate::circuit::chain::BoundManagement::None,
                ..quiet()
            };
            error(&outcome(&behind(chain), Fidelity::Quantised).unwrap())
        };
        // the power of rounding goes with the square of the step
        let ratio = steps(1.0 / 255.0) / steps(1.0 / 1020.0);
        assert!((12.0..20.0).contains(&ratio), "{ratio}");
    }

    /// Vectors that leave a narrow range are read again: more reads, conversions and energy, fewer clipped.
    #[test]
    fn reading_again_is_counted() {
        use crate::circuit::chain::BoundManagement;
        let narrow = |bound_management| {
            let chain = ChainOptions { out_bound: 2.0, bound_management, ..quiet() };
            outcome(&behind(chain), Fidelity::Quantised).unwrap()
        };
        let (once, again) = (narrow(BoundManagement::None), narrow(BoundManagement::Iterative));
        let first = |o: &Outcome| *o.activity.layers.iter().next().unwrap();
        let (o, a) = (first(&once), first(&again));
        assert_eq!((o.reads, o.pace()), (o.planned, 1.0));
        assert!(o.clipped > 0 && a.reads > a.planned && a.pace() > 1.0, "{o:?} {a:?}");
        assert_eq!(a.conversions * o.reads, o.conversions * a.reads, "each read converts every column");
        // each round drives with half the voltage: a third more energy at most, and less than a quarter a retry
        let more = a.array_energy.0 / o.array_energy.0;
        assert!(
            more > 1.0 && more < 4.0 / 3.0 && more <= 0.25f64.mul_add(a.pace() - 1.0, 1.0) * 1.1,
            "{more} {}",
            a.pace()
        );
        assert!(error(&again) < error(&once));
    }

    /// Output noise of the settings appears with its own strength and the noise scale, and not in `quantised`.
    #[test]
    fn noise_is_that_of_the_settings() {
        let with = |out_noise: f32, fidelity| {
            let chain = ChainOptions { out_noise, w_noise_type: WeightNoise::None, ..ChainOptions::default() };
            let p = behind(chain);
            let still = Parameters { device: Parameters::still().device, ..p };
            outcome(&still, fidelity).unwrap()
        };
        assert_eq!(with(0.5, Fidelity::Quantised).logits, with(0.0, Fidelity::Quantised).logits);
        assert!(error(&with(0.5, Fidelity::Noisy)) > 4.0 * error(&with(0.06, Fidelity::Noisy)));
    }

    #[test]
    fn slices_and_planes_are_refused_by_name() {
        let refused = |p: &Parameters| outcome(p, Fidelity::Quantised).unwrap_err();
        let planes = refused(&Parameters { dac_bits: 1, ..behind(quiet()) });
        let slices = refused(&Parameters { slices: &[4, 3], ..behind(quiet()) });
        for (found, word) in [(planes, "planes"), (slices, "slices")] {
            assert!(found.iter().all(|d| d.code == "R157" && d.message.contains(word)), "{found}");
        }
    }
}
