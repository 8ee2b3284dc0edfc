//! ISAAC's 22-cycle pipeline (Shafiee et al., ISCA 2016; `isaac_pipeline_22.csv` of the reference folder).

use super::*;

/// The layer in tile 1, its inputs over a link that moves one position in `steps` cycles: they come at the
/// layer's own pace, as from the layer before it in ISAAC's balanced pipeline, so that no write into the
/// tile's buffer meets a read in the same cycle.
fn isaac(positions: usize, steps: u64) -> Draft {
    let mut m = machine([2, 1], QUICK_TILE);
    m.mesh.flit_bytes = 64 / steps;
    let mut d = one_layer(m, positions, mvm(vec![unit(0, 1, steps, 1)], 64));
    d.program.stages.iter_mut().skip(1).for_each(|s| s.tile = TileId::new(1));
    d
}

/// One-cycle components of 100 ns, 16 one-bit steps: first result after 22 cycles, then one every 16.
#[test]
fn first_result_after_22_cycles_then_every_16() {
    let d = isaac(12, 16);
    let t = d.run(2);
    let (start, end) = position(&t, 1, 0);
    assert_eq!(end - start, 22);
    for p in 1..12 {
        assert_eq!(position(&t, 1, p).1 - end, 16 * p as u64, "position {p}");
    }
    assert_eq!(t.finished[1] - t.finished[0], 12 * 16);
}

/// The published rows: one of the file's cycles for each of ours.
#[test]
fn reference_table_has_as_many_cycles() {
    let Ok(folder) = std::env::var("ARCHSIM_REFERENCE") else {
        eprintln!("SKIPPED: ARCHSIM_REFERENCE is not set, ISAAC's pipeline table was not read");
        return;
    };
    let text = std::fs::read_to_string(format!("{folder}/isaac/isaac_pipeline_22.csv")).expect("the table is there");
    let reads = text.lines().filter(|l| l.contains("crossbar read")).count() as u64;
    let cycles = text.lines().count() as u64 - 1;
    let d = isaac(3, reads);
    let t = d.run(1);
    let (start, end) = position(&t, 1, 0);
    assert_eq!((end - start, position(&t, 1, 1).1 - end), (cycles, reads));
}
