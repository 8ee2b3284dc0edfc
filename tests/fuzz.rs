//! Short, repeatable fuzz runs of everything that reads a file: damaged input is an error of exit code 2, never
//! a panic, and never costs more time or memory than a few times its size.

/// The builder of small models of the unit tests.
#[allow(dead_code, reason = "the unit tests use more of it than these do")]
#[path = "../src/onnx/testing.rs"]
mod testing;

// `testing.rs` finds these under the names it has inside the crate
pub use archsim::diag;
pub use archsim::onnx::{Limits, Model, read_bytes};

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use archsim::arch::{self, Chip};
use archsim::data::{Dataset, LabelSource, Labels, npz};
use archsim::diag::Diagnostics;
use archsim::graph::{Batch, Graph};
use archsim::rng::{Domain, Draw};
use archsim::{lower, map, sched};
use indexmap::IndexMap;
use ndarray::{ArrayD, IxDyn};
use testing::Builder;

/// Time of one test, in all four about ten seconds. The cases of a run are the first of one endless list.
const BUDGET: Duration = Duration::from_millis(2500);
/// Longest that one damaged input may take, on a slow and busy machine.
const LONGEST: Duration = Duration::from_secs(10);

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Random numbers of one case.
struct Dice {
    case: u64,
    drawn: u64,
}

impl Dice {
    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        self.drawn += 1;
        let draw = Draw { seed: 2026, domain: Domain::Explore, element: self.case, tick: self.drawn };
        (draw.uniform(0) * n as f64) as usize
    }
    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// One to four changes: a flipped bit, another byte, a piece cut out, doubled, moved, or cut off at the end.
fn damage(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..=dice.below(4) {
        if out.is_empty() {
            break;
        }
        let at = dice.below(out.len());
        let length = (1 + dice.below(16)).min(out.len() - at);
        match dice.below(7) {
            0 => out[at] ^= 1 << dice.below(8),
            1 => out[at] = *dice.of(&[0, 1, 0x7f, 0x80, 0xff, b'0', b'[', b'{']),
            2 => drop(out.drain(at..at + length)),
            3 => {
                let piece = out[at..at + length].to_vec();
                let times = 1 + dice.below(20);
                out.splice(at..at, piece.repeat(times));
            }
            4 => {
                let piece: Vec<u8> = out.drain(at..at + length).collect();
                let to = dice.below(out.len() + 1);
                out.splice(to..to, piece);
            }
            5 => out.splice(at..at + length, vec![0xff; length]).for_each(drop),
            _ => out.truncate(at),
        }
    }
    out
}

/// Values in the place of a value: other types, units, names, forms.
const VALUES: &[&str] = &[
    "0",
    "-1",
    "1",
    "4096",
    "1e308",
    "-1e-308",
    ".nan",
    ".inf",
    "18446744073709551616",
    "~",
    "true",
    "''",
    "[]",
    "{}",
    "[[1]]",
    "{a: {b: c}}",
    "0 V",
    "-1 nS",
    "1e30 GHz",
    "1e-30 s",
    "NaN W",
    "9999999999 GiB",
    "0 byte",
    "200 %",
    "ideal",
    "sar",
    "main",
    "*x",
    "&x 1",
    "!!int 1",
    "\"",
    "|",
    ">",
    "- 1",
    "? a",
    "%YAML",
    "é",
    "\u{0}",
];

/// As [`damage`], by lines and values too, so that most of it still is YAML.
fn damage_text(text: &str, dice: &mut Dice) -> String {
    if dice.below(4) == 0 {
        return String::from_utf8_lossy(&damage(text.as_bytes(), dice)).into_owned();
    }
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    for _ in 0..=dice.below(4) {
        let at = dice.below(lines.len());
        match dice.below(6) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, dice.of(&lines).clone()),
            2 => lines[at].insert_str(0, ["  ", " ", "\t", "- ", "#"][dice.below(5)]),
            3 => lines[at] = lines[at].trim_start().to_string(),
            _ => {
                if let Some((key, _)) = lines[at].split_once(':') {
                    lines[at] = format!("{key}: {}", dice.of(VALUES));
                }
            }
        }
        if lines.is_empty() {
            break;
        }
    }
    lines.join("\n")
}

