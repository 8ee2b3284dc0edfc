//! Pulses on the cells of one row, sixteen lanes at a time.
//!
//! A row lies in blocks of sixteen cells, each block one vector per number of a cell ([`HIDDEN`] and so on), so that
//! a row is one stretch of memory. Pulse `k` of a cell draws the normal of (row, event, k) in the cell's column: draws
//! belong to cells, whatever is skipped, and threads or vector width change no bit.

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

/// Blocks that share one draw of normals.
const BLOCKS: usize = GROUP / LANES;

/// Pulses that the cells of a row get, positive upwards.
pub(super) trait Counts: Sync {
    /// Writes the counts of `row` (padded to whole blocks) and returns how many pulses they are.
    fn fill<L: Lanes>(&self, l: L, row: usize, out: &mut [i32]) -> u64;
}

/// Pulses in all.
pub(super) fn total(counts: &[i32]) -> u64 {
    counts.iter().map(|c| u64::from(c.unsigned_abs())).sum()
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
    element: u64,
    counts: &[i32],
    row: &mut [f32],
) {
    let size = (OWN + S::OWN) * LANES;
    for (group, (blocks, counts)) in row.chunks_mut(BLOCKS * size).zip(counts.chunks(GROUP)).enumerate() {
        let mut ordinal = 0;
        loop {
            let mut active = [l.splat_word(0); BLOCKS];
            let mut pulsed = [false; BLOCKS];
            for ((active, pulsed), counts) in active.iter_mut().zip(&mut pulsed).zip(counts.chunks_exact(LANES)) {
                *active = beyond(l, load_counts(l, counts), ordinal);
                *pulsed = any(l, *active);
            }
            if pulsed == [false; BLOCKS] {
                break;
            }
            let tick = noise.tick + u64::from(ordinal);
            let xi = if noise.pulse == 0.0 {
                [l.splat(0.0); BLOCKS]
            } else {
                normals64::<L, false>(l, noise.keys[0], element, tick, group as u32)
            };
            for (k, block) in blocks.chunks_exact_mut(size).enumerate().filter(|(k, _)| pulsed[*k]) {
                let down = l.sar::<31>(load_counts(l, &counts[k * LANES..]));
                let up = l.xor(down, l.splat_word(u32::MAX));
                pulse_block(l, law, noise.pulse, block, [up, active[k]], xi[k]);
            }
            ordinal += 1;
        }
        if ordinal == 0 {
            continue;
        }
        let xi = if noise.write == 0.0 {
            [l.splat(0.0); BLOCKS]
        } else {
            normals64::<L, false>(l, noise.keys[1], element, noise.tick, group as u32)
        };
        for (k, block) in blocks.chunks_exact_mut(size).enumerate() {
            let moved = beyond(l, load_counts(l, &counts[k * LANES..]), 0);
            let mut w = load(l, block, HIDDEN);
            if let Some(reference) = law.reference(l, own::<L, S>(l, block)) {
                w = l.sub(w, reference);
            }
            w = l.add(w, l.mul(l.splat(noise.write), xi[k]));
            store(l, select(l, moved, w, load(l, block, VISIBLE)), block, VISIBLE);
        }
    }
}
