//! The network against nodal analysis, closed forms and reference currents.

use std::path::{Path, PathBuf};

use super::*;
use crate::rng::{Domain, Draw};
use crate::simd::Isa;

/// A number in 0..1 for each address.
pub(super) fn uniform(seed: u64, at: usize) -> f64 {
    f64::from(Draw { seed, domain: Domain::InitWeights, element: at as u64, tick: 7 }.words(0)[0]) / 4_294_967_296.0
}

pub(super) fn example(rows: usize, cols: usize, g_min: f64, g_max: f64, ohm: f64) -> Network {
    let g = (0..rows * cols).map(|at| g_min + (g_max - g_min) * uniform(1, at)).collect();
    Network::passive(rows, cols, g, ohm, ohm)
}

/// Nodal analysis with a banded Cholesky factorisation: the independent solution. Word and bit node of a cell are
/// `2·(col·rows + row)` and one more. Returns the node voltages, for cell currents `g·(w − b)`.
pub(super) fn nodal(n: &Network, drives: &Drives) -> (Vec<f64>, Vec<f64>) {
    let (rows, cols) = (n.rows, n.cols);
    let (size, band) = (2 * rows * cols, 2 * rows);
    let node = |row: usize, col: usize, bit: usize| 2 * (col * rows + row) + bit;
    let mut matrix = vec![vec![0.0; band + 1]; size];
    let mut x = vec![0.0; size];
    let mut connect = |a: usize, b: usize, g: f64| {
        matrix[a][0] += g;
        matrix[b][0] += g;
        matrix[a.max(b)][a.abs_diff(b)] -= g;
    };
    let g = n.conductances();
    for row in 0..rows {
        for col in 0..cols {
            connect(node(row, col, 0), node(row, col, 1), g[row * cols + col]);
            if col > 0 {
                connect(node(row, col - 1, 0), node(row, col, 0), 1.0 / n.word.segment);
            }
            if row > 0 {
                connect(node(row - 1, col, 1), node(row, col, 1), 1.0 / n.bit.segment);
            }
        }
    }
    let mut tie = |lines: &Lines, line: usize, end: usize, at: usize, v: f64| {
        let (ohms, v) = match lines.ends[end] {
            End::Open => return,
            End::Driven { .. } if lines.is_floating(line) => return,
            End::Driven { ohms } => (ohms, v),
            End::Grounded { ohms } => (ohms, 0.0),
        };
        matrix[at][0] += 1.0 / (ohms + lines.segment);
        x[at] += v / (ohms + lines.segment);
    };
    for end in 0..2 {
        (0..rows).for_each(|r| tie(&n.word, r, end, node(r, end * (cols - 1), 0), drives.rows[r]));
        (0..cols).for_each(|c| tie(&n.bit, c, end, node(end * (rows - 1), c, 1), drives.cols[c]));
    }
    for i in 0..size {
        let first = i.saturating_sub(band);
        for j in first..=i {
            let from = first.max(j.saturating_sub(band));
            let sum: f64 = (from..j).map(|k| matrix[i][i - k] * matrix[j][j - k]).sum();
            let rest = matrix[i][i - j] - sum;
            matrix[i][i - j] = if i == j { rest.sqrt() } else { rest / matrix[j][0] };
        }
        let sum: f64 = (first..i).map(|k| matrix[i][i - k] * x[k]).sum();
        x[i] = (x[i] - sum) / matrix[i][0];
    }
    for i in (0..size).rev() {
        let sum: f64 = (i + 1..size.min(i + band + 1)).map(|k| matrix[k][k - i] * x[k]).sum();
        x[i] = (x[i] - sum) / matrix[i][0];
    }
    let all = |bit| (0..rows * cols).map(|at| x[node(at / cols, at % cols, bit)]).collect();
    (all(0), all(1))
}

