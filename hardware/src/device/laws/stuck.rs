//! Stuck cells: drawn with given shares, cell by cell or in neighbourhoods, or listed.
//!
//! **Cell by cell.** A cell is stuck high or low with the probabilities of the card.
//! **Neighbourhoods.** A block of `rows × columns` logical cells is defective with probability `s/f` and each of
//! its cells is then stuck with probability `f`, so that the share of stuck cells is `s` as before and the
//! indicators of two cells of a block have the correlation `(f - s)/(1 - s)`. Blocks are independent.
//! **Listed.** Named cells are stuck with certainty, whatever the chance.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::spec::Checks;
use super::super::{Chance, Window};
use crate::rng::{Domain, Draw, element, neighbourhood};
use crate::units::Share;

/// Where a cell is stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StuckAt {
    /// At the lowest conductance (stuck off).
    Low,
    /// At the highest conductance (stuck on).
    High,
}

impl StuckAt {
    /// High if `high`.
    pub(super) const fn of(high: bool) -> Self {
        if high { Self::High } else { Self::Low }
    }
    /// The conductance in a window, in siemens.
    #[must_use]
    pub const fn conductance(self, window: Window) -> f64 {
        match self {
            Self::Low => window.g_min.0,
            Self::High => window.g_max.0,
        }
    }
}

/// Card of stuck cells.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StuckSpec {
    /// Share of cells stuck at the highest conductance.
    pub high: Share,
    /// Share of cells stuck at the lowest conductance.
    pub low: Share,
    /// Neighbourhoods in which stuck cells gather; without, each cell is drawn by itself.
    pub cluster: Option<ClusterSpec>,
    /// Cells that are stuck with certainty.
    pub cells: Vec<StuckCellSpec>,
}

/// Card of neighbourhoods.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterSpec {
    /// Logical rows of a neighbourhood.
    pub rows: u32,
    /// Logical columns of a neighbourhood, with all their slices and polarities.
    pub columns: u32,
    /// Share of the cells of a defective neighbourhood that are stuck.
    pub fill: Share,
}

/// One listed cell by its logical address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StuckCellSpec {
    /// Layer of the network.
    #[serde(default)]
    pub layer: u32,
    /// Row of its matrix.
    pub row: u32,
    /// Column of its matrix.
    pub column: u32,
    /// Bit slice; 0 by default.
    #[serde(default)]
    pub slice: u32,
    /// The negative cell of a pair.
    #[serde(default)]
    pub negative: bool,
    /// Copy of the layer; 0 by default.
    #[serde(default)]
    pub replica: u32,
    /// Where it is stuck.
    pub at: StuckAt,
}

impl StuckSpec {
    pub(crate) fn check(&self, at: &str, checks: &mut Checks) {
        checks.within(&format!("{at}.high"), self.high.0, 0.0, 1.0);
        checks.within(&format!("{at}.low"), self.low.0, 0.0, 1.0);
        let both = self.high.0 + self.low.0;
        checks.require(both <= 1.0, at, "more than all cells are stuck", "lower `high` or `low`");
        if let Some(c) = self.cluster {
            checks.within(&format!("{at}.cluster.rows"), f64::from(c.rows), 1.0, 65536.0);
            checks.within(&format!("{at}.cluster.columns"), f64::from(c.columns), 1.0, 65536.0);
            let field = format!("{at}.cluster.fill");
            checks.within(&field, c.fill.0, 0.0, 1.0);
            checks.require(
                both <= c.fill.0,
                &field,
                format!("a neighbourhood holds {} stuck cells, the whole array {}", c.fill, Share(both)),
                "the fill of a defective neighbourhood is at least the share of all",
            );
        }
        for (i, c) in self.cells.iter().enumerate() {
            let fits = c.layer < 1 << 12 && c.row.max(c.column) < 1 << 16 && c.slice < 16 && c.replica < 128;
            checks.require(
                fits,
                &format!("{at}.cells.{i}"),
                "no cell has such an address",
                "layers are below 4096, rows and columns below 65536, slices below 16, replicas below 128",
            );
        }
    }

    /// The map of the card.
    #[must_use]
    pub fn map(&self) -> StuckMap {
        let address = |c: &StuckCellSpec| {
            let [layer, row, column, slice, replica] =
                [c.layer, c.row, c.column, c.slice, c.replica].map(|n| n as usize);
            element(layer, row, column, slice, c.negative, replica)
        };
        StuckMap {
            high: self.high.0,
            low: self.low.0,
            cluster: self.cluster,
            listed: self.cells.iter().map(|c| (address(c), c.at)).collect(),
        }
    }
}

/// Which cells are stuck, asked by address.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StuckMap {
    high: f64,
    low: f64,
    cluster: Option<ClusterSpec>,
    listed: BTreeMap<u64, StuckAt>,
}

