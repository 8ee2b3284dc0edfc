//! Many cells in single precision, sixteen to a block.
//!
//! A pulse that switches nothing reads two thresholds of a cell; a read, one number and its noise. The innovation of a
//! cell at its cycle `n` is a function of (seed, cell, `n`), the noise of a read one of (seed, cell, read): arrays that
//! hold parts of the same cells give the same bits, whatever the threads and the processor.

use rayon::prelude::*;

use super::cell::{Model, State};
use super::kernel::{Addressed, Block, Innovations, Kernel, Plane, Thresholds};
use super::mixture::{DeviceNumbers, component, device};
use super::parameters::{FEATURES, Features};
use super::read::{NoiseLaw, SMALLEST_VOLTAGE};
use crate::rng::{Domain, Draw, GROUP, key, normals_of16, normals64};
use crate::simd::{Body, Isa, LANES, Vectors, run};

/// Cells of a bank: arrays begin at the first cell of one.
pub const BANK: usize = GROUP;
/// Blocks of 16 cells that a thread takes at once, a whole number of banks.
const CHUNK: usize = 1024;
/// Banks of one family of draws of a read (16 bits of lanes).
const FAMILY: u64 = 1 << 12;

/// Voltages in volts.
#[derive(Debug, Clone, Copy)]
pub enum Voltages<'a> {
    /// The same for all cells.
    All(f32),
    /// One for each cell, as many as the array has; cells without one stay as they are.
    Each(&'a [f32]),
}

impl<'a> Voltages<'a> {
    /// Those of the cells from `first` on.
    fn beyond(self, first: usize) -> Self {
        match self {
            Self::All(u) => Self::All(u),
            Self::Each(u) => Self::Each(&u[first.min(u.len())..]),
        }
    }
    /// Those of block `block`; lanes beyond the last cell get none (no comparison holds for NaN).
    #[inline(always)]
    fn load<V: Vectors>(self, l: V, block: usize) -> V::Float {
        match self {
            Self::All(u) => l.splat(u),
            Self::Each(u) => {
                let rest = u.get(LANES * block..).unwrap_or_default();
                match rest.first_chunk() {
                    Some(whole) => l.load(whole),
                    None => {
                        let mut padded = [f32::NAN; LANES];
                        padded[..rest.len()].copy_from_slice(rest);
                        l.load(&padded)
                    }
                }
            }
        }
    }
}

/// An array of cells.
#[derive(Debug, Clone)]
pub struct CellArray {
    isa: Isa,
    kernel: Kernel,
    seed: u64,
    first_bank: u64,
    cells: usize,
    thresholds: Vec<Thresholds>,
    state: Vec<Plane>,
    blocks: Vec<Block>,
    /// Ring of latent vectors of each block, as long as the autoregression.
    history: Vec<[Plane; FEATURES]>,
}

impl CellArray {
    /// New cells, all in HRS: the addresses `BANK·first_bank ..`, in the world of `seed`.
    #[must_use]
    pub fn new(model: &Model, seed: u64, first_bank: u64, cells: usize) -> Self {
        Self::with_isa(Isa::best(), model, seed, first_bank, cells)
    }

    /// [`Self::new`] on a chosen instruction set; all give the same bits.
    #[must_use]
    pub fn with_isa(isa: Isa, model: &Model, seed: u64, first_bank: u64, cells: usize) -> Self {
        let source = Addressed::new(seed, first_bank * BANK as u64);
        let numbers = Numbers { model, seed, first: first_bank * BANK as u64 };
        let mut array = Self::empty(isa, model, cells);
        (array.seed, array.first_bank) = (seed, first_bank);
        let order = array.kernel.order();
        let kernel = &array.kernel;
        (array.thresholds.par_iter_mut())
            .zip(&mut array.state)
            .zip(&mut array.blocks)
            .zip(array.history.par_chunks_mut(order))
            .enumerate()
            .for_each(|(number, (((thresholds, state), block), history))| {
                let parts = (thresholds, state, block, history);
                run(isa, Create { kernel, source: &source, numbers: Some(&numbers), number, parts });
            });
        array
    }

