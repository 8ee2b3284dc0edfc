//! Folds by content: a crossbar that was folded once is not folded again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::fold::{EffectiveMatrix, Folder};
use super::law::Curve;
use super::network::{Cell, End, Lines, Network};
use crate::diag::Result;
use crate::simd::Isa;

/// Hash of everything that decides a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkKey([u8; 32]);

impl NetworkKey {
    /// Key of a network: its conductances bit by bit, its lines, ends and cells.
    #[must_use]
    pub fn of(network: &Network) -> Self {
        let Network { rows, cols, g, word, bit, cell, curve } = network;
        let mut hash = Sha256::new();
        let mut number = |v: f64| hash.update(v.to_bits().to_le_bytes());
        number(*rows as f64);
        number(*cols as f64);
        g.iter().for_each(|g| number(*g));
        let marks = |number: &mut dyn FnMut(f64), marks: &[bool]| {
            number(marks.len() as f64);
            marks.iter().for_each(|m| number(f64::from(u8::from(*m))));
        };
        for Lines { segment, ends, floating } in [word, bit] {
            number(*segment);
            for end in ends {
                let (kind, ohms) = match end {
                    End::Open => (0.0, 0.0),
                    End::Driven { ohms } => (1.0, *ohms),
                    End::Grounded { ohms } => (2.0, *ohms),
                };
                number(kind);
                number(ohms);
            }
            marks(&mut number, floating);
        }
        match cell {
            Cell::Resistor => number(0.0),
            Cell::Gated { access, selected } => {
                number(1.0);
                number(*access);
                marks(&mut number, selected);
            }
            Cell::Selector { current, scale } => [2.0, *current, *scale].into_iter().for_each(&mut number),
        }
        match curve {
            Curve::Linear => number(0.0),
            Curve::Sinh { bias, scale } => [1.0, *bias, *scale].into_iter().for_each(&mut number),
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for NetworkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// A place that outlives the program, where folds are kept.
pub trait Shelf: fmt::Debug + Send + Sync {
    /// The fold of a network, if it is there and whole.
    fn get(&self, key: &NetworkKey) -> Option<EffectiveMatrix>;
    /// Keeps a fold, if it can.
    fn put(&self, key: &NetworkKey, folded: &EffectiveMatrix);
}

/// Most matrix elements that are kept in memory: 256 MiB.
const MOST_KEPT: usize = 1 << 25;

/// Folds that were made, shared between threads; those of the first 256 MiB are kept in memory, all on a shelf if
/// there is one.
#[derive(Debug, Default)]
pub struct FoldCache {
    folds: Mutex<Folds>,
    shelf: Option<Box<dyn Shelf>>,
}

#[derive(Debug, Default)]
struct Folds {
    known: BTreeMap<NetworkKey, Arc<EffectiveMatrix>>,
    elements: usize,
}

impl FoldCache {
    /// Folds that are also kept on a shelf.
    #[must_use]
    pub fn on(shelf: Box<dyn Shelf>) -> Self {
        Self { shelf: Some(shelf), ..Self::default() }
    }

    /// The fold of a network, made by `folder` if it is not there yet. Two threads that ask for the same network at
    /// once may both fold it; they get the same bits.
    ///
    /// # Errors
    /// See [`Folder::fold`]; failures are not kept.
    pub fn fold(&self, network: &Network, folder: &mut Folder, isa: Isa) -> Result<Arc<EffectiveMatrix>> {
        let key = NetworkKey::of(network);
        // a thread that panicked while it held the lock left a whole map behind: entries are inserted at once
        let folds = || self.folds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = folds().known.get(&key) {
            return Ok(Arc::clone(found));
        }
        let (rows, cols) = (network.rows, network.cols);
        let kept = self.shelf.as_ref().and_then(|s| s.get(&key)).filter(|f| (f.rows, f.cols) == (rows, cols));
        let made = match kept {
            Some(found) => Arc::new(found),
            None => {
                let made = folder.fold(network, isa)?;
                if let Some(shelf) = &self.shelf {
                    shelf.put(&key, &made);
                }
                Arc::new(made)
            }
        };
        let mut folds = folds();
        if let Some(found) = folds.known.get(&key) {
            return Ok(Arc::clone(found));
        }
        if folds.elements + made.g_eff.len() <= MOST_KEPT {
            folds.elements += made.g_eff.len();
            folds.known.insert(key, Arc::clone(&made));
        }
        Ok(made)
    }
    /// Number of folds kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.folds.lock().unwrap_or_else(PoisonError::into_inner).known.len()
    }
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{example, zoo};
    use super::*;

    #[test]
    fn a_network_is_folded_once() {
        let (cache, mut folder) = (FoldCache::default(), Folder::default());
        let n = example(9, 7, 1e-6, 1e-5, 2.0);
        let first = cache.fold(&n, &mut folder, Isa::best()).unwrap();
        let again = cache.fold(&n.clone(), &mut folder, Isa::best()).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(*first, folder.fold(&n, Isa::best()).unwrap());
        let mut other = n;
        other.g[11] = f64::from_bits(other.g[11].to_bits() + 1);
        cache.fold(&other, &mut folder, Isa::best()).unwrap();
        assert_eq!(cache.len(), 2);
        other.g[0] = -1.0;
        assert!(cache.fold(&other, &mut folder, Isa::best()).is_err());
        assert_eq!(cache.len(), 2);
    }

    #[test]
    fn networks_that_differ_have_different_keys() {
        let mut all: Vec<Network> = zoo().into_iter().map(|(_, n, _)| n).collect();
        // the last but two differ from the first in their drives alone
        all.retain({
            let mut seen: Vec<Network> = vec![];
            move |n| {
                !seen.contains(n) && {
                    seen.push(n.clone());
                    true
                }
            }
        });
        let selector = |current, scale| Network { cell: Cell::Selector { current, scale }, ..all[0].clone() };
        let curve = |bias| Network { curve: Curve::Sinh { bias, scale: 0.3 }, ..all[0].clone() };
        let more = [selector(1e-9, 0.1), selector(1e-9, 0.2), curve(0.1), curve(0.2)];
        all.extend(more);
        let keys: std::collections::BTreeSet<_> = all.iter().map(NetworkKey::of).collect();
        assert_eq!(keys.len(), all.len());
    }
}
