//! What a converter costs where the arch file does not say: a scaling law through published converters.
//!
//! Energy of a conversion, all power counted: `E(N) = E₀·2^(s·N)`. The slope `s` is fitted where the points have
//! three resolutions or more; otherwise it is 1, the figure of merit of Walden (IEEE JSAC 1999,
//! doi:10.1109/49.761034: energy for each of `2^N` steps is constant). Fits are least squares of `log₂ E`.
//! Above 10 bits thermal noise rules and every bit costs four times the energy (figure of merit of
//! Schreier; Murmann, *The race for the extra decibel*, IEEE SSC Magazine 2015, doi:10.1109/MSSC.2015.2442393).
//! Faster than the fastest point, energy grows with the rate.
//!
//! Area: an SAR is half capacitors (twice with each bit), half comparator and logic (in proportion to bits);
//! a counting converter is in proportion to its bits. Both are fitted at the bits of their points.
//!
//! A number is *covered* if resolution and rate lie among those of its kind's points; everything else,
//! and every kind without points of its own, is assumed ([`Estimate::assumed`]).

use super::{AdcKind, Price, Source};
use crate::units::{Joule, SampleRate, SquareMicron, Watt};

/// A published converter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitPoint {
    /// Its kind.
    pub kind: AdcKind,
    /// Resolution.
    pub bits: u8,
    /// Conversions per second.
    pub rate: f64,
    /// Joule for one conversion, static power included; none if not published for itself.
    pub energy: Option<f64>,
    /// Square microns of one converter.
    pub area: Option<f64>,
    /// Publication and how the number follows from it.
    pub source: &'static str,
}

const JIA: &str = "Jia et al., JSSC 2020, doi:10.1109/JSSC.2020.2987714: 256 SAR ADCs of 8 bit, 65 nm; energy of one conversion of all (Table I), area (Fig. 11), one conversion in 54 cycles";
const WAN: &str = "Wan et al., Nature 2022, doi:10.1038/s41586-022-04992-8: 256 integrating neurons, 130 nm; neuron operation and control of one product (Fig. 12b of CiMLoop's transcription), 0.3 us for each of 2^(N-1) steps";

const fn wan(bits: u8, nanojoule: f64) -> FitPoint {
    let (rate, energy) = (1.0 / (0.3e-6 * (1u32 << (bits - 1)) as f64), Some(nanojoule * 1e-9 / 256.0));
    let area = if bits == 8 { Some(325_120.0 / 256.0) } else { None };
    FitPoint { kind: AdcKind::Ramp, bits, rate, energy, area, source: WAN }
}

/// The converters that the law goes through. PUMA's simulator has ISAAC's converter with a power in proportion
/// to bits, which is a law and no measurement, and is left out; so is the energy of Wang et al., of which
/// it is not published how many conversions it covers.
pub const POINTS: &[FitPoint] = &[
    FitPoint {
        kind: AdcKind::Sar,
        bits: 8,
        rate: 1.28e9,
        energy: Some(2e-3 / 1.28e9),
        area: Some(1200.0),
        source: "Shafiee et al., ISCA 2016 (ISAAC), doi:10.1109/ISCA.2016.12: 2 mW, 1.28 GS/s, 0.0012 mm2, 32 nm (table as recalled and re-added)",
    },
    FitPoint {
        kind: AdcKind::Sar,
        bits: 8,
        rate: 1.0 / 1.35e-6,
        energy: Some(458.24e-12 / 256.0),
        area: Some(497_000.0 / 256.0),
        source: JIA,
    },
    // the same chip at 1.2 V, where it is (1.2/0.85)^2.66 = 2.50 times as fast
    FitPoint {
        kind: AdcKind::Sar,
        bits: 8,
        rate: 2.5 / 1.35e-6,
        energy: Some(911.36e-12 / 256.0),
        area: None,
        source: JIA,
    },
    FitPoint {
        kind: AdcKind::Sar,
        bits: 8,
        rate: 1.0 / 6.9e-9,
        energy: None,
        area: Some(16_120.0 / 16.0),
        source: "Wang et al., VLSI 2022: 16 ADCs of 8 bit, 22 nm, area",
    },
    wan(3, 0.695_906_127_052_8),
    wan(4, 0.811_777_505_361_92),
    wan(5, 1.318_470_590_136_32),
    wan(6, 1.907_649_223_065_6),
    wan(7, 2.897_469_955_768_32),
    wan(8, 3.439_514_118_389_76),
];

/// `log₂` of the energy of a conversion in pJ is `intercept + slope·N`; see the test for the fit.
struct EnergyLaw {
    intercept: f64,
    slope: f64,
}

