//! Products, windows, normalisations, recurrent layers, attention and quantised operators against values computed
//! by hand.

use super::Value;
use super::tests::{KEEP, case};
use crate::onnx::DType;

type Input<'a> = (&'a [usize], &'a [f32]);

#[test]
fn transposed_convolutions() {
    let (x, w): (Input<'_>, Input<'_>) = ((&[1, 1, 2], &[1., 2.]), (&[1, 1, 3], &[1., 10., 100.]));
    case("ConvTranspose", 11, &[x, w], &[], KEEP).gives(&[1, 1, 4], &[1., 12., 120., 200.]);
    case("ConvTranspose", 11, &[x, w, (&[1], &[5.])], &[], |a| a.ints("strides", &[2]))
        .gives(&[1, 1, 5], &[6., 15., 107., 25., 205.]);
    case("ConvTranspose", 11, &[x, w], &[], |a| a.ints("pads", &[1, 0])).gives(&[1, 1, 3], &[12., 120., 200.]);
    case("ConvTranspose", 11, &[x, w], &[], |a| a.ints("strides", &[2]).ints("output_padding", &[1]))
        .gives(&[1, 1, 6], &[1., 10., 102., 20., 200., 0.]);
    // one row too many goes in front, unless SAME_UPPER says otherwise
    case("ConvTranspose", 11, &[x, w], &[], |a| a.ints("output_shape", &[3])).gives(&[1, 1, 3], &[12., 120., 200.]);
    case("ConvTranspose", 11, &[x, w], &[], |a| a.text("auto_pad", "SAME_UPPER")).gives(&[1, 1, 2], &[12., 120.]);
    let wrong = case("ConvTranspose", 11, &[x, w], &[], |a| a.ints("pads", &[2, 2])).fails();
    assert!(wrong.contains("padding takes all"), "{wrong}");
}

#[test]
fn sums_in_einsteins_notation() {
    let (a, b): (Input<'_>, Input<'_>) = ((&[2, 2], &[1., 2., 3., 4.]), (&[2, 2], &[1., 0., 1., 1.]));
    case("Einsum", 12, &[a, b], &[], |n| n.text("equation", "ij, jk -> ik")).gives(&[2, 2], &[3., 2., 7., 4.]);
    case("Einsum", 12, &[a], &[], |n| n.text("equation", "ji")).gives(&[2, 2], &[1., 3., 2., 4.]);
    case("Einsum", 12, &[a], &[], |n| n.text("equation", "ii->i")).gives(&[2], &[1., 4.]);
    case("Einsum", 12, &[a], &[], |n| n.text("equation", "ii")).gives(&[], &[5.]);
    case("Einsum", 12, &[a], &[], |n| n.text("equation", "...j->...")).gives(&[2], &[3., 7.]);
    case("Einsum", 12, &[a, (&[2], &[10., 1.])], &[], |n| n.text("equation", "...j,j->...")).gives(&[2], &[12., 34.]);
    assert!(case("Einsum", 12, &[a], &[], |n| n.text("equation", "i->i")).fails().contains("does not fit"));
    assert!(case("Einsum", 12, &[a], &[], |n| n.text("equation", "ij->k")).fails().contains("not in the terms"));
}

#[test]
fn norms_of_windows() {
    let x: Input<'_> = (&[1, 1, 4], &[3., -4., 0., 12.]);
    case("LpPool", 18, &[x], &[], |a| a.ints("kernel_shape", &[2])).gives(&[1, 1, 3], &[5., 4., 12.]);
    case("LpPool", 18, &[x], &[], |a| a.ints("kernel_shape", &[2]).int("p", 1)).gives(&[1, 1, 3], &[7., 4., 12.]);
    case("GlobalLpPool", 22, &[x], &[], KEEP).gives(&[1, 1, 1], &[13.]);
}

#[test]
fn normalisations() {
    let x: Input<'_> = (&[1, 2, 2], &[1., 3., 10., 30.]);
    let (ones, zeros): (Input<'_>, Input<'_>) = ((&[2], &[1., 2.]), (&[2], &[0., 5.]));
    let tight = |a: crate::onnx::testing::Attrs| a.float("epsilon", 0.0);
    case("LayerNormalization", 17, &[x, ones, zeros], &[], tight).gives(&[1, 2, 2], &[-1., 7., -1., 7.]);
    case("InstanceNormalization", 6, &[x, ones, zeros], &[], tight).gives(&[1, 2, 2], &[-1., 1., 3., 7.]);
    case("MeanVarianceNormalization", 13, &[x], &[], |a| a.ints("axes", &[2])).gives(&[1, 2, 2], &[-1., 1., -1., 1.]);
    let groups: Input<'_> = (&[1, 2, 1], &[1., 3.]);
    case("GroupNormalization", 21, &[groups, ones, zeros], &[], |a| a.int("num_groups", 1).float("epsilon", 0.0))
        .gives(&[1, 2, 1], &[-1., 7.]);
    case("RMSNormalization", 23, &[(&[2], &[1., 7.]), ones], &[], tight).gives(&[2], &[0.2, 2.8]);
    case("LpNormalization", 22, &[(&[2], &[3., 4.])], &[], KEEP).gives(&[2], &[0.6, 0.8]);
    case("LpNormalization", 22, &[(&[2], &[3., 1.])], &[], |a| a.int("p", 1)).gives(&[2], &[0.75, 0.25]);
    // sums of squares of neighbours: 5, 14, 13
    case("LRN", 13, &[(&[1, 3], &[1., 2., 3.])], &[], |a| a.int("size", 3).float("alpha", 1.0).float("beta", 0.5))
        .gives(&[1, 3], &[1. / (8f32 / 3.).sqrt(), 2. / (17f32 / 3.).sqrt(), 3. / (16f32 / 3.).sqrt()]);
}

