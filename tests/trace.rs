//! `archsim run --trace` from outside: both files, what they say of each other and of the report.

/// Laws of `trace.json`.
#[path = "trace/laws.rs"]
mod laws;
/// The reader of `trace.vcd`.
#[path = "trace/waves.rs"]
mod waves;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder for runs, empty at first.
fn place(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trace").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a network without values into `folder`; the folder of the run and what was printed.
fn run(folder: &Path, arch: &str, model: &str, flags: &[&str]) -> (PathBuf, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let done = Command::new(env!("CARGO_BIN_EXE_archsim"))
        .args(["run", arch, model, "--values", "off", "--single", "--output"])
        .arg(folder)
        .args(flags)
        .current_dir(root)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut runs = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let (first, more) = (runs.next().unwrap(), runs.next());
    assert_eq!(more, None, "one run, and no half-written one");
    (first, String::from_utf8(done.stdout).unwrap())
}

fn traced(folder: &Path) -> (laws::Counted, waves::Waves) {
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let counted = laws::check(&text("trace.json")).unwrap_or_else(|e| panic!("{e}"));
    // the shipped chips of these tests have cycles of one nanosecond
    let waves = text("trace.vcd");
    assert!(waves.contains("$timescale 1 ns $end"), "{}", &waves[..200]);
    (counted, waves::read(&waves, 1))
}

/// Busy cycles of a part in `components.csv`.
fn reported(folder: &Path, path: &str) -> u64 {
    let text = fs::read_to_string(folder.join("components.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let at =
        |reader: &mut csv::Reader<_>, name: &str| reader.headers().unwrap().iter().position(|h| h == name).unwrap();
    let (paths, busy) = (at(&mut reader, "path"), at(&mut reader, "busy_cycles"));
    let row = reader.records().map(|r| r.unwrap()).find(|r| &r[paths] == path);
    row.unwrap_or_else(|| panic!("{path} is not in components.csv"))[busy].parse().unwrap()
}

const CHIP: &str = "arch/mos2_tile.yaml";
const SMALLEST: &str = "workloads/breast_cancer.onnx";

#[test]
fn both_files_and_the_report_agree() {
    let folder = place("agree");
    let (run, printed) = run(&folder, CHIP, SMALLEST, &["--trace"]);
    assert!(printed.contains("ui.perfetto.dev") && printed.contains("gtkwave"), "{printed}");
    let (counted, waves) = traced(&run);
    assert!(counted.flows > 0 && counted.counters > 0 && counted.processes > 2, "{counted:?}");
    let mut compared = 0;
    for (track, wire, part) in
        [("buffer port", "buffer_port", "buffer"), ("bus", "bus", "bus"), ("vector unit", "vector_unit", "vector_unit")]
    {
        for ((group, _), busy) in counted.busy.iter().filter(|((_, name), _)| name == track) {
            let tile = group.split(' ').nth(1).unwrap();
            let wave = &waves[&(format!("tile_{tile}"), wire.to_owned())];
            assert_eq!(waves::integral(wave), *busy, "{group}: {track}");
            assert_eq!(reported(&run, &format!("chip.tile[{tile}].{part}")), *busy, "{group}: {track}");
            compared += 1;
        }
    }
    assert!(compared >= 3, "{:?}", counted.busy);
    fs::remove_dir_all(&folder).unwrap();
}

/// Flit by flit too, each link has a track and a wire of its own, busy as long as `links.csv` says.
#[test]
fn link_tracks_are_those_of_the_links() {
    let folder = place("links");
    for fidelity in ["link", "flit"] {
        let set = format!("chip.noc.mesh.fidelity={fidelity}");
        let (run, _) = run(&folder.join(fidelity), CHIP, "workloads/ecg.onnx", &["--trace", "--set", &set]);
        let (counted, waves) = traced(&run);
        let mut links = csv::Reader::from_path(run.join("links.csv")).unwrap();
        let headers = links.headers().unwrap().clone();
        let mut busy = 0;
        for row in links.records().map(Result::unwrap) {
            let column = |name: &str| &row[headers.iter().position(|h| h == name).unwrap()];
            // chip.link[3-4]
            let ends = column("path").trim_start_matches("chip.link[").trim_end_matches(']');
            let (from, to) = ends.split_once('-').unwrap();
            let tile = format!("tile {from} (column {}, row {})", column("from_x"), column("from_y"));
            let track = counted.busy.get(&(tile, format!("link to tile {to}"))).copied().unwrap_or(0);
            let wave = waves.get(&(format!("tile_{from}"), format!("link_to_tile_{to}")));
            let cycles: u64 = column("busy_cycles").parse().unwrap();
            assert_eq!(
                (track, wave.map_or(0, |w| waves::integral(w))),
                (cycles, cycles),
                "{fidelity}: {}",
                column("path")
            );
            busy += cycles;
        }
        assert!(busy > 0, "{fidelity}: no link is used, and nothing is compared");
        // `archsim noc` reads the packets, and all of them arrive in another network of as many nodes
        let packets = fs::read_to_string(run.join("packets.csv")).unwrap();
        let replay = Command::new(env!("CARGO_BIN_EXE_archsim"))
            .args(["noc", "ring:4", "--trace"])
            .arg(run.join("packets.csv"))
            .output()
            .unwrap();
        let arrivals = String::from_utf8(replay.stdout).unwrap();
        let packet = |text: &str, columns: [usize; 4]| {
            let mut all: Vec<Vec<u64>> = Vec::new();
            for line in text.lines().skip(1) {
                let fields: Vec<&str> = line.split(',').collect();
                all.push(columns.iter().map(|c| fields[*c].parse().unwrap()).collect());
            }
            all.sort();
            all
        };
        let sent = packet(&packets, [0, 1, 2, 3]);
        assert!(sent.len() > 100, "{packets}");
        assert_eq!(packet(&arrivals, [3, 0, 1, 2]), sent);
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_run_without_a_trace_is_run_anew_for_one() {
    let folder = place("anew");
    let (plain, _) = run(&folder, CHIP, SMALLEST, &[]);
    assert!(!plain.join("trace.json").exists());
    let summary = |folder: &Path| -> Vec<String> {
        let text = fs::read_to_string(folder.join("summary.csv")).unwrap();
        let lines: Vec<Vec<String>> = text.lines().map(|l| l.split(',').map(str::to_owned).collect()).collect();
        // the seconds that the run took are its own
        lines[0].iter().zip(&lines[1]).filter(|(name, _)| *name != "wall_s").map(|(_, v)| v.clone()).collect()
    };
    let before = summary(&plain);
    let (first, printed) = run(&folder, CHIP, SMALLEST, &["--trace"]);
    assert!(first == plain && !printed.contains("already there"), "{printed}");
    assert_eq!(summary(&first), before, "a trace changes nothing");
    let one = traced(&first).0;
    for again in [&["--trace"][..], &[]] {
        let (_, printed) = run(&folder, CHIP, SMALLEST, again);
        assert!(printed.contains("already there") && first.join("trace.vcd").exists(), "{printed}");
    }
    // more samples are another trace
    let (_, printed) = run(&folder, CHIP, SMALLEST, &["--trace", "--trace-samples", "3"]);
    assert!(!printed.contains("already there"), "{printed}");
    let three = traced(&first).0;
    let work = |c: &laws::Counted| -> u64 { c.busy.iter().filter(|((_, t), _)| t == "bus").map(|(_, n)| n).sum() };
    assert_eq!(work(&three), 3 * work(&one));
    assert!(three.flows == 3 * one.flows && three.counters == one.counters);
    fs::remove_dir_all(&folder).unwrap();
}

/// Segments of a network that take turns on the crossbars are one trace, one behind the other.
#[test]
fn segments_follow_one_another() {
    let folder = place("segments");
    let small = ["--set", "chip.grid=[1, 1]", "--set", "cores.ima.crossbars.main=2", "--set", "tile.cores.ima=1"];
    let flags: Vec<&str> = small.into_iter().chain(["--when-too-small", "reload", "--trace"]).collect();
    let (run, _) = run(&folder, "arch/isaac_ce.yaml", "workloads/ecg.onnx", &flags);
    let (counted, waves) = traced(&run);
    let bus = &counted.busy[&("tile 0 (column 0, row 0)".into(), "bus".into())];
    assert_eq!(waves::integral(&waves[&("tile_0".into(), "bus".into())]), *bus);
    assert_eq!(reported(&run, "chip.tile[0].bus"), *bus);
    assert!(waves.values().all(|wave| waves::at(wave, u64::MAX) == 0), "all is idle in the end");
    fs::remove_dir_all(&folder).unwrap();
}
