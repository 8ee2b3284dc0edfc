//! Turns the results of all stages into the rows of a report.

use std::collections::BTreeMap;

use crate::arch::Chip;
use crate::cost::{PartKind, Price};
use crate::energy::{AreaRow, Ledger, area, part_of, path};
use crate::exec::Activity;
use crate::id::Id;
use crate::lower::{QuantGraph, TiledGraph, TiledLayer};
use crate::map::Placement;
use crate::report::{ComponentRow, ConfusionRow, LayerRow, PredictionRow, Score, SummaryRow};
use crate::sched::{Program, Work};
use crate::sim::{Owner, Timeline};
use crate::units::Joule;

/// What the stages of a run found, gathered for reporting.
pub struct Results<'a> {
    /// The chip.
    pub chip: &'a Chip,
    /// The quantised network.
    pub quant: &'a QuantGraph,
    /// Its blocks.
    pub tiled: &'a TiledGraph,
    /// Where they are.
    pub placement: &'a Placement,
    /// The schedule.
    pub program: &'a Program,
    /// Timing of one sample.
    pub single: &'a Timeline,
    /// Timing of a batch of 100.
    pub batch: &'a Timeline,
    /// What the crossbars did.
    pub activity: &'a Activity,
    /// Energy of one inference.
    pub ledger: &'a Ledger,
}

/// Predictions of a run and of its two references, with the truth where it is known.
pub struct Answers<'a> {
    /// Class names.
    pub classes: &'a [String],
    /// Label masks, if there are labels.
    pub labels: Option<&'a [u32]>,
    /// Predictions of the simulated chip.
    pub chip: &'a [usize],
    /// Predictions of the float reference.
    pub float: &'a [usize],
    /// Predictions of the quantised integer reference.
    pub quantised: &'a [usize],
}

