//! `Einsum`: sums of products in Einstein's notation, for any number of tensors.

use std::collections::BTreeMap;

use super::super::{OpError, OpResult, Operator, maybe, need};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// A dimension in an equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// One that `...` stands for, counted from the last.
    Dots(usize),
    /// A letter.
    Letter(char),
}

/// A term: letters, with the place of `...` if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    before: Vec<char>,
    dots: bool,
    after: Vec<char>,
}

/// Sum of products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Einsum {
    /// The equation as the node writes it.
    pub equation: String,
    terms: Vec<Term>,
    result: Option<Term>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let equation = attrs.text("equation")?.ok_or_else(|| OpError::new("has no attribute `equation`"))?;
    let plain: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
    let (left, right) = match plain.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (plain.as_str(), None),
    };
    let terms = left.split(',').map(|t| Term::parse(t, equation)).collect::<OpResult<Vec<_>>>()?;
    let result = right.map(|t| Term::parse(t, equation)).transpose()?;
    Ok(Box::new(Einsum { equation: equation.into(), terms, result }))
}

impl Term {
    fn parse(text: &str, equation: &str) -> OpResult<Self> {
        let (before, dots, after) = match text.split_once("...") {
            Some((before, after)) => (before, true, after),
            None => (text, false, ""),
        };
        if !before.chars().chain(after.chars()).all(|c| c.is_ascii_alphabetic()) {
            return Err(OpError::new(format!(
                "`{text}` in the equation `{equation}` is not made of letters and `...`"
            )));
        }
        Ok(Self { before: before.chars().collect(), dots, after: after.chars().collect() })
    }
    /// Labels of all dimensions, where `...` stands for so many.
    fn labels(&self, dots: usize) -> Vec<Label> {
        let dots = if self.dots { dots } else { 0 };
        let letters = |list: &[char]| list.iter().map(|c| Label::Letter(*c)).collect::<Vec<_>>();
        [letters(&self.before), (0..dots).rev().map(Label::Dots).collect(), letters(&self.after)].concat()
    }
}

/// Loops of one evaluation.
struct Plan {
    /// Sizes of the loops: those of the result, then those that are summed.
    sizes: Vec<usize>,
    /// How far each loop moves in each tensor.
    strides: Vec<Vec<usize>>,
    /// Shape of the result.
    result: Vec<usize>,
}

impl Einsum {
    fn plan(&self, shapes: &[&[usize]]) -> OpResult<Plan> {
        let wrong = |why: String| OpError::new(format!("the equation `{}`: {why}", self.equation));
        if shapes.len() != self.terms.len() {
            return Err(wrong(format!("has {} terms for {} inputs", self.terms.len(), shapes.len())));
        }
        let mut sizes: BTreeMap<Label, usize> = BTreeMap::new();
        let mut count: BTreeMap<char, usize> = BTreeMap::new();
        let (mut labels, mut dots) = (Vec::new(), 0);
        for (term, shape) in self.terms.iter().zip(shapes) {
            let letters = term.before.len() + term.after.len();
            let rest = shape.len().checked_sub(letters).filter(|r| term.dots || *r == 0);
            let rest = rest.ok_or_else(|| wrong(format!("a term does not fit the shape {shape:?}")))?;
            dots = dots.max(rest);
            let own = term.labels(rest);
            for (label, size) in own.iter().zip(*shape) {
                if let Label::Letter(c) = label {
                    *count.entry(*c).or_default() += 1;
                }
                let known = sizes.entry(*label).or_insert(*size);
                match (*known, *size) {
                    (a, b) if a == b => {}
                    (1, b) => *known = b,
                    (_, 1) => {}
                    (a, b) => return Err(wrong(format!("{label:?} is both {a} and {b}"))),
                }
            }
            labels.push(own);
        }
        let outer = match &self.result {
            Some(term) => term.labels(dots),
            None => {
                let once = count.iter().filter(|(_, n)| **n == 1).map(|(c, _)| Label::Letter(*c));
                (0..dots).rev().map(Label::Dots).chain(once).collect()
            }
        };
        for (i, label) in outer.iter().enumerate() {
            if !sizes.contains_key(label) || outer[..i].contains(label) {
                return Err(wrong(format!("{label:?} in the result is not in the terms, or stands twice")));
            }
        }
        let summed = sizes.keys().filter(|l| !outer.contains(l)).copied();
        let loops: Vec<Label> = outer.iter().copied().chain(summed).collect();
        let strides = labels.iter().zip(shapes).map(|(own, shape)| {
            let mut strides = vec![0; loops.len()];
            let mut stride = 1;
            for (label, size) in own.iter().zip(*shape).rev() {
                if *size != 1
                    && let Some(at) = loops.iter().position(|l| l == label)
                {
                    strides[at] += stride;
                }
                stride *= size;
            }
            strides
        });
        let (strides, result) = (strides.collect(), outer.iter().map(|l| sizes[l]).collect());
        Ok(Plan { sizes: loops.iter().map(|l| sizes[l]).collect(), strides, result })
    }
}

/// Adds up the products of all loops from `level` on; `at` is where each tensor stands.
fn sum(plan: &Plan, data: &[&[f32]], level: usize, at: &[usize]) -> f64 {
    let Some(size) = plan.sizes.get(level) else {
        return data.iter().zip(at).map(|(d, i)| f64::from(d[*i])).product();
    };
    let mut at = at.to_vec();
    let mut total = 0.0;
    for _ in 0..*size {
        total += sum(plan, data, level + 1, &at);
        for (i, strides) in at.iter_mut().zip(&plan.strides) {
            *i += strides[level];
        }
    }
    total
}

impl Operator for Einsum {
    fn name(&self) -> &'static str {
        "Einsum"
    }
    fn arity(&self) -> (usize, usize) {
        (1, usize::MAX)
    }
    /// A product for each turn of the innermost loop and each tensor but the first.
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        let shapes: Vec<&[usize]> = inputs.iter().flatten().map(|f| f.shape.as_slice()).collect();
        let turns = self.plan(&shapes).map_or(0, |p| p.sizes.iter().map(|s| *s as u64).product());
        turns * (self.terms.len() as u64 - 1).max(1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let shapes: Vec<&[usize]> = inputs.iter().flatten().map(|f| f.shape.as_slice()).collect();
        let first = need(inputs, 0)?;
        if let Some(other) = inputs.iter().flatten().find(|f| !f.dtype.is_float()) {
            return Err(OpError::new(format!("wants floating-point tensors, not {}", other.dtype)));
        }
        Ok(vec![Fact::new(first.dtype, self.plan(&shapes)?.result)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let shapes: Vec<&[usize]> = inputs.iter().flatten().map(|v| v.shape()).collect();
        let plan = self.plan(&shapes)?;
        let data = (0..shapes.len()).filter_map(|i| maybe(inputs, i)).map(|v| Ok(elements(v.as_real()?)));
        let data: Vec<&[f32]> = data.collect::<OpResult<_>>()?;
        let levels = plan.result.len();
        let mut out = Vec::with_capacity(plan.result.iter().product());
        let mut index = vec![0usize; levels];
        for _ in 0..plan.result.iter().product::<usize>() {
            let start = |strides: &Vec<usize>| index.iter().zip(strides).map(|(i, s)| i * s).sum();
            let at: Vec<usize> = plan.strides.iter().map(start).collect();
            out.push(sum(&plan, &data, levels, &at) as f32);
            for d in (0..levels).rev() {
                index[d] += 1;
                if index[d] < plan.result[d] {
                    break;
                }
                index[d] = 0;
            }
        }
        Ok(vec![Value::real(&plan.result, out)?])
    }
}
