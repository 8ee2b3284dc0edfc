//! A stable text form of a model.

use std::fmt::Write;

use super::model::{Attribute, Model, ValueInfo};

/// The model as text: header, inputs, outputs, tensors, nodes, one a line. Weights are not listed.
#[must_use]
pub fn describe(model: &Model) -> String {
    let mut out = String::new();
    let line = |out: &mut String, text: String| {
        // writing to a string cannot fail
        let _ = writeln!(out, "{text}");
    };
    line(&mut out, format!("model `{}` ir {} by `{}`", model.name, model.ir_version, model.producer));
    line(&mut out, format!("sha256 {}", model.sha256));
    for (domain, version) in &model.opsets {
        line(&mut out, format!("opset {} {version}", if domain.is_empty() { "ai.onnx" } else { domain }));
    }
    for (role, list) in [("input", &model.inputs), ("output", &model.outputs)] {
        for v in list {
            line(&mut out, format!("{role} {} {} {}", v.name, v.dtype, dims(v)));
        }
    }
    for t in &model.initialisers {
        line(&mut out, format!("tensor {} {} {:?}", t.name, t.dtype, t.shape));
    }
    for f in &model.functions {
        let (domain, name, _) = &f.key;
        line(&mut out, format!("function {domain}.{name} of {} nodes", f.body.nodes.len()));
    }
    for n in &model.nodes {
        let op = if n.domain.is_empty() { n.op_type.clone() } else { format!("{}.{}", n.domain, n.op_type) };
        let attributes: String = n.attributes.iter().map(|(k, v)| format!(" {k}={}", attribute(v))).collect();
        line(
            &mut out,
            format!("node {} {op}({}) -> {}{attributes}", n.name, n.inputs.join(", "), n.outputs.join(", ")),
        );
    }
    out
}

fn dims(v: &ValueInfo) -> String {
    v.dims.as_ref().map_or_else(
        || "of unknown rank".into(),
        |d| format!("[{}]", d.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    )
}

fn attribute(value: &Attribute) -> String {
    match value {
        Attribute::Float(v) => format!("{v:?}"),
        Attribute::Int(v) => format!("{v}"),
        Attribute::Text(v) => format!("{v:?}"),
        Attribute::Floats(v) => format!("{v:?}"),
        Attribute::Ints(v) => format!("{v:?}"),
        Attribute::Texts(v) => format!("{v:?}"),
        Attribute::Tensor(t) => format!("{}{:?}", t.dtype, t.shape),
        Attribute::Graph(body) => format!("<graph of {} nodes>", body.nodes.len()),
        Attribute::Reference(name) => format!("@{name}"),
        Attribute::Other(kind) => format!("<{kind}>"),
    }
}

#[cfg(test)]
mod tests {
    use crate::onnx::testing::Builder;

    #[test]
    fn text_form_is_stable() {
        let model = Builder::new(13)
            .input("x", &["N", "2"])
            .weights("w", &[2, 1], &[1., 2.])
            .node("MatMul", &["x", "w"], &["y"], |n| n)
            .node("Softmax", &["y"], &["z"], |n| n.int("axis", -1))
            .output("z", &["N", "1"])
            .model();
        let text = super::describe(&model);
        let body: Vec<&str> = text.lines().filter(|l| !l.starts_with("sha256")).collect();
        assert_eq!(
            body,
            [
                "model `test` ir 8 by `archsim-test`",
                "opset ai.onnx 13",
                "input x float32 [N, 2]",
                "output z float32 [N, 1]",
                "tensor w float32 [2, 1]",
                "node MatMul_0 MatMul(x, w) -> y",
                "node Softmax_1 Softmax(y) -> z axis=-1",
            ]
        );
    }
}
