//! Reads of a crossbar with ideal wires: column sums, aggregated read noise, analog-to-digital conversion.
//!
//! For independent Gaussian noise of the cells the current of a column is Gaussian with mean `Σ x·g` and
//! variance `Σ x²·σ²`, so one normal for each conversion is exact in distribution. Input-referred noise of
//! the converter is Gaussian and independent of it and is added to the variance before the square root:
//! also exact, since nothing non-linear stands between the two.
//!
//! Both sums are of integers below 2²⁴ in `f32`, hence exact in any order and with or without fused
//! multiply-add; everything after them is one correctly rounded operation after another in a fixed
//! order. Results therefore do not depend on the vector width.
//!
//! The unit of work is a [`Tile`] of eight input planes (of one or several positions) against all columns
//! of a row group. Columns stand in lines of sixteen, four lines make a [`ColumnGroup`], which is what one
//! step of the bulk generator supplies with normals ([`crate::rng::fill_normals`]).

use std::ops::Range;
use std::sync::Arc;

use super::converter::Lookup;
use super::levels;
use crate::rng::{Domain, Draw, GROUP, normals64};
use crate::simd::bytes::Quad;
#[cfg(target_arch = "x86_64")]
use crate::simd::bytes::Vnni;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Isa, LANES, Lanes};

/// Input planes of a tile.
pub const ROWS: usize = 8;

/// Sixteen columns' worth of numbers, aligned to a cache line.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub struct Line(pub [f32; LANES]);

/// Up to 64 neighbouring columns. Lanes without a column hold zeros everywhere.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnGroup {
    /// Number of the group in the layer's line of conversions: column `c` of the line is lane `c mod 64` of group
    /// `c / 64`.
    pub number: u32,
    /// Lines (of four) that hold columns.
    pub lines: Range<usize>,
    /// Conductances on the integer grid, `[line][row][mean]`, or `[line][row][mean, variance]` in a noisy set.
    pub panel: Vec<Line>,
    /// The same as bytes ([`super::levels::quads`]), where a noise-free set holds whole levels and no digit is
    /// negative.
    pub levels: Option<Vec<Quad>>,
    /// Converter steps of one grid unit of the mean.
    pub gain: [Line; 4],
    /// Squared converter steps of one grid unit of the variance.
    pub variance_gain: [Line; 4],
    /// Variance of the converter's own noise in squared steps.
    pub floor: [Line; 4],
}

/// Range of the codes of a converter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clip {
    /// Smallest code.
    pub low: f32,
    /// Largest code.
    pub high: f32,
}

impl Clip {
    /// A converter that never clips.
    pub const NONE: Self = Self { low: -16_777_216.0, high: 16_777_216.0 };
}

/// The columns of a block that are read together with one row group.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    /// Rows that are driven.
    pub rows: usize,
    /// Columns, 64 at a time.
    pub groups: Vec<ColumnGroup>,
    /// Whether the panels hold variances.
    pub noisy: bool,
    /// Whether there are digits other than 0 and 1, so that variances need their squares.
    pub multilevel: bool,
    /// Code range.
    pub clip: Clip,
    /// Converters that differ from the ideal one, if they do.
    pub tables: Option<Tables>,
}

/// Transfers of the converters behind the columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// The converters.
    converters: Arc<[Lookup]>,
    /// Converter of each lane, [`Self::NONE`] where there is no column.
    lanes: Vec<[u16; LANES]>,
}

impl Tables {
    const NONE: u16 = u16::MAX;

    /// No column is connected yet; `groups` column groups.
    #[must_use]
    pub fn new(converters: Arc<[Lookup]>, groups: usize) -> Self {
        Self { converters, lanes: vec![[Self::NONE; LANES]; groups * GROUP / LANES] }
    }

    /// Connects a lane of an accumulator slot with the converter of physical column `column`: they take turns.
    pub fn connect(&mut self, lane: usize, column: usize) {
        self.lanes[lane / LANES][lane % LANES] = (column % self.converters.len()) as u16;
    }