/// Networks of every kind of end, cell and drive.
pub(super) fn zoo() -> Vec<(&'static str, Network, Drives)> {
    let (rows, cols) = (13, 10);
    let rows_v: Vec<f64> = (0..rows).map(|r| 0.4 * uniform(2, r) - 0.1).collect();
    let read = Drives::read(&rows_v, cols);
    let plain = example(rows, cols, 1e-6, 1e-4, 8.0);
    let with = |change: &dyn Fn(&mut Network)| {
        let mut n = plain.clone();
        change(&mut n);
        n
    };
    let floating = |count: usize, except: usize| (0..count).map(|l| l != except).collect::<Vec<_>>();
    let mut write = read.clone();
    write.cols = (0..cols).map(|c| 0.3 * uniform(3, c)).collect();
    vec![
        ("passive", plain.clone(), read.clone()),
        ("different wires", with(&|n| (n.word.segment, n.bit.segment) = (0.7, 40.0)), read.clone()),
        ("two-sided", with(&|n| (n.word, n.bit) = (Lines::two_sided(8.0), Lines::two_sided(3.0))), read.clone()),
        (
            "drivers and amplifiers",
            with(&|n| {
                n.word.ends = [End::Driven { ohms: 150.0 }, End::Open];
                n.bit.ends = [End::Grounded { ohms: 1e4 }, End::Driven { ohms: 500.0 }];
            }),
            read.clone(),
        ),
        ("from the right", with(&|n| n.word.ends.reverse()), read.clone()),
        ("grounded far ends", with(&|n| n.word.ends[1] = End::Grounded { ohms: 2e3 }), read.clone()),
        (
            "one transistor row",
            with(&|n| {
                n.cell = Cell::Gated { access: 3e3, selected: (0..rows).map(|r| r == 4 || r == 7).collect() };
            }),
            read.clone(),
        ),
        (
            "sneak paths",
            with(&|n| (n.word.floating, n.bit.floating) = (floating(rows, 3), floating(cols, 6))),
            read.clone(),
        ),
        ("driven bit lines", plain.clone(), write),
        ("wires like cells", with(&|n| (n.word.segment, n.bit.segment) = (3e4, 1e4)), read.clone()),
        ("missing cells", with(&|n| (0..rows * cols).step_by(3).for_each(|at| n.g[at] = 0.0)), read),
    ]
}

fn close(name: &str, got: &[f64], expected: &[f64], relative: f64) {
    let largest = expected.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    for (at, (a, b)) in got.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= relative * largest, "{name} {at}: {a:e} instead of {b:e} (largest {largest:e})");
    }
}

#[test]
fn every_network_agrees_with_nodal_analysis() {
    for (name, n, drives) in zoo() {
        let (w, b) = nodal(&n, &drives);
        let got = solve(&n, &drives).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        close(name, &got.word, &w, 1e-10);
        close(name, &got.bit, &b, 1e-10);
        let g = n.conductances();
        let currents: Vec<f64> = g.iter().zip(w.iter().zip(&b)).map(|(g, (w, b))| g * (w - b)).collect();
        close(name, &got.cell_currents, &currents, 1e-9);
        assert!(got.error_bound <= SOLVE_TOLERANCE, "{name}");
        // what the drivers deliver is what wires and cells turn to heat: sums over all nodes
        let held: f64 = drives.rows.iter().zip(&got.row_currents).map(|(v, i)| v * i).sum::<f64>()
            - drives.cols.iter().zip(&got.col_currents).map(|(v, i)| v * i).sum::<f64>();
        assert_eq!(got.power, held);
    }
}

