//! From a checked card to a cell: gate voltages, stretched pulse laws, zones, and the controller's tables.

use super::Mos2Memtransistor;
use super::programming::Path;
use super::spec::{Mos2Spec, StateSpec};
use super::state::{Kinetics, Rate, State};
use super::window::{Channel, ZoneShape, bounds};
use crate::device::spec::SpecError;
use crate::units::Kelvin;

/// Least step of a pulse of which trains are made: below, a train would be millions of pulses.
const LEAST_STEP: f64 = 1e-4;

impl Mos2Spec {
    /// Builds the cell of a card whose single numbers have been checked.
    pub(super) fn assemble(&self, temperature: Kelvin) -> Result<Mos2Memtransistor, SpecError> {
        let top = self.gate.top_ratio * self.gate.top.0;
        let (read_gate, write_gate) = (self.gate.read.0 + top, self.gate.write.0 + top);
        let reference = self.gate.reference.0;
        let ends = |gate| bounds(&self.window, self.programming.headroom.0, gate, reference);
        let (read, write) = (ends(read_gate), ends(write_gate));
        for (field, gate, [off, on]) in [("gate.read", read_gate, read), ("gate.write", write_gate, write)] {
            if !(off > 0.0 && off < on && on.is_finite()) {
                return Err(SpecError {
                    field: field.into(),
                    message: format!(
                        "at an effective gate voltage of {gate} V the window is empty ({off:e} to {on:e} S)"
                    ),
                    help: "choose a gate voltage at which the channel conducts and the ratio is above 1".into(),
                });
            }
        }
        let pulses = self.kinetics.pulses_potentiation;
        let single = Kinetics::of(self, write_gate);
        let (kinetics, read_channel, write_channel) = match &self.state {
            StateSpec::Normalised => (single, Channel::normalised(read), Channel::normalised(write)),
            StateSpec::DualZone(z) => {
                let shape = ZoneShape::new(z.steepness, 1.0 + z.mismatch.0);
                let [x, least] = single.turning_point(shape, pulses);
                let stretch = pulses / x;
                let kinetics = Kinetics {
                    potentiation: single.potentiation.stretched(stretch),
                    depression: single.depression.stretched(stretch),
                    rate: 1.0,
                };
                let channel = |ends: [f64; 2]| {
                    Channel::dual_zone(ends, shape, least).ok_or_else(|| SpecError {
                        field: "window".into(),
                        message: format!(
                            "a window of 1:{:.4} is out of reach: with these zones potentiation turns into depression at 1:{:.4}",
                            ends[1] / ends[0],
                            1.0 / least
                        ),
                        help: "raise `state.dual_zone.steepness`, narrow the window, or use `state: normalised`".into(),
                    })
                };
                (kinetics, channel(read)?, channel(write)?)
            }
        };
        let highest = kinetics.moved(State::LOWEST, pulses);
        let rise = Path::new(pulses, false, |x| read_channel.conductance(kinetics.moved(State::LOWEST, x)));
        let down_length = longest_fall(&kinetics, highest);
        let fall = Path::new(down_length, true, |x| read_channel.conductance(kinetics.moved(highest, -x)));
        let rate = Rate::of(self, write_gate, temperature);
        let p = &self.programming;
        for (field, v) in [("programming.potentiation", p.potentiation), ("programming.depression", p.depression)] {
            let steps = rate.steps(v, p.correction_width).abs();
            if !(LEAST_STEP..=pulses).contains(&steps) {
                return Err(SpecError {
                    field: field.into(),
                    message: format!(
                        "a pulse of {v} and {} makes {steps:.2e} steps of {pulses} to cross the window",
                        p.correction_width
                    ),
                    help: "a pulse law with an amplitude near `kinetics.reference_amplitude` makes about one".into(),
                });
            }
        }
        let steps = |v| (rate.steps(v, p.width).abs(), rate.steps(v, p.correction_width).abs());
        Ok(Mos2Memtransistor {
            spec: self.clone(),
            read_gate,
            write_gate,
            read_channel,
            write_channel,
            up: steps(p.potentiation),
            down: steps(p.depression),
            kinetics,
            rate,
            highest,
            rise,
            fall,
        })
    }
}

/// Depressing steps from `highest` until the left zone is full.
fn longest_fall(kinetics: &Kinetics, highest: State) -> f64 {
    // the law crosses its whole range in that many pulses
    let (mut low, mut high) = (0.0, kinetics.depression.pulses());
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if kinetics.moved(highest, -middle).left < 1.0 - 1e-12 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}
