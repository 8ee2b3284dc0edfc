//! Axes: range, SI prefix, ticks at round numbers.

/// What stands along one side of a panel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// Quantity, for instance `conductance`.
    pub label: String,
    /// SI unit without prefix, for instance `S`; a prefix is chosen by the values. Empty for plain numbers.
    pub unit: String,
    /// Whether equal distances are equal ratios.
    pub logarithmic: bool,
    /// Lowest and highest value; by the data if `None`.
    pub range: Option<[f64; 2]>,
}

impl Axis {
    /// A linear axis over the data.
    #[must_use]
    pub fn new(label: &str, unit: &str) -> Self {
        Self { label: label.into(), unit: unit.into(), ..Self::default() }
    }
    /// A logarithmic axis over the data.
    #[must_use]
    pub fn logarithmic(label: &str, unit: &str) -> Self {
        Self { logarithmic: true, ..Self::new(label, unit) }
    }
    /// The axis with fixed ends.
    #[must_use]
    pub fn within(self, low: f64, high: f64) -> Self {
        Self { range: Some([low, high]), ..self }
    }
}

/// Powers of a thousand.
const PREFIXES: [(&str, f64); 11] = [
    ("f", 1e-15),
    ("p", 1e-12),
    ("n", 1e-9),
    ("µ", 1e-6),
    ("m", 1e-3),
    ("", 1.0),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
];
/// Wanted number of intervals between ticks.
const INTERVALS: f64 = 5.0;

/// An axis laid out over its data.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    logarithmic: bool,
    /// Factor of the prefix.
    factor: f64,
    /// Quantity with unit.
    pub(super) title: String,
}

impl Scale {
    /// The scale of an axis over `values`, of which those that cannot stand on it are left out; its ends are round
    /// numbers if `rounded`.
    pub(super) fn new(axis: &Axis, values: impl Iterator<Item = f64>, rounded: bool) -> Self {
        let log = axis.logarithmic;
        let usable = values.filter(|v| v.is_finite() && (!log || *v > 0.0));
        let [low, high] = axis.range.unwrap_or_else(|| {
            let [low, high] = usable.fold([f64::INFINITY, f64::NEG_INFINITY], |[l, h], v| [l.min(v), h.max(v)]);
            if low <= high { [low, high] } else { [1.0, 10.0] }
        });
        let [low, high] = match (log, high > low) {
            (_, true) => [low, high],
            (true, false) => [low / 2.0, high * 2.0],
            (false, false) => {
                let room = if low == 0.0 { 1.0 } else { 0.5 * low.abs() };
                [low - room, high + room]
            }
        };
        let largest = if log { libm::sqrt(low * high) } else { low.abs().max(high.abs()) };
        let by_value = || PREFIXES.iter().rev().find(|p| p.1 <= largest * 1.000_001).unwrap_or(&PREFIXES[0]);
        let prefixed = !axis.unit.is_empty() && axis.unit != "%";
        // decades name their powers of ten themselves
        let (prefix, factor) = if prefixed && !log { *by_value() } else { ("", 1.0) };
        let title =
            if axis.unit.is_empty() { axis.label.clone() } else { format!("{} ({prefix}{})", axis.label, axis.unit) };
        let mut scale = Self { low, high, logarithmic: log, factor, title };
        if rounded && axis.range.is_none() && !log {
            // whole steps at both ends
            let step = scale.step();
            (scale.low, scale.high) = ((low / step + 1e-9).floor() * step, (high / step - 1e-9).ceil() * step);
        }
        scale
    }

