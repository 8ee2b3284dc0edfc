//! From the checked file to the chip: names become dense ids, quantities become plain numbers.

use super::load::build_device;
use super::{
    Adc, ArchFile, BackEnd, BackEndSpec, Chip, ChipLink, CoreKind, CoreKindId, CoreSpec, Defaults, Drive, FlitRouters,
    FullScale, Memory, Noc, Noise, Refresh, TileKind, WhenTooSmall, WhenTooSmallSpec, XbarKind, XbarKindId,
};
use crate::circuit::converter::{DacModel, FullScaleSpec, PulseWidthDac, VoltageDac};
use crate::circuit::{Flicker, Telegraph};
use crate::cost::{DacSpec, LeakageTemperature, MeshFidelity, NodeScaling, Part, PartKind, Provenance};
use crate::device::laws::TrapSpec;
use crate::device::{DeviceSpec, SpecError};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::id::{Id, IdVec};
use crate::units::Bytes;

/// Virtual channels of a router input where the file says nothing (assumed; BookSim2's examples have as many).
const VIRTUAL_CHANNELS: u32 = 4;

/// Builds the chip of a file that has passed every rule.
///
/// # Errors
/// If a name is unknown or a device cannot be built: the rules have said so before.
pub(super) fn chip(file: &ArchFile, hash: String, warnings: Diagnostics) -> Result<Chip> {
    let mut xbar_kinds: IdVec<XbarKindId, XbarKind> = IdVec::new();
    for (name, x) in &file.crossbars {
        xbar_kinds.push(XbarKind {
            name: name.clone(),
            rows: x.rows as usize,
            cols: x.cols as usize,
            device: build_device(file, &x.device)?,
            bits_per_cell: x.bits_per_cell,
            slice_bits: if x.slices.is_empty() { vec![x.bits_per_cell] } else { x.slices.clone() },
            encoding: x.weights.encoding(),
            v_read: x.v_read,
            t_read: x.t_read,
            noise: Noise {
                thermal: x.noise.thermal,
                shot: x.noise.shot,
                flicker: x.noise.flicker.map(|f| Flicker { density: f.density, from: f.from }),
                telegraph: x.noise.telegraph.map(|t| Telegraph {
                    share: t.share,
                    trap: TrapSpec { capture: t.capture, emission: t.emission, amplitude: t.amplitude },
                }),
                hold: x.noise.hold,
            },
            wires: x.wires.as_ref().map(super::WiresSpec::resolve),
            part: x.part(file.devices.get(&x.device).is_some_and(rests_on_assumed_window)),
        });
    }
    let mut core_kinds: IdVec<CoreKindId, CoreKind> = IdVec::new();
    for (name, core) in &file.cores {
        core_kinds.push(core_kind(file, name, core, &xbar_kinds)?);
    }
    let tile_kind = tile_kind(file)?;
    let grid = file.chip.grid.map(|n| n as usize);
    let (tiles, cores, xbars) = Chip::instances(&tile_kind, &core_kinds, grid, 1);
    let mesh = file.chip.noc.mesh();
    let defaults = &file.defaults;
    let mut chip = Chip {
        name: file.name.clone(),
        hash,
        clock: file.clock,
        temperature: file.temperature,
        xbar_kinds,
        core_kinds,
        tile_kind,
        grid,
        chips: 1,
        chip_link: file.chip.chip_link.as_ref().map(|link| ChipLink {
            links: link.serial().links as usize,
            bandwidth: link.serial().bandwidth,
            latency: link.serial().latency,
            part: link.part(),
        }),
        tiles,
        cores,
        xbars,
        noc: Noc {
            flit_bytes: whole(mesh.flit),
            buffer_flits: mesh.buffer_flits as usize,
            flits: (mesh.fidelity == Some(MeshFidelity::Flit)).then(|| FlitRouters {
                virtual_channels: mesh.virtual_channels.unwrap_or(VIRTUAL_CHANNELS) as usize,
                allocator: mesh.allocator.unwrap_or_default(),
            }),
            router_latency: mesh.router.latency,
            link_latency: mesh.link.latency,
            router: mesh.router.part(),
            link: mesh.link.part(),
        },
        memory: Memory::of(&file.chip.memory, file.clock),
        defaults: Defaults {
            weight_bits: defaults.quantisation.weights,
            activation_bits: defaults.quantisation.activations,
            activation_percentile: defaults.quantisation.percentile.si(),
            calibration: defaults.quantisation.method.name().to_owned(),
            equalise: defaults.quantisation.equalise,
            bias_correction: defaults.quantisation.bias_correction,
            layer_bits: defaults.quantisation.layers.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            fidelity: defaults.fidelity.name().to_owned(),
            mapper: defaults.mapper.text(),
            age: defaults.age,
            when_too_small: match defaults.when_too_small {
                None | Some(WhenTooSmallSpec::Error) => WhenTooSmall::Error,
                Some(WhenTooSmallSpec::Chips) => WhenTooSmall::Chips,
                Some(WhenTooSmallSpec::Reload) => WhenTooSmall::Reload,
            },
        },
        warnings,
    };
    if let Some(law) = &file.leakage_temperature {
        at_temperature(&mut chip, law);
    }
    if let Some(law) = &file.technology {
        in_node(&mut chip, law);
    }
    if let Some(chips) = file.chip.chips.filter(|n| *n > 1) {
        chip.repeat(chips as usize);
    }
    let warnings = assumed(&chip).into_iter().chain(assumed_cards(file)).collect::<Vec<_>>();
    warnings.into_iter().for_each(|w| chip.warnings.push(w));
    Ok(chip)
}

