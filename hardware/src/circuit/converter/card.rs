//! What an arch file says of a converter, and the table of kinds: card → checks → built object.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Converter, Cyclic, Flash, FlashMismatch, Instance, Oscillator, OscillatorPhase, Pipeline, Ramp, RampMismatch, Sar,
    SarMismatch, SenseAmp, SigmaDelta, StageMismatch, Transfer,
};
use crate::cost::{Action, AdcKind, Part, PartKind, Provenance, adc_law};
use crate::device::{Checks, SpecError};
use crate::units::{Hertz, Joule, Latency, SampleRate, Second, Share, SquareMicron, Watt};

/// How the input range of an ADC is chosen.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum FullScaleSpec {
    /// The largest sum that can occur.
    Max,
    /// A percentile of the absolute column sums seen on the calibration samples.
    Percentile(Share),
    /// A share of what all rows driven at once could give with cells of the highest level and the largest
    /// digit, whatever the network.
    Fixed(Share),
    /// That whole range halved as often as it still covers the given percentile of the sums seen.
    Granular(Share),
    /// The range that makes the mean squared error of the conversions of the calibration samples least.
    Learned,
}

/// For what an input range is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FullScalePer {
    /// For each slice of weights of each layer.
    #[default]
    Slice,
    /// For each layer, the same for its slices.
    Layer,
}

/// What all kinds of converters state.
#[derive(Debug, Clone, Copy)]
pub struct Common<'a> {
    /// Resolution in bits.
    pub bits: u8,
    /// Converters of each crossbar.
    pub per_crossbar: Option<u32>,
    /// Converters that serve all crossbars of a core.
    pub per_core: Option<u32>,
    /// Conversions per second.
    pub rate: Option<SampleRate>,
    /// Clock of the converter itself.
    pub clock: Option<Hertz>,
    /// Energy of one conversion.
    pub convert: Option<Joule>,
    /// Rms noise in LSB.
    pub noise_lsb: f64,
    /// Spread of the offset in LSB.
    pub offset_lsb: f64,
    /// Input range.
    pub full_scale: FullScaleSpec,
    /// What shares a range.
    pub full_scale_per: FullScalePer,
    /// Static power.
    pub leakage: Option<Watt>,
    /// Area.
    pub area: Option<SquareMicron>,
    /// Source and assumptions.
    pub provenance: Provenance<'a>,
}

