//! Protobuf messages into [`Model`]: the only file that names the generated types.

use std::collections::BTreeSet;
use std::path::Path;

use onnx_protobuf::attribute_proto::AttributeType;
use onnx_protobuf::tensor_proto::DataLocation;
use onnx_protobuf::tensor_shape_proto::dimension;
use onnx_protobuf::{AttributeProto, Message, ModelProto, NodeProto, TensorProto, ValueInfoProto, type_proto};
use sha2::{Digest, Sha256};

use super::external::{self, Location};
use super::model::{Attribute, DType, Dim, Model, Node, Tensor, ValueInfo};
use super::read::OPSETS;
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
    let opsets: Vec<(String, i64)> = proto.opset_import.iter().map(|o| (o.domain.clone(), o.version)).collect();
    let opset = opsets.iter().find(|(domain, _)| is_onnx_domain(domain)).map(|(_, version)| *version);
    match opset {
        Some(v) if OPSETS.contains(&v) => {}
        Some(v) => reader.error(
            "M007",
            format!("operator set {v} is not supported"),
            "export with an operator set of 6 to 24, for instance `opset_version=17`",
        ),
        None => reader.error("M007", "no version of the ONNX operator set is given".into(), "export the network again"),
    }
    let initialisers: Vec<Tensor> =
        graph.initializer.iter().filter_map(|t| reader.tensor(t, &format!("tensor `{}`", t.name))).collect();
    for sparse in &graph.sparse_initializer {
        let name = sparse.values.as_ref().map_or("", |v| v.name.as_str());
        reader.error("M008", format!("tensor `{name}` is sparse"), "store it as a dense initialiser");
    }
    let constant: BTreeSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
    // Files of IR version 3 list initialisers among the inputs too.
    let inputs = graph.input.iter().filter(|i| !constant.contains(i.name.as_str()));
    let inputs = inputs.filter_map(|i| reader.value_info(i, "input")).collect();
    let outputs = graph.output.iter().filter_map(|o| reader.value_info(o, "output")).collect();
    let nodes = graph.node.iter().enumerate().map(|(i, n)| reader.node(i, n)).collect();
    let sha256 = reader.hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    reader.found.into_result(Model {
        file: file.into(),
        sha256,
        ir_version: proto.ir_version,
        producer: format!("{} {}", proto.producer_name, proto.producer_version).trim().into(),
        opsets,
        opset: opset.unwrap_or(0),
        name: graph.name.clone(),
        inputs,
        outputs,
        nodes,
        initialisers,
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

impl Reader<'_> {
    fn error(&mut self, code: &'static str, message: String, help: &str) {
        self.found.push(Diagnostic::error(code, format!("{}: {message}", self.file)).help(help));
    }

    fn value_info(&mut self, info: &ValueInfoProto, role: &str) -> Option<ValueInfo> {
        let name = &info.name;
        let Some(type_proto::Value::TensorType(tensor)) = info.type_.as_ref().and_then(|t| t.value.as_ref()) else {
            self.error("M008", format!("{role} `{name}` is not a tensor"), "only tensors can enter or leave a network");
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
                Some(dimension::Value::DimParam(s)) if !s.is_empty() => Dim::Symbol(s.clone()),
                _ => Dim::Unknown,
            };
            shape.dim.iter().map(dim).collect()
        });
        Some(ValueInfo { name: name.clone(), dtype, dims })
    }

    fn node(&mut self, index: usize, node: &NodeProto) -> Node {
        let name = if node.name.is_empty() { format!("{}_{index}", node.op_type) } else { node.name.clone() };
        let mut attributes = Vec::with_capacity(node.attribute.len());
        for a in &node.attribute {
            if let Some(value) = self.attribute(a, &name) {
                attributes.push((a.name.clone(), value));
            }
        }
        let domain = if is_onnx_domain(&node.domain) { String::new() } else { node.domain.clone() };
        let (inputs, outputs) = (node.input.clone(), node.output.clone());
        Node { name, op_type: node.op_type.clone(), domain, inputs, outputs, attributes }
    }

    fn attribute(&mut self, a: &AttributeProto, node: &str) -> Option<Attribute> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let Ok(kind) = a.type_.enum_value() else { return Some(Attribute::Other("unknown")) };
        Some(match kind {
            AttributeType::FLOAT => Attribute::Float(a.f),
            AttributeType::INT => Attribute::Int(a.i),
            AttributeType::STRING => Attribute::Text(text(&a.s)),
            AttributeType::TENSOR => {
                let what = format!("attribute `{}` of node `{node}`", a.name);
                return self.tensor(a.t.as_ref()?, &what).map(Attribute::Tensor);
            }
            AttributeType::FLOATS => Attribute::Floats(a.floats.clone()),
            AttributeType::INTS => Attribute::Ints(a.ints.clone()),
            AttributeType::STRINGS => Attribute::Texts(a.strings.iter().map(|s| text(s)).collect()),
            AttributeType::UNDEFINED => Attribute::Other("untyped"),
            AttributeType::GRAPH | AttributeType::GRAPHS => Attribute::Other("graph"),
            AttributeType::SPARSE_TENSOR | AttributeType::SPARSE_TENSORS => Attribute::Other("sparse tensor"),
            AttributeType::TYPE_PROTO | AttributeType::TYPE_PROTOS => Attribute::Other("type"),
            AttributeType::TENSORS => Attribute::Other("list of tensors"),
        })
    }

    /// A tensor of finite elements.
    fn tensor(&mut self, t: &TensorProto, what: &str) -> Option<Tensor> {
        let tensor = self.any_tensor(t, what)?;
        if let Some((index, value)) = tensor::first_not_finite(&tensor.data) {
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
    DataType::from_i32(number).map_or_else(|| format!("number {number}"), |t| format!("{t:?}").to_lowercase())
}
