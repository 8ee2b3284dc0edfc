//! Array energy without samples: conductances from the weight codes, drive voltages from an assumption.
//!
//! A read costs `Σ v²·g·t` over the cells that hold a weight. The conductances are those of the codes on the
//! device's window, exactly. The voltages depend on data that are not there, so every bit of an input code
//! is taken to be 1 with probability 1/2, independently: a DAC digit of `b` bits is then uniform on
//! `0 ..= 2^b − 1`, and its mean square is `(2^b − 1)(2^(b+1) − 1) / 6`. Padding drives no row.

use super::hardware::LayerHardware;
use super::program::operation;
use super::stored::Stored;
use super::{Activity, LayerActivity};
use crate::arch::{Chip, Drive};
use crate::diag;
use crate::id::IdVec;
use crate::lower::{LayerId, MvmOp, Order, QuantGraph, TiledGraph, TiledLayer};
use crate::tensor::{Encoding, Window};
use crate::units::Joule;

/// What an estimate rests on, for reports.
pub const ASSUMPTION: &str = "every input bit is 1 with probability 1/2; conductances of the weight codes, as targeted";

/// Reads and array energy of one inference, estimated. Conversions are left at 0: none was seen.
///
/// # Errors
/// If the chip does not fit the layers (R102, R103) or the tiling is of another network (R105).
pub fn estimate(graph: &QuantGraph, tiled: &TiledGraph, chip: &Chip) -> diag::Result<Activity> {
    let hardware = LayerHardware::all(tiled, chip)?;
    let mut layers: IdVec<LayerId, LayerActivity> = IdVec::new();
    for (id, layer) in tiled.layers.enumerate() {
        layers.push(one(operation(graph, layer)?, layer, tiled, &hardware[id]));
    }
    Ok(Activity { samples: 1, layers, estimated: true })
}

fn one(op: &MvmOp, layer: &TiledLayer, tiled: &TiledGraph, hardware: &LayerHardware<'_>) -> LayerActivity {
    let encoding = hardware.xbar.encoding;
    let (cells, unit) = (encoding.polarities() * layer.slices.len(), encoding.unit_columns());
    // a driven row reaches every cell of its blocks, those between groups too
    let mut widths = vec![0usize; layer.rows];
    for block in layer.blocks.iter().map(|b| &tiled.blocks[*b]) {
        block.rows.clone().for_each(|r| widths[r] += cells * block.cols.len() + unit);
    }
    let levels = match encoding {
        Encoding::Pair(_) => levels(op, layer),
        Encoding::Offset { .. } => biased_levels(op, layer, tiled, encoding),
    };
    let conductance =
        levels.into_iter().zip(widths).map(|(n, width)| width as f64 * hardware.g_min.0 + n as f64 * hardware.level.0);
    let driven = if op.order == Order::ChannelLast || op.window.kernel.is_empty() {
        vec![op.positions]
    } else {
        drives(&op.window)
    };
    // rows stand channel by channel, the taps of the kernel within each
    let weighted: f64 = conductance.zip(driven.iter().cycle()).map(|(g, n)| g * *n as f64).sum();
    let squares: f64 = layer.planes.iter().map(|p| mean_strength(hardware, p.bits)).sum();
    let reads = (layer.positions * layer.planes.len()) as u64;
    let groups: usize = layer.blocks.iter().map(|b| tiled.blocks[*b].group_count()).sum();
    let unit_rows: usize = layer.blocks.iter().map(|b| tiled.blocks[*b].rows.len() * unit).sum();
    LayerActivity {
        reads: reads * groups as u64,
        planned: reads * groups as u64,
        cell_reads: reads * (layer.weights() * cells + unit_rows) as u64,
        array_energy: Joule(weighted * squares * hardware.v_digit.0.powi(2) * hardware.xbar.t_read.0),
        ..LayerActivity::default()
    }
}

