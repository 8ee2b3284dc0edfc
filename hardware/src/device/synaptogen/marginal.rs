//! Marginal maps: quartics of a latent normal, their moments and their inverse.

use super::parameters::{FEATURES, Features};

/// Horner's rule, highest power first.
pub(super) fn horner(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, c| sum * x + c)
}

/// Standardised features of a latent vector.
pub(super) fn standardised(gamma: &[[f64; 5]; FEATURES], x: Features) -> Features {
    std::array::from_fn(|j| horner(&gamma[j], x[j]))
}

/// Mean, standard deviation, skewness and kurtosis of a variable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
    /// Third standardised moment.
    pub skewness: f64,
    /// Fourth standardised moment; 3 for a normal law.
    pub kurtosis: f64,
}

/// Moments of a polynomial (highest power first) of a normal variable of mean 0 and the given variance; exact,
/// by powers of the polynomial and `E[x^2k] = (2k-1)!!·s^2k`.
#[must_use]
pub fn moments(polynomial: &[f64], variance: f64) -> Moments {
    let expect = |lowest_first: &[f64]| {
        let (mut sum, mut even) = (0.0, 1.0);
        for (k, c) in lowest_first.iter().enumerate().step_by(2) {
            if k > 0 {
                even *= (k - 1) as f64 * variance;
            }
            sum += c * even;
        }
        sum
    };
    let times = |a: &[f64], b: &[f64]| {
        let mut out = vec![0.0; a.len() + b.len() - 1];
        for (i, x) in a.iter().enumerate() {
            for (j, y) in b.iter().enumerate() {
                out[i + j] += x * y;
            }
        }
        out
    };
    let mut centred: Vec<f64> = polynomial.iter().rev().copied().collect();
    let mean = expect(&centred);
    centred[0] -= mean;
    let square = times(&centred, &centred);
    let variance = expect(&square);
    Moments {
        mean,
        deviation: variance.sqrt(),
        skewness: expect(&times(&square, &centred)) / variance.powf(1.5),
        kurtosis: expect(&times(&square, &square)) / (variance * variance),
    }
}

/// Inverse of a quartic on the stretch around 0 where it rises, at most [-8, 8]; outside, the ends of the stretch.
#[derive(Debug, Clone)]
pub(super) struct Inverse {
    first: f64,
    step: f64,
    latent: Vec<f64>,
}

impl Inverse {
    /// Points of the table: interpolation between them errs by less than 2e-5 within 3.5 standard deviations.
    const POINTS: usize = 8192;

    pub fn of(polynomial: &[f64; 5]) -> Self {
        let slope = |x: f64| {
            let [a, b, c, d, _] = polynomial;
            ((4.0 * a * x + 3.0 * b) * x + 2.0 * c) * x + d
        };
        let end = |sign: f64| {
            let steps = (1..=800).take_while(|k| slope(sign * 0.01 * f64::from(*k)) > 0.0).last();
            sign * 0.01 * f64::from(steps.unwrap_or(0))
        };
        let (mut low, high) = (end(-1.0), end(1.0));
        let (first, last) = (horner(polynomial, low), horner(polynomial, high));
        let step = (last - first) / (Self::POINTS - 1) as f64;
        let latent = (0..Self::POINTS)
            .map(|i| {
                // the map rises, so each root lies above the one before
                let (goal, mut above) = (first + step * i as f64, high);
                for _ in 0..60 {
                    let middle = 0.5 * (low + above);
                    if horner(polynomial, middle) < goal {
                        low = middle;
                    } else {
                        above = middle;
                    }
                }
                low
            })
            .collect();
        Self { first, step, latent }
    }

    pub fn at(&self, g: f64) -> f64 {
        let place = ((g - self.first) / self.step).clamp(0.0, (Self::POINTS - 1) as f64);
        let i = (place as usize).min(Self::POINTS - 2);
        let share = place - i as f64;
        self.latent[i] + share * (self.latent[i + 1] - self.latent[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_a_square_are_those_of_chi_squared() {
        let m = moments(&[0.0, 0.0, 1.0, 0.0, 0.0], 1.0);
        assert!((m.mean - 1.0).abs() < 1e-14 && (m.deviation - 2f64.sqrt()).abs() < 1e-14);
        assert!((m.skewness - 8f64.sqrt()).abs() < 1e-13 && (m.kurtosis - 15.0).abs() < 1e-12);
    }

    #[test]
    fn the_inverse_undoes_the_published_maps() {
        for map in super::super::published::GAMMA {
            let inverse = Inverse::of(&map);
            for i in -35..=35 {
                let x = 0.1 * f64::from(i);
                assert!((inverse.at(horner(&map, x)) - x).abs() < 2e-5, "{x}");
            }
        }
    }
}
