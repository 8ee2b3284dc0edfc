//! Netlists of crossbars for SPICE.
//!
//! Node `w_i_j` is the crosspoint of word line `i` with bit line `j` on the word line, `b_i_j` the one on the bit
//! line; both count from 0. A driver is a source `vw_i` or `vb_j` at node `dw_i` or `db_j`. Linear cells are
//! resistors, selectors and curves `B` sources. Segments without resistance become 1 nΩ, so that the topology stays.

use std::fmt::Write;

use super::wires::{Cell, Curve, Drives, End, Lines, Network};

/// What stands for a wire without resistance, in ohm: SPICE divides by it.
const SHORT: f64 = 1e-9;

/// The netlist of one operating point: `ngspice -b` prints the currents of all sources, of word lines as
/// `i(vw_i)`, of bit lines as `i(vb_j)`. A source's current is counted as SPICE does: from its plus terminal through
/// the source, so that a driver that delivers has a negative one and a bit line's is what the line delivers.
#[must_use]
pub fn netlist(network: &Network, drives: &Drives) -> String {
    let mut out = format!("* crossbar of {} x {} cells\n", network.rows, network.cols);
    let mut sources = Vec::new();
    lines(&mut out, &mut sources, &network.word, &drives.rows, 'w', network.cols, |line, at| (line, at));
    lines(&mut out, &mut sources, &network.bit, &drives.cols, 'b', network.rows, |line, at| (at, line));
    for (at, g) in network.g.iter().enumerate() {
        let (row, col) = (at / network.cols, at % network.cols);
        if *g > 0.0 && network.is_selected(row) {
            cell(&mut out, network, row, col, *g);
        }
    }
    // tight enough for six digits of the smallest current of an array; nodes that nothing holds need the leak of gmin
    out.push_str(
        ".options reltol=1e-9 abstol=1e-18 vntol=1e-12 gmin=1e-18 itl1=500 numdgt=15\n.control\nset numdgt=12\nop\n",
    );
    for source in sources {
        let _ = writeln!(out, "print i({source})");
    }
    out.push_str("quit\n.endc\n.end\n");
    out
}

/// Wires, ends and drivers of the lines of one kind.
fn lines(
    out: &mut String,
    sources: &mut Vec<String>,
    lines: &Lines,
    drives: &[f64],
    kind: char,
    length: usize,
    place: impl Fn(usize, usize) -> (usize, usize),
) {
    let node = |line: usize, at: usize| {
        let (row, col) = place(line, at);
        format!("{kind}_{row}_{col}")
    };
    for (line, volts) in drives.iter().enumerate() {
        for at in 1..length {
            let (a, b) = (node(line, at - 1), node(line, at));
            let _ = writeln!(out, "r{kind}_{line}_{at} {a} {b} {:e}", lines.segment.max(SHORT));
        }
        let mut driven = false;
        for (end, at) in [(0, 0), (1, length - 1)] {
            let (ohms, to) = match lines.ends[end] {
                End::Open => continue,
                End::Driven { .. } if lines.is_floating(line) => continue,
                End::Driven { ohms } => {
                    driven = true;
                    (ohms, format!("d{kind}_{line}"))
                }
                End::Grounded { ohms } => (ohms, "0".to_string()),
            };
            let ohms = (lines.segment + ohms).max(SHORT);
            let _ = writeln!(out, "r{kind}_{line}_end{end} {} {to} {ohms:e}", node(line, at));
        }
        if driven {
            let _ = writeln!(out, "v{kind}_{line} d{kind}_{line} 0 dc {volts:e}");
            sources.push(format!("v{kind}_{line}"));
        }
    }
}

/// Elements of one cell from the word line to the bit line.
fn cell(out: &mut String, network: &Network, row: usize, col: usize, g: f64) {
    let (word, bit, name) = (format!("w_{row}_{col}"), format!("b_{row}_{col}"), format!("{row}_{col}"));
    let inner = format!("m_{row}_{col}");
    let sinh = |out: &mut String, element: &str, from: &str, to: &str, current: f64, scale: f64| {
        let _ = writeln!(out, "b{element}_{name} {from} {to} i={current:e}*sinh(v({from},{to})/{scale:e})");
    };
    let mut from = word;
    match network.cell {
        Cell::Resistor => {}
        // a resistor is one element with its transistor
        Cell::Gated { access, .. } if access == 0.0 || network.curve == Curve::Linear => {}
        Cell::Gated { access, .. } => {
            let _ = writeln!(out, "rt_{name} {from} {inner} {access:e}");
            from = inner;
        }
        Cell::Selector { current, scale } => {
            sinh(out, "s", &from, &inner, current, scale);
            from = inner;
        }
    }
    match network.curve {
        Curve::Linear => {
            let access = if let Cell::Gated { access, .. } = network.cell { access } else { 0.0 };
            let _ = writeln!(out, "rc_{name} {from} {bit} {:e}", 1.0 / g + access);
        }
        Curve::Sinh { bias, scale } => sinh(out, "c", &from, &bit, Curve::current_scale(g, bias, scale), scale),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_netlist_is_complete() {
        let mut n = Network::passive(2, 2, vec![1e-4, 0.0, 2e-4, 1e-5], 2.0, 3.0);
        n.bit.ends[1] = End::Driven { ohms: 40.0 };
        n.word.floating = vec![false, true];
        let text = netlist(&n, &Drives::read(&[0.2, 0.1], 2));
        for line in [
            "rw_0_1 w_0_0 w_0_1 2e0",
            "rw_0_end0 w_0_0 dw_0 2e0",
            "vw_0 dw_0 0 dc 2e-1",
            "rb_1_1 b_0_1 b_1_1 3e0",
            "rb_1_end1 b_1_1 db_1 4.3e1",
            "rc_1_0 w_1_0 b_1_0 5e3",
            "print i(vb_1)",
        ] {
            assert!(text.lines().any(|l| l == line), "`{line}` is missing in\n{text}");
        }
        for gone in ["vw_1", "rc_0_1"] {
            assert!(!text.contains(gone), "{gone}");
        }
        n.cell = Cell::Selector { current: 1e-9, scale: 0.1 };
        assert!(
            netlist(&n, &Drives::read(&[0.2, 0.1], 2)).contains("bs_0_0 w_0_0 m_0_0 i=1e-9*sinh(v(w_0_0,m_0_0)/1e-1)")
        );
    }
}
