//! `Pad` by a constant, by reflection or by the edge, and since operator set 19 by wrapping around;
//! attributes up to set 10, inputs since 11, with `axes` since 18.

use ndarray::{ArrayD, IxDyn};

use super::super::{OpError, OpResult, Operator, Reach, along, axis, maybe, moves_data, need};
use crate::graph::{Attrs, Fact, Value};

/// What fills the padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Constant,
    Reflect,
    Edge,
    Wrap,
}

/// Padding in front of and behind dimensions; negative padding crops.
#[derive(Debug, Clone, PartialEq)]
pub struct Pad {
    mode: Mode,
    given: Option<(Vec<i64>, f32)>,
}

/// Padding of one dimension may not exceed this: more is a damaged file.
const MAX_PAD: u64 = 1 << 31;

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let mode = match attrs.text("mode")? {
        None | Some("constant") => Mode::Constant,
        Some("reflect") => Mode::Reflect,
        Some("edge") => Mode::Edge,
        Some("wrap") if attrs.opset >= 19 => Mode::Wrap,
        Some(other) => return Err(OpError::new(format!("`mode` is `{other}`, not constant, reflect, edge or wrap"))),
    };
    let given = if attrs.opset < 11 {
        let pads = attrs.ints("pads")?.ok_or_else(|| OpError::new("has no attribute `pads`"))?;
        Some((pads, attrs.float("value")?.unwrap_or(0.0)))
    } else {
        None
    };
    Ok(Box::new(Pad { mode, given }))
}

impl Pad {
    /// Padding in front of and behind every dimension.
    fn pads<T>(
        &self,
        shape: &[usize],
        inputs: &[Option<&T>],
        ints: impl Fn(&T, &str) -> OpResult<Vec<i64>>,
    ) -> OpResult<Vec<(i64, i64)>> {
        let list = match &self.given {
            Some((pads, _)) => pads.clone(),
            None => ints(need(inputs, 1)?, "the pads")?,
        };
        let axes = match maybe(inputs, 3) {
            Some(a) => ints(a, "the axes")?.iter().map(|a| axis(*a, shape.len())).collect::<OpResult<Vec<_>>>()?,
            None => (0..shape.len()).collect(),
        };
        if list.len() != 2 * axes.len() {
            return Err(OpError::new(format!("{} pads do not fit {} dimension(s)", list.len(), axes.len())));
        }
        let mut pads = vec![(0, 0); shape.len()];
        for (i, d) in axes.iter().enumerate() {
            let pair = (list[i], list[i + axes.len()]);
            let size = shape[*d] as i64;
            let bad = |why: String| Err(OpError::new(format!("pads {pair:?} of dimension {d} {why}")));
            if pair.0.unsigned_abs() > MAX_PAD || pair.1.unsigned_abs() > MAX_PAD || pair.0 + pair.1 + size < 0 {
                return bad(format!("do not fit its size {size}"));
            }
            let most = pair.0.max(pair.1);
            match self.mode {
                Mode::Reflect if most > 0 && most >= size => {
                    return bad(format!("reflect further than its size {size}"));
                }
                Mode::Edge | Mode::Wrap if most > 0 && size == 0 => return bad("have nothing to repeat".into()),
                _ => pads[*d] = pair,
            }
        }
        Ok(pads)
    }

    fn fill<T: Copy>(&self, a: &ArrayD<T>, pads: &[(i64, i64)], value: T) -> ArrayD<T> {
        let shape: Vec<usize> = a.shape().iter().zip(pads).map(|(n, (x, y))| (*n as i64 + x + y) as usize).collect();
        let mut from = vec![0usize; shape.len()];
        ArrayD::from_shape_fn(IxDyn(&shape), |at| {
            for d in 0..shape.len() {
                let (i, n) = (at[d] as i64 - pads[d].0, a.shape()[d] as i64);
                from[d] = match self.mode {
                    _ if (0..n).contains(&i) => i,
                    Mode::Constant => return value,
                    Mode::Edge => i.clamp(0, n - 1),
                    Mode::Wrap => i.rem_euclid(n),
                    Mode::Reflect => {
                        let period = (2 * (n - 1)).max(1);
                        let i = i.rem_euclid(period);
                        if i < n { i } else { period - i }
                    }
                } as usize;
            }
            a[from.as_slice()]
        })
    }
}

impl Operator for Pad {
    fn name(&self) -> &'static str {
        "Pad"
    }
    fn arity(&self) -> (usize, usize) {
        if self.given.is_some() { (1, 1) } else { (2, 4) }
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        let pads = self.pads(&x.shape, inputs, Fact::known_ints)?;
        let shape: Vec<usize> = x.shape.iter().zip(&pads).map(|(n, (a, b))| (*n as i64 + a + b) as usize).collect();
        Ok(vec![Fact::new(x.dtype, shape)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let x = need(inputs, 0)?;
        let pads = self.pads(x.shape(), inputs, Value::ints)?;
        let value = match (&self.given, maybe(inputs, 2)) {
            (Some((_, v)), _) => f64::from(*v),
            (None, Some(v)) => v.scalar("the value")?,
            (None, None) => 0.0,
        };
        Ok(vec![match x {
            Value::Real(a) => Value::Real(self.fill(a, &pads, value as f32)),
            Value::Int(t, a) => Value::Int(*t, self.fill(a, &pads, value as i64)),
        }])
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        let Some(x) = maybe(inputs, 0) else { return Reach::All };
        let pads = self.pads(&x.shape, inputs, Fact::known_ints).unwrap_or_else(|_| vec![(1, 1); x.shape.len()]);
        let moved: Vec<usize> = (0..pads.len()).filter(|d| pads[*d] != (0, 0)).collect();
        along(&moved, x.shape.len())
    }
    moves_data!();
}
