//! The weights of a crossbar behind an analog chain, laid out for its products, and what is drawn for it once.

use super::adc::AdcColumns;
use super::dac::Steps;
use super::ir_drop::ramp;
use super::options::{ChainOptions, MvType, WeightNoise};
use crate::rng::{Domain, Draw};
use crate::simd::Isa;
use crate::simd::bytes::{Columns, Grid, Multiplier};

/// A crossbar with its analog chain.
#[derive(Debug, Clone)]
pub struct Chain {
    pub(super) options: ChainOptions,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Weights that inputs meet, and those that negative inputs meet in a pass of their own if these differ.
    pub(super) weights: Weights,
    pub(super) negative: Option<Box<Weights>>,
    pub(super) columns: AdcColumns,
    /// Voltage offset of every column, if there is an offset or a series resistance.
    pub(super) offset: Option<Vec<f32>>,
    pub(super) seed: u64,
    pub(super) element: u64,
    pub(super) isa: Isa,
    pub(super) multiplier: Multiplier,
    /// What inputs are counted in, if the input converter yields whole steps.
    pub(super) steps: Option<Steps>,
}

/// Right-hand sides of the products of a pass.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    pub sums: Columns,
    /// `|w|`, where noise or wires ask for it.
    pub magnitudes: Option<Columns>,
    /// `w · ramp`, where wires ask for it.
    pub ramped: Option<Columns>,
}

impl Weights {
    fn new(isa: Isa, o: &ChainOptions, weights: &[f32], size: [usize; 2]) -> Self {
        let pack = |w: &[f32]| Columns::new(isa, w, size);
        let wires = o.ir_drop > 0.0;
        let pcm = o.w_noise > 0.0 && o.w_noise_type == WeightNoise::PcmRead;
        let magnitudes = || pack(&weights.iter().map(|w| w.abs()).collect::<Vec<_>>());
        let ramped = || {
            let line: Vec<f32> = ramp(size[1]).collect();
            pack(&weights.iter().zip(line.iter().cycle()).map(|(w, r)| w * r).collect::<Vec<_>>())
        };
        let analog = !o.exact();
        Self {
            sums: pack(weights),
            magnitudes: (analog && (wires || pcm)).then(magnitudes),
            ramped: (analog && wires).then(ramped),
        }
    }
}

impl Chain {
    /// Programs `weights`, `[outputs][inputs]`, exactly. `element` addresses the first cell of the crossbar
    /// ([`crate::rng::element`] with its first row and column); all draws of the chain descend from it.
    ///
    /// # Panics
    /// If the weights do not fill `outputs × inputs`, or there are more than [`crate::simd::bytes::MAX_DEPTH`] inputs.
    #[must_use]
    pub fn new(
        isa: Isa,
        options: &ChainOptions,
        weights: &[f32],
        [outputs, inputs]: [usize; 2],
        seed: u64,
        element: u64,
    ) -> Self {
        assert_eq!(weights.len(), outputs * inputs, "one weight for every output and input");
        let o = options;
        // fields of an address: the column from bit 12 on, the row from bit 28 on
        let at = |row: usize, column: usize| element + ((row as u64) << 28) + ((column as u64) << 12);
        let column = |tick: u64| {
            (0..outputs).map(move |c| {
                let draw = Draw { seed, domain: Domain::AdcMismatch, element: at(0, c), tick };
                draw.normal(0) as f32
            })
        };
        let spread = |nominal: f32, std: f32, tick: u64| -> Vec<f32> {
            if std > 0.0 {
                column(tick).map(|z| (nominal * (1.0 + std * z)).abs()).collect()
            } else {
                vec![nominal.abs(); outputs]
            }
        };
        let noise = if o.out_noise > 0.0 { spread(o.out_noise, o.out_noise_std, 0) } else { vec![] };
        let saturation = if o.out_nonlinearity == 0.0 {
            vec![]
        } else {
            spread(o.out_nonlinearity / o.out_bound, o.out_nonlinearity_std, 1)
        };
        let mean = saturation.iter().sum::<f32>() / saturation.len().max(1) as f32;
        let slope = 1.0 + (mean + o.r_series) * o.slope_calibration * o.out_bound.max(0.0);
        let offset = || match o.v_offset_std > 0.0 {
            true => column(2).map(|z| (o.v_offset_std * z).max(0.0)).collect(),
            false => vec![0.0; outputs],
        };
        let two = matches!(o.mv_type, MvType::PosNegSeparate | MvType::PosNegSeparateDigitalSum);
        let negative = || {
            let uneven = weights.iter().enumerate().map(|(i, w)| {
                let element = at(i % inputs, i / inputs);
                let draw = Draw { seed, domain: Domain::DeviceToDevice, element, tick: 0 };
                w * (1.0 + o.w_read_asymmetry_dtod * draw.normal(0) as f32)
            });
            Box::new(Weights::new(isa, o, &uneven.collect::<Vec<_>>(), [outputs, inputs]))
        };
        Self {
            options: *o,
            inputs,
            outputs,
            weights: Weights::new(isa, o, weights, [outputs, inputs]),
            negative: (two && o.w_read_asymmetry_dtod > 0.0).then(negative),
            columns: AdcColumns { saturation, gain: slope * slope, noise },
            offset: (o.r_series > 0.0 || o.v_offset_std > 0.0).then(offset),
            seed,
            element,
            isa,
            multiplier: Multiplier::best(isa),
            steps: Steps::of(o),
        }
    }

    /// The same with products taken by other instructions; its results are the same to the bit.
    #[must_use]
    pub fn multiplied_by(self, multiplier: Multiplier) -> Self {
        Self { multiplier, ..self }
    }

    /// Products of bytes that a read takes for each weight: those of the sums, and of what noise and wires ask for.
    #[must_use]
    pub fn byte_products(&self) -> usize {
        let o = &self.options;
        let Weights { sums, magnitudes, ramped } = &self.weights;
        if o.exact() {
            return sums.byte_products(Grid::Real.digits());
        }
        let [linear, square] = [1, 2].map(|power| self.grid(power).0.digits());
        let of = |columns: &Option<Columns>, digits| columns.as_ref().map_or(0, |c| c.byte_products(digits));
        let wires = if ramped.is_some() { of(magnitudes, linear) + of(ramped, linear) } else { 0 };
        let pcm = o.w_noise > 0.0 && o.w_noise_type == WeightNoise::PcmRead;
        let noise = if pcm { of(magnitudes, square) } else { 0 };
        o.passes()[0] as usize * (sums.byte_products(linear) + wires + noise)
    }

    /// Outputs and inputs.
    #[must_use]
    pub const fn size(&self) -> [usize; 2] {
        [self.outputs, self.inputs]
    }
}
