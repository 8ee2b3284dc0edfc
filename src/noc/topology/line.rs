//! Rings and buses.

use super::grid::half;
use super::wrong;
use crate::diag::Result;
use crate::noc::{Fabric, Router};

/// Routers in a circle: port 0 up, 1 down, 2 the node. VCs as in a torus.
pub(super) fn ring(nodes: usize, settings: &Router) -> Result<Fabric> {
    if settings.vcs < 2 || nodes < 3 {
        return Err(wrong(
            "a ring needs three nodes and two virtual channels",
            "one virtual channel before and one after the wrap",
        ));
    }
    let mut f = Fabric::new(nodes, 3, nodes, settings)?;
    for n in 0..nodes {
        f.connect((n, 0), ((n + 1) % nodes, 1), settings.link);
        f.attach(n, n, 2, settings.link);
    }
    let table = f.clone();
    f.route(|r, n| half(&table, 0, r, n, nodes))?;
    Ok(f)
}

/// One router whose crossbar is a shared medium: the arbiter goes round the nodes.
pub(super) fn bus(nodes: usize, settings: &Router) -> Result<Fabric> {
    let mut f = Fabric::new(1, nodes, nodes, settings)?;
    f.shared = true;
    for n in 0..nodes {
        f.attach(n, 0, n, settings.link);
    }
    // every node is at home at the one router
    f.route(|_, _| 0)?;
    Ok(f)
}
