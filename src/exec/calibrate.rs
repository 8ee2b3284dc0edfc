//! Full scale of the converters from what the columns carry on calibration samples.

use std::ops::Range;

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::converter::{Converters, LayerConverter, largest_sums};
use super::full_scale::{Histograms, by_policy};
use super::hardware::LayerHardware;
use super::mvm::{Probe, Scratch};
use super::program::{self, Arrays};
use super::run::{Hooks, RunOptions, Walk};
use super::{Fidelity, ValueOptions};
use crate::arch::Chip;
use crate::diag::{self, Diagnostic};
use crate::id::{Id, IdVec};
use crate::lower::{LayerId, QuantGraph, TiledGraph};
use crate::units::Second;

/// Steps of all converters. Where the full scale of a core follows from data, the samples of `range` are run
/// with exact conductances and absolute column sums counted, slice by slice.
///
/// # Errors
/// If data are needed and there are no samples (R107), or any error of [`super::run()`] and [`Arrays::program`].
pub fn calibrate(
    graph: &QuantGraph,
    tiled: &TiledGraph,
    chip: &Chip,
    inputs: &[ArrayView2<'_, f32>],
    range: Range<usize>,
) -> diag::Result<Converters> {
    let hardware = LayerHardware::all(tiled, chip)?;
    let mut largest: IdVec<LayerId, Vec<f64>> = IdVec::new();
    for (id, layer) in tiled.layers.enumerate() {
        let op = program::operation(graph, layer)?;
        let _: LayerId = largest.push(largest_sums(layer, tiled, op, &hardware[id]));
    }
    let looks = hardware.iter().any(|h| h.core.adc.full_scale.looks());
    let mut seen: IdVec<LayerId, Histograms> =
        largest.iter().map(|l| l.iter().map(|l| vec![0; *l as usize + 1]).collect()).collect();
    if looks {
        if range.is_empty() {
            let text = "the full scale of the converters follows from data, and there are no calibration samples";
            return Err(Diagnostic::error("R107", text).help("give calibration samples, or `full_scale: max`").into());
        }
        count((graph, tiled, chip), &hardware, inputs, range, &mut seen)?;
    }
    Ok((tiled.layers.enumerate()).map(|(id, l)| by_policy(l, &hardware[id], &largest[id], &seen[id])).collect())
}

/// Counts absolute column sums of all conversions of the samples.
fn count(
    (graph, tiled, chip): (&QuantGraph, &TiledGraph, &Chip),
    hardware: &IdVec<LayerId, LayerHardware<'_>>,
    inputs: &[ArrayView2<'_, f32>],
    range: Range<usize>,
    seen: &mut IdVec<LayerId, Histograms>,
) -> diag::Result<()> {
    let options = ValueOptions {
        fidelity: Fidelity::Ideal,
        seed: 0,
        noise_scale: 0.0,
        age: Second(0.0),
        temperature: chip.temperature,
    };
    let ideal: Converters =
        (tiled.layers.enumerate()).map(|(id, l)| LayerConverter::ideal(l, hardware[id].xbar.encoding)).collect();
    let arrays = Arrays::program(graph, tiled, chip, &ideal, &options)?;
    let walk = Walk::new(graph, tiled, &arrays, inputs, &range, &RunOptions::default())?;
    let size = range.len().div_ceil(rayon::current_num_threads()).max(1);
    let starts: Vec<usize> = range.clone().step_by(size).collect();
    let parts: Vec<diag::Result<IdVec<LayerId, Histograms>>> = starts
        .par_iter()
        .map(|start| {
            let mut seen: IdVec<LayerId, Histograms> =
                seen.iter().map(|l| l.iter().map(|h| vec![0; h.len()]).collect()).collect();
            let mut scratch = Scratch::new();
            for sample in *start..(*start + size).min(range.end) {
                let mut tap = |layer: LayerId, probe: Probe| {
                    seen[layer][probe.slice][probe.value.abs() as usize] += 1;
                };
                walk.chunk(sample..sample + 1, &mut scratch, Hooks { codes: None, probe: Some(&mut tap) })?;
            }
            Ok(seen)
        })
        .collect();
    for part in parts {
        for (index, histograms) in part?.iter().enumerate() {
            for (sum, more) in seen[LayerId::new(index)].iter_mut().flatten().zip(histograms.iter().flatten()) {
                *sum += more;
            }
        }
    }
    Ok(())
}