    fn empty(isa: Isa, model: &Model, cells: usize) -> Self {
        let kernel = Kernel::new(model);
        // whole banks, so that reads need no special end
        let blocks = cells.div_ceil(BANK) * (BANK / LANES);
        let none = [[0.0; LANES]; FEATURES];
        let block = Block {
            mean: none,
            deviation: none,
            features: none,
            threshold: none[0],
            a: none[0],
            c: none[0],
            cycle: [0; LANES],
            head: 0,
        };
        Self {
            isa,
            seed: 0,
            first_bank: 0,
            cells,
            thresholds: vec![Thresholds { set: none[0], reset: none[0] }; blocks],
            state: vec![none[0]; blocks],
            blocks: vec![block; blocks],
            history: vec![none; blocks * kernel.order()],
            kernel,
        }
    }

    /// Cells of given numbers whose innovations come from elsewhere.
    #[cfg(test)]
    pub(super) fn of_devices(isa: Isa, model: &Model, devices: &[DeviceNumbers], source: &impl Innovations) -> Self {
        let mut array = Self::empty(isa, model, devices.len());
        for (i, device) in devices.iter().enumerate() {
            array.blocks[i / LANES].set_device(i % LANES, device);
        }
        let order = array.kernel.order();
        for number in 0..array.blocks.len() {
            let parts = (
                &mut array.thresholds[number],
                &mut array.state[number],
                &mut array.blocks[number],
                &mut array.history[number * order..][..order],
            );
            run(isa, Create { kernel: &array.kernel, source, numbers: None, number, parts });
        }
        array
    }

