//! Lowering: fold, calibrate, quantise, then cut into crossbar blocks.

pub mod bias;
pub mod calibrate;
pub mod calibration;
mod dequantised;
mod describe;
pub mod digital;
pub mod equalise;
pub mod fold;
mod formats;
mod integer;
mod layer_bits;
mod layout;
mod layouts;
mod linear;
mod mvm_op;
mod options;
mod plan;
mod quant_graph;
pub mod quantise;
pub mod reference;
mod recurrent;
mod sample;
mod signal;
#[cfg(test)]
mod tests;
mod tile;
mod tiled;
mod unit;
mod unroll;
mod weights;

pub use calibrate::{Range, Ranges, calibrate};
pub use calibration::{METHODS, Method};
pub use describe::describe;
pub use digital::Digital;
pub use layer_bits::LayerBits;
pub use layout::{Layout, Order};
pub use mvm_op::{MvmOp, Taps, WeightCodes};
pub use options::QuantOptions;
pub use quant_graph::{NodeId, QNode, QOp, QuantGraph, QuantInput, REAL_BITS};
pub use quantise::quantise;
pub use recurrent::{Cell, RecurrentOp};
pub use sample::settle_batch;
pub use signal::{LARGEST_INTEGER, Piece, Signal};
pub use tile::tile;
pub use tiled::{Block, BlockId, LayerId, TiledGraph, TiledLayer};
pub use unit::{Look, Operand, UnitOp};
