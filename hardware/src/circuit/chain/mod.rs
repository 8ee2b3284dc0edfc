//! The analog chain of a crossbar as users of aihwkit set it: converters, noise, wires and their remedies.
//!
//! [`Chain`] holds the weights of a crossbar as dimensionless numbers, nominally −1 … 1, and computes for
//! batches of vectors what their digital inputs become: scaled by noise management, converted, multiplied in
//! one or two passes, weakened by wires and series resistance, blurred by read noise, converted back, and
//! read again where they left the range of the converter. One element of the chain is one file.
//!
//! Products are those of [`crate::simd::bytes`]: weights stand on a grid of 24 bits for each output, inputs are the
//! whole steps of their converter or, without one, on a grid of 24 bits for each vector. Against seven bits of input
//! that takes three products of bytes for one of `f32`, and seven without a converter. Where the processor multiplies
//! matrices of bytes at 32 times the rate of `f32` (AMX), a read is therefore not bound by the rate of fused
//! multiply-adds; with AVX-512 VNNI, at four times that rate, it is a little slower than that without a converter and
//! faster with one; with AVX2 alone it is slower.
//!
//! Everything else is one rounded operation after another in a fixed order, and every random number has an address
//! ([`crate::rng`]): the bits of a result depend on neither batch, threads nor instruction set. The one state that a
//! result may depend on is the running mean in [`ChainState`].

mod adc;
mod bounds;
mod dac;
mod ir_drop;
mod options;
mod read;
mod round;
mod scale;
mod series;
#[cfg(test)]
mod tests;
mod tile;
mod weight_noise;

pub use options::{BoundManagement, ChainOptions, MvType, NoiseManagement, WeightNoise, not_on_chips};
pub use read::{ChainReads, ChainState};
pub use tile::Chain;
