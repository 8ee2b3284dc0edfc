//! One run: all stages, one report.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::assemble::Results;
use super::evaluate::evaluate;
use super::session::Session;
use super::structure::NO_VALUES;
use super::{BATCH, Progress, QuantFlags, RunOptions};
use crate::data::LabelSource;
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::energy::settle;
use crate::exec::{self, ValueOptions};
use crate::map::Choice;
use crate::report::{RunReport, SummaryRow, Traced, check_folder, check_place, complete, read, write};
use crate::sched::{Program, Stage, Work};
use crate::sim::Timeline;

/// A finished run.
#[derive(Debug, Clone)]
pub struct Done {
    /// Its report.
    pub report: RunReport,
    /// Its folder, if it was written.
    pub folder: PathBuf,
    /// Whether it existed already and was read back.
    pub reused: bool,
    /// Findings that did not stop it.
    pub warnings: Diagnostics,
}

/// Runs all stages and writes the report folder; a run that exists is read back unless `force`.
///
/// # Errors
/// Everything that can be wrong with the inputs (exit code 2), or a run that failed (1).
pub fn run_and_write(options: &RunOptions, progress: &dyn Progress) -> Result<Done> {
    check_place(&options.output)?;
    let session = Session::open(options)?;
    let values = session.value_options(options);
    let key = run_key(&session, options, &values);
    let name = folder_name(&session, options, &key);
    let folder = options.output.join(name);
    if !options.force && complete(&folder, options.trace) {
        let report = read(&folder)?;
        return Ok(Done { report, folder, reused: true, warnings: session.warnings });
    }
    check_folder(&folder)?;
    let (mut done, timeline) = simulate_session(&session, options, &values, key, progress)?;
    let traced = timeline.as_ref().map(|timeline| Traced { chip: &session.chip, program: &session.program, timeline });
    traced.iter().filter_map(Traced::warning).for_each(|w| done.warnings.push(w));
    done.folder = write(&done.report, &options.output, traced.as_ref())?;
    Ok(done)
}

/// Runs all stages without writing anything.
///
/// # Errors
/// As [`run_and_write`].
pub fn simulate(options: &RunOptions, progress: &dyn Progress) -> Result<Done> {
    let session = Session::open(options)?;
    let values = session.value_options(options);
    let key = run_key(&session, options, &values);
    Ok(simulate_session(&session, options, &values, key, progress)?.0)
}

/// Reads a finished run folder.
///
/// # Errors
/// `F004` when it is none.
pub fn read_run(folder: &Path) -> Result<Done> {
    Ok(Done { report: read(folder)?, folder: folder.to_path_buf(), reused: true, warnings: Diagnostics::new() })
}

