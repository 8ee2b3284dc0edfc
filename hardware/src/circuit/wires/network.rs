//! What a crossbar with wires is made of.

use super::law::Curve;
use crate::diag::{Diagnostic, Diagnostics, Result};

/// Stands for an open end, in ohm: a leak of 1e-30 S keeps lines that nothing holds at 0 V and changes nothing else.
const OPEN: f64 = 1e30;
/// Stands for no resistance, in ohm: so far below 1/(conductance of a line) that its drop is lost in rounding.
const NONE: f64 = 1e-24;

/// One end of every line of a set. `ohms` comes in addition to the one wire segment that lies between the end and
/// the nearest crosspoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    /// Connected to nothing.
    Open,
    /// Connected to the line's driver (word lines) or to its sense amplifier or write driver (bit lines), of output
    /// or input resistance `ohms`.
    Driven {
        /// Resistance of driver or sense amplifier in ohm.
        ohms: f64,
    },
    /// Tied to 0 V through `ohms`.
    Grounded {
        /// Resistance in ohm.
        ohms: f64,
    },
}

/// All word lines or all bit lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// Resistance of the wire between neighbouring crosspoints in ohm.
    pub segment: f64,
    /// Ends before the first and after the last crosspoint.
    pub ends: [End; 2],
    /// Lines whose drivers are switched off; empty if none is. Grounded ends stay grounded.
    pub floating: Vec<bool>,
}

impl Lines {
    /// Driven without further resistance before the first crosspoint, open after the last.
    #[must_use]
    pub const fn one_sided(segment: f64) -> Self {
        Self { segment, ends: [End::Driven { ohms: 0.0 }, End::Open], floating: Vec::new() }
    }
    /// Driven without further resistance at both ends.
    #[must_use]
    pub const fn two_sided(segment: f64) -> Self {
        Self { segment, ends: [End::Driven { ohms: 0.0 }; 2], floating: Vec::new() }
    }
    /// Open before the first crosspoint, sensed after the last: the usual bit line.
    #[must_use]
    pub const fn sensed(segment: f64) -> Self {
        Self { segment, ends: [End::Open, End::Driven { ohms: 0.0 }], floating: Vec::new() }
    }
    /// Whether the driver of a line is switched off.
    #[must_use]
    pub fn is_floating(&self, line: usize) -> bool {
        self.floating.get(line).copied().unwrap_or(false)
    }
    /// Whether an end of a line is held at the line's drive.
    pub(super) fn is_driven(&self, line: usize, end: usize) -> bool {
        matches!(self.ends[end], End::Driven { .. }) && !self.is_floating(line)
    }
    /// Resistance of an end with its segment, never zero and never infinite.
    pub(super) fn end_resistance(&self, line: usize, end: usize) -> f64 {
        match self.ends[end] {
            End::Open => OPEN,
            End::Driven { .. } if self.is_floating(line) => OPEN,
            End::Driven { ohms } | End::Grounded { ohms } => (self.segment + ohms).max(NONE),
        }
    }
    /// Resistance between neighbouring crosspoints, never zero.
    pub(super) fn inner_resistance(&self) -> f64 {
        self.segment.max(NONE)
    }

    fn check(&self, what: &str, count: usize, problems: &mut Diagnostics) {
        let ends = self.ends.iter().filter_map(|e| match e {
            End::Open => None,
            End::Driven { ohms } | End::Grounded { ohms } => Some(*ohms),
        });
        for ohms in ends.chain([self.segment]) {
            if !(0.0..=1e15).contains(&ohms) {
                problems.push(
                    Diagnostic::error("R120", format!("a resistance of the {what} lines is {ohms} Ohm"))
                        .help("a number from 0 to 1e15"),
                );
            }
        }
        if !self.floating.is_empty() && self.floating.len() != count {
            problems.push(
                Diagnostic::error(
                    "R120",
                    format!("{} marks of floating for {count} {what} lines", self.floating.len()),
                )
                .help("one for each line, or none"),
            );
        }
        let tied = [End::Driven { ohms: 0.0 }, End::Grounded { ohms: 0.0 }];
        if self.segment == 0.0 && tied.iter().all(|t| self.ends.contains(t)) {
            problems.push(
                Diagnostic::error("R121", format!("the drivers of the {what} lines are shorted to ground"))
                    .help("give the segments or one of the ends a resistance"),
            );
        }
    }
}

/// What stands between word line and bit line at a crosspoint.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Memory alone (0T1R).
    Resistor,
    /// Memory behind an access transistor (1T1R).
    Gated {
        /// Resistance of the conducting transistor in ohm.
        access: f64,
        /// Rows whose transistors conduct, the cells of all others are disconnected; empty if all do.
        selected: Vec<bool>,
    },
    /// Memory behind a two-terminal selector (1S1R) of current `current·sinh(v/scale)`.
    Selector {
        /// Current scale in ampere.
        current: f64,
        /// Voltage scale in volt.
        scale: f64,
    },
}

/// A crossbar: word line `i` meets bit line `j` at a cell of conductance `g[i·cols + j]` siemens.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub cols: usize,
    /// Conductances of the memory in siemens, `[row][column]`.
    pub g: Vec<f64>,
    /// Word lines; their first end lies before column 0.
    pub word: Lines,
    /// Bit lines; their first end lies before row 0.
    pub bit: Lines,
    /// What a cell is made of.
    pub cell: Cell,
    /// Current–voltage curve of the memory.
    pub curve: Curve,
}

/// Voltages of the drivers in volt. Entries of floating lines are not looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Drives {
    /// One for each word line.
    pub rows: Vec<f64>,
    /// One for each bit line.
    pub cols: Vec<f64>,
}

