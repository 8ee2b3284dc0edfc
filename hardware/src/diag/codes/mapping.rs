//! Codes of mapping.

use super::{Code, code};

pub(super) const CODES: &[Code] = &[
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
        "P031",
        "layer larger than the chip",
        "Reloading runs a network layer by layer in segments; a layer that needs more crossbars than there are cannot be one. Take more chips or a larger grid.",
    ),
    code(
        "P032",
        "global buffer too small for a batch",
        "Between two segments the global buffer keeps what the later one reads, for every sample of the batch. The message says how many bytes that takes.",
    ),
    code(
        "P020",
        "unknown option of a mapper",
        "A mapper is given as `NAME` or `NAME:option=number,option=number`. The option named does not belong to this mapper; the help lists those that do.",
    ),
    code(
        "P021",
        "option of a mapper out of range",
        "Options of mappers are whole numbers. The message names the option and its range.",
    ),
];
