//! Pulsed outer-product update: `W -= rate·d·xᵀ` by coincidences of pulses on rows and columns.
//!
//! Per sample, with granularity `ε` of the cell ([`PulsedCell::granularity`]), `x̂ = max|x|` and `d̂` the scaled
//! `max|d|`:
//! - trains have `BL = desired_bl` slots and factors `A = B = sqrt(rate/(ε·BL))`; if the length is not fixed and
//!   `ε·BL < rate`, `A = B = 1` and `BL = ceil(rate/ε)`;
//! - with `k = rate·x̂·d̂/ε`, length management takes `BL = min(ceil k, desired_bl)`;
//! - update management multiplies `A` by `sqrt(x̂/d̂)` and `B` by `sqrt(d̂/x̂)`; if `k > desired_bl`, `d̂` counts only
//!   `desired_bl/k` of itself (large `d` are clipped).
//!
//! Column `j` fires in a slot with probability `p = B·|x|`, row `i` with `q = A·|d|`; a slot in which both fire pulses
//! the cell, down if `x·d > 0`. All pulses of a cell in one update thus have one direction, and only their number
//! matters: it is the population count of two bit trains, and the order of positive and negative `x` within a slot
//! (`stochastic`) changes nothing.
//! Source: Gokmen and Vlasov 2016, doi:10.3389/fnins.2016.00333; Gokmen, Onen and Haensch 2017,
//! doi:10.3389/fnins.2017.00538; aihwkit 1.1.0 (MIT licence).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PulsedArray;
use super::kernel::{CELLS, Counts};
use crate::rng::{Domain, Draw, element, fill_uniforms_with};
use crate::simd::functions::count_ones;
use crate::simd::{LANES, Lanes};

/// How many pulses a cell gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PulseType {
    /// Coincidences of random trains, positive and negative inputs at once.
    #[default]
    StochasticCompressed,
    /// Coincidences of random trains, positive inputs before negative ones in each slot; the same outcome.
    Stochastic,
    /// Both trains rounded to whole pulses, and their product over the length rounded.
    MeanCount,
    /// The product of both probabilities times the length, rounded.
    DeterministicImplicit,
}

/// Settings of an update; defaults are those of aihwkit 1.1.0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UpdateSpec {
    /// How pulses are counted.
    pub pulse_type: PulseType,
    /// Slots of a train, at most where they are managed; 1 to 4096.
    pub desired_bl: u32,
    /// Keeps the length where factors would exceed one.
    pub fixed_bl: bool,
    /// Balances the factors of rows and columns.
    pub update_management: bool,
    /// Shortens trains to what the update needs; implies `update_management`.
    pub update_bl_management: bool,
    /// Scale of the greatest `|d|` that management reckons with.
    pub um_grad_scale: f64,
    /// Resolution of probabilities, 0 for none.
    pub res: f64,
    /// Rounds probabilities stochastically.
    pub sto_round: bool,
    /// Resolution of `x` in `deterministic_implicit`, 0 for none.
    pub x_res_implicit: f64,
    /// Resolution of `d` in `deterministic_implicit`, 0 for none.
    pub d_res_implicit: f64,
}

impl Default for UpdateSpec {
    fn default() -> Self {
        Self {
            pulse_type: PulseType::default(),
            desired_bl: 31,
            fixed_bl: true,
            update_management: true,
            update_bl_management: true,
            um_grad_scale: 1.0,
            res: 0.0,
            sto_round: false,
            x_res_implicit: 0.0,
            d_res_implicit: 0.0,
        }
    }
}

/// Length of the trains and factors of columns and rows.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Plan {
    length: u32,
    x_factor: f32,
    d_factor: f32,
}

/// Slots at most: pulses of a cell in one event are numbered in 16 bits, and longer trains serve nothing.
const LONGEST: f32 = 4096.0;

impl UpdateSpec {
    /// The plan for vectors with these greatest magnitudes; `None` if nothing is to do. In `f32`, as upstream: trains
    /// are as long where the length is rounded up from a whole number.
    fn plan(&self, x: &[f32], d: &[f32], rate: f32, granularity: f32) -> Option<Plan> {
        let greatest = |v: &[f32]| v.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        let (x_max, mut d_max) = (greatest(x), greatest(d) * self.um_grad_scale as f32);
        let desired = (self.desired_bl as f32).clamp(1.0, LONGEST);
        let wanted = rate * x_max * d_max / granularity;
        if wanted <= 0.0 || !wanted.is_finite() {
            return None;
        }
        let short = !self.update_bl_management && !self.fixed_bl && granularity * desired < rate;
        let length = if self.update_bl_management {
            wanted.ceil().min(desired)
        } else if short {
            (rate / granularity).ceil().min(LONGEST)
        } else {
            desired
        };
        let factor = if short { 1.0 } else { (rate / (granularity * length)).sqrt() };
        let managed = self.update_management || self.update_bl_management;
        if managed && wanted > desired {
            d_max *= desired / wanted;
        }
        let balance = if managed { (x_max / d_max).sqrt() } else { 1.0 };
        Some(Plan { length: length as u32, x_factor: factor / balance, d_factor: factor * balance })
    }
}

