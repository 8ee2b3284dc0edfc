//! Wrong files, each made from a sound one by the change that its name says.

use std::fs;
use std::path::Path;

use archsim::data::{Dataset, LabelSource, Labels, npz};
use archsim::study::{RunOptions, Silent, run_and_write};
use indexmap::IndexMap;
use ndarray::{ArrayD, IxDyn};

use crate::testing::Builder;

/// The sound chip, all numbers of it taken from `arch/mos2_tile.yaml`.
const CHIP: &str = include_str!("chip.yaml");

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A file of a length on paper: no disk is used.
fn sparse(folder: &Path, name: &str, length: u64) {
    fs::File::create(folder.join(name)).unwrap().set_len(length).unwrap();
}

/// The sound chip with texts replaced; each must stand in it.
fn chip(folder: &Path, name: &str, changes: &[(&str, &str)]) {
    let mut text = CHIP.to_string();
    for (old, new) in changes {
        assert!(text.contains(old), "{name}: `{old}` does not stand in the sound chip");
        text = text.replacen(old, new, 1);
    }
    write(folder, name, text);
}

/// `x [N, 4]` through a dense layer of 4 × `outputs` weights to `y`, before what the change adds.
fn dense(outputs: usize) -> Builder {
    let weights: Vec<f32> = (0..4 * outputs).map(|i| ((i * 7) % 11) as f32 / 5.0 - 1.0).collect();
    Builder::new(13).input("x", &["N", "4"]).weights("w", &[4, outputs as i64], &weights)
}

/// The sound network.
pub fn net() -> Builder {
    dense(3).node("Gemm", &["x", "w"], &["y"], |a| a).output("y", &["N", "3"])
}

/// The sound data: eight samples of three classes.
pub fn samples() -> Dataset {
    let values = (0..32).map(|i| ((i * 5) % 13) as f32 / 6.0 - 1.0).collect();
    let mut inputs = IndexMap::new();
    inputs.insert("x".to_string(), ArrayD::from_shape_vec(IxDyn(&[8, 4]), values).unwrap());
    Dataset {
        inputs,
        labels: Some(Labels::Class(vec![0, 1, 2, 0, 1, 2, 0, 1])),
        classes: ["a", "b", "c"].map(String::from).to_vec(),
        label_source: LabelSource::Database,
        label_agreement: None,
        about: "made by a test".into(),
        samples: 8,
        hash: String::new(),
    }
}

/// The sound data with a change.
fn data_file(folder: &Path, name: &str, change: impl FnOnce(&mut Dataset)) {
    let mut data = samples();
    change(&mut data);
    write(folder, name, npz::to_bytes(&data).unwrap());
}

fn input(data: &mut Dataset) -> &mut ArrayD<f32> {
    data.inputs.get_mut("x").unwrap()
}

/// Chip, network and data that run.
pub fn sound(folder: &Path) {
    chip(folder, "chip.yaml", &[]);
    write(folder, "net.onnx", net().bytes());
    data_file(folder, "net.npz", |_| {});
}

