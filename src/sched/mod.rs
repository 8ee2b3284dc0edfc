//! The schedule: what runs where and who waits for whom, in integers only.

mod program;

pub use program::*;
