//! The per-cell oracle of read noise: every cell draws its own conductance at every read.
//!
//! The value core draws one normal for each conversion. This module sums cells one by one in double
//! precision, without the integer grid, and compares mean and variance of every column of a layer: with
//! equal laws the squared standardised differences of means follow chi-square with one degree of freedom
//! for each column, and so do those of the logarithms of variances (variance `2/(n-1)` each, Gaussian reads).
//! The distribution itself is compared after every column is freed of its mean and scale (those of both paths
//! together): counts of both paths in ten bins, equally probable under a Gaussian, are tested for homogeneity.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::calibrate::calibrate;
use super::cells::{self, CellMoments};
use super::converter::Converters;
use super::current_noise::CurrentNoise;
use super::hardware::LayerHardware;
use super::mvm::{Probe, Scratch};
use super::program::{self, Arrays};
use super::run::{Hooks, RunOptions, Walk};
use super::{Fidelity, ValueOptions};
use crate::arch::{Chip, Drive};
use crate::circuit::wires::FoldCache;
use crate::diag::{self, Diagnostic};
use crate::id::{Id, IdVec};
use crate::lower::{LayerId, QuantGraph, Taps, TiledGraph};
use crate::rng::{self, Domain, Draw};
use crate::tensor::{Encoding, Subtraction};

/// Comparison of one layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerTest {
    /// The layer.
    pub layer: LayerId,
    /// Columns compared.
    pub columns: usize,
    /// Reads of each column, by each path.
    pub reads: usize,
    /// Probability of a larger chi-square of the means if both paths have one law.
    pub mean_p: f64,
    /// The same for the variances.
    pub variance_p: f64,
    /// The same for the counts in bins.
    pub shape_p: f64,
    /// Of the layer: three times the smallest of the three (Bonferroni), at most 1.
    pub p_value: f64,
}

/// One column of a layer.
struct Column {
    group: usize,
    slice: usize,
    negative: bool,
    output: usize,
    unit: bool,
}

/// Compares the aggregated read noise of every layer with the per-cell oracle, for the input codes that the
/// given sample yields in `ideal`, at the position and plane that drive most rows; `reads` reads by each path.
///
/// # Errors
/// As [`Arrays::program`] and [`super::run()`].
pub fn column_moments_test(
    graph: &QuantGraph,
    tiled: &TiledGraph,
    chip: &Chip,
    options: &ValueOptions,
    inputs: &[ArrayView2<'_, f32>],
    sample: usize,
    reads: usize,
) -> diag::Result<Vec<LayerTest>> {
    let range = sample..sample + 1;
    let converters = &calibrate(graph, tiled, chip, inputs, range.clone())?;
    let exact = ValueOptions { fidelity: Fidelity::Ideal, ..*options };
    let options = ValueOptions { fidelity: Fidelity::Noisy, ..*options };
    let nominal = Arrays::program(graph, tiled, chip, converters, &exact)?;
    let how = RunOptions::default();
    let walk = Walk::new(graph, tiled, &nominal, inputs, &range, &how)?;
    let mut codes: IdVec<LayerId, Vec<i32>> = tiled.layers.iter().map(|_| vec![]).collect();
    let mut keep = |layer: LayerId, input: &[i32]| codes[layer] = input.to_vec();
    walk.chunk(range.clone(), &mut Scratch::new(), Hooks { codes: Some(&mut keep), probe: None })?;
    let arrays = Arrays::program(graph, tiled, chip, converters, &options)?;
    let walk = Walk::new(graph, tiled, &arrays, inputs, &range, &how)?;
    let hardware = LayerHardware::all(tiled, chip)?;
    if hardware.iter().any(|h| h.core.chain.is_some()) {
        let text = "an analog chain has noise of its own, not that of cells";
        return Err(Diagnostic::error("R158", text).help("compare the column law on a chip without `chain`").into());
    }
    (tiled.layers.ids())
        .map(|id| {
            let job = Job { graph, tiled, converters, options: &options, id, hardware: &hardware[id] };
            let (position, plane) = job.busiest(&codes[id])?;
            let (columns, fast) = aggregated(&walk, id, &codes[id], (position, plane), reads);
            let slow = job.cell_by_cell(&codes[id], (position, plane), &columns, reads)?;
            Ok(compare(id, &fast, &slow, reads))
        })
        .collect()
}

/// Values before conversion of the aggregated path, `[column][read]`.
fn aggregated(
    walk: &Walk<'_>,
    id: LayerId,
    codes: &[i32],
    (position, plane): (usize, usize),
    reads: usize,
) -> (Vec<Column>, Vec<Vec<f64>>) {
    let plan = walk.plan(id);
    let mut columns: Vec<Column> = Vec::new();
    let mut values: Vec<Vec<f64>> = Vec::new();
    let (mut scratch, mut counts) = (Scratch::new(), plan.counts());
    let mut sums = vec![0; plan.positions * plan.op.outputs];
    for read in 0..reads {
        let mut at = 0;
        let mut tap = |p: Probe| {
            if (p.position, p.plane) != (position, plane) {
                return;
            }
            if read == 0 {
                let Probe { group, slice, negative, output, unit, .. } = p;
                columns.push(Column { group, slice, negative, output, unit });
                values.push(Vec::with_capacity(reads));
            }
            values[at].push(f64::from(p.value));
            at += 1;
        };
        plan.run(codes, read, &mut scratch, &mut counts, &mut sums, Some(&mut tap));
    }
    (columns, values)
}

struct Job<'a> {
    graph: &'a QuantGraph,
    tiled: &'a TiledGraph,
    converters: &'a Converters,
    options: &'a ValueOptions,
    id: LayerId,
    hardware: &'a LayerHardware<'a>,
}

