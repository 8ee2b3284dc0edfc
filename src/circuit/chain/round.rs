//! The rounding of both converters. aihwkit 1.1.0 rounds ties to even, as found by trying (its manual says nothing).

/// Rounds to multiples of `res`, ties to even; with uniforms of (0, 1) up or down with the probability that
/// keeps the mean.
#[inline(always)]
pub(super) fn round(values: &mut [f32], res: f32, dither: Option<&[f32]>) {
    match dither {
        None => values.iter_mut().for_each(|v| *v = (*v / res).round_ties_even() * res),
        Some(dither) => {
            values.iter_mut().zip(dither).for_each(|(v, u)| *v = (*v / res + (u - 0.5)).round_ties_even() * res)
        }
    }
}
