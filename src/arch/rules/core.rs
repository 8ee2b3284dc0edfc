//! Rules of cores: crossbars, converters, registers.

use super::Ctx;
use crate::arch::burst;
use crate::arch::file::{CoreSpec, CrossbarSpec};
use crate::circuit::converter::FullScaleSpec;
use crate::cost::{AdcKind, DacSpec};
use crate::diag::Diagnostic;
use crate::tensor::SignedInputs;
use crate::units::{Hertz, SampleRate};

/// Most crossbars of one kind in a core.
const MAX_CROSSBARS: u32 = 1024;
/// Most conversions per second of a converter, and the fastest clock of its own: as fast as a chip may be.
const MAX_RATE: f64 = 1e12;
/// Most noise of a converter in LSB: many times what the most bits it has tell apart.
const MAX_NOISE: f64 = 1e6;

/// A011, A012: the crossbars of a core exist.
pub(super) fn crossbars(ctx: &mut Ctx<'_>) {
    if ctx.file.cores.is_empty() {
        ctx.require(false, "A012", &["cores"], "no core is described", "at least one");
    }
    for (name, core) in &ctx.file.cores {
        if core.crossbars.is_empty() {
            ctx.require(false, "A012", &["cores", name, "crossbars"], "the core has no crossbar", "at least one");
        }
        for (kind, count) in &core.crossbars {
            let path = ["cores", name, "crossbars", kind];
            if !ctx.file.crossbars.contains_key(kind) {
                ctx.unknown(&path, "crossbar", kind, ctx.file.crossbars.keys());
            }
            let good = (1..=MAX_CROSSBARS).contains(count);
            ctx.require(good, "A012", &path, &format!("{count} crossbars"), &format!("1 to {MAX_CROSSBARS}"));
        }
    }
}

/// The smallest number of rows, and of columns, among the crossbars of a core; none if A013 refuses one.
fn smallest(ctx: &Ctx<'_>, core: &CoreSpec) -> Option<(u32, u32)> {
    let kinds = || core.crossbars.keys().filter_map(|k| ctx.file.crossbars.get(k));
    let (rows, cols) = (kinds().map(|k| k.rows).min()?, kinds().map(|k| k.cols).min()?);
    (rows > 0 && cols > 0).then_some((rows, cols))
}

