//! `Attention` of operator sets 23 and 24: `softmax(Q · Kᵀ · scale + mask) · V`, head by head.

use super::super::{OpError, OpResult, Operator, maybe, need, need_real};
use super::heads::Heads;
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// Scaled dot-product attention. Inputs: Q, K, V, mask (numbers to add, or truths), past K, past V, number of
/// steps of each sequence that are not padding. Outputs: Y, present K, present V, the scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attention {
    /// Whether a step sees none after it.
    pub causal: bool,
    /// Heads of Q, if Q has three dimensions.
    pub q_heads: Option<usize>,
    /// Heads of K and V, if they have three dimensions. Several heads of Q may share one.
    pub kv_heads: Option<usize>,
    /// Factor of the scores; one over the root of the width if absent.
    pub scale: Option<f32>,
    /// Scores are squeezed to `softcap · tanh(score / softcap)`; 0 leaves them.
    pub softcap: f32,
    /// What the last output holds: 0 the products, 1 with the mask, 2 after the soft cap, 3 after the softmax.
    pub scores: i64,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    // everything computes in float32
    attrs.ignore(&["softmax_precision"]);
    let mut heads = |name| -> OpResult<Option<usize>> {
        let given = attrs.int(name)?;
        let wrong = |_| OpError::new(format!("`{name}` must not be negative"));
        Ok(given.map(usize::try_from).transpose().map_err(wrong)?.filter(|n| *n > 0))
    };
    let (q_heads, kv_heads) = (heads("q_num_heads")?, heads("kv_num_heads")?);
    let scores = attrs.int("qk_matmul_output_mode")?.unwrap_or(0);
    if !(0..=3).contains(&scores) {
        return Err(OpError::new(format!("`qk_matmul_output_mode` is {scores}, not 0 to 3")));
    }
    Ok(Box::new(Attention {
        causal: attrs.flag("is_causal", false)?,
        q_heads,
        kv_heads,
        scale: attrs.float("scale")?,
        softcap: attrs.float("softcap")?.unwrap_or(0.0),
        scores,
    }))
}

/// Sizes of one evaluation.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    q: Heads,
    k: Heads,
    v: Heads,
    /// Steps of the past.
    past: usize,
}

impl Sizes {
    /// Steps that a query can look at.
    const fn total(&self) -> usize {
        self.past + self.k.steps
    }
    fn present(&self, of: Heads) -> Vec<usize> {
        vec![of.batch, of.heads, self.total(), of.width]
    }
    fn scores(&self) -> Vec<usize> {
        vec![self.q.batch, self.q.heads, self.q.steps, self.total()]
    }
    fn output(&self) -> Vec<usize> {
        Heads { width: self.v.width, ..self.q }.shape()
    }
}

impl Attention {
    fn sizes(&self, shape: impl Fn(usize) -> Option<Vec<usize>>) -> OpResult<Sizes> {
        let of = |at: usize, heads| {
            let shape = shape(at).ok_or_else(|| OpError::new(format!("input {at} is missing")))?;
            Heads::of(&shape, heads)
        };
        let (q, k, v) = (of(0, self.q_heads)?, of(1, self.kv_heads)?, of(2, self.kv_heads)?);
        let fits = q.batch == k.batch && (k.batch, k.heads, k.steps) == (v.batch, v.heads, v.steps);
        if !fits || q.width != k.width || k.heads == 0 || !q.heads.is_multiple_of(k.heads) {
            return Err(OpError::new(format!("Q, K and V of {q:?}, {k:?} and {v:?} do not fit together")));
        }
        let past = shape(4).map_or(0, |s| s.get(2).copied().unwrap_or(0));
        let sizes = Sizes { q, k, v, past };
        for (at, of) in [(4, k), (5, v)] {
            let due = [of.batch, of.heads, past, of.width];
            if shape(at).is_some_and(|s| s != due) || shape(4).is_some() != shape(5).is_some() {
                return Err(OpError::new(format!("past keys and values do not fit; the shape {due:?} is due")));
            }
        }
        if let Some(mask) = shape(3) {
            let scores = sizes.scores();
            let skip = scores.len().checked_sub(mask.len()).filter(|_| !mask.is_empty());
            let fits = skip.is_some_and(|skip| {
                let last = mask.len() - 1;
                (0..last).all(|d| mask[d] == 1 || mask[d] == scores[skip + d]) && mask[last] <= scores[3]
            });
            if !fits {
                return Err(OpError::new(format!("a mask of shape {mask:?} does not fit scores of {scores:?}")));
            }
        }
        if shape(6).is_some_and(|s| s != [q.batch]) {
            return Err(OpError::new("the numbers of steps without padding must be one for each sequence"));
        }
        Ok(sizes)
    }

    /// What is added to the score of every query and key, `-inf` where it must not look.
    fn bias(&self, inputs: &[Option<&Value>], s: Sizes) -> OpResult<Vec<f32>> {
        let shape = s.scores();
        let mut bias = vec![0.0f32; shape.iter().product()];
        let mask = maybe(inputs, 3);
        let own = mask.map_or(&[][..], Value::shape);
        let numbers: Option<Vec<f32>> = mask.map(|m| match m {
            Value::Real(a) => elements(a).to_vec(),
            Value::Int(_, a) => a.iter().map(|v| if *v != 0 { 0.0 } else { f32::NEG_INFINITY }).collect(),
        });
        let lengths = maybe(inputs, 6).map(|v| v.ints("the numbers of steps")).transpose()?;
        let mut at = [0usize; 4];
        for value in &mut bias {
            let [b, _, query, key] = at;
            if let Some(numbers) = &numbers {
                let (skip, last) = (4 - own.len(), own.len() - 1);
                let one = |i: usize, d: usize| i * own[d] + if own[d] == 1 { 0 } else { at[skip + d] };
                // a mask may be shorter than the keys, and hides the rest of them
                *value = if key >= own[last] { f32::NEG_INFINITY } else { numbers[(0..=last).fold(0, one)] };
            }
            let hidden = self.causal && key > query + s.past;
            let padding = lengths.as_ref().is_some_and(|l| key as i64 >= l[b]);
            if hidden || padding {
                *value = f32::NEG_INFINITY;
            }
            for d in (0..4).rev() {
                at[d] += 1;
                if at[d] < shape[d] {
                    break;
                }
                at[d] = 0;
            }
        }
        Ok(bias)
    }
}

