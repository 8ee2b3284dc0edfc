//! `GroupNormalization` and `InstanceNormalization`: each sample by itself, groups of channels or channel by
//! channel.

use super::super::{OpError, OpResult, Operator, need, need_real};
use super::{each, moments};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// What is normalised together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// Every channel by itself (`InstanceNormalization`).
    Channel,
    /// So many groups of channels; `per_group` says that each has one scale and shift (operator set 18), not each
    /// channel (since 21).
    Groups {
        /// Number of groups.
        count: usize,
        /// Whether scale and shift belong to groups.
        per_group: bool,
    },
}

/// `(x - mean) / sqrt(var + epsilon) · scale + shift`; inputs x, scale, shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupNorm {
    /// What is normalised together.
    pub grouping: Grouping,
    /// Added to the variance.
    pub epsilon: f32,
}

pub(super) fn instance(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    attrs.ignore(&["consumed_inputs"]);
    let epsilon = attrs.float("epsilon")?.unwrap_or(1e-5);
    Ok(Box::new(GroupNorm { grouping: Grouping::Channel, epsilon }))
}

pub(super) fn group(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    // statistics are always taken in double precision
    attrs.ignore(&["stash_type"]);
    let count = attrs.int("num_groups")?.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    let count = count.ok_or_else(|| OpError::new("`num_groups` must be given and at least 1"))?;
    let grouping = Grouping::Groups { count, per_group: attrs.opset < 21 };
    Ok(Box::new(GroupNorm { grouping, epsilon: attrs.float("epsilon")?.unwrap_or(1e-5) }))
}

impl GroupNorm {
    /// Groups, and entries of scale and shift, for so many channels.
    fn sizes(&self, shape: &[usize]) -> OpResult<(usize, usize)> {
        let channels = *shape.get(1).ok_or_else(|| OpError::new(format!("wants channels, not the shape {shape:?}")))?;
        match self.grouping {
            Grouping::Channel => Ok((channels, channels)),
            Grouping::Groups { count, per_group } if channels.is_multiple_of(count) => {
                Ok((count, if per_group { count } else { channels }))
            }
            Grouping::Groups { count, .. } => {
                Err(OpError::new(format!("{channels} channels do not make {count} groups")))
            }
        }
    }
}

impl Operator for GroupNorm {
    fn name(&self) -> &'static str {
        if self.grouping == Grouping::Channel { "InstanceNormalization" } else { "GroupNormalization" }
    }
    fn arity(&self) -> (usize, usize) {
        (3, 3)
    }
    /// Sum, square, centring and scaling of each element.
    fn lane_ops(&self, _: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        each(outputs, 4)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need_real(inputs, 0)?;
        let (_, entries) = self.sizes(&x.shape)?;
        for i in 1..3 {
            let own = &need_real(inputs, i)?.shape;
            if *own != [entries] {
                return Err(OpError::new(format!("input {i} has shape {own:?}, but [{entries}] is due")));
            }
        }
        Ok(vec![Fact::new(x.dtype, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?.as_real()?;
        let (scale, shift) = (elements(need(inputs, 1)?.as_real()?), elements(need(inputs, 2)?.as_real()?));
        let (groups, entries) = self.sizes(x.shape())?;
        let plane: usize = x.shape()[2..].iter().product();
        let together = x.shape()[1] / groups * plane;
        let mut out = elements(x).to_vec();
        for (i, part) in out.chunks_exact_mut(together.max(1)).enumerate() {
            let (mean, var) = moments(part);
            let inverse = 1.0 / (var + f64::from(self.epsilon)).sqrt();
            let first = i % groups * (entries / groups);
            for (k, v) in part.iter_mut().enumerate() {
                let entry = if entries == groups { first } else { first + k / plane };
                let factor = inverse * f64::from(scale[entry]);
                *v = ((f64::from(*v) - mean) * factor + f64::from(shift[entry])) as f32;
            }
        }
        Ok(vec![Value::real(x.shape(), out)?])
    }
}
