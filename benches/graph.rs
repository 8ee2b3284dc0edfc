//! Float reference: time of the layers that networks are made of, one sample on one thread, and of a batch on
//! all threads.

use archsim::graph::{Dims, Graph, Inputs};
use archsim::onnx::{Attribute, DType, Data, Dim, Model, Node, Tensor, ValueInfo};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::ArrayD;

/// One convolution: input channels, outputs, side, kernel, stride, groups.
type Layer = (usize, usize, usize, usize, usize, usize);

/// Layers of ResNet-50 (He et al., CVPR 2016) and, with groups, of MobileNetV2 (Sandler et al., CVPR 2018).
const LAYERS: &[(&str, Layer)] = &[
    ("stem 7x7", (3, 64, 224, 7, 2, 1)),
    ("3x3 of 64", (64, 64, 56, 3, 1, 1)),
    ("3x3 of 512", (512, 512, 7, 3, 1, 1)),
    ("1x1 of 512 to 128", (512, 128, 28, 1, 1, 1)),
    ("depthwise of 144", (144, 144, 56, 3, 1, 144)),
    ("depthwise of 576", (576, 576, 14, 3, 1, 576)),
];

fn convolution((channels, outputs, side, kernel, stride, groups): Layer) -> Graph {
    let shape = vec![outputs, channels / groups, kernel, kernel];
    let count: usize = shape.iter().product();
    let weights = Data::F32((0..count).map(|i| (i % 17) as f32 * 0.01 - 0.08).collect());
    let ints = |v: usize, n: usize| Attribute::Ints(vec![v as i64; n]);
    let free = Dim::Symbol("N".into());
    let model = Model {
        file: "bench".into(),
        sha256: String::new(),
        ir_version: 8,
        producer: String::new(),
        opsets: vec![(String::new(), 17)],
        opset: 17,
        name: String::new(),
        inputs: vec![ValueInfo {
            name: "x".into(),
            dtype: DType::F32,
            dims: Some(vec![free, Dim::Fixed(channels), Dim::Fixed(side), Dim::Fixed(side)]),
        }],
        outputs: vec![ValueInfo { name: "y".into(), dtype: DType::F32, dims: None }],
        nodes: vec![Node {
            name: "conv".into(),
            op_type: "Conv".into(),
            domain: String::new(),
            overload: String::new(),
            opset: 17,
            inputs: vec!["x".into(), "w".into()],
            outputs: vec!["y".into()],
            attributes: vec![
                ("pads".into(), ints(kernel / 2, 4)),
                ("strides".into(), ints(stride, 2)),
                ("group".into(), Attribute::Int(groups as i64)),
            ],
        }],
        functions: vec![],
        initialisers: vec![Tensor { name: "w".into(), dtype: DType::F32, shape, data: weights }],
    };
    Graph::build(&model, &Dims::new()).expect("a valid layer")
}

fn layers(c: &mut Criterion) {
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let mut group = c.benchmark_group("graph");
    group.sample_size(10);
    for (name, layer) in LAYERS {
        let graph = convolution(*layer);
        let (channels, outputs, side, kernel, stride, groups) = *layer;
        let inputs = |samples: usize| {
            let x = ArrayD::from_shape_fn(vec![samples, channels, side, side], |i| (i[3] + 3 * i[2]) as f32 * 0.01);
            Inputs::from([("x".into(), x)])
        };
        let macs = outputs * (side / stride).pow(2) * kernel * kernel * channels / groups;
        let (one, batch) = (inputs(1), inputs(8));
        group.throughput(Throughput::Elements(macs as u64));
        group.bench_function(format!("{name}, one thread"), |b| b.iter(|| alone.install(|| graph.run(&one))));
        group.throughput(Throughput::Elements(8 * macs as u64));
        group.bench_function(format!("{name}, batch of 8, all threads"), |b| b.iter(|| graph.run(&batch)));
    }
    group.finish();
}

criterion_group!(benches, layers);
criterion_main!(benches);
