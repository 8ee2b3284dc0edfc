//! Steps of the analog-to-digital converters, layer by layer and slice by slice.
//!
//! Slice `s` of a layer is converted with a step of `lsb · 2^exponent[s]` accumulator steps, so that codes
//! of all slices are added as integers after a shift; `lsb` itself is any real number. Steps are chosen so
//! that the full scale of every slice is covered and the summed squared step is least; a step is never
//! smaller than one cell level, which makes a converter with enough bits exact.

use super::hardware::LayerHardware;
use super::stored::{Stored, corrected};
use crate::circuit::Clip;
use crate::id::IdVec;
use crate::lower::{LayerId, MvmOp, TiledGraph, TiledLayer};
use crate::tensor::{Encoding, Slice};

/// Converters of one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerConverter {
    /// Accumulator steps of one code of a slice with exponent 0.
    pub lsb: f64,
    /// For each slice the power of two between its step and `lsb`.
    pub exponents: Vec<u8>,
    /// Range of the codes.
    pub clip: Clip,
    /// Conversions of the calibration run that the steps rest on.
    pub calibration: u64,
}

/// Converters of all layers.
pub type Converters = IdVec<LayerId, LayerConverter>;

impl LayerConverter {
    /// No converter limits: codes are column sums.
    #[must_use]
    pub fn ideal(layer: &TiledLayer, encoding: Encoding) -> Self {
        let exponents = layer.slices.iter().map(|s| s.shift).collect();
        corrected(Self { lsb: 1.0, exponents, clip: Clip::NONE, calibration: 0 }, layer, encoding)
    }

    /// Converters of `bits` bits for the given full scale of each slice, in cell levels × DAC digits.
    #[must_use]
    pub fn covering(slices: &[Slice], full_scale: &[f64], bits: u8, encoding: Encoding) -> Self {
        let clip = Self::code_range(bits, encoding);
        let wanted: Vec<f64> = slices
            .iter()
            .zip(full_scale)
            .map(|(s, full)| (full / f64::from(clip.high)).max(1.0) * f64::from(1u32 << s.shift))
            .collect();
        // anchor each slice in turn and raise the others to the next power of two above their need
        let anchored = |anchor: f64| -> Vec<i32> {
            wanted
                .iter()
                .map(|w| {
                    let mut exponent = -64;
                    while anchor * 2f64.powi(exponent) < *w {
                        exponent += 1;
                    }
                    exponent
                })
                .collect()
        };
        let mut best: Option<(f64, f64, Vec<i32>)> = None;
        for anchor in &wanted {
            let exponents = anchored(*anchor);
            let cost: f64 = exponents.iter().map(|e| (anchor * 2f64.powi(*e)).powi(2)).sum();
            if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
                best = Some((cost, *anchor, exponents));
            }
        }
        let Some((_, anchor, exponents)) = best else {
            return Self { lsb: 1.0, exponents: vec![], clip, calibration: 0 };
        };
        let lowest = exponents.iter().copied().min().unwrap_or(0);
        Self {
            lsb: anchor * 2f64.powi(lowest),
            exponents: exponents.iter().map(|e| (e - lowest) as u8).collect(),
            clip,
            calibration: 0,
        }
    }

    /// Codes of a converter: symmetric if a pair is subtracted before it, from 0 if its currents have one sign.
    pub(super) fn code_range(bits: u8, encoding: Encoding) -> Clip {
        if encoding.bipolar() {
            let high = ((1u32 << (bits.max(2) - 1)) - 1) as f32;
            Clip { low: -high, high }
        } else {
            Clip { low: 0.0, high: ((1u32 << bits.max(1)) - 1) as f32 }
        }
    }

    /// Step of a slice in cell levels × DAC digits.
    #[must_use]
    pub fn step(&self, index: usize, slice: Slice) -> f64 {
        self.lsb * 2f64.powi(i32::from(self.exponents[index]) - i32::from(slice.shift))
    }
}

/// Largest column sum that can occur in each slice, in cell levels × DAC digits: every row of a group whose
/// weight has the column's sign driven with the largest digit; every row, where lines are driven with both signs.
/// A unit column counts for the highest slice, as which it is converted.
pub(super) fn largest_sums(
    layer: &TiledLayer,
    tiled: &TiledGraph,
    op: &MvmOp,
    hardware: &LayerHardware<'_>,
) -> Vec<f64> {
    let encoding = hardware.xbar.encoding;
    let mut largest = vec![0u64; layer.slices.len()];
    for block in layer.blocks.iter().map(|b| &tiled.blocks[*b]) {
        let stored = Stored::new(layer, encoding, block, op);
        for rows in block.groups() {
            let (count, first) = (rows.len() as u64, block.rows.start);
            let rows = rows.start - first..rows.end - first;
            for (slice, largest) in layer.slices.iter().zip(&mut largest) {
                *largest = stored.largest(*slice, rows.clone(), hardware.bipolar).max(*largest);
            }
            if let Some(top) = largest.last_mut().filter(|_| encoding.unit_columns() > 0) {
                *top = (*top).max(count * u64::from(encoding.unit_level(layer.weight_bits, &layer.slices)));
            }
        }
    }
    largest.iter().map(|l| (*l * u64::from(hardware.digit_max)) as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Subtraction;

    const PAIR: Encoding = Encoding::Pair(Subtraction::Analog);

    const TWO: [Slice; 2] = [Slice { shift: 0, bits: 4 }, Slice { shift: 4, bits: 3 }];

    #[test]
    fn enough_bits_convert_exactly() {
        let c = LayerConverter::covering(&TWO, &[1900.0, 900.0], 12, PAIR);
        assert_eq!((c.lsb, c.exponents.as_slice()), (1.0, [0, 4].as_slice()));
        assert_eq!((c.step(0, TWO[0]), c.step(1, TWO[1])), (1.0, 1.0));
    }

    #[test]
    fn full_scale_is_covered_with_power_of_two_ratios() {
        for (a, b) in [(1900.0, 900.0), (300.0, 1800.0), (5.0, 1234.0), (1271.0, 127.0)] {
            let c = LayerConverter::covering(&TWO, &[a, b], 8, PAIR);
            let steps = [c.step(0, TWO[0]), c.step(1, TWO[1])];
            assert!(steps[0] * 127.0 >= a * (1.0 - 1e-12) && steps[1] * 127.0 >= b * (1.0 - 1e-12));
            assert!(steps[0] < 2.0 * (a / 127.0).max(1.0) && steps[1] < 2.0 * (b / 127.0).max(1.0));
            assert_eq!(c.exponents.iter().min(), Some(&0));
        }
    }

    #[test]
    fn code_ranges() {
        let c = LayerConverter::covering(&TWO, &[10.0, 10.0], 8, Encoding::Pair(Subtraction::Digital));
        assert_eq!(c.clip, Clip { low: 0.0, high: 255.0 });
    }
}
