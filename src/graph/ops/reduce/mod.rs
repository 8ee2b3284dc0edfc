//! Reductions over axes, running sums, extreme elements.

mod arg;
mod cum_sum;
mod kernels;
mod reduce;
mod top_k;

use super::Table;

pub use reduce::ReduceMean;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[
    ("ArgMax", arg::max),
    ("ArgMin", arg::min),
    ("CumSum", cum_sum::new),
    ("ReduceL1", reduce::new::<kernels::L1>),
    ("ReduceL2", reduce::new::<kernels::L2>),
    ("ReduceLogSum", reduce::new::<kernels::LogSum>),
    ("ReduceLogSumExp", reduce::new::<kernels::LogSumExp>),
    ("ReduceMax", reduce::new::<kernels::Max>),
    ("ReduceMean", reduce::new::<kernels::Mean>),
    ("ReduceMin", reduce::new::<kernels::Min>),
    ("ReduceProd", reduce::new::<kernels::Prod>),
    ("ReduceSum", reduce::new::<kernels::Sum>),
    ("ReduceSumSquare", reduce::new::<kernels::SumSquare>),
    ("TopK", top_k::new),
];
