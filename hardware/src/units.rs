//! Physical quantities: written with their unit in files, typed in the code.
//!
//! Every quantity is an `f64` in SI base units behind a newtype, so that a conductance can never be
//! taken for a current. A text form is a number, a space and a unit with an SI prefix (`100 nS`,
//! `1.28 GS/s`); a bare number where a unit is due does not parse. Only the products that the
//! simulator really uses are defined (`V·S = A`, `A·V = W`, `W·s = J`).

use std::borrow::Cow;
use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Sub};
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What was wrong with the text of a quantity.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParseError {
    /// A number stands without its unit.
    #[error("`{0}` has no unit: write {1}, for instance `{2}`")]
    NoUnit(String, &'static str, &'static str),
    /// The number itself cannot be read.
    #[error("`{0}` is not a number followed by {1}, for instance `{2}`")]
    NotANumber(String, &'static str, &'static str),
    /// The unit is not one of this quantity.
    #[error("unknown unit `{0}`: {1} was expected, for instance `{2}`")]
    UnknownUnit(String, &'static str, &'static str),
}

/// SI prefixes that are understood and printed, largest first.
const PREFIXES: [(&str, f64); 12] = [
    ("T", 1e12),
    ("G", 1e9),
    ("M", 1e6),
    ("k", 1e3),
    ("", 1.0),
    ("m", 1e-3),
    ("u", 1e-6),
    ("µ", 1e-6),
    ("n", 1e-9),
    ("p", 1e-12),
    ("f", 1e-15),
    ("a", 1e-18),
];

/// Units that take no prefix: some have one already, the others have none anywhere.
const WITHOUT_PREFIX: [&str; 13] =
    ["um2", "µm2", "mm2", "nm2", "KiB", "MiB", "%", "min", "h", "day", "days", "year", "years"];

/// Splits `"1.5e-3 nS"` into the number and the unit; the space may be left out.
fn split_number(text: &str) -> (&str, &str) {
    let text = text.trim();
    let mut end = 0;
    let bytes = text.as_bytes();
    while end < bytes.len() {
        let c = bytes[end];
        let exponent = matches!(c, b'e' | b'E')
            && end > 0
            && bytes.get(end + 1).is_some_and(|n| {
                n.is_ascii_digit() || ((*n == b'-' || *n == b'+') && bytes.get(end + 2).is_some_and(u8::is_ascii_digit))
            });
        if c.is_ascii_digit() || matches!(c, b'.' | b'+' | b'-' | b'_') {
            end += 1;
        } else if exponent {
            end += 2;
        } else {
            break;
        }
    }
    (&text[..end], text[end..].trim())
}

fn parse_number(text: &str) -> Option<f64> {
    let value: f64 = text.replace('_', "").parse().ok()?;
    value.is_finite().then_some(value)
}

fn parse_quantity(
    text: &str,
    units: &[(&str, f64)],
    what: &'static str,
    example: &'static str,
) -> Result<f64, ParseError> {
    let (number, unit) = split_number(text);
    let value = parse_number(number).ok_or_else(|| ParseError::NotANumber(text.into(), what, example))?;
    if unit.is_empty() {
        return Err(ParseError::NoUnit(text.into(), what, example));
    }
    for (name, factor) in units {
        if unit == *name {
            return Ok(value * factor);
        }
    }
    for (name, factor) in units.iter().filter(|(name, _)| !WITHOUT_PREFIX.contains(name)) {
        if let Some(prefix) = unit.strip_suffix(name)
            && let Some((_, scale)) = PREFIXES.iter().find(|(p, _)| !p.is_empty() && *p == prefix)
        {
            return Ok(value * scale * factor);
        }
    }
    Err(ParseError::UnknownUnit(unit.into(), what, example))
}

