//! Conversion by residues: stages of 1.5 bits with digital correction.
//!
//! A stage decides between −1, 0 and +1 with two comparators at ∓¼ of the reference, subtracts the decision
//! and doubles the rest (Lewis et al., IEEE JSSC 1992, doi:10.1109/4.121557). With capacitors
//! `C₂ = (1 + α)·C₁`, an amplifier of gain `A` and a feedback share `β = 1/(2 + α)` the residue is
//! `((2 + α)·v − (1 + α)·d) / (1 + 1/(A·β))`. The next stage absorbs errors of the comparators up to ¼; those of
//! the residue remain. Every stage is a straight line on each of three intervals, so the whole converter is
//! followed exactly: [`transfer`] carries the intervals of the input through the stages.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Instance, Transfer};
use crate::units::Share;

/// Deviations of 1.5-bit stages.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StageMismatch {
    /// Standard deviation of the ratio of a stage's two capacitors.
    pub capacitor: Share,
    /// Standard deviation of a comparator's offset, as a share of the reference.
    pub comparator: Share,
    /// Gain of the amplifiers; absent means without limit.
    pub amplifier_gain: Option<f64>,
}

impl StageMismatch {
    /// Whether stages are exact.
    pub(super) fn is_ideal(&self) -> bool {
        *self == Self::default()
    }
    /// The stage whose draws begin at `draw`.
    pub(super) fn stage(&self, instance: Instance, draw: u32) -> Stage {
        let alpha = self.capacitor.0 * instance.normal(draw);
        let leak = match self.amplifier_gain {
            // the gain is no random number, but noise × 0 asks for the nominal converter
            Some(gain) if instance.scale > 0.0 => (2.0 + alpha) / gain,
            _ => 0.0,
        };
        let offset = |i: u32| self.comparator.0 * instance.normal(draw + i);
        Stage {
            gain: (2.0 + alpha) / (1.0 + leak),
            step: (1.0 + alpha) / (1.0 + leak),
            thresholds: [-0.25 + offset(1), 0.25 + offset(2)],
        }
    }
    /// Offset of the comparator that takes the last bit.
    pub(super) fn last(&self, instance: Instance, draw: u32) -> f64 {
        self.comparator.0 * instance.normal(draw)
    }
}

/// A stage: `residue = gain·v − step·decision`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stage {
    gain: f64,
    step: f64,
    thresholds: [f64; 2],
}

/// Draws of one stage.
pub(super) const DRAWS: u32 = 3;

/// A piece of the input range on which all decisions so far are the same.
#[derive(Clone, Copy)]
struct Piece {
    begin: f64,
    end: f64,
    /// The residue is `slope·v + shift`.
    slope: f64,
    shift: f64,
    code: i64,
}

/// Codes of `stages` and a last comparator at `last`, one bit more than there are stages.
pub(super) fn transfer(stages: &[Stage], last: f64) -> Transfer {
    let bits = stages.len() as u32 + 1;
    // digits weigh 2^(bits − 2) and down; their sum is shifted to begin at 0
    let start =
        Piece { begin: f64::NEG_INFINITY, end: f64::INFINITY, slope: 1.0, shift: 0.0, code: (1i64 << (bits - 1)) - 1 };
    let mut pieces = vec![start];
    for (i, stage) in stages.iter().enumerate() {
        let weight = 1i64 << (bits - 2 - i as u32);
        let mut thresholds = stage.thresholds;
        thresholds.sort_by(f64::total_cmp);
        pieces = split(&pieces, &thresholds, |p, decided| {
            let digit = decided as i64 - 1;
            Piece {
                slope: stage.gain * p.slope,
                shift: stage.gain * p.shift - stage.step * digit as f64,
                code: p.code + digit * weight,
                ..p
            }
        });
    }
    pieces = split(&pieces, &[last], |p, decided| Piece { code: p.code + decided as i64, ..p });
    // from the reference to steps: v = (u + ½)·2^(1 − bits) − 1
    let scale = f64::from(1u32 << (bits - 1));
    let breaks = pieces[1..].iter().map(|p| (p.begin + 1.0) * scale - 0.5).collect();
    Transfer::pieces(breaks, pieces.iter().map(|p| p.code as u32).collect())
}

/// Cuts pieces where their residue crosses a threshold; `decided` counts the thresholds passed.
fn split(pieces: &[Piece], thresholds: &[f64], decide: impl Fn(Piece, usize) -> Piece) -> Vec<Piece> {
    let mut all = Vec::with_capacity(2 * pieces.len());
    for p in pieces {
        let mut begin = p.begin;
        for decided in 0..=thresholds.len() {
            let crossing = thresholds.get(decided).map_or(p.end, |t| (t - p.shift) / p.slope);
            let end = crossing.clamp(begin, p.end);
            if end > begin {
                all.push(decide(Piece { begin, end, ..*p }, decided));
            }
            begin = end;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One conversion, stage by stage.
    fn step_by_step(stages: &[Stage], last: f64, input: f64) -> u32 {
        let bits = stages.len() as u32 + 1;
        let mut v = (input + 0.5) / f64::from(1u32 << (bits - 1)) - 1.0;
        let mut code = (1i64 << (bits - 1)) - 1;
        for (i, s) in stages.iter().enumerate() {
            let digit = s.thresholds.iter().filter(|t| v >= **t).count() as i64 - 1;
            v = s.gain * v - s.step * digit as f64;
            code += digit << (bits - 2 - i as u32);
        }
        (code + i64::from(v >= last)) as u32
    }

    #[test]
    fn the_transfer_is_what_the_stages_do() {
        for (capacitor, comparator, amplifier_gain) in
            [(0.0, 0.0, None), (0.0, 0.05, None), (0.02, 0.0, None), (0.05, 0.3, Some(30.0)), (0.0, 0.0, Some(10.0))]
        {
            let mismatch = StageMismatch { capacitor: Share(capacitor), comparator: Share(comparator), amplifier_gain };
            let instance = Instance::new(8, 1);
            let stages: Vec<Stage> = (0..6).map(|s| mismatch.stage(instance, s * DRAWS)).collect();
            let last = mismatch.last(instance, 6 * DRAWS);
            let transfer = transfer(&stages, last);
            for i in -400..13_200 {
                let input = f64::from(i) * 0.01 + 0.003_7;
                assert_eq!(transfer.code(input), step_by_step(&stages, last, input), "{mismatch:?}, input {input}");
            }
        }
    }

    #[test]
    fn comparators_are_corrected_and_gains_are_not() {
        let six = |mismatch: StageMismatch| {
            let stages: Vec<Stage> = (0..5).map(|s| mismatch.stage(Instance::new(2, 2), s * DRAWS)).collect();
            transfer(&stages, 0.0)
        };
        let comparators = six(StageMismatch { comparator: Share(0.05), ..StageMismatch::default() });
        let worst = |t: &Transfer| {
            let levels = t.levels(63);
            levels.iter().enumerate().map(|(k, t)| (t - k as f64 - 0.5).abs()).fold(0.0, f64::max)
        };
        assert!(worst(&comparators) < 1e-9, "{}", worst(&comparators));
        let gains = six(StageMismatch { amplifier_gain: Some(50.0), ..StageMismatch::default() });
        assert!(worst(&gains) > 0.5, "{}", worst(&gains));
    }
}
