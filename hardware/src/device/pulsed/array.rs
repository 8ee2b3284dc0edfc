//! An array of pulsed cells: weights of a layer under training.

use rayon::prelude::*;

use super::PulsedCell;
use super::arithmetic::Scalar;
use super::firing::Firing;
use super::kernel::{CELLS, Counts, DOWN, Fill, HIDDEN, HIGH, LOW, Noise, ORDINAL, OWN, Plane, ROWS, Rows, UP};
use super::step::{StepLaw, with_law};
use crate::device::{Chance, Checks, SpecError};
use crate::rng::{Domain, Draw, element, fill_normals, key};
use crate::simd::{Isa, Lanes, run};

/// Weights in pulsed cells, `rows × columns`; an update moves them by `-rate·d·xᵀ`, `d` along the rows and `x` along
/// the columns.
#[derive(Debug, Clone)]
pub struct PulsedArray {
    pub(super) cell: PulsedCell,
    shape: [usize; 2],
    /// Address of the first cell.
    pub(super) place: u64,
    pub(super) chance: Chance,
    /// Cells in blocks, see [`super::kernel`].
    data: Vec<Plane>,
    /// Decay, diffusion and reset weight of each cell.
    upsets: Vec<[f32; 3]>,
    /// Updates, settings and upsets so far.
    pub(super) events: u64,
    pub(super) isa: Isa,
}

/// Address of a cell of the array whose first cell stands at `place`.
fn at(place: u64, row: usize, column: usize) -> u64 {
    place + element(0, row, column, 0, false, 0)
}

impl PulsedArray {
    /// Draws the cells and sets their weights to zero. The cell of row `i` and column `j` has the address
    /// `place + element(0, i, j, 0, false, 0)`, the same cell as in a chip.
    ///
    /// # Errors
    /// Every number of the cell out of its range.
    pub fn new(cell: &PulsedCell, shape: [usize; 2], place: u64, chance: Chance) -> Result<Self, Vec<SpecError>> {
        let mut c = Checks::default();
        let cell = cell.clone().checked(&mut c);
        let widest = shape[0].max(shape[1]);
        c.require(widest <= 1 << 16, "shape", "an array has at most 65536 rows and columns", "use several arrays");
        let Some(cell) = cell.filter(|_| c.clean()) else { return Err(c.errors()) };
        let own = with_law!(&cell.step, law => owns(law));
        let upsets = vec![[0.0; 3]; shape[0] * shape[1]];
        let mut array = Self { cell, shape, place, chance, data: Vec::new(), upsets, events: 0, isa: Isa::best() };
        let (cell, planes, stride) = (&array.cell, array.planes(), array.stride());
        array.data = vec![Plane::ZERO; shape[0] * stride];
        if stride > 0 {
            let rows = array.data.par_chunks_mut(stride).zip(array.upsets.par_chunks_mut(shape[1])).enumerate();
            rows.for_each(|(i, (row, upsets))| {
                for (j, upset) in upsets.iter_mut().enumerate() {
                    let one = cell.instance(at(place, i, j), chance);
                    let block = &mut row[j / CELLS * planes..][..planes];
                    let mut put = |plane: usize, v: f64| block[plane].cells_mut()[j % CELLS] = v as f32;
                    put(LOW, one.low);
                    put(HIGH, one.high);
                    put(UP, one.up);
                    put(DOWN, -one.down);
                    for k in 0..own {
                        put(OWN + k, one.own[k]);
                    }
                    *upset = [one.decay as f32, one.diffusion as f32, one.reset as f32];
                }
            });
        }
        array.set_weights(&vec![0.0; shape[0] * shape[1]]);
        Ok(array)
    }

    /// The array on a chosen instruction set; all give the same bits.
    #[must_use]
    pub fn on(mut self, isa: Isa) -> Self {
        self.isa = isa;
        self
    }

    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Planes of a block; with write noise the last holds what is read.
    fn planes(&self) -> usize {
        OWN + with_law!(&self.cell.step, law => owns(law)) + usize::from(self.write() != 0.0)
    }

    /// Planes of a row.
    fn stride(&self) -> usize {
        self.shape[1].div_ceil(CELLS) * self.planes()
    }

    /// A number of each cell, row by row, from the planes of its block and its place there.
    fn gather(&self, number: impl Fn(&[Plane], usize) -> f32) -> Vec<f32> {
        let (planes, stride) = (self.planes(), self.stride());
        let places = (0..self.shape[0]).flat_map(|i| (0..self.shape[1]).map(move |j| (i, j)));
        places.map(|(i, j)| number(&self.data[i * stride + j / CELLS * planes..][..planes], j % CELLS)).collect()
    }

    fn plane(&self, plane: usize) -> Vec<f32> {
        self.gather(|block, j| block[plane].cells()[j])
    }

    /// The weights as they are read, row by row.
    #[must_use]
    pub fn weights(&self) -> Vec<f32> {
        if self.write() != 0.0 {
            return self.plane(self.planes() - 1);
        }
        self.gather(|block, j| block[HIDDEN].cells()[j] - reference(&self.cell, block, j))
    }

    /// Least weights, row by row, before a reference is taken off.
    #[must_use]
    pub fn lows(&self) -> Vec<f32> {
        self.plane(LOW)
    }

    /// Greatest weights, row by row, before a reference is taken off.
    #[must_use]
    pub fn highs(&self) -> Vec<f32> {
        self.plane(HIGH)
    }

    /// Write noise of what is read, in weight.
    fn write(&self) -> f32 {
        (self.cell.write_noise_std * self.cell.dw_min * self.chance.scale) as f32
    }

