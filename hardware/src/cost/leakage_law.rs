//! Leakage at another temperature than that at which it was stated.
//!
//! Below threshold a transistor carries (Roy, Mukhopadhyay, Mahmoodi-Meimand, Proc. IEEE 91, 305 (2003),
//! doi:10.1109/JPROC.2002.808156) `I ∝ v² · exp((V_GS − V_th) / (m·v))` with `v = kT/q`, which is off at `V_GS = 0`.
//! With a threshold that falls in a straight line, `V_th(T) = V_0 − κ·T`, the slope `κ` gives a constant factor, and
//!
//! `f(T, T_ref) = (T / T_ref)² · exp(−(q·V_b / k) · (1/T − 1/T_ref))`, `V_b = V_0 / m`.
//!
//! The mobility is taken to be constant, and all leakage to be of this kind: what tunnels through gates hardly depends
//! on temperature, so that the law is an upper bound above `T_ref` where gates leak.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Price, Provenance, Source};
use crate::units::{Kelvin, Volt, Watt};

/// Charge of an electron over Boltzmann's constant in kelvin per volt (exact constants of SI 2019:
/// 1.602176634e-19 C, 1.380649e-23 J/K).
const KELVIN_PER_VOLT: f64 = 1.602_176_634e-19 / 1.380_649e-23;

/// At which temperature the leakages of the file hold, and how they change with it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakageTemperature {
    /// Temperature at which the leakages of the file were stated.
    pub reference: Kelvin,
    /// Threshold voltage, extrapolated to 0 K, over the slope factor of the sub-threshold current. Default: 386 mV
    /// (assumed: a threshold of 0.3 V at 300 K that falls by 0.8 mV a kelvin, a slope factor of 1.4).
    #[serde(default = "barrier")]
    pub barrier: Volt,
    /// Where `barrier` comes from, or `assumed: reason`; default: assumed.
    #[serde(default = "source")]
    pub source: String,
}

const fn barrier() -> Volt {
    Volt(0.386)
}

fn source() -> String {
    "assumed: sub-threshold slope and threshold voltage of a CMOS process of 32 to 65 nm".into()
}

impl LeakageTemperature {
    /// Leakage at a temperature over that at the reference; 1 at the reference.
    #[must_use]
    pub fn factor(&self, at: Kelvin) -> f64 {
        let (t, reference) = (at.si(), self.reference.si());
        let exponent = -KELVIN_PER_VOLT * self.barrier.si() * (1.0 / t - 1.0 / reference);
        (t / reference).powi(2) * libm::exp(exponent)
    }
    /// A leakage at a temperature; at the reference it is what it was.
    #[must_use]
    pub fn scale(&self, leakage: &Price<Watt>, at: Kelvin) -> Price<Watt> {
        let factor = self.factor(at);
        if at == self.reference || leakage.value.si() == 0.0 {
            return leakage.clone();
        }
        let told = |text: &str| format!("{text}; from {} to {at}: {}", self.reference, self.source.trim());
        let law = Provenance { source: &self.source, assumed: &[] }.source(&[]);
        let source = match &leakage.source {
            Source::Cited(text) if !law.is_assumed() => Source::Cited(told(text)),
            Source::Cited(text) | Source::Assumed(text) => Source::Assumed(told(text)),
        };
        Price { value: leakage.value * factor, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sub-threshold current of a transistor at `V_GS = 0` in units of its prefactor, from threshold and slope factor.
    fn off_current(kelvin: f64, threshold_at_300: f64, drift: f64, slope: f64) -> f64 {
        let thermal = 1.380_649e-23 * kelvin / 1.602_176_634e-19;
        let threshold = threshold_at_300 - drift * (kelvin - 300.0);
        thermal * thermal * (-threshold / (slope * thermal)).exp()
    }

    #[test]
    fn the_factor_is_the_ratio_of_off_currents() {
        for (threshold, drift, slope) in [(0.3, 0.8e-3, 1.4), (0.45, 1.1e-3, 1.25), (0.2, 0.0, 1.6)] {
            let law = |reference| LeakageTemperature {
                reference: Kelvin(reference),
                barrier: Volt((threshold + drift * 300.0) / slope),
                source: "a card".into(),
            };
            for reference in [300.0, 350.0] {
                for t in [250.0, 273.15, 300.0, 325.0, 358.15, 400.0] {
                    let ratio =
                        off_current(t, threshold, drift, slope) / off_current(reference, threshold, drift, slope);
                    let factor = law(reference).factor(Kelvin(t));
                    assert!((factor / ratio - 1.0).abs() < 1e-9, "{t} K: {factor}, {ratio}");
                }
            }
        }
    }

    #[test]
    fn at_the_reference_nothing_changes_and_sources_are_told() {
        let law = LeakageTemperature { reference: Kelvin(300.0), barrier: barrier(), source: source() };
        assert_eq!(law.factor(Kelvin(300.0)), 1.0);
        // ten kelvin more: 1.73 times with the assumed barrier
        assert!((law.factor(Kelvin(310.0)) - 1.729).abs() < 1e-3, "{}", law.factor(Kelvin(310.0)));
        let price = Price { value: Watt(1e-3), source: Source::Cited("a table".into()) };
        assert_eq!(law.scale(&price, Kelvin(300.0)), price);
        let hot = law.scale(&price, Kelvin(350.0));
        assert!(hot.source.is_assumed() && hot.source.to_string().contains("a table; from 300 K to 350 K"));
        let cited = LeakageTemperature { source: "foundry".into(), ..law }.scale(&price, Kelvin(350.0));
        assert!(!cited.source.is_assumed());
        assert_eq!(cited.value, hot.value);
    }
}