/// Prints a value in engineering notation with at most four significant digits: `1.28 GS/s`.
fn engineering(f: &mut fmt::Formatter<'_>, value: f64, unit: &str) -> fmt::Result {
    if unit == "%" {
        return write!(f, "{} %", (value * 1e8).round() / 1e6);
    }
    if value == 0.0 || !value.is_finite() {
        return write!(f, "{value} {unit}");
    }
    // beyond the prefixes digits would fill lines
    if value.abs() >= 1e18 {
        return write!(f, "{value:e} {unit}");
    }
    let magnitude = value.abs() * (1.0 + 1e-12);
    let (prefix, scale) = PREFIXES.iter().find(|(p, s)| *p != "µ" && magnitude >= *s).copied().unwrap_or(("a", 1e-18));
    let scaled = value / scale;
    let digits = 3 - (scaled.abs().log10().floor() as i32).clamp(0, 3);
    let mut text = format!("{scaled:.*}", digits as usize);
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    write!(f, "{text} {prefix}{unit}")
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $what:literal, $symbol:literal, $example:literal, [$(($unit:literal, $factor:expr)),+]) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
        pub struct $name(pub f64);

        impl $name {
            /// The value in SI base units.
            #[must_use]
            #[inline]
            pub const fn si(self) -> f64 { self.0 }
            /// What this quantity is called in messages.
            pub const WHAT: &'static str = $what;
            /// A well-formed example of its text form.
            pub const EXAMPLE: &'static str = $example;
        }
        impl FromStr for $name {
            type Err = ParseError;
            fn from_str(text: &str) -> Result<Self, ParseError> {
                parse_quantity(text, &[$(($unit, $factor)),+], $what, $example).map(Self)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { engineering(f, self.0, $symbol) }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                let (number, unit) = (self.0 / first_factor(&[$(($unit, $factor)),+]), first_unit(&[$(($unit, $factor)),+]));
                s.serialize_str(&format!("{number:e} {unit}"))
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "description": concat!($what, ", written with its unit"), "examples": [$example], "x-quantity": stringify!($name) })
            }
        }
        impl Add for $name { type Output = Self; #[inline] fn add(self, o: Self) -> Self { Self(self.0 + o.0) } }
        impl Sub for $name { type Output = Self; #[inline] fn sub(self, o: Self) -> Self { Self(self.0 - o.0) } }
        impl AddAssign for $name { #[inline] fn add_assign(&mut self, o: Self) { self.0 += o.0; } }
        impl Mul<f64> for $name { type Output = Self; #[inline] fn mul(self, k: f64) -> Self { Self(self.0 * k) } }
        impl Div<f64> for $name { type Output = Self; #[inline] fn div(self, k: f64) -> Self { Self(self.0 / k) } }
        impl Div for $name { type Output = f64; #[inline] fn div(self, o: Self) -> f64 { self.0 / o.0 } }
        impl std::iter::Sum for $name { fn sum<I: Iterator<Item = Self>>(i: I) -> Self { Self(i.map(|q| q.0).sum()) } }
    };
}

const fn first_unit(units: &[(&'static str, f64)]) -> &'static str {
    units[0].0
}
const fn first_factor(units: &[(&'static str, f64)]) -> f64 {
    units[0].1
}

quantity!(/// Electric potential.
    Volt, "a voltage", "V", "0.1 V", [("V", 1.0)]);
quantity!(/// Electric current.
    Ampere, "a current", "A", "20 uA", [("A", 1.0)]);
quantity!(/// Conductance.
    Siemens, "a conductance", "S", "100 nS", [("S", 1.0)]);
quantity!(/// Resistance.
    Ohm, "a resistance", "Ohm", "2.5 kOhm", [("Ohm", 1.0), ("Ω", 1.0)]);
quantity!(/// Capacitance.
    Farad, "a capacitance", "F", "0.2 fF", [("F", 1.0)]);
quantity!(/// Energy.
    Joule, "an energy", "J", "1.5 pJ", [("J", 1.0)]);
quantity!(/// Power.
    Watt, "a power", "W", "2 mW", [("W", 1.0)]);
quantity!(/// Time.
    Second, "a time", "s", "10 ns", [("s", 1.0), ("min", 60.0), ("h", 3600.0), ("day", 86400.0), ("days", 86400.0), ("year", 31_557_600.0), ("years", 31_557_600.0)]);
quantity!(/// Frequency.
    Hertz, "a frequency", "Hz", "200 MHz", [("Hz", 1.0)]);
quantity!(/// Conversions per second.
    SampleRate, "a sample rate", "S/s", "1.28 GS/s", [("S/s", 1.0)]);
quantity!(/// Bytes per second.
    ByteRate, "a data rate", "B/s", "6.4 GB/s", [("B/s", 1.0), ("byte/s", 1.0), ("bit/s", 0.125)]);
quantity!(/// Absolute temperature.
    Kelvin, "a temperature", "K", "300 K", [("K", 1.0)]);
quantity!(/// Area in square micrometres (not square metres: chip areas are quoted so).
    SquareMicron, "an area", "um2", "24 um2", [("um2", 1.0), ("µm2", 1.0), ("mm2", 1e6), ("nm2", 1e-6)]);
quantity!(/// Length.
    Metre, "a length", "m", "32 nm", [("m", 1.0)]);
quantity!(/// Amount of storage, in bytes; `KiB` and `MiB` are powers of 1024.
    Bytes, "an amount of storage", "byte", "64 KiB", [("byte", 1.0), ("B", 1.0), ("bytes", 1.0), ("KiB", 1024.0), ("MiB", 1_048_576.0), ("bit", 0.125)]);
quantity!(/// Energy for each byte moved.
    JoulePerByte, "an energy per byte", "J/byte", "0.9 pJ/byte", [("J/byte", 1.0), ("J/B", 1.0), ("J/bit", 8.0)]);
quantity!(/// A share: `3 %` or `0.03`-like fractions written with the percent sign only.
    Share, "a share in percent", "%", "3 %", [("%", 0.01)]);

impl Hertz {
    /// Cycles of this clock in one of a clock derived from it by division; none if they are no whole number of at
    /// least 1 (to a relative 1e-9: decimal fractions have no exact binary form).
    #[must_use]
    pub fn divider(self, derived: Self) -> Option<u64> {
        let ratio = self.0 / derived.0;
        let whole = ratio.round();
        (ratio.is_finite() && whole >= 1.0 && (ratio - whole).abs() <= 1e-9 * whole).then_some(whole as u64)
    }
}

/// A time given either in clock cycles (`2 cycles`) or in seconds (`10 ns`, rounded up to cycles).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Latency {
    /// A number of clock cycles; scales with the clock.
    Cycles(u64),
    /// A physical time; its number of cycles depends on the clock.
    Time(Second),
}

impl Latency {
    /// Whole cycles of a clock that cover this time (a time is rounded up; 0 stays 0).
    #[must_use]
    pub fn cycles(self, clock: Hertz) -> u64 {
        match self {
            Self::Cycles(n) => n,
            // the small slack keeps 10 ns at 200 MHz two cycles in spite of binary rounding
            Self::Time(t) => (t.0 * clock.0 - 1e-6).ceil().max(0.0) as u64,
        }
    }
}

impl FromStr for Latency {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (number, unit) = split_number(text);
        if matches!(unit, "cycle" | "cycles") {
            return number
                .parse()
                .map(Self::Cycles)
                .map_err(|_| ParseError::NotANumber(text.into(), "a whole number of cycles or a time", "2 cycles"));
        }
        let time = parse_quantity(text, &[("s", 1.0)], "a number of cycles or a time", "2 cycles` or `10 ns")?;
        if time < 0.0 {
            return Err(ParseError::NotANumber(text.into(), "a time that is not negative", "10 ns"));
        }
        Ok(Self::Time(Second(time)))
    }
}
impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cycles(1) => write!(f, "1 cycle"),
            Self::Cycles(n) => write!(f, "{n} cycles"),
            Self::Time(t) => t.fmt(f),
        }
    }
}
impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}
impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Cycles(_) => s.serialize_str(&self.to_string()),
            Self::Time(t) => t.serialize(s),
        }
    }
}
impl JsonSchema for Latency {
    fn schema_name() -> Cow<'static, str> {
        "Latency".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "a number of clock cycles or a time", "examples": ["2 cycles", "10 ns"], "x-quantity": "Latency" })
    }
}