/// A finished run as JSON: the summary, layers and classes.
#[must_use]
pub fn to_json(done: &Done) -> serde_json::Value {
    json!({
        "summary": done.report.summary,
        "layers": done.report.layers,
        "confusion": done.report.confusion,
        "folder": done.folder,
        "warnings": done.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn workload(options: &RunOptions) -> String {
    options.model.file_stem().map_or_else(|| "model".into(), |s| s.to_string_lossy().into_owned())
}

fn folder_name(session: &Session, options: &RunOptions, key: &str) -> String {
    let mut report = RunReport::default();
    report.summary.arch.clone_from(&session.chip.name);
    report.summary.workload = workload(options);
    report.summary.run_key = key.into();
    report.folder_name()
}

/// Twelve hexadecimal digits of the hash of everything that decides the outcome.
fn run_key(session: &Session, options: &RunOptions, values: &ValueOptions) -> String {
    let mut text = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "arch": session.chip.hash,
        "model": session.model.sha256,
        "data": session.data.hash,
        "samples": session.data.samples,
        "calibration": session.calibration.hash,
        "mapper": session.mapper,
        "fidelity": values.fidelity.name(),
        "seed": values.seed,
        "noise_scale": values.noise_scale,
        "age_s": values.age.si(),
    });
    // what is the default leaves the key as it is
    if !options.values {
        text["values"] = json!(false);
    }
    if options.single {
        text["single"] = json!(true);
    }
    if session.chip.chips > 1 || !session.segments.is_empty() {
        text["chips"] = json!([session.chip.chips, session.segments.len()]);
    }
    if options.quantisation != QuantFlags::default() {
        text["quantisation"] = json!(options.quantisation);
    }
    if !options.dims.is_empty() {
        text["dims"] = json!(options.dims);
    }
    Sha256::digest(text.to_string()).iter().take(6).map(|b| format!("{b:02x}")).collect()
}

fn simulate_session(
    session: &Session,
    options: &RunOptions,
    values: &ValueOptions,
    key: String,
    progress: &dyn Progress,
) -> Result<(Done, Option<Timeline>)> {
    if let Some(samples) = options.trace {
        check_trace(&session.program, samples)?;
    }
    let begun = Instant::now();
    let evaluate = || options.values.then(|| evaluate(session, values, progress)).transpose();
    // values come first where they decide how long an MVM takes
    let first = if session.chip.data_decide_time() { evaluate()? } else { None };
    let activity = first.as_ref().map(|e| &e.activity);
    progress.start("timing", 2);
    let single = session.time_of(1, activity)?;
    progress.set(1);
    let batch = if options.single { None } else { Some(session.time_of(BATCH, activity)?) };
    let traced = options.trace.map(|samples| session.trace(samples, activity)).transpose()?;
    progress.finish();
    let evaluated = if first.is_some() { first } else { evaluate()? };
    let activity = match &evaluated {
        Some(evaluated) => &evaluated.activity,
        None => &exec::estimate(&session.quant, &session.tiled, &session.chip)?,
    };
    let ledger = settle(&session.chip, &session.program, &single, activity)?;

    let results = Results {
        chip: &session.chip,
        quant: &session.quant,
        tiled: &session.tiled,
        placement: &session.placement,
        program: &session.program,
        single: &single,
        batch: batch.as_ref(),
        activity,
        ledger: &ledger,
        segments: session.segments.len(),
    };
    let choice = Choice::parse(&session.mapper)?;
    let fidelity = if options.values { values.fidelity.name() } else { NO_VALUES };
    let mut summary = SummaryRow {
        run_key: key.clone(),
        archsim_version: env!("CARGO_PKG_VERSION").into(),
        workload: workload(options),
        model_hash: session.model.sha256.clone(),
        data_hash: session.data.hash.clone(),
        fidelity: fidelity.into(),
        mapper: choice.entry.name.into(),
        mapper_options: choice.options(),
        seed: values.seed,
        noise_scale: values.noise_scale,
        age_s: values.age.si(),
        samples: session.data.samples as u64,
        label_source: session.data.label_source.as_str().into(),
        label_agreement: session.data.label_agreement.filter(|_| session.data.label_source == LabelSource::Rule),
        warnings: session.warnings.iter().count() as u64,
        ..SummaryRow::default()
    };
    results.summarise(&mut summary);
    if !session.segments.is_empty() {
        writes(session, values, &mut summary)?;
    }
    let (confusion, predictions) = match &evaluated {
        Some(evaluated) => evaluated.report(session, &key, &mut summary),
        None => Default::default(),
    };
    summary.wall_s = Some(begun.elapsed().as_secs_f64());
    let mut warnings = session.warnings.clone();
    evaluated.iter().filter_map(|e| e.wires.warning()).for_each(|w| warnings.push(w));
    let report = RunReport {
        layers: results.layer_rows(&key),
        components: results.component_rows(&key),
        links: results.link_rows(&key),
        confusion,
        predictions,
        manifest: manifest(session, options, traced.as_ref(), &summary),
        summary,
    };
    Ok((Done { report, folder: PathBuf::new(), reused: false, warnings }, traced))
}

/// Most times of positions and MVMs that a trace may keep: some 4 GB.
const MOST_TIMES: u64 = 1 << 26;

/// Whether the times of so many traced samples can be kept.
fn check_trace(program: &Program, samples: usize) -> Result<()> {
    let mvms = |s: &Stage| match &s.work {
        Work::Mvm { replicas, .. } => replicas.iter().map(Vec::len).max().unwrap_or(0),
        _ => 0,
    };
    let times: u64 = program.stages.iter().map(|s| s.positions as u64 * (1 + mvms(s) as u64)).sum();
    let most = MOST_TIMES / times.max(1);
    if samples as u64 > most.max(1) {
        return Err(Diagnostic::error("F002", format!("--trace-samples {samples} has too many times to keep"))
            .help(format!("at most {} for this network", most.max(1)))
            .into());
    }
    Ok(())
}

/// Fills in what writing the crossbars costs where segments take turns: every batch writes every segment.
fn writes(session: &Session, values: &ValueOptions, s: &mut SummaryRow) -> Result<()> {
    let layers = exec::writing(&session.quant, &session.tiled, &session.chip, values)?;
    let energy = layers.iter().fold(0.0, |sum, w| sum + w.energy.si());
    let time = session.segments.iter().fold(0.0, |sum, part| {
        let from = part.segment.first_layer;
        let mine = layers.iter().skip(from).take(part.segment.tiled.layers.len());
        sum + mine.map(|w| w.time.si()).fold(0.0, f64::max)
    });
    s.write_energy_j = Some(energy);
    s.write_time_s = Some(time);
    s.latency_written_s = Some(s.latency_s + time);
    s.batch_100_written_s = s.batch_100_s.map(|t| t + time);
    s.energy_100_written_j = Some(s.energy_j + energy / BATCH as f64);
    Ok(())
}

/// What is needed to repeat the run, and what was found on the way.
fn manifest(session: &Session, options: &RunOptions, traced: Option<&Timeline>, s: &SummaryRow) -> serde_json::Value {
    let d = &session.chip.defaults;
    let pair = |(key, value): &(String, String)| format!("{key}={value}");
    let mut manifest = json!({
        "archsim_version": s.archsim_version,
        "run_key": s.run_key,
        "arch": { "name": s.arch, "sha256": s.arch_hash },
        "model": { "name": s.workload, "sha256": s.model_hash },
        "data": { "sha256": s.data_hash, "samples": s.samples, "label_source": s.label_source, "label_agreement": s.label_agreement, "about": session.data.about },
        "calibration": { "sha256": session.calibration.hash, "samples": session.calibration.samples },
        "options": {
            "fidelity": s.fidelity, "mapper": s.mapper, "mapper_options": s.mapper_options, "seed": s.seed, "noise_scale": s.noise_scale, "age_s": s.age_s,
            "weight_bits": d.weight_bits, "activation_bits": d.activation_bits, "activation_percentile": d.activation_percentile,
            "layer_bits": d.layer_bits.iter().map(pair).collect::<Vec<_>>(),
            "calibration_method": d.calibration, "equalise": d.equalise, "bias_correction": d.bias_correction,
            "set": options.set.iter().map(pair).collect::<Vec<_>>(), "dim": options.dims,
            "chips": session.chip.chips, "segments": session.segments.len().max(1), "single": options.single,
        },
        "array_energy": if s.fidelity == NO_VALUES { format!("estimated: {}", exec::ASSUMPTION) } else { "counted".into() },
        "warnings": session.warnings.iter().map(|d| json!({ "code": d.code, "message": d.message })).collect::<Vec<_>>(),
    });
    if let Some(t) = traced {
        manifest["trace"] = json!({ "samples": t.samples, "cut_at_cycle": t.recording.cut });
    }
    manifest
}
