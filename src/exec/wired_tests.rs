//! The value core behind wires, against the network of every cell and wire.

use super::cells::{CellMoments, cells};
use super::current_noise::CurrentNoise;
use super::hardware::LayerHardware;
use super::support::{Builder, Gaussian, Parameters, chip, heartbeat, integer, samples, tile};
use super::tests::options;
use super::wired::Wiring;
use super::{Arrays, Converters, Fidelity, Outcome, RunOptions, ValueOptions, calibrate, run};
use crate::arch::{Chip, Wires, WiresFrom, XbarKindId};
use crate::circuit::wires::{Cell, Curve, Drives, End, FoldCache, Lines, Network, PairOrder, solve};
use crate::device::{HfOxSpec, Programming};
use crate::id::Id;
use crate::lower::{Block, LayerId, QuantGraph, TiledGraph};
use crate::rng::{Domain, Draw};
use crate::tensor::{Encoding, InputSum, Quant, Window};
use crate::units::{Kelvin, Volt};

/// The only kind of crossbar.
fn the() -> XbarKindId {
    XbarKindId::new(0)
}

fn wires(ohm: f64, cell: Cell, order: PairOrder) -> Wires {
    let mut bit = Lines::sensed(1.5 * ohm);
    bit.ends[1] = End::Driven { ohms: 3.0 * ohm };
    Wires { word: Lines::one_sided(ohm), bit, cell, order, from: WiresFrom::Quantised }
}

/// One dense layer of 21 rows and 5 outputs on crossbars of 26 × 24 cells, read 8 rows at a time.
fn dense(p: &Parameters, wires: Wires) -> (QuantGraph, TiledGraph, Chip) {
    let mut b = Builder::new(&[21], Quant { scale: 1.0, bits: 3, signed: false }, 5, 11);
    b.mvm(b.graph.output(), Window::dense(21), 5, None);
    let (tiled, mut chip) = (tile(&b.graph, p), chip(p));
    let xbar = &mut chip.xbar_kinds[the()];
    (xbar.rows, xbar.cols, xbar.wires) = (26, 24, Some(wires));
    (b.graph, tiled, chip)
}

fn small() -> Parameters {
    let device = Gaussian { program: 3e-6, read: 0.03, ..Parameters::default().device };
    Parameters { device, block: [21, 5], group: 8, cell_bits: 2, ..Parameters::default() }
}

/// The whole crossbar with the conductances `g`, cell by cell as documented; rows `driven` are selected.
fn whole(chip: &Chip, block: &Block, g: &[f64], driven: &std::ops::Range<usize>) -> (Network, usize) {
    let xbar = &chip.xbar_kinds[the()];
    let w = xbar.wires.as_ref().unwrap();
    let (height, width) = (block.rows.len(), block.cols.len());
    let first = xbar.rows - height;
    let mut all = vec![xbar.device.window().g_min.0; xbar.rows * xbar.cols];
    for (at, g) in g.iter().enumerate() {
        let (kind, row, col) = (at / (height * width), at / width % height, at % width);
        all[(first + row) * xbar.cols + line(w.order, width, kind, col)] = *g;
    }
    let selected = (0..xbar.rows).map(|r| r >= first && driven.contains(&(r - first))).collect();
    let cell = match &w.cell {
        Cell::Gated { access, .. } => Cell::Gated { access: *access, selected },
        other => other.clone(),
    };
    let (word, bit) = (w.word.clone(), w.bit.clone());
    (Network { rows: xbar.rows, cols: xbar.cols, g: all, word, bit, cell, curve: Curve::Linear }, first)
}

fn line(order: PairOrder, width: usize, kind: usize, col: usize) -> usize {
    match order {
        PairOrder::Apart => kind * width + col,
        PairOrder::Interleaved => kind / 2 * 2 * width + 2 * col + kind % 2,
    }
}

/// No noise beside that of the device.
fn quiet(hardware: &LayerHardware<'_>, values: &ValueOptions) -> CurrentNoise {
    CurrentNoise::new(hardware, values).unwrap()
}

