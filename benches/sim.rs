//! Speed of the timing core: events in a second of a pipelined network, and cost of a message hop.

use std::hint::black_box;

use archsim::arch::{BackEnd, CoreId, TileId, XbarId};
use archsim::id::{Id, IdVec};
use archsim::lower::LayerId;
use archsim::sched::{
    Channel, CoreTiming, Gates, Machine, MemoryTiming, MeshTiming, MvmUnit, Need, Program, Stage, StageId, TileTiming,
    Work,
};
use archsim::sim::{SimOptions, run};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// A chain of layers, one tile each on a square mesh, each layer on `units` crossbars of its tile.
fn chain(side: usize, layers: usize, units: usize, positions: usize) -> Program {
    let tile = TileTiming {
        x: 0,
        y: 0,
        bus_divider: 1,
        bus_width: 32,
        bus_latency: 1,
        buffer_width: 32,
        buffer_latency: 1,
        buffer_bytes: 65536,
        buffer_ports: 1,
        buffer_refresh: None,
        vector_divider: 1,
        vector_lanes: 16,
        vector_latency: 2,
    };
    let core = |tile| CoreTiming {
        tile,
        divider: 1,
        drive: 1,
        integrate: 4,
        sample: 1,
        shared: false,
        convert: 1,
        fill: 0,
        shift_add: 1,
        hold_banks: 2,
        back_end: BackEnd::Pipelined,
        output_register: 1,
        input_slots: 2,
    };
    let tiles: IdVec<TileId, _> = (0..side * side).map(|n| TileTiming { x: n % side, y: n / side, ..tile }).collect();
    let cores: IdVec<CoreId, _> = (0..side * side * units).map(|n| core(TileId::new(n / units))).collect();
    let mesh = MeshTiming {
        grid: [side, side],
        flit_bytes: 16,
        router: 2,
        link: 1,
        buffer_flits: 4,
        flits: None,
        chips: None,
    };
    let machine = Machine {
        tiles,
        cores,
        mesh,
        memory: MemoryTiming { width: 32, latency: 10, ports: 1, refresh: None, dram: None },
        gates: Gates::default(),
    };
    let mut program = Program { machine, stages: IdVec::new(), channels: IdVec::new() };
    let mut last: Option<StageId> = None;
    for n in 0..layers + 2 {
        let place = if n == 0 || n > layers { 0 } else { (n * 5) % (side * side) };
        let unit = |u: usize| MvmUnit {
            xbar: XbarId::new(n * units + u),
            core: CoreId::new(place * units + u),
            load_bytes: 64,
            steps: 8,
            paced: None,
            convert_paced: None,
            rows_driven: 512,
            digits_counted: 0,
            columns: 64,
            rounds: 8,
            conversions: 64,
            result_bytes: 32,
        };
        let work = match n {
            0 => Work::Source { bytes: 64 },
            n if n > layers => Work::Sink { bytes: 64 },
            _ => Work::Mvm { layer: LayerId::new(n), replicas: vec![(0..units).map(unit).collect()], vector_ops: 64 },
        };
        let stage = program.stages.push(Stage {
            name: format!("layer {n}"),
            node: None,
            tile: TileId::new(place),
            positions,
            work,
            inputs: vec![],
            outputs: vec![],
        });
        if let Some(from) = last {
            let channel =
                program.channels.push(Channel { from, to: stage, bytes: 64, positions, need: Need::Same, capacity: 8 });
            program.stages[from].outputs.push(channel);
            program.stages[stage].inputs.push(channel);
        }
        last = Some(stage);
    }
    program
}

fn events(c: &mut Criterion) {
    let mut group = c.benchmark_group("sim");
    group.sample_size(10);
    for (name, side, layers, units) in [("one_layer", 1, 1, 1), ("ten_layers", 4, 10, 4), ("hundred_layers", 10, 99, 4)]
    {
        let program = chain(side, layers, units, 200);
        let options = SimOptions { samples: 10, ..SimOptions::default() };
        let events = run(&program, &options).expect("the chain runs").events;
        group.throughput(Throughput::Elements(events));
        group.bench_function(name, |b| b.iter(|| run(black_box(&program), &options).expect("the chain runs").cycles));
    }
    group.finish();
}

criterion_group!(benches, events);
criterion_main!(benches);
