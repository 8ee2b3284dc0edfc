//! The largest magnitude.

use super::Range;

/// What was seen at most.
pub fn limit(range: &Range) -> f64 {
    f64::from(range.max_abs)
}
