//! Priced dynamic memory beside the chip: organisation, timings by the names of the JEDEC standards, energies.
//!
//! Energies are differences of supply currents over the background, times supply voltage and time, for all devices of a
//! channel together (the method of Micron's system power calculators, TN-40-07 for DDR4):
//!
//! ```text
//! activate    VDD · (IDD0·tRC − IDD3N·tRAS − IDD2N·tRP)
//! read, write VDD · (IDD4R or IDD4W − IDD3N) · burst time / burst bytes
//! refresh     VDD · (IDD5B − IDD3N) · tRFC
//! background  VDD · IDD3N
//! ```

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, Part, PartKind, Provenance};
use crate::units::{ByteRate, Bytes, Joule, JoulePerByte, Latency, Second, SquareMicron, Watt};

/// Dynamic memory with banks and open rows. A channel serves accesses in the order in which they come.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DramSpec {
    /// Capacity of all channels.
    pub capacity: Bytes,
    /// Channels, each with its own commands and data; one row after the other goes to the next channel.
    pub channels: u32,
    /// Banks of a channel.
    pub banks: u32,
    /// Bytes of a row (page) of a channel: of all its devices together.
    pub row: Bytes,
    /// Bytes of a burst of a channel: what is not asked of it is moved all the same.
    pub burst: Bytes,
    /// Data rate of a channel.
    pub bandwidth: ByteRate,
    /// Time of controller and interface for an access, there and back.
    pub latency: Latency,
    /// Timings of the devices.
    pub timing: DramTimes,
    /// Energy of activating and precharging a row.
    pub activate: Joule,
    /// Energy of reading, of whole bursts.
    pub read: JoulePerByte,
    /// Energy of writing, of whole bursts.
    pub write: JoulePerByte,
    /// Energy of one refresh command, to all banks of a channel.
    pub refresh: Joule,
    /// Power of all channels while nothing happens.
    pub background: Watt,
    /// Area on the chip: of controller and interface.
    pub area: SquareMicron,
    /// Where the constants come from, or `assumed: reason`.
    pub source: String,
    /// Constants that the source does not cover.
    #[serde(default)]
    pub assumed: Vec<String>,
}

/// Timings of the devices. They are rounded up to cycles of the chip, `t_refi` down.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DramTimes {
    /// ACT to RD or WR of the row.
    pub t_rcd: Second,
    /// PRE to ACT of a bank.
    pub t_rp: Second,
    /// RD to its first data.
    pub t_cl: Second,
    /// WR to its first data.
    pub t_cwl: Second,
    /// ACT to PRE of a bank.
    pub t_ras: Second,
    /// Last data of a write to PRE of the bank.
    pub t_wr: Second,
    /// RD to PRE of the bank.
    pub t_rtp: Second,
    /// Last data of a write to RD.
    pub t_wtr: Second,
    /// RD to RD and WR to WR of a bank.
    pub t_ccd: Second,
    /// ACT to ACT of another bank.
    pub t_rrd: Second,
    /// Window in which at most four ACT fall.
    pub t_faw: Second,
    /// REF to the next command.
    pub t_rfc: Second,
    /// Time from one REF to the next.
    pub t_refi: Second,
}

impl DramSpec {
    /// Prices of the memory.
    #[must_use]
    pub fn part(&self) -> Part {
        let provenance = Provenance { source: &self.source, assumed: &self.assumed };
        let energy = [
            (Action::Activate, self.activate),
            (Action::Read, Joule(self.read.si())),
            (Action::Write, Joule(self.write.si())),
            (Action::Refresh, self.refresh),
        ];
        let mut part = provenance.part(PartKind::Memory, 1, &energy, self.background, self.area);
        part.leakage = provenance.price("background", self.background);
        part
    }
}
