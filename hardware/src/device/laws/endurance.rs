//! Wear: the window closes with the number of write cycles, and cells fail for good.
//!
//! **Closing.** What is left of the window after `n` cycles is `exp(-(n/n_c)^p)`; it closes on a centre.
//! **Failure.** The number of cycles a cell survives is Weibull, `F(n) = 1 - exp(-(n/η)^β)`, as endurance data
//! of resistive memory are plotted; a failed cell is stuck at an end of the window.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Chance;
use super::super::Window;
use super::super::spec::Checks;
use super::stuck::StuckAt;
use crate::rng::{Domain, Draw};
use crate::units::{Share, Siemens};

/// Card of wear. Either part may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EnduranceSpec {
    /// Write cycles that the cells have been through.
    pub cycles: f64,
    /// Closing of the window; none by default.
    pub closing: Option<ClosingSpec>,
    /// Failure of cells; none by default.
    pub failure: Option<WeibullSpec>,
}

/// Card of the closing window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosingSpec {
    /// Cycles n_c after which 1/e of the window is left.
    pub cycles: f64,
    /// Exponent p.
    pub exponent: f64,
    /// Where in the window the ends meet: 0 % at its lowest, 100 % at its highest conductance.
    pub centre: Share,
}

/// Card of Weibull failure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeibullSpec {
    /// Cycles η by which 63.2 % of the cells have failed.
    pub scale: f64,
    /// Shape β: below 1 early failures, above 1 wear.
    pub shape: f64,
    /// Share of failed cells that are stuck at the highest conductance; the others at the lowest.
    pub stuck_high: Share,
}

impl EnduranceSpec {
    pub(crate) fn check(&self, at: &str, checks: &mut Checks) {
        checks.not_negative(&format!("{at}.cycles"), self.cycles);
        if let Some(c) = self.closing {
            checks.positive(&format!("{at}.closing.cycles"), c.cycles);
            checks.positive(&format!("{at}.closing.exponent"), c.exponent);
            checks.within(&format!("{at}.closing.centre"), c.centre.0, 0.0, 1.0);
            checks.require(
                c.left(self.cycles) > 1e-3,
                &format!("{at}.cycles"),
                format!("after {} cycles less than a thousandth of the window is left", self.cycles),
                "no such array can be programmed; lower `cycles`",
            );
        }
        if let Some(w) = self.failure {
            checks.positive(&format!("{at}.failure.scale"), w.scale);
            checks.positive(&format!("{at}.failure.shape"), w.shape);
            checks.within(&format!("{at}.failure.stuck_high"), w.stuck_high.0, 0.0, 1.0);
        }
    }

    /// The window after the card's cycles.
    #[must_use]
    pub fn window(&self, fresh: Window) -> Window {
        let Some(c) = self.closing else { return fresh };
        let centre = fresh.g_min.0 + c.centre.0 * (fresh.g_max.0 - fresh.g_min.0);
        let moved = |g: Siemens| Siemens(g.0 + (centre - g.0) * (1.0 - c.left(self.cycles)));
        Window { g_min: moved(fresh.g_min), g_max: moved(fresh.g_max) }
    }

    /// Where the cell at an address is stuck, if it has failed by the card's cycles. `chance.scale` scales the
    /// probability of failure.
    #[must_use]
    pub fn failed(&self, address: u64, chance: Chance) -> Option<StuckAt> {
        let w = self.failure?;
        let draw = Draw { seed: chance.seed, domain: Domain::Endurance, element: address, tick: 0 };
        draw.chance(w.failed_by(self.cycles) * chance.scale, 0).then(|| StuckAt::of(draw.chance(w.stuck_high.0, 1)))
    }
}

impl ClosingSpec {
    /// Share of the window that is left after `cycles`.
    #[must_use]
    pub fn left(&self, cycles: f64) -> f64 {
        libm::exp(-libm::pow(cycles / self.cycles, self.exponent))
    }
}

