//! Settings of the analog chain, under the names that users of aihwkit know from its `IOParameters`.
//!
//! Names, meanings and defaults are those of aihwkit 1.1.0 (Rasch et al., AICAS 2021,
//! doi:10.1109/AICAS51828.2021.9458494). Signals are dimensionless: inputs in units of the converter's range,
//! outputs in units of weight × input. `mv_type`s of its time-stepped tile are not here; `shift` is described in its
//! manual, but 1.1.0 does not offer it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::device::SpecError;

/// How the inputs of a vector are scaled before they are converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoiseManagement {
    /// Not at all.
    None,
    /// By the largest magnitude of the vector, at most `nm_thres` if that is above 0.
    #[default]
    AbsMax,
    /// By the largest element, at most `nm_thres` if that is above 0.
    Max,
    /// By `nm_thres`; not at all if that is 0.
    Constant,
    /// By a running mean of largest magnitudes, from vector to vector.
    AverageAbsMax,
    /// By so much that a column of weights of 0.6 would just not leave the range of the outputs.
    AbsMaxNpSum,
}

/// What happens to a vector some of whose outputs left the range of the converter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BoundManagement {
    /// Nothing.
    None,
    /// It is read again with inputs of half the size, again and again.
    #[default]
    Iterative,
    /// It is read again with the scale of `abs_max_np_sum`, then with halves of it.
    IterativeWorstCase,
    /// All outputs are shifted down so that the largest is at the bound.
    Shift,
}

/// How a product is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MvType {
    /// Exactly.
    Ideal,
    /// In one read.
    #[default]
    OnePass,
    /// Positive and negative inputs in two reads, added before the converter.
    PosNegSeparate,
    /// Positive and negative inputs in two reads, each converted.
    PosNegSeparateDigitalSum,
}

/// Noise of the weights at every read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WeightNoise {
    /// None.
    #[default]
    None,
    /// The same standard deviation `w_noise` for every weight.
    AdditiveConstant,
    /// Standard deviation `w_noise · √|w|`, as read noise of phase-change memory.
    PcmRead,
}

/// The chain from a digital vector through converters and crossbar to a digital vector.
///
/// A resolution `r` above 1 is a number of steps, up to 1 a fraction of the full range, and 0 or less none at all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChainOptions {
    /// An exact product; of all else only `out_scale` counts.
    pub is_perfect: bool,
    /// How the product is taken.
    pub mv_type: MvType,
    /// Largest magnitude that the input converter yields; 0 or less is no bound.
    pub inp_bound: f32,
    /// Resolution of the input converter.
    pub inp_res: f32,
    /// Whether the input converter rounds stochastically.
    pub inp_sto_round: bool,
    /// Standard deviation of noise added to every input.
    pub inp_noise: f32,
    /// Share by which negative inputs are smaller.
    pub inp_asymmetry: f32,
    /// How inputs are scaled.
    pub noise_management: NoiseManagement,
    /// Largest scale of `noise_management`, or the scale itself.
    pub nm_thres: f32,
    /// Strength of the noise of the weights.
    pub w_noise: f32,
    /// Kind of the noise of the weights.
    pub w_noise_type: WeightNoise,
    /// Relative spread of a weight when read with negative inputs (two-pass `mv_type`s only), drawn once.
    pub w_read_asymmetry_dtod: f32,
    /// Strength of the voltage drop along columns; 0 is none, 1 as estimated from `ir_drop_g_ratio`.
    pub ir_drop: f32,
    /// Conductance of a wire segment over the largest conductance of a cell.
    pub ir_drop_g_ratio: f32,
    /// Series resistance of a column in units of 1 / output.
    pub r_series: f32,
    /// Spread of the voltage offset of a column, drawn once; columns with a negative draw have none.
    pub v_offset_std: f32,
    /// Weight of an erased cell, whose current the offset and the series resistance meet.
    pub v_offset_w_min: f32,
    /// Saturation of the output: `y / (1 + |η y|)` with `η = out_nonlinearity / out_bound`.
    pub out_nonlinearity: f32,
    /// Relative spread of `η` from column to column, drawn once.
    pub out_nonlinearity_std: f32,
    /// Share of the saturation that a global gain makes up for.
    pub slope_calibration: f32,
    /// Share by which negative outputs are smaller.
    pub out_asymmetry: f32,
    /// Standard deviation of noise added to every output.
    pub out_noise: f32,
    /// Relative spread of `out_noise` from column to column, drawn once.
    pub out_noise_std: f32,
    /// Resolution of the output converter.
    pub out_res: f32,
    /// Whether the output converter rounds stochastically.
    pub out_sto_round: bool,
    /// Largest magnitude of the output converter; 0 or less is no bound.
    pub out_bound: f32,
    /// Factor on the digital result.
    pub out_scale: f32,
    /// What happens when outputs leave the range.
    pub bound_management: BoundManagement,
    /// Iterations end once inputs are smaller by more than this factor.
    pub max_bm_factor: f32,
    /// Iterations end once inputs are smaller by more than this many input steps.
    pub max_bm_res: f32,
    /// Whether outputs below the range count as well.
    pub bm_test_negative_bound: bool,
}