impl Job<'_> {
    /// Digits of all rows at a position in a plane.
    fn digits(&self, codes: &[i32], position: usize, plane: usize) -> diag::Result<Vec<f64>> {
        let layer = &self.tiled.layers[self.id];
        let mut features = Vec::new();
        Taps::new(program::operation(self.graph, layer)?).rows(position, 0..layer.rows, &mut features);
        let digit = |i: &u32| f64::from(layer.planes[plane].digit(codes.get(*i as usize).copied().unwrap_or(0)));
        Ok(features.iter().map(digit).collect())
    }

    /// Position and plane with the largest sum of digits.
    fn busiest(&self, codes: &[i32]) -> diag::Result<(usize, usize)> {
        let layer = &self.tiled.layers[self.id];
        let mut best = (-1.0, (0, 0));
        for position in 0..layer.positions {
            for plane in 0..layer.planes.len() {
                let sum: f64 = self.digits(codes, position, plane)?.iter().map(|d| d.abs()).sum();
                if sum > best.0 {
                    best = (sum, (position, plane));
                }
            }
        }
        Ok(best.1)
    }

    /// Values before conversion with a draw for each cell, `[column][read]`.
    fn cell_by_cell(
        &self,
        codes: &[i32],
        (position, plane): (usize, usize),
        columns: &[Column],
        reads: usize,
    ) -> diag::Result<Vec<Vec<f64>>> {
        let layer = &self.tiled.layers[self.id];
        let op = program::operation(self.graph, layer)?;
        let digits = self.digits(codes, position, plane)?;
        let converter = &self.converters[self.id];
        let encoding = self.hardware.xbar.encoding;
        let noise = CurrentNoise::new(self.hardware, self.options)?;
        // the oracle lives in another random world than the path it judges
        let seed = !self.options.seed;
        let mut values: Vec<Vec<f64>> = vec![vec![]; columns.len()];
        let mut group = 0;
        for block in layer.blocks.iter().map(|b| &self.tiled.blocks[*b]) {
            let cells = {
                let (layer, folds) = ((self.id, layer), FoldCache::default());
                cells::cells(layer, block, op, (self.hardware, noise), self.options, 0, &folds)?
            };
            let (height, width) = (block.rows.len(), block.cols.len());
            for rows in block.groups() {
                let of_group = columns.iter().zip(&mut values).filter(|(c, _)| c.group == group);
                let mut jobs: Vec<(&Column, &mut Vec<f64>)> = of_group.collect();
                jobs.par_iter_mut().for_each(|(column, values)| {
                    let Column { slice, negative, output, unit, .. } = **column;
                    let step = converter.step(slice, layer.slices[slice]) * self.hardware.level.0;
                    let noise = self.hardware.core.adc.model.noise() * self.options.noise_scale;
                    **values = (0..reads)
                        .map(|read| {
                            let tick = rng::read_tick(read, position, plane);
                            let draw = |domain, element| Draw { seed, domain, element, tick };
                            let column = |polarity: bool| -> f64 {
                                rows.clone()
                                    .map(|row| {
                                        let of_block = row - block.rows.start;
                                        let (at, cell) = if unit {
                                            let behind = layer.slices.len() * height * width;
                                            (behind + of_block, cells::unit_cell(self.id, row, block, 0))
                                        } else {
                                            let kind = slice * encoding.polarities() + usize::from(polarity);
                                            let at = (kind * height + of_block) * width + output - block.cols.start;
                                            (at, rng::element(self.id.index(), row, output, slice, polarity, 0))
                                        };
                                        self.cell(&cells, at, digits[row], draw(Domain::Read, cell))
                                    })
                                    .sum()
                            };
                            let background: f64 = digits[rows.clone()].iter().map(|d| self.hardware.erased(*d)).sum();
                            let current = match encoding {
                                Encoding::Pair(Subtraction::Analog) => column(false) - column(true),
                                _ => column(negative) - background,
                            };
                            let own = match unit {
                                true => cells::unit_cell(self.id, rows.start, block, 0),
                                false => rng::element(self.id.index(), rows.start, output, slice, negative, 0),
                            };
                            current / step + noise * draw(Domain::AdcThermal, own).normal(0)
                        })
                        .collect();
                });
                group += 1;
            }
        }
        Ok(values)
    }

    /// What one cell adds to its column in one read, in siemens.
    fn cell(&self, cells: &CellMoments, at: usize, digit: f64, draw: Draw) -> f64 {
        let read = |unit: u16| cells.mean[at] + cells.variance[at].sqrt() * draw.normal(unit);
        let driven = match (cells.amplitudes.get((digit.abs() as usize).wrapping_sub(1)), self.hardware.core.drive) {
            _ if digit == 0.0 => 0.0,
            (Some([mean, variance]), _) => digit.signum() * (mean[at] + variance[at].sqrt() * draw.normal(0)),
            // every time unit of a pulse is a read of its own
            (None, Drive::PulseWidth) => (0..digit as u16).map(read).sum(),
            (None, Drive::Voltage | Drive::Amplitude) => digit * read(0),
        };
        // thermal noise is there in every cell, driven or not
        driven + cells.still.get(at).map_or(0.0, |v| v.sqrt() * draw.normal(u16::MAX))
    }
}

