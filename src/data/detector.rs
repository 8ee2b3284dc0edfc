//! R-peak detector for one lead at 360 Hz.
//!
//! The steps and constants marked PT are those of Pan and Tompkins (1985), doi:10.1109/TBME.1985.325532,
//! with filters without phase shift: band-pass 5 to 15 Hz (PT), derivative, squaring, mean over 0.15 s
//! (PT), square root, local maxima at least 0.2 s apart (PT: refractory period), a threshold a quarter
//! of the way from the running noise level to the running signal level (PT), levels updated by 1/8 (PT)
//! and by 1/4 after a search back (PT), which looks for a maximum over half the threshold when 1.66
//! times the mean of the last eight RR intervals has passed (PT). The peak is then placed on the largest
//! deviation of the signal from its baseline within 60 ms.

use super::beats::{RATE, without_baseline};
use super::filter::band_pass;
use super::wfdb::Lead;

const BAND: [f64; 2] = [5.0, 15.0];
const INTEGRATION: usize = 55;
const REFRACTORY: usize = 72;
const THRESHOLD: f64 = 0.25;
const SEARCH_BACK: f64 = 1.66;
/// Half width of the search for the peak, 60 ms: half of a QRS complex of 120 ms, the clinical limit of a
/// normal one.
const REFINE: usize = 22;
/// Span the signal level is started from, 8 s: several beats at any heart rate.
const START: usize = 8 * RATE as usize;
const START_PEAKS: usize = 8;

/// R positions in samples, ascending, at least the refractory period apart before refinement.
#[must_use]
pub fn detect(lead: &Lead) -> Vec<u32> {
    let signal = without_baseline(lead);
    let millivolt: Vec<f64> = lead.counts.iter().map(|&c| f64::from(c - lead.baseline) / lead.gain).collect();
    let energy = energy(&millivolt);
    select(&energy, &maxima(&energy)).into_iter().map(|p| refine(&signal, p)).collect()
}

/// Root of the mean squared slope of the band-passed signal.
fn energy(x: &[f64]) -> Vec<f64> {
    let band = band_pass(x, BAND[0], BAND[1], RATE);
    let n = band.len();
    let slope = |i: usize| (band[(i + 1).min(n - 1)] - band[i.saturating_sub(1)]) / 2.0;
    let mut sums = Vec::with_capacity(n + 1);
    let mut sum = 0.0;
    sums.push(sum);
    for i in 0..n {
        sum += slope(i) * slope(i);
        sums.push(sum);
    }
    let half = INTEGRATION / 2;
    (0..n)
        .map(|i| libm::sqrt((sums[(i + half + 1).min(n)] - sums[i.saturating_sub(half)]).max(0.0) / INTEGRATION as f64))
        .collect()
}

/// Local maxima; of two closer than the refractory period the larger one.
fn maxima(energy: &[f64]) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for i in 1..energy.len().saturating_sub(1) {
        if energy[i] > energy[i - 1] && energy[i] >= energy[i + 1] {
            match kept.last_mut() {
                Some(last) if i - *last < REFRACTORY => {
                    if energy[i] > energy[*last] {
                        *last = i;
                    }
                }
                _ => kept.push(i),
            }
        }
    }
    kept
}

/// Running levels of the adaptive threshold.
struct Levels {
    signal: f64,
    noise: f64,
}

impl Levels {
    fn threshold(&self) -> f64 {
        self.noise + THRESHOLD * (self.signal - self.noise)
    }
    /// A beat counts at most twice the level, so that one artefact does not blind the detector.
    fn beat(&mut self, height: f64, weight: f64) {
        self.signal += weight * (height.min(2.0 * self.signal) - self.signal);
    }
}

fn select(energy: &[f64], maxima: &[usize]) -> Vec<usize> {
    let mut first: Vec<f64> = maxima.iter().filter(|&&i| i < START).map(|&i| energy[i]).collect();
    first.sort_unstable_by(|a, b| b.total_cmp(a));
    first.truncate(START_PEAKS);
    let Some(&signal) = first.get(first.len() / 2) else { return Vec::new() };
    let mut levels = Levels { signal, noise: 0.0 };
    let mut beats: Vec<usize> = Vec::new();
    let mut passed_over: Vec<usize> = Vec::new();
    for &i in maxima {
        let recent = &beats[beats.len().saturating_sub(9)..];
        if let (&[start, .., last], false) = (recent, passed_over.is_empty()) {
            let mean = (last - start) as f64 / (recent.len() - 1) as f64;
            if (i - last) as f64 > SEARCH_BACK * mean {
                let best = passed_over.iter().copied().max_by(|&a, &b| energy[a].total_cmp(&energy[b]));
                if let Some(best) = best.filter(|&b| energy[b] > 0.5 * levels.threshold()) {
                    levels.beat(energy[best], 0.25);
                    beats.push(best);
                    passed_over.clear();
                }
            }
        }
        if energy[i] > levels.threshold() {
            levels.beat(energy[i], 0.125);
            beats.push(i);
            passed_over.clear();
        } else {
            levels.noise += 0.125 * (energy[i] - levels.noise);
            passed_over.push(i);
        }
    }
    beats
}

