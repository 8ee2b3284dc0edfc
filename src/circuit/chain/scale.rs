//! Noise management: the scale that an input vector is divided by before its conversion.

use super::options::{ChainOptions, NoiseManagement, step};

/// Weight that the sum of inputs is assumed to meet (`nm_assumed_wmax` of aihwkit, not a setting there either).
const ASSUMED_WEIGHT: f32 = 0.6;
/// Share of a new vector in the running mean (`nm_decay` of aihwkit).
const DECAY: f32 = 1e-3;

/// Running mean of largest magnitudes ([`NoiseManagement::AverageAbsMax`]); depends on the order of vectors.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RunningScale(Option<f32>);

fn abs_max(x: &[f32]) -> f32 {
    x.iter().fold(0.0, |m, v| m.max(v.abs()))
}

/// `limit` if it is above 0 and exceeded.
fn capped(value: f32, limit: f32) -> f32 {
    if limit > 0.0 { value.min(limit) } else { value }
}

/// Scale of a vector; 0 or less means that all its outputs are 0.
pub(super) fn scale(o: &ChainOptions, x: &[f32], running: &mut RunningScale) -> f32 {
    match o.noise_management {
        NoiseManagement::None => 1.0,
        NoiseManagement::AbsMax => capped(abs_max(x), o.nm_thres),
        NoiseManagement::Max => capped(x.iter().copied().fold(f32::NEG_INFINITY, f32::max), o.nm_thres),
        NoiseManagement::Constant => {
            if o.nm_thres > 0.0 {
                o.nm_thres
            } else {
                1.0
            }
        }
        NoiseManagement::AverageAbsMax => {
            let now = abs_max(x);
            let mean = running.0.map_or(now, |m| m * (1.0 - DECAY) + now * DECAY);
            running.0 = Some(mean);
            mean
        }
        NoiseManagement::AbsMaxNpSum => worst_case(o, x),
    }
}

/// The scale at which a column of weights of 0.6 under all inputs of one sign just reaches the output bound, but not
/// so large that less than `1 / max_bm_res` input steps remain.
pub(super) fn worst_case(o: &ChainOptions, x: &[f32]) -> f32 {
    let largest = abs_max(x);
    let (mut up, mut down) = (0.0f32, 0.0f32);
    for v in x {
        up += v.max(0.0);
        down -= v.min(0.0);
    }
    if o.out_bound <= 0.0 {
        return largest;
    }
    let wanted = ASSUMED_WEIGHT * up.max(down) / o.out_bound;
    let limit = step(o.inp_res, o.inp_bound).map_or(f32::INFINITY, |res| largest * (o.max_bm_res / res));
    largest.max(wanted.min(limit))
}
