//! Open loop: one train for each cell, looked up on the curve of the nominal cell.

use super::{Curve, Job, LookupSpec, OpenLoopSpec, Scheme, Train};
use crate::device::Pulse;
use crate::units::{Second, Volt};

/// Programs the cells of a job.
pub(super) fn run(scheme: &Scheme, spec: &OpenLoopSpec, job: &mut Job) {
    let trains: Vec<Train> = job.target.iter().map(|target| looked_up(scheme, spec, *target)).collect();
    for (tries, train) in job.out.tries.iter_mut().zip(&trains) {
        *tries += u32::from(train.len() > 0);
    }
    job.apply(scheme, &trains, 0);
}

/// The train that takes the nominal cell to a target.
pub(super) fn looked_up(scheme: &Scheme, spec: &OpenLoopSpec, target: f64) -> Train {
    match (&scheme.curve, spec.lookup) {
        (Some(curve), LookupSpec::Pulses) => train(scheme.pulses[0], curve.rise.position(target), spec.finest.0),
        (Some(curve), lookup) => single(scheme, lookup, amplitude(curve, lookup, target)),
        // a scheme that looks things up is made with its curve
        (None, _) => Train::default(),
    }
}

/// `x` pulses: whole ones and a shorter last one, none below `finest` of the width.
pub(super) fn train(pulse: Pulse, x: f64, finest: f64) -> Train {
    let x = x.clamp(0.0, (super::LONGEST_TRAIN / 2) as f64);
    if finest >= 1.0 {
        return Train { whole: x.round() as u64, pulse, ..Train::default() };
    }
    // the slack keeps a whole number of pulses whole in spite of rounding
    let whole = (x + 1e-9).floor();
    // a rest is made of whole multiples of the finest pulse, which the controller can time
    let rest = ((x - whole).max(0.0) / finest).round() * finest;
    if rest >= 1.0 {
        return Train { whole: whole as u64 + 1, pulse, ..Train::default() };
    }
    let last = (rest > 0.0).then_some(Pulse { width: Second(pulse.width.0 * rest), ..pulse });
    Train { whole: whole as u64, pulse, last, ..Train::default() }
}

/// Amplitude at which the nominal cell reaches a target.
pub(super) fn amplitude(curve: &Curve, lookup: LookupSpec, target: f64) -> f64 {
    match lookup {
        LookupSpec::LoweringAmplitude => curve.fall.position(target),
        _ => curve.rise.position(target),
    }
}

/// The one pulse of an amplitude, from the state where the curve of amplitudes begins.
pub(super) fn single(scheme: &Scheme, lookup: LookupSpec, v: f64) -> Train {
    let [up, down] = scheme.pulses;
    let (first, nominal) = match lookup {
        LookupSpec::LoweringAmplitude => (Some(up), down),
        _ => (None, up),
    };
    Train { first, whole: u64::from(v != 0.0), pulse: Pulse { voltage: Volt(v), ..nominal }, last: None }
}
