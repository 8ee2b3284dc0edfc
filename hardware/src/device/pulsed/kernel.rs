//! Pulses on the cells of one row, sixteen lanes at a time.
//!
//! A row lies in blocks of sixteen cells, each block one vector per number of a cell ([`HIDDEN`] and so on), so that
//! a row is one stretch of memory. Pulse `k` of a cell draws the normal of (row, event, k) at the cell's place among
//! the columns that fire in this event ([`Firing`]): nothing is drawn for columns at rest, and threads or vector width
//! change no bit.

use super::step::{Site, StepLaw};
use crate::rng::{GROUP, normals64};
use crate::simd::functions::select;
use crate::simd::{LANES, Lanes};

/// Weight that pulses move.
pub(super) const HIDDEN: usize = 0;
/// Weight that is read.
pub(super) const VISIBLE: usize = 1;
/// Bounds.
pub(super) const LOW: usize = 2;
pub(super) const HIGH: usize = 3;
/// Step up, and the negative step down.
pub(super) const UP: usize = 4;
pub(super) const DOWN: usize = 5;
/// First of the law's own numbers.
pub(super) const OWN: usize = 6;

/// Bits of a tick that number the pulses of a cell within an event.
pub(super) const ORDINAL: u32 = 16;

/// Pulses that the cells of a row get, positive upwards.
pub(super) trait Counts: Sync {
    /// Writes the counts of `row` (padded to whole blocks) and returns how many pulses they are.
    fn fill<L: Lanes>(&self, l: L, row: usize, out: &mut [i32]) -> u64;
    /// Whether any row may pulse the cell of column `j`.
    fn fires(&self, j: usize) -> bool {
        let _ = j;
        true
    }
}

/// Pulses in all.
pub(super) fn total(counts: &[i32]) -> u64 {
    counts.iter().map(|c| u64::from(c.unsigned_abs())).sum()
}

/// The columns that fire in an event, whatever the row, and their places in a line of normals.
#[derive(Debug, Clone)]
pub(super) struct Firing {
    /// For each block the place of its first firing column, and a bit for each lane that fires.
    blocks: Vec<(usize, u16)>,
    /// Columns that fire.
    columns: usize,
}

impl Firing {
    /// From what each column says.
    pub(super) fn new(columns: usize, fires: impl Fn(usize) -> bool) -> Self {
        let mut blocks = Vec::with_capacity(columns.div_ceil(LANES));
        let mut place = 0;
        for first in (0..columns).step_by(LANES) {
            let lanes: u16 =
                (first..columns.min(first + LANES)).filter(|j| fires(*j)).fold(0, |m, j| m | 1 << (j - first));
            blocks.push((place, lanes));
            place += lanes.count_ones() as usize;
        }
        Self { blocks, columns: place }
    }
}

/// Normals of the firing columns of a row, drawn group by group as they are asked for.
pub(super) struct Line {
    values: Vec<f32>,
    drawn: Vec<bool>,
}

impl Line {
    /// Of the columns that fire.
    pub(super) fn new(firing: &Firing) -> Self {
        let groups = firing.columns.div_ceil(GROUP);
        // the last block may load sixteen numbers from the last place
        Self { values: vec![0.0; groups * GROUP + LANES], drawn: vec![false; groups] }
    }

    /// The normals of a block's lanes.
    #[inline(always)]
    fn block<L: Lanes>(
        &mut self,
        l: L,
        (place, lanes): (usize, u16),
        key: [u32; 2],
        element: u64,
        tick: u64,
    ) -> L::Float {
        let n = lanes.count_ones() as usize;
        if n == 0 {
            return l.splat(0.0);
        }
        for group in place / GROUP..=(place + n - 1) / GROUP {
            if !self.drawn[group] {
                self.drawn[group] = true;
                let values = normals64::<L, false>(l, key, element, tick, group as u32);
                for (to, v) in self.values[group * GROUP..][..GROUP].chunks_exact_mut(LANES).zip(values) {
                    l.store(v, to.try_into().expect("sixteen numbers"));
                }
            }
        }
        l.expand(lanes, self.values[place..][..LANES].try_into().expect("sixteen numbers"))
    }
}

/// Chance of one event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noise {
    /// Philox keys of pulse noise and write noise.
    pub keys: [[u32; 2]; 2],
    /// First tick of the event.
    pub tick: u64,
    /// Deviation of a step, relative to what the law gives.
    pub pulse: f32,
    /// Deviation of what is read, in weight.
    pub write: f32,
}

