//! One cell of the population and what its pulses add to it.
//!
//! Both noises are states of the filament: they move with pulses and stand still between them. A cell is its
//! parameters, the pulses since its last SET, the pulse at which its trap changes next, and the innovations that
//! the filter still remembers, so that a train of `n` pulses costs no more than the taps of the filter. The time
//! a trap stays, in pulses, is geometric: `1 + ⌊ln u / ln(1 - p)⌋`, the exact law of the chain, so that a train
//! and the same pulses one by one end in the same bits.

use super::law::{Cut, Law};
use super::spec::MOST_TAPS;
use super::{ExponentialLaw, HfOxWeakReset, HfOxWeakResetSpec, LogNormalLaw, NormalLaw};
use crate::device::{Cells, Chance, Programming, Pulse};
use crate::rng::{Domain, Draw};
use crate::units::Joule;

/// Mean law of one cell: `w(t) = m1·t + c1` up to the knee, with slope `m2` after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Growth {
    pub before: f64,
    pub after: f64,
    pub knee: f64,
    pub offset: f64,
}

impl Growth {
    /// `ln(R/R0)` after `t` pulses.
    pub(super) fn at(&self, t: u64) -> f64 {
        let t = t as f64;
        self.before * t.min(self.knee) + self.after * (t - self.knee).max(0.0) + self.offset
    }
}

/// What a cell drew: resistance after SET in ohm, mean law, amplitude of its trap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parameters {
    pub lrs: f64,
    pub growth: Growth,
    pub amplitude: f64,
}

/// Laws of the population, each with what is left of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Population {
    lrs: (NormalLaw<f64>, Cut),
    before: (ExponentialLaw, Cut),
    after: (ExponentialLaw, Cut),
    knee: (LogNormalLaw, Cut),
    offset: (NormalLaw<f64>, Cut),
    amplitude: f64,
}

impl Population {
    /// The laws of a card whose numbers have been checked.
    pub(super) fn new(spec: &HfOxWeakResetSpec) -> Self {
        fn cut<L: Law + Copy>(law: L) -> (L, Cut) {
            (law, law.cut())
        }
        let g = &spec.growth;
        Self {
            lrs: cut(spec.lrs.into()),
            before: cut(g.before),
            after: cut(g.after),
            knee: cut(g.knee),
            offset: cut(g.offset),
            amplitude: spec.telegraph.map_or(0.0, |t| t.amplitude),
        }
    }

    /// The cell of the uniforms `u(index)`, at `scale` times its distance from the median one.
    pub(super) fn draw(&self, scale: f64, u: impl Fn(u64) -> f64) -> Parameters {
        fn one<L: Law>((law, cut): &(L, Cut), u: f64, scale: f64) -> f64 {
            law.scaled(cut, u, scale)
        }
        Parameters {
            lrs: one(&self.lrs, u(0), scale),
            growth: Growth {
                before: one(&self.before, u(1), scale),
                after: one(&self.after, u(2), scale),
                knee: one(&self.knee, u(3), scale),
                offset: one(&self.offset, u(4), scale),
            },
            amplitude: scale * self.amplitude * u(5),
        }
    }
}

/// One cell, written pulse by pulse; made by [`HfOxWeakReset::cell`] as a SET leaves it.
#[derive(Debug, Clone, PartialEq)]
pub struct WeakResetCell {
    own: Parameters,
    address: u64,
    chance: Chance,
    /// Weak RESET pulses since the last SET.
    pulses: u64,
    trap_high: bool,
    /// Pulse with which the trap changes.
    trap_change: u64,
    /// What the trap adds to `ln(R/R0)`, and the filter.
    trap: f64,
    flicker: f64,
    /// Innovation of the pulse before `k` others, at `k`.
    innovations: [f64; MOST_TAPS],
    conductance: f64,
}

/// Uniform in (0, 1) of a random word.
fn unit(word: u32) -> f64 {
    (f64::from(word) + 0.5) / 4_294_967_296.0
}

/// Pulses until an event of probability `p` for each pulse, from a uniform.
fn geometric(p: f64, u: f64) -> u64 {
    // p = 1 gives 1 + ⌊0⌋; the cast saturates where p is next to nothing
    ((libm::log(u) / libm::log1p(-p)).floor() as u64).saturating_add(1)
}

impl WeakResetCell {
    /// The cell of an address.
    pub(super) fn new(device: &HfOxWeakReset, address: u64, chance: Chance) -> Self {
        let draw = |domain, tick| Draw { seed: chance.seed, domain, element: address, tick };
        let own = match chance.scale {
            0.0 => device.nominal,
            scale => device.population.draw(scale, |tick| draw(Domain::DeviceToDevice, tick).uniform(0)),
        };
        let mut cell = Self {
            own,
            address,
            chance,
            pulses: 0,
            trap_high: false,
            trap_change: 0,
            trap: 0.0,
            flicker: 0.0,
            innovations: [0.0; MOST_TAPS],
            conductance: 0.0,
        };
        cell.begin(device, draw(Domain::Rtn, 0).words(0)[3]);
        cell
    }

