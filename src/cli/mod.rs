//! The command line: verbs, flags, tables, exit codes. The only layer that prints, reads the
//! environment and sets the number of threads.

mod compare;
mod data;
mod device;
mod device_fit;
mod device_plot;
mod device_replay;
mod float;
mod export;
mod inspect;
mod map;
mod noc;
mod noc_trace;
mod progress;
mod quantisation;
mod run;

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::arch::WhenTooSmall;
use crate::diag::{Code, Diagnostic, Diagnostics, Result, Severity, codes, explain, nearest};
use crate::exec::Fidelity;
use crate::study::{Chips, RunOptions};
use crate::units::Second;

/// Cycle-accurate simulator of neuromorphic accelerators: energy, latency, area and accuracy of an
/// ONNX network on a chip described in YAML.
#[derive(Debug, Parser)]
#[command(name = "archsim", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    verb: Verb,
    /// Print JSON instead of tables; inspect, device plot and export spice have none.
    #[arg(long, global = true)]
    json: bool,
    /// Worker threads (default: one for each processor). Results do not depend on it.
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a network on a chip: all stages, tables, and a report folder of CSV files.
    Run(run::RunArgs),
    /// Run one network on several chips (or read finished runs) and put them side by side.
    Compare(compare::CompareArgs),
    /// Print a file or a stage of its lowering as text.
    Inspect(inspect::InspectArgs),
    /// Place a network on a chip and print the floorplan; needs no data.
    Map(map::MapArgs),
    /// Measure a network-on-chip under synthetic traffic, or send a packet trace through it.
    Noc(noc::NocArgs),
    /// List, show, draw and fit device models, replay a cell.
    #[command(subcommand)]
    Device(device::DeviceVerb),
    /// Turn data of others into archsim data files.
    #[command(subcommand)]
    Data(data::DataVerb),
    /// Write parts of a chip for other programs.
    #[command(subcommand)]
    Export(export::ExportVerb),
    /// Print the JSON schema of arch files.
    Schema,
    /// Explain a diagnostic code.
    Explain {
        /// Code, for instance A004; without it all codes are listed.
        code: Option<String>,
    },
    /// Print the whole command reference as Markdown.
    #[command(hide = true)]
    Reference,
    /// Time the float reference on random samples: milliseconds, one run a line.
    #[command(hide = true)]
    Float(float::FloatArgs),
}

/// Flags that `run` and `compare` share.
#[derive(Debug, Args, Clone)]
pub struct CommonArgs {
    /// Data file (.npz), or random or random:N for drawn samples without labels; default: beside the model,
    /// ecg_gru.npz or else ecg.npz for ecg_gru.onnx.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Whether values are run: `off` stops at timing, energy and area, and needs no data.
    #[arg(long, default_value = "on", value_name = "on|off")]
    pub values: String,
    /// Time one inference alone: quicker for large networks, but there is no interval and no throughput.
    #[arg(long)]
    pub single: bool,
    /// Samples for calibration (.npz); default: the first samples of the data.
    #[arg(long, value_name = "FILE")]
    pub calibration: Option<PathBuf>,
    /// Use only the first N samples.
    #[arg(long, value_name = "N")]
    pub samples: Option<usize>,
    /// Seed of every random draw.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// What the values see: ideal, quantised or noisy (default: the arch file's).
    #[arg(long, value_name = "NAME")]
    pub fidelity: Option<String>,
    /// Factor on all randomness of devices and converters.
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    pub noise_scale: f64,
    /// Time since programming, for instance "1 day" (default: the arch file's).
    #[arg(long, value_name = "TIME")]
    pub age: Option<String>,
    /// Replace a value of the arch file, for instance --set cores.macro.adc.sar.bits=6.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Bind a dynamic dimension of the model.
    #[arg(long, value_name = "NAME=N")]
    pub dim: Vec<String>,
    /// Number of equal chips in a row, or auto for as many as the network needs (default: the arch file's).
    #[arg(long, value_name = "N|auto")]
    pub chips: Option<String>,
    /// What to do when the network does not fit: error, chips (take more of them) or reload (run it in
    /// segments, writing the crossbars in between); default: the arch file's.
    #[arg(long, value_name = "NAME")]
    pub when_too_small: Option<String>,
    /// Mapper with its options, for instance balanced_pipeline, or anneal:steps=500000,seed=1 (default: the
    /// arch file's).
    #[arg(long, value_name = "NAME[:OPTION=N,...]")]
    pub mapper: Option<String>,
    /// How the network is quantised.
    #[command(flatten)]
    pub quantisation: quantisation::QuantArgs,
    /// Where run folders go.
    #[arg(long, default_value = "reports/runs", value_name = "FOLDER")]
    pub output: PathBuf,
    /// Run again even if a run with the same key exists.
    #[arg(long)]
    pub force: bool,
    /// Keep the folds of crossbars with wires in this folder and take known ones from it.
    #[arg(long, value_name = "FOLDER")]
    pub folds: Option<PathBuf>,
}

