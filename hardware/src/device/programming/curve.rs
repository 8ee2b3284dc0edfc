//! Response of the nominal cell: what a controller has been calibrated with.
//!
//! Of pulses it is the conductance after `x` nominal pulses, up from the lowest state and down from the highest
//! one reached; of amplitudes the conductance after one pulse, from the same start each time. Positions between
//! are interpolated; where the response turns back the table is flat.

use super::LookupSpec;
use crate::device::{Chance, Device, Pulse};
use crate::units::Volt;

/// Most pulses of a curve; longer responses are cut.
const MOST_PULSES: usize = 1 << 16;
/// After so many pulses that change nothing the cell is taken for saturated.
const STILL: u32 = 16;
/// Amplitudes of a curve.
const AMPLITUDES: usize = 1025;
/// Change of conductance, as a share of the window, that counts as none.
const NOTHING: f64 = 1e-9;

/// Conductance along one way, against the number of pulses or the amplitude.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Conductances at equal distances of `step`, times `sign`, not falling.
    level: Vec<f64>,
    sign: f64,
    first: f64,
    step: f64,
}

impl Path {
    fn new(g: &[f64], rising: bool, first: f64, step: f64) -> Self {
        let sign = if rising { 1.0 } else { -1.0 };
        let mut level: Vec<f64> = g.iter().map(|g| sign * g).collect();
        for i in 1..level.len() {
            level[i] = level[i].max(level[i - 1]);
        }
        Self { level, sign, first, step }
    }

    /// Pulses or amplitude at which conductance `g` is reached, within the ends of the path.
    #[must_use]
    pub fn position(&self, g: f64) -> f64 {
        let level = self.sign * g;
        let i = self.level.partition_point(|l| *l < level);
        if i == 0 || self.level.len() < 2 {
            return self.first;
        }
        let i = i.min(self.level.len() - 1);
        let (low, high) = (self.level[i - 1], self.level[i]);
        let share = if high > low { ((level - low) / (high - low)).min(1.0) } else { 0.0 };
        self.first + (i as f64 - 1.0 + share) * self.step
    }

    /// Conductances at the points of the path, in siemens.
    pub fn conductances(&self) -> impl Iterator<Item = f64> {
        self.level.iter().map(|l| self.sign * l)
    }

    /// Distance of the points of the path.
    #[must_use]
    pub const fn step(&self) -> f64 {
        self.step.abs()
    }

    /// The last position.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.first + self.step * (self.level.len().max(1) - 1) as f64
    }
}

/// Ways up and down.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// From the lowest state.
    pub rise: Path,
    /// From the highest state reached.
    pub fall: Path,
}

impl Curve {
    /// Measures the nominal cell of a device; `None` if it has no cells to write.
    #[must_use]
    pub fn of(device: &dyn Device, pulses: [Pulse; 2], lookup: LookupSpec) -> Option<Self> {
        match lookup {
            LookupSpec::Pulses => Self::of_pulses(device, pulses),
            LookupSpec::RaisingAmplitude | LookupSpec::LoweringAmplitude => Self::of_amplitudes(device, pulses),
        }
    }

    fn of_pulses(device: &dyn Device, pulses: [Pulse; 2]) -> Option<Self> {
        let mut cell = device.cells(&[0], NOMINAL)?;
        let w = device.window();
        let nothing = NOTHING * (w.g_max.0 - w.g_min.0);
        let mut tick = 0;
        let mut way = |pulse: Pulse, sign: f64, end: f64| {
            let mut g = [0.0];
            cell.conductance(&mut g);
            let (mut all, mut still) = (vec![g[0]], 0);
            while all.len() <= MOST_PULSES && still < STILL && sign * (end - g[0]) > nothing {
                let before = g[0];
                cell.pulse(&[pulse], tick);
                tick += 1;
                cell.conductance(&mut g);
                still = if (g[0] - before).abs() <= nothing { still + 1 } else { 0 };
                all.push(g[0]);
            }
            Path::new(&all, sign > 0.0, 0.0, 1.0)
        };
        let rise = way(pulses[0], 1.0, w.g_max.0);
        let fall = way(pulses[1], -1.0, w.g_min.0);
        Some(Self { rise, fall })
    }

    fn of_amplitudes(device: &dyn Device, [up, down]: [Pulse; 2]) -> Option<Self> {
        let addresses = vec![0; AMPLITUDES];
        let step = |p: Pulse| p.voltage.0 / (AMPLITUDES - 1) as f64;
        let way = |prepare: Option<Pulse>, pulse: Pulse, rising: bool| {
            let mut cells = device.cells(&addresses, NOMINAL)?;
            if let Some(p) = prepare {
                cells.pulse(&vec![p; AMPLITUDES], 0);
            }
            let each: Vec<Pulse> =
                (0..AMPLITUDES).map(|i| Pulse { voltage: Volt(i as f64 * step(pulse)), ..pulse }).collect();
            cells.pulse(&each, 1);
            let mut g = vec![0.0; AMPLITUDES];
            cells.conductance(&mut g);
            Some(Path::new(&g, rising, 0.0, step(pulse)))
        };
        Some(Self { rise: way(None, up, true)?, fall: way(Some(up), down, false)? })
    }
}

/// The nominal cell.
const NOMINAL: Chance = Chance { seed: 0, scale: 0.0 };
