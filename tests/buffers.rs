//! How much waits in front of a join: with the lead of one branch over the other a network runs to its end,
//! with half of it it stands still.

#[path = "mapping/networks.rs"]
#[expect(dead_code, reason = "shared with the tests of mapping")]
mod networks;

use archsim::arch::Chip;
use archsim::lower::{self, QuantGraph};
use archsim::map;
use archsim::sched::{self, Channel, ChannelId, Program};
use archsim::sim::{self, SimOptions};
use networks::{Net, mesh};

/// Two convolutions beside a short cut, on maps of 12 × 12.
fn residual() -> QuantGraph {
    let mut net = Net::new(4, 12);
    let input = net.last();
    let fork = net.conv(input, 8, 3, 1);
    let mut long = net.conv(fork, 8, 3, 1);
    long = net.conv(long, 8, 3, 1);
    let join = net.add(long, fork);
    net.dense(join, 5);
    net.finish()
}

fn program(graph: &QuantGraph, chip: &Chip) -> archsim::diag::Result<Program> {
    let tiled = lower::tile(graph, chip)?;
    let placement = map::place("sequential", graph, &tiled, chip)?;
    sched::emit(graph, &tiled, &placement, chip)
}

/// The short cut: the channel from the fork into the join.
fn short_cut(program: &Program) -> ChannelId {
    let between = |c: &Channel| program.stages[c.from].outputs.len() == 2 && program.stages[c.to].inputs.len() == 2;
    program.channels.enumerate().find(|(_, c)| between(c)).map(|(id, _)| id).unwrap()
}

#[test]
fn a_join_needs_the_lead_and_no_more() {
    let graph = residual();
    let mut chip = mesh([4, 2], 2, 8);
    let roomy = program(&graph, &chip).unwrap();
    let at = short_cut(&roomy);
    assert_eq!(roomy.channels[at].capacity, 2 * 144, "with room a join holds whole samples, twice");

    // what two 3 × 3 windows reach ahead on lines of 12: two lines and two positions, the position itself included
    let lead = 2 * 12 + 2 + 1;
    let run =
        |program: &Program| sim::run(program, &SimOptions { samples: 3, ..SimOptions::default() }).map_err(|e| e.code);
    let tight = (64..20_000).step_by(64).find_map(|bytes| {
        chip.tile_kind.buffer_bytes = bytes;
        program(&graph, &chip).ok()
    });
    let mut tight = tight.expect("some buffer is large enough");
    // another tile is the first to lack room: this one still has twice the lead
    assert_eq!(tight.channels[at].capacity, 2 * lead);
    tight.channels[at].capacity = lead;
    assert_eq!(run(&tight).expect("the lead is enough").samples, 3);

    tight.channels[at].capacity = lead / 2;
    assert_eq!(run(&tight).expect_err("half of the lead is too little"), "R001");
}
