//! Laws of mapping, for random networks, chips and every mapper; ISAAC's rule on the VGG networks; and traffic
//! that is what the timing core counts.

#[path = "mapping/networks.rs"]
mod networks;

use std::collections::BTreeMap;

use archsim::arch::{Chip, XbarId, XbarKindId};
use archsim::cost::{Action, PartKind};
use archsim::exec::support::{Parameters, chip, heartbeat, samples, tile};
use archsim::exec::{self, Arrays, Fidelity, ValueOptions};
use archsim::id::{Id, IdVec};
use archsim::lower::{self, LayerId, QOp, QuantGraph, TiledGraph, TiledLayer};
use archsim::map::{self, Flows, MAPPERS, MOST_COPIES, Placement, Traffic, balanced, demands};
use archsim::sched::{self, Work};
use archsim::sim::{self, Owner, SimOptions};
use archsim::units::{Kelvin, Latency, Second};
use networks::{Net, VGG, mesh, resnet50, vgg};
use proptest::prelude::*;

/// Every mapper as it is and with options that change what it does.
const ALL: [&str; 7] = [
    "sequential",
    "balanced_pipeline",
    "balanced_pipeline:copies=3",
    "greedy_noc",
    "greedy_noc:copies=4",
    "anneal:steps=300",
    "anneal:steps=300,seed=7,copies=5",
];

/// A random small network: convolutions, pools, sums of two branches, a dense layer.
fn network(side: usize, steps: &[(u8, usize)], classes: usize) -> QuantGraph {
    let mut net = Net::new(2, side);
    let mut last = net.last();
    for (what, channels) in steps {
        last = match what {
            0 => net.conv(last, *channels, 3, 1),
            1 => net.conv(last, *channels, 1, 2),
            2 => {
                let a = net.conv(last, *channels, 3, 1);
                let b = net.conv(last, *channels, 1, 1);
                net.add(a, b)
            }
            _ => net.pool(last, 2),
        };
    }
    net.dense(last, classes);
    net.finish()
}

/// Whether the layer has a weight for this input of this output: everywhere but between groups.
fn has_weight(op: &archsim::lower::MvmOp, row: usize, col: usize) -> bool {
    op.rows_of(col).contains(&row)
}

/// Blocks of a layer cover each of its weights exactly once.
fn every_weight_once(graph: &QuantGraph, tiled: &TiledGraph) {
    for l in tiled.layers.iter() {
        let QOp::Mvm(op) = &graph.nodes[l.node].op else { panic!("{} is not a weighted layer", l.origin) };
        assert_eq!((l.rows, l.cols), (op.window.rows(), op.outputs));
        let mut covered = vec![0u8; l.rows * l.cols];
        for b in &l.blocks {
            let block = &tiled.blocks[*b];
            for r in block.rows.clone() {
                block.cols.clone().for_each(|c| covered[r * l.cols + c] += 1);
            }
        }
        for (i, n) in covered.iter().enumerate() {
            let (row, col) = (i / l.cols, i % l.cols);
            let right = if has_weight(op, row, col) { *n == 1 } else { *n <= 1 };
            assert!(right, "{}: weight ({row}, {col}) stands in {n} blocks", l.origin);
        }
    }
}

/// No two blocks on one crossbar, blocks fit their crossbars, every layer has one number of copies.
fn lawful(tiled: &TiledGraph, placement: &Placement, chip: &Chip) {
    let mut taken: BTreeMap<XbarId, usize> = BTreeMap::new();
    assert_eq!(placement.blocks.len(), tiled.blocks.len());
    for (id, l) in tiled.layers.enumerate() {
        let copies = placement.blocks[l.blocks[0]].len();
        assert!((1..=MOST_COPIES.min(l.positions.max(1))).contains(&copies), "{} has {copies} copies", l.origin);
        for b in &l.blocks {
            let block = &tiled.blocks[*b];
            assert_eq!(block.layer, id);
            assert_eq!(placement.blocks[*b].len(), copies, "block {} of {}", b.index(), l.origin);
            for x in &placement.blocks[*b] {
                if let Some(other) = taken.insert(*x, b.index()) {
                    panic!("{} holds blocks {other} and {}", chip.xbar_path(*x), b.index());
                }
                let kind = &chip.xbar_kinds[chip.xbars[*x].kind];
                assert_eq!(chip.xbars[*x].kind, l.xbar_kind);
                assert!(block.rows.len() <= kind.rows);
                assert!(block.cols.len() * l.slices.len() * kind.encoding.polarities() <= kind.cols);
            }
        }
    }
    assert_eq!(taken.len(), placement.crossbars_used());
    assert!(taken.len() <= chip.xbars.len());
}

