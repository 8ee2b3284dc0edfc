//! Codes of models.

use super::{Code, code};

pub(super) const CODES: &[Code] = &[
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
        "An input, output or weight is not a dense tensor of float32, float64, float16, bfloat16, an integer of 8 to 64 bits, or bool. Numbers of less than 8 bits, float8, strings, sequences, optional values and sparse tensors are not supported.",
    ),
    code(
        "M009",
        "tensor does not match its dimensions",
        "The stored elements of a tensor are more or fewer than its dimensions say, or a dimension is negative or too large.",
    ),
    code(
        "M010",
        "weight is NaN or infinite",
        "The message names the tensor and the first element that is NaN, or infinite in the weights of a layer. Such weights come from training that diverged. A mask of nothing but zeros and infinities may be.",
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
        "network cannot go to the chip",
        "The message lists what no part of a chip can take, and why: outputs that do not depend on the inputs, and nodes that work on a fixed batch as a whole.",
    ),
    code(
        "M020",
        "final activation dropped",
        "The network ends with a softmax or sigmoid; it does not change which class wins and is left to the host. A note, not an error.",
    ),
    code("M021", "no calibration", "Ranges of activations are missing: calibrate with at least one sample."),
    code(
        "M022",
        "function cannot be inlined",
        "An operator that the file defines itself calls itself, directly or through others, or is called with the wrong number of inputs or outputs.",
    ),
    code(
        "M023",
        "control flow depends on the data",
        "A loop, scan or branch cannot be unrolled, because how often or whether it runs, or the shape of what it yields, depends on the values of the inputs. Bind dimensions with `--dim`, or export the network with the loop unrolled or the branch taken.",
    ),
    code(
        "M024",
        "network grows too large",
        "Unrolled loops and inlined functions together make more nodes than the limit that guards the memory of the machine.",
    ),
    code(
        "M025",
        "file format too new",
        "The version of the ONNX file format (`ir_version`) is newer than 12. Save the model with an older one; its operators need not change.",
    ),
    code(
        "M065",
        "fixed first dimension is not a batch",
        "Some node mixes what stands along the first dimension of the inputs, as a recurrent layer does with the steps of a sequence. One sample then is one call of the network with all of it; data files have the samples in front of the whole shape. A note, not an error.",
    ),
];