/// Wrong chips.
pub fn arch(folder: &Path) {
    sound(folder);
    let one = |name: &str, old: &str, new: &str| chip(folder, name, &[(old, new)]);
    one("unknown_key.yaml", "    bits_per_cell: 4\n", "    bits_per_cell: 4\n    colour: red\n");
    one("misspelt_key.yaml", "t_read:", "t_raed:");
    one("missing_key.yaml", "    rows: 128\n", "");
    one("missing_section.yaml", "defaults:\n", "defauls:\n");
    one("wrong_quantity.yaml", "v_read: 0.1 V", "v_read: 0.1 A");
    one("unknown_unit.yaml", "clock: 1 GHz", "clock: 1 GHerz");
    one("bare_number.yaml", "t_read: 100 ns", "t_read: 100");
    one("unit_for_count.yaml", "rows: 128", "rows: 128 V");
    one("fraction.yaml", "rows: 128", "rows: 12.5");
    one("infinite.yaml", "area: 737 um2", "area: .inf um2");
    one("unknown_variant.yaml", "      sar:", "      flesh:");
    one("unknown_device_model.yaml", "    ideal:", "    idael:");
    one("zero_rows.yaml", "rows: 128", "rows: 0");
    one("empty_window.yaml", "{ g_min: 2 nS, g_max: 200 nS }", "{ g_min: 200 nS, g_max: 2 nS }");
    one("unknown_device.yaml", "device: synapse", "device: synapze");
    one("twice.yaml", "temperature: 300 K\n", "temperature: 300 K\nclock: 2 GHz\n");
    one("future.yaml", "archsim: 1", "archsim: 2");
    one("tabs.yaml", "    rows: 128", "\trows: 128");
    one("list_for_map.yaml", "  cores: { macro: 4 }", "  cores: [macro, 4]");
    chip(
        folder,
        "several.yaml",
        &[
            ("clock: 1 GHz", "clock: 1"),
            ("rows: 128", "rows: -1"),
            ("lanes: 8", "lans: 8"),
            ("grid: [1, 1]", "grid: [1]"),
        ],
    );
    write(folder, "empty.yaml", "");
    write(folder, "latin1.yaml", b"archsim: 1\nname: caf\xe9\n");
    write(folder, "deep.yaml", format!("archsim: 1\nname: {}\n", "[".repeat(5000)));
    let bomb: String =
        (1..12).map(|i| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", "))).collect();
    write(folder, "aliases.yaml", format!("a0: &a0 [x, x]\n{bomb}"));
    sparse(folder, "large.yaml", 2 << 20);
    fs::create_dir(folder.join("folder.yaml")).unwrap();
}