fn sent(placement: &Placement, graph: &QuantGraph, tiled: &TiledGraph, chip: &Chip) -> Traffic {
    Flows::of(graph, tiled, chip).traffic(tiled, placement, chip)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn laws_of_mapping(side in 6usize..14, steps in prop::collection::vec((0u8..4, 1usize..70), 1..5), classes in 2usize..20,
        grid in (1usize..5, 1usize..5), cores in 1usize..4, xbars in 1usize..4) {
        // two pools need four pixels
        prop_assume!(steps.iter().filter(|(w, _)| *w == 1 || *w == 3).count() < 3);
        let graph = network(side, &steps, classes);
        let chip = mesh([grid.0, grid.1], cores, xbars);
        let tiled = lower::tile(&graph, &chip).unwrap();
        every_weight_once(&graph, &tiled);
        let fits = tiled.blocks.len() <= chip.xbars.len();
        for mapper in ALL {
            let placed = map::place(mapper, &graph, &tiled, &chip);
            match placed {
                Ok(p) => {
                    prop_assert!(fits);
                    lawful(&tiled, &p, &chip);
                    prop_assert_eq!(&p, &map::place(mapper, &graph, &tiled, &chip).unwrap(), "{} is not a function", mapper);
                    // what the mappers minimise is what the schedule sends
                    if let Ok(program) = sched::emit(&graph, &tiled, &p, &chip) {
                        prop_assert_eq!(sent(&p, &graph, &tiled, &chip), sched::traffic(&program), "{}", mapper);
                    }
                }
                Err(e) => {
                    prop_assert!(!fits, "{mapper}: {e}");
                    prop_assert!(e.iter().all(|d| d.code == "P002"));
                }
            }
        }
        if fits {
            let cost = |mapper| sent(&map::place(mapper, &graph, &tiled, &chip).unwrap(), &graph, &tiled, &chip).hop_bits;
            prop_assert!(cost("anneal:steps=300") <= cost("greedy_noc"));
        }
    }

    /// Flits of every link, as the timing core counts them one by one.
    #[test]
    fn traffic_is_what_the_timing_core_counts(side in 4usize..9, steps in prop::collection::vec((0u8..4, 1usize..40), 1..4),
        width in 1usize..4, mapper in 0usize..ALL.len()) {
        prop_assume!(steps.iter().filter(|(w, _)| *w == 1 || *w == 3).count() < 2);
        let graph = network(side, &steps, 5);
        let chip = mesh([width, 3], 2, 4);
        let tiled = lower::tile(&graph, &chip).unwrap();
        prop_assume!(tiled.blocks.len() <= chip.xbars.len());
        let placement = map::place(ALL[mapper], &graph, &tiled, &chip).unwrap();
        let program = sched::emit(&graph, &tiled, &placement, &chip).unwrap();
        let timeline = sim::run(&program, &SimOptions { samples: 1, ..SimOptions::default() }).unwrap();
        let mut counted = BTreeMap::new();
        for ((owner, part, action, _), n) in &timeline.counts {
            if let (Owner::Link(a, b), PartKind::Link, Action::Traverse) = (owner, part, action) {
                *counted.entry((*a, *b)).or_insert(0) += *n;
            }
        }
        let traffic = sched::traffic(&program);
        let reckoned: BTreeMap<_, _> = traffic.links().map(|(a, b, flits)| ((a, b), flits)).collect();
        prop_assert_eq!(reckoned, counted);
    }
}

