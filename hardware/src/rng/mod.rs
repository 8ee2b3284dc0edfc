//! Addressed randomness: a draw is a function of (seed, domain, element, tick), never of what was
//! drawn before, so thread count, batch size and shards cannot change a result.

mod bulk;
mod cells;
mod philox;

pub use bulk::{GROUP, MAX_COLUMNS, fill_normals, fill_normals_with, fill_uniforms_with};
pub(crate) use bulk::{normals_of16, normals64};
pub use cells::{fill_cell_normals, fill_cell_normals_with};
pub use philox::philox4x32;

/// What a draw is for. Numbers are part of the reproducibility contract: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Domain {
    /// Programming error of a cell; tick = attempt.
    Program = 1,
    /// Read noise; tick = (sample, position, plane).
    Read = 2,
    /// Drift and retention spread of a cell.
    Drift = 3,
    /// Random telegraph noise state of a cell.
    Rtn = 4,
    /// Thermal noise of a conversion.
    AdcThermal = 5,
    /// Static mismatch of a converter.
    AdcMismatch = 6,
    /// Stuck cells.
    StuckAt = 7,
    /// Wire spread.
    Wire = 8,
    /// Initial weights.
    InitWeights = 9,
    /// Dropout.
    Dropout = 10,
    /// Design-space search.
    Explore = 11,
    /// Device-to-device parameters of a cell; tick = parameter index.
    DeviceToDevice = 12,
    /// Resampling of confidence intervals.
    Bootstrap = 13,
    /// Mixture component and parameters of a generative cell.
    GenerativeCell = 14,
    /// Innovation of a generative cell; tick = its cycle.
    GenerativeInnovation = 15,
    /// Read noise of an array of generative cells; tick = read.
    GenerativeRead = 16,
    /// Starts of a fit.
    FitStart = 17,
    /// Cycle-to-cycle noise of a pulse on a cell; tick = the caller's count of pulses or updates.
    Pulse = 18,
    /// Noise of the value that a pulse leaves to be read; tick as of the pulse.
    WriteNoise = 19,
    /// Stochastic bit trains and roundings of an update; tick = (update, slot).
    PulseTrain = 20,
    /// Diffusion and reset of cells; tick = event.
    Upset = 21,
    /// Cycles until a cell fails.
    Endurance = 22,
    /// Cycle-to-cycle spread of the pulses of a measured table; tick = pulse.
    PulseTable = 23,
    /// Training of a drift generator: data and noise.
    DriftTraining = 24,
    /// Defective neighbourhoods of cells; element = block, tick = kind of defect.
    Cluster = 25,
    /// What chance adds to one pulse on a cell of a closed-form law; tick = the caller's.
    PulseNoise = 26,
    /// Gap noise of filamentary cells; tick = the caller's, lane = segment of the pulse.
    GapNoise = 27,
    /// Read noise of the verification of programming; tick = attempt.
    VerifyRead = 28,
    /// Whether a junction switches with a pulse; tick = that of the pulse.
    Switching = 31,
    /// Time that a telegraph signal stays; tick = count of changes.
    Dwell = 32,
    /// Offset of a sense amplifier.
    SenseOffset = 33,
    /// Whether a node of a network-on-chip begins a packet; element = node, tick = cycle / 4, one word a cycle.
    NocInjection = 36,
    /// Where the packet goes; element = node, tick = cycle.
    NocDestination = 37,
    /// Noise and stochastic rounding of a digital-to-analog converter.
    Dac = 40,
    /// 1/f noise and traps of a cell.
    SlowNoise = 41,
}

/// Logical address of a cell or column: `layer:12 ‖ row:16 ‖ column:16 ‖ slice:4 ‖ polarity:1 ‖ replica:7`
/// (56 bits). Remapping a layer keeps its cells' addresses. For a column, `row` is the first row of
/// the block or row group that is read together.
#[must_use]
#[inline]
pub fn element(layer: usize, row: usize, column: usize, slice: usize, negative: bool, replica: usize) -> u64 {
    debug_assert!(layer < 1 << 12 && row < 1 << 16 && column < 1 << 16 && slice < 16 && replica < 128);
    ((layer as u64) << 44)
        | ((row as u64) << 28)
        | ((column as u64) << 12)
        | ((slice as u64) << 8)
        | (u64::from(negative) << 7)
        | replica as u64
}

