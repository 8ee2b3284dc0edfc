//! What is made of random bits, and how a junction is calibrated to give them.
//!
//! **Gaussian noise from bits.** The sum of `k` bits of probability `P`, `ε = (Σb - kP)/√(kP(1 - P))`, has mean 0 and
//! variance 1 if the controller knows `P`, and a mean of `√(k/(P(1-P)))·(P' - P)` if the true probability is `P'`.
//! **Bits that diffuse in place.** One pulse of switching probability `β_t/2` for each step turns a stored bit into
//! `q(x_t = 1 | x_0) = a_t·x_0 + (1 - a_t)/2`, `a_t = Π(1 - β_s)` ([`Junction::width_for`] gives the pulses).
//! **Calibration.** Measured points of voltage and probability give two numbers by a straight line through the
//! transformed probabilities: `ln(-ln(1 - P))` for the law of Néel and Brown, `ln(P/(1 - P))` for equilibrium.

use super::switching::Junction;
use crate::units::{Second, Volt};

/// Standard-normal-like noise from `k` bits, `ones` of them set, of a probability held to be `p`.
#[must_use]
pub fn standardised(ones: u32, k: u32, p: f64) -> f64 {
    let k = f64::from(k);
    (f64::from(ones) - k * p) / libm::sqrt(k * p * (1.0 - p))
}

impl Junction {
    /// Width of a pulse below the critical voltage that switches with probability `p`; `None` if no width does.
    #[must_use]
    pub fn width_for(&self, parallel: bool, v: Volt, p: f64) -> Option<Second> {
        if v >= self.critical { None } else { self.activated(v).time_to(parallel, p) }
    }
}

/// Barrier found from points of voltage and switching probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NeelBrown {
    /// Barrier over thermal energy without voltage.
    pub stability: f64,
    /// Voltage that takes the barrier away.
    pub critical: Volt,
    /// Width over attempt time of the pulses.
    pub ratio: f64,
}

impl NeelBrown {
    /// Fits `P = 1 - exp(-(t/τ0)·exp(-Δ(1 - V/Vc)))`, with `ratio = t/τ0` known, by least squares of `ln(-ln(1 - P))`.
    /// `None` without two different voltages or where the barrier would rise with voltage.
    #[must_use]
    pub fn fit(points: &[(Volt, f64)], ratio: f64) -> Option<Self> {
        let (level, slope) = line(points, |p| libm::log(-libm::log1p(-p)))?;
        let stability = libm::log(ratio) - level;
        (slope > 0.0 && stability > 0.0).then(|| Self { stability, critical: Volt(stability / slope), ratio })
    }

    /// Probability that a pulse of this voltage switches.
    #[must_use]
    pub fn probability(&self, v: Volt) -> f64 {
        let barrier = self.stability * (1.0 - v.0 / self.critical.0).max(0.0);
        -libm::expm1(-self.ratio * libm::exp(-barrier))
    }
}

/// Logistic curve `P = 1/(1 + exp(-s·(V - V50)))`: the equilibrium of a junction whose field goes with voltage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logistic {
    /// Voltage of equal probabilities.
    pub middle: Volt,
    /// Slope `s = 4Δ·dh/dV`, in 1/V.
    pub slope: f64,
}

impl Logistic {
    /// Fits points of voltage and probability by least squares of `ln(P/(1 - P))`. `None` without two different
    /// voltages or without a slope.
    #[must_use]
    pub fn fit(points: &[(Volt, f64)]) -> Option<Self> {
        let (level, slope) = line(points, |p| libm::log(p / (1.0 - p)))?;
        (slope != 0.0).then(|| Self { middle: Volt(-level / slope), slope })
    }

    /// Probability at a voltage.
    #[must_use]
    pub fn probability(&self, v: Volt) -> f64 {
        1.0 / (1.0 + libm::exp(-self.slope * (v.0 - self.middle.0)))
    }
}