/// Fitted through the SAR points.
const SAR: EnergyLaw = EnergyLaw { intercept: -6.894_77, slope: 1.0 };
/// Fitted through the ramp points.
const RAMP: EnergyLaw = EnergyLaw { intercept: -0.157_30, slope: 0.501_89 };
/// Square microns of an SAR of 8 bits: geometric mean of the points, 22 to 65 nm.
const SAR_AREA: f64 = 1329.0;
/// Square microns of a counting converter of 8 bits.
const RAMP_AREA: f64 = 1270.0;
/// Resolution from which thermal noise rules.
const THERMAL: f64 = 10.0;
/// Static share of a converter's power: PUMA (ASPLOS 2019) splits ISAAC's power 90 to 10.
pub const STATIC_SHARE: f64 = 0.1;

/// A cost by the law.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate<T> {
    /// The number.
    pub value: T,
    /// Why it is more than the points say, if so.
    pub assumed: Option<String>,
}

impl<T> Estimate<T> {
    /// The number as a price.
    #[must_use]
    pub fn price(self) -> Price<T> {
        let source = match self.assumed {
            None => Source::Cited(
                "scaling law through the converters of Shafiee 2016, Jia 2020, Wang 2022 and Wan 2022".into(),
            ),
            Some(why) => Source::Assumed(why),
        };
        Price { value: self.value, source }
    }
    fn map<U>(self, f: impl FnOnce(T) -> U) -> Estimate<U> {
        Estimate { value: f(self.value), assumed: self.assumed }
    }
}

/// Energy of one conversion, its static power at full rate included.
#[must_use]
pub fn energy(kind: AdcKind, bits: u8, rate: SampleRate) -> Estimate<Joule> {
    let law = if counting(kind) { RAMP } else { SAR };
    let n = f64::from(bits);
    let thermal = (n - THERMAL).max(0.0) * (2.0 - law.slope);
    let fastest = points(kind).map(|p| p.rate).fold(0.0, f64::max);
    let speed = (rate.si() / fastest).max(1.0);
    let picojoule = (law.intercept + law.slope * n + thermal).exp2() * speed;
    Estimate { value: Joule(picojoule * 1e-12), assumed: beyond(kind, bits, rate, |p| p.energy.is_some()) }
}

/// Energy that is charged to a conversion.
#[must_use]
pub fn convert(kind: AdcKind, bits: u8, rate: SampleRate) -> Estimate<Joule> {
    energy(kind, bits, rate).map(|e| e * (1.0 - STATIC_SHARE))
}

/// Static power of one converter.
#[must_use]
pub fn leakage(kind: AdcKind, bits: u8, rate: SampleRate) -> Estimate<Watt> {
    energy(kind, bits, rate).map(|e| Watt(STATIC_SHARE * e.0 * rate.si()))
}

/// Area of one converter.
#[must_use]
pub fn area(kind: AdcKind, bits: u8, rate: SampleRate) -> Estimate<SquareMicron> {
    let n = f64::from(bits);
    let (slice, doubling) = (SAR_AREA / 16.0, (n - 8.0).exp2());
    let value = match kind {
        AdcKind::Sar => slice * (n + 8.0 * doubling),
        // a comparator, or a stage with comparators and capacitors, as half or all of an SAR's bit
        AdcKind::Flash => slice * ((n).exp2() - 1.0),
        AdcKind::SenseAmp => slice,
        AdcKind::Pipeline => 2.0 * slice * n,
        AdcKind::Cyclic => 4.0 * slice,
        AdcKind::SigmaDelta => 4.0 * slice + RAMP_AREA * n / 8.0,
        AdcKind::Ramp | AdcKind::Oscillator => RAMP_AREA * n / 8.0,
    };
    Estimate { value: SquareMicron(value), assumed: beyond(kind, bits, rate, |p| p.area.is_some()) }
}

/// Kinds that count steps of a slope or cycles; their costs follow the ramp's points.
const fn counting(kind: AdcKind) -> bool {
    matches!(kind, AdcKind::Ramp | AdcKind::Oscillator)
}

/// Points of the family of a kind.
fn points(kind: AdcKind) -> impl Iterator<Item = &'static FitPoint> {
    POINTS.iter().filter(move |p| counting(p.kind) == counting(kind))
}

