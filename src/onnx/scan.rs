//! A walk over the protobuf wire format before anything is parsed.
//!
//! It knows which fields of which ONNX message are messages themselves, so it can bound the depth
//! to which the parser will recurse; fields it does not know are skipped by their length, as the
//! parser does. Groups (wire types 3 and 4), the only other way to recurse, do not occur in ONNX
//! and are refused. Encoding: <https://protobuf.dev/programming-guides/encoding/>; field numbers:
//! `onnx.proto` of ONNX 1.16.

use std::fmt;

/// What a model file may cost at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file, and of all external data together, in bytes.
    pub bytes: u64,
    /// Nesting of messages.
    pub depth: usize,
    /// Number of messages (a node, an attribute, a tensor is one each).
    pub messages: usize,
    /// Number of fields. Each may become a string or an unknown field of some tens of bytes, so
    /// this bounds the memory that a small file can claim.
    pub fields: usize,
}

impl Default for Limits {
    /// 512 MiB; a depth of 64 (a graph inside an attribute adds 3); a million messages.
    fn default() -> Self {
        Self { bytes: 512 << 20, depth: 64, messages: 1 << 20, fields: 1 << 24 }
    }
}

/// Why a file is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A field reaches past the end of the file.
    Truncated {
        /// Where the field starts.
        offset: usize,
        /// Bytes that it announces beyond the end.
        missing: u64,
    },
    /// The bytes are not protobuf, or not in the form of an ONNX file.
    Malformed {
        /// Where.
        offset: usize,
        /// What.
        what: &'static str,
    },
    /// Nested too deeply.
    TooDeep {
        /// Where the limit is passed.
        offset: usize,
        /// The limit.
        limit: usize,
    },
    /// Too many messages or fields.
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { offset, missing } => {
                write!(f, "the file ends {missing} byte(s) before the field that starts at byte {offset} does")
            }
            Self::Malformed { offset, what } => write!(f, "{what} at byte {offset}"),
            Self::TooDeep { offset, limit } => write!(f, "more than {limit} messages nested at byte {offset}"),
            Self::TooMany { what, limit } => write!(f, "more than {limit} {what}"),
        }
    }
}

/// ONNX message types, by what they can contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Sparse,
    ValueInfo,
    Type,
    TensorType,
    Element,
    Map,
    Shape,
    Training,
    Function,
    Annotation,
    Leaf,
}

/// The message type of a field, if the field is a message.
const fn child(kind: Kind, field: u64) -> Option<Kind> {
    use Kind::*;
    Some(match (kind, field) {
        (Model, 7) | (Attribute, 6 | 11) | (Training, 1 | 2) => Graph,
        (Model, 8 | 14) | (Graph, 16) | (Node, 9) | (ValueInfo, 4) | (Training, 3 | 4) | (Function, 9 | 14) => Leaf,
        (Model, 20) => Training,
        (Model, 25) => Function,
        (Graph, 1) | (Function, 7) => Node,
        (Graph, 5) | (Attribute, 5 | 10) | (Sparse, 1 | 2) => Tensor,
        (Graph, 11..=13) | (Function, 12) => ValueInfo,
        (Graph, 14) => Annotation,
        (Graph, 15) | (Attribute, 22 | 23) => Sparse,
        (Node, 5) | (Function, 11) => Attribute,
        (Attribute, 14 | 15) | (ValueInfo, 2) | (Element, 1) | (Map, 2) => Type,
        (Tensor, 3 | 13 | 16) | (Shape, 1) | (Annotation, 2) => Leaf,
        (Type, 1 | 8) => TensorType,
        (Type, 4 | 9) => Element,
        (Type, 5) => Map,
        (TensorType, 2) => Shape,
        _ => return None,
    })
}