/// Declares the cards: the entries that all kinds share, and each kind's own.
macro_rules! cards {
    ($($(#[$doc:meta])* $kind:ident $card:ident { $($(#[$own:meta])* $field:ident: $type:ty,)* })+) => {
        /// Analog-to-digital converters of the columns.
        #[derive(Debug, Clone, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "snake_case")]
        pub enum AdcSpec {
            $($(#[$doc])* $kind($card),)+
        }

        $($(#[$doc])*
        #[derive(Debug, Clone, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $card {
            /// Resolution in bits, sign included where the subtraction is analog.
            pub bits: u8,
            /// Converters of each crossbar.
            #[serde(default)]
            pub per_crossbar: Option<u32>,
            /// Instead of `per_crossbar`: converters that serve all crossbars of a core, one read of one crossbar after
            /// the other.
            #[serde(default)]
            pub per_core: Option<u32>,
            /// Conversions per second of one converter; one conversion takes a whole number of cycles of the core's
            /// clock, or, where the converter is faster than that, a cycle takes a whole number of conversions.
            #[serde(default)]
            pub rate: Option<SampleRate>,
            /// Instead of `rate`: the converter's own clock, of which a conversion takes as many cycles as its
            /// kind needs.
            #[serde(default)]
            pub clock: Option<Hertz>,
            /// Energy of one conversion; default: the scaling law.
            #[serde(default)]
            pub convert: Option<Joule>,
            /// Rms input-referred noise in LSB.
            pub noise_lsb: f64,
            /// Standard deviation of the static offset between converters in LSB; default 0.
            #[serde(default)]
            pub offset_lsb: f64,
            /// Input range.
            pub full_scale: FullScaleSpec,
            /// Whether the slices of a layer have ranges of their own; default `slice`.
            #[serde(default)]
            pub full_scale_per: FullScalePer,
            /// Static power of one converter; default: the scaling law.
            #[serde(default)]
            pub leakage: Option<Watt>,
            /// Area of one converter; default: the scaling law.
            #[serde(default)]
            pub area: Option<SquareMicron>,
            /// Where the constants come from, or `assumed: reason`.
            pub source: String,
            /// Constants that the source does not cover.
            #[serde(default)]
            pub assumed: Vec<String>,
            $($(#[$own])* pub $field: $type,)*
        })+

        impl AdcSpec {
            /// Kind of the converter.
            #[must_use]
            pub const fn kind(&self) -> AdcKind {
                match self { $(Self::$kind(_) => AdcKind::$kind,)+ }
            }
            /// What all kinds state.
            #[must_use]
            pub fn common(&self) -> Common<'_> {
                match self {
                    $(Self::$kind(c) => Common {
                        bits: c.bits,
                        per_crossbar: c.per_crossbar,
                        per_core: c.per_core,
                        rate: c.rate,
                        clock: c.clock,
                        convert: c.convert,
                        noise_lsb: c.noise_lsb,
                        offset_lsb: c.offset_lsb,
                        full_scale: c.full_scale,
                        full_scale_per: c.full_scale_per,
                        leakage: c.leakage,
                        area: c.area,
                        provenance: Provenance { source: &c.source, assumed: &c.assumed },
                    },)+
                }
            }
        }
    };
}

cards! {
    /// Successive approximation: as many comparisons one after the other as bits.
    Sar SarAdc {
        /// Spread of the capacitors; default none.
        #[serde(default)]
        mismatch: SarMismatch,
    }
    /// Flash: a comparator for each transition, one cycle.
    Flash FlashAdc {
        /// Spread of ladder and comparators; default none.
        #[serde(default)]
        mismatch: FlashMismatch,
    }
    /// Single slope: as many cycles as codes.
    Ramp RampAdc {
        /// Deviations of the ramp; default none.
        #[serde(default)]
        mismatch: RampMismatch,
        /// Whether the ramp of a round of conversions ends as soon as every comparator of the crossbar has fired,
        /// instead of after as many steps as codes.
        #[serde(default)]
        early_stop: bool,
    }
    /// Pipeline of 1.5-bit stages: a code each cycle.
    Pipeline PipelineAdc {
        /// Deviations of the stages; default none.
        #[serde(default)]
        mismatch: StageMismatch,
    }
    /// One 1.5-bit stage used again for each bit.
    Cyclic CyclicAdc {
        /// Deviations of the stage; default none.
        #[serde(default)]
        mismatch: StageMismatch,
    }
    /// Current-controlled oscillator and counter: as many cycles as codes.
    Oscillator OscillatorAdc {
        /// Deviations of the oscillator; default none.
        #[serde(default)]
        mismatch: OscillatorMismatch,
        /// Where the phase stands when a conversion begins; default `reset`.
        #[serde(default)]
        phase: OscillatorPhase,
    }
    /// Sigma-delta: as many cycles as the modulator takes samples for a code.
    SigmaDelta SigmaDeltaAdc {
        /// Integrators of the modulator, 1 or 2.
        order: u8,
        /// Samples of the modulator for each code.
        osr: u32,
        /// Levels of the modulator's quantiser; default 2.
        #[serde(default = "two")]
        levels: u32,
    }
    /// Sense amplifier: one comparison, 1 bit.
    SenseAmp SenseAmpAdc {}
}

const fn two() -> u32 {
    2
}

/// Deviations of an oscillator.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OscillatorMismatch {
    /// Standard deviation of the gain between converters.
    pub gain: Share,
    /// Height of the bend of frequency over current at mid-scale in LSB, equal for all converters.
    pub bow_lsb: f64,
    /// Standard deviation of the phase that noise gathers in a conversion, in cycles (LSB).
    pub phase_noise: f64,
}

/// A converter as it is built into a chip.
#[derive(Debug, Clone)]
pub struct AdcModel {
    /// Its behaviour.
    pub converter: Arc<dyn Converter>,
    /// Standard deviation of the static offset in LSB.
    pub offset_lsb: f64,
    /// Rms noise that the card states, in LSB.
    pub noise_lsb: f64,
}

impl PartialEq for AdcModel {
    /// Converters are equal if all their parameters are, which is what they show of themselves.
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

impl AdcModel {
    /// A converter that deviates by nothing but noise.
    #[must_use]
    pub fn ideal(bits: u8, noise_lsb: f64) -> Self {
        Self { converter: Arc::new(Sar::new(bits, SarMismatch::default())), offset_lsb: 0.0, noise_lsb }
    }
    /// Whether every instance has the ideal transfer.
    #[must_use]
    pub fn is_ideal(&self) -> bool {
        self.offset_lsb == 0.0 && self.converter.is_ideal()
    }
    /// Rms noise of a conversion in LSB: that of the card and that of the principle.
    #[must_use]
    pub fn noise(&self) -> f64 {
        match self.converter.noise() {
            0.0 => self.noise_lsb,
            own => self.noise_lsb.hypot(own),
        }
    }
    /// Transfer of an instance, offset included.
    #[must_use]
    pub fn transfer(&self, instance: Instance) -> Transfer {
        let transfer = self.converter.transfer(instance);
        if self.offset_lsb == 0.0 { transfer } else { transfer.shifted(self.offset_lsb * instance.offset()) }
    }
}

impl AdcSpec {
    /// Time of one conversion: between two of the same converter.
    #[must_use]
    pub fn latency(&self) -> Latency {
        Latency::Time(Second(1.0 / self.rate().si()))
    }

    /// Time from sampling to the code beyond that of one conversion: the stages of a pipeline that are behind.
    #[must_use]
    pub fn fill(&self) -> Latency {
        let cycles = self.kind().cycles(self.common().bits.min(32), 1);
        match self.kind() {
            AdcKind::Pipeline => Latency::Time(Second((cycles.latency - cycles.interval) as f64 / self.rate().si())),
            _ => Latency::Cycles(0),
        }
    }

    /// Whether a conversion ends when its code is known.
    #[must_use]
    pub const fn early_stop(&self) -> bool {
        matches!(self, Self::Ramp(RampAdc { early_stop: true, .. }))
    }

    /// Conversions per second, as stated or by the converter's own clock; 0 if nothing is stated.
    #[must_use]
    pub fn rate(&self) -> SampleRate {
        let common = self.common();
        let osr = if let Self::SigmaDelta(c) = self { c.osr } else { 1 };
        let cycles = self.kind().cycles(common.bits.min(32), osr).interval as f64;
        common.rate.unwrap_or_else(|| SampleRate(common.clock.map_or(0.0, Hertz::si) / cycles))
    }

    /// Checks the card and builds the converter. Resolution and rate are not among what is checked.
    ///
    /// # Errors
    /// Every entry that is out of its range.
    pub fn build(&self) -> Result<AdcModel, Vec<SpecError>> {
        let mut checks = Checks::default();
        let Common { bits, offset_lsb, noise_lsb, .. } = self.common();
        checks.not_negative("offset_lsb", offset_lsb);
        let converter: Arc<dyn Converter> = match self {
            Self::Sar(c) => {
                checks.within("mismatch.capacitor", c.mismatch.capacitor.si(), 0.0, 1.0);
                Arc::new(Sar::new(bits, c.mismatch))
            }
            Self::Flash(c) => {
                checks.within("mismatch.resistor", c.mismatch.resistor.si(), 0.0, 1.0);
                checks.not_negative("mismatch.comparator_lsb", c.mismatch.comparator_lsb);
                Arc::new(Flash::new(bits, c.mismatch))
            }
            Self::Ramp(c) => {
                checks.within("mismatch.step", c.mismatch.step.si(), 0.0, 1.0);
                checks.within("mismatch.slope", c.mismatch.slope.si(), 0.0, 0.5);
                let most = (f64::from(bits) - 3.0).exp2();
                checks.within("mismatch.bow_lsb", c.mismatch.bow_lsb, -most, most);
                Arc::new(Ramp::new(bits, c.mismatch))
            }
            Self::Pipeline(c) => {
                stages(&mut checks, &c.mismatch);
                Arc::new(Pipeline::new(bits, c.mismatch))
            }
            Self::Cyclic(c) => {
                stages(&mut checks, &c.mismatch);
                Arc::new(Cyclic::new(bits, c.mismatch))
            }
            Self::Oscillator(c) => {
                let OscillatorMismatch { gain, bow_lsb, phase_noise } = c.mismatch;
                checks.within("mismatch.gain", gain.si(), 0.0, 0.5);
                // the frequency must rise with the current
                let most = (f64::from(bits) - 3.0).exp2();
                checks.within("mismatch.bow_lsb", bow_lsb, -most, most);
                checks.not_negative("mismatch.phase_noise", phase_noise);
                Arc::new(Oscillator { bits, gain, bow_lsb, phase_noise, phase: c.phase })
            }
            Self::SigmaDelta(c) => {
                checks.within("order", f64::from(c.order), 1.0, 2.0);
                checks.within("osr", f64::from(c.osr), 2.0, 1_048_576.0);
                checks.within("levels", f64::from(c.levels), 2.0, 257.0);
                Arc::new(SigmaDelta { bits, order: c.order, osr: c.osr, levels: c.levels, leak: 1.0 })
            }
            Self::SenseAmp(_) => {
                checks.within("bits", f64::from(bits), 1.0, 1.0);
                Arc::new(SenseAmp)
            }
        };
        checks.finish(|| AdcModel { converter, offset_lsb, noise_lsb })
    }

    /// Prices of one converter, `count` of them in a core: as stated, else by the scaling law.
    #[must_use]
    pub fn part(&self, count: usize) -> Part {
        let (kind, rate, c) = (self.kind(), self.rate(), self.common());
        let by_law = |field, law: fn(AdcKind, u8, SampleRate) -> adc_law::Estimate<Joule>| match c.convert {
            Some(value) => c.provenance.price(field, value),
            None => law(kind, c.bits, rate).price(),
        };
        Part {
            kind: PartKind::Adc,
            count,
            gating: None,
            energy: vec![(Action::Convert, by_law(Action::Convert.name(), adc_law::convert))],
            leakage: c.leakage.map_or_else(
                || adc_law::leakage(kind, c.bits, rate).price(),
                |value| c.provenance.price("leakage", value),
            ),
            area: c
                .area
                .map_or_else(|| adc_law::area(kind, c.bits, rate).price(), |value| c.provenance.price("area", value)),
        }
    }
}

fn stages(checks: &mut Checks, mismatch: &StageMismatch) {
    checks.within("mismatch.capacitor", mismatch.capacitor.si(), 0.0, 0.3);
    checks.within("mismatch.comparator", mismatch.comparator.si(), 0.0, 0.5);
    if let Some(gain) = mismatch.amplifier_gain {
        checks.within("mismatch.amplifier_gain", gain, 4.0, 1e12);
    }
}
