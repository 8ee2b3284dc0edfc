//! Codes of flags and files.

use super::{Code, code};

pub(super) const CODES: &[Code] = &[
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
        "The run folder could not be created, or a report file, another output file or standard output not be written, or something that is no report has the name of the report's folder. Nothing half-written is left under a final name: files appear under it only when complete. What a killed run leaves, `.NAME.PID.part`, the next run of that name removes.",
    ),
    code(
        "F004",
        "not a finished run",
        "`compare` was given a folder that `archsim run` did not complete, or one of another version, or `run` found such a folder as its own. Run it again with `--force`.",
    ),
    code(
        "F010",
        "no such path in the arch file",
        "`--set PATH=VALUE` replaces a value that stands in the arch file, or adds an optional key to a map that stands there. The path is dotted (`cores.macro.adc.sar.bits`), with numbers for items of lists (`chip.grid.0`). The help names the nearest key.",
    ),
    code(
        "F011",
        "value of an override not readable",
        "The value after `--set PATH=` must be YAML: a number, a quantity such as `0.2 V`, a list such as `[2, 2]` or a map.",
    ),
    code(
        "F020",
        "bits of layers not readable",
        "`--layer-bits LAYER=W/A` and `layers` under `defaults.quantisation` give the bits of the weights of single layers and of the activations they read: `conv1=4/8`, `fc*=4`, `*=/6`. Weights have 1 to 16, activations 2 to 16; one of the two may be left out. In names `*` is any text and `?` any character.",
    ),
    code(
        "F021",
        "bits for a layer that does not exist",
        "A rule for the bits of single layers fits no layer of the network. Layers have the names of their nodes in the ONNX file.",
    ),
    code(
        "F022",
        "no such calibration method",
        "What decides the largest magnitude of an activation is one of min_max, percentile, mse and entropy.",
    ),
    code(
        "F030",
        "drawing of neither kind",
        "A floorplan is drawn into a file ending in `.svg`, or as a page that opens in a browser into one ending in `.html`.",
    ),
    code(
        "F035",
        "values neither on nor off",
        "`--values on` runs samples through the crossbars; `--values off` stops at mapping, timing, energy and area and needs no data.",
    ),
    code(
        "F036",
        "number of drawn samples",
        "`--data random:N` draws N samples from a standard normal law (whole numbers for integer inputs). N lies between 1 and 1048576.",
    ),
    code(
        "F037",
        "chips without links",
        "More than one chip is asked for and the arch file has no `chip.chip_link` that joins them.",
    ),
    code("F038", "number of chips", "`--chips` is a number from 1 to 256, or auto for as many as the network needs."),
    code(
        "F039",
        "unknown way for a network that does not fit",
        "`--when-too-small` is error, chips (take as many as are needed) or reload (run in segments and write the crossbars in between).",
    ),
    code(
        "F040",
        "table of numbers not readable",
        "A table of conductances or voltages has a field that is no finite number. Fields are separated by commas, rows by line ends; comments start with #.",
    ),
    code(
        "F041",
        "table of the wrong shape",
        "A table of conductances needs as many fields in each line, one for each bit line; a table of voltages one for each word line.",
    ),
];
