//! Named cells: fits of step laws to published devices. The numbers are those of the ten device presets of PyPI
//! aihwkit 1.1.0 (IBM, MIT licence), which names the papers of the data; defaults of [`PulsedCell`] hold where a
//! preset says nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConstantStep, ExpStep, LinearStep, PulsedCell, SoftBoundsReference, StepSpec};

/// A cell by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PulsedPreset {
    /// Resistive memory, exponential step: Gong and others, Nature Communications 2018,
    /// doi:10.1038/s41467-018-04485-1.
    ReramEs,
    /// Resistive memory, soft bounds, zero at the symmetry point: a loose fit of the same data.
    #[default]
    ReramSb,
    /// Array of resistive memory of optimised material: Gong, Rasch and others, IEDM 2022,
    /// doi:10.1109/IEDM45625.2022.10019569.
    ReramArrayOm,
    /// Array of resistive memory of hafnium oxide, same paper.
    ReramArrayHfo2,
    /// Capacitor with leakage: Li and others, VLSI 2018, doi:10.1109/VLSIT.2018.8510648.
    Capacitor,
    /// Lithium electrochemical memory: Tang and others, IEDM 2018, doi:10.1109/IEDM.2018.8614551.
    Ecram,
    /// Metal-oxide electrochemical memory: Kim and others, IEDM 2019, doi:10.1109/IEDM19573.2019.8993463.
    EcramMo,
    /// Ten thousand even steps: Rasch, Gokmen and Haensch 2019, arXiv:1906.02698.
    Idealized,
    /// The specification of Gokmen and Vlasov 2016, doi:10.3389/fnins.2016.00333.
    GokmenVlasov,
    /// Phase-change memory, up pulses only in use: Nandakumar and others 2020, doi:10.3389/fnins.2020.00406.
    Pcm,
}

impl PulsedPreset {
    /// Every preset.
    pub const ALL: [Self; 10] = [
        Self::ReramEs,
        Self::ReramSb,
        Self::ReramArrayOm,
        Self::ReramArrayHfo2,
        Self::Capacitor,
        Self::Ecram,
        Self::EcramMo,
        Self::Idealized,
        Self::GokmenVlasov,
        Self::Pcm,
    ];

    /// The numbers of the cell.
    #[must_use]
    pub fn cell(self) -> PulsedCell {
        match self {
            Self::ReramEs => PulsedCell {
                dw_min: 0.00135,
                dw_min_dtod: 0.2,
                dw_min_std: 5.0,
                up_down: 0.259_359,
                up_down_dtod: 0.05,
                write_noise_std: 75.0,
                step: StepSpec::ExpStep(ExpStep {
                    a_up: -1.18445,
                    a_down: -0.081_404,
                    gamma_up: 5.0,
                    gamma_down: 5.0,
                    a: -0.5,
                    b: -0.5,
                    ..ExpStep::default()
                }),
                ..window(-1.0, 1.0, 0.3, 0.3)
            },
            Self::ReramSb => PulsedCell {
                dw_min: 0.002,
                dw_min_std: 3.75,
                write_noise_std: 56.0,
                step: StepSpec::SoftBoundsReference(SoftBoundsReference::default()),
                ..window(-0.75, 1.25, 0.4, 0.24)
            },
            Self::ReramArrayOm => {
                PulsedCell { dw_min_std: 0.4158, ..array([0.5695, 0.3499], [0.0949, 0.7829], 1.4113) }
            }
            Self::ReramArrayHfo2 => {
                PulsedCell { dw_min_std: 0.2174, ..array([0.599, 0.4295], [0.4622, 0.7125], 0.5841) }
            }
            Self::Capacitor => PulsedCell {
                dw_min: 0.005,
                dw_min_dtod: 0.1,
                up_down_dtod: 0.06,
                lifetime: 1e6,
                lifetime_dtod: 0.3,
                step: linear(0.05, 0.05, 0.01, false),
                ..window(-1.0, 1.0, 0.07, 0.07)
            },
            Self::Ecram => PulsedCell {
                dw_min: 0.002,
                dw_min_dtod: 0.1,
                step: linear(0.1153, 0.5085, 0.05, true),
                ..window(-0.8276, 1.1724, 0.05, 0.05)
            },
            Self::EcramMo => PulsedCell {
                dw_min: 0.000_282_14,
                dw_min_dtod: 0.1,
                dw_min_std: 2.0,
                step: linear(0.4152, 0.7342, 0.05, true),
                ..window(-0.8286, 1.1714, 0.05, 0.05)
            },
            Self::Idealized => PulsedCell { dw_min: 0.0002, up_down_dtod: 0.0, ..window(-1.0, 1.0, 0.3, 0.3) },
            Self::GokmenVlasov => PulsedCell { dw_min: 0.0016, ..window(-1.0, 1.0, 0.3, 0.3) },
            Self::Pcm => PulsedCell {
                dw_min: 0.01,
                dw_min_dtod: 0.2,
                dw_min_std: 0.6,
                up_down_dtod: 0.05,
                reset: 0.01,
                reset_dtod: 0.02,
                step: StepSpec::ExpStep(ExpStep {
                    a_up: -27.235,
                    a_down: -2.235,
                    gamma_up: 2.5,
                    gamma_down: 2.5,
                    a: -1.0,
                    b: 0.0,
                    dw_min_std_add: 0.042,
                    dw_min_std_slope: 0.108,
                }),
                ..window(0.0, 2.0, 0.0, 0.1)
            },
        }
    }
}

/// A cell with these mean bounds and spreads of them, constant steps.
fn window(w_min: f64, w_max: f64, w_min_dtod: f64, w_max_dtod: f64) -> PulsedCell {
    PulsedCell {
        w_min,
        w_max,
        w_min_dtod,
        w_max_dtod,
        step: StepSpec::ConstantStep(ConstantStep::default()),
        ..PulsedCell::default()
    }
}

/// Linear steps with the slopes up and down.
fn linear(gamma_up: f64, gamma_down: f64, dtod: f64, mult_noise: bool) -> StepSpec {
    StepSpec::LinearStep(LinearStep {
        gamma_up,
        gamma_up_dtod: dtod,
        gamma_down,
        gamma_down_dtod: dtod,
        mult_noise,
        ..LinearStep::default()
    })
}

/// A measured array beside its reference: spreads of the least and greatest weight, step and its spread, write noise.
fn array([w_min_dtod, w_max_dtod]: [f64; 2], [dw_min, dw_min_dtod]: [f64; 2], write_noise_std: f64) -> PulsedCell {
    PulsedCell {
        dw_min,
        dw_min_dtod,
        dw_min_dtod_log_normal: true,
        write_noise_std,
        corrupt_devices_range: 0.01,
        step: StepSpec::SoftBoundsReference(SoftBoundsReference {
            reference_std: 0.05,
            subtract_symmetry_point: true,
            ..SoftBoundsReference::default()
        }),
        ..window(-1.0, 1.0, w_min_dtod, w_max_dtod)
    }
}
