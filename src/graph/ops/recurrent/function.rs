//! The activation functions that recurrent layers name in their attributes, with the constants of
//! <https://onnx.ai/onnx/operators/onnx__LSTM.html>.

use super::super::{OpError, OpResult};
use crate::graph::Attrs;

/// One activation function with its constants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Function {
    /// `max(0, x)`.
    Relu,
    /// `tanh(x)`.
    Tanh,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// `alpha · x + beta`.
    Affine(f32, f32),
    /// `x` where positive, else `alpha · x`.
    LeakyRelu(f32),
    /// `x` where at least `alpha`, else 0.
    ThresholdedRelu(f32),
    /// `alpha · tanh(beta · x)`.
    ScaledTanh(f32, f32),
    /// `alpha · x + beta`, limited to 0 to 1.
    HardSigmoid(f32, f32),
    /// `x` where positive, else `alpha · (exp(x) - 1)`.
    Elu(f32),
    /// `x / (1 + |x|)`.
    Softsign,
    /// `log(1 + exp(x))`.
    Softplus,
}

impl Function {
    /// The value at a point.
    #[must_use]
    pub fn of(self, x: f32) -> f32 {
        match self {
            Self::Relu => x.max(0.0),
            Self::Tanh => libm::tanhf(x),
            Self::Sigmoid => 1.0 / (1.0 + libm::expf(-x)),
            Self::Affine(alpha, beta) => alpha * x + beta,
            Self::LeakyRelu(alpha) => {
                if x < 0.0 {
                    alpha * x
                } else {
                    x
                }
            }
            Self::ThresholdedRelu(alpha) => {
                if x >= alpha {
                    x
                } else {
                    0.0
                }
            }
            Self::ScaledTanh(alpha, beta) => alpha * libm::tanhf(beta * x),
            Self::HardSigmoid(alpha, beta) => (alpha * x + beta).clamp(0.0, 1.0),
            Self::Elu(alpha) => {
                if x < 0.0 {
                    alpha * libm::expm1f(x)
                } else {
                    x
                }
            }
            Self::Softsign => x / (1.0 + x.abs()),
            // exp(-|x|) cannot overflow
            Self::Softplus => x.max(0.0) + libm::log1pf(libm::expf(-x.abs())),
        }
    }

    /// Functions of a layer: those of the attributes, or `usual` for each direction. Constants stand in lists of
    /// their own, and each function takes as many from the front as it has.
    pub(super) fn read(attrs: &mut Attrs<'_>, usual: &[Self], directions: usize) -> OpResult<Vec<Self>> {
        let alphas = attrs.floats("activation_alpha")?.unwrap_or_default();
        let betas = attrs.floats("activation_beta")?.unwrap_or_default();
        let Some(names) = attrs.texts("activations")? else {
            return Ok(usual.repeat(directions));
        };
        if names.len() != usual.len() * directions {
            let due = usual.len() * directions;
            return Err(OpError::new(format!("`activations` names {} functions, but {due} are due", names.len())));
        }
        let (mut alphas, mut betas) = (alphas.into_iter(), betas.into_iter());
        names
            .iter()
            .map(|name| {
                let missing = |what: &str| OpError::new(format!("`{name}` needs a number in `activation_{what}`"));
                Ok(match name.to_ascii_lowercase().as_str() {
                    "relu" => Self::Relu,
                    "tanh" => Self::Tanh,
                    "sigmoid" => Self::Sigmoid,
                    "softsign" => Self::Softsign,
                    "softplus" => Self::Softplus,
                    "leakyrelu" => Self::LeakyRelu(alphas.next().unwrap_or(0.01)),
                    "thresholdedrelu" => Self::ThresholdedRelu(alphas.next().unwrap_or(1.0)),
                    "elu" => Self::Elu(alphas.next().unwrap_or(1.0)),
                    "hardsigmoid" => Self::HardSigmoid(alphas.next().unwrap_or(0.2), betas.next().unwrap_or(0.5)),
                    "affine" | "scaledtanh" => {
                        let alpha = alphas.next().ok_or_else(|| missing("alpha"))?;
                        let beta = betas.next().ok_or_else(|| missing("beta"))?;
                        if name.eq_ignore_ascii_case("affine") {
                            Self::Affine(alpha, beta)
                        } else {
                            Self::ScaledTanh(alpha, beta)
                        }
                    }
                    _ => return Err(OpError::new(format!("`{name}` in `activations` is no activation function"))),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Function::*;

    #[test]
    fn values_at_points() {
        let e = std::f32::consts::E;
        for (function, x, y) in [
            (Relu, -2.0, 0.0),
            (Tanh, 1.0, (e - 1.0 / e) / (e + 1.0 / e)),
            (Sigmoid, -1.0, 1.0 / (1.0 + e)),
            (Affine(2.0, 3.0), -1.0, 1.0),
            (LeakyRelu(0.5), -4.0, -2.0),
            (ThresholdedRelu(1.5), 1.4, 0.0),
            (ThresholdedRelu(1.5), 1.5, 1.5),
            (ScaledTanh(3.0, 0.5), 2.0, 3.0 * (e - 1.0 / e) / (e + 1.0 / e)),
            (HardSigmoid(0.2, 0.5), 1.0, 0.7),
            (HardSigmoid(0.2, 0.5), 9.0, 1.0),
            (Elu(2.0), -1.0, 2.0 / e - 2.0),
            (Softsign, -3.0, -0.75),
            (Softplus, 0.0, std::f32::consts::LN_2),
            (Softplus, 100.0, 100.0),
        ] {
            assert!((function.of(x) - y).abs() < 1e-6, "{function:?} at {x} is {}, not {y}", function.of(x));
        }
    }
}