#[test]
fn recurrent_layers() {
    let x: Input<'_> = (&[2, 1, 1], &[1., 2.]);
    let hidden = |a: crate::onnx::testing::Attrs| a.int("hidden_size", 1);
    case("LSTM", 14, &[x, (&[1, 4, 1], &[1., 0., 0., 1.]), (&[1, 4, 1], &[0., 0., 0.5, 0.])], &[], hidden)
        .gives(&[2, 1, 1, 1], &[0.252_788_47, 0.408_056_7]);
    let (w, r): (Input<'_>, Input<'_>) = ((&[1, 3, 1], &[1., 0., 1.]), (&[1, 3, 1], &[0., 1., 2.]));
    let b: Input<'_> = (&[1, 6], &[0., 0., 0., 0., 0., 0.5]);
    case("GRU", 14, &[x, w, r, b], &[], hidden).gives(&[2, 1, 1, 1], &[0.243_431_86, 0.332_689_95]);
    case("GRU", 14, &[x, w, r, b], &[], |a| a.int("hidden_size", 1).int("linear_before_reset", 1))
        .gives(&[2, 1, 1, 1], &[0.228_138_61, 0.318_650_75]);
    let (one, both): (Input<'_>, Input<'_>) = ((&[1, 1, 1], &[1.]), (&[2, 1, 1], &[1., 1.]));
    case("RNN", 14, &[x, one, one], &[], |a| a.int("hidden_size", 1).text("direction", "reverse"))
        .gives(&[2, 1, 1, 1], &[0.961_396, 0.964_027_6]);
    // forwards with limited sums, batch first: [batch, steps, directions, hidden]
    case("RNN", 14, &[(&[1, 2, 1], &[1., 2.]), both, both], &[], |a| {
        a.int("hidden_size", 1).text("direction", "bidirectional").int("layout", 1).float("clip", 0.0001)
    })
    .gives(&[1, 2, 2, 1], &[0.0001; 4]);
    assert!(case("RNN", 14, &[x, one, both], &[], hidden).fails().contains("recurrent weights"));
}

#[test]
fn attention_and_rotation() {
    let (q, k): (Input<'_>, Input<'_>) = ((&[1, 1, 1, 2], &[1., 0.]), (&[1, 1, 2, 2], &[1., 0., 0., 1.]));
    let v: Input<'_> = (&[1, 1, 2, 1], &[1., 3.]);
    case("Attention", 23, &[q, k, v], &[], |a| a.float("scale", 1.0)).gives(&[1, 1, 1, 1], &[1.537_882_8]);
    case("Attention", 23, &[q, k, v], &[], |a| a.int("is_causal", 1)).gives(&[1, 1, 1, 1], &[1.]);
    let x: Input<'_> = (&[1, 1, 1, 4], &[1., 2., 3., 4.]);
    let (cos, sin): (Input<'_>, Input<'_>) = ((&[1, 1, 2], &[0., 1.]), (&[1, 1, 2], &[1., 0.]));
    // the first pair turns by a quarter, the second stays
    case("RotaryEmbedding", 23, &[x, cos, sin], &[], KEEP).gives(&[1, 1, 1, 4], &[-3., 2., 1., 4.]);
    case("RotaryEmbedding", 23, &[x, cos, sin], &[], |a| a.int("interleaved", 1))
        .gives(&[1, 1, 1, 4], &[-2., 1., 3., 4.]);
}

#[test]
fn quantised_numbers() {
    let x: Input<'_> = (&[5], &[-1., 0.25, 0.75, 1.5, 900.]);
    let out = case("QuantizeLinear", 13, &[x, (&[], &[0.5])], &[], KEEP).run();
    assert_eq!(out, Value::int(DType::U8, &[5], vec![0, 0, 2, 3, 255]).expect("fits"), "ties go to even");
    let scales: Input<'_> = (&[2], &[0.5, 2.]);
    let out = case("QuantizeLinear", 13, &[(&[2, 2], &[1., 2., 3., 4.]), scales], &[], |a| a.int("axis", 0)).run();
    assert_eq!(out, Value::int(DType::U8, &[2, 2], vec![2, 4, 2, 2]).expect("fits"));
    let out = case("DynamicQuantizeLinear", 11, &[(&[3], &[-1., 0., 4.1])], &[], KEEP).run();
    assert_eq!(out, Value::int(DType::U8, &[3], vec![0, 50, 255]).expect("fits"), "steps of 0.02");
    assert!(case("QuantizeLinear", 13, &[x, (&[3], &[1.; 3])], &[], KEEP).fails().contains("axis 1"));
}
