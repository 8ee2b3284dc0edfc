//! Cells of a block: targets, what programming, age and slow noise made of them, and the moments of their reads.
//!
//! Where the converters of word lines deviate, each row has levels of its own. A digit of one bit is then a factor on
//! the conductances of a row; of several bits each digit has a panel, as where each amplitude is another conductance.
//! Row `r` of a block is driven by converter `r mod per_crossbar` of its crossbar. A reference column of erased cells
//! is driven by the same converters: what it carries too much or too little is taken back here, so that what is
//! subtracted later is the nominal one. The energy of a read is counted with nominal voltages.

use std::ops::Range;

use super::current_noise::CurrentNoise;
use super::hardware::LayerHardware;
use super::stored::Stored;
use super::wired::{WireReport, Wiring};
use super::{Fidelity, ValueOptions};
use crate::arch::Drive;
use crate::circuit::converter::Instance;
use crate::circuit::wires::FoldCache;
use crate::circuit::{Bands, Slow};
use crate::device::{Chance, Programming};
use crate::diag;
use crate::id::Id;
use crate::lower::{Block, LayerId, MvmOp, TiledLayer};
use crate::rng;
use crate::units::Volt;

/// Read moments of single cells in siemens, `[slice][polarity][row][col]`, then `[row]` of the unit column; with
/// wires those of the elements of the effective matrix.
#[derive(Debug, Clone)]
pub(super) struct CellMoments {
    pub(super) mean: Vec<f64>,
    pub(super) variance: Vec<f64>,
    /// See [`BlockMoments::still`].
    pub(super) still: Vec<f64>,
    /// Mean and variance of the current over the voltage of digit 1, for each digit from 1 on, where each amplitude
    /// has its own.
    pub(super) amplitudes: Vec<[Vec<f64>; 2]>,
    /// Siemens, for each row.
    pub(super) row_conductance: Vec<f64>,
    pub(super) programming: Programming,
    /// What folding found, where wires act.
    pub(super) wires: Option<WireReport>,
}

