//! What is counted: every action of the table, exactly, and independent of timing.

use proptest::prelude::*;

use super::super::{Counts, Owner};
use super::*;
use crate::cost::{ACTIONS, Action, CountedBy, PartKind};

/// A layer on two cores in two tiles, then a pool, on a mesh.
pub(super) fn net(m: Machine, capacity: usize) -> Draft {
    let last = m.tiles.len() - 1;
    let mut d = Draft::new(m);
    let source = d.stage("input x", 0, 6, Work::Source { bytes: 48 });
    let units = vec![unit(0, last, 4, 2), MvmUnit { rows_driven: 40, digits_counted: 40, ..unit(1, 0, 4, 2) }];
    let layer = d.stage("layer", last, 6, mvm(units, 130));
    let pool = d.stage("pool", 0, 2, Work::Vector { load_bytes: 192, vector_ops: 33 });
    let sink = d.stage("output", 0, 2, Work::Sink { bytes: 20 });
    d.join(source, layer, Need::Same, capacity, 48);
    d.join(layer, pool, Need::All, 6 + capacity, 64);
    d.join(pool, sink, Need::Same, capacity, 20);
    d
}

fn sum(counts: &Counts, part: PartKind, action: Action) -> u64 {
    counts.iter().filter(|((_, p, a, _), _)| (*p, *a) == (part, action)).map(|(_, n)| n).sum()
}

#[test]
fn every_row_of_the_table_is_counted_as_by_hand() {
    let t = net(machine([2, 1], QUICK_TILE), 2).run(1);
    let expected = [
        (PartKind::Dac, Action::Drive, 6 * (512 + 40)),
        (PartKind::Dac, Action::Count, 6 * 40),
        (PartKind::SampleHold, Action::Sample, 6 * 2 * 16 * 4),
        (PartKind::Adc, Action::Convert, 6 * 2 * 16 * 4),
        (PartKind::ShiftAdd, Action::Add, 6 * 2 * 16 * 4),
        (PartKind::InputRegister, Action::Write, 6 * 2 * 64),
        (PartKind::InputRegister, Action::Read, 6 * 2 * 64),
        (PartKind::OutputRegister, Action::Write, 6 * 2 * 64),
        (PartKind::OutputRegister, Action::Read, 6 * 2 * 64),
        // loads: 64 on tile 1, and 64 on both tiles for the remote unit; results likewise; layer to router;
        // pool: load and delivery; sink: read
        (PartKind::Bus, Action::Transfer, 6 * (64 + 128) * 2 + 6 * 64 + 2 * (192 + 20) + 2 * 20),
        (PartKind::Buffer, Action::Read, 6 * 128 + 2 * 192 + 2 * 20),
        (PartKind::Buffer, Action::Write, 6 * 48 + 6 * 64 + 2 * 20),
        (PartKind::VectorUnit, Action::Operate, 6 * 130 + 2 * 33),
        // flits of 16 bytes: source 3 through two routers, remote load and result 4, delivery 4, sink 2 (one router)
        (PartKind::Router, Action::Route, 6 * 2 * (3 + 4 + 4 + 4) + 2 * 2),
        (PartKind::Link, Action::Traverse, 6 * (3 + 4 + 4 + 4)),
        (PartKind::Memory, Action::Read, 6 * 48),
        (PartKind::Memory, Action::Write, 2 * 20),
        // one chip: see `chips` for several
        (PartKind::ChipLink, Action::Transfer, 0),
        // no memory that refreshes itself: see `memories`
        (PartKind::Buffer, Action::Refresh, 0),
        (PartKind::Memory, Action::Refresh, 0),
        (PartKind::Memory, Action::Activate, 0),
    ];
    for row in ACTIONS.iter().filter(|r| r.counted_by == CountedBy::Sim) {
        let (_, _, n) = expected.iter().find(|e| (e.0, e.1) == (row.part, row.action)).expect("row has a count");
        assert_eq!(sum(&t.counts, row.part, row.action), *n, "{:?} {:?}", row.part, row.action);
    }
    let sim = ACTIONS.iter().filter(|r| r.counted_by == CountedBy::Sim).count();
    assert_eq!(sim, expected.len());
    let drive = (Owner::Xbar(XbarId::new(1)), PartKind::Dac, Action::Drive, StageId::new(1));
    assert_eq!(t.counts[&drive], 240);
    assert_eq!(t.busy[&(Owner::Xbar(XbarId::new(0)), PartKind::Adc)], 6 * 4 * 2);
    assert_eq!(t.busy[&(Owner::Link(TileId::new(0), TileId::new(1)), PartKind::Link)], 6 * (3 + 4));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Samples multiply the counts; buffers, clock (all times scaled) and link timing leave them alone.
    #[test]
    fn counts_do_not_know_time(samples in 1usize..6, capacity in 1usize..8, scale in 1u64..5, router in 0u64..4, link in 0u64..4, slots in 1u8..=2) {
        let base = net(machine([2, 1], QUICK_TILE), 2).run(1).counts;
        let mut m = machine([2, 1], TileTiming { bus_latency: scale, buffer_latency: 2 * scale, vector_latency: scale, ..QUICK_TILE });
        m.mesh = MeshTiming { router, link, ..m.mesh };
        m.cores.iter_mut().for_each(|c| *c = CoreTiming { integrate: scale, convert: 2 * scale, input_slots: slots, ..*c });
        let t = net(m, capacity).run(samples);
        prop_assert_eq!(t.finished.len(), samples);
        prop_assert!(t.finished.is_sorted());
        let scaled: Counts = base.into_iter().map(|(k, n)| (k, n * samples as u64)).collect();
        prop_assert_eq!(t.counts, scaled);
    }

    /// The shape of the mesh changes ways (routers, links, second buses), nothing else.
    #[test]
    fn mesh_shape_changes_only_the_mesh(columns in 1usize..4, rows in 1usize..4) {
        let core = |c: &Counts| -> Vec<((PartKind, Action), u64)> {
            let all = ACTIONS.iter().filter(|r| !matches!(r.part, PartKind::Router | PartKind::Link));
            all.map(|r| ((r.part, r.action), sum(c, r.part, r.action))).collect()
        };
        let place = |grid: [usize; 2]| {
            let mut d = net(machine(grid, QUICK_TILE), 2);
            // all on one tile, the farthest
            let last = grid[0] * grid[1] - 1;
            d.program.stages.iter_mut().for_each(|s| s.tile = TileId::new(last));
            d.program.machine.cores.iter_mut().for_each(|c| c.tile = TileId::new(last));
            d.run(2).counts
        };
        prop_assert_eq!(core(&place([columns, rows])), core(&place([1, 1])));
    }
}
