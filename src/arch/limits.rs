//! How large numbers of a chip may be: what the rules of arch files refuse and what the timing core relies on.

use std::ops::RangeInclusive;

/// Longest time of one action in cycles of the chip: with it no sum of a run leaves 64 bits (an assumed bound, far
/// beyond any chip).
pub const MAX_CYCLES: u64 = 1 << 24;
/// Most cycles of the chip from one refresh of a memory to the next.
pub const MAX_INTERVAL: u64 = 1 << 44;
/// Most bytes that move at once, and most operations in a row.
pub const MAX_MOVED: u64 = 1 << 36;
/// Temperatures in kelvin at which anything is simulated.
pub const KELVINS: RangeInclusive<f64> = 1.0..=1000.0;
