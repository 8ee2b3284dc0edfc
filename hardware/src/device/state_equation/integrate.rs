//! Adaptive integration of a state equation under a voltage that is linear in time.
//!
//! Runge–Kutta pair of order 5(4) (Dormand and Prince, J. Comput. Appl. Math. 6, 19 (1980),
//! doi:10.1016/0771-050X(80)90013-3); the energy `∫ v·i dt` is summed with the weights of fifth order. Where a bound
//! is reached the state rests until the rate turns round. Steps across such a corner, or across a threshold of the
//! rate, are refused by the estimate of the error until they are short enough; a corner costs up to a hundred
//! tolerances.

use super::StateEquation;

/// Largest error of a step over the range of the state.
const TOLERANCE: f64 = 1e-10;
/// Largest error of the energy of a step over the greatest power times the whole interval.
const ENERGY_TOLERANCE: f64 = 1e-7;
/// A step this much shorter than its interval is taken whatever its error: what is left is a corner.
const SHORTEST: f64 = 1e-13;

/// Times of the stages.
const C: [f64; 7] = [0.0, 0.2, 0.3, 0.8, 8.0 / 9.0, 1.0, 1.0];
/// Coefficients of the stages; the last row is the solution of fifth order.
const A: [[f64; 6]; 7] = [
    [0.0; 6],
    [0.2, 0.0, 0.0, 0.0, 0.0, 0.0],
    [3.0 / 40.0, 9.0 / 40.0, 0.0, 0.0, 0.0, 0.0],
    [44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0, 0.0, 0.0, 0.0],
    [19_372.0 / 6561.0, -25_360.0 / 2187.0, 64_448.0 / 6561.0, -212.0 / 729.0, 0.0, 0.0],
    [9017.0 / 3168.0, -355.0 / 33.0, 46_732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18_656.0, 0.0],
    [35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];
/// Fifth minus fourth order.
const E: [f64; 7] =
    [71.0 / 57_600.0, 0.0, -71.0 / 16_695.0, 71.0 / 1920.0, -17_253.0 / 339_200.0, 22.0 / 525.0, -1.0 / 40.0];

/// A voltage that goes from `from` to `to` within `time`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ramp {
    pub from: f64,
    pub to: f64,
    pub time: f64,
}

/// State and energy after a ramp from state `x`; `speed` is a factor on the rate, the current is that of the law.
pub(super) fn advance<Q: StateEquation>(law: &Q, x: f64, ramp: Ramp, speed: f64) -> (f64, f64) {
    let [a, b] = law.bounds();
    let (low, high) = (a.min(b), a.max(b));
    let tolerance = TOLERANCE * (high - low);
    let voltage = |t: f64| ramp.from + (ramp.to - ramp.from) * (t / ramp.time);
    let rate = |t: f64, x: f64| {
        let r = speed * law.rate(x.clamp(low, high), voltage(t));
        if (x >= high && r > 0.0) || (x <= low && r < 0.0) { 0.0 } else { r }
    };
    let power = |t: f64, x: f64| voltage(t) * law.current(x.clamp(low, high), voltage(t));
    let (mut x, mut t, mut energy, mut step) = (x.clamp(low, high), 0.0, 0.0, ramp.time);
    while t < ramp.time {
        let mut k = [0.0; 7];
        k[0] = rate(t, x);
        if k[0] == 0.0 && ramp.from == ramp.to {
            // nothing will ever move again
            return (x, energy + power(t, x) * (ramp.time - t));
        }
        let last = step >= ramp.time - t;
        step = step.min(ramp.time - t);
        let mut p = [power(t, x), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let mut end = x;
        for s in 1..7 {
            end = x + step * A[s].iter().zip(&k).map(|(a, k)| a * k).sum::<f64>();
            k[s] = rate(t + C[s] * step, end);
            p[s] = power(t + C[s] * step, end);
        }
        let apart = |k: &[f64; 7]| (step * E.iter().zip(k).map(|(e, k)| e * k).sum::<f64>()).abs();
        let greatest = p.iter().fold(0.0, |a: f64, p| a.max(p.abs()));
        let error = (apart(&k) / tolerance).max(apart(&p) / (ENERGY_TOLERANCE * greatest * ramp.time).max(1e-300));
        if error <= 1.0 || step <= SHORTEST * ramp.time {
            energy += step * A[6].iter().zip(&p).map(|(a, p)| a * p).sum::<f64>();
            x = end.clamp(low, high);
            t = if last { ramp.time } else { t + step };
        }
        step *= (0.9 * libm::pow(error.max(1e-10), -0.2)).clamp(0.2, 5.0);
    }
    (x, energy)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `dx/dt = (v - x)·1/s` with a current that is the voltage, so that the energy is known as well.
    #[derive(Debug, Clone)]
    struct Relaxation;

    impl StateEquation for Relaxation {
        const NAME: &'static str = "relaxation";
        fn rate(&self, x: f64, v: f64) -> f64 {
            if v < 0.0 && x < 0.25 { 0.0 } else { v - x }
        }
        fn current(&self, _: f64, v: f64) -> f64 {
            v
        }
        fn bounds(&self) -> [f64; 2] {
            [0.0, 1.0]
        }
        fn state_of(&self, g: f64, _: f64) -> f64 {
            g
        }
    }

    fn ramp(from: f64, to: f64, time: f64) -> Ramp {
        Ramp { from, to, time }
    }

    #[test]
    fn the_closed_form_is_met() {
        let (x, energy) = advance(&Relaxation, 0.1, ramp(0.8, 0.8, 2.0), 1.0);
        assert!((x - (0.8 - 0.7 * (-2.0_f64).exp())).abs() < 1e-8, "{x}");
        assert!((energy - 0.64 * 2.0).abs() < 1e-12);
        // v = t/2: x = (t - 1 + exp(-t))/2 from 0; the energy is the integral of t²/4
        let (x, energy) = advance(&Relaxation, 0.0, ramp(0.0, 1.0, 2.0), 1.0);
        assert!((x - 0.5 * (1.0 + (-2.0_f64).exp())).abs() < 1e-8, "{x}");
        assert!((energy - 2.0 / 3.0).abs() < 1e-9, "{energy}");
        // twice as fast is twice as long
        let (fast, slow) = (advance(&Relaxation, 0.1, ramp(0.8, 0.8, 1.0), 2.0).0, 0.8 - 0.7 * (-2.0_f64).exp());
        assert!((fast - slow).abs() < 1e-8);
    }

    /// Bounds hold the state, and a rate that stops at 0.25 leaves it there.
    #[test]
    fn corners_are_found() {
        assert_eq!(advance(&Relaxation, 0.5, ramp(3.0, 3.0, 9.0), 1.0).0, 1.0);
        let (x, _) = advance(&Relaxation, 1.0, ramp(3.0, 0.5, 5.0), 1.0);
        // rests at 1 while v > 1, until t = 4; then v = 1 - s/2 gives x = (1 - s/2) + (1 - exp(-s))/2
        let expected = 0.5 + 0.5 * (1.0 - (-1.0_f64).exp());
        assert!((x - expected).abs() < 1e-7, "{x} {expected}");
        let (x, _) = advance(&Relaxation, 0.9, ramp(-1.0, -1.0, 60.0), 1.0);
        assert!(x <= 0.25 && x > 0.25 - 1e-7, "{x}");
    }
}
