//! Programming a cell with a state equation: a train worked out from the nominal cell, then corrections.
//!
//! The controller knows the nominal cell. It applies pulses of the SET amplitude for as long as the nominal cell
//! takes from its lowest state to the target, `t = ∫ dx/rate`. It then reads, and while the error is out of range
//! applies incremental pulses in the direction of the target: each in the same direction is stronger and longer
//! than the last, the first after a change of direction is the weakest.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{StateDevice, StateEquation};
use crate::device::spec::{Checks, SpecError};
use crate::device::{Chance, Device, Programming, Pulse, VerifySpec};
use crate::units::{Joule, Second, Volt};

/// Intervals of the table of times over the range of the state.
const INTERVALS: usize = 2048;

/// Which pulses program a cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateProgrammingSpec {
    /// Amplitude that raises the conductance.
    pub set: Volt,
    /// Amplitude that lowers it.
    pub reset: Volt,
    /// Width of a pulse; the last one of a train is shorter.
    pub width: Second,
    /// Read after the train and correct; `null` programs open loop.
    pub verify: Option<VerifySpec>,
    /// Incremental pulses of the corrections.
    pub correction: CorrectionSpec,
}

/// Incremental pulses: number `k` in one direction has the amplitude `first + k·step` and the width `width·stretch^k`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionSpec {
    /// First amplitude that raises the conductance.
    pub set: Volt,
    /// First amplitude that lowers it.
    pub reset: Volt,
    /// Increase of the magnitude from pulse to pulse.
    pub step: Volt,
    /// First width.
    pub width: Second,
    /// Ratio of a width to the one before.
    pub stretch: f64,
}

impl StateProgrammingSpec {
    /// Notes what is wrong with the pulses.
    pub(in crate::device) fn check(&self, c: &mut Checks) {
        c.positive("programming.width", self.width.0);
        for (field, set, reset) in [
            ("programming.reset", self.set, self.reset),
            ("programming.correction.reset", self.correction.set, self.correction.reset),
        ] {
            c.require(
                set.0 * reset.0 < 0.0,
                field,
                format!("amplitudes {set} and {reset} must have opposite signs"),
                "one polarity raises the conductance, the other lowers it",
            );
        }
        c.not_negative("programming.correction.step", self.correction.step.0);
        c.positive("programming.correction.width", self.correction.width.0);
        c.within("programming.correction.stretch", self.correction.stretch, 1.0, 10.0);
        if let Some(v) = &self.verify {
            c.positive("programming.verify.tolerance", v.tolerance.0);
            c.not_negative("programming.verify.read_time", v.read_time.0);
        }
    }
}

/// Time that the nominal cell takes under the SET amplitude from its lowest state.
#[derive(Debug, Clone)]
pub(super) struct Times(Vec<f64>);

impl Times {
    /// Integrates `1/rate` over the range by Simpson's rule.
    pub(super) fn new<Q: StateEquation>(law: &Q, set: Volt) -> Result<Self, SpecError> {
        let [low, high] = law.bounds();
        let h = (high - low) / INTERVALS as f64;
        let slowness = |x: f64| h / law.rate(x, set.0);
        let (mut times, mut t) = (vec![0.0], 0.0);
        let mut before = slowness(low);
        for i in 0..INTERVALS {
            let x = low + i as f64 * h;
            let (middle, end) = (slowness(x + 0.5 * h), slowness(x + h));
            let step = (before + 4.0 * middle + end) / 6.0;
            if !(step > 0.0 && step.is_finite()) {
                return Err(SpecError {
                    field: "programming.set".into(),
                    message: format!("pulses of {set} do not carry the cell from its lowest to its highest state"),
                    help: "choose the sign that raises the conductance, and an amplitude above every threshold".into(),
                });
            }
            t += step;
            times.push(t);
            before = end;
        }
        Ok(Self(times))
    }

    /// Time to a share of the way to the highest state.
    fn to(&self, share: f64) -> f64 {
        let place = share.clamp(0.0, 1.0) * INTERVALS as f64;
        let i = (place as usize).min(INTERVALS - 1);
        self.0[i] + (self.0[i + 1] - self.0[i]) * (place - i as f64)
    }
}

impl<Q: StateEquation> StateDevice<Q> {
    /// Incremental pulse number `k` in a direction.
    fn correction(&self, up: bool, k: i32) -> Pulse {
        let c = &self.programming.correction;
        let first = if up { c.set.0 } else { c.reset.0 };
        Pulse {
            voltage: Volt(first + f64::from(k) * c.step.0.copysign(first)),
            width: Second(c.width.0 * c.stretch.powi(k)),
        }
    }

