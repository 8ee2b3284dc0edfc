//! Lowering: fold, calibrate, quantise, then cut into crossbar blocks.

pub mod calibrate;
mod describe;
pub mod digital;
pub mod fold;
mod plan;
mod quant_graph;
pub mod quantise;
pub mod reference;
#[cfg(test)]
mod tests;
mod tile;
mod tiled;

pub use calibrate::{Range, Ranges, calibrate};
pub use describe::describe;
pub use digital::Digital;
pub use quant_graph::{MvmOp, NodeId, QNode, QOp, QuantGraph, QuantInput};
pub use quantise::{QuantOptions, quantise};
pub use tile::tile;
pub use tiled::{Block, BlockId, LayerId, TiledGraph, TiledLayer};