/// `v` on a grid of step `res`, ties away from zero; `u` in (0, 1) rounds stochastically.
fn quantised(v: f32, res: f32, u: Option<f32>) -> f32 {
    if res <= 0.0 {
        return v;
    }
    res * u.map_or_else(|| (v / res).round(), |u| (v / res + u - 0.5).round())
}

/// Sign mask of a lane: all ones for negative numbers.
fn sign(v: f32) -> i32 {
    if v < 0.0 { -1 } else { 0 }
}

/// Random trains: slot `k` of a line is bit `k % 32` of word `k / 32`, words apart.
pub(super) struct Trains {
    /// Words of columns, padded, one word of all columns after the other.
    columns: Vec<i32>,
    /// Words of rows, those of a row together.
    rows: Vec<i32>,
    words: usize,
    column_signs: Vec<i32>,
    row_signs: Vec<i32>,
}

impl Counts for Trains {
    #[inline(always)]
    fn fill<L: Lanes>(&self, l: L, row: usize, out: &mut [i32]) -> bool {
        let train = &self.rows[row * self.words..][..self.words];
        if train.iter().all(|w| *w == 0) {
            return false;
        }
        let padded = out.len();
        let row_sign = l.splat_word(self.row_signs[row] as u32);
        for (b, out) in out.chunks_exact_mut(LANES).enumerate() {
            let block = |of: &[i32], word: usize| -> L::Word {
                l.load_word(of[word * padded + b * LANES..][..LANES].try_into().expect("sixteen words"))
            };
            let mut n = l.splat_word(0);
            for (word, bits) in train.iter().enumerate() {
                n = l.add_word(n, count_ones(l, l.and(block(&self.columns, word), l.splat_word(*bits as u32))));
            }
            // unlike signs go up; like signs complement and add one
            let down = l.xor(l.xor(block(&self.column_signs, 0), row_sign), l.splat_word(u32::MAX));
            let signed = l.sub_word(l.xor(n, down), down);
            l.store_word(signed, out.try_into().expect("sixteen counts"));
        }
        true
    }

    fn fires(&self, j: usize) -> bool {
        let padded = self.column_signs.len();
        (0..self.words).any(|word| self.columns[word * padded + j] != 0)
    }
}

/// Counts that are products of a number of the row and one of the column, rounded.
pub(super) struct Products {
    columns: Vec<f32>,
    rows: Vec<f32>,
}

impl Counts for Products {
    #[inline(always)]
    fn fill<L: Lanes>(&self, _l: L, row: usize, out: &mut [i32]) -> bool {
        for (out, x) in out.iter_mut().zip(&self.columns) {
            *out = -(self.rows[row] * x).round() as i32;
        }
        true
    }
}

/// Counts of one direction, told as up pulses.
pub(super) struct OneWay<'a, C> {
    pub counts: &'a C,
    pub up: bool,
}

impl<C: Counts> Counts for OneWay<'_, C> {
    #[inline(always)]
    fn fill<L: Lanes>(&self, l: L, row: usize, out: &mut [i32]) -> bool {
        let any = self.counts.fill(l, row, out);
        for n in out.iter_mut().filter(|_| any) {
            *n = if self.up { *n } else { -*n }.max(0);
        }
        any
    }

    fn fires(&self, j: usize) -> bool {
        self.counts.fires(j)
    }
}

/// The pulses of an update.
pub(super) enum Update {
    Trains(Trains),
    Products(Products),
}

impl Counts for Update {
    #[inline(always)]
    fn fill<L: Lanes>(&self, l: L, row: usize, out: &mut [i32]) -> bool {
        match self {
            Self::Trains(t) => t.fill(l, row, out),
            Self::Products(p) => p.fill(l, row, out),
        }
    }

    fn fires(&self, j: usize) -> bool {
        match self {
            Self::Trains(t) => t.fires(j),
            Self::Products(p) => p.fires(j),
        }
    }
}

/// Tick of the roundings of probabilities, behind those of all slots.
const ROUNDING: u64 = (1 << 16) - 1;

/// Uniforms of the lines that an update of an array draws.
struct Line<'a> {
    array: &'a PulsedArray,
    tick: u64,
    /// Rows of the array, or its columns.
    rows: bool,
}

