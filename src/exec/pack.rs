//! From column moments to the packed integer panels of the column read.
//!
//! The conversions of a layer stand in one line, `[slice][polarity][output]` (no polarity with analog
//! subtraction or biased weights; unit columns behind, each at the first output of its block). Number `q` of
//! this line is the address of a column's read noise and decides which lane of which group of 64 a column
//! occupies. It depends on the layer alone: cutting a layer into other column ranges does not redraw its
//! noise. Other row ranges do.

use std::ops::Range;
use std::sync::Arc;

use super::converter::LayerConverter;
use super::hardware::LayerHardware;
use super::program::BlockMoments;
use super::{Fidelity, ValueOptions};
use crate::arch::Drive;
use crate::circuit::converter::{Instance, Lookup};
use crate::circuit::{ColumnGroup, Columns, Line, Tables, quads};
use crate::diag::{self, Diagnostic};
use crate::lower::{Block, TiledLayer};
use crate::rng::GROUP;
use crate::simd::LANES;

/// Column sums stay below this, so that `f32` holds every partial sum exactly.
const EXACT: f64 = 16_777_216.0;
/// Bits of a conductance on the grid.
const BITS: i32 = 14;
/// Accumulators of one row group are `i32`.
const ACCUMULATOR: f64 = 2_147_483_647.0;

/// Integer grid of a layer's conductances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// The mean is a multiple of `2^-mean_exponent` cell levels.
    pub mean_exponent: i32,
    /// The variance is a multiple of `2^-variance_exponent` squared cell levels.
    pub variance_exponent: i32,
    /// Rms read noise of a cell in grid units of the mean; 0 below `noisy`. Rounding has 0.29.
    pub noise: f64,
}

/// Neighbouring outputs that stand in neighbouring lanes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    /// First lane within an accumulator slot.
    pub(super) lane: usize,
    /// First output.
    pub(super) output: usize,
    /// Length.
    pub(super) len: usize,
    /// Slice.
    pub(super) slice: usize,
    /// Shift of the codes.
    pub(super) shift: u8,
    /// Whether codes are subtracted.
    pub(super) negative: bool,
    /// Whether it is the unit column, which belongs to no output.
    pub(super) unit: bool,
}

/// Chooses the grid of a layer, or says why there is none.
pub(super) fn grid<'a>(
    layer: &TiledLayer,
    hardware: &LayerHardware<'_>,
    noisy: bool,
    blocks: impl Iterator<Item = (&'a Block, &'a BlockMoments)>,
    converter: &LayerConverter,
) -> diag::Result<Grid> {
    let (mut entry, mut sum, mut variance_sum, mut rows) = (0.0f64, 0.0f64, 0.0f64, 0);
    let (mut total, mut cells) = (0.0, 0usize);
    let mut finite = true;
    for (block, moments) in blocks {
        let (height, width) = (block.rows.len(), block.cols.len());
        for (mean, variance) in moments.panels() {
            finite &= mean.iter().all(|g| g.is_finite());
            finite &= variance.iter().all(|v| v.is_finite() && *v >= 0.0);
        }
        total += moments.variance.iter().sum::<f64>();
        cells += moments.variance.len();
        let (mean, variance) = moments.envelope();
        let kinds = mean.chunks(height * width).zip(variance.chunks(height * width));
        for (mean, variance) in kinds {
            // a unit column stands alone behind the others
            let width = mean.len() / height;
            for group in block.groups() {
                rows = rows.max(group.len());
                let range = (group.start - block.rows.start) * width..(group.end - block.rows.start) * width;
                let mut sums = vec![[0.0; 2]; width];
                for (g, v) in mean[range.clone()].chunks(width).zip(variance[range].chunks(width)) {
                    for (s, (g, v)) in sums.iter_mut().zip(g.iter().zip(v)) {
                        s[0] += g.abs();
                        s[1] += v;
                        entry = entry.max(g.abs());
                    }
                }
                for s in sums {
                    sum = sum.max(s[0]);
                    variance_sum = variance_sum.max(s[1]);
                }
            }
        }
    }
    if !finite {
        let text = format!(
            "layer {}: device {} yields conductances that are no numbers",
            layer.origin,
            hardware.xbar.device.kind()
        );
        return Err(Diagnostic::error("R104", text).help("check the parameters of the device card").into());
    }
    // a panel of its own for each amplitude leaves digits of 0 and 1
    let (digit, square) = match hardware.panels() {
        1 => (f64::from(hardware.digit_max), f64::from(hardware.strength(hardware.digit_max as i32))),
        _ => (1.0, 1.0),
    };
    let rounding = 0.5 * rows as f64;
    let fits = |k: i32| {
        let unit = 2f64.powi(k);
        (entry * unit).round() < 2f64.powi(BITS) && digit * (sum * unit + rounding) < EXACT
    };
    let exponent = if noisy { (0..=BITS).rev().find(|k| fits(*k)) } else { Some(0).filter(|_| digit * sum < EXACT) };
    let code = f64::from(converter.clip.high).min(digit * sum);
    let code = if noisy { f64::from(converter.clip.high) } else { code };
    let planes: f64 = layer.planes.iter().map(|p| p.weight().abs() as f64).sum();
    let (Some(mean_exponent), true) = (exponent, code * planes < ACCUMULATOR) else {
        let text = format!(
            "layer {}: column sums of {rows} rows with {}-bit cells and digits up to {digit} are too large to be exact",
            layer.origin, hardware.xbar.bits_per_cell
        );
        return Err(Diagnostic::error("R101", text)
            .help("drive fewer rows at once (dacs_per_crossbar), or use fewer DAC bits or bits in a cell")
            .into());
    };
    let variance_exponent = if variance_sum > 0.0 {
        let room = (EXACT - square * (rounding + 1.0)) / (square * variance_sum);
        if room.is_nan() || room <= 0.0 {
            let text = format!("layer {}: {rows} rows with digits up to {digit} leave no exact variance", layer.origin);
            return Err(Diagnostic::error("R101", text).help("drive fewer rows at once, or use fewer DAC bits").into());
        }
        room.log2().floor().clamp(-60.0, 60.0) as i32
    } else {
        0
    };
    let noise = if cells == 0 { 0.0 } else { (total / cells as f64).sqrt() * 2f64.powi(mean_exponent) };
    Ok(Grid { mean_exponent, variance_exponent, noise })
}