impl WeibullSpec {
    /// Share of cells that have failed by `cycles`.
    #[must_use]
    pub fn failed_by(&self, cycles: f64) -> f64 {
        -libm::expm1(-libm::pow(cycles / self.scale, self.shape))
    }
    /// Cycles by which the share `failed` has failed; the inverse of [`Self::failed_by`].
    #[must_use]
    pub fn cycles_at(&self, failed: f64) -> f64 {
        self.scale * libm::pow(-libm::log1p(-failed), 1.0 / self.shape)
    }
    /// Cycles after which the cell at an address fails.
    #[must_use]
    pub fn life(&self, address: u64, seed: u64) -> f64 {
        self.cycles_at(Draw { seed, domain: Domain::Endurance, element: address, tick: 0 }.uniform(0))
    }
    /// Mean cycles to failure, `η·Γ(1 + 1/β)`.
    #[must_use]
    pub fn mean_life(&self) -> f64 {
        self.scale * libm::tgamma(1.0 + 1.0 / self.shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIBULL: WeibullSpec = WeibullSpec { scale: 3e6, shape: 1.7, stuck_high: Share(0.4) };
    const REAL: Chance = Chance { seed: 6, scale: 1.0 };

    #[test]
    fn lives_are_weibull() {
        let n = 20_000_u64;
        let mut lives: Vec<f64> = (0..n).map(|cell| WEIBULL.life(cell, 6)).collect();
        let mean = lives.iter().sum::<f64>() / n as f64;
        // standard deviation of a Weibull life of shape 1.7 is 0.61 of its mean
        assert!((mean / WEIBULL.mean_life() - 1.0).abs() < 4.0 * 0.61 / (n as f64).sqrt());
        lives.sort_by(f64::total_cmp);
        let worst = lives
            .iter()
            .enumerate()
            .map(|(i, life)| ((i as f64 + 0.5) / n as f64 - (1.0 - (-(life / 3e6).powf(1.7)).exp())).abs())
            .fold(0.0, f64::max);
        // 1.95/√n is the 0.1 % quantile of Kolmogorov's distance
        assert!(worst < 1.95 / (n as f64).sqrt(), "{worst}");
    }

    /// A cell has failed at a number of cycles exactly if its life is over, and stays where it stuck.
    #[test]
    fn failure_is_for_good() {
        let at = |cycles| EnduranceSpec { cycles, closing: None, failure: Some(WEIBULL) };
        let mut high = 0.0;
        let mut failed = 0.0;
        for cell in 0..5000 {
            let (early, late) = (at(1e6).failed(cell, REAL), at(4e6).failed(cell, REAL));
            assert_eq!(early.is_some(), WEIBULL.life(cell, 6) < 1e6);
            assert_eq!(late.is_some(), WEIBULL.life(cell, 6) < 4e6);
            assert!(early.is_none() || early == late);
            failed += f64::from(u8::from(late.is_some()));
            high += f64::from(u8::from(late == Some(StuckAt::High)));
        }
        assert!((high / failed - 0.4).abs() < 4.0 * (0.24_f64 / failed).sqrt());
        assert!((0..100).all(|cell| at(4e6).failed(cell, Chance { seed: 6, scale: 0.0 }).is_none()));
    }

    #[test]
    fn the_window_closes_on_its_centre() {
        let closing = Some(ClosingSpec { cycles: 1e8, exponent: 0.5, centre: Share(0.75) });
        let fresh = Window { g_min: Siemens(1e-6), g_max: Siemens(5e-6) };
        let w = EnduranceSpec { cycles: 1e8, closing, failure: None }.window(fresh);
        assert!(((w.g_max.0 - w.g_min.0) / (4e-6 / 1.0_f64.exp()) - 1.0).abs() < 1e-12);
        assert!(((0.25 * w.g_min.0 + 0.75 * w.g_max.0) / 4e-6 - 1.0).abs() < 1e-12);
        assert_eq!(EnduranceSpec { cycles: 0.0, closing, failure: None }.window(fresh), fresh);
        let mut checks = Checks::default();
        EnduranceSpec { cycles: 1e10, closing, failure: None }.check("endurance", &mut checks);
        assert_eq!(checks.errors()[0].field, "endurance.cycles");
    }
}
