//! States by programming condition: a stronger RESET opens the gap and narrows the tail of the high-resistance state, a
//! larger compliance current lowers the low-resistance state and narrows it. Measured rows go into a card as they are;
//! between two rows, logarithms of resistance and spreads are interpolated linearly, in the RESET voltage or in the
//! logarithm of the compliance current. Beyond the rows nothing is known, and a card that asks for it is refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{HfOxSpec, HrsSpec, LrsSpec};
use crate::device::Checks;
use crate::units::{Ampere, Ohm, Share, Volt};

/// Tables of measured states, in any order; empty where a card has one condition only.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HfOxConditionsSpec {
    /// High-resistance states by RESET voltage, at the width of the card.
    pub reset: Vec<ResetConditionSpec>,
    /// Low-resistance states by compliance current of the SET.
    pub compliance: Vec<ComplianceConditionSpec>,
}

/// What a RESET voltage leaves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetConditionSpec {
    /// Magnitude of the RESET pulse.
    pub voltage: Volt,
    /// State that it leaves.
    pub hrs: HrsSpec,
}

/// What a compliance current leaves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComplianceConditionSpec {
    /// Compliance current of the SET pulse.
    pub current: Ampere,
    /// State that it leaves.
    pub lrs: LrsSpec,
}

/// The two rows around `x` and how far it lies between them, `None` beyond the rows or without any.
fn between<R: Copy>(rows: &[R], x: f64, key: impl Fn(&R) -> f64) -> Option<(R, R, f64)> {
    let below = rows.iter().filter(|r| key(r) <= x).max_by(|a, b| key(a).total_cmp(&key(b)))?;
    let above = rows.iter().filter(|r| key(r) >= x).min_by(|a, b| key(a).total_cmp(&key(b)))?;
    let width = key(above) - key(below);
    Some((*below, *above, if width > 0.0 { (x - key(below)) / width } else { 0.0 }))
}

