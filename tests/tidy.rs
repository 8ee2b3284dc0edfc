//! Keeps the house in order: imports go downward, tables are complete, files stay small.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Longest source file.
const LONGEST: usize = 500;
/// Widest line of a comment, as `rustfmt.toml` has it for code.
const WIDEST: usize = 120;

/// The packages whose modules make one house, lowest first: folder, and the crate's name in code.
const PACKAGES: [(&str, &str); 2] = [("hardware", "archsim_hardware"), ("", "archsim")];

/// What a module must not use although the order would allow it, and why.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("sim", "crate::tensor", "the timing core never sees a tensor"),
    ("sim", "crate::exec", "timing and values are separate questions"),
    ("sim", "crate::device", "the timing core does not know what a cell is"),
    ("exec", "crate::sim", "the value core never asks the time"),
    ("exec", "crate::energy", "counts come before prices"),
    ("device", "Cycle", "devices know seconds, not cycles"),
];

/// External crates that only one module may see.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("onnx_protobuf", &["onnx"]),
    ("protobuf", &["onnx"]),
    ("serde_saphyr", &["arch"]),
    ("wfdb", &["data"]),
    ("ndarray_npy", &["data"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("comfy_table", &["report"]),
    ("archsim_hardware", &["lib"]), // all else says `crate::`, where the order can be seen
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// The files of one package: module, path and text of each.
fn sources_of(package: &str) -> Vec<(String, PathBuf, String)> {
    let folder = root().join(package).join("src");
    let mut files = Vec::new();
    rust_files(&folder, &mut files);
    files
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&folder).unwrap();
            let module =
                inside.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_string();
            let text = fs::read_to_string(&path).unwrap();
            (module, path, text)
        })
        .collect()
}

/// The files of all packages.
fn sources() -> Vec<(String, PathBuf, String)> {
    PACKAGES.iter().flat_map(|(package, _)| sources_of(package)).collect()
}

/// The layers of one package in the order of its `src/lib.rs`.
fn layers_of(package: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(package).join("src/lib.rs")).unwrap();
    text.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')).map(str::to_string).collect()
}

/// All layers, lowest first.
fn layers() -> Vec<String> {
    PACKAGES.iter().flat_map(|(package, _)| layers_of(package)).collect()
}

/// Code without comments and without the test module at the end.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    body.lines().map(|l| l.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn is_test_file(path: &Path, text: &str) -> bool {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    text.contains("#![cfg(test)]")
        || matches!(name.as_str(), "tests" | "testing" | "conformance" | "test_support")
        || name.ends_with("_tests")
        || path.components().any(|c| c.as_os_str() == "tests")
}