/// What packing a layer needs to know.
pub(super) struct Packing<'a> {
    pub(super) layer: &'a TiledLayer,
    pub(super) hardware: &'a LayerHardware<'a>,
    pub(super) converter: &'a LayerConverter,
    pub(super) grid: Grid,
    /// Columns of one slice and output: 1 with analog subtraction, 2 with digital.
    pub(super) kinds: usize,
    pub(super) noisy: bool,
    /// Converter noise in steps, scaled.
    pub(super) noise_lsb: f64,
}

impl Packing<'_> {
    /// Numbers of the conversions of a block: column kind and its range. The kind behind all others is the
    /// unit column.
    fn ranges(&self, block: &Block) -> impl Iterator<Item = (usize, Range<usize>)> {
        let (cols, first, len) = (self.layer.cols, block.cols.start, block.cols.len());
        let kinds = self.layer.slices.len() * self.kinds;
        let range = move |kind: usize, len| kind * cols + first..kind * cols + first + len;
        let units = kinds..kinds + self.hardware.xbar.encoding.unit_columns();
        (0..kinds).map(move |kind| (kind, range(kind, len))).chain(units.map(move |kind| (kind, range(kind, 1))))
    }

    /// Group numbers that a block touches, ascending.
    fn numbers(&self, block: &Block) -> Vec<usize> {
        let mut numbers: Vec<usize> =
            (self.ranges(block)).flat_map(|(_, q)| q.start / GROUP..=(q.end - 1) / GROUP).collect();
        numbers.dedup();
        numbers
    }

    /// Where the outputs of a block stand in an accumulator slot.
    pub(super) fn runs(&self, block: &Block) -> Vec<Run> {
        let numbers = self.numbers(block);
        let mut runs = Vec::new();
        let kinds = self.layer.slices.len() * self.kinds;
        for (kind, Range { start, end }) in self.ranges(block) {
            let mut q = start;
            while q < end {
                let stop = end.min((q / GROUP + 1) * GROUP);
                let index = numbers.binary_search(&(q / GROUP)).expect("every group of the block is listed");
                // a unit column is converted as the highest slice
                let slice = (kind / self.kinds).min(self.layer.slices.len() - 1);
                runs.push(Run {
                    lane: index * GROUP + q % GROUP,
                    output: block.cols.start + q - start,
                    len: stop - q,
                    slice,
                    shift: self.converter.exponents[slice],
                    negative: kind % self.kinds == 1,
                    unit: kind == kinds,
                });
                q = stop;
            }
        }
        runs
    }

    /// Lanes of a block in the order of its physical columns, which is that of its runs.
    pub(super) fn lanes(&self, block: &Block) -> Vec<usize> {
        self.runs(block).iter().flat_map(|run| run.lane..run.lane + run.len).collect()
    }

    /// Transfers of the converters of one array, none where they are ideal. Draws are addressed by the `array`
    /// and the converter's number within it, so that moving a block redraws nothing.
    pub(super) fn tables(&self, block: &Block, array: u64, options: &ValueOptions) -> Option<Arc<[Lookup]>> {
        let (adc, scale) = (&self.hardware.core.adc, options.noise_scale);
        if options.fidelity < Fidelity::Noisy || scale == 0.0 || adc.model.is_ideal() {
            return None;
        }
        let columns = self.layer.slices.len() * self.kinds * block.cols.len();
        let zero = if self.hardware.xbar.encoding.bipolar() { 1 << (adc.bits - 1) } else { 0 };
        let table = |number: usize| {
            let instance = Instance { seed: options.seed, element: array, number: number as u32, scale };
            Lookup::new(&adc.model.transfer(instance), zero, self.converter.clip.low)
        };
        Some((0..adc.number.min(columns)).map(table).collect())
    }

    /// Panels and converter constants of a row group.
    pub(super) fn columns(
        &self,
        block: &Block,
        rows: &Range<usize>,
        moments: &BlockMoments,
        tables: Option<Arc<[Lookup]>>,
    ) -> Columns {
        let runs = self.runs(block);
        let (height, width) = (rows.len(), block.cols.len());
        let panels = moments.panels();
        let lines = height * panels.len();
        let parts = 1 + usize::from(self.noisy);
        let zero = Line([0.0; LANES]);
        let mut groups: Vec<ColumnGroup> = (self.numbers(block).iter().enumerate())
            .map(|(index, number)| {
                let lanes = runs.iter().filter(|r| r.lane / GROUP == index);
                let first = lanes.clone().map(|r| r.lane % GROUP / LANES).min().unwrap_or(0);
                let last = lanes.map(|r| (r.lane % GROUP + r.len - 1) / LANES).max().unwrap_or(0);
                ColumnGroup {
                    number: *number as u32,
                    lines: first..last + 1,
                    panel: vec![zero; (last + 1 - first) * lines * parts],
                    levels: None,
                    gain: [zero; 4],
                    variance_gain: [zero; 4],
                    floor: [zero; 4],
                }
            })
            .collect();
        let mut tables = tables.map(|tables| Tables::new(tables, groups.len()));
        let (mean_unit, variance_unit) = (2f64.powi(self.grid.mean_exponent), 2f64.powi(self.grid.variance_exponent));
        for run in &runs {
            let group = &mut groups[run.lane / GROUP];
            let step = self.converter.step(run.slice, self.layer.slices[run.slice]);
            let kind = match run.unit {
                true => self.layer.slices.len() * self.kinds,
                false => run.slice * self.kinds + usize::from(run.negative),
            };
            let first = kind * block.rows.len() * width;
            let of_kind = if run.unit { 1 } else { width };
            for i in 0..run.len {
                let (line, lane) = ((run.lane + i) % GROUP / LANES, (run.lane + i) % LANES);
                group.gain[line].0[lane] = (1.0 / (mean_unit * step)) as f32;
                group.variance_gain[line].0[lane] = (1.0 / (variance_unit * step * step)) as f32;
                let col = run.output + i - block.cols.start;
                let rows_of = rows.clone().map(|r| first + (r - block.rows.start) * of_kind + col);
                let still: f64 = rows_of.filter_map(|at| moments.still.get(at)).sum();
                group.floor[line].0[lane] = (self.noise_lsb * self.noise_lsb + still / (step * step)) as f32;
                if let Some(tables) = &mut tables {
                    // neighbouring columns go to different converters (assumed)
                    tables.connect(run.lane + i, kind * width + col);
                }
                for r in 0..height {
                    let from = first + (rows.start - block.rows.start + r) * of_kind + col;
                    for (p, (mean, variance)) in panels.iter().enumerate() {
                        let to = ((line - group.lines.start) * lines + r * panels.len() + p) * parts;
                        group.panel[to].0[lane] = (mean[from] * mean_unit).round() as f32;
                        if self.noisy {
                            group.panel[to + 1].0[lane] = (variance[from] * variance_unit).round() as f32;
                        }
                    }
                }
            }
        }
        // digits of one sign and a byte
        if !self.noisy && !self.hardware.bipolar && self.hardware.digit_max <= 255 {
            groups.iter_mut().for_each(|g| g.levels = quads(&g.panel, lines));
        }
        Columns {
            rows: lines,
            groups,
            noisy: self.noisy,
            multilevel: match self.hardware.core.drive {
                Drive::Voltage if self.hardware.panels() == 1 => self.hardware.digit_max > 1 || self.hardware.bipolar,
                Drive::Voltage | Drive::Amplitude => self.hardware.bipolar,
                Drive::PulseWidth => false,
            },
            clip: self.converter.clip,
            tables,
        }
    }
}
