//! The resolved chip: dense ids, SI numbers, no names left to look up.

use std::sync::Arc;

use super::{Memory, Refresh, Wires};
use crate::circuit::chain::ChainOptions;
use crate::circuit::converter::{AdcModel, DacModel, FullScalePer};
use crate::circuit::{Bands, Flicker, Telegraph};
use crate::cost::{MeshAllocator, Part};
use crate::define_id;
use crate::device::Device;
use crate::diag::Diagnostics;
use crate::id::{Id, IdVec};
use crate::tensor::{Encoding, SignedInputs};
use crate::units::{ByteRate, Hertz, Kelvin, Latency, Second, Volt};

define_id!(/// A tile of the mesh, row by row.
    TileId, "tile");
define_id!(/// A core, tile by tile.
    CoreId, "core");
define_id!(/// A crossbar, core by core.
    XbarId, "xbar");
define_id!(/// A kind of crossbar of the arch file.
    XbarKindId, "xbar_kind");
define_id!(/// A kind of core of the arch file.
    CoreKindId, "core_kind");

/// Noise of column currents beside that of the device card.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Noise {
    /// Thermal noise of every connected cell.
    pub thermal: bool,
    /// Shot noise of every driven cell.
    pub shot: bool,
    /// 1/f noise of the cells.
    pub flicker: Option<Flicker>,
    /// Telegraph noise of the cells.
    pub telegraph: Option<Telegraph>,
    /// What is slower stands still during a run.
    pub hold: Second,
}

impl Noise {
    /// Slow noise of cells, if there is any, for reads of `t_read`.
    #[must_use]
    pub fn bands(&self, t_read: Second) -> Option<Bands> {
        let Self { flicker, telegraph, hold, .. } = *self;
        (flicker.is_some() || telegraph.is_some()).then_some(Bands { flicker, telegraph, hold, read: t_read })
    }
}

/// A kind of crossbar with its cells.
#[derive(Debug, Clone)]
pub struct XbarKind {
    /// Name in the arch file.
    pub name: String,
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub cols: usize,
    /// The memory cell.
    pub device: Arc<dyn Device>,
    /// Bits stored in one cell.
    pub bits_per_cell: u8,
    /// Widths of the slices of a weight, lowest first; the last goes on. None exceeds `bits_per_cell`.
    pub slice_bits: Vec<u8>,
    /// How signed weights become columns.
    pub encoding: Encoding,
    /// Read voltage of the highest DAC digit.
    pub v_read: Volt,
    /// Time the array is biased for one input plane.
    pub t_read: Second,
    /// Noise of its currents.
    pub noise: Noise,
    /// Its wires, if they are not ideal.
    pub wires: Option<Wires>,
    /// Prices.
    pub part: Part,
}

/// What a DAC digit is on a word line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drive {
    /// A voltage, in steps of the read voltage over the largest digit, for the read time; cells are taken to be
    /// linear below the read voltage.
    Voltage,
    /// The same with what a cell conducts, and how it fluctuates, at each of the voltages.
    Amplitude,
    /// So many read times of the read voltage; the column currents are integrated.
    PulseWidth,
}

/// Full-scale policy of an ADC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FullScale {
    /// The largest sum that can occur.
    Max,
    /// The given percentile (0..1) of absolute column sums seen on the calibration samples, per layer and slice.
    Percentile(f64),
    /// The given share (0..1) of what all rows driven at once could give with cells of the highest level.
    Fixed(f64),
    /// That whole range, halved as often as it still covers the given percentile of the sums seen.
    Granular(f64),
    /// The range with the least squared error on the calibration samples.
    Learned,
}

impl FullScale {
    /// Whether calibration samples decide.
    #[must_use]
    pub const fn looks(self) -> bool {
        matches!(self, Self::Percentile(_) | Self::Granular(_) | Self::Learned)
    }
}

/// Analog-to-digital converter of a core.
#[derive(Debug, Clone)]
pub struct Adc {
    /// Resolution in bits (sign included where the subtraction is analog).
    pub bits: u8,
    /// Converters of each crossbar, or, where `shared`, of the core.
    pub number: usize,
    /// Whether they serve all crossbars of the core, one step of one crossbar after the other.
    pub shared: bool,
    /// Time of one conversion (all converters work at once).
    pub latency: Latency,
    /// Time beyond it until the first code of a pipelined converter; 0 for others.
    pub fill: Latency,
    /// Input range.
    pub full_scale: FullScale,
    /// What shares a range.
    pub full_scale_per: FullScalePer,
    /// Whether a round of conversions ends when all of its codes are known ([`CoreKind::stopped`]).
    pub early_stop: bool,
    /// What it does to values in `noisy`: noise, offset, mismatch.
    pub model: AdcModel,
    /// Prices.
    pub part: Part,
}

