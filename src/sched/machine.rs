//! Resolves the chip's times and widths to whole cycles and bytes.

use super::memory::{dram, refresh};
use super::program::{ChipRow, CoreTiming, Gates, Machine, MemoryTiming, MeshTiming, PowerGate, TileTiming};
use crate::arch::{Chip, Drive};
use crate::cost::{Part, PartKind};
use crate::units::Hertz;

/// The timing of `chip` in cycles of its clock, of a part with its own clock in cycles of that. A time in seconds is
/// rounded up.
#[must_use]
pub fn machine(chip: &Chip) -> Machine {
    let clock = chip.clock;
    let t = &chip.tile_kind;
    // the rules of arch files have seen to it that clocks divide that of the chip
    let divider = |own| clock.divider(own).unwrap_or(1);
    let tiles = chip
        .tiles
        .iter()
        .map(|tile| TileTiming {
            x: tile.x,
            y: tile.y,
            bus_divider: divider(t.bus_clock),
            bus_width: t.bus_width as u64,
            bus_latency: t.bus_latency.cycles(t.bus_clock),
            buffer_width: t.buffer_width as u64,
            buffer_latency: t.buffer_latency.cycles(clock),
            buffer_bytes: t.buffer_bytes as u64,
            buffer_ports: t.buffer_ports,
            buffer_refresh: t.buffer_refresh.map(|r| refresh(r, clock)),
            vector_divider: divider(t.vector_clock),
            vector_lanes: t.vector_lanes as u64,
            vector_latency: t.vector_latency.cycles(t.vector_clock),
        })
        .collect();
    let cores = chip
        .cores
        .iter()
        .map(|core| {
            let kind = &chip.core_kinds[core.kind];
            let clock = kind.clock;
            let rows: usize = kind.crossbars.iter().map(|(k, n)| chip.xbar_kinds[*k].rows * n).sum();
            // a phase of pulses lasts as long as the longest digit
            let units = match kind.drive {
                Drive::Voltage | Drive::Amplitude => 1.0,
                Drive::PulseWidth => f64::from((1u32 << kind.dac_bits) - 1),
            };
            let t_read =
                units * kind.crossbars.iter().map(|(k, _)| chip.xbar_kinds[*k].t_read.si()).fold(0.0, f64::max);
            // a vector of activations for every crossbar of the core
            let vector_bytes = (rows * usize::from(chip.defaults.activation_bits)).div_ceil(8).max(1);
            CoreTiming {
                tile: core.tile,
                divider: divider(clock),
                drive: kind.input_register_latency.cycles(clock) + kind.dac_latency.cycles(clock),
                integrate: crate::units::Latency::Time(crate::units::Second(t_read)).cycles(clock),
                sample: kind.sample_latency.cycles(clock),
                shared: kind.adc.shared,
                convert: kind.adc.latency.cycles(clock),
                fill: kind.adc.fill.cycles(clock),
                shift_add: kind.shift_add_latency.cycles(clock),
                hold_banks: kind.hold_banks,
                back_end: kind.back_end,
                output_register: kind.output_register_latency.cycles(clock),
                input_slots: (kind.input_register_bytes / vector_bytes).clamp(1, 2) as u8,
            }
        })
        .collect();
    Machine {
        tiles,
        cores,
        mesh: MeshTiming {
            grid: [chip.grid[0] * chip.chips, chip.grid[1]],
            flit_bytes: chip.noc.flit_bytes as u64,
            router: chip.noc.router_latency.cycles(clock),
            link: chip.noc.link_latency.cycles(clock),
            buffer_flits: chip.noc.buffer_flits as u64,
            flits: chip.noc.flits,
            chips: chip.chip_link.as_ref().filter(|_| chip.chips > 1).map(|link| ChipRow {
                columns: chip.grid[0],
                links: (link.links / 2).max(1),
                bytes_1024: (link.bandwidth.si() / clock.si() * 1024.0).floor().max(1.0) as u64,
                latency: link.latency.cycles(clock),
            }),
        },
        memory: MemoryTiming {
            width: chip.memory.width as u64,
            latency: chip.memory.latency.cycles(clock),
            ports: chip.memory.ports,
            refresh: chip.memory.refresh.map(|r| refresh(r, clock)),
            dram: chip.memory.dram.as_ref().map(|d| dram(d, chip.memory.latency, clock)),
        },
        gates: gates(chip),
    }
}

/// The gates of the chip's parts.
fn gates(chip: &Chip) -> Gates {
    // each with the clock whose cycles its times count
    let gate = |part: &Part, own: Hertz| {
        let divider = chip.clock.divider(own).unwrap_or(1);
        part.gating.as_ref().map(|g| {
            let cycles = |t: crate::units::Latency| t.cycles(own).saturating_mul(divider);
            g.power.as_ref().map(|p| PowerGate { after: cycles(p.after), wake: cycles(p.wake) })
        })
    };
    let t = &chip.tile_kind;
    let parts = [
        (PartKind::Bus, gate(&t.bus, t.bus_clock)),
        (PartKind::Buffer, gate(&t.buffer, chip.clock)),
        (PartKind::VectorUnit, gate(&t.vector, t.vector_clock)),
        (PartKind::Link, gate(&chip.noc.link, chip.clock)),
        (PartKind::Memory, gate(&chip.memory.part, chip.clock)),
    ];
    let of_core = |kind: &crate::arch::CoreKind| gate(&kind.adc.part, kind.clock);
    Gates {
        parts: parts.into_iter().filter_map(|(kind, gate)| Some((kind, gate?))).collect(),
        cores: chip.cores.enumerate().filter_map(|(id, c)| Some((id, of_core(&chip.core_kinds[c.kind])?))).collect(),
    }
}