/// Checks a whole file.
///
/// # Errors
/// The first fault, in file order.
pub fn scan(bytes: &[u8], limits: &Limits) -> Result<(), Fault> {
    // An explicit stack: this function must not recurse on hostile input itself.
    let mut open: Vec<(Kind, usize)> = vec![(Kind::Model, bytes.len())];
    let (mut messages, mut fields) = (1usize, 0usize);
    let mut at = 0;
    while let Some(&(kind, end)) = open.last() {
        if at == end {
            open.pop();
            continue;
        }
        let start = at;
        let tag = varint(bytes, &mut at, end, open.len() == 1)?;
        fields += 1;
        if fields > limits.fields {
            return Err(Fault::TooMany { what: "fields", limit: limits.fields });
        }
        let field = tag >> 3;
        if field == 0 || field > 0x1fff_ffff {
            return Err(Fault::Malformed { offset: start, what: "a field number that protobuf does not allow" });
        }
        let length = match tag & 7 {
            0 => {
                varint(bytes, &mut at, end, open.len() == 1)?;
                continue;
            }
            1 => 8,
            2 => varint(bytes, &mut at, end, open.len() == 1)?,
            5 => 4,
            3 | 4 => return Err(Fault::Malformed { offset: start, what: "a group, which ONNX does not use," }),
            _ => return Err(Fault::Malformed { offset: start, what: "a wire type that protobuf does not know" }),
        };
        let rest = (end - at) as u64;
        if length > rest {
            return Err(if open.len() == 1 {
                Fault::Truncated { offset: start, missing: length - rest }
            } else {
                Fault::Malformed { offset: start, what: "a field that is longer than its message" }
            });
        }
        let next = at + length as usize;
        match child(kind, field) {
            Some(inner) if tag & 7 == 2 => {
                messages += 1;
                if messages > limits.messages {
                    return Err(Fault::TooMany { what: "messages", limit: limits.messages });
                }
                if open.len() >= limits.depth {
                    return Err(Fault::TooDeep { offset: start, limit: limits.depth });
                }
                open.push((inner, next));
            }
            _ => at = next,
        }
    }
    Ok(())
}

/// Reads a base-128 number of at most ten bytes.
fn varint(bytes: &[u8], at: &mut usize, end: usize, top: bool) -> Result<u64, Fault> {
    let start = *at;
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        if *at >= end {
            return Err(if top {
                Fault::Truncated { offset: start, missing: 1 }
            } else {
                Fault::Malformed { offset: start, what: "a number that is longer than its message" }
            });
        }
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Fault::Malformed { offset: start, what: "a number of more than ten bytes" })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field with contents.
    fn wrap(field: u8, inner: &[u8]) -> Vec<u8> {
        let mut out = vec![field << 3 | 2];
        let mut n = inner.len();
        while n >= 0x80 {
            out.push(n as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
        out.extend(inner);
        out
    }

    /// Graphs in attributes of nodes, `levels` deep.
    fn nested(levels: usize) -> Vec<u8> {
        (0..levels).fold(vec![], |inner, _| wrap(1, &wrap(5, &wrap(6, &inner))))
    }

    #[test]
    fn depth_is_bounded() {
        let limits = Limits::default();
        assert_eq!(scan(&wrap(7, &nested(20)), &limits), Ok(()));
        assert!(matches!(scan(&wrap(7, &nested(3000)), &limits), Err(Fault::TooDeep { limit: 64, .. })));
        // sequence types recurse without a graph
        let types = (0..200).fold(vec![], |inner, _| wrap(4, &wrap(1, &inner)));
        let file = wrap(7, &wrap(11, &wrap(2, &types)));
        assert!(matches!(scan(&file, &limits), Err(Fault::TooDeep { .. })));
    }

    #[test]
    fn groups_and_bad_numbers_are_refused() {
        let limits = Limits::default();
        assert!(matches!(scan(&[99 << 1 | 1, 1, 0x0b], &limits), Err(Fault::Malformed { .. })));
        assert!(matches!(scan(&[0x0b], &limits), Err(Fault::Malformed { .. })));
        assert!(matches!(scan(&[0x08; 1], &limits), Err(Fault::Truncated { .. })));
        assert!(matches!(
            scan(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], &limits),
            Err(Fault::Malformed { .. })
        ));
        assert!(matches!(scan(&[0x3a, 5, 0], &limits), Err(Fault::Truncated { missing: 4, .. })));
        // a length of nearly 2^64 must not overflow
        assert!(matches!(
            scan(&[0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], &limits),
            Err(Fault::Truncated { .. })
        ));
    }

    #[test]
    fn counts_are_bounded() {
        let limits = Limits { messages: 100, fields: 1000, ..Limits::default() };
        let nodes = wrap(7, &[0x0a, 0].repeat(200));
        assert!(matches!(scan(&nodes, &limits), Err(Fault::TooMany { what: "messages", .. })));
        let names = wrap(7, &wrap(1, &[0x0a, 0].repeat(2000)));
        assert!(matches!(scan(&names, &limits), Err(Fault::TooMany { what: "fields", .. })));
    }
}