/// Whether the ADC may start the next plane before the shift-and-add has finished the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackEnd {
    /// Sample-and-hold is released when the shift-and-add is done (PIMSIM-NN's law).
    Serial,
    /// Sample-and-hold is released after the last conversion (ISAAC's pipeline).
    Pipelined,
}

/// A kind of core: crossbars with their converters and registers.
#[derive(Debug, Clone)]
pub struct CoreKind {
    /// Name in the arch file.
    pub name: String,
    /// Its clock, of which its latencies in cycles are; the chip's or a whole part of it.
    pub clock: Hertz,
    /// Crossbars in the core.
    pub crossbars: Vec<(XbarKindId, usize)>,
    /// Bits of one DAC digit.
    pub dac_bits: u8,
    /// How its DACs deviate.
    pub dac_model: DacModel,
    /// Whether a plane without a digit in its row group takes no read.
    pub skip_zero_planes: bool,
    /// Analog chain in the place of ideal drivers and plain converters.
    pub chain: Option<ChainOptions>,
    /// What a digit is on a line.
    pub drive: Drive,
    /// How signed inputs are applied.
    pub signed_inputs: SignedInputs,
    /// Row DACs of each crossbar; fewer than rows means that rows are read in groups.
    pub dacs_per_crossbar: usize,
    /// Settling of the DAC (row driver).
    pub dac_latency: Latency,
    /// Prices of one DAC.
    pub dac: Part,
    /// Sample-and-hold banks: 1, or 2 for double sampling.
    pub hold_banks: u8,
    /// Time to sample.
    pub sample_latency: Latency,
    /// Prices of the sample-and-hold of one column.
    pub sample_hold: Part,
    /// Converters.
    pub adc: Adc,
    /// Time of one shift-and-add.
    pub shift_add_latency: Latency,
    /// Coupling of ADC and shift-and-add.
    pub back_end: BackEnd,
    /// Prices.
    pub shift_add: Part,
    /// Input register capacity in bytes.
    pub input_register_bytes: usize,
    /// Time to read one plane from the input register.
    pub input_register_latency: Latency,
    /// Prices.
    pub input_register: Part,
    /// Output register capacity in bytes.
    pub output_register_bytes: usize,
    /// Time to write results into the output register.
    pub output_register_latency: Latency,
    /// Prices.
    pub output_register: Part,
}

impl CoreKind {
    /// Conversions that one converter makes in a cycle of the core's clock, where that is more than one; otherwise 1.
    #[must_use]
    pub fn burst(&self) -> usize {
        burst(self.adc.latency, self.clock)
    }

    /// Cycles of the core's clock in which a conversion that stops after `steps` of its `2^bits` steps is over: whole
    /// cycles that cover them, as for a whole conversion, and 1 at least.
    #[must_use]
    pub fn stopped(&self, steps: u64) -> u64 {
        let all = 1u64 << self.adc.bits;
        let cycles = match self.adc.latency {
            Latency::Cycles(n) => (n * steps).div_ceil(all),
            Latency::Time(t) => Latency::Time(t * (steps as f64 / all as f64)).cycles(self.clock),
        };
        cycles.max(1)
    }
}

/// Conversions of `time` each that fit a cycle of `clock`, 1 at least.
pub(super) fn burst(time: Latency, clock: Hertz) -> usize {
    match time {
        Latency::Cycles(_) => 1,
        // the slack keeps 1.28 GS/s at 10 MHz 128 conversions in spite of binary rounding
        Latency::Time(t) => ((1.0 + 1e-9) / (t.si() * clock.si())).floor().max(1.0) as usize,
    }
}

