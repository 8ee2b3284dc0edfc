//! Ways through the machine: how long each part takes for a number of bytes, and what is counted.
//!
//! The parts, for a message of `b` bytes:
//!
//! | part | server held for | latency | capacity |
//! |---|---|---|---|
//! | buffer port | `buffer_latency + ceil(b / buffer_width)` | the same | one access (read or write) on each of `buffer_ports` |
//! | bus | `bus_latency + ceil(b / bus_width)` | the same | one transfer |
//! | port with bus | port: wait for the bus and both latencies; bus: `bus_latency + n` | `buffer_latency + bus_latency + n`, `n = ceil(b / min(widths))` | both |
//! | link | `f = ceil(b / flit_bytes)` flits, one in a cycle | `link` for each flit | one message |
//! | router | not a server | `router` for the head flit, before each link and before the exit | – |
//! | vector unit | `ceil(ops / lanes)` | `vector_latency` more (pipelined) | one operation issued at a time |
//! | chip link | `ceil(b / bandwidth)` | `latency` more | one message |
//! | memory port | `ceil(b / width)` | `latency` more (pipelined) | one access issued at a time on each of its ports |
//!
//! A dynamic memory in the place of the global buffer has no port: see [`super::dram`].
//!
//! Where bus or vector unit run on a clock of their own, `D` cycles of the chip to one of theirs, their latencies,
//! widths and lanes count theirs: `n` of the bus takes `D·ceil(b / bus_width)`, of port with bus as many cycles as the
//! slower of the two, up to the next edge of the bus; transfers and operations start at edges.
//!
//! A buffer is read over the port and then the bus: the port is held while it waits for the bus, never the other way
//! round, so that the two cannot lock each other. A message crosses the mesh when its last byte has left the bus,
//! column first (XY), and is written when its last flit has arrived: over `k` links it takes
//! `(k + 1)·router + k·link + f − 1` cycles without contention. The head reserves one link after the other; a link is
//! held for all flits of a message (messages are not interleaved). Routers of this message-level mesh have room for
//! what waits (the channel's credit bounds it); `buffer_flits` matters only where the mesh runs flit by flit
//! ([`super::flits`]; the law without contention is the same). Where a way leaves a chip of several, the gateway
//! gathers the whole message (`f − 1` cycles), sends it over one of the chip's links to that side (mesh row `y` takes
//! link `y mod links`), and it goes on in the next mesh when its last byte has arrived. The global buffer sits at the
//! router of tile 0 and uses neither its bus nor its buffer.

use std::collections::BTreeMap;

use super::dram::Dram;
use super::recorder::Recorder;
use super::refresh::Refresh;
use super::transport::{Leg, MEMORY, NONE, Purpose, Route, Transport};
use crate::arch::TileId;
use crate::cost::{Action, PartKind};
use crate::id::{Id, IdVec};
use crate::sched::{ChipRow, Machine, MemoryTiming, MeshTiming, StageId, TileTiming};
use crate::sim::{Counts, Owner};

/// An amount counted for every job of a route.
#[derive(Debug, Clone, Copy)]
pub(super) struct Toll {
    pub(super) route: u32,
    pub(super) owner: Owner,
    pub(super) part: PartKind,
    pub(super) action: Action,
    pub(super) stage: StageId,
    pub(super) amount: u64,
}

/// A message over the mesh for every job of a route; what it passes is counted when all jobs are known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) route: u32,
    pub(super) stage: StageId,
    pub(super) from: TileId,
    pub(super) to: TileId,
    pub(super) bytes: u64,
    pub(super) flits: u64,
    /// The leg that is asked for first, and the one that is asked for when the message has arrived.
    pub(super) legs: [u32; 2],
}

/// The places of the mesh.
pub(super) struct Grid<'m> {
    tiles: &'m IdVec<TileId, TileTiming>,
    mesh: &'m MeshTiming,
    /// Tile at each mesh place, row by row.
    at: Vec<Option<TileId>>,
}

