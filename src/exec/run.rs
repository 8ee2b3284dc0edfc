//! Runs a network on programmed crossbars for many samples.
//!
//! Samples are taken in chunks; chunks are shared between threads, and every chunk walks all nodes. A
//! value depends on the absolute number of its sample alone, counters are integers and the sums of floats
//! are taken in sample order: the result is the same for any thread count, chunk size and vector width.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::mvm::{LayerCounts, LayerPlan, Probe, Scratch, Tap};
use super::program::{self, Arrays};
use super::recur::Recur;
use super::{Activity, LayerActivity};
use crate::diag::{self, Diagnostic, Diagnostics};
use crate::id::{Id, IdVec};
use crate::lower::{Digital, LayerId, NodeId, Order, Piece, QOp, QuantGraph, Signal, TiledGraph};
use crate::simd::Isa;
use crate::units::Joule;

/// How a run is carried out; nothing here changes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunOptions {
    /// Samples of a chunk; `None` chooses by the number of threads.
    pub chunk: Option<usize>,
    /// Samples with a smaller absolute number also compare every accumulator with the exact one.
    pub compared_samples: usize,
    /// Instruction set.
    pub isa: Isa,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { chunk: None, compared_samples: 0, isa: Isa::best() }
    }
}

/// What a run yields.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Real values of the first output, `[sample, class]`.
    pub logits: Array2<f32>,
    /// What the hardware did.
    pub activity: Activity,
}

/// Runs the samples of `range` (rows of each of `inputs`, one per network input; their absolute numbers
/// address all randomness). `progress` is called from any thread with the number of samples done so far.
///
/// # Errors
/// If the inputs have not the network's shape or the range is not within them (R106), the tiling is of
/// another network (R105), or an operator cannot compute on the values it meets (R110).
pub fn run(
    graph: &QuantGraph,
    tiled: &TiledGraph,
    arrays: &Arrays,
    inputs: &[ArrayView2<'_, f32>],
    range: Range<usize>,
    options: &RunOptions,
    progress: &(dyn Fn(usize) + Sync),
) -> diag::Result<Outcome> {
    let walk = Walk::new(graph, tiled, arrays, inputs, &range, options)?;
    let threads = rayon::current_num_threads();
    let chunk = options.chunk.unwrap_or_else(|| range.len().div_ceil(4 * threads)).clamp(1, 16);
    let done = AtomicUsize::new(0);
    let starts: Vec<usize> = range.clone().step_by(chunk).collect();
    let chunks: Vec<diag::Result<ChunkResult>> = starts
        .par_iter()
        .map_init(Scratch::new, |scratch, start| {
            let samples = *start..(*start + chunk).min(range.end);
            let result = walk.chunk(samples.clone(), scratch, Hooks::default());
            progress(done.fetch_add(samples.len(), Ordering::Relaxed) + samples.len());
            result
        })
        .collect();
    Ok(walk.settle(range.len(), chunks.into_iter().collect::<diag::Result<_>>()?))
}

/// Everything of a run that does not depend on samples.
pub(super) struct Walk<'a> {
    graph: &'a QuantGraph,
    arrays: &'a Arrays,
    inputs: &'a [ArrayView2<'a, f32>],
    plans: IdVec<LayerId, LayerPlan<'a>>,
    layer_of: IdVec<NodeId, Option<LayerId>>,
    /// Nodes that are neither inputs nor weighted layers.
    digital: IdVec<NodeId, Option<Digital<'a>>>,
    /// Last node that reads each node.
    last_use: IdVec<NodeId, usize>,
    options: RunOptions,
}

type CodeHook<'h> = dyn FnMut(LayerId, &[i32]) + 'h;
pub(super) type ProbeHook<'h> = dyn FnMut(LayerId, Probe) + 'h;

/// Observers of a walk.
#[derive(Default)]
pub(super) struct Hooks<'h> {
    /// Sees the input codes of every layer.
    pub(super) codes: Option<&'h mut CodeHook<'h>>,
    /// Sees every value before conversion.
    pub(super) probe: Option<&'h mut ProbeHook<'h>>,
}