    /// Number of cells.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.cells
    }
    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.cells == 0
    }

    /// Applies a voltage to every cell.
    pub fn apply(&mut self, voltages: Voltages) {
        let source = Addressed::new(self.seed, self.first_bank * BANK as u64);
        self.apply_with(voltages, &source);
    }

    pub(super) fn apply_with(&mut self, voltages: Voltages, source: &impl Innovations) {
        let order = self.kernel.order();
        let (isa, kernel) = (self.isa, &self.kernel);
        (self.thresholds.par_chunks_mut(CHUNK))
            .zip(self.state.par_chunks_mut(CHUNK))
            .zip(self.blocks.par_chunks_mut(CHUNK))
            .zip(self.history.par_chunks_mut(CHUNK * order))
            .enumerate()
            .for_each(|(chunk, (((thresholds, state), blocks), history))| {
                let first = chunk * CHUNK;
                let voltages = voltages.beyond(first * LANES);
                run(isa, Apply { kernel, source, first, voltages, thresholds, state, blocks, history });
            });
    }

    /// Reads every cell: its current in A at a voltage with the noise of the law, one normal for each cell and `tick`.
    /// A voltage of 0 is replaced by 1 pV, as published. `out` is as long as the array.
    pub fn read(&self, voltages: Voltages, noise: NoiseLaw, tick: u64, out: &mut [f32]) {
        let draws = Some((key(self.seed, Domain::GenerativeRead), tick));
        self.read_with(voltages, noise, draws, out);
    }

    /// Currents in A without noise.
    pub fn currents(&self, voltages: Voltages, out: &mut [f32]) {
        self.read_with(voltages, NoiseLaw::default(), None, out);
    }

    fn read_with(&self, voltages: Voltages, noise: NoiseLaw, draws: Option<([u32; 2], u64)>, out: &mut [f32]) {
        let isa = self.isa;
        let noise = [noise.johnson() as f32, noise.shot() as f32];
        out.par_chunks_mut(CHUNK * LANES).zip(self.state.par_chunks(CHUNK)).enumerate().for_each(
            |(chunk, (out, state))| {
                let first = chunk * CHUNK * LANES;
                let bank = self.first_bank + (first / BANK) as u64;
                let voltages = voltages.beyond(first);
                run(isa, Read { kernel: &self.kernel, noise, draws, bank, voltages, state, out });
            },
        );
    }

    /// Cycles every cell by a SET and a complete RESET, and gives the features of the cycles after the first `skipped`,
    /// one sequence for each cell.
    #[must_use]
    pub fn cycles(&mut self, skipped: usize, cycles: usize) -> Vec<Vec<Features>> {
        let mut out = vec![Vec::with_capacity(cycles); self.cells];
        for cycle in 0..skipped + cycles {
            // beyond what any cell withstands
            self.apply(Voltages::All(f32::NEG_INFINITY));
            self.apply(Voltages::All(f32::INFINITY));
            if cycle >= skipped {
                for (cell, to) in out.iter_mut().enumerate() {
                    to.push(self.features(cell).map(f64::from));
                }
            }
        }
        out
    }

    /// Resistance state of a cell.
    #[must_use]
    pub fn state(&self, cell: usize) -> State {
        let t = &self.thresholds[cell / LANES];
        if t.set[cell % LANES] == f32::NEG_INFINITY {
            State::Low
        } else if t.reset[cell % LANES] == f32::INFINITY {
            State::High
        } else {
            State::Between
        }
    }
    /// Number of its present cycle.
    #[must_use]
    pub fn cycle(&self, cell: usize) -> u64 {
        self.blocks[cell / LANES].cycle[cell % LANES] as u64
    }
    /// Its analogue state.
    #[must_use]
    pub fn r(&self, cell: usize) -> f32 {
        self.state[cell / LANES][cell % LANES]
    }
    /// Voltage above which a RESET moves it.
    #[must_use]
    pub fn threshold(&self, cell: usize) -> f32 {
        self.blocks[cell / LANES].threshold[cell % LANES]
    }
    /// Features of its present cycle.
    #[must_use]
    pub fn features(&self, cell: usize) -> [f32; FEATURES] {
        self.blocks[cell / LANES].features.map(|plane| plane[cell % LANES])
    }
    /// Its numbers: means and standard deviations of the features.
    #[must_use]
    pub fn device(&self, cell: usize) -> [f32; 2 * FEATURES] {
        let b = &self.blocks[cell / LANES];
        std::array::from_fn(|i| {
            if i < FEATURES { b.mean[i][cell % LANES] } else { b.deviation[i - FEATURES][cell % LANES] }
        })
    }
}

impl Block {
    fn set_device(&mut self, lane: usize, device: &DeviceNumbers) {
        for j in 0..FEATURES {
            self.mean[j][lane] = device[j] as f32;
            self.deviation[j][lane] = device[FEATURES + j] as f32;
        }
    }
}

/// Numbers of the devices of a seed.
struct Numbers<'a> {
    model: &'a Model,
    seed: u64,
    first: u64,
}

type Parts<'a> = (&'a mut Thresholds, &'a mut Plane, &'a mut Block, &'a mut [[Plane; FEATURES]]);

/// Makes the cells of a block.
struct Create<'a, I> {
    kernel: &'a Kernel,
    source: &'a I,
    numbers: Option<&'a Numbers<'a>>,
    number: usize,
    parts: Parts<'a>,
}

impl<I: Innovations> Body for Create<'_, I> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vectors>(self, l: V) {
        let (thresholds, state, block, history) = self.parts;
        if let Some(numbers) = self.numbers {
            let element = numbers.first + (self.number * LANES) as u64;
            let mut z = [[0.0; LANES]; 2 * FEATURES];
            for lane in 0..2 {
                let key = key(numbers.seed, Domain::GenerativeCell);
                let normals = normals_of16(l, key, element, l.splat_word(0), lane as u8);
                for (n, to) in normals.into_iter().zip(&mut z[FEATURES * lane..]) {
                    l.store(n, to);
                }
            }
            for lane in 0..LANES {
                let k = chosen(numbers.model, numbers.seed, element + lane as u64);
                let z = std::array::from_fn(|i| f64::from(z[i][lane]));
                block.set_device(lane, &device(&numbers.model.parameters, k, z));
            }
        }
        let e = self.source.next(l, self.number, l.splat_word(0));
        (*thresholds, *state) = self.kernel.create(l, e, block, history);
    }
}

