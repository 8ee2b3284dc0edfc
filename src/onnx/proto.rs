//! Protobuf messages into [`Model`]: the only file that names the generated types.

use std::collections::BTreeSet;
use std::path::Path;

use onnx_protobuf::attribute_proto::AttributeType;
use onnx_protobuf::tensor_proto::DataLocation;
use onnx_protobuf::tensor_shape_proto::dimension;
use onnx_protobuf::{
    AttributeProto, FunctionProto, GraphProto, Message, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    ValueInfoProto, type_proto,
};
use sha2::{Digest, Sha256};

use super::external::{self, Location};
use super::model::{Attribute, Body, DType, Dim, Function, Model, Node, Tensor, ValueInfo};
use super::read::{IR, OPSETS};
use super::tensor::{self, Fields};
use crate::diag::{Diagnostic, Diagnostics, Result};

/// Context of a conversion.
struct Reader<'a> {
    file: &'a str,
    folder: Option<&'a Path>,
    /// Bytes of external data that may still be read.
    budget: u64,
    hash: Sha256,
    found: Diagnostics,
}

/// Parses bytes that [`super::scan::scan`] has passed.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn parse(bytes: &[u8], file: &str, folder: Option<&Path>, budget: u64) -> Result<Model> {
    let not_onnx = |why: String| {
        Diagnostic::error("M004", format!("{file} is not an ONNX file: {why}")).help("export the network again")
    };
    let proto = ModelProto::parse_from_bytes(bytes).map_err(|e| Diagnostics::from(not_onnx(e.to_string())))?;
    let Some(graph) = proto.graph.as_ref() else {
        return Err(Diagnostic::error("M006", format!("{file} holds no graph"))
            .help("the file parses as protobuf but is not a model, or it is cut off; export the network again")
            .into());
    };
    let mut reader = Reader { file, folder, budget, hash: Sha256::new_with_prefix(bytes), found: Diagnostics::new() };
    if proto.ir_version > IR {
        reader.error(
            "M025",
            format!(
                "version {} of the file format is newer than {IR}, the newest that is understood",
                proto.ir_version
            ),
            "save the model with an older `ir_version`; exporters have an option for it",
        );
    }
    let opsets: Vec<(String, i64)> = proto.opset_import.iter().map(|o| (o.domain.clone(), o.version)).collect();
    let opset = reader.opset(&proto.opset_import, None, "");
    let weights = weights(&graph.node);
    let mut initialisers = Vec::with_capacity(graph.initializer.len());
    for t in &graph.initializer {
        let finite = weights.contains(t.name.as_str());
        initialisers.extend(reader.tensor(t, &format!("tensor `{}`", t.name), finite));
    }
    reader.refuse_sparse(graph);
    let constant: BTreeSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
    // Files of IR version 3 list initialisers among the inputs too.
    let inputs = graph.input.iter().filter(|i| !constant.contains(i.name.as_str()));
    let inputs = inputs.filter_map(|i| reader.value_info(i, "input")).collect();
    let outputs = graph.output.iter().filter_map(|o| reader.value_info(o, "output")).collect();
    let nodes = reader.nodes(&graph.node, opset);
    let functions = proto.functions.iter().map(|f| reader.function(f, opset)).collect();
    let sha256 = reader.hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    reader.found.into_result(Model {
        file: file.into(),
        sha256,
        ir_version: proto.ir_version,
        producer: format!("{} {}", proto.producer_name, proto.producer_version).trim().into(),
        opsets,
        opset,
        name: graph.name.clone(),
        inputs,
        outputs,
        nodes,
        initialisers,
        functions,
    })
}