/// The past and the present one after the other, `[batch, heads, steps, width]`.
fn joined(past: Option<&Value>, now: &Value, of: Heads, past_steps: usize) -> OpResult<Vec<f32>> {
    let now = elements(now.as_real()?);
    let past = past.map(Value::as_real).transpose()?.map(elements);
    let mut out = Vec::with_capacity(of.batch * of.heads * (past_steps + of.steps) * of.width);
    for b in 0..of.batch {
        for h in 0..of.heads {
            if let Some(past) = past {
                let block = past_steps * of.width;
                let from = (b * of.heads + h) * block;
                out.extend_from_slice(&past[from..from + block]);
            }
            for s in 0..of.steps {
                let from = of.at(b, h, s);
                out.extend_from_slice(&now[from..from + of.width]);
            }
        }
    }
    Ok(out)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Normalised exponentials; a row that may look nowhere gives zeros.
fn softmax(row: &mut [f32]) {
    let top = row.iter().fold(f32::NEG_INFINITY, |m, v| m.max(*v));
    if top == f32::NEG_INFINITY {
        row.fill(0.0);
        return;
    }
    let mut sum = 0.0;
    for v in row.iter_mut() {
        *v = libm::expf(*v - top);
        sum += *v;
    }
    for v in row {
        *v /= sum;
    }
}

impl Operator for Attention {
    fn name(&self) -> &'static str {
        "Attention"
    }
    fn arity(&self) -> (usize, usize) {
        (3, 7)
    }
    /// For each query and key both products, the mask, and maximum, exponential, sum and quotient of the softmax;
    /// the soft cap looks up one more.
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        let sizes = self.sizes(|i| maybe(inputs, i).map(|f| f.shape.clone()));
        sizes.map_or(0, |s| {
            let each = s.q.width + s.v.width + 5 + usize::from(self.softcap > 0.0);
            (s.scores().iter().product::<usize>() * each) as u64
        })
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        for at in 0..3 {
            need_real(inputs, at)?;
        }
        if maybe(inputs, 3).is_some_and(|m| !m.dtype.is_float() && m.dtype != DType::Bool) {
            return Err(OpError::new("a mask must hold numbers or truths"));
        }
        let dtype = need(inputs, 0)?.dtype;
        let s = self.sizes(|i| maybe(inputs, i).map(|f| f.shape.clone()))?;
        Ok([s.output(), s.present(s.k), s.present(s.v), s.scores()].map(|shape| Fact::new(dtype, shape)).into())
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let s = self.sizes(|i| maybe(inputs, i).map(|v| v.shape().to_vec()))?;
        let q = elements(need(inputs, 0)?.as_real()?);
        let keys = joined(maybe(inputs, 4), need(inputs, 1)?, s.k, s.past)?;
        let values = joined(maybe(inputs, 5), need(inputs, 2)?, s.v, s.past)?;
        let bias = self.bias(inputs, s)?;
        let scale = self.scale.unwrap_or_else(|| 1.0 / (s.q.width as f32).sqrt());
        let (total, share) = (s.total(), s.q.heads / s.k.heads);
        let output = Heads { width: s.v.width, ..s.q };
        let mut out = vec![0.0f32; output.shape().iter().product()];
        let mut kept = vec![0.0f32; bias.len()];
        let mut row = vec![0.0f32; total];
        for b in 0..s.q.batch {
            for h in 0..s.q.heads {
                let first = (b * s.k.heads + h / share) * total;
                for step in 0..s.q.steps {
                    let place = ((b * s.q.heads + h) * s.q.steps + step) * total;
                    let kept = &mut kept[place..place + total];
                    let from = s.q.at(b, h, step);
                    let query = &q[from..from + s.q.width];
                    for (t, score) in row.iter_mut().enumerate() {
                        let key = &keys[(first + t) * s.k.width..(first + t + 1) * s.k.width];
                        let product = dot(query, key) * scale;
                        let masked = product + bias[place + t];
                        let capped = match self.softcap {
                            cap if cap > 0.0 => cap * libm::tanhf(masked / cap),
                            _ => masked,
                        };
                        // past a soft cap, what must not be seen would be seen a little
                        *score = if masked == f32::NEG_INFINITY { masked } else { capped };
                        kept[t] = [product, masked, capped, 0.0][self.scores as usize];
                    }
                    softmax(&mut row);
                    if self.scores == 3 {
                        kept.copy_from_slice(&row);
                    }
                    let to = output.at(b, h, step);
                    for (t, weight) in row.iter().enumerate() {
                        let value = &values[(first + t) * s.v.width..(first + t + 1) * s.v.width];
                        for (o, v) in out[to..to + s.v.width].iter_mut().zip(value) {
                            *o += weight * v;
                        }
                    }
                }
            }
        }
        Ok(vec![
            Value::real(&s.output(), out)?,
            Value::real(&s.present(s.k), keys)?,
            Value::real(&s.present(s.v), values)?,
            Value::real(&s.scores(), kept)?,
        ])
    }
}
