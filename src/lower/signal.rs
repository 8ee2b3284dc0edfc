//! What flows along an edge of the quantised network.

use crate::tensor::Quant;

/// Values of one edge for some samples, one sample behind the other.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// Codes of the edge's format.
    Codes(Vec<i32>),
    /// Real values; integer tensors too, exact up to [`LARGEST_INTEGER`].
    Real(Vec<f32>),
}

/// One sample of a [`Signal`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Piece<'a> {
    /// Codes.
    Codes(&'a [i32]),
    /// Real values.
    Real(&'a [f32]),
}

/// Largest magnitude of an integer that a real value carries exactly: all integers up to 2^24 are `f32`.
pub const LARGEST_INTEGER: i64 = 1 << 24;

impl Signal {
    /// Nothing yet, of the kind that an edge with this format carries.
    #[must_use]
    pub const fn empty(quant: Option<Quant>) -> Self {
        if quant.is_some() { Self::Codes(Vec::new()) } else { Self::Real(Vec::new()) }
    }
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Codes(v) => v.len(),
            Self::Real(v) => v.len(),
        }
    }
    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The codes; none of an edge of real values.
    #[must_use]
    pub fn codes(&self) -> &[i32] {
        match self {
            Self::Codes(v) => v,
            Self::Real(_) => &[],
        }
    }
    /// Sample `index` of `count`.
    #[must_use]
    pub fn sample(&self, index: usize, count: usize) -> Piece<'_> {
        let each = self.len() / count.max(1);
        let range = index * each..(index + 1) * each;
        match self {
            Self::Codes(v) => Piece::Codes(&v[range]),
            Self::Real(v) => Piece::Real(&v[range]),
        }
    }
    /// Appends real values, as codes where the edge has a format.
    pub fn extend(&mut self, values: impl Iterator<Item = f32>, quant: Option<Quant>) {
        match (self, quant) {
            (Self::Codes(v), Some(quant)) => v.extend(values.map(|x| quant.code(f64::from(x)))),
            (Self::Real(v), _) => v.extend(values),
            (Self::Codes(_), None) => debug_assert!(false, "codes have a format"),
        }
    }
    /// Real values of everything.
    #[must_use]
    pub fn into_real(self, quant: Option<Quant>) -> Vec<f32> {
        match self {
            Self::Codes(v) => Piece::Codes(&v).real(quant),
            Self::Real(v) => v,
        }
    }
}

impl Piece<'_> {
    /// Real values, as `f32`.
    #[must_use]
    pub fn real(self, quant: Option<Quant>) -> Vec<f32> {
        match (self, quant) {
            (Self::Codes(v), Some(quant)) => v.iter().map(|c| quant.value(*c) as f32).collect(),
            (Self::Codes(v), None) => v.iter().map(|c| *c as f32).collect(),
            (Self::Real(v), _) => v.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_codes_and_back() {
        let quant = Some(Quant { scale: 0.5, bits: 4, signed: true });
        let mut s = Signal::empty(quant);
        s.extend([1.0, -0.5, 99.0, 0.0].into_iter(), quant);
        assert_eq!(s.codes(), [2, -1, 7, 0]);
        assert_eq!(s.sample(1, 2).real(quant), [3.5, 0.0]);
        let mut r = Signal::empty(None);
        r.extend([0.25, 2.0].into_iter(), None);
        assert_eq!((r.codes().len(), r.sample(1, 2)), (0, Piece::Real(&[2.0])));
        assert_eq!(r.into_real(None), [0.25, 2.0]);
    }
}
