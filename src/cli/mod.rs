//! The command line: verbs, flags, tables, exit codes. The only layer that prints, reads the
//! environment and sets the number of threads.

mod compare;
mod data;
mod device;
mod export;
mod inspect;
mod progress;
mod run;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::diag::{Diagnostic, Diagnostics, Result, Severity, codes, explain, nearest};
use crate::exec::Fidelity;
use crate::study::RunOptions;
use crate::units::Second;

/// Cycle-accurate simulator of neuromorphic accelerators: energy, latency, area and accuracy of an
/// ONNX network on a chip described in YAML.
#[derive(Debug, Parser)]
#[command(name = "archsim", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    verb: Verb,
    /// Print JSON instead of tables.
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
    /// List and show device models.
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
}

/// Flags that `run` and `compare` share.
#[derive(Debug, Args, Clone)]
pub struct CommonArgs {
    /// Data file (.npz); default: the file beside the model with the same name.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
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
    /// Mapper (default: the arch file's).
    #[arg(long, value_name = "NAME")]
    pub mapper: Option<String>,
    /// Where run folders go.
    #[arg(long, default_value = "reports/runs", value_name = "FOLDER")]
    pub output: PathBuf,
    /// Run again even if a run with the same key exists.
    #[arg(long)]
    pub force: bool,
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
        problems.into_result(RunOptions {
            arch: arch.to_path_buf(),
            model: model.to_path_buf(),
            data: self.data.clone(),
            calibration: self.calibration.clone(),
            samples: self.samples,
            seed: self.seed,
            fidelity,
            noise_scale: self.noise_scale,
            age,
            set,
            dims,
            mapper: self.mapper.clone(),
            output: self.output.clone(),
            force: self.force,
        })
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
    finish(match cli.verb {
        Verb::Run(args) => run::run(&args, json),
        Verb::Compare(args) => compare::compare(&args, json),
        Verb::Inspect(args) => inspect::inspect(&args),
        Verb::Device(verb) => device::device(&verb, json),
        Verb::Data(verb) => data::data(&verb, json),
        Verb::Export(verb) => export::export(&verb),
        Verb::Schema => {
            print(&crate::arch::schema());
            Ok(())
        }
        Verb::Explain { code } => explain_code(code.as_deref()),
        Verb::Reference => {
            print(&reference());
            Ok(())
        }
    })
}

/// Writes to stdout; a closed pipe (`archsim … | head`) is no error.
fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn finish(outcome: Result<()>) -> ExitCode {
    match outcome {
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

fn explain_code(code: Option<&str>) -> Result<()> {
    let Some(code) = code else {
        for c in codes() {
            print(&format!("{}  {}\n", c.code, c.title));
        }
        return Ok(());
    };
    match explain(code) {
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
