//! Traces: a traced run as `trace.json` for ui.perfetto.dev and chrome://tracing, and as `trace.vcd` for GTKWave; and
//! its messages over the mesh as `packets.csv`, for `archsim noc --trace`.
//!
//! The first two show the same: when each part was held, when each MVM was in its crossbar, when each layer worked or
//! waited and for what, how full each buffer was. Times are those of the chip's clock.

mod chrome;
mod picture;
mod tracks;
mod vcd;

use std::io::{self, Write};

use picture::Picture;
use tracks::Names;

use crate::arch::Chip;
use crate::diag::Diagnostic;
use crate::sched::Program;
use crate::sim::Timeline;

/// Files of a trace.
pub const TRACE_FILES: [&str; 3] = ["trace.json", "trace.vcd", "packets.csv"];

/// A traced run and what its records are about.
#[derive(Debug, Clone, Copy)]
pub struct Traced<'a> {
    /// The chip.
    pub chip: &'a Chip,
    /// The schedule.
    pub program: &'a Program,
    /// The run, with its recording.
    pub timeline: &'a Timeline,
}

impl Traced<'_> {
    /// Says so if the records end before the run.
    #[must_use]
    pub fn warning(&self) -> Option<Diagnostic> {
        let cut = self.timeline.recording.cut?;
        let recording = &self.timeline.recording;
        let mut message = format!(
            "the trace ends in cycle {cut} of {}: {} holds of parts are written down, and there are more",
            self.timeline.cycles,
            recording.holds.len()
        );
        // every packet comes with a hold at least: where there are too many of them, so there are of those
        if let Some(cycle) = recording.messages_cut {
            message += &format!("; packets.csv ends in cycle {cycle} with {} packets", recording.messages.len());
        }
        Some(Diagnostic::warning("R190", message).help("fewer --trace-samples, or a smaller network, fit as a whole"))
    }

    /// Writes the files of [`TRACE_FILES`], each to what `open` gives for its name.
    ///
    /// # Errors
    /// Those of `open` and of writing.
    pub fn write<W: Write>(&self, mut open: impl FnMut(&str) -> io::Result<W>) -> io::Result<()> {
        let picture = Picture::new(Names { chip: self.chip, program: self.program }, self.timeline);
        let [json, waves, packets] = TRACE_FILES;
        chrome::write(&picture, open(json)?)?;
        vcd::write(&picture, open(waves)?)?;
        let mut packets = open(packets)?;
        write!(packets, "{}", self.timeline.recording.packets(&self.program.machine))?;
        packets.flush()
    }
}

#[cfg(test)]
mod tests;
