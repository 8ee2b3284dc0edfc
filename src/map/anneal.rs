//! Simulated annealing of bits × hops (Kirkpatrick, Gelatt and Vecchi, Science 220, 671 (1983),
//! doi:10.1126/science.220.4598.671), from the greedy placement.
//!
//! A move exchanges all that stands on two cores of one kind; a core may be empty. So capacity and kinds stay right
//! whatever is tried, layers keep their cores to themselves, and the change of cost follows from the few layers on the
//! two cores: O(1), or O(tiles) when a layer's home moves. A move that would put more inputs on a tile's buffer than it
//! holds is not made. Every second move is a short one. The temperature falls geometrically. Draws are addressed by the
//! number of the move, so equal options give equal placements.

use super::{Home, Mapper, Placement, Problem, greedy_noc, hops, share};
use crate::arch::{CoreId, TileId, XbarId};
use crate::diag::Result;
use crate::id::Id;
use crate::lower::LayerId;
use crate::rng::{Domain, Draw};

/// First temperature as a share of the mean change of cost of short moves. The start is a good placement, so it
/// is low: hot enough to leave small valleys, not to melt (assumed, by trial on networks of 9 and 54 layers).
const FIRST: f64 = 0.002;
/// Last temperature as a share of the first (assumed).
const LAST: f64 = 1e-3;
/// Columns and rows that a short move goes at most (assumed).
const SHORT: usize = 2;
/// Moves that the first temperature is measured on.
const PROBES: u64 = 256;
/// Second word of the address of a move; keeps clear of other draws of design-space search.
const TICK: u64 = 1 << 55;

/// The annealing mapper.
pub struct Anneal {
    /// Most copies of a layer.
    pub copies: usize,
    /// Moves that are tried.
    pub steps: u64,
    /// Seed of the moves.
    pub seed: u64,
}

impl Mapper for Anneal {
    fn place(&self, problem: &Problem<'_>) -> Result<Placement> {
        self.improve(problem, greedy_noc::start(problem, &problem.copies(self.copies))?)
    }
}

impl Anneal {
    /// The best end of the walk from `start`, or `start` itself.
    fn improve(&self, problem: &Problem<'_>, start: Placement) -> Result<Placement> {
        let mut state = State::new(problem, &start);
        let draw = |step: u64, lane: u16| {
            Draw { seed: self.seed, domain: Domain::Explore, element: step, tick: TICK }.words(lane)
        };
        if state.occupied.is_empty() || self.steps == 0 {
            return Ok(start);
        }
        let probes = (0..PROBES).filter_map(|n| state.choose(draw(n, 1), true)).collect::<Vec<_>>();
        let sum: f64 = probes.iter().map(|(a, b)| state.change(state.occupied[*a], *b).abs() as f64).sum();
        let first = FIRST * (sum / probes.len().max(1) as f64).max(1.0);
        let mut gain = 0;
        for step in 0..self.steps {
            let words = draw(step, 0);
            let Some((at, b)) = state.choose(words, step % 2 == 0) else { continue };
            let a = state.occupied[at];
            let change = state.change(a, b);
            let temperature = first * libm::pow(LAST, step as f64 / self.steps as f64);
            let chance = f64::from(words[3]) / f64::from(u32::MAX);
            if (change <= 0 || chance < libm::exp(-(change as f64) / temperature)) && state.fits(a, b) {
                state.exchange(at, b);
                gain += change;
            }
        }
        // warm moves may end a little above a good start
        Ok(if gain <= 0 { state.placement(&start) } else { start })
    }
}

/// What stands on a core: a layer and the bits its blocks there move in one inference.
type Content = Vec<(usize, i64)>;

struct State<'a> {
    problem: &'a Problem<'a>,
    /// Content of each core; a group of blocks moves as a whole.
    content: Vec<Content>,
    /// The core of the start whose blocks stand on each core now.
    origin: Vec<CoreId>,
    /// Cores that hold something.
    occupied: Vec<CoreId>,
    /// Core of the first block of each layer.
    home: Vec<CoreId>,
    /// Bits of each layer on each tile, `[layer][tile]`.
    bits: Vec<Vec<i64>>,
    /// Bits between homes, for each layer: the other side, bits.
    partners: Vec<Vec<(Home, i64)>>,
    /// Buffer bytes on each tile.
    held: Vec<u64>,
    /// Columns of the mesh, and the tile at each place, row by row.
    columns: usize,
    at: Vec<usize>,
}

