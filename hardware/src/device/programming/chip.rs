//! Programming whole chips: cells in blocks, blocks on all threads, only totals and histograms kept.
//!
//! Targets and addresses are made for one block at a time, so memory does not grow with the chip. Blocks are
//! summed in their order: any number of threads yields the same bits.

use std::ops::Range;

use rayon::prelude::*;

use super::law::{Law, Normals};
use super::write_verify::{Decision, Memory, decide, noise};
use super::{Histogram, Outcome, Scheme, SchemeSpec, Train, open_loop};
use crate::device::{Chance, Device, Programming};
use crate::simd::Isa;
use crate::units::{Joule, Second};

/// Cells of a block.
const BLOCK: usize = 1 << 14;
/// Blocks whose outcomes are held before they are added up.
const ROUND: usize = 256;
/// Pulses and tries that a histogram tells apart; more count as the last.
const COUNTS: usize = 1024;
/// Bins of the error histogram, and its ends in shares of the window.
const BINS: usize = 200;
const ENDS: [f64; 2] = [-0.1, 0.1];

/// What programming a chip left behind.
#[derive(Debug, Clone, PartialEq)]
pub struct ChipOutcome {
    /// Cells programmed.
    pub cells: u64,
    /// Pulses, energy of pulses and verifying reads, and time if cells are written one after another.
    pub cost: Programming,
    /// Corrections in all.
    pub tries: u64,
    /// Cells whose last read was out of range.
    pub unconverged: u64,
    /// Endurance used by all cells together and most by one, in full cycles.
    pub cycles: [f64; 2],
    /// Cells by number of pulses; the last entry has those with as many or more.
    pub pulses: Vec<u64>,
    /// Cells by number of tries, in the same manner.
    pub tries_histogram: Vec<u64>,
    /// Conductance reached minus target, in shares of the window.
    pub error: Histogram,
}

impl ChipOutcome {
    fn new() -> Self {
        Self {
            cells: 0,
            cost: Programming::default(),
            tries: 0,
            unconverged: 0,
            cycles: [0.0; 2],
            pulses: vec![0; COUNTS],
            tries_histogram: vec![0; COUNTS],
            error: Histogram::of([], ENDS[0], ENDS[1], BINS),
        }
    }

    /// Mean of pulses per cell.
    #[must_use]
    pub fn mean_pulses(&self) -> f64 {
        self.cost.pulses as f64 / self.cells.max(1) as f64
    }

    /// Counts the cells of an outcome; `span` is the width of the window.
    fn count(&mut self, out: &Outcome, target: &[f64], span: f64) {
        for (i, target) in target.iter().enumerate() {
            self.cost.pulses += u64::from(out.pulses[i]);
            self.cost.energy += Joule(out.energy[i]);
            self.cost.time += Second(out.time[i]);
            self.tries += u64::from(out.tries[i]);
            self.unconverged += u64::from(!out.converged[i]);
            self.cycles[0] += out.cycles[i];
            self.cycles[1] = self.cycles[1].max(out.cycles[i]);
            self.pulses[(out.pulses[i] as usize).min(COUNTS - 1)] += 1;
            self.tries_histogram[(out.tries[i] as usize).min(COUNTS - 1)] += 1;
            self.error.add((out.conductance[i] - target) / span);
        }
        self.cells += target.len() as u64;
    }

    /// Adds what another part of the chip left behind.
    fn merge(mut self, other: &Self) -> Self {
        self.cells += other.cells;
        self.cost.pulses += other.cost.pulses;
        self.cost.energy += other.cost.energy;
        self.cost.time += other.cost.time;
        self.tries += other.tries;
        self.unconverged += other.unconverged;
        self.cycles = [self.cycles[0] + other.cycles[0], self.cycles[1].max(other.cycles[1])];
        let add = |to: &mut [u64], from: &[u64]| to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        add(&mut self.pulses, &other.pulses);
        add(&mut self.tries_histogram, &other.tries_histogram);
        add(&mut self.error.counts, &other.error.counts);
        add(&mut self.error.outside, &other.error.outside);
        self
    }
}

/// Programs cells `0..cells` of a technology in closed form. `place` writes targets (in siemens) and addresses of a
/// range of cells.
pub fn program_chip<L: Law + Sync>(
    scheme: &Scheme,
    law: &L,
    cells: usize,
    chance: Chance,
    place: impl Fn(Range<usize>, &mut [f64], &mut [u64]) + Sync,
) -> ChipOutcome {
    let isa = Isa::best();
    blocks(scheme, cells, place, |target, addresses| written(scheme, law, target, addresses, chance, isa))
}

