//! Who reads and who yields each edge, looked up once for a whole pass.

use super::{EdgeId, Graph};
use crate::id::Id;

/// The readers and the producer of every edge.
#[derive(Debug, Clone)]
pub struct Links {
    readers: Vec<Vec<usize>>,
    producers: Vec<Option<usize>>,
}

impl Links {
    /// The links of a graph as it stands.
    #[must_use]
    pub fn new(graph: &Graph) -> Self {
        let mut links = Self { readers: vec![vec![]; graph.edges.len()], producers: vec![None; graph.edges.len()] };
        for (i, node) in graph.nodes.iter().enumerate() {
            node.inputs.iter().flatten().for_each(|e| links.readers[e.index()].push(i));
            node.outputs.iter().flatten().for_each(|e| links.producers[e.index()] = Some(i));
        }
        links
    }
    /// Positions of the nodes that read an edge, once per reading, ascending.
    #[must_use]
    pub fn readers(&self, edge: EdgeId) -> &[usize] {
        self.readers.get(edge.index()).map_or(&[], Vec::as_slice)
    }
    /// Position of the node that yields an edge.
    #[must_use]
    pub fn producer(&self, edge: EdgeId) -> Option<usize> {
        self.producers.get(edge.index()).copied().flatten()
    }
    /// Notes that a node reads an edge.
    pub fn attach(&mut self, node: usize, edge: EdgeId) {
        if self.readers.len() <= edge.index() {
            self.readers.resize(edge.index() + 1, vec![]);
        }
        let list = &mut self.readers[edge.index()];
        list.insert(list.partition_point(|r| *r < node), node);
    }
    /// Notes that a node reads an edge once less.
    pub fn detach(&mut self, node: usize, edge: EdgeId) {
        if let Some(list) = self.readers.get_mut(edge.index())
            && let Some(at) = list.iter().position(|r| *r == node)
        {
            list.remove(at);
        }
    }
    /// Notes who yields an edge.
    pub fn produce(&mut self, edge: EdgeId, node: Option<usize>) {
        if self.producers.len() <= edge.index() {
            self.producers.resize(edge.index() + 1, None);
        }
        self.producers[edge.index()] = node;
    }
}