/// A017 to A020, A028, A080, A082: DAC, sample-and-hold, ADC, shift-and-add.
pub(super) fn converters(ctx: &mut Ctx<'_>) {
    for (name, core) in &ctx.file.cores {
        let (adc, dac) = (core.adc.common(), core.dac.card());
        let kind = core.adc.kind().name();
        let at = |part: &'static str, variant: &'static str, field: &'static str| -> Vec<&str> {
            ["cores", name, part, variant, field].into_iter().filter(|p| !p.is_empty()).collect()
        };
        let message = format!("an ADC of {} bits", adc.bits);
        ctx.require((1..=16).contains(&adc.bits), "A017", &at("adc", kind, "bits"), &message, "1 to 16");
        let both = adc.per_crossbar.is_some();
        let message = if both { "a crossbar has converters, and the core too" } else { "no converter is stated" };
        let path = at("adc", kind, if both { "per_core" } else { "" });
        let good = both != adc.per_core.is_some();
        ctx.require(good, "A044", &path, message, "one of `per_crossbar` and `per_core`");
        let stated = if adc.clock.is_some() { "clock" } else { "rate" };
        let good = adc.rate.is_some() != adc.clock.is_some();
        let message = if adc.rate.is_some() { "the ADC states a rate and a clock" } else { "the ADC states no rate" };
        ctx.require(good, "A061", &at("adc", kind, stated), message, "one of `rate` and `clock`");
        let rate = adc.clock.map_or_else(|| adc.rate.map_or(0.0, SampleRate::si), Hertz::si);
        let message = match (adc.clock, adc.rate) {
            (Some(clock), _) => format!("a clock of {clock}"),
            (_, rate) => format!("a rate of {}", rate.unwrap_or_default()),
        };
        let expected =
            if adc.clock.is_some() { "above 0 Hz and at most 1 THz" } else { "above 0 S/s and at most 1 TS/s" };
        ctx.require(!good || (rate > 0.0 && rate <= MAX_RATE), "A017", &at("adc", kind, stated), &message, expected);
        let good = (0.0..=MAX_NOISE).contains(&adc.noise_lsb);
        let (message, expected) = (format!("noise of {} LSB", adc.noise_lsb), format!("0 to {MAX_NOISE} LSB"));
        ctx.require(good, "A017", &at("adc", kind, "noise_lsb"), &message, &expected);
        let share = match adc.full_scale {
            FullScaleSpec::Percentile(p) => Some(("percentile", p)),
            FullScaleSpec::Granular(p) => Some(("granular", p)),
            FullScaleSpec::Fixed(p) => Some(("fixed", p)),
            FullScaleSpec::Max | FullScaleSpec::Learned => None,
        };
        if let Some((policy, p)) = share {
            let good = p.si() > 0.0 && p.si() <= 1.0;
            let mut path = at("adc", kind, "full_scale");
            path.push(policy);
            let message = format!("{} out of range", if policy == "fixed" { "share" } else { "percentile" });
            ctx.require(good, "A026", &path, &message, "above 0 % and at most 100 %");
        }
        let activations = ctx.file.defaults.quantisation.activations;
        let message = format!("a DAC of {} bits with {activations} bit activations", dac.bits);
        let good = (1..=8).contains(&dac.bits) && dac.bits <= activations.max(1);
        let expected = format!("1 to {}", activations.clamp(1, 8));
        ctx.require(good, "A019", &at("dac", core.dac.kind(), "bits"), &message, &expected);
        if let Some((rows, cols)) = smallest(ctx, core) {
            for (field, n) in [("per_crossbar", adc.per_crossbar), ("per_core", adc.per_core)] {
                let Some(n) = n else { continue };
                let message = format!("{n} ADCs for {cols} columns");
                let good = (1..=cols).contains(&n);
                ctx.require(good, "A018", &at("adc", kind, field), &message, &format!("1 to {cols}"));
            }
            let n = dac.per_crossbar;
            let message = format!("{n} DACs for {rows} rows");
            let path = at("dac", core.dac.kind(), "per_crossbar");
            ctx.require((1..=rows).contains(&n), "A020", &path, &message, &format!("1 to {rows}"));
        }
        if dac.signed == SignedInputs::SignMagnitude {
            for kind in core.crossbars.keys() {
                let Some(encoding) = ctx.file.crossbars.get(kind).map(|k| k.weights.encoding()) else { continue };
                let how =
                    if encoding.polarities() == 2 { "subtracts pairs digitally" } else { "stores biased weights" };
                let message = format!(
                    "sign_magnitude drives lines with both signs, but crossbar `{kind}` {how}: its converters take one sign only"
                );
                let good = encoding.bipolar();
                let expected = "twos_complement or two_phase";
                ctx.require(good, "A050", &at("dac", core.dac.kind(), "signed"), &message, expected);
            }
        }
        let lengths = matches!(core.dac, DacSpec::PulseWidth(_)) && dac.signed == SignedInputs::SignMagnitude;
        let message = "a pulse has a length and no sign";
        let expected = "twos_complement or two_phase";
        ctx.require(!lengths, "A082", &at("dac", core.dac.kind(), "signed"), message, expected);
        for kind in core.crossbars.keys() {
            let counts = ctx.file.crossbars.get(kind).is_some_and(|k| k.weights.encoding().counts_digits());
            let message = format!("crossbar `{kind}` counts its input digits, and the DAC has no price for that");
            let path = at("dac", core.dac.kind(), "count");
            ctx.require(!counts || dac.count.is_some(), "A080", &path, &message, "an energy, as in `count: 2 fJ`");
        }
        let banks = core.sample_hold.banks;
        let path = at("sample_hold", "", "banks");
        ctx.require((1..=2).contains(&banks), "A028", &path, &format!("{banks} banks"), "1 or 2");
        let units = core.shift_add.units;
        let path = at("shift_add", "", "units");
        ctx.require((1..=4096).contains(&units), "A028", &path, &format!("{units} units"), "1 to 4096");
    }
}

