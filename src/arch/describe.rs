//! The chip as text, for `archsim inspect`.

use std::fmt::Write as _;

use super::resolve::parts;
use super::{BackEnd, Chip, Drive, Encoding, FullScale, InputSum, Refresh, Subtraction};
use crate::units::{Hertz, Latency, Ohm, SquareMicron};

/// A stable text form of a chip: organisation, timing in cycles, and every price with its source.
#[must_use]
pub fn describe(chip: &Chip) -> String {
    let mut out = String::new();
    // writing to a String cannot fail
    let _ = write_all(chip, &mut out);
    out
}

fn write_all(chip: &Chip, out: &mut String) -> std::fmt::Result {
    let cycles = |l: Latency| Latency::Cycles(l.cycles(chip.clock));
    writeln!(out, "chip {}", chip.name)?;
    writeln!(out, "  hash         {}", chip.hash)?;
    writeln!(out, "  clock        {}, temperature {}", chip.clock, chip.temperature)?;
    writeln!(
        out,
        "  grid         {} x {} tiles, {} cores, {} crossbars",
        chip.grid[0],
        chip.grid[1],
        chip.cores.len(),
        chip.xbars.len()
    )?;
    let cells: usize = chip.xbars.iter().map(|x| chip.xbar_kinds[x.kind].rows * chip.xbar_kinds[x.kind].cols).sum();
    writeln!(out, "  cells        {cells}")?;
    for x in chip.xbar_kinds.iter() {
        let window = x.device.window();
        writeln!(out, "crossbar {}: {} x {} cells of {}", x.name, x.rows, x.cols, x.device.kind())?;
        writeln!(out, "  window       {} to {}, {} bit in a cell", window.g_min, window.g_max, x.bits_per_cell)?;
        let weights = match x.encoding {
            Encoding::Pair(Subtraction::Analog) => "differential pair, subtracted before the conversion (analog)",
            Encoding::Pair(Subtraction::Digital) => "differential pair, subtracted after the conversion (digital)",
            Encoding::Offset { sum: InputSum::Counted, .. } => "offset, taken back by counted inputs",
            Encoding::Offset { sum: InputSum::UnitColumn, .. } => "offset, taken back by a unit column",
        };
        let inverted = if x.encoding.inverts() { ", columns more than half full complemented" } else { "" };
        writeln!(out, "  weights      {weights}{inverted}")?;
        if x.slice_bits != [x.bits_per_cell] {
            let widths: Vec<String> = x.slice_bits.iter().map(u8::to_string).collect();
            writeln!(out, "  slices       {} bit, lowest first", widths.join(", "))?;
        }
        writeln!(out, "  read         {} for {}", x.v_read, x.t_read)?;
        if let Some(w) = &x.wires {
            let (word, bit) = (Ohm(w.word.segment), Ohm(w.bit.segment));
            writeln!(out, "  wires        {word} and {bit} a cell on word and bit lines, {:?}, {:?}", w.order, w.cell)?;
        }
    }
    for c in chip.core_kinds.iter() {
        let cycles = |l: Latency| Latency::Cycles(l.cycles(c.clock));
        write!(out, "core {}:", c.name)?;
        for (kind, count) in &c.crossbars {
            write!(out, " {count} x {}", chip.xbar_kinds[*kind].name)?;
        }
        writeln!(out)?;
        own_clock(chip, c.clock, out)?;
        let (n, bits) = (c.dacs_per_crossbar, c.dac_bits);
        let how = match c.drive {
            Drive::Voltage => "",
            Drive::Amplitude => " as amplitude",
            Drive::PulseWidth => " as pulse width",
        };
        writeln!(out, "  dac          {n} a crossbar, {bits} bit a digit{how}, {}", cycles(c.dac_latency))?;
        writeln!(out, "  sample_hold  {} bank(s), {}", c.hold_banks, cycles(c.sample_latency))?;
        let range = match c.adc.full_scale {
            FullScale::Max => "range of the largest sum".to_owned(),
            FullScale::Percentile(p) => format!("range of the {} percentile", crate::units::Share(p)),
            FullScale::Fixed(p) => format!("range fixed at {} of the whole", crate::units::Share(p)),
            FullScale::Granular(p) => format!("range halved down to the {} percentile", crate::units::Share(p)),
            FullScale::Learned => "range of the least squared error".to_owned(),
        };
        writeln!(
            out,
            "  adc          {} a {}, {} bit {}, {} {}, noise {} LSB, {range}",
            c.adc.number,
            if c.adc.shared { "core, shared by its crossbars" } else { "crossbar" },
            c.adc.bits,
            c.adc.model.converter.kind().name(),
            cycles(c.adc.latency),
            if c.burst() > 1 { format!("for {} conversions", c.burst()) } else { "a conversion".into() },
            c.adc.model.noise()
        )?;
        let coupling = match c.back_end {
            BackEnd::Serial => "serial",
            BackEnd::Pipelined => "pipelined",
        };
        writeln!(out, "  shift_add    {}, {coupling} behind the adc", cycles(c.shift_add_latency))?;
        writeln!(
            out,
            "  registers    {} bytes in ({}), {} bytes out ({})",
            c.input_register_bytes,
            cycles(c.input_register_latency),
            c.output_register_bytes,
            cycles(c.output_register_latency)
        )?;
    }
    let t = &chip.tile_kind;
    write!(out, "tile:")?;
    for (kind, count) in &t.cores {
        write!(out, " {count} x {}", chip.core_kinds[*kind].name)?;
    }
    writeln!(out)?;
    let port = (t.buffer_width, cycles(t.buffer_latency));
    write!(out, "  buffer       {} bytes, {} bytes a cycle after {}", t.buffer_bytes, port.0, port.1)?;
    ports_and_refresh(t.buffer_ports, t.buffer_refresh, chip.clock, out)?;
    let grant = Latency::Cycles(t.bus_latency.cycles(t.bus_clock));
    writeln!(out, "  bus          {} bytes a cycle after {grant}", t.bus_width)?;
    own_clock(chip, t.bus_clock, out)?;
    let depth = Latency::Cycles(t.vector_latency.cycles(t.vector_clock));
    writeln!(out, "  vector_unit  {} lanes, {depth} deep", t.vector_lanes)?;
    own_clock(chip, t.vector_clock, out)?;
    write!(
        out,
        "mesh: flits of {} bytes, {} buffered, router {}, link {}",
        chip.noc.flit_bytes,
        chip.noc.buffer_flits,
        cycles(chip.noc.router_latency),
        cycles(chip.noc.link_latency)
    )?;
    match chip.noc.flits {
        Some(routers) => writeln!(out, ", flit by flit on {} virtual channels", routers.virtual_channels)?,
        None => writeln!(out)?,
    }
    if let Some(l) = &chip.chip_link {
        writeln!(
            out,
            "chip_link: {} links of {}, {}; {} chip(s)",
            l.links,
            l.bandwidth,
            cycles(l.latency),
            chip.chips
        )?;
    }
    let m = &chip.memory;
    write!(out, "memory: {} bytes, {} bytes a cycle after {}", m.bytes, m.width, cycles(m.latency))?;
    ports_and_refresh(m.ports, m.refresh, chip.clock, out)?;
    if let Some(d) = &m.dram {
        let [interval, duration] = d.refresh().cycles(chip.clock).map(Latency::Cycles);
        writeln!(
            out,
            "  dram         {} channels of {} banks, rows of {} bytes, bursts of {}, refreshed every {interval} for {duration}",
            d.channels, d.banks, d.row_bytes, d.burst_bytes
        )?;
    }
    let d = &chip.defaults;
    writeln!(
        out,
        "defaults: {} bit weights, {} bit activations at the {} percentile, {}, {}, age {}",
        d.weight_bits,
        d.activation_bits,
        crate::units::Share(d.activation_percentile),
        d.fidelity,
        d.mapper,
        d.age
    )?;
    prices(chip, out)
}

