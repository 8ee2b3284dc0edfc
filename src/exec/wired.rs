//! Crossbars with wires in the value core: the cells of a block become those of its effective matrix.
//!
//! **What is solved.** The whole crossbar: a block stands in its first columns (nearest to the drivers) and its last
//! rows (nearest to the sense amplifiers), every other cell is erased and fresh. All bit lines are at virtual ground.
//! Rows of the row group that is read are driven, all others held at 0 V by their drivers; transistors (1T1R) of the
//! other rows do not conduct, so that what is left of those rows is wire, which adds to the ends of the bit lines.
//!
//! **What comes out.** The network is linear, so currents are `Gᵀ·v` for one matrix `G` whatever is driven, and its
//! elements take the place of the conductances. Pairs are subtracted afterwards, which is exact.
//!
//! **Read noise.** A fluctuation `δg` of a cell is a current `δg·u` between its lines, `u` being the cell's voltage,
//! of which the part `ũ` reaches the column, `ũ` being the cell's voltage when the column is driven at 1 V instead
//! (reciprocity). Of `u` the word line's part follows the row's own input and the bit line's that of all rows:
//! `u = v·(w − b/2)`, `w` and `b` for all rows at 1 V, the others at half of their range on average (assumed, as in
//! [`super::estimate`]). `ũ` is taken from all columns at 1 V; that of other columns is left out. The variance of an
//! element is `σ²·((w − b/2)·ũ)²`. A test holds it against draws for every cell.
//!
//! **Cells that are not linear** are folded with their chords at the voltages `(w − b/2)·v_read`, which is right for
//! digits at full voltage and an approximation for others; Newton says on two inputs of each layer how far it is off.
//!
//! **Energy.** A row's conductance is the sum of its elements over all bit lines. Where driven rows stand at one
//! voltage, `v²·g` is then what drivers deliver, wires included, but for what leaks into rows at 0 V: some per cent.

use std::ops::Range;
use std::sync::Arc;

use super::cells::CellMoments;
use super::hardware::LayerHardware;
use super::{Fidelity, ValueOptions};
use crate::arch::{Drive, Wires, WiresFrom};
use crate::circuit::converter::DacModel;
use crate::circuit::wires::{
    Bench, Cell, Curve, Drives, EffectiveMatrix, End, FoldCache, Folder, Lines, Mounted, Network, solve_with,
};
use crate::device::Chance;
use crate::diag::{self, Diagnostic};
use crate::lower::Block;
use crate::rng::{Domain, Draw};
use crate::simd::Isa;
use crate::tensor::Encoding;

/// Mean drive of the other rows, relative to full voltage (assumed: every input bit is 1 with probability 1/2).
const ACTIVITY: f64 = 0.5;
/// Solutions from which the chords of curved cells are taken, each on the chords of the one before.
const PASSES: usize = 2;
/// Inputs on which Newton judges the fold of curved cells.
const INPUTS: usize = 2;
/// Smallest voltage at which a chord is taken, relative to the read voltage.
const LEAST: f64 = 1e-3;

/// What folding the crossbars of a network found.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WireReport {
    /// Crossbars that were folded.
    pub crossbars: usize,
    /// Largest bound of the error of an element of the linear networks, relative.
    pub error_bound: f64,
    /// Largest difference between the currents of a fold and of Newton's method, relative to the largest current;
    /// `None` if all cells are linear.
    pub curvature_error: Option<f64>,
}

impl WireReport {
    /// R144: how far the currents of cells that are not linear are off.
    #[must_use]
    pub fn warning(&self) -> Option<Diagnostic> {
        let error = self.curvature_error?;
        let text = format!(
            "cells that are not linear are read through their chords: column currents differ from Newton's method by up to {error:.1e} of the largest"
        );
        Some(Diagnostic::warning("R144", text).help("lower read voltage or wire resistance where that matters"))
    }
    /// Takes up what another one found.
    pub(super) fn add(&mut self, other: &Self) {
        self.crossbars += other.crossbars;
        self.error_bound = self.error_bound.max(other.error_bound);
        if let Some(error) = other.curvature_error {
            self.curvature_error = Some(self.curvature_error.map_or(error, |e| e.max(error)));
        }
    }
}

/// The wires of a layer's crossbars.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wiring<'a> {
    wires: &'a Wires,
    hardware: &'a LayerHardware<'a>,
    cache: &'a FoldCache,
    /// Conductance of an erased cell in siemens.
    erased: f64,
    seed: u64,
    noisy: bool,
}

/// Where the cells of a block stand.
struct Place {
    /// Rows of the network, and the first that holds the block.
    rows: usize,
    first: usize,
    cols: usize,
    /// Columns of the block.
    width: usize,
}

