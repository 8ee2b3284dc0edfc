//! What the chip gives a layer: its cells, converters and drivers, resolved and checked.

use crate::arch::{Adc, Chip, CoreKind, Drive, XbarKind};
use crate::circuit::converter::DacModel;
use crate::diag::Diagnostic;
use crate::id::IdVec;
use crate::lower::{LayerId, TiledGraph, TiledLayer};
use crate::units::{Siemens, Volt};
use crate::{diag, rng};

/// The hardware of one layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct LayerHardware<'a> {
    /// Crossbars of the layer.
    pub xbar: &'a XbarKind,
    /// A core that holds such crossbars (all that do are equal in what values depend on).
    pub core: &'a CoreKind,
    /// Conductance of an erased cell.
    pub g_min: Siemens,
    /// Conductance of one cell level, the same for all slices.
    pub level: Siemens,
    /// Voltage of DAC digit 1.
    pub v_digit: Volt,
    /// Largest digit of any plane.
    pub digit_max: u32,
    /// Whether lines are driven with both signs.
    pub bipolar: bool,
}

const fn strength(drive: Drive, digit: i32) -> u32 {
    match drive {
        Drive::Voltage | Drive::Amplitude => digit.unsigned_abs().pow(2),
        Drive::PulseWidth => digit.unsigned_abs(),
    }
}

impl<'a> LayerHardware<'a> {
    /// Resolves the hardware of a layer.
    pub(super) fn of(layer: &TiledLayer, chip: &'a Chip) -> diag::Result<Self> {
        let xbar = &chip.xbar_kinds[layer.xbar_kind];
        let mut cores = chip.core_kinds.iter().filter(|c| c.crossbars.iter().any(|(k, _)| *k == layer.xbar_kind));
        let Some(core) = cores.next() else {
            return Err(Diagnostic::error(
                "R102",
                format!("layer {}: no core holds crossbars {}", layer.origin, xbar.name),
            )
            .help("list the crossbar kind in one of the cores of the arch file")
            .into());
        };
        let inputs = |c: &CoreKind| (c.dac_bits, c.drive, c.signed_inputs, c.dac_model, c.skip_zero_planes, c.chain);
        // the time of conversions that stop early depends on values
        let stops = |c: &CoreKind| c.adc.early_stop.then(|| (c.adc.number, c.stopped(1 << c.adc.bits), c.clock));
        let values = |c: &CoreKind| (inputs(c), c.adc.bits, c.adc.full_scale, c.adc.full_scale_per, stops(c));
        // how many converters there are matters where each is another
        let alike = |a: &Adc, b: &Adc| a.model == b.model && (a.model.is_ideal() || a.number == b.number);
        let same = |c: &CoreKind| values(c) == values(core) && alike(&c.adc, &core.adc);
        if let Some(other) = cores.find(|c| !same(c)) {
            let text = format!(
                "layer {}: crossbars {} sit in cores {} and {} with different converters",
                layer.origin, xbar.name, core.name, other.name
            );
            return Err(Diagnostic::error("R102", text)
                .help("give both kinds of cores the same DAC bits, ADC bits, full scale and deviations, or separate crossbar kinds").into());
        }
        let widest = layer.planes.iter().map(|p| p.bits).max().unwrap_or(1);
        let deepest = layer.slices.iter().map(|s| s.bits).max().unwrap_or(1);
        if widest > core.dac_bits || deepest > xbar.bits_per_cell || core.dac_bits > 8 || xbar.bits_per_cell > 12 {
            let text = format!(
                "layer {}: planes of {widest} bits and slices of {deepest} bits do not fit DACs of {} and cells of {} bits",
                layer.origin, core.dac_bits, xbar.bits_per_cell
            );
            return Err(Diagnostic::error("R102", text).help("at most 8 DAC bits and 12 bits for each cell").into());
        }
        let window = xbar.device.window();
        let levels = f64::from((1u32 << xbar.bits_per_cell) - 1);
        let level = (window.g_max.0 - window.g_min.0) / levels;
        if !(level.is_finite() && level > 0.0 && xbar.v_read.0 > 0.0) {
            let text = format!(
                "crossbars {}: conductance window {} to {} at {}",
                xbar.name, window.g_min, window.g_max, xbar.v_read
            );
            return Err(Diagnostic::error("R102", text).help("g_max must exceed g_min and the read voltage 0").into());
        }
        Ok(Self {
            xbar,
            core,
            g_min: window.g_min,
            level: Siemens(level),
            v_digit: match core.drive {
                Drive::Voltage | Drive::Amplitude => Volt(xbar.v_read.0 / f64::from((1u32 << core.dac_bits) - 1)),
                Drive::PulseWidth => xbar.v_read,
            },
            digit_max: (1 << widest) - 1,
            bipolar: layer.planes.iter().any(|p| p.bipolar()),
        })
    }

    /// What variance and energy of a cell are multiplied with when a digit drives it: the square of a voltage;
    /// the number of time units of a pulse, each of which draws read noise of its own.
    pub(super) fn strength(&self, digit: i32) -> u32 {
        strength(self.core.drive, digit)
    }

    /// Digits for which a cell has moments of its own: 1 where currents grow with the digit, all where each
    /// amplitude is another conductance or converters deviate in their own way for each.
    pub(super) fn panels(&self) -> u32 {
        let own = self.core.drive == Drive::Amplitude || self.core.dac_model != DacModel::Ideal;
        if own { self.digit_max } else { 1 }
    }

    /// What an erased cell conducts when a digit drives it, over the voltage of digit 1, in siemens.
    pub(super) fn erased(&self, digit: f64) -> f64 {
        match self.core.drive {
            Drive::Amplitude => self.xbar.device.current(self.g_min.0, Volt(digit * self.v_digit.0)) / self.v_digit.0,
            Drive::Voltage | Drive::PulseWidth => self.g_min.0 * digit,
        }
    }

    /// Resolves all layers, or everything that is wrong.
    pub(super) fn all(tiled: &TiledGraph, chip: &'a Chip) -> diag::Result<IdVec<LayerId, Self>> {
        let mut problems = diag::Diagnostics::new();
        let mut all = IdVec::new();
        for layer in tiled.layers.iter() {
            match Self::of(layer, chip) {
                Ok(hardware) => {
                    let _: LayerId = all.push(hardware);
                }
                Err(found) => problems.extend(found),
            }
            let encoding = chip.xbar_kinds[layer.xbar_kind].encoding;
            let kinds = layer.slices.len() * encoding.polarities() + encoding.unit_columns();
            let conversions = layer.cols * kinds;
            if tiled.layers.len() > 1 << 12
                || layer.rows > 1 << 16
                || layer.cols > 1 << 16
                || layer.slices.len() > 16
                || layer.planes.len() > 64
                || layer.positions > 1 << 22
                || conversions > rng::MAX_COLUMNS
            {
                let text = format!(
                    "layer {}: {} rows, {} columns, {} slices, {} planes and {} positions exceed the address space of random draws",
                    layer.origin,
                    layer.rows,
                    layer.cols,
                    layer.slices.len(),
                    layer.planes.len(),
                    layer.positions
                );
                problems.push(
                    Diagnostic::error("R103", text)
                        .help("at most 4096 layers, 65536 rows and columns, 16 slices, 64 planes, 4194304 positions, 262144 conversions in a read"),
                );
            }
        }
        problems.into_result(all)
    }
}
