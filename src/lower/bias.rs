//! Bias correction (Nagel et al., ICCV 2019, section 4.2, doi:10.1109/ICCV.2019.00141): rounded weights
//! shift the mean of every output by `Σ (w̃ - w)·E[x]`; the bias takes that back.
//!
//! The means `E[x]` are those of the float network on the calibration samples. At the border of a padded
//! convolution some taps read zero instead; the means there are a little smaller than assumed.

/// What to add to the bias of one output. `real` and `quantised` are its weights before and after rounding,
/// `[channels][taps]`; `means` are those of the channels it reads, in real units like the result.
#[must_use]
pub fn shift(
    real: impl IntoIterator<Item = f64>,
    quantised: impl IntoIterator<Item = f64>,
    means: &[f64],
    taps: usize,
) -> f64 {
    let mean = means.iter().flat_map(|m| std::iter::repeat_n(m, taps));
    -real.into_iter().zip(quantised).zip(mean).map(|((w, q), m)| (q - w) * m).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Domain, Draw};

    fn draw(element: u64, tick: u64) -> f64 {
        Draw { seed: 3, domain: Domain::Explore, element, tick }.uniform(0)
    }

    /// With corrected biases the outputs have the mean of the float layer, exactly, whatever the rounding.
    #[test]
    fn the_mean_of_the_outputs_is_that_of_the_float_layer() {
        const ROWS: usize = 6;
        let weights: Vec<f64> = (0..ROWS as u64).map(|t| draw(0, t) - 0.5).collect();
        let rounded: Vec<f64> = weights.iter().map(|w| (w * 4.0).round() / 4.0).collect();
        let samples: Vec<Vec<f64>> = (0..50).map(|s| (0..ROWS as u64).map(|t| draw(s + 1, t)).collect()).collect();
        // two taps of each of three channels: both taps of a channel have its mean
        let mean_of = |r: usize| samples.iter().map(|x| x[r]).sum::<f64>() / 50.0;
        let tied: Vec<Vec<f64>> = samples.iter().map(|x| (0..ROWS).map(|r| x[r / 2 * 2]).collect()).collect();
        let means: Vec<f64> = (0..ROWS / 2).map(|c| mean_of(2 * c)).collect();
        let mean =
            |w: &[f64]| tied.iter().map(|x| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>()).sum::<f64>() / 50.0;
        let shift = shift(weights.iter().copied(), rounded.iter().copied(), &means, 2);
        assert!((mean(&rounded) - mean(&weights)).abs() > 0.01, "the rounding must show");
        assert!((mean(&rounded) + shift - mean(&weights)).abs() < 1e-12);
    }
}
