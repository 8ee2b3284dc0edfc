//! Pulses on the cells of one row, a block of 64 cells at a time.
//!
//! A row lies in blocks, each block one [`Plane`] per number of a cell ([`HIDDEN`] and so on), so that a row is one
//! stretch of memory. Normals are those of [`super::firing`]: threads or vector width change no bit.

use super::arithmetic::{ABREAST, Abreast, Arithmetic, each};
use super::firing::{Address, Firing, Line};
use super::step::{Site, StepLaw};
use crate::simd::{Body, LANES, Lanes, Vectors};

/// Cells of a block.
pub(super) const CELLS: usize = ABREAST * LANES;

/// Weight that pulses move.
pub(super) const HIDDEN: usize = 0;
/// Bounds.
pub(super) const LOW: usize = 1;
pub(super) const HIGH: usize = 2;
/// Step up, and the negative step down.
pub(super) const UP: usize = 3;
pub(super) const DOWN: usize = 4;
/// First of the law's own numbers. Behind them stands, if there is write noise, the weight that is read.
pub(super) const OWN: usize = 5;

/// Bits of a tick that number the pulses of a cell within an event.
pub(super) const ORDINAL: u32 = 16;

/// Rows that a thread takes at once.
pub(super) const ROWS: usize = 16;

/// One number of each cell of a block.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Plane([[f32; LANES]; ABREAST]);

impl Plane {
    pub const ZERO: Self = Self([[0.0; LANES]; ABREAST]);

    /// The numbers, cell by cell.
    pub fn cells(&self) -> &[f32] {
        self.0.as_flattened()
    }
    pub fn cells_mut(&mut self) -> &mut [f32] {
        self.0.as_flattened_mut()
    }
    #[inline(always)]
    fn load<L: Lanes>(&self, l: L) -> [L::Float; ABREAST] {
        each!(I => l.load(&self.0[I]))
    }
    #[inline(always)]
    fn store<L: Lanes>(&mut self, l: L, v: [L::Float; ABREAST]) {
        for (to, v) in self.0.iter_mut().zip(v) {
            l.store(v, to);
        }
    }
}

/// Pulses that the cells of a row get, positive upwards.
pub(super) trait Counts: Sync {
    /// Writes the counts of `row` to the front of a row padded with zeros to whole blocks. Returns whether there may
    /// be any; if not, nothing need be written.
    fn fill<L: Lanes>(&self, l: L, row: usize, out: &mut [i32]) -> bool;
    /// Whether any row may pulse the cell of column `j`.
    fn fires(&self, j: usize) -> bool {
        let _ = j;
        true
    }
}

/// Counts of some rows; apart from the pulses, so that laws and sources of counts do not multiply. Gives the number
/// of pulses in all, and the most that a cell of each row gets.
pub(super) struct Fill<'a, C> {
    pub counts: &'a C,
    pub first: usize,
    pub padded: usize,
    pub out: &'a mut [i32],
}

impl<C: Counts> Body for Fill<'_, C> {
    type Output = (u64, [u32; ROWS]);
    #[inline(always)]
    fn run<L: Vectors>(self, l: L) -> Self::Output {
        let (mut pulses, mut longest) = (0, [0; ROWS]);
        for (k, row) in self.out.chunks_exact_mut(self.padded).enumerate() {
            if self.counts.fill(l, self.first + k, row) {
                let (all, most) = tally(l, row);
                pulses += all;
                longest[k] = most;
            }
        }
        (pulses, longest)
    }
}

/// Pulses in all, and the most of a cell.
#[inline(always)]
fn tally<L: Lanes>(l: L, counts: &[i32]) -> (u64, u32) {
    let (mut sum, mut most) = (l.splat_word(0), l.splat(0.0));
    for counts in counts.as_chunks().0 {
        let n = l.abs_word(l.load_word(counts));
        sum = l.add_word(sum, n);
        most = l.max(most, l.float_of_word(n));
    }
    let (mut sums, mut greatest) = ([0; LANES], [0.0; LANES]);
    l.store_word(sum, &mut sums);
    l.store(most, &mut greatest);
    (sums.iter().map(|n| u64::from(*n as u32)).sum(), greatest.into_iter().fold(0.0, f32::max) as u32)
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

/// Pulses of some rows.
pub(super) struct Rows<'a, S> {
    pub law: &'a S,
    pub noise: Noise,
    pub firing: &'a Firing,
    /// Address of each row.
    pub elements: [u64; ROWS],
    /// Most pulses of a cell of each row.
    pub longest: [u32; ROWS],
    pub padded: usize,
    pub stride: usize,
    pub counts: &'a [i32],
    pub data: &'a mut [Plane],
}

