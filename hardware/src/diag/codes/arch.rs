//! Codes of arch files.

use super::{Code, code};

pub(super) const CODES: &[Code] = &[
    code(
        "A001",
        "not readable as YAML",
        "The text is not YAML, not UTF-8, larger than 1 MiB, nested deeper than 32 levels, or grows beyond 100 000 nodes once aliases are expanded. The message says where reading stopped.",
    ),
    code(
        "A002",
        "key stands twice",
        "A map has the same key twice, so one value would silently win. Keep one of them.",
    ),
    code(
        "A003",
        "unknown key",
        "The key is not one of this section. The help names the nearest key that is free here, or all of them; `arch/schema.json` has the whole format.",
    ),
    code("A004", "missing key", "A section lacks a key that has no default. The help says what it stands for."),
    code(
        "A005",
        "wrong type",
        "The value has another form than expected: a text for a number, a map for a list, too few or too many items.",
    ),
    code(
        "A006",
        "unknown name",
        "A choice (technology, fidelity, mapper, subtraction, ...) has a name that does not exist, or a map where exactly one name must stand.",
    ),
    code(
        "A007",
        "wrong quantity",
        "A quantity lacks its unit, has the unit of another quantity, or is not a number. Quantities are written like `100 nS`, `1.28 GS/s`, `0.9 pJ/byte`, `2 cycles`.",
    ),
    code("A008", "number out of range", "A number does not fit the range of its field."),
    code(
        "A009",
        "value not accepted",
        "The structure is right and the value still cannot be used. The message says why.",
    ),
    code(
        "A010",
        "unknown format version",
        "The `archsim` key names a version of the format that this program does not read.",
    ),
    code(
        "A011",
        "unknown reference",
        "A name refers to a device, crossbar or core that the file does not describe. The help names the nearest one that it does.",
    ),
    code(
        "A012",
        "empty section or count",
        "A section has no entry, or a count of crossbars or cores is zero or too large.",
    ),
    code("A013", "crossbar size out of range", "A crossbar has no rows or columns, or more than 4096 of them."),
    code(
        "A014",
        "device card refused",
        "The card of a memory cell has a value out of its range or values that contradict each other (`g_min` not below `g_max`). The message is the device's own.",
    ),
    code("A015", "bits of a cell out of range", "A cell stores 1 to 8 bits."),
    code(
        "A016",
        "read bias out of range",
        "The read voltage lies above 0 V and at most at 100 V; the read time is positive.",
    ),
    code(
        "A017",
        "ADC out of range",
        "An ADC has 1 to 16 bits, a rate above 0 and at most 1 TS/s (a clock of its own of at most 1 THz), and 0 to 1000000 LSB of noise.",
    ),
    code(
        "A018",
        "number of ADCs",
        "A crossbar has at least one ADC and at most one for each column. The columns need not be a multiple of it.",
    ),
    code(
        "A019",
        "DAC bits",
        "A DAC digit has 1 to 8 bits and no more than the activations (`defaults.quantisation.activations`).",
    ),
    code(
        "A020",
        "number of DACs",
        "A crossbar has at least one DAC and at most one for each row. With fewer than rows, rows are read in groups.",
    ),
    code(
        "A021",
        "clock or temperature out of range",
        "The clock lies between 1 Hz and 1 THz, the temperature between 1 K and 1000 K; a device card may be narrower.",
    ),
    code(
        "A022",
        "input register too small",
        "The input register must hold the inputs of one crossbar: rows times activation bits.",
    ),
    code(
        "A023",
        "grid out of range",
        "The mesh has 1 to 64 tiles on each side, and the chip at most 1 048 576 crossbars.",
    ),
    code(
        "A024",
        "capacity or width not usable",
        "Capacities, widths and flits are whole numbers of bytes, from one to a million million.",
    ),
    code(
        "A025",
        "name not usable",
        "Names of the chip and of its kinds stand in paths of reports and in file names: letters, digits, `_` and `-`, at most 64.",
    ),
    code(
        "A026",
        "percentile out of range",
        "A percentile, or the share of a fixed range, lies above 0 % and at most at 100 %.",
    ),
    code("A027", "quantisation out of range", "Weights have 1 to 16 bits with their sign, activations 1 to 16."),
    code(
        "A028",
        "sample-and-hold or shift-and-add out of range",
        "There are 1 or 2 sample-and-hold banks, and at least one shift-and-add unit.",
    ),
    code(
        "A029",
        "unknown constant in `assumed`",
        "The list `assumed` of a part may only name constants of the same part.",
    ),
    code("A030", "depth or width out of range", "Router buffers and vector lanes lie between 1 and 65536."),
    code(
        "A031",
        "price out of range",
        "Energies lie between 0 and 1 kJ an action or byte, leakages between 0 and 1 MW, areas between 0 and 1000000 mm2: far beyond any part, and small enough that no sum of a run overflows. A wrong prefix or exponent is likely.",
    ),
    code("A032", "negative age", "The time between programming and use cannot be negative."),
    code("A033", "empty source", "Every priced part says where its constants come from, or `assumed: reason`."),
    code(
        "A034",
        "ADC rate against clock",
        "(warning) Conversions are clocked: the rate of the ADC does not reach its whole number of clock cycles, so that conversions take more than a tenth longer than the ADC could do.",
    ),
    code("A035", "described and not used", "(warning) A device, crossbar or core is described and used nowhere."),
    code(
        "A036",
        "assumed prices",
        "(warning) Some prices of the chip rest on assumptions. The report shows their share of the energy.",
    ),
    code("A037", "assumed device constants", "(warning) Some constants of a device card stand at assumed defaults."),
    code(
        "A038",
        "latency too long",
        "One action takes more than 16777216 cycles of the chip's clock, which the timing core does not count. A wrong prefix is likely (`s` for `ns`), or the clock is too fast.",
    ),
    code(
        "A039",
        "more levels than the card",
        "(warning) A crossbar stores more bits in a cell than its device card has levels, so that levels overlap.",
    ),
    code("A040", "number of chips", "Between 1 and 256 chips stand in a row."),
    code(
        "A041",
        "chips without links",
        "Several chips need `chip.chip_link`: number, data rate, latency, energy and area of the links between neighbours.",
    ),
    code(
        "A042",
        "chip link out of range",
        "A chip has 1 to 1024 links to its neighbours, each of which moves 0.001 to 1000000 bytes in a clock cycle.",
    ),
    code(
        "A043",
        "clock of a part",
        "A core, the vector unit or the bus may have a clock of its own. It is the chip's clock divided by a whole number from 1 to 65536, so that its edges fall on edges of the chip's clock.",
    ),
    code(
        "A044",
        "converters of a crossbar or of a core",
        "An ADC states either `per_crossbar`, the converters that each crossbar has to itself, or `per_core`, those that serve all crossbars of a core one after the other.",
    ),
    code("A045", "ports of a memory", "A buffer has 1 to 64 ports: that many accesses at a time."),
    code(
        "A046",
        "refresh of a memory",
        "A refresh returns after `interval`, at most 1000 s and 17592186044416 cycles, rounded down to whole cycles of the clock, and takes `duration`, rounded up: fewer cycles, so that there is time for accesses. Static RAM has none.",
    ),
    code(
        "A047",
        "dynamic memory out of range",
        "A DRAM has 1 to 64 channels of 1 to 1024 banks, rows of whole bursts, a capacity of at least a row in every bank, a data rate of 0.001 to 1000000 bytes in a clock cycle, and timings of 0 to 1 ms and 16777216 cycles; a refresh with the precharge before it is over before the next is due.",
    ),
    code(
        "A048",
        "mesh that cannot run flit by flit",
        "With `fidelity: flit` a router takes 1 to 1024 cycles and a link at most 1024, an input has 1 to 12 virtual channels, and each of them buffers 1 to 4096 flits. `fidelity: link` has no such bounds.",
    ),
    code(
        "A050",
        "signed inputs do not fit the converters",
        "Sign-magnitude inputs drive the word lines with both polarities, so column currents have either sign even before a pair is subtracted. Converters of single columns (digital subtraction) take one sign only: use `two_phase` or `twos_complement`, or subtract the pair before conversion.",
    ),
    code(
        "A060",
        "converter out of range",
        "A constant of a converter lies outside what its model holds for: spreads are shares from 0 to 100 %, offsets and noise are not negative, a sense amplifier has 1 bit, a sigma-delta modulator order 1 or 2 and 2 or more samples for each code.",
    ),
    code(
        "A061",
        "rate of an ADC",
        "An ADC states either `rate`, its conversions per second, or `clock`, its own clock, of which a conversion takes as many cycles as its kind needs.",
    ),
    code(
        "A062",
        "sense amplifier behind subtracted pairs",
        "A sense amplifier (or another converter of 1 bit with deviations of its own) says on which side of one reference a column lies: one bit without sign. Where pairs are subtracted before conversion the result has a sign and needs 2 bits or more.",
    ),
    code(
        "A080",
        "counting input digits has no price",
        "Biased weights with `sum: counted` are taken back by adders that count the digits of the inputs. Give the DAC `count`, the energy of one such addition, or take a unit column.",
    ),
    code(
        "A081",
        "width of a slice out of range",
        "A slice of a weight has at least one bit and at most as many as a cell stores (`bits_per_cell`).",
    ),
    code(
        "A082",
        "pulses with a sign",
        "A DAC of pulse widths drives lines with one polarity. Signed inputs are applied in two phases (`two_phase`) or with a phase for the sign bit (`twos_complement`).",
    ),
    code(
        "A083",
        "noise counted twice",
        "The card of this device contains thermal and shot noise in its read noise. Leave `noise` of the crossbar away.",
    ),
    code(
        "A084",
        "slow noise without a law",
        "1/f noise of a cell must stay below 20 % rms between `from` and half the read rate. A trap must be slower than \
         ten times `hold`, so that its state stands still during a run, or faster than a hundredth of the read time, so \
         that a read averages over it: between them column sums have no law.",
    ),
    code(
        "A085",
        "deviation that a DAC does not have",
        "`element` and `gain` spread the levels of voltage DACs (`bit_serial`, `amplitude`), `edge` the pulses of \
         `pulse_width`; each from 0 to a half.",
    ),
    code(
        "A086",
        "analog chain that a chip cannot have",
        "Settings of `chain` must have a meaning, no more steps than the DAC and the ADC have codes, and a law of time \
         and energy: `noise_management` of `none`, `abs_max` or `constant`, `bound_management` of `none` or `iterative`. \
         The chain has noise and wires of its own: thermal and shot noise, exact wires beside `ir_drop`, deviating \
         converters and conversions that stop early are refused.",
    ),
    code(
        "A070",
        "wires out of range",
        "Resistances of wires, drivers, sense amplifiers and access transistors lie between 0 Ohm and 1 GOhm; current and voltage scale of a selector are above 0.",
    ),
    code(
        "A090",
        "gates out of range",
        "`gating` of a part states `power`, `clock` or both. A part wakes within 16777216 cycles of the chip and falls asleep after at most 2^48 idle ones; asleep it leaks 0 to 100 % of its leakage, a buffer or memory more than 0 %, because it keeps its contents.",
    ),
    code(
        "A091",
        "leakage at this temperature",
        "The law of sub-threshold leakage is used between 100 K and 500 K, with a barrier (threshold voltage at 0 K over the slope factor) of 0 to 2 V.",
    ),
    code(
        "A092",
        "logic in another node",
        "The law between CMOS nodes consists of polynomials in the supply voltage, used from 0.4 V to 2.5 V where both are positive. Take voltages near those that the nodes are made for.",
    ),
    code("A071", "assumed wires", "(warning) Resistances of the wires of a crossbar stand on assumptions."),
];