/// Whether the conductances of a card, and so the energy of a read, are assumed.
fn rests_on_assumed_window(card: &DeviceSpec) -> bool {
    let window = |path: &&str| ["window.", "lrs.", "hrs."].iter().any(|group| path.starts_with(group));
    card.assumed().iter().any(window) || Provenance { source: card.source(), assumed: &[] }.source(&[]).is_assumed()
}

fn whole(bytes: Bytes) -> usize {
    bytes.si() as usize
}

fn unknown(what: &str, name: &str) -> Diagnostics {
    Diagnostic::error("A011", format!("there is no {what} called `{name}`")).into()
}

/// A converter that no rule has refused and that cannot be built all the same.
fn broken_adc(core: &str, errors: &[SpecError]) -> Diagnostics {
    let what = errors.iter().map(|e| format!("{}: {}", e.field, e.message)).collect::<Vec<_>>().join("; ");
    Diagnostic::error("A060", format!("the ADC of core `{core}`: {what}")).into()
}

/// How the DACs of a card deviate.
fn dac_model(dac: &DacSpec) -> DacModel {
    let card = dac.card();
    let Some(m) = card.mismatch else { return DacModel::Ideal };
    match dac {
        DacSpec::BitSerial(_) | DacSpec::Amplitude(_) => {
            DacModel::Voltage(VoltageDac { bits: card.bits, element: m.element, gain: m.gain })
        }
        DacSpec::PulseWidth(_) => DacModel::PulseWidth(PulseWidthDac { bits: card.bits, edge: m.edge, jitter: 0.0 }),
    }
}

