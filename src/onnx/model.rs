//! The raw model: what stands in the file, nothing inferred.

use std::fmt;

/// Element type of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of the ONNX standard")]
pub enum DType {
    F32,
    F64,
    F16,
    BF16,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bool,
}

impl DType {
    /// The type of an ONNX `TensorProto.DataType` number, if it is supported.
    #[must_use]
    pub const fn from_onnx(number: i32) -> Option<Self> {
        Some(match number {
            1 => Self::F32,
            2 => Self::U8,
            3 => Self::I8,
            4 => Self::U16,
            5 => Self::I16,
            6 => Self::I32,
            7 => Self::I64,
            9 => Self::Bool,
            10 => Self::F16,
            11 => Self::F64,
            12 => Self::U32,
            13 => Self::U64,
            16 => Self::BF16,
            _ => return None,
        })
    }
    /// Bytes of one element in `raw_data`.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }
    /// Whether it is a floating-point type.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64 | Self::F16 | Self::BF16)
    }
    /// Name in the ONNX standard, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::F16 => "float16",
            Self::BF16 => "bfloat16",
            Self::I8 => "int8",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::U8 => "uint8",
            Self::U16 => "uint16",
            Self::U32 => "uint32",
            Self::U64 => "uint64",
            Self::Bool => "bool",
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Elements of a tensor, widened without loss.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// `float32`, `float16`, `bfloat16`.
    F32(Vec<f32>),
    /// `float64`.
    F64(Vec<f64>),
    /// All integers but `uint64`, and `bool` as 0 and 1.
    I64(Vec<i64>),
    /// `uint64`.
    U64(Vec<u64>),
}

impl Data {
    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::U64(v) => v.len(),
        }
    }
    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A tensor with its elements in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Name; empty inside attributes.
    pub name: String,
    /// Element type in the file.
    pub dtype: DType,
    /// Shape; empty for a scalar.
    pub shape: Vec<usize>,
    /// Elements.
    pub data: Data,
}

/// One dimension of a graph input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dim {
    /// A number.
    Fixed(usize),
    /// A name that is bound later.
    Symbol(String),
    /// Neither a number nor a name.
    Unknown,
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(n) => write!(f, "{n}"),
            Self::Symbol(s) => f.write_str(s),
            Self::Unknown => f.write_str("?"),
        }
    }
}

/// A graph input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueInfo {
    /// Name.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Dimensions; `None` where the file does not even state the rank.
    pub dims: Option<Vec<Dim>>,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// A number.
    Float(f32),
    /// An integer.
    Int(i64),
    /// A string.
    Text(String),
    /// A tensor.
    Tensor(Tensor),
    /// Numbers.
    Floats(Vec<f32>),
    /// Integers.
    Ints(Vec<i64>),
    /// Strings.
    Texts(Vec<String>),
    /// A graph: a branch or the body of a loop.
    Graph(Box<Body>),
    /// Inside of a function: the attribute of that name of the call.
    Reference(String),
    /// A kind that no supported operator uses (types, sparse tensors), by name.
    Other(&'static str),
}

/// A graph in an attribute. It may also read names of the graph around it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Body {
    /// Names of inputs.
    pub inputs: Vec<String>,
    /// Names of outputs.
    pub outputs: Vec<String>,
    /// Nodes in the order of the file.
    pub nodes: Vec<Node>,
    /// Constant tensors.
    pub initialisers: Vec<Tensor>,
}

/// An operator that the file itself defines by others.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Domain, operator and overload that call it.
    pub key: (String, String, String),
    /// Inputs, outputs and nodes.
    pub body: Body,
    /// Attributes that have a value where a call gives none.
    pub defaults: Vec<(String, Attribute)>,
}

/// A node of the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Name; made up as `OpType_index` where the file has none.
    pub name: String,
    /// Operator.
    pub op_type: String,
    /// Operator domain; empty for the ONNX operators.
    pub domain: String,
    /// Which of several functions of one name is called; mostly empty.
    pub overload: String,
    /// Version of the ONNX operator set: of the file, or of the function the node stands in.
    pub opset: i64,
    /// Names of inputs; empty for an absent optional input.
    pub inputs: Vec<String>,
    /// Names of outputs; empty for an unused optional output.
    pub outputs: Vec<String>,
    /// Attributes in the order of the file.
    pub attributes: Vec<(String, Attribute)>,
}

/// A whole ONNX file.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Name of the file as the user gave it.
    pub file: String,
    /// SHA-256 of the file in lower-case hexadecimal; of the file followed by the external tensors,
    /// in order, where there are any.
    pub sha256: String,
    /// Version of the file format.
    pub ir_version: i64,
    /// Program that wrote the file, with its version.
    pub producer: String,
    /// Operator sets: domain and version.
    pub opsets: Vec<(String, i64)>,
    /// Version of the ONNX operator set.
    pub opset: i64,
    /// Name of the graph.
    pub name: String,
    /// Graph inputs that are not initialisers.
    pub inputs: Vec<ValueInfo>,
    /// Graph outputs.
    pub outputs: Vec<ValueInfo>,
    /// Nodes in the order of the file.
    pub nodes: Vec<Node>,
    /// Constant tensors.
    pub initialisers: Vec<Tensor>,
    /// Operators that the file defines itself.
    pub functions: Vec<Function>,
}