/// What has no fold is refused by name.
#[test]
fn biased_weights_have_no_fold() {
    let (_, tiled, mut chip) = dense(&small(), wires(4.0, Cell::Resistor, PairOrder::Apart));
    chip.xbar_kinds[the()].encoding = Encoding::Offset { sum: InputSum::Counted, inversion: false };
    let hardware = LayerHardware::of(&tiled.layers[LayerId::new(0)], &chip).unwrap();
    let found = Wiring::of(&hardware, &options(Fidelity::Noisy), &FoldCache::default()).unwrap_err().to_string();
    assert!(found.contains("biased weights"), "{found}");
}

#[test]
fn every_read_is_the_networks() {
    let gated = Cell::Gated { access: 700.0, selected: vec![] };
    for (cell, order) in [
        (Cell::Resistor, PairOrder::Apart),
        (Cell::Resistor, PairOrder::Interleaved),
        (gated.clone(), PairOrder::Apart),
    ] {
        let (graph, tiled, chip) = dense(&small(), wires(4.0, cell, order));
        let id = LayerId::new(0);
        let layer = &tiled.layers[id];
        let op = super::program::operation(&graph, layer).unwrap();
        let hardware = LayerHardware::of(layer, &chip).unwrap();
        let block = &tiled.blocks[layer.blocks[0]];
        let values = options(Fidelity::Noisy);
        let folds = FoldCache::default();
        let wired = cells((id, layer), block, op, (&hardware, quiet(&hardware, &values)), &values, 0, &folds).unwrap();
        let mut ideal = chip.clone();
        ideal.xbar_kinds[the()].wires = None;
        let hardware = LayerHardware::of(layer, &ideal).unwrap();
        let mut bare =
            cells((id, layer), block, op, (&hardware, quiet(&hardware, &values)), &values, 0, &folds).unwrap();
        // the Gaussian cell knows no zero
        bare.mean.iter_mut().for_each(|g| *g = g.max(0.0));
        assert!(bare.wires.is_none() && wired.wires.unwrap().error_bound < 1e-9);
        let (height, width) = (21, 5);
        for driven in block.groups() {
            let (network, first) = whole(&chip, block, &bare.mean, &driven);
            let mut volts = vec![0.0; network.rows];
            for row in driven.clone() {
                volts[first + row] = 0.1 * f64::from(integer(9, row, 0, 3));
            }
            let exact = solve(&network, &Drives::read(&volts, network.cols)).unwrap();
            let largest = exact.col_currents.iter().fold(0.0f64, |m, i| m.max(*i));
            for kind in 0..layer.slices.len() * 2 {
                for col in 0..width {
                    let of = |row: usize| wired.mean[(kind * height + row) * width + col] * volts[first + row];
                    let got: f64 = driven.clone().map(of).sum();
                    let expected = exact.col_currents[line(order, width, kind, col)];
                    assert!((got - expected).abs() < 1e-9 * largest, "{kind} {col}: {got:e} {expected:e}");
                }
            }
            // rows at one voltage: what the drivers deliver less what leaks into rows at 0 V is the energy counted
            let together: Vec<f64> = volts.iter().map(|v| if *v > 0.0 { 0.1 } else { 0.0 }).collect();
            let exact = solve(&network, &Drives::read(&together, network.cols)).unwrap();
            let leaks: f64 = together.iter().zip(&exact.row_currents).filter(|r| *r.0 == 0.0).map(|r| 0.1 * r.1).sum();
            let counted: f64 = driven.clone().map(|r| wired.row_conductance[r] * together[first + r].powi(2)).sum();
            assert!((counted / (exact.power + leaks) - 1.0).abs() < 1e-8, "{counted:e} {:e} {leaks:e}", exact.power);
            assert!(leaks <= 0.0 && -leaks < 0.05 * exact.power, "{leaks:e} {:e}", exact.power);
        }
    }
}