/// The address of the neighbourhood of `rows × columns` logical cells that holds the cell at `address`, with all
/// slices and polarities; the replica stays. Neither count may be 0.
#[must_use]
pub fn neighbourhood(address: u64, rows: u32, columns: u32) -> u64 {
    let (row, column) = ((address >> 28) & 0xffff, (address >> 12) & 0xffff);
    (address & !0x0fff_ffff_ff80) | (row / u64::from(rows)) << 28 | (column / u64::from(columns)) << 12
}

/// Tick of a read: `sample:28 ‖ position:22 ‖ plane:6` (56 bits), absolute numbers.
#[must_use]
#[inline]
pub fn read_tick(sample: usize, position: usize, plane: usize) -> u64 {
    debug_assert!(sample < 1 << 28 && position < 1 << 22 && plane < 64);
    ((sample as u64) << 28) | ((position as u64) << 6) | plane as u64
}

/// Address of a family of draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// Seed of the run.
    pub seed: u64,
    /// What the draw is for.
    pub domain: Domain,
    /// Who draws ([`element`]); 56 bits.
    pub element: u64,
    /// When it draws ([`read_tick`], an attempt, a parameter index); 56 bits.
    pub tick: u64,
}

impl Draw {
    /// Philox key of this draw's seed and domain.
    #[must_use]
    #[inline]
    pub const fn key(self) -> [u32; 2] {
        key(self.seed, self.domain)
    }
    /// Philox counter of lane `lane`.
    #[must_use]
    #[inline]
    pub const fn counter(self, lane: u16) -> [u32; 4] {
        [
            self.element as u32,
            ((self.element >> 32) as u32 & 0x00ff_ffff) | ((lane as u32 & 0xff) << 24),
            self.tick as u32,
            ((self.tick >> 32) as u32 & 0x00ff_ffff) | ((lane as u32 >> 8) << 24),
        ]
    }
    /// Four random words of a lane.
    #[must_use]
    #[inline]
    pub const fn words(self, lane: u16) -> [u32; 4] {
        philox4x32(self.counter(lane), self.key())
    }
    /// Uniform in the open interval (0, 1), 52 bits.
    #[must_use]
    #[inline]
    pub fn uniform(self, lane: u16) -> f64 {
        let w = self.words(lane);
        open_unit(w[0], w[1])
    }
    /// Standard normal by Box–Muller over `libm`, the same bits on every platform.
    #[must_use]
    pub fn normal(self, lane: u16) -> f64 {
        let w = self.words(lane);
        libm::sqrt(-2.0 * libm::log(open_unit(w[0], w[1]))) * libm::cos(std::f64::consts::TAU * open_unit(w[2], w[3]))
    }
    /// The four standard normals that bulk loops make of one lane in single precision ([`fill_normals`]), in
    /// double: Box–Muller of words 0 and 1, and of words 2 and 3.
    #[must_use]
    pub fn normals(self, lane: u16) -> [f64; 4] {
        let pair = |radius: u32, angle: u32| {
            let r = libm::sqrt(-2.0 * libm::log((f64::from(radius >> 1) + 0.5) / f64::from(1u32 << 31)));
            // 30 bits of angle within half a quarter turn to either side; the top two choose the quadrant
            let a = f64::from((angle << 2) as i32) * (std::f64::consts::FRAC_PI_2 / 4_294_967_296.0);
            let cosine = if angle >> 31 == 1 { -libm::cos(a) } else { libm::cos(a) };
            let pair = [r * cosine, r * libm::sin(a)];
            if angle >> 30 & 1 == 1 { [pair[1], pair[0]] } else { pair }
        };
        let w = self.words(lane);
        let ([a, b], [c, d]) = (pair(w[0], w[1]), pair(w[2], w[3]));
        [a, b, c, d]
    }
    /// Whether an event of the given probability happens.
    #[must_use]
    #[inline]
    pub fn chance(self, probability: f64, lane: u16) -> bool {
        self.uniform(lane) < probability
    }
}

