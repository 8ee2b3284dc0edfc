//! A crossbar with wires as one matrix: `currents = G_effᵀ · voltages` for every read to come.

use rayon::prelude::*;

use super::mesh;
use super::network::{Drives, Network};
use super::solve::{self, Bench};
use crate::diag::{Diagnostic, Result};
use crate::simd::Isa;

/// Largest [`EffectiveMatrix::error_bound`] of a fold.
pub const FOLD_TOLERANCE: f64 = 1e-9;

/// Currents of bit lines at virtual ground per volt of each word line, wires included.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveMatrix {
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub cols: usize,
    /// Transfer conductances in siemens, `[row][column]`. Each is made of sums, products and quotients of positive
    /// numbers alone, so that none loses digits to cancellation.
    pub g_eff: Vec<f64>,
    /// What another method says of it: bound of the difference between the columns' sums and the currents of all word
    /// lines at 1 V, which line relaxation finds, relative to the largest of them.
    pub error_bound: f64,
}

impl EffectiveMatrix {
    /// Currents into the bit lines in ampere for word-line voltages in volt.
    ///
    /// # Panics
    /// If there is not one voltage for each row.
    #[must_use]
    pub fn currents(&self, voltages: &[f64]) -> Vec<f64> {
        assert_eq!(voltages.len(), self.rows, "one voltage for each row");
        let mut out = vec![0.0; self.cols];
        for (g, v) in self.g_eff.chunks_exact(self.cols).zip(voltages) {
            out.iter_mut().zip(g).for_each(|(i, g)| *i += g * v);
        }
        out
    }
}

/// Reusable room for folds, one for each thread.
#[derive(Debug, Default)]
pub struct Folder {
    room: mesh::Room,
    bench: Bench,
}

impl Folder {
    /// Folds a network on the instruction set of choice; results are the same bits on each.
    ///
    /// # Errors
    /// `R120`, `R121` for a network that makes no sense, `R122` if the two methods differ by more than
    /// [`FOLD_TOLERANCE`], `R124` if cells are not linear.
    pub fn fold(&mut self, network: &Network, isa: Isa) -> Result<EffectiveMatrix> {
        network.check()?;
        if !network.is_linear() {
            return Err(Diagnostic::error("R124", "a crossbar with selectors or curved cells has no effective matrix")
                .help("solve each read by itself, or fold with the chord conductances at the read voltage")
                .into());
        }
        let (rows, cols) = (network.rows, network.cols);
        let g = network.conductances();
        let g_eff = mesh::fold(network, &g, isa, &mut self.room);
        let probe = Drives::read(&vec![1.0; rows], cols);
        let (solution, voltages) = solve::linear(network, &g, None, &probe, isa, &mut self.bench)?;
        let mut sums = vec![0.0; cols];
        g_eff.chunks_exact(cols).for_each(|r| sums.iter_mut().zip(r).for_each(|(s, g)| *s += g));
        let largest = sums.iter().fold(0.0f64, |m, s| m.max(s.abs()));
        let apart = sums.iter().zip(&solution.col_currents).fold(0.0f64, |m, (s, i)| m.max((s - i).abs()));
        // a cell's current is no further off than the voltages of its two nodes, which wires without resistance do not
        // spoil as they do the bound of currents
        let of_solution = solution.error_bound.min(2.0 * voltages);
        let error_bound = if largest == 0.0 { 0.0 } else { apart / largest + of_solution };
        if error_bound > FOLD_TOLERANCE || error_bound.is_nan() {
            return Err(not_converged(error_bound));
        }
        Ok(EffectiveMatrix { rows, cols, g_eff, error_bound })
    }
}

/// The failure of every method.
pub(super) fn not_converged(bound: f64) -> crate::diag::Diagnostics {
    Diagnostic::failure("R122", format!("the network of wires is not solved: the error may be {bound:.1e}"))
        .help("a line that only cells connect, or wires of far more resistance than the cells, leave voltages undetermined")
        .into()
}

/// Folds one network on this processor's best instruction set.
///
/// # Errors
/// See [`Folder::fold`].
pub fn fold(network: &Network) -> Result<EffectiveMatrix> {
    Folder::default().fold(network, Isa::best())
}

/// Folds many networks, in parallel; results stand in their order.
///
/// # Errors
/// The first network's that fails, in their order.
pub fn fold_all(networks: &[Network]) -> Result<Vec<EffectiveMatrix>> {
    let folded: Vec<_> =
        networks.par_iter().map_init(Folder::default, |folder, n| folder.fold(n, Isa::best())).collect();
    folded.into_iter().collect()
}
