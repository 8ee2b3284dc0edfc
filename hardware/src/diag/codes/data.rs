//! Codes of data.

use super::{Code, code};

pub(super) const CODES: &[Code] = &[
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
        "D040",
        "prepared samples missing",
        "A folder of byte samples holds SPLIT_x.u8 and SPLIT_y.u8; for MNIST the unpacked files of the original distribution serve too.",
    ),
    code(
        "D041",
        "prepared samples inconsistent",
        "The number of sample bytes is not the number of labels times the size of a sample, or a label is no class of the set.",
    ),
    code(
        "D042",
        "IDX file damaged",
        "A file of the MNIST distribution begins with two zero bytes, the type 8 (bytes), the number of axes and their lengths, and holds just as many bytes. Unpack .gz files first.",
    ),
    code(
        "D090",
        "file of a device cannot be read",
        "A file that a device card names (`file:`) is missing, is not a regular text file, or is larger than 64 MiB. Names are relative to the chip's file.",
    ),
    code(
        "D091",
        "heading of a pulse table",
        "A table of measured pulses begins with the heading `pulse, voltage [V], g [uS], mean [nS], spread [nS]`: columns in any order, each with its unit, `voltage` optional.",
    ),
    code(
        "D092",
        "line of a pulse table",
        "A line of a table of measured pulses has too few or too many fields, a pulse that is neither `up` nor `down`, or a field that is not a finite number.",
    ),
    code("D093", "empty pulse table", "A table of measured pulses has no line below its heading."),
    code(
        "D094",
        "drift generator damaged",
        "The JSON file of a trained generator of drift cannot be understood, or its weights do not fit the widths of its network. Write it again with the training that made it.",
    ),
    code(
        "D080",
        "cycling data cannot be read",
        "The file of measured cycles is missing, is not text, or has a line of another length than the first.",
    ),
    code(
        "D081",
        "column missing in cycling data",
        "Cycling data have the columns device, cycle, r_hrs, u_set, r_lrs, u_reset, named in the first line, in any order.",
    ),
    code(
        "D082",
        "value of cycling data not understood",
        "Devices and cycles are whole numbers, resistances are positive and in ohm, voltages in volts. The message names line and column.",
    ),
    code(
        "D083",
        "cycles that cannot be fitted",
        "A fit needs successive cycles of enough devices: every feature must vary, no cycle may stand twice, and covariances must be positive definite. The message says what was missing.",
    ),
];