fn core_kind(
    file: &ArchFile,
    name: &str,
    core: &CoreSpec,
    xbar_kinds: &IdVec<XbarKindId, XbarKind>,
) -> Result<CoreKind> {
    let mut crossbars = Vec::with_capacity(core.crossbars.len());
    let (mut arrays, mut columns) = (0, 0);
    for (kind, count) in &core.crossbars {
        let id = file.crossbars.get_index_of(kind).map(XbarKindId::new).ok_or_else(|| unknown("crossbar", kind))?;
        let count = *count as usize;
        crossbars.push((id, count));
        arrays += count;
        columns += count * (xbar_kinds[id].cols + xbar_kinds[id].encoding.unit_columns());
    }
    let (dac, adc) = (core.dac.card(), core.adc.common());
    let model = core.adc.build().map_err(|errors| broken_adc(name, &errors))?;
    let shared = adc.per_core.is_some();
    let number = adc.per_core.or(adc.per_crossbar).map_or(1, |n| n as usize);
    let hold = &core.sample_hold;
    Ok(CoreKind {
        name: name.to_owned(),
        clock: core.clock.unwrap_or(file.clock),
        crossbars,
        dac_bits: dac.bits,
        dac_model: dac_model(&core.dac),
        skip_zero_planes: dac.skip_zero_planes,
        chain: core.chain,
        drive: match core.dac {
            DacSpec::BitSerial(_) => Drive::Voltage,
            DacSpec::Amplitude(_) => Drive::Amplitude,
            DacSpec::PulseWidth(_) => Drive::PulseWidth,
        },
        signed_inputs: dac.signed,
        dacs_per_crossbar: dac.per_crossbar as usize,
        dac_latency: dac.latency,
        dac: sleeping(core, core.dac.part(arrays * dac.per_crossbar as usize)),
        hold_banks: hold.banks,
        sample_latency: hold.latency,
        sample_hold: sleeping(core, hold.part(columns * usize::from(hold.banks))),
        adc: Adc {
            bits: adc.bits,
            number,
            shared,
            latency: core.adc.latency(),
            fill: core.adc.fill(),
            full_scale: match adc.full_scale {
                FullScaleSpec::Max => FullScale::Max,
                FullScaleSpec::Percentile(p) => FullScale::Percentile(p.si()),
                FullScaleSpec::Fixed(p) => FullScale::Fixed(p.si()),
                FullScaleSpec::Granular(p) => FullScale::Granular(p.si()),
                FullScaleSpec::Learned => FullScale::Learned,
            },
            full_scale_per: adc.full_scale_per,
            early_stop: core.adc.early_stop(),
            model,
            part: core.adc.part(if shared { number } else { arrays * number }).gated(core.gating.as_ref()),
        },
        shift_add_latency: core.shift_add.latency,
        back_end: match core.back_end {
            BackEndSpec::Serial => BackEnd::Serial,
            BackEndSpec::Pipelined => BackEnd::Pipelined,
        },
        shift_add: sleeping(core, core.shift_add.part()),
        input_register_bytes: whole(core.input_register.capacity),
        input_register_latency: core.input_register.latency,
        input_register: core.input_register.part(PartKind::InputRegister),
        output_register_bytes: whole(core.output_register.capacity),
        output_register_latency: core.output_register.latency,
        output_register: core.output_register.part(PartKind::OutputRegister),
    })
}

/// Brings the leakage of every part but the crossbars, whose cells are no transistors, to the chip's temperature.
fn at_temperature(chip: &mut Chip, law: &LeakageTemperature) {
    let tile = &mut chip.tile_kind;
    let of_chip = [&mut tile.buffer, &mut tile.bus, &mut tile.vector, &mut chip.noc.router, &mut chip.noc.link];
    let mut parts: Vec<&mut Part> = of_chip.into_iter().chain([&mut chip.memory.part]).collect();
    parts.extend(tile.control.as_mut().into_iter().chain(chip.chip_link.as_mut().map(|l| &mut l.part)));
    for c in chip.core_kinds.iter_mut() {
        parts.extend([&mut c.dac, &mut c.sample_hold, &mut c.adc.part, &mut c.shift_add]);
        parts.extend([&mut c.input_register, &mut c.output_register]);
    }
    parts.into_iter().for_each(|p| p.leakage = law.scale(&p.leakage, chip.temperature));
}

/// Brings the logic of the chip to another node.
fn in_node(chip: &mut Chip, law: &NodeScaling) {
    // the rules have seen to it that there are factors
    let Some(by) = law.factors() else { return };
    let tile = &mut chip.tile_kind;
    let mut parts: Vec<&mut Part> = vec![&mut tile.vector, &mut chip.noc.router];
    parts.extend(tile.control.as_mut());
    for c in chip.core_kinds.iter_mut() {
        parts.extend([&mut c.shift_add, &mut c.input_register, &mut c.output_register]);
    }
    parts.into_iter().for_each(|p| law.scale(p, by));
}

