//! Response to an arbitrary drain voltage: I–V loops.

use super::{Mos2Memtransistor, State};
use crate::units::{Second, Volt};

/// Panels of an interval for each `voltage_scale` (or threshold softness, if that is shorter) that the voltage moves.
const PANELS_PER_SCALE: f64 = 8.0;
/// Most panels of an interval.
const MOST_PANELS: f64 = 4096.0;

/// One sample of a response.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mos2Sample {
    /// State of the cell.
    pub state: State,
    /// Current in amperes, at the write gate voltage.
    pub current: f64,
}

impl Mos2Memtransistor {
    /// Response of the nominal cell to a voltage that is linear between `points` of rising time; one sample for
    /// each point. The pulse law is exact in the number of steps, which is the integral of the rate, taken by
    /// Gauss's two-point rule.
    #[must_use]
    pub fn waveform(&self, start: State, points: &[(Second, Volt)]) -> Vec<Mos2Sample> {
        let mut state = start;
        let mut before: Option<(f64, f64)> = None;
        points
            .iter()
            .map(|(t, v)| {
                if let Some((t0, v0)) = before {
                    state = self.ramp(state, t.0 - t0, v0, v.0);
                }
                before = Some((t.0, v.0));
                Mos2Sample { state, current: self.write_channel.conductance(state) * self.factor(v.0) }
            })
            .collect()
    }

    /// State after a linear change of the voltage in time `t`.
    fn ramp(&self, state: State, t: f64, from: f64, to: f64) -> State {
        if from * to < 0.0 {
            // a change of sign reverses the vacancies: one half after the other
            let first = t * from / (from - to);
            return self.ramp(self.ramp(state, first, from, 0.0), t - first, 0.0, to);
        }
        let k = &self.spec.kinetics;
        let scale = k.voltage_scale.0.min(if k.threshold.0 > 0.0 { k.threshold_softness.0 } else { f64::INFINITY });
        let panels = (PANELS_PER_SCALE * (to - from).abs() / scale).ceil().clamp(1.0, MOST_PANELS);
        let half = 0.5 / 3.0_f64.sqrt();
        let mut steps = 0.0;
        for panel in 0..panels as u32 {
            for offset in [0.5 - half, 0.5 + half] {
                let v = from + (to - from) * (f64::from(panel) + offset) / panels;
                steps += self.rate.steps(Volt(v), Second(0.5 * t / panels));
            }
        }
        self.kinetics.moved(state, steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Mos2Spec;
    use crate::units::Kelvin;

    /// A held voltage is a pulse; a fine staircase of pulses is a ramp.
    #[test]
    fn ramps_are_fine_staircases() {
        let d = Mos2Spec::default().build(Kelvin(300.0)).unwrap();
        let points = [(0.0, 0.0), (2e-3, 6.0), (5e-3, 6.0), (9e-3, -5.5), (11e-3, 0.0)];
        let wave: Vec<_> = points.iter().map(|(t, v)| (Second(*t), Volt(*v))).collect();
        let response = d.waveform(State::LOWEST, &wave);
        let mut state = State::LOWEST;
        for (pair, sample) in points.windows(2).zip(&response[1..]) {
            let ((t0, v0), (t1, v1)) = (pair[0], pair[1]);
            let n = 20_000;
            for i in 0..n {
                let v = v0 + (v1 - v0) * (f64::from(i) + 0.5) / f64::from(n);
                state = d.pulse(state, Volt(v), Second((t1 - t0) / f64::from(n)));
            }
            assert!((state.left - sample.state.left).abs() < 1e-5, "{state:?} {sample:?}");
            assert!((state.right - sample.state.right).abs() < 1e-5, "{state:?} {sample:?}");
        }
        assert_eq!(response[0].current, 0.0);
        assert!(response[1].current > 0.0 && response[3].current < 0.0);
    }
}
