//! The event loop of the timing core does not allocate once it is warm: ten times the samples, no more
//! allocations.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use archsim::arch::{BackEnd, TileId, XbarId};
use archsim::id::{Id, IdVec};
use archsim::lower::LayerId;
use archsim::sched::{
    Channel, CoreTiming, Gates, Machine, MemoryTiming, MeshTiming, MvmUnit, Need, Program, Stage, TileTiming, Work,
};
use archsim::sim::{SimOptions, run};

struct Counting;

thread_local! {
    /// Of this thread alone: the test harness allocates in its own.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|n| n.set(n.get() + 1));
        // SAFETY: the caller's promise is the system allocator's requirement.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above; the pointer came from the system allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn program() -> Program {
    let tile = TileTiming {
        x: 0,
        y: 0,
        bus_divider: 1,
        bus_width: 32,
        bus_latency: 1,
        buffer_width: 32,
        buffer_latency: 1,
        buffer_bytes: 4096,
        buffer_ports: 1,
        buffer_refresh: None,
        vector_divider: 1,
        vector_lanes: 16,
        vector_latency: 1,
    };
    let tiles: IdVec<TileId, _> = (0..2).map(|x| TileTiming { x, ..tile }).collect();
    let core = CoreTiming {
        tile: TileId::new(1),
        divider: 1,
        drive: 0,
        integrate: 2,
        sample: 0,
        shared: false,
        convert: 1,
        fill: 0,
        shift_add: 1,
        hold_banks: 2,
        back_end: BackEnd::Pipelined,
        output_register: 1,
        input_slots: 2,
    };
    let mesh =
        MeshTiming { grid: [2, 1], flit_bytes: 16, router: 1, link: 1, buffer_flits: 4, flits: None, chips: None };
    let machine = Machine {
        tiles,
        cores: [core].into_iter().collect(),
        mesh,
        memory: MemoryTiming { width: 32, latency: 3, ports: 1, refresh: None, dram: None },
        gates: Gates::default(),
    };
    let unit = MvmUnit {
        xbar: XbarId::new(0),
        core: Id::new(0),
        load_bytes: 64,
        steps: 8,
        paced: None,
        convert_paced: None,
        rows_driven: 8,
        digits_counted: 0,
        columns: 8,
        rounds: 2,
        conversions: 8,
        result_bytes: 16,
    };
    let works = [
        Work::Source { bytes: 64 },
        Work::Mvm { layer: LayerId::new(0), replicas: vec![vec![unit]], vector_ops: 20 },
        Work::Sink { bytes: 16 },
    ];
    let stages = works.into_iter().enumerate().map(|(n, work)| Stage {
        name: format!("stage {n}"),
        node: None,
        tile: TileId::new(n.min(1)),
        positions: 50,
        work,
        inputs: if n > 0 { vec![Id::new(n - 1)] } else { vec![] },
        outputs: if n < 2 { vec![Id::new(n)] } else { vec![] },
    });
    let channel =
        |n| Channel { from: Id::new(n), to: Id::new(n + 1), bytes: 64, positions: 50, need: Need::Same, capacity: 4 };
    Program { machine, stages: stages.collect(), channels: [channel(0), channel(1)].into_iter().collect() }
}

#[test]
fn more_samples_allocate_no_more() {
    let program = program();
    let allocations = |samples| {
        let before = ALLOCATIONS.get();
        let t = run(&program, &SimOptions { samples, whole: true, ..SimOptions::default() }).expect("the program runs");
        (ALLOCATIONS.get() - before, t.events)
    };
    let (few, few_events) = allocations(3);
    let (many, many_events) = allocations(30);
    assert!(many_events > 9 * few_events);
    assert_eq!(few, many);
}