/// Two layers on a mesh of 3 × 1, by hand. The input, 2 channels of 4 × 4, comes from tile 0: 16 messages of 2
/// bytes. The convolution (1 × 1, 3 outputs) is put on tile 1, the dense layer (48 inputs, 5 classes) on tile 2:
/// 1 hop for each. Convolution to dense layer: 16 × 3 bytes, 1 hop. Logits: 5 × 4 bytes from tile 2 to tile 0,
/// 2 hops. Units stand at their homes. Flits have 16 bytes: 16 + 1 (back) on 0–1, 16 + 1 on 1–2.
#[test]
fn a_case_by_hand() {
    let mut net = Net::new(2, 4);
    let input = net.last();
    let conv = net.conv(input, 3, 1, 1);
    net.dense(conv, 5);
    let graph = net.finish();
    let chip = mesh([3, 1], 1, 1);
    let tiled = lower::tile(&graph, &chip).unwrap();
    let placement = Placement { blocks: [1, 2].into_iter().map(|x| vec![XbarId::new(x)]).collect() };
    let traffic = sched::traffic(&sched::emit(&graph, &tiled, &placement, &chip).unwrap());
    assert_eq!(traffic.bits, 8 * (16 * 2 + 16 * 3 + 20));
    assert_eq!(traffic.hop_bits, 8 * (16 * 2 + 16 * 3 + 2 * 20));
    let links: Vec<_> = traffic.links().map(|(a, b, f)| (a.index(), b.index(), f)).collect();
    assert_eq!(links, [(0, 1, 16), (1, 2, 16), (1, 0, 2), (2, 1, 2)]);
    // the best that can be done is to stand at the global buffer; the mappers find the nearest places
    let best = map::place("greedy_noc", &graph, &tiled, &chip).unwrap();
    assert_eq!(best.blocks.iter().flatten().map(|x| x.index()).collect::<Vec<_>>(), [0, 1]);
}

/// Copies by ISAAC's rule, counted back by hand. VGG's convolutions have stride 1 and keep the shape; the pools
/// of 2 × 2 with stride 2 between the groups multiply by Sx · Sy = 4 going back. With the last convolutions at one
/// copy (14 × 14 = 196 positions), those at 28² have 4, at 56² 16, at 112² 64, at 224² 256: the 224² layers 16
/// times those at 56². Counted on to the dense layers, which compute one position from all 14 × 14 (49 after the
/// pool, of 4 each), everything multiplies by 196. And with at most 128 copies, which addresses allow, the 224²
/// layers do 50176 / 128 = 392 positions each: 128, 12544 / 392 = 32, 8, 2, and one for the 196 positions.
#[test]
fn copies_of_the_vgg_networks_follow_isaacs_rule() {
    let by_hand: [(usize, [usize; 5]); 3] =
        [(256, [256, 64, 16, 4, 1]), (224 * 224, [50176, 12544, 3136, 784, 196]), (MOST_COPIES, [128, 32, 8, 2, 1])];
    let chip = mesh([1, 1], 1, 1);
    let plenty: IdVec<XbarKindId, usize> = [usize::MAX].into_iter().collect();
    for (name, groups) in VGG {
        let tiled = lower::tile(&vgg(groups), &chip).unwrap();
        let demands = demands(&tiled);
        assert_eq!(demands.len(), groups.iter().sum::<usize>() + 3, "VGG {name}");
        for (most, copies) in &by_hand {
            let mut expected: Vec<usize> =
                groups.iter().zip(copies).flat_map(|(n, c)| std::iter::repeat_n(*c, *n)).collect();
            expected.extend([1, 1, 1]);
            assert_eq!(balanced(&demands, &plenty, *most), expected, "VGG {name}, at most {most}");
        }
        // exactly the room of the hand-made numbers is enough, one crossbar less is not
        let wanted = balanced(&demands, &plenty, 256);
        let needed: usize = demands.iter().zip(&wanted).map(|(d, c)| d.blocks * c).sum();
        let within = |room| balanced(&demands, &[room].into_iter().collect(), 256);
        assert_eq!(within(needed), wanted);
        let less = within(needed - 1);
        assert!(less != wanted && less.iter().zip(&wanted).all(|(a, b)| a <= b), "VGG {name}");
    }
}

/// The rule carried out: VGG A on a mesh with room for a quarter of the copies, and the pipeline it gives.
#[test]
fn a_balanced_pipeline_on_a_chip() {
    let graph = vgg(VGG[0].1);
    let chip = mesh([40, 40], 6, 8);
    let tiled = lower::tile(&graph, &chip).unwrap();
    let placement = map::place("balanced_pipeline:copies=64", &graph, &tiled, &chip).unwrap();
    lawful(&tiled, &placement, &chip);
    let copies: Vec<usize> = tiled.layers.iter().map(|l| placement.blocks[l.blocks[0]].len()).collect();
    assert_eq!(copies, [64, 16, 4, 4, 1, 1, 1, 1, 1, 1, 1]);
}

