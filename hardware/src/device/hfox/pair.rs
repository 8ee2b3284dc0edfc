//! Binary weights in one 1T1R cell, or in two read against each other (2T2R), and their bit errors.
//!
//! A weight of one cell is its state, read against a threshold; a weight of a pair is which of its cells has the lower
//! resistance: +1 for (LRS, HRS), -1 for (HRS, LRS). A precharge sense amplifier discharges two nodes through the two
//! cells, and the faster side wins (Bocquet et al., IEDM 2018, arXiv:1902.02528; Hirtzlin et al., Front. Neurosci. 13,
//! 1383 (2020)). With states log-normal in resistance, a gap of `g` decades between their medians, spreads of `s_L` and
//! `s_H` decades and an offset of the amplifier of `o` decades, and `Q` the upper tail of the standard normal law,
//! ```text
//! BER_1T1R = (Q(θ/√(s_L² + o²)) + Q((g - θ)/√(s_H² + o²)))/2     θ decades above the median of LRS
//! BER_2T2R = Q(g/√(s_L² + s_H² + o²))
//! ```
//! With the threshold at which both tails are equal, `BER_1T1R = Q(g/(√(s_L² + o²) + √(s_H² + o²)))`. For equal spreads
//! the pair squares the error of the cell, but for a factor; where one spread dominates it gains little.
//!
//! A pair is no row of the device table: what it holds is a sign, not a conductance. On a chip it is the differential
//! pair of two `hfox` cells of a bit each.

use super::{HfOx, HfOxSpec, HfOxVariationSpec, HrsSpec, LrsLaw, LrsSpec};
use crate::device::{Chance, Checks, Device, Programming};
use crate::rng::{Domain, Draw};
use crate::units::{Ohm, Share};

/// The two states of a cell as bit errors see them, in decades of resistance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BinaryStates {
    /// Distance `g` of the median of HRS from that of LRS.
    pub gap: f64,
    /// Spread `s_L` of LRS.
    pub lrs: f64,
    /// Spread `s_H` of HRS.
    pub hrs: f64,
    /// Spread `o` of the offset of sense amplifiers.
    pub offset: f64,
}

/// Upper tail of the standard normal law.
fn tail(x: f64) -> f64 {
    0.5 * libm::erfc(x * std::f64::consts::FRAC_1_SQRT_2)
}

impl BinaryStates {
    /// Threshold, in decades above the median of LRS, at which both states err equally often.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        let [low, high] = [self.lrs, self.hrs].map(|s| libm::hypot(s, self.offset));
        self.gap * low / (low + high)
    }

    /// Bit error rate of one cell read against a threshold `θ` in decades above the median of LRS; both values of the
    /// bit are equally likely.
    #[must_use]
    pub fn one_cell_at(&self, threshold: f64) -> f64 {
        let [low, high] = [self.lrs, self.hrs].map(|s| libm::hypot(s, self.offset));
        0.5 * (tail(threshold / low) + tail((self.gap - threshold) / high))
    }

    /// Bit error rate of one cell at the best-balanced threshold (1T1R).
    #[must_use]
    pub fn one_cell(&self) -> f64 {
        self.one_cell_at(self.threshold())
    }

    /// Bit error rate of a pair (2T2R).
    #[must_use]
    pub fn pair(&self) -> f64 {
        tail(self.gap / libm::hypot(libm::hypot(self.lrs, self.hrs), self.offset))
    }
}

impl HfOxSpec {
    /// The states of this card, programmed without verification, before sense amplifiers whose offset spreads over
    /// `offset` decades. Exact where both states are log-normal ([`LrsLaw::LogNormal`]), and good to the second
    /// order in the spread of a normal low-resistance state.
    #[must_use]
    pub fn binary_states(&self, offset: f64) -> BinaryStates {
        // conditions beyond the rows are refused where a cell is built
        let card = self.at_its_condition(&mut Checks::default());
        let (lrs, hrs) = (&card.lrs, &card.hrs);
        BinaryStates {
            gap: libm::log10(hrs.resistance / lrs.resistance),
            lrs: libm::hypot(lrs.cycle_to_cycle.0, lrs.device_to_device.0) / std::f64::consts::LN_10,
            hrs: libm::hypot(hrs.cycle_to_cycle_decades, hrs.device_to_device_decades),
            offset,
        }
    }
}

