//! Flags of the quantisation, shared by `run` and `compare`.

use clap::Args;

use crate::study::QuantFlags;

/// How the network is quantised.
#[derive(Debug, Args, Clone)]
pub struct QuantArgs {
    /// What decides the largest magnitude of an activation: min_max, percentile, mse or entropy (default: the arch
    /// file's).
    #[arg(long, value_name = "NAME")]
    pub calibration_method: Option<String>,
    /// Bits of a weight, sign included (default: the arch file's).
    #[arg(long, value_name = "N")]
    pub weight_bits: Option<u8>,
    /// Bits of an activation (default: the arch file's).
    #[arg(long, value_name = "N")]
    pub activation_bits: Option<u8>,
    /// Bits of the weights of a layer and of the activations it reads, for instance --layer-bits 'conv1=4/8'; * and ?
    /// stand for any text and any character.
    #[arg(long, value_name = "LAYER=W/A")]
    pub layer_bits: Vec<String>,
    /// Equalise the weight ranges of neighbouring layers before quantising.
    #[arg(long)]
    pub equalise: bool,
    /// Let biases take up the mean error of the rounded weights.
    #[arg(long)]
    pub bias_correction: bool,
}

impl QuantArgs {
    /// The flags, with the bits of layers split at their `=`.
    pub fn flags(&self, layer_bits: Vec<(String, String)>) -> QuantFlags {
        QuantFlags {
            calibration: self.calibration_method.clone(),
            weight_bits: self.weight_bits,
            activation_bits: self.activation_bits,
            layer_bits,
            equalise: self.equalise,
            bias_correction: self.bias_correction,
        }
    }
}
