//! Shapes of networks and the ways through them, each compiled to a [`Fabric`].

mod grid;
mod line;
mod tree;

use super::{Fabric, MAX_NODES, Router};
use crate::diag::{Diagnostic, Result};

/// Shape of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topology {
    /// A mesh; node = (y · width + x) · concentration + place at its router. More than one node a router makes it a
    /// concentrated mesh.
    Mesh {
        /// Routers in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Nodes of a router.
        concentration: usize,
    },
    /// A mesh whose rows and columns are closed to rings; wires are folded and twice as long.
    Torus {
        /// Routers in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// Routers in a circle, a node each, both ways.
    Ring {
        /// Nodes.
        nodes: usize,
    },
    /// One shared medium: one flit a cycle in all.
    Bus {
        /// Nodes.
        nodes: usize,
    },
    /// A tree with nodes at its leaves; every router has one link up.
    Tree {
        /// Links down of a router.
        arity: usize,
        /// Levels of routers; arity^levels nodes.
        levels: usize,
    },
    /// A k-ary n-tree (Petrini and Vanneschi, IPPS 1997, doi:10.1109/IPPS.1997.580853): as many links up as down, the
    /// same bandwidth at every level.
    FatTree {
        /// Links down of a router, and links up.
        arity: usize,
        /// Levels of routers; arity^levels nodes.
        levels: usize,
    },
    /// A tree of four branches laid out as an H: wires double in length from one level to the next.
    HTree {
        /// Levels of routers; 4^levels nodes.
        levels: usize,
    },
}

/// Way through a network. On a torus X-Y and Y-X take the shorter way round each ring; elsewhere there is only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// First along the row, then along the column.
    Xy,
    /// First along the column, then along the row.
    Yx,
    /// Adaptive, minimal; what goes west goes there first (Glass and Ni, ISCA 1992, doi:10.1145/139669.140384).
    WestFirst,
    /// Adaptive, minimal, on all VCs but the first of each port, which is left to X-Y (Duato, IEEE TPDS 4(12), 1993,
    /// doi:10.1109/71.250114). A VC then must hold one packet at a time: `wait_for_tail_credit`.
    Adaptive,
    /// The shape's own: X-Y in meshes and tori, the shorter way in rings, up and down in trees.
    Natural,
}

impl Topology {
    /// The shapes as a command line writes them.
    pub const FORMS: &str = "mesh:8x8, cmesh:4x4x4, torus:8x8, ring:8, bus:8, tree:2x3, fat_tree:2x3, h_tree:2";