/// A model whose graph holds a graph in an attribute of a node, and so on, as raw bytes.
fn nested(levels: usize) -> Vec<u8> {
    let wrap = |tag: u8, inner: &[u8]| {
        let mut out = vec![tag];
        let mut n = inner.len();
        while n >= 0x80 {
            out.push(n as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
        out.extend(inner);
        out
    };
    // attribute.g is field 6, node.attribute 5, graph.node 1, model.graph 7
    let graph = (0..levels).fold(vec![], |inner, _| wrap(0x0a, &wrap(0x2a, &wrap(0x32, &inner))));
    wrap(0x3a, &graph)
}

/// Wrong networks.
pub fn onnx(folder: &Path) {
    sound(folder);
    let put = |name: &str, model: Builder| write(folder, name, model.bytes());
    let whole = net().bytes();
    write(folder, "empty.onnx", "");
    write(folder, "cut.onnx", &whole[..whole.len() / 2]);
    write(folder, "text.onnx", "This is a letter, not a network.\n");
    write(folder, "archive.onnx", b"PK\x03\x04 and so on");
    write(folder, "deep.onnx", nested(5000));
    sparse(folder, "large.onnx", (512 << 20) + 1);
    fs::create_dir(folder.join("folder.onnx")).unwrap();
    put("no_nodes.onnx", Builder::new(13));
    put("old.onnx", Builder::new(5).input("x", &["N", "4"]).output("x", &["N", "4"]));
    let mut weights = vec![0.5; 12];
    weights[7] = f32::NAN;
    let rows = || Builder::new(13).input("x", &["N", "4"]);
    let gemm = |b: Builder| b.node("Gemm", &["x", "w"], &["y"], |a| a).output("y", &["N", "3"]);
    put("nan.onnx", gemm(rows().weights("w", &[4, 3], &weights)));
    put("wrong_length.onnx", gemm(rows().weights("w", &[4, 3], &[0.5; 11])));
    put("wrong_rows.onnx", gemm(rows().weights("w", &[5, 3], &[0.5; 15])));
    put(
        "operators.onnx",
        dense(3)
            .node("NonMaxSuppression", &["x"], &["h"], |a| a)
            .node("Gelu", &["h"], &["g"], |a| a)
            .domain("com.microsoft")
            .node("Gemm", &["g", "w"], &["y"], |a| a)
            .output("y", &["N", "3"]),
    );
    put(
        "sizes.onnx",
        dense(3)
            .node("Gemm", &["x", "w"], &["y"], |a| a)
            .node("Shape", &["x"], &["s"], |a| a)
            .output("y", &["N", "3"])
            .output("s", &["2"]),
    );
    put(
        "dynamic.onnx",
        Builder::new(13)
            .input("x", &["N", "T", "4"])
            .weights("w", &[4, 3], &[0.5; 12])
            .node("MatMul", &["x", "w"], &["y"], |a| a)
            .output("y", &["N", "T", "3"]),
    );
    put("outside.onnx", gemm(rows().external("w", "../../secret.bin")));
    put("no_external.onnx", gemm(rows().external("w", "weights.bin")));
    put("dangling.onnx", dense(3).node("Gemm", &["z", "w"], &["y"], |a| a).output("y", &["N", "3"]));
    put(
        "cycle.onnx",
        dense(3).node("Add", &["x", "b"], &["a"], |a| a).node("Relu", &["a"], &["b"], |a| a).output("b", &["N", "4"]),
    );
    put("attribute.onnx", dense(3).node("Gemm", &["x", "w"], &["y"], |a| a.int("transC", 1)).output("y", &["N", "3"]));
    put("wide.onnx", dense(1000).node("Gemm", &["x", "w"], &["y"], |a| a).output("y", &["N", "1000"]));
}

/// Wrong data files.
pub fn data(folder: &Path) {
    sound(folder);
    let whole = npz::to_bytes(&samples()).unwrap();
    write(folder, "empty.npz", "");
    write(folder, "cut.npz", &whole[..whole.len() / 2]);
    write(folder, "text.npz", "1, 2, 3, 4\n");
    let mut flipped = whole.clone();
    flipped[60] ^= 0xff;
    write(folder, "flipped.npz", flipped);
    sparse(folder, "large.npz", (4 << 30) + 1);
    data_file(folder, "other_name.npz", |d| {
        let x = d.inputs.shift_remove("x").unwrap();
        d.inputs.insert("X1".into(), x);
    });
    data_file(folder, "five_values.npz", |d| *input(d) = ArrayD::zeros(IxDyn(&[8, 5])));
    data_file(folder, "nan.npz", |d| input(d)[[3, 2]] = f32::NAN);
    data_file(folder, "label_9.npz", |d| d.labels = Some(Labels::Class(vec![0, 1, 2, 9, 1, 2, 0, 1])));
    data_file(folder, "short_labels.npz", |d| d.labels = Some(Labels::Class(vec![0, 1, 2])));
    data_file(folder, "four_classes.npz", |d| d.classes.push("d".into()));
    data_file(folder, "no_samples.npz", |d| {
        *input(d) = ArrayD::zeros(IxDyn(&[0, 4]));
        d.labels = Some(Labels::Class(vec![]));
    });
    data_file(folder, "no_inputs.npz", |d| d.inputs.clear());
    data_file(folder, "two_lengths.npz", |d| drop(d.inputs.insert("extra".into(), ArrayD::zeros(IxDyn(&[7, 4])))));
    write(
        folder,
        "few_cycles.csv",
        "device,cycle,r_hrs,u_set,r_lrs,u_reset\n0,0,1e5,-0.9,2e3,1.1\n0,1,9e4,-1,2e3,1.2\n",
    );
    fs::create_dir(folder.join("records")).unwrap();
    write(folder, "records/100.hea", "not a header\n");
}

/// What wrong flags are tried on: two finished runs of different data, and folders that are none.
pub fn flags(folder: &Path) {
    sound(folder);
    for (name, count) in [("run_a", 8), ("run_b", 4)] {
        let options = RunOptions {
            arch: folder.join("chip.yaml"),
            model: folder.join("net.onnx"),
            samples: Some(count),
            output: folder.join("runs"),
            ..RunOptions::default()
        };
        let done = run_and_write(&options, &Silent).unwrap();
        fs::rename(done.folder, folder.join(name)).unwrap();
    }
    fs::remove_dir(folder.join("runs")).unwrap();
    fs::create_dir(folder.join("no_run")).unwrap();
    for file in fs::read_dir(folder.join("run_a")).unwrap() {
        let file = file.unwrap();
        write(folder, &format!("old_run/{}", file.file_name().display()), fs::read(file.path()).unwrap());
    }
    write(folder, "old_run/summary.csv", "run,energy\n1,2\n");
    write(folder, "cut_run/summary.csv", "");
}
