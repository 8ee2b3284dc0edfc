//! Refresh of a dynamic memory: due in the cycles `interval`, `2·interval`, …, each time for `duration` cycles.
//!
//! A refresh is due in fixed cycles, whenever the one before it was served, and begins in the first cycle from then on
//! in which the memory is free; what was postponed is served one after the other. It is shorter than the interval, so
//! that a memory that is left alone catches up.

use crate::sched::RefreshTiming;

/// The refreshes of a memory so far, and the next.
#[derive(Debug, Clone)]
pub(super) struct Refresh {
    timing: RefreshTiming,
    /// Cycle in which the next is due.
    due: u64,
    /// How many were served.
    pub(super) done: u64,
}

impl Refresh {
    /// None so far.
    pub(super) const fn new(timing: RefreshTiming) -> Self {
        Self { timing, due: timing.interval, done: 0 }
    }
    /// Cycle in which the next is due.
    pub(super) const fn due(&self) -> u64 {
        self.due
    }
    /// Cycles of one.
    pub(super) const fn duration(&self) -> u64 {
        self.timing.duration
    }
    /// One that is due begins.
    pub(super) fn begin(&mut self) {
        self.due += self.timing.interval;
        self.done += 1;
    }
    /// Serves all that are due by `until` on a memory that is free from `free` on; the cycle from which it is free
    /// then.
    pub(super) fn serve(&mut self, mut free: u64, until: u64) -> u64 {
        let RefreshTiming { interval, duration } = self.timing;
        while self.due <= until {
            // those that find the memory idle begin when they are due: all of them at once
            let idle = if free <= self.due { (until - self.due) / interval } else { 0 };
            self.due += idle * interval;
            self.done += idle;
            free = free.max(self.due) + duration;
            self.begin();
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One after the other, as the text says it.
    fn plainly(timing: RefreshTiming, mut free: u64, until: u64) -> (u64, u64) {
        let mut done = 0;
        while (done + 1) * timing.interval <= until {
            done += 1;
            free = free.max(done * timing.interval) + timing.duration;
        }
        (free, done)
    }

    proptest::proptest! {
        #[test]
        fn all_at_once_is_one_by_one(
            interval in 2u64..50, share in 0.0f64..1.0, free in 0u64..500, until in 0u64..2000, early in 0.0f64..1.0,
        ) {
            let timing = RefreshTiming { interval, duration: 1 + (share * (interval - 1) as f64) as u64 };
            let mut refresh = Refresh::new(timing);
            // asked twice or once
            let between = refresh.serve(free, (early * until as f64) as u64);
            let last = refresh.serve(between, until);
            proptest::prop_assert_eq!((last, refresh.done), plainly(timing, free, until));
        }
    }
}
