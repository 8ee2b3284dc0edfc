//! Branches and loops that are left for run time, since what decides them depends on the inputs. All others are
//! gone before operators are made (`graph/control.rs`).
//!
//! Behind its own inputs such a node reads what its bodies take from the graph around it.

mod branch;
mod repeat;
mod subgraph;

use super::{Attrs, OpError, OpResult, Operator, Table};

/// A `Scan` is always unrolled, unless it stands where nothing can be.
fn scan(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Err(OpError::new("stands in a branch or loop that is decided at run time; such scans are not supported"))
}

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[("If", branch::new), ("Loop", repeat::new), ("Scan", scan)];