impl Default for ChainOptions {
    fn default() -> Self {
        Self {
            is_perfect: false,
            mv_type: MvType::OnePass,
            inp_bound: 1.0,
            inp_res: 1.0 / 126.0,
            inp_sto_round: false,
            inp_noise: 0.0,
            inp_asymmetry: 0.0,
            noise_management: NoiseManagement::AbsMax,
            nm_thres: 0.0,
            w_noise: 0.0,
            w_noise_type: WeightNoise::None,
            w_read_asymmetry_dtod: 0.0,
            ir_drop: 0.0,
            // 5 µS cells between segments of 0.35 Ω
            ir_drop_g_ratio: 571_428.6,
            r_series: 0.0,
            v_offset_std: 0.0,
            v_offset_w_min: -1.0,
            out_nonlinearity: 0.0,
            out_nonlinearity_std: 0.0,
            slope_calibration: 0.0,
            out_asymmetry: 0.0,
            out_noise: 0.06,
            out_noise_std: 0.0,
            out_res: 1.0 / 510.0,
            out_sto_round: false,
            out_bound: 12.0,
            out_scale: 1.0,
            bound_management: BoundManagement::Iterative,
            max_bm_factor: 1000.0,
            max_bm_res: 0.25,
            bm_test_negative_bound: true,
        }
    }
}

/// Step of a converter of resolution `res` and bound `bound`; `None` rounds nothing.
pub(super) fn step(res: f32, bound: f32) -> Option<f32> {
    let fraction = if res > 1.0 { 1.0 / res } else { res };
    (fraction > 0.0 && bound > 0.0).then_some(fraction * 2.0 * bound)
}

impl ChainOptions {
    /// Whether nothing but `out_scale` stands between a product and its result.
    #[must_use]
    pub fn exact(&self) -> bool {
        self.is_perfect || self.mv_type == MvType::Ideal
    }

    /// Reads of the crossbar and conversions of a column for one round.
    #[must_use]
    pub const fn passes(&self) -> [u64; 2] {
        match self.mv_type {
            MvType::PosNegSeparate => [2, 1],
            MvType::PosNegSeparateDigitalSum => [2, 2],
            _ => [1, 1],
        }
    }

    /// Every setting that has no meaning.
    #[must_use]
    pub fn check(&self) -> Vec<SpecError> {
        let mut found = Vec::new();
        let mut error = |field: &str, message: String, help: &str| {
            found.push(SpecError { field: field.into(), message, help: help.into() });
        };
        let amounts = [
            ("inp_noise", self.inp_noise),
            ("w_noise", self.w_noise),
            ("w_read_asymmetry_dtod", self.w_read_asymmetry_dtod),
            ("ir_drop", self.ir_drop),
            ("r_series", self.r_series),
            ("v_offset_std", self.v_offset_std),
            ("out_nonlinearity_std", self.out_nonlinearity_std),
            ("out_noise", self.out_noise),
            ("out_noise_std", self.out_noise_std),
            ("nm_thres", self.nm_thres),
        ];
        for (field, value) in amounts.into_iter().filter(|(_, v)| !(v.is_finite() && *v >= 0.0)) {
            error(field, format!("{value} is not a number of 0 or more"), "0 switches it off");
        }
        for (field, value) in [("inp_asymmetry", self.inp_asymmetry), ("out_asymmetry", self.out_asymmetry)] {
            if value.is_nan() || value.abs() >= 1.0 {
                error(field, format!("{value} is not a share between -1 and 1"), "0 switches it off");
            }
        }
        for (res, bound, r, b) in [
            ("inp_res", "inp_bound", self.inp_res, self.inp_bound),
            ("out_res", "out_bound", self.out_res, self.out_bound),
        ] {
            if !r.is_finite() || !b.is_finite() || (r > 0.0 && b <= 0.0) {
                error(res, format!("a resolution of {r} with `{bound}: {b}`"), "a converter with steps needs a range");
            }
        }
        if self.noise_management != NoiseManagement::None && self.inp_bound > 0.0 && self.inp_bound != 1.0 {
            let text = format!("{} together with noise management", self.inp_bound);
            error("inp_bound", text, "inputs are scaled to 1: write `inp_bound: 1` or `noise_management: none`");
        }
        if self.out_nonlinearity != 0.0 && self.out_bound <= 0.0 {
            error("out_nonlinearity", "it has no measure without `out_bound`".into(), "give `out_bound`");
        }
        if self.ir_drop_g_ratio.is_nan() || self.ir_drop_g_ratio <= 0.0 {
            error("ir_drop_g_ratio", format!("{} is not above 0", self.ir_drop_g_ratio), "for instance 571428.57");
        }
        // every round has its own draws, and there are addresses for sixteen
        if !(self.max_bm_factor >= 1.0 && self.max_bm_factor <= 8192.0) {
            let text = format!("{} is not between 1 and 8192", self.max_bm_factor);
            error("max_bm_factor", text, "aihwkit's default is 1000");
        }
        found
    }
}

/// Settings whose time or energy on a chip is not known here: field, why not, what instead. The running mean of
/// `average_abs_max` would make results depend on the order of samples.
#[must_use]
pub fn not_on_chips(chain: &ChainOptions) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut found = Vec::new();
    if !matches!(chain.noise_management, NoiseManagement::None | NoiseManagement::AbsMax | NoiseManagement::Constant) {
        found.push(("noise_management", "it has no law of energy here", "`none`, `abs_max` or `constant`"));
    }
    if !matches!(chain.bound_management, BoundManagement::None | BoundManagement::Iterative) {
        found.push(("bound_management", "it has no law of energy here", "`none` or `iterative`"));
    }
    if chain.mv_type == MvType::PosNegSeparate {
        found.push(("mv_type", "two reads for one conversion have no timing", "`pos_neg_separate_digital_sum`"));
    }
    found
}
