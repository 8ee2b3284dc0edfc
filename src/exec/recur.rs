//! A recurrent layer on programmed crossbars: one position after the other, with the cell between them.

use std::ops::Range;

use super::mvm::{LayerCounts, LayerPlan, Scratch, Tap};
use super::run::ProbeHook;
use crate::graph::OpResult;
use crate::lower::{LayerId, RecurrentOp, Signal};

/// A recurrent layer and what it reads for some samples.
pub(super) struct Recur<'a> {
    pub(super) op: &'a RecurrentOp,
    pub(super) plan: &'a LayerPlan<'a>,
    /// Products with the input.
    pub(super) gates: &'a Signal,
    /// Absolute numbers of the samples.
    pub(super) samples: Range<usize>,
}

impl Recur<'_> {
    /// Walks all samples. Yields what the node yields, and the codes of the states as the crossbars met them,
    /// `[sample][position][cell]`; `sums` receives all accumulators, `[sample][position][output]`.
    pub(super) fn run(
        &self,
        scratch: &mut Scratch,
        counts: &mut LayerCounts,
        sums: &mut Vec<i64>,
        mut tap: Option<(LayerId, &mut ProbeHook<'_>)>,
    ) -> OpResult<(Vec<f32>, Vec<i32>)> {
        let count = self.samples.len();
        let (positions, outputs) = (self.plan.positions, self.plan.op.outputs);
        let (mut all, mut codes) = (Vec::new(), vec![0; count * self.plan.features]);
        sums.clear();
        sums.resize(count * positions * outputs, 0);
        for s in 0..count {
            let gates = self.gates.sample(s, count).real(None);
            let made = self.op.run(&gates, |position, h| {
                let at = s * self.plan.features + position * h.len();
                codes[at..at + h.len()].copy_from_slice(h);
                let at = s * positions * outputs;
                let out = &mut sums[at..at + positions * outputs];
                let mut forward = tap.as_mut().map(|(layer, tap)| |probe| tap(*layer, probe));
                let tap = forward.as_mut().map(|f| f as &mut Tap<'_>);
                let place = (self.samples.start + s, position);
                self.plan.step(place, h, scratch, counts, out, tap);
                Ok(self.plan.real(&out[position * outputs..(position + 1) * outputs]))
            })?;
            all.extend(made);
        }
        Ok((all, codes))
    }
}
