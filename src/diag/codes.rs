//! The table of diagnostic codes. `archsim explain CODE` prints a row; codes are never reused.
//!
//! `A` arch file, `M` model, `D` data, `F` flags, `P` mapping, `R` run.

/// One documented code.
#[derive(Debug)]
pub struct Code {
    /// The code, for instance `A001`.
    pub code: &'static str,
    /// What it says in a few words.
    pub title: &'static str,
    /// When it arises and what to do.
    pub text: &'static str,
}

const fn code(code: &'static str, title: &'static str, text: &'static str) -> Code {
    Code { code, title, text }
}

/// Every code, in order.
pub const CODES: &[Code] = &[
    code(
        "F001",
        "file cannot be read",
        "The named file is missing or may not be read. Check the path; paths are relative to the folder the command runs in.",
    ),
    code(
        "F002",
        "flag out of range",
        "A flag has a value that the command cannot use. The message names the flag, the value and the range.",
    ),
    code(
        "F003",
        "output cannot be written",
        "The run folder could not be created or a report file not be written. Nothing half-written is left behind: files appear under their final name only when complete.",
    ),
    code(
        "F004",
        "not a finished run",
        "`compare` was given a folder that `archsim run` did not complete, or one of another version. Run it again.",
    ),
    code(
        "F010",
        "no such path in the arch file",
        "`--set PATH=VALUE` replaces a value that stands in the arch file. The path is dotted (`cores.macro.adc.sar.bits`), with numbers for items of lists (`chip.grid.0`). The help names the nearest key.",
    ),
    code(
        "F011",
        "value of an override not readable",
        "The value after `--set PATH=` must be YAML: a number, a quantity such as `0.2 V`, a list such as `[2, 2]` or a map.",
    ),
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
    code("A017", "ADC out of range", "An ADC has 1 to 16 bits, a positive rate and a noise that is not negative."),
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
        "Capacities, widths and flits are whole numbers of bytes, at least one.",
    ),
    code(
        "A025",
        "name not usable",
        "Names of the chip and of its kinds stand in paths of reports and in file names: letters, digits, `_` and `-`, at most 64.",
    ),
    code("A026", "percentile out of range", "A percentile lies above 0 % and at most at 100 %."),
    code("A027", "quantisation out of range", "Weights have 2 to 16 bits with their sign, activations 1 to 16."),
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
    code("A031", "price out of range", "Energy, leakage and area can be neither negative nor infinite."),
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
        "One action takes more than a thousand million clock cycles. A wrong prefix is likely (`s` for `ns`), or the clock is too fast.",
    ),
    code(
        "A039",
        "more levels than the card",
        "(warning) A crossbar stores more bits in a cell than its device card has levels, so that levels overlap.",
    ),
    code("M001", "model file is empty", "The ONNX file has no bytes. Export the network again."),
    code(
        "M002",
        "model file is too large",
        "The ONNX file or its external data are larger than the limit that guards the memory of the machine.",
    ),
    code(
        "M003",
        "model file is cut off",
        "A field of the ONNX file reaches past the end of the file, as after a broken download. Copy or export it again.",
    ),
    code(
        "M004",
        "not an ONNX file",
        "The bytes do not have the form of an ONNX file (protobuf). The message names the first byte that does not fit.",
    ),
    code(
        "M005",
        "model file nests too deeply or has too many parts",
        "No sensible network has such a file; it is refused before it is parsed, since parsing could exhaust the memory.",
    ),
    code(
        "M006",
        "model without a graph",
        "The file parses but holds no graph: it is another kind of protobuf file, or cut off exactly between two fields.",
    ),
    code(
        "M007",
        "operator set not supported",
        "The version of the ONNX operator set is missing or outside 6 to 24. Export with a supported version.",
    ),
    code(
        "M008",
        "element type not supported",
        "An input, output or weight is not a dense tensor of float32, float64, float16, bfloat16, an integer of 8 to 64 bits, or bool.",
    ),
    code(
        "M009",
        "tensor does not match its dimensions",
        "The stored elements of a tensor are more or fewer than its dimensions say, or a dimension is negative or too large.",
    ),
    code(
        "M010",
        "weight is NaN or infinite",
        "The message names the tensor and the first element that is not finite. Such weights come from training that diverged.",
    ),
    code(
        "M011",
        "external data refused",
        "Weights stored outside the model file must lie in the folder of the model: no absolute path, no `..`, no link that leads out, and as many bytes as announced.",
    ),
    code(
        "M012",
        "operators not supported",
        "The message lists every node whose operator is not known, with its domain. Export without them or replace them.",
    ),
    code(
        "M013",
        "value is never produced",
        "A node reads, or the graph yields, a name that no input, weight or node produces.",
    ),
    code("M014", "value is produced twice", "Two nodes, inputs or weights produce the same name."),
    code(
        "M015",
        "nodes form a cycle",
        "The message names the nodes that wait for each other. ONNX graphs must be free of cycles.",
    ),
    code(
        "M016",
        "node is wrong",
        "An attribute, a shape or an element type does not fit the operator of a node. The message names the node and what was expected.",
    ),
    code(
        "M017",
        "dimension is not bound",
        "A dimension of an input has a name instead of a number. Give it with `--dim NAME=value`. The first dimension of inputs, the batch, needs no value.",
    ),
    code(
        "M018",
        "inputs do not fit the model",
        "The arrays given do not have the names, shapes or number of samples that the model wants.",
    ),
    code(
        "M019",
        "layer cannot go to crossbars",
        "The message lists every node that the crossbar path cannot take, and why.",
    ),
    code(
        "M020",
        "final activation dropped",
        "The network ends with a softmax or sigmoid; it does not change which class wins and is left to the host. A note, not an error.",
    ),
    code("M021", "no calibration", "Ranges of activations are missing: calibrate with at least one sample."),
    code(
        "D001",
        "data file cannot be read",
        "The file given with --data is missing, is not a regular file, or may not be read.",
    ),
    code(
        "D002",
        "damaged data file",
        "The file is not a readable .npz: not a zip, cut short, a wrong checksum, or an entry that is not a .npy array. Write it with numpy.savez or `archsim data`.",
    ),
    code(
        "D003",
        "data file too large",
        "All arrays of a data file together may take 4 GiB unpacked (and 1024 arrays). Store fewer samples.",
    ),
    code(
        "D004",
        "element type not supported",
        "Inputs are float32, float64 or integers; labels are integers; texts are UTF-8 bytes (uint8) or fixed-length strings. Convert the array before storing it.",
    ),
    code(
        "D005",
        "array lengths differ",
        "The first axis of every input and of the labels is the sample, so all must be equally long.",
    ),
    code(
        "D006",
        "value is not finite",
        "An input holds NaN, infinity, or a number beyond 32-bit floats. The message names the array, the sample and the value.",
    ),
    code(
        "D007",
        "label out of range",
        "A label is not a class index (`label`) or not a set of classes (`label_mask`) of those named in `classes`.",
    ),
    code(
        "D008",
        "no samples",
        "The data file has no input array, or its inputs have no sample. Arrays are named after the network's inputs.",
    ),
    code(
        "D009",
        "description not understood",
        "One of the reserved arrays `classes`, `label_source`, `label_agreement`, `about` has the wrong form, or both `label` and `label_mask` are given.",
    ),
    code(
        "D010",
        "record cannot be read",
        "A file of an ECG record (.hea, .dat, .atr) or of a prepared beat folder is missing or cannot be read.",
    ),
    code(
        "D011",
        "record header not understood",
        "The .hea file is damaged or describes something that is not read: several segments, other formats than 212, other folders.",
    ),
    code(
        "D012",
        "signal does not fit its header",
        "The .dat file has another length, checksum or invalid samples. It was cut short or damaged; fetch it again.",
    ),
    code(
        "D013",
        "annotations damaged",
        "The .atr file ends in the middle, runs backwards in time or beyond the signal. Fetch it again.",
    ),
    code(
        "D014",
        "lead or sampling rate",
        "The record has no lead of the wanted name, or another sampling rate than 360 Hz. Records 102 and 104 of the MIT-BIH database have no lead MLII.",
    ),
    code("D015", "no usable beat", "No annotated beat of the record has its full window inside the signal."),
    code(
        "D016",
        "prepared beats inconsistent",
        "The flat arrays of a prepared beat folder do not belong together: their sizes differ or a class is not 0 to 4.",
    ),
    code(
        "D030",
        "no data file",
        "No data were given and none lie beside the model. Samples are drawn from a normal law, so energy and latency are real and accuracy is not reported.",
    ),
    code(
        "D031",
        "fewer samples than asked for",
        "The data file has fewer samples than --samples asks for; all of them are run.",
    ),
    code(
        "D032",
        "input missing in the data",
        "The network takes an input that the data file has no array for. Arrays are matched by name.",
    ),
    code(
        "D033",
        "input of another shape",
        "An array of the data file has samples of another shape than the network takes. The first axis counts the samples.",
    ),
    code(
        "D034",
        "more classes than outputs",
        "The data file names more classes than the network has outputs, so a label could never be predicted.",
    ),
    code(
        "P001",
        "one weight does not fit a crossbar",
        "A weight needs two columns for each of its bit slices. The crossbar has fewer columns than that, or there is no crossbar at all. Widen the crossbar, store more bits in a cell, or quantise to fewer bits.",
    ),
    code(
        "P002",
        "network does not fit the chip",
        "The layers need more crossbars than the chip has. The message says how many are missing and how many tiles would do.",
    ),
    code(
        "P003",
        "tile buffer too small",
        "The working set of the layers on one tile does not fit its buffer, even without double buffering.",
    ),
    code(
        "P004",
        "layer too large to address",
        "Cells are addressed by layer, row, column, slice and polarity; a layer of more than 65,536 rows or columns has no addresses left.",
    ),
    code(
        "P005",
        "unknown mapper",
        "The mapper named in the arch file or on the command line is not in the table of mappers.",
    ),
    code(
        "R001",
        "deadlock",
        "The timing run stood still: every stage waits for another. The message names the stages that wait for each other, what each waits for and the cycle. A buffer between them holds too few positions: give the tiles more buffer, or the layers other tiles.",
    ),
    code(
        "R002",
        "out of cycles",
        "The timing run did not finish within the allowed cycles. Allow more, or run fewer samples.",
    ),
    code(
        "R003",
        "schedule cannot run",
        "The schedule contradicts itself (a channel without ends, a width of zero, a crossbar used twice). This is a fault of the schedule or of the chip description it was made from, not of the network.",
    ),
    code(
        "R010",
        "action without a price",
        "A part did something that the arch file gives no energy for. Energy is never silently zero: write 0 J with its source if it is free.",
    ),
    code(
        "R020",
        "runs cannot be compared",
        "Runs are set side by side only if they ran one model on the same samples.",
    ),
    code(
        "R101",
        "column sums too large to be exact",
        "Sums of conductances are kept as integers below 2^24 so that results do not depend on the machine. Too many rows are driven at once for the bits of a cell and of a DAC digit: give the core fewer DACs for each crossbar (rows are then read in groups), or fewer bits.",
    ),
    code(
        "R102",
        "chip does not fit a layer",
        "A layer uses a kind of crossbar that no core holds, that cores with different converters hold, whose cells or DACs have too few bits for the layer's slices or planes, or whose conductance window or read voltage is empty.",
    ),
    code(
        "R103",
        "too large for addressed randomness",
        "Every random draw has an address with a fixed number of bits for layer, row, column, slice, replica, position and plane. The message says which layer exceeds them.",
    ),
    code(
        "R104",
        "device yields no number",
        "Programming, ageing or reading a cell gave a conductance or variance that is infinite, negative or not a number. Check the parameters of the device card.",
    ),
    code(
        "R105",
        "network and tiling do not belong together",
        "A layer of the tiled network is missing in the quantised network or has another shape, or the network does not end with a weighted layer.",
    ),
    code(
        "R106",
        "data do not have the network's shape",
        "The samples must be rows of as many values as the network input has, one array for each input, and the range of samples must lie within them.",
    ),
    code(
        "R107",
        "no samples to calibrate converters",
        "A converter whose full scale is a percentile needs calibration samples. Give at least one, or set the full scale to max.",
    ),
];

/// The documentation of a code, if it exists.
#[must_use]
pub fn explain(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|c| c.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        for (i, c) in CODES.iter().enumerate() {
            assert!(CODES[..i].iter().all(|d| d.code != c.code), "{} stands twice", c.code);
        }
    }
}
