//! Parts of tensors put elsewhere.

mod concat;
mod gather;
mod gather_elements;
mod gather_nd;
mod non_zero;
mod one_hot;
mod pad;
mod places;
mod resize;
mod reverse_sequence;
mod scatter;
mod slice;
mod split;
mod taps;
mod trilu;
mod unique;

use super::{Reach, Table, along, axis};
use crate::graph::Fact;

pub use concat::Concat;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[
    ("Compress", non_zero::compress),
    ("Concat", concat::new),
    ("Gather", gather::new),
    ("GatherElements", gather_elements::new),
    ("GatherND", gather_nd::new),
    ("NonZero", non_zero::new),
    ("OneHot", one_hot::new),
    ("Pad", pad::new),
    ("Resize", resize::new),
    ("ReverseSequence", reverse_sequence::new),
    ("Scatter", scatter::elements),
    ("ScatterElements", scatter::elements),
    ("ScatterND", scatter::nd),
    ("Slice", slice::new),
    ("Split", split::new),
    ("Trilu", trilu::new),
    ("Unique", unique::new),
    ("Upsample", resize::upsample),
];

/// The reach of an operator that moves data along one axis.
fn along_axis(at: i64, inputs: &[Option<&Fact>]) -> Reach {
    let rank = inputs.first().copied().flatten().map_or(0, |x| x.shape.len());
    axis(at, rank).map_or(Reach::All, |d| along(&[d], rank))
}
