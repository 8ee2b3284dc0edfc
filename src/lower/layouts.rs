//! Chooses the layout of every edge: from what yields it where that binds, else from what reads it.

use super::layout::{Layout, Order};
use super::plan::{Plan, Planned, Step};
use super::quantise::sample_shape;
use super::unit::Look;
use super::weights::Store;
use crate::graph::{EdgeId, Graph, Reach};
use crate::id::Id;

/// The layout of every edge, by index.
pub fn layouts(graph: &Graph, plan: &Plan) -> Vec<Layout> {
    let elements = |e: EdgeId| plan.facts[e.index()].shape.iter().product::<usize>();
    let wishes = wishes(graph, plan);
    let wished = |e: EdgeId| wishes[e.index()].map(|(order, positions)| Layout::new(order, elements(e), positions));
    let all = (0..graph.edges.len()).map(EdgeId::new);
    let mut layouts: Vec<Layout> = all.map(|e| Layout::whole(elements(e))).collect();
    for edge in &graph.inputs {
        let natural = Layout::channel_first(&sample_shape(graph, &plan.facts, *edge));
        layouts[edge.index()] = wished(*edge).unwrap_or(natural);
    }
    for step in &plan.steps {
        let from: Vec<Layout> = step.inputs.iter().map(|e| layouts[e.index()]).collect();
        for edge in &step.outputs {
            let count = elements(*edge);
            layouts[edge.index()] = match &step.step {
                Step::Weighted { layer, .. } => {
                    Layout { order: layer.order, positions: layer.positions, channels: layer.bias.len() }
                }
                Step::Shape => from[0],
                // one h after the other, where a step is a position and the walk goes forward
                Step::Recurrent { cell, .. } if step.picked == [0] && cell.reads() == 1 && !cell.reversed() => {
                    Layout::new(Order::ChannelLast, count, cell.steps)
                }
                Step::Recurrent { .. } => Layout::whole(count),
                Step::Digital { unit, .. } => {
                    unit.layout(&from).or_else(|| wished(*edge)).unwrap_or_else(|| Layout::whole(count))
                }
            };
        }
    }
    layouts
}

/// What the readers of an edge would have: order and positions.
type Wish = Option<(Order, usize)>;

/// Wishes of all edges, from the end of the network backwards.
fn wishes(graph: &Graph, plan: &Plan) -> Vec<Wish> {
    let mut wishes: Vec<Wish> = vec![None; graph.edges.len()];
    for step in plan.steps.iter().rev() {
        for edge in &step.inputs {
            let own = wish(plan, step, *edge, &wishes);
            // the reader that stands first in the network decides
            wishes[edge.index()] = own.or(wishes[edge.index()]);
        }
    }
    wishes
}

fn wish(plan: &Plan, step: &Planned, edge: EdgeId, wishes: &[Wish]) -> Wish {
    let elements = |e: EdgeId| plan.facts[e.index()].shape.iter().product::<usize>();
    let on = || {
        let output = step.outputs[0];
        wishes[output.index()].filter(|_| elements(output) == elements(edge))
    };
    match &step.step {
        Step::Weighted { layer, .. } if layer.positions == 1 && layer.window.input.is_empty() => None,
        Step::Weighted { layer, .. } if layer.order == Order::ChannelLast => Some((layer.order, layer.positions)),
        Step::Weighted { layer, .. } if matches!(layer.store, Store::Spread(_)) => {
            Some((Order::ChannelFirst, layer.window.positions()))
        }
        Step::Weighted { layer, .. } => Some((Order::ChannelFirst, layer.window.input_positions())),
        Step::Shape => on(),
        Step::Recurrent { cell, .. } => Some((Order::ChannelLast, cell.steps)),
        Step::Digital { unit, .. } => {
            let shape = &plan.facts[edge.index()].shape;
            match (&unit.look, unit.reach()) {
                (Look::Window(window), _) => Some((Order::ChannelFirst, window.input_positions())),
                (Look::Join | Look::Place, _) | (Look::Operator, Reach::Element) => on(),
                (Look::Operator, Reach::LastAxis) => {
                    shape.last().map(|n| (Order::ChannelLast, elements(edge) / (*n).max(1)))
                }
                (Look::Operator, Reach::Channels) => {
                    shape.get(1).map(|n| (Order::ChannelFirst, elements(edge) / (*n * shape[0]).max(1)))
                }
                (Look::Operator, Reach::All) => {
                    let rows = unit.rows().filter(|_| edge == step.inputs[0]);
                    rows.map(|rows| (Order::ChannelLast, rows))
                }
            }
        }
    }
}
