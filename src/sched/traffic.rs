//! What a program sends over the mesh in one inference. The timing core counts the same flits one by one.

use super::program::{Program, Work};
use crate::arch::TileId;
use crate::id::Id;
use crate::map::{Traffic, share};

/// All messages of one inference: inputs to units and results back, positions to their consumers, the result to
/// the global buffer at tile 0.
#[must_use]
pub fn traffic(program: &Program) -> Traffic {
    let machine = &program.machine;
    let memory = TileId::new(0);
    let mut traffic = Traffic::new(machine.tiles.iter().map(|t| (t.x, t.y)), machine.mesh.flit_bytes);
    for stage in program.stages.iter() {
        let origin = match &stage.work {
            Work::Source { .. } => memory,
            _ => stage.tile,
        };
        match &stage.work {
            Work::Mvm { replicas, .. } => {
                for (copy, units) in replicas.iter().enumerate() {
                    let times = share(stage.positions, copy, replicas.len()) as u64;
                    for unit in units {
                        let tile = machine.cores[unit.core].tile;
                        traffic.send(stage.tile, tile, unit.load_bytes, times);
                        traffic.send(tile, stage.tile, unit.result_bytes, times);
                    }
                }
            }
            Work::Sink { bytes } => traffic.send(stage.tile, memory, *bytes, stage.positions as u64),
            Work::Source { .. } | Work::Vector { .. } => {}
        }
        for c in &stage.outputs {
            let c = &program.channels[*c];
            traffic.send(origin, program.stages[c.to].tile, c.bytes, stage.positions as u64);
        }
    }
    traffic
}
