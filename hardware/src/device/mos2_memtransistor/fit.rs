//! The card of a memtransistor from a measured train of pulses.
//!
//! Fitted by least squares of the reads over the largest one: conductance of the channel, resistance and steepness
//! of a full zone, pulses and label of both pulse laws, and the width of both zones at the start; and the voltage
//! scale of the rate, if the train has two amplitudes of one polarity (otherwise that of the card holds, since an
//! amplitude that comes in one polarity alone cannot be told from a difference of the two laws).

use super::Mos2Memtransistor;
use super::least_squares::minimise;
use super::pulse_law::{LABELS, PulseLaw};
use super::spec::{DualZoneSpec, FixedWindowSpec, Mos2Spec, StateSpec, WindowSpec};
use super::state::{Kinetics, Rate, State};
use super::window::ZoneShape;
use crate::device::spec::SpecError;
use crate::device::{Device, Pulse};
use crate::units::{Ampere, Second, Share, Siemens, Volt};

/// Fewest reads from which nine numbers can be told.
const FEWEST_READS: usize = 12;
/// Exponents of a full zone that are tried: the search starts from some of them and stays within.
const STEEPNESS: [f64; 2] = [1.0, 40.0];
/// Starts of the search, of which the best counts: width of the zones of the fresh cell, and steepness.
const STARTS: [[f64; 2]; 4] = [[0.3, 8.0], [0.6, 12.0], [0.78, 20.0], [0.5, 30.0]];
/// Accepted steps of the search from each start.
const ITERATIONS: u32 = 300;

/// Weight of the distance from the start: far below any error of a read, it keeps numbers that the train does not
/// tell from wandering off.
const PRIOR: f64 = 3e-4;

/// A pulse and the read after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PulseRead {
    /// The pulse; a voltage of 0 is a read without one.
    pub pulse: Pulse,
    /// Current at the read voltage of the card.
    pub read: Ampere,
}

/// What a fit found.
#[derive(Debug, Clone, PartialEq)]
pub struct PulseFit {
    /// The card, as built for its reference temperature.
    pub spec: Mos2Spec,
    /// State before the first pulse.
    pub start: State,
    /// Reads of the fitted cell in amperes.
    pub reads: Vec<f64>,
    /// Root mean square of the error over the largest read.
    pub nrmse: f64,
}

/// A cell in the numbers of the fit.
struct Trial {
    channel: f64,
    zone: f64,
    steepness: f64,
    refill_pulses: f64,
    growth_pulses: f64,
    labels: [f64; 2],
    start: f64,
    scale: f64,
}

fn logistic(x: f64, [low, high]: [f64; 2]) -> f64 {
    low + (high - low) / (1.0 + libm::exp(-x))
}

fn logit(value: f64, [low, high]: [f64; 2]) -> f64 {
    let share = (value - low) / (high - low);
    libm::log(share / (1.0 - share))
}

impl Trial {
    /// From parameters of order one; `g` and `pulses` set the scale of conductances and counts.
    fn of(p: &[f64], g: f64, pulses: f64, scale: f64) -> Self {
        Self {
            channel: g * libm::exp(p[0]),
            zone: libm::exp(p[1]) / g,
            steepness: logistic(p[2], STEEPNESS),
            refill_pulses: pulses * libm::exp(p[3]),
            growth_pulses: pulses * libm::exp(p[4]),
            labels: [logistic(p[5], LABELS), logistic(p[6], LABELS)],
            start: logistic(p[7], [0.0, 1.0]),
            scale: p.get(8).map_or(scale, |s| libm::exp(*s)),
        }
    }

    fn start(&self) -> State {
        State { left: self.start, right: self.start }
    }

    /// Conductances after each pulse.
    fn conductances(&self, rate: &Rate, reads: &[PulseRead]) -> Vec<f64> {
        let kinetics = Kinetics {
            potentiation: PulseLaw::new(self.labels[0], self.refill_pulses),
            depression: PulseLaw::new(self.labels[1], self.growth_pulses),
            rate: 1.0,
        };
        let shape = ZoneShape::new(self.steepness, 1.0);
        let mut state = self.start();
        reads
            .iter()
            .map(|r| {
                state = kinetics.moved(state, rate.steps(r.pulse.voltage, r.pulse.width));
                1.0 / (1.0 / self.channel + self.zone * shape.total(state))
            })
            .collect()
    }

    /// The card: it counts pulses up to the turning point of the zones and gives the window there.
    fn card(&self, base: &Mos2Spec) -> Mos2Spec {
        let mut spec = base.clone();
        spec.state = StateSpec::DualZone(DualZoneSpec { steepness: self.steepness, mismatch: Share(0.0) });
        let k = &mut spec.kinetics;
        k.pulses_potentiation = self.refill_pulses;
        k.pulses_depression = self.growth_pulses;
        k.nonlinearity_potentiation = self.labels[0];
        k.nonlinearity_depression = -self.labels[1];
        k.voltage_scale = Volt(self.scale);
        let gate = spec.gate.write.0 + spec.gate.top_ratio * spec.gate.top.0;
        let shape = ZoneShape::new(self.steepness, 1.0);
        let [turn, least] = Kinetics::of(&spec, gate).turning_point(shape, self.refill_pulses);
        spec.kinetics.pulses_potentiation = turn;
        spec.kinetics.pulses_depression = self.growth_pulses * turn / self.refill_pulses;
        spec.programming.headroom = Share(0.0);
        spec.window = WindowSpec::Fixed(FixedWindowSpec {
            g_min: Siemens(1.0 / (1.0 / self.channel + self.zone)),
            g_max: Siemens(1.0 / (1.0 / self.channel + least * self.zone)),
        });
        spec
    }
}

