//! Input ranges of the converters: the policies, from what columns can carry and from what they carried.

use super::converter::LayerConverter;
use super::hardware::LayerHardware;
use super::stored::corrected;
use crate::arch::FullScale;
use crate::circuit::converter::FullScalePer;
use crate::lower::TiledLayer;

/// Counts of absolute column sums (index) of one layer, for each slice.
pub(super) type Histograms = Vec<Vec<u64>>;

/// Converters of one layer by the policy of its core.
pub(super) fn by_policy(
    layer: &TiledLayer,
    hardware: &LayerHardware<'_>,
    largest: &[f64],
    seen: &Histograms,
) -> LayerConverter {
    let (adc, encoding) = (&hardware.core.adc, hardware.xbar.encoding);
    let rows = hardware.core.dacs_per_crossbar.min(hardware.xbar.rows);
    let level = (1u64 << hardware.xbar.bits_per_cell) - 1;
    let whole = rows as f64 * (level * u64::from(hardware.digit_max)) as f64;
    let top = f64::from(LayerConverter::code_range(adc.bits, encoding).high);
    let mut full_scale: Vec<f64> = match adc.full_scale {
        FullScale::Max => largest.to_vec(),
        FullScale::Percentile(p) => seen.iter().map(|h| percentile(h, p) as f64).collect(),
        FullScale::Fixed(share) => vec![share * whole; seen.len()],
        FullScale::Granular(p) => seen.iter().map(|h| halved(whole, percentile(h, p) as f64)).collect(),
        FullScale::Learned if adc.full_scale_per == FullScalePer::Layer => {
            let weighted: Vec<(f64, &[u64])> =
                layer.slices.iter().zip(seen).map(|(s, h)| (4f64.powi(i32::from(s.shift)), h.as_slice())).collect();
            vec![learned(&weighted, top); seen.len()]
        }
        FullScale::Learned => seen.iter().map(|h| learned(&[(1.0, h)], top)).collect(),
    };
    if adc.full_scale_per == FullScalePer::Layer {
        let widest = full_scale.iter().copied().fold(0.0, f64::max);
        full_scale.fill(widest);
    }
    let calibration = if adc.full_scale.looks() { seen.iter().flatten().sum() } else { 0 };
    let covering = LayerConverter::covering(&layer.slices, &full_scale, adc.bits, encoding);
    LayerConverter { calibration, ..corrected(covering, layer, encoding) }
}

/// Smallest value that at least the fraction `p` of the counted values does not exceed.
fn percentile(histogram: &[u64], p: f64) -> usize {
    let total: u64 = histogram.iter().sum();
    let wanted = (p * total as f64).ceil() as u64;
    let mut below = 0;
    for (value, count) in histogram.iter().enumerate() {
        below += count;
        if below >= wanted {
            return value;
        }
    }
    histogram.len().saturating_sub(1)
}

/// The whole range halved as often as it still covers `need`, at least one level.
fn halved(whole: f64, need: f64) -> f64 {
    let times = libm::log2(whole / need.max(1.0)).floor().max(0.0);
    whole * libm::exp2(-times)
}

/// Candidates of the first search: eighths of an octave over ten octaves below the largest value.
const COARSE: i32 = 80;
/// Candidates between two neighbours of the best.
const FINE: i32 = 16;

/// The range with the least squared error over weighted histograms, for codes up to `top`. Never less than
/// one level a code, at which conversion is exact.
fn learned(histograms: &[(f64, &[u64])], top: f64) -> f64 {
    let seen = |h: &[u64]| h.iter().rposition(|n| *n > 0).unwrap_or(0);
    let largest = histograms.iter().map(|(_, h)| seen(h)).max().unwrap_or(0) as f64;
    if largest <= top {
        return largest;
    }
    let error = |full: f64| -> f64 {
        let step = (full / top).max(1.0);
        let of = |value: usize| {
            let value = value as f64;
            (value - step * (value / step).round_ties_even().min(top)).powi(2)
        };
        let sum =
            |h: &[u64]| -> f64 { h.iter().enumerate().filter(|(_, n)| **n > 0).map(|(v, n)| *n as f64 * of(v)).sum() };
        histograms.iter().map(|(weight, h)| weight * sum(h)).sum()
    };
    let best = |list: &mut dyn Iterator<Item = f64>| {
        list.map(|full| (full, error(full))).min_by(|a, b| a.1.total_cmp(&b.1)).map_or(largest, |(full, _)| full)
    };
    let octave = |eighths: f64| libm::exp2(eighths / 8.0);
    let coarse = best(&mut (0..=COARSE).map(|i| (largest * octave(f64::from(-i))).max(top)));
    let near = |i: i32| (coarse * octave(f64::from(2 * i) / f64::from(FINE))).clamp(top, largest);
    best(&mut (-FINE / 2..=FINE / 2).map(near))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentile_counts_from_below() {
        let h = [50, 30, 15, 4, 1];
        assert_eq!([0.5, 0.51, 0.8, 0.95, 0.999, 1.0].map(|p| percentile(&h, p)), [0, 1, 1, 2, 4, 4]);
    }

    #[test]
    fn ranges_are_halved_while_they_cover() {
        assert_eq!(
            [1920.0, 961.0, 960.0, 959.0, 100.0, 0.0].map(|n| halved(1920.0, n)),
            [1920.0, 1920.0, 960.0, 960.0, 120.0, 1.875]
        );
    }

    #[test]
    fn a_rare_outlier_is_clipped_and_a_few_levels_are_exact() {
        let mut h = vec![0u64; 2001];
        h[..=200].iter_mut().for_each(|n| *n = 1000);
        h[2000] = 1;
        let (top, full) = (15.0, learned(&[(1.0, &h)], 15.0));
        assert!(full < 700.0, "{full}");
        // no range on a grid of its own is better by more than a hundredth
        let error = |full: f64| -> f64 {
            let step = (full / top).max(1.0);
            let q = |v: f64| step * (v / step).round_ties_even().min(top);
            h.iter().enumerate().map(|(v, n)| *n as f64 * (v as f64 - q(v as f64)).powi(2)).sum()
        };
        let least = (20..2000).map(|f| error(f64::from(f))).fold(f64::INFINITY, f64::min);
        assert!(error(full) < 1.02 * least, "{} for {least}", error(full));
        assert_eq!(learned(&[(1.0, &h[..16])], 15.0), 15.0);
        // a heavy slice with large sums pulls a shared range up
        let high: Vec<u64> = (0..=1000).map(|v| u64::from(v > 600) * 1000).collect();
        assert!(learned(&[(1.0, &h), (16.0, &high)], top) > 800.0);
    }
}
