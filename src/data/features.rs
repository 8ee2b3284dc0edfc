//! Inputs of the ECG network from the beats of one recording.
//!
//! Everything is causal, without labels: beat `i` sees beats `0..=i` of its recording, and the one RR
//! interval after it. With `m` the median beat of the last 60 s (this beat included), `g = 1 / max(max
//! |m|, 100 µV)`:
//!
//! - `beat` `[n, 2, 128]`: `clip(g x, ±4)` and `clip(g (x - m), ±4)`;
//! - `rr` `[n, 5]`: `4 (clip(ratio, 0.2, 2) - 1)` of the ratios pre/mean, post/mean, pre/local, local/mean and
//!   `1 + 2 v/mean`, with `mean` the mean RR of the recording so far, `local` the mean of the last ten, and `v`
//!   the median change of RR from beat to beat over the last 60 s.
//!
//! `workloads/train/features.py`, with which the network was trained, is the definition; this is the
//! same in Rust. Arithmetic is f64, rounded to f32 at the end.

use ndarray::{Array2, Array3};

use super::beats::{LENGTH, RATE};

/// History of the median beat and of the irregularity, samples at 360 Hz.
const BEAT_WINDOW: u32 = 60 * RATE as u32;
/// Smallest peak the gain is computed from, microvolts.
const MIN_PEAK: f64 = 100.0;
const CLIP: f64 = 4.0;
const RR_RANGE: [f64; 2] = [0.2, 2.0];
const RR_GAIN: f64 = 4.0;
/// Weight of the irregularity of the rhythm beside the ratios.
const IRREGULAR: f64 = 2.0;
/// Features of the input `rr`.
const RR_FEATURES: usize = 5;

/// Median of the values whose position is at most `window` samples back, row by row, the row itself
/// included. Positions ascend. For an even number the mean of the two middle values.
struct RollingMedian {
    sorted: Vec<f64>,
    first: usize,
}

impl RollingMedian {
    const fn new() -> Self {
        Self { sorted: Vec::new(), first: 0 }
    }
    fn step(&mut self, i: usize, value: impl Fn(usize) -> f64, positions: &[u32], window: u32) -> f64 {
        let rank = |sorted: &[f64], v: f64| sorted.partition_point(|&s| s < v);
        let entering = value(i);
        self.sorted.insert(rank(&self.sorted, entering), entering);
        while self.first < i && positions[self.first] < positions[i].saturating_sub(window) {
            self.sorted.remove(rank(&self.sorted, value(self.first)));
            self.first += 1;
        }
        let middle = self.sorted.len() / 2;
        if self.sorted.len() % 2 == 1 {
            self.sorted[middle]
        } else {
            (self.sorted[middle - 1] + self.sorted[middle]) / 2.0
        }
    }
}

/// Input `beat` `[n, 2, 128]` from waveforms in microvolts and R positions at 360 Hz (ascending, one
/// for each waveform).
#[must_use]
pub fn beat_input(waves: &[[i16; LENGTH]], positions: &[u32]) -> Array3<f32> {
    let mut medians = Array2::<f64>::zeros((waves.len(), LENGTH));
    for t in 0..LENGTH {
        let mut rolling = RollingMedian::new();
        for i in 0..waves.len() {
            medians[[i, t]] = rolling.step(i, |j| f64::from(waves[j][t]), positions, BEAT_WINDOW);
        }
    }
    let mut out = Array3::zeros((waves.len(), 2, LENGTH));
    for (i, wave) in waves.iter().enumerate() {
        let median = medians.row(i);
        let peak = median.iter().fold(MIN_PEAK, |p: f64, m| p.max(m.abs()));
        for t in 0..LENGTH {
            let x = f64::from(wave[t]);
            out[[i, 0, t]] = (x / peak).clamp(-CLIP, CLIP) as f32;
            out[[i, 1, t]] = ((x - median[t]) / peak).clamp(-CLIP, CLIP) as f32;
        }
    }
    out
}