    /// Programs one cell from its lowest state and returns its conductance.
    pub(super) fn program_cell(&self, target: f64, address: u64, chance: Chance, cost: &mut Programming) -> f64 {
        let p = &self.programming;
        let cell = self.cell(address, chance);
        let [low, high] = self.law.bounds();
        let mut x = low;
        let mut tick = 0;
        let mut pulse = |x: &mut f64, pulse: Pulse, cost: &mut Programming| {
            let (moved, energy) = self.apply(cell, *x, pulse, tick, chance);
            (*x, tick) = (moved, tick + 1);
            cost.pulses += 1;
            cost.energy += Joule(energy);
            cost.time += pulse.width;
        };
        let mut left = self.times.to((self.law.state_of(target, self.bias) - low) / (high - low));
        while left > 0.0 {
            let width = Second(left.min(p.width.0));
            pulse(&mut x, Pulse { voltage: p.set, width }, cost);
            left -= p.width.0;
        }
        let Some(verify) = p.verify else { return cell.gain * self.chord(x) };
        let w = self.window();
        let tolerance = verify.tolerance.0 * (w.g_max.0 - w.g_min.0);
        let (mut upwards, mut k) = (None, 0);
        for _ in 0..verify.tries {
            let g = cell.gain * self.chord(x);
            cost.energy += Joule(g * self.bias * self.bias * verify.read_time.0);
            cost.time += verify.read_time;
            if (g - target).abs() <= tolerance {
                break;
            }
            let up = g < target;
            k = if upwards == Some(up) { k + 1 } else { 0 };
            upwards = Some(up);
            pulse(&mut x, self.correction(up, k), cost);
        }
        cell.gain * self.chord(x)
    }
}

#[cfg(test)]
mod tests {
    use crate::device::{Chance, DEVICES, DeviceSpec};
    use crate::units::Kelvin;

    /// Root mean square error over the window, median error, share out of range, pulses for each cell.
    fn population(card: &str, chance: Chance) -> [f64; 4] {
        let spec: DeviceSpec = serde_saphyr::from_str(card).unwrap();
        let d = spec.build(Kelvin(300.0)).unwrap();
        let w = d.window();
        let span = w.g_max.0 - w.g_min.0;
        let n = 300;
        let target: Vec<f64> = (0..n).map(|i| w.g_min.0 + span * (0.05 + 0.85 * i as f64 / n as f64)).collect();
        let mut g = vec![0.0; n];
        let cost = d.program(&target, &(0..n as u64).collect::<Vec<_>>(), chance, &mut g);
        let mut errors: Vec<f64> = g.iter().zip(&target).map(|(g, t)| (g - t).abs() / span).collect();
        errors.sort_by(f64::total_cmp);
        let rms = (errors.iter().map(|e| e * e).sum::<f64>() / n as f64).sqrt();
        let out = errors.iter().filter(|e| **e > 0.01).count() as f64 / n as f64;
        [rms, errors[n / 2], out, cost.pulses as f64 / n as f64]
    }

    /// Corrections bring cells into the accepted range that an open-loop train misses.
    #[test]
    fn corrections_narrow_the_spread() {
        let chance = Chance { seed: 4, scale: 1.0 };
        for name in ["vteam", "linear_ion_drift", "stanford_pku"] {
            let closed = DEVICES.iter().find(|e| e.name == name).unwrap().example;
            let spec: DeviceSpec = serde_saphyr::from_str(closed).unwrap();
            let mut tree = serde_json::to_value(&spec).unwrap();
            tree[name]["programming"]["verify"] = serde_json::Value::Null;
            let [open, ..] = population(&tree.to_string(), chance);
            let [rms, median, out, pulses] = population(closed, chance);
            eprintln!(
                "{name}: rms {open:.4} open loop, {rms:.4} verified; median {median:.4}, out {out:.3}, {pulses:.1} pulses"
            );
            assert!(median <= 0.01 && rms < 0.5 * open, "{name}: {rms} against {open}");
            assert!(out < 0.02, "{name}: {out} out of range");
        }
    }

    /// Without chance the train alone is exact.
    #[test]
    fn trains_are_worked_out_from_the_nominal_cell() {
        for name in ["vteam", "linear_ion_drift", "stanford_pku"] {
            let card = DEVICES.iter().find(|e| e.name == name).unwrap().example;
            let [rms, ..] = population(card, Chance { seed: 4, scale: 0.0 });
            assert!(rms < 1e-3, "{name}: {rms}");
        }
    }
}
