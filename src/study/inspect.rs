//! Any stage as text.

use super::RunOptions;
use super::assemble::describe_placement;
use super::session::Session;
use crate::data::device_files;
use crate::diag::{Diagnostic, Diagnostics, Result, nearest};
use crate::graph::{self, Graph};
use crate::id::Id;
use crate::sched::{Program, Work};
use crate::{arch, lower, onnx};

/// Stages in order, and whether each needs a chip and a model.
const STAGES: &[(&str, bool, bool)] = &[
    ("arch", true, false),
    ("model", false, true),
    ("graph", false, true),
    ("folded", false, true),
    ("quantised", true, true),
    ("tiled", true, true),
    ("placement", true, true),
    ("program", true, true),
];

/// The text of a stage.
///
/// # Errors
/// `F002` for an unknown stage or one that needs another file; else what the stages find.
pub fn inspect(has_arch: bool, has_model: bool, stage: &str, options: &RunOptions) -> Result<String> {
    let Some(&(_, needs_arch, needs_model)) = STAGES.iter().find(|s| s.0 == stage) else {
        let names: Vec<&str> = STAGES.iter().map(|s| s.0).collect();
        let meant = nearest(stage, names.iter().copied()).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        return Err(Diagnostic::error("F002", format!("there is no stage `{stage}`"))
            .help(format!("stages: {}{meant}", names.join(", ")))
            .into());
    };
    if (needs_arch && !has_arch) || (needs_model && !has_model) {
        let what = if needs_arch && !has_arch { "a chip description" } else { "a network" };
        return Err(Diagnostic::error("F002", format!("stage `{stage}` needs {what}"))
            .help(format!("archsim inspect CHIP.yaml NETWORK.onnx --stage {stage}"))
            .into());
    }
    match stage {
        "arch" => return Ok(arch::describe(&arch::load_with(&options.arch, &options.set, &device_files::resolve)?)),
        "model" => return Ok(onnx::describe(&onnx::read(&options.model, &onnx::Limits::default())?)),
        "graph" | "folded" => {
            let model = onnx::read(&options.model, &onnx::Limits::default())?;
            let mut graph = Graph::build(&model, &options.dims)?;
            if stage == "folded" {
                let _: Diagnostics = lower::fold::simplify(&mut graph);
            }
            return Ok(graph::describe(&graph));
        }
        _ => {}
    }
    let s = Session::open(options)?;
    Ok(match stage {
        "quantised" => lower::describe(&s.quant),
        "tiled" => describe_placement(&s.chip, &s.tiled, &crate::map::Placement::default()),
        "placement" => describe_placement(&s.chip, &s.tiled, &s.placement),
        _ => describe_program(&s.program),
    })
}

fn describe_program(p: &Program) -> String {
    let mut out = String::new();
    for (id, s) in p.stages.enumerate() {
        let work = match &s.work {
            Work::Source { bytes } => format!("read {bytes} bytes from the global buffer"),
            Work::Sink { bytes } => format!("write {bytes} bytes to the global buffer"),
            Work::Vector { load_bytes, vector_ops } => format!("{vector_ops} vector operations on {load_bytes} bytes"),
            Work::Mvm { replicas, vector_ops, .. } => {
                let units: Vec<String> = replicas
                    .iter()
                    .flatten()
                    .map(|u| {
                        format!(
                            "{} {} steps × {} rounds, {} conversions a step",
                            u.xbar, u.steps, u.rounds, u.conversions
                        )
                    })
                    .collect();
                format!("{}; {vector_ops} vector operations", units.join(", "))
            }
        };
        out.push_str(&format!("{id} `{}` on {}: {} positions, {work}\n", s.name, s.tile, s.positions));
        for c in &s.inputs {
            let c = &p.channels[*c];
            let need = match &c.need {
                crate::sched::Need::All => "everything".into(),
                crate::sched::Need::Same => "the same position".into(),
                crate::sched::Need::Previous => "the positions before".into(),
                crate::sched::Need::Window(w) => format!("a window of {:?} step {:?}", w.kernel, w.stride),
            };
            out.push_str(&format!(
                "  from stage[{}]: {need}, {} bytes a position, room for {}\n",
                c.from.index(),
                c.bytes,
                c.capacity
            ));
        }
    }
    out
}
