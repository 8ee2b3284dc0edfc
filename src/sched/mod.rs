//! The schedule: what runs where and who waits for whom, in integers only.

mod buffers;
mod emit;
mod machine;
mod memory;
mod pace;
mod program;
mod segment;
mod spread;
mod traffic;

pub use emit::emit;
pub use machine::machine;
pub use memory::*;
pub use pace::{PERIOD, Pace};
pub use program::*;
pub use segment::{Segment, cut};
pub use traffic::traffic;