impl<'m> Grid<'m> {
    /// The mesh of a checked machine.
    pub(super) fn new(machine: &'m Machine) -> Self {
        let [columns, rows] = machine.mesh.grid;
        let mut at = vec![None; columns * rows];
        for (id, t) in machine.tiles.enumerate() {
            at[t.y * columns + t.x] = Some(id);
        }
        Self { tiles: &machine.tiles, mesh: &machine.mesh, at }
    }
    /// Columns of a chip.
    fn chip_columns(&self) -> usize {
        self.mesh.chips.map_or(self.mesh.grid[0], |row| row.columns)
    }
    /// The tile at a place, if it is on the mesh.
    fn place(&self, x: Option<usize>, y: Option<usize>) -> Option<TileId> {
        let [columns, rows] = self.mesh.grid;
        match (x, y) {
            (Some(x), Some(y)) if x < columns && y < rows => self.at[y * columns + x],
            _ => None,
        }
    }
    /// Direction and next tile on the XY way to `goal`; `None` at the goal.
    fn step(&self, here: TileId, goal: TileId) -> Option<(usize, TileId)> {
        let (t, goal) = (self.tiles[here], self.tiles[goal]);
        let (direction, x, y) = if t.x < goal.x {
            (0, t.x + 1, t.y)
        } else if t.x > goal.x {
            (1, t.x - 1, t.y)
        } else if t.y < goal.y {
            (2, t.x, t.y + 1)
        } else if t.y > goal.y {
            (3, t.x, t.y - 1)
        } else {
            return None;
        };
        Some((direction, self.place(Some(x), Some(y)).expect("the grid is full: checked before")))
    }
    /// The chip that is left between two neighbours, if they are on different ones.
    fn leaves(&self, here: TileId, next: TileId) -> Option<(usize, ChipRow)> {
        let row = self.mesh.chips?;
        let chip = row.chip(self.tiles[here].x);
        (chip != row.chip(self.tiles[next].x)).then_some((chip, row))
    }
    /// Number of the server between two neighbours.
    fn server(&self, here: TileId, direction: usize, next: TileId) -> usize {
        let links = 1 + 3 * self.tiles.len();
        match self.leaves(here, next) {
            Some((chip, row)) => {
                let of_chips = links + DIRECTIONS * self.tiles.len();
                of_chips + (2 * chip + direction) * row.links + self.tiles[here].y % row.links
            }
            None => links + here.index() * DIRECTIONS + direction,
        }
    }
    /// Numbers of the servers between the tiles of a way.
    pub(super) fn passed(&self, way: &Way) -> impl Iterator<Item = usize> {
        let mut here = way.from;
        std::iter::from_fn(move || {
            let (direction, next) = self.step(here, way.to)?;
            Some(self.server(std::mem::replace(&mut here, next), direction, next))
        })
    }
    /// Adds what the messages of all ways pass to `counts`; `jobs` are those of each route.
    pub(super) fn count(&self, ways: &[Way], jobs: impl Fn(u32) -> u64, counts: &mut Counts) {
        let mut messages: BTreeMap<_, u64> = BTreeMap::new();
        for w in ways {
            *messages.entry((w.stage, w.from, w.to, w.bytes, w.flits)).or_default() += jobs(w.route);
        }
        for ((stage, from, to, bytes, flits), jobs) in messages {
            let mut add = |owner, part, action, amount: u64| {
                if amount > 0 {
                    *counts.entry((owner, part, action, stage)).or_default() += amount;
                }
            };
            let mut here = from;
            loop {
                add(Owner::Tile(here), PartKind::Router, Action::Route, flits * jobs);
                let Some((_, next)) = self.step(here, to) else { break };
                match self.leaves(here, next) {
                    Some((chip, _)) => add(Owner::Chip(chip), PartKind::ChipLink, Action::Transfer, bytes * jobs),
                    None => add(Owner::Link(here, next), PartKind::Link, Action::Traverse, flits * jobs),
                }
                here = next;
            }
        }
    }
}

