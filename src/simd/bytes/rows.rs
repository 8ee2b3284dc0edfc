//! The left-hand side of a product in fixed point: vectors as digits.

use super::grid::{BIAS, DIGITS, Most, digits, factor};
use super::{DEPTH, TILE, Tile};
use crate::simd::{Body, Doubles, Isa, LANES, Lanes, run};

/// The grid of the elements of vectors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Grid {
    /// Any numbers; each vector has a grid of its own, after its largest magnitude. Three digits.
    Real,
    /// Whole numbers of the given largest magnitude, each worth `unit`: as many digits as they need.
    Whole {
        /// Largest magnitude.
        largest: f32,
        /// Worth of one.
        unit: f64,
    },
}

impl Grid {
    /// The grid of whole numbers, or that of any numbers if three digits do not write the largest.
    #[must_use]
    pub fn whole(largest: f32, unit: f64) -> Option<Self> {
        digits(largest).map(|_| Self::Whole { largest, unit })
    }

    fn digits(self) -> usize {
        match self {
            Self::Real => DIGITS,
            Self::Whole { largest, .. } => digits(largest).unwrap_or(DIGITS),
        }
    }
}

/// Vectors as digits, `[vector / 16][digit][element / 64]` of tiles, most significant digit first.
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

    /// The digits `range` of the vectors of a tile; nothing beyond the last.
    pub(super) fn run(&self, tile: usize, range: std::ops::Range<usize>) -> &[Tile] {
        let at = |digit: usize| (tile * self.digits + digit) * self.steps();
        self.tiles.get(at(range.start)..at(range.end)).unwrap_or_default()
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

    /// Takes `count` vectors, `[count][depth]`. On [`Grid::Whole`], elements must be whole and not beyond the largest
    /// (others give wrong results). A vector of [`Grid::Real`] with an element that is not finite has no results but
    /// NaN.
    ///
    /// # Panics
    /// If there are not `count` vectors of one length.
    pub fn fill(&mut self, isa: Isa, grid: Grid, count: usize, values: &[f32]) {
        self.depth = values.len() / count.max(1);
        assert_eq!(values.len(), self.depth * count, "vectors of one length");
        self.digits = grid.digits();
        let steps = self.steps();
        self.tiles.resize(count.div_ceil(TILE) * self.digits * steps, Tile([[[0; 4]; TILE]; TILE]));
        self.units.clear();
        if self.depth == 0 {
            self.units.resize(count, 0.0);
            return;
        }
        for (row, values) in values.chunks(self.depth).enumerate() {
            let factor = match grid {
                Grid::Whole { unit, .. } => {
                    self.units.push(unit);
                    1.0
                }
                Grid::Real => {
                    let most = run(isa, Most(values));
                    let factor = if most.is_finite() { factor(most) } else { f32::NAN };
                    self.units.push(1.0 / f64::from(factor));
                    factor
                }
            };
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
    fn run<L: Lanes + Doubles>(self, l: L) {
        let Self { values, factor, row, tiles } = self;
        let steps = tiles.len() / N;
        let (factor, bias) = (l.splat(factor), l.splat_word(BIAS[N] as u32));
        for (step, values) in values.chunks(DEPTH).enumerate() {
            for (part, values) in values.chunks(LANES).enumerate() {
                // elements beyond the last meet zeros
                let mut last = [0.0; LANES];
                let values = values.first_chunk().unwrap_or_else(|| {
                    last[..values.len()].copy_from_slice(values);
                    &last
                });
                let whole = l.word_of_float(l.round(Lanes::mul(l, l.load(values), factor)));
                let biased = l.add_word(whole, bias);
                let mut store = |digit: usize, v: L::Word| {
                    let line = tiles[digit * steps + step].0[row].as_flattened_mut();
                    let to = line[part * LANES..].first_chunk_mut().expect("a quarter of a line");
                    l.store_bytes(v, to);
                };
                store(N - 1, biased);
                if N > 1 {
                    store(N - 2, l.shr::<8>(biased));
                }
                if N > 2 {
                    store(N - 3, l.shr::<16>(biased));
                }
            }
        }
    }
}
