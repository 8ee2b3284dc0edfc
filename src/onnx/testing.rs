//! Small models for tests, made with the protobuf types.

use onnx_protobuf::attribute_proto::AttributeType;
use onnx_protobuf::tensor_proto::DataLocation;
use onnx_protobuf::tensor_shape_proto::{Dimension, dimension};
use onnx_protobuf::{
    AttributeProto, FunctionProto, GraphProto, Message, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

use super::{Limits, Model, read_bytes};
use crate::diag::Diagnostics;

/// Code of the first error.
#[must_use]
pub fn code_of(found: &Diagnostics) -> &'static str {
    found.iter().next().map_or("", |d| d.code)
}

/// A model in the making.
#[derive(Default, Clone)]
pub struct Builder {
    proto: ModelProto,
}

/// Attributes of a node in the making.
#[derive(Default)]
pub struct Attrs {
    list: Vec<AttributeProto>,
}

impl Attrs {
    fn push(mut self, name: &str, kind: AttributeType, set: impl FnOnce(&mut AttributeProto)) -> Self {
        let mut a = AttributeProto { name: name.into(), type_: kind.into(), ..Default::default() };
        set(&mut a);
        self.list.push(a);
        self
    }
    #[must_use]
    pub fn int(self, name: &str, v: i64) -> Self {
        self.push(name, AttributeType::INT, |a| a.i = v)
    }
    #[must_use]
    pub fn float(self, name: &str, v: f32) -> Self {
        self.push(name, AttributeType::FLOAT, |a| a.f = v)
    }
    #[must_use]
    pub fn ints(self, name: &str, v: &[i64]) -> Self {
        self.push(name, AttributeType::INTS, |a| a.ints = v.to_vec())
    }
    #[must_use]
    pub fn text(self, name: &str, v: &str) -> Self {
        self.push(name, AttributeType::STRING, |a| a.s = v.as_bytes().to_vec())
    }
    #[must_use]
    pub fn tensor(self, name: &str, shape: &[i64], v: &[f32]) -> Self {
        self.push(name, AttributeType::TENSOR, |a| a.t = Some(float_tensor("", shape, v)).into())
    }
}

impl Attrs {
    /// A graph, as a branch or body.
    #[must_use]
    pub fn graph(self, name: &str, body: &Builder) -> Self {
        self.push(name, AttributeType::GRAPH, |a| a.g = body.proto.graph.clone())
    }
    /// Inside of a function: an attribute of the call.
    #[must_use]
    pub fn reference(self, name: &str, of: &str) -> Self {
        self.push(name, AttributeType::FLOAT, |a| a.ref_attr_name = of.into())
    }
}

fn float_tensor(name: &str, shape: &[i64], v: &[f32]) -> TensorProto {
    let raw_data = v.iter().flat_map(|x| x.to_le_bytes()).collect();
    TensorProto { name: name.into(), dims: shape.to_vec(), data_type: 1, raw_data, ..Default::default() }
}

fn value_info(name: &str, dims: &[&str], elem_type: i32) -> ValueInfoProto {
    let dim = |d: &&str| {
        let value = d.parse().map_or_else(|_| dimension::Value::DimParam((*d).into()), dimension::Value::DimValue);
        Dimension { value: Some(value), ..Default::default() }
    };
    let shape = TensorShapeProto { dim: dims.iter().map(dim).collect(), ..Default::default() };
    let tensor = type_proto::Tensor { elem_type, shape: Some(shape).into(), ..Default::default() };
    let type_ = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
    ValueInfoProto { name: name.into(), type_: Some(type_).into(), ..Default::default() }
}

impl Builder {
    #[must_use]
    pub fn new(opset: i64) -> Self {
        let import = OperatorSetIdProto { version: opset, ..Default::default() };
        let graph = GraphProto { name: "test".into(), ..Default::default() };
        let proto = ModelProto {
            ir_version: 8,
            producer_name: "archsim-test".into(),
            opset_import: vec![import],
            graph: Some(graph).into(),
            ..Default::default()
        };
        Self { proto }
    }
    fn graph(&mut self) -> &mut GraphProto {
        self.proto.graph.as_mut().expect("made with a graph")
    }
    /// A float input; dimensions are numbers or names.
    #[must_use]
    pub fn input(mut self, name: &str, dims: &[&str]) -> Self {
        self.graph().input.push(value_info(name, dims, 1));
        self
    }
    #[must_use]
    pub fn output(mut self, name: &str, dims: &[&str]) -> Self {
        self.graph().output.push(value_info(name, dims, 1));
        self
    }
    #[must_use]
    pub fn weights(mut self, name: &str, shape: &[i64], values: &[f32]) -> Self {
        self.graph().initializer.push(float_tensor(name, shape, values));
        self
    }
    #[must_use]
    pub fn ints(mut self, name: &str, values: &[i64]) -> Self {
        let dims = vec![values.len() as i64];
        let t =
            TensorProto { name: name.into(), dims, data_type: 7, int64_data: values.to_vec(), ..Default::default() };
        self.graph().initializer.push(t);
        self
    }
    #[must_use]
    pub fn tensor(mut self, set: impl FnOnce(&mut TensorProto)) -> Self {
        let mut t = TensorProto::default();
        set(&mut t);
        self.graph().initializer.push(t);
        self
    }
    #[must_use]
    pub fn external(self, name: &str, location: &str) -> Self {
        self.tensor(|t| {
            t.name = name.into();
            t.data_type = 1;
            t.data_location = DataLocation::EXTERNAL.into();
            let entry = StringStringEntryProto { key: "location".into(), value: location.into(), ..Default::default() };
            t.external_data = vec![entry];
        })
    }
    #[must_use]
    pub fn node(mut self, op: &str, inputs: &[&str], outputs: &[&str], attrs: impl FnOnce(Attrs) -> Attrs) -> Self {
        let node = NodeProto {
            op_type: op.into(),
            input: inputs.iter().map(|s| (*s).into()).collect(),
            output: outputs.iter().map(|s| (*s).into()).collect(),
            attribute: attrs(Attrs::default()).list,
            ..Default::default()
        };
        self.graph().node.push(node);
        self
    }
    /// Sets the version of the file format.
    #[must_use]
    pub fn ir(mut self, version: i64) -> Self {
        self.proto.ir_version = version;
        self
    }
    /// Defines an operator by the nodes of another builder; `defaults` are attributes with a value of their own.
    #[must_use]
    pub fn function(mut self, domain: &str, name: &str, body: &Self, defaults: impl FnOnce(Attrs) -> Attrs) -> Self {
        let graph = body.proto.graph.as_ref().expect("made with a graph");
        let names = |list: &[ValueInfoProto]| list.iter().map(|v| v.name.clone()).collect();
        self.proto.functions.push(FunctionProto {
            name: name.into(),
            domain: domain.into(),
            input: names(&graph.input),
            output: names(&graph.output),
            node: graph.node.clone(),
            attribute_proto: defaults(Attrs::default()).list,
            ..Default::default()
        });
        self
    }
    /// Sets the domain of the last node.
    #[must_use]
    pub fn domain(mut self, domain: &str) -> Self {
        self.graph().node.last_mut().expect("a node was added").domain = domain.into();
        self
    }
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.proto.write_to_bytes().expect("messages can be written")
    }
    #[must_use]
    pub fn model(&self) -> Model {
        read_bytes(&self.bytes(), "test.onnx", None, &Limits::default()).expect("a valid model")
    }
}
