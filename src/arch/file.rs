//! The arch file as it is written: one struct for each section, quantities with units, parts with sources.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::WiresSpec;
use crate::circuit::chain::ChainOptions;
use crate::circuit::converter::AdcSpec;
use crate::cost::{
    Action, BufferSpec, BusSpec, ChipLinkSpec, ControlSpec, DacSpec, GatingSpec, LeakageTemperature, MemorySpec,
    NocSpec, NodeScaling, Part, PartKind, Price, Provenance, RegisterSpec, SampleHoldSpec, ShiftAddSpec, Source,
    VectorSpec,
};
use crate::device::DeviceSpec;
use crate::tensor::{Encoding, InputSum, Subtraction};
use crate::units::{Hertz, Joule, Kelvin, Second, Share, SquareMicron, Volt, Watt};

/// Version of the format that this program reads.
pub const FORMAT_VERSION: u32 = 1;

/// A chip description for archsim.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchFile {
    /// Version of this format: 1.
    pub archsim: u32,
    /// Name of the chip in reports.
    pub name: String,
    /// What the chip is, in a few words.
    #[serde(default)]
    pub about: Option<String>,
    /// Clock of everything; cores, vector units and buses may run on a whole part of it.
    pub clock: Hertz,
    /// Temperature of everything.
    pub temperature: Kelvin,
    /// At which temperature the leakages of this file were stated; they then follow `temperature`, except those of
    /// crossbars. Default: they hold at any.
    #[serde(default)]
    pub leakage_temperature: Option<LeakageTemperature>,
    /// From which CMOS node to which energy and area of logic are brought: shift-and-add, vector unit, registers,
    /// control, routers. Default: they hold as they stand.
    #[serde(default)]
    pub technology: Option<NodeScaling>,
    /// Memory cells by name.
    pub devices: IndexMap<String, DeviceSpec>,
    /// Kinds of crossbars by name.
    pub crossbars: IndexMap<String, CrossbarSpec>,
    /// Kinds of cores by name.
    pub cores: IndexMap<String, CoreSpec>,
    /// What every tile contains.
    pub tile: TileSpec,
    /// Mesh of tiles with its memory.
    pub chip: ChipSpec,
    /// What is taken where the user gives no flag.
    pub defaults: DefaultsSpec,
}

/// A kind of crossbar with its cells.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossbarSpec {
    /// Word lines.
    pub rows: u32,
    /// Bit lines.
    pub cols: u32,
    /// Name of its memory cell under `devices`.
    pub device: String,
    /// Bits stored in one cell; the window of a cell has this many bits' worth of levels.
    pub bits_per_cell: u8,
    /// Widths of the slices of a weight in bits, lowest slice first, each at most `bits_per_cell`; the last goes
    /// on for weights with more bits. Default: all slices as wide as a cell.
    #[serde(default)]
    pub slices: Vec<u8>,
    /// How a signed weight becomes conductances.
    pub weights: WeightsSpec,
    /// Read voltage of the highest DAC digit.
    pub v_read: Volt,
    /// Time the array is biased for one input plane.
    pub t_read: Second,
    /// Noise of the currents beside that of the device card; default: none.
    #[serde(default)]
    pub noise: NoiseSpec,
    /// Its wires; without them they are ideal.
    #[serde(default)]
    pub wires: Option<WiresSpec>,
    /// Static power of one crossbar.
    pub leakage: Watt,
    /// Area of one crossbar.
    pub area: SquareMicron,
    /// Where the constants come from, or `assumed: reason`.
    pub source: String,
    /// Constants that the source does not cover.
    #[serde(default)]
    pub assumed: Vec<String>,
}

impl CrossbarSpec {
    /// Prices of one crossbar. The energy of a read is not a constant: it is integrated from voltages and
    /// conductances when values are run. Its price here is zero and only says what it rests on: read
    /// voltage, read time, and the conductances of the device card (`device_assumed`).
    #[must_use]
    pub fn part(&self, device_assumed: bool) -> Part {
        let provenance = Provenance { source: &self.source, assumed: &self.assumed };
        let mut part = provenance.part(PartKind::Crossbar, 1, &[], self.leakage, self.area);
        let source = match provenance.source(&["v_read", "t_read"]) {
            Source::Cited(text) if device_assumed => {
                Source::Assumed(format!("conductances of `{}`; {text}", self.device))
            }
            source => source,
        };
        part.energy.push((Action::Bias, Price { value: Joule(0.0), source }));
        part
    }
}

/// Noise of column currents beside that of the device card, from conductance, current, read time and temperature.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoiseSpec {
    /// Thermal noise of every cell of the rows that are read together.
    #[serde(default)]
    pub thermal: bool,
    /// Shot noise of every driven cell; needs digits of one bit, pulse widths or amplitudes.
    #[serde(default)]
    pub shot: bool,
    /// 1/f noise of the conductance of every cell.
    #[serde(default)]
    pub flicker: Option<FlickerSpec>,
    /// Random telegraph noise of cells with a trap.
    #[serde(default)]
    pub telegraph: Option<TelegraphSpec>,
    /// What moves more slowly than this stands still during a run, what moves faster is new at every read; of the
    /// order of the time of an inference. Default: 1 ms (assumed).
    #[serde(default = "hold")]
    pub hold: Second,
}