impl<'a> Wiring<'a> {
    /// The wires, if they act.
    ///
    /// # Errors
    /// If the encoding has no fold (R155).
    pub(super) fn of(
        hardware: &'a LayerHardware<'a>,
        options: &ValueOptions,
        cache: &'a FoldCache,
    ) -> diag::Result<Option<Self>> {
        let Some(wires) = &hardware.xbar.wires else { return Ok(None) };
        let least = match wires.from {
            WiresFrom::Quantised => Fidelity::Quantised,
            WiresFrom::Noisy => Fidelity::Noisy,
        };
        if options.fidelity < least {
            return Ok(None);
        }
        let xbar = hardware.xbar;
        let odd = if !matches!(xbar.encoding, Encoding::Pair(_)) {
            Some("biased weights")
        } else if hardware.core.dac_model != DacModel::Ideal {
            Some("DACs that deviate")
        } else if hardware.core.drive == Drive::Amplitude {
            Some("inputs as amplitudes")
        } else if xbar.noise.thermal || xbar.noise.shot {
            Some("thermal or shot noise of its own")
        } else {
            None
        };
        if let Some(odd) = odd {
            let text = format!("crossbar `{}` has wires and {odd}", xbar.name);
            return Err(Diagnostic::error("R155", text)
                .help("leave its `wires` away, or store weights in differential pairs and drive rows with voltages or pulses, without `noise`")
                .into());
        }
        let noisy = options.fidelity >= Fidelity::Noisy;
        let (mut erased, mut variance) = ([hardware.g_min.0], [0.0]);
        if noisy {
            let chance = Chance { seed: options.seed, scale: 0.0 };
            let device = &hardware.xbar.device;
            device.read_moments(&[hardware.g_min.0], hardware.xbar.v_read, chance, &mut erased, &mut variance);
        }
        Ok(Some(Self { wires, hardware, cache, erased: erased[0], seed: options.seed, noisy }))
    }

    /// Replaces mean and variance of the cells `[kind][row][col]` of a block by those of its effective matrix.
    ///
    /// # Errors
    /// If a network is not solved (R120 to R123).
    pub(super) fn fold(&self, cells: &mut CellMoments, block: &Block, measure: bool) -> diag::Result<()> {
        if !cells.mean.iter().chain(&cells.variance).all(|g| g.is_finite()) {
            // the grid refuses them with the device's name
            return Ok(());
        }
        let (height, width) = (block.rows.len(), block.cols.len());
        let kinds = cells.mean.len() / (height * width);
        let xbar = self.hardware.xbar;
        let gated = matches!(self.wires.cell, Cell::Gated { .. });
        let programmed = cells.mean.clone();
        let mut folder = Folder::default();
        let mut before: Option<(Network, Arc<EffectiveMatrix>)> = None;
        let mut report = WireReport { crossbars: 1, ..WireReport::default() };
        for group in block.groups() {
            let local = group.start - block.rows.start..group.end - block.rows.start;
            let place = Place {
                rows: if gated { local.len() } else { xbar.rows.max(height) },
                first: if gated { 0 } else { xbar.rows.max(height) - height },
                cols: xbar.cols.max(kinds * width),
                width,
            };
            // rows of the block that are in the network
            let held = if gated { local.clone() } else { 0..height };
            let mut memory = vec![self.erased; place.rows * place.cols];
            for kind in 0..kinds {
                for row in held.clone() {
                    for col in 0..width {
                        let at = (place.first + row - held.start) * place.cols + self.line(&place, kind, col);
                        memory[at] = programmed[(kind * height + row) * width + col].max(0.0);
                    }
                }
            }
            let driven = place.first + local.start - held.start..place.first + local.end - held.start;
            let bit = if gated { self.shortened(height, &local) } else { self.wires.bit.clone() };
            let law = Mounted { device: &*xbar.device, g: &memory, v_read: xbar.v_read.0, access: &self.wires.cell };
            let (network, volts) = self.operating(&place, bit, &law, &driven)?;
            let folded = match &before {
                Some((known, folded)) if *known == network => Arc::clone(folded),
                _ => self.cache.fold(&network, &mut folder, Isa::best())?,
            };
            report.error_bound = report.error_bound.max(folded.error_bound);
            if measure && !law.is_linear() {
                let error = self.curvature(&network, &law, &folded, &driven)?;
                report.add(&WireReport { curvature_error: Some(error), ..WireReport::default() });
            }
            let back = if self.noisy { Some(self.adjoint(&network)?) } else { None };
            for row in local {
                let line = place.first + row - held.start;
                let of_row = &folded.g_eff[line * place.cols..(line + 1) * place.cols];
                cells.row_conductance[row] = of_row.iter().sum();
                for kind in 0..kinds {
                    for col in 0..width {
                        let (at, to) = (self.line(&place, kind, col), (kind * height + row) * width + col);
                        cells.mean[to] = of_row[at];
                        if let (Some(back), Some(volts)) = (&back, &volts) {
                            let cell = line * place.cols + at;
                            let share = match self.wires.cell {
                                Cell::Resistor if memory[cell] > 0.0 => network.g[cell] / memory[cell],
                                _ => law.point(cell, volts[cell] * xbar.v_read.0).sensitivity,
                            };
                            cells.variance[to] *= (volts[cell] * back[cell] * share).powi(2);
                        }
                    }
                }
            }
            before = Some((network, folded));
        }
        cells.wires = Some(report);
        Ok(())
    }