    /// First tick of the next event.
    pub(super) fn event(&mut self) -> u64 {
        self.events += 1;
        self.events << ORDINAL
    }

    /// Moves each cell to `to(weight read without noise, its index, its upsets, a normal)`, clipped to its bounds, and
    /// redraws what is read if `redraw`.
    fn each(&mut self, redraw: bool, to: impl Fn(f32, usize, [f32; 3], f32) -> f32 + Sync) {
        let tick = self.event();
        let (planes, stride, columns) = (self.planes(), self.stride(), self.shape[1]);
        let (write, drawn) = (self.write(), if redraw { self.write() } else { 0.0 });
        let (cell, place, seed, upsets) = (&self.cell, self.place, self.chance.seed, &self.upsets);
        if stride == 0 {
            return;
        }
        self.data.par_chunks_mut(stride).enumerate().for_each(|(i, row)| {
            let line = |domain| {
                let mut line = vec![0.0; columns];
                fill_normals(Draw { seed, domain, element: at(place, i, 0), tick }, &mut line);
                line
            };
            let (z, noise) =
                (line(Domain::Upset), if drawn == 0.0 { vec![0.0; columns] } else { line(Domain::WriteNoise) });
            for j in 0..columns {
                let (block, k) = (&mut row[j / CELLS * planes..][..planes], j % CELLS);
                let reference = reference(cell, block, k);
                let index = i * columns + j;
                let w = to(block[HIDDEN].cells()[k] - reference, index, upsets[index], z[j]) + reference;
                let hidden = w.max(block[LOW].cells()[k]).min(block[HIGH].cells()[k]);
                block[HIDDEN].cells_mut()[k] = hidden;
                if write != 0.0 {
                    block[planes - 1].cells_mut()[k] = hidden - reference + drawn * noise[j];
                }
            }
        });
    }

    /// Sets the weights, clipped to the bounds of each cell.
    pub fn set_weights(&mut self, weights: &[f32]) {
        self.each(self.cell.apply_write_noise_on_set, |_, i, _, _| weights[i]);
    }

    /// Decay of one mini-batch towards the reset weight; `share` scales it, 1 for the cell's own.
    pub fn decay(&mut self, share: f32) {
        self.each(true, |w, _, [decay, _, reset], _| reset + (w - reset) * (1.0 - share * decay));
    }

    /// Diffusion of one mini-batch.
    pub fn diffuse(&mut self) {
        let scale = self.chance.scale as f32;
        self.each(true, |w, _, [_, diffusion, _], z| w + scale * diffusion * z);
    }

    /// Resets the cells for which `chosen` (of their index, row by row) says so.
    pub fn reset(&mut self, chosen: impl Fn(usize) -> bool + Sync) {
        let deviation = (self.cell.reset_std * self.chance.scale) as f32;
        self.each(true, |w, i, [_, _, reset], z| if chosen(i) { reset + deviation * z } else { w });
    }

    /// Applies pulses one by one, `counts` row by row, positive upwards, at most 65,535 a cell. Returns how many.
    pub fn pulse(&mut self, counts: &[i32]) -> u64 {
        let columns = self.shape[1];
        self.apply(&Given { counts, columns })
    }

    /// Applies the pulses of an event.
    pub(super) fn apply<C: Counts>(&mut self, counts: &C) -> u64 {
        let tick = self.event();
        let seed = self.chance.seed;
        let noise = Noise {
            keys: [key(seed, Domain::Pulse), key(seed, Domain::WriteNoise)],
            tick,
            pulse: (self.cell.dw_min_std * self.chance.scale) as f32,
            write: self.write(),
        };
        let (stride, columns, place, isa) = (self.stride(), self.shape[1], self.place, self.isa);
        if stride == 0 {
            return 0;
        }
        let padded = columns.div_ceil(CELLS) * CELLS;
        let firing = &Firing::new(columns, |j| counts.fires(j));
        let step = &self.cell.step;
        let rows = self.data.par_chunks_mut(ROWS * stride).enumerate();
        rows.map_init(
            || vec![0; ROWS * padded],
            |filled, (chunk, data)| {
                let first = chunk * ROWS;
                let filled = &mut filled[..data.len() / stride * padded];
                let (pulses, longest) = run(isa, Fill { counts, first, padded, out: filled });
                if pulses > 0 {
                    let (elements, counts) = (std::array::from_fn(|k| at(place, first + k, 0)), &filled[..]);
                    with_law!(step, law => run(
                        isa,
                        Rows { law, noise, firing, elements, longest, padded, stride, counts, data },
                    ));
                }
                pulses
            },
        )
        .sum()
    }
}

/// Numbers that a law keeps for a cell.
fn owns<S: StepLaw>(_law: &S) -> usize {
    S::OWN
}

/// Weight of the reference that reading cell `j` of a block subtracts.
fn reference(cell: &PulsedCell, block: &[Plane], j: usize) -> f32 {
    fn of<S: StepLaw>(law: &S, block: &[Plane], j: usize) -> f32 {
        let own = |k: usize| if k < S::OWN { f64::from(block[OWN + k].cells()[j]) } else { 0.0 };
        law.reference(Scalar, [own(0), own(1)]).unwrap_or(0.0) as f32
    }
    with_law!(&cell.step, law => of(law, block, j))
}

/// Counts told one by one.
struct Given<'a> {
    counts: &'a [i32],
    columns: usize,
}

impl Counts for Given<'_> {
    #[inline(always)]
    fn fill<L: Lanes>(&self, _l: L, row: usize, out: &mut [i32]) -> bool {
        out[..self.columns].copy_from_slice(&self.counts[row * self.columns..][..self.columns]);
        true
    }
}