/// The largest deviation from the baseline near a detection; the first of equal ones.
fn refine(signal: &[f64], at: usize) -> u32 {
    let start = at.saturating_sub(REFINE);
    let window = &signal[start..(at + REFINE + 1).min(signal.len())];
    let mut best = 0;
    for (k, v) in window.iter().enumerate() {
        if v.abs() > window[best].abs() {
            best = k;
        }
    }
    (start + best) as u32
}

/// How detections compare with reference positions.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Pairs of indices (reference, detection) no further apart than the tolerance, each used once.
    pub pairs: Vec<(usize, usize)>,
    /// Number of reference positions.
    pub reference: usize,
    /// Number of detections.
    pub detections: usize,
}

impl Match {
    /// Pairs detections with reference positions, both ascending, in time order.
    #[must_use]
    pub fn new(reference: &[u32], detections: &[u32], tolerance: u32) -> Self {
        let (mut r, mut d, mut pairs) = (0, 0, Vec::new());
        while r < reference.len() && d < detections.len() {
            if reference[r].abs_diff(detections[d]) <= tolerance {
                pairs.push((r, d));
                r += 1;
                d += 1;
            } else if detections[d] < reference[r] {
                d += 1;
            } else {
                r += 1;
            }
        }
        Self { pairs, reference: reference.len(), detections: detections.len() }
    }
    /// Share of reference beats that were found.
    #[must_use]
    pub fn sensitivity(&self) -> f64 {
        self.pairs.len() as f64 / self.reference.max(1) as f64
    }
    /// Share of detections that are beats (positive predictivity).
    #[must_use]
    pub fn predictivity(&self) -> f64 {
        self.pairs.len() as f64 / self.detections.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Domain, Draw};

    /// Gaussian QRS complexes of the given positions and heights (mV) with T waves, drift and noise.
    fn recording(beats: &[(u32, f64)], n: usize) -> Lead {
        let bump = |x: f64, width: f64| libm::exp(-x * x / (2.0 * width * width));
        let counts = (0..n)
            .map(|i| {
                let t = i as f64;
                let mut v = 0.3 * libm::sin(t / 400.0);
                for &(p, h) in beats {
                    let d = t - f64::from(p);
                    if d.abs() < 300.0 {
                        v += h * bump(d, 7.0) + 0.25 * h.abs() * bump(d - 100.0, 22.0);
                    }
                }
                v += 0.02 * Draw { seed: 1, domain: Domain::Read, element: 0, tick: i as u64 }.normal(0);
                1024 + (200.0 * v).round() as i32
            })
            .collect();
        Lead { counts, baseline: 1024, gain: 200.0 }
    }

    #[test]
    fn beats_of_both_signs_are_found_at_their_peak() {
        let beats: Vec<(u32, f64)> =
            (0..60u32).map(|i| (200 + 290 * i + 40 * (i % 3), if i % 7 == 3 { -1.4 } else { 1.0 })).collect();
        let found = detect(&recording(&beats, 18_000));
        let truth: Vec<u32> = beats.iter().map(|b| b.0).collect();
        let m = Match::new(&truth, &found, 3);
        assert_eq!((m.pairs.len(), m.detections), (60, 60), "{found:?}");
    }

    #[test]
    fn search_back_finds_a_weak_beat() {
        let beats: Vec<(u32, f64)> = (0..30u32).map(|i| (200 + 300 * i, if i == 20 { 0.2 } else { 1.0 })).collect();
        let lead = recording(&beats, 9_400);
        let found = detect(&lead);
        assert!(found.iter().any(|p| p.abs_diff(6_200) < 8), "{found:?}");
        assert_eq!(found.len(), 30);
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let flat = Lead { counts: vec![1024; 4_000], baseline: 1024, gain: 200.0 };
        assert!(detect(&flat).is_empty());
        for n in [0, 1, 2, 5] {
            let lead = Lead { counts: vec![1024; n], baseline: 1024, gain: 200.0 };
            assert!(detect(&lead).is_empty());
        }
    }

    #[test]
    fn matching_counts_each_beat_once() {
        let m = Match::new(&[100, 200, 300], &[90, 104, 205, 500], 10);
        assert_eq!(m.pairs, [(0, 0), (1, 2)]);
        assert!((m.sensitivity() - 2.0 / 3.0).abs() < 1e-12 && (m.predictivity() - 0.5).abs() < 1e-12);
    }
}
