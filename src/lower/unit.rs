//! Any operator of the network on the tile's vector unit: computed in real numbers by the operator itself,
//! one sample at a time.

use std::sync::Arc;

use super::layout::{Layout, Order};
use super::signal::{LARGEST_INTEGER, Piece, Signal};
use crate::graph::ops::{MatMul, MatMulInteger, OpError, OpResult, Transpose};
use crate::graph::{Fact, Operator, Reach, Value};
use crate::onnx::DType;
use crate::tensor::{Quant, Window};

/// Where an input of the operator comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// An optional input that is not there.
    Absent,
    /// A constant of the network, kept in the tile's buffer.
    Constant(Arc<Value>),
    /// The next input of the node; type and shape as the operator wants them, batch of one included.
    Node(Fact),
}

/// An operator with its operands.
#[derive(Debug, Clone)]
pub struct UnitOp {
    /// The operator.
    pub op: Arc<dyn Operator>,
    /// Its inputs in order.
    pub operands: Vec<Operand>,
    /// All its outputs.
    pub outputs: Vec<Fact>,
    /// Which outputs the node yields, ascending.
    pub picked: Vec<usize>,
    /// What is known of how far it looks.
    pub look: Look,
}

/// How far an operator looks for one position of its result.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// Through a sliding window over each channel.
    Window(Window),
    /// At the same position of all inputs, whose channels it joins.
    Join,
    /// At the same place of all inputs.
    Place,
    /// As far as the operator says.
    Operator,
}

impl PartialEq for UnitOp {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.op, &other.op)
            && (&self.operands, &self.outputs, &self.picked, &self.look)
                == (&other.operands, &other.outputs, &other.picked, &other.look)
    }
}

impl UnitOp {
    /// Type and shape of every input.
    fn facts(&self) -> Vec<Option<Fact>> {
        let fact = |o: &Operand| match o {
            Operand::Absent => None,
            Operand::Constant(value) => Some(Fact::constant(Arc::clone(value))),
            Operand::Node(fact) => Some(fact.clone()),
        };
        self.operands.iter().map(fact).collect()
    }

    /// Lane operations of one sample.
    #[must_use]
    pub fn lane_ops(&self) -> u64 {
        let facts = self.facts();
        self.op.lane_ops(&facts.iter().map(Option::as_ref).collect::<Vec<_>>(), &self.outputs)
    }

    /// How far an output element looks.
    #[must_use]
    pub fn reach(&self) -> Reach {
        let facts = self.facts();
        self.op.reach(&facts.iter().map(Option::as_ref).collect::<Vec<_>>())
    }

    /// Whether a position of the result, which stands as `own`, needs that position alone of the input at `at` among
    /// those of the node.
    #[must_use]
    pub fn keeps(&self, at: usize, input: Layout, own: Layout) -> bool {
        let order = |order| input.agrees(own) && own.order == order;
        match (&self.look, self.reach()) {
            (Look::Window(_), _) => false,
            (Look::Join, _) | (Look::Operator, Reach::Channels) => order(Order::ChannelFirst),
            (Look::Place, _) | (Look::Operator, Reach::Element) => input.agrees(own),
            (Look::Operator, Reach::LastAxis) => order(Order::ChannelLast),
            (Look::Operator, Reach::All) if self.rows().is_some() => at == 0 && order(Order::ChannelLast),
            (Look::Operator, Reach::All) => self.turned(input) == Some(own),
        }
    }

    /// Rows of a matrix product that takes its first input row by row while all others are held: with two
    /// activations (attention) one of them passes and only the other has to be there.
    #[must_use]
    pub fn rows(&self) -> Option<usize> {
        let any: &dyn std::any::Any = &*self.op;
        let Some(Operand::Node(first)) =
            self.operands.first().filter(|_| any.is::<MatMul>() || any.is::<MatMulInteger>())
        else {
            return None;
        };
        // one row each: where the first is repeated for several matrices it does not pass once
        let (_, own) = self.outputs[0].shape.split_last()?;
        let (_, its) = first.shape.split_last()?;
        (own == its && !own.is_empty()).then(|| own.iter().product())
    }

    /// The layout that the inputs give the result, if they do.
    #[must_use]
    pub fn layout(&self, from: &[Layout]) -> Option<Layout> {
        let count = self.output_elements();
        let size = |l: &Layout| l.positions * l.channels;
        let largest = from.iter().copied().max_by_key(size)?;
        let like = |order| {
            let l = from.iter().find(|l| l.order == order && size(l) >= count)?;
            Some(Layout::new(order, count, l.positions))
        };
        let same = || (size(&largest) == count).then_some(largest);
        match (&self.look, self.reach()) {
            (Look::Window(window), _) => Some(Layout::new(Order::ChannelFirst, count, window.positions())),
            (Look::Join, _) => {
                let all = largest.order == Order::ChannelFirst && from.iter().all(|l| l.agrees(largest));
                all.then(|| Layout::new(Order::ChannelFirst, count, largest.positions))
            }
            (Look::Place, _) | (Look::Operator, Reach::Element) => same(),
            (Look::Operator, Reach::LastAxis) => like(Order::ChannelLast),
            (Look::Operator, Reach::Channels) => like(Order::ChannelFirst),
            (Look::Operator, Reach::All) => match self.rows() {
                Some(rows) => Some(Layout::new(Order::ChannelLast, count, rows)),
                None => self.turned(largest),
            },
        }
        .filter(|l| l.order != Order::Whole)
    }

