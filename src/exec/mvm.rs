//! One weighted layer for some samples: digits, tiles of eight planes, reads, shift-and-add.

use std::ops::Range;

use super::Stops;
use super::program::{LayerArrays, RowGroup};
use super::stored::Correction;
use crate::circuit::{Conversions, ROWS, ReadNoise, Tile};
use crate::lower::{MvmOp, Taps};
use crate::rng::{GROUP, read_tick};
use crate::simd::Isa;
use crate::tensor::Quant;

/// What a run knows about a layer before it sees samples.
#[derive(Debug)]
pub(super) struct LayerPlan<'a> {
    pub(super) op: &'a MvmOp,
    pub(super) arrays: &'a LayerArrays,
    pub(super) positions: usize,
    pub(super) features: usize,
    /// Input feature of every position and row; padding reads the line after the last feature.
    taps: Taps,
    /// Planes of one position in a tile line: a power of two up to 8, or a multiple of 8.
    stride: usize,
    /// Digits of every code, `stride` of them.
    digits: Vec<f32>,
    /// Sum of the strengths of the digits of every code.
    squares: Vec<u32>,
    mask: usize,
    seed: u64,
    isa: Isa,
}

/// Counters of one layer over some samples; integers, so that their sum does not depend on order.
#[derive(Debug, Clone, Default)]
pub(super) struct LayerCounts {
    /// Reads of row groups, and what they met: cells that hold a weight, conversions.
    pub(super) reads: u64,
    pub(super) cell_reads: u64,
    pub(super) conversions: u64,
    pub(super) clipped: u64,
    pub(super) code_sum: u64,
    pub(super) stops: Stops,
    /// For each row group and replica the summed strengths of the digits of each row.
    pub(super) drive: Vec<Vec<u64>>,
}

/// What reading a row group took.
#[derive(Debug, Clone, Copy, Default)]
struct Reads {
    reads: u64,
    conversions: Conversions,
    stops: Stops,
}

/// Buffers that are reused from layer to layer.
#[derive(Debug)]
pub(super) struct Scratch {
    /// Digits of one sample, `stride` for each feature and for the padding.
    lines: Vec<f32>,
    pub(super) squares: Vec<u32>,
    /// Features of the rows of one position.
    pub(super) features: Vec<u32>,
    tile: Tile,
    accumulators: Vec<i32>,
    values: Vec<f32>,
}

/// Receives what stands before the converters: row group, replica, position, plane, slice, output, value in
/// converter steps.
pub(super) type Tap<'t> = dyn FnMut(Probe) + 't;

/// One value before conversion.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe {
    pub(super) group: usize,
    pub(super) position: usize,
    pub(super) plane: usize,
    pub(super) slice: usize,
    pub(super) negative: bool,
    pub(super) output: usize,
    /// Whether it stands on the unit column.
    pub(super) unit: bool,
    pub(super) value: f32,
}

impl Scratch {
    pub(super) const fn new() -> Self {
        let tile = Tile { digits: vec![], used: [false; ROWS], weights: [0; ROWS], slots: [0; ROWS], ticks: [0; ROWS] };
        Self { lines: vec![], squares: vec![], features: vec![], tile, accumulators: vec![], values: vec![] }
    }
}

impl<'a> LayerPlan<'a> {
    pub(super) fn new(op: &'a MvmOp, arrays: &'a LayerArrays, input: Quant, seed: u64, isa: Isa) -> Self {
        let taps = Taps::new(op);
        let planes = &arrays.planes;
        let stride =
            if planes.len() <= ROWS { planes.len().next_power_of_two() } else { planes.len().next_multiple_of(ROWS) };
        let codes = 1usize << input.bits;
        let mut digits = vec![0.0; codes * stride];
        let mut squares = vec![0; codes];
        for code in 0..codes {
            // the index is the code's low bits: a negative code stands in the upper half
            let value = if input.signed && code >= codes / 2 { code as i32 - codes as i32 } else { code as i32 };
            for (d, plane) in digits[code * stride..].iter_mut().zip(planes) {
                let digit = plane.digit(value);
                *d = digit as f32;
                squares[code] += arrays.strength[digit.unsigned_abs() as usize];
            }
        }
        let (positions, features) = (op.positions, taps.features);
        Self { op, arrays, positions, features, taps, stride, digits, squares, mask: codes - 1, seed, isa }
    }