    /// Distance of ticks: 1, 2 or 5 times a power of ten.
    fn step(&self) -> f64 {
        let rough = (self.high - self.low) / self.factor / INTERVALS;
        let power = libm::pow(10.0, libm::floor(libm::log10(rough)));
        let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|t| t * power >= rough * 0.999).unwrap_or(10.0);
        times * power * self.factor
    }

    /// Place of a value between 0 (low) and 1 (high).
    pub(super) fn place(&self, v: f64) -> f64 {
        if self.logarithmic {
            libm::log(v / self.low) / libm::log(self.high / self.low)
        } else {
            (v - self.low) / (self.high - self.low)
        }
    }

    /// Ticks: value, and text (empty for ticks between the named ones).
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        if self.logarithmic { self.decades() } else { self.even() }
    }

    fn even(&self) -> Vec<(f64, String)> {
        let step = self.step();
        let decimals = (-libm::floor(libm::log10(step / self.factor * 1.000_001))).max(0.0) as usize;
        let (first, last) = ((self.low / step - 1e-6).ceil() as i64, (self.high / step + 1e-6).floor() as i64);
        let named = |k: i64| {
            let v = k as f64 * step;
            (v, format!("{:.decimals$}", v / self.factor).replace('-', "−"))
        };
        (first..=last).map(named).collect()
    }

    fn decades(&self) -> Vec<(f64, String)> {
        let exponent = |v: f64| libm::log10(v);
        let (first, last) = ((exponent(self.low) + 1e-9).floor() as i32, (exponent(self.high) - 1e-9).ceil() as i32);
        // few decades name 2 and 5 as well, many only every so many
        let every = ((last - first) / 8 + 1).max(1);
        let few = exponent(self.high) - exponent(self.low) < 1.7;
        let mut out = Vec::new();
        for e in first..=last {
            for times in 1..10 {
                let v = f64::from(times) * libm::pow(10.0, f64::from(e));
                if v < self.low * (1.0 - 1e-9) || v > self.high * (1.0 + 1e-9) {
                    continue;
                }
                let named = if times == 1 { e.rem_euclid(every) == 0 } else { few && matches!(times, 2 | 5) };
                let text = match named {
                    false => String::new(),
                    true if (-3..=3).contains(&e) => format!("{v:.0$}", (-e).max(0) as usize),
                    true if times == 1 => format!("10{}", superscript(e)),
                    true => format!("{times}·10{}", superscript(e)),
                };
                out.push((v, text));
            }
        }
        out
    }
}

fn superscript(e: i32) -> String {
    let digit = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        // the rest stand in a row from U+2070
        c => char::from_u32(0x2070 + c.to_digit(10).unwrap_or(0)).unwrap_or(c),
    };
    e.to_string().chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis, values: &[f64]) -> (String, Vec<String>) {
        let s = Scale::new(axis, values.iter().copied(), true);
        (s.title.clone(), s.ticks().into_iter().map(|t| t.1).filter(|t| !t.is_empty()).collect())
    }

    #[test]
    fn ticks_are_round_numbers_with_a_prefix() {
        let (title, ticks) = texts(&Axis::new("conductance", "S"), &[4.1e-9, 1.99e-7]);
        assert_eq!(title, "conductance (nS)");
        assert_eq!(ticks, ["0", "50", "100", "150", "200"]);
        let (title, ticks) = texts(&Axis::new("current", "A"), &[-0.3e-3, 0.25e-3]);
        assert_eq!(title, "current (µA)");
        assert_eq!(ticks, ["−400", "−200", "0", "200", "400"]);
        let (title, ticks) = texts(&Axis::new("error", "%"), &[0.0, 0.7]);
        assert_eq!((title.as_str(), ticks.len()), ("error (%)", 5));
        assert_eq!(ticks[1], "0.2");
    }

    #[test]
    fn decades_are_named() {
        let (title, ticks) = texts(&Axis::logarithmic("age", "s"), &[1.0, 3e8]);
        assert_eq!(title, "age (s)");
        assert_eq!(ticks, ["1", "100", "10⁴", "10⁶", "10⁸"]);
        let (_, ticks) = texts(&Axis::logarithmic("x", ""), &[0.0, -1.0, 0.15, 3.0]);
        assert_eq!(ticks, ["0.2", "0.5", "1", "2"]);
        assert_eq!(superscript(-12), "⁻¹²");
    }

    #[test]
    fn nothing_to_show_is_no_fault() {
        for axis in [Axis::new("x", "S"), Axis::logarithmic("x", "S")] {
            for values in [&[][..], &[f64::NAN], &[0.0], &[3e-6, 3e-6]] {
                let s = Scale::new(&axis, values.iter().copied(), true);
                assert!(s.low < s.high && !s.ticks().is_empty(), "{axis:?} {values:?}");
            }
        }
        let s = Scale::new(&Axis::new("x", "").within(0.0, 1.0), [5.0].into_iter(), true);
        assert_eq!((s.place(0.0), s.place(0.5), s.place(1.0)), (0.0, 0.5, 1.0));
    }
}