impl CommonArgs {
    /// Options of a run of `model` on `arch`.
    fn options(&self, arch: &Path, model: &Path) -> Result<RunOptions> {
        let mut problems = Diagnostics::new();
        let mut pairs = |list: &[String], flag: &str| {
            let mut out = Vec::new();
            for item in list {
                match item.split_once('=') {
                    Some((k, v)) if !k.is_empty() => out.push((k.to_string(), v.to_string())),
                    _ => problems.push(
                        Diagnostic::error("F002", format!("`{flag} {item}` is not of the form NAME=VALUE"))
                            .help(format!("for instance {flag} name=4")),
                    ),
                }
            }
            out
        };
        let set = pairs(&self.set, "--set");
        let dim_pairs = pairs(&self.dim, "--dim");
        let layer_bits = pairs(&self.quantisation.layer_bits, "--layer-bits");
        let mut dims = std::collections::BTreeMap::new();
        for (name, value) in dim_pairs {
            match value.parse::<usize>() {
                Ok(n) if n > 0 => drop(dims.insert(name, n)),
                _ => problems.push(
                    Diagnostic::error("F002", format!("`--dim {name}={value}`: a dimension is a whole number from 1"))
                        .help("for instance --dim N=1"),
                ),
            }
        }
        let fidelity = match self.fidelity.as_deref().map(Fidelity::parse) {
            Some(None) => {
                let given = self.fidelity.as_deref().unwrap_or_default();
                let names = Fidelity::ALL.map(Fidelity::name);
                let meant = nearest(given, names).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
                problems.push(
                    Diagnostic::error("F002", format!("there is no fidelity `{given}`"))
                        .help(format!("one of {}{meant}", names.join(", "))),
                );
                None
            }
            Some(known) => known,
            None => None,
        };
        let age = match self.age.as_deref().map(str::parse::<Second>) {
            Some(Err(e)) => {
                problems.push(Diagnostic::error("F002", format!("--age: {e}")).help("for instance --age \"1 day\""));
                None
            }
            Some(Ok(t)) if t.si() < 0.0 => {
                problems.push(
                    Diagnostic::error("F002", format!("--age {t} is negative")).help("give the time since programming"),
                );
                None
            }
            Some(Ok(t)) => Some(t),
            None => None,
        };
        if !(self.noise_scale.is_finite() && self.noise_scale >= 0.0) {
            problems.push(
                Diagnostic::error("F002", format!("--noise-scale {} is not a number from 0", self.noise_scale))
                    .help("1 is the device card, 0 switches chance off"),
            );
        }
        if self.samples == Some(0) {
            problems.push(
                Diagnostic::error("F002", "--samples 0 leaves nothing to run")
                    .help("give at least 1, or leave it out to run all samples"),
            );
        }
        let drawn = match self.data.as_ref().and_then(|p| p.to_str()).map(drawn) {
            Some(Err(problem)) => {
                problems.extend(problem);
                None
            }
            Some(Ok(drawn)) => drawn,
            None => None,
        };
        let chips = match self.chips.as_deref().map(|n| (n, n.parse::<usize>())) {
            None => None,
            Some(("auto", _)) => Some(Chips::Auto),
            Some((_, Ok(n))) => Some(Chips::Count(n)),
            Some((n, Err(_))) => {
                problems.push(
                    Diagnostic::error("F038", format!("`--chips {n}` is neither a number nor auto"))
                        .help("for instance --chips 4; auto takes as many as the network needs"),
                );
                None
            }
        };
        let when_too_small = self.when_too_small.as_deref().and_then(|name| {
            let known = WhenTooSmall::ALL.iter().find(|(n, _)| *n == name).map(|(_, w)| *w);
            if known.is_none() {
                problems.push(
                    Diagnostic::error(
                        "F039",
                        format!("there is no way called `{name}` for a network that does not fit"),
                    )
                    .help("one of error, chips, reload"),
                );
            }
            known
        });
        let values = match self.values.as_str() {
            "on" => true,
            "off" => false,
            other => {
                problems.push(
                    Diagnostic::error("F035", format!("`--values {other}` is neither on nor off"))
                        .help("off: mapping, timing, energy and area alone, without data"),
                );
                true
            }
        };
        problems.into_result(RunOptions {
            arch: arch.to_path_buf(),
            model: model.to_path_buf(),
            data: self.data.clone().filter(|_| drawn.is_none()),
            drawn,
            values,
            single: self.single,
            calibration: self.calibration.clone(),
            samples: self.samples,
            seed: self.seed,
            fidelity,
            noise_scale: self.noise_scale,
            age,
            set,
            dims,
            mapper: self.mapper.clone(),
            chips,
            when_too_small,
            quantisation: self.quantisation.flags(layer_bits),
            output: self.output.clone(),
            force: self.force,
            folds: self.folds.clone(),
            trace: None,
        })
    }
}

