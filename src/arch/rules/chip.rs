//! Rules of the chip as a whole: version, clock, grid, tile, network, defaults.

use super::Ctx;
use crate::arch::FORMAT_VERSION;
use crate::arch::limits::KELVINS;
use crate::cost::MeshFidelity;
use crate::diag::Diagnostic;

/// Most tiles along one side of the mesh.
const MAX_SIDE: u32 = 64;
/// Most chips in a row.
pub const MAX_CHIPS: u32 = 256;
/// Most cycles of the chip's clock to one of a clock derived from it.
pub const MAX_DIVIDER: u64 = 1 << 16;
/// Most crossbars of a chip; the simulator keeps a record of each.
const MAX_CROSSBARS: u64 = 1 << 20;

/// A010: the format version.
pub(super) fn version(ctx: &mut Ctx<'_>) {
    let version = ctx.file.archsim;
    if version != FORMAT_VERSION {
        let message = format!("the file has format version {version}; this program reads version {FORMAT_VERSION}");
        let d = Diagnostic::error("A010", message).label(format!("{FORMAT_VERSION} was expected"));
        ctx.at(
            &["archsim"],
            d.help("use the release of archsim that the file was written for, or bring it to this format"),
        );
    }
}

/// A025: names that can stand in paths of reports and in file names.
pub(super) fn names(ctx: &mut Ctx<'_>) {
    let file = ctx.file;
    let good = |name: &str| {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        (1..=64).contains(&name.len()) && name.chars().all(word)
    };
    let expected = "letters, digits, `_` and `-`, at most 64";
    ctx.require(good(&file.name), "A025", &["name"], "this cannot be the name of a chip", expected);
    let sections = [
        ("devices", file.devices.keys().collect::<Vec<_>>()),
        ("crossbars", file.crossbars.keys().collect()),
        ("cores", file.cores.keys().collect()),
    ];
    for (section, names) in sections {
        for name in names {
            ctx.require(good(name), "A025", &[section, name], "this cannot be a name", expected);
        }
    }
}

/// A021: clock and temperature.
pub(super) fn clock_and_temperature(ctx: &mut Ctx<'_>) {
    let hertz = ctx.file.clock.si();
    let good = (1.0..=1e12).contains(&hertz);
    ctx.require(good, "A021", &["clock"], &format!("a clock of {}", ctx.file.clock), "1 Hz to 1 THz");
    let kelvin = ctx.file.temperature.si();
    let good = KELVINS.contains(&kelvin);
    ctx.require(good, "A021", &["temperature"], &format!("{}", ctx.file.temperature), "1 K to 1000 K");
}

/// A043: parts run on the chip's clock or a whole part of it.
pub(super) fn clock_domains(ctx: &mut Ctx<'_>) {
    let file = ctx.file;
    let cores = file.cores.iter().map(|(name, core)| (vec!["cores", name.as_str()], core.clock));
    let of_tile = [(vec!["tile", "bus"], file.tile.bus.clock), (vec!["tile", "vector"], file.tile.vector.clock)];
    for (mut path, own) in cores.chain(of_tile) {
        let Some(own) = own else { continue };
        path.push("clock");
        let good = file.clock.divider(own).is_some_and(|d| d <= MAX_DIVIDER);
        let message = format!("a clock of {own} does not divide the chip's clock of {} by a whole number", file.clock);
        let expected = format!("{} divided by 1 to {MAX_DIVIDER}", file.clock);
        ctx.require(good, "A043", &path, &message, &expected);
    }
}

/// A023: the grid, and how many crossbars it makes.
pub(super) fn grid(ctx: &mut Ctx<'_>) {
    let grid = ctx.file.chip.grid;
    let [x, y] = grid;
    if x == 0 || y == 0 {
        return ctx.require(false, "A023", &["chip", "grid"], &format!("a grid of {x} x {y} has no tile"), "1 or more");
    }
    let good = x <= MAX_SIDE && y <= MAX_SIDE;
    let message = format!("a grid of {x} x {y} is too large");
    ctx.require(good, "A023", &["chip", "grid"], &message, &format!("at most {MAX_SIDE} x {MAX_SIDE}"));
    let in_core = |kind: &String| {
        ctx.file.cores.get(kind).map_or(0, |c| c.crossbars.values().fold(0, |n: u64, k| n.saturating_add((*k).into())))
    };
    let in_tile = ctx
        .file
        .tile
        .cores
        .iter()
        .fold(0, |n: u64, (kind, count)| n.saturating_add(in_core(kind).saturating_mul((*count).into())));
    let chips = u64::from(ctx.file.chip.chips.unwrap_or(1));
    let total = in_tile.saturating_mul(x.into()).saturating_mul(y.into()).saturating_mul(chips);
    if good && total > MAX_CROSSBARS {
        let message = format!("{x} x {y} tiles have {total} crossbars in all");
        ctx.require(false, "A023", &["chip", "grid"], &message, &format!("at most {MAX_CROSSBARS} crossbars"));
    }
}

