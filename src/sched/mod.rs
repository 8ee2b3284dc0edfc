//! The schedule: what runs where and who waits for whom, in integers only.

mod emit;
mod machine;
mod program;
mod traffic;

pub use emit::emit;
pub use machine::machine;
pub use program::*;
pub use traffic::traffic;
