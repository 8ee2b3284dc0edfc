//! Programming schemes over cells written pulse by pulse ([`crate::device::Cells`]).
//!
//! * `spec`: the card of a scheme;
//! * `curve`: what a controller knows beforehand, the response of the nominal cell to pulses;
//! * `open_loop`: pulses looked up on that curve, nothing read;
//! * `write_verify`: read, correct, read again, until the conductance is in range or the tries are used up;
//! * `outcome`: what each cell ended at and cost, in columns; totals and histograms;
//! * `law`: cells in closed form, written without dispatch;
//! * `chip`: millions of cells in blocks, on all threads, kept as totals and histograms.
//!
//! A device that is written by pulses programs itself with three lines:
//!
//! ```ignore
//! // made once, when the device is built
//! let scheme = Scheme::new(&device, &spec).expect("the device has cells");
//! // Device::program
//! scheme.program(self, target, cells, chance, achieved)
//! ```
//!
//! All pulses of a cell have ticks of its own making ([`tick`]: try and place within the train), so that what
//! happens to a cell depends on its address alone, never on the other cells of the slice.

mod chip;
mod curve;
mod law;
mod open_loop;
mod outcome;
mod spec;
mod write_verify;

pub use chip::{ChipOutcome, program_chip, program_chip_with};
pub use curve::{Curve, Path};
pub use law::{Law, LawCells, StepLaw};
pub use outcome::{Histogram, Outcome};
pub use spec::{ApproachSpec, LookupSpec, OpenLoopSpec, SchemeSpec, StaircaseSpec, WriteVerifySpec};

use super::{Cells, Chance, Device, Programming, Pulse, Window};
use crate::units::{Joule, Second, Volt};

/// Read voltage of the verification of cells that are linear and have no read bias. Assumed.
const LINEAR_READ: Volt = Volt(0.1);
/// Cells that are handed to [`Device::cells`] at once: few enough that cells already in range are not visited
/// often for the sake of others.
const BLOCK: usize = 64;
/// Most pulses of one train.
const LONGEST_TRAIN: u64 = 1 << 20;

/// Tick of a pulse: the try and the place of the pulse within its train.
#[must_use]
pub const fn tick(attempt: u32, place: u64) -> u64 {
    attempt as u64 * LONGEST_TRAIN + place
}

/// A scheme with all that its controller knows of a technology.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheme {
    spec: SchemeSpec,
    window: Window,
    /// Voltage of verification.
    read: Volt,
    /// Nominal pulses up and down.
    pulses: [Pulse; 2],
    curve: Option<Curve>,
}

/// Cells under programming and what is known of them.
struct Job<'a> {
    device: &'a dyn Device,
    cells: &'a mut dyn Cells,
    target: &'a [f64],
    addresses: &'a [u64],
    chance: Chance,
    /// Whether the energy of each cell is asked for.
    metered: bool,
    /// Conductances as they are.
    g: Vec<f64>,
    out: Outcome,
    /// Energy of all pulses, in joules.
    energy: f64,
}

/// What is done to a cell at one try: whole pulses of one kind and a last one of another.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Train {
    /// A pulse before all others.
    first: Option<Pulse>,
    whole: u64,
    pulse: Pulse,
    last: Option<Pulse>,
}

impl Train {
    fn len(&self) -> u64 {
        u64::from(self.first.is_some()) + self.whole + u64::from(self.last.is_some())
    }
    /// Kinds of pulses with their numbers, in order.
    fn parts(&self) -> impl Iterator<Item = (Pulse, u64)> {
        let all = [self.first.map(|p| (p, 1)), Some((self.pulse, self.whole)), self.last.map(|p| (p, 1))];
        all.into_iter().flatten().filter(|(p, _)| p.voltage.0 != 0.0)
    }
    /// Number of pulses and their time in seconds.
    fn cost(&self) -> (u32, f64) {
        self.parts().fold((0, 0.0), |(n, t), (p, more)| (n + more as u32, t + more as f64 * p.width.0))
    }
    fn at(&self, place: u64) -> Pulse {
        let begun = u64::from(self.first.is_some());
        match (self.first, self.last) {
            (Some(p), _) if place == 0 => p,
            _ if place < begun + self.whole => self.pulse,
            (_, Some(p)) if place == begun + self.whole => p,
            _ => Pulse::default(),
        }
    }
}

impl Scheme {
    /// The scheme of a card for a technology; `None` where the technology is not written by pulses.
    #[must_use]
    pub fn new(device: &dyn Device, spec: &SchemeSpec) -> Option<Self> {
        let pulses = device.pulses()?;
        let curve = match spec.lookup() {
            None => None,
            Some(lookup) => Some(Curve::of(device, pulses, lookup)?),
        };
        let read = device.read_bias().unwrap_or(LINEAR_READ);
        Some(Self { spec: spec.clone(), window: device.window(), read, pulses, curve })
    }

