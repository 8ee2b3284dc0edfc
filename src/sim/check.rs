//! What a program must fulfil before it can run. A broken rule is a mistake of whoever made the program,
//! reported with the place, never a panic.

use crate::arch::{TileId, limits};
use crate::cost::PartKind;
use crate::diag::Diagnostic;
use crate::id::Id;
use crate::sched::{DramTiming, PERIOD, Program, RefreshTiming, Work};

use super::flits::Flits;
use super::queue::MAX_INDEX;

/// Largest time of a part in cycles, largest number of steps or rounds, largest message in bytes or
/// operations: with them no sum of a run leaves 64 bits. The rules of arch files refuse what is beyond those that
/// they can see.
const MOST_CYCLES: u64 = limits::MAX_CYCLES;
const MOST_STEPS: u64 = 1 << 16;
/// Most cycles to one of a divided clock.
const MOST_DIVIDER: u64 = crate::arch::MAX_DIVIDER;
const MOST_BYTES: u64 = limits::MAX_MOVED;
/// Most cycles from one refresh to the next.
const MOST_INTERVAL: u64 = limits::MAX_INTERVAL;
/// Longest time for which a message holds a part in cycles; with latencies on top it fits 32 bits.
const MOST_HELD: u64 = (1 << 32) - 1 - 2 * MOST_CYCLES;

fn wrong(what: String) -> Diagnostic {
    Diagnostic::failure("R003", format!("the schedule cannot run: {what}"))
        .help("this is a fault of the schedule or of the chip description it was made from")
}

/// Whether a refresh leaves time for accesses.
fn sound(r: &RefreshTiming) -> bool {
    (1..r.interval).contains(&r.duration) && r.interval <= MOST_INTERVAL
}

/// Whether a dynamic memory has all it needs and time for accesses between refreshes.
fn workable(d: &DramTiming) -> bool {
    let times = [d.latency, d.rcd, d.rp, d.cl, d.cwl, d.ras, d.wr, d.rtp, d.wtr, d.rrd, d.faw, d.burst_1024 / 1024];
    let counts = [d.channels, d.banks, d.row_bursts, d.burst_bytes, d.burst_1024];
    let sizes = counts.iter().all(|n| (1..=MOST_BYTES).contains(n)) && d.channels <= 1 << 16 && d.banks <= 1 << 16;
    let spare = RefreshTiming { duration: d.refresh.duration.saturating_add(d.rp), ..d.refresh };
    sizes && times.iter().all(|t| *t <= MOST_CYCLES) && sound(&spare)
}