    /// Codes of sixteen values of one line.
    fn convert(&self, line: usize, values: &mut [f32; LANES]) {
        for (value, converter) in values.iter_mut().zip(&self.lanes[line]) {
            *value = match self.converters.get(usize::from(*converter)) {
                Some(table) => table.code(*value),
                None => 0.0,
            };
        }
    }
}

/// Eight input planes.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// DAC digits, `[row]` of eight planes, negative where a line is driven with the other polarity; planes that
    /// are not used hold 0.
    pub digits: Vec<[f32; ROWS]>,
    /// Which planes are used.
    pub used: [bool; ROWS],
    /// Weight `± 2^shift` of each plane.
    pub weights: [i32; ROWS],
    /// Accumulator that each plane adds to.
    pub slots: [usize; ROWS],
    /// Tick of each plane's read ([`crate::rng::read_tick`]).
    pub ticks: [u64; ROWS],
}

/// Address of the noise of a row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadNoise {
    /// Seed of the run.
    pub seed: u64,
    /// [`crate::rng::element`] of the row group: layer, first row, replica.
    pub element: u64,
}

/// What conversions did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conversions {
    /// Conversions that clipped.
    pub clipped: u64,
    /// Sum of absolute codes.
    pub code_sum: u64,
}

impl Columns {
    /// Length of one accumulator slot: 64 for each group.
    #[must_use]
    pub fn slot_len(&self) -> usize {
        self.groups.len() * GROUP
    }

    /// Reads all columns with each plane of the tile, converts, and adds `weight · code` to
    /// `accumulators[slot][group][lane]`. `values` receives what stood before the converters in converter
    /// steps, `[group][plane][lane]`.
    ///
    /// # Panics
    /// If the tile has not the rows of the set, or a slot lies outside the accumulators.
    pub fn read(
        &self,
        isa: Isa,
        tile: &Tile,
        noise: ReadNoise,
        accumulators: &mut [i32],
        values: Option<&mut [f32]>,
    ) -> Conversions {
        assert_eq!(tile.digits.len(), self.rows, "the tile drives every row of the group");
        let job = Job { columns: self, tile, noise, words: vec![] };
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(l)
                if !self.noisy && self.groups.iter().all(|g| g.levels.is_some()) && Vnni::detect().is_some() =>
            {
                let job = Job { words: levels::words(&tile.digits), ..job };
                // SAFETY: the token proves that the processor has the features.
                unsafe { read_avx512(l, job, accumulators, values) }
            }
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the token proves that the processor has the features.
            Isa::Avx512(l) => unsafe { read_avx512(l, job, accumulators, values) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the token proves that the processor has the features.
            Isa::Avx2(l) => unsafe { read_avx2(l, job, accumulators, values) },
            Isa::Portable(l) => choose::<_, 2>(l, job, accumulators, values),
        }
    }

    /// Turns values before the converters, as [`Self::read`] gives them for the planes that are `used`, into the codes
    /// that it adds up; lanes without a column are left as they are or hold 0.
    ///
    /// # Panics
    /// If there are fewer values than a tile of this set has.
    pub fn codes(&self, used: &[bool; ROWS], values: &mut [f32]) {
        let Clip { low, high } = self.clip;
        for (index, group) in self.groups.iter().enumerate() {
            for m in (0..ROWS).filter(|m| used[*m]) {
                for line in group.lines.clone() {
                    let values = lanes_mut(values, (index * ROWS + m) * GROUP + line * LANES);
                    match &self.tables {
                        Some(tables) => tables.convert(index * GROUP / LANES + line, values),
                        None => *values = values.map(|v| v.round_ties_even().max(low).min(high)),
                    }
                }
            }
        }
    }
}

