//! Rules of memories: ports, refresh, dynamic memory.

use super::Ctx;
use crate::arch::Dram;
use crate::cost::{BufferCard, BufferSpec, DramSpec, MemorySpec};
use crate::diag::Diagnostic;
use crate::units::Latency;

/// Most ports of a memory.
pub const MAX_PORTS: u32 = 64;

/// A045, A046: ports and refresh of buffers.
pub(super) fn buffers(ctx: &mut Ctx<'_>) {
    let file = ctx.file;
    let (card, kind) = file.tile.buffer.card();
    buffer(ctx, &["tile", "buffer", kind], card);
    if matches!(file.tile.buffer, BufferSpec::Sram(_)) && card.refresh.is_some() {
        let d = Diagnostic::error("A046", "static RAM needs no refresh").label("SRAM keeps its contents");
        ctx.at(&["tile", "buffer", kind, "refresh"], d.help("leave it away, or describe the buffer as `edram`"));
    }
    match &file.chip.memory {
        MemorySpec::GlobalBuffer(card) => buffer(ctx, &["chip", "memory", "global_buffer"], card),
        MemorySpec::Dram(card) => dram(ctx, card),
    }
}

/// A047: organisation and timings of a dynamic memory.
fn dram(ctx: &mut Ctx<'_>, card: &DramSpec) {
    let path = ["chip", "memory", "dram"];
    let clock = ctx.file.clock;
    let mut require = |good: bool, key: &[&str], message: String, expected: &str| {
        ctx.require(good, "A047", &[&path[..], key].concat(), &message, expected);
    };
    let (channels, banks) = (card.channels, card.banks);
    require((1..=64).contains(&channels), &["channels"], format!("{channels} channels"), "1 to 64");
    require((1..=1024).contains(&banks), &["banks"], format!("{banks} banks"), "1 to 1024");
    let (row, burst) = (card.row.si(), card.burst.si());
    require(
        row >= burst && row % burst == 0.0,
        &["row"],
        format!("a row of {} in bursts of {}", card.row, card.burst),
        "whole bursts",
    );
    let bytes = card.bandwidth.si() / clock.si();
    let message = format!("{} is {bytes} bytes a cycle", card.bandwidth);
    require((1e-3..=1e6).contains(&bytes), &["bandwidth"], message, "0.001 to 1000000");
    let t = &card.timing;
    let all = [
        ("t_rcd", t.t_rcd),
        ("t_rp", t.t_rp),
        ("t_cl", t.t_cl),
        ("t_cwl", t.t_cwl),
        ("t_ras", t.t_ras),
        ("t_wr", t.t_wr),
        ("t_rtp", t.t_rtp),
        ("t_wtr", t.t_wtr),
        ("t_ccd", t.t_ccd),
        ("t_rrd", t.t_rrd),
        ("t_faw", t.t_faw),
        ("t_rfc", t.t_rfc),
        ("t_refi", t.t_refi),
    ];
    let mut good = true;
    for (name, time) in all {
        let fits = (0.0..=1e-3).contains(&time.si());
        good &= fits;
        require(fits, &["timing", name], format!("{time}"), "0 s to 1 ms");
    }
    let [interval, duration] = Dram::of(card).refresh().cycles(clock);
    let precharge = Latency::Time(t.t_rp).cycles(clock);
    let message =
        format!("a refresh of {duration} cycles, {precharge} to precharge before it, every {interval} cycles");
    require(!good || duration + precharge < interval, &["timing", "t_refi"], message, "time for accesses in between");
}

fn buffer(ctx: &mut Ctx<'_>, path: &[&str], card: &BufferCard) {
    let under = |key| path.iter().copied().chain([key]).collect::<Vec<_>>();
    let ports = card.ports.unwrap_or(1);
    let expected = format!("1 to {MAX_PORTS}");
    ctx.require((1..=MAX_PORTS).contains(&ports), "A045", &under("ports"), &format!("{ports} ports"), &expected);
    let Some(refresh) = crate::arch::Refresh::of(card) else { return };
    let [interval, duration] = refresh.cycles(ctx.file.clock);
    let good = refresh.interval.si() <= 1e3 && duration < interval;
    let message = format!("a refresh of {duration} cycles every {interval} leaves no time for accesses");
    ctx.require(good, "A046", &under("refresh"), &message, "an interval longer than the refresh, both in whole cycles");
}