/// What one chunk of samples yields.
pub(super) struct ChunkResult {
    logits: Vec<f32>,
    counts: Vec<LayerCounts>,
    /// Error and signal power of each compared sample, layer by layer.
    compared: Vec<Vec<[f64; 2]>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        graph: &'a QuantGraph,
        tiled: &TiledGraph,
        arrays: &'a Arrays,
        inputs: &'a [ArrayView2<'a, f32>],
        range: &Range<usize>,
        options: &RunOptions,
    ) -> diag::Result<Self> {
        let mut problems = Diagnostics::new();
        if inputs.len() != graph.inputs.len() {
            let text = format!("the network has {} inputs, {} are given", graph.inputs.len(), inputs.len());
            problems.push(Diagnostic::error("R106", text).help("give one array for each input of the network"));
        }
        for (wanted, given) in graph.inputs.iter().zip(inputs) {
            let features: usize = wanted.shape.iter().product();
            if given.ncols() != features || given.nrows() < range.end || range.end > 1 << 28 {
                let text = format!(
                    "input {}: samples {}..{} of {features} values are wanted, the data has {} of {}",
                    wanted.name,
                    range.start,
                    range.end,
                    given.nrows(),
                    given.ncols()
                );
                problems.push(
                    Diagnostic::error("R106", text)
                        .help("the data must have the network's input shape, and at most 268435456 samples"),
                );
            }
        }
        let mut layer_of: IdVec<NodeId, Option<LayerId>> = graph.nodes.iter().map(|_| None).collect();
        let mut plans = IdVec::new();
        for (id, layer) in tiled.layers.enumerate() {
            let plan = program::operation(graph, layer).and_then(|op| {
                let input = graph.layer(layer.node).and_then(|l| l.1);
                let input = input.filter(|q| q.bits <= 16).ok_or_else(|| {
                    Diagnostics::from(
                        Diagnostic::error(
                            "R105",
                            format!("layer {}: its input has no format of at most 16 bits", layer.origin),
                        )
                        .help("quantise activations to 16 bits or fewer"),
                    )
                })?;
                Ok(LayerPlan::new(op, &arrays.layers[id], input, arrays.options.seed, options.isa))
            });
            match plan {
                Ok(plan) => {
                    let _: LayerId = plans.push(plan);
                }
                Err(found) => problems.extend(found),
            }
            layer_of[layer.node] = Some(id);
        }
        for (id, node) in graph.nodes.enumerate() {
            if graph.layer(id).is_some() && layer_of[id].is_none() {
                let text = format!("{} {} is on no crossbar", node.onnx_op, node.origin);
                problems.push(Diagnostic::error("R105", text).help("tile the same network that is run"));
            }
        }
        let mut last_use: IdVec<NodeId, usize> = graph.nodes.iter().map(|_| 0).collect();
        for (id, node) in graph.nodes.enumerate() {
            node.inputs.iter().for_each(|i| last_use[*i] = id.index());
        }
        // the output outlives the walk
        last_use[graph.output()] = usize::MAX;
        let digital = graph.nodes.ids().map(|id| Digital::new(graph, id)).collect();
        problems.into_result(Self { graph, arrays, inputs, plans, layer_of, digital, last_use, options: *options })
    }

    /// Walks all nodes for some samples.
    ///
    /// # Errors
    /// R110 when an operator cannot compute on the values it meets.
    pub(super) fn chunk(
        &self,
        samples: Range<usize>,
        scratch: &mut Scratch,
        mut hooks: Hooks<'_>,
    ) -> diag::Result<ChunkResult> {
        let compared = samples.clone().take_while(|s| *s < self.options.compared_samples).count();
        let mut result = ChunkResult {
            logits: Vec::new(),
            counts: self.plans.iter().map(LayerPlan::counts).collect(),
            compared: vec![vec![[0.0; 2]; self.plans.len()]; compared],
        };
        let mut made: IdVec<NodeId, Signal> = self.graph.nodes.iter().map(|_| Signal::Real(Vec::new())).collect();
        let mut sums = Vec::new();
        for (id, node) in self.graph.nodes.enumerate() {
            let mut out = Signal::empty(node.quant);
            if let Some(layer) = self.layer_of[id] {
                let plan = &self.plans[layer];
                let states;
                let input = if let QOp::Recurrent(op) = &node.op {
                    let walk = Recur { op, plan, gates: &made[node.inputs[0]], samples: samples.clone() };
                    let tap = hooks.probe.as_deref_mut().map(|tap| (layer, tap));
                    let walked = walk.run(scratch, &mut result.counts[layer.index()], &mut sums, tap);
                    let (all, codes) = walked.map_err(|e| node.failure(&e))?;
                    out.extend(all.into_iter(), node.quant);
                    states = codes;
                    states.as_slice()
                } else {
                    made[node.inputs[0]].codes()
                };
                if let Some(codes) = &mut hooks.codes {
                    codes(layer, input);
                }
                if matches!(node.op, QOp::Mvm(_)) {
                    sums.resize(samples.len() * plan.positions * plan.op.outputs, 0);
                    let counts = &mut result.counts[layer.index()];
                    let mut forward = hooks.probe.as_deref_mut().map(|tap| move |probe| tap(layer, probe));
                    let tap = forward.as_mut().map(|f| f as &mut Tap<'_>);
                    plan.run(input, samples.start, scratch, counts, &mut sums, tap);
                    out = match node.quant {
                        Some(quant) => Signal::Codes(plan.finish(&sums, |o, sum| plan.op.requantise(o, sum, quant))),
                        None => Signal::Real(plan.finish(&sums, |o, sum| plan.op.real(o, sum))),
                    };
                }
                for (s, powers) in result.compared.iter_mut().enumerate() {
                    powers[layer.index()] = plan.compare(
                        &input[s * plan.features..(s + 1) * plan.features],
                        &sums[s * plan.positions * plan.op.outputs..(s + 1) * plan.positions * plan.op.outputs],
                    );
                }
            } else if let Some(input) = self.graph.inputs.iter().position(|i| i.node == id) {
                let rows = self.inputs[input].slice_axis(Axis(0), samples.clone().into());
                out.extend(rows.iter().copied(), node.quant);
            } else if let Some(digital) = &self.digital[id] {
                for s in 0..samples.len() {
                    let inputs: Vec<Piece<'_>> =
                        node.inputs.iter().map(|i| made[*i].sample(s, samples.len())).collect();
                    digital.apply(&inputs, &mut out)?;
                }
            }
            made[id] = out;
            for input in &node.inputs {
                if self.last_use[*input] == id.index() {
                    made[*input] = Signal::Real(Vec::new());
                }
            }
        }
        let output = self.graph.output();
        let logits = std::mem::replace(&mut made[output], Signal::Real(Vec::new()));
        result.logits = logits.into_real(self.graph.nodes[output].quant);
        Ok(result)
    }

    /// The plan of a layer.
    pub(super) fn plan(&self, layer: LayerId) -> &LayerPlan<'a> {
        &self.plans[layer]
    }

    /// Puts the chunks together, in order.
    fn settle(&self, samples: usize, chunks: Vec<ChunkResult>) -> Outcome {
        let classes = self.graph.elements(self.graph.output());
        let mut logits = Vec::with_capacity(samples * classes);
        let mut layers: IdVec<LayerId, LayerActivity> = (self.plans.iter())
            .map(|p| LayerActivity { planned: p.planned_reads(samples as u64), ..LayerActivity::default() })
            .collect();
        let mut drive: IdVec<LayerId, Vec<Vec<u64>>> = self.plans.iter().map(|p| p.counts().drive).collect();
        for chunk in chunks {
            logits.extend(chunk.logits);
            for (index, counts) in chunk.counts.iter().enumerate() {
                let id = LayerId::new(index);
                layers[id].reads += counts.reads;
                layers[id].cell_reads += counts.cell_reads;
                layers[id].conversions += counts.conversions;
                layers[id].clipped += counts.clipped;
                layers[id].code_sum += counts.code_sum;
                layers[id].stops.add(counts.stops);
                for (sum, part) in drive[id].iter_mut().flatten().zip(counts.drive.iter().flatten()) {
                    *sum += part;
                }
            }
            for sample in &chunk.compared {
                for (layer, [error, signal]) in layers.iter_mut().zip(sample) {
                    layer.error_power += error;
                    layer.signal_power += signal;
                }
            }
        }
        for (id, drive) in drive.enumerate() {
            let arrays = &self.arrays.layers[id];
            let copies = arrays.groups.iter().flat_map(|g| &g.copies);
            let squares: f64 = copies
                .zip(drive)
                .map(|(copy, drive)| copy.row_conductance.iter().zip(drive).map(|(g, n)| g * *n as f64).sum::<f64>())
                .sum();
            layers[id].array_energy = Joule(squares * arrays.energy);
        }
        let logits = Array2::from_shape_vec((samples, classes), logits).expect("every sample yields its classes");
        Outcome { logits, activity: Activity { samples: samples as u64, layers, estimated: false } }
    }
}