/// Chi-square tests of means and of variances.
fn compare(layer: LayerId, fast: &[Vec<f64>], slow: &[Vec<f64>], reads: usize) -> LayerTest {
    let n = reads as f64;
    let moments = |v: &[f64]| {
        let mean = v.iter().sum::<f64>() / n;
        (mean, v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0))
    };
    let (mut mean_chi2, mut variance_chi2, mut columns) = (0.0, 0.0, 0);
    let mut counts = [[0u32; BINS.len() + 1]; 2];
    for (a, b) in fast.iter().zip(slow) {
        let ((m, s), (n_mean, n_square)) = (moments(a), moments(b));
        if s == 0.0 && n_square == 0.0 {
            // a column that nothing drives: only the grid may part them
            mean_chi2 += if (m - n_mean).abs() < 1e-3 { 0.0 } else { f64::INFINITY };
            continue;
        }
        mean_chi2 += (m - n_mean).powi(2) / ((s + n_square) / n);
        variance_chi2 += (s / n_square).ln().powi(2) / (4.0 / (n - 1.0));
        columns += 1;
        let (centre, scale) = (0.5 * (m + n_mean), (0.5 * (s + n_square)).sqrt());
        for (counts, values) in counts.iter_mut().zip([a, b]) {
            for v in values {
                counts[BINS.partition_point(|edge| *edge < (v - centre) / scale)] += 1;
            }
        }
    }
    let [fast, slow] = counts.map(|c| c.map(f64::from));
    let shape_chi2: f64 = fast.iter().zip(slow).map(|(a, b)| (a - b).powi(2) / (a + b).max(1.0)).sum();
    let (mean_p, variance_p) = (chi2_above(mean_chi2, columns), chi2_above(variance_chi2, columns));
    let shape_p = chi2_above(shape_chi2, BINS.len());
    let p_value = (3.0 * mean_p.min(variance_p).min(shape_p)).min(1.0);
    LayerTest { layer, columns, reads, mean_p, variance_p, shape_p, p_value }
}

/// Edges of ten bins that a standard Gaussian fills equally (its deciles).
const BINS: [f64; 9] =
    [-1.281_551_6, -0.841_621_2, -0.524_400_5, -0.253_347_1, 0.0, 0.253_347_1, 0.524_400_5, 0.841_621_2, 1.281_551_6];