/// [`program_chip`] for any technology that has cells, through [`crate::device::Cells`].
pub fn program_chip_with(
    scheme: &Scheme,
    device: &dyn Device,
    cells: usize,
    chance: Chance,
    place: impl Fn(Range<usize>, &mut [f64], &mut [u64]) + Sync,
) -> ChipOutcome {
    blocks(scheme, cells, place, |target, addresses| scheme.outcome(device, target, addresses, chance))
}

fn blocks(
    scheme: &Scheme,
    cells: usize,
    place: impl Fn(Range<usize>, &mut [f64], &mut [u64]) + Sync,
    write: impl Fn(&[f64], &[u64]) -> Outcome + Sync,
) -> ChipOutcome {
    let of_block = |(target, addresses): &mut (Vec<f64>, Vec<u64>), block: usize| {
        let range = block * BLOCK..cells.min((block + 1) * BLOCK);
        let (target, addresses) = (&mut target[..range.len()], &mut addresses[..range.len()]);
        place(range, target, addresses);
        let mut part = ChipOutcome::new();
        part.count(&write(target, addresses), target, scheme.span());
        part
    };
    let number = cells.div_ceil(BLOCK);
    let mut all = ChipOutcome::new();
    for first in (0..number).step_by(ROUND) {
        let round = (first..number.min(first + ROUND)).into_par_iter();
        let parts: Vec<ChipOutcome> = round.map_init(|| (vec![0.0; BLOCK], vec![0; BLOCK]), of_block).collect();
        all = parts.iter().fold(all, ChipOutcome::merge);
    }
    all
}

/// The outcome of cells in closed form: [`Scheme::outcome`] without dispatch, cell after cell.
fn written<L: Law>(scheme: &Scheme, law: &L, target: &[f64], addresses: &[u64], chance: Chance, isa: Isa) -> Outcome {
    let mut out = Outcome::of(target.len());
    let mut normals = Normals::new(isa, 0, chance);
    for (i, (target, address)) in target.iter().zip(addresses).enumerate() {
        normals.restart(*address);
        let cell = law.cell(*address, chance);
        let mut w = Writer { law, normals: &mut normals, cell, g: law.conductance(&cell), spent: Spent::default() };
        out.converged[i] = w.run(scheme, *target, *address, chance);
        out.conductance[i] = w.g;
        out.pulses[i] = w.spent.pulses;
        out.tries[i] = w.spent.tries;
        out.energy[i] = w.spent.energy;
        out.time[i] = w.spent.time;
        out.cycles[i] = w.spent.cycles;
    }
    out
}

/// What a cell has used up.
#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    pulses: u32,
    tries: u32,
    energy: f64,
    time: f64,
    cycles: f64,
}

/// One cell under programming.
struct Writer<'a, L: Law> {
    law: &'a L,
    normals: &'a mut Normals,
    cell: L::Cell,
    g: f64,
    spent: Spent,
}

impl<L: Law> Writer<'_, L> {
    /// Programs the cell; whether its last read was in range.
    fn run(&mut self, scheme: &Scheme, target: f64, address: u64, chance: Chance) -> bool {
        let spec = match &scheme.spec {
            SchemeSpec::OpenLoop(spec) => {
                let train = open_loop::looked_up(scheme, spec, target);
                self.spent.tries = u32::from(train.len() > 0);
                self.apply(scheme, &train);
                return false;
            }
            SchemeSpec::WriteVerify(spec) => spec,
        };
        let mut memory = Memory::NEW;
        loop {
            let (mut read, mut variance) = ([0.0], [0.0]);
            self.law.read_moments(&[self.g], scheme.read, chance, &mut read, &mut variance);
            let read = read[0] + noise(variance[0], address, self.spent.tries, chance);
            self.spent.energy += (self.law.current(self.g, scheme.read) * scheme.read.0).abs() * spec.read_time.0;
            self.spent.time += spec.read_time.0;
            match decide(scheme, spec, &mut memory, read, target, self.spent.tries) {
                Decision::Correct(train) => {
                    self.spent.tries += 1;
                    self.apply(scheme, &train);
                }
                end => return matches!(end, Decision::Accept),
            }
        }
    }

    fn apply(&mut self, scheme: &Scheme, train: &Train) {
        for (pulse, n) in train.parts() {
            let mut left = n as usize;
            while left > 0 {
                let normals = self.normals.next(left);
                self.law.train(&mut self.cell, pulse, normals, &mut self.spent.energy);
                left -= normals.len();
            }
        }
        let (pulses, time) = train.cost();
        self.spent.pulses += pulses;
        self.spent.time += time;
        let before = std::mem::replace(&mut self.g, self.law.conductance(&self.cell));
        self.spent.cycles += (self.g - before).abs() / (2.0 * scheme.span());
    }
}

#[cfg(test)]
#[path = "chip_tests.rs"]
mod tests;
