
use super::*;
#[test]
fn experiment() {
    let a = (network(12, &[(2, 64), (3, 0), (2, 64), (2, 64), (3, 0), (2, 64)], 10), mesh([6, 6], 2, 2), "small");
    let r = (networks::resnet50(), mesh([14, 12], 12, 8), "resnet");
    let v = (vgg(VGG[3].1), mesh([14, 36], 12, 8), "vggE");
    for (graph, chip, name) in [a, r, v] {
        let tiled = lower::tile(&graph, &chip).unwrap();
        println!("{name}: {} layers, {} blocks of {}", tiled.layers.len(), tiled.blocks.len(), chip.xbars.len());
        for mapper in ["sequential", "balanced_pipeline", "greedy_noc", "anneal:steps=20000", "anneal:steps=200000", "anneal:steps=1000000"] {
            let t = std::time::Instant::now();
            let p = map::place(mapper, &graph, &tiled, &chip).unwrap();
            let t1 = t.elapsed();
            println!("  {mapper}: {:.4e} in {t1:?}", sent(&p, &graph, &tiled, &chip).hop_bits as f64);
        }
    }
}
