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
        "F020",
        "bits of layers not readable",
        "`--layer-bits LAYER=W/A` and `layers` under `defaults.quantisation` give the bits of the weights of single layers and of the activations they read: `conv1=4/8`, `fc*=4`, `*=/6`. Each is 2 to 16; one of the two may be left out. In names `*` is any text and `?` any character.",
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
];