struct Job<'a> {
    columns: &'a Columns,
    tile: &'a Tile,
    noise: ReadNoise,
    /// Digits as bytes, if sums are taken of bytes.
    words: Vec<[u32; ROWS]>,
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
fn read_avx512(l: Avx512, job: Job<'_>, accumulators: &mut [i32], values: Option<&mut [f32]>) -> Conversions {
    choose::<_, 8>(l, job, accumulators, values)
}
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn read_avx2(l: Avx2, job: Job<'_>, accumulators: &mut [i32], values: Option<&mut [f32]>) -> Conversions {
    choose::<_, 2>(l, job, accumulators, values)
}

/// `M` planes are multiplied at a time: as many as the register file holds accumulators for.
#[inline(always)]
fn choose<L: Lanes, const M: usize>(
    l: L,
    job: Job<'_>,
    accumulators: &mut [i32],
    values: Option<&mut [f32]>,
) -> Conversions {
    match (job.columns.noisy, job.columns.multilevel) {
        (false, _) => read_body::<L, M, false, false>(l, job, accumulators, values),
        (true, false) => read_body::<L, M, true, false>(l, job, accumulators, values),
        (true, true) => read_body::<L, M, true, true>(l, job, accumulators, values),
    }
}

#[inline(always)]
fn read_body<L: Lanes, const M: usize, const NOISY: bool, const SQUARE: bool>(
    l: L,
    job: Job<'_>,
    accumulators: &mut [i32],
    mut values: Option<&mut [f32]>,
) -> Conversions {
    let Job { columns, tile, noise, words } = job;
    let key = Draw { seed: noise.seed, domain: Domain::Read, element: noise.element, tick: 0 }.key();
    let (low, high) = (l.splat(columns.clip.low), l.splat(columns.clip.high));
    let slot_len = columns.slot_len();
    let width = if NOISY { 2 } else { 1 };
    let mut done = Conversions::default();
    let mut normals = [[Line([0.0; LANES]); 4]; ROWS];
    let mut means = [[Line([0.0; LANES]); ROWS]; 4];
    for (index, group) in columns.groups.iter().enumerate() {
        if NOISY {
            for (m, normals) in normals.iter_mut().enumerate() {
                if tile.used[m] {
                    let z = if group.lines.end <= 2 {
                        normals64::<L, true>(l, key, noise.element, tile.ticks[m], group.number)
                    } else {
                        normals64::<L, false>(l, key, noise.element, tile.ticks[m], group.number)
                    };
                    for (z, line) in z.into_iter().zip(normals) {
                        l.store(z, &mut line.0);
                    }
                }
            }
        }
        if !NOISY {
            sums::<L, M>(l, group, &tile.digits, &words, &mut means);
        }
        for (n, line) in group.lines.clone().enumerate() {
            let panel = &group.panel[n * columns.rows * width..(n + 1) * columns.rows * width];
            let gain = l.load(&group.gain[line].0);
            let variance_gain = l.load(&group.variance_gain[line].0);
            let floor = l.load(&group.floor[line].0);
            let mut code_sum = l.splat_word(0);
            let mut clipped = 0;
            let mut first = 0;
            while first < ROWS {
                let (mean, variance) = if NOISY {
                    product::<L, M, SQUARE>(l, panel, &tile.digits, first)
                } else {
                    let mut mean = [l.splat(0.0); M];
                    for i in 0..M {
                        mean[i] = l.load(&means[n][first + i].0);
                    }
                    (mean, mean)
                };
                for i in 0..M {
                    let m = first + i;
                    if !tile.used[m] {
                        continue;
                    }
                    let mut value = l.mul(mean[i], gain);
                    if NOISY {
                        let sigma = l.sqrt(l.add(l.mul(variance[i], variance_gain), floor));
                        value = l.add(value, l.mul(sigma, l.load(&normals[m][line].0)));
                    }
                    if let Some(values) = values.as_deref_mut() {
                        let at = (index * ROWS + m) * GROUP + line * LANES;
                        l.store(value, lanes_mut(values, at));
                    }
                    let rounded = l.round(value);
                    let mut code = l.min(l.max(rounded, low), high);
                    clipped += l.count_unequal(rounded, code);
                    if let Some(tables) = &columns.tables {
                        let mut values = [0.0; LANES];
                        l.store(value, &mut values);
                        tables.convert(index * GROUP / LANES + line, &mut values);
                        code = l.load(&values);
                    }
                    let code = l.word_of_float(code);
                    code_sum = l.add_word(code_sum, l.abs_word(code));
                    let at = tile.slots[m] * slot_len + index * GROUP + line * LANES;
                    let to: &mut [i32; LANES] = lanes_mut(accumulators, at);
                    let weight = l.splat_word(tile.weights[m] as u32);
                    l.store_word(l.add_word(l.load_word(to), l.mul_word(code, weight)), to);
                }
                first += M;
            }
            let mut sums = [0; LANES];
            l.store_word(code_sum, &mut sums);
            done.code_sum += sums.iter().map(|s| u64::from(*s as u32)).sum::<u64>();
            done.clipped += u64::from(clipped);
        }
    }
    done
}