/// Builds routes leg by leg.
pub(super) struct Builder<'m> {
    tiles: &'m IdVec<TileId, TileTiming>,
    memory: &'m MemoryTiming,
    grid: Grid<'m>,
    /// Messages over the mesh.
    pub(super) ways: Vec<Way>,
    /// Owner and part of each server.
    pub(super) servers: Vec<(Owner, PartKind)>,
    pub(super) transport: Transport,
    pub(super) tolls: Vec<Toll>,
    stage: StageId,
    first: u32,
    before: u64,
}

/// Cycles for which the bus is held while it moves bytes from or to the buffer.
fn port_with_bus(t: &TileTiming, bytes: u64) -> u64 {
    let moving = (t.bus_divider * bytes.div_ceil(t.bus_width)).max(bytes.div_ceil(t.buffer_width));
    t.bus_divider * t.bus_latency + moving.next_multiple_of(t.bus_divider)
}

/// Directions of links: east, west, south (growing y), north.
const DIRECTIONS: usize = 4;

impl<'m> Builder<'m> {
    /// All servers of a machine: memory, ports, buses, vector units, links.
    pub(super) fn new(machine: &'m Machine) -> Self {
        let grid = Grid::new(machine);
        let mut servers = vec![(Owner::Memory, PartKind::Memory)];
        for part in [PartKind::Buffer, PartKind::Bus, PartKind::VectorUnit] {
            servers.extend(machine.tiles.ids().map(|t| (Owner::Tile(t), part)));
        }
        for (id, t) in machine.tiles.enumerate() {
            let (x, y) = (Some(t.x), Some(t.y));
            let to = [grid.place(x.map(|x| x + 1), y), grid.place(t.x.checked_sub(1), y)];
            let down = [grid.place(x, y.map(|y| y + 1)), grid.place(x, t.y.checked_sub(1))];
            // an edge without neighbour keeps its number but is on no route
            servers.extend(
                to.into_iter().chain(down).map(|n: Option<TileId>| (Owner::Link(id, n.unwrap_or(id)), PartKind::Link)),
            );
        }
        if let Some(row) = &machine.mesh.chips {
            let chips = machine.mesh.grid[0] / row.columns;
            servers.extend((0..chips * 2 * row.links).map(|n| (Owner::Chip(n / (2 * row.links)), PartKind::ChipLink)));
        }
        let mut build = Self {
            tiles: &machine.tiles,
            memory: &machine.memory,
            grid,
            ways: Vec::new(),
            transport: Transport::new(servers.len(), &machine.mesh),
            servers,
            tolls: Vec::new(),
            stage: StageId::new(0),
            first: 0,
            before: 0,
        };
        for (id, t) in machine.tiles.enumerate() {
            build.transport.divide(build.bus_of(id) as u32, t.bus_divider);
            build.transport.divide(build.vector_of(id) as u32, t.vector_divider);
            build.transport.equip(build.port(id) as u32, t.buffer_ports, t.buffer_refresh.map(Refresh::new));
        }
        build.transport.equip(MEMORY, machine.memory.ports, machine.memory.refresh.map(Refresh::new));
        build.transport.dram = machine.memory.dram.map(Dram::new);
        for (server, (_, part)) in build.servers.iter().enumerate() {
            if let Some(power) = machine.gates.parts.get(part) {
                build.transport.gate(server as u32, *power);
            }
        }
        build
    }

    /// Has everything written down that happens to the jobs of all routes, which are built, and to so many channels.
    pub(super) fn record(&mut self, channels: usize) {
        let recorder = Recorder::new(&self.transport.legs, &self.ways, self.servers.len(), channels);
        self.transport.recorder = Some(Box::new(recorder));
        let (grid, columns) = (&self.grid, self.grid.chip_columns());
        // routers of a chip are numbered row by row, chips stand side by side
        let tile = |chip: usize, router: u32| {
            let (x, y) = (router as usize % columns, router as usize / columns);
            grid.place(Some(chip * columns + x), Some(y)).expect("the grid is full: checked before")
        };
        self.transport.flits.watch(grid.mesh, |chip, ends| {
            let [here, next] = ends.map(|router| tile(chip, router));
            let (direction, _) = grid.step(here, next).expect("neighbours are apart");
            grid.server(here, direction, next)
        });
    }

