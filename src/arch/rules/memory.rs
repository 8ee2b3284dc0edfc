//! Rules of memories: ports, refresh, dynamic memory.

use super::Ctx;
use crate::arch::Dram;
use crate::arch::limits::{MAX_CYCLES, MAX_INTERVAL, MAX_MOVED};
use crate::cost::{BufferCard, BufferSpec, DramSpec, MemorySpec};
use crate::diag::Diagnostic;
use crate::units::Latency;

/// Most ports of a memory.
pub const MAX_PORTS: u32 = 64;
/// Longest time from one refresh to the next in seconds: no cell that needs one keeps its charge as long.
const MAX_REFRESH: f64 = 1e3;

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
    // every bank has a row at least
    let rows = row * f64::from(channels) * f64::from(banks);
    let message = format!("{} is less than a row of {} in each of {channels} x {banks} banks", card.capacity, card.row);
    require(card.capacity.si() >= rows, &["capacity"], message, &format!("at least {rows} bytes"));
    let message = format!("a row of {}", card.row);
    require(row <= MAX_MOVED as f64, &["row"], message, &format!("at most {MAX_MOVED} bytes"));
    let bytes = card.bandwidth.si() / clock.si();
    let message = format!("{} is {bytes} bytes a cycle", card.bandwidth);
    let moves = (1e-3..=1e6).contains(&bytes);
    require(moves, &["bandwidth"], message, "0.001 to 1000000");
    let most = MAX_CYCLES as f64;
    let message = format!("{} at {} takes {} cycles", card.burst, card.bandwidth, burst / bytes);
    require(!moves || burst / bytes <= most, &["burst"], message, &format!("at most {most} cycles"));
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
        // times of the refresh count for the interval, the others for an access
        let cycles = Latency::Time(time).cycles(clock);
        let counts = !fits || matches!(name, "t_rfc" | "t_refi") || cycles <= MAX_CYCLES;
        let message = format!("{time} is {cycles} cycles of the clock of {clock}");
        require(counts, &["timing", name], message, &format!("at most {MAX_CYCLES} cycles"));
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
    let within = |s: f64| s > 0.0 && s <= MAX_REFRESH;
    let path = [under("refresh"), vec!["interval"]].concat();
    if !within(refresh.interval.si()) {
        let message = format!("an interval of {}", refresh.interval);
        return ctx.require(false, "A046", &path, &message, &format!("above 0 s and at most {MAX_REFRESH} s"));
    }
    if interval > MAX_INTERVAL {
        let message = format!("{} is {interval} cycles of the clock of {}", refresh.interval, ctx.file.clock);
        return ctx.require(false, "A046", &path, &message, &format!("at most {MAX_INTERVAL} cycles"));
    }
    let message = format!("a refresh of {duration} cycles every {interval} leaves no time for accesses");
    let expected = "an interval longer than the refresh, both in whole cycles";
    ctx.require(duration < interval, "A046", &under("refresh"), &message, expected);
}
