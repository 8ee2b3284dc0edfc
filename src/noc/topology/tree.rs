//! Trees with nodes at their leaves.
//!
//! Level 0 is next to the nodes. A packet goes up until its destination lies below, then down; nothing goes up after it
//! has gone down, so no circle of waiting packets can close.

use super::wrong;
use crate::diag::Result;
use crate::noc::{Fabric, MAX_NODES, Router};

/// Checks arity and levels and gives the number of nodes.
fn leaves(arity: usize, levels: usize) -> Result<usize> {
    let nodes = u32::try_from(levels).ok().and_then(|n| arity.checked_pow(n)).filter(|&n| n <= MAX_NODES);
    match nodes {
        Some(nodes) if arity >= 2 && levels >= 1 => Ok(nodes),
        _ => Err(wrong(
            format!("a tree of {levels} levels with {arity} branches each"),
            "two branches and one level at least, 4096 nodes at most",
        )),
    }
}

/// A tree with one link up a router; links above level l are `stretch(l)` times the router's link long. Ports: `arity`
/// down, then one up.
pub(super) fn tree(arity: usize, levels: usize, stretch: impl Fn(u32) -> u32, settings: &Router) -> Result<Fabric> {
    let nodes = leaves(arity, levels)?;
    // routers below level l
    let before = |level: usize| (1..=level).map(|l| nodes / arity.pow(l as u32)).sum::<usize>();
    let mut f = Fabric::new(before(levels), arity + 1, nodes, settings)?;
    for n in 0..nodes {
        f.attach(n, n / arity, n % arity, settings.link);
    }
    for level in 0..levels - 1 {
        for i in 0..nodes / arity.pow(level as u32 + 1) {
            let parent = before(level + 1) + i / arity;
            f.connect((before(level) + i, arity), (parent, i % arity), settings.link * stretch(level as u32 + 1));
        }
    }
    let table = f.clone();
    f.route(|r, n| {
        let level = (0..levels).find(|&l| r < before(l + 1)).unwrap_or(levels - 1);
        let (place, below) = (r - before(level), arity.pow(level as u32));
        table.on(if n / (below * arity) == place { n / below % arity } else { arity })
    })?;
    Ok(f)
}

/// A k-ary n-tree: router w at level l is linked to those at level l + 1 whose number differs in digit l alone. Ports:
/// `arity` down, then `arity` up; any of these may be taken.
pub(super) fn fat(arity: usize, levels: usize, settings: &Router) -> Result<Fabric> {
    let nodes = leaves(arity, levels)?;
    let row = nodes / arity;
    let mut f = Fabric::new(levels * row, 2 * arity, nodes, settings)?;
    for n in 0..nodes {
        f.attach(n, n / arity, n % arity, settings.link);
    }
    let digit = |w: usize, l: usize| w / arity.pow(l as u32) % arity;
    for level in 0..levels - 1 {
        let weight = arity.pow(level as u32);
        for w in 0..row {
            for up in 0..arity {
                let above = w - digit(w, level) * weight + up * weight;
                f.connect((level * row + w, arity + up), ((level + 1) * row + above, digit(w, level)), settings.link);
            }
        }
    }
    let table = f.clone();
    f.route(|r, n| {
        let (level, w) = (r / row, r % row);
        // a router at level l reaches the nodes whose router shares its digits from l on
        let reach = arity.pow(level as u32);
        if n / arity / reach == w / reach {
            table.on(if level == 0 { n % arity } else { digit(n / arity, level - 1) })
        } else {
            (arity..2 * arity).fold(0, |m, p| m | table.on(p))
        }
    })?;
    Ok(f)
}