/// Parses one tensor from bytes that [`super::scan::scan_tensor`] has passed.
///
/// # Errors
/// Everything that is wrong with it, except that elements may be infinite or NaN.
pub fn parse_tensor(bytes: &[u8], file: &str, budget: u64) -> Result<Tensor> {
    let proto = TensorProto::parse_from_bytes(bytes).map_err(|e| {
        Diagnostic::error("M004", format!("{file} is not an ONNX tensor: {e}")).help("export the tensor again")
    })?;
    let mut reader = Reader { file, folder: None, budget, hash: Sha256::new(), found: Diagnostics::new() };
    let tensor = reader.any_tensor(&proto, &format!("tensor `{}`", proto.name));
    match tensor {
        Some(tensor) => reader.found.into_result(tensor),
        None => Err(reader.found),
    }
}

/// Whether a domain is that of the ONNX operators.
fn is_onnx_domain(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

/// Names that some layer with weights reads: there an infinite number can only be a mistake, while elsewhere it
/// may be a mask.
fn weights(nodes: &[NodeProto]) -> BTreeSet<&str> {
    const LAYERS: [&str; 8] = ["Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization", "LSTM", "GRU", "RNN"];
    let layers = nodes.iter().filter(|n| LAYERS.contains(&n.op_type.as_str()));
    layers.flat_map(|n| &n.input).map(String::as_str).collect()
}

impl Reader<'_> {
    fn error(&mut self, code: &'static str, message: String, help: &str) {
        self.found.push(Diagnostic::error(code, format!("{}: {message}", self.file)).help(help));
    }

    /// Version of the ONNX operator set that a list names; `usual` where a function names none.
    fn opset(&mut self, imports: &[OperatorSetIdProto], usual: Option<i64>, who: &str) -> i64 {
        let version = imports.iter().find(|o| is_onnx_domain(&o.domain)).map(|o| o.version).or(usual);
        let Some(v) = version else {
            let message = "no version of the ONNX operator set is given".into();
            self.error("M007", message, "export the network again");
            return 0;
        };
        if !OPSETS.contains(&v) {
            let message = format!("operator set {v}{who} is not supported");
            self.error("M007", message, "export with an operator set of 6 to 24, for instance `opset_version=17`");
        }
        v
    }

    fn refuse_sparse(&mut self, graph: &GraphProto) {
        for sparse in &graph.sparse_initializer {
            let name = sparse.values.as_ref().map_or("", |v| v.name.as_str());
            self.error("M008", format!("tensor `{name}` is sparse"), "store it as a dense initialiser");
        }
    }

    fn nodes(&mut self, nodes: &[NodeProto], opset: i64) -> Vec<Node> {
        nodes.iter().enumerate().map(|(i, n)| self.node(i, n, opset)).collect()
    }

    /// A graph in an attribute. How deep they nest, [`super::scan`] has bounded.
    fn body(&mut self, graph: &GraphProto, opset: i64) -> Body {
        self.refuse_sparse(graph);
        let weights = weights(&graph.node);
        let mut initialisers = Vec::with_capacity(graph.initializer.len());
        for t in &graph.initializer {
            let finite = weights.contains(t.name.as_str());
            initialisers.extend(self.tensor(t, &format!("tensor `{}`", t.name), finite));
        }
        let names = |list: &[ValueInfoProto]| list.iter().map(|v| v.name.clone()).collect();
        let nodes = self.nodes(&graph.node, opset);
        Body { inputs: names(&graph.input), outputs: names(&graph.output), nodes, initialisers }
    }

    fn function(&mut self, f: &FunctionProto, usual: i64) -> Function {
        let opset = self.opset(&f.opset_import, Some(usual), &format!(" of function `{}`", f.name));
        let domain = if is_onnx_domain(&f.domain) { String::new() } else { f.domain.clone() };
        let mut defaults = Vec::with_capacity(f.attribute_proto.len());
        for a in &f.attribute_proto {
            defaults.extend(self.attribute(a, &f.name, opset).map(|value| (a.name.clone(), value)));
        }
        let nodes = self.nodes(&f.node, opset);
        let body = Body { inputs: f.input.clone(), outputs: f.output.clone(), nodes, initialisers: vec![] };
        Function { key: (domain, f.name.clone(), f.overload.clone()), body, defaults }
    }

    fn value_info(&mut self, info: &ValueInfoProto, role: &str) -> Option<ValueInfo> {
        let name = &info.name;
        let kind = info.type_.as_ref().and_then(|t| t.value.as_ref());
        let Some(type_proto::Value::TensorType(tensor)) = kind else {
            let kind = match kind {
                Some(type_proto::Value::SequenceType(_)) => "a sequence",
                Some(type_proto::Value::OptionalType(_)) => "an optional value",
                Some(type_proto::Value::MapType(_)) => "a map",
                Some(type_proto::Value::SparseTensorType(_)) => "a sparse tensor",
                _ => "without a type",
            };
            let message = format!("{role} `{name}` is {kind}, not a tensor");
            self.error("M008", message, "only dense tensors can enter or leave a network");
            return None;
        };
        let Some(dtype) = DType::from_onnx(tensor.elem_type) else {
            let what = type_name(tensor.elem_type);
            self.error("M008", format!("{role} `{name}` has elements of type {what}"), "use float32");
            return None;
        };
        let dims = tensor.shape.as_ref().map(|shape| {
            let dim = |d: &onnx_protobuf::tensor_shape_proto::Dimension| match &d.value {
                // Some exporters write 0 or -1 for a dimension they do not know.
                Some(dimension::Value::DimValue(v)) => {
                    usize::try_from(*v).ok().filter(|v| *v > 0).map_or(Dim::Unknown, Dim::Fixed)
                }
                // PaddlePaddle writes `?` or `-1` as the name of every such dimension.
                Some(dimension::Value::DimParam(s)) if !matches!(s.as_str(), "" | "?" | "-1") => Dim::Symbol(s.clone()),
                _ => Dim::Unknown,
            };
            shape.dim.iter().map(dim).collect()
        });
        Some(ValueInfo { name: name.clone(), dtype, dims })
    }

    fn node(&mut self, index: usize, node: &NodeProto, opset: i64) -> Node {
        let name = if node.name.is_empty() { format!("{}_{index}", node.op_type) } else { node.name.clone() };
        let mut attributes = Vec::with_capacity(node.attribute.len());
        for a in &node.attribute {
            attributes.extend(self.attribute(a, &name, opset).map(|value| (a.name.clone(), value)));
        }
        let domain = if is_onnx_domain(&node.domain) { String::new() } else { node.domain.clone() };
        let (inputs, outputs) = (node.input.clone(), node.output.clone());
        let (op_type, overload) = (node.op_type.clone(), node.overload.clone());
        Node { name, op_type, domain, overload, opset, inputs, outputs, attributes }
    }

    fn attribute(&mut self, a: &AttributeProto, node: &str, opset: i64) -> Option<Attribute> {
        if !a.ref_attr_name.is_empty() {
            return Some(Attribute::Reference(a.ref_attr_name.clone()));
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let Ok(kind) = a.type_.enum_value() else { return Some(Attribute::Other("unknown")) };
        Some(match kind {
            AttributeType::FLOAT => Attribute::Float(a.f),
            AttributeType::INT => Attribute::Int(a.i),
            AttributeType::STRING => Attribute::Text(text(&a.s)),
            AttributeType::TENSOR => {
                let what = format!("attribute `{}` of node `{node}`", a.name);
                return self.tensor(a.t.as_ref()?, &what, false).map(Attribute::Tensor);
            }
            AttributeType::GRAPH => Attribute::Graph(Box::new(self.body(a.g.as_ref()?, opset))),
            AttributeType::FLOATS => Attribute::Floats(a.floats.clone()),
            AttributeType::INTS => Attribute::Ints(a.ints.clone()),
            AttributeType::STRINGS => Attribute::Texts(a.strings.iter().map(|s| text(s)).collect()),
            AttributeType::UNDEFINED => Attribute::Other("untyped"),
            AttributeType::GRAPHS => Attribute::Other("list of graphs"),
            AttributeType::SPARSE_TENSOR | AttributeType::SPARSE_TENSORS => Attribute::Other("sparse tensor"),
            AttributeType::TYPE_PROTO | AttributeType::TYPE_PROTOS => Attribute::Other("type"),
            AttributeType::TENSORS => Attribute::Other("list of tensors"),
        })
    }

    /// A tensor without NaN, and without infinities where `finite`.
    fn tensor(&mut self, t: &TensorProto, what: &str, finite: bool) -> Option<Tensor> {
        let tensor = self.any_tensor(t, what)?;
        if let Some((index, value)) = tensor::first_bad(&tensor.data, finite) {
            let help = "a training run that diverged leaves such weights; export a sound checkpoint";
            let shape = &tensor.shape;
            self.error("M010", format!("{what}: element {index} of shape {shape:?} is {value}"), help);
            return None;
        }
        Some(tensor)
    }

    fn any_tensor(&mut self, t: &TensorProto, what: &str) -> Option<Tensor> {
        let Some(dtype) = DType::from_onnx(t.data_type) else {
            let kind = type_name(t.data_type);
            self.error("M008", format!("{what} has elements of type {kind}"), "store weights as float32");
            return None;
        };
        let mismatch = "the file is damaged or was written wrongly; export the network again";
        let (shape, elements) = match tensor::shape(&t.dims) {
            Ok(shape) => shape,
            Err(why) => {
                self.error("M009", format!("{what}: {why}"), mismatch);
                return None;
            }
        };
        let external = t.data_location.enum_value() == Ok(DataLocation::EXTERNAL);
        let data = if external {
            let bytes = match self.external(t) {
                Ok(bytes) => bytes,
                Err(why) => {
                    self.error("M011", format!("{what}: external data: {why}"), "keep the data file beside the model");
                    return None;
                }
            };
            tensor::from_raw(dtype, elements, &bytes)
        } else if t.raw_data.is_empty() {
            tensor::from_fields(
                dtype,
                elements,
                &Fields {
                    float: &t.float_data,
                    int32: &t.int32_data,
                    int64: &t.int64_data,
                    double: &t.double_data,
                    uint64: &t.uint64_data,
                },
            )
        } else {
            tensor::from_raw(dtype, elements, &t.raw_data)
        };
        let data = match data {
            Ok(data) => data,
            Err(why) => {
                self.error("M009", format!("{what}: {why}"), mismatch);
                return None;
            }
        };
        Some(Tensor { name: t.name.clone(), dtype, shape, data })
    }

    fn external(&mut self, t: &TensorProto) -> std::result::Result<Vec<u8>, String> {
        let folder = self.folder.ok_or("the model was not read from a file")?;
        let mut from = Location::default();
        let number = |s: &str| s.parse::<u64>().map_err(|_| format!("`{s}` is not a number of bytes"));
        for entry in &t.external_data {
            match entry.key.as_str() {
                "location" => from.location.clone_from(&entry.value),
                "offset" => from.offset = number(&entry.value)?,
                "length" => from.length = Some(number(&entry.value)?),
                _ => {}
            }
        }
        let bytes = external::load(folder, &from, self.budget)?;
        self.budget -= bytes.len() as u64;
        self.hash.update(&bytes);
        Ok(bytes)
    }
}

/// Name of an element type that is not supported.
fn type_name(number: i32) -> String {
    use onnx_protobuf::tensor_proto::DataType;
    use protobuf::Enum;
    // newer than the generated code; numbers of `onnx.proto` of ONNX 1.20
    let newer = match number {
        23 => Some("float4e2m1"),
        24 => Some("float8e8m0"),
        25 => Some("uint2"),
        26 => Some("int2"),
        _ => None,
    };
    let known = || DataType::from_i32(number).map(|t| format!("{t:?}").to_lowercase());
    newer.map(String::from).or_else(known).unwrap_or_else(|| format!("number {number}"))
}