/// Programs, ages and measures the cells of one block, through its wires if they act.
///
/// # Errors
/// If the network of the wires is not solved (R120 to R123).
pub(super) fn cells(
    layer: (LayerId, &TiledLayer),
    block: &Block,
    op: &MvmOp,
    (hardware, noise): (&LayerHardware<'_>, CurrentNoise),
    options: &ValueOptions,
    replica: usize,
    folds: &FoldCache,
) -> diag::Result<CellMoments> {
    let mut cells = bare_cells(layer, block, op, (hardware, noise), options, replica);
    if let Some(wiring) = Wiring::of(hardware, options, folds)? {
        // curved cells are judged on the first crossbar of a layer
        let first = replica == 0 && block.rows.start == 0 && block.cols.start == 0;
        wiring.fold(&mut cells, block, first)?;
    }
    Ok(cells)
}

/// Cells between ideal wires.
fn bare_cells(
    layer: (LayerId, &TiledLayer),
    block: &Block,
    op: &MvmOp,
    (hardware, noise): (&LayerHardware<'_>, CurrentNoise),
    options: &ValueOptions,
    replica: usize,
) -> CellMoments {
    let (id, layer) = layer;
    let encoding = hardware.xbar.encoding;
    let columns = layer.slices.len() * encoding.polarities() * block.cols.len() + encoding.unit_columns();
    let count = columns * block.rows.len();
    let (mut target, mut address) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let conductance = |level: u32| hardware.g_min.0 + f64::from(level) * hardware.level.0;
    let stored = Stored::new(layer, encoding, block, op);
    for (s, slice) in layer.slices.iter().enumerate() {
        for (codes, negative) in stored.codes.iter().zip([false, true]) {
            let mut codes = codes.iter();
            for row in block.rows.clone() {
                for (col, code) in block.cols.clone().zip(&mut codes) {
                    target.push(conductance(slice.level(u32::from(*code))));
                    address.push(rng::element(id.index(), row, col, s, negative, replica));
                }
            }
        }
    }
    if encoding.unit_columns() > 0 {
        let level = u32::from(encoding.unit_level(layer.weight_bits, &layer.slices));
        target.extend(block.rows.clone().map(|_| conductance(level)));
        address.extend(block.rows.clone().map(|row| unit_cell(id, row, block, replica)));
    }
    let device = &hardware.xbar.device;
    let noisy = options.fidelity >= Fidelity::Noisy;
    let chance = Chance { seed: options.seed, scale: if noisy { options.noise_scale } else { 0.0 } };
    let mut g = vec![0.0; count];
    let programming = device.program(&target, &address, chance, &mut g);
    let rows = block.rows.len();
    // each kind of column row by row; the unit column is narrower than the others
    let plane = rows * block.cols.len();
    let lines = || {
        (0..count).step_by(plane).flat_map(|first| {
            let width = plane.min(count - first) / rows;
            (0..rows).map(move |row| (row, first + row * width..first + (row + 1) * width))
        })
    };
    let (mut mean, mut variance) = (target, vec![0.0; count]);
    let (mut still, mut amplitudes, mut deviating) = (Vec::new(), Vec::new(), None);
    if noisy {
        device.age(&mut g, &address, options.age, options.temperature, chance);
        let bands = hardware.xbar.noise.bands(hardware.xbar.t_read);
        let slow = |b: Bands| address.iter().map(|a| b.of(chance.seed, *a, chance.scale)).collect::<Vec<_>>();
        let slow = bands.map(slow).unwrap_or_default();
        g.iter_mut().zip(&slow).for_each(|(g, slow)| *g *= slow.factor);
        let reads = Reads { hardware, g: &g, slow: &slow, chance, driven: noise.driven };
        reads.at(hardware.xbar.v_read, &mut mean, &mut variance);
        let drivers = Drivers::new(
            hardware,
            rng::element(id.index(), block.rows.start, block.cols.start, 0, false, replica),
            chance,
        );
        let panel = |digit: u32| {
            let mut panel = [vec![0.0; count], vec![0.0; count]];
            for (row, cells) in lines() {
                reads.driven(digit, drivers.level(row, digit), cells, &mut panel);
            }
            panel
        };
        if noise.still > 0.0 {
            still.extend(mean.iter().map(|g| noise.still * g.max(0.0)));
        }
        if hardware.panels() > 1 {
            amplitudes.extend((1..=hardware.digit_max).map(panel));
        } else if drivers.deviate() {
            deviating = Some(panel(1));
        } else if noise.driven > 0.0 {
            variance.iter_mut().zip(&mean).for_each(|(v, g)| *v += noise.driven * g.max(0.0));
        }
    }
    let mut row_conductance = vec![0.0; rows];
    for (row, cells) in lines() {
        row_conductance[row] += mean[cells].iter().sum::<f64>();
    }
    if let Some(panel) = deviating {
        [mean, variance] = panel;
    }
    CellMoments { mean, variance, still, amplitudes, row_conductance, programming, wires: None }
}

/// Programmed cells as they are read.
struct Reads<'a> {
    hardware: &'a LayerHardware<'a>,
    g: &'a [f64],
    slow: &'a [Slow],
    chance: Chance,
    /// [`CurrentNoise::driven`].
    driven: f64,
}

impl Reads<'_> {
    /// Moments of the chord conductances of all cells at `v`.
    fn at(&self, v: Volt, mean: &mut [f64], variance: &mut [f64]) {
        self.some(v, 0..self.g.len(), mean, variance);
    }

    fn some(&self, v: Volt, cells: Range<usize>, mean: &mut [f64], variance: &mut [f64]) {
        self.hardware.xbar.device.read_moments(&self.g[cells.clone()], v, self.chance, mean, variance);
        let slow = self.slow.get(cells).unwrap_or_default();
        variance.iter_mut().zip(mean).zip(slow).for_each(|((v, g), slow)| *v += *g * *g * slow.variance);
    }

    /// Moments of what `cells` of one row carry, over the voltage or the pulse of digit 1, when `digit` drives them
    /// and the row sees `level`.
    fn driven(&self, digit: u32, level: f64, cells: Range<usize>, [mean, variance]: &mut [Vec<f64>; 2]) {
        let hardware = self.hardware;
        let v = match hardware.core.drive {
            Drive::Amplitude => Volt(level * hardware.v_digit.0),
            Drive::Voltage | Drive::PulseWidth => hardware.xbar.v_read,
        };
        let strength = match hardware.core.drive {
            Drive::Voltage | Drive::Amplitude => level * level,
            Drive::PulseWidth => level,
        };
        let (mean, variance) = (&mut mean[cells.clone()], &mut variance[cells.clone()]);
        self.some(v, cells, mean, variance);
        let background = hardware.erased(level) - hardware.erased(f64::from(digit));
        for (mean, variance) in mean.iter_mut().zip(variance) {
            let current = *mean * level;
            *variance = *variance * strength + self.driven * current.max(0.0);
            *mean = current - background;
        }
    }
}

/// Converters of the word lines of a crossbar.
struct Drivers {
    /// Levels of all codes of each, empty where all are exact.
    levels: Vec<Vec<f64>>,
}

