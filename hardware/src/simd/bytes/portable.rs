//! Sums of products of bytes in plain Rust.

use super::multiplier::{Sum, Term};
use crate::simd::LANES;

pub(super) fn sum(terms: &[Term<'_>], rows: usize, out: &mut Sum) {
    for (r, out) in out[..rows].iter_mut().enumerate() {
        let mut sums = [0; LANES];
        for (a, b) in terms {
            for (x, quad) in a.0[r].iter().zip(*b) {
                let x = x.to_le_bytes().map(i32::from);
                for (sum, w) in sums.iter_mut().zip(&quad.0) {
                    let w = w.map(i32::from);
                    *sum += (x[0] * w[0] + x[1] * w[1]) + (x[2] * w[2] + x[3] * w[3]);
                }
            }
        }
        *out = sums;
    }
}