impl Drives {
    /// A read: word lines at `rows`, bit lines at virtual ground.
    #[must_use]
    pub fn read(rows: &[f64], cols: usize) -> Self {
        Self { rows: rows.to_vec(), cols: vec![0.0; cols] }
    }
}

impl Network {
    /// A passive crossbar of linear cells, driven from the side of column 0 and sensed behind the last row.
    #[must_use]
    pub fn passive(rows: usize, cols: usize, g: Vec<f64>, word_segment: f64, bit_segment: f64) -> Self {
        let (word, bit) = (Lines::one_sided(word_segment), Lines::sensed(bit_segment));
        Self { rows, cols, g, word, bit, cell: Cell::Resistor, curve: Curve::Linear }
    }

    /// Whether the cells of a row are connected.
    #[must_use]
    pub fn is_selected(&self, row: usize) -> bool {
        match &self.cell {
            Cell::Gated { selected, .. } => selected.get(row).copied().unwrap_or(true),
            Cell::Resistor | Cell::Selector { .. } => true,
        }
    }

    /// Whether currents are proportional to voltages.
    #[must_use]
    pub fn is_linear(&self) -> bool {
        self.curve == Curve::Linear && !matches!(self.cell, Cell::Selector { .. })
    }

    /// Conductances between word and bit lines in siemens: with the transistor in series, 0 where it is off. Selectors
    /// and curves are left out.
    #[must_use]
    pub fn conductances(&self) -> Vec<f64> {
        let Cell::Gated { access, .. } = self.cell else { return self.g.clone() };
        let on = |(at, g): (usize, &f64)| if self.is_selected(at / self.cols) { g / (1.0 + access * g) } else { 0.0 };
        self.g.iter().enumerate().map(on).collect()
    }

    /// Everything that is wrong with the description.
    ///
    /// # Errors
    /// `R120` for numbers and lengths, `R121` for shorts and networks that nothing holds.
    pub fn check(&self) -> Result<()> {
        let mut problems = Diagnostics::new();
        if self.rows == 0 || self.cols == 0 || self.g.len() != self.rows * self.cols {
            problems.push(
                Diagnostic::error("R120", format!("{} cells for {} x {} lines", self.g.len(), self.rows, self.cols))
                    .help("a crossbar has at least one line of each kind and rows x cols conductances"),
            );
        } else if let Some(at) = self.g.iter().position(|g| !(0.0..=1e6).contains(g)) {
            let (row, col) = (at / self.cols, at % self.cols);
            problems.push(
                Diagnostic::error("R120", format!("the conductance of cell ({row}, {col}) is {} S", self.g[at]))
                    .help("a number from 0 to 1e6"),
            );
        }
        self.word.check("word", self.rows, &mut problems);
        self.bit.check("bit", self.cols, &mut problems);
        let positive = |x: f64| x > 0.0 && x.is_finite();
        match &self.cell {
            Cell::Resistor => {}
            Cell::Gated { access, selected } => {
                if !(*access >= 0.0 && access.is_finite()) || !(selected.is_empty() || selected.len() == self.rows) {
                    let text = format!("access resistance {access} Ohm, {} marks of selection", selected.len());
                    problems
                        .push(Diagnostic::error("R120", text).help("a resistance from 0, and one mark for each row"));
                }
            }
            Cell::Selector { current, scale } => {
                if !positive(*current) || !positive(*scale) {
                    let text = format!("a selector of {current} A and {scale} V");
                    problems.push(Diagnostic::error("R120", text).help("both are numbers above 0"));
                }
            }
        }
        if let Curve::Sinh { bias, scale } = self.curve
            && !(positive(scale) && bias >= 0.0 && bias.is_finite())
        {
            let text = format!("a curve of {scale} V with its conductance given at {bias} V");
            problems.push(Diagnostic::error("R120", text).help("a scale above 0 and a bias from 0"));
        }
        let held = |lines: &Lines, count| (0..count).any(|l| (0..2).any(|end| lines.end_resistance(l, end) < OPEN));
        if !held(&self.word, self.rows) && !held(&self.bit, self.cols) {
            problems.push(
                Diagnostic::error("R121", "no line is connected to a driver or to ground")
                    .help("leave at least one line driven or grounded"),
            );
        }
        problems.into_result(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(n: &Network) -> Vec<&'static str> {
        n.check().err().map_or(vec![], |all| all.iter().map(|d| d.code).collect())
    }

    #[test]
    fn mistakes_are_collected() {
        let good = Network::passive(2, 3, vec![1e-6; 6], 1.0, 1.0);
        assert!(codes(&good).is_empty());
        let mut bad = good.clone();
        (bad.g[4], bad.word.segment, bad.bit.floating) = (f64::NAN, -1.0, vec![true]);
        bad.cell = Cell::Selector { current: 0.0, scale: 0.1 };
        bad.curve = Curve::Sinh { bias: 0.1, scale: 0.0 };
        assert_eq!(codes(&bad), ["R120"; 5]);
        let mut short = good.clone();
        short.word =
            Lines { segment: 0.0, ends: [End::Driven { ohms: 0.0 }, End::Grounded { ohms: 0.0 }], floating: vec![] };
        assert_eq!(codes(&short), ["R121"]);
        let mut loose = good;
        (loose.word.floating, loose.bit.floating) = (vec![true; 2], vec![true; 3]);
        assert_eq!(codes(&loose), ["R121"]);
    }

    #[test]
    fn transistors_add_their_resistance_and_cut_rows_off() {
        let mut n = Network::passive(2, 1, vec![1e-4; 2], 1.0, 1.0);
        n.cell = Cell::Gated { access: 1e4, selected: vec![true, false] };
        assert_eq!(n.conductances(), [5e-5, 0.0]);
    }
}