/// The number of samples that `random` or `random:N` asks for; `None` for a file.
fn drawn(data: &str) -> Result<Option<usize>> {
    /// Most samples that are drawn: each is held in memory.
    const MOST: usize = 1 << 20;
    let Some(rest) = data.strip_prefix("random") else { return Ok(None) };
    match (rest, rest.strip_prefix(':')) {
        ("", _) => Ok(Some(crate::study::DRAWN_SAMPLES)),
        (_, None) => Ok(None),
        (_, Some(n)) => match n.parse() {
            Ok(n) if (1..=MOST).contains(&n) => Ok(Some(n)),
            _ => Err(Diagnostic::error(
                "F036",
                format!("`--data {data}`: `{n}` is not a number of samples from 1 to {MOST}"),
            )
            .help("for instance --data random:64; a file of such a name is given as ./random:64")
            .into()),
        },
    }
}

/// Parses the command line, runs the verb, prints, and returns the exit code: 0 done, 1 the run
/// failed, 2 wrong input.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(n) = cli.threads {
        if n == 0 || n > 4096 {
            let problem = Diagnostic::error("F002", format!("--threads {n} is not between 1 and 4096"))
                .help("leave it out to use every processor");
            return finish(Err(problem.into()));
        }
        // can only fail if a pool exists already, which nothing before this line makes
        let _ = rayon::ThreadPoolBuilder::new().num_threads(n).build_global();
    }
    let json = cli.json;
    if let Some(name) = without_json(&cli.verb).filter(|_| json) {
        let problem = Diagnostic::error("F002", format!("--json: `archsim {name}` prints text alone, it has no JSON"))
            .help("leave --json out");
        return finish(Err(problem.into()));
    }
    finish(match cli.verb {
        Verb::Run(args) => run::run(&args, json),
        Verb::Compare(args) => compare::compare(&args, json),
        Verb::Inspect(args) => inspect::inspect(&args),
        Verb::Map(args) => map::map(&args, json),
        Verb::Noc(args) => noc::noc(&args, json),
        Verb::Device(verb) => device::device(&verb, json),
        Verb::Data(verb) => data::data(&verb, json),
        Verb::Export(verb) => export::export(&verb),
        Verb::Schema => {
            print(&crate::arch::schema());
            Ok(())
        }
        Verb::Explain { code } => explain_code(code.as_deref(), json),
        Verb::Reference => {
            print(&reference());
            Ok(())
        }
        Verb::Float(args) => float::float(&args),
    })
}

/// The name of a verb that has no JSON.
const fn without_json(verb: &Verb) -> Option<&'static str> {
    match verb {
        Verb::Inspect(_) => Some("inspect"),
        Verb::Device(device::DeviceVerb::Plot(_)) => Some("device plot"),
        Verb::Export(export::ExportVerb::Spice(_)) => Some("export spice"),
        Verb::Reference => Some("reference"),
        Verb::Float(_) => Some("float"),
        Verb::Noc(args) if args.writes_trace() => Some("noc --write-trace"),
        // the schema is JSON with and without the flag
        Verb::Run(_) | Verb::Compare(_) | Verb::Map(_) | Verb::Noc(_) | Verb::Device(_) | Verb::Data(_) => None,
        Verb::Schema | Verb::Explain { .. } => None,
    }
}