#[test]
fn imports_go_downward() {
    let order = layers();
    let rank = |m: &str| order.iter().position(|l| l == m);
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        if is_test_file(&path, &text) {
            continue;
        }
        let Some(own) = rank(&module) else { continue };
        for (line_number, line) in code(&text).lines().enumerate() {
            for piece in line.split("crate::").skip(1) {
                let used: String = piece.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if rank(&used).is_some_and(|r| r > own) {
                    wrong.push(format!(
                        "{}:{}: `{module}` imports `{used}`, which stands above it",
                        path.display(),
                        line_number + 1
                    ));
                }
            }
        }
        let body = code(&text);
        for (who, what, why) in FORBIDDEN {
            let used = body
                .match_indices(what)
                .any(|(at, _)| !body[at + what.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'));
            if module == *who && used {
                wrong.push(format!("{}: uses `{what}`: {why}", path.display()));
            }
        }
        for (krate, homes) in ONLY_IN {
            if !homes.contains(&module.as_str())
                && (body.contains(&format!("{krate}::")) || body.contains(&format!("use {krate};")))
            {
                let longer = body.match_indices(&format!("{krate}::")).all(|(at, _)| body[..at].ends_with('_'));
                if !longer {
                    wrong.push(format!("{}: only {homes:?} may see `{krate}`", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_is_a_layer() {
    for (package, name) in PACKAGES {
        let order: BTreeSet<String> = layers_of(package).into_iter().collect();
        let found: BTreeSet<String> =
            sources_of(package).into_iter().map(|(m, ..)| m).filter(|m| m != "lib" && m != "main").collect();
        assert_eq!(order, found, "{name}");
    }
}

/// Every layer of the lower packages has its path in the uppermost, and no two layers have one name.
#[test]
fn lower_layers_are_passed_on() {
    let mut passed = BTreeSet::new();
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for (package, name) in PACKAGES {
        let list =
            text.split_once(&format!("pub use {name}::{{")).map_or("", |(_, rest)| rest.split('}').next().unwrap());
        let list: BTreeSet<&str> = list.split(',').map(str::trim).collect();
        for layer in layers_of(package) {
            assert!(package.is_empty() || list.contains(layer.as_str()), "src/lib.rs does not pass on `{layer}`");
            assert!(passed.insert(layer.clone()), "there are two layers `{layer}`");
        }
    }
}

/// All Rust files, tests and benches included, with their texts.
fn files() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for package in ["", "hardware", "xtask"] {
        for folder in ["src", "tests", "benches"].map(|f| root().join(package).join(f)) {
            if folder.exists() {
                rust_files(&folder, &mut files);
            }
        }
    }
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    };
    files.into_iter().map(read).collect()
}

#[test]
fn files_stay_small() {
    let lengths = files().into_iter().map(|(path, text)| (path, text.lines().count()));
    let long: Vec<_> = lengths
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(path, lines)| format!("{} has {lines} lines, more than {LONGEST}", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Code is broken by rustfmt, comments by hand; rows of tables cannot be.
#[test]
fn comments_stay_narrow() {
    let mut wide = Vec::new();
    for (path, text) in files() {
        for (n, line) in text.lines().enumerate() {
            let comment = line.trim_start().strip_prefix("//").map(|c| c.trim_start_matches(['/', '!', ' ']));
            if comment.is_some_and(|c| !c.starts_with('|')) && line.chars().count() > WIDEST {
                wide.push(format!("{}:{}: more than {WIDEST} characters", path.display(), n + 1));
            }
        }
    }
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

#[test]
fn library_code_does_not_panic_on_purpose() {
    let mut wrong = Vec::new();
    for (_, path, text) in sources() {
        if is_test_file(&path, &text) {
            continue;
        }
        for (n, line) in code(&text).lines().enumerate() {
            for word in [".unwrap()", "panic!(", "todo!(", "unimplemented!("] {
                if line.contains(word) {
                    wrong.push(format!("{}:{}: {word}", path.display(), n + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_command_line_prints_and_reads_the_environment() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        if module == "cli" || is_test_file(&path, &text) {
            continue;
        }
        for (n, line) in code(&text).lines().enumerate() {
            for word in ["println!(", "eprintln!(", "print!(", "env::var", "dbg!("] {
                if line.contains(word) && !line.contains("env!(") {
                    wrong.push(format!("{}:{}: {word}", path.display(), n + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every diagnostic code that the source emits is documented, and every documented one is emitted.
#[test]
fn codes_are_documented_and_used() {
    let table: BTreeSet<String> = archsim::diag::codes().map(|c| c.code.to_string()).collect();
    let mut used = BTreeSet::new();
    for (_, path, text) in sources() {
        if path.to_string_lossy().contains("diag/codes/") || path.ends_with("diag/mod.rs") || is_test_file(&path, &text)
        {
            continue;
        }
        let body = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(&text);
        for piece in body.split('"') {
            let mut chars = piece.chars();
            let letter = chars.next().is_some_and(|c| "AMDFPR".contains(c));
            if piece.len() == 4 && letter && chars.all(|c| c.is_ascii_digit()) {
                used.insert(piece.to_string());
            }
        }
    }
    let undocumented: Vec<_> = used.difference(&table).collect();
    let unused: Vec<_> = table.difference(&used).collect();
    assert!(undocumented.is_empty(), "codes without a row in hardware/src/diag/codes/: {undocumented:?}");
    assert!(unused.is_empty(), "codes that nothing emits: {unused:?}");
}

/// Every file of a folder of elements stands in the folder's table.
#[test]
fn tables_are_complete() {
    let mut folders = vec!["src/map".to_string(), "src/graph/ops".to_string()];
    for entry in fs::read_dir(root().join("src/graph/ops")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            folders.push(format!("src/graph/ops/{}", path.file_name().unwrap().to_string_lossy()));
        }
    }
    for folder in &folders {
        let table = format!("{folder}/mod.rs");
        let listing = fs::read_to_string(root().join(&table)).unwrap();
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if name == "mod" {
                continue;
            }
            assert!(listing.contains(&format!("mod {name};")), "{folder}/{name}.rs is not declared in {table}");
            // what operators share is no operator
            let helper = path.is_file() && !fs::read_to_string(&path).unwrap().contains("Operator for ");
            if helper && folder.starts_with("src/graph/ops") {
                continue;
            }
            assert!(listing.matches(&format!("{name}::")).count() > 0, "{folder}/{name}.rs is in no table of {table}");
        }
    }
    for device in archsim::device::DEVICES {
        let example = fs::read_dir(root().join("arch")).unwrap().any(|e| {
            let path = e.unwrap().path();
            path.extension().is_some_and(|x| x == "yaml") && fs::read_to_string(&path).unwrap().contains(device.name)
        });
        assert!(example || device.name == "ideal", "no chip in arch/ uses device `{}`", device.name);
    }
}

/// The direct dependencies of each package are those of the table in ARCHITECTURE.md, which says why.
#[test]
fn dependencies_are_explained() {
    let mut used: BTreeMap<String, [&str; PACKAGES.len()]> = BTreeMap::new();
    for (at, (package, _)) in PACKAGES.iter().enumerate() {
        let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
        let mut how = "";
        for line in manifest.lines() {
            if line.starts_with('[') {
                how = match line {
                    "[dependencies]" => "yes",
                    "[dev-dependencies]" => "tests",
                    _ => "",
                };
            } else if !how.is_empty()
                && let Some((name, _)) = line.split_once('=')
            {
                let name = name.trim().trim_end_matches(".workspace");
                used.entry(name.to_string()).or_insert(["–"; PACKAGES.len()])[at] = how;
            }
        }
    }
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let table = text.split_once("\n## Dependencies\n").expect("the section on dependencies").1;
    let table: BTreeMap<String, [&str; PACKAGES.len()]> = table
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').map(str::trim).collect();
            assert!(cells.last() == Some(&"") && cells.len() == 5 && !cells[3].is_empty(), "{line}");
            Some((cells[0].trim_end_matches('`').to_string(), [cells[1], cells[2]]))
        })
        .collect();
    assert_eq!(used, table, "manifests against the table in ARCHITECTURE.md");
}