impl Default for NoiseSpec {
    fn default() -> Self {
        Self { thermal: false, shot: false, flicker: None, telegraph: None, hold: hold() }
    }
}

const fn hold() -> Second {
    Second(1e-3)
}

/// Relative fluctuations of the density `density / f`.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlickerSpec {
    /// Density at 1 Hz, in 1/Hz of the squared share: `1e-6` is 0.1 % rms in a band of a factor e.
    pub density: f64,
    /// Lowest frequency: one over the time since cells were verified.
    pub from: Hertz,
}

/// A trap that a cell may have.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TelegraphSpec {
    /// Share of the cells that have one.
    pub share: Share,
    /// How much less such a cell conducts while the trap is filled.
    pub amplitude: Share,
    /// Mean time to capture of an empty trap.
    pub capture: Second,
    /// Mean time to emission of a filled trap.
    pub emission: Second,
}

/// How a signed weight becomes conductances.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum WeightsSpec {
    /// Two columns, one for each sign; named here is where they are subtracted.
    DifferentialPair(SubtractionSpec),
    /// One column of biased weights `w + 2^(bits-1)`, from which the sum of the inputs times the bias is subtracted.
    Offset(OffsetSpec),
}

/// Biased weights.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OffsetSpec {
    /// Where the sum of the inputs comes from.
    pub sum: InputSumSpec,
    /// Whether a column that is more than half full is stored complemented; a converter then needs one bit less.
    #[serde(default)]
    pub inversion: bool,
}

/// Where the sum of the inputs comes from.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum InputSumSpec {
    /// Adders beside the DACs count the digits; the DAC needs a price for `count`.
    Counted,
    /// One column of equal cells on each crossbar, beside its `cols`, is converted like the others.
    UnitColumn,
}

impl WeightsSpec {
    /// The encoding without its names.
    #[must_use]
    pub const fn encoding(self) -> Encoding {
        match self {
            Self::DifferentialPair(SubtractionSpec::Analog) => Encoding::Pair(Subtraction::Analog),
            Self::DifferentialPair(SubtractionSpec::Digital) => Encoding::Pair(Subtraction::Digital),
            Self::Offset(OffsetSpec { sum, inversion }) => {
                let sum = match sum {
                    InputSumSpec::Counted => InputSum::Counted,
                    InputSumSpec::UnitColumn => InputSum::UnitColumn,
                };
                Encoding::Offset { sum, inversion }
            }
        }
    }
}

/// Where the two columns of a pair are subtracted.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum SubtractionSpec {
    /// Currents are subtracted before one bipolar conversion.
    Analog,
    /// Each column is converted by itself; codes are subtracted.
    Digital,
}

/// Whether the ADC waits for the shift-and-add.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum BackEndSpec {
    /// Sample-and-hold is released when the shift-and-add is done.
    Serial,
    /// Sample-and-hold is released after the last conversion.
    Pipelined,
}

/// A kind of core.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoreSpec {
    /// Its own clock, a whole part of the chip's; default: the chip's. Its latencies in cycles count this clock; it
    /// sees vectors, and hands results over, at its edges.
    #[serde(default)]
    pub clock: Option<Hertz>,
    /// Number of crossbars of each kind.
    pub crossbars: IndexMap<String, u32>,
    /// Row drivers.
    pub dac: DacSpec,
    /// Sample-and-hold of the columns.
    pub sample_hold: SampleHoldSpec,
    /// Column converters.
    pub adc: AdcSpec,
    /// Analog chain with the settings of aihwkit, which then decides values: resolutions, noise, managements. DAC and
    /// ADC keep prices and times.
    #[serde(default)]
    pub chain: Option<ChainOptions>,
    /// Shift-and-add units.
    pub shift_add: ShiftAddSpec,
    /// Coupling of ADC and shift-and-add.
    pub back_end: BackEndSpec,
    /// Register for the inputs of the crossbars.
    pub input_register: RegisterSpec,
    /// Register for the results of the crossbars.
    pub output_register: RegisterSpec,
    /// Power and clock gates of DACs, sample-and-holds, ADCs and adders together; default: none.
    #[serde(default)]
    pub gating: Option<GatingSpec>,
}

/// What every tile contains.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TileSpec {
    /// Number of cores of each kind.
    pub cores: IndexMap<String, u32>,
    /// Buffer of the tile.
    pub buffer: BufferSpec,
    /// Bus between buffer and cores.
    pub bus: BusSpec,
    /// Vector unit.
    pub vector: VectorSpec,
    /// Control logic, if it is charged at all.
    #[serde(default)]
    pub control: Option<ControlSpec>,
}