/// Probability that chi-square with `k` degrees of freedom exceeds `x`: the regularised upper incomplete
/// gamma function `Q(k/2, x/2)`, by its series below the mean and Legendre's continued fraction above
/// (DLMF 8.7.1 and 8.9.2).
#[must_use]
pub fn chi2_above(x: f64, k: usize) -> f64 {
    if k == 0 || x.is_infinite() || x.is_nan() {
        return if x > 0.0 || x.is_nan() { 0.0 } else { 1.0 };
    }
    let (a, x) = (k as f64 / 2.0, x / 2.0);
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - libm::lgamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-16 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return (1.0 - front * sum).clamp(0.0, 1.0);
    }
    // the fraction 1/(x+1-a- 1(1-a)/(x+3-a- ...)) from a far tail backwards
    let mut tail = 0.0;
    for i in (1..2000).rev() {
        let i = f64::from(i);
        tail = i * (a - i) / (x + 2.0 * i + 1.0 - a + tail);
    }
    (front / (x + 1.0 - a + tail)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::support::{Parameters, chip, encodings, heartbeat, samples, tile};
    use super::super::tests::options;
    use super::*;
    use crate::arch::{Drive, Noise};
    use crate::tensor::SignedInputs;

    #[test]
    fn chi_square_table() {
        // quantiles of the usual tables
        for (x, k, p) in
            [(3.841, 1, 0.05), (18.307, 10, 0.05), (124.342, 100, 0.05), (0.711, 4, 0.95), (149.449, 100, 0.001)]
        {
            assert!((chi2_above(x, k) - p).abs() < 2e-3 * p.max(0.01), "{x} {k}: {}", chi2_above(x, k));
        }
    }

    #[test]
    fn a_wrong_law_is_found() {
        let z = |column: u64, read: usize| {
            Draw { seed: 3, domain: Domain::Bootstrap, element: column, tick: read as u64 }.normal(0)
        };
        let sample = |first: u64, shift: f64, scale: f64| -> Vec<Vec<f64>> {
            (0..30).map(|c| (0..400).map(|r| shift + scale * z(first + c, r)).collect()).collect()
        };
        let (a, b) = (sample(0, 0.0, 1.0), sample(100, 0.0, 1.0));
        assert!(compare(LayerId::new(0), &a, &b, 400).p_value > 1e-3);
        assert!(compare(LayerId::new(0), &a, &sample(100, 0.1, 1.0), 400).mean_p < 1e-4);
        assert!(compare(LayerId::new(0), &a, &sample(100, 0.0, 1.1), 400).variance_p < 1e-4);
        // a uniform law of the same mean and variance
        let flat = |column: u64, read: usize| {
            let draw = Draw { seed: 4, domain: Domain::Bootstrap, element: column, tick: read as u64 };
            12f64.sqrt() * (draw.uniform(0) - 0.5)
        };
        let flat: Vec<Vec<f64>> = (0..30).map(|c| (0..400).map(|r| flat(c, r)).collect()).collect();
        let found = compare(LayerId::new(0), &a, &flat, 400);
        assert!(found.shape_p < 1e-4 && found.mean_p > 1e-3, "{found:?}");
    }

    #[test]
    fn aggregated_noise_has_the_law_of_its_cells() {
        let graph = heartbeat();
        let x = samples(&graph, 1, 2);
        for (encoding, signed) in encodings() {
            let (dac_bits, drive) = match signed {
                SignedInputs::TwosComplement => (1, Drive::Voltage),
                SignedInputs::SignMagnitude => (2, Drive::Amplitude),
                SignedInputs::TwoPhase => (3, Drive::PulseWidth),
            };
            let noise = Noise { thermal: true, shot: drive != Drive::Voltage || dac_bits == 1, ..Noise::default() };
            let base = Parameters::default();
            let p = Parameters { encoding, dac_bits, drive, signed, noise, block: [64, 20], group: 48, ..base };
            let (chip, tiled) = (chip(&p), tile(&graph, &p));
            let inputs = [x.view()];
            let v = options(Fidelity::Noisy);
            let tests = column_moments_test(&graph, &tiled, &chip, &v, &inputs, 0, 60).unwrap();
            assert_eq!(tests.len(), 4);
            for t in tests {
                assert!(t.p_value > 1e-3 && t.columns >= 10, "{encoding:?} {signed:?}: {t:?}");
            }
        }
    }

    /// The same where every digit of every row is another, with 1/f noise and traps.
    #[test]
    fn deviating_rows_and_slow_noise_have_the_law_of_their_cells() {
        let graph = heartbeat();
        let x = samples(&graph, 1, 2);
        for (drive, signed, dac_bits) in [
            (Drive::Voltage, SignedInputs::TwosComplement, 1),
            (Drive::Voltage, SignedInputs::SignMagnitude, 2),
            (Drive::Amplitude, SignedInputs::TwoPhase, 2),
            (Drive::PulseWidth, SignedInputs::TwoPhase, 2),
        ] {
            let p = Parameters {
                drive,
                signed,
                dac_bits,
                block: [64, 20],
                group: 48,
                ..Parameters::rough(drive, dac_bits)
            };
            let (chip, tiled) = (chip(&p), tile(&graph, &p));
            let v = options(Fidelity::Noisy);
            for t in column_moments_test(&graph, &tiled, &chip, &v, &[x.view()], 0, 60).unwrap() {
                assert!(t.p_value > 1e-3 && t.columns >= 10, "{drive:?} of {dac_bits} bits: {t:?}");
            }
        }
    }
}
