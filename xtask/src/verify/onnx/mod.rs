//! The rows of networks: operators, real models, quantisation, scale, mapping.

mod models;
mod scale;
mod suite;

pub use models::suite;
pub use scale::LARGE_BUFFER;

use super::{Finding, Row};

/// Every row.
pub const ROWS: &[Row] = &[
    Row {
        number: "1",
        measure: "ONNX node suite (onnx 1.19.1, 1,615 models)",
        asked: "≥ 97 % of the models whose operators are on the list pass at the suite's tolerance; the rest listed with a reason",
        find: suite::nodes,
    },
    Row {
        number: "2",
        measure: "`pytorch-converted` (82) and `simple` (23)",
        asked: "≥ 95 % of the first; of the second all tensor-only models (7), the rest refused by name",
        find: suite::networks,
    },
    Row {
        number: "3",
        measure: "the nine `light_*` zoo topologies",
        asked: "outputs equal the stored ones (relative 1e-3); all nine map and report energy, latency, area",
        find: models::light,
    },
    Row {
        number: "4",
        measure: "real models: silero VAD, PP-OCR angle classifier, openecg codec (int8)",
        asked: "equal to onnxruntime on random input to 1e-4 (int8: same argmax, 1 LSB), then simulated at `quantised` with the deviation printed",
        find: models::real,
    },
    Row {
        number: "5",
        measure: "quantised accuracy of the MNIST CNN, 2,000 test digits",
        asked: "within 0.3 points of float at 8/8 bits, within 1 point at 4-bit weights",
        find: models::mnist,
    },
    Row {
        number: "6",
        measure: "scale: ResNet-50 and VGG-19 on ISAAC-like chips, import to energy, one core",
        asked: "ResNet-50 < 5 s and < 1 GiB; VGG-19 (143.7 M weights) in one command < 15 s and < 1 GiB",
        find: scale::scale,
    },
    Row {
        number: "7",
        measure: "float reference against onnxruntime, ResNet-50, one thread each, in turns",
        asked: "within 3 ×",
        find: scale::float_speed,
    },
    Row {
        number: "8",
        measure: "mapping laws",
        asked: "no overlap, capacity respected, every weight placed exactly once; copies by ISAAC's rule on VGG A, B, D, E",
        find: suite::mapping,
    },
];

fn or_absent(find: impl FnOnce() -> Result<Finding, String>) -> Finding {
    find().unwrap_or_else(Finding::absent)
}