/// What the points with the number in question leave open.
fn beyond(kind: AdcKind, bits: u8, rate: SampleRate, has: impl Fn(&FitPoint) -> bool) -> Option<String> {
    let own: Vec<&FitPoint> = POINTS.iter().filter(|p| p.kind == kind && has(p)).collect();
    if own.is_empty() {
        let family = if counting(kind) { "counting" } else { "SAR" };
        return Some(format!("scaling law of {family} converters, taken over for {}", kind.name()));
    }
    let (low, high) = own.iter().fold((u8::MAX, 0), |(l, h), p| (l.min(p.bits), h.max(p.bits)));
    let (slow, fast) = own.iter().fold((f64::MAX, 0.0f64), |(l, h), p| (l.min(p.rate), h.max(p.rate)));
    let inside = (low..=high).contains(&bits) && rate.si() >= slow * 0.999 && rate.si() <= fast * 1.001;
    (!inside).then(|| {
        let (slow, fast) = (SampleRate(slow), SampleRate(fast));
        format!("scaling law beyond its points ({low} to {high} bits, {slow} to {fast})")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Least squares of `log₂ y` on `N`; the slope is 1 where all points have one resolution.
    fn fit(points: &[(u8, f64)]) -> (f64, f64) {
        let n = points.len() as f64;
        let mean = |f: &dyn Fn(&(u8, f64)) -> f64| points.iter().map(f).sum::<f64>() / n;
        let (x, y) = (mean(&|p| f64::from(p.0)), mean(&|p| p.1.log2()));
        let xx = mean(&|p| (f64::from(p.0) - x).powi(2));
        let xy = mean(&|p| (f64::from(p.0) - x) * (p.1.log2() - y));
        let slope = if xx > 0.0 { xy / xx } else { 1.0 };
        (y - slope * x, slope)
    }

    fn energies(kind: AdcKind) -> Vec<(u8, f64)> {
        POINTS.iter().filter(|p| p.kind == kind).filter_map(|p| Some((p.bits, p.energy? * 1e12))).collect()
    }

    #[test]
    fn coefficients_are_the_fit_of_the_points() {
        for (kind, law) in [(AdcKind::Sar, SAR), (AdcKind::Ramp, RAMP)] {
            let (intercept, slope) = fit(&energies(kind));
            assert!((law.intercept - intercept).abs() < 1e-4, "{}: intercept {intercept}", kind.name());
            assert!((law.slope - slope).abs() < 1e-4, "{}: slope {slope}", kind.name());
            // scatter of the points about the law
            for (bits, e) in energies(kind) {
                let law = (law.intercept + law.slope * f64::from(bits)).exp2();
                assert!((e / law).log2().abs() < 0.8, "{} {bits} bits: {e} pJ, law {law}", kind.name());
            }
        }
        for (kind, area) in [(AdcKind::Sar, SAR_AREA), (AdcKind::Ramp, RAMP_AREA)] {
            let areas: Vec<f64> = POINTS.iter().filter(|p| p.kind == kind).filter_map(|p| p.area).collect();
            let mean = areas.iter().map(|a| a.ln()).sum::<f64>() / areas.len() as f64;
            assert!((mean.exp() / area - 1.0).abs() < 1e-4, "{}: {}", kind.name(), mean.exp());
        }
    }

    #[test]
    fn only_what_the_points_cover_is_cited() {
        let at = |kind, bits, rate| energy(kind, bits, SampleRate(rate)).assumed;
        assert_eq!(at(AdcKind::Sar, 8, 1e9), None);
        assert_eq!(at(AdcKind::Ramp, 5, 1e5), None);
        for (kind, bits, rate) in
            [(AdcKind::Sar, 9, 1e9), (AdcKind::Sar, 8, 2e9), (AdcKind::Flash, 8, 1e9), (AdcKind::Ramp, 10, 1e5)]
        {
            assert!(at(kind, bits, rate).is_some(), "{} {bits} {rate}", kind.name());
        }
        assert!(!area(AdcKind::Sar, 8, SampleRate(1e9)).price().source.is_assumed());
    }

    #[test]
    fn thermal_noise_quadruples_and_speed_costs() {
        let of = |bits, rate| energy(AdcKind::Sar, bits, SampleRate(rate)).value.0;
        assert!((of(10, 1e6) / of(9, 1e6) - 2.0).abs() < 1e-12);
        assert!((of(12, 1e6) / of(11, 1e6) - 4.0).abs() < 1e-12);
        assert!((of(8, 2.56e9) / of(8, 1.28e9) - 2.0).abs() < 1e-12);
        let all = energy(AdcKind::Sar, 8, SampleRate(1e9)).value.0;
        let parts =
            convert(AdcKind::Sar, 8, SampleRate(1e9)).value.0 + leakage(AdcKind::Sar, 8, SampleRate(1e9)).value.0 / 1e9;
        assert!((parts / all - 1.0).abs() < 1e-12);
        assert!((area(AdcKind::Sar, 8, SampleRate(1e9)).value.0 - SAR_AREA).abs() < 1e-9);
    }
}
