//! Memories of the resolved chip: refresh, global buffer or dynamic memory.

use crate::cost::{BufferCard, DramSpec, DramTimes, MemorySpec, Part, PartKind};
use crate::units::{ByteRate, Bytes, Hertz, Latency, Second};

/// Refresh of a dynamic memory that takes its ports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refresh {
    /// Time from one to the next.
    pub interval: Second,
    /// Time of one.
    pub duration: Latency,
}

impl Refresh {
    /// That of a card, if it has one.
    pub(super) fn of(card: &BufferCard) -> Option<Self> {
        card.refresh.as_ref().map(|r| Self { interval: r.interval, duration: r.duration })
    }
    /// Interval and duration in cycles, each at least one: the interval rounded down, because charge does not keep
    /// longer, the duration up.
    #[must_use]
    pub fn cycles(self, clock: Hertz) -> [u64; 2] {
        // the slack keeps 40 us at 1 GHz 40 000 cycles in spite of binary rounding
        let interval = (self.interval.si() * clock.si() + 1e-6).floor();
        [interval.max(1.0) as u64, self.duration.cycles(clock).max(1)]
    }
}

/// Organisation and timings of a dynamic memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Dram {
    /// Channels.
    pub channels: usize,
    /// Banks of a channel.
    pub banks: usize,
    /// Bytes of a row of a channel.
    pub row_bytes: usize,
    /// Bytes of a burst of a channel.
    pub burst_bytes: usize,
    /// Data rate of a channel.
    pub bandwidth: ByteRate,
    /// Timings of the devices.
    pub times: DramTimes,
}

impl Dram {
    /// That of a card which keeps the rules.
    pub(super) fn of(card: &DramSpec) -> Self {
        Self {
            channels: card.channels as usize,
            banks: card.banks as usize,
            row_bytes: whole(card.row),
            burst_bytes: whole(card.burst).max(1),
            bandwidth: card.bandwidth,
            times: card.timing,
        }
    }
    /// Refresh of all banks.
    #[must_use]
    pub const fn refresh(&self) -> Refresh {
        Refresh { interval: self.times.t_refi, duration: Latency::Time(self.times.t_rfc) }
    }
}

const fn whole(bytes: Bytes) -> usize {
    bytes.si() as usize
}

/// Memory at the edge of the chip: inputs come from it, outputs go to it.
#[derive(Debug, Clone)]
pub struct Memory {
    /// Capacity in bytes.
    pub bytes: usize,
    /// Bytes of a port for each cycle.
    pub width: usize,
    /// Access time.
    pub latency: Latency,
    /// Accesses at a time.
    pub ports: u32,
    /// Refresh that takes its ports, if it is modelled.
    pub refresh: Option<Refresh>,
    /// Its banks, if it is a dynamic memory: they decide its timing, not width and ports.
    pub dram: Option<Dram>,
    /// Prices.
    pub part: Part,
}

impl Memory {
    /// That of a file which keeps the rules.
    pub(super) fn of(spec: &MemorySpec, clock: Hertz) -> Self {
        match spec {
            MemorySpec::GlobalBuffer(card) => Self {
                bytes: whole(card.capacity),
                width: whole(card.width),
                latency: card.latency,
                ports: card.ports.unwrap_or(1),
                refresh: Refresh::of(card),
                dram: None,
                part: card.part(PartKind::Memory),
            },
            MemorySpec::Dram(card) => Self {
                bytes: whole(card.capacity),
                width: ((card.bandwidth.si() / clock.si()) as usize).max(1) * card.channels as usize,
                latency: card.latency,
                ports: 1,
                refresh: None,
                dram: Some(Dram::of(card)),
                part: card.part(),
            },
        }
    }
}