    /// A transposition that only exchanges channels and positions hands every position on as it is.
    fn turned(&self, from: Layout) -> Option<Layout> {
        let any: &dyn std::any::Any = &*self.op;
        let shape = &self.outputs[0].shape;
        let order = any.downcast_ref::<Transpose>()?.order(shape.len()).ok()?;
        let to = match from.order {
            Order::ChannelFirst => Order::ChannelLast,
            Order::ChannelLast => Order::ChannelFirst,
            Order::Whole => return None,
        };
        // dimensions of the input in the order of the output, those of one element left out
        let kept: Vec<usize> = (0..order.len()).filter(|p| shape[*p] > 1).collect();
        let real: Vec<usize> = kept.iter().map(|p| order[*p]).collect();
        // the input is [b, a] and the output [a, b]
        let swaps = |k: &usize| {
            let (a, b) = real.split_at(*k);
            a.is_sorted() && b.is_sorted() && b.last() < a.first()
        };
        let k = (1..real.len()).find(swaps)?;
        let front: usize = kept[..k].iter().map(|p| shape[*p]).product();
        let wanted = if to == Order::ChannelLast { from.positions } else { from.channels };
        (front == wanted).then_some(Layout { order: to, ..from })
    }

    /// Elements of floating-point constants that it reads.
    #[must_use]
    pub fn constant_elements(&self) -> usize {
        let count = |o: &Operand| match o {
            Operand::Constant(value) => value.as_real().map_or(0, ndarray::ArrayBase::len),
            _ => 0,
        };
        self.operands.iter().map(count).sum()
    }

    /// Elements of what the node yields.
    #[must_use]
    pub fn output_elements(&self) -> usize {
        self.picked.iter().filter_map(|o| self.outputs[*o].elements()).sum()
    }

    /// Appends the picked outputs of one sample; one piece and format for each [`Operand::Node`].
    ///
    /// # Errors
    /// When the operator cannot compute, or an integer is too large to be handed on.
    pub fn apply(
        &self,
        inputs: &[Piece<'_>],
        from: &[Option<Quant>],
        to: Option<Quant>,
        out: &mut Signal,
    ) -> OpResult<()> {
        let mut pieces = inputs.iter().zip(from);
        let mut made: Vec<Option<Arc<Value>>> = Vec::with_capacity(self.operands.len());
        for operand in &self.operands {
            made.push(match operand {
                Operand::Absent => None,
                Operand::Constant(value) => Some(Arc::clone(value)),
                Operand::Node(fact) => {
                    let (piece, quant) = pieces.next().ok_or_else(|| OpError::new("an input is missing"))?;
                    Some(Arc::new(value(fact, piece.real(*quant))?))
                }
            });
        }
        let results = self.op.eval(&made.iter().map(Option::as_deref).collect::<Vec<_>>())?;
        for at in &self.picked {
            let result = results.get(*at).ok_or_else(|| OpError::new(format!("output {at} is missing")))?;
            if result.shape() != self.outputs[*at].shape {
                let (have, want) = (result.shape(), &self.outputs[*at].shape);
                return Err(OpError::new(format!("yields the shape {have:?} for one sample instead of {want:?}")));
            }
            match result {
                Value::Real(a) => out.extend(a.iter().copied(), to),
                Value::Int(_, a) => {
                    if let Some(large) = a.iter().find(|v| v.abs() > LARGEST_INTEGER) {
                        return Err(OpError::new(format!(
                            "yields the integer {large}; edges carry integers up to {LARGEST_INTEGER} exactly"
                        )));
                    }
                    out.extend(a.iter().map(|v| *v as f32), to);
                }
            }
        }
        Ok(())
    }
}

/// The tensor that an operator sees.
fn value(fact: &Fact, data: Vec<f32>) -> OpResult<Value> {
    if fact.dtype.is_float() {
        return Value::real(&fact.shape, data);
    }
    let shape = ndarray::IxDyn(&fact.shape);
    let whole = |v: f32| if fact.dtype == DType::Bool { i64::from(v != 0.0) } else { v as i64 };
    let array = ndarray::ArrayD::from_shape_vec(shape, data.into_iter().map(whole).collect());
    array.map(|a| Value::Int(fact.dtype, a)).map_err(|e| OpError::new(format!("shape {:?}: {e}", fact.shape)))
}
