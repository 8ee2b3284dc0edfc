//! Quantisation as flags ask for it, over the defaults of the chip.

use serde::Serialize;

use crate::arch::Defaults;
use crate::diag::{Diagnostic, Diagnostics, Result, nearest};
use crate::lower::{LayerBits, METHODS, Method, QuantOptions};

/// What flags say of the quantisation; everything else is the chip's default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct QuantFlags {
    /// Name of the calibration method.
    pub calibration: Option<String>,
    /// Bits of a weight.
    pub weight_bits: Option<u8>,
    /// Bits of an activation.
    pub activation_bits: Option<u8>,
    /// Bits of single layers, after those of the chip: pattern and `weights/activations`.
    pub layer_bits: Vec<(String, String)>,
    /// Equalise weight ranges even if the chip's default does not.
    pub equalise: bool,
    /// Correct biases even if the chip's default does not.
    pub bias_correction: bool,
}

impl QuantFlags {
    /// Writes the flags over the defaults of a chip.
    pub fn apply(&self, defaults: &mut Defaults) {
        if let Some(name) = &self.calibration {
            defaults.calibration.clone_from(name);
        }
        defaults.weight_bits = self.weight_bits.unwrap_or(defaults.weight_bits);
        defaults.activation_bits = self.activation_bits.unwrap_or(defaults.activation_bits);
        defaults.layer_bits.extend(self.layer_bits.iter().cloned());
        defaults.equalise |= self.equalise;
        defaults.bias_correction |= self.bias_correction;
    }
}

/// The quantisation that the defaults of a chip describe.
///
/// # Errors
/// F020 for bits of layers, F022 for a calibration method that cannot be read.
pub fn quantisation(d: &Defaults) -> Result<QuantOptions> {
    let mut found = Diagnostics::new();
    let method = Method::parse(&d.calibration, d.activation_percentile);
    if method.is_none() {
        let names: Vec<&str> = METHODS.iter().map(|(n, _)| *n).collect();
        let meant = nearest(&d.calibration, names.iter().copied());
        let meant = meant.map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        found.push(
            Diagnostic::error("F022", format!("there is no calibration method `{}`", d.calibration))
                .help(format!("one of {}{meant}", names.join(", "))),
        );
    }
    let layers = LayerBits::parse(d.layer_bits.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    let layers = layers.unwrap_or_else(|e| {
        found.extend(e);
        LayerBits::none()
    });
    found.into_result(QuantOptions {
        weight_bits: d.weight_bits,
        activation_bits: d.activation_bits,
        method: method.unwrap_or(Method::MinMax),
        equalise: d.equalise,
        bias_correction: d.bias_correction,
        layers,
    })
}
