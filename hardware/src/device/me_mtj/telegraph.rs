//! Telegraph signal of two states: exponential dwell times, exactly.
//!
//! With rates `a` out of state 0 and `b` out of state 1, a signal that was in a state is in the other one after `t`
//! with probability `r/(a + b)·(1 - exp(-(a + b)·t))`, `r` the rate out of the former; it spends the share `a/(a + b)`
//! of its time in state 1, its correlation falls as `exp(-(a + b)·t)`, and it goes through `a·b/(a + b)` cycles in a
//! second.
//!
//! A superparamagnetic junction at a current `I` has `τ_P = τ0·exp(Δ(1 - I/Ic))`, `τ_AP = τ0·exp(Δ(1 + I/Ic))`: a share
//! `1/(1 + exp(-2Δ·I/Ic))` antiparallel and a bell-shaped rate of `exp(-Δ)/(2τ0)·sech(Δ·I/Ic)` (Mizrahi et al., Nat.
//! Commun. 9, 1533 (2018)).

use crate::rng::{Domain, Draw};
use crate::units::{Hertz, Second};

/// A signal of two states.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Telegraph {
    /// Rates out of state 0 and out of state 1.
    pub leave: [Hertz; 2],
}

impl Telegraph {
    /// Superparamagnetic junction of stability `Δ` (barrier over thermal energy) and attempt time `τ0` at a current
    /// given as a share of the critical one; state 1 is antiparallel.
    #[must_use]
    pub fn superparamagnetic(stability: f64, share: f64, attempt: Second) -> Self {
        let rate = |barrier: f64| Hertz(libm::exp(-stability * barrier) / attempt.0);
        Self { leave: [rate(1.0 - share), rate(1.0 + share)] }
    }

    /// Sum of both rates, in 1/s.
    fn total(&self) -> f64 {
        self.leave[0].0 + self.leave[1].0
    }

    /// Share of time in state 1.
    #[must_use]
    pub fn occupancy(&self) -> f64 {
        self.leave[0].0 / self.total()
    }

    /// Probability of being in the other state after `t`.
    #[must_use]
    pub fn switched(&self, state: bool, t: Second) -> f64 {
        let rate = self.leave[usize::from(state)].0;
        if rate == 0.0 {
            return 0.0;
        }
        // also where the rates are so small that 1 - exp cancels
        -rate / self.total() * libm::expm1(-self.total() * t.0)
    }

    /// Time after which a signal of this state is in the other one with probability `p`, `None` if it never is.
    #[must_use]
    pub fn time_to(&self, state: bool, p: f64) -> Option<Second> {
        let limit = self.leave[usize::from(state)].0 / self.total();
        (p < limit).then(|| Second(-libm::log1p(-p / limit) / self.total()))
    }

    /// Correlation of the signal with itself `t` later.
    #[must_use]
    pub fn correlation(&self, t: Second) -> f64 {
        libm::exp(-self.total() * t.0)
    }

    /// Cycles in a second.
    #[must_use]
    pub fn cycles(&self) -> Hertz {
        Hertz(self.leave[0].0 * self.leave[1].0 / self.total())
    }