    /// Counters of the right shape, all zero.
    pub(super) fn counts(&self) -> LayerCounts {
        let groups = self.arrays.groups.iter();
        let drive = groups.flat_map(|g| g.copies.iter().map(|_| vec![0; g.rows.len()])).collect();
        LayerCounts { drive, ..LayerCounts::default() }
    }

    /// Runs the layer: `codes` holds the input codes of consecutive samples from `first` on; `out` receives
    /// integer accumulators in converter steps, `[sample][position][output]`.
    pub(super) fn run(
        &self,
        codes: &[i32],
        first: usize,
        scratch: &mut Scratch,
        counts: &mut LayerCounts,
        out: &mut [i64],
        mut tap: Option<&mut Tap<'_>>,
    ) {
        out.fill(0);
        let accumulators = self.positions * self.op.outputs;
        for (s, (codes, out)) in codes.chunks(self.features).zip(out.chunks_mut(accumulators)).enumerate() {
            self.expand(codes, scratch);
            self.read(first + s, 0..self.positions, scratch, counts, out, tap.as_deref_mut());
        }
    }

    /// Reads one position of a layer whose positions come one by one: `codes` are its input alone, `out` are
    /// the accumulators of the sample, `[position][output]`.
    pub(super) fn step(
        &self,
        (sample, position): (usize, usize),
        codes: &[i32],
        scratch: &mut Scratch,
        counts: &mut LayerCounts,
        out: &mut [i64],
        tap: Option<&mut Tap<'_>>,
    ) {
        if position == 0 {
            self.expand(&[], scratch);
        }
        out[position * self.op.outputs..(position + 1) * self.op.outputs].fill(0);
        self.lines(position * codes.len(), codes, scratch);
        self.read(sample, position..position + 1, scratch, counts, out, tap);
    }

    /// Adds what all row groups give at some positions of one sample, whose digits are in place.
    fn read(
        &self,
        sample: usize,
        positions: Range<usize>,
        scratch: &mut Scratch,
        counts: &mut LayerCounts,
        out: &mut [i64],
        mut tap: Option<&mut Tap<'_>>,
    ) {
        let mut at = 0;
        let step = self.arrays.replicas;
        for (index, group) in self.arrays.groups.iter().enumerate() {
            for replica in 0..group.copies.len() {
                at += 1;
                // the first position of the range that this replica computes
                let first = positions.start + (replica + step - positions.start % step) % step;
                if let Some(chain) = &group.copies[replica].chain {
                    self.read_chain(chain, (index, at - 1), sample, first..positions.end, scratch, counts, out);
                    continue;
                }
                for position in (first..positions.end).step_by(step) {
                    self.taps.rows(position, group.rows.clone(), &mut scratch.features);
                    for (sum, feature) in counts.drive[at - 1].iter_mut().zip(&scratch.features) {
                        *sum += u64::from(scratch.squares[*feature as usize]);
                    }
                }
                let range = first..positions.end;
                let done = self.read_group((index, replica), sample, range, scratch, out, tap.as_deref_mut());
                counts.clipped += done.conversions.clipped;
                counts.code_sum += done.conversions.code_sum;
                counts.stops.add(done.stops);
                self.count_columns(group, done.reads, counts);
            }
        }
    }

    /// Counts `reads` reads of a row group.
    pub(super) fn count_columns(&self, group: &RowGroup, reads: u64, counts: &mut LayerCounts) {
        counts.reads += reads;
        counts.cell_reads += reads * self.arrays.cells_in(group);
        counts.conversions += reads * self.arrays.columns_in(group);
    }

    /// Digits of the one plane that rows of a position see.
    pub(super) fn digits_of(&self, position: usize, rows: Range<usize>, scratch: &mut Scratch, x: &mut [f32]) {
        self.taps.rows(position, rows, &mut scratch.features);
        for (x, feature) in x.iter_mut().zip(&scratch.features) {
            *x = scratch.lines[*feature as usize * self.stride];
        }
    }

    /// Squared deviation of the accumulators of one sample from the exact ones, and the exact ones squared.
    pub(super) fn compare(&self, codes: &[i32], sums: &[i64]) -> [f64; 2] {
        let mut powers = [0.0; 2];
        let mut features = Vec::new();
        for p in 0..self.positions {
            self.taps.rows(p, 0..self.op.rows(), &mut features);
            for o in 0..self.op.outputs {
                let rows = self.op.rows_of(o);
                let first = o * rows.len();
                let exact: i64 = (features[rows].iter().enumerate())
                    .map(|(r, i)| {
                        let code = codes.get(*i as usize).copied().unwrap_or(0);
                        i64::from(self.op.weights.get(first + r)) * i64::from(code)
                    })
                    .sum();
                let got = sums[p * self.op.outputs + o] as f64 * self.arrays.converter.lsb;
                powers[0] += (got - exact as f64).powi(2);
                powers[1] += (exact as f64).powi(2);
            }
        }
        powers
    }

