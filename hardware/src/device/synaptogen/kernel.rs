//! Sixteen cells at once in single precision: what [`super::Cell`] does, with masks in place of branches.

use super::cell::Model;
use super::parameters::FEATURES;
use crate::rng::{Domain, key, normals_of16};
use crate::simd::functions::{exp2, ln};
use crate::simd::{LANES, Vectors};

/// One number for each of sixteen cells.
pub(super) type Plane = [f32; LANES];

/// What a pulse that switches nothing looks at: a cell is set by `u <= set` and reset by `u > reset`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds {
    /// SET voltage; -∞ in LRS.
    pub set: Plane,
    /// RESET threshold; +∞ in HRS.
    pub reset: Plane,
}

/// The rest of sixteen cells, but for their analogue state and their history.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub(super) struct Block {
    pub mean: [Plane; FEATURES],
    pub deviation: [Plane; FEATURES],
    pub features: [Plane; FEATURES],
    pub threshold: Plane,
    pub a: Plane,
    pub c: Plane,
    pub cycle: [i32; LANES],
    /// Place of the newest latent vectors in the ring of the history.
    pub head: usize,
}

/// Where the normals of a new cycle come from.
pub(super) trait Innovations: Sync {
    /// Four normals of each cell of block `block` for the cycles `cycles`.
    fn next<V: Vectors>(&self, l: V, block: usize, cycles: V::Word) -> [V::Float; FEATURES];
}

/// Addressed draws: a function of seed, cell and cycle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addressed {
    key: [u32; 2],
    /// Address of the first cell of the array.
    first: u64,
}

impl Addressed {
    pub fn new(seed: u64, first: u64) -> Self {
        Self { key: key(seed, Domain::GenerativeInnovation), first }
    }
}

impl Innovations for Addressed {
    #[inline(always)]
    fn next<V: Vectors>(&self, l: V, block: usize, cycles: V::Word) -> [V::Float; FEATURES] {
        normals_of16(l, self.key, self.first + (block * LANES) as u64, cycles, 0)
    }
}

/// The model in single precision.
#[derive(Debug, Clone)]
pub(super) struct Kernel {
    u_max: f32,
    eta: f32,
    g_low: f32,
    /// `1/(G_L - G_H)`.
    inverse_span: f32,
    /// `I_L`, and `I_H - I_L`, highest power first.
    low: Vec<f32>,
    difference: Vec<f32>,
    gamma: [[f32; 5]; FEATURES],
    innovation: [[f32; FEATURES]; FEATURES],
    lags: Vec<[[f32; FEATURES]; FEATURES]>,
}

#[inline(always)]
fn polynomial<V: Vectors>(l: V, coefficients: &[f32], x: V::Float) -> V::Float {
    let mut value = l.splat(0.0);
    for c in coefficients {
        value = l.add(l.mul(value, x), l.splat(*c));
    }
    value
}

impl Kernel {
    pub fn new(model: &Model) -> Self {
        let p = &model.parameters;
        // both from the same power on
        let longest = p.low.len().max(p.high.len());
        let aligned = |c: &[f64]| [vec![0.0; longest - c.len()], c.to_vec()].concat();
        let (low, high) = (aligned(&p.low), aligned(&p.high));
        Self {
            u_max: p.u_max.0 as f32,
            eta: p.eta as f32,
            g_low: model.conduction.g_low as f32,
            inverse_span: (1.0 / (model.conduction.g_low - model.conduction.g_high)) as f32,
            difference: low.iter().zip(&high).map(|(l, h)| (h - l) as f32).collect(),
            low: low.iter().map(|c| *c as f32).collect(),
            gamma: p.gamma.map(|row| row.map(|c| c as f32)),
            innovation: p.innovation.map(|row| row.map(|c| c as f32)),
            lags: p.lags.iter().map(|a| a.map(|row| row.map(|c| c as f32))).collect(),
        }
    }

    pub fn order(&self) -> usize {
        self.lags.len()
    }

    #[inline(always)]
    pub fn current<V: Vectors>(&self, l: V, r: V::Float, u: V::Float) -> V::Float {
        l.add(polynomial(l, &self.low, u), l.mul(r, polynomial(l, &self.difference, u)))
    }

    #[inline(always)]
    fn state_of_resistance<V: Vectors>(&self, l: V, resistance: V::Float) -> V::Float {
        let g = l.div(l.splat(1.0), resistance);
        l.mul(l.sub(l.splat(self.g_low), g), l.splat(self.inverse_span))
    }

    /// State of `10^y` ohm.
    #[inline(always)]
    fn state_of_logarithm<V: Vectors>(&self, l: V, y: V::Float) -> V::Float {
        self.state_of_resistance(l, exp2(l, l.mul(y, l.splat(std::f32::consts::LOG2_10))))
    }

    /// `|U_max - u|^η`.
    #[inline(always)]
    fn distance<V: Vectors>(&self, l: V, u: V::Float) -> V::Float {
        let d = l.sub(l.splat(self.u_max), u);
        let logarithm = ln(l, l.max(d, l.sub(l.splat(0.0), d)));
        exp2(l, l.mul(logarithm, l.splat(self.eta * std::f32::consts::LOG2_E)))
    }

