//! The timing core: an event run over integer cycles. It never sees a tensor.

mod timeline;

pub use timeline::*;
