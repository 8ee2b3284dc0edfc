//! Rules of noise and deviations at the edges of crossbars.

use super::Ctx;
use crate::circuit::chain::not_on_chips;
use crate::circuit::{Flicker, Pace, Telegraph};
use crate::cost::DacSpec;
use crate::device::DeviceSpec;
use crate::device::laws::TrapSpec;
use crate::units::{Hertz, Second};

/// A083: the card of the cell has thermal and shot noise already.
pub(super) fn twice(ctx: &mut Ctx<'_>) {
    for (name, spec) in &ctx.file.crossbars {
        let own = matches!(ctx.file.devices.get(&spec.device), Some(DeviceSpec::HfOx(_) | DeviceSpec::Synaptogen(_)));
        let twice = own && (spec.noise.thermal || spec.noise.shot);
        let message = format!("the card of device `{}` has thermal and shot noise of its own", spec.device);
        ctx.require(!twice, "A083", &["crossbars", name, "noise"], &message, "no such noise of the crossbar");
    }
}

/// A084: slow noise that has a law.
pub(super) fn slow(ctx: &mut Ctx<'_>) {
    for (name, spec) in &ctx.file.crossbars {
        let (n, read) = (spec.noise, spec.t_read.0);
        let at = |field| ["crossbars", name.as_str(), "noise", field];
        if (n.flicker.is_some() || n.telegraph.is_some()) && n.hold.0 <= 2.0 * read {
            let help = "of the order of the time of an inference";
            ctx.require(false, "A084", &at("hold"), "`hold` is not above two read times", help);
            continue;
        }
        if let Some(f) = n.flicker {
            let good = f.from.0 > 0.0 && f.from.0 * n.hold.0 <= 1.0;
            ctx.require(good, "A084", &at("flicker"), "`from` is not between 0 and 1 / hold", "for instance `1 Hz`");
            let law = Flicker { density: f.density, from: f.from };
            // beyond that relative fluctuations are not small, and conductances turn negative
            let good = f.density >= 0.0 && law.variance(f.from, Hertz(0.5 / read)) <= 0.04;
            let message = "1/f noise of a cell is not between 0 and 20 % rms";
            ctx.require(good, "A084", &at("flicker"), message, "lower `density`");
        }
        if let Some(t) = n.telegraph {
            let shares = [t.share, t.amplitude].iter().all(|s| (0.0..=1.0).contains(&s.0)) && t.amplitude.0 < 1.0;
            let times = t.capture.0 > 0.0 && t.emission.0 > 0.0;
            ctx.require(shares, "A084", &at("telegraph"), "a share is out of range", "`amplitude` below 100 %");
            ctx.require(times, "A084", &at("telegraph"), "a mean time is not positive", "more than 0 s");
            let trap = TrapSpec { capture: t.capture, emission: t.emission, amplitude: t.amplitude };
            let trap = Telegraph { share: t.share, trap };
            if times && trap.pace(n.hold, spec.t_read) == Pace::Between {
                let [low, high] = [Second(0.01 * read), Second(10.0 * n.hold.0)];
                let message = format!(
                    "telegraph noise with a correlation time of {} neither stands still during a run nor averages out within a read",
                    trap.tau()
                );
                let help = format!("traps slower than {high} or faster than {low}; `hold` says how long a run is");
                ctx.require(false, "A084", &at("telegraph"), &message, &help);
            }
        }
    }
}

/// A086: an analog chain that a chip can have.
pub(super) fn chains(ctx: &mut Ctx<'_>) {
    for (name, core) in &ctx.file.cores {
        let Some(chain) = &core.chain else { continue };
        let at = |field| ["cores", name.as_str(), "chain", field];
        for e in chain.check() {
            let field = e.field.clone();
            ctx.require(false, "A086", &["cores", name, "chain", &field], &e.message, &e.help);
        }
        for (field, message, instead) in not_on_chips(chain) {
            ctx.require(false, "A086", &at(field), message, instead);
        }
        let (dac, adc) = (core.dac.card().bits, core.adc.common().bits);
        for (field, res, part, bits) in [("inp_res", chain.inp_res, "DAC", dac), ("out_res", chain.out_res, "ADC", adc)]
        {
            let steps = if res > 1.0 { res } else { 1.0 / res };
            let good = res <= 0.0 || steps < (1u64 << bits.min(40)) as f32;
            let message = format!("{steps} steps are more than the {part} of {bits} bits has");
            ctx.require(good, "A086", &at(field), &message, "at most 2^bits - 1 steps");
        }
        let twice = chain.ir_drop > 0.0
            && core.crossbars.keys().filter_map(|k| ctx.file.crossbars.get(k)).any(|x| x.wires.is_some());
        ctx.require(!twice, "A086", &at("ir_drop"), "the crossbars have exact `wires` already", "one of the two");
        let noisy = core.crossbars.keys().filter_map(|k| ctx.file.crossbars.get(k));
        let noisy = noisy.into_iter().any(|x| x.noise.thermal || x.noise.shot);
        let message = "thermal and shot noise of crossbars do not reach a chain";
        ctx.require(!noisy, "A086", &["cores", name, "chain"], message, "`out_noise` or `w_noise` in their place");
        ctx.require(
            core.adc.build().is_ok_and(|m| m.is_ideal()) && core.dac.card().mismatch.is_none(),
            "A086",
            &["cores", name, "chain"],
            "deviations of the DAC's or the ADC's card do not reach a chain",
            "converters without `mismatch`",
        );
        let path = ["cores", name, "adc", core.adc.kind().name(), "early_stop"];
        let message = "a chain has values in the place of codes that could end a conversion";
        ctx.require(!core.adc.early_stop(), "A086", &path, message, "`early_stop: false`");
    }
}

/// A085: deviations of DACs that their kind has.
pub(super) fn dacs(ctx: &mut Ctx<'_>) {
    for (name, core) in &ctx.file.cores {
        let Some(m) = core.dac.card().mismatch else { continue };
        let pulses = matches!(core.dac, DacSpec::PulseWidth(_));
        let fields = [("element", m.element.0, !pulses), ("gain", m.gain.0, !pulses), ("edge", m.edge, pulses)];
        for (field, value, has) in fields {
            let path = ["cores", name, "dac", core.dac.kind(), "mismatch", field];
            let good = (0.0..=0.5).contains(&value);
            ctx.require(good, "A085", &path, "the spread is out of range", "0 to a half");
            let message = format!("a `{}` DAC has no such deviation", core.dac.kind());
            let instead = if pulses { "`edge`" } else { "`element` and `gain`" };
            ctx.require(has || value == 0.0, "A085", &path, &message, instead);
        }
    }
}
