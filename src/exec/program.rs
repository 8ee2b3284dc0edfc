//! Programmed crossbars: weights become conductances, conductances an integer grid.
//!
//! What an encoding stores of a weight code is cut into slices ([`super::stored`]); each slice is a cell
//! level. In a differential pair it stands in the column of the weight's sign and level 0 in the other. One
//! level is the same conductance step for all slices of a layer: `(g_max − g_min) / (2^bits_per_cell − 1)`.
//! The background `g_min` cancels in the pair; where each column is converted by itself a reference column of
//! erased cells is subtracted first (assumed ideal).
//!
//! In `noisy` the device programs and ages the cells; mean and variance over reads (at the read voltage,
//! in levels) are rounded to integers. The grid of a layer's means is `2^-k` levels with the largest `k`
//! for which an entry has at most 14 bits and no column sum can reach 2²⁴; that of the variances `2^-j`
//! squared levels with the largest `j` under the same limit of the sums. `f32` sums are then exact. Below
//! `noisy` conductances are whole levels and the grid is one level, unless wires act ([`super::wired`]).

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::cells;
use super::chained::{self, Chained};
use super::converter::{Converters, LayerConverter};
use super::current_noise::CurrentNoise;
use super::hardware::LayerHardware;
use super::pack::{self, Grid, Run};
use super::stops::{Ramp, Rounds};
use super::stored::{Correction, Stored};
use super::wired::WireReport;
use super::{Fidelity, ValueOptions};
use crate::arch::Chip;
use crate::circuit::Columns;
use crate::circuit::wires::FoldCache;
use crate::device::Programming;
use crate::diag::{self, Diagnostic, Diagnostics};
use crate::id::{Id, IdVec};
use crate::lower::{Block, LayerId, MvmOp, QuantGraph, TiledGraph, TiledLayer};
use crate::rng;
use crate::tensor::{Encoding, Plane, Subtraction};
use crate::units::{Joule, Second};

/// All crossbars of a network, ready to be read.
#[derive(Debug, Clone)]
pub struct Arrays {
    pub(super) layers: IdVec<LayerId, LayerArrays>,
    pub(super) options: ValueOptions,
    /// What programming cost, summed over all cells (times as if one cell after another).
    pub programming: Programming,
    /// What folding the wires found; no crossbars where wires are ideal.
    pub wires: WireReport,
}

/// One layer's crossbars.
#[derive(Debug, Clone)]
pub(super) struct LayerArrays {
    pub(super) converter: LayerConverter,
    pub(super) planes: Vec<Plane>,
    /// Cells, conversions for one weight: all polarities of all slices; converters of all slices.
    pub(super) cells_per_weight: usize,
    pub(super) conversions_per_output: usize,
    /// Unit columns of each crossbar.
    pub(super) unit_columns: usize,
    /// Whether planes without a digit are not read.
    pub(super) skip_zero: bool,
    pub(super) replicas: usize,
    pub(super) groups: Vec<RowGroup>,
    pub(super) grid: Grid,
    /// Joule for one siemens of row conductance and one unit of strength: `v_digit² · t_read`.
    pub(super) energy: f64,
    /// [`LayerHardware::panels`].
    pub(super) panels: usize,
    /// [`LayerHardware::strength`] of each digit from 0 on.
    pub(super) strength: Vec<u32>,
}

impl LayerArrays {
    /// Cells that a read of a row group meets.
    pub(super) fn cells_in(&self, group: &RowGroup) -> u64 {
        (group.rows.len() * (group.cols.len() * self.cells_per_weight + self.unit_columns)) as u64
    }
    /// Conversions of a read of a row group.
    pub(super) fn columns_in(&self, group: &RowGroup) -> u64 {
        (group.cols.len() * self.conversions_per_output + self.unit_columns) as u64
    }
}

/// Rows of a block that are driven together.
#[derive(Debug, Clone)]
pub(super) struct RowGroup {
    pub(super) rows: Range<usize>,
    pub(super) cols: Range<usize>,
    pub(super) runs: Vec<Run>,
    /// How an offset is taken back.
    pub(super) correction: Option<Correction>,
    /// Rounds of conversions that stop early, if they do.
    pub(super) rounds: Option<Arc<Rounds>>,
    /// One for each replica of the layer.
    pub(super) copies: Vec<GroupCopy>,
}

/// A row group on one crossbar.
#[derive(Debug, Clone)]
pub(super) struct GroupCopy {
    pub(super) columns: Columns,
    /// What stands in the place of converters, noise and sums of `columns`.
    pub(super) chain: Option<Chained>,
    /// Address of its read noise.
    pub(super) element: u64,
    /// Mean conductance of each row in siemens, both polarities and all slices, background included.
    pub(super) row_conductance: Vec<f64>,
}

