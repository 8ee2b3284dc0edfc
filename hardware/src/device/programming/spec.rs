//! Card of a programming scheme.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::device::spec::{Checks, SpecError};
use crate::units::{Second, Share};

/// How cells are brought to their conductance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SchemeSpec {
    /// Pulses looked up on the curve of the nominal cell; nothing is read.
    OpenLoop(OpenLoopSpec),
    /// Read, correct, read again.
    WriteVerify(WriteVerifySpec),
}

impl Default for SchemeSpec {
    fn default() -> Self {
        Self::WriteVerify(WriteVerifySpec::default())
    }
}

/// What is looked up on the curve of the nominal cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LookupSpec {
    /// The number of nominal pulses; the last one may be shorter.
    Pulses,
    /// The amplitude of one raising pulse from the lowest state.
    RaisingAmplitude,
    /// The amplitude of one lowering pulse, after one nominal raising pulse: for cells that are raised abruptly.
    LoweringAmplitude,
}

/// Open loop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OpenLoopSpec {
    /// What is looked up. *Assumed*: the number of pulses.
    pub lookup: LookupSpec,
    /// Shortest pulse as a share of the nominal width; 100 % means whole pulses. *Assumed*: 1 %.
    pub finest: Share,
}

impl Default for OpenLoopSpec {
    fn default() -> Self {
        Self { lookup: LookupSpec::Pulses, finest: Share(0.01) }
    }
}

/// Write-verify. A try is a train of pulses and the read after it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WriteVerifySpec {
    /// How a correction is chosen. *Assumed*: looked up as a number of pulses.
    pub approach: ApproachSpec,
    /// Most tries for a cell. *Assumed*: 20.
    pub tries: u32,
    /// Accepted error of a read, as a share of the window. *Assumed*: 0.4 %.
    pub tolerance: Share,
    /// Factor on the strength of corrections when one went too far. *Assumed*: 0.5.
    pub back_off: f64,
    /// Shortest pulse as a share of the nominal width; 100 % means whole pulses. *Assumed*: 1 %.
    pub finest: Share,
    /// Time of a read. *Assumed*: 100 ns.
    pub read_time: Second,
}

impl Default for WriteVerifySpec {
    fn default() -> Self {
        Self {
            approach: ApproachSpec::Lookup(LookupSpec::Pulses),
            tries: 20,
            tolerance: Share(0.004),
            back_off: 0.5,
            finest: Share(0.01),
            read_time: Second(100e-9),
        }
    }
}

/// How a correction is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApproachSpec {
    /// By the curve of the nominal cell, from the conductance read to the target.
    Lookup(LookupSpec),
    /// One pulse a try, stronger with each try in the same direction (incremental step pulse programming).
    Staircase(StaircaseSpec),
}

/// Incremental pulses: at step `n` the amplitude is `(start + n·amplitude_step)` times the nominal one and the
/// width `width_growth^n` times. A change of direction takes the step to `back_off·n`, rounded down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StaircaseSpec {
    /// First amplitude over the nominal one. *Assumed*: 50 %.
    pub start: Share,
    /// What each step adds to the amplitude, over the nominal one. *Assumed*: 2.5 %.
    pub amplitude_step: Share,
    /// Factor of each step on the width. *Assumed*: 1.
    pub width_growth: f64,
}

impl Default for StaircaseSpec {
    fn default() -> Self {
        Self { start: Share(0.5), amplitude_step: Share(0.025), width_growth: 1.0 }
    }
}

impl SchemeSpec {
    /// What the scheme looks up.
    pub(super) const fn lookup(&self) -> Option<LookupSpec> {
        match self {
            Self::OpenLoop(s) => Some(s.lookup),
            Self::WriteVerify(s) => match s.approach {
                ApproachSpec::Lookup(l) => Some(l),
                ApproachSpec::Staircase(_) => None,
            },
        }
    }

    /// Every mistake of the card, with fields below `scheme`.
    #[must_use]
    pub fn errors(&self) -> Vec<SpecError> {
        let mut c = Checks::default();
        self.check("scheme", &mut c);
        c.errors()
    }

    /// Notes the mistakes of the card, which stands at `field` in the card of its device.
    pub(crate) fn check(&self, field: &str, c: &mut Checks) {
        match self {
            Self::OpenLoop(s) => c.within(&format!("{field}.open_loop.finest"), s.finest.0, 1e-6, 1.0),
            Self::WriteVerify(s) => s.check(&format!("{field}.write_verify"), c),
        }
    }
}

impl WriteVerifySpec {
    /// Notes the mistakes of the card, which stands at `field`.
    pub(crate) fn check(&self, field: &str, c: &mut Checks) {
        c.within(&format!("{field}.tries"), f64::from(self.tries), 1.0, 65_536.0);
        c.within(&format!("{field}.tolerance"), self.tolerance.0, 1e-6, 1.0);
        c.within(&format!("{field}.back_off"), self.back_off, 0.0, 1.0);
        c.within(&format!("{field}.finest"), self.finest.0, 1e-6, 1.0);
        c.not_negative(&format!("{field}.read_time"), self.read_time.0);
        if let ApproachSpec::Staircase(s) = &self.approach {
            c.within(&format!("{field}.approach.staircase.start"), s.start.0, 0.0, 10.0);
            c.within(&format!("{field}.approach.staircase.amplitude_step"), s.amplitude_step.0, 0.0, 10.0);
            c.within(&format!("{field}.approach.staircase.width_growth"), s.width_growth, 1.0, 10.0);
        }
    }
}
