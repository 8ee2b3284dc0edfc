//! A network brought onto a chip: all stages up to the schedule, ready to be timed and evaluated.

use std::ops::Range;

use ndarray::Array2;

use super::fit::{Fitted, Scheduled, fit, follow};
use super::quant_flags::quantisation;
use super::{CALIBRATION_SAMPLES, Progress, RunOptions, inputs, structure};
use crate::arch::{self, Chip, CoreKind};
use crate::circuit::wires::FoldCache;
use crate::cost::Action;
use crate::data::{Dataset, Labels, device_files};
use crate::diag::{Diagnostics, Result};
use crate::exec::{self, Activity, Arrays, Converters, Fidelity, Outcome, ValueOptions};
use crate::graph::Graph;
use crate::id::Id;
use crate::lower::{self, LayerId, QuantGraph, TiledGraph};
use crate::map::Placement;
use crate::onnx::{self, Model};
use crate::report::{FoldFolder, argmax};
use crate::sched::{Pace, Program};
use crate::sim::{self, SimOptions, Timeline};
use crate::units::Joule;

/// All stages of one network on one chip.
pub struct Session {
    /// The chip.
    pub chip: Chip,
    /// The network as read.
    pub model: Model,
    /// Float graph as in the file but for a softmax or sigmoid at its end, which the chip leaves out too: the float
    /// reference.
    pub original: Graph,
    /// Float graph, folded.
    pub graph: Graph,
    /// Integer graph.
    pub quant: QuantGraph,
    /// Crossbar blocks.
    pub tiled: TiledGraph,
    /// Their places.
    pub placement: Placement,
    /// The schedule.
    pub program: Program,
    /// Segments that take turns on the crossbars; empty if the network is on them all the time.
    pub segments: Vec<Scheduled>,
    /// The samples to run.
    pub data: Dataset,
    /// The samples to calibrate with.
    pub calibration: Dataset,
    /// Name of the mapper used.
    pub mapper: String,
    /// Findings that do not stop the run.
    pub warnings: Diagnostics,
    /// Crossbars with wires that were folded.
    pub folds: FoldCache,
}

impl Session {
    /// Loads chip, network and data and takes the network down to a schedule.
    ///
    /// # Errors
    /// Everything wrong with the arch file, the model, the data or their fit.
    pub fn open(options: &RunOptions) -> Result<Self> {
        Self::build(options, |graph, warnings| {
            if !options.values {
                return Ok((structure::no_samples(), structure::no_samples()));
            }
            let data = inputs::load(options, graph, warnings)?;
            let calibration = match &options.calibration {
                Some(path) => inputs::read(path, graph)?.spread(CALIBRATION_SAMPLES),
                None => data.spread(CALIBRATION_SAMPLES),
            };
            Ok((data, calibration))
        })
    }

    /// As [`Self::open`], on samples that are already there.
    ///
    /// # Errors
    /// Everything wrong with the arch file, the model, or the fit of the data.
    pub fn open_on(options: &RunOptions, data: Dataset, calibration: Dataset) -> Result<Self> {
        Self::build(options, |graph, _| {
            inputs::fit(&data, "data", graph)?;
            inputs::fit(&calibration, "calibration", graph)?;
            Ok((data, calibration))
        })
    }

    fn build(
        options: &RunOptions,
        samples: impl FnOnce(&Graph, &mut Diagnostics) -> Result<(Dataset, Dataset)>,
    ) -> Result<Self> {
        let (mut chip, mut model, mut warnings) = read(options)?;
        options.quantisation.apply(&mut chip.defaults);
        let quantisation = quantisation(&chip.defaults)?;
        let mut original = Graph::build(&model, &options.dims)?;
        warnings.extend(lower::settle_batch(&mut original));
        warnings.extend(lower::fold::logits(&mut original));
        let mut graph = original.clone();
        if !options.values {
            structure::forget(&mut model, &mut original);
        }
        warnings.extend(lower::fold::simplify(&mut graph));
        if quantisation.equalise {
            lower::equalise::equalise(&mut graph);
        }
        let (data, calibration) = samples(&graph, &mut warnings)?;
        let d = &chip.defaults;
        let ranges = match options.values {
            true => lower::calibrate(&graph, &calibration.inputs)?,
            false => lower::Ranges::unknown(),
        };
        let quant = lower::quantise(&graph, &ranges, quantisation)?;
        if !options.values {
            structure::forget(&mut model, &mut graph);
        }
        let tiled = lower::tile(&quant, &chip)?;
        let mapper = options.mapper.clone().unwrap_or_else(|| d.mapper.clone());
        let Fitted { placement, program, segments } = fit(options, &mut chip, &quant, &tiled, &mapper)?;
        let folds = match &options.folds {
            Some(folder) => FoldCache::on(Box::new(FoldFolder::open(folder)?)),
            None => FoldCache::default(),
        };
        Ok(Self {
            chip,
            model,
            original,
            graph,
            quant,
            tiled,
            placement,
            program,
            segments,
            data,
            calibration,
            mapper,
            warnings,
            folds,
        })
    }