/// Parses the text of the quantity called `kind` (the `x-quantity` of the schema) and forgets the value.
///
/// # Errors
/// The parse error of that quantity, or `Ok` for a kind this table does not know.
pub fn check(kind: &str, text: &str) -> Result<(), ParseError> {
    macro_rules! table { ($($name:ident),+) => { match kind { $(stringify!($name) => text.parse::<$name>().map(drop),)+ _ => Ok(()) } } }
    table!(
        Volt,
        Ampere,
        Siemens,
        Ohm,
        Farad,
        Joule,
        Watt,
        Second,
        Hertz,
        SampleRate,
        ByteRate,
        Kelvin,
        SquareMicron,
        Metre,
        Bytes,
        JoulePerByte,
        Share,
        Latency
    )
}

impl Mul<Siemens> for Volt {
    type Output = Ampere;
    #[inline]
    fn mul(self, g: Siemens) -> Ampere {
        Ampere(self.0 * g.0)
    }
}
impl Mul<Volt> for Ampere {
    type Output = Watt;
    #[inline]
    fn mul(self, v: Volt) -> Watt {
        Watt(self.0 * v.0)
    }
}
impl Mul<Second> for Watt {
    type Output = Joule;
    #[inline]
    fn mul(self, t: Second) -> Joule {
        Joule(self.0 * t.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_prefixes_and_refuses_bare_numbers() {
        assert!(("100 nS".parse::<Siemens>().unwrap().0 - 1e-7).abs() < 1e-20);
        assert_eq!("64 KiB".parse::<Bytes>().unwrap().0, 65536.0);
        assert_eq!("256 bit".parse::<Bytes>().unwrap().0, 32.0);
        assert!(("1.28 GS/s".parse::<SampleRate>().unwrap().0 - 1.28e9).abs() < 1.0);
        assert!(("0.083 mm2".parse::<SquareMicron>().unwrap().0 - 83_000.0).abs() < 1e-6);
        assert!(matches!("5".parse::<Volt>(), Err(ParseError::NoUnit(..))));
        assert!(matches!("5 A".parse::<Volt>(), Err(ParseError::UnknownUnit(..))));
        assert!(matches!("x V".parse::<Volt>(), Err(ParseError::NotANumber(..))));
        assert_eq!("2 cycles".parse::<Latency>().unwrap().cycles(Hertz(1e9)), 2);
        assert_eq!("10 ns".parse::<Latency>().unwrap().cycles(Hertz(2e8)), 2);
        assert_eq!("11 ns".parse::<Latency>().unwrap().cycles(Hertz(2e8)), 3);
    }

    #[test]
    fn a_unit_has_one_prefix_at_most() {
        for text in ["1 kKiB", "1 mMiB", "1 GiKiB"] {
            assert!(matches!(text.parse::<Bytes>(), Err(ParseError::UnknownUnit(..))), "{text}");
        }
        for text in ["1 kum2", "1 Mum2", "1 nmm2", "1 kµm2"] {
            assert!(matches!(text.parse::<SquareMicron>(), Err(ParseError::UnknownUnit(..))), "{text}");
        }
        assert!("1 k%".parse::<Share>().is_err() && "1 kday".parse::<Second>().is_err());
        assert_eq!(["2 min", "1 day", "1 ms"].map(|t| t.parse::<Second>().unwrap().0), [120.0, 86_400.0, 1e-3]);
        assert_eq!(["1 kB", "1 Mbyte", "1 Mbit"].map(|t| t.parse::<Bytes>().unwrap().0), [1e3, 1e6, 125e3]);
    }

    #[test]
    fn a_clock_is_divided_by_whole_numbers() {
        let of = |chip: f64, own: f64| Hertz(chip).divider(Hertz(own));
        assert_eq!([of(1e9, 1e9), of(1e9, 1e7), of(1.2e9, 0.4e9)], [Some(1), Some(100), Some(3)]);
        assert_eq!([of(1e9, 3e8), of(1e9, 2e9), of(1e9, 0.0), of(1e9, -1e8)], [None; 4]);
    }

    #[test]
    fn prints_engineering_notation() {
        assert_eq!(Siemens(1e-7).to_string(), "100 nS");
        assert_eq!(Joule(1.2346e-12).to_string(), "1.235 pJ");
        assert_eq!(Hertz(2e8).to_string(), "200 MHz");
        assert_eq!(Watt(0.0).to_string(), "0 W");
        assert_eq!([Hertz(1e300), Hertz(5e15)].map(|f| f.to_string()), ["1e300 Hz", "5000 THz"]);
    }

    proptest::proptest! {
        #[test]
        fn text_form_round_trips(v in 1e-17f64..1e11) {
            let text = serde_json::to_string(&Siemens(v)).unwrap();
            let back: Siemens = serde_json::from_str(&text).unwrap();
            proptest::prop_assert!((back.0 - v).abs() <= v * 1e-14);
        }
    }
}