/// The tile: cores around a buffer, a bus and a vector unit.
#[derive(Debug, Clone)]
pub struct TileKind {
    /// Cores in the tile.
    pub cores: Vec<(CoreKindId, usize)>,
    /// Buffer capacity in bytes.
    pub buffer_bytes: usize,
    /// Buffer port width in bytes for each cycle.
    pub buffer_width: usize,
    /// Access time of the buffer.
    pub buffer_latency: Latency,
    /// Accesses of the buffer at a time.
    pub buffer_ports: u32,
    /// Refresh of the buffer, if it is modelled.
    pub buffer_refresh: Option<Refresh>,
    /// Prices.
    pub buffer: Part,
    /// Clock of the bus, the chip's or a whole part of it.
    pub bus_clock: Hertz,
    /// Bus width in bytes for each cycle of its clock.
    pub bus_width: usize,
    /// Time from grant to first byte.
    pub bus_latency: Latency,
    /// Prices.
    pub bus: Part,
    /// Clock of the vector unit, the chip's or a whole part of it.
    pub vector_clock: Hertz,
    /// Operations of the vector unit in each cycle of its clock.
    pub vector_lanes: usize,
    /// Pipeline depth of the vector unit.
    pub vector_latency: Latency,
    /// Prices.
    pub vector: Part,
    /// Control logic, static only.
    pub control: Option<Part>,
}

/// The mesh between tiles.
#[derive(Debug, Clone)]
pub struct Noc {
    /// Bytes of one flit.
    pub flit_bytes: usize,
    /// Flits that a router buffers for each input, or for each of its virtual channels.
    pub buffer_flits: usize,
    /// What routers are where runs go flit by flit; `None`: they go message by message.
    pub flits: Option<FlitRouters>,
    /// Time through one router.
    pub router_latency: Latency,
    /// Time over one link.
    pub link_latency: Latency,
    /// Prices of a router.
    pub router: Part,
    /// Prices of a link.
    pub link: Part,
}

/// Virtual-channel routers of a mesh that runs flit by flit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlitRouters {
    /// Virtual channels of an input.
    pub virtual_channels: usize,
    /// Matching of flits with virtual channels and with the crossbar.
    pub allocator: MeshAllocator,
}

/// Links of a chip to its neighbours in the row.
#[derive(Debug, Clone)]
pub struct ChipLink {
    /// Links of one chip, half of them to each side.
    pub links: usize,
    /// Bytes per second of one link, in each direction.
    pub bandwidth: ByteRate,
    /// Time over the link.
    pub latency: Latency,
    /// Prices.
    pub part: Part,
}

/// What to do when a network needs more crossbars than there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenTooSmall {
    /// Refuse.
    #[default]
    Error,
    /// Take as many chips as are needed.
    Chips,
    /// Run in segments, writing the crossbars anew in between.
    Reload,
}

impl WhenTooSmall {
    /// All of them with their names.
    pub const ALL: [(&str, Self); 3] = [("error", Self::Error), ("chips", Self::Chips), ("reload", Self::Reload)];
}

/// What the arch file prefers where the user gives no flag.
#[derive(Debug, Clone, PartialEq)]
pub struct Defaults {
    /// Weight bits, sign included.
    pub weight_bits: u8,
    /// Activation bits.
    pub activation_bits: u8,
    /// Percentile (0..1) of absolute activations that is not clipped; 1 is the maximum.
    pub activation_percentile: f64,
    /// Name of the calibration method.
    pub calibration: String,
    /// Whether weight ranges of neighbouring layers are equalised.
    pub equalise: bool,
    /// Whether biases take up the mean error of the weights.
    pub bias_correction: bool,
    /// Bits of single layers: pattern and `weights/activations`.
    pub layer_bits: Vec<(String, String)>,
    /// Name of the fidelity.
    pub fidelity: String,
    /// Mapper with the options that the file gives: `NAME` or `NAME:option=number,...`.
    pub mapper: String,
    /// Time between programming and use.
    pub age: Second,
    /// What to do when a network does not fit.
    pub when_too_small: WhenTooSmall,
}

/// A tile instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Column of the mesh.
    pub x: usize,
    /// Row of the mesh.
    pub y: usize,
}

/// A core instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Core {
    /// Its tile.
    pub tile: TileId,
    /// Its kind.
    pub kind: CoreKindId,
    /// Number within the tile.
    pub index: usize,
}

/// A crossbar instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Xbar {
    /// Its core.
    pub core: CoreId,
    /// Its kind.
    pub kind: XbarKindId,
    /// Number within the core.
    pub index: usize,
}