    /// The card.
    #[must_use]
    pub const fn spec(&self) -> &SchemeSpec {
        &self.spec
    }

    /// Response of the nominal cell, if the scheme looks anything up.
    #[must_use]
    pub const fn curve(&self) -> Option<&Curve> {
        self.curve.as_ref()
    }

    /// Programs the cells at `addresses` from their lowest state to `target` and writes what was achieved, in
    /// siemens: [`Device::program`] of a technology that is written by pulses.
    pub fn program(
        &self,
        device: &dyn Device,
        target: &[f64],
        addresses: &[u64],
        chance: Chance,
        achieved: &mut [f64],
    ) -> Programming {
        let mut total = Programming::default();
        for ((target, addresses), achieved) in
            target.chunks(BLOCK).zip(addresses.chunks(BLOCK)).zip(achieved.chunks_mut(BLOCK))
        {
            let Some(mut cells) = device.cells(addresses, chance) else { continue };
            let (out, cost) = self.run(device, &mut *cells, target, addresses, chance, false);
            achieved.copy_from_slice(&out.conductance);
            total.pulses += cost.pulses;
            total.energy += cost.energy;
            total.time += cost.time;
        }
        total
    }

    /// [`Scheme::program`] with an outcome for each cell; empty where the technology has no cells to write.
    #[must_use]
    pub fn outcome(&self, device: &dyn Device, target: &[f64], addresses: &[u64], chance: Chance) -> Outcome {
        let mut all = Outcome::default();
        for (target, addresses) in target.chunks(BLOCK / 4).zip(addresses.chunks(BLOCK / 4)) {
            let Some(mut cells) = device.cells(addresses, chance) else { continue };
            all.append(self.write(device, &mut *cells, target, addresses, chance));
        }
        all
    }

    /// Programs `cells` in their present state; `addresses` are those that they were made with.
    pub fn write(
        &self,
        device: &dyn Device,
        cells: &mut dyn Cells,
        target: &[f64],
        addresses: &[u64],
        chance: Chance,
    ) -> Outcome {
        self.run(device, cells, target, addresses, chance, true).0
    }

    fn run(
        &self,
        device: &dyn Device,
        cells: &mut dyn Cells,
        target: &[f64],
        addresses: &[u64],
        chance: Chance,
        metered: bool,
    ) -> (Outcome, Programming) {
        let mut g = vec![0.0; target.len()];
        cells.conductance(&mut g);
        let out = Outcome::of(target.len());
        let mut job = Job { device, cells, target, addresses, chance, metered, g, out, energy: 0.0 };
        match &self.spec {
            SchemeSpec::OpenLoop(o) => open_loop::run(self, o, &mut job),
            SchemeSpec::WriteVerify(v) => write_verify::run(self, v, &mut job),
        }
        let Job { g, mut out, energy, .. } = job;
        out.conductance = g;
        let pulses = out.pulses.iter().map(|n| u64::from(*n)).sum();
        let time = out.time.iter().sum();
        (out, Programming { pulses, energy: Joule(energy), time: Second(time) })
    }

    fn span(&self) -> f64 {
        self.window.g_max.0 - self.window.g_min.0
    }
}

impl Job<'_> {
    /// Applies a train to each cell at a try, and counts it.
    fn apply(&mut self, scheme: &Scheme, trains: &[Train], attempt: u32) {
        let longest = trains.iter().map(Train::len).max().unwrap_or(0);
        for (i, train) in trains.iter().enumerate() {
            let (pulses, time) = train.cost();
            self.out.pulses[i] += pulses;
            self.out.time[i] += time;
        }
        let mut pulses = vec![Pulse::default(); trains.len()];
        for place in 0..longest {
            pulses.iter_mut().zip(trains).for_each(|(pulse, train)| *pulse = train.at(place));
            let tick = tick(attempt, place);
            let cost = if self.metered {
                self.cells.pulse_metered(&pulses, tick, &mut self.out.energy)
            } else {
                self.cells.pulse(&pulses, tick)
            };
            self.energy += cost.energy.0;
        }
        let before = std::mem::replace(&mut self.g, vec![0.0; trains.len()]);
        self.cells.conductance(&mut self.g);
        // up through the window and down again is one cycle
        for ((cycles, before), after) in self.out.cycles.iter_mut().zip(before).zip(&self.g) {
            *cycles += (after - before).abs() / (2.0 * scheme.span());
        }
    }
}

#[cfg(test)]
mod tests;