impl HfOxSpec {
    /// The card with the states of its own programming condition.
    pub(super) fn at_its_condition(&self, c: &mut Checks) -> Self {
        let mut card = self.clone();
        let mix = |a: f64, b: f64, s: f64| a + s * (b - a);
        let ohm = |a: Ohm, b: Ohm, s: f64| Ohm(libm::exp(mix(libm::log(a.0), libm::log(b.0), s)));
        let (p, rows) = (&self.programming, &self.conditions);
        if !rows.reset.is_empty() {
            let found = between(&rows.reset, p.reset.0, |r| r.voltage.0);
            c.require(
                found.is_some(),
                "programming.reset",
                format!("`programming.reset` ({}) lies beyond the rows of `conditions.reset`", p.reset),
                "choose a voltage between the measured ones, or measure further",
            );
            if let Some((a, b, s)) = found.map(|(a, b, s)| (a.hrs, b.hrs, s)) {
                card.hrs = HrsSpec {
                    resistance: ohm(a.resistance, b.resistance, s),
                    cycle_to_cycle_decades: mix(a.cycle_to_cycle_decades, b.cycle_to_cycle_decades, s),
                    device_to_device_decades: mix(a.device_to_device_decades, b.device_to_device_decades, s),
                    correlation: mix(a.correlation, b.correlation, s),
                };
            }
        }
        if !rows.compliance.is_empty() {
            let key = |i: Ampere| libm::log(i.0);
            let found = p.compliance.and_then(|i| between(&rows.compliance, key(i), |r| key(r.current)));
            c.require(
                found.is_some(),
                "programming.compliance",
                "`programming.compliance` is absent, or lies beyond the rows of `conditions.compliance`",
                "choose a current between the measured ones",
            );
            if let Some((a, b, s)) = found.map(|(a, b, s)| (a.lrs, b.lrs, s)) {
                let share = |a: Share, b: Share| Share(mix(a.0, b.0, s));
                card.lrs = LrsSpec {
                    resistance: ohm(a.resistance, b.resistance, s),
                    law: a.law,
                    cycle_to_cycle: share(a.cycle_to_cycle, b.cycle_to_cycle),
                    device_to_device: share(a.device_to_device, b.device_to_device),
                    correlation: mix(a.correlation, b.correlation, s),
                };
            }
        }
        card
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Device;
    use crate::units::Kelvin;

    fn card() -> HfOxSpec {
        let hrs = |ohm: f64, spread: f64| HrsSpec {
            resistance: Ohm(ohm),
            cycle_to_cycle_decades: spread,
            device_to_device_decades: 0.1,
            correlation: 0.0,
        };
        let lrs = |ohm: f64, spread: f64| LrsSpec {
            resistance: Ohm(ohm),
            cycle_to_cycle: Share(spread),
            device_to_device: Share(0.04),
            ..LrsSpec::default()
        };
        let mut card = HfOxSpec::default();
        card.conditions.reset = vec![
            ResetConditionSpec { voltage: Volt(2.0), hrs: hrs(160e3, 0.2) },
            ResetConditionSpec { voltage: Volt(1.4), hrs: hrs(20e3, 0.4) },
            ResetConditionSpec { voltage: Volt(1.6), hrs: hrs(40e3, 0.3) },
        ];
        card.conditions.compliance = vec![
            ComplianceConditionSpec { current: Ampere(25e-6), lrs: lrs(16e3, 0.1) },
            ComplianceConditionSpec { current: Ampere(100e-6), lrs: lrs(4e3, 0.03) },
        ];
        card
    }

    /// Rows are reproduced; midway, the geometric mean of resistances and the mean of spreads. LRS goes inversely with
    /// the compliance here, as in the rows.
    #[test]
    fn rows_are_reproduced_and_interpolated() {
        for (reset, compliance, lrs, hrs, spread) in [
            (1.4, 100e-6, 4e3, 20e3, 0.4),
            (1.6, 100e-6, 4e3, 40e3, 0.3),
            (1.5, 50e-6, 8e3, 20e3 * 2.0_f64.sqrt(), 0.35),
            (1.8, 25e-6, 16e3, 80e3, 0.25),
        ] {
            let mut spec = card();
            (spec.programming.reset, spec.programming.compliance) = (Volt(reset), Some(Ampere(compliance)));
            let at = spec.at_its_condition(&mut Checks::default());
            let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-9, "{a} for {b}");
            near(at.lrs.resistance.0, lrs);
            near(at.hrs.resistance.0, hrs);
            near(at.hrs.cycle_to_cycle_decades, spread);
            let window = spec.build(Kelvin(300.0)).unwrap().window();
            near(window.g_max.0, 1.0 / lrs);
            near(window.g_min.0, 1.0 / hrs);
            // what bit errors see is what the cell is built with
            near(spec.binary_states(0.0).gap, (hrs / lrs).log10());
        }
    }

    /// A stronger RESET makes fewer bit errors, in cells and in pairs.
    #[test]
    fn stronger_pulses_make_fewer_errors() {
        let rates = |reset: f64| {
            let mut spec = card();
            (spec.programming.reset, spec.programming.compliance) = (Volt(reset), Some(Ampere(100e-6)));
            let states = spec.binary_states(0.02);
            [states.one_cell(), states.pair()]
        };
        for (weak, strong) in [(1.4, 1.5), (1.5, 1.7), (1.7, 2.0)].map(|(a, b)| (rates(a), rates(b))) {
            assert!(strong[0] < weak[0] && strong[1] < weak[1] && weak[1] < weak[0], "{weak:?} {strong:?}");
        }
    }

    #[test]
    fn what_nobody_measured_is_refused() {
        let mut spec = card();
        spec.programming.reset = Volt(2.5);
        let fields: Vec<String> = spec.build(Kelvin(300.0)).unwrap_err().into_iter().map(|e| e.field).collect();
        assert_eq!(fields, ["programming.reset", "programming.compliance"]);
    }
}
