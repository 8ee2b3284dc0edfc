//! The left-hand side of a product in fixed point: vectors as digits.

use super::grid::{BIAS, DIGITS, Most, digits};
use super::{DEPTH, TILE, Tile};
use crate::simd::{Body, Isa, LANES, Lanes, Vectors, run};

/// The grid of the elements of vectors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Grid {
    /// Any numbers; each vector has a grid of its own, after its largest magnitude. Three digits.
    Real,
    /// Whole numbers of the given largest magnitude: as many digits as they need, and a grid as for any numbers where
    /// three do not do.
    Whole(f32),
}

impl Grid {
    /// Digits of whole numbers, if they stand on this grid.
    fn whole(self) -> Option<usize> {
        match self {
            Self::Real => None,
            Self::Whole(largest) => digits(largest),
        }
    }

    /// Digits of a number.
    #[must_use]
    pub fn digits(self) -> usize {
        self.whole().unwrap_or(DIGITS)
    }
}

/// Vectors as digits, `[vector / 16][element / 64][digit]` of tiles, most significant digit first.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    pub(super) depth: usize,
    pub(super) digits: usize,
    tiles: Vec<Tile>,
    /// Worth of one step of every vector.
    pub(super) units: Vec<f64>,
}

impl Rows {
    /// Tiles of one digit of sixteen vectors.
    fn steps(&self) -> usize {
        self.depth.div_ceil(DEPTH)
    }

    /// The digits of sixteen vectors.
    pub(super) fn tile(&self, tile: usize) -> &[Tile] {
        let len = self.digits * self.steps();
        &self.tiles[tile * len..][..len]
    }

    /// Number of vectors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Whether there is no vector.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Takes `count` vectors, `[count][depth]`, whose elements are worth `unit` each. On [`Grid::Whole`], elements must
    /// be whole and not beyond the largest (others give wrong results). A vector on a grid of its own with an element
    /// that is not finite has no results but NaN.
    ///
    /// # Panics
    /// If there are not `count` vectors of one length.
    pub fn fill(&mut self, isa: Isa, grid: Grid, unit: f64, count: usize, values: &[f32]) {
        self.depth = values.len() / count.max(1);
        assert_eq!(values.len(), self.depth * count, "vectors of one length");
        self.digits = grid.digits();
        let steps = self.steps();
        self.tiles.resize(count.div_ceil(TILE) * self.digits * steps, Tile([[0; TILE]; TILE]));
        self.units.clear();
        self.units.resize(count, unit);
        for (row, values) in values.chunks(self.depth.max(1)).enumerate() {
            let mut factor = 1.0;
            if grid.whole().is_none() {
                let most = run(isa, Most(values));
                factor = if most.is_finite() { super::grid::factor(most) } else { f32::NAN };
                self.units[row] = unit / f64::from(factor);
            }
            let tiles = &mut self.tiles[row / TILE * self.digits * steps..][..self.digits * steps];
            let row = row % TILE;
            match self.digits {
                1 => run(isa, Split::<1> { values, factor, row, tiles }),
                2 => run(isa, Split::<2> { values, factor, row, tiles }),
                _ => run(isa, Split::<DIGITS> { values, factor, row, tiles }),
            }
        }
    }
}

/// Writes the digits of a vector.
struct Split<'a, const N: usize> {
    values: &'a [f32],
    factor: f32,
    row: usize,
    tiles: &'a mut [Tile],
}

impl<const N: usize> Body for Split<'_, N> {
    type Output = ();
    #[inline(always)]
    fn run<L: Vectors>(self, l: L) {
        let Self { values, factor, row, tiles } = self;
        let (factor, bias) = (l.splat(factor), l.splat_word(BIAS[N] as u32));
        for (values, tiles) in values.chunks(DEPTH).zip(tiles.as_chunks_mut::<N>().0) {
            // elements beyond the last meet zeros
            let mut last = [0.0; DEPTH];
            let values: &[f32; DEPTH] = values.first_chunk().unwrap_or_else(|| {
                last[..values.len()].copy_from_slice(values);
                &last
            });
            let mut words = [bias; DEPTH / LANES];
            for (word, values) in words.iter_mut().zip(values.as_chunks().0) {
                let whole = l.word_of_float(l.round(Lanes::mul(l, l.load(values), factor)));
                *word = l.add_word(whole, bias);
            }
            let [a, b, c, d] = words;
            // the lower bytes of each two
            let (ac, bd) = (blend(l, LOW, a, l.shl::<16>(c)), blend(l, LOW, b, l.shl::<16>(d)));
            l.store_word(blend(l, EVEN, ac, l.shl::<8>(bd)), &mut tiles[N - 1].0[row]);
            if N > 1 {
                l.store_word(blend(l, EVEN, l.shr::<8>(ac), bd), &mut tiles[N - 2].0[row]);
            }
            if N > 2 {
                let (ac, bd) = (blend(l, LOW, l.shr::<16>(a), c), blend(l, LOW, l.shr::<16>(b), d));
                l.store_word(blend(l, EVEN, ac, l.shl::<8>(bd)), &mut tiles[N - 3].0[row]);
            }
        }
    }
}

/// The lower half of a word.
const LOW: u32 = 0xffff;
/// Bytes 0 and 2.
const EVEN: u32 = 0x00ff_00ff;

/// Bits of `a` where the mask has them, else those of `b`.
#[inline(always)]
fn blend<L: Lanes>(l: L, mask: u32, a: L::Word, b: L::Word) -> L::Word {
    l.xor(l.and(l.xor(a, b), l.splat_word(mask)), b)
}
