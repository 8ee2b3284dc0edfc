//! What it costs to write the weights of a network into its crossbars again and again.
//!
//! A crossbar is written row by row: the cells of a row at the same time, each until it has its value, so a
//! row takes as long as its slowest cell; all crossbars are written at the same time (assumed: each has a
//! write driver of its own). Devices are asked for a sample of rows of every layer; the mean of those stands
//! for the others.

use super::ValueOptions;
use super::hardware::LayerHardware;
use super::program::operation;
use super::stored::Stored;
use crate::arch::Chip;
use crate::device::Chance;
use crate::diag;
use crate::id::{Id, IdVec};
use crate::lower::{Block, LayerId, QuantGraph, TiledGraph};
use crate::rng;
use crate::units::{Joule, Second};

/// Rows of a layer for which the device is asked, at most.
const ROWS: usize = 4;
/// Logical columns of such a row, at most.
const COLUMNS: usize = 64;

/// Cost of writing one layer.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Writing {
    /// Energy of all its cells.
    pub energy: Joule,
    /// Time, all crossbars at once.
    pub time: Second,
    /// Cells for which the device was asked, and cells of the layer.
    pub asked: u64,
    /// See `asked`.
    pub cells: u64,
}

/// Cost of writing each layer once.
///
/// # Errors
/// As [`super::estimate`].
pub fn writing(
    graph: &QuantGraph,
    tiled: &TiledGraph,
    chip: &Chip,
    options: &ValueOptions,
) -> diag::Result<IdVec<LayerId, Writing>> {
    let hardware = LayerHardware::all(tiled, chip)?;
    let mut all = IdVec::new();
    for (id, layer) in tiled.layers.enumerate() {
        let op = operation(graph, layer)?;
        let encoding = hardware[id].xbar.encoding;
        let chance = Chance { seed: options.seed, scale: options.noise_scale };
        let (rows, columns) = (layer.rows.min(ROWS), layer.cols.min(COLUMNS));
        let (mut energy, mut time, mut asked) = (0.0, 0.0, 0u64);
        for row in (0..rows).map(|i| i * layer.rows / rows) {
            let mut slowest = 0.0f64;
            let of_row: Vec<&Block> =
                layer.blocks.iter().map(|b| &tiled.blocks[*b]).filter(|b| b.rows.contains(&row)).collect();
            let stored: Vec<Stored> = of_row.iter().map(|b| Stored::new(layer, encoding, b, op)).collect();
            for i in 0..columns {
                // columns are taken from all blocks that hold the row
                let at = i * of_row.iter().map(|b| b.cols.len()).sum::<usize>() / columns;
                let mut places = of_row.iter().zip(&stored).flat_map(|(b, s)| b.cols.clone().map(move |c| (*b, s, c)));
                let Some((block, stored, col)) = places.nth(at) else { continue };
                let place = (row - block.rows.start) * block.cols.len() + col - block.cols.start;
                for (s, slice) in layer.slices.iter().enumerate() {
                    for (codes, negative) in stored.codes.iter().zip([false, true]) {
                        let level = slice.level(u32::from(codes[place]));
                        let target = hardware[id].g_min.0 + f64::from(level) * hardware[id].level.0;
                        let address = rng::element(id.index(), row, col, s, negative, 0);
                        let cost = hardware[id].xbar.device.program(&[target], &[address], chance, &mut [0.0]);
                        energy += cost.energy.0;
                        slowest = slowest.max(cost.time.0);
                        asked += 1;
                    }
                }
            }
            time += slowest;
        }
        let held =
            layer.blocks.iter().map(|b| tiled.blocks[*b].rows.len() * tiled.blocks[*b].cols.len()).sum::<usize>();
        let units: usize = layer.blocks.iter().map(|b| tiled.blocks[*b].rows.len() * encoding.unit_columns()).sum();
        let cells = (encoding.polarities() * layer.slices.len() * held + units) as u64;
        let tallest = layer.blocks.iter().map(|b| tiled.blocks[*b].rows.len()).max().unwrap_or(0);
        let _: LayerId = all.push(Writing {
            energy: Joule(energy * cells as f64 / asked.max(1) as f64),
            time: Second(time * tallest as f64 / rows.max(1) as f64),
            asked,
            cells,
        });
    }
    Ok(all)
}
