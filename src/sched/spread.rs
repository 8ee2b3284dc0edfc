//! Takes work of vector units away from tiles whose buffers cannot hold the inputs of all of it.
//!
//! The vector unit that computes a node stands by default in the tile of its first input, so that a long chain of
//! operators without weights gathers in one tile. Where the buffer of that tile is too small the chain goes on in other
//! tiles: a stage stands where its first input comes from if there is room, else in the nearest tile that has it. What
//! goes from one to the other takes the mesh, as all traffic does.

use super::program::{Channel, ChannelId, Stage, StageId, Work};
use crate::arch::{Chip, TileId};
use crate::id::{Id, IdVec};

/// Moves stages away from tiles that lack room; `needs` are the bytes that each stage needs at least. A stage that
/// fits nowhere stays.
pub(super) fn spread(
    stages: &mut IdVec<StageId, Stage>,
    channels: &IdVec<ChannelId, Channel>,
    needs: &IdVec<StageId, usize>,
    chip: &Chip,
) {
    let room = chip.tile_kind.buffer_bytes;
    let mut held = vec![0; chip.tiles.len()];
    stages.iter().zip(needs.iter()).for_each(|(s, need)| held[s.tile.index()] += need);
    let full: Vec<bool> = held.iter().map(|held| *held > room).collect();
    let moves = |s: &Stage| full[s.tile.index()] && matches!(s.work, Work::Vector { .. });
    let moving: Vec<StageId> = stages.enumerate().filter(|(_, s)| moves(s)).map(|(id, _)| id).collect();
    moving.iter().for_each(|id| held[stages[*id].tile.index()] -= needs[*id]);
    for id in moving {
        let own = stages[id].tile;
        let near = stages[id].inputs.first().map_or(own, |c| stages[channels[*c].from].tile);
        let distance = |tile: usize| {
            let (a, b) = (&chip.tiles[near], &chip.tiles[TileId::new(tile)]);
            a.x.abs_diff(b.x) + a.y.abs_diff(b.y)
        };
        let open = (0..held.len()).filter(|tile| held[*tile] + needs[id] <= room);
        let tile = open.min_by_key(|tile| (distance(*tile), *tile)).map_or(own, TileId::new);
        held[tile.index()] += needs[id];
        stages[id].tile = tile;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch;

    const ISAAC: &str = include_str!("../../arch/isaac_ce.yaml");

    fn stage(name: &str, tile: usize, work: Work, inputs: &[usize]) -> Stage {
        let inputs = inputs.iter().map(|c| ChannelId::new(*c)).collect();
        Stage { name: name.into(), node: None, tile: TileId::new(tile), positions: 1, work, inputs, outputs: vec![] }
    }

    /// A chain of four stages of 40 bytes each on tiles of 100: two stay beside the source, which keeps 20, one more
    /// fits nowhere else and the last follows it.
    #[test]
    fn a_chain_goes_on_in_the_next_tile() {
        let set = |path: &str, value: &str| (path.to_owned(), value.to_owned());
        let mut chip = arch::load_str("t", ISAAC, &[set("chip.grid", "[3, 1]")]).expect("the shipped chip");
        chip.tile_kind.buffer_bytes = 100;
        let vector = Work::Vector { load_bytes: 1, vector_ops: 1 };
        let names = ["a", "b", "c", "d"];
        let mut stages: IdVec<StageId, Stage> = std::iter::once(stage("in", 1, Work::Source { bytes: 1 }, &[]))
            .chain(names.iter().enumerate().map(|(i, n)| stage(n, 1, vector.clone(), &[i])))
            .collect();
        let link = |i: usize| Channel {
            from: StageId::new(i),
            to: StageId::new(i + 1),
            bytes: 40,
            positions: 1,
            need: super::super::Need::All,
            capacity: 1,
        };
        let channels: IdVec<ChannelId, Channel> = (0..4).map(link).collect();
        let needs: IdVec<StageId, usize> = [20, 40, 40, 40, 90].into_iter().collect();
        let tiles = |stages: &IdVec<StageId, Stage>| stages.iter().map(|s| s.tile.index()).collect::<Vec<_>>();
        spread(&mut stages, &channels, &needs, &chip);
        assert_eq!(tiles(&stages), [1, 1, 1, 0, 2]);
        // what has room stays where it is
        spread(&mut stages, &channels, &needs, &chip);
        assert_eq!(tiles(&stages), [1, 1, 1, 0, 2]);
        // what fits nowhere stays too
        let large: IdVec<StageId, usize> = [20, 40, 40, 40, 190].into_iter().collect();
        spread(&mut stages, &channels, &large, &chip);
        assert_eq!(tiles(&stages), [1, 1, 1, 0, 2]);
    }
}
