//! Packets for `archsim noc --trace`.

use std::fmt::Display;
use std::path::Path;

use serde::Deserialize;

use crate::diag::{Diagnostic, Result};
use crate::noc::{Trace, TracePacket};

/// Columns of a trace.
const HEADER: [&str; 4] = ["cycle", "source", "destinations", "flits"];
const HEADER_HELP: &str =
    "a header, and a line for each packet: cycle,source,destinations,flits, with spaces between destinations";

/// A line of a trace.
#[derive(Deserialize)]
struct Line {
    cycle: u64,
    source: u32,
    destinations: String,
    flits: u32,
}

/// Reads a trace for a network of so many nodes.
pub fn read(path: &Path, nodes: usize) -> Result<Trace> {
    let name = path.display();
    let unread = |e: &dyn Display| {
        Diagnostic::error("F001", format!("the packets `{name}` cannot be read: {e}")).help("check the path")
    };
    if !path.metadata().map_err(|e| unread(&e))?.is_file() {
        return Err(unread(&"this is no file").into());
    }
    let wrong = |what: String| Diagnostic::error("R172", format!("{name}{what}")).help(HEADER_HELP);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(|e| unread(&e))?;
    let header = reader.headers().map_err(|e| wrong(format!(": {e}")))?.clone();
    if !HEADER.iter().all(|name| header.iter().any(|h| h == *name)) {
        let first = header.iter().collect::<Vec<_>>().join(",");
        return Err(
            wrong(format!(":1: the header `{}` is missing, the first line is `{first}`", HEADER.join(","))).into()
        );
    }
    let mut trace = Trace::default();
    for record in reader.records() {
        let record = record.map_err(|e| wrong(format!(": {e}")))?;
        let line = record.position().map_or(0, csv::Position::line);
        let Line { cycle, source, destinations, flits } =
            record.deserialize(Some(&header)).map_err(|e| wrong(format!(":{line}: {e}")))?;
        let to = destinations.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>();
        let to = to.map_err(|_| wrong(format!(":{line}: `{destinations}` are no nodes")))?;
        let packet = TracePacket { cycle, source, destinations: to, flits };
        if let Some(fault) = packet.fault(nodes) {
            return Err(wrong(format!(":{line}: {fault}")).into());
        }
        trace.packets.push(packet);
    }
    Ok(trace)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// What a file with this text is read as, for nine nodes.
    fn read_text(name: &str, text: &str) -> Result<Trace> {
        let folder = std::env::temp_dir().join(format!("archsim-packets-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a place");
        let path = folder.join(name);
        std::fs::write(&path, text).expect("written");
        let trace = read(&path, 9);
        std::fs::remove_file(path).expect("removed");
        trace
    }

    #[test]
    fn columns_are_found_by_their_names() {
        let trace = read_text("names.csv", "source,cycle,flits,destinations\n0,7,2,5 6\n").expect("a trace");
        assert_eq!(trace.packets, [TracePacket { cycle: 7, source: 0, destinations: vec![5, 6], flits: 2 }]);
    }

    #[test]
    fn what_is_no_trace_is_refused_with_its_line() {
        let header = HEADER.join(",");
        for (name, text, what) in [
            ("bare.csv", "0,0,5,2\n1,1,2,1\n".to_string(), ":1: the header"),
            ("empty.csv", String::new(), ":1: the header"),
            ("node.csv", format!("{header}\n0,0,5,2\n0,0,9,2\n"), ":3: there is no node 9 to send to"),
            ("text.csv", format!("{header}\n0,0,5;6,2\n"), ":2: `5;6` are no nodes"),
            ("short.csv", format!("{header}\n0,0,5\n"), "line: 2"),
            ("minus.csv", format!("{header}\n-1,0,5,1\n"), ":2: "),
        ] {
            let wrong = read_text(name, &text).expect_err(name);
            let first = wrong.iter().next().expect("one finding");
            assert_eq!(first.code, "R172", "{name}");
            assert!(first.to_string().contains(what), "{name}: {first}");
        }
        for place in [std::env::temp_dir(), PathBuf::from("no such file.csv")] {
            let wrong = read(&place, 9).expect_err("no file");
            assert_eq!(wrong.iter().next().map(|d| d.code), Some("F001"));
        }
    }
}