impl StuckMap {
    /// Where the cell at an address is stuck, if it is. `chance.scale` scales the shares that are drawn.
    #[must_use]
    pub fn at(&self, address: u64, chance: Chance) -> Option<StuckAt> {
        if let Some(at) = self.listed.get(&address) {
            return Some(*at);
        }
        let share = (self.high + self.low) * chance.scale;
        if share <= 0.0 {
            return None;
        }
        let draw = |domain, element| Draw { seed: chance.seed, domain, element, tick: 0 };
        let cell = draw(Domain::StuckAt, address);
        let stuck = match self.cluster {
            None => cell.chance(share, 0),
            Some(c) => {
                let block = draw(Domain::Cluster, neighbourhood(address, c.rows, c.columns));
                block.chance(share / c.fill.0, 0) && cell.chance(c.fill.0, 0)
            }
        };
        stuck.then(|| StuckAt::of(cell.chance(self.high / (self.high + self.low), 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: Chance = Chance { seed: 3, scale: 1.0 };

    fn grid(map: &StuckMap, chance: Chance) -> Vec<Vec<Option<StuckAt>>> {
        (0..256).map(|r| (0..256).map(|c| map.at(element(1, r, c, 0, false, 0), chance)).collect()).collect()
    }

    fn share(grid: &[Vec<Option<StuckAt>>], at: StuckAt) -> f64 {
        grid.iter().flatten().filter(|s| **s == Some(at)).count() as f64 / 65536.0
    }

    #[test]
    fn shares_are_those_of_the_card() {
        let spec = StuckSpec { high: Share(0.0175), low: Share(0.0904), ..Default::default() };
        let drawn = grid(&spec.map(), REAL);
        for (at, p) in [(StuckAt::High, 0.0175_f64), (StuckAt::Low, 0.0904)] {
            assert!((share(&drawn, at) - p).abs() < 4.0 * (p * (1.0 - p) / 65536.0).sqrt());
        }
        assert!(grid(&spec.map(), Chance { seed: 3, scale: 0.0 }).iter().flatten().all(Option::is_none));
    }

    /// Same share, gathered: the correlation within a block is `(f - s)/(1 - s)`, that across blocks 0.
    #[test]
    fn neighbourhoods_correlate_as_stated() {
        let cluster = Some(ClusterSpec { rows: 4, columns: 8, fill: Share(0.5) });
        let spec = StuckSpec { high: Share(0.02), low: Share(0.03), cluster, ..Default::default() };
        let drawn = grid(&spec.map(), REAL);
        let stuck = |r: usize, c: usize| f64::from(u8::from(drawn[r][c].is_some()));
        // 65536/32 blocks with probability 0.1 each: relative standard error of the share about 0.07
        let s = (0..256).flat_map(|r| (0..256).map(move |c| (r, c))).map(|(r, c)| stuck(r, c)).sum::<f64>() / 65536.0;
        assert!((s / 0.05 - 1.0).abs() < 4.0 * 0.07, "{s}");
        let correlation = |step: usize| {
            let pairs = (0..256).flat_map(|r| (0..256 - step).step_by(8).map(move |c| (r, c)));
            let (mut both, mut n) = (0.0, 0.0);
            for (r, c) in pairs {
                both += stuck(r, c) * stuck(r, c + step);
                n += 1.0;
            }
            (both / n - s * s) / (s * (1.0 - s))
        };
        let inside = (0.5 - 0.05) / 0.95;
        assert!((correlation(3) - inside).abs() < 0.1, "{} against {inside}", correlation(3));
        assert!(correlation(8).abs() < 0.05, "{}", correlation(8));
    }

    #[test]
    fn listed_cells_are_stuck_whatever_the_chance() {
        let spec: StuckSpec =
            serde_saphyr::from_str("cells: [ { layer: 2, row: 7, column: 9, negative: true, at: high } ]").unwrap();
        let map = spec.map();
        let none = Chance { seed: 1, scale: 0.0 };
        assert_eq!(map.at(element(2, 7, 9, 0, true, 0), none), Some(StuckAt::High));
        assert_eq!(map.at(element(2, 7, 9, 0, false, 0), REAL), None);
    }

    #[test]
    fn impossible_maps_are_refused() {
        let text = "{ high: 60 %, low: 50 %, cluster: { rows: 0, columns: 2, fill: 5 % }, cells: [ { row: 70000, column: 0, at: low } ] }";
        let spec: StuckSpec = serde_saphyr::from_str(text).unwrap();
        let mut checks = Checks::default();
        spec.check("stuck", &mut checks);
        let fields: Vec<String> = checks.errors().into_iter().map(|e| e.field).collect();
        assert_eq!(fields, ["stuck", "stuck.cluster.rows", "stuck.cluster.fill", "stuck.cells.0"]);
    }
}