/// Damages and tries until the time is over; returns how many cases ran and how many were accepted.
fn fuzz(mut attempt: impl FnMut(&mut Dice) -> Result<(), Diagnostics>) -> (u64, u64) {
    let begun = Instant::now();
    let (mut cases, mut accepted) = (0, 0);
    while begun.elapsed() < BUDGET {
        let before = Instant::now();
        let outcome =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| attempt(&mut Dice { case: cases, drawn: 0 })));
        match outcome {
            Ok(Ok(())) => accepted += 1,
            Ok(Err(found)) => {
                assert_eq!(found.exit_code(), 2, "case {cases}: {found}");
                for d in found.iter() {
                    assert!(diag::explain(d.code).is_some(), "case {cases}: {} is not documented", d.code);
                    assert!(!d.message.is_empty(), "case {cases}");
                    // rendering must get through it as well
                    let mut shown = String::new();
                    let plain = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor());
                    assert!(
                        plain.render_report(&mut shown, &d.clone().legible()).is_ok(),
                        "case {cases}: {}",
                        d.message
                    );
                }
            }
            Err(panic) => {
                eprintln!("case {cases} panicked");
                std::panic::resume_unwind(panic);
            }
        }
        let took = before.elapsed();
        assert!(took < LONGEST, "case {cases} took {took:?}");
        cases += 1;
    }
    eprintln!("{cases} cases, {accepted} of them accepted");
    (cases, accepted)
}

fn shipped(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == ending))
        .collect();
    all.sort();
    assert!(!all.is_empty());
    all
}

#[test]
fn damaged_chips() {
    let texts: Vec<String> = shipped("arch", "yaml").iter().map(|p| fs::read_to_string(p).unwrap()).collect();
    let (cases, accepted) = fuzz(|dice| {
        let text: &String = dice.of(&texts);
        let text = damage_text(text, dice);
        arch::load_str("chip.yaml", &text, &[]).map(drop)
    });
    assert!(cases > 100 && accepted > 0 && accepted < cases);
}

/// Networks of several operators, small enough to be damaged thoroughly.
fn small_models() -> Vec<Vec<u8>> {
    let dense = Builder::new(13)
        .input("x", &["N", "4"])
        .weights("w", &[4, 3], &[0.5; 12])
        .weights("b", &[3], &[0.1; 3])
        .node("Gemm", &["x", "w", "b"], &["h"], |a| a.float("alpha", 0.5))
        .node("Softmax", &["h"], &["y"], |a| a.int("axis", 1))
        .output("y", &["N", "3"]);
    let conv = Builder::new(17)
        .input("x", &["N", "2", "8", "8"])
        .weights("w", &[4, 2, 3, 3], &[0.25; 72])
        .weights("v", &[64, 3], &[0.125; 192])
        .node("Conv", &["x", "w"], &["a"], |a| a.ints("pads", &[1, 1, 1, 1]).ints("strides", &[1, 1]))
        .node("Relu", &["a"], &["b"], |a| a)
        .node("MaxPool", &["b"], &["c"], |a| a.ints("kernel_shape", &[2, 2]).ints("strides", &[2, 2]))
        .ints("shape", &[0, -1])
        .node("Reshape", &["c", "shape"], &["d"], |a| a)
        .node("MatMul", &["d", "v"], &["y"], |a| a)
        .output("y", &["N", "3"]);
    let shapes = Builder::new(13)
        .input("x", &["N", "2", "6"])
        .weights("w", &[12, 3], &[0.25; 36])
        .node("Shape", &["x"], &["s"], |a| a)
        .ints("zero", &[0])
        .node("Gather", &["s", "zero"], &["n"], |a| a.int("axis", 0))
        .ints("rest", &[-1])
        .node("Concat", &["n", "rest"], &["to"], |a| a.int("axis", 0))
        .node("Reshape", &["x", "to"], &["f"], |a| a)
        .node("MatMul", &["f", "w"], &["y"], |a| a)
        .output("y", &["N", "3"]);
    vec![dense.bytes(), conv.bytes(), shapes.bytes()]
}

