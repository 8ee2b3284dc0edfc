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
