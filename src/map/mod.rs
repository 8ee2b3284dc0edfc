//! Mapping: which crossbar holds which block.

use crate::arch::XbarId;
use crate::id::IdVec;
use crate::lower::BlockId;

/// Where every block lives. Each block has one crossbar for each replica of its layer; output position
/// `p` is computed by replica `p mod replicas`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placement {
    /// Crossbars of each block, one for each replica.
    pub blocks: IdVec<BlockId, Vec<XbarId>>,
}