/// A060, A062: the converter can be built, and stands where it can work.
pub(super) fn adc_models(ctx: &mut Ctx<'_>) {
    for (name, core) in &ctx.file.cores {
        let kind = core.adc.kind().name();
        // resolution and noise have rules of their own
        let model = core.adc.build();
        let deviates = core.adc.kind() == AdcKind::SenseAmp || model.as_ref().is_ok_and(|m| !m.is_ideal());
        let errors = model.err().unwrap_or_default();
        for e in errors.iter().filter(|_| (1..=16).contains(&core.adc.common().bits)) {
            let mut path = vec!["cores", name, "adc", kind];
            path.extend(e.field.split('.'));
            let d = Diagnostic::error("A060", format!("`{}`: {}", path.join("."), e.message));
            ctx.at(&path, d.label("cannot be built so").help(e.help.clone()));
        }
        if !deviates || core.adc.common().bits > 1 {
            continue;
        }
        for xbar in core.crossbars.keys() {
            let analog = |k: &CrossbarSpec| k.weights.encoding().bipolar();
            let good = !ctx.file.crossbars.get(xbar).is_some_and(analog);
            let message = format!("one bit cannot tell the sign of the pairs that crossbar `{xbar}` subtracts");
            ctx.require(
                good,
                "A062",
                &["cores", name, "adc", kind],
                &message,
                "an ADC of 2 bits or digital subtraction",
            );
        }
    }
}

/// A034 (a warning): an ADC that the clock slows down.
pub(super) fn adc_against_clock(ctx: &mut Ctx<'_>) {
    for (name, core) in ctx.file.cores.iter().filter(|(_, c)| c.adc.rate().si() > 0.0) {
        let clock = core.clock.unwrap_or(ctx.file.clock);
        let (cycles, burst) = (core.adc.latency().cycles(clock), burst(core.adc.latency(), clock));
        let (clocked, own) = (cycles as f64 / burst as f64 / clock.si(), 1.0 / core.adc.rate().si());
        if own > 0.0 && clocked > 1.1 * own {
            let stated = if core.adc.common().clock.is_some() { "clock" } else { "rate" };
            let path = ["cores", name, "adc", core.adc.kind().name(), stated];
            let rate = SampleRate(1.0 / clocked);
            let message = format!("`{}`: the clock of {clock} allows {rate} only", path.join("."));
            let takes = match burst {
                1 => format!("a conversion takes {cycles} cycles"),
                _ => format!("a cycle takes {burst} conversions"),
            };
            let help = format!("{takes}; choose a clock that divides the rate");
            ctx.at(&path, Diagnostic::warning("A034", message).label("not reached").help(help));
        }
    }
}

/// A022: the input register holds one input vector.
pub(super) fn registers(ctx: &mut Ctx<'_>) {
    for (name, core) in &ctx.file.cores {
        let bits = f64::from(ctx.file.defaults.quantisation.activations);
        let rows = core.crossbars.keys().filter_map(|k| ctx.file.crossbars.get(k)).map(|k| k.rows).max();
        let Some(rows) = rows else { continue };
        let need = (f64::from(rows) * bits / 8.0).ceil();
        let have = core.input_register.capacity.si();
        if have < need {
            let path = ["cores", name, "input_register", "capacity"];
            let message = format!("`{}`: {have} bytes do not hold the inputs of one crossbar", path.join("."));
            let d = Diagnostic::error("A022", message)
                .label(format!("at least {need} bytes"))
                .help(format!("{rows} rows of {bits} bits need {need} bytes"));
            ctx.at(&path, d);
        }
    }
}
