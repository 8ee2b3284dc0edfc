//! Weighted layers cut into blocks that fit a crossbar.

use std::ops::Range;

use super::quant_graph::NodeId;
use crate::arch::XbarKindId;
use crate::define_id;
use crate::id::IdVec;
use crate::tensor::{Plane, Slice};

define_id!(/// A weighted layer, in execution order.
    LayerId, "layer");
define_id!(/// A crossbar-sized piece of a layer.
    BlockId, "block");

/// A piece of a weight matrix that occupies one crossbar: some rows, some logical columns, all slices
/// and polarities. Physical columns stand in the order `[slice][polarity][logical]`; a unit column, where the
/// encoding has one, is the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Layer it belongs to.
    pub layer: LayerId,
    /// Weight rows (inputs).
    pub rows: Range<usize>,
    /// Logical columns (outputs).
    pub cols: Range<usize>,
    /// Rows that are driven together; a block with more rows than this is read in several groups.
    pub group: usize,
}

/// A weighted layer on crossbars.
#[derive(Debug, Clone, PartialEq)]
pub struct TiledLayer {
    /// Node of the quantised graph.
    pub node: NodeId,
    /// Name of the ONNX node.
    pub origin: String,
    /// Kind of crossbar all its blocks use.
    pub xbar_kind: XbarKindId,
    /// Weight rows.
    pub rows: usize,
    /// Logical columns.
    pub cols: usize,
    /// Groups of rows and columns that do not mix; only their blocks on the diagonal hold weights.
    pub groups: usize,
    /// Output positions of one sample.
    pub positions: usize,
    /// Bits of an input code.
    pub input_bits: u8,
    /// Bits of a weight code, sign included.
    pub weight_bits: u8,
    /// Input phases.
    pub planes: Vec<Plane>,
    /// Weight slices, lowest first.
    pub slices: Vec<Slice>,
    /// Blocks, row splits outermost.
    pub blocks: Vec<BlockId>,
}

/// The network cut into blocks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TiledGraph {
    /// Weighted layers in execution order.
    pub layers: IdVec<LayerId, TiledLayer>,
    /// All blocks, layer by layer.
    pub blocks: IdVec<BlockId, Block>,
}

impl TiledLayer {
    /// Weights of the layer.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.rows * self.cols / self.groups.max(1)
    }
    /// Weights that a block holds: all its crossings, or those within the groups.
    #[must_use]
    pub fn weights_in(&self, block: &Block) -> usize {
        let (rows, cols) = (self.rows / self.groups.max(1), self.cols / self.groups.max(1));
        let common = |a: &Range<usize>, b: Range<usize>| a.end.min(b.end).saturating_sub(a.start.max(b.start));
        let groups = block.rows.start / rows.max(1)..block.rows.end.div_ceil(rows.max(1));
        groups
            .map(|g| common(&block.rows, g * rows..(g + 1) * rows) * common(&block.cols, g * cols..(g + 1) * cols))
            .sum()
    }
    /// Multiply-accumulates of one sample.
    #[must_use]
    pub fn macs(&self) -> u64 {
        (self.weights() * self.positions) as u64
    }
}

impl Block {
    /// Row groups that are read one after another.
    pub fn groups(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.rows.clone().step_by(self.group).map(|start| start..(start + self.group).min(self.rows.end))
    }
    /// Number of row groups.
    #[must_use]
    pub fn group_count(&self) -> usize {
        self.rows.len().div_ceil(self.group)
    }
}