/// With copies a stage works faster by as much in the timing core while nothing else limits it.
#[test]
fn copies_speed_up_the_schedule() {
    let mut net = Net::new(8, 16);
    let input = net.last();
    let conv = net.conv(input, 8, 3, 1);
    net.dense(conv, 5);
    let graph = net.finish();
    let mut chip = mesh([4, 2], 2, 8);
    let kind = chip.tile_kind.cores[0].0;
    chip.core_kinds[kind].adc.latency = Latency::Cycles(20);
    let tiled = lower::tile(&graph, &chip).unwrap();
    let interval = |mapper: &str| {
        let placement = map::place(mapper, &graph, &tiled, &chip).unwrap();
        let program = sched::emit(&graph, &tiled, &placement, &chip).unwrap();
        let copies = program.stages.iter().find_map(|s| match &s.work {
            Work::Mvm { replicas, .. } => Some(replicas.len()),
            _ => None,
        });
        let timeline = sim::run(&program, &SimOptions { samples: 8, ..SimOptions::default() }).unwrap();
        (copies.unwrap(), timeline.interval())
    };
    let (one, slow) = interval("sequential");
    let (four, fast) = interval("balanced_pipeline:copies=4");
    assert_eq!((one, four), (1, 4));
    let gain = slow / fast;
    assert!((3.5..=4.05).contains(&gain), "four copies are {gain} times as fast ({slow} and {fast} cycles)");
}

/// Every copy is written by itself: the pulses of a cell that takes one each are the copies of its layer.
#[test]
fn every_copy_is_programmed() {
    let (p, graph) = (Parameters::default(), heartbeat());
    let (chip, tiled) = (chip(&p), tile(&graph, &p));
    let x = samples(&graph, 4, 1);
    let converters = exec::calibrate(&graph, &tiled, &chip, &[x.view()], 0..4).unwrap();
    let values = ValueOptions {
        fidelity: Fidelity::Noisy,
        seed: 5,
        noise_scale: 1.0,
        age: Second(0.0),
        temperature: Kelvin(300.0),
    };
    let copies: IdVec<LayerId, usize> = [3, 2, 1, 1].into_iter().collect();
    let arrays = Arrays::program_replicas(&graph, &tiled, &chip, &converters, &copies, &values).unwrap();
    let cells = |(l, n): (&TiledLayer, &usize)| l.rows * l.cols * l.slices.len() * 2 * n;
    let all: usize = tiled.layers.iter().zip(copies.iter()).map(cells).sum();
    assert_eq!(arrays.programming.pulses, all as u64);
}

/// Greedy placement sends less than placement in a line, and annealing no more than greedy placement: on a small
/// network with branches, and on ResNet-50 on a chip of ISAAC's size (14 × 12 tiles of 12 cores of 8 crossbars).
#[test]
fn traffic_falls_from_mapper_to_mapper() {
    let small = network(12, &[(2, 64), (3, 0), (2, 64), (2, 64), (3, 0), (2, 64)], 10);
    for (graph, chip) in [(small, mesh([6, 6], 2, 2)), (resnet50(), mesh([14, 12], 12, 8))] {
        let tiled = lower::tile(&graph, &chip).unwrap();
        let cost = |mapper: &str| {
            let placement = map::place(mapper, &graph, &tiled, &chip).unwrap();
            lawful(&tiled, &placement, &chip);
            sent(&placement, &graph, &tiled, &chip).hop_bits
        };
        let (line, greedy, annealed) = (cost("sequential"), cost("greedy_noc"), cost("anneal:steps=50000"));
        assert!(annealed <= greedy && 3 * greedy < 2 * line, "{line} in a line, {greedy} greedy, {annealed} annealed");
    }
}

/// Every mapper and option of the table can be written in an arch file, and means the same there.
#[test]
fn arch_files_take_every_mapper() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("arch/mos2_tile.yaml");
    let load = |yaml: &str| archsim::arch::load(&path, &[("defaults.mapper".into(), yaml.into())]);
    for m in MAPPERS {
        assert_eq!(load(m.name).unwrap().defaults.mapper, m.name);
        let pairs: Vec<String> = m.settings.iter().map(|s| format!("{}: {}", s.name, s.range.start())).collect();
        if !pairs.is_empty() {
            let chip = load(&format!("{{ {}: {{ {} }} }}", m.name, pairs.join(", "))).unwrap();
            let choice = map::Choice::parse(&chip.defaults.mapper).unwrap();
            assert!(m.settings.iter().all(|s| choice.get(s.name) == *s.range.start()), "{}", chip.defaults.mapper);
        }
    }
    assert!(load("sequental").is_err() && load("{ anneal: { stps: 3 } }").is_err());
    assert!(load("{ anneal: { steps: 3 }, sequential: {} }").is_err());
}
