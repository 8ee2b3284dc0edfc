//! Pair of cells that are pulsed one way only: `w = g₊ - g₋`. An update that would raise the weight pulses `g₊` up,
//! one that would lower it pulses `g₋` up. Cells that only grow fill up: a refresh reads the pairs that have no room
//! left, resets both cells and writes the difference back (aihwkit 1.1.0, MIT licence; Nandakumar and others 2020,
//! doi:10.3389/fnins.2020.00406).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::update::OneWay;
use super::{PulsedArray, PulsedCell, UpdateSpec};
use crate::device::{Chance, SpecError};
use crate::rng::{Domain, Draw, element, fill_normals};

/// When a pair is refreshed, and how it is read and written then.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RefreshSpec {
    /// The greater weight of the pair must be above this share of its bound.
    pub upper_threshold: f64,
    /// The smaller weight of the pair must be above this share of its bound.
    pub lower_threshold: f64,
    /// Noise of the read, in weight.
    pub read_noise: f64,
    /// Step of the converter that reads, in weight; 0 for none.
    pub read_step: f64,
    /// How the difference is written back.
    pub update: UpdateSpec,
}

impl Default for RefreshSpec {
    fn default() -> Self {
        Self {
            upper_threshold: 0.75,
            lower_threshold: 0.25,
            read_noise: 0.06,
            read_step: 0.0,
            update: UpdateSpec::default(),
        }
    }
}

/// An array of such pairs.
#[derive(Debug, Clone)]
pub struct OneSidedArray {
    plus: PulsedArray,
    minus: PulsedArray,
}

impl OneSidedArray {
    /// Draws both cells of each pair and sets them to weight 0; the second stands at the address of the other
    /// polarity.
    ///
    /// # Errors
    /// Every number of the cell out of its range.
    pub fn new(cell: &PulsedCell, shape: [usize; 2], place: u64, chance: Chance) -> Result<Self, Vec<SpecError>> {
        let minus = place | element(0, 0, 0, 0, true, 0);
        Ok(Self {
            plus: PulsedArray::new(cell, shape, place, chance)?,
            minus: PulsedArray::new(cell, shape, minus, chance)?,
        })
    }

    /// Weights of the pairs, row by row.
    #[must_use]
    pub fn weights(&self) -> Vec<f32> {
        self.plus.weights().iter().zip(self.minus.weights()).map(|(p, m)| p - m).collect()
    }

    /// Both arrays of cells.
    #[must_use]
    pub fn cells(&self) -> [&PulsedArray; 2] {
        [&self.plus, &self.minus]
    }

    /// Puts weights on one cell of each pair and 0 on the other.
    pub fn set_weights(&mut self, weights: &[f32]) {
        let part = |sign: f32| weights.iter().map(|w| (w * sign).max(0.0)).collect::<Vec<_>>();
        self.plus.set_weights(&part(1.0));
        self.minus.set_weights(&part(-1.0));
    }

    /// One update, as [`PulsedArray::update`].
    pub fn update(&mut self, x: &[f32], d: &[f32], rate: f64, spec: &UpdateSpec) -> u64 {
        let Some(pulses) = spec.pulses(&self.plus, x, d, rate) else { return 0 };
        let up = self.plus.apply(&OneWay { counts: &pulses, up: true });
        up + self.minus.apply(&OneWay { counts: &pulses, up: false })
    }

    /// Refreshes the pairs without room, column by column; returns how many.
    pub fn refresh(&mut self, spec: &RefreshSpec) -> usize {
        let [rows, columns] = self.plus.shape();
        let share = |a: &PulsedArray| -> Vec<f32> { a.weights().iter().zip(a.highs()).map(|(w, b)| w / b).collect() };
        let (p, m) = (share(&self.plus), share(&self.minus));
        let full = |i: usize| {
            let (upper, lower) = (p[i].max(m[i]), p[i].min(m[i]));
            f64::from(upper) > spec.upper_threshold && f64::from(lower) > spec.lower_threshold
        };
        let chosen: Vec<bool> = (0..rows * columns).map(full).collect();
        let refreshed = chosen.iter().filter(|c| **c).count();
        if refreshed == 0 {
            return 0;
        }
        let held = self.weights();
        let mut noise = vec![0.0; rows * columns];
        let tick = self.plus.event();
        if spec.read_noise > 0.0 && self.plus.chance.scale > 0.0 {
            for (i, line) in noise.chunks_mut(columns).enumerate() {
                let place = self.plus.place + element(0, i, 0, 0, false, 0);
                fill_normals(Draw { seed: self.plus.chance.seed, domain: Domain::Read, element: place, tick }, line);
            }
        }
        let deviation = (spec.read_noise * self.plus.chance.scale) as f32;
        self.plus.reset(|i| chosen[i]);
        self.minus.reset(|i| chosen[i]);
        for column in 0..columns {
            let read = |row: usize| {
                let i = row * columns + column;
                if !chosen[i] {
                    return 0.0;
                }
                let value = held[i] + deviation * noise[i];
                let step = spec.read_step as f32;
                // what rises is written by a negative gradient
                -if step > 0.0 { (value / step).round() * step } else { value }
            };
            let d: Vec<f32> = (0..rows).map(read).collect();
            if d.iter().any(|d| *d != 0.0) {
                let mut x = vec![0.0; columns];
                x[column] = 1.0;
                self.update(&x, &d, 1.0, &spec.update);
            }
        }
        refreshed
    }
}
