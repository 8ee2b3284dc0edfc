//! Mapping: which crossbar holds which block, and how many copies of it there are.

mod anneal;
mod balanced_pipeline;
mod choice;
mod copies;
mod floorplan;
mod flow;
mod greedy_noc;
mod sequential;
mod traffic;

pub use choice::{Choice, Setting};
pub use copies::{Demand, MOST_COPIES, balanced, demands, room};
pub use floorplan::{Floorplan, LayerPlan, LinkPlan, Share, TilePlan, Usage, usage};
pub use flow::{Flow, Flows, Home, share};
pub use traffic::{Traffic, hops};

use crate::arch::{Chip, XbarId};
use crate::diag::{Diagnostic, Result};
use crate::id::IdVec;
use crate::lower::{BlockId, QuantGraph, TiledGraph};

/// Where every block lives. Each block has one crossbar for each replica of its layer; output position
/// `p` is computed by replica `p mod replicas`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placement {
    /// Crossbars of each block, one for each replica.
    pub blocks: IdVec<BlockId, Vec<XbarId>>,
}

impl Placement {
    /// No crossbar for any block.
    fn empty(tiled: &TiledGraph) -> Self {
        Self { blocks: tiled.blocks.iter().map(|_| Vec::new()).collect() }
    }
    /// Crossbars in use.
    #[must_use]
    pub fn crossbars_used(&self) -> usize {
        self.blocks.iter().map(Vec::len).sum()
    }
}

/// What is to be placed where.
pub struct Problem<'a> {
    /// The blocks.
    pub tiled: &'a TiledGraph,
    /// The chip.
    pub chip: &'a Chip,
    /// Who sends how much to whom.
    pub flows: Flows,
}

impl<'a> Problem<'a> {
    /// The problem of placing `graph`, cut into `tiled`, on `chip`.
    #[must_use]
    pub fn new(graph: &QuantGraph, tiled: &'a TiledGraph, chip: &'a Chip) -> Self {
        Self { tiled, chip, flows: Flows::of(graph, tiled, chip) }
    }

    /// Copies of each layer for a balanced pipeline with at most `most` of each.
    fn copies(&self, most: usize) -> Vec<usize> {
        balanced(&demands(self.tiled), &room(self.chip), most)
    }

    /// `P002`, saying by how much and what would help.
    fn does_not_fit(&self) -> Diagnostic {
        let (tiled, chip) = (self.tiled, self.chip);
        let needed = tiled.blocks.len();
        let there = tiled.layers.iter().next().map_or(0, |l| room(chip)[l.xbar_kind]);
        let per_tile = (there / chip.tiles.len().max(1)).max(1);
        let tiles = needed.div_ceil(per_tile);
        let width = (tiles as f64).sqrt().ceil() as usize;
        let mut largest: Vec<(usize, &str)> =
            tiled.layers.iter().map(|l| (l.blocks.len(), l.origin.as_str())).collect();
        largest.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
        let largest: Vec<String> = largest.iter().take(3).map(|(n, name)| format!("`{name}` {n}")).collect();
        Diagnostic::error(
            "P002",
            format!(
                "the network needs {needed} crossbars and chip `{}` has {there}: {} too few (largest layers: {})",
                chip.name,
                needed.saturating_sub(there),
                largest.join(", ")
            ),
        )
        .help(format!(
            "{tiles} tiles would do, for instance `--set chip.grid=[{width}, {}]`; larger crossbars, more bits_per_cell or fewer weight bits also need fewer",
            tiles.div_ceil(width.max(1))
        ))
    }
}

/// A way to place blocks: pure, so that equal inputs give equal placements.
pub trait Mapper: Sync {
    /// Places every block on the chip.
    ///
    /// # Errors
    /// `P002` when the network does not fit, saying by how much and what would help.
    fn place(&self, problem: &Problem<'_>) -> Result<Placement>;
}

/// One row of [`MAPPERS`].
#[derive(Debug)]
pub struct Entry {
    /// Name in arch files and on the command line.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Its options.
    pub settings: &'static [Setting],
    /// The mapper with the values of its options.
    pub build: fn(&Choice) -> Box<dyn Mapper>,
}

/// The option that all mappers with copies share.
const fn copies_setting(default: u64) -> Setting {
    Setting {
        name: "copies",
        about: "most copies of a layer; 1 places each layer once, more balance the pipeline",
        default,
        range: 1..=MOST_COPIES as u64,
    }
}

/// Every mapper.
pub const MAPPERS: &[Entry] = &[
    Entry {
        name: "sequential",
        about: "layers in network order onto crossbars in chip order, each layer on cores of its own while there are enough",
        settings: &[],
        build: |_| Box::new(sequential::Sequential),
    },
    Entry {
        name: "balanced_pipeline",
        about: "as sequential, with so many copies of each layer that all yield at one rate, as fast as the chip has room for",
        settings: &[copies_setting(MOST_COPIES as u64)],
        build: |c| Box::new(balanced_pipeline::BalancedPipeline { copies: c.get("copies") as usize }),
    },
    Entry {
        name: "greedy_noc",
        about: "layer after layer onto the free tiles with the fewest bits × hops to what is placed already",
        settings: &[copies_setting(1)],
        build: |c| Box::new(greedy_noc::GreedyNoc { copies: c.get("copies") as usize }),
    },
    Entry {
        name: "anneal",
        about: "simulated annealing of bits × hops from the placement of greedy_noc",
        settings: &[
            copies_setting(1),
            Setting { name: "steps", about: "moves that are tried", default: 200_000, range: 0..=1_000_000_000 },
            Setting { name: "seed", about: "seed of the moves", default: 0, range: 0..=u64::MAX },
        ],
        build: |c| {
            Box::new(anneal::Anneal { copies: c.get("copies") as usize, steps: c.get("steps"), seed: c.get("seed") })
        },
    },
];

/// Places with a mapper given as [`Choice::parse`] reads it: `NAME` or `NAME:option=number,...`.
///
/// # Errors
/// Those of [`Choice::parse`]; else the mapper's own.
pub fn place(mapper: &str, graph: &QuantGraph, tiled: &TiledGraph, chip: &Chip) -> Result<Placement> {
    let choice = Choice::parse(mapper)?;
    (choice.entry.build)(&choice).place(&Problem::new(graph, tiled, chip))
}