impl LayerPlan<'_> {
    /// Real values of the accumulators of one position.
    pub(super) fn real(&self, sums: &[i64]) -> Vec<f32> {
        let lsb = self.arrays.converter.lsb;
        sums.iter().enumerate().map(|(o, sum)| self.op.real(o, *sum as f64 * lsb)).collect()
    }

    /// Outputs of all samples, as the layer's output stands, from accumulators `[sample][position][output]`.
    fn finish<T: Copy + Default>(&self, sums: &[i64], f: impl Fn(usize, f64) -> T) -> Vec<T> {
        let (positions, outputs, lsb) = (self.positions, self.op.outputs, self.arrays.converter.lsb);
        let mut out = vec![T::default(); sums.len()];
        for (sums, out) in sums.chunks(positions * outputs).zip(out.chunks_mut(positions * outputs)) {
            for (p, sums) in sums.chunks(outputs).enumerate() {
                for (o, sum) in sums.iter().enumerate() {
                    let at = if self.op.order == Order::ChannelLast { p * outputs + o } else { o * positions + p };
                    out[at] = f(o, *sum as f64 * lsb);
                }
            }
        }
        out
    }

    /// Reads where data decide nothing.
    fn planned_reads(&self, samples: u64) -> u64 {
        samples * (self.positions * self.arrays.planes.len() * self.arrays.groups.len()) as u64
    }
}
