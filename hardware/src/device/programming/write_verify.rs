//! Write-verify: read each cell, correct those out of range, and again.
//!
//! A read is `g + σ(g)·z` with the read noise of the device at its read bias and a fresh `z` each time; it costs
//! `I·v·t` and the time `t`. A correction is
//!
//! * looked up as pulses: `s·(x(target) - x(read))` pulses of the curve in that direction;
//! * looked up as an amplitude: the last one plus `s·(V(target) - V(read))`. A cell that went too far is brought
//!   back to the start of the curve first;
//! * or the next step of a staircase.
//!
//! The strength `s` of a cell begins at 1. It is multiplied by the back-off when a correction lands on the other
//! side of the target farther than half the error before, and divided by it when one leaves more than half of
//! the error: cells that are quicker or slower than the nominal one are met in few tries.

use super::open_loop::{amplitude, single, train};
use super::{ApproachSpec, Curve, Job, LookupSpec, Scheme, StaircaseSpec, Train, WriteVerifySpec};
use crate::device::{Chance, Pulse};
use crate::rng::{Domain, Draw};
use crate::units::{Second, Volt};

/// Bounds of the strength of corrections over that of the nominal cell. Assumed.
const STRENGTHS: [f64; 2] = [1.0 / 16.0, 16.0];
/// Largest amplitude over the nominal one. Assumed: what drivers are made for.
const LARGEST_AMPLITUDE: f64 = 1.5;

/// What the controller keeps of a cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    /// Error of the last read; NaN before the first.
    error: f64,
    strength: f64,
    /// Last amplitude, or step of the staircase.
    drive: f64,
}

impl Memory {
    /// Nothing has been read.
    pub(super) const NEW: Self = Self { error: f64::NAN, strength: 1.0, drive: 0.0 };
}

/// What a read leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decision {
    /// In range.
    Accept,
    /// Out of range after the last try.
    GiveUp,
    /// To be corrected.
    Correct(Train),
}

/// What a read of a cell leads to after `tries` corrections.
#[inline]
pub(super) fn decide(
    scheme: &Scheme,
    spec: &WriteVerifySpec,
    m: &mut Memory,
    read: f64,
    target: f64,
    tries: u32,
) -> Decision {
    let error = read - target;
    if error.abs() <= spec.tolerance.0 * scheme.span() {
        return Decision::Accept;
    }
    if tries == spec.tries {
        return Decision::GiveUp;
    }
    let train = correction(scheme, spec, m, read, target);
    m.error = error;
    Decision::Correct(train)
}

/// Programs the cells of a job.
pub(super) fn run(scheme: &Scheme, spec: &WriteVerifySpec, job: &mut Job) {
    let n = job.target.len();
    let mut memory = vec![Some(Memory::NEW); n];
    let mut reads = vec![0.0; n];
    for attempt in 0..=spec.tries {
        read(scheme, spec, job, &memory, attempt, &mut reads);
        let mut trains = vec![Train::default(); n];
        for (i, open) in memory.iter_mut().enumerate() {
            let Some(m) = open else { continue };
            match decide(scheme, spec, m, reads[i], job.target[i], attempt) {
                Decision::Correct(train) => {
                    trains[i] = train;
                    job.out.tries[i] += 1;
                }
                end => {
                    job.out.converged[i] = matches!(end, Decision::Accept);
                    *open = None;
                }
            }
        }
        if memory.iter().all(Option::is_none) {
            break;
        }
        job.apply(scheme, &trains, attempt);
    }
}

/// Reads the cells that are not done.
fn read(
    scheme: &Scheme,
    spec: &WriteVerifySpec,
    job: &mut Job,
    memory: &[Option<Memory>],
    attempt: u32,
    reads: &mut [f64],
) {
    let v = scheme.read;
    let mut variance = vec![0.0; reads.len()];
    job.device.read_moments(&job.g, v, job.chance, reads, &mut variance);
    for i in (0..reads.len()).filter(|i| memory[*i].is_some()) {
        reads[i] += noise(variance[i], job.addresses[i], attempt, job.chance);
        let energy = (job.device.current(job.g[i], v) * v.0).abs() * spec.read_time.0;
        job.out.energy[i] += energy;
        job.energy += energy;
        job.out.time[i] += spec.read_time.0;
    }
}

