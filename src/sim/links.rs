//! Link heat: what went over every link of the mesh and between chips.

use super::routes::{Grid, Way};
use super::timeline::{Link, LinkUse, Owner};
use super::transport::Transport;
use crate::cost::PartKind;
use crate::sched::Machine;

/// The links of a machine in the order of their servers, with what the jobs of all routes sent over them. A route
/// sends one message over the mesh at most.
pub(super) fn links(
    machine: &Machine,
    servers: &[(Owner, PartKind)],
    ways: &[Way],
    transport: &Transport,
) -> Vec<LinkUse> {
    let grid = Grid::new(machine);
    let mut sent = vec![[0; 3]; servers.len()];
    for way in ways {
        let jobs = transport.routes[way.route as usize].jobs;
        for server in grid.passed(way) {
            let of_message = [1, way.flits, way.bytes];
            sent[server].iter_mut().zip(of_message).for_each(|(sum, each)| *sum += each * jobs);
        }
    }
    let mut lane = 0;
    let all = servers.iter().enumerate().filter_map(|(number, (owner, part))| {
        let link = match (owner, part) {
            (Owner::Link(from, to), PartKind::Link) => {
                let chip = |x: usize| machine.mesh.chips.map(|row| row.chip(x));
                let same_chip = chip(machine.tiles[*from].x) == chip(machine.tiles[*to].x);
                (from != to && same_chip).then_some(Link::Tiles(*from, *to))
            }
            (Owner::Chip(from), PartKind::ChipLink) => {
                let row = machine.mesh.chips?;
                let chips = machine.mesh.grid[0] / row.columns;
                // of each chip, those to the east come first
                let at = lane % (2 * row.links);
                lane += 1;
                let to = if at < row.links { Some(from + 1).filter(|c| *c < chips) } else { from.checked_sub(1) };
                to.map(|to| Link::Chips { from: *from, to, lane: at % row.links })
            }
            _ => None,
        };
        let [messages, flits, bytes] = sent[number];
        // flit by flit each takes its link for a cycle, and no server is asked for it
        let by_flits = machine.mesh.flits.is_some() && *part == PartKind::Link;
        let busy = if by_flits { flits } else { transport.busy(number as u32) };
        link.map(|link| LinkUse { link, messages, flits, bytes, busy })
    });
    all.collect()
}