#[test]
fn a_fold_is_every_read_at_once() {
    for (name, n, mut drives) in zoo() {
        drives.cols.fill(0.0);
        let folded = fold(&n).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert!(folded.error_bound <= FOLD_TOLERANCE, "{name}: {}", folded.error_bound);
        let expected = solve(&n, &drives).unwrap().col_currents;
        close(name, &folded.currents(&drives.rows), &expected, 1e-9);
        // each element by itself
        for row in [0, 4, n.rows - 1] {
            let mut one = vec![0.0; n.rows];
            one[row] = 1.0;
            let (_, b) = nodal(&n, &Drives::read(&one, n.cols));
            for col in 0..n.cols {
                let expected: f64 = [(0, 0), (1, n.rows - 1)]
                    .iter()
                    .filter(|(end, _)| n.bit.is_driven(col, *end))
                    .map(|(end, r)| b[r * n.cols + col] / n.bit.end_resistance(col, *end))
                    .sum();
                if !n.word.is_floating(row) {
                    let got = folded.g_eff[row * n.cols + col];
                    assert!((got - expected).abs() <= 1e-8 * expected + 1e-20, "{name} {row} {col}: {got} {expected}");
                }
            }
        }
    }
}

#[test]
fn all_methods_agree() {
    for (name, n, mut drives) in zoo() {
        let g = n.conductances();
        drives.cols.iter_mut().enumerate().for_each(|(c, v)| *v += 0.01 * c as f64);
        let expected = solve(&n, &drives).unwrap().word;
        close(name, &dense::voltages(&n, &g, None, &drives, Isa::best()), &expected, 1e-9);
    }
}

#[test]
fn wires_of_far_more_resistance_than_cells_are_folded() {
    let n = example(40, 24, 1e-4, 1e-2, 2e5);
    let folded = fold(&n).unwrap();
    let drives = Drives::read(&[1.0; 40], 24);
    let (_, b) = nodal(&n, &drives);
    let expected: Vec<f64> = (0..24).map(|c| b[39 * 24 + c] / n.bit.end_resistance(c, 1)).collect();
    close("currents", &folded.currents(&drives.rows), &expected, 1e-9);
}

#[test]
fn instruction_sets_agree_to_the_bit() {
    for (name, n, drives) in zoo() {
        let all: Vec<_> = Isa::all()
            .into_iter()
            .map(|isa| (Folder::default().fold(&n, isa).unwrap(), Bench::default().solve(&n, &drives, isa).unwrap()))
            .collect();
        assert!(all.iter().all(|one| *one == all[0]), "{name}");
    }
}

#[test]
fn wires_without_resistance_are_ideal() {
    let n = example(37, 21, 1e-6, 1e-4, 0.0);
    let folded = fold(&n).unwrap();
    close("matrix", &folded.g_eff, &n.g, 1e-14);
    let v: Vec<f64> = (0..37).map(|r| 0.2 * uniform(5, r)).collect();
    let got = solve(&n, &Drives::read(&v, 21)).unwrap();
    let ideal: Vec<f64> = (0..21).map(|c| (0..37).map(|r| v[r] * n.g[r * 21 + c]).sum()).collect();
    close("currents", &got.col_currents, &ideal, 1e-14);
    let power: f64 = (0..37 * 21).map(|at| v[at / 21] * v[at / 21] * n.g[at]).sum();
    assert!((got.power / power - 1.0).abs() < 1e-13);
}

/// Wires of next to no resistance and wires like cells, in sizes at which each method would be chosen by its price.
#[test]
fn every_size_and_wire_is_solved() {
    for (rows, cols) in [(1, 1), (2, 40), (24, 32), (50, 3), (40, 41)] {
        for ohm in [0.0, 1e-9, 1e-3, 1.0, 1e3, 1e6] {
            let n = example(rows, cols, 1e-6, 1e-4, ohm);
            let folded = fold(&n).unwrap_or_else(|e| panic!("{rows} x {cols}, {ohm} Ohm: {e:?}"));
            let v: Vec<f64> = (0..rows).map(|r| 0.1 + 0.1 * uniform(9, r)).collect();
            let got =
                solve(&n, &Drives::read(&v, cols)).unwrap_or_else(|e| panic!("{rows} x {cols}, {ohm} Ohm: {e:?}"));
            close("currents", &folded.currents(&v), &got.col_currents, 2e-9);
        }
    }
}

