//! Synaptogen: a generative model of one-transistor-one-resistor cells of hafnium oxide.
mod algebra;
mod array;
mod cell;
mod conduction;
mod kernel;
mod latent;
mod marginal;
mod mixture;
mod parameters;
#[rustfmt::skip]
mod published;
mod read;

pub use array::{BANK, CellArray, Voltages};
pub use cell::{Cell, Model, State};
pub use conduction::Conduction;
pub use latent::Latent;
pub use marginal::{Moments, moments};
pub use mixture::{DeviceNumbers, MixtureMoments};
pub use parameters::{FEATURES, Features, Parameters};
pub use read::{NoiseLaw, Quantiser};

#[cfg(test)]
mod tests;
