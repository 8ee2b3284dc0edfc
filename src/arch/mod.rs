//! The arch file: schema, loading with all mistakes at once, cross-checks, and the resolved [`Chip`].

mod chip;

pub use chip::*;