    /// One course of the signal: the times of its changes from `state` at time 0, for the signal `element` of a seed.
    pub fn course(self, seed: u64, element: u64, state: bool) -> impl Iterator<Item = Second> {
        let mut now = (0.0, state);
        (0..).map(move |tick| {
            let u = Draw { seed, domain: Domain::Dwell, element, tick }.uniform(0);
            now = (now.0 - libm::log(u) / self.leave[usize::from(now.1)].0, !now.1);
            Second(now.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTEMPT: Second = Second(1e-9);

    /// 22.7 kHz without current and 14.71 kHz at a tenth of the critical one (specification, Δ = 10, τ0 = 1 ns).
    #[test]
    fn the_tuning_curve_is_a_bell() {
        for (share, listed) in [(0.0, 2.270e4), (0.1, 1.471e4), (-0.1, 1.471e4)] {
            let t = Telegraph::superparamagnetic(10.0, share, ATTEMPT);
            assert!((t.cycles().0 / listed - 1.0).abs() < 3e-4, "{share}: {}", t.cycles());
            let sech = (-10.0_f64).exp() / 2e-9 / (10.0 * share).cosh();
            assert!((t.cycles().0 / sech - 1.0).abs() < 1e-12);
            assert!((t.occupancy() - 1.0 / (1.0 + (-20.0 * share).exp())).abs() < 1e-12);
        }
    }

    /// The forward equation `dp/dt = a·(1 - p) - b·p`, integrated in small steps.
    #[test]
    fn the_law_in_time_solves_its_equation() {
        let t = Telegraph { leave: [Hertz(3.0), Hertz(5.0)] };
        for state in [false, true] {
            let (mut p, n) = (f64::from(u8::from(state)), 20_000);
            for step in 1..=n {
                let (rise, h) = (|p: f64| 3.0 * (1.0 - p) - 5.0 * p, 1.0 / f64::from(n));
                let k1 = rise(p);
                p += h * rise(p + 0.5 * h * k1);
                if step % 2500 == 0 {
                    let time = Second(f64::from(step) * h);
                    let other = if state { 1.0 - p } else { p };
                    assert!((t.switched(state, time) - other).abs() < 1e-8);
                    assert!((t.time_to(state, other).unwrap().0 - time.0).abs() < 1e-4);
                    let memory = 1.0 - t.switched(false, time) - t.switched(true, time);
                    assert!((t.correlation(time) - memory).abs() < 1e-12);
                }
            }
        }
        assert!(t.time_to(false, 0.4).is_none());
    }

    /// Courses have exponential dwell times (Kolmogorov–Smirnov), the rate, the occupancy and the state in time of the
    /// closed forms.
    #[test]
    fn courses_follow_the_law() {
        let law = Telegraph::superparamagnetic(10.0, 0.1, ATTEMPT);
        let n = 20_000;
        let times: Vec<f64> = law.course(9, 4, true).take(2 * n).map(|t| t.0).collect();
        let rate = n as f64 / times[2 * n - 1];
        // a cycle is the sum of two exponentials: its relative deviation is below one
        assert!((rate / law.cycles().0 - 1.0).abs() < 4.5 / (n as f64).sqrt(), "{rate}");
        let mut dwell: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
        let (mut before, mut farthest) = (0.0, 0.0_f64);
        for (i, t) in times.iter().enumerate() {
            dwell[(i + 1) % 2].push(t - before);
            before = *t;
        }
        for (state, dwell) in dwell.iter_mut().enumerate() {
            dwell.sort_by(f64::total_cmp);
            let cdf = |t: f64| -(-law.leave[state].0 * t).exp_m1();
            let distance = dwell
                .iter()
                .enumerate()
                .map(|(i, t)| (cdf(*t) - (i as f64 + 0.5) / n as f64).abs())
                .fold(0.0, f64::max);
            // 1 in 10 000 of true samples lies beyond 2.23/√n
            assert!(distance < 2.23 / (n as f64).sqrt(), "state {state}: {distance}");
            farthest = farthest.max(distance);
        }
        let later = Second(0.7 / (law.leave[0].0 + law.leave[1].0));
        let other = (0..n as u64).filter(|e| law.course(9, *e, false).take_while(|t| t.0 <= later.0).count() % 2 == 1);
        let (share, wanted) = (other.count() as f64 / n as f64, law.switched(false, later));
        assert!((share - wanted).abs() < 4.5 * (wanted * (1.0 - wanted) / n as f64).sqrt(), "{share} {wanted}");
        println!(
            "row9 me_mtj telegraph signal (Δ = 10, I = 0.1 Ic): rate off its closed form by {:.2} %, dwell times at most {farthest:.4} from exponential ({n} each), state in time {share:.4} for {wanted:.4}",
            100.0 * (rate / law.cycles().0 - 1.0).abs()
        );
    }
}
