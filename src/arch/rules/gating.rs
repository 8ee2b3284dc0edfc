//! Rules of gates, of leakage at other temperatures and of logic in other nodes.

use super::Ctx;
use crate::arch::limits::MAX_CYCLES;
use crate::cost::{GatingSpec, MemorySpec, MeshFidelity};
use crate::units::{Hertz, Latency};

/// Longest idle time before sleep in cycles of the chip: more than any run.
const MAX_AFTER: u64 = 1 << 48;

/// A090: gates say something and stay in range; what stores data keeps it.
pub(super) fn gates(ctx: &mut Ctx<'_>) {
    let file = ctx.file;
    let (tile, mesh) = (&file.tile, file.chip.noc.mesh());
    let (buffer, technology) = tile.buffer.card();
    let memory = match &file.chip.memory {
        MemorySpec::GlobalBuffer(card) => Some(card),
        // its banks keep their rows open and are refreshed: power-down of a dynamic memory is not modelled
        MemorySpec::Dram(_) => None,
    };
    for (path, card) in [
        (vec!["tile", "buffer", technology, "gating"], Some(buffer)),
        (vec!["chip", "memory", "global_buffer", "gating"], memory),
    ] {
        let Some(card) = card.filter(|c| c.gating.is_some()) else { continue };
        let plain = card.ports.unwrap_or(1) == 1 && card.refresh.is_none();
        let message = "gates of a memory with several ports or a refresh are not modelled";
        ctx.require(plain, "A090", &path, message, "one port and no `refresh`, or no `gating`");
    }
    if mesh.link.gating.is_some() && mesh.fidelity == Some(MeshFidelity::Flit) {
        let message = "gates of links are not modelled where the mesh runs flit by flit";
        let path = ["chip", "noc", "mesh", "link", "gating"];
        ctx.require(false, "A090", &path, message, "`fidelity: link`, or no `gating`");
    }
    let own = |clock: Option<Hertz>| clock.unwrap_or(file.clock);
    let cores = file.cores.iter().map(|(name, c)| (vec!["cores", name.as_str()], &c.gating, own(c.clock), false));
    let parts = [
        (vec!["tile", "buffer", technology], &buffer.gating, file.clock, true),
        (vec!["tile", "bus"], &tile.bus.gating, own(tile.bus.clock), false),
        (vec!["tile", "vector"], &tile.vector.gating, own(tile.vector.clock), false),
        (vec!["chip", "noc", "mesh", "link"], &mesh.link.gating, file.clock, false),
    ];
    let memory = memory.map(|card| (vec!["chip", "memory", "global_buffer"], &card.gating, file.clock, true));
    for (mut path, gating, clock, stores) in cores.chain(parts).chain(memory) {
        let Some(gating) = gating else { continue };
        path.push("gating");
        gate(ctx, &path, gating, clock, stores);
    }
}

fn gate(ctx: &mut Ctx<'_>, path: &[&str], gating: &GatingSpec, clock: Hertz, stores: bool) {
    if gating.power.is_none() && gating.clock.is_none() {
        ctx.require(false, "A090", path, "the gates say nothing", "`power`, `clock` or both");
    }
    let at = |group, field| [path, &[group, field]].concat();
    // a clock that does not divide that of the chip is refused elsewhere
    let divider = ctx.file.clock.divider(clock).unwrap_or(1);
    let cycles = |t: Latency| t.cycles(clock).saturating_mul(divider);
    if let Some(p) = gating.power {
        for (field, time, most) in [("after", p.after, MAX_AFTER), ("wake", p.wake, MAX_CYCLES)] {
            let message = format!("{time} is {} cycles of the chip", cycles(time));
            ctx.require(cycles(time) <= most, "A090", &at("power", field), &message, &format!("at most {most} cycles"));
        }
        let (share, least) = (p.retained.si(), if stores { f64::MIN_POSITIVE } else { 0.0 });
        let good = (least..=1.0).contains(&share);
        let expected = if stores { "more than 0 %, so that it keeps its contents, to 100 %" } else { "0 % to 100 %" };
        ctx.require(good, "A090", &at("power", "retained"), &format!("{} of the leakage", p.retained), expected);
    }
}

/// A091: the law of leakage holds.
pub(super) fn leakage_temperature(ctx: &mut Ctx<'_>) {
    let Some(law) = &ctx.file.leakage_temperature else { return };
    let path = |field| ["leakage_temperature", field];
    let good = (100.0..=500.0).contains(&law.reference.si());
    ctx.require(good, "A091", &path("reference"), &format!("{}", law.reference), "100 K to 500 K");
    let good = (100.0..=500.0).contains(&ctx.file.temperature.si());
    let message = format!("leakage at {} has no law", ctx.file.temperature);
    ctx.require(good, "A091", &["temperature"], &message, "100 K to 500 K, or no `leakage_temperature`");
    let good = (0.0..=2.0).contains(&law.barrier.si());
    ctx.require(good, "A091", &path("barrier"), &format!("{}", law.barrier), "0 V to 2 V");
}

/// A092: the law of nodes holds at both voltages.
pub(super) fn technology(ctx: &mut Ctx<'_>) {
    let Some(law) = &ctx.file.technology else { return };
    for (field, process) in [("from", law.from), ("to", law.to)] {
        let good = (0.4..=2.5).contains(&process.supply.si());
        let message = format!("a supply of {}", process.supply);
        ctx.require(good, "A092", &["technology", field, "supply"], &message, "0.4 V to 2.5 V");
    }
    let message = "the fits are not positive at these voltages";
    ctx.require(law.factors().is_some(), "A092", &["technology"], message, "voltages near those of the nodes");
}
