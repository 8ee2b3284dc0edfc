//! Developer commands: `cargo xtask generate [--check]`, `cargo xtask verify TOPIC [--row N]`.

mod generate;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["generate"] => generate::generate(false),
        ["generate", "--check"] => generate::generate(true),
        ["verify", topic] => verify::verify(topic, None),
        ["verify", topic, "--row", row] => verify::verify(topic, Some(row)),
        _ => {
            eprintln!("usage: cargo xtask generate [--check]\n       cargo xtask verify TOPIC [--row N]");
            ExitCode::from(2)
        }
    }
}

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace of xtask exists")
}
