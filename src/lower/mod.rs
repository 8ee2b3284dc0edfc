//! Lowering: fold, calibrate, quantise, then cut into crossbar blocks.

pub mod bias;
pub mod calibrate;
pub mod calibration;
mod describe;
pub mod digital;
pub mod equalise;
pub mod fold;
mod layer_bits;
mod linear;
mod options;
mod plan;
mod quant_graph;
pub mod quantise;
pub mod reference;
#[cfg(test)]
mod tests;
mod tile;
mod tiled;

pub use calibrate::{Range, Ranges, calibrate};
pub use calibration::{METHODS, Method};
pub use describe::describe;
pub use digital::Digital;
pub use layer_bits::LayerBits;
pub use options::QuantOptions;
pub use quant_graph::{MvmOp, NodeId, QNode, QOp, QuantGraph, QuantInput};
pub use quantise::quantise;
pub use tile::tile;
pub use tiled::{Block, BlockId, LayerId, TiledGraph, TiledLayer};
