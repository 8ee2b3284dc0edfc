//! One-transistor-one-resistor (1T1R) cell of hafnium oxide.

mod spec;

pub(super) use spec::ASSUMED;
pub use spec::*;

use super::ideal::Ideal;
use super::spec::{Entry, SpecError};
use crate::units::Kelvin;

/// Row of the device table.
pub(super) const ENTRY: Entry = Entry {
    name: "hfox",
    about: "1T1R hafnium-oxide cell with measured state statistics (normal LRS, log-normal HRS)",
    example: "hfox:\n  lrs: { resistance: 4.521 kOhm }\n  hrs: { resistance: 75.3 kOhm }\n  read: { voltage: 0.2 V, noise: 0.5 % }\n",
};

impl HfOxSpec {
    pub(super) fn build(&self, _temperature: Kelvin) -> Result<Ideal, Vec<SpecError>> {
        Err(vec![SpecError {
            field: String::new(),
            message: "behaviour of `hfox` is not in this build".into(),
            help: "use `ideal`".into(),
        }])
    }
}