/// Read moments of the columns of one block in cell levels, `[column kind][row][col]`, where a column kind
/// is a slice (analog subtraction) or a slice and polarity; `[row]` of the unit column behind them.
#[derive(Debug, Clone)]
pub(super) struct BlockMoments {
    pub(super) mean: Vec<f64>,
    pub(super) variance: Vec<f64>,
    /// What every read adds to the variance, whatever drives the cell; empty without such noise.
    pub(super) still: Vec<f64>,
    /// Mean and variance for each digit from 1 on, where each amplitude has its own.
    pub(super) amplitudes: Vec<[Vec<f64>; 2]>,
    /// Siemens, for each row.
    pub(super) row_conductance: Vec<f64>,
    pub(super) programming: Programming,
    pub(super) wires: Option<WireReport>,
}

impl BlockMoments {
    /// Mean and variance of every panel of a column: one, or one for each amplitude.
    pub(super) fn panels(&self) -> Vec<(&[f64], &[f64])> {
        if self.amplitudes.is_empty() {
            return vec![(&self.mean, &self.variance)];
        }
        self.amplitudes.iter().map(|[mean, variance]| (mean.as_slice(), variance.as_slice())).collect()
    }
    /// The largest magnitudes of all panels.
    pub(super) fn envelope(&self) -> (Cow<'_, [f64]>, Cow<'_, [f64]>) {
        let largest = |of: usize| -> Cow<'_, [f64]> {
            let all = |i: usize| self.amplitudes.iter().map(|p| p[of][i].abs()).fold(0.0, f64::max);
            (0..self.mean.len()).map(all).collect()
        };
        if self.amplitudes.is_empty() {
            (Cow::from(&self.mean), Cow::from(&self.variance))
        } else {
            (largest(0), largest(1))
        }
    }
}

/// The weighted operation of a layer.
pub(super) fn operation<'a>(graph: &'a QuantGraph, layer: &TiledLayer) -> diag::Result<&'a MvmOp> {
    match graph.layer(layer.node) {
        Some((op, _)) if op.weights.len() == layer.weights() && (op.rows(), op.outputs) == (layer.rows, layer.cols) => {
            Ok(op)
        }
        _ => Err(Diagnostic::error("R105", format!("layer {} does not match its node of the network", layer.origin))
            .help("tile the same network that is run")
            .into()),
    }
}

/// Columns of one block from its cells.
fn block_moments(
    layer: (LayerId, &TiledLayer),
    block: &Block,
    op: &MvmOp,
    (hardware, noise): (&LayerHardware<'_>, CurrentNoise),
    options: &ValueOptions,
    replica: usize,
    folds: &FoldCache,
) -> diag::Result<BlockMoments> {
    let cells = cells::cells(layer, block, op, (hardware, noise), options, replica, folds)?;
    let plane = block.rows.len() * block.cols.len();
    let (level, g_min) = (hardware.level.0, hardware.g_min.0);
    let nominal = options.fidelity < Fidelity::Noisy && cells.wires.is_none();
    // whole levels come straight from the weights, without the detour through siemens
    let whole = |g: f64| ((g - g_min) / level).round();
    let exact = |g: f64| (g - g_min) / level;
    let levels = |g: f64| if nominal { whole(g) } else { exact(g) };
    // both cells of a pair, one behind the other, where they share a conversion
    let pairs = hardware.xbar.encoding == Encoding::Pair(Subtraction::Analog);
    let of_columns = |cells: &[f64], one: &dyn Fn(f64) -> f64, two: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        if !pairs {
            return cells.iter().map(|c| one(*c)).collect();
        }
        let of_slices = cells.chunks(2 * plane).map(|pair| pair.split_at(plane));
        of_slices.flat_map(|(plus, minus)| plus.iter().zip(minus).map(|(a, b)| two(*a, *b))).collect()
    };
    let squares = |cells: &[f64]| of_columns(cells, &|v| v / level.powi(2), &|a, b| (a + b) / level.powi(2));
    let amplitudes = (1..=hardware.panels() as usize).filter(|_| hardware.panels() > 1);
    let amplitudes = amplitudes
        .map(|digit| {
            let d = digit as f64;
            let Some([mean, variance]) = cells.amplitudes.get(digit - 1) else {
                let nominal = of_columns(&cells.mean, &|g| d * levels(g), &|a, b| d * (levels(a) - levels(b)));
                return [nominal, vec![0.0; cells.variance.len() / if pairs { 2 } else { 1 }]];
            };
            let erased = hardware.erased(d);
            let levels = |i: f64| (i - erased) / level;
            [of_columns(mean, &levels, &|a, b| levels(a) - levels(b)), squares(variance)]
        })
        .collect();
    Ok(BlockMoments {
        mean: of_columns(&cells.mean, &levels, &|a, b| levels(a) - levels(b)),
        variance: squares(&cells.variance),
        still: squares(&cells.still),
        amplitudes,
        row_conductance: cells.row_conductance,
        programming: cells.programming,
        wires: cells.wires,
    })
}