/// Why the first text did not reach stdout that did not.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

/// Writes to stdout; what cannot be written is told at the end.
fn print(text: &str) {
    written(std::io::stdout().write_all(text.as_bytes()));
}

/// Keeps a failure; a closed pipe (`archsim … | head`) is none.
fn written(outcome: std::io::Result<()>) {
    if let Err(e) = outcome
        && e.kind() != ErrorKind::BrokenPipe
    {
        UNWRITTEN.get_or_init(|| e.to_string());
    }
}

/// All that was printed has left, or F003.
fn flush() -> Result<()> {
    written(std::io::stdout().flush());
    match UNWRITTEN.get() {
        None => Ok(()),
        Some(why) => Err(Diagnostic::error("F003", format!("cannot write standard output: {why}"))
            .help("check the file or device that it goes to, for instance whether it is full")
            .into()),
    }
}

fn finish(outcome: Result<()>) -> ExitCode {
    match outcome.and_then(|()| flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            report(&problems);
            ExitCode::from(problems.exit_code().max(1))
        }
    }
}

/// Prints diagnostics to stderr, with colour only on a terminal.
fn report(problems: &Diagnostics) {
    let plain = !std::io::stderr().is_terminal() || std::env::var_os("NO_COLOR").is_some();
    let theme = if plain { miette::GraphicalTheme::unicode_nocolor() } else { miette::GraphicalTheme::unicode() };
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
    for d in problems.iter() {
        let d = d.clone().legible();
        let mut text = String::new();
        match handler.render_report(&mut text, &d) {
            Ok(()) => eprint!("{text}"),
            Err(_) => eprintln!("[{}] {}", d.code, d.message),
        }
    }
    if problems.iter().count() > 1 {
        eprintln!("{} findings", problems.iter().count());
    }
    // flags explain themselves
    if let Some(d) = problems.iter().find(|d| d.severity > Severity::Warning && !d.code.starts_with('F')) {
        eprintln!("more: archsim explain {}", d.code);
    }
}

/// Prints the warnings of a finished run to stderr, one short line each; the manifest has their whole text.
fn warn(warnings: &Diagnostics) {
    const WIDTH: usize = 120;
    for d in warnings.iter() {
        let mut line = format!("warning {}: {}", d.code, d.message);
        if line.chars().count() > WIDTH {
            line = line.chars().take(WIDTH).collect::<String>() + " … (all in manifest.json)";
        }
        eprintln!("{line}");
    }
}

fn explain_code(code: Option<&str>, json: bool) -> Result<()> {
    let value = |c: &Code| serde_json::json!({ "code": c.code, "title": c.title, "text": c.text });
    let Some(code) = code else {
        if json {
            print(&format!("{:#}\n", codes().map(value).collect::<serde_json::Value>()));
        } else {
            codes().for_each(|c| print(&format!("{}  {}\n", c.code, c.title)));
        }
        return Ok(());
    };
    match explain(code) {
        Some(c) if json => {
            print(&format!("{:#}\n", value(c)));
            Ok(())
        }
        Some(c) => {
            print(&format!("{}  {}\n\n{}\n", c.code, c.title, c.text));
            Ok(())
        }
        None => {
            let meant =
                nearest(code, codes().map(|c| c.code)).map_or(String::new(), |n| format!("; did you mean {n}?"));
            Err(Diagnostic::error("F002", format!("there is no diagnostic code `{code}`"))
                .help(format!("`archsim explain` lists them{meant}"))
                .into())
        }
    }
}

/// The command reference as Markdown, from the parser itself.
#[must_use]
pub fn reference() -> String {
    let mut out = String::from("# Command reference\n\nGenerated by `cargo xtask generate`; do not edit.\n");
    let root = Cli::command();
    append(&mut out, root, "");
    out
}

fn append(out: &mut String, mut command: clap::Command, prefix: &str) {
    let name = format!("{prefix}{}", command.get_name());
    command = command.bin_name(name.clone()).term_width(100).disable_help_subcommand(true);
    command.build();
    out.push_str(&format!("\n## `{name}`\n\n```text\n{}```\n", command.render_long_help()));
    for sub in command.get_subcommands().filter(|s| !s.is_hide_set()).cloned().collect::<Vec<_>>() {
        append(out, sub, &format!("{name} "));
    }
}
