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
