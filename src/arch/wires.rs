//! Wires of a crossbar: as they are written, and as the value core folds them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::circuit::wires::{Cell, End, Lines, PairOrder};
use crate::units::{Ampere, Ohm, Volt};

/// Wires, ends and access elements of a crossbar. Without them wires are ideal.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WiresSpec {
    /// Resistance of a word line between neighbouring cells.
    pub word_line: Ohm,
    /// Resistance of a bit line between neighbouring cells.
    pub bit_line: Ohm,
    /// Output resistance of a word-line driver; default 0.
    #[serde(default)]
    pub driver: Option<Ohm>,
    /// Input resistance of what senses a bit line; default 0.
    #[serde(default)]
    pub sense: Option<Ohm>,
    /// Ends at which word lines are driven; default the end at the first column.
    #[serde(default)]
    pub drive: SidesSpec,
    /// Ends at which bit lines are sensed; default the end behind the last row.
    #[serde(default)]
    pub sensing: SidesSpec,
    /// How the bit lines of differential pairs stand; default all positive ones of a slice, then all negative ones.
    #[serde(default)]
    pub lines: LineOrderSpec,
    /// What stands in series with each cell; default nothing.
    #[serde(default)]
    pub access: AccessSpec,
    /// Least fidelity at which wires act; default `noisy`.
    #[serde(default)]
    pub from: WiresFrom,
    /// Where the resistances come from, or `assumed: reason`.
    pub source: String,
    /// Resistances that the source does not cover.
    #[serde(default)]
    pub assumed: Vec<String>,
}

/// Ends of lines that are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum SidesSpec {
    /// One end; the other is open.
    #[default]
    OneSided,
    /// Both ends.
    TwoSided,
}

/// Order of the bit lines of differential pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum LineOrderSpec {
    /// All positive bit lines of a slice, then all negative ones.
    #[default]
    Separate,
    /// Positive and negative bit lines in turn.
    Interleaved,
}

/// What stands in series with each cell.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum AccessSpec {
    /// Nothing: cells of rows that are not driven stay connected (0T1R).
    #[default]
    None,
    /// A transistor of the given resistance, which cuts off rows that are not driven (1T1R). What a device card counts
    /// as part of its cell is not to be given again.
    Transistor(Ohm),
    /// A selector with two terminals (1S1R).
    Selector(SelectorSpec),
}

/// Current `current·sinh(v/scale)` of a selector.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectorSpec {
    /// Current scale.
    pub current: Ampere,
    /// Voltage scale.
    pub scale: Volt,
}

/// Least fidelity at which wires act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum WiresFrom {
    /// Conductances as targeted and as programmed.
    Quantised,
    /// Conductances as programmed only.
    #[default]
    Noisy,
}

/// Wires of a kind of crossbar, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Wires {
    /// Word lines; the first end lies before column 0.
    pub word: Lines,
    /// Bit lines; the last end lies behind the last row.
    pub bit: Lines,
    /// What a cell is made of beside its memory.
    pub cell: Cell,
    /// How the bit lines of pairs stand.
    pub order: PairOrder,
    /// Least fidelity at which they act.
    pub from: WiresFrom,
}

impl WiresSpec {
    /// Names and values of all resistances.
    pub(super) fn resistances(&self) -> Vec<(&'static str, Ohm)> {
        let mut all = vec![("word_line", self.word_line), ("bit_line", self.bit_line)];
        all.extend(self.driver.map(|r| ("driver", r)));
        all.extend(self.sense.map(|r| ("sense", r)));
        if let AccessSpec::Transistor(on) = self.access {
            all.push(("access", on));
        }
        all
    }