/// A part that sleeps with the ADCs of its core, where the prices of waking and of the clock stand.
fn sleeping(core: &CoreSpec, part: Part) -> Part {
    Part { gating: core.gating.as_ref().map(crate::cost::GatingSpec::gating), ..part }
}

fn tile_kind(file: &ArchFile) -> Result<TileKind> {
    let tile = &file.tile;
    let mut cores = Vec::with_capacity(tile.cores.len());
    for (kind, count) in &tile.cores {
        let id = file.cores.get_index_of(kind).map(CoreKindId::new).ok_or_else(|| unknown("core", kind))?;
        cores.push((id, *count as usize));
    }
    let (buffer, _) = tile.buffer.card();
    Ok(TileKind {
        cores,
        buffer_bytes: whole(buffer.capacity),
        buffer_width: whole(buffer.width),
        buffer_latency: buffer.latency,
        buffer_ports: buffer.ports.unwrap_or(1),
        buffer_refresh: Refresh::of(buffer),
        buffer: buffer.part(PartKind::Buffer),
        bus_clock: tile.bus.clock.unwrap_or(file.clock),
        bus_width: whole(tile.bus.width),
        bus_latency: tile.bus.latency,
        bus: tile.bus.part(),
        vector_clock: tile.vector.clock.unwrap_or(file.clock),
        vector_lanes: tile.vector.lanes as usize,
        vector_latency: tile.vector.latency,
        vector: tile.vector.part(),
        control: tile.control.as_ref().map(crate::cost::ControlSpec::part),
    })
}

/// Every part of the chip once, with the name of its section.
pub(super) fn parts(chip: &Chip) -> Vec<(String, &Part)> {
    let mut all: Vec<(String, &Part)> = Vec::new();
    all.extend(chip.xbar_kinds.iter().map(|x| (format!("crossbars.{}", x.name), &x.part)));
    for c in chip.core_kinds.iter() {
        let parts = [&c.dac, &c.sample_hold, &c.adc.part, &c.shift_add, &c.input_register, &c.output_register];
        all.extend(parts.into_iter().map(|p| (format!("cores.{}.{}", c.name, p.kind.name()), p)));
    }
    let tile = &chip.tile_kind;
    let of_tile = [Some(&tile.buffer), Some(&tile.bus), Some(&tile.vector), tile.control.as_ref()];
    all.extend(of_tile.into_iter().flatten().map(|p| (format!("tile.{}", p.kind.name()), p)));
    let of_chip = [&chip.noc.router, &chip.noc.link, &chip.memory.part];
    let links = chip.chip_link.as_ref().map(|l| &l.part);
    all.extend(of_chip.into_iter().chain(links).map(|p| (format!("chip.{}", p.kind.name()), p)));
    all
}

/// A036: one warning that names every assumed price.
fn assumed(chip: &Chip) -> Option<Diagnostic> {
    let mut names = Vec::new();
    for (name, part) in parts(chip) {
        let prices = part.energy.iter().map(|(a, p)| (a.name(), &p.source));
        let fixed = [("leakage", &part.leakage.source), ("area", &part.area.source)];
        names.extend(prices.chain(fixed).filter(|(_, s)| s.is_assumed()).map(|(f, _)| format!("{name}.{f}")));
    }
    let message = format!("{} prices of the chip are assumed: {}", names.len(), names.join(", "));
    (!names.is_empty())
        .then(|| Diagnostic::warning("A036", message).help("the report shows the share of energy that rests on them"))
}

/// A037: a warning for each device card with assumed constants.
fn assumed_cards(file: &ArchFile) -> Vec<Diagnostic> {
    let cards = file.devices.iter().map(|(name, card)| (name, card.assumed()));
    cards
        .filter(|(_, fields)| !fields.is_empty())
        .map(|(name, fields)| {
            let message = format!("{} constants of device `{name}` are assumed: {}", fields.len(), fields.join(", "));
            Diagnostic::warning("A037", message).help("give measured values in the card where they matter")
        })
        .collect()
}