    /// Digits of all features of a sample, and of the padding.
    fn expand(&self, codes: &[i32], scratch: &mut Scratch) {
        let stride = self.stride;
        scratch.lines.clear();
        scratch.lines.resize((self.features + 1) * stride, 0.0);
        scratch.squares.clear();
        scratch.squares.resize(self.features + 1, 0);
        self.lines(0, codes, scratch);
    }

    /// Digits of some features from `first` on.
    fn lines(&self, first: usize, codes: &[i32], scratch: &mut Scratch) {
        let stride = self.stride;
        let lines = scratch.lines[first * stride..].chunks_exact_mut(stride).zip(&mut scratch.squares[first..]);
        for ((line, square), code) in lines.zip(codes) {
            let code = *code as usize & self.mask;
            line.copy_from_slice(&self.digits[code * stride..(code + 1) * stride]);
            *square = self.squares[code];
        }
    }

    /// Some positions, `replicas` apart, of one replica of one row group for one sample.
    fn read_group(
        &self,
        (index, replica): (usize, usize),
        sample: usize,
        positions: Range<usize>,
        scratch: &mut Scratch,
        out: &mut [i64],
        mut tap: Option<&mut Tap<'_>>,
    ) -> Reads {
        let group = &self.arrays.groups[index];
        let copy = &group.copies[replica];
        let noise = ReadNoise { seed: self.seed, element: copy.element };
        let slot_len = copy.columns.slot_len();
        let planes = &self.arrays.planes;
        let (step, slots, parts) = (self.arrays.replicas, (ROWS / self.stride).max(1), self.stride.div_ceil(ROWS));
        let Scratch { lines, tile, accumulators, values, features, .. } = scratch;
        tile.digits.resize(group.rows.len() * self.arrays.panels, [0.0; ROWS]);
        accumulators.resize((slots * slot_len).max(accumulators.len()), 0);
        values.resize(ROWS * slot_len, 0.0);
        let mut all = Reads::default();
        // what is observed is read in any case
        let skip = self.arrays.skip_zero && tap.is_none();
        let mut position = positions.start;
        while position < positions.end {
            accumulators[..slots * slot_len].fill(0);
            let held = (positions.end - position).div_ceil(step).min(slots);
            let mut counted = [0i64; ROWS];
            for part in 0..parts {
                for m in 0..ROWS {
                    let (slot, plane) =
                        if parts > 1 { (0, part * ROWS + m) } else { (m / self.stride, m % self.stride) };
                    tile.used[m] = slot < held && plane < planes.len();
                    tile.slots[m] = slot;
                    if tile.used[m] {
                        tile.weights[m] = planes[plane].weight() as i32;
                        tile.ticks[m] = read_tick(sample, position + slot * step, plane);
                    }
                }
                self.fill(group, lines, features, tile, (position, held), part);
                if group.correction.as_ref().is_some_and(Correction::counts) {
                    count(&tile.digits[..group.rows.len()], tile, &mut counted);
                }
                if self.arrays.panels > 1 {
                    one_hot(&mut tile.digits, self.arrays.panels);
                }
                if skip {
                    drop_zeros(tile);
                }
                all.reads += tile.used.iter().filter(|u| **u).count() as u64;
                let wanted = (tap.is_some() || group.rounds.is_some()).then_some(values.as_mut_slice());
                let done = copy.columns.read(self.isa, tile, noise, accumulators, wanted);
                all.conversions.clipped += done.clipped;
                all.conversions.code_sum += done.code_sum;
                if let Some(tap) = tap.as_deref_mut() {
                    probe(index, group, tile, values, position, step, self.stride.min(ROWS), part, tap);
                }
                if let Some(rounds) = &group.rounds {
                    copy.columns.codes(&tile.used, values);
                    all.stops.add(rounds.count(tile, values));
                }
            }
            for slot in 0..held {
                let p = position + slot * step;
                let out = &mut out[p * self.op.outputs..(p + 1) * self.op.outputs];
                let codes = &accumulators[slot * slot_len..(slot + 1) * slot_len];
                shift_add(group, codes, out);
                if let Some(correction) = &group.correction {
                    correction.apply(codes, counted[slot], &mut out[group.cols.clone()]);
                }
            }
            position += held * step;
        }
        all
    }