/// A whole chip.
#[derive(Debug, Clone)]
pub struct Chip {
    /// Name in the arch file.
    pub name: String,
    /// SHA-256 of the arch file (with overrides applied), hexadecimal.
    pub hash: String,
    /// Clock of everything that has none of its own.
    pub clock: Hertz,
    /// Temperature of everything.
    pub temperature: Kelvin,
    /// Kinds of crossbars.
    pub xbar_kinds: IdVec<XbarKindId, XbarKind>,
    /// Kinds of cores.
    pub core_kinds: IdVec<CoreKindId, CoreKind>,
    /// What every tile contains.
    pub tile_kind: TileKind,
    /// Mesh columns and rows of one chip.
    pub grid: [usize; 2],
    /// Equal chips side by side; the columns of their meshes follow one another.
    pub chips: usize,
    /// Links between them, if the chips have any.
    pub chip_link: Option<ChipLink>,
    /// Tiles, chip by chip and row by row.
    pub tiles: IdVec<TileId, Tile>,
    /// Cores, tile by tile.
    pub cores: IdVec<CoreId, Core>,
    /// Crossbars, core by core.
    pub xbars: IdVec<XbarId, Xbar>,
    /// The mesh.
    pub noc: Noc,
    /// The global buffer.
    pub memory: Memory,
    /// Preferences.
    pub defaults: Defaults,
    /// Warnings of loading (assumed constants and the like), for the report.
    pub warnings: Diagnostics,
}

impl Chip {
    /// Whether the time of an MVM depends on data: planes that are skipped, vectors read again, conversions that stop
    /// early.
    #[must_use]
    pub fn data_decide_time(&self) -> bool {
        self.core_kinds.iter().any(|c| c.skip_zero_planes || c.chain.is_some() || c.adc.early_stop)
    }

    /// Puts `chips` of this chip side by side: every tile, core and crossbar gets a number over all of them,
    /// and there is a global buffer on each (the first one serves the network).
    pub fn repeat(&mut self, chips: usize) {
        self.chips = chips;
        self.memory.part.count = chips;
        (self.tiles, self.cores, self.xbars) = Self::instances(&self.tile_kind, &self.core_kinds, self.grid, chips);
    }

    /// Chip that a tile is on.
    #[must_use]
    pub fn chip_of(&self, tile: TileId) -> usize {
        self.tiles[tile].x / self.grid[0]
    }

    /// Fills `tiles`, `cores` and `xbars` from the kinds, the grid and the number of chips.
    #[must_use]
    pub fn instances(
        tile_kind: &TileKind,
        core_kinds: &IdVec<CoreKindId, CoreKind>,
        grid: [usize; 2],
        chips: usize,
    ) -> (IdVec<TileId, Tile>, IdVec<CoreId, Core>, IdVec<XbarId, Xbar>) {
        let (mut tiles, mut cores, mut xbars) = (IdVec::new(), IdVec::new(), IdVec::new());
        for (chip, y) in (0..chips).flat_map(|c| (0..grid[1]).map(move |y| (c, y))) {
            for x in chip * grid[0]..(chip + 1) * grid[0] {
                let tile: TileId = tiles.push(Tile { x, y });
                let kinds = tile_kind.cores.iter().flat_map(|(k, n)| std::iter::repeat_n(*k, *n));
                for (index, kind) in kinds.enumerate() {
                    let core: CoreId = cores.push(Core { tile, kind, index });
                    let kinds = core_kinds[kind].crossbars.iter().flat_map(|(k, n)| std::iter::repeat_n(*k, *n));
                    for (index, kind) in kinds.enumerate() {
                        xbars.push(Xbar { core, kind, index });
                    }
                }
            }
        }
        (tiles, cores, xbars)
    }

    /// Path of a tile in reports: `chip.tile[3]`, or `chip[1].tile[3]` where there are several chips; tiles are
    /// numbered over all of them.
    #[must_use]
    pub fn tile_path(&self, tile: TileId) -> String {
        match self.chips {
            1 => format!("chip.tile[{}]", tile.index()),
            _ => format!("chip[{}].tile[{}]", self.chip_of(tile), tile.index()),
        }
    }
    /// Path of a core in reports: `chip.tile[3].core[1]`.
    #[must_use]
    pub fn core_path(&self, core: CoreId) -> String {
        let c = &self.cores[core];
        format!("{}.core[{}]", self.tile_path(c.tile), c.index)
    }
    /// Path of a crossbar in reports: `chip.tile[3].core[1].xbar[0]`.
    #[must_use]
    pub fn xbar_path(&self, xbar: XbarId) -> String {
        let x = &self.xbars[xbar];
        format!("{}.xbar[{}]", self.core_path(x.core), x.index)
    }
}
