//! `BatchNormalization` at inference: `scale · (x - mean) / sqrt(var + epsilon) + shift` per channel.

use std::sync::Arc;

use ndarray::ArrayD;

use super::super::{OpError, OpResult, Operator, Reach, need, need_real, take_real};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// Batch normalisation with stored statistics; inputs x, scale, shift, mean, var.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchNorm {
    /// Added to the variance.
    pub epsilon: f32,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let epsilon = attrs.float("epsilon")?.unwrap_or(1e-5);
    attrs.ignore(&["momentum"]);
    if attrs.opset < 9 {
        attrs.ignore(&["is_test", "consumed_inputs"]);
        if !attrs.flag("spatial", true)? {
            return Err(OpError::new("normalises every element on its own (`spatial` = 0), which is not supported"));
        }
    }
    if attrs.opset >= 14 && attrs.flag("training_mode", false)? {
        return Err(OpError::new("is in training mode; export the network for inference"));
    }
    if (1..5).any(|i| attrs.has_output(i)) {
        return Err(OpError::new("has outputs of training; export the network for inference"));
    }
    Ok(Box::new(BatchNorm { epsilon }))
}

impl BatchNorm {
    /// Factor and offset of each channel from scale, shift, mean and variance.
    ///
    /// # Errors
    /// When a variance with epsilon is not positive.
    pub fn affine(&self, [scale, shift, mean, var]: [&[f32]; 4]) -> OpResult<Vec<(f64, f64)>> {
        (0..scale.len())
            .map(|c| {
                let spread = f64::from(var[c]) + f64::from(self.epsilon);
                if spread <= 0.0 {
                    return Err(OpError::new(format!("the variance of channel {c} is {}", var[c])));
                }
                let factor = f64::from(scale[c]) / spread.sqrt();
                Ok((factor, f64::from(shift[c]) - factor * f64::from(mean[c])))
            })
            .collect()
    }

    /// Normalises in place; the inputs are scale, shift, mean and variance.
    fn apply(&self, x: &mut ArrayD<f32>, inputs: &[Option<&Value>]) -> OpResult<()> {
        let mut lists = [&[][..]; 4];
        for (i, list) in lists.iter_mut().enumerate() {
            *list = elements(need(inputs, i)?.as_real()?);
        }
        let affine = self.affine(lists)?;
        let plane: usize = x.shape().iter().skip(2).product();
        let x = x.as_slice_mut().expect("values of the graph are in standard layout");
        for (i, part) in x.chunks_exact_mut(plane.max(1)).enumerate() {
            let (factor, offset) = affine[i % affine.len()];
            for v in part {
                *v = (f64::from(*v) * factor + offset) as f32;
            }
        }
        Ok(())
    }
}

impl Operator for BatchNorm {
    fn name(&self) -> &'static str {
        "BatchNormalization"
    }
    fn arity(&self) -> (usize, usize) {
        (5, 5)
    }
    /// One product with an addend for each element; factor and offset are constants.
    fn lane_ops(&self, _: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        super::each(outputs, 1)
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need_real(inputs, 0)?;
        let channels = x.shape.get(1).copied().unwrap_or(1);
        for i in 1..5 {
            let s = &need_real(inputs, i)?.shape;
            if *s != [channels] {
                return Err(OpError::new(format!("input {i} has shape {s:?}, but there are {channels} channel(s)")));
            }
        }
        Ok(vec![Fact::new(x.dtype, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let mut x = need(inputs, 0)?.as_real()?.clone();
        self.apply(&mut x, &inputs[1..])?;
        Ok(vec![Value::Real(x)])
    }
    fn consume(&self, mut inputs: Vec<Option<Arc<Value>>>) -> OpResult<Vec<Value>> {
        let mut x = take_real(&mut inputs, 0)?;
        self.apply(&mut x, &inputs[1..].iter().map(Option::as_deref).collect::<Vec<_>>())?;
        Ok(vec![Value::Real(x)])
    }
}
