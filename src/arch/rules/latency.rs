//! Rules of times: every action takes as many cycles as the timing core can count with.

use super::Ctx;
use crate::arch::CoreSpec;
use crate::arch::limits::MAX_CYCLES;
use crate::cost::{DacSpec, MemorySpec};
use crate::units::{Hertz, Latency};

/// Cycles of the chip that a time takes in a part with a clock of its own.
fn cycles(ctx: &Ctx<'_>, time: Latency, own: Option<Hertz>) -> u64 {
    let chip = ctx.file.clock;
    let own = own.unwrap_or(chip);
    // a clock that does not divide that of the chip is refused elsewhere
    time.cycles(own).saturating_mul(chip.divider(own).unwrap_or(1))
}

/// A038: a time of so many cycles, which `what` says in words.
fn require(ctx: &mut Ctx<'_>, path: &[&str], cycles: u64, what: &str) {
    let message = format!("{what} is {cycles} cycles of the chip's clock of {}", ctx.file.clock);
    ctx.require(cycles <= MAX_CYCLES, "A038", path, &message, &format!("at most {MAX_CYCLES} cycles"));
}

/// A038: no action of a part takes an absurd number of cycles.
pub(super) fn parts(ctx: &mut Ctx<'_>) {
    let file = ctx.file;
    let (tile, mesh) = (&file.tile, file.chip.noc.mesh());
    let (buffer, technology) = tile.buffer.card();
    let memory = match &file.chip.memory {
        MemorySpec::GlobalBuffer(card) => ("global_buffer", card.latency),
        MemorySpec::Dram(card) => ("dram", card.latency),
    };
    let mut all = vec![
        (vec!["tile", "buffer", technology], buffer.latency, None),
        (vec!["tile", "bus"], tile.bus.latency, tile.bus.clock),
        (vec!["tile", "vector"], tile.vector.latency, tile.vector.clock),
        (vec!["chip", "noc", "mesh", "router"], mesh.router.latency, None),
        (vec!["chip", "noc", "mesh", "link"], mesh.link.latency, None),
        (vec!["chip", "memory", memory.0], memory.1, None),
    ];
    all.extend(file.chip.chip_link.as_ref().map(|l| (vec!["chip", "chip_link", "serial"], l.serial().latency, None)));
    for (name, core) in &file.cores {
        for (part, latency) in [
            (&["input_register"][..], core.input_register.latency),
            (&["dac", core.dac.kind()], core.dac.card().latency),
            (&["sample_hold"], core.sample_hold.latency),
            (&["shift_add"], core.shift_add.latency),
            (&["output_register"], core.output_register.latency),
        ] {
            all.push(([&["cores", name][..], part].concat(), latency, core.clock));
        }
    }
    for (mut path, latency, own) in all {
        path.push("latency");
        require(ctx, &path, cycles(ctx, latency, own), &latency.to_string());
    }
    for (name, core) in &file.cores {
        drive(ctx, name, core);
        conversion(ctx, name, core);
    }
}

/// Register and DAC work one after the other, and are one time to the timing core.
fn drive(ctx: &mut Ctx<'_>, name: &str, core: &CoreSpec) {
    let (read, dac) = (core.input_register.latency, core.dac.card().latency);
    let [first, second] = [read, dac].map(|time| cycles(ctx, time, core.clock));
    if first.max(second) <= MAX_CYCLES {
        let path = match first > second {
            true => vec!["cores", name, "input_register", "latency"],
            false => vec!["cores", name, "dac", core.dac.kind(), "latency"],
        };
        require(ctx, &path, first + second, &format!("the sum of {read} of the input register and {dac} of the DAC"));
    }
}

/// The conversion, and the stages of a pipeline behind it.
fn conversion(ctx: &mut Ctx<'_>, name: &str, core: &CoreSpec) {
    // what is not positive is refused elsewhere
    if core.adc.rate().si() > 0.0 {
        let stated = if core.adc.common().clock.is_some() { "clock" } else { "rate" };
        let path = ["cores", name, "adc", core.adc.kind().name(), stated];
        let longest = cycles(ctx, core.adc.latency(), core.clock).max(cycles(ctx, core.adc.fill(), core.clock));
        require(ctx, &path, longest, &format!("the time of a conversion at {}", core.adc.rate()));
    }
}

/// A038: crossbars are read in a time that can be counted, by every core that has them.
pub(super) fn reads(ctx: &mut Ctx<'_>) {
    let file = ctx.file;
    for (kind, crossbar) in &file.crossbars {
        let cores = file.cores.values().filter(|c| c.crossbars.contains_key(kind)).map(|c| {
            // a phase of pulses lasts as long as the longest digit
            let units = match &c.dac {
                DacSpec::PulseWidth(dac) => f64::from((1u32 << dac.bits.min(31)) - 1),
                DacSpec::BitSerial(_) | DacSpec::Amplitude(_) => 1.0,
            };
            (units, c.clock)
        });
        let longest = cores
            .chain([(1.0, None)])
            .map(|(units, own)| (cycles(ctx, Latency::Time(crossbar.t_read * units), own), units))
            .fold((0, 1.0), |longest: (u64, f64), next| if next.0 > longest.0 { next } else { longest });
        let what = match longest.1 {
            1.0 => crossbar.t_read.to_string(),
            units => format!("a pulse of {units} times {}", crossbar.t_read),
        };
        require(ctx, &["crossbars", kind, "t_read"], longest.0, &what);
    }
}
