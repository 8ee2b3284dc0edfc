//! What the sequencer of a crossbar is set to, and the law of its steps: times of the parts, and what each MVM takes.
//!
//! Set once and shared by all crossbars that are alike ([`Sequencers`]): a network has tens of thousands of crossbars
//! and a few settings for each layer, and an event that finds them in the cache has only the state of its crossbar
//! ([`super::core::Core`]) to fetch.
//!
//! *Law*: a step is a front end in a bank ([`Sequencer::front`]) and then a back end ([`Sequencer::back`]). Each of
//! their times is the latest of several others, or such a time and a constant, so what shifts all times of the state by
//! `d` shifts all that follows by `d`. Between the first and the last step of an MVM nothing comes from outside
//! ([`Sequencer::steps`]): where two steps, which come round to the same bank, have shifted the whole state by `d`, the
//! next two will, and all of them are gone through at once. That is exact, and true of most steps: after the first few
//! the slowest part sets the pace.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::arch::BackEnd;
use crate::sched::{CoreTiming, MvmUnit, PERIOD};

/// What an MVM takes; `check` bounds both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Takes {
    pub(super) steps: u32,
    /// Cycles of a round of conversions.
    pub(super) convert: u32,
}

/// Times are in cycles of the chip.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sequencer {
    /// Cycles of the chip to one of the core's.
    pub(super) divider: u64,
    /// Cycles of the front end of a step.
    front: u64,
    fill: u64,
    shift_add: u64,
    pub(super) output_register: u64,
    rounds: u64,
    /// What an MVM takes by its number in a period; all alike where data decide nothing.
    takes: [Takes; PERIOD as usize],
    /// Whether they differ.
    paced: bool,
    pub(super) banks: u8,
    serial: bool,
}

impl Sequencer {
    /// That of a unit.
    pub(super) fn new(timing: &CoreTiming, unit: &MvmUnit) -> Self {
        let own = |cycles: u64| cycles * timing.divider;
        let converts = unit.converts(timing.convert);
        Self {
            divider: timing.divider,
            front: own(timing.drive + timing.integrate + timing.sample),
            fill: own(timing.fill),
            shift_add: own(timing.shift_add),
            output_register: own(timing.output_register),
            rounds: unit.rounds,
            takes: std::array::from_fn(|n| Takes {
                steps: unit.steps_of(n as u64) as u32,
                convert: own(converts[n]) as u32,
            }),
            paced: unit.paced.is_some() || unit.convert_paced.is_some(),
            banks: timing.hold_banks,
            serial: timing.back_end == BackEnd::Serial,
        }
    }
    /// What MVM `mvm` of a period takes.
    #[inline]
    pub(super) const fn takes(&self, mvm: u8) -> Takes {
        self.takes[mvm as usize % PERIOD as usize]
    }
    /// The MVM after number `mvm` of a period; 0 where all are alike.
    #[inline]
    pub(super) const fn following(&self, mvm: u8) -> u8 {
        if self.paced { (mvm + 1) % PERIOD as u8 } else { 0 }
    }
    /// The bank after bank `bank`.
    #[inline]
    pub(super) const fn other(&self, bank: u8) -> u8 {
        if self.banks == 2 { 1 - bank } else { 0 }
    }
    /// The edge of the core's clock at which it sees what happens in cycle `at`.
    #[inline]
    pub(super) const fn edge(&self, at: u64) -> u64 {
        if self.divider == 1 { at } else { at.next_multiple_of(self.divider) }
    }
}

/// The state of the parts between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pipe {
    pub(super) front_free: u64,
    /// End of the front end that filled each bank.
    pub(super) filled: [u64; 2],
    pub(super) bank_free: [u64; 2],
}

/// Converters, and the adder behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Converters {
    /// Cycle in which the last code so far is taken from the converters.
    free: u64,
    /// End of the last addition so far.
    pub(super) adder_free: u64,
}

impl Converters {
    /// Writes down the state with times relative to `now`.
    pub(super) fn state(&self, now: u64, out: &mut Vec<u64>) {
        out.extend([self.free, self.adder_free].map(|t| now.wrapping_sub(t)));
    }
}