impl Results<'_> {
    /// Multiply-accumulates of one inference in weighted layers.
    #[must_use]
    pub fn macs(&self) -> u64 {
        self.tiled.layers.iter().map(TiledLayer::macs).sum()
    }

    /// Fills the timing, energy and area columns of a summary.
    pub fn summarise(&self, s: &mut SummaryRow) {
        let clock = self.chip.clock.si();
        s.arch.clone_from(&self.chip.name);
        s.arch_hash.clone_from(&self.chip.hash);
        s.clock_hz = clock;
        s.crossbars_used = self.placement.crossbars_used() as u64;
        s.crossbars_total = self.chip.xbars.len() as u64;
        s.utilisation = self.utilisation();
        s.macs = self.macs();
        s.latency_cycles = self.single.cycles;
        s.latency_s = self.single.cycles as f64 / clock;
        s.interval_cycles = self.batch.interval();
        s.interval_100_s = self.batch.cycles as f64 / clock / self.batch.samples.max(1) as f64;
        s.throughput_inf_s = clock / s.interval_cycles.max(1.0);
        s.energy_j = self.ledger.total().si();
        s.energy_dynamic_j = self.ledger.dynamic().si();
        s.energy_leakage_j = self.ledger.leakage().si();
        s.power_w = s.energy_j / s.latency_s.max(f64::MIN_POSITIVE);
        // two operations for each multiply-accumulate, pipeline full
        let operations = 2.0 * s.macs as f64;
        s.tops = operations * s.throughput_inf_s * 1e-12;
        s.tops_w = operations / s.energy_j.max(f64::MIN_POSITIVE) * 1e-12;
        let rows: Vec<AreaRow> = area(self.chip);
        let total: f64 = rows.iter().map(|r| r.area.si()).sum();
        s.area_mm2 = total * 1e-6;
        s.assumed_energy_share = self.ledger.assumed_share();
        s.assumed_area_share = rows.iter().fold(0.0, |sum, r| sum + r.assumed.si()) / total.max(f64::MIN_POSITIVE);
    }

    /// Share of the cells of the crossbars in use that hold a weight.
    fn utilisation(&self) -> f64 {
        let (mut cells, mut held) = (0usize, 0usize);
        for l in self.tiled.layers.iter() {
            let kind = &self.chip.xbar_kinds[l.xbar_kind];
            for b in &l.blocks {
                let block = &self.tiled.blocks[*b];
                let copies = self.placement.blocks[*b].len();
                cells += kind.rows * kind.cols * copies;
                held += l.weights_in(block) * l.slices.len() * 2 * copies;
            }
        }
        held as f64 / cells.max(1) as f64
    }

    /// Rows of `layers.csv`: every stage in order, then the leakage of the chip.
    #[must_use]
    pub fn layer_rows(&self, key: &str) -> Vec<LayerRow> {
        let energy = self.ledger.by_stage();
        let mut rows: Vec<LayerRow> = self
            .program
            .stages
            .enumerate()
            .map(|(id, stage)| {
                let times = self.single.stages.get(id).cloned().unwrap_or_default();
                let worst = times.stalls.iter().max_by_key(|(_, n)| **n).filter(|(_, n)| **n > 0);
                let node = stage.node.map(|n| &self.quant.nodes[n]);
                let shape = |s: &[usize]| s.iter().map(ToString::to_string).collect::<Vec<_>>().join("x");
                let joules = energy.get(&id).copied().unwrap_or(Joule(0.0)).si();
                let mut row = LayerRow {
                    run_key: key.into(),
                    layer: stage.name.clone(),
                    op: node.map_or_else(|| "Output".into(), |n| n.onnx_op.clone()),
                    onnx_node: node.map_or_else(String::new, |n| n.origin.clone()),
                    shape_in: node.map_or_else(String::new, |n| {
                        n.inputs.iter().map(|i| shape(&self.quant.nodes[*i].shape)).collect::<Vec<_>>().join(" ")
                    }),
                    shape_out: node.map_or_else(String::new, |n| shape(&n.shape)),
                    cycles_busy: times.busy,
                    cycles_stalled: times.stalls.values().sum(),
                    stall_cause: worst.map_or_else(String::new, |(c, _)| format!("{c:?}").to_lowercase()),
                    start_cycle: times.start,
                    end_cycle: times.end,
                    energy_j: joules,
                    ..LayerRow::default()
                };
                if let Work::Mvm { layer, replicas, .. } = &stage.work {
                    self.fill_weighted(&mut row, *layer, replicas.len());
                }
                row
            })
            .collect();
        rows.push(LayerRow {
            run_key: key.into(),
            layer: "leakage".into(),
            energy_j: self.ledger.leakage().si(),
            ..LayerRow::default()
        });
        rows
    }

    fn fill_weighted(&self, row: &mut LayerRow, layer: crate::lower::LayerId, replicas: usize) {
        let l = &self.tiled.layers[layer];
        let kind = &self.chip.xbar_kinds[l.xbar_kind];
        row.macs = l.macs();
        row.blocks = l.blocks.len() as u64;
        row.replicas = replicas as u64;
        row.crossbars = (l.blocks.len() * replicas) as u64;
        let weights: usize = l.blocks.iter().map(|b| l.weights_in(&self.tiled.blocks[*b])).sum();
        let held = weights * l.slices.len() * 2;
        row.utilisation = Some(held as f64 / (kind.rows * kind.cols * l.blocks.len()).max(1) as f64);
        row.energy_per_mac_j = Some(row.energy_j / (row.macs as f64).max(1.0));
        if let Some(a) = self.activity.layers.get(layer) {
            if a.error_power > 0.0 && a.signal_power > 0.0 {
                row.snr_db = Some(10.0 * (a.signal_power / a.error_power).log10());
            }
            if a.conversions > 0 {
                row.clip_rate = Some(a.clipped as f64 / a.conversions as f64);
                row.adc_mean_code = Some(a.code_sum as f64 / a.conversions as f64);
            }
        }
    }

    /// Rows of `components.csv`: parts that acted or leak, by path and action.
    #[must_use]
    pub fn component_rows(&self, key: &str) -> Vec<ComponentRow> {
        /// Path order, then action; the value is (count, dynamic, leakage).
        type Sums = BTreeMap<(Owner, PartKind, &'static str), (f64, f64, f64)>;
        let mut sums: Sums = BTreeMap::new();
        for line in &self.ledger.lines {
            let sum = sums.entry((line.owner, line.kind, line.action.map_or("leak", |a| a.name()))).or_default();
            sum.0 += line.count;
            if line.action.is_some() { sum.1 += line.energy.si() } else { sum.2 += line.energy.si() }
        }
        let cycles = self.single.cycles.max(1) as f64;
        sums.into_iter()
            .filter_map(|((owner, kind, action), (count, dynamic, leakage))| {
                let part = part_of(self.chip, owner, kind)?;
                let price: Option<&Price<Joule>> = part.energy.iter().find(|(a, _)| a.name() == action).map(|(_, p)| p);
                let busy = self.single.busy.get(&(owner, kind)).copied().unwrap_or(0);
                let source = price.map_or(&part.leakage.source, |p| &p.source);
                Some(ComponentRow {
                    run_key: key.into(),
                    path: path(self.chip, owner, kind),
                    kind: kind.name().into(),
                    action: action.into(),
                    count,
                    // the energy of a crossbar read depends on the data: its mean is energy / count
                    energy_per_action_j: if kind == PartKind::Crossbar { None } else { price.map(|p| p.value.si()) },
                    energy_j: dynamic,
                    leakage_j: leakage,
                    busy_cycles: busy,
                    busy_share: busy as f64 / cycles,
                    area_um2: part.area.value.si() * part.count as f64,
                    source: source.to_string(),
                })
            })
            .collect()
    }
}