impl<S: StepLaw> Body for Rows<'_, S> {
    type Output = ();
    #[inline(always)]
    fn run<L: Vectors>(self, l: L) {
        let mut line = Line::new(self.firing);
        let rows = self.data.chunks_exact_mut(self.stride).zip(self.counts.chunks_exact(self.padded));
        for ((row, counts), (element, longest)) in rows.zip(self.elements.into_iter().zip(self.longest)) {
            let counts = counts.as_chunks().0.as_chunks().0;
            if longest > 0 {
                pulse_row(l, self.law, &self.noise, &mut line, element, (counts, longest), row);
            }
        }
    }
}

/// Whether any lane of the masks is set.
#[inline(always)]
fn any<L: Lanes>(l: L, [a, b, c, d]: [L::Word; ABREAST]) -> bool {
    // a sum of four masks is not zero unless all are
    let masks = l.add_word(l.add_word(a, b), l.add_word(c, d));
    l.count_unequal(l.float_of_word(masks), l.splat(0.0)) != 0
}

/// Lanes whose number of pulses is greater than `ordinal`.
#[inline(always)]
fn beyond<L: Lanes>(l: L, counts: &[[i32; LANES]; ABREAST], ordinal: u32) -> [L::Word; ABREAST] {
    each!(I => l.sar::<31>(l.sub_word(l.splat_word(ordinal), l.abs_word(l.load_word(&counts[I])))))
}

/// One pulse on the active cells of a block; `down` are those whose pulses lead down.
#[inline(always)]
fn pulse_block<L: Lanes, S: StepLaw>(
    l: L,
    law: &S,
    sigma: f32,
    block: &mut [Plane],
    [down, active]: [[L::Word; ABREAST]; 2],
    xi: [L::Float; ABREAST],
) {
    let a = Abreast(l);
    let step = a.select(down, block[DOWN].load(l), block[UP].load(l));
    let site = Site { low: block[LOW].load(l), high: block[HIGH].load(l), step, own: own::<L, S>(l, block) };
    let w = block[HIDDEN].load(l);
    let up = each!(I => l.xor(down[I], l.splat_word(u32::MAX)));
    let [dw, amplitude] = law.increment(a, &site, up, w);
    let noise = a.mul(a.mul(a.number(f64::from(sigma)), amplitude), xi);
    let next = a.max(a.add(w, a.add(dw, noise)), site.low);
    let next = each!(I => l.min(next[I], site.high[I]));
    block[HIDDEN].store(l, a.select(active, next, w));
}

/// Draws what is read of the cells of a block that were pulsed.
#[inline(always)]
fn read_block<L: Lanes, S: StepLaw>(
    l: L,
    law: &S,
    write: f32,
    block: &mut [Plane],
    moved: [L::Word; ABREAST],
    xi: [L::Float; ABREAST],
) {
    let a = Abreast(l);
    let mut w = block[HIDDEN].load(l);
    if let Some(reference) = law.reference(a, own::<L, S>(l, block)) {
        w = a.sub(w, reference);
    }
    let read = a.add(w, a.mul(a.number(f64::from(write)), xi));
    let visible = &mut block[OWN + S::OWN];
    visible.store(l, a.select(moved, read, visible.load(l)));
}

/// The law's own numbers of a block.
#[inline(always)]
fn own<L: Lanes, S: StepLaw>(l: L, block: &[Plane]) -> [[L::Float; ABREAST]; 2] {
    let plane = |i: usize| if i < S::OWN { block[OWN + i].load(l) } else { [l.splat(0.0); ABREAST] };
    [plane(0), plane(1)]
}

/// Applies the pulses of a row of cells, at most `longest` to one; `element` is the row's address.
#[inline(always)]
fn pulse_row<L: Vectors, S: StepLaw>(
    l: L,
    law: &S,
    noise: &Noise,
    line: &mut Line,
    element: u64,
    (counts, longest): (&[[[i32; LANES]; ABREAST]], u32),
    row: &mut [Plane],
) {
    let written = noise.write != 0.0;
    let planes = OWN + S::OWN + usize::from(written);
    // behind the pulses, what is read is drawn anew
    for turn in 0..longest + u32::from(written) {
        let pulse = turn < longest;
        let (ordinal, key) = if pulse { (turn, noise.keys[0]) } else { (0, noise.keys[1]) };
        let at = Address { key, element, tick: noise.tick + u64::from(ordinal) };
        let silent = pulse && noise.pulse == 0.0;
        line.renew();
        for (i, counts) in counts.iter().enumerate() {
            let (block, following) = row[i * planes..].split_at_mut(planes);
            let active = beyond(l, counts, ordinal);
            if !any(l, active) {
                continue;
            }
            if turn == 0 {
                // cells that are pulsed seldom stand alone: the next come while these are calculated
                following.iter().take(planes).flat_map(|p| &p.0).for_each(|line| l.prefetch(line));
            }
            let xi = if silent { [l.splat(0.0); ABREAST] } else { line.block(l, i, at) };
            if pulse {
                let down = each!(I => l.sar::<31>(l.load_word(&counts[I])));
                pulse_block(l, law, noise.pulse, block, [down, active], xi);
            } else {
                read_block(l, law, noise.write, block, active, xi);
            }
        }
    }
}