impl Line<'_> {
    fn uniforms(&self, slot: u64, out: &mut [f32]) {
        let element = self.array.place + if self.rows { element(0, 0, 1, 0, false, 0) } else { 0 };
        let seed = self.array.chance.seed;
        let draw = Draw { seed, domain: Domain::PulseTrain, element, tick: self.tick + slot };
        fill_uniforms_with(self.array.isa, draw, out);
    }

    /// Probabilities of a line, or its factors where they are not used as such, quantised.
    fn probabilities(&self, values: &[f32], factor: f32, res: f32, stochastic: bool) -> Vec<f32> {
        let mut u = vec![0.5; values.len()];
        if stochastic && res > 0.0 {
            self.uniforms(ROUNDING, &mut u);
        }
        let one = |(v, u): (&f32, &f32)| quantised(v.abs() * factor, res, stochastic.then_some(*u));
        values.iter().zip(&u).map(one).map(|p| p.clamp(0.0, 1.0)).collect()
    }

    /// Bits of the slots, word-major: word `k` of line `j` stands at `k·lines + j`.
    fn trains(&self, p: &[f32], length: u32) -> Vec<i32> {
        let n = p.len();
        let mut words = vec![0; n * length.div_ceil(32) as usize];
        let mut u = vec![0.0; n];
        for slot in 0..length {
            self.uniforms(u64::from(slot), &mut u);
            let to = &mut words[slot as usize / 32 * n..][..n];
            for ((to, u), p) in to.iter_mut().zip(&u).zip(p) {
                *to |= i32::from(u < p) << (slot % 32);
            }
        }
        words
    }
}

impl UpdateSpec {
    /// The pulses of an update of `array` by `-rate·d·xᵀ` in its next event.
    pub(super) fn pulses(&self, array: &PulsedArray, x: &[f32], d: &[f32], rate: f64) -> Option<Update> {
        let plan = self.plan(x, d, rate as f32, array.cell.granularity() as f32)?;
        let tick = (array.events + 1) << super::kernel::ORDINAL;
        let (columns, rows) = (Line { array, tick, rows: false }, Line { array, tick, rows: true });
        let implicit = self.pulse_type == PulseType::DeterministicImplicit;
        let [x_res, d_res] = if implicit { [self.x_res_implicit, self.d_res_implicit] } else { [self.res; 2] };
        let [x_res, d_res] = [x_res as f32, d_res as f32];
        let stochastic = self.sto_round && !implicit;
        let p = columns.probabilities(x, plan.x_factor, x_res, stochastic);
        let q = rows.probabilities(d, plan.d_factor, d_res, stochastic);
        let length = plan.length as f32;
        let signed = |v: &[f32], counts: &dyn Fn(usize) -> f32| -> Vec<f32> {
            v.iter().enumerate().map(|(i, v)| counts(i) * v.signum()).collect()
        };
        Some(match self.pulse_type {
            PulseType::MeanCount => Update::Products(Products {
                columns: signed(x, &|j| (length * p[j]).round()),
                rows: signed(d, &|i| (length * q[i]).round() / length),
            }),
            PulseType::DeterministicImplicit => {
                Update::Products(Products { columns: signed(x, &|j| length * p[j]), rows: signed(d, &|i| q[i]) })
            }
            PulseType::StochasticCompressed | PulseType::Stochastic => {
                let padded = x.len().div_ceil(CELLS) * CELLS;
                let words = plan.length.div_ceil(32) as usize;
                let [bits_x, bits_d] = [columns.trains(&p, plan.length), rows.trains(&q, plan.length)];
                let mut wide = vec![0; words * padded];
                for (to, from) in wide.chunks_exact_mut(padded).zip(bits_x.chunks_exact(x.len())) {
                    to[..x.len()].copy_from_slice(from);
                }
                let mut column_signs: Vec<i32> = x.iter().copied().map(sign).collect();
                column_signs.resize(padded, 0);
                Update::Trains(Trains {
                    columns: wide,
                    rows: (0..d.len())
                        .flat_map(|i| (0..words).map(move |k| (i, k)))
                        .map(|(i, k)| bits_d[k * d.len() + i])
                        .collect(),
                    words,
                    column_signs,
                    row_signs: d.iter().copied().map(sign).collect(),
                })
            }
        })
    }
}

impl PulsedArray {
    /// One update by `-rate·d·xᵀ`: `x` one number per column, `d` one per row, `rate` not negative. Returns the number
    /// of coincidences in the whole array.
    pub fn update(&mut self, x: &[f32], d: &[f32], rate: f64, spec: &UpdateSpec) -> u64 {
        debug_assert!([d.len(), x.len()] == self.shape());
        spec.pulses(self, x, d, rate).map_or(0, |pulses| self.apply(&pulses))
    }
}