/// Currents of a crossbar whose cells all fluctuate, one network a draw, against the variance of the effective matrix.
#[test]
fn the_noise_law_holds_against_draws_for_every_cell() {
    let (height, width, draws) = (16, 8, 600);
    for (ohm, cell, tolerance) in [
        (2.0, Cell::Resistor, 0.02),
        (12.0, Cell::Resistor, 0.05),
        (12.0, Cell::Gated { access: 2e3, selected: vec![] }, 0.05),
    ] {
        let p = Parameters { block: [height, width / 2], group: height, ..small() };
        let (_, mut tiled, mut chip) = dense(&p, wires(ohm, cell, PairOrder::Interleaved));
        let xbar = &mut chip.xbar_kinds[the()];
        (xbar.rows, xbar.cols) = (height, width);
        let id = LayerId::new(0);
        tiled.layers[id].slices.truncate(1);
        let hardware = LayerHardware::of(&tiled.layers[id], &chip).unwrap();
        let block = Block { layer: id, rows: 0..height, cols: 0..width / 2, group: height };
        let count = height * width;
        let mean: Vec<f64> = (0..count).map(|i| 1e-6 * f64::from(integer(3, i, 1, 100))).collect();
        let sigma: Vec<f64> = (0..count).map(|i| mean[i] * 1e-2 * f64::from(integer(4, i, 1, 5))).collect();
        let mut folded = CellMoments {
            variance: sigma.iter().map(|s| s * s).collect(),
            mean: mean.clone(),
            row_conductance: vec![0.0; height],
            programming: Programming::default(),
            still: vec![],
            amplitudes: vec![],
            wires: None,
        };
        let folds = FoldCache::default();
        let wiring = Wiring::of(&hardware, &options(Fidelity::Noisy), &folds).unwrap().unwrap();
        wiring.fold(&mut folded, &block, false).unwrap();
        // half of the rows are driven
        let (rows, volts): (Vec<usize>, Vec<f64>) =
            ((0..height).step_by(2).collect(), (0..height).map(|r| if r % 2 == 0 { 0.1 } else { 0.0 }).collect());
        let (mut sums, mut squares) = (vec![0.0; width], vec![0.0; width]);
        let quiet = whole(&chip, &block, &mean, &(0..height)).0;
        let middle = solve(&quiet, &Drives::read(&volts, width)).unwrap().col_currents;
        for tick in 0..draws {
            let g: Vec<f64> = (0..count)
                .map(|i| {
                    let draw = Draw { seed: 77, domain: Domain::Read, element: i as u64, tick };
                    (mean[i] + sigma[i] * draw.normal(0)).max(0.0)
                })
                .collect();
            let network = whole(&chip, &block, &g, &(0..height)).0;
            let currents = solve(&network, &Drives::read(&volts, width)).unwrap().col_currents;
            for (at, (i, m)) in currents.iter().zip(&middle).enumerate() {
                sums[at] += i - m;
                squares[at] += (i - m).powi(2);
            }
        }
        let (mut ratio, mut ideal) = (0.0, 0.0);
        for kind in 0..2 {
            for col in 0..width / 2 {
                let at = line(PairOrder::Interleaved, width / 2, kind, col);
                let n = draws as f64;
                let drawn = squares[at] / n - (sums[at] / n).powi(2);
                let of = |row: &usize| (kind * height + row) * width / 2 + col;
                let law: f64 = rows.iter().map(|r| folded.variance[of(r)] * 0.01).sum();
                let bare: f64 = rows.iter().map(|r| sigma[of(r)].powi(2) * 0.01).sum();
                ratio += law / drawn / width as f64;
                ideal += bare / drawn / width as f64;
                assert!(
                    (law / drawn - 1.0).abs() < 5.0 * (2.0 / n).sqrt(),
                    "{ohm} Ohm, column {at}: {law:e} {drawn:e}"
                );
            }
        }
        println!("variance by the law over that of draws: {ratio:.4}; without wires {ideal:.4} ({ohm} Ohm)");
        // the mean over columns has a standard error of sqrt(2/(draws·columns)), here 2 %
        let noise = 3.0 * (2.0 / (draws as f64 * width as f64)).sqrt();
        assert!((ratio - 1.0).abs() < tolerance + noise, "{ohm} Ohm: {ratio}");
        assert!((ideal - 1.0).abs() > (ratio - 1.0).abs(), "{ohm} Ohm: {ideal} {ratio}");
    }
}

