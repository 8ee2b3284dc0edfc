//! Write schemes: what the other cells see while one is written.

use super::network::{Drives, Network};
use super::solve::solve;
use crate::diag::{Diagnostic, Result};

/// How unselected lines are held while the selected word line stands at the write voltage and the selected bit line
/// at 0 V.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Unselected lines at half of the write voltage: half-selected cells see V/2, all others nothing.
    Half,
    /// Unselected word lines at a third, unselected bit lines at two thirds: every unselected cell sees ±V/3.
    Third,
    /// Unselected lines at 0 V: the cells of the selected word line see V.
    Grounded,
    /// Unselected lines without a driver.
    Floating,
}

/// Voltages across the cells during a write.
#[derive(Debug, Clone, PartialEq)]
pub struct VoltageMap {
    /// Voltages in volt from word to bit line, `[row][column]`.
    pub cells: Vec<f64>,
    /// Voltage of the selected cell in volt.
    pub selected: f64,
    /// Largest magnitude of any other cell in volt.
    pub disturbing: f64,
    /// Power that the drivers deliver in watt.
    pub power: f64,
}

impl Scheme {
    /// Drives of a write of cell (`row`, `col`) at `volts`; for [`Scheme::Floating`] the network must be told too.
    #[must_use]
    pub fn drives(self, network: &Network, row: usize, col: usize, volts: f64) -> Drives {
        let (word, bit) = match self {
            Self::Half => (volts / 2.0, volts / 2.0),
            Self::Third => (volts / 3.0, 2.0 * volts / 3.0),
            Self::Grounded | Self::Floating => (0.0, 0.0),
        };
        let mut drives = Drives { rows: vec![word; network.rows], cols: vec![bit; network.cols] };
        (drives.rows[row], drives.cols[col]) = (volts, 0.0);
        drives
    }

    /// Voltages of all cells while cell (`row`, `col`) is written at `volts`, wires included.
    ///
    /// # Errors
    /// `R120` for a cell outside the crossbar, and the errors of [`solve`].
    pub fn write(self, network: &Network, row: usize, col: usize, volts: f64) -> Result<VoltageMap> {
        if row >= network.rows || col >= network.cols {
            let text = format!("cell ({row}, {col}) of a crossbar of {} x {}", network.rows, network.cols);
            return Err(Diagnostic::error("R120", text).help("rows and columns count from 0").into());
        }
        let drives = self.drives(network, row, col, volts);
        let solution = if self == Self::Floating {
            let mut loose = network.clone();
            loose.word.floating = (0..network.rows).map(|r| r != row).collect();
            loose.bit.floating = (0..network.cols).map(|c| c != col).collect();
            solve(&loose, &drives)?
        } else {
            solve(network, &drives)?
        };
        let cells = solution.cell_voltages();
        let at = row * network.cols + col;
        let others = cells.iter().enumerate().filter(|(cell, _)| *cell != at);
        let disturbing = others.fold(0.0f64, |most, (_, v)| most.max(v.abs()));
        Ok(VoltageMap { selected: cells[at], disturbing, power: solution.power, cells })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} instead of {b}");
    }

    #[test]
    fn ideal_wires_give_the_voltages_of_the_schemes() {
        let n = Network::passive(4, 5, vec![1e-5; 20], 0.0, 0.0);
        for (scheme, same_row, same_col, others) in
            [(Scheme::Half, 0.6, 0.6, 0.0), (Scheme::Third, 0.4, 0.4, -0.4), (Scheme::Grounded, 1.2, 0.0, 0.0)]
        {
            let map = scheme.write(&n, 1, 3, 1.2).unwrap();
            for (cell, v) in map.cells.iter().enumerate() {
                let expected = match (cell / 5 == 1, cell % 5 == 3) {
                    (true, true) => 1.2,
                    (true, false) => same_row,
                    (false, true) => same_col,
                    (false, false) => others,
                };
                near(*v, expected);
            }
            near(map.selected, 1.2);
        }
    }

    /// Equal cells: the chain 4 cells of the row, 12 cells between, 3 cells of the column, in parallel groups.
    #[test]
    fn floating_lines_divide_the_voltage() {
        let n = Network::passive(4, 5, vec![1e-5; 20], 0.0, 0.0);
        let map = Scheme::Floating.write(&n, 1, 3, 1.2).unwrap();
        let (a, b, c) = (1.0 / 4.0, 1.0 / 12.0, 1.0 / 3.0);
        near(map.cells[5], 1.2 * a / (a + b + c));
        near(map.cells[0], -1.2 * b / (a + b + c));
        near(map.cells[3], 1.2 * c / (a + b + c));
        near(map.disturbing, 1.2 * c / (a + b + c));
        near(map.power, 1.2 * 1.2 * 1e-5 * (1.0 + 1.0 / (a + b + c)));
    }

    #[test]
    fn wires_take_from_the_far_cell() {
        let n = Network::passive(16, 16, vec![1e-4; 256], 10.0, 10.0);
        let far = Scheme::Half.write(&n, 0, 15, 1.0).unwrap();
        let near_by = Scheme::Half.write(&n, 15, 0, 1.0).unwrap();
        assert!(far.selected < near_by.selected && near_by.selected < 1.0);
        assert!(Scheme::Third.write(&n, 16, 0, 1.0).is_err());
    }
}
