//! Netlists in ngspice against the solver.

#![cfg(test)]

use std::process::Command;

use super::spice::netlist;
use super::wires::{Cell, Curve, Drives, End, Lines, Network, solve};
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

#[test]
fn ngspice_agrees() {
    if Command::new("ngspice").arg("--version").output().is_err() {
        eprintln!("SKIPPED: netlists against ngspice, which is not installed (tests/install-ngspice.sh does it)");
        return;
    }
    let floating = |count: usize, except: usize| (0..count).map(|l| l != except).collect::<Vec<_>>();
    let curve = Curve::Sinh { bias: 0.1, scale: 0.25 };
    let selector = Cell::Selector { current: 1e-9, scale: 0.03 };
    let small = example(8, 8, 5.0);
    let middle = example(16, 24, 3.0);
    let linear = [
        ("passive 8", small.clone()),
        ("passive 64", example(64, 64, 2.0)),
        ("two-sided", Network { word: Lines::two_sided(4.0), bit: Lines::two_sided(2.0), ..middle.clone() }),
        (
            "drivers and grounds",
            Network {
                word: Lines {
                    segment: 4.0,
                    ends: [End::Driven { ohms: 200.0 }, End::Grounded { ohms: 5e3 }],
                    floating: vec![],
                },
                bit: Lines {
                    segment: 2.0,
                    ends: [End::Grounded { ohms: 1e4 }, End::Driven { ohms: 100.0 }],
                    floating: vec![],
                },
                ..middle.clone()
            },
        ),
        (
            "transistors",
            Network {
                cell: Cell::Gated { access: 4e3, selected: (0..16).map(|r| r % 3 == 0).collect() },
                ..middle.clone()
            },
        ),
        (
            "sneak paths",
            Network {
                word: Lines { floating: floating(16, 2), ..middle.word.clone() },
                bit: Lines { floating: floating(24, 7), ..middle.bit.clone() },
                ..middle.clone()
            },
        ),
    ];
    let curved = [
        ("curves", Network { curve, ..middle.clone() }),
        ("selectors", Network { cell: selector.clone(), ..small.clone() }),
        ("selectors and curves", Network { cell: selector, curve, ..middle.clone() }),
        ("transistors and curves", Network { cell: Cell::Gated { access: 4e3, selected: vec![] }, curve, ..small }),
    ];
    let all = linear.into_iter().map(|(name, n)| (name, n, 1e-6)).chain(curved.map(|(name, n)| (name, n, 1e-4)));
    for (name, n, tolerance) in all {
        let volts: Vec<f64> = (0..n.rows).map(|r| 0.1 + 0.3 * ((r * 7) % 11) as f64 / 11.0).collect();
        let drives = Drives { rows: volts, cols: (0..n.cols).map(|c| 0.01 * (c % 3) as f64).collect() };
        let got = solve(&n, &drives).unwrap();
        let (rows, cols) = ngspice(name, &n, &drives);
        for (ours, theirs) in [(&got.row_currents, &rows), (&got.col_currents, &cols)] {
            let largest = theirs.iter().fold(0.0f64, |m, i| m.max(i.abs()));
            for (line, (a, b)) in ours.iter().zip(theirs).enumerate() {
                assert!((a - b).abs() <= tolerance * largest, "{name} line {line}: {a:e} against {b:e}");
            }
        }
    }
}
