//! Timing of memories: refresh.

use crate::arch::Refresh;
use crate::units::Hertz;

/// Refresh of a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshTiming {
    /// Cycles from one to the next.
    pub interval: u64,
    /// Cycles of one, fewer than those.
    pub duration: u64,
}

/// The refresh in cycles.
pub(super) fn refresh(refresh: Refresh, clock: Hertz) -> RefreshTiming {
    let [interval, duration] = refresh.cycles(clock);
    RefreshTiming { interval, duration }
}
