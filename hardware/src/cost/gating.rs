//! Gates: what a part costs while it has nothing to do.
//!
//! - *Power gate.* A part that has been idle for `after` falls asleep and leaks `retained` of its leakage. Asked while
//!   it sleeps, it starts `wake` later; from the asking on it leaks in full, and each waking costs `wake_energy`. A
//!   request in the very cycle in which it would fall asleep keeps it awake. Over a run of time `t`, asleep for `s` of
//!   it, leakage costs `P·(t − s + retained·s)`.
//! - *Clock tree.* Each cycle of the part's own clock costs `tree`: every cycle of the run, or, where the clock is
//!   `gated`, those in which the part is busy, from a request to the end of the work.
//!
//! Energies are those of the whole part, all lanes together. A core is one domain: its DACs, sample-and-holds, ADCs and
//! adders sleep and wake together, whichever of its crossbars works, because converters may serve all of them; its
//! registers and crossbars have no gate. It is busy from a vector in the input register to the result in the output
//! register. What waking and the clock of a core cost stands with its ADCs.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, Part, Price, Provenance, Source};
use crate::units::{Joule, Latency, Share};

/// Gates of a part.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatingSpec {
    /// Its power gate; default: none, it leaks all the time.
    #[serde(default)]
    pub power: Option<PowerGateSpec>,
    /// Its clock tree; default: none beside what its actions cost.
    #[serde(default)]
    pub clock: Option<ClockTreeSpec>,
    /// Where the constants come from, or `assumed: reason`.
    pub source: String,
    /// Which of `power` and `clock` the source does not cover.
    #[serde(default)]
    pub assumed: Vec<String>,
}

/// A power gate. Cycles are those of the part's own clock.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PowerGateSpec {
    /// How long the part is idle before it falls asleep.
    pub after: Latency,
    /// Time from a request to its start where the part is asleep.
    pub wake: Latency,
    /// Share of its leakage while it is asleep; a buffer or memory keeps its contents, so more than 0.
    pub retained: Share,
    /// Energy of one waking; default: none.
    #[serde(default)]
    pub wake_energy: Option<Joule>,
}

/// A clock tree.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockTreeSpec {
    /// Energy of one cycle of the part's own clock.
    pub tree: Joule,
    /// Whether the clock stands still while the part is idle.
    #[serde(default)]
    pub gated: bool,
}

/// Gates of a part; the prices of waking and of a clock cycle are among its energies.
#[derive(Debug, Clone, PartialEq)]
pub struct Gating {
    /// Its power gate.
    pub power: Option<PowerGating>,
    /// Whether its clock stands still while it is idle.
    pub clock_gated: bool,
}

/// A power gate.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerGating {
    /// How long the part is idle before it falls asleep.
    pub after: Latency,
    /// Time from a request to its start where it is asleep.
    pub wake: Latency,
    /// Share (0 to 1) of its leakage while it is asleep.
    pub retained: Price<f64>,
}

impl GatingSpec {
    fn source(&self, of: &str) -> Source {
        Provenance { source: &self.source, assumed: &self.assumed }.source(&[of])
    }
    /// The gates without their energies.
    #[must_use]
    pub fn gating(&self) -> Gating {
        let power = self.power.map(|p| PowerGating {
            after: p.after,
            wake: p.wake,
            retained: Price { value: p.retained.si(), source: self.source("power") },
        });
        Gating { power, clock_gated: self.clock.is_some_and(|c| c.gated) }
    }
}

impl Part {
    /// The part with gates and what waking and the clock cost.
    #[must_use]
    pub fn gated(mut self, spec: Option<&GatingSpec>) -> Self {
        let Some(spec) = spec else { return self };
        self.gating = Some(spec.gating());
        let wake = spec.power.and_then(|p| p.wake_energy).map(|e| (Action::Wake, e, "power"));
        let clock = spec.clock.map(|c| (Action::Clock, c.tree, "clock"));
        let both = wake.into_iter().chain(clock);
        self.energy.extend(both.map(|(action, value, of)| (action, Price { value, source: spec.source(of) })));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::PartKind;
    use crate::units::{SquareMicron, Watt};

    #[test]
    fn energies_stand_among_those_of_the_part_with_the_source_of_the_gates() {
        let plain = || {
            let source = Provenance { source: "a table", assumed: &[] };
            source.part(PartKind::Bus, 1, &[(Action::Transfer, Joule(1e-12))], Watt(1e-3), SquareMicron(1.0))
        };
        let power = PowerGateSpec {
            after: Latency::Cycles(9),
            wake: Latency::Cycles(3),
            retained: Share(0.1),
            wake_energy: Some(Joule(2e-12)),
        };
        let spec = GatingSpec {
            power: Some(power),
            clock: Some(ClockTreeSpec { tree: Joule(3e-13), gated: true }),
            source: "another table".into(),
            assumed: vec!["clock".into()],
        };
        let part = plain().gated(Some(&spec));
        let price = |action| part.price(action).expect("priced").clone();
        assert_eq!((price(Action::Wake).value, price(Action::Clock).value), (Joule(2e-12), Joule(3e-13)));
        assert_eq!(price(Action::Wake).source, Source::Cited("another table".into()));
        assert_eq!(price(Action::Clock).source, Source::Assumed("beside another table".into()));
        let gating = part.gating.clone().expect("gates");
        assert!(gating.clock_gated);
        let power = gating.power.expect("a power gate");
        assert_eq!((power.after, power.wake, power.retained.value), (Latency::Cycles(9), Latency::Cycles(3), 0.1));
        assert_eq!(plain().gated(None), plain());
        let free = GatingSpec { power: Some(PowerGateSpec { wake_energy: None, ..spec.power.unwrap() }), ..spec };
        assert!(plain().gated(Some(&free)).price(Action::Wake).is_none(), "waking that costs nothing is no price");
    }
}
