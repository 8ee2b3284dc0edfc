//! Energy and area: counts × prices, array energy from real voltages and conductances, leakage × time.

mod area;
mod ledger;

pub use area::{AreaRow, area};
pub use ledger::{Ledger, Line, settle};

use crate::arch::{Chip, TileId};
use crate::cost::{Part, PartKind};
use crate::id::Id;
use crate::sim::Owner;
use crate::units::Hertz;

/// The part of `kind` at `owner`, if the chip has it.
#[must_use]
pub fn part_of(chip: &Chip, owner: Owner, kind: PartKind) -> Option<&Part> {
    let core_kind = |core| &chip.core_kinds[chip.cores[core].kind];
    let part = match (owner, kind) {
        (Owner::Xbar(x), PartKind::Crossbar) => &chip.xbar_kinds[chip.xbars[x].kind].part,
        (Owner::Xbar(x), PartKind::Dac) => &core_kind(chip.xbars[x].core).dac,
        (Owner::Xbar(x), PartKind::SampleHold) => &core_kind(chip.xbars[x].core).sample_hold,
        (Owner::Xbar(x), PartKind::Adc) => &core_kind(chip.xbars[x].core).adc.part,
        (Owner::Xbar(x), PartKind::ShiftAdd) => &core_kind(chip.xbars[x].core).shift_add,
        (Owner::Core(c), PartKind::Dac) => &core_kind(c).dac,
        (Owner::Core(c), PartKind::SampleHold) => &core_kind(c).sample_hold,
        (Owner::Core(c), PartKind::Adc) => &core_kind(c).adc.part,
        (Owner::Core(c), PartKind::ShiftAdd) => &core_kind(c).shift_add,
        (Owner::Core(c), PartKind::InputRegister) => &core_kind(c).input_register,
        (Owner::Core(c), PartKind::OutputRegister) => &core_kind(c).output_register,
        (Owner::Tile(_), PartKind::Bus) => &chip.tile_kind.bus,
        (Owner::Tile(_), PartKind::Buffer) => &chip.tile_kind.buffer,
        (Owner::Tile(_), PartKind::VectorUnit) => &chip.tile_kind.vector,
        (Owner::Tile(_), PartKind::Control) => chip.tile_kind.control.as_ref()?,
        (Owner::Tile(_), PartKind::Router) => &chip.noc.router,
        (Owner::Link(..), PartKind::Link) => &chip.noc.link,
        (Owner::Memory, PartKind::Memory) => &chip.memory.part,
        (Owner::Chip(_), PartKind::ChipLink) => &chip.chip_link.as_ref()?.part,
        _ => return None,
    };
    Some(part)
}

/// The clock of the part of `kind` at `owner`: that of the chip where it has none of its own.
fn clock_of(chip: &Chip, owner: Owner, kind: PartKind) -> Hertz {
    match (owner, kind) {
        (Owner::Core(c), _) => chip.core_kinds[chip.cores[c].kind].clock,
        (_, PartKind::Bus) => chip.tile_kind.bus_clock,
        (_, PartKind::VectorUnit) => chip.tile_kind.vector_clock,
        _ => chip.clock,
    }
}

/// Every part instance of the chip: owner and kind, in a stable order. Converters act crossbar by crossbar
/// but are counted core by core ([`Part::count`]), so leakage and area of them belong to the core.
#[must_use]
pub fn instances(chip: &Chip) -> Vec<(Owner, PartKind)> {
    const OF_CORE: [PartKind; 6] = [
        PartKind::Dac,
        PartKind::SampleHold,
        PartKind::Adc,
        PartKind::ShiftAdd,
        PartKind::InputRegister,
        PartKind::OutputRegister,
    ];
    let mut all: Vec<_> = chip.xbars.ids().map(|x| (Owner::Xbar(x), PartKind::Crossbar)).collect();
    for c in chip.cores.ids() {
        all.extend(OF_CORE.map(|k| (Owner::Core(c), k)));
    }
    for t in chip.tiles.ids() {
        all.extend(
            [PartKind::Bus, PartKind::Buffer, PartKind::VectorUnit, PartKind::Router].map(|k| (Owner::Tile(t), k)),
        );
        if chip.tile_kind.control.is_some() {
            all.push((Owner::Tile(t), PartKind::Control));
        }
    }
    let [columns, rows] = chip.grid;
    for (a, tile) in chip.tiles.enumerate() {
        // neighbours on the same chip: north, west, east, south, which is the order of their numbers
        let (x, at) = (tile.x % columns, a.index());
        let north = (tile.y > 0).then(|| at - columns);
        let west = (x > 0).then(|| at - 1);
        let east = (x + 1 < columns).then_some(at + 1);
        let south = (tile.y + 1 < rows).then_some(at + columns);
        let near = [north, west, east, south].into_iter().flatten();
        all.extend(near.map(|b| (Owner::Link(a, TileId::new(b)), PartKind::Link)));
    }
    all.push((Owner::Memory, PartKind::Memory));
    if chip.chip_link.is_some() {
        all.extend((0..chip.chips).map(|c| (Owner::Chip(c), PartKind::ChipLink)));
    }
    all
}

/// Path of a part in reports: `chip.tile[0].core[1].xbar[0].adc`.
#[must_use]
pub fn path(chip: &Chip, owner: Owner, kind: PartKind) -> String {
    match owner {
        Owner::Xbar(x) if kind == PartKind::Crossbar => chip.xbar_path(x),
        Owner::Xbar(x) => format!("{}.{}", chip.xbar_path(x), kind.name()),
        Owner::Core(c) => format!("{}.{}", chip.core_path(c), kind.name()),
        Owner::Tile(t) => format!("{}.{}", chip.tile_path(t), kind.name()),
        Owner::Link(a, b) => format!("chip.link[{}-{}]", a.index(), b.index()),
        Owner::Memory => "chip.memory".into(),
        Owner::Chip(c) => format!("chip[{c}].{}", kind.name()),
    }
}
