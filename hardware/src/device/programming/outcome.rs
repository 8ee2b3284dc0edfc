//! What programming left behind: a column for each figure, an entry for each cell.

use crate::device::Programming;
use crate::units::{Joule, Second};

/// Columns over the cells in the order in which they were handed over.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Conductance reached, in siemens, without read noise.
    pub conductance: Vec<f64>,
    /// Pulses applied.
    pub pulses: Vec<u32>,
    /// Trains of pulses applied: one for each correction.
    pub tries: Vec<u32>,
    /// Energy of pulses and verifying reads, in joules.
    pub energy: Vec<f64>,
    /// Time of pulses and verifying reads, in seconds.
    pub time: Vec<f64>,
    /// Endurance used, in full cycles: the way of the conductance up and down over twice the window.
    pub cycles: Vec<f64>,
    /// Whether the last read was in range; open loop reads nothing and claims nothing.
    pub converged: Vec<bool>,
}

impl Outcome {
    /// Columns of `n` cells that nothing has happened to.
    #[must_use]
    pub fn of(n: usize) -> Self {
        Self {
            conductance: vec![0.0; n],
            pulses: vec![0; n],
            tries: vec![0; n],
            energy: vec![0.0; n],
            time: vec![0.0; n],
            cycles: vec![0.0; n],
            converged: vec![false; n],
        }
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.conductance.len()
    }

    /// No cell at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.conductance.is_empty()
    }

    /// Adds cells at the end.
    pub fn append(&mut self, mut more: Self) {
        self.conductance.append(&mut more.conductance);
        self.pulses.append(&mut more.pulses);
        self.tries.append(&mut more.tries);
        self.energy.append(&mut more.energy);
        self.time.append(&mut more.time);
        self.cycles.append(&mut more.cycles);
        self.converged.append(&mut more.converged);
    }

    /// Pulses, energy and time of all cells.
    #[must_use]
    pub fn total(&self) -> Programming {
        Programming {
            pulses: self.pulses.iter().map(|n| u64::from(*n)).sum(),
            energy: Joule(self.energy.iter().sum()),
            time: Second(self.time.iter().sum()),
        }
    }

    /// Share of cells whose last read was out of range.
    #[must_use]
    pub fn unconverged(&self) -> f64 {
        self.converged.iter().filter(|c| !**c).count() as f64 / self.len().max(1) as f64
    }

    /// Cells by number of pulses: entry `n` counts those with `n`.
    #[must_use]
    pub fn pulse_histogram(&self) -> Vec<u64> {
        let mut counts = Vec::new();
        for n in &self.pulses {
            let n = *n as usize;
            if counts.len() <= n {
                counts.resize(n + 1, 0);
            }
            counts[n] += 1;
        }
        counts
    }
}

/// Counts over equal bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Left edge of the first bin.
    pub low: f64,
    /// Right edge of the last bin.
    pub high: f64,
    /// Count of each bin; the right edge belongs to the last.
    pub counts: Vec<u64>,
    /// Values outside of all bins, below and above.
    pub outside: [u64; 2],
}

impl Histogram {
    /// Counts `values` in `bins` equal bins from `low` to `high`.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>, low: f64, high: f64, bins: usize) -> Self {
        let mut h = Self { low, high, counts: vec![0; bins], outside: [0; 2] };
        values.into_iter().for_each(|v| h.add(v));
        h
    }

    /// Counts one value.
    pub fn add(&mut self, v: f64) {
        let bins = self.counts.len();
        let place = (v - self.low) / (self.high - self.low) * bins as f64;
        if v < self.low {
            self.outside[0] += 1;
        } else if v > self.high {
            self.outside[1] += 1;
        } else {
            self.counts[(place as usize).min(bins - 1)] += 1;
        }
    }

    /// Left and right edge of a bin.
    #[must_use]
    pub fn bin(&self, at: usize) -> [f64; 2] {
        let width = (self.high - self.low) / self.counts.len() as f64;
        [self.low + at as f64 * width, self.low + (at + 1) as f64 * width]
    }
}