    /// The shape of a text such as `mesh:8x8`: width, height, nodes a router; or branches and levels.
    ///
    /// # Errors
    /// R170 for an unknown one.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, sizes) = text.split_once(':').unwrap_or((text, ""));
        let sizes: Option<Vec<usize>> = sizes.split('x').map(|n| n.parse().ok()).collect();
        Ok(match (name, sizes.as_deref()) {
            ("mesh", Some(&[width, height])) => Self::Mesh { width, height, concentration: 1 },
            ("cmesh", Some(&[width, height, concentration])) => Self::Mesh { width, height, concentration },
            ("torus", Some(&[width, height])) => Self::Torus { width, height },
            ("ring", Some(&[nodes])) => Self::Ring { nodes },
            ("bus", Some(&[nodes])) => Self::Bus { nodes },
            ("tree", Some(&[arity, levels])) => Self::Tree { arity, levels },
            ("fat_tree", Some(&[arity, levels])) => Self::FatTree { arity, levels },
            ("h_tree", Some(&[levels])) => Self::HTree { levels },
            _ => return Err(wrong(format!("there is no topology `{text}`"), Self::FORMS)),
        })
    }

    /// Number of nodes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        let power = |k: usize, n: usize| k.saturating_pow(u32::try_from(n).unwrap_or(u32::MAX));
        match *self {
            Self::Mesh { width, height, concentration } => width.saturating_mul(height).saturating_mul(concentration),
            Self::Torus { width, height } => width.saturating_mul(height),
            Self::Ring { nodes } | Self::Bus { nodes } => nodes,
            Self::Tree { arity, levels } | Self::FatTree { arity, levels } => power(arity, levels),
            Self::HTree { levels } => power(4, levels),
        }
    }

    /// Nodes in a row and rows of nodes, for patterns that need places; `None` where they stand in no grid.
    #[must_use]
    pub const fn grid(&self) -> Option<(usize, usize)> {
        match *self {
            Self::Mesh { width, height, concentration: 1 } | Self::Torus { width, height } => Some((width, height)),
            _ => None,
        }
    }

    /// Routers, links and routes.
    ///
    /// # Errors
    /// R170 for a shape that cannot be built or a routing that does not suit it.
    pub fn compile(&self, routing: Routing, settings: &Router) -> Result<Fabric> {
        settings.check()?;
        if self.nodes() > MAX_NODES {
            return Err(wrong("a network of too many nodes", &format!("from 1 to {MAX_NODES}")));
        }
        match *self {
            Self::Mesh { width, height, concentration } => {
                grid::mesh([width, height], concentration, routing, settings)
            }
            Self::Torus { width, height } => grid::torus([width, height], routing, settings),
            _ if routing != Routing::Natural => {
                Err(wrong(format!("{routing:?} routing is for grids"), "take the natural routing"))
            }
            Self::Ring { nodes } => line::ring(nodes, settings),
            Self::Bus { nodes } => line::bus(nodes, settings),
            Self::Tree { arity, levels } => tree::tree(arity, levels, |_| 1, settings),
            Self::HTree { levels } => tree::tree(4, levels, |level| 1 << level, settings),
            Self::FatTree { arity, levels } => tree::fat(arity, levels, settings),
        }
    }
}

impl Routing {
    /// Names on the command line.
    pub const NAMES: [(&str, Self); 5] = [
        ("xy", Self::Xy),
        ("yx", Self::Yx),
        ("west_first", Self::WestFirst),
        ("adaptive", Self::Adaptive),
        ("natural", Self::Natural),
    ];

    /// The routing of a name.
    ///
    /// # Errors
    /// R170 for an unknown one.
    pub fn parse(text: &str) -> Result<Self> {
        Self::NAMES
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, routing)| *routing)
            .ok_or_else(|| wrong(format!("there is no routing `{text}`"), "xy, yx, west_first, adaptive or natural"))
    }
}

fn wrong(what: impl Into<String>, help: &str) -> crate::diag::Diagnostics {
    Diagnostic::error("R170", what).help(help).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for form in Topology::FORMS.split(", ") {
            let topology = Topology::parse(form).expect("a form");
            let fabric = topology.compile(Routing::Natural, &Router::default()).expect("it can be built");
            assert_eq!(fabric.nodes(), topology.nodes(), "{form}");
        }
        for wrong in [
            "mesh",
            "mesh:4",
            "ring:x",
            "star:4",
            "mesh:0x4",
            "tree:1x3",
            "bus:4096",
            "mesh:1000x1000",
            "mesh:4294967296x4294967296",
            "torus:4x4611686018427387905",
        ] {
            let built = Topology::parse(wrong).and_then(|t| t.compile(Routing::Natural, &Router::default()));
            assert!(built.is_err(), "{wrong}");
        }
    }

    /// Adaptive routing without what keeps it from deadlock is refused, and so are routings of other shapes.
    #[test]
    fn routings_that_do_not_suit_are_refused() {
        let mesh = Topology::Mesh { width: 4, height: 4, concentration: 1 };
        let torus = Topology::Torus { width: 4, height: 4 };
        let plain = Router::default();
        assert!(mesh.compile(Routing::Adaptive, &plain).is_err());
        assert!(mesh.compile(Routing::Adaptive, &Router { wait_for_tail_credit: true, ..plain }).is_ok());
        assert!(torus.compile(Routing::WestFirst, &plain).is_err());
        assert!(torus.compile(Routing::Xy, &Router { vcs: 1, ..plain }).is_err());
        assert!(Topology::Ring { nodes: 5 }.compile(Routing::Xy, &plain).is_err());
    }
}
