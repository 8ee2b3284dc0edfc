//! Checked access to the attributes of a node: a wrong kind or an unknown name is an error, so that
//! nothing a file asks for is silently ignored.

use super::ops::{OpError, OpResult};
use crate::onnx::{Attribute, Body, Node, Tensor};

/// Reads the attributes of one node.
pub struct Attrs<'a> {
    node: &'a Node,
    /// Version of the ONNX operator set of the file.
    pub opset: i64,
    asked: Vec<&'static str>,
}

impl<'a> Attrs<'a> {
    /// Attributes of a node of a file with the given operator set.
    #[must_use]
    pub const fn new(node: &'a Node, opset: i64) -> Self {
        Self { node, opset, asked: Vec::new() }
    }

    fn find(&mut self, name: &'static str) -> Option<&'a Attribute> {
        self.asked.push(name);
        self.node.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    fn wrong<T>(name: &str, expected: &str) -> OpResult<T> {
        Err(OpError::new(format!("attribute `{name}` must be {expected}")))
    }

    /// An integer, if given.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn int(&mut self, name: &'static str) -> OpResult<Option<i64>> {
        match self.find(name) {
            None => Ok(None),
            Some(Attribute::Int(v)) => Ok(Some(*v)),
            Some(_) => Self::wrong(name, "an integer"),
        }
    }
    /// A flag, 0 or 1.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn flag(&mut self, name: &'static str, default: bool) -> OpResult<bool> {
        Ok(self.int(name)?.map_or(default, |v| v != 0))
    }
    /// A number, if given.
    ///
    /// # Errors
    /// When it is of another kind or not finite.
    pub fn float(&mut self, name: &'static str) -> OpResult<Option<f32>> {
        match self.find(name) {
            None => Ok(None),
            Some(Attribute::Float(v)) if !v.is_nan() => Ok(Some(*v)),
            Some(_) => Self::wrong(name, "a number"),
        }
    }
    /// Numbers, if given.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn floats(&mut self, name: &'static str) -> OpResult<Option<Vec<f32>>> {
        match self.find(name) {
            None => Ok(None),
            Some(Attribute::Floats(v)) => Ok(Some(v.clone())),
            Some(_) => Self::wrong(name, "a list of numbers"),
        }
    }
    /// A list of integers, if given.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn ints(&mut self, name: &'static str) -> OpResult<Option<Vec<i64>>> {
        match self.find(name) {
            None => Ok(None),
            Some(Attribute::Ints(v)) => Ok(Some(v.clone())),
            Some(_) => Self::wrong(name, "a list of integers"),
        }
    }
    /// A list of integers of at least `low`, if given.
    ///
    /// # Errors
    /// When it is of another kind or a number is below `low` or above 2^31.
    pub fn sizes(&mut self, name: &'static str, low: i64) -> OpResult<Option<Vec<usize>>> {
        let Some(list) = self.ints(name)? else { return Ok(None) };
        let fits = |v: &i64| (low..=1 << 31).contains(v);
        if !list.iter().all(fits) {
            return Self::wrong(name, &format!("numbers of at least {low}, not {list:?}"));
        }
        Ok(Some(list.into_iter().map(|v| v as usize).collect()))
    }
    /// A string, if given.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn text(&mut self, name: &'static str) -> OpResult<Option<&'a str>> {
        match self.find(name) {
            None => Ok(None),
            Some(Attribute::Text(v)) => Ok(Some(v)),
            Some(_) => Self::wrong(name, "a string"),
        }
    }
    /// Strings, if given.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn texts(&mut self, name: &'static str) -> OpResult<Option<&'a [String]>> {
        match self.find(name) {
            None => Ok(None),
            Some(Attribute::Texts(v)) => Ok(Some(v)),
            Some(_) => Self::wrong(name, "a list of strings"),
        }
    }
    /// A tensor, if given.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn tensor(&mut self, name: &'static str) -> OpResult<Option<&'a Tensor>> {
        match self.find(name) {
            None => Ok(None),
            Some(Attribute::Tensor(v)) => Ok(Some(v)),
            Some(_) => Self::wrong(name, "a tensor"),
        }
    }
    /// A graph.
    ///
    /// # Errors
    /// When it is missing or of another kind.
    pub fn graph(&mut self, name: &'static str) -> OpResult<&'a Body> {
        match self.find(name) {
            Some(Attribute::Graph(v)) => Ok(v),
            _ => Self::wrong(name, "a graph"),
        }
    }
    /// Names that the graphs in attributes read from around the node, in the order of its inputs.
    #[must_use]
    pub fn outside(&self) -> Vec<String> {
        super::inline::outside(self.node)
    }
    /// Marks attributes that do not matter to inference.
    pub fn ignore(&mut self, names: &[&'static str]) {
        self.asked.extend(names);
    }
    /// Whether the output at a position is used.
    #[must_use]
    pub fn has_output(&self, position: usize) -> bool {
        self.node.outputs.get(position).is_some_and(|o| !o.is_empty())
    }
    /// Refuses attributes that nobody asked for.
    ///
    /// # Errors
    /// Their names.
    pub fn finish(self) -> OpResult<()> {
        let unknown = |n: &&(String, Attribute)| !self.asked.contains(&n.0.as_str());
        let names: Vec<String> = self.node.attributes.iter().filter(unknown).map(|(n, _)| format!("`{n}`")).collect();
        if names.is_empty() {
            return Ok(());
        }
        Err(OpError::new(format!("attribute {} is unknown in operator set {}", names.join(", "), self.opset)))
    }
}
