//! Netlists in ngspice against the solver.

#![cfg(test)]

use std::process::Command;

use super::spice::netlist;
use super::wires::{Cell, Curve, Drives, End, Lines, Network, PairOrder, solve};
use crate::rng::{Domain, Draw};

fn example(rows: usize, cols: usize, ohm: f64) -> Network {
    let uniform = |at: usize| {
        let word = Draw { seed: 3, domain: Domain::InitWeights, element: at as u64, tick: 1 }.words(0)[0];
        f64::from(word) / 4_294_967_296.0
    };
    let g = (0..rows * cols).map(|at| 2e-6 + 5e-5 * uniform(at)).collect();
    Network::passive(rows, cols, g, ohm, 1.7 * ohm)
}

/// Currents that ngspice finds: into the word lines, out of the bit lines; those of floating lines are 0.
fn ngspice(name: &str, n: &Network, drives: &Drives) -> (Vec<f64>, Vec<f64>) {
    let file = std::env::temp_dir().join(format!("archsim_{}_{}.cir", std::process::id(), name.replace(' ', "_")));
    std::fs::write(&file, netlist(n, drives)).unwrap();
    let run = Command::new("ngspice").arg("-b").arg(&file).output().unwrap();
    std::fs::remove_file(&file).unwrap();
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    let (mut rows, mut cols) = (vec![0.0; n.rows], vec![0.0; n.cols]);
    let mut found = 0;
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let Some(source) = name.trim().strip_prefix("i(v").and_then(|s| s.strip_suffix(')')) else { continue };
        let (kind, line) = source.split_once('_').unwrap();
        let value: f64 = value.trim().parse().unwrap();
        let line: usize = line.parse().unwrap();
        if kind == "w" {
            rows[line] = -value
        } else {
            cols[line] = value
        }
        found += 1;
    }
    assert!(found > 0, "{name}: {text}\n{}", String::from_utf8_lossy(&run.stderr));
    (rows, cols)
}

/// Largest difference of the currents of all lines from those of ngspice, relative to the largest; printed for
/// `cargo xtask verify circuit`.
fn check(name: &str, n: &Network, tolerance: f64) {
    let volts: Vec<f64> = (0..n.rows).map(|r| 0.1 + 0.3 * ((r * 7) % 11) as f64 / 11.0).collect();
    let drives = Drives { rows: volts, cols: (0..n.cols).map(|c| 0.01 * (c % 3) as f64).collect() };
    let got = solve(n, &drives).unwrap();
    let (rows, cols) = ngspice(name, n, &drives);
    let mut worst = 0.0f64;
    for (ours, theirs) in [(&got.row_currents, &rows), (&got.col_currents, &cols)] {
        let largest = theirs.iter().fold(0.0f64, |m, i| m.max(i.abs()));
        for (line, (a, b)) in ours.iter().zip(theirs).enumerate() {
            assert!((a - b).abs() <= tolerance * largest, "{name} line {line}: {a:e} against {b:e}");
            worst = worst.max((a - b).abs() / largest);
        }
    }
    println!("ngspice {} x {}, {name}: {worst:.1e} of {tolerance:.0e}", n.rows, n.cols);
}

fn installed() -> bool {
    let found = Command::new("ngspice").arg("--version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: netlists against ngspice, which is not installed (tests/install-simulators.sh does it)");
    }
    found
}

/// Every cell, drive and order of lines.
fn topologies(size: usize) -> impl Iterator<Item = (String, Network, f64)> {
    let selector = Cell::Selector { current: 1e-9, scale: 0.03 };
    let transistor = Cell::Gated { access: 4e3, selected: (0..size).map(|r| r % 3 != 1).collect() };
    let cells = [("0T1R", Cell::Resistor, 1e-6), ("1T1R", transistor, 1e-6), ("1S1R", selector, 1e-4)];
    cells.into_iter().flat_map(move |(name, cell, tolerance)| {
        let drives = [("one-sided", Lines::one_sided(4.0), Lines::sensed(2.5))];
        let both = [("two-sided", Lines::two_sided(4.0), Lines::two_sided(2.5))];
        drives.into_iter().chain(both).flat_map(move |(sides, word, bit)| {
            let cell = cell.clone();
            [PairOrder::Apart, PairOrder::Interleaved].into_iter().map(move |order| {
                let half = example(size, size / 2, 0.0).g;
                let weak: Vec<f64> = half.iter().rev().map(|g| 0.1 * g).collect();
                let g = order.arrange(&half, &weak, size / 2);
                let mut n = Network { word: word.clone(), bit: bit.clone(), g, ..example(size, size, 0.0) };
                n.cell = cell.clone();
                let lines = if order == PairOrder::Apart { "separate" } else { "interleaved" };
                (format!("{name} {sides} {lines}"), n, tolerance)
            })
        })
    })
}

#[test]
fn ngspice_agrees_on_every_topology() {
    if !installed() {
        return;
    }
    for size in [8, 16, 32, 64] {
        for (at, (name, n, tolerance)) in topologies(size).enumerate() {
            // selectors take ngspice a minute at 64 x 64: one of their four
            if size < 64 || n.is_linear() || at % 4 == 3 {
                check(&name, &n, tolerance);
            }
        }
    }
}

#[test]
fn ngspice_agrees_on_ends_and_curves() {
    if !installed() {
        return;
    }
    let floating = |count: usize, except: usize| (0..count).map(|l| l != except).collect::<Vec<_>>();
    let curve = Curve::Sinh { bias: 0.1, scale: 0.25 };
    let selector = Cell::Selector { current: 1e-9, scale: 0.03 };
    let middle = example(16, 24, 3.0);
    let driven = |ohms| End::Driven { ohms };
    let word = Lines { segment: 4.0, ends: [driven(200.0), End::Grounded { ohms: 5e3 }], floating: vec![] };
    let bit = Lines { segment: 2.0, ends: [End::Grounded { ohms: 1e4 }, driven(100.0)], floating: vec![] };
    check("drivers and grounds", &Network { word, bit, ..middle.clone() }, 1e-6);
    let word = Lines { floating: floating(16, 2), ..middle.word.clone() };
    let bit = Lines { floating: floating(24, 7), ..middle.bit.clone() };
    check("sneak paths", &Network { word, bit, ..middle.clone() }, 1e-6);
    check("curves", &Network { curve, ..example(32, 32, 1.0) }, 1e-4);
    check("selectors and curves", &Network { cell: selector, curve, ..middle.clone() }, 1e-4);
    let transistors = Cell::Gated { access: 4e3, selected: vec![] };
    check("transistors and curves", &Network { cell: transistors, curve, ..middle }, 1e-4);
}