/// Noise of the read after `tries` corrections.
pub(super) fn noise(variance: f64, address: u64, tries: u32, chance: Chance) -> f64 {
    if variance == 0.0 {
        return 0.0;
    }
    let draw = Draw { seed: chance.seed, domain: Domain::VerifyRead, element: address, tick: u64::from(tries) };
    libm::sqrt(variance) * draw.normal(0)
}

/// The train that corrects a cell; notes what the next one must know.
fn correction(scheme: &Scheme, spec: &WriteVerifySpec, m: &mut Memory, read: f64, target: f64) -> Train {
    let error = read - target;
    let crossed = m.error * error < 0.0;
    match (spec.approach, &scheme.curve) {
        (ApproachSpec::Staircase(s), _) => staircase(scheme, spec, &s, m, error < 0.0, crossed),
        (ApproachSpec::Lookup(lookup), Some(curve)) => {
            if error.abs() > 0.5 * m.error.abs() && spec.back_off > 0.0 {
                let factor = if crossed { spec.back_off } else { 1.0 / spec.back_off };
                m.strength = (m.strength * factor).clamp(STRENGTHS[0], STRENGTHS[1]);
            }
            match lookup {
                LookupSpec::Pulses => pulses(scheme, spec, curve, m.strength, read, target),
                _ => by_amplitude(scheme, curve, lookup, m, read, target),
            }
        }
        // a scheme that looks things up is made with its curve
        (ApproachSpec::Lookup(_), None) => Train::default(),
    }
}

fn pulses(scheme: &Scheme, spec: &WriteVerifySpec, curve: &Curve, strength: f64, read: f64, target: f64) -> Train {
    let (path, pulse) = if read < target { (&curve.rise, scheme.pulses[0]) } else { (&curve.fall, scheme.pulses[1]) };
    let steps = strength * (path.position(target) - path.position(read));
    // no correction is longer than the whole way
    train(pulse, steps.min(path.end()).max(spec.finest.0), spec.finest.0)
}

fn by_amplitude(scheme: &Scheme, curve: &Curve, lookup: LookupSpec, m: &mut Memory, read: f64, target: f64) -> Train {
    let lowering = lookup == LookupSpec::LoweringAmplitude;
    let (path, nominal) = if lowering { (&curve.fall, scheme.pulses[1]) } else { (&curve.rise, scheme.pulses[0]) };
    let begins = m.error.is_nan();
    let too_far = (read < target) == lowering;
    if begins {
        m.drive = amplitude(curve, lookup, target);
    } else {
        let step = m.strength * (path.position(target) - path.position(read));
        // where the curve is flat the smallest amplitude that it knows makes the step
        let least = path.step().copysign(if too_far { -nominal.voltage.0 } else { nominal.voltage.0 });
        m.drive += if step.abs() < least.abs() { least } else { step };
    }
    let most = LARGEST_AMPLITUDE * nominal.voltage.0;
    m.drive = m.drive.clamp(most.min(0.0), most.max(0.0));
    let mut train = single(scheme, lookup, m.drive);
    if !begins {
        let back = scheme.pulses[usize::from(!lowering)];
        train.first = too_far.then_some(back);
    }
    train
}

fn staircase(
    scheme: &Scheme,
    spec: &WriteVerifySpec,
    s: &StaircaseSpec,
    m: &mut Memory,
    up: bool,
    crossed: bool,
) -> Train {
    if crossed {
        m.drive = (m.drive * spec.back_off).floor();
    } else if !m.error.is_nan() {
        m.drive += 1.0;
    }
    let nominal = scheme.pulses[usize::from(!up)];
    let v = nominal.voltage.0 * (s.start.0 + m.drive * s.amplitude_step.0);
    let most = LARGEST_AMPLITUDE.max(s.start.0) * nominal.voltage.0.abs();
    let pulse = Pulse {
        voltage: Volt(v.clamp(-most, most)),
        width: Second(nominal.width.0 * libm::pow(s.width_growth, m.drive)),
    };
    Train { whole: 1, pulse, ..Train::default() }
}