/// One vector of a block.
#[inline(always)]
fn load<L: Lanes>(l: L, block: &[f32], plane: usize) -> L::Float {
    let at = &block[plane * LANES..][..LANES];
    l.load(at.try_into().expect("sixteen numbers"))
}

#[inline(always)]
fn store<L: Lanes>(l: L, v: L::Float, block: &mut [f32], plane: usize) {
    let at = &mut block[plane * LANES..][..LANES];
    l.store(v, at.try_into().expect("sixteen numbers"));
}

#[inline(always)]
fn load_counts<L: Lanes>(l: L, counts: &[i32]) -> L::Word {
    l.load_word(counts[..LANES].try_into().expect("sixteen counts"))
}

/// The law's own numbers of a block.
#[inline(always)]
fn own<L: Lanes, S: StepLaw>(l: L, block: &[f32]) -> [L::Float; 2] {
    let plane = |i: usize| if i < S::OWN { load(l, block, OWN + i) } else { l.splat(0.0) };
    [plane(0), plane(1)]
}

/// Whether any lane of a mask is set.
#[inline(always)]
fn any<L: Lanes>(l: L, mask: L::Word) -> bool {
    l.count_unequal(l.float_of_word(mask), l.splat(0.0)) != 0
}

/// Lanes whose number of pulses is greater than `ordinal`.
#[inline(always)]
fn beyond<L: Lanes>(l: L, counts: L::Word, ordinal: u32) -> L::Word {
    l.sar::<31>(l.sub_word(l.splat_word(ordinal), l.abs_word(counts)))
}

/// One pulse on the active cells of a block.
#[inline(always)]
fn pulse_block<L: Lanes, S: StepLaw>(
    l: L,
    law: &S,
    sigma: f32,
    block: &mut [f32],
    [up, active]: [L::Word; 2],
    xi: L::Float,
) {
    let step = select(l, up, load(l, block, UP), load(l, block, DOWN));
    let site = Site { low: load(l, block, LOW), high: load(l, block, HIGH), step, own: own::<L, S>(l, block) };
    let w = load(l, block, HIDDEN);
    let [dw, amplitude] = law.increment(l, &site, up, w);
    let noise = l.mul(l.mul(l.splat(sigma), amplitude), xi);
    let next = l.min(l.max(l.add(w, l.add(dw, noise)), site.low), site.high);
    store(l, select(l, active, next, w), block, HIDDEN);
}

/// Applies the pulses of a row of cells; `element` is the row's address.
#[inline(always)]
pub(super) fn pulse_row<L: Lanes, S: StepLaw>(
    l: L,
    law: &S,
    noise: &Noise,
    (firing, line): (&Firing, &mut Line),
    element: u64,
    counts: &[i32],
    row: &mut [f32],
) {
    let size = (OWN + S::OWN) * LANES;
    let mut ordinal = 0;
    loop {
        let mut pulsed = false;
        let tick = noise.tick + u64::from(ordinal);
        line.drawn.fill(false);
        for ((block, counts), places) in row.chunks_exact_mut(size).zip(counts.chunks_exact(LANES)).zip(&firing.blocks)
        {
            let counts = load_counts(l, counts);
            let active = beyond(l, counts, ordinal);
            if !any(l, active) {
                continue;
            }
            pulsed = true;
            let up = l.xor(l.sar::<31>(counts), l.splat_word(u32::MAX));
            let xi =
                if noise.pulse == 0.0 { l.splat(0.0) } else { line.block(l, *places, noise.keys[0], element, tick) };
            pulse_block(l, law, noise.pulse, block, [up, active], xi);
        }
        if !pulsed {
            break;
        }
        ordinal += 1;
    }
    line.drawn.fill(false);
    for ((block, counts), places) in row.chunks_exact_mut(size).zip(counts.chunks_exact(LANES)).zip(&firing.blocks) {
        let moved = beyond(l, load_counts(l, counts), 0);
        if !any(l, moved) {
            continue;
        }
        let mut w = load(l, block, HIDDEN);
        if let Some(reference) = law.reference(l, own::<L, S>(l, block)) {
            w = l.sub(w, reference);
        }
        if noise.write != 0.0 {
            let xi = line.block(l, *places, noise.keys[1], element, noise.tick);
            w = l.add(w, l.mul(l.splat(noise.write), xi));
        }
        store(l, select(l, moved, w, load(l, block, VISIBLE)), block, VISIBLE);
    }
}
