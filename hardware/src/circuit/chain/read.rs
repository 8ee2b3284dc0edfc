//! Batches of vectors through the chain, round after round of bound management.

use super::adc::Adc;
use super::bounds::{Round, shift};
use super::dac::Dac;
use super::ir_drop::IrDrop;
use super::options::{MvType, WeightNoise};
use super::scale::scale;
use super::series::Series;
use super::tile::{Chain, Weights};
use super::weight_noise::{Noise, Sum, Variance};
use crate::rng::{Domain, Draw, fill_normals_with, fill_uniforms_with};
use crate::simd::bytes::{Columns, Grid, Rows};
use crate::simd::{Isa, run};

/// Vectors that go through the chain together: their intermediate results stay in a second-level cache.
const CHUNK: usize = 128;

/// What reading a batch took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChainReads {
    /// Reads of the crossbar: passes of all rounds of all vectors.
    pub reads: u64,
    /// Rounds beyond the first.
    pub retries: u64,
    /// Conversions of outputs.
    pub conversions: u64,
    /// Conversions that clipped.
    pub clipped: u64,
}

/// What stays between reads: the running mean of [`super::NoiseManagement::AverageAbsMax`], which depends on the order
/// of vectors, and buffers, which nothing depends on.
#[derive(Debug, Clone, Default)]
pub struct ChainState {
    mean: Option<f32>,
    buffers: Buffers,
}

/// Buffers of a chunk, reused from round to round.
#[derive(Debug, Clone, Default)]
struct Buffers {
    /// Converted inputs of the vectors of a round (in steps, if the converter yields nothing else), those of one pass,
    /// and their magnitudes or squares.
    u: Vec<f32>,
    pass: Vec<f32>,
    even: Vec<f32>,
    y: Vec<f32>,
    second: Vec<f32>,
    /// Sums over magnitudes and along the ramp.
    magnitude: Vec<f32>,
    ramped: Vec<f32>,
    random: [Vec<f32>; 2],
    /// Inputs of a product as digits.
    digits: Rows,
}

/// Inputs of a pass.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Whole,
    Positive,
    Negative,
}

/// The elements of `from` one by one into a buffer.
fn map(from: &[f32], to: &mut Vec<f32>, f: impl Fn(f32) -> f32) {
    sized(to, from.len()).iter_mut().zip(from).for_each(|(t, v)| *t = f(*v));
}

/// The draw of uniforms beside that of normals: the planes of a round from 2 on are theirs.
fn uniform(draw: Draw) -> Draw {
    Draw { tick: draw.tick | 2, ..draw }
}

fn sized(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    buffer.resize(len.max(buffer.len()), 0.0);
    &mut buffer[..len]
}

impl Chain {
    /// Reads `x`, `[batch][inputs]`, into `out`, `[batch][outputs]`. `ticks` addresses the noise of every vector
    /// ([`crate::rng::read_tick`] of plane 0).
    ///
    /// # Panics
    /// If lengths do not belong to `ticks.len()` vectors.
    pub fn read(&self, x: &[f32], ticks: &[u64], state: &mut ChainState, out: &mut [f32]) -> ChainReads {
        assert_eq!((x.len(), out.len()), (ticks.len() * self.inputs, ticks.len() * self.outputs), "one line a vector");
        let mut done = ChainReads::default();
        let (inputs, outputs) = (CHUNK * self.inputs.max(1), CHUNK * self.outputs.max(1));
        for ((x, out), ticks) in x.chunks(inputs).zip(out.chunks_mut(outputs)).zip(ticks.chunks(CHUNK)) {
            if self.options.exact() {
                let digits = &mut state.buffers.digits;
                digits.fill(self.isa, Grid::Real, 1.0, ticks.len(), x);
                self.product(&self.weights.sums, digits, out);
                if self.options.out_scale != 1.0 {
                    out.iter_mut().for_each(|y| *y *= self.options.out_scale);
                }
                done.reads += ticks.len() as u64;
                done.conversions += out.len() as u64;
            } else {
                self.chunk(x, ticks, state, out, &mut done);
            }
        }
        done
    }