/// Fits a card to a train of pulses and their reads at `base.read.voltage`, in the order of time. What the train
/// does not tell (thresholds, gates, spread, retention, I–V law) stays as in `base`. The strongest pulse becomes
/// the reference pulse, and the strongest of each polarity those that program.
///
/// # Errors
/// Too few or impossible reads, pulses that the card's rate law does not know, a card that does not build.
pub fn fit_pulses(reads: &[PulseRead], base: &Mos2Spec) -> Result<PulseFit, Vec<SpecError>> {
    let wrong = |field: &str, message: String, help: &str| {
        Err(vec![SpecError { field: field.into(), message, help: help.into() }])
    };
    if reads.len() < FEWEST_READS {
        return wrong("reads", format!("{} reads are too few", reads.len()), "give at least 12, with both polarities");
    }
    if let Some(i) = reads.iter().position(|r| !(r.read.0 > 0.0 && r.read.0.is_finite() && r.pulse.width.0 >= 0.0)) {
        return wrong("reads", format!("read {i} is {}", reads[i].read), "currents at a positive read voltage");
    }
    let strongest = |up: bool| {
        let of_sign = reads.iter().filter(|r| r.pulse.voltage.0 != 0.0 && (r.pulse.voltage.0 > 0.0) == up);
        of_sign.map(|r| r.pulse).max_by(|a, b| a.voltage.0.abs().total_cmp(&b.voltage.0.abs()))
    };
    let (Some(up), Some(down)) = (strongest(true), strongest(false)) else {
        return wrong("reads", "pulses of one polarity only".into(), "a fit needs potentiation and depression");
    };
    let mut base = base.clone();
    let reference = if up.voltage.0 >= -down.voltage.0 { up } else { down };
    base.kinetics.reference_amplitude = Volt(reference.voltage.0.abs());
    base.kinetics.reference_width = reference.width;
    base.kinetics.nonlinearity_per_volt = 0.0;
    let positive_potentiates = base.programming.potentiation.0 > 0.0;
    let (potentiation, depression) = if positive_potentiates { (up, down) } else { (down, up) };
    (base.programming.potentiation, base.programming.depression) = (potentiation.voltage, depression.voltage);
    base.programming.width = reference.width;
    base.programming.correction_width = Second(reference.width.0 / 10.0);
    let amplitudes = |up: bool, v: f64| {
        reads
            .iter()
            .any(|r| (r.pulse.voltage.0 > 0.0) == up && r.pulse.voltage.0.abs() < 0.999 * v && r.pulse.voltage.0 != 0.0)
    };
    let fits_scale = amplitudes(true, up.voltage.0) || amplitudes(false, -down.voltage.0);

    let temperature = base.temperature.reference;
    let gate = base.gate.write.0 + base.gate.top_ratio * base.gate.top.0;
    let largest = reads.iter().map(|r| r.read.0).fold(0.0, f64::max);
    let smallest = reads.iter().map(|r| r.read.0).fold(f64::INFINITY, f64::min);
    let (g, bias) = (largest / base.read.voltage.0, base.read.voltage.0);
    let pulses = reads.len() as f64;
    let scale = base.kinetics.voltage_scale.0;
    let rate = |t: &Trial| {
        let mut spec = base.clone();
        spec.kinetics.voltage_scale = Volt(t.scale);
        Rate::of(&spec, gate, temperature)
    };
    let errors = |p: &[f64]| -> Vec<f64> {
        let trial = Trial::of(p, g, pulses, scale);
        let found = trial.conductances(&rate(&trial), reads);
        found.iter().zip(reads).map(|(g, r)| (g * bias - r.read.0) / largest).collect()
    };
    let mut best: Option<(f64, Trial, Mos2Memtransistor)> = None;
    let mut refused = Vec::new();
    for [width, steepness] in STARTS {
        let mut start = vec![
            0.1,
            libm::log(largest / smallest),
            logit(steepness, STEEPNESS),
            0.0,
            0.0,
            logit(0.5, LABELS),
            logit(4.0, LABELS),
            logit(width, [0.0, 1.0]),
        ];
        if fits_scale {
            start.push(libm::log(scale));
        }
        let (found, square) = minimise(&start, ITERATIONS, |p| {
            let mut all = errors(p);
            all.extend(p.iter().zip(&start).map(|(p, s)| PRIOR * (p - s)));
            all
        });
        if best.as_ref().is_some_and(|(least, ..)| *least <= square) {
            continue;
        }
        let trial = Trial::of(&found, g, pulses, scale);
        // a search may end where the zones have no turning point: such numbers make no card
        match trial.card(&base).build(temperature) {
            Ok(device) => best = Some((square, trial, device)),
            Err(errors) => refused = errors,
        }
    }
    let Some((_, trial, device)) = best else { return Err(refused) };
    let mut spec = device.spec.clone();
    spec.source = format!("fitted to {} reads after pulses; {}", reads.len(), base.source);
    let mut state = trial.start();
    let fitted: Vec<f64> = reads
        .iter()
        .map(|r| {
            state = device.pulse(state, r.pulse.voltage, r.pulse.width);
            device.current(device.conductance(state).0, Volt(bias))
        })
        .collect();
    let square: f64 = fitted.iter().zip(reads).map(|(f, r)| (f - r.read.0) * (f - r.read.0)).sum();
    Ok(PulseFit { nrmse: libm::sqrt(square / pulses) / largest, start: trial.start(), reads: fitted, spec })
}

#[cfg(test)]
mod tests;