/// Mesh of tiles with its memory.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChipSpec {
    /// Columns and rows of tiles.
    pub grid: [u32; 2],
    /// Network between tiles.
    pub noc: NocSpec,
    /// Memory at the edge.
    pub memory: MemorySpec,
    /// Equal chips side by side, joined along x by `chip_link`; default 1.
    #[serde(default)]
    pub chips: Option<u32>,
    /// Links to the neighbouring chips; needed when there is more than one.
    #[serde(default)]
    pub chip_link: Option<ChipLinkSpec>,
}

/// What is taken where the user gives no flag.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DefaultsSpec {
    /// Quantisation of the network.
    pub quantisation: QuantisationSpec,
    /// What the values see.
    pub fidelity: FidelitySpec,
    /// How layers are placed.
    pub mapper: MapperSpec,
    /// Time between programming and use.
    pub age: Second,
    /// What happens when a network needs more crossbars than there are; default: an error.
    #[serde(default)]
    pub when_too_small: Option<WhenTooSmallSpec>,
}

/// What happens when a network needs more crossbars than there are.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum WhenTooSmallSpec {
    /// The run is refused.
    Error,
    /// As many chips as the network needs.
    Chips,
    /// The network runs in segments, with the crossbars written anew in between.
    Reload,
}

/// Quantisation of the network.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuantisationSpec {
    /// Weight bits, sign included.
    pub weights: u8,
    /// Activation bits.
    pub activations: u8,
    /// Percentile of absolute activations that is not clipped; `100 %` is the maximum.
    pub percentile: Share,
    /// What decides the largest magnitude of an activation.
    #[serde(default)]
    pub method: CalibrationSpec,
    /// Whether the weight ranges of neighbouring layers are equalised first.
    #[serde(default)]
    pub equalise: bool,
    /// Whether biases take up the mean error of the weights.
    #[serde(default)]
    pub bias_correction: bool,
    /// Bits of single layers: name or pattern to weights and the activations read, for instance `conv1: 4/8`.
    #[serde(default)]
    pub layers: IndexMap<String, String>,
}

/// What decides the largest magnitude of an activation.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum CalibrationSpec {
    /// The largest magnitude seen.
    MinMax,
    /// `percentile` of the magnitudes.
    #[default]
    Percentile,
    /// The least mean squared error.
    Mse,
    /// The least divergence of the histograms.
    Entropy,
}

impl CalibrationSpec {
    /// Its name in files and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MinMax => "min_max",
            Self::Percentile => "percentile",
            Self::Mse => "mse",
            Self::Entropy => "entropy",
        }
    }
}

/// How much of reality the values see.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum FidelitySpec {
    /// Exact conductances, no converter limits.
    Ideal,
    /// Converter resolution and clipping.
    Quantised,
    /// Device spread, drift and noise as well.
    Noisy,
}

impl FidelitySpec {
    /// Its name in files and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ideal => "ideal",
            Self::Quantised => "quantised",
            Self::Noisy => "noisy",
        }
    }
}

/// How layers are placed on crossbars: a name, or a name with options.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum MapperSpec {
    /// Layer after layer onto the next free crossbars.
    Sequential,
    /// Sequential, with copies of layers so that all yield at one rate.
    BalancedPipeline(CopiesSpec),
    /// Layer after layer where it sends the fewest bits over the fewest hops.
    GreedyNoc(CopiesSpec),
    /// Simulated annealing of bits over hops.
    Anneal(AnnealSpec),
}

/// Options of a mapper that can place layers several times.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopiesSpec {
    /// Most copies of a layer.
    #[serde(default)]
    pub copies: Option<u64>,
}

/// Options of annealing.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnealSpec {
    /// Most copies of a layer.
    #[serde(default)]
    pub copies: Option<u64>,
    /// Moves that are tried.
    #[serde(default)]
    pub steps: Option<u64>,
    /// Seed of the moves.
    #[serde(default)]
    pub seed: Option<u64>,
}

impl MapperSpec {
    /// Name and given options as flags write them: `anneal:steps=1000,seed=3`.
    #[must_use]
    pub fn text(self) -> String {
        let (name, options) = match self {
            Self::Sequential => ("sequential", vec![]),
            Self::BalancedPipeline(o) => ("balanced_pipeline", vec![("copies", o.copies)]),
            Self::GreedyNoc(o) => ("greedy_noc", vec![("copies", o.copies)]),
            Self::Anneal(o) => ("anneal", vec![("copies", o.copies), ("steps", o.steps), ("seed", o.seed)]),
        };
        let given: Vec<String> = options.iter().filter_map(|(k, v)| Some(format!("{k}={}", (*v)?))).collect();
        if given.is_empty() { name.into() } else { format!("{name}:{}", given.join(",")) }
    }
}