    /// The filament is new: no pulse, an empty trap, a filter that remembers nothing.
    fn begin(&mut self, device: &HfOxWeakReset, word: u32) {
        (self.pulses, self.trap, self.flicker) = (0, 0.0, 0.0);
        self.innovations = [0.0; MOST_TAPS];
        self.trap_high = false;
        self.trap_change = device.spec.telegraph.map_or(u64::MAX, |t| geometric(t.rise, unit(word)));
        self.refresh();
    }

    /// Random words of a pulse: innovation, two amplitudes, time in the state that the trap enters.
    fn words(&self, tick: u64) -> [u32; 4] {
        let chance = self.chance;
        Draw { seed: chance.seed, domain: Domain::Pulse, element: self.address, tick }.words(0)
    }

    /// SET: the cell is as new.
    pub fn set(&mut self, device: &HfOxWeakReset, tick: u64) {
        let word = self.words(tick)[3];
        self.begin(device, word);
    }

    /// `n` weak RESET pulses; they use the ticks from `tick` on.
    pub fn reset(&mut self, device: &HfOxWeakReset, n: u64, tick: u64) {
        let before = self.pulses;
        self.pulses += n;
        if self.chance.scale == 0.0 || n == 0 {
            self.refresh();
            return;
        }
        let tick_of = |pulse: u64| tick + (pulse - before - 1);
        let last = self.words(tick_of(self.pulses));
        if let Some(t) = &device.spec.telegraph {
            while self.trap_change <= self.pulses {
                let word = self.words(tick_of(self.trap_change))[3];
                self.trap_high = !self.trap_high;
                let leave = if self.trap_high { t.fall } else { t.rise };
                self.trap_change = self.trap_change.saturating_add(geometric(leave, unit(word)));
            }
            self.trap = if self.trap_high { self.own.amplitude * unit(last[1]) * unit(last[2]) } else { 0.0 };
        }
        if device.spec.flicker.is_some() {
            for pulse in (before + 1).max(self.pulses.saturating_sub(MOST_TAPS as u64 - 1))..=self.pulses {
                let word = if pulse == self.pulses { last[0] } else { self.words(tick_of(pulse))[0] };
                self.innovations.copy_within(..MOST_TAPS - 1, 1);
                self.innovations[0] = unit(word);
            }
            // four sums side by side: a processor adds them at once
            let mut sums = [0.0; 4];
            for (u, b) in self.innovations.chunks_exact(4).zip(device.flicker.chunks_exact(4)) {
                for k in 0..4 {
                    sums[k] += u[k] * b[k];
                }
            }
            self.flicker = self.chance.scale * ((sums[0] + sums[1]) + (sums[2] + sums[3]));
        }
        self.refresh();
    }

    /// `w = ln(R/R0)`.
    #[must_use]
    pub fn log_ratio(&self) -> f64 {
        self.own.growth.at(self.pulses) + self.trap + self.flicker
    }

    /// Conductance in siemens, without read noise.
    #[must_use]
    pub const fn conductance(&self) -> f64 {
        self.conductance
    }

    fn refresh(&mut self) {
        self.conductance = libm::exp(-self.log_ratio()) / self.own.lrs;
    }

    /// Whether the trap is in its high state.
    #[must_use]
    pub const fn trap_is_high(&self) -> bool {
        self.trap_high
    }

    /// Logical address.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.address
    }

    /// Weak RESET pulses since the last SET.
    #[must_use]
    pub const fn pulses(&self) -> u64 {
        self.pulses
    }
}

/// Cells written pulse by pulse. A pulse of the polarity of RESET, of the card's voltage and width or more, is one
/// weak RESET; one of the polarity of SET, of its voltage and width or more, a SET. What is weaker moves nothing,
/// for nothing is known of it, and still costs its energy.
#[derive(Debug)]
pub(super) struct WeakResetCells {
    pub device: HfOxWeakReset,
    pub cells: Vec<WeakResetCell>,
}

impl Cells for WeakResetCells {
    fn pulse(&mut self, pulses: &[Pulse], tick: u64) -> Programming {
        let p = &self.device.spec.programming;
        let reaches = |pulse: &Pulse, voltage: f64, width: f64| {
            pulse.voltage.0.abs() >= voltage * (1.0 - 1e-9) && pulse.width.0 >= width * (1.0 - 1e-9)
        };
        let mut cost = Programming::default();
        for (pulse, cell) in pulses.iter().zip(&mut self.cells) {
            let v = pulse.voltage.0;
            if v == 0.0 {
                continue;
            }
            cost.pulses += 1;
            cost.time += pulse.width;
            cost.energy += Joule(v * v * cell.conductance() * pulse.width.0);
            if v < 0.0 && reaches(pulse, p.reset.0, p.reset_width.0) {
                cell.reset(&self.device, 1, tick);
            } else if v > 0.0 && reaches(pulse, p.set.0, p.set_width.0) {
                cell.set(&self.device, tick);
            }
        }
        cost
    }
    fn conductance(&self, out: &mut [f64]) {
        for (g, cell) in out.iter_mut().zip(&self.cells) {
            *g = cell.conductance();
        }
    }
}