    /// Begins a route for a stage.
    pub(super) fn begin(&mut self, stage: StageId) -> &mut Self {
        self.stage = stage;
        self.first = self.transport.legs.len() as u32;
        self.before = 0;
        self
    }
    /// Ends the route and numbers it.
    pub(super) fn end(&mut self, purpose: Purpose) -> u32 {
        let end = self.transport.legs.len() as u32;
        // the origin is left once: when the first server that moves the bytes is released
        self.transport.legs[self.first as usize..]
            .iter_mut()
            .filter(|l| l.leaves)
            .skip(1)
            .for_each(|l| l.leaves = false);
        self.transport.legs[self.first as usize..].iter_mut().for_each(|l| l.purpose = purpose);
        if let Some(last) = self.transport.legs[self.first as usize..].last_mut() {
            last.last = true;
        }
        self.transport.routes.push(Route { first: self.first, end, purpose, jobs: 0 });
        (self.transport.routes.len() - 1) as u32
    }
    fn number(&self) -> u32 {
        self.transport.routes.len() as u32
    }
    fn leg(&mut self, server: usize, hold: u64, advance: u64) -> &mut Leg {
        let route = self.number();
        let before = std::mem::take(&mut self.before);
        // checked before: no part takes longer for a message
        let [before, hold, advance] = [before, hold, advance].map(|cycles| cycles.min(u64::from(u32::MAX)) as u32);
        self.transport.legs.push(Leg {
            server: server as u32,
            before,
            hold,
            advance,
            frees: NONE,
            route,
            // set when the route ends
            purpose: Purpose::Load { unit: NONE },
            keep: false,
            leaves: false,
            last: false,
        });
        self.transport.legs.last_mut().expect("just pushed")
    }
    /// Counts an amount for every job.
    pub(super) fn toll(&mut self, owner: Owner, part: PartKind, action: Action, amount: u64) -> &mut Self {
        let (route, stage) = (self.number(), self.stage);
        self.tolls.push(Toll { route, owner, part, action, stage, amount });
        self
    }

    fn port(&self, tile: TileId) -> usize {
        1 + tile.index()
    }
    fn bus_of(&self, tile: TileId) -> usize {
        1 + self.tiles.len() + tile.index()
    }
    fn vector_of(&self, tile: TileId) -> usize {
        1 + 2 * self.tiles.len() + tile.index()
    }