    /// What the values see under `options`.
    #[must_use]
    pub fn value_options(&self, options: &RunOptions) -> ValueOptions {
        ValueOptions {
            fidelity: options
                .fidelity
                .or_else(|| Fidelity::parse(&self.chip.defaults.fidelity))
                .unwrap_or(Fidelity::Noisy),
            seed: options.seed,
            noise_scale: options.noise_scale,
            age: options.age.unwrap_or(self.chip.defaults.age),
            temperature: self.chip.temperature,
        }
    }

    /// Times a batch of `samples`.
    ///
    /// # Errors
    /// A deadlock, with the components that wait for each other.
    pub fn time(&self, samples: usize) -> Result<Timeline> {
        self.time_of(samples, None)
    }

    /// As [`Self::time`], with MVMs that take as many reads as the data of `activity` asked for.
    ///
    /// # Errors
    /// See [`Self::time`].
    pub fn time_of(&self, samples: usize, activity: Option<&Activity>) -> Result<Timeline> {
        self.run(&SimOptions { samples, ..SimOptions::default() }, activity)
    }

    /// As [`Self::time_of`], with everything written down that happens ([`Timeline::recording`]).
    ///
    /// # Errors
    /// See [`Self::time`].
    pub fn trace(&self, samples: usize, activity: Option<&Activity>) -> Result<Timeline> {
        self.run(&SimOptions { samples, trace: true, ..SimOptions::default() }, activity)
    }

    fn run(&self, options: &SimOptions, activity: Option<&Activity>) -> Result<Timeline> {
        let run = |program: &Program, first: usize| -> Result<Timeline> {
            let pace = |a: &Activity, l: LayerId| {
                let layer = a.layers.get(LayerId::new(first + l.index())).copied().unwrap_or_default();
                Pace { steps: layer.pace(), convert: layer.stops.round() }
            };
            Ok(match activity {
                Some(activity) => sim::run(&program.paced(|l| pace(activity, l)), options)?,
                None => sim::run(program, options)?,
            })
        };
        if self.segments.is_empty() {
            return run(&self.program, 0);
        }
        let mut whole = Timeline::default();
        for part in &self.segments {
            follow(&mut whole, run(&part.program, part.segment.first_layer)?);
        }
        Ok(whole)
    }

    /// Logits of the float reference, `[samples, classes]`.
    ///
    /// # Errors
    /// When the data do not fit the network's inputs.
    pub fn float(&self, progress: &dyn Progress) -> Result<Array2<f32>> {
        progress.start("float reference", 1);
        let outputs = self.original.run(&self.data.inputs);
        progress.finish();
        let first = outputs?.into_iter().next().map(|(_, a)| a).unwrap_or_default();
        let features = first.len() / self.data.samples.max(1);
        Ok(first.into_shape_with_order((self.data.samples, features)).unwrap_or_default())
    }

    /// Logits of the quantised integer reference, `[samples, classes]`.
    ///
    /// # Errors
    /// When the data do not fit the network's inputs.
    pub fn reference(&self, progress: &dyn Progress) -> Result<Array2<f32>> {
        progress.start("quantised reference", 1);
        let logits = lower::reference::run(&self.quant, &self.data.inputs, 0..self.data.samples);
        progress.finish();
        logits
    }

    /// Programs the crossbars, their converters calibrated on the calibration samples.
    ///
    /// # Errors
    /// When the chip cannot hold the weights as asked (grid, converter range).
    pub fn arrays(&self, values: &ValueOptions) -> Result<Arrays> {
        let replicas = self
            .tiled
            .layers
            .iter()
            .map(|l| l.blocks.iter().map(|b| self.placement.blocks[*b].len()).min().unwrap_or(1))
            .collect();
        let converters = self.converters()?;
        Arrays::program_folded(&self.quant, &self.tiled, &self.chip, &converters, &replicas, values, &self.folds)
    }