impl Arrays {
    /// Programs every block once.
    ///
    /// # Errors
    /// See [`Self::program_replicas`].
    pub fn program(
        graph: &QuantGraph,
        tiled: &TiledGraph,
        chip: &Chip,
        converters: &Converters,
        options: &ValueOptions,
    ) -> diag::Result<Self> {
        let once = tiled.layers.iter().map(|_| 1).collect();
        Self::program_replicas(graph, tiled, chip, converters, &once, options)
    }

    /// Programs every block as many times as its layer has replicas; position `p` is read from replica
    /// `p mod replicas`. `converters` (see [`super::calibrate`]) are not used in `ideal`.
    ///
    /// # Errors
    /// If column sums exceed what is computed exactly (R101), the chip does not fit the layers (R102),
    /// addresses run out (R103), a device yields no numbers (R104), the tiling is of another network (R105), noise has
    /// no law for whole columns (R154), or wires are not solved (R120 to R123) or not for this encoding (R155).
    pub fn program_replicas(
        graph: &QuantGraph,
        tiled: &TiledGraph,
        chip: &Chip,
        converters: &Converters,
        replicas: &IdVec<LayerId, usize>,
        options: &ValueOptions,
    ) -> diag::Result<Self> {
        Self::program_folded(graph, tiled, chip, converters, replicas, options, &FoldCache::default())
    }

    /// As [`Self::program_replicas`], taking the folds of crossbars with wires from `folds` where they are known.
    ///
    /// # Errors
    /// See [`Self::program_replicas`].
    pub fn program_folded(
        graph: &QuantGraph,
        tiled: &TiledGraph,
        chip: &Chip,
        converters: &Converters,
        replicas: &IdVec<LayerId, usize>,
        options: &ValueOptions,
        folds: &FoldCache,
    ) -> diag::Result<Self> {
        let hardware = LayerHardware::all(tiled, chip)?;
        let mut problems = Diagnostics::new();
        let (programming, wires) = (Programming::default(), WireReport::default());
        let mut arrays = Self { layers: IdVec::new(), options: *options, programming, wires };
        for (id, layer) in tiled.layers.enumerate() {
            let converter = match options.fidelity {
                Fidelity::Ideal => LayerConverter::ideal(layer, hardware[id].xbar.encoding),
                _ => converters[id].clone(),
            };
            let copies = replicas[id].max(1);
            if copies > 128 {
                let text = format!("layer {}: {copies} replicas, at most 128 have addresses", layer.origin);
                problems.push(Diagnostic::error("R103", text).help("replicate the layer less"));
                continue;
            }
            let made = operation(graph, layer)
                .and_then(|op| program_layer((id, layer), tiled, op, &hardware[id], converter, copies, options, folds));
            match made {
                Ok((made, programming, wires)) => {
                    add(&mut arrays.programming, programming);
                    arrays.wires.add(&wires);
                    let _: LayerId = arrays.layers.push(made);
                }
                Err(found) => problems.extend(found),
            }
        }
        problems.into_result(arrays)
    }

    /// The same arrays with sums in `f32` alone, for comparison with those in bytes ([`crate::circuit::quads`]).
    #[must_use]
    pub fn in_floats(mut self) -> Self {
        for copy in self.layers.iter_mut().flat_map(|l| &mut l.groups).flat_map(|g| &mut g.copies) {
            copy.columns.groups.iter_mut().for_each(|g| g.levels = None);
        }
        self
    }

    /// The integer grid of a layer's conductances.
    #[must_use]
    pub fn grid(&self, layer: LayerId) -> Grid {
        self.layers[layer].grid
    }

    /// Converter steps of a layer.
    #[must_use]
    pub fn converter(&self, layer: LayerId) -> &LayerConverter {
        &self.layers[layer].converter
    }
}

fn add(sum: &mut Programming, other: Programming) {
    sum.pulses += other.pulses;
    sum.energy = Joule(sum.energy.0 + other.energy.0);
    sum.time = Second(sum.time.0 + other.time.0);
}