/// Cell levels of each weight row, summed over columns and slices (the column of the other sign is erased).
fn levels(op: &MvmOp, layer: &TiledLayer) -> Vec<u64> {
    let of = |magnitude: u32| layer.slices.iter().map(|s| s.level(magnitude)).sum::<u32>();
    let table: Vec<u32> = (0..1u32 << op.weight_bits).map(of).collect();
    let mut sums = vec![0u64; layer.rows];
    let mut codes = op.weights.iter();
    for output in 0..op.outputs {
        for (sum, w) in sums[op.rows_of(output)].iter_mut().zip(codes.by_ref()) {
            *sum += u64::from(table[usize::from(w.unsigned_abs())]);
        }
    }
    sums
}

/// The same of biased weights: what lies between groups holds the offset, columns may be complemented, and a unit
/// column adds its level.
fn biased_levels(op: &MvmOp, layer: &TiledLayer, tiled: &TiledGraph, encoding: Encoding) -> Vec<u64> {
    let of = |code: u32| layer.slices.iter().map(|s| s.level(code)).sum::<u32>();
    let table: Vec<u32> = (0..=1u32 << layer.weight_bits).map(of).collect();
    let unit = encoding.unit_columns() as u64 * u64::from(encoding.unit_level(layer.weight_bits, &layer.slices));
    let mut sums = vec![0u64; layer.rows];
    for block in layer.blocks.iter().map(|b| &tiled.blocks[*b]) {
        let stored = Stored::new(layer, encoding, block, op);
        for (sum, codes) in sums[block.rows.clone()].iter_mut().zip(stored.codes[0].chunks(block.cols.len())) {
            *sum += unit + codes.iter().map(|c| u64::from(table[usize::from(*c)])).sum::<u64>();
        }
    }
    sums
}

/// Mean strength of a digit of `bits` independent fair bits: of its square, or of a pulse its length.
fn mean_strength(hardware: &LayerHardware<'_>, bits: u8) -> f64 {
    let top = f64::from((1u32 << bits) - 1);
    match hardware.core.drive {
        Drive::Voltage | Drive::Amplitude => top * (2.0 * top + 1.0) / 6.0,
        Drive::PulseWidth => top / 2.0,
    }
}

