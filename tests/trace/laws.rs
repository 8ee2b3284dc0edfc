//! What every `trace.json` must fulfil, whoever wrote it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What there is in a trace.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub processes: usize,
    pub tracks: usize,
    pub slices: usize,
    pub flows: usize,
    /// Counters, not their changes.
    pub counters: usize,
    /// Cycles that the slices of each track take together, by the names of process and track.
    pub busy: BTreeMap<(String, String), u64>,
}

/// Nanoseconds of a time in microseconds; `serde_json` reads numbers to a last digit or so.
fn nanoseconds(micro: &Value) -> Option<u64> {
    Some((micro.as_f64()? * 1000.0).round() as u64)
}

/// Process and thread of an event.
type Track = (u64, u64);

/// Slices of a track in the order of the file: begin and end.
type Slices = BTreeMap<Track, Vec<(u64, u64)>>;

/// Whether a slice that takes time is open on a track.
fn open(slices: &Slices, track: Track, at: u64) -> bool {
    let of_track = slices.get(&track).map_or(&[][..], Vec::as_slice);
    let begun = of_track.partition_point(|(from, _)| *from <= at);
    of_track[..begun].iter().rev().take(2).any(|(from, until)| (from..until).contains(&&at))
}

/// Checks a trace.
///
/// # Errors
/// The first law that it breaks.
pub fn check(text: &str) -> Result<Counted, String> {
    let file: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let events = file["traceEvents"].as_array().ok_or("no events")?;
    let mut names: BTreeMap<(Track, bool), String> = BTreeMap::new();
    let mut slices = Slices::new();
    let mut flows: BTreeMap<u64, Vec<(String, Track, u64)>> = BTreeMap::new();
    let mut counters = BTreeSet::new();
    let mut counted = Counted::default();
    let mut last = 0;
    for e in events {
        let track = (e["pid"].as_u64().unwrap_or(0), e["tid"].as_u64().unwrap_or(0));
        let kind = e["ph"].as_str().ok_or("an event without a kind")?;
        let name = e["name"].as_str().filter(|n| !n.is_empty()).ok_or_else(|| format!("{e} has no name"))?;
        if kind == "M" {
            let given = e["args"]["name"].as_str().unwrap_or_default().to_owned();
            match name {
                "process_name" => drop(names.insert(((track.0, 0), true), given)),
                "thread_name" => drop(names.insert((track, false), given)),
                _ => {}
            }
            continue;
        }
        let at = nanoseconds(&e["ts"]).ok_or_else(|| format!("{e} has no time"))?;
        if at < last {
            return Err(format!("{e} stands behind a later event"));
        }
        last = at;
        let process = names.get(&((track.0, 0), true)).ok_or_else(|| format!("{e} has a process without a name"))?;
        match kind {
            "X" => {
                let thread = names.get(&(track, false)).ok_or_else(|| format!("{e} has a track without a name"))?;
                let until = at + nanoseconds(&e["dur"]).ok_or_else(|| format!("{e} has no end"))?;
                let of_track = slices.entry(track).or_default();
                if of_track.last().is_some_and(|(_, before)| *before > at) {
                    return Err(format!("{e} overlaps the slice before it on {process}, {thread}"));
                }
                of_track.push((at, until));
                let cycle = |key: &str| e["args"][key].as_u64().ok_or_else(|| format!("{e} has no {key}"));
                let cycles =
                    cycle("until_cycle")?.checked_sub(cycle("from_cycle")?).ok_or("an end before its begin")?;
                *counted.busy.entry((process.clone(), thread.clone())).or_default() += cycles;
                counted.slices += 1;
            }
            "s" | "t" | "f" => {
                let id = e["id"].as_u64().ok_or_else(|| format!("{e} belongs to no flow"))?;
                flows.entry(id).or_default().push((kind.to_owned(), track, at));
            }
            "C" => drop(counters.insert((track.0, name.to_owned()))),
            "i" => {}
            _ => return Err(format!("{e} is of no known kind")),
        }
    }
    for (id, stations) in &flows {
        let kinds: Vec<&str> = stations.iter().map(|s| s.0.as_str()).collect();
        let middle = kinds.get(1..kinds.len() - 1).unwrap_or_default();
        if kinds.len() < 2 || kinds[0] != "s" || kinds[kinds.len() - 1] != "f" || middle.iter().any(|k| *k != "t") {
            return Err(format!("flow {id} is no begin, steps and end: {kinds:?}"));
        }
        if let Some(s) = stations.iter().find(|(_, track, at)| !open(&slices, *track, *at)) {
            return Err(format!("flow {id} is bound to no slice: {s:?}"));
        }
    }
    counted.processes = names.keys().filter(|(_, process)| *process).count();
    counted.tracks = names.len() - counted.processes;
    (counted.flows, counted.counters) = (flows.len(), counters.len());
    if counted.tracks != slices.len() {
        return Err(format!("{} tracks have names and {} have slices", counted.tracks, slices.len()));
    }
    Ok(counted)
}