/// Philox key of a seed and domain. The seed is mixed so that neighbouring seeds share nothing.
#[must_use]
#[inline]
pub const fn key(seed: u64, domain: Domain) -> [u32; 2] {
    let mixed = splitmix(seed ^ splitmix(domain as u64));
    [mixed as u32, (mixed >> 32) as u32]
}

/// The SplitMix64 finaliser (Steele, Lea, Flood, OOPSLA 2014, doi:10.1145/2660193.2660195).
#[inline]
const fn splitmix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[inline]
const fn open_unit(high: u32, low: u32) -> f64 {
    let bits = ((high as u64) << 20) | (low as u64 >> 12);
    (bits as f64 + 0.5) / (1u64 << 52) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(element: u64, tick: u64) -> Draw {
        Draw { seed: 1, domain: Domain::Read, element, tick }
    }

    /// The numbers of the domains are written into every published result: they never change.
    #[test]
    fn domains_are_frozen() {
        let all = [
            (Domain::Program, 1),
            (Domain::Read, 2),
            (Domain::Drift, 3),
            (Domain::Rtn, 4),
            (Domain::AdcThermal, 5),
            (Domain::AdcMismatch, 6),
            (Domain::StuckAt, 7),
            (Domain::Wire, 8),
            (Domain::InitWeights, 9),
            (Domain::Dropout, 10),
            (Domain::Explore, 11),
            (Domain::DeviceToDevice, 12),
            (Domain::Bootstrap, 13),
            (Domain::GenerativeCell, 14),
            (Domain::GenerativeInnovation, 15),
            (Domain::GenerativeRead, 16),
            (Domain::FitStart, 17),
            (Domain::Pulse, 18),
            (Domain::WriteNoise, 19),
            (Domain::PulseTrain, 20),
            (Domain::Upset, 21),
            (Domain::Endurance, 22),
            (Domain::PulseTable, 23),
            (Domain::DriftTraining, 24),
            (Domain::Cluster, 25),
            (Domain::PulseNoise, 26),
            (Domain::GapNoise, 27),
            (Domain::VerifyRead, 28),
            (Domain::Switching, 31),
            (Domain::Dwell, 32),
            (Domain::SenseOffset, 33),
            (Domain::NocInjection, 36),
            (Domain::NocDestination, 37),
            (Domain::Dac, 40),
            (Domain::SlowNoise, 41),
        ];
        for (domain, number) in all {
            assert_eq!(domain as u32, number);
        }
    }

    #[test]
    fn normals_have_unit_moments() {
        let n = 40_000;
        let (mut sum, mut square, mut fourth) = (0.0, 0.0, 0.0);
        for i in 0..n {
            let z = draw(i, 7).normal(0);
            sum += z;
            square += z * z;
            fourth += z.powi(4);
        }
        let n = n as f64;
        // five standard errors of each moment
        assert!((sum / n).abs() < 5.0 / n.sqrt());
        assert!((square / n - 1.0).abs() < 5.0 * (2.0 / n).sqrt());
        assert!((fourth / n - 3.0).abs() < 5.0 * (96.0 / n).sqrt());
    }

    #[test]
    fn addresses_do_not_collide() {
        assert_ne!(draw(1, 2).words(0), draw(2, 1).words(0));
        assert_ne!(draw(1, 2).words(0), draw(1, 2).words(1));
        assert_ne!(element(1, 2, 3, 0, true, 0), element(1, 2, 3, 0, false, 0));
    }

    #[test]
    fn neighbourhoods_hold_blocks_of_logical_cells() {
        let block = element(2, 9 / 4, 17 / 8, 0, false, 5);
        assert_eq!(neighbourhood(element(2, 9, 17, 3, true, 5), 4, 8), block);
        assert_eq!(neighbourhood(element(2, 11, 23, 0, false, 5), 4, 8), block);
        assert_ne!(neighbourhood(element(2, 12, 17, 3, true, 5), 4, 8), block);
        let last = element(4095, 65_535, 65_535, 0, false, 127);
        assert_eq!(neighbourhood(last, 1, 1), last);
    }
}
