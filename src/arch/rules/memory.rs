//! Rules of memories: ports, refresh.

use super::Ctx;
use crate::cost::{BufferCard, BufferSpec, MemorySpec};
use crate::diag::Diagnostic;

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
    let MemorySpec::GlobalBuffer(card) = &file.chip.memory;
    buffer(ctx, &["chip", "memory", "global_buffer"], card);
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