/// For every tap of the kernel the number of output positions at which it lies inside the input.
fn drives(window: &Window) -> Vec<usize> {
    let mut counts = vec![1];
    for d in 0..window.kernel.len() {
        let inside = |tap: usize| {
            let at = |out: usize| (out * window.stride[d] + tap * window.dilation[d]).checked_sub(window.pad[d]);
            (0..window.output[d]).filter(|out| at(*out).is_some_and(|i| i < window.input[d])).count()
        };
        let of_axis: Vec<usize> = (0..window.kernel[d]).map(inside).collect();
        counts = counts.iter().flat_map(|n| of_axis.iter().map(move |m| n * m)).collect();
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::support::{Builder, Parameters, chip, samples, tile};
    use crate::exec::{Arrays, Converters, Fidelity, RunOptions, ValueOptions, run};
    use crate::id::Id;
    use crate::tensor::Quant;
    use crate::units::{Kelvin, Second};

    /// One layer on input codes that are uniform and independent, bit by bit.
    fn check(shape: &[usize], kernel: &[usize], stride: &[usize], pad: &[usize], dac_bits: u8) {
        for drive in [Drive::Voltage, Drive::PulseWidth] {
            let p = Parameters { block: [24, 5], group: 9, cell_bits: 3, dac_bits, drive, ..Parameters::default() };
            check_with(&p, shape, kernel, stride, pad);
        }
    }

    fn check_with(p: &Parameters, shape: &[usize], kernel: &[usize], stride: &[usize], pad: &[usize]) {
        let dac_bits = p.dac_bits;
        let quant = Quant { scale: 1.0, bits: 8, signed: false };
        let mut b = Builder::new(shape, quant, 6, 3);
        let input = b.graph.output();
        let window = if kernel.is_empty() { Window::dense(shape[0]) } else { b.window(input, kernel, stride, pad) };
        b.mvm(input, window.clone(), 7, None);
        let (graph, chip) = (b.graph, chip(p));
        let tiled = tile(&graph, p);
        let options = ValueOptions {
            fidelity: Fidelity::Ideal,
            seed: 1,
            noise_scale: 1.0,
            age: Second(0.0),
            temperature: Kelvin(300.0),
        };
        let count = 60;
        let data = samples(&graph, count, 11);
        let arrays = Arrays::program(&graph, &tiled, &chip, &Converters::new(), &options).unwrap();
        let how = RunOptions::default();
        let counted = run(&graph, &tiled, &arrays, &[data.view()], 0..count, &how, &|_| {}).unwrap().activity;
        let (counted, estimated) = (&counted.layers[LayerId::new(0)], estimate(&graph, &tiled, &chip).unwrap());
        assert!(estimated.estimated);
        let estimated = &estimated.layers[LayerId::new(0)];
        assert_eq!(counted.reads, estimated.reads * count as u64);
        assert_eq!(counted.cell_reads, estimated.cell_reads * count as u64);
        // Law of large numbers: the energy is a sum over independent digits, digit `i` of weight `c_i` (the
        // conductance of all rows it drives, over all positions). With the digits' mean square m and
        // variance of the square s², the relative deviation is (s/m)·√(Σ c²) / (Σ c · √(planes · samples)).
        let op = operation(&graph, &tiled.layers[LayerId::new(0)]).unwrap();
        let hardware = LayerHardware::of(&tiled.layers[LayerId::new(0)], &chip).unwrap();
        let layer = &tiled.layers[LayerId::new(0)];
        let row = levels(op, layer);
        let mut weight = vec![0.0; window.features()];
        for position in window.gather().chunks(window.rows()) {
            for (feature, n) in position.iter().zip(&row).filter(|(f, _)| **f != Window::PADDING) {
                let background = (2 * layer.slices.len() * layer.cols) as f64 * hardware.g_min.0;
                weight[*feature as usize] += background + *n as f64 * hardware.level.0;
            }
        }
        let digits: Vec<f64> = (0..1u32 << dac_bits).map(|d| f64::from(hardware.strength(d as i32))).collect();
        let mean = digits.iter().sum::<f64>() / digits.len() as f64;
        assert!((mean - mean_strength(&hardware, dac_bits)).abs() < 1e-12);
        let spread = (digits.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / digits.len() as f64).sqrt();
        let (sum, squares) = weight.iter().fold((0.0, 0.0), |(s, q), c| (s + c, q + c * c));
        let sigma = spread / mean * f64::sqrt(squares) / (sum * ((layer.planes.len() * count) as f64).sqrt());
        let deviation = counted.array_energy.0 / count as f64 / estimated.array_energy.0 - 1.0;
        assert!(deviation.abs() < 4.5 * sigma, "deviates by {deviation}, standard deviation {sigma}");
        assert!(sigma < 0.05, "the test tells something: {sigma}");
    }

    #[test]
    fn equals_the_counted_energy_on_fair_bits() {
        check(&[40], &[], &[], &[], 1);
        check(&[3, 20], &[5], &[2], &[2], 1);
        check(&[2, 7, 9], &[3, 3], &[1, 1], &[1, 1], 1);
        check(&[3, 16], &[3], &[1], &[0], 2);
        check(&[2, 6, 6], &[3, 2], &[2, 1], &[2, 0], 4);
    }

    #[test]
    fn padding_drives_nothing() {
        let window = Window {
            channels: 1,
            input: vec![3, 2],
            output: vec![3, 2],
            kernel: vec![3, 1],
            stride: vec![1, 1],
            dilation: vec![1, 1],
            pad: vec![1, 0],
        };
        assert_eq!(drives(&window), [4, 6, 4]);
        assert_eq!(drives(&Window::dense(9)), [1]);
    }
}
