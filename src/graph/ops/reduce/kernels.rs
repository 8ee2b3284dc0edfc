//! What the reductions do with the elements that become one.

use std::fmt::Debug;

use super::super::Takes;
use crate::graph::value::less;
use crate::onnx::DType;

/// A reduction.
pub trait Kernel: Debug + Default + Send + Sync + 'static {
    /// ONNX name.
    const NAME: &'static str;
    /// Lane operations for each input element.
    const LANES: u64 = 1;
    /// Element types.
    const TAKES: Takes = Takes::Number;
    /// Reduces floating-point numbers; in double precision, so that the order of a sum hardly matters.
    fn real(row: &[f64]) -> f64;
    /// Reduces integers of a type.
    fn int(dtype: DType, row: &[i64]) -> i64;
}

/// The integer result of a kernel that leaves the whole numbers on its way.
fn rounded_down<K: Kernel>(row: &[i64]) -> i64 {
    K::real(&row.iter().map(|v| *v as f64).collect::<Vec<_>>()) as i64
}

/// Declares a kernel.
macro_rules! kernel {
    ($(#[$doc:meta])* $kind:ident, $name:literal, $lanes:literal, $takes:ident, $real:expr, $int:expr) => {
        $(#[$doc])*
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
        pub struct $kind;
        impl Kernel for $kind {
            const NAME: &'static str = $name;
            const LANES: u64 = $lanes;
            const TAKES: Takes = Takes::$takes;
            fn real(row: &[f64]) -> f64 {
                let f: fn(&[f64]) -> f64 = $real;
                f(row)
            }
            fn int(dtype: DType, row: &[i64]) -> i64 {
                let f: fn(DType, &[i64]) -> i64 = $int;
                f(dtype, row)
            }
        }
    };
}

kernel!(
    /// Sum of magnitudes.
    L1, "ReduceL1", 1, Number,
    |r| r.iter().map(|v| v.abs()).sum(),
    |_, r| r.iter().fold(0, |s, v| s.wrapping_add(v.wrapping_abs()))
);
kernel!(
    /// Root of the sum of squares.
    L2, "ReduceL2", 1, Number,
    |r| SumSquare::real(r).sqrt(),
    |_, r| rounded_down::<L2>(r)
);
kernel!(
    /// Logarithm of the sum.
    LogSum, "ReduceLogSum", 1, Number,
    |r| libm::log(Sum::real(r)),
    |_, r| rounded_down::<LogSum>(r)
);
kernel!(
    /// Logarithm of the sum of exponentials, shifted by the greatest so that none overflows.
    LogSumExp, "ReduceLogSumExp", 4, Number,
    |r| {
        let top = Max::real(r);
        let shift = if top.is_finite() { top } else { 0.0 };
        shift + libm::log(r.iter().map(|v| libm::exp(v - shift)).sum())
    },
    |_, r| rounded_down::<LogSumExp>(r)
);
kernel!(
    /// Greatest.
    Max, "ReduceMax", 1, Any,
    |r| r.iter().copied().fold(f64::NEG_INFINITY, |a, b| if a.is_nan() || a > b { a } else { b }),
    |t, r| r.iter().copied().reduce(|a, b| if less(t, a, b) { b } else { a }).unwrap_or(range(t).0)
);
kernel!(
    /// Mean.
    Mean, "ReduceMean", 1, Number,
    |r| Sum::real(r) / r.len() as f64,
    |t, r| Sum::int(t, r).checked_div(r.len() as i64).unwrap_or(0)
);
kernel!(
    /// Least.
    Min, "ReduceMin", 1, Any,
    |r| r.iter().copied().fold(f64::INFINITY, |a, b| if a.is_nan() || a < b { a } else { b }),
    |t, r| r.iter().copied().reduce(|a, b| if less(t, b, a) { b } else { a }).unwrap_or(range(t).1)
);
kernel!(
    /// Product.
    Prod, "ReduceProd", 1, Number,
    |r| r.iter().product(),
    |_, r| r.iter().fold(1, |p, v| p.wrapping_mul(*v))
);
kernel!(
    /// Sum.
    Sum, "ReduceSum", 1, Number,
    |r| r.iter().sum(),
    |_, r| r.iter().fold(0, |s, v| s.wrapping_add(*v))
);
kernel!(
    /// Sum of squares.
    SumSquare, "ReduceSumSquare", 1, Number,
    |r| r.iter().map(|v| v * v).sum(),
    |_, r| r.iter().fold(0, |s, v| s.wrapping_add(v.wrapping_mul(*v)))
);

/// Least and greatest integer of a type: what the greatest and the least of no elements are.
const fn range(dtype: DType) -> (i64, i64) {
    match dtype {
        DType::Bool => (0, 1),
        DType::U64 => (0, -1),
        DType::U8 | DType::U16 | DType::U32 => (0, (1 << (8 * dtype.bytes())) - 1),
        _ => (i64::MIN >> (64 - 8 * dtype.bytes()), i64::MAX >> (64 - 8 * dtype.bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_elements_have_the_neutral_result() {
        assert_eq!((Sum::real(&[]), Prod::real(&[]), L2::real(&[])), (0.0, 1.0, 0.0));
        assert_eq!((Max::real(&[]), Min::real(&[])), (f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!(LogSumExp::real(&[]), f64::NEG_INFINITY);
        assert_eq!((Max::int(DType::I8, &[]), Min::int(DType::U16, &[])), (-128, 65535));
    }

    #[test]
    fn exponentials_do_not_overflow() {
        assert!((LogSumExp::real(&[1000.0, 1000.0]) - (1000.0 + 2f64.ln())).abs() < 1e-12);
        assert_eq!(LogSumExp::real(&[f64::NEG_INFINITY]), f64::NEG_INFINITY);
    }

    #[test]
    fn unsigned_numbers_are_compared_as_such() {
        assert_eq!(Max::int(DType::U64, &[-1, 5]), -1, "the bit pattern of 2^64 - 1");
        assert_eq!(Min::int(DType::U64, &[-1, 5]), 5);
    }
}