/// A model that reads is typed, quantised, tiled, placed and scheduled; no value is ever computed for large shapes.
fn take_down(bytes: &[u8], chip: &Chip) -> Result<(), Diagnostics> {
    let model = read_bytes(bytes, "net.onnx", None, &Limits::default())?;
    let mut graph = Graph::build(&model, &Default::default())?;
    let _ = lower::fold::simplify(&mut graph);
    let elements: usize = graph.edges.iter().map(|e| e.fact.shape.iter().product::<usize>()).sum();
    if elements > 1 << 16 {
        // sound, but slow to calibrate
        return Ok(());
    }
    let rows = if let Batch::Fixed(n) = graph.batch { n } else { 2 };
    let mut inputs = IndexMap::new();
    for edge in graph.inputs.iter().map(|e| &graph.edges[*e]) {
        let mut shape = edge.fact.shape.to_vec();
        if let Some(first) = shape.first_mut().filter(|_| edge.batched) {
            *first = rows;
        }
        inputs.insert(edge.name.clone(), ArrayD::from_elem(IxDyn(&shape), 0.5));
    }
    let ranges = lower::calibrate(&graph, &inputs)?;
    let options = lower::QuantOptions::uniform(8, 8, 0.999);
    let quant = lower::quantise(&graph, &ranges, options)?;
    let tiled = lower::tile(&quant, chip)?;
    let placement = map::place("sequential", &quant, &tiled, chip)?;
    sched::emit(&quant, &tiled, &placement, chip).map(drop)
}

fn chip() -> Chip {
    arch::load(&root().join("arch/mos2_tile.yaml"), &[]).unwrap()
}

#[test]
fn damaged_small_models() {
    let (models, chip) = (small_models(), chip());
    for model in &models {
        take_down(model, &chip).unwrap();
    }
    let (cases, accepted) = fuzz(|dice| {
        let model: &Vec<u8> = dice.of(&models);
        take_down(&damage(model, dice), &chip)
    });
    assert!(cases > 100 && accepted > 0 && accepted < cases);
}

#[test]
fn damaged_ecg_model() {
    let (whole, chip) = (fs::read(root().join("workloads/ecg.onnx")).unwrap(), chip());
    let (cases, accepted) = fuzz(|dice| take_down(&damage(&whole, dice), &chip));
    assert!(cases > 20 && accepted < cases);
}

#[test]
fn damaged_data_files() {
    let values = (0..32).map(|i| i as f32 / 7.0 - 2.0).collect();
    let data = Dataset {
        inputs: IndexMap::from([("x".to_string(), ArrayD::from_shape_vec(IxDyn(&[8, 4]), values).unwrap())]),
        labels: Some(Labels::Class(vec![0, 1, 2, 0, 1, 2, 0, 1])),
        classes: ["a", "b", "c"].map(String::from).to_vec(),
        label_source: LabelSource::Rule,
        label_agreement: Some(0.9),
        about: "made by a test".into(),
        samples: 8,
        hash: String::new(),
    };
    let packed = npz::to_bytes(&data).unwrap();
    assert_eq!(npz::from_bytes(&packed, "net.npz").unwrap().samples, 8);
    let plain = stored(&data);
    let files = [packed, plain];
    let (cases, accepted) = fuzz(|dice| {
        let file: &Vec<u8> = dice.of(&files);
        npz::from_bytes(&damage(file, dice), "net.npz").map(drop)
    });
    assert!(cases > 100 && accepted < cases);
}

/// The data in a container without compression, as `numpy.savez` writes it: damage reaches the arrays themselves.
fn stored(data: &Dataset) -> Vec<u8> {
    let mut npz = ndarray_npy::NpzWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, values) in &data.inputs {
        npz.add_array(name.as_str(), values).unwrap();
    }
    npz.finish().unwrap().into_inner()
}
