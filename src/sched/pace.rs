//! The pace of data: steps and conversions of MVMs where the data decide.
//!
//! The value core hands over a mean for each layer. An MVM takes whole steps and its conversions whole cycles, so the
//! mean is kept over [`PERIOD`] successive MVMs: to a sixteenth of a step, and to a sixteenth of a cycle of the core.
//! MVM `n` takes `⌊(n + 1)·S/16⌋ − ⌊n·S/16⌋` steps, where `S` belongs to all sixteen. All of its rounds of conversions
//! take the same number of cycles: what is due after it, `⌊steps of the first n + 1 MVMs · C/16⌋`, less what those
//! before it took, divided by its steps and rounded down. Where every MVM has as many steps that is
//! `⌊(n + 1)·C/16⌋ − ⌊n·C/16⌋`; where they differ, a period falls short of its mean by less than a cycle for each step
//! of an MVM.

use super::MvmUnit;

/// MVMs over which what the data decide is spread.
pub const PERIOD: u64 = 16;

/// What data make of the time of a layer's MVMs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Steps over planned steps.
    pub steps: f64,
    /// Mean cycles of the core in which a round of conversions is over; `None`: as planned.
    pub convert: Option<f64>,
}

impl From<f64> for Pace {
    /// Data that decide the steps alone.
    fn from(steps: f64) -> Self {
        Self { steps, convert: None }
    }
}

impl MvmUnit {
    /// Steps of the first `n` MVMs together.
    #[must_use]
    pub fn steps_before(&self, n: u64) -> u64 {
        self.paced.map_or(n * self.steps, |of_period| n * of_period / PERIOD)
    }
    /// Steps of MVM `n`: as even as whole numbers allow.
    #[must_use]
    pub fn steps_of(&self, n: u64) -> u64 {
        self.steps_before(n + 1) - self.steps_before(n)
    }
    /// `amount`, which belongs to all planned steps of an MVM, in the first `n` MVMs.
    #[must_use]
    pub fn in_steps(&self, amount: u64, n: u64) -> u64 {
        match self.paced {
            None => amount * n,
            Some(_) => (u128::from(amount) * u128::from(self.steps_before(n)) / u128::from(self.steps.max(1))) as u64,
        }
    }
    /// Cycles of a round of conversions in each MVM of a period; `planned` where the data decide nothing.
    #[must_use]
    pub fn converts(&self, planned: u64) -> [u64; PERIOD as usize] {
        let mut done = 0;
        std::array::from_fn(|n| {
            let (n, Some(of_period)) = (n as u64, self.convert_paced) else { return planned };
            let steps = self.steps_of(n);
            let due = (u128::from(self.steps_before(n + 1)) * u128::from(of_period) / u128::from(PERIOD)) as u64;
            let each = (due - done) / steps;
            done += each * steps;
            each
        })
    }
    /// Cycles of one round of each step of the first `n` MVMs; `planned` for each where the data decide nothing.
    #[must_use]
    pub fn converting(&self, planned: u64, n: u64) -> u64 {
        if self.convert_paced.is_none() {
            return planned * self.steps_before(n);
        }
        let each = self.converts(planned);
        let first = |n: u64| (0..n).zip(each).map(|(mvm, each)| each * self.steps_of(mvm)).sum::<u64>();
        n / PERIOD * first(PERIOD) + first(n % PERIOD)
    }
    /// Lets MVMs keep a pace on average, never with less than one step of one cycle; a round of conversions takes
    /// `planned` cycles otherwise.
    pub fn pace(&mut self, pace: Pace, planned: u64) {
        let of_period = |mean: f64, planned: u64| {
            let all = (mean * PERIOD as f64).round().max(PERIOD as f64) as u64;
            Some(all).filter(|all| *all != planned * PERIOD)
        };
        self.paced = of_period(pace.steps * self.steps as f64, self.steps);
        self.convert_paced = pace.convert.and_then(|cycles| of_period(cycles, planned));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::{CoreId, XbarId};
    use crate::id::Id;

    fn unit(steps: u64) -> MvmUnit {
        MvmUnit {
            xbar: XbarId::new(0),
            core: CoreId::new(0),
            load_bytes: 1,
            steps,
            paced: None,
            convert_paced: None,
            rows_driven: 0,
            digits_counted: 0,
            columns: 1,
            rounds: 1,
            conversions: 1,
            result_bytes: 1,
        }
    }

    #[test]
    fn sixteen_mvms_keep_the_mean() {
        for sixteenths in 16u64..200 {
            let mut u = unit(7);
            u.pace(Pace { steps: 1.0, convert: Some(sixteenths as f64 / 16.0) }, 9);
            let each = u.converts(9);
            assert_eq!(each.iter().sum::<u64>(), sixteenths, "to a sixteenth of a cycle");
            assert!(each.iter().all(|c| *c == sixteenths / 16 || *c == sixteenths.div_ceil(16)), "{each:?}");
            assert_eq!(u.convert_paced.is_none(), sixteenths == 9 * 16);
            assert_eq!(u.converting(9, 48), 3 * 7 * sixteenths);
        }
    }

    #[test]
    fn steps_and_cycles_together_keep_theirs() {
        for (steps, convert) in [(0.33, 2.3), (0.5, 1.0), (0.71, 11.07), (0.97, 3.9), (1.4, 1.6)] {
            let mut u = unit(8);
            u.pace(Pace { steps, convert: Some(convert) }, 12);
            let due = u.steps_before(PERIOD) as f64 * u.convert_paced.unwrap() as f64 / 16.0;
            let short = due - u.converting(12, PERIOD) as f64;
            let most = (0..PERIOD).map(|n| u.steps_of(n)).max().unwrap() as f64;
            assert!((0.0..most).contains(&short), "{steps} {convert}: {short} of {due} cycles");
            assert!(u.converts(12).iter().all(|c| *c >= 1));
            let sum = |n: u64| (0..n).map(|n| u.converts(12)[n as usize % 16] * u.steps_of(n)).sum::<u64>();
            assert!((0..50).all(|n| u.converting(12, n) == sum(n)));
        }
    }
}
