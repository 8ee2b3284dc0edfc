//! MoS2 memtransistor.

mod spec;

pub(super) use spec::ASSUMED;
pub use spec::*;

use super::ideal::Ideal;
use super::spec::{Entry, SpecError};
use crate::units::Kelvin;

/// Row of the device table.
pub(super) const ENTRY: Entry = Entry {
    name: "mos2_memtransistor",
    about: "gate-tunable MoS2 memtransistor: vacancy-depleted zones or normalised pulse law, sinh conduction",
    example: "\
mos2_memtransistor:
  window: { gated: { g_on: 200 nS, ratio: 49 } }
  gate: { read: 0 V, write: 0 V }
  programming: { potentiation: 5 V, depression: -5 V, width: 1 ms, verify: { tries: 8, tolerance: 1 % } }
  variation: { conductance: 15 %, cycle_to_cycle: 2 %, yield: 98.8 % }
  read: { voltage: 0.1 V, noise: 1 % }
",
};

impl Mos2Spec {
    pub(super) fn build(&self, _temperature: Kelvin) -> Result<Ideal, Vec<SpecError>> {
        Err(vec![SpecError {
            field: String::new(),
            message: "behaviour of `mos2_memtransistor` is not in this build".into(),
            help: "use `ideal`".into(),
        }])
    }
}