#[test]
fn one_cell_and_one_line_have_closed_forms() {
    let one = Network::passive(1, 1, vec![1e-4], 30.0, 20.0);
    assert!((fold(&one).unwrap().g_eff[0] - 1.0 / (1e4 + 50.0)).abs() < 1e-18);
    // a word line of equal cells over ideal bit lines is a ladder: w_j = cosh(a(n - 1/2 - j))/cosh(a(n + 1/2)),
    // 2 sinh(a/2) = sqrt(r g), counting nodes from 1 and the driver as 0
    let (r, g, count) = (100.0f64, 1e-4, 50);
    let mut ladder = Network::passive(1, count, vec![g; count], r, 0.0);
    let a = 2.0 * ((r * g).sqrt() / 2.0).asinh();
    let node = |j: f64| (a * (count as f64 + 0.5 - j)).cosh() / (a * (count as f64 + 0.5)).cosh();
    let expected: Vec<f64> = (1..=count).map(|j| g * node(j as f64)).collect();
    close("word line", &fold(&ladder).unwrap().g_eff, &expected, 1e-12);
    // the same ladder as a bit line
    ladder = Network::passive(count, 1, vec![g; count], 0.0, r);
    let expected: Vec<f64> = expected.into_iter().rev().collect();
    close("bit line", &fold(&ladder).unwrap().g_eff, &expected, 1e-12);
}

#[test]
fn two_sided_drive_is_symmetric_and_better() {
    let mut n = Network::passive(8, 16, vec![5e-5; 128], 20.0, 10.0);
    let one = solve(&n, &Drives::read(&[0.2; 8], 16)).unwrap();
    n.word = Lines::two_sided(20.0);
    let two = solve(&n, &Drives::read(&[0.2; 8], 16)).unwrap();
    for col in 0..16 {
        assert!((two.col_currents[col] / two.col_currents[15 - col] - 1.0).abs() < 1e-12);
        assert!(two.col_currents[col] > one.col_currents[col]);
    }
}

#[test]
fn threads_and_used_room_change_nothing() {
    let networks: Vec<_> = zoo().into_iter().map(|(_, n, _)| n).collect();
    let together = fold_all(&networks).unwrap();
    let mut folder = Folder::default();
    for (n, folded) in networks.iter().zip(&together).rev() {
        assert_eq!(&folder.fold(n, Isa::best()).unwrap(), folded);
    }
}

fn table(path: &Path) -> Vec<f64> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.split([',', '\n']).map(str::trim).filter(|s| !s.is_empty()).map(|s| s.parse().unwrap()).collect()
}