    /// Steps of all converters, from the calibration samples.
    ///
    /// # Errors
    /// As [`exec::calibrate`].
    pub fn converters(&self) -> Result<Converters> {
        let samples = inputs::matrices(&self.calibration, &self.graph);
        exec::calibrate(&self.quant, &self.tiled, &self.chip, &samples, 0..self.calibration.samples)
    }

    /// Conversions of the calibration run on which the converters of `arrays` rest, and the energy of these
    /// conversions at the price of the cores that hold the layers.
    #[must_use]
    pub fn calibration_cost(&self, arrays: &Arrays) -> (u64, Joule) {
        let (mut conversions, mut energy) = (0, 0.0);
        for (id, layer) in self.tiled.layers.enumerate() {
            let n = arrays.converter(id).calibration;
            let holds = |c: &&CoreKind| c.crossbars.iter().any(|(kind, _)| *kind == layer.xbar_kind);
            let price = self.chip.core_kinds.iter().find(holds).and_then(|c| c.adc.part.price(Action::Convert));
            conversions += n;
            energy += n as f64 * price.map_or(0.0, |p| p.value.si());
        }
        (conversions, Joule(energy))
    }

    /// Evaluates the samples of `range` on programmed crossbars.
    ///
    /// # Errors
    /// When the data do not fit the network's inputs.
    pub fn values(
        &self,
        arrays: &Arrays,
        range: Range<usize>,
        options: &exec::RunOptions,
        progress: &dyn Progress,
    ) -> Result<Outcome> {
        progress.start("crossbars", range.len() as u64);
        let samples = inputs::matrices(&self.data, &self.graph);
        let outcome =
            exec::run(&self.quant, &self.tiled, arrays, &samples, range, options, &|done| progress.set(done as u64));
        progress.finish();
        outcome
    }

    /// Compares the aggregated read noise of every layer with draws for every cell, on one sample.
    ///
    /// # Errors
    /// As [`exec::column_moments_test`].
    pub fn column_moments(&self, values: &ValueOptions, sample: usize, reads: usize) -> Result<Vec<exec::LayerTest>> {
        let samples = inputs::matrices(&self.data, &self.graph);
        exec::column_moments_test(&self.quant, &self.tiled, &self.chip, values, &samples, sample, reads)
    }

    /// Label masks of the samples, if they are labelled.
    #[must_use]
    pub fn label_masks(&self) -> Option<Vec<u32>> {
        match self.data.labels.as_ref()? {
            Labels::Class(classes) => Some(classes.iter().map(|c| 1u32.checked_shl(*c).unwrap_or(0)).collect()),
            Labels::Group(masks) => Some(masks.clone()),
        }
    }

    /// Class names: the data's, or numbers.
    #[must_use]
    pub fn class_names(&self) -> Vec<String> {
        let outputs: usize = self.quant.elements(self.quant.output());
        (0..outputs).map(|c| self.data.classes.get(c).cloned().unwrap_or_else(|| c.to_string())).collect()
    }
}

/// Chip and network of a run, and the warnings of reading them.
fn read(options: &RunOptions) -> Result<(Chip, Model, Diagnostics)> {
    // the files are independent: report what is wrong with each of them together
    let chip = arch::load_with(&options.arch, &options.set, &device_files::resolve);
    let model = onnx::read(&options.model, &onnx::Limits::default());
    let (chip, model) = both(chip, model)?;
    let warnings = chip.warnings.clone();
    Ok((chip, model, warnings))
}

/// Predicted class of every row.
#[must_use]
pub fn predictions(logits: &Array2<f32>) -> Vec<usize> {
    logits.rows().into_iter().map(|r| r.as_slice().map_or_else(|| argmax(&r.to_vec()), argmax)).collect()
}

/// Both values, or the findings of both.
fn both<A, B>(a: Result<A>, b: Result<B>) -> Result<(A, B)> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(mut a), Err(b)) => {
            a.extend(b);
            Err(a)
        }
        (Err(e), Ok(_)) | (Ok(_), Err(e)) => Err(e),
    }
}
