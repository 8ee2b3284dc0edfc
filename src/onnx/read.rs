//! Reading a model file, with every bound checked before the parser runs.

use std::fs::File;
use std::io::Read;
use std::ops::RangeInclusive;
use std::path::Path;

use super::model::{Model, Tensor};
use super::proto;
use super::scan::{Fault, Limits, scan, scan_tensor};
use crate::diag::{Diagnostic, Diagnostics, Result};

/// Versions of the ONNX operator set that are understood.
pub const OPSETS: RangeInclusive<i64> = 6..=24;

/// Newest version of the file format that is understood.
pub const IR: i64 = 12;

/// Stack of the parsing thread. [`Limits::depth`] allows 64 levels, a quarter of a mebibyte each; a
/// test parses a file that is as deep as allowed.
const STACK: usize = 16 << 20;

/// Reads and checks an ONNX file.
///
/// # Errors
/// F001 and the codes M001 to M011: everything that is wrong with the file.
pub fn read(path: &Path, limits: &Limits) -> Result<Model> {
    let name = path.display().to_string();
    let bytes = contents(path, &name, limits)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    read_bytes(&bytes, &name, Some(folder), limits)
}

/// Reads a file that holds one tensor (a `TensorProto`), as stand beside the models of the ONNX test suite.
/// Its elements may be infinite or NaN.
///
/// # Errors
/// F001 and the codes M001 to M009.
pub fn read_tensor(path: &Path, limits: &Limits) -> Result<Tensor> {
    let name = path.display().to_string();
    let bytes = contents(path, &name, limits)?;
    scan_tensor(&bytes, limits).map_err(|fault| refused(&name, &fault))?;
    on_own_stack(&name, || proto::parse_tensor(&bytes, &name, limits.bytes))
}

/// The bytes of a file within the limits.
fn contents(path: &Path, name: &str, limits: &Limits) -> Result<Vec<u8>> {
    let unreadable = |e: std::io::Error| {
        Diagnostic::error("F001", format!("{name} cannot be read: {e}")).help("check the path of the ONNX file")
    };
    let file = File::open(path).map_err(unreadable)?;
    let meta = file.metadata().map_err(unreadable)?;
    if meta.is_dir() {
        return Err(Diagnostic::error("F001", format!("{name} is a folder, not an ONNX file"))
            .help("give the .onnx file itself")
            .into());
    }
    if meta.len() > limits.bytes {
        return Err(oversized(name, limits).into());
    }
    let mut bytes = Vec::new();
    // The size is checked again on what was really read: a pipe has none.
    file.take(limits.bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// Checks and parses a model in memory; `folder` is where external data may lie.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(bytes: &[u8], file: &str, folder: Option<&Path>, limits: &Limits) -> Result<Model> {
    if bytes.is_empty() {
        let d = Diagnostic::error("M001", format!("{file} is empty"));
        return Err(d.help("export the network again").into());
    }
    if bytes.len() as u64 > limits.bytes {
        return Err(oversized(file, limits).into());
    }
    scan(bytes, limits).map_err(|fault| refused(file, &fault))?;
    on_own_stack(file, || proto::parse(bytes, file, folder, limits.bytes))
}

/// Parses on a thread with a stack of known size.
fn on_own_stack<T: Send>(file: &str, parse: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let parsed = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("onnx".into()).stack_size(STACK).spawn_scoped(scope, parse);
        thread.map(|t| t.join())
    });
    match parsed {
        Ok(Ok(parsed)) => parsed,
        Ok(Err(_)) => Err(Diagnostic::error("M004", format!("{file} is not an ONNX file: the parser gave up")).into()),
        Err(e) => Err(Diagnostic::failure("M004", format!("{file} could not be parsed: no thread: {e}")).into()),
    }
}

fn oversized(file: &str, limits: &Limits) -> Diagnostic {
    let message = format!("{file} is larger than the limit of {} bytes", limits.bytes);
    Diagnostic::error("M002", message).help("check that this is the file you meant")
}