    /// As the value core wants them.
    #[must_use]
    pub fn resolve(&self) -> Wires {
        let lines = |segment: Ohm, sides, ohms: Option<Ohm>, usual: usize| {
            let mut ends = [End::Driven { ohms: ohms.map_or(0.0, |r| r.0) }; 2];
            if sides == SidesSpec::OneSided {
                ends[1 - usual] = End::Open;
            }
            Lines { segment: segment.0, ends, floating: Vec::new() }
        };
        Wires {
            word: lines(self.word_line, self.drive, self.driver, 0),
            bit: lines(self.bit_line, self.sensing, self.sense, 1),
            cell: match self.access {
                AccessSpec::None => Cell::Resistor,
                AccessSpec::Transistor(on) => Cell::Gated { access: on.0, selected: Vec::new() },
                AccessSpec::Selector(s) => Cell::Selector { current: s.current.0, scale: s.scale.0 },
            },
            order: match self.lines {
                LineOrderSpec::Separate => PairOrder::Apart,
                LineOrderSpec::Interleaved => PairOrder::Interleaved,
            },
            from: self.from,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::{Chip, load_str};
    use crate::diag::Result;

    fn chip(wires: &str) -> Result<Chip> {
        let text = include_str!("../../arch/mos2_tile.yaml");
        load_str("t", &text.replacen("    t_read:", &format!("    wires: {wires}\n    t_read:"), 1), &[])
    }

    fn codes(wires: &str) -> Vec<&'static str> {
        chip(wires).err().map_or(vec![], |all| all.iter().map(|d| d.code).collect())
    }

    #[test]
    fn wires_are_read_and_resolved() {
        let wires = |text: &str| chip(text).unwrap().xbar_kinds.iter().next().unwrap().wires.clone().unwrap();
        let plain = wires("{ word_line: 1 Ohm, bit_line: 2.5 Ohm, sense: 100 Ohm, source: paper }");
        assert_eq!(plain.word, Lines::one_sided(1.0));
        let ends = [End::Open, End::Driven { ohms: 100.0 }];
        assert_eq!(plain.bit, Lines { segment: 2.5, ends, floating: vec![] });
        assert_eq!((plain.cell, plain.order, plain.from), (Cell::Resistor, PairOrder::Apart, WiresFrom::Noisy));
        let all = wires(
            "{ word_line: 1 Ohm, bit_line: 1 Ohm, drive: two_sided, sensing: two_sided, lines: interleaved, access: { transistor: 2 kOhm }, from: quantised, source: paper }",
        );
        assert_eq!((&all.word, &all.bit), (&Lines::two_sided(1.0), &Lines::two_sided(1.0)));
        assert_eq!(all.cell, Cell::Gated { access: 2e3, selected: vec![] });
        assert_eq!((all.order, all.from), (PairOrder::Interleaved, WiresFrom::Quantised));
        let selector = "{ word_line: 1 Ohm, bit_line: 1 Ohm, access: { selector: { current: 1 nA, scale: 30 mV } }, source: paper }";
        assert_eq!(wires(selector).cell, Cell::Selector { current: 1e-9, scale: 0.03 });
        assert!(chip("null").unwrap().xbar_kinds.iter().next().unwrap().wires.is_none());
    }

    #[test]
    fn mistakes_and_assumptions_are_told() {
        let bad = "{ word_line: -1 Ohm, bit_line: 1 Ohm, driver: 2 TOhm, access: { selector: { current: 0 A, scale: 30 mV } }, source: paper }";
        assert_eq!(codes(bad), ["A070"; 3]);
        assert_eq!(codes("{ word_line: 1 Ohm, bit_lin: 1 Ohm, source: paper }"), ["A003"]);
        assert_eq!(codes("{ word_line: 1 Ohm, bit_line: 1 Ohm, source: x, assumed: [wire] }"), ["A029"]);
        let told = |text: &str| chip(text).unwrap().warnings.iter().any(|d| d.code == "A071");
        assert!(told("{ word_line: 1 Ohm, bit_line: 1 Ohm, source: \"assumed: a guess\" }"));
        assert!(told("{ word_line: 1 Ohm, bit_line: 1 Ohm, source: paper, assumed: [bit_line] }"));
        assert!(!told("{ word_line: 1 Ohm, bit_line: 1 Ohm, source: paper }"));
    }
}