impl Sequencer {
    /// Plans a front end, not before cycle `from`.
    #[inline]
    pub(super) fn front(&self, pipe: &mut Pipe, bank: u8, from: u64) -> u64 {
        let bank = usize::from(bank);
        let start = pipe.front_free.max(pipe.bank_free[bank]).max(from);
        pipe.front_free = start + self.front;
        pipe.filled[bank] = pipe.front_free;
        start
    }
    /// Plans the back end of a step that comes to the converters in cycle `at` and whose first addition does not start
    /// before cycle `from`; a round of conversions takes `convert` cycles.
    #[inline]
    pub(super) fn back(
        &self,
        pipe: &mut Pipe,
        bank: u8,
        converters: &mut Converters,
        at: u64,
        from: u64,
        convert: u64,
    ) {
        let begin = match self.serial {
            true => at.max(converters.adder_free) + self.fill,
            false => (at + self.fill).max(converters.free),
        };
        let first = (begin + convert).max(converters.adder_free).max(from);
        let last = first + (self.rounds - 1) * convert.max(self.shift_add);
        *converters = Converters { free: last, adder_free: last + self.shift_add };
        pipe.bank_free[usize::from(bank)] = if self.serial { converters.adder_free } else { last };
    }
    /// Plans `n` steps with nothing in between, the first in bank `bank`; the bank of the step behind them.
    pub(super) fn steps(&self, pipe: &mut Pipe, own: &mut Converters, mut bank: u8, mut n: u32, convert: u64) -> u8 {
        let mut step = |pipe: &mut Pipe, own: &mut Converters| {
            self.front(pipe, bank, 0);
            self.back(pipe, bank, own, pipe.front_free, 0, convert);
            bank = self.other(bank);
        };
        while n >= 2 {
            let before = (*pipe, *own);
            step(pipe, own);
            step(pipe, own);
            n -= 2;
            let d = pipe.front_free - before.0.front_free;
            if self.shifted(before, d) == (*pipe, *own) {
                (*pipe, *own) = self.shifted((*pipe, *own), d * u64::from(n / 2));
                n %= 2;
            }
        }
        if n == 1 {
            step(pipe, own);
        }
        bank
    }
    /// A state, all of it later by `d` cycles.
    fn shifted(&self, (pipe, own): (Pipe, Converters), d: u64) -> (Pipe, Converters) {
        // a bank that is not there stays as it is
        let banks = |times: [u64; 2]| [times[0] + d, if self.banks == 2 { times[1] + d } else { times[1] }];
        let pipe =
            Pipe { front_free: pipe.front_free + d, filled: banks(pipe.filled), bank_free: banks(pipe.bank_free) };
        (pipe, Converters { free: own.free + d, adder_free: own.adder_free + d })
    }
}

/// The settings of all crossbars, each once.
#[derive(Debug, Default)]
pub(super) struct Sequencers(BTreeSet<Arc<Sequencer>>);

impl Sequencers {
    /// That of a unit.
    pub(super) fn of(&mut self, timing: &CoreTiming, unit: &MvmUnit) -> Arc<Sequencer> {
        let new = Sequencer::new(timing, unit);
        if let Some(known) = self.0.get(&new) {
            return Arc::clone(known);
        }
        let new = Arc::new(new);
        self.0.insert(Arc::clone(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::tests::{quick_core, unit};
    use proptest::prelude::*;

    fn sequencer(times: [u64; 4], rounds: u64, banks: u8, serial: bool) -> Sequencer {
        let [front, fill, shift_add, divider] = times;
        let takes = [Takes { steps: 1, convert: 1 }; PERIOD as usize];
        Sequencer { divider, front, fill, shift_add, output_register: 0, rounds, takes, paced: false, banks, serial }
    }

    proptest! {
        /// Steps gone through at once are those gone through one by one, from any state.
        #[test]
        fn many_steps_are_single_steps(
            times in prop::array::uniform4(1u64..40), convert in 1u64..40, rounds in 1u64..9, banks in 1u8..=2,
            serial in any::<bool>(), n in 0u32..200, state in prop::array::uniform6(0u64..300), second in any::<bool>(),
        ) {
            let s = sequencer(times, rounds, banks, serial);
            let [front_free, a, b, c, free, adder_free] = state;
            let pipe = Pipe { front_free, filled: [a, 0], bank_free: [b, c] };
            let own = Converters { free, adder_free };
            let first = u8::from(second && banks == 2);
            let (mut fast, mut slow) = ((pipe, own), (pipe, own));
            let last = s.steps(&mut fast.0, &mut fast.1, first, n, convert);
            let mut bank = first;
            for _ in 0..n {
                bank = s.steps(&mut slow.0, &mut slow.1, bank, 1, convert);
            }
            prop_assert_eq!((fast, last), (slow, bank));
        }
    }

    #[test]
    fn crossbars_that_are_alike_share_a_sequencer() {
        let timing = |convert| CoreTiming { convert, ..quick_core(0) };
        let mut all = Sequencers::default();
        let first = all.of(&timing(2), &unit(0, 0, 8, 1));
        assert!(Arc::ptr_eq(&first, &all.of(&timing(2), &unit(1, 1, 8, 1))));
        assert!(!Arc::ptr_eq(&first, &all.of(&timing(2), &unit(2, 2, 9, 1))));
        assert!(!Arc::ptr_eq(&first, &all.of(&timing(3), &unit(3, 3, 8, 1))));
    }
}