fn refused(file: &str, fault: &Fault) -> Diagnostics {
    let (code, message, help) = match fault {
        Fault::Truncated { .. } => ("M003", format!("{file} is cut off: {fault}"), "copy or export the file again"),
        Fault::Malformed { .. } => {
            ("M004", format!("{file} is not an ONNX file: {fault}"), "check that this is the file you meant")
        }
        Fault::TooDeep { .. } | Fault::TooMany { .. } => (
            "M005",
            format!("{file} is refused: {fault}"),
            "no sensible network needs this; the file is damaged or hostile",
        ),
    };
    Diagnostic::error(code, message).help(help).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::testing::{Builder, code_of};
    use crate::onnx::{Attribute, Data, Dim};

    fn small() -> Vec<u8> {
        Builder::new(13)
            .input("x", &["N", "2"])
            .weights("w", &[2, 3], &[1., 2., 3., 4., 5., 6.])
            .node("Gemm", &["x", "w"], &["y"], |n| n.int("transB", 0).float("alpha", 0.5).ints("list", &[1, -2]))
            .output("y", &["N", "3"])
            .bytes()
    }

    fn parse(bytes: &[u8]) -> Result<Model> {
        read_bytes(bytes, "m.onnx", None, &Limits::default())
    }

    #[test]
    fn a_model_comes_through() {
        let m = parse(&small()).expect("valid");
        assert_eq!((m.opset, m.inputs.len(), m.outputs.len(), m.nodes.len()), (13, 1, 1, 1));
        assert_eq!(m.inputs[0].dims, Some(vec![Dim::Symbol("N".into()), Dim::Fixed(2)]));
        assert_eq!(m.initialisers[0].shape, [2, 3]);
        assert_eq!(m.initialisers[0].data, Data::F32(vec![1., 2., 3., 4., 5., 6.]));
        assert_eq!(m.nodes[0].name, "Gemm_0");
        assert_eq!(m.nodes[0].attributes[2], ("list".into(), Attribute::Ints(vec![1, -2])));
        assert_eq!(m.sha256.len(), 64);
    }

    /// Every cut of a model is an error with a code, never a panic.
    #[test]
    fn every_truncation_is_refused() {
        let bytes = small();
        for length in 0..bytes.len() {
            let error = parse(&bytes[..length]).expect_err("cut");
            let code = code_of(&error);
            assert!(["M001", "M003", "M004", "M006", "M007"].contains(&code), "{length}: {error}");
        }
    }

    #[test]
    fn every_flipped_byte_is_survived() {
        let bytes = small();
        for at in 0..bytes.len() {
            for flip in [0xff, 0x80, 0x01] {
                let mut bad = bytes.clone();
                bad[at] ^= flip;
                if let Ok(model) = parse(&bad) {
                    let _ = crate::graph::Graph::build(&model, &Default::default());
                }
            }
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 1..300)) {
            let _ = parse(&bytes);
        }
        /// Random bytes in the place of the graph reach the parser more often.
        #[test]
        fn random_graphs_never_panic(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 1..100)) {
            let mut bytes = vec![0x3a, body.len() as u8];
            bytes.extend(&body);
            let _ = parse(&bytes);
        }
    }

    /// A model whose graph holds graphs in attributes of nodes, `levels` deep.
    fn nested(levels: usize) -> Vec<u8> {
        let wrap = |tag: u8, inner: &[u8]| {
            let mut out = vec![tag];
            let mut n = inner.len();
            while n >= 0x80 {
                out.push(n as u8 | 0x80);
                n >>= 7;
            }
            out.push(n as u8);
            out.extend(inner);
            out
        };
        // attribute.g = 6, node.attribute = 5, graph.node = 1, model.graph = 7
        let graph = (0..levels).fold(vec![], |inner, _| wrap(0x0a, &wrap(0x2a, &wrap(0x32, &inner))));
        wrap(0x3a, &graph)
    }

    #[test]
    fn deep_nesting_is_refused_before_parsing() {
        assert_eq!(code_of(&parse(&nested(5000)).expect_err("deep")), "M005");
        // 2 + 3 · 20 = 62 levels pass the scan; the parser gets through them and misses the opset
        assert_eq!(code_of(&parse(&nested(20)).expect_err("no opset")), "M007");
        assert_eq!(code_of(&parse(&nested(21)).expect_err("65 levels")), "M005");
    }

    #[test]
    fn bounds_and_contents_are_checked() {
        let tight = Limits { bytes: 10, ..Limits::default() };
        assert_eq!(code_of(&read_bytes(&small(), "m", None, &tight).expect_err("big")), "M002");
        assert_eq!(code_of(&read(Path::new("/nonexistent/m.onnx"), &tight).expect_err("missing")), "F001");
        assert_eq!(code_of(&parse(b"PK\x03\x04 not a model").expect_err("zip")), "M004");
        for opset in [5, 25] {
            assert_eq!(code_of(&parse(&Builder::new(opset).bytes()).expect_err("opset")), "M007");
        }
        assert_eq!(code_of(&parse(&Builder::new(13).ir(13).bytes()).expect_err("format")), "M025");
        assert!(parse(&Builder::new(13).ir(12).bytes()).is_ok());
        let int4 = Builder::new(21).tensor(|t| t.data_type = 22);
        assert!(parse(&int4.bytes()).expect_err("int4").to_string().contains("int4"));
        let nan = Builder::new(13).weights("conv.w", &[2], &[0.0, f32::NAN]).bytes();
        let error = parse(&nan).expect_err("NaN");
        assert_eq!(code_of(&error), "M010");
        assert!(error.to_string().contains("`conv.w`: element 1"), "{error}");
        for shape in [vec![3], vec![-1], vec![i64::MAX, 4]] {
            let bad = Builder::new(13).tensor(|t| {
                t.name = "w".into();
                t.data_type = 1;
                t.dims = shape.clone();
                t.raw_data = vec![0; 8];
            });
            assert_eq!(code_of(&parse(&bad.bytes()).expect_err("size")), "M009", "{shape:?}");
        }
        let text = Builder::new(13).tensor(|t| t.data_type = 8);
        let error = parse(&text.bytes()).expect_err("string");
        assert!(error.to_string().contains("string"), "{error}");
        assert_eq!(code_of(&error), "M008");
        let outside = Builder::new(13).external("w", "../../etc/passwd");
        let error = read_bytes(&outside.bytes(), "m", Some(Path::new(".")), &Limits::default()).expect_err("outside");
        assert_eq!(code_of(&error), "M011");
    }
}