impl<'a> State<'a> {
    fn new(problem: &'a Problem<'a>, start: &Placement) -> Self {
        let Problem { tiled, chip, flows } = problem;
        let columns = chip.tiles.iter().map(|t| t.x + 1).max().unwrap_or(1);
        let mut at = vec![0; chip.tiles.len()];
        chip.tiles.enumerate().for_each(|(id, t)| at[t.y * columns + t.x] = id.index());
        let mut s = Self {
            problem,
            columns,
            at,
            content: vec![Vec::new(); chip.cores.len()],
            origin: chip.cores.ids().collect(),
            occupied: Vec::new(),
            home: Vec::new(),
            bits: vec![vec![0; chip.tiles.len()]; tiled.layers.len()],
            partners: vec![Vec::new(); tiled.layers.len()],
            held: vec![0; chip.tiles.len()],
        };
        for (id, layer) in tiled.layers.enumerate() {
            for b in &layer.blocks {
                let xbars = &start.blocks[*b];
                for (copy, x) in xbars.iter().enumerate() {
                    let core = chip.xbars[*x].core;
                    let times = share(layer.positions, copy, xbars.len()) as u64;
                    let moved = (8 * times * (flows.blocks[*b].0 + flows.blocks[*b].1)) as i64;
                    s.bits[id.index()][chip.cores[core].tile.index()] += moved;
                    let content = &mut s.content[core.index()];
                    match content.iter_mut().find(|(l, _)| *l == id.index()) {
                        Some((_, sum)) => *sum += moved,
                        None => content.push((id.index(), moved)),
                    }
                }
            }
            let first = layer.blocks.first().and_then(|b| start.blocks[*b].first());
            let core = first.map_or(CoreId::new(0), |x| chip.xbars[*x].core);
            s.home.push(core);
            s.held[chip.cores[core].tile.index()] += flows.buffers[id];
        }
        for f in &flows.between {
            let bits = (8 * f.bytes * f.times) as i64;
            for (one, other) in [(f.from, f.to), (f.to, f.from)] {
                if let Home::Layer(l) = one {
                    s.partners[l.index()].push((other, bits));
                }
            }
        }
        s.occupied = chip.cores.ids().filter(|c| !s.content[c.index()].is_empty()).collect();
        s
    }

    fn tile(&self, core: CoreId) -> TileId {
        self.problem.chip.cores[core].tile
    }

    /// Two cores of one kind on different tiles; of the first, which is not empty, its place in `occupied`. A
    /// short move goes at most [`SHORT`] columns and rows, another one anywhere.
    fn choose(&self, words: [u32; 4], short: bool) -> Option<(usize, CoreId)> {
        let chip = self.problem.chip;
        let below = |word: u32, n: usize| ((u64::from(word) * n as u64) >> 32) as usize;
        let at = below(words[0], self.occupied.len());
        let a = self.occupied[at];
        let b = if short {
            let side = 2 * SHORT + 1;
            let way = below(words[2], side * side);
            let tile = &chip.tiles[self.tile(a)];
            let x = (tile.x + way % side).checked_sub(SHORT).filter(|x| *x < self.columns)?;
            let y = (tile.y + way / side).checked_sub(SHORT)?;
            let each = chip.cores.len() / chip.tiles.len();
            CoreId::new(self.at.get(y * self.columns + x)? * each + below(words[1], each))
        } else {
            CoreId::new(below(words[1], chip.cores.len()))
        };
        let (one, other) = (&chip.cores[a], &chip.cores[b]);
        (one.kind == other.kind && one.tile != other.tile).then_some((at, b))
    }

    /// Change of bits × hops if the contents of two cores are exchanged.
    fn change(&self, a: CoreId, b: CoreId) -> i64 {
        let (ta, tb) = (self.tile(a), self.tile(b));
        let chip = self.problem.chip;
        let far = |x: TileId, y: TileId| hops(chip, x, y) as i64;
        let after = |core: CoreId| {
            if core == a {
                b
            } else if core == b {
                a
            } else {
                core
            }
        };
        let mut sum = 0;
        for (from, to, list) in [(ta, tb, &self.content[a.index()]), (tb, ta, &self.content[b.index()])] {
            for (layer, bits) in list {
                let home = self.home[*layer];
                let there = self.tile(after(home));
                sum += bits * (far(to, there) - far(from, there));
            }
        }
        for layer in self.moved(a, b) {
            let (old, new) = (self.tile(self.home[layer]), self.tile(after(self.home[layer])));
            // the blocks that move as well were counted above with the new home at both ends
            for (tile, bits) in self.bits[layer].iter().enumerate().filter(|(_, bits)| **bits != 0) {
                let tile = TileId::new(tile);
                sum += bits * (far(tile, new) - far(tile, old));
            }
            for (other, bits) in &self.partners[layer] {
                let (before, now, twice) = match other {
                    Home::Memory => (TileId::new(0), TileId::new(0), false),
                    Home::Layer(l) => {
                        let core = self.home[l.index()];
                        (self.tile(core), self.tile(after(core)), (core == a || core == b) && l.index() < layer)
                    }
                };
                if !twice {
                    sum += bits * (far(new, now) - far(old, before));
                }
            }
        }
        sum
    }