/// Component of the mixture of a cell.
pub(super) fn chosen(model: &Model, seed: u64, cell: u64) -> usize {
    let draw = Draw { seed, domain: Domain::GenerativeCell, element: cell, tick: 0 };
    component(&model.parameters.weights, draw.uniform(2))
}

/// Applies voltages to neighbouring blocks.
struct Apply<'a, I> {
    kernel: &'a Kernel,
    source: &'a I,
    first: usize,
    voltages: Voltages<'a>,
    thresholds: &'a mut [Thresholds],
    state: &'a mut [Plane],
    blocks: &'a mut [Block],
    history: &'a mut [[Plane; FEATURES]],
}

impl<I: Innovations> Body for Apply<'_, I> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vectors>(self, l: V) {
        let order = self.kernel.order();
        // banks are whole, voltages need not be
        let given = match self.voltages {
            Voltages::All(_) => self.thresholds.len(),
            Voltages::Each(u) => self.thresholds.len().min(u.len().div_ceil(LANES)),
        };
        for i in 0..given {
            let u = self.voltages.load(l, i);
            let thresholds = &mut self.thresholds[i];
            let set = l.less_equal(u, l.load(&thresholds.set));
            let reset = l.greater(u, l.load(&thresholds.reset));
            if set | reset != 0 {
                self.kernel.switch(
                    l,
                    self.source,
                    self.first + i,
                    u,
                    [set, reset],
                    thresholds,
                    &mut self.state[i],
                    &mut self.blocks[i],
                    &mut self.history[i * order..][..order],
                );
            }
        }
    }
}

/// Reads neighbouring blocks, from the beginning of a bank on.
struct Read<'a> {
    kernel: &'a Kernel,
    /// Variance for each ampere and volt⁻¹, and for each ampere.
    noise: [f32; 2],
    draws: Option<([u32; 2], u64)>,
    bank: u64,
    voltages: Voltages<'a>,
    state: &'a [Plane],
    out: &'a mut [f32],
}

impl Body for Read<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vectors>(self, l: V) {
        let absolute = |x: V::Float| l.max(x, l.sub(l.splat(0.0), x));
        for (group, out) in self.out.chunks_mut(BANK).enumerate() {
            let bank = self.bank + group as u64;
            let normals = self
                .draws
                .map(|(key, tick)| normals64::<V, false>(l, key, bank / FAMILY, tick, (bank % FAMILY) as u32));
            for (k, out) in out.chunks_mut(LANES).enumerate() {
                let block = group * (BANK / LANES) + k;
                let u = self.voltages.load(l, block);
                // equal to 0 where neither above nor below
                let zero = !(l.greater(u, l.splat(0.0)) | l.greater(l.splat(0.0), u));
                let u = l.select(zero, l.splat(SMALLEST_VOLTAGE), u);
                let mut current = self.kernel.current(l, l.load(&self.state[block]), u);
                if let Some(normals) = normals {
                    let factor = l.add(l.div(l.splat(self.noise[0]), absolute(u)), l.splat(self.noise[1]));
                    let deviation = l.sqrt(l.mul(absolute(current), factor));
                    current = l.add(current, l.mul(deviation, normals[k]));
                }
                match out.first_chunk_mut() {
                    Some(whole) => l.store(current, whole),
                    None => {
                        let mut whole = [0.0; LANES];
                        l.store(current, &mut whole);
                        out.copy_from_slice(&whole[..out.len()]);
                    }
                }
            }
        }
    }
}