#[expect(clippy::too_many_arguments, reason = "everything that decides the cells of a layer")]
fn program_layer(
    layer: (LayerId, &TiledLayer),
    tiled: &TiledGraph,
    op: &MvmOp,
    hardware: &LayerHardware<'_>,
    converter: LayerConverter,
    replicas: usize,
    options: &ValueOptions,
    folds: &FoldCache,
) -> diag::Result<(LayerArrays, Programming, WireReport)> {
    let (id, tiled_layer) = layer;
    let jobs: Vec<(&Block, usize)> =
        (tiled_layer.blocks.iter()).flat_map(|b| (0..replicas).map(move |r| (&tiled.blocks[*b], r))).collect();
    let with = (hardware, CurrentNoise::new(hardware, options)?);
    let moments: Vec<diag::Result<BlockMoments>> = jobs
        .par_iter()
        .map(|(block, replica)| block_moments(layer, block, op, with, options, *replica, folds))
        .collect();
    let moments: Vec<BlockMoments> = moments.into_iter().collect::<diag::Result<_>>()?;
    let (mut programming, mut wires) = (Programming::default(), WireReport::default());
    for m in &moments {
        add(&mut programming, m.programming);
        m.wires.iter().for_each(|w| wires.add(w));
    }
    let encoding = hardware.xbar.encoding;
    let kinds = encoding.conversions();
    let noisy = options.fidelity >= Fidelity::Noisy;
    chained::check(tiled_layer, hardware)?;
    let chain = chained::settings(hardware, options);
    // the chain's converters take the place of those of columns
    let converter = if chain.is_some() { LayerConverter::ideal(tiled_layer, encoding) } else { converter };
    // effective conductances are no whole levels
    let fine = noisy || wires.crossbars > 0;
    let grid = pack::grid(tiled_layer, hardware, fine, jobs.iter().map(|j| j.0).zip(&moments), &converter)?;
    let noise_lsb = if noisy { hardware.core.adc.model.noise() * options.noise_scale } else { 0.0 };
    let packing = pack::Packing { layer: tiled_layer, converter: &converter, grid, kinds, noisy, noise_lsb, hardware };
    let ramp = Ramp::new(hardware, options).filter(|_| chain.is_none());
    let mut groups = Vec::new();
    for (b, copies) in tiled_layer.blocks.iter().zip(moments.chunks(replicas)) {
        let block = &tiled.blocks[*b];
        let runs = packing.runs(block);
        let offset = matches!(encoding, Encoding::Offset { .. });
        let stored = offset.then(|| Stored::new(tiled_layer, encoding, block, op));
        let correction =
            stored.and_then(|stored| Correction::new(tiled_layer, encoding, block, &stored, &runs, &converter));
        let tables: Vec<_> = (0..replicas)
            .map(|replica| {
                let array = rng::element(id.index(), block.rows.start, block.cols.start, 0, false, replica);
                packing.tables(block, array, options)
            })
            .collect();
        let rounds = ramp.as_ref().map(|ramp| Arc::new(Rounds::new(&packing, block, ramp)));
        for rows in block.groups() {
            let copies = (copies.iter().enumerate())
                .map(|(replica, moments)| GroupCopy {
                    columns: packing.columns(block, &rows, moments, tables[replica].clone()),
                    chain: chain.map(|o| {
                        let element = rng::element(id.index(), rows.start, block.cols.start, 0, false, replica);
                        Chained::new(o, hardware, (block, &rows), moments, (options.seed, element))
                    }),
                    element: rng::element(id.index(), rows.start, 0, 0, false, replica),
                    row_conductance: moments.row_conductance
                        [rows.start - block.rows.start..rows.end - block.rows.start]
                        .to_vec(),
                })
                .collect();
            let (runs, correction, rounds) = (runs.clone(), correction.clone(), rounds.clone());
            groups.push(RowGroup { rows, cols: block.cols.clone(), runs, correction, rounds, copies });
        }
    }
    let slices = tiled_layer.slices.len();
    let arrays = LayerArrays {
        planes: tiled_layer.planes.clone(),
        cells_per_weight: encoding.polarities() * slices,
        unit_columns: encoding.unit_columns(),
        skip_zero: hardware.core.skip_zero_planes,
        conversions_per_output: kinds * slices,
        replicas,
        groups,
        grid,
        energy: hardware.v_digit.0.powi(2) * hardware.xbar.t_read.0,
        panels: hardware.panels() as usize,
        strength: (0..=hardware.digit_max as i32).map(|d| hardware.strength(d)).collect(),
        converter,
    };
    Ok((arrays, programming, wires))
}