/// SuperLU solutions of seven crossbars (8 x 8 to 128 x 128) by badcrossbar 1.1.0.
#[test]
fn reference_currents() {
    let Some(folder) = std::env::var_os("ARCHSIM_REFERENCE").map(|f| PathBuf::from(f).join("crossbar_ir")) else {
        eprintln!("SKIPPED: seven reference crossbars, ARCHSIM_REFERENCE is not set");
        return;
    };
    let index = std::fs::read_to_string(folder.join("index.csv")).unwrap();
    let mut cases = 0;
    for line in index.lines().skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let (name, rows, cols) = (f[0], f[1].parse().unwrap(), f[2].parse::<usize>().unwrap());
        let file = |what: &str| folder.join(format!("{name}_{what}.csv"));
        let n = Network::passive(rows, cols, table(&file("g")), f[6].parse().unwrap(), f[7].parse().unwrap());
        let (v, i) = (table(&file("v")), table(&file("i")));
        let devices = file("idev").exists().then(|| table(&file("idev")));
        let folded = fold(&n).unwrap();
        let vectors: usize = f[8].parse().unwrap();
        let mut worst = [0.0f64; 4];
        let mut note = |kind: usize, error: f64| worst[kind] = worst[kind].max(error.abs());
        let power: Vec<f64> = f[10].split_whitespace().map(|p| p.parse().unwrap()).collect();
        for k in 0..vectors {
            let vector: Vec<f64> = (0..rows).map(|r| v[r * vectors + k]).collect();
            let expected = &i[k * cols..(k + 1) * cols];
            let got = solve(&n, &Drives::read(&vector, cols)).unwrap();
            for (col, expected) in expected.iter().enumerate() {
                assert!((got.col_currents[col] / expected - 1.0).abs() < 1e-9, "{name} vector {k} column {col}");
                note(0, got.col_currents[col] / expected - 1.0);
            }
            close(name, &folded.currents(&vector), expected, 1e-9);
            folded.currents(&vector).iter().zip(expected).for_each(|(got, expected)| note(1, got / expected - 1.0));
            // the index has ten digits
            assert!((got.power / power[k] - 1.0).abs() < 1e-9, "{name} vector {k}: {} W", got.power);
            note(3, got.power / power[k] - 1.0);
            if let Some(devices) = &devices {
                let expected = &devices[k * rows * cols..(k + 1) * rows * cols];
                close(name, &got.cell_currents, expected, 1e-9);
                let largest = expected.iter().fold(0.0f64, |m, i| m.max(i.abs()));
                got.cell_currents.iter().zip(expected).for_each(|(got, i)| note(2, (got - i) / largest));
            }
        }
        let [currents, by_fold, cells, source] = worst;
        println!(
            "reference {name}: currents {currents:.1e}, folded {by_fold:.1e}, cells {cells:.1e}, power {source:.1e}"
        );
        cases += 1;
    }
    assert_eq!(cases, 7);
}

/// Newton against the law itself: every node balances, every cell carries what its law says.
#[test]
fn cells_that_are_not_linear_balance() {
    for (name, mut n, drives) in zoo() {
        let curve = Curve::Sinh { bias: 0.1, scale: 0.04 };
        let cells = [(n.cell.clone(), curve)];
        let selectors = [Curve::Linear, curve].map(|c| (Cell::Selector { current: 1e-9, scale: 0.02 }, c));
        for (cell, curve) in cells.into_iter().chain(selectors) {
            (n.cell, n.curve) = (cell, curve);
            let got = solve(&n, &drives).unwrap_or_else(|e| panic!("{name} {:?}: {e:?}", n.cell));
            let v = got.cell_voltages();
            let currents: Vec<f64> = (0..v.len()).map(|cell| Series(&n).at(cell, v[cell]).0).collect();
            close(name, &got.cell_currents, &currents, 1e-9);
            // the node between two segments of a word line
            let largest = currents.iter().fold(0.0f64, |m, i| m.max(i.abs()));
            for at in (0..v.len()).filter(|at| (1..n.cols - 1).contains(&(at % n.cols))) {
                let w = &got.word;
                let sum = (2.0 * w[at] - w[at - 1] - w[at + 1]) / n.word.segment + currents[at];
                assert!(sum.abs() < 1e-9 * largest + 1e-14 / n.word.segment, "{name} {at}: {sum:e} of {largest:e}");
            }
        }
    }
}

#[test]
fn a_curve_of_a_device_is_solved() {
    let device = crate::device::HfOxSpec::default().build(crate::units::Kelvin(300.0)).unwrap();
    let n = example(12, 9, 1e-5, 2e-4, 5.0);
    let drives = Drives::read(&[0.2; 12], 9);
    let law = Mounted { device: &device, g: &n.g, v_read: 0.2, access: &Cell::Resistor };
    let got = solve_with(&n, &drives, &law).unwrap();
    let linear = solve(&n, &drives).unwrap();
    // conductances are chords at 0.2 V: the curve matters only where wires took voltage
    for (a, b) in got.col_currents.iter().zip(&linear.col_currents) {
        assert!(a != b && (a / b - 1.0).abs() < 0.02, "{a} {b}");
    }
}