    /// Digits of the tile from those of the features.
    fn fill(
        &self,
        group: &RowGroup,
        lines: &[f32],
        features: &mut Vec<u32>,
        tile: &mut Tile,
        slots: (usize, usize),
        part: usize,
    ) {
        match self.stride {
            1 => self.fill_slots::<1>(group, lines, features, tile, slots),
            2 => self.fill_slots::<2>(group, lines, features, tile, slots),
            4 => self.fill_slots::<4>(group, lines, features, tile, slots),
            8 => self.fill_slots::<8>(group, lines, features, tile, slots),
            stride => {
                self.taps.rows(slots.0, group.rows.clone(), features);
                for (digits, feature) in tile.digits.iter_mut().zip(features) {
                    digits.copy_from_slice(&lines[*feature as usize * stride + part * ROWS..][..ROWS]);
                }
            }
        }
    }

    fn fill_slots<const STRIDE: usize>(
        &self,
        group: &RowGroup,
        lines: &[f32],
        features: &mut Vec<u32>,
        tile: &mut Tile,
        (position, held): (usize, usize),
    ) {
        let (lines, _) = lines.as_chunks::<STRIDE>();
        for slot in 0..ROWS / STRIDE {
            if slot >= held {
                tile.digits.iter_mut().for_each(|d| d[slot * STRIDE..(slot + 1) * STRIDE].fill(0.0));
                continue;
            }
            self.taps.rows(position + slot * self.arrays.replicas, group.rows.clone(), features);
            for (digits, feature) in tile.digits.iter_mut().zip(features.iter()) {
                digits[slot * STRIDE..(slot + 1) * STRIDE].copy_from_slice(&lines[*feature as usize]);
            }
        }
    }
}

/// Planes whose digits are all 0 are not read.
fn drop_zeros(tile: &mut Tile) {
    let mut any = [false; ROWS];
    for digits in &tile.digits {
        any.iter_mut().zip(digits).for_each(|(any, d)| *any |= *d != 0.0);
    }
    tile.used.iter_mut().zip(any).for_each(|(used, any)| *used &= any);
}

/// Spreads the digits that stand in front over as many lines as there are amplitudes: digit `d` becomes its sign
/// on line `|d| - 1`.
fn one_hot(digits: &mut [[f32; ROWS]], panels: usize) {
    for row in (0..digits.len() / panels).rev() {
        let own = digits[row];
        for (p, line) in digits[row * panels..(row + 1) * panels].iter_mut().enumerate() {
            *line = own.map(|d| if d.abs() == (p + 1) as f32 { d.signum() } else { 0.0 });
        }
    }
}

/// Adds up the digits of the planes of a tile, for each slot.
fn count(digits: &[[f32; ROWS]], tile: &Tile, counted: &mut [i64; ROWS]) {
    let mut sums = [0.0f32; ROWS];
    for digits in digits {
        sums.iter_mut().zip(digits).for_each(|(s, d)| *s += d);
    }
    for m in (0..ROWS).filter(|m| tile.used[*m]) {
        counted[tile.slots[m]] += sums[m] as i64 * i64::from(tile.weights[m]);
    }
}

/// Adds the codes of all slices and polarities of one position to its outputs.
fn shift_add(group: &RowGroup, slot: &[i32], out: &mut [i64]) {
    for run in group.runs.iter().filter(|r| !r.unit) {
        let codes = &slot[run.lane..run.lane + run.len];
        let out = &mut out[run.output..run.output + run.len];
        if run.negative {
            out.iter_mut().zip(codes).for_each(|(o, c)| *o -= i64::from(*c) << run.shift);
        } else {
            out.iter_mut().zip(codes).for_each(|(o, c)| *o += i64::from(*c) << run.shift);
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the whole state of one tile")]
fn probe(
    index: usize,
    group: &RowGroup,
    tile: &Tile,
    values: &[f32],
    position: usize,
    step: usize,
    stride: usize,
    part: usize,
    tap: &mut Tap<'_>,
) {
    for m in (0..ROWS).filter(|m| tile.used[*m]) {
        for run in &group.runs {
            for i in 0..run.len {
                let lane = run.lane + i;
                tap(Probe {
                    group: index,
                    position: position + tile.slots[m] * step,
                    plane: part * ROWS + m % stride,
                    slice: run.slice,
                    negative: run.negative,
                    output: run.output + i,
                    unit: run.unit,
                    value: values[(lane / GROUP * ROWS + m) * GROUP + lane % GROUP],
                });
            }
        }
    }
}