impl HfOxSpec {
    /// Card of cells with these states, programmed without verification: both log-normal around `lrs` and the gap above
    /// it, all spread between cycles, no stuck cells.
    #[must_use]
    pub fn binary(states: &BinaryStates, lrs: Ohm) -> Self {
        let mut spec = Self::default();
        spec.lrs = LrsSpec {
            resistance: lrs,
            law: LrsLaw::LogNormal,
            cycle_to_cycle: Share(states.lrs * std::f64::consts::LN_10),
            device_to_device: Share(0.0),
            ..spec.lrs
        };
        spec.hrs = HrsSpec {
            resistance: lrs * libm::exp10(states.gap),
            cycle_to_cycle_decades: states.hrs,
            device_to_device_decades: 0.0,
            ..spec.hrs
        };
        spec.variation = HfOxVariationSpec { stuck_lrs: Share(0.0), stuck_hrs: Share(0.0) };
        spec.programming.verify = None;
        // states this weak may be below the default transistor
        spec.access_resistance = Ohm(spec.access_resistance.0.min(0.1 * lrs.0));
        spec
    }
}

/// Binary weights in cells of a card, sensed by amplifiers with an offset.
#[derive(Debug, Clone, PartialEq)]
pub struct BinaryCells {
    cell: HfOx,
    offset: f64,
}

impl BinaryCells {
    /// Cells before sense amplifiers whose offset spreads over `offset` decades of resistance.
    #[must_use]
    pub const fn new(cell: HfOx, offset: f64) -> Self {
        Self { cell, offset }
    }

    /// `log10` of the resistances of cells programmed to LRS where `low`, to HRS elsewhere.
    fn decades(&self, low: &[bool], cells: &[u64], chance: Chance, cost: &mut Programming) -> Vec<f64> {
        let w = self.cell.window();
        let target: Vec<f64> = low.iter().map(|low| if *low { w.g_max.0 } else { w.g_min.0 }).collect();
        let mut g = vec![0.0; target.len()];
        let spent = self.cell.program(&target, cells, chance, &mut g);
        cost.pulses += spent.pulses;
        cost.energy += spent.energy;
        cost.time += spent.time;
        g.iter().map(|g| -libm::log10(*g)).collect()
    }

    /// Offset of the amplifier that reads the cell or pair of an address, in decades.
    fn offset_of(&self, address: u64, chance: Chance) -> f64 {
        if self.offset == 0.0 || chance.scale == 0.0 {
            return 0.0;
        }
        let draw = Draw { seed: chance.seed, domain: Domain::SenseOffset, element: address, tick: 0 };
        self.offset * chance.scale * draw.normal(0)
    }

    /// Programs pairs to `weights` (true is +1) and senses them: what is read differs where a bit is wrong. The cells
    /// of weight `i` are `positive[i]` and `negative[i]`; all three have equal length.
    pub fn pairs(
        &self,
        weights: &[bool],
        positive: &[u64],
        negative: &[u64],
        chance: Chance,
    ) -> (Vec<bool>, Programming) {
        let mut cost = Programming::default();
        let other: Vec<bool> = weights.iter().map(|w| !w).collect();
        let left = self.decades(weights, positive, chance, &mut cost);
        let right = self.decades(&other, negative, chance, &mut cost);
        let sensed = left.iter().zip(&right).zip(positive);
        (sensed.map(|((left, right), cell)| *left + self.offset_of(*cell, chance) < *right).collect(), cost)
    }

    /// Programs one cell for each weight (true is LRS) and senses it against a threshold in decades above the median
    /// of LRS.
    pub fn singles(&self, weights: &[bool], cells: &[u64], threshold: f64, chance: Chance) -> (Vec<bool>, Programming) {
        let mut cost = Programming::default();
        let level = threshold - libm::log10(self.cell.window().g_max.0);
        let read = self.decades(weights, cells, chance, &mut cost);
        (read.iter().zip(cells).map(|(r, cell)| *r + self.offset_of(*cell, chance) < level).collect(), cost)
    }
}

