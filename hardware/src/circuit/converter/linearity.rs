//! What data sheets state of a converter, from its transition levels.

/// Offset, gain and linearity of a converter, by the method of terminals (IEEE Std 1241-2010, 4.4.2): the
/// straight line goes through the first and the last transition level.
#[derive(Debug, Clone, PartialEq)]
pub struct Linearity {
    /// Deviation of the first level from its ideal place, in LSB.
    pub offset: f64,
    /// Mean width of a code in LSB; 1 is ideal.
    pub gain: f64,
    /// Deviation of level `k` from the line in mean widths, `k = 1 ..` at index `k − 1`; 0 at both ends.
    pub inl: Vec<f64>,
    /// Width of code `k` in mean widths less 1, `k = 1 ..` at index `k − 1`; −1 is a missing code.
    pub dnl: Vec<f64>,
}

impl Linearity {
    /// From levels `T[1 ..]`, at least two.
    #[must_use]
    pub fn of(levels: &[f64]) -> Self {
        let (first, last) = (levels.first().copied().unwrap_or(0.5), levels.last().copied().unwrap_or(0.5));
        let gain = if levels.len() > 1 { (last - first) / (levels.len() - 1) as f64 } else { 1.0 };
        Self {
            offset: first - 0.5,
            gain,
            inl: levels.iter().enumerate().map(|(k, t)| (t - first) / gain - k as f64).collect(),
            dnl: levels.windows(2).map(|w| (w[1] - w[0]) / gain - 1.0).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bent_converter() {
        let l = Linearity::of(&[1.0, 3.5, 5.0, 7.0]);
        assert_eq!((l.offset, l.gain), (0.5, 2.0));
        assert_eq!(l.inl, [0.0, 0.25, 0.0, 0.0]);
        assert_eq!(l.dnl, [0.25, -0.25, 0.0]);
    }
}