/// Level at 0 V and slope of the straight line through transformed probabilities, by least squares.
fn line(points: &[(Volt, f64)], transform: impl Fn(f64) -> f64) -> Option<(f64, f64)> {
    let n = points.len() as f64;
    let mean = |f: &dyn Fn(f64, f64) -> f64| points.iter().map(|(v, p)| f(v.0, *p)).sum::<f64>() / n;
    let (x, y) = (mean(&|v, _| v), mean(&|_, p| transform(p)));
    let spread = mean(&|v, _| (v - x) * (v - x));
    let slope = mean(&|v, p| (v - x) * (transform(p) - y)) / spread;
    (spread > 0.0 && slope.is_finite()).then_some((y - slope * x, slope))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of the caption of figure 1 of doi:10.1038/s41467-025-66864-9.
    const MEASURED: [(Volt, f64); 3] = [(Volt(0.275), 0.25), (Volt(0.282), 0.48), (Volt(0.288), 0.81)];

    /// The specification's fit: 0.2812 V and 195 /V, five points of probability for a millivolt.
    #[test]
    fn the_logistic_fit_is_the_listed_one() {
        let fit = Logistic::fit(&MEASURED).unwrap();
        assert!((fit.middle.0 - 0.2812).abs() < 5e-5 && (fit.slope - 195.0).abs() < 0.5, "{fit:?}");
        let millivolt = fit.probability(fit.middle + Volt(1e-3)) - 0.5;
        assert!((millivolt - 0.05).abs() < 0.002, "{millivolt}");
    }

    /// A junction with the fitted barrier switches as measured, to three points; barriers of 40 to 60 belong to widths
    /// of some ten nanoseconds to some seconds.
    #[test]
    fn a_fitted_junction_switches_as_measured() {
        let fit = NeelBrown::fit(&MEASURED, 1e3).unwrap();
        assert!((40.0..60.0).contains(&fit.stability), "{fit:?}");
        // nothing comes back: the field is against the state that the pulse leaves
        let junction = Junction {
            stability: fit.stability / 0.25,
            critical: fit.critical,
            exponent: 1.0,
            attempt: Second(1e-9),
            field: 0.5,
            transfer: 0.0,
            period: Second(1e-9),
            coherence: Second(1e-8),
        };
        for (v, p) in MEASURED {
            assert!((fit.probability(v) - p).abs() < 0.03, "{v}: {}", fit.probability(v));
            let switched = junction.probability(false, v, Second(1e-6));
            assert!((switched - fit.probability(v)).abs() < 1e-9, "{switched}");
            let width = junction.width_for(false, v, switched).unwrap();
            assert!((width.0 / 1e-6 - 1.0).abs() < 1e-6);
        }
        assert!(NeelBrown::fit(&MEASURED[..1], 1e3).is_none());
        let off = |p: &dyn Fn(Volt) -> f64| MEASURED.iter().map(|(v, m)| (p(*v) - m).abs()).fold(0.0, f64::max);
        let logistic = Logistic::fit(&MEASURED).unwrap();
        println!(
            "row9 me_mtj calibration to three measured points: Néel–Brown within {:.3} (Δ {:.1} at t/τ0 = 1000), logistic within {:.3} (V50 {:.4} V, slope {:.0} /V)",
            off(&|v| fit.probability(v)),
            fit.stability,
            off(&|v| logistic.probability(v)),
            logistic.middle.0,
            logistic.slope
        );
    }

    fn binomial(k: u32, p: f64) -> Vec<f64> {
        let mut law = vec![0.0; k as usize + 1];
        law[0] = 1.0;
        for _ in 0..k {
            for i in (0..law.len()).rev() {
                law[i] = law[i] * (1.0 - p) + if i > 0 { law[i - 1] * p } else { 0.0 };
            }
        }
        law
    }

    /// Distance of the law of `k` bits from the normal one: 0.341 for one bit, half the largest step for an even
    /// number, falling as the root of the number; and the moments that the module states.
    #[test]
    fn noise_of_bits_tends_to_the_normal_law() {
        let normal = |x: f64| 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
        let (mut before, mut shown) = (1.0, Vec::new());
        for k in [1_u32, 4, 16, 64, 256] {
            let (mut below, mut distance) = (0.0, 0.0_f64);
            let law = binomial(k, 0.5);
            for (ones, p) in law.iter().enumerate() {
                let at = normal(standardised(ones as u32, k, 0.5));
                distance = distance.max((at - below).abs()).max((at - below - p).abs());
                below += p;
            }
            if k == 1 {
                assert!((distance - 0.341).abs() < 5e-4, "{distance}");
            } else {
                assert!((distance - 0.5 * law[k as usize / 2]).abs() < 1e-12);
                assert!((0.4..0.61).contains(&(distance / before)), "{k}: {distance} after {before}");
            }
            before = distance;
            shown.push(format!("{distance:.4} (k = {k})"));
            for held in [0.5, 0.48] {
                let mean: f64 = law.iter().enumerate().map(|(i, p)| p * standardised(i as u32, k, held)).sum();
                let wanted = (0.5 - held) * (f64::from(k) / (held * (1.0 - held))).sqrt();
                assert!((mean - wanted).abs() < 1e-9, "{k}: a mean of {mean}");
            }
        }
        println!("row9 me_mtj noise of bits: distance from the normal law {}", shown.join(", "));
    }
}
