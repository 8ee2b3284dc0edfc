//! The table of everything that is counted: part, action, unit of the count, and who counts it.

/// Kinds of hardware parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the field's own names")]
pub enum PartKind {
    Crossbar,
    Dac,
    SampleHold,
    Adc,
    ShiftAdd,
    InputRegister,
    OutputRegister,
    Bus,
    Buffer,
    VectorUnit,
    Control,
    Router,
    Link,
    Memory,
    ChipLink,
}

/// What a part does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "described by the unit in ACTIONS")]
pub enum Action {
    Bias,
    Drive,
    Count,
    Sample,
    Convert,
    Add,
    Read,
    Write,
    Transfer,
    Operate,
    Route,
    Traverse,
    Refresh,
    Activate,
    Wake,
    Clock,
}

/// Which run counts an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedBy {
    /// The timing run: counts do not depend on data.
    Sim,
    /// The timing run, for parts with gates: waking and clock cycles, which belong to no stage.
    Gates,
    /// The value run: energy depends on the data (`Σ v²·g·t`).
    Exec,
}

/// One row of [`ACTIONS`].
#[derive(Debug, Clone, Copy)]
pub struct ActionRow {
    /// The part that acts.
    pub part: PartKind,
    /// What it does.
    pub action: Action,
    /// What one count is.
    pub unit: &'static str,
    /// Who counts it.
    pub counted_by: CountedBy,
}

const fn row(part: PartKind, action: Action, unit: &'static str, counted_by: CountedBy) -> ActionRow {
    ActionRow { part, action, unit, counted_by }
}

/// Every action of every part.
pub const ACTIONS: &[ActionRow] = &[
    row(PartKind::Crossbar, Action::Bias, "crossbar read (one input plane)", CountedBy::Exec),
    row(PartKind::Dac, Action::Drive, "row driven for one input plane", CountedBy::Sim),
    row(PartKind::Dac, Action::Count, "digit added to the sum of the inputs", CountedBy::Sim),
    row(PartKind::SampleHold, Action::Sample, "column sampled", CountedBy::Sim),
    row(PartKind::Adc, Action::Convert, "conversion", CountedBy::Sim),
    row(PartKind::ShiftAdd, Action::Add, "addition of one code", CountedBy::Sim),
    row(PartKind::InputRegister, Action::Write, "byte written", CountedBy::Sim),
    row(PartKind::InputRegister, Action::Read, "byte read", CountedBy::Sim),
    row(PartKind::OutputRegister, Action::Write, "byte written", CountedBy::Sim),
    row(PartKind::OutputRegister, Action::Read, "byte read", CountedBy::Sim),
    row(PartKind::Bus, Action::Transfer, "byte moved", CountedBy::Sim),
    row(PartKind::Buffer, Action::Read, "byte read", CountedBy::Sim),
    row(PartKind::Buffer, Action::Write, "byte written", CountedBy::Sim),
    row(PartKind::VectorUnit, Action::Operate, "lane operation", CountedBy::Sim),
    row(PartKind::Router, Action::Route, "flit through one router", CountedBy::Sim),
    row(PartKind::Link, Action::Traverse, "flit over one link", CountedBy::Sim),
    row(PartKind::Memory, Action::Read, "byte read", CountedBy::Sim),
    row(PartKind::Memory, Action::Write, "byte written", CountedBy::Sim),
    row(PartKind::ChipLink, Action::Transfer, "byte to a neighbouring chip", CountedBy::Sim),
    row(PartKind::Buffer, Action::Refresh, "refresh", CountedBy::Sim),
    row(PartKind::Memory, Action::Refresh, "refresh", CountedBy::Sim),
    row(PartKind::Memory, Action::Activate, "row activated and precharged", CountedBy::Sim),
    row(PartKind::Adc, Action::Wake, "waking of the core", CountedBy::Gates),
    row(PartKind::Adc, Action::Clock, "cycle of the core's clock", CountedBy::Gates),
    row(PartKind::Bus, Action::Wake, "waking", CountedBy::Gates),
    row(PartKind::Bus, Action::Clock, "cycle of its clock", CountedBy::Gates),
    row(PartKind::Buffer, Action::Wake, "waking", CountedBy::Gates),
    row(PartKind::Buffer, Action::Clock, "cycle of its clock", CountedBy::Gates),
    row(PartKind::VectorUnit, Action::Wake, "waking", CountedBy::Gates),
    row(PartKind::VectorUnit, Action::Clock, "cycle of its clock", CountedBy::Gates),
    row(PartKind::Link, Action::Wake, "waking", CountedBy::Gates),
    row(PartKind::Link, Action::Clock, "cycle of its clock", CountedBy::Gates),
    row(PartKind::Memory, Action::Wake, "waking", CountedBy::Gates),
    row(PartKind::Memory, Action::Clock, "cycle of its clock", CountedBy::Gates),
];

impl PartKind {
    /// Name used in paths and CSV files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crossbar => "crossbar",
            Self::Dac => "dac",
            Self::SampleHold => "sample_hold",
            Self::Adc => "adc",
            Self::ShiftAdd => "shift_add",
            Self::InputRegister => "input_register",
            Self::OutputRegister => "output_register",
            Self::Bus => "bus",
            Self::Buffer => "buffer",
            Self::VectorUnit => "vector_unit",
            Self::Control => "control",
            Self::Router => "router",
            Self::Link => "link",
            Self::Memory => "memory",
            Self::ChipLink => "chip_link",
        }
    }
}

impl Action {
    /// Name used in CSV files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bias => "bias",
            Self::Drive => "drive",
            Self::Count => "count",
            Self::Sample => "sample",
            Self::Convert => "convert",
            Self::Add => "add",
            Self::Read => "read",
            Self::Write => "write",
            Self::Transfer => "transfer",
            Self::Operate => "operate",
            Self::Route => "route",
            Self::Traverse => "traverse",
            Self::Refresh => "refresh",
            Self::Activate => "activate",
            Self::Wake => "wake",
            Self::Clock => "clock",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_action_stands_twice() {
        for (i, a) in ACTIONS.iter().enumerate() {
            assert!(ACTIONS[..i].iter().all(|b| (a.part, a.action) != (b.part, b.action)));
        }
    }
}