/// Input `rr` `[n, 5]` from the RR columns of [`super::beats::Beat`] and R positions at 360 Hz.
#[must_use]
pub fn rr_input(rr: &[[f32; 4]], positions: &[u32]) -> Array2<f32> {
    let before = |j: usize| f64::from(rr[j][0]);
    let change = |j: usize| if j == 0 { 0.0 } else { (before(j) - before(j - 1)).abs() };
    let (mut changes, mut sum) = (RollingMedian::new(), 0.0);
    let mut out = Array2::zeros((rr.len(), RR_FEATURES));
    for (i, row) in rr.iter().enumerate() {
        let irregular = changes.step(i, change, positions, BEAT_WINDOW);
        let [pre, post, local, _] = row.map(f64::from);
        sum += pre;
        let mean = sum / (i + 1) as f64;
        let ratios = [pre / mean, post / mean, pre / local, local / mean, 1.0 + IRREGULAR * irregular / mean];
        for (k, ratio) in ratios.into_iter().enumerate() {
            out[[i, k]] = (RR_GAIN * (ratio.clamp(RR_RANGE[0], RR_RANGE[1]) - 1.0)) as f32;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::container;

    /// Synthetic beats and the inputs `workloads/train/features.py` makes of them; written by
    /// `tests/reference/ecg_features.py`.
    fn reference() -> Vec<container::RawArray> {
        let bytes = include_bytes!("../../tests/reference/ecg_features.npz");
        container::read(std::io::Cursor::new(&bytes[..]), "ecg_features.npz").expect("committed fixture")
    }

    #[test]
    fn equals_the_training_definition() {
        let arrays = reference();
        let get = |name: &str| {
            arrays.iter().find(|a| a.name == name).and_then(container::RawArray::to_f32).expect("in the fixture")
        };
        let positions: Vec<u32> = get("samp").iter().map(|&v| v as u32).collect();
        let x = get("x");
        let waves: Vec<[i16; LENGTH]> = x.outer_iter().map(|r| std::array::from_fn(|t| r[t] as i16)).collect();
        let rr: Vec<[f32; 4]> = get("rr_s").outer_iter().map(|r| std::array::from_fn(|k| r[k])).collect();
        let worst = |a: &[f32], b: &[f32]| {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).map(|(p, q)| (p - q).abs()).fold(0.0, f32::max)
        };
        let beat = beat_input(&waves, &positions);
        let eighth = beat.slice(ndarray::s![..;8, .., ..]).as_standard_layout().into_owned();
        assert!(worst(eighth.as_slice().expect("standard"), get("beat").as_slice().expect("standard")) < 1e-5);
        let rr = rr_input(&rr, &positions);
        assert!(worst(rr.as_slice().expect("standard"), get("rr").as_slice().expect("standard")) < 1e-5);
        // The fixture must reach the clips and outlast the window, or it would show little.
        assert!(beat.iter().any(|&v| v == 4.0) && beat.iter().any(|&v| v == -4.0));
        assert!(positions[positions.len() - 1] > 4 * BEAT_WINDOW);
    }

    #[test]
    fn a_beat_does_not_see_later_ones() {
        let waves: Vec<[i16; LENGTH]> = (0..6).map(|i| [100 + 37 * i; LENGTH]).collect();
        let positions: Vec<u32> = (0..6).map(|i| 100 + 300 * i).collect();
        let all = beat_input(&waves, &positions);
        let some = beat_input(&waves[..3], &positions[..3]);
        assert_eq!(all.slice(ndarray::s![..3, .., ..]), some);
    }

    #[test]
    fn no_beats_give_empty_inputs() {
        assert_eq!(beat_input(&[], &[]).dim(), (0, 2, 128));
        assert_eq!(rr_input(&[], &[]).dim(), (0, RR_FEATURES));
    }
}
