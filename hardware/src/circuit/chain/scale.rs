//! Noise management: the scale that an input vector is divided by before its conversion.

use super::options::{ChainOptions, NoiseManagement, step};
use crate::simd::{Body, Doubles, Isa, LANES, run};

/// Weight that the sum of inputs is assumed to meet (`nm_assumed_wmax` of aihwkit, not a setting there either).
const ASSUMED_WEIGHT: f32 = 0.6;
/// Share of a new vector in the running mean (`nm_decay` of aihwkit).
const DECAY: f32 = 1e-3;

/// Largest magnitude; sixteen maxima at a time.
struct AbsMax<'a>(&'a [f32]);

impl Body for AbsMax<'_> {
    type Output = f32;
    #[inline(always)]
    fn run<L: Doubles>(self, _: L) -> f32 {
        let larger = |a: f32, b: f32| if b > a { b } else { a };
        let mut most = [0.0; LANES];
        let (vectors, rest) = self.0.as_chunks::<LANES>();
        for v in vectors {
            for i in 0..LANES {
                most[i] = larger(most[i], v[i].abs());
            }
        }
        most.iter().chain(rest).fold(0.0, |m, v| larger(m, v.abs()))
    }
}

fn abs_max(isa: Isa, x: &[f32]) -> f32 {
    run(isa, AbsMax(x))
}

/// `limit` if it is above 0 and exceeded.
fn capped(value: f32, limit: f32) -> f32 {
    if limit > 0.0 { value.min(limit) } else { value }
}

/// Scale of a vector; 0 or less means that all its outputs are 0. `running` is the mean of
/// [`NoiseManagement::AverageAbsMax`].
pub(super) fn scale(isa: Isa, o: &ChainOptions, x: &[f32], running: &mut Option<f32>) -> f32 {
    match o.noise_management {
        NoiseManagement::None => 1.0,
        NoiseManagement::AbsMax => capped(abs_max(isa, x), o.nm_thres),
        NoiseManagement::Max => capped(x.iter().copied().fold(f32::NEG_INFINITY, f32::max), o.nm_thres),
        NoiseManagement::Constant => {
            if o.nm_thres > 0.0 {
                o.nm_thres
            } else {
                1.0
            }
        }
        NoiseManagement::AverageAbsMax => {
            let now = abs_max(isa, x);
            let mean = running.map_or(now, |m| m * (1.0 - DECAY) + now * DECAY);
            *running = Some(mean);
            mean
        }
        NoiseManagement::AbsMaxNpSum => worst_case(isa, o, x),
    }
}

/// The scale at which a column of weights of 0.6 under all inputs of one sign just reaches the output bound, but not
/// so large that less than `1 / max_bm_res` input steps remain.
pub(super) fn worst_case(isa: Isa, o: &ChainOptions, x: &[f32]) -> f32 {
    let largest = abs_max(isa, x);
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