/// Checks sizes, references and that every rate is positive.
pub(super) fn check(program: &Program, samples: usize) -> Result<(), Diagnostic> {
    let fail = |what: String| Err(wrong(what));
    if samples == 0 {
        return fail("no sample was asked for".into());
    }
    let m = &program.machine;
    let [columns, rows] = m.mesh.grid;
    if m.tiles.len() != columns * rows || m.tiles.is_empty() {
        return fail(format!("{} tiles on a mesh of {columns} x {rows}", m.tiles.len()));
    }
    if m.mesh.flit_bytes == 0 || m.memory.width == 0 {
        return fail("a flit and the memory port must move at least one byte in a cycle".into());
    }
    if [m.mesh.router, m.mesh.link, m.memory.latency].iter().any(|t| *t > MOST_CYCLES) {
        return fail(format!("a latency of the mesh or the memory is above {MOST_CYCLES} cycles"));
    }
    if m.memory.ports == 0 || !m.memory.refresh.iter().all(sound) {
        return fail("a memory without a port, or with a refresh longer than its interval".into());
    }
    if m.memory.dram.as_ref().is_some_and(|d| !workable(d)) {
        return fail("a dynamic memory without channels, banks or bursts, or with a time that is too long".into());
    }
    if let Some(what) = Flits::check(&m.mesh) {
        return fail(what);
    }
    if let Some(row) = &m.mesh.chips {
        let odd = row.columns == 0 || columns % row.columns != 0;
        if odd || row.links == 0 || row.bytes_1024 == 0 || row.latency > MOST_CYCLES {
            return fail("chips of a row need equal meshes and links that move bytes".into());
        }
    }
    let mut seen = vec![false; columns * rows];
    for (id, t) in m.tiles.enumerate() {
        if t.x >= columns || t.y >= rows || std::mem::replace(&mut seen[t.y * columns + t.x], true) {
            return fail(format!("{id} stands at ({}, {}), outside of the mesh or on another tile", t.x, t.y));
        }
        if t.bus_width == 0 || t.buffer_width == 0 || t.vector_lanes == 0 {
            return fail(format!("{id} has a bus, buffer port or vector unit of width 0"));
        }
        if t.buffer_ports == 0 || !t.buffer_refresh.iter().all(sound) {
            return fail(format!("{id} has a buffer without a port, or with a refresh longer than its interval"));
        }
        if !(1..=MOST_DIVIDER).contains(&t.bus_divider) || !(1..=MOST_DIVIDER).contains(&t.vector_divider) {
            return fail(format!("{id} has a bus or vector unit whose clock is not 1 to {MOST_DIVIDER} cycles"));
        }
        let latencies = [
            t.bus_latency.saturating_mul(t.bus_divider),
            t.buffer_latency,
            t.vector_latency.saturating_mul(t.vector_divider),
        ];
        if latencies.iter().any(|t| *t > MOST_CYCLES) {
            return fail(format!("a latency of {id} is above {MOST_CYCLES} cycles"));
        }
    }
    for (id, c) in m.cores.enumerate() {
        if c.tile.index() >= m.tiles.len() || ![c.hold_banks, c.input_slots].iter().all(|n| (1..=2).contains(n)) {
            return fail(format!("{id} needs a tile of the mesh, 1 or 2 hold banks and 1 or 2 input slots"));
        }
        if !(1..=MOST_DIVIDER).contains(&c.divider) {
            return fail(format!("{id} has a clock that is not 1 to {MOST_DIVIDER} cycles"));
        }
        let times = [c.drive, c.integrate, c.sample, c.convert, c.fill, c.shift_add, c.output_register];
        if times.iter().any(|t| *t > MOST_CYCLES / c.divider) {
            return fail(format!("a time of {id} is above {MOST_CYCLES} cycles"));
        }
    }
    let gates = m.gates.parts.values().chain(m.gates.cores.values()).flatten();
    if gates.into_iter().any(|g| g.wake > MOST_CYCLES) {
        return fail(format!("a part takes more than {MOST_CYCLES} cycles to wake"));
    }
    if m.mesh.flits.is_some() && m.gates.parts.contains_key(&PartKind::Link) {
        return fail("links of a mesh that runs flit by flit have gates".into());
    }
    if m.gates.cores.keys().any(|core| core.index() >= m.cores.len()) {
        return fail("a gate belongs to no core".into());
    }
    let mut sinks = 0;
    let mut xbars = std::collections::BTreeSet::new();
    let mut most = 0;
    for (id, s) in program.stages.enumerate() {
        let name = format!("{id} `{}`", s.name);
        if s.positions == 0 || s.tile.index() >= m.tiles.len() {
            return fail(format!("{name} needs at least one position and a tile of the mesh"));
        }
        let known = |c: &&crate::sched::ChannelId| c.index() < program.channels.len();
        if s.inputs.iter().filter(known).any(|c| program.channels[*c].to != id)
            || s.outputs.iter().filter(known).any(|c| program.channels[*c].from != id)
            || !s.inputs.iter().chain(&s.outputs).all(|c| known(&c))
        {
            return fail(format!("{name} names a channel that does not lead to or from it"));
        }
        match &s.work {
            Work::Source { bytes } | Work::Sink { bytes } => {
                sinks += usize::from(matches!(s.work, Work::Sink { .. }));
                most = most.max(*bytes);
            }
            Work::Vector { load_bytes, vector_ops } => most = most.max(*load_bytes).max(*vector_ops),
            Work::Mvm { replicas, vector_ops, .. } => {
                most = most.max(*vector_ops);
                if replicas.is_empty() || replicas.iter().any(Vec::is_empty) {
                    return fail(format!("{name} has no replica, or one without units"));
                }
                for u in replicas.iter().flatten() {
                    let counts = 1..=MOST_STEPS;
                    if u.core.index() >= m.cores.len() || !counts.contains(&u.steps) || !counts.contains(&u.rounds) {
                        return fail(format!("a unit of {name} needs a core and 1 to {MOST_STEPS} steps and rounds"));
                    }
                    let longest = [(u.paced, MOST_STEPS), (u.convert_paced, MOST_CYCLES / m.cores[u.core].divider)];
                    let within = |(n, most): &(Option<u64>, u64)| n.is_none_or(|n| n >= PERIOD && n <= PERIOD * most);
                    if !longest.iter().all(within) {
                        return fail(format!("MVMs of {name} take no step or no cycle of it on average, or too many"));
                    }
                    most = most.max(u.load_bytes).max(u.result_bytes);
                    if !xbars.insert(u.xbar) {
                        return fail(format!("{} is used by two units, the second in {name}", u.xbar));
                    }
                }
            }
        }
        if matches!(s.work, Work::Sink { .. }) != s.outputs.is_empty() {
            return fail(format!("{name}: a sink has no output channel, every other stage has one"));
        }
        if matches!(s.work, Work::Source { .. }) != s.inputs.is_empty() {
            return fail(format!("{name}: a source has no input channel, every other stage has one"));
        }
    }
    for (id, c) in program.channels.enumerate() {
        most = most.max(c.bytes);
        let ends = (program.stages.get(c.from), program.stages.get(c.to));
        let (Some(from), Some(to)) = ends else { return fail(format!("{id} leads nowhere")) };
        if !from.outputs.contains(&id) || !to.inputs.contains(&id) || from.positions != c.positions {
            return fail(format!("{id} from `{}` to `{}` does not fit its stages", from.name, to.name));
        }
        if let Some(p) = (0..to.positions).find(|p| c.need(*p) > c.positions) {
            return fail(format!("{id}: position {p} of `{}` needs more positions than there are", to.name));
        }
    }
    if most > MOST_BYTES {
        return fail(format!("a position of more than {MOST_BYTES} bytes or vector operations"));
    }
    let widths = m.tiles.iter().flat_map(|t| [t.bus_width, t.buffer_width, t.vector_lanes]);
    let narrowest = widths.chain([m.mesh.flit_bytes, m.memory.width]).min().unwrap_or(1);
    let on_chip_links = m.mesh.chips.map_or(0, |row| row.cycles(most));
    let slowest = m.tiles.iter().map(|t| t.bus_divider.max(t.vector_divider)).max().unwrap_or(1);
    if (most.div_ceil(narrowest).saturating_mul(slowest)).max(on_chip_links) > MOST_HELD {
        return fail(format!(
            "a position of {most} bytes or vector operations holds the narrowest part for more than {MOST_HELD} cycles"
        ));
    }
    if sinks == 0 {
        return fail("no sink".into());
    }
    // legs: of a load and a result, a delivery, an own read or store; each link of a way is one
    let links = |a: TileId, b: TileId| m.tiles[a].x.abs_diff(m.tiles[b].x) + m.tiles[a].y.abs_diff(m.tiles[b].y);
    let mut legs = 0;
    for s in program.stages.iter() {
        let Work::Mvm { replicas, .. } = &s.work else { continue };
        legs += replicas.iter().flatten().map(|u| 2 * (links(s.tile, m.cores[u.core].tile) + 4)).sum::<usize>();
    }
    let ends = |c: &crate::sched::Channel| links(program.stages[c.from].tile, program.stages[c.to].tile);
    legs += program.channels.iter().map(|c| ends(c) + columns + rows + 4).sum::<usize>();
    if legs + program.stages.len() * (columns + rows + 4) > MAX_INDEX {
        return fail("too many units and channels for the event queue".into());
    }
    Ok(())
}
