//! `archsim float`: the float reference alone, timed. Hidden; `benches/peers` reads its output.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::print;
use crate::diag::Result;
use crate::graph::{Batch, Dims, Graph, Inputs};
use crate::lower::fold;
use crate::onnx;
use crate::rng::{Domain, Draw};

/// Flags of `float`.
#[derive(Debug, Args)]
pub struct FloatArgs {
    /// ONNX network.
    model: PathBuf,
    /// Timed runs, after one that is not.
    #[arg(long, default_value_t = 1, value_name = "N")]
    repeat: usize,
    /// Samples of a run, where the batch is free.
    #[arg(long, default_value_t = 1, value_name = "N")]
    batch: usize,
    /// Run the graph of the file without folding it first.
    #[arg(long)]
    unfolded: bool,
}

/// Runs and prints milliseconds, one run a line.
pub fn float(args: &FloatArgs) -> Result<()> {
    let model = onnx::read(&args.model, &onnx::Limits::default())?;
    let mut graph = Graph::build(&model, &Dims::new())?;
    drop(model);
    if !args.unfolded {
        fold::simplify(&mut graph);
    }
    let mut inputs = Inputs::new();
    for (element, edge) in graph.inputs.iter().enumerate() {
        let edge = &graph.edges[*edge];
        let mut shape = edge.fact.shape.clone();
        if graph.batch == Batch::Dynamic && edge.batched {
            shape[0] = args.batch.max(1);
        }
        let draw = |tick| Draw { seed: 0, domain: Domain::Explore, element: element as u64, tick }.uniform(0) as f32;
        let mut tick = 0;
        let array = ndarray::ArrayD::from_shape_simple_fn(shape, || {
            tick += 1;
            draw(tick)
        });
        inputs.insert(edge.name.clone(), array);
    }
    for run in 0..=args.repeat {
        let start = Instant::now();
        graph.run(&inputs)?;
        if run > 0 {
            print(&format!("{:.3}\n", start.elapsed().as_secs_f64() * 1e3));
        }
    }
    Ok(())
}
