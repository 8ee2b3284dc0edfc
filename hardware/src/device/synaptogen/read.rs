//! Read noise and the converter of the published model.
//!
//! The variance of a current `I` read at `U` is `4·k_B·T·B·|I/U| + 2·e·B·|I|` (Johnson and shot noise in a bandwidth
//! `B`), one normal for each read. The converter is mid-tread: `q = (max - min)/(2^b - 1)`, level
//! `min + q·⌊min((I - min)/q, 2^b - 1) + ½⌋`; as published it has no lower clamp.

use crate::units::{Ampere, Hertz, Kelvin};

/// Boltzmann constant in J/K and elementary charge in C (exact in the SI of 2019).
const BOLTZMANN: f64 = 1.380_649e-23;
const CHARGE: f64 = 1.602_176_634e-19;
/// What a voltage of 0 is replaced by when a current is read, in volts (published).
pub(super) const SMALLEST_VOLTAGE: f32 = 1e-12;

/// Law of the read noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoiseLaw {
    /// Temperature of the Johnson noise.
    pub temperature: Kelvin,
    /// Bandwidth.
    pub bandwidth: Hertz,
}

impl Default for NoiseLaw {
    /// 300 K and 100 MHz, as published.
    fn default() -> Self {
        Self { temperature: Kelvin(300.0), bandwidth: Hertz(1e8) }
    }
}

impl NoiseLaw {
    /// `4·k_B·T·B`, in A·V.
    pub(super) fn johnson(self) -> f64 {
        4.0 * BOLTZMANN * self.temperature.0 * self.bandwidth.0
    }
    /// `2·e·B` in A.
    pub(super) fn shot(self) -> f64 {
        2.0 * CHARGE * self.bandwidth.0
    }
    /// Variance in A² of a current read at a voltage.
    #[must_use]
    pub fn variance(self, i: f64, u: f64) -> f64 {
        i.abs() * (self.johnson() / u.abs() + self.shot())
    }
}

/// The converter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiser {
    /// Current of code 0.
    pub minimum: Ampere,
    /// Current of the highest code.
    pub maximum: Ampere,
    /// Resolution.
    pub bits: u32,
    /// Whether currents below the minimum become code 0; if not, they have negative codes, as published.
    pub clamped: bool,
}

impl Default for Quantiser {
    /// 1 to 50 µA, 4 bits, no lower clamp, as published.
    fn default() -> Self {
        Self { minimum: Ampere(1e-6), maximum: Ampere(5e-5), bits: 4, clamped: false }
    }
}

impl Quantiser {
    fn top(self) -> f64 {
        libm::exp2(f64::from(self.bits)) - 1.0
    }
    /// Code of a current.
    #[must_use]
    pub fn code(self, i: f64) -> i64 {
        let q = (self.maximum.0 - self.minimum.0) / self.top();
        let code = (((i - self.minimum.0) / q).min(self.top()) + 0.5).floor() as i64;
        if self.clamped { code.max(0) } else { code }
    }
    /// Level of a current, in amperes.
    #[must_use]
    pub fn level(self, i: f64) -> f64 {
        self.minimum.0 + (self.maximum.0 - self.minimum.0) / self.top() * self.code(i) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_converter_clamps_where_it_is_told() {
        let open = Quantiser::default();
        assert_eq!([open.code(-5e-6), open.code(1e-6), open.code(60e-6)], [-2, 0, 15]);
        let clamped = Quantiser { clamped: true, ..open };
        assert_eq!([clamped.code(-5e-6), clamped.level(-5e-6).to_bits() as i64], [0, 1e-6f64.to_bits() as i64]);
    }

    #[test]
    fn noise_is_as_large_as_published() {
        let deviation = |i: f64| NoiseLaw::default().variance(i, 0.2).sqrt();
        assert!((deviation(44e-6) - 42.1e-9).abs() < 0.1e-9);
        assert!((deviation(2.7e-6) - 10.4e-9).abs() < 0.1e-9);
    }
}