impl Drivers {
    /// `array`: address of the crossbar.
    fn new(hardware: &LayerHardware<'_>, array: u64, chance: Chance) -> Self {
        let array = Instance { seed: chance.seed, element: array, number: 0, scale: chance.scale };
        let levels = (0..hardware.core.dacs_per_crossbar).map_while(|n| hardware.core.dac_model.levels(array, n));
        Self { levels: levels.collect() }
    }
    fn deviate(&self) -> bool {
        !self.levels.is_empty()
    }
    /// What row `row` of the crossbar sees for `digit`, in digits.
    fn level(&self, row: usize, digit: u32) -> f64 {
        match self.levels.get(row % self.levels.len().max(1)) {
            Some(levels) => levels[digit as usize],
            None => f64::from(digit),
        }
    }
}

/// Address of a cell of a block's unit column: the other polarity of its first column, which biased weights leave
/// free.
pub(super) fn unit_cell(layer: LayerId, row: usize, block: &Block, replica: usize) -> u64 {
    rng::element(layer.index(), row, block.cols.start, 0, true, replica)
}

#[cfg(test)]
mod tests {
    use super::super::support::{Parameters, chip, heartbeat, samples, tile};
    use super::super::{calibrate, tests::options};
    use super::*;
    use crate::circuit::converter::{DacModel, VoltageDac};
    use crate::lower::QuantGraph;
    use crate::units::Share;

    fn moments(p: &Parameters, graph: &QuantGraph) -> (CellMoments, Range<usize>, usize) {
        let (chip, tiled) = (chip(p), tile(graph, p));
        let (id, layer) = tiled.layers.enumerate().next().unwrap();
        let hardware = LayerHardware::of(layer, &chip).unwrap();
        let values = options(Fidelity::Noisy);
        let noise = CurrentNoise::new(&hardware, &values).unwrap();
        let op = super::super::program::operation(graph, layer).unwrap();
        let block = &tiled.blocks[layer.blocks[0]];
        let found = cells((id, layer), block, op, (&hardware, noise), &values, 0, &FoldCache::default()).unwrap();
        (found, block.rows.clone(), block.cols.len())
    }

    /// Pairs of cells carry exactly the level of their row's converter, whatever the digit; row 70 shares
    /// converter 22 with row 22 where there are 48.
    #[test]
    fn rows_see_the_levels_of_their_converters() {
        let graph = heartbeat();
        let exact = Parameters { dac_bits: 2, group: 48, block: [96, 20], ..Parameters::still() };
        let dac = VoltageDac { bits: 2, element: Share(0.1), gain: Share(0.05) };
        let rough = Parameters { dac_model: DacModel::Voltage(dac), ..exact };
        let ((plain, rows, cols), (found, ..)) = (moments(&exact, &graph), moments(&rough, &graph));
        let plane = rows.len() * cols;
        let array = Instance::new(options(Fidelity::Noisy).seed, rng::element(0, 0, 0, 0, false, 0));
        for (digit, [mean, _]) in (1..=3).zip(&found.amplitudes) {
            for row in 0..rows.len() {
                let levels = DacModel::Voltage(dac).levels(array, row % 48).unwrap();
                assert!((levels[digit] / digit as f64 - 1.0).abs() > 1e-6, "it deviates");
                for at in row * cols..(row + 1) * cols {
                    let pair = |cells: &[f64]| cells[at] - cells[plane + at];
                    let law = levels[digit] * pair(&plain.mean);
                    assert!((pair(mean) - law).abs() <= 1e-12 * law.abs().max(1e-6), "digit {digit}, row {row}");
                }
            }
        }
        assert_eq!(found.amplitudes.len(), 3);
    }

    /// Pairs of calibrated and deviating chips differ in their outputs, and only in `noisy`.
    #[test]
    fn deviations_reach_the_outputs_of_noisy_runs_alone() {
        use super::super::{RunOptions, program::Arrays, run};
        let graph = heartbeat();
        let x = samples(&graph, 4, 2);
        let run_of = |p: &Parameters, fidelity| {
            let (chip, tiled) = (chip(p), tile(&graph, p));
            let converters = calibrate(&graph, &tiled, &chip, &[x.view()], 0..4).unwrap();
            let arrays = Arrays::program(&graph, &tiled, &chip, &converters, &options(fidelity)).unwrap();
            run(&graph, &tiled, &arrays, &[x.view()], 0..4, &RunOptions::default(), &|_| {}).unwrap().logits
        };
        let exact = Parameters { dac_bits: 2, ..Parameters::default() };
        let rough = Parameters { dac_bits: 2, ..Parameters::rough(Drive::Voltage, 2) };
        assert_eq!(run_of(&exact, Fidelity::Quantised), run_of(&rough, Fidelity::Quantised));
        assert_ne!(run_of(&exact, Fidelity::Noisy), run_of(&rough, Fidelity::Noisy));
    }
}
