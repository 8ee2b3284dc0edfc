//! The static transfer of a converter: which code answers to which input.

/// A piecewise constant function from the input (in LSB) to the code.
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    /// Where the code changes, ascending.
    breaks: Vec<f64>,
    /// Codes below the first break, between breaks, above the last: one more than breaks.
    codes: Vec<u32>,
}

impl Transfer {
    /// The ideal converter of `bits` bits.
    #[must_use]
    pub fn ideal(bits: u8) -> Self {
        Self::counting((1..1u32 << bits).map(|k| f64::from(k) - 0.5).collect())
    }

    /// A converter whose code is the number of levels that the input has reached, in whatever order they stand.
    #[must_use]
    pub fn counting(mut levels: Vec<f64>) -> Self {
        levels.sort_by(f64::total_cmp);
        let codes = (0..=levels.len() as u32).collect();
        Self::pieces(levels, codes)
    }

    /// Codes between ascending breaks; pieces without width vanish.
    ///
    /// # Panics
    /// Unless there is one code more than breaks.
    #[must_use]
    pub fn pieces(breaks: Vec<f64>, codes: Vec<u32>) -> Self {
        assert_eq!(codes.len(), breaks.len() + 1, "a code for every piece");
        let mut clean = Self { breaks: Vec::with_capacity(breaks.len()), codes: vec![codes[0]] };
        for (b, code) in breaks.into_iter().zip(&codes[1..]) {
            if clean.breaks.last() == Some(&b) {
                clean.codes.pop();
                clean.breaks.pop();
            }
            if clean.codes.last() != Some(code) {
                clean.breaks.push(b);
                clean.codes.push(*code);
            }
        }
        clean
    }

    /// The same converter with its input shifted: every break moves by `offset` LSB.
    #[must_use]
    pub fn shifted(mut self, offset: f64) -> Self {
        self.breaks.iter_mut().for_each(|b| *b += offset);
        self
    }

    /// Code of an input.
    #[must_use]
    pub fn code(&self, input: f64) -> u32 {
        self.codes[self.breaks.partition_point(|b| *b <= input)]
    }

    /// Codes of many inputs.
    pub fn convert(&self, input: &[f64], codes: &mut [u32]) {
        for (u, code) in input.iter().zip(codes) {
            *code = self.code(*u);
        }
    }

    /// Whether a higher input never has a lower code.
    #[must_use]
    pub fn is_monotone(&self) -> bool {
        self.codes.windows(2).all(|w| w[0] < w[1])
    }

    /// Transition levels `T[k]`, `k = 1 .. highest` (index `k − 1`): where the converter goes over to code `k`
    /// or above. Two levels coincide where a code is missing. Where the transfer is not monotone, levels are
    /// such that every code keeps its width (the histogram method, IEEE Std 1241-2010, 4.7).
    #[must_use]
    pub fn levels(&self, highest: u32) -> Vec<f64> {
        let (Some(&begin), Some(&end)) = (self.breaks.first(), self.breaks.last()) else {
            return vec![0.0; highest as usize];
        };
        if self.is_monotone() {
            let reached = |k: u32| self.codes[1..].partition_point(|c| *c < k);
            return (1..=highest).map(|k| self.breaks.get(reached(k)).copied().unwrap_or(end)).collect();
        }
        // the outer pieces reach to infinity and are no part of the sum
        let mut width = vec![0.0; highest as usize + 1];
        for (between, code) in self.breaks.windows(2).zip(&self.codes[1..]) {
            width[(*code).min(highest) as usize] += between[1] - between[0];
        }
        let below = |level: &mut f64, width: f64| {
            *level += width;
            Some(*level)
        };
        width[..highest as usize].iter().copied().scan(begin, |level, w| below(level, w)).collect()
    }
}

/// A transfer laid out for the hot loop: the same codes for every `f32` input.
///
/// Every unit of the input axis knows the first break at or after its beginning, so that a code is found by
/// going over the breaks of one unit: about one of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// First unit.
    low: f32,
    /// For each unit from `low` on the number of breaks below it.
    first: Vec<u32>,
    /// Smallest `f32` at or above each break, then infinity.
    breaks: Vec<f32>,
    /// Codes as they are summed, one more than breaks.
    codes: Vec<f32>,
}