    /// Bit line of a column of one kind.
    fn line(&self, place: &Place, kind: usize, col: usize) -> usize {
        kind / 2 * 2 * place.width + self.wires.order.lines(col, place.width)[kind % 2]
    }

    /// Bit lines of the rows `group` alone: the wire that passes the other rows belongs to the ends.
    fn shortened(&self, height: usize, group: &Range<usize>) -> Lines {
        let rows = self.hardware.xbar.rows.max(height);
        let first = rows - height + group.start;
        let passed = [first, rows - first - group.len()];
        let mut bit = self.wires.bit.clone();
        for (end, passed) in bit.ends.iter_mut().zip(passed) {
            if let End::Driven { ohms } | End::Grounded { ohms } = end {
                *ohms += passed as f64 * bit.segment;
            }
        }
        bit
    }

    /// The linear network at the operating point, and the voltages of its cells for 1 V at the driven rows (with the
    /// others of them at [`ACTIVITY`]) where anything depends on them.
    fn operating(
        &self,
        place: &Place,
        bit: Lines,
        law: &Mounted<'_>,
        driven: &Range<usize>,
    ) -> diag::Result<(Network, Option<Vec<f64>>)> {
        let v_read = law.v_read;
        let g = (0..law.g.len()).map(|cell| law.chord(cell, v_read)).collect();
        let word = self.wires.word.clone();
        let (cell, curve) = (Cell::Resistor, Curve::Linear);
        let mut network = Network { rows: place.rows, cols: place.cols, g, word, bit, cell, curve };
        if law.is_linear() && !self.noisy {
            return Ok((network, None));
        }
        let drives: Vec<f64> = (0..place.rows).map(|row| f64::from(u8::from(driven.contains(&row)))).collect();
        let drives = Drives::read(&drives, place.cols);
        let mut bench = Bench::default();
        let mut volts = Vec::new();
        for pass in 0..if law.is_linear() { 1 } else { PASSES } {
            if pass > 0 {
                for (cell, g) in network.g.iter_mut().enumerate() {
                    let v: f64 = volts[cell] * v_read;
                    *g = law.chord(cell, if v.abs() < LEAST * v_read { LEAST * v_read } else { v });
                }
            }
            let found = bench.solve(&network, &drives, Isa::best())?;
            volts = found.word.iter().zip(&found.bit).map(|(w, b)| w - ACTIVITY * b).collect();
        }
        Ok((network, Some(volts)))
    }

    /// Voltages of the bit lines when all columns are driven at 1 V: what reaches a column of a cell's current.
    fn adjoint(&self, network: &Network) -> diag::Result<Vec<f64>> {
        let drives = Drives { rows: vec![0.0; network.rows], cols: vec![1.0; network.cols] };
        Ok(Bench::default().solve(network, &drives, Isa::best())?.bit)
    }

    /// Largest difference between the currents of the fold and those of Newton's method on random inputs, relative to
    /// the largest current.
    fn curvature(
        &self,
        network: &Network,
        law: &Mounted<'_>,
        folded: &EffectiveMatrix,
        driven: &Range<usize>,
    ) -> diag::Result<f64> {
        let mut worst = 0.0f64;
        for input in 0..INPUTS {
            let volts: Vec<f64> = (0..network.rows)
                .map(|row| {
                    let draw = Draw { seed: self.seed, domain: Domain::Wire, element: row as u64, tick: input as u64 };
                    if driven.contains(&row) && draw.uniform(0) < ACTIVITY { law.v_read } else { 0.0 }
                })
                .collect();
            let exact = solve_with(network, &Drives::read(&volts, network.cols), law)?.col_currents;
            let largest = exact.iter().fold(0.0f64, |m, i| m.max(i.abs()));
            let apart = exact.iter().zip(folded.currents(&volts)).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
            if largest > 0.0 {
                worst = worst.max(apart / largest);
            }
        }
        Ok(worst)
    }
}
