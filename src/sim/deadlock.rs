//! Names who waits for whom when a run stops before its end.

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use super::run::World;
use crate::diag::Diagnostic;
use crate::id::Id;
use crate::sched::{Program, StageId};

/// One stage waits for another.
struct Wait {
    waiting: usize,
    on: usize,
    text: String,
}

fn waits(world: &World, program: &Program) -> Vec<Wait> {
    let name = |stage: usize| &program.stages[StageId::new(stage)].name;
    let mut all = Vec::new();
    for (waiting, s) in world.stages.iter().enumerate() {
        let (sample, position) = s.issue_at;
        for c in s.inputs.iter().map(|c| &world.channels[*c as usize]) {
            if s.issued < s.total && !c.ready(sample, position) {
                let on = c.from as usize;
                let text = format!(
                    "`{}` waits for input: position {position} of sample {sample} needs {} positions of `{}`, {} have arrived",
                    name(waiting),
                    c.needed(sample, position),
                    name(on),
                    c.arrived
                );
                all.push(Wait { waiting, on, text });
            }
        }
        for c in s.outputs.iter().map(|c| &world.channels[*c as usize]) {
            if c.sent < s.done && !c.has_credit() {
                let on = c.to as usize;
                let text = format!(
                    "`{}` waits for room: the {} positions that fit the buffer in front of `{}` are taken",
                    name(waiting),
                    c.capacity(),
                    name(on)
                );
                all.push(Wait { waiting, on, text });
            }
        }
    }
    all
}

/// The failure of a run that stands still.
pub(super) fn deadlock(world: &World, program: &Program, samples: usize) -> Diagnostic {
    let waits = waits(world, program);
    let mut graph = DiGraph::<usize, ()>::new();
    let nodes: Vec<_> = (0..world.stages.len()).map(|s| graph.add_node(s)).collect();
    for w in &waits {
        graph.add_edge(nodes[w.waiting], nodes[w.on], ());
    }
    let mut rings: Vec<Vec<usize>> = tarjan_scc(&graph)
        .into_iter()
        .filter(|c| c.len() > 1)
        .map(|c| c.into_iter().map(|n| graph[n]).collect())
        .collect();
    rings.iter_mut().for_each(|r: &mut Vec<usize>| r.sort_unstable());
    rings.sort();
    let in_ring = |w: &&Wait| rings.iter().any(|r| r.contains(&w.waiting) && r.contains(&w.on));
    let (core, rest): (Vec<&Wait>, Vec<&Wait>) = waits.iter().partition(in_ring);
    let mut text = format!(
        "deadlock in cycle {}: {} of {samples} samples are finished and nothing can move",
        world.now,
        world.ledger.finished.len()
    );
    for (title, list) in [("these wait for each other", core), ("these wait for them", rest)] {
        if !list.is_empty() {
            text += &format!("; {title}: ");
            text += &list.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(", ");
        }
    }
    Diagnostic::failure("R001", text)
        .help("a buffer in the circle is too small for what must be there at once: give the tiles more buffer, or the layers other tiles")
}

/// The failure of a run that takes too long.
pub(super) fn out_of_time(world: &World, samples: usize, cycle: u64) -> Diagnostic {
    Diagnostic::failure(
        "R002",
        format!(
            "the run was stopped after {cycle} cycles: {} of {samples} samples are finished, and there was still work under way",
            world.ledger.finished.len()
        ) + &match world.transport.flits.under_way() {
            0 => String::new(),
            messages => format!(", {messages} messages on the mesh among it"),
        },
    )
    .help("allow more cycles or run fewer samples")
}