impl Lookup {
    /// Lays out `transfer` for inputs and codes shifted down by `zero` (half the codes of a converter for both
    /// signs); codes end at `low`.
    #[must_use]
    pub fn new(transfer: &Transfer, zero: u32, low: f32) -> Self {
        let shifted = |b: &f64| {
            let exact = b - f64::from(zero);
            let near = exact as f32;
            if f64::from(near) < exact { near.next_up() } else { near }
        };
        let mut breaks: Vec<f32> = transfer.breaks.iter().map(shifted).collect();
        let codes = transfer.codes.iter().map(|c| (*c as f32 - zero as f32).max(low)).collect();
        let begin = breaks.first().copied().unwrap_or(0.0).floor();
        let units = (breaks.last().copied().unwrap_or(0.0) - begin).max(0.0) as usize + 2;
        let first = (0..units).map(|u| breaks.partition_point(|b| *b < begin + u as f32) as u32).collect();
        breaks.push(f32::INFINITY);
        Self { low: begin, first, breaks, codes }
    }

    /// Code of an input.
    #[inline]
    #[must_use]
    pub fn code(&self, input: f32) -> f32 {
        // a negative difference and one beyond the table saturate
        let unit = ((input - self.low) as usize).min(self.first.len() - 1);
        let mut at = self.first[unit] as usize;
        while self.breaks[at] <= input {
            at += 1;
        }
        self.codes[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ideal_converter_rounds_and_clips() {
        let t = Transfer::ideal(3);
        for (u, code) in [(-9.0, 0), (0.49, 0), (0.5, 1), (3.4, 3), (6.49, 6), (6.5, 7), (100.0, 7)] {
            assert_eq!(t.code(u), code, "{u}");
        }
        assert_eq!(t.levels(7), [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5]);
        assert!(t.is_monotone());
    }

    #[test]
    fn a_missing_code_is_two_equal_levels() {
        let t = Transfer::counting(vec![0.5, 2.0, 2.0]);
        assert_eq!((t.code(1.9), t.code(2.0)), (1, 3));
        assert_eq!(t.levels(3), [0.5, 2.0, 2.0]);
        // comparators in the wrong order still count
        assert_eq!(Transfer::counting(vec![2.0, 0.5, 2.0]), t);
    }

    #[test]
    fn widths_survive_where_codes_go_back() {
        // 0, 1, 0 again, 1, 2, 3: codes 1 and 0 are 0.25 wide each within the turn
        let t = Transfer::pieces(vec![0.5, 0.75, 1.0, 1.5, 2.5], vec![0, 1, 0, 1, 2, 3]);
        assert!(!t.is_monotone());
        let levels = t.levels(3);
        assert_eq!(levels, [0.75, 1.5, 2.5]);
    }

    #[test]
    fn the_lookup_gives_the_same_codes() {
        let wild = Transfer::pieces(
            vec![-3.25, 0.5, 0.501, 0.502, 0.75, 1.0, 9.1, 9.100_000_1],
            vec![0, 3, 1, 2, 1, 4, 2, 6, 7],
        );
        for (transfer, zero, low) in
            [(Transfer::ideal(4), 0, 0.0), (Transfer::ideal(4), 8, -7.0), (wild, 4, -3.0), (Transfer::ideal(1), 0, 0.0)]
        {
            let table = Lookup::new(&transfer, zero, low);
            let mut inputs: Vec<f32> = (-2400..2400).map(|i| i as f32 * 0.0107).collect();
            inputs.extend([f32::MIN, f32::MAX, -1e9, 1e9]);
            for b in &table.breaks[..table.breaks.len() - 1] {
                inputs.extend([*b, b.next_up(), b.next_down()]);
            }
            for u in inputs {
                let exact = transfer.code(f64::from(u) + f64::from(zero)) as f32 - zero as f32;
                assert_eq!(table.code(u), exact.max(low), "{u}");
            }
        }
    }
}
