//! Tests of whole runs on machines small enough to be followed by hand.

mod chips;
mod core_law;
mod core_shared;
mod counts;
mod data_time;
mod dram;
mod fidelity;
mod flit;
mod flow;
mod gating;
mod holds;
mod isaac;
mod isaac_chip;
mod laws;
mod memories;
mod mesh;
mod probes;
mod puma_chip;
mod repeat;
mod shipped;

use super::{SimOptions, Timeline, run};
use crate::arch::{BackEnd, CoreId, TileId, XbarId};
use crate::id::{Id, IdVec};
use crate::lower::LayerId;
use crate::sched::{
    Channel, ChannelId, CoreTiming, Gates, Machine, MemoryTiming, MeshTiming, MvmUnit, Need, PERIOD, Program, Stage,
    StageId, TileTiming, Work,
};

/// A tile in which everything moves in one cycle.
pub(super) const QUICK_TILE: TileTiming = TileTiming {
    x: 0,
    y: 0,
    bus_divider: 1,
    bus_width: 64,
    bus_latency: 0,
    buffer_width: 64,
    buffer_latency: 0,
    buffer_bytes: 65536,
    buffer_ports: 1,
    buffer_refresh: None,
    vector_divider: 1,
    vector_lanes: 64,
    vector_latency: 0,
};

/// A core in which everything takes one cycle.
pub(super) fn quick_core(tile: usize) -> CoreTiming {
    CoreTiming {
        tile: TileId::new(tile),
        divider: 1,
        drive: 0,
        integrate: 1,
        sample: 0,
        shared: false,
        convert: 1,
        fill: 0,
        shift_add: 1,
        hold_banks: 2,
        back_end: BackEnd::Pipelined,
        output_register: 0,
        input_slots: 2,
    }
}

/// A mesh of equal tiles with one core each.
pub(super) fn machine(grid: [usize; 2], tile: TileTiming) -> Machine {
    let places = (0..grid[1]).flat_map(|y| (0..grid[0]).map(move |x| (x, y)));
    Machine {
        tiles: places.map(|(x, y)| TileTiming { x, y, ..tile }).collect(),
        cores: (0..grid[0] * grid[1]).map(quick_core).collect(),
        mesh: MeshTiming { grid, flit_bytes: 16, router: 1, link: 1, buffer_flits: 4, flits: None, chips: None },
        memory: MemoryTiming { width: 64, latency: 0, ports: 1, refresh: None, dram: None },
        gates: Gates::default(),
    }
}

/// A unit on crossbar `xbar` of core `core`.
pub(super) fn unit(xbar: usize, core: usize, steps: u64, rounds: u64) -> MvmUnit {
    MvmUnit {
        xbar: XbarId::new(xbar),
        core: CoreId::new(core),
        load_bytes: 64,
        steps,
        paced: None,
        convert_paced: None,
        rows_driven: 128 * steps,
        digits_counted: 0,
        columns: 16,
        rounds,
        conversions: 16,
        result_bytes: 64,
    }
}

/// A weighted layer with one replica.
pub(super) fn mvm(units: Vec<MvmUnit>, vector_ops: u64) -> Work {
    Work::Mvm { layer: LayerId::new(0), replicas: vec![units], vector_ops }
}

/// A program put together stage by stage.
pub(super) struct Draft {
    pub(super) program: Program,
}

impl Draft {
    pub(super) fn new(machine: Machine) -> Self {
        Self { program: Program { machine, stages: IdVec::new(), channels: IdVec::new() } }
    }
    pub(super) fn stage(&mut self, name: &str, tile: usize, positions: usize, work: Work) -> StageId {
        self.program.stages.push(Stage {
            name: name.into(),
            node: None,
            tile: TileId::new(tile),
            positions,
            work,
            inputs: vec![],
            outputs: vec![],
        })
    }
    pub(super) fn join(&mut self, from: StageId, to: StageId, need: Need, capacity: usize, bytes: u64) -> ChannelId {
        let positions = self.program.stages[from].positions;
        let id = self.program.channels.push(Channel { from, to, bytes, positions, need, capacity });
        self.program.stages[from].outputs.push(id);
        self.program.stages[to].inputs.push(id);
        id
    }
    pub(super) fn run(&self, samples: usize) -> Timeline {
        run(&self.program, &SimOptions { samples, max_cycles: 10_000_000, trace: true, whole: true })
            .expect("the program runs")
    }
}

/// Source, one layer and sink on one tile; 64-byte positions, two of them in each channel.
pub(super) fn one_layer(machine: Machine, positions: usize, work: Work) -> Draft {
    let mut d = Draft::new(machine);
    let source = d.stage("input x", 0, positions, Work::Source { bytes: 64 });
    let layer = d.stage("layer", 0, positions, work);
    let sink = d.stage("output", 0, positions, Work::Sink { bytes: 64 });
    d.join(source, layer, Need::Same, 4, 64);
    d.join(layer, sink, Need::Same, 4, 64);
    d
}

/// Start and end of a position of the first sample.
pub(super) fn position(t: &Timeline, stage: usize, position: usize) -> (u64, u64) {
    let p = t.trace.iter().find(|p| p.stage == StageId::new(stage) && p.position == position).expect("traced");
    (p.start, p.end)
}
