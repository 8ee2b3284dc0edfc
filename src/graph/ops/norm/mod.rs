//! Normalisations.

mod batch_norm;
mod group_norm;
mod layer_norm;
mod lp_norm;
mod lrn;
mod mean_variance;
mod rms_norm;

use super::{Fact, OpError, OpResult, Table};

pub use batch_norm::BatchNorm;
pub use group_norm::{GroupNorm, Grouping};
pub use layer_norm::LayerNorm;
pub use lp_norm::LpNorm;
pub use lrn::Lrn;
pub use mean_variance::MeanVarianceNorm;
pub use rms_norm::RmsNorm;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[
    ("BatchNormalization", batch_norm::new),
    ("GroupNormalization", group_norm::group),
    ("InstanceNormalization", group_norm::instance),
    ("LayerNormalization", layer_norm::new),
    ("LRN", lrn::new),
    ("LpNormalization", lp_norm::new),
    ("MeanVarianceNormalization", mean_variance::new),
    ("RMSNormalization", rms_norm::new),
];

/// Mean and variance (of the whole, not of a sample).
fn moments(x: &[f32]) -> (f64, f64) {
    let count = x.len().max(1) as f64;
    let mean = x.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
    (mean, x.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / count)
}

/// For each element of a tensor of shape `shape` the index of its entry in a parameter that broadcasts to it.
fn spread(own: &[usize], shape: &[usize]) -> OpResult<Vec<usize>> {
    let fits = super::broadcast(own, shape)?;
    if fits != shape {
        return Err(OpError::new(format!("a parameter of shape {own:?} does not broadcast to {shape:?}")));
    }
    let skip = shape.len() - own.len();
    let mut out = vec![0usize];
    for (d, size) in shape.iter().enumerate() {
        let n = if d < skip { 1 } else { own[d - skip] };
        out = out.iter().flat_map(|o| (0..*size).map(move |i| o * n + if n == 1 { 0 } else { i })).collect();
    }
    Ok(out)
}

/// Lane operations of a normalisation: so many for each element of the first output.
fn each(outputs: &[Fact], count: u64) -> u64 {
    count * outputs.first().and_then(Fact::elements).unwrap_or(0) as u64
}