/// Rows of `confusion.csv`.
#[must_use]
pub fn confusion_rows(key: &str, score: &Score, classes: &[String]) -> Vec<ConfusionRow> {
    let mut rows = Vec::new();
    for (label, counts) in score.classes.iter().zip(&score.confusion) {
        let first = label.name.split('|').next().unwrap_or_default();
        for (class, count) in classes.iter().zip(counts) {
            let rates = class == first;
            rows.push(ConfusionRow {
                run_key: key.into(),
                true_class: label.name.clone(),
                predicted_class: class.clone(),
                count: *count,
                sensitivity: rates.then_some(label.sensitivity),
                positive_predictivity: rates.then_some(label.positive_predictivity),
                f1: rates.then_some(label.f1),
            });
        }
    }
    rows
}

/// Rows of `predictions.csv`.
#[must_use]
pub fn prediction_rows(a: &Answers<'_>) -> Vec<PredictionRow> {
    let name = |c: usize| a.classes.get(c).cloned().unwrap_or_else(|| c.to_string());
    (0..a.chip.len())
        .map(|i| {
            let mask = a.labels.map(|l| l[i]);
            PredictionRow {
                sample: i as u64,
                label: mask.map_or_else(String::new, |m| {
                    (0..32).filter(|c| m >> c & 1 == 1).map(name).collect::<Vec<_>>().join("|")
                }),
                predicted: name(a.chip[i]),
                predicted_float: name(a.float[i]),
                predicted_quantised: name(a.quantised[i]),
                right: mask.map(|m| m >> a.chip[i] & 1 == 1),
            }
        })
        .collect()
}

/// Text of a placement: each layer with its crossbars.
#[must_use]
pub fn describe_placement(chip: &Chip, tiled: &TiledGraph, placement: &Placement) -> String {
    let mut out = String::new();
    for l in tiled.layers.iter() {
        out.push_str(&format!(
            "{}: {} rows × {} columns{}, {} slices, {} input phases, {} positions\n",
            l.origin,
            l.rows,
            l.cols,
            if l.groups > 1 { format!(" in {} groups", l.groups) } else { String::new() },
            l.slices.len(),
            l.planes.len(),
            l.positions
        ));
        for b in &l.blocks {
            let block = &tiled.blocks[*b];
            let paths: Vec<String> =
                placement.blocks.get(*b).map_or_else(Vec::new, |x| x.iter().map(|x| chip.xbar_path(*x)).collect());
            out.push_str(&format!(
                "  block {}: rows {}..{}, columns {}..{}{} {}\n",
                b.index(),
                block.rows.start,
                block.rows.end,
                block.cols.start,
                block.cols.end,
                if l.groups > 1 {
                    format!(
                        ", {} of {} crossings hold weights",
                        l.weights_in(block),
                        block.rows.len() * block.cols.len()
                    )
                } else {
                    String::new()
                },
                paths.join(" ")
            ));
        }
    }
    out
}
