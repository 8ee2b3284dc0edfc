//! Rules that hold for every priced part wherever it stands: sources, prices, storage; and unused kinds.

use super::Ctx;
use crate::arch::tree::{Kind, Node};
use crate::diag::{Diagnostic, nearest};
use crate::units::{Bytes, Joule, JoulePerByte, SquareMicron, Watt};

/// Calls `f` with the path of every map of the tree.
fn maps<'t>(node: &'t Node, path: &mut Vec<&'t str>, f: &mut impl FnMut(&[&'t str], &'t Node)) {
    match &node.kind {
        Kind::Map(entries) => {
            f(path, node);
            for e in entries {
                path.push(&e.key);
                maps(&e.value, path, f);
                path.pop();
            }
        }
        Kind::Seq(items) => items.iter().for_each(|i| maps(i, path, f)),
        _ => {}
    }
}

/// All maps that have a source: the priced parts and the device cards.
fn parts(root: &Node) -> Vec<(Vec<&str>, &Node)> {
    let mut found = Vec::new();
    maps(root, &mut Vec::new(), &mut |path, node| {
        if node.get("source").is_some() {
            found.push((path.to_vec(), node));
        }
    });
    found
}

fn text(node: Option<&Node>) -> Option<&str> {
    match &node?.kind {
        Kind::Text(t) => Some(t),
        _ => None,
    }
}

fn under<'p>(path: &[&'p str], key: &'p str) -> Vec<&'p str> {
    path.iter().copied().chain([key]).collect()
}

/// A029, A033: every source says something, and `assumed` lists constants of its own part.
pub(super) fn sources(ctx: &mut Ctx<'_>) {
    let root = ctx.root;
    for (path, node) in parts(root) {
        if text(node.get("source")).is_some_and(|t| t.trim().is_empty()) {
            let path = under(&path, "source");
            ctx.require(false, "A033", &path, "the source is empty", "a citation, or `assumed: reason`");
        }
        let Some(Kind::Seq(items)) = node.get("assumed").map(|a| &a.kind) else { continue };
        for (i, item) in items.iter().enumerate() {
            let Kind::Text(name) = &item.kind else { continue };
            let fields =
                || node.entries().iter().map(|e| e.key.as_str()).filter(|k| !matches!(*k, "source" | "assumed"));
            if fields().any(|f| f == name) {
                continue;
            }
            let help = nearest(name, fields()).map_or_else(
                || format!("constants here: {}", fields().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let index = i.to_string();
            let path = [under(&path, "assumed"), vec![index.as_str()]].concat();
            let message = format!("`{name}` is no constant of `{}`", path[..path.len() - 2].join("."));
            ctx.at(&path, Diagnostic::error("A029", message).label("not a key of this part").help(help));
        }
    }
}

/// Most energy of one action or of one byte, in joules.
const MAX_ENERGY: f64 = 1e3;
/// Most static power of one part, in watts.
const MAX_POWER: f64 = 1e6;
/// Most area of one part, in square micrometres: a square metre.
const MAX_AREA: f64 = 1e12;

/// A031: no energy, power or area is negative, or so large that a sum over a run could overflow.
pub(super) fn prices(ctx: &mut Ctx<'_>) {
    let root = ctx.root;
    maps(root, &mut Vec::new(), &mut |path, node| {
        // cards of devices have rules of their own
        if path.first() == Some(&"devices") {
            return;
        }
        for e in node.entries().iter().filter(|e| e.key != "source") {
            let Some(t) = text(Some(&e.value)) else { continue };
            // the unit tells what it is: that it is the one due here has been checked
            let joule = || t.parse().map(Joule::si).or_else(|_| t.parse().map(JoulePerByte::si)).ok();
            let watt = || t.parse().map(Watt::si).ok();
            let area = || t.parse().map(SquareMicron::si).ok();
            let price = joule().map(|p| (p, MAX_ENERGY, "1 kJ"));
            let price = price.or_else(|| watt().map(|p| (p, MAX_POWER, "1 MW")));
            let Some((price, most, told)) = price.or_else(|| area().map(|p| (p, MAX_AREA, "1000000 mm2"))) else {
                continue;
            };
            let message = format!("a price of {t} is out of range");
            ctx.require((0.0..=most).contains(&price), "A031", &under(path, &e.key), &message, &format!("0 to {told}"));
        }
    });
}

/// Most bytes of a memory, or of anything that moves at once.
const MAX_STORED: f64 = 1e12;

/// A024: capacities and widths are whole numbers of bytes, and not none.
pub(super) fn storage(ctx: &mut Ctx<'_>) {
    let root = ctx.root;
    maps(root, &mut Vec::new(), &mut |path, node| {
        for key in ["capacity", "width", "flit", "row", "burst"] {
            let Some(t) = text(node.get(key)) else { continue };
            let Ok(bytes) = t.parse::<Bytes>() else { continue };
            let good = bytes.si().fract() == 0.0 && (1.0..=MAX_STORED).contains(&bytes.si());
            let message = format!("{t} is not usable");
            ctx.require(good, "A024", &under(path, key), &message, "a whole number of bytes, 1 byte to 1 Tbyte");
        }
    });
}

/// A035 (a warning): what is described and used nowhere.
pub(super) fn unused(ctx: &mut Ctx<'_>) {
    let file = ctx.file;
    let mut idle: Vec<[&str; 2]> = Vec::new();
    let used = |name: &String| file.crossbars.values().any(|x| x.device == *name);
    idle.extend(file.devices.keys().filter(|n| !used(n)).map(|n| ["devices", n]));
    let used = |name: &String| file.cores.values().any(|c| c.crossbars.contains_key(name));
    idle.extend(file.crossbars.keys().filter(|n| !used(n)).map(|n| ["crossbars", n]));
    idle.extend(file.cores.keys().filter(|n| !file.tile.cores.contains_key(*n)).map(|n| ["cores", n]));
    for path in idle {
        let message = format!("`{}` is described and used nowhere", path.join("."));
        ctx.at(&path, Diagnostic::warning("A035", message).label("not used"));
    }
}
