//! Recurrent layers: one cell, walked along time.
//!
//! A layer is a [`Recurrence`] (direction, sizes, activations, layout) and the arithmetic of its cell. The
//! `step` of each cell takes the products of weights with input and state as given, so that a model of hardware
//! can compute those on crossbars and leave the rest to this code.

mod function;
mod gru;
mod lstm;
mod recurrence;
mod rnn;

use super::Table;

pub use function::Function;
pub use gru::Gru;
pub use lstm::Lstm;
pub use recurrence::{Direction, Layout, Recurrence, Sizes};
pub use rnn::Rnn;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[("GRU", gru::new), ("LSTM", lstm::new), ("RNN", rnn::new)];