fn outcome(chip: &Chip, p: &Parameters, v: &ValueOptions, folds: &FoldCache) -> (Arrays, Outcome) {
    let graph = heartbeat();
    let tiled = tile(&graph, p);
    let x = samples(&graph, 4, 3);
    let inputs = [x.view()];
    let converters: Converters = calibrate(&graph, &tiled, chip, &inputs, 0..4).unwrap();
    let once = tiled.layers.iter().map(|_| 1).collect();
    let arrays = Arrays::program_folded(&graph, &tiled, chip, &converters, &once, v, folds).unwrap();
    let out = run(&graph, &tiled, &arrays, &inputs, 0..4, &RunOptions::default(), &|_| ()).unwrap();
    (arrays, out)
}

#[test]
fn networks_run_behind_wires() {
    let p = Parameters { block: [64, 16], group: 64, cell_bits: 4, ..Parameters::default() };
    let folds = FoldCache::default();
    let ideal = {
        let mut c = chip(&p);
        c.xbar_kinds[the()].cols = 64;
        c
    };
    let with = |w: Wires| {
        let mut c = ideal.clone();
        c.xbar_kinds[the()].wires = Some(w);
        c
    };
    let quantised = options(Fidelity::Quantised);
    let (none, expected) = outcome(&ideal, &p, &quantised, &folds);
    assert_eq!(none.wires.crossbars, 0);
    // wires without resistance change no bit, though the grid is another
    let (zero, same) = outcome(&with(wires(0.0, Cell::Resistor, PairOrder::Interleaved)), &p, &quantised, &folds);
    assert!(zero.wires.crossbars > 4 && same.logits == expected.logits);
    let (_, other) = outcome(&with(wires(1.0, Cell::Resistor, PairOrder::Interleaved)), &p, &quantised, &folds);
    assert_ne!(other.logits, expected.logits);
    // wires that act on programmed conductances only
    let mut later = wires(1.0, Cell::Resistor, PairOrder::Interleaved);
    later.from = WiresFrom::Noisy;
    let (none, same) = outcome(&with(later), &p, &quantised, &folds);
    assert!(none.wires.crossbars == 0 && same == expected);
    // threads and known folds change no bit
    let chip = with(wires(1.0, Cell::Resistor, PairOrder::Apart));
    let noisy = options(Fidelity::Noisy);
    let on = |threads: usize, folds: &FoldCache| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| outcome(&chip, &p, &noisy, folds).1)
    };
    let first = on(1, &folds);
    assert_eq!(first, on(2, &FoldCache::default()));
    assert_eq!(first, on(2, &folds));
}

#[test]
fn curved_cells_say_how_far_they_are_off() {
    let p = Parameters { block: [32, 8], group: 32, cell_bits: 2, ..Parameters::default() };
    let mut chip = chip(&p);
    let xbar = &mut chip.xbar_kinds[the()];
    (xbar.cols, xbar.v_read) = (64, Volt(0.2));
    xbar.device = std::sync::Arc::new(HfOxSpec::default().build(Kelvin(300.0)).unwrap());
    let selector = Cell::Selector { current: 1e-6, scale: 0.02 };
    let mut errors = Vec::new();
    for (ohm, cell) in [(0.0, Cell::Resistor), (4.0, Cell::Resistor), (4.0, selector)] {
        chip.xbar_kinds[the()].wires = Some(wires(ohm, cell, PairOrder::Apart));
        let (arrays, _) = outcome(&chip, &p, &options(Fidelity::Noisy), &FoldCache::default());
        let error = arrays.wires.curvature_error.unwrap();
        assert_eq!(arrays.wires.warning().unwrap().code, "R144");
        errors.push(error);
    }
    println!("currents of folds against Newton's: {errors:?} of the largest");
    // without wires the chord at the read voltage is the cell
    assert!(errors[0] < 1e-9 && errors[1] > errors[0] && errors[1] < 1e-2 && errors[2] < 0.1, "{errors:?}");
}
