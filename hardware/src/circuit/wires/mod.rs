//! Crossbars with wires: the exact network of resistances.
//!
//! A [`Network`] has two kinds of lines, a cell at every crosspoint, and ends that are driven, grounded or open.
//! [`fold`] turns a linear one into an [`EffectiveMatrix`], so that wires cost nothing in later reads; [`solve`]
//! finds every voltage and current of one read or write, for cells of any rising current–voltage law. Folds take nodes
//! out of the network piece by piece; solutions relax line by line, and where that converges slowly a dense recursion
//! takes over. Each method checks the other, and both state a bound of their error.

mod cache;
mod dense;
mod fold;
mod law;
mod leaf;
mod line;
mod matrix;
mod mesh;
mod mounted;
mod network;
mod newton;
mod pairs;
mod relax;
mod scheme;
mod single;
mod solve;
#[cfg(test)]
mod tests;

pub use cache::{FoldCache, NetworkKey, Shelf};
pub use fold::{EffectiveMatrix, FOLD_TOLERANCE, Folder, fold, fold_all};
pub use law::{Curve, Law, Series};
pub use mounted::{Mounted, Point};
pub use network::{Cell, Drives, End, Lines, Network};
pub use newton::NEWTON_TOLERANCE;
pub use pairs::PairOrder;
pub use scheme::{Scheme, VoltageMap};
pub use solve::{Bench, SOLVE_TOLERANCE, Solution, solve, solve_with};