#[inline(always)]
fn lanes_mut<T>(slice: &mut [T], at: usize) -> &mut [T; LANES] {
    (&mut slice[at..at + LANES]).try_into().expect("the range has sixteen elements")
}

/// Column sums of a noise-free group for all planes, `[line][plane]`.
#[inline(always)]
fn sums<L: Lanes, const M: usize>(
    l: L,
    group: &ColumnGroup,
    digits: &[[f32; ROWS]],
    words: &[[u32; ROWS]],
    means: &mut [[Line; ROWS]; 4],
) {
    #[cfg(target_arch = "x86_64")]
    if let (Some(quads), Some(vnni), false) = (&group.levels, Vnni::detect(), words.is_empty()) {
        return levels::sums(vnni, quads, words, means);
    }
    let rows = digits.len();
    for (lines, means) in group.panel.chunks(2 * rows.max(1)).zip(means.chunks_mut(2)) {
        let (one, two) = lines.split_at(rows);
        for first in (0..ROWS).step_by(M) {
            if two.is_empty() {
                lines_of::<L, M, 1>(l, [one], digits, first, means);
            } else {
                lines_of::<L, M, 2>(l, [one, two], digits, first, means);
            }
        }
    }
}

/// Column sums of `V` lines for `M` planes from `first` on.
#[inline(always)]
fn lines_of<L: Lanes, const M: usize, const V: usize>(
    l: L,
    lines: [&[Line]; V],
    digits: &[[f32; ROWS]],
    first: usize,
    means: &mut [[Line; ROWS]],
) {
    let mut sums = [[l.splat(0.0); V]; M];
    let lines = lines.map(|line| &line[..digits.len()]);
    for (k, x) in digits.iter().enumerate() {
        let mut g = [l.splat(0.0); V];
        for v in 0..V {
            g[v] = l.load(&lines[v][k].0);
        }
        for m in 0..M {
            let x = l.splat(x[first + m]);
            for v in 0..V {
                sums[m][v] = l.mul_add_exact(x, g[v], sums[m][v]);
            }
        }
    }
    for v in 0..V {
        for m in 0..M {
            l.store(sums[m][v], &mut means[v][first + m].0);
        }
    }
}

/// Column sums of means and of variances for `M` planes from `first` on.
#[inline(always)]
fn product<L: Lanes, const M: usize, const SQUARE: bool>(
    l: L,
    panel: &[Line],
    digits: &[[f32; ROWS]],
    first: usize,
) -> ([L::Float; M], [L::Float; M]) {
    let mut mean = [l.splat(0.0); M];
    let mut variance = [l.splat(0.0); M];
    for (g, x) in panel.chunks_exact(2).zip(digits) {
        let (g0, g1) = (l.load(&g[0].0), l.load(&g[1].0));
        for m in 0..M {
            let x = l.splat(x[first + m]);
            mean[m] = l.mul_add_exact(x, g0, mean[m]);
            let x = if SQUARE { l.mul(x, x) } else { x };
            variance[m] = l.mul_add_exact(x, g1, variance[m]);
        }
    }
    (mean, variance)
}