/// A040, A041, A042: several chips, and the links between them.
pub(super) fn chips(ctx: &mut Ctx<'_>) {
    let chip = &ctx.file.chip;
    let chips = chip.chips.unwrap_or(1);
    let good = (1..=MAX_CHIPS).contains(&chips);
    ctx.require(good, "A040", &["chip", "chips"], &format!("{chips} chips"), &format!("1 to {MAX_CHIPS}"));
    let Some(link) = &chip.chip_link else {
        let message = format!("{chips} chips and no `chip_link` between them");
        return ctx.require(
            chips <= 1,
            "A041",
            &["chip", "chips"],
            &message,
            "one chip, or a section `chip.chip_link`",
        );
    };
    let link = link.serial();
    let path = ["chip", "chip_link", "serial", "links"];
    ctx.require((1..=1024).contains(&link.links), "A042", &path, &format!("{} links", link.links), "1 to 1024");
    let path = ["chip", "chip_link", "serial", "bandwidth"];
    // a byte in a thousand cycles is the slowest that whole cycles tell apart, 1 MB a cycle beyond any link
    let bytes = link.bandwidth.si() / ctx.file.clock.si();
    let good = (1e-3..=1e6).contains(&bytes);
    ctx.require(good, "A042", &path, &format!("{} is {bytes} bytes a cycle", link.bandwidth), "0.001 to 1000000");
}

/// A011, A012: the cores of a tile exist.
pub(super) fn tile_cores(ctx: &mut Ctx<'_>) {
    if ctx.file.tile.cores.is_empty() {
        ctx.require(false, "A012", &["tile", "cores"], "the tile has no core", "at least one");
    }
    for (kind, count) in &ctx.file.tile.cores {
        let path = ["tile", "cores", kind];
        if !ctx.file.cores.contains_key(kind) {
            ctx.unknown(&path, "core", kind, ctx.file.cores.keys());
        }
        ctx.require((1..=1024).contains(count), "A012", &path, &format!("{count} cores"), "1 to 1024");
    }
}

/// A024, A030: widths and depths of what moves and works on data.
pub(super) fn bus_vector_noc(ctx: &mut Ctx<'_>) {
    let lanes = ctx.file.tile.vector.lanes;
    let path = ["tile", "vector", "lanes"];
    ctx.require((1..=65_536).contains(&lanes), "A030", &path, &format!("{lanes} lanes"), "1 to 65536");
    let flits = ctx.file.chip.noc.mesh().buffer_flits;
    let path = ["chip", "noc", "mesh", "buffer_flits"];
    ctx.require((1..=65_536).contains(&flits), "A030", &path, &format!("{flits} flits"), "1 to 65536");
}

/// A048: a mesh that runs flit by flit.
pub(super) fn flit_mesh(ctx: &mut Ctx<'_>) {
    let (file, clock) = (ctx.file, ctx.file.clock);
    let mesh = file.chip.noc.mesh();
    if mesh.fidelity != Some(MeshFidelity::Flit) {
        return;
    }
    let vcs = mesh.virtual_channels.unwrap_or(1);
    let (router, link) = (mesh.router.latency.cycles(clock), mesh.link.latency.cycles(clock));
    let flits = u64::from(mesh.buffer_flits);
    for (field, found, range, what) in [
        (&["virtual_channels"][..], vcs.into(), 1..=12, "virtual channels"),
        (&["buffer_flits"][..], flits, 1..=4096, "flits in the buffer of a virtual channel"),
        (&["router", "latency"][..], router, 1..=1024, "cycles through a router"),
        (&["link", "latency"][..], link, 0..=1024, "cycles over a link"),
    ] {
        let path = [&["chip", "noc", "mesh"][..], field].concat();
        let expected = format!("{} to {}, or `fidelity: link`", range.start(), range.end());
        ctx.require(range.contains(&found), "A048", &path, &format!("{found} {what}"), &expected);
    }
}

/// A026, A027, A032: defaults.
pub(super) fn defaults(ctx: &mut Ctx<'_>) {
    let d = &ctx.file.defaults;
    for (field, bits, low) in [("weights", d.quantisation.weights, 1), ("activations", d.quantisation.activations, 1)] {
        let path = ["defaults", "quantisation", field];
        let good = (low..=16).contains(&bits);
        ctx.require(good, "A027", &path, &format!("{bits} bits"), &format!("{low} to 16"));
    }
    let p = d.quantisation.percentile.si();
    let path = ["defaults", "quantisation", "percentile"];
    let good = p > 0.0 && p <= 1.0;
    ctx.require(good, "A026", &path, "percentile out of range", "above 0 % and at most 100 %");
    let good = d.age.si() >= 0.0 && d.age.si().is_finite();
    ctx.require(good, "A032", &["defaults", "age"], "the age is negative or infinite", "0 s or more");
}