    /// Layers whose home is on one of two cores.
    fn moved(&self, a: CoreId, b: CoreId) -> impl Iterator<Item = usize> + '_ {
        let here =
            |core: CoreId| self.content[core.index()].iter().map(|(l, _)| *l).filter(move |l| self.home[*l] == core);
        here(a).chain(here(b))
    }

    /// Whether the buffers hold the inputs of the homes after the exchange (or are no fuller than before).
    fn fits(&self, a: CoreId, b: CoreId) -> bool {
        let needs = |core: CoreId| {
            let homes = self.content[core.index()].iter().filter(|(l, _)| self.home[*l] == core);
            homes.map(|(l, _)| self.problem.flows.buffers[LayerId::new(*l)]).sum::<u64>()
        };
        let (from_a, from_b) = (needs(a), needs(b));
        let room = self.problem.chip.tile_kind.buffer_bytes as u64;
        [(a, from_a, from_b), (b, from_b, from_a)].into_iter().all(|(core, goes, comes)| {
            let rest = self.held[self.tile(core).index()] - goes;
            comes <= goes || rest + comes <= room || (rest == 0 && comes > room)
        })
    }

    fn exchange(&mut self, at: usize, b: CoreId) {
        let a = self.occupied[at];
        let (ta, tb) = (self.tile(a).index(), self.tile(b).index());
        for (core, from, to) in [(a, ta, tb), (b, tb, ta)] {
            for (layer, bits) in &self.content[core.index()] {
                self.bits[*layer][from] -= bits;
                self.bits[*layer][to] += bits;
            }
        }
        let moved: Vec<usize> = self.moved(a, b).collect();
        for layer in moved {
            let need = self.problem.flows.buffers[LayerId::new(layer)];
            let (from, to, core) = if self.home[layer] == a { (ta, tb, b) } else { (tb, ta, a) };
            self.held[from] -= need;
            self.held[to] += need;
            self.home[layer] = core;
        }
        if self.content[b.index()].is_empty() {
            self.occupied[at] = b;
        }
        self.content.swap(a.index(), b.index());
        self.origin.swap(a.index(), b.index());
    }

    /// The start with its cores exchanged.
    fn placement(&self, start: &Placement) -> Placement {
        let chip = self.problem.chip;
        let mut first = vec![usize::MAX; chip.cores.len()];
        for (id, x) in chip.xbars.enumerate() {
            let first = &mut first[x.core.index()];
            *first = (*first).min(id.index());
        }
        let mut now = vec![0; chip.cores.len()];
        for (core, origin) in self.origin.iter().enumerate() {
            now[origin.index()] = core;
        }
        let moved = |x: &XbarId| {
            let old = chip.xbars[*x].core.index();
            XbarId::new(first[now[old]] + x.index() - first[old])
        };
        Placement { blocks: start.blocks.iter().map(|copies| copies.iter().map(moved).collect()).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sequential;
    use super::*;
    use crate::exec::support::{Parameters, chip, heartbeat, tile};

    fn cost(problem: &Problem<'_>, placement: &Placement) -> i64 {
        problem.flows.traffic(problem.tiled, placement, problem.chip).hop_bits as i64
    }

    /// The change that is reckoned for a move is the difference of the whole cost, homes, shared cores and empty
    /// cores included; and a walk from a bad start pays.
    #[test]
    fn changes_add_up_and_walks_pay() {
        let p = Parameters { block: [16, 4], ..Parameters::default() };
        let mut c = chip(&p);
        let kind = c.tile_kind.cores[0].0;
        c.tile_kind.cores = vec![(kind, 3)];
        let xbar = c.core_kinds[kind].crossbars[0].0;
        c.core_kinds[kind].crossbars = vec![(xbar, 2)];
        c.grid = [4, 5];
        c.repeat(2);
        let graph = heartbeat();
        let tiled = tile(&graph, &p);
        let problem = Problem::new(&graph, &tiled, &c);
        let start = sequential::pack(&problem, &vec![1; tiled.layers.len()]).unwrap();
        let mut state = State::new(&problem, &start);
        let mut sum = cost(&problem, &start);
        let mut made = 0;
        for n in 0..400 {
            let words = Draw { seed: 4, domain: Domain::Explore, element: n, tick: 0 }.words(0);
            let Some((at, b)) = state.choose(words, n % 2 == 0) else { continue };
            sum += state.change(state.occupied[at], b);
            state.exchange(at, b);
            made += 1;
            if n % 40 == 0 {
                assert_eq!(sum, cost(&problem, &state.placement(&start)), "after {made} moves");
            }
        }
        assert!(made > 100);
        assert_eq!(sum, cost(&problem, &state.placement(&start)));
        let walk = Anneal { copies: 1, steps: 20_000, seed: 0 }.improve(&problem, start.clone()).unwrap();
        assert!(cost(&problem, &walk) * 10 < cost(&problem, &start) * 9, "a tenth less at least");
    }
}