    fn chunk(&self, x: &[f32], ticks: &[u64], state: &mut ChainState, out: &mut [f32], done: &mut ChainReads) {
        let (o, b) = (&self.options, &mut state.buffers);
        let vector = |s: usize| &x[s * self.inputs..(s + 1) * self.inputs];
        let mut active: Vec<(usize, Round)> = Vec::with_capacity(ticks.len());
        for s in 0..ticks.len() {
            let scale = scale(self.isa, o, vector(s), &mut state.mean);
            if scale > 0.0 {
                active.push((s, Round::first(scale)));
            } else {
                out[s * self.outputs..(s + 1) * self.outputs].fill(0.0);
            }
        }
        let [reads, conversions] = o.passes();
        let mut round = 0;
        while !active.is_empty() {
            let rows = active.len();
            done.reads += reads * rows as u64;
            done.conversions += conversions * (rows * self.outputs) as u64;
            done.retries += if round > 0 { rows as u64 } else { 0 };
            let tick = |row: usize| ticks[active[row].0] | (round << 2);
            sized(&mut b.u, rows * self.inputs);
            for (row, (s, now)) in active.iter().enumerate() {
                let u = &mut b.u[row * self.inputs..(row + 1) * self.inputs];
                let [noise, dither] = &mut b.random;
                let draw = self.draw(Domain::Dac, tick(row));
                let noise = self.drawn(fill_normals_with, draw, (o.inp_noise > 0.0, self.inputs), noise);
                let dither = self.drawn(fill_uniforms_with, uniform(draw), (o.inp_sto_round, self.inputs), dither);
                let (whole, factor, x) = (self.steps, now.factor(), vector(*s));
                run(self.isa, Dac { options: o, whole, factor, x, dither, noise, out: u });
            }
            let len = rows * self.outputs;
            let mut outside = vec![[0; 2]; rows];
            match o.mv_type {
                MvType::PosNegSeparate | MvType::PosNegSeparateDigitalSum => {
                    let digital = o.mv_type == MvType::PosNegSeparateDigitalSum;
                    self.pass(Pass::Positive, rows, &tick, b);
                    if digital {
                        self.convert(0, &tick, b, &mut outside);
                    }
                    let mut first = std::mem::take(&mut b.second);
                    sized(&mut first, len).copy_from_slice(&b.y[..len]);
                    self.pass(Pass::Negative, rows, &tick, b);
                    if digital {
                        self.convert(1, &tick, b, &mut outside);
                    }
                    b.y.iter_mut().zip(&first).take(len).for_each(|(y, f)| *y += f);
                    b.second = first;
                    if !digital {
                        self.convert(0, &tick, b, &mut outside);
                    }
                }
                _ => {
                    self.pass(Pass::Whole, rows, &tick, b);
                    self.convert(0, &tick, b, &mut outside);
                }
            }
            for (row, (s, now)) in active.iter().enumerate() {
                let back = now.scale * now.reduction * o.out_scale;
                let y = &b.y[row * self.outputs..(row + 1) * self.outputs];
                let out = &mut out[s * self.outputs..(s + 1) * self.outputs];
                out.iter_mut().zip(y).for_each(|(o, y)| *o = y * back);
            }
            done.clipped += outside.iter().flatten().map(|c| u64::from(*c)).sum::<u64>();
            active = (active.iter().zip(&outside))
                .filter_map(|((s, now), outside)| Some((*s, now.next(self.isa, o, vector(*s), *outside)?)))
                .collect();
            round += 1;
        }
    }

    fn product(&self, columns: &Columns, digits: &Rows, out: &mut [f32]) {
        columns.product(self.isa, self.multiplier, digits, out);
    }

    /// The grid of inputs to a power, and the worth of a step on it.
    pub(super) fn grid(&self, power: i32) -> (Grid, f64) {
        match self.steps {
            Some(steps) => (Grid::Whole(steps.most.powi(power)), f64::from(steps.size).powi(power)),
            None => (Grid::Real, 1.0),
        }
    }

    fn draw(&self, domain: Domain, tick: u64) -> Draw {
        Draw { seed: self.seed, domain, element: self.element, tick }
    }

