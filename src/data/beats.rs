//! From a recording and its R positions to beats.
//!
//! Preparation (the baseline removal is that of de Chazal, O'Dwyer, Reilly 2004,
//! doi:10.1109/TBME.2004.827359): median filters of 0.2 s and 0.6 s give the baseline, which is
//! subtracted; 360 Hz is halved to 180 Hz without delay; 128 samples around R are cut, R at index 50,
//! in whole microvolts (ties to even). R at an odd 360 Hz sample lies between two 180 Hz samples; the
//! even one is taken (`R / 2`, ties to even). The first and the last beat, and beats whose window
//! leaves the signal, are dropped.

use super::filter::{decimate_by_two, median};
use super::wfdb::Lead;

/// Sampling rate of the recordings, Hz.
pub const RATE: f64 = 360.0;
/// Samples of a beat at 180 Hz.
pub const LENGTH: usize = 128;
/// Index of the R peak in a beat.
pub const BEFORE: usize = 50;
/// 0.2 s and 0.6 s at 360 Hz, made odd.
const BASELINE: [usize; 2] = [73, 217];
/// RR intervals from this on are gaps in the recording and left out of its mean.
const GAP: f64 = 3.0;
/// RR intervals of the local mean.
const LOCAL: usize = 10;

/// One beat.
#[derive(Debug, Clone, PartialEq)]
pub struct Beat {
    /// Waveform at 180 Hz, microvolts, R at index [`BEFORE`].
    pub wave: [i16; LENGTH],
    /// RR before, RR after, mean of the up to ten RR up to this beat, mean RR of the recording; seconds.
    pub rr: [f32; 4],
    /// R position, sample at 360 Hz.
    pub sample: u32,
    /// Index in the list of R positions the beat was cut from.
    pub index: usize,
}

/// The recording minus its baseline in microvolts, 360 Hz.
#[must_use]
pub fn without_baseline(lead: &Lead) -> Vec<f64> {
    let baseline = median(&median(&lead.counts, BASELINE[0]), BASELINE[1]);
    lead.counts.iter().zip(&baseline).map(|(&x, &b)| f64::from(x - b) * 1000.0 / lead.gain).collect()
}

/// Cuts the beats at the R positions (samples at 360 Hz, ascending) of a recording.
#[must_use]
pub fn cut(lead: &Lead, peaks: &[u32]) -> Vec<Beat> {
    let signal = decimate_by_two(&without_baseline(lead));
    let intervals: Vec<f64> = peaks.windows(2).map(|p| (f64::from(p[1]) - f64::from(p[0])) / RATE).collect();
    let usable: Vec<f64> = intervals.iter().copied().filter(|&r| r < GAP).collect();
    let overall = mean(&usable);
    (1..peaks.len().saturating_sub(1))
        .filter_map(|i| {
            let start = half_even(peaks[i]).checked_sub(BEFORE)?;
            let window = signal.get(start..start + LENGTH)?;
            let mut wave = [0; LENGTH];
            // `as` saturates at the int16 range.
            wave.iter_mut().zip(window).for_each(|(w, v)| *w = v.round_ties_even() as i16);
            let local = mean(&intervals[i.saturating_sub(LOCAL)..i]);
            let rr = [intervals[i - 1], intervals[i], local, overall].map(|v| v as f32);
            Some(Beat { wave, rr, sample: peaks[i], index: i })
        })
        .collect()
}

/// Half of an integer, ties to even.
const fn half_even(n: u32) -> usize {
    let half = n / 2;
    (half + (n % 2) * (half % 2)) as usize
}

fn mean(x: &[f64]) -> f64 {
    if x.is_empty() { 0.0 } else { x.iter().sum::<f64>() / x.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_even() {
        assert_eq!([0, 1, 2, 3, 4, 5, 7].map(half_even), [0, 0, 1, 2, 2, 2, 4]);
    }

    /// A 2 Hz train of narrow triangles on a drifting baseline.
    fn recording(peaks: &[u32], n: usize) -> Lead {
        let mut counts: Vec<i32> = (0..n).map(|i| 1024 + (i / 180) as i32).collect();
        for &p in peaks {
            for d in -6i32..=6 {
                if let Some(c) = counts.get_mut((p as i32 + d) as usize) {
                    *c += 200 - 30 * d.abs();
                }
            }
        }
        Lead { counts, baseline: 1024, gain: 200.0 }
    }

    #[test]
    fn beats_stand_on_zero_with_r_at_fifty() {
        let peaks: Vec<u32> = (0..8).map(|i| 90 + 180 * i).collect();
        let beats = cut(&recording(&peaks, 1440), &peaks);
        assert_eq!(beats.iter().map(|b| b.index).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
        for beat in &beats {
            let top = (0..LENGTH).max_by_key(|&t| beat.wave[t]).expect("not empty");
            assert_eq!(top, BEFORE);
            assert!((900..=1000).contains(&beat.wave[BEFORE]), "{}", beat.wave[BEFORE]);
            assert!(beat.wave[BEFORE - 20].abs() <= 10);
            assert_eq!(beat.rr, [0.5; 4]);
        }
    }

    #[test]
    fn windows_outside_the_signal_and_gaps_are_left_out() {
        let peaks = [10, 60, 400, 2000, 2400, 2470];
        let beats = cut(&recording(&peaks, 2500), &peaks);
        assert_eq!(beats.iter().map(|b| b.sample).collect::<Vec<_>>(), [400, 2000]);
        let without_gap = (50.0 + 340.0 + 400.0 + 70.0) / 360.0 / 4.0;
        assert!((f64::from(beats[0].rr[3]) - without_gap).abs() < 1e-6);
        assert!((f64::from(beats[1].rr[2]) - 1990.0 / 360.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn too_few_peaks_give_no_beat() {
        let lead = recording(&[], 500);
        for peaks in [&[][..], &[100], &[100, 300]] {
            assert!(cut(&lead, peaks).is_empty());
        }
    }
}
