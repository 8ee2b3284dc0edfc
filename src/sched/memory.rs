//! Timing of memories in cycles of the chip: refresh, and dynamic memory beside the chip.

use crate::arch::{Dram, Refresh};
use crate::units::{Hertz, Latency, Second};

/// Refresh of a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshTiming {
    /// Cycles from one to the next.
    pub interval: u64,
    /// Cycles of one, fewer than those.
    pub duration: u64,
}

/// The refresh in cycles.
pub(super) fn refresh(refresh: Refresh, clock: Hertz) -> RefreshTiming {
    let [interval, duration] = refresh.cycles(clock);
    RefreshTiming { interval, duration }
}

/// Dynamic memory with open rows; its timings have the names of the JEDEC standards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DramTiming {
    /// Channels; row after row goes to the next.
    pub channels: u64,
    /// Banks of a channel.
    pub banks: u64,
    /// Bursts of a row.
    pub row_bursts: u64,
    /// Bytes of a burst.
    pub burst_bytes: u64,
    /// Time from one burst of a row to the next, in 1024ths of a cycle: of its data, or tCCD if that is longer.
    pub burst_1024: u64,
    /// Cycles of controller and interface for an access.
    pub latency: u64,
    /// tRCD, ACT to RD or WR.
    pub rcd: u64,
    /// tRP, PRE to ACT.
    pub rp: u64,
    /// CL, RD to its data.
    pub cl: u64,
    /// CWL, WR to its data.
    pub cwl: u64,
    /// tRAS, ACT to PRE.
    pub ras: u64,
    /// tWR, end of written data to PRE.
    pub wr: u64,
    /// tRTP, RD to PRE.
    pub rtp: u64,
    /// tWTR, end of written data to RD.
    pub wtr: u64,
    /// tRRD, ACT to ACT.
    pub rrd: u64,
    /// tFAW, window of four ACT.
    pub faw: u64,
    /// tREFI and tRFC.
    pub refresh: RefreshTiming,
}

impl DramTiming {
    /// Cycles of the data of `bursts` bursts of a row, one behind the other.
    #[must_use]
    pub const fn stream(&self, bursts: u64) -> u64 {
        (bursts * self.burst_1024).div_ceil(1024)
    }
}

/// The timing of a dynamic memory in cycles, rounded up, tREFI down.
pub(super) fn dram(dram: &Dram, latency: Latency, clock: Hertz) -> DramTiming {
    let t = dram.times;
    let cycles = |time: Second| Latency::Time(time).cycles(clock);
    let burst = t.t_ccd.si().max(dram.burst_bytes as f64 / dram.bandwidth.si());
    DramTiming {
        channels: dram.channels as u64,
        banks: dram.banks as u64,
        row_bursts: (dram.row_bytes / dram.burst_bytes) as u64,
        burst_bytes: dram.burst_bytes as u64,
        burst_1024: (burst * clock.si() * 1024.0 - 1e-6).ceil().max(1.0) as u64,
        latency: latency.cycles(clock),
        rcd: cycles(t.t_rcd),
        rp: cycles(t.t_rp),
        cl: cycles(t.t_cl),
        cwl: cycles(t.t_cwl),
        ras: cycles(t.t_ras),
        wr: cycles(t.t_wr),
        rtp: cycles(t.t_rtp),
        wtr: cycles(t.t_wtr),
        rrd: cycles(t.t_rrd),
        faw: cycles(t.t_faw),
        refresh: refresh(dram.refresh(), clock),
    }
}
