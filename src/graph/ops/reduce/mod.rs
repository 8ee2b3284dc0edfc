//! Reductions over axes, running sums, extreme elements.

mod arg;
mod cum_sum;
mod kernels;
mod over_axes;
mod top_k;

use super::Table;

pub use over_axes::ReduceMean;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[
    ("ArgMax", arg::max),
    ("ArgMin", arg::min),
    ("CumSum", cum_sum::new),
    ("ReduceL1", over_axes::new::<kernels::L1>),
    ("ReduceL2", over_axes::new::<kernels::L2>),
    ("ReduceLogSum", over_axes::new::<kernels::LogSum>),
    ("ReduceLogSumExp", over_axes::new::<kernels::LogSumExp>),
    ("ReduceMax", over_axes::new::<kernels::Max>),
    ("ReduceMean", over_axes::new::<kernels::Mean>),
    ("ReduceMin", over_axes::new::<kernels::Min>),
    ("ReduceProd", over_axes::new::<kernels::Prod>),
    ("ReduceSum", over_axes::new::<kernels::Sum>),
    ("ReduceSumSquare", over_axes::new::<kernels::SumSquare>),
    ("TopK", top_k::new),
];
