//! Memories of the resolved chip: refresh, global memory.

use crate::cost::{BufferCard, Part};
use crate::units::{Hertz, Latency, Second};

/// Refresh of a dynamic memory that takes its ports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refresh {
    /// Time from one to the next.
    pub interval: Second,
    /// Time of one.
    pub duration: Latency,
}

impl Refresh {
    /// That of a card, if it has one.
    pub(super) fn of(card: &BufferCard) -> Option<Self> {
        card.refresh.as_ref().map(|r| Self { interval: r.interval, duration: r.duration })
    }
    /// Interval and duration in cycles, each at least one: the interval rounded down, because charge does not keep
    /// longer, the duration up.
    #[must_use]
    pub fn cycles(self, clock: Hertz) -> [u64; 2] {
        // the slack keeps 40 us at 1 GHz 40 000 cycles in spite of binary rounding
        let interval = (self.interval.si() * clock.si() + 1e-6).floor();
        [interval.max(1.0) as u64, self.duration.cycles(clock).max(1)]
    }
}

/// Global buffer at the edge of the chip: inputs come from it, outputs go to it.
#[derive(Debug, Clone)]
pub struct Memory {
    /// Capacity in bytes.
    pub bytes: usize,
    /// Bytes of a port for each cycle.
    pub width: usize,
    /// Access time.
    pub latency: Latency,
    /// Accesses at a time.
    pub ports: u32,
    /// Refresh, if it is modelled.
    pub refresh: Option<Refresh>,
    /// Prices.
    pub part: Part,
}
