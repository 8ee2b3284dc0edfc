//! Turns the results of all stages into the rows of a report.

use std::collections::{BTreeMap, BTreeSet};

use crate::arch::Chip;
use crate::cost::{PartKind, Price};
use crate::energy::{AreaRow, Ledger, area, part_of, path};
use crate::exec::Activity;
use crate::id::Id;
use crate::lower::{QuantGraph, TiledGraph, TiledLayer};
use crate::map::{Placement, usage};
use crate::report::{ComponentRow, ConfusionRow, LayerRow, LinkRow, PredictionRow, Score, SummaryRow};
use crate::sched::{self, Program, Work};
use crate::sim::{Link, Owner, Timeline};
use crate::units::Joule;

/// Crossbars up to which every part has rows of its own in `components.csv`.
const SINGLE_PARTS: usize = 4096;

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
    /// Timing of a batch, unless one inference alone is timed.
    pub batch: Option<&'a Timeline>,
    /// What the crossbars did.
    pub activity: &'a Activity,
    /// Energy of one inference.
    pub ledger: &'a Ledger,
    /// Segments that take turns on the crossbars; 0 or 1 if the network is on them all the time.
    pub segments: usize,
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
        let traffic = sched::traffic(self.program);
        (s.noc_bits, s.noc_hop_bits) = (traffic.bits, traffic.hop_bits);
        s.macs = self.macs();
        s.latency_cycles = self.single.cycles;
        s.latency_s = self.single.cycles as f64 / clock;
        s.chips = self.chip.chips as u64;
        s.segments = self.segments.max(1) as u64;
        if let Some(batch) = self.batch {
            let each = batch.cycles as f64 / batch.samples.max(1) as f64;
            // segments take turns with whole batches: there is no pipeline over all of them
            let interval = if self.segments > 1 { each } else { batch.interval() };
            s.interval_cycles = Some(interval);
            s.interval_100_s = Some(batch.cycles as f64 / clock / batch.samples.max(1) as f64);
            s.batch_100_s = Some(batch.cycles as f64 / clock);
            s.throughput_inf_s = Some(clock / interval.max(1.0));
        }
        s.energy_j = self.ledger.total().si();
        s.energy_dynamic_j = self.ledger.dynamic().si();
        s.energy_leakage_j = self.ledger.leakage().si();
        s.power_w = s.energy_j / s.latency_s.max(f64::MIN_POSITIVE);
        // two operations for each multiply-accumulate, pipeline full
        let operations = 2.0 * s.macs as f64;
        s.tops = s.throughput_inf_s.map(|t| operations * t * 1e-12);
        s.tops_w = operations / s.energy_j.max(f64::MIN_POSITIVE) * 1e-12;
        let rows: Vec<AreaRow> = area(self.chip);
        let total: f64 = rows.iter().map(|r| r.area.si()).sum();
        s.area_mm2 = total * 1e-6;
        s.assumed_energy_share = self.ledger.assumed_share();
        s.assumed_area_share = rows.iter().fold(0.0, |sum, r| sum + r.assumed.si()) / total.max(f64::MIN_POSITIVE);
    }

    /// Share of the cells of the crossbars in use that hold a weight.
    fn utilisation(&self) -> f64 {
        let layers = self.tiled.layers.ids().map(|l| usage(self.tiled, self.placement, self.chip, l));
        let (held, cells) = layers.fold((0, 0), |(held, cells), u| (held + u.held, cells + u.cells));
        held as f64 / cells.max(1) as f64
    }

    /// Rows of `layers.csv`: every stage in order, then what belongs to none: leakage; refresh, clocks and waking.
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
                    home_tile: Some(stage.tile.index() as u64),
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
        let standing = self.ledger.standing().si();
        if standing > 0.0 {
            let layer = "refresh, clocks and waking".into();
            rows.push(LayerRow { run_key: key.into(), layer, energy_j: standing, ..LayerRow::default() });
        }
        rows
    }

    fn fill_weighted(&self, row: &mut LayerRow, layer: crate::lower::LayerId, replicas: usize) {
        let l = &self.tiled.layers[layer];
        let used = usage(self.tiled, self.placement, self.chip, layer);
        row.macs = l.macs();
        row.blocks = l.blocks.len() as u64;
        row.replicas = replicas as u64;
        row.crossbars = used.crossbars as u64;
        row.utilisation = Some(used.held as f64 / used.cells.max(1) as f64);
        row.positions_per_replica = Some(l.positions.div_ceil(replicas.max(1)) as u64);
        let xbars = l.blocks.iter().flat_map(|b| &self.placement.blocks[*b]);
        let tiles: BTreeSet<_> = xbars.map(|x| self.chip.cores[self.chip.xbars[*x].core].tile).collect();
        row.tiles = Some(tiles.len() as u64);
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

    /// Converters are counted core by core and act crossbar by crossbar: how many share one count.
    fn sharers(&self, owner: Owner, kind: PartKind) -> f64 {
        match owner {
            Owner::Xbar(x) if kind != PartKind::Crossbar => {
                let core = self.chip.cores[self.chip.xbars[x].core].kind;
                self.chip.core_kinds[core].crossbars.iter().map(|(_, n)| *n as f64).sum()
            }
            _ => 1.0,
        }
    }

    /// Who a line of `components.csv` is about: the part itself, or on a large chip its tile.
    fn told(&self, owner: Owner) -> Owner {
        if self.chip.xbars.len() <= SINGLE_PARTS {
            return owner;
        }
        match owner {
            Owner::Xbar(x) => Owner::Tile(self.chip.cores[self.chip.xbars[x].core].tile),
            Owner::Core(c) => Owner::Tile(self.chip.cores[c].tile),
            Owner::Link(from, _) => Owner::Tile(from),
            other => other,
        }
    }

    /// Rows of `components.csv`: parts that acted or leak, by path and action; on a chip of more than
    /// [`SINGLE_PARTS`] crossbars the equal parts of a tile share a row.
    #[must_use]
    pub fn component_rows(&self, key: &str) -> Vec<ComponentRow> {
        /// What the parts of a row add up to.
        #[derive(Default)]
        struct Sum {
            count: f64,
            dynamic: f64,
            leakage: f64,
            busy: u64,
            area: f64,
            parts: u64,
            asleep: u64,
            wakes: u64,
            gated: bool,
            last: Option<Owner>,
        }
        // path order, then action
        let mut sums: BTreeMap<(Owner, PartKind, &'static str), Sum> = BTreeMap::new();
        for line in &self.ledger.lines {
            let action = line.action.map_or("leak", |a| a.name());
            let sum = sums.entry((self.told(line.owner), line.kind, action)).or_default();
            sum.count += line.count;
            if line.action.is_some() {
                sum.dynamic += line.energy.si()
            } else {
                sum.leakage += line.energy.si()
            }
            // lines of one part and action follow one another
            if sum.last.replace(line.owner) != Some(line.owner)
                && let Some(part) = part_of(self.chip, line.owner, line.kind)
            {
                sum.busy += self.single.busy.get(&(line.owner, line.kind)).copied().unwrap_or(0);
                sum.area += part.area.value.si() * part.count as f64 / self.sharers(line.owner, line.kind);
                sum.parts += 1;
                if let Some(rest) = self.single.rests.get(&(line.owner, line.kind)) {
                    sum.gated = true;
                    sum.asleep += rest.asleep;
                    sum.wakes += rest.wakes;
                }
            }
        }
        let cycles = self.single.cycles.max(1) as f64;
        let samples = self.single.samples.max(1) as f64;
        sums.into_iter()
            .filter_map(|((owner, kind, action), sum)| {
                let part = part_of(self.chip, sum.last?, kind)?;
                let price: Option<&Price<Joule>> = part.energy.iter().find(|(a, _)| a.name() == action).map(|(_, p)| p);
                let source = price.map_or(&part.leakage.source, |p| &p.source);
                let source = match kind == PartKind::Crossbar && self.activity.estimated && action == "bias" {
                    true => format!("assumed: {}; {source}", crate::exec::ASSUMPTION),
                    false => source.to_string(),
                };
                let gate = part.gating.as_ref().and_then(|g| g.power.as_ref()).filter(|_| sum.asleep > 0);
                let source = match gate.filter(|_| action == "leak") {
                    Some(gate) => format!("{source}; gate: {}", gate.retained.source),
                    None => source,
                };
                let dram =
                    (owner, kind) == (Owner::Memory, PartKind::Memory) && self.program.machine.memory.dram.is_some();
                let rows = dram.then_some(self.single.rows);
                Some(ComponentRow {
                    run_key: key.into(),
                    path: path(self.chip, owner, kind),
                    kind: kind.name().into(),
                    action: action.into(),
                    count: sum.count,
                    // the energy of a crossbar read depends on the data: its mean is energy / count
                    energy_per_action_j: if kind == PartKind::Crossbar { None } else { price.map(|p| p.value.si()) },
                    energy_j: sum.dynamic,
                    leakage_j: sum.leakage,
                    busy_cycles: sum.busy,
                    busy_share: sum.busy as f64 / cycles / sum.parts.max(1) as f64,
                    area_um2: sum.area,
                    source,
                    asleep_share: sum.gated.then(|| sum.asleep as f64 / cycles / sum.parts.max(1) as f64),
                    wakes: sum.gated.then(|| sum.wakes as f64 / samples),
                    row_hits: rows.map(|r| r.hits),
                    row_misses: rows.map(|r| r.misses),
                    row_conflicts: rows.map(|r| r.conflicts),
                })
            })
            .collect()
    }
}

impl Results<'_> {
    /// Rows of `links.csv`: every link of the mesh and between chips, with what went over it in one inference.
    #[must_use]
    pub fn link_rows(&self, key: &str) -> Vec<LinkRow> {
        let cycles = self.single.cycles.max(1) as f64;
        let row = |l: &crate::sim::LinkUse| {
            let used = LinkRow {
                run_key: key.into(),
                messages: l.messages,
                flits: l.flits,
                bytes: l.bytes,
                busy_cycles: l.busy,
                busy_share: l.busy as f64 / cycles,
                ..LinkRow::default()
            };
            match l.link {
                Link::Tiles(from, to) => {
                    let (a, b) = (&self.chip.tiles[from], &self.chip.tiles[to]);
                    LinkRow {
                        path: path(self.chip, Owner::Link(from, to), PartKind::Link),
                        kind: PartKind::Link.name().into(),
                        from: self.chip.tile_path(from),
                        to: self.chip.tile_path(to),
                        from_x: Some(a.x as u64),
                        from_y: Some(a.y as u64),
                        to_x: Some(b.x as u64),
                        to_y: Some(b.y as u64),
                        ..used
                    }
                }
                Link::Chips { from, to, lane } => LinkRow {
                    path: format!("{}[{from}-{to}.{lane}]", path(self.chip, Owner::Chip(from), PartKind::ChipLink)),
                    kind: PartKind::ChipLink.name().into(),
                    from: format!("chip[{from}]"),
                    to: format!("chip[{to}]"),
                    ..used
                },
            }
        };
        self.single.links.iter().map(row).collect()
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
