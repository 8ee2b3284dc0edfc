//! Lowering: fold, calibrate, quantise, then cut into crossbar blocks.

mod quant_graph;
mod tile;
mod tiled;

pub use quant_graph::{MvmOp, NodeId, QNode, QOp, QuantGraph, QuantInput};
pub use tile::tile;
pub use tiled::{Block, BlockId, LayerId, TiledGraph, TiledLayer};
