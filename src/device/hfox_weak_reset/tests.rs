//! The population against the published numbers and against tables computed from the same law elsewhere.

use super::*;

const ROOM: Kelvin = Kelvin(300.0);
const REAL: Chance = Chance { seed: 41, scale: 1.0 };

fn build(change: impl Fn(&mut HfOxWeakResetSpec)) -> HfOxWeakReset {
    let mut spec = HfOxWeakResetSpec::default();
    change(&mut spec);
    spec.build(ROOM).unwrap()
}
