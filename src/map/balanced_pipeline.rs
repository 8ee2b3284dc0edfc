//! Balanced pipeline: as many copies of each layer as its share of the positions asks for, network order onto
//! chip order. See [`super::copies`] for the rule.

use super::{Mapper, Placement, Problem, sequential};
use crate::diag::Result;

/// The balanced-pipeline mapper.
pub struct BalancedPipeline {
    /// Most copies of a layer.
    pub copies: usize,
}

impl Mapper for BalancedPipeline {
    fn place(&self, problem: &Problem<'_>) -> Result<Placement> {
        sequential::pack(problem, &problem.copies(self.copies))
    }
}