    /// Numbers of a tick by a law of the generator, if wanted.
    fn drawn<'a>(
        &self,
        law: fn(Isa, Draw, &mut [f32]),
        draw: Draw,
        (wanted, count): (bool, usize),
        buffer: &'a mut Vec<f32>,
    ) -> Option<&'a [f32]> {
        wanted.then(|| {
            let to = sized(buffer, count);
            law(self.isa, draw, to);
            &*to
        })
    }

    /// One read of the crossbar for the vectors of a round: from `b.u` to `b.y`, before the converters.
    fn pass(&self, pass: Pass, rows: usize, tick: &dyn Fn(usize) -> u64, b: &mut Buffers) {
        let o = &self.options;
        let (inputs, outputs) = (self.inputs, self.outputs);
        let len = rows * inputs;
        let weights: &Weights = match (pass, &self.negative) {
            (Pass::Negative, Some(negative)) => negative,
            _ => &self.weights,
        };
        let u = match pass {
            Pass::Whole => &b.u,
            Pass::Positive => {
                map(&b.u[..len], &mut b.pass, |u| u.max(0.0));
                &b.pass
            }
            Pass::Negative => {
                map(&b.u[..len], &mut b.pass, |u| u.min(0.0));
                &b.pass
            }
        };
        let u = &u[..len];
        let unit = self.steps.map_or(1.0, |s| s.size);
        let (linear, square) = (self.grid(1), self.grid(2));
        let line = |all: &[f32], row: usize| row * (all.len() / rows)..(row + 1) * (all.len() / rows);
        let y = sized(&mut b.y, rows * outputs);
        b.digits.fill(self.isa, linear.0, linear.1, rows, u);
        self.product(&weights.sums, &b.digits, y);
        if let (Some(magnitudes), Some(ramped)) = (&weights.magnitudes, &weights.ramped) {
            let along = sized(&mut b.ramped, rows * outputs);
            self.product(ramped, &b.digits, along);
            map(u, &mut b.even, f32::abs);
            b.digits.fill(self.isa, linear.0, linear.1, rows, &b.even[..len]);
            let magnitude = sized(&mut b.magnitude, rows * outputs);
            self.product(magnitudes, &b.digits, magnitude);
            let (strength, load) = (o.ir_drop, inputs as f32 / o.ir_drop_g_ratio);
            run(self.isa, IrDrop { strength, load, magnitude, ramped: along, y });
        }
        if let Some(offset) = &self.offset {
            for row in 0..rows {
                let sum = run(self.isa, Sum { values: &u[line(u, row)], squared: false });
                let erased = -o.v_offset_w_min * (unit * sum);
                let at = line(y, row);
                run(self.isa, Series { resistance: o.r_series, erased, offset, y: &mut y[at] });
            }
        }
        if o.w_noise > 0.0 && o.w_noise_type != WeightNoise::None {
            if o.w_noise_type == WeightNoise::PcmRead
                && let Some(magnitudes) = &weights.magnitudes
            {
                map(u, &mut b.even, |u| u * u);
                b.digits.fill(self.isa, square.0, square.1, rows, &b.even[..len]);
                let magnitude = sized(&mut b.magnitude, rows * outputs);
                self.product(magnitudes, &b.digits, magnitude);
            }
            let plane = u64::from(pass == Pass::Negative);
            for row in 0..rows {
                let at = line(y, row);
                let normals = sized(&mut b.random[0], outputs);
                fill_normals_with(self.isa, self.draw(Domain::Read, tick(row) | plane), normals);
                let variance = match o.w_noise_type {
                    WeightNoise::PcmRead => Variance::Columns(&b.magnitude[at.clone()]),
                    _ => {
                        let sum = run(self.isa, Sum { values: &u[line(u, row)], squared: true });
                        Variance::Same(unit * unit * sum)
                    }
                };
                run(self.isa, Noise { strength: o.w_noise, variance, normals, y: &mut y[at] });
            }
        }
    }

    /// Converts the outputs of a round in place and counts those outside the range.
    fn convert(&self, plane: u64, tick: &dyn Fn(usize) -> u64, b: &mut Buffers, outside: &mut [[u32; 2]]) {
        let o = &self.options;
        let outputs = self.outputs;
        for (row, outside) in outside.iter_mut().enumerate() {
            let y = &mut b.y[row * outputs..(row + 1) * outputs];
            let [normals, dither] = &mut b.random;
            let draw = self.draw(Domain::AdcThermal, tick(row) | plane);
            let normals = self.drawn(fill_normals_with, draw, (o.out_noise > 0.0, outputs), normals);
            let dither = self.drawn(fill_uniforms_with, uniform(draw), (o.out_sto_round, outputs), dither);
            shift(o, y);
            let normals = normals.unwrap_or_default();
            let found = run(self.isa, Adc { options: o, columns: &self.columns, normals, dither, y });
            outside.iter_mut().zip(found).for_each(|(o, f)| *o += f);
        }
    }
}
