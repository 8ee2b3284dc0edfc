//! Meshes, concentrated meshes and tori.
//!
//! Ports: 0 east, 1 west, 2 north (larger y), 3 south, then the nodes of the router. In a torus a packet that still has
//! to pass the wrap of a ring takes the lower half of the VCs and the upper half afterwards, so that the dependencies
//! of a ring are a spiral (Dally and Seitz, IEEE Trans. Computers 36(5), 1987, doi:10.1109/TC.1987.1676939).

use super::{Routing, wrong};
use crate::diag::Result;
use crate::noc::{Fabric, Router};

const NODES: usize = 4;

/// A mesh with `concentration` nodes a router.
pub(super) fn mesh(size: [usize; 2], concentration: usize, routing: Routing, settings: &Router) -> Result<Fabric> {
    let [width, height] = size;
    if routing == Routing::Adaptive && (!settings.wait_for_tail_credit || settings.vcs < 2) {
        return Err(wrong(
            "adaptive routing without VCs that wait for the tail credit, or with a single one, can deadlock",
            "set wait_for_tail_credit and at least 2 virtual channels, or route west-first",
        ));
    }
    let mut f = Fabric::new(width * height, NODES + concentration, width * height * concentration, settings)?;
    wire(&mut f, size, concentration, settings.link, false);
    let table = f.clone();
    f.route(|r, n| {
        let to = n / concentration;
        let offset = [0, 1].map(|d| coordinate(to, d, width) as isize - coordinate(r, d, width) as isize);
        let ports = [0, 1].map(|d| table.on(2 * d + usize::from(offset[d] < 0)));
        let open = [0, 1].map(|d| if offset[d] == 0 { 0 } else { ports[d] });
        let first = |d: usize| if open[d] == 0 { open[1 - d] } else { open[d] };
        match routing {
            Routing::Xy | Routing::Natural => first(0),
            Routing::Yx => first(1),
            Routing::WestFirst if offset[0] < 0 => open[0],
            Routing::WestFirst => open[0] | open[1],
            Routing::Adaptive => {
                let escape = (0..NODES).fold(0, |m, p| m | table.vcs_of(p, 0, 1));
                (open[0] | open[1]) & !escape | first(0) & escape
            }
        }
    })?;
    Ok(f)
}

/// A torus with a node a router.
pub(super) fn torus(size: [usize; 2], routing: Routing, settings: &Router) -> Result<Fabric> {
    let [width, height] = size;
    let first = match routing {
        Routing::Xy | Routing::Natural => 0,
        Routing::Yx => 1,
        other => return Err(wrong(format!("{other:?} routing can deadlock on a torus"), "take X-Y or Y-X")),
    };
    if settings.vcs < 2 {
        return Err(wrong("a torus needs two virtual channels", "one before and one after the wrap"));
    }
    let mut f = Fabric::new(width * height, NODES + 1, width * height, settings)?;
    // folded rows and columns: neighbours are two places apart
    wire(&mut f, size, 1, 2 * settings.link, true);
    let table = f.clone();
    f.route(|r, n| {
        let along = |d: usize| {
            let (from, to) = (coordinate(r, d, width), coordinate(n, d, width));
            (from != to).then(|| half(&table, 2 * d, from, to, size[d]))
        };
        along(first).or_else(|| along(1 - first)).unwrap_or(0)
    })?;
    Ok(f)
}

/// VCs on the shorter way round a ring of `size`, out of ports `up` and `up + 1`. Of two equal ways even places take
/// the one up, which keeps both directions in use; later routers of the way have no such choice.
pub(super) fn half(f: &Fabric, up: usize, from: usize, to: usize, size: usize) -> u64 {
    let ahead = (to + size - from) % size;
    let rises = 2 * ahead < size || 2 * ahead == size && from.is_multiple_of(2);
    let wraps = if rises { to < from } else { to > from };
    let middle = f.vcs / 2;
    let port = up + usize::from(!rises);
    if wraps { f.vcs_of(port, 0, middle) } else { f.vcs_of(port, middle, f.vcs) }
}

const fn coordinate(router: usize, dimension: usize, width: usize) -> usize {
    if dimension == 0 { router % width } else { router / width }
}

fn wire(f: &mut Fabric, [width, height]: [usize; 2], concentration: usize, cycles: u32, closed: bool) {
    for r in 0..width * height {
        let (x, y) = (r % width, r / width);
        if x + 1 < width || closed {
            f.connect((r, 0), (y * width + (x + 1) % width, 1), cycles);
        }
        if y + 1 < height || closed {
            f.connect((r, 2), ((y + 1) % height * width + x, 3), cycles);
        }
        for c in 0..concentration {
            let near = f.latency[r * f.ports + NODES + c];
            f.attach(r * concentration + c, r, NODES + c, near);
        }
    }
}