    /// Buffer to bus; the bytes have left the buffer at the end.
    pub(super) fn read(&mut self, tile: TileId, bytes: u64) -> &mut Self {
        let t = self.tiles[tile];
        let (port, bus) = (self.port(tile), self.bus_of(tile));
        let time = port_with_bus(&t, bytes);
        self.leg(port, 0, t.buffer_latency).keep = true;
        let leg = self.leg(bus, time, time);
        leg.frees = port as u32;
        leg.leaves = true;
        self.toll(Owner::Tile(tile), PartKind::Buffer, Action::Read, bytes);
        self.toll(Owner::Tile(tile), PartKind::Bus, Action::Transfer, bytes)
    }
    /// Bus to buffer within a tile; the bytes have left the latch when the bus is released.
    pub(super) fn write(&mut self, tile: TileId, bytes: u64) -> &mut Self {
        let t = self.tiles[tile];
        let (port, bus) = (self.port(tile), self.bus_of(tile));
        let time = port_with_bus(&t, bytes);
        self.leg(port, 0, 0).keep = true;
        let leg = self.leg(bus, time, time + t.buffer_latency);
        leg.frees = port as u32;
        leg.leaves = true;
        self.toll(Owner::Tile(tile), PartKind::Bus, Action::Transfer, bytes);
        self.toll(Owner::Tile(tile), PartKind::Buffer, Action::Write, bytes)
    }
    /// Bus alone, between registers, vector unit and router.
    pub(super) fn bus(&mut self, tile: TileId, bytes: u64) -> &mut Self {
        let t = self.tiles[tile];
        let time = t.bus_divider * (t.bus_latency + bytes.div_ceil(t.bus_width));
        let bus = self.bus_of(tile);
        self.leg(bus, time, time).leaves = true;
        self.toll(Owner::Tile(tile), PartKind::Bus, Action::Transfer, bytes)
    }
    /// Port alone: what comes out of the mesh is written without the bus.
    pub(super) fn arrive(&mut self, tile: TileId, bytes: u64) -> &mut Self {
        let t = self.tiles[tile];
        let time = t.buffer_latency + bytes.div_ceil(t.buffer_width);
        let port = self.port(tile);
        self.leg(port, time, time).leaves = true;
        self.toll(Owner::Tile(tile), PartKind::Buffer, Action::Write, bytes)
    }
    /// Vector unit; no operation takes no time.
    pub(super) fn operate(&mut self, tile: TileId, ops: u64) -> &mut Self {
        if ops == 0 {
            return self;
        }
        let t = self.tiles[tile];
        let time = t.vector_divider * ops.div_ceil(t.vector_lanes);
        let server = self.vector_of(tile);
        self.leg(server, time, time + t.vector_divider * t.vector_latency);
        self.toll(Owner::Tile(tile), PartKind::VectorUnit, Action::Operate, ops)
    }
    /// Memory port, for one of so many positions of the stage.
    pub(super) fn memory(&mut self, action: Action, bytes: u64, positions: u64) -> &mut Self {
        if self.transport.dram.is_some() {
            // the banks decide how long it takes, and count what they move
            let (leg, stage) = (self.transport.legs.len() as u32, self.stage);
            self.leg(MEMORY as usize, 0, 0);
            let dram = self.transport.dram.iter_mut();
            dram.for_each(|d| d.place(leg, stage, action == Action::Write, bytes, positions));
            return self;
        }
        let time = bytes.div_ceil(self.memory.width);
        self.leg(MEMORY as usize, time, time + self.memory.latency);
        self.toll(Owner::Memory, PartKind::Memory, action, bytes)
    }
    /// Routers and links from one tile to another (or only through the router of one).
    pub(super) fn mesh(&mut self, from: TileId, to: TileId, bytes: u64) -> &mut Self {
        let flits = bytes.div_ceil(self.grid.mesh.flit_bytes);
        let (route, stage) = (self.number(), self.stage);
        let first = self.transport.legs.len() as u32;
        let by_flits = self.grid.mesh.flits.is_some() && flits > 0;
        let (router, link) = (self.grid.mesh.router, self.grid.mesh.link);
        // where the way enters the mesh of a chip
        let (mut entry, mut here) = (from, from);
        while let Some((direction, next)) = self.grid.step(here, to) {
            let server = self.grid.server(here, direction, next);
            if let Some((_, row)) = self.grid.leaves(here, next) {
                // the gateway sends when it has the whole message
                self.leave(entry, here, flits, by_flits);
                let time = row.cycles(bytes);
                self.leg(server, time, time + row.latency).leaves = true;
                entry = next;
            } else if !by_flits {
                self.before += router;
                self.leg(server, flits, link).leaves = true;
            }
            here = next;
        }
        self.leave(entry, here, flits, by_flits);
        let legs = [first, self.transport.legs.len() as u32];
        self.ways.push(Way { route, stage, from, to, bytes, flits, legs });
        self
    }
    /// The last router of the mesh of a chip, with all flits; flit by flit, the whole way from `entry` to it.
    fn leave(&mut self, entry: TileId, here: TileId, flits: u64, by_flits: bool) {
        let router = self.grid.mesh.router;
        if !by_flits {
            self.before += router + flits.saturating_sub(1);
            return;
        }
        let columns = self.grid.chip_columns();
        let node = |t: TileTiming| t.y * columns + t.x % columns;
        let nodes = [entry, here].map(|t| node(self.tiles[t]));
        let leg = self.transport.legs.len() as u32;
        // checked before: no message has more flits than a part can be held for
        let line = self.transport.flits.line(leg, nodes, flits.min(u64::from(u32::MAX)) as u32);
        let mesh = self.transport.first_mesh() as usize + self.tiles[entry].x / columns;
        self.leg(mesh, router + 1, u64::from(line)).leaves = entry != here;
    }
}