    /// Draws the next cycle of the cells of `mask`: pushes their latent vectors and renews their features.
    #[inline(always)]
    fn draw<V: Vectors>(
        &self,
        l: V,
        mask: u16,
        e: [V::Float; FEATURES],
        block: &mut Block,
        history: &mut [[Plane; FEATURES]],
    ) {
        let mut x = [l.splat(0.0); FEATURES];
        for (i, (x, row)) in x.iter_mut().zip(&self.innovation).enumerate() {
            for (e, factor) in e.into_iter().zip(row).take(i + 1) {
                *x = l.add(*x, l.mul(e, l.splat(*factor)));
            }
        }
        let (newer, older) = history.split_at(block.head);
        for (a, past) in self.lags.iter().zip(older.iter().chain(newer)) {
            let past = [l.load(&past[0]), l.load(&past[1]), l.load(&past[2]), l.load(&past[3])];
            for i in 0..FEATURES {
                for j in 0..FEATURES {
                    x[i] = l.add(x[i], l.mul(past[j], l.splat(a[i][j])));
                }
            }
        }
        let order = history.len();
        if mask == u16::MAX {
            block.head = if block.head == 0 { order - 1 } else { block.head - 1 };
        } else {
            // the others keep their history: only the cells of the mask move on by one place
            for lag in (1..order).rev() {
                let (from, to) = ((block.head + lag - 1) % order, (block.head + lag) % order);
                let source = history[from];
                for (from, to) in source.iter().zip(&mut history[to]) {
                    l.store(l.select(mask, l.load(from), l.load(to)), to);
                }
            }
        }
        let newest = &mut history[block.head];
        for j in 0..FEATURES {
            l.store(l.select(mask, x[j], l.load(&newest[j])), &mut newest[j]);
            let g = polynomial(l, &self.gamma[j], x[j]);
            let y = l.add(l.load(&block.mean[j]), l.mul(l.load(&block.deviation[j]), g));
            l.store(l.select(mask, y, l.load(&block.features[j])), &mut block.features[j]);
        }
    }

    /// New cells in HRS from their numbers in `block` and the innovations of cycle 0.
    #[inline(always)]
    pub fn create<V: Vectors>(
        &self,
        l: V,
        e: [V::Float; FEATURES],
        block: &mut Block,
        history: &mut [[Plane; FEATURES]],
    ) -> (Thresholds, Plane) {
        self.draw(l, u16::MAX, e, block, history);
        block.threshold = block.features[3];
        let mut r = [0.0; LANES];
        l.store(self.state_of_logarithm(l, l.load(&block.features[0])), &mut r);
        (Thresholds { set: block.features[1], reset: [f32::INFINITY; LANES] }, r)
    }

    /// Switches the cells of `set` and `reset`, masks of the state before the pulse of voltage `u`. Returns the cells
    /// that began a cycle.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "the parts of a block live in arrays of their own")]
    pub fn switch<V: Vectors>(
        &self,
        l: V,
        source: &impl Innovations,
        number: usize,
        u: V::Float,
        [set, reset]: [u16; 2],
        thresholds: &mut Thresholds,
        state: &mut Plane,
        block: &mut Block,
        history: &mut [[Plane; FEATURES]],
    ) -> u16 {
        let in_low = l.less_equal(l.load(&thresholds.set), l.splat(f32::NEG_INFINITY));
        let in_high = l.greater(l.load(&thresholds.reset), l.splat(f32::MAX));
        let full = reset & l.less_equal(l.splat(self.u_max), u);
        let (partial, draw) = (reset & !full, reset & in_low);
        let mut r = l.load(state);
        let mut threshold = l.load(&block.threshold);
        if set != 0 {
            r = l.select(set, self.state_of_resistance(l, l.load(&block.features[2])), r);
            threshold = l.select(set, l.load(&block.features[3]), threshold);
        }
        if draw != 0 {
            let one = l.add_word(l.load_word(&block.cycle), l.splat_word(1));
            let cycles = l.select(draw, l.float_of_bits(one), l.float_of_bits(l.load_word(&block.cycle)));
            l.store_word(l.bits_of_float(cycles), &mut block.cycle);
            self.draw(l, draw, source.next(l, number, l.bits_of_float(cycles)), block, history);
        }
        let high = self.state_of_logarithm(l, l.load(&block.features[0]));
        let begin = draw & !full;
        if begin != 0 {
            let old = self.current(l, r, threshold);
            let new = self.current(l, high, l.splat(self.u_max));
            let a = l.div(l.sub(old, new), self.distance(l, threshold));
            l.store(l.select(begin, a, l.load(&block.a)), &mut block.a);
            l.store(l.select(begin, new, l.load(&block.c)), &mut block.c);
        }
        threshold = l.select(reset, u, threshold);
        if partial != 0 {
            let current = l.add(l.mul(l.load(&block.a), self.distance(l, u)), l.load(&block.c));
            let above = l.sub(current, polynomial(l, &self.low, u));
            r = l.select(partial, l.div(above, polynomial(l, &self.difference, u)), r);
        }
        r = l.select(full, high, r);
        l.store(r, state);
        l.store(threshold, &mut block.threshold);
        let (low, high) = ((in_low | set) & !reset, (in_high & !set) | full);
        l.store(l.select(low, l.splat(f32::NEG_INFINITY), l.load(&block.features[1])), &mut thresholds.set);
        l.store(l.select(high, l.splat(f32::INFINITY), threshold), &mut thresholds.reset);
        draw
    }
}
