//! The rows of the device library.

mod ageing;
mod memtransistor;
mod mtj;
mod physics;
mod programming;
mod pulsed;
mod synaptogen;
mod weak_reset;

use super::{Finding, Row};

/// Every row.
pub const ROWS: &[Row] = &[
    Row {
        number: "1",
        measure: "Synaptogen against `reference/synaptogen`",
        asked: "`analytic.json` to 1e-10; zero-noise and pulse traces: states and counters identical, values 1e-9 (f64) / 5e-5 (f32); `stats_features.json` within 4 pooled seed standard deviations or 1 % (0.01 absolute for correlations), whichever is larger, seeds fixed beforehand",
        find: synaptogen::reference,
    },
    Row {
        number: "2",
        measure: "its throughput, one core, 1 M cells, side by side with the PyPI package in one run",
        asked: "≥ 10 × on SET+RESET cycles, ≥ 5 × on noisy reads, no slower on no-op pulses than the package with its slow built-in `any` replaced by the array one (both reported)",
        find: synaptogen::side_by_side,
    },
    Row {
        number: "3",
        measure: "fit from 512 devices × 6,000 generated cycles",
        asked: "reproduces the statistics of that data set (medians 1 %, correlations 0.02, autocorrelation 0.03) and the generating model within 4 standard errors; < 60 s",
        find: synaptogen::fit,
    },
    Row {
        number: "4",
        measure: "pulsed devices and inference statistics against `reference/aihwkit` and PyPI aihwkit 1.1.0",
        asked: "noise-free curves to 2e-6 (Idealized and GokmenVlasov 1.5e-4); noisy means and standard deviations within 4 standard errors of both samples; inference statistics likewise; the rest side by side",
        find: pulsed::reference,
    },
    Row {
        number: "5",
        measure: "weak RESET, 2T2R",
        asked: "population tables of `reference/learning` within their Monte-Carlo error; 2T2R bit errors within 2 % of the closed forms",
        find: weak_reset::population,
    },
    Row {
        number: "6",
        measure: "memtransistor",
        asked: "NL(A) relation to 6 digits at the listed entries; pulse reads of `charge_transport/s4` reproduced by the fitted compact device with NRMSE ≤ 5 % (said where it cannot); s1 and s3 loops predicted, not refitted, error stated",
        find: memtransistor::row,
    },
    Row {
        number: "7",
        measure: "cost of a device",
        asked: "≤ 3 ns per pulse with C2C noise for closed-form devices; 512 × 512 outer-product update (ReRamSB preset with write noise, BL 31, lr 0.01, update and bound management) ≤ 0.8 ns per device, side by side with aihwkit",
        find: pulsed::speed,
    },
    Row {
        number: "8",
        measure: "write-verify of ResNet-18's 11.7 M weights × 4 slices × 2 polarities to 1 % of range, C2C 2 %, at most 20 tries",
        asked: "< 60 s on two cores; histogram of pulses, energy, time, unconverged share",
        find: programming::write_verify,
    },
    Row {
        number: "9",
        measure: "drift, retention, endurance, telegraph noise, stuck maps, table device, `me_mtj`, compact physics",
        asked: "each against its closed form or the exact oracle of its spec; compact physics against scipy",
        find: laws,
    },
];

/// Row 9: laws, junctions and state equations together.
fn laws() -> Finding {
    let parts = [ageing::laws(), mtj::closed_forms(), physics::compact()];
    let join = |of: fn(&Finding) -> &str| parts.iter().map(of).filter(|t| !t.is_empty()).collect::<Vec<_>>().join("; ");
    Finding {
        measured: join(|f| &f.measured),
        holds: parts.iter().all(|f| f.holds),
        configuration: join(|f| &f.configuration),
    }
}

fn or_absent(find: impl FnOnce() -> Result<Finding, String>) -> Finding {
    find().unwrap_or_else(Finding::absent)
}
