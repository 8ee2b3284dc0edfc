//! Kinds of analog-to-digital converters, and how many cycles of its own clock each takes.

/// A kind of analog-to-digital converter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdcKind {
    /// Successive approximation.
    Sar,
    /// One comparator for each transition.
    Flash,
    /// Single slope: a rising ramp and a counter.
    Ramp,
    /// Stages of 1.5 bits, one behind the other.
    Pipeline,
    /// One stage of 1.5 bits used again and again (algorithmic).
    Cyclic,
    /// Current-controlled oscillator and counter.
    Oscillator,
    /// Noise-shaping modulator and decimation filter.
    SigmaDelta,
    /// One comparator: 1 bit.
    SenseAmp,
}

/// Cycles of a converter's own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cycles {
    /// From sampling to the code.
    pub latency: u64,
    /// Between two conversions of one converter.
    pub interval: u64,
}

impl AdcKind {
    /// All kinds, in the order in which lists show them.
    pub const ALL: [Self; 8] = [
        Self::Sar,
        Self::Flash,
        Self::Ramp,
        Self::Pipeline,
        Self::Cyclic,
        Self::Oscillator,
        Self::SigmaDelta,
        Self::SenseAmp,
    ];

    /// Name in arch files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sar => "sar",
            Self::Flash => "flash",
            Self::Ramp => "ramp",
            Self::Pipeline => "pipeline",
            Self::Cyclic => "cyclic",
            Self::Oscillator => "oscillator",
            Self::SigmaDelta => "sigma_delta",
            Self::SenseAmp => "sense_amp",
        }
    }

    /// Cycles of one conversion to `bits` bits: one comparison a cycle where comparisons follow one another,
    /// one step of ramp or counter a cycle, `osr` samples of the modulator (only `sigma_delta` looks at it).
    #[must_use]
    pub fn cycles(self, bits: u8, osr: u32) -> Cycles {
        let same = |n: u64| Cycles { latency: n, interval: n };
        match self {
            Self::Flash | Self::SenseAmp => same(1),
            Self::Sar | Self::Cyclic => same(u64::from(bits)),
            Self::Ramp | Self::Oscillator => same(1 << bits),
            Self::Pipeline => Cycles { latency: u64::from(bits), interval: 1 },
            Self::SigmaDelta => same(u64::from(osr)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_of_eight_bits() {
        let of = |kind: AdcKind| (kind.cycles(8, 64).latency, kind.cycles(8, 64).interval);
        let expected = [(8, 8), (1, 1), (256, 256), (8, 1), (8, 8), (256, 256), (64, 64), (1, 1)];
        assert_eq!(AdcKind::ALL.map(of), expected);
    }

    #[test]
    fn names_differ() {
        let mut names = AdcKind::ALL.map(AdcKind::name);
        names.sort_unstable();
        assert!(names.windows(2).all(|w| w[0] != w[1]));
    }
}