impl LrsLaw {
    /// Exponent of the law of resistance of a level, `u` of the way from LRS to HRS in `ln R`.
    pub(super) fn exponent(self, u: f64) -> f64 {
        match self {
            Self::Normal => 1.0 - u,
            Self::LogNormal => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Kelvin;

    fn states(gap: f64, lrs: f64, hrs: f64, offset: f64) -> BinaryStates {
        BinaryStates { gap, lrs, hrs, offset }
    }

    /// A card with these states, log-normal both, a third of the variance of each between cells.
    fn cells(s: BinaryStates) -> BinaryCells {
        let mut spec = HfOxSpec::binary(&s, Ohm(5e3));
        let (cycles, between) = ((2.0_f64 / 3.0).sqrt(), (1.0_f64 / 3.0).sqrt());
        spec.lrs.device_to_device = Share(spec.lrs.cycle_to_cycle.0 * between);
        spec.lrs.cycle_to_cycle = Share(spec.lrs.cycle_to_cycle.0 * cycles);
        spec.hrs.device_to_device_decades = s.hrs * between;
        spec.hrs.cycle_to_cycle_decades = s.hrs * cycles;
        let back = spec.binary_states(s.offset);
        assert!((back.gap - s.gap).abs() + (back.lrs - s.lrs).abs() + (back.hrs - s.hrs).abs() < 1e-12);
        BinaryCells::new(spec.build(Kelvin(300.0)).unwrap(), s.offset)
    }

    /// The lines of the specification's table, to the four digits it gives.
    #[test]
    fn closed_forms_give_the_listed_rates() {
        for (s, one, two) in [
            (states(1.5, 0.06, 0.45, 0.0), 1.635e-3, 4.764e-4),
            (states(1.2, 0.06, 0.45, 0.0), 9.313e-3, 4.105e-3),
            (states(1.0, 0.08, 0.45, 0.05), 3.379e-2, 1.482e-2),
            (states(0.6, 0.1, 0.35, 0.1), 1.176e-1, 5.598e-2),
            (states(1.0, 0.3, 0.3, 0.0), 4.779e-2, 9.211e-3),
        ] {
            assert!((s.one_cell() / one - 1.0).abs() < 6e-4, "{s:?}: {} for {one}", s.one_cell());
            assert!((s.pair() / two - 1.0).abs() < 6e-4, "{s:?}: {} for {two}", s.pair());
        }
    }

    /// With equal spreads the exponent of the pair is twice that of the cell; with one spread alone
    /// the pair errs exactly as often as the cell.
    #[test]
    fn pairs_gain_what_their_spreads_allow() {
        for gap in [1.0, 2.0, 4.0, 8.0] {
            let s = states(gap, 0.3, 0.3, 0.0);
            let ratio = s.pair().ln() / s.one_cell().ln();
            // Q(x) = e^(-x²/2)/(x√(2π)): the logarithms tend to 2 from below
            assert!((1.5..2.0).contains(&ratio), "{gap}: {ratio}");
            let one_sided = states(gap, 1e-12, 0.45, 0.0);
            assert!((one_sided.pair() / one_sided.one_cell() - 1.0).abs() < 1e-6);
            let best = s.one_cell();
            assert!(s.one_cell_at(0.4 * gap) > best && s.one_cell_at(0.6 * gap) > best);
        }
    }

    /// Programmed and sensed cells err as often as the closed forms say, 4.5 standard errors.
    #[test]
    fn programmed_cells_err_as_the_closed_forms_say() {
        let n = 100_000;
        let weights: Vec<bool> = (0..n).map(|i| i % 2 == 0).collect();
        let (left, right): (Vec<u64>, Vec<u64>) = ((0..n).collect(), (n..2 * n).collect());
        let chance = Chance { seed: 77, scale: 1.0 };
        for s in [states(0.6, 0.1, 0.35, 0.1), states(0.4, 0.1, 0.3, 0.0), states(1.0, 0.3, 0.3, 0.0)] {
            let cells = cells(s);
            let rate = |sensed: &[bool]| sensed.iter().zip(&weights).filter(|(a, b)| a != b).count() as f64 / n as f64;
            let (two, cost) = cells.pairs(&weights, &left, &right, chance);
            let (one, single) = cells.singles(&weights, &left, s.threshold(), chance);
            for (found, wanted) in [(rate(&two), s.pair()), (rate(&one), s.one_cell())] {
                let error = (wanted * (1.0 - wanted) / n as f64).sqrt();
                assert!((found - wanted).abs() < 4.5 * error, "{s:?}: {found}, {wanted} expected");
            }
            // a cell in HRS needs no pulse, so that a pair costs one SET, as a cell does half the time
            assert_eq!((cost.pulses, single.pulses), (n, n / 2));
            assert_eq!(cells.pairs(&weights, &left, &right, Chance { scale: 0.0, ..chance }).0, weights);
        }
    }
}
