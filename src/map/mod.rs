//! Mapping: which crossbar holds which block.

mod sequential;

use crate::arch::{Chip, XbarId};
use crate::diag::{Diagnostic, Result, nearest};
use crate::id::IdVec;
use crate::lower::{BlockId, TiledGraph};

/// Where every block lives. Each block has one crossbar for each replica of its layer; output position
/// `p` is computed by replica `p mod replicas`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placement {
    /// Crossbars of each block, one for each replica.
    pub blocks: IdVec<BlockId, Vec<XbarId>>,
}

impl Placement {
    /// Crossbars in use.
    #[must_use]
    pub fn crossbars_used(&self) -> usize {
        self.blocks.iter().map(Vec::len).sum()
    }
}

/// A way to place blocks: pure, so that equal inputs give equal placements.
pub trait Mapper: Sync {
    /// Places every block of `tiled` on `chip`.
    ///
    /// # Errors
    /// `P002` when the network does not fit, saying by how much and what would help.
    fn place(&self, tiled: &TiledGraph, chip: &Chip) -> Result<Placement>;
}

/// One row of [`MAPPERS`].
pub struct Entry {
    /// Name in arch files and on the command line.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// The mapper.
    pub mapper: &'static dyn Mapper,
}

/// Every mapper.
pub const MAPPERS: &[Entry] = &[Entry {
    name: "sequential",
    about: "layers in network order onto crossbars in chip order, each layer on cores of its own while there are enough",
    mapper: &sequential::Sequential,
}];

/// Places with the mapper called `name`.
///
/// # Errors
/// `P005` for a name that is not in [`MAPPERS`]; else the mapper's own.
pub fn place(name: &str, tiled: &TiledGraph, chip: &Chip) -> Result<Placement> {
    let Some(entry) = MAPPERS.iter().find(|m| m.name == name) else {
        let names: Vec<&str> = MAPPERS.iter().map(|m| m.name).collect();
        let meant = nearest(name, names.iter().copied()).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        return Err(Diagnostic::error("P005", format!("there is no mapper `{name}`"))
            .help(format!("mappers: {}{meant}", names.join(", ")))
            .into());
    };
    entry.mapper.place(tiled, chip)
}