/// The rest of the line of a memory.
fn ports_and_refresh(ports: u32, refresh: Option<Refresh>, clock: Hertz, out: &mut String) -> std::fmt::Result {
    if ports > 1 {
        write!(out, ", {ports} ports")?;
    }
    if let Some([interval, duration]) = refresh.map(|r| r.cycles(clock)) {
        let [interval, duration] = [interval, duration].map(Latency::Cycles);
        write!(out, ", refreshed every {interval} for {duration}")?;
    }
    writeln!(out)
}

/// The line of a clock that is not the chip's.
fn own_clock(chip: &Chip, own: Hertz, out: &mut String) -> std::fmt::Result {
    match chip.clock.divider(own) {
        Some(divider) if divider > 1 => writeln!(out, "  clock        {own}, {divider} cycles of the chip each"),
        _ => Ok(()),
    }
}

fn prices(chip: &Chip, out: &mut String) -> std::fmt::Result {
    writeln!(out, "prices (* = assumed), instances of one owner:")?;
    for (name, part) in parts(chip) {
        let mark = |assumed: bool| if assumed { "*" } else { "" };
        write!(out, "  {name} x {}:", part.count)?;
        for (action, price) in &part.energy {
            write!(out, " {} {}{},", action.name(), price.value, mark(price.source.is_assumed()))?;
        }
        let (leakage, area) = (&part.leakage, &part.area);
        write!(out, " leakage {}{}", leakage.value, mark(leakage.source.is_assumed()))?;
        writeln!(out, ", area {}{}", show(area.value), mark(area.source.is_assumed()))?;
        if let Some(gate) = part.gating.as_ref().and_then(|g| g.power.as_ref()) {
            let (share, assumed) = (crate::units::Share(gate.retained.value), gate.retained.source.is_assumed());
            writeln!(
                out,
                "    asleep after {} idle, awake {} later, leaks {share} asleep{}",
                gate.after,
                gate.wake,
                mark(assumed)
            )?;
        }
    }
    Ok(())
}

/// Areas in square micrometres without a prefix (`k um2` would be read as a wrong power).
fn show(area: SquareMicron) -> String {
    format!("{} um2", (area.si() * 1e4).round() / 1e4)
}
