//! One cell, by its address: what its draws make of programming, pulses and age.

use serde::Serialize;

use super::table::plain;
use crate::device::{Chance, Device, curves};
use crate::units::{Joule, Kelvin, Second, Siemens, Volt};

/// Ages shown, in seconds: a second, a minute, an hour, a day, a year, ten years.
const AGES: [f64; 6] = [1.0, 60.0, 3600.0, 86_400.0, 3.155_76e7, 3.155_76e8];
/// Targets where none is given.
const LEVELS: usize = 5;

/// One step in the life of a cell. Numbers that a step has not are left empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ReplayRow {
    /// `program`, `pulse` or `age`.
    pub step: &'static str,
    /// Number of the pulse; 0 is the cell before the first.
    pub tick: Option<u64>,
    /// Conductance asked for.
    pub target_s: Option<f64>,
    /// Voltage of the pulse.
    pub voltage_v: Option<f64>,
    /// Width of the pulse.
    pub width_s: Option<f64>,
    /// Time since programming.
    pub age_s: Option<f64>,
    /// Conductance of the cell after the step.
    pub conductance_s: f64,
    /// Conductance of the nominal cell after the same.
    pub nominal_s: f64,
    /// Pulses of the step.
    pub pulses: Option<u64>,
    /// Energy of the step.
    pub energy_j: Option<f64>,
    /// Time of the step.
    pub time_s: Option<f64>,
}

/// What is replayed.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayOptions {
    /// Address of the cell ([`crate::rng::element`]).
    pub cell: u64,
    /// Random world.
    pub chance: Chance,
    /// Temperature of the chip.
    pub temperature: Kelvin,
    /// Conductances to program, in siemens; levels of the window if empty. The middle one is aged.
    pub targets: Vec<f64>,
    /// Raising pulses, and then as many lowering ones.
    pub pulses: usize,
}

/// The steps: programming to each target, pulse by pulse where the technology has pulses, ageing.
#[must_use]
pub fn replay(device: &dyn Device, options: &ReplayOptions) -> Vec<ReplayRow> {
    let nominal = Chance { scale: 0.0, ..options.chance };
    let cell = [options.cell];
    let targets = if options.targets.is_empty() { curves::levels(device, LEVELS) } else { options.targets.clone() };
    let empty = ReplayRow {
        step: "program",
        tick: None,
        target_s: None,
        voltage_v: None,
        width_s: None,
        age_s: None,
        conductance_s: 0.0,
        nominal_s: 0.0,
        pulses: None,
        energy_j: None,
        time_s: None,
    };
    let program = |target: f64, chance| {
        let mut g = [0.0];
        let cost = device.program(&[target], &cell, chance, &mut g);
        (g[0], cost)
    };
    let mut rows: Vec<ReplayRow> = Vec::new();
    for target in &targets {
        let (g, cost) = program(*target, options.chance);
        rows.push(ReplayRow {
            target_s: Some(*target),
            conductance_s: g,
            nominal_s: program(*target, nominal).0,
            pulses: Some(cost.pulses),
            energy_j: Some(cost.energy.0),
            time_s: Some(cost.time.0),
            ..empty.clone()
        });
    }
    let train = curves::cycling(device, options.pulses, options.pulses, 1).unwrap_or_default();
    let respond = |chance| curves::pulse_response(device, &train, &cell, chance);
    if let (Some(real), Some(ideal)) = (respond(options.chance), respond(nominal)) {
        for (tick, (g, n)) in real.iter().zip(&ideal).enumerate() {
            let pulse = tick.checked_sub(1).map(|before| train[before]);
            rows.push(ReplayRow {
                step: "pulse",
                tick: Some(tick as u64),
                voltage_v: pulse.map(|p| p.voltage.0),
                width_s: pulse.map(|p| p.width.0),
                conductance_s: g[0],
                nominal_s: n[0],
                ..empty.clone()
            });
        }
    }
    let target = targets[targets.len() / 2];
    let (fresh, ideal) = (program(target, options.chance).0, program(target, nominal).0);
    for age in AGES {
        let aged = |g: f64, chance| {
            let mut g = [g];
            device.age(&mut g, &cell, Second(age), options.temperature, chance);
            g[0]
        };
        rows.push(ReplayRow {
            step: "age",
            target_s: Some(target),
            age_s: Some(age),
            conductance_s: aged(fresh, options.chance),
            nominal_s: aged(ideal, nominal),
            ..empty.clone()
        });
    }
    rows
}

/// The steps for a terminal.
#[must_use]
pub fn replay_table(rows: &[ReplayRow]) -> String {
    let mut table = plain(&["step", "of", "conductance", "nominal cell", "pulses", "energy", "time"]);
    let shown = |v: Option<String>| v.unwrap_or_default();
    for r in rows {
        let of = match (r.tick, r.age_s, r.target_s) {
            (Some(0), ..) => "before".to_string(),
            (Some(n), ..) => {
                format!("{n}: {}, {}", Volt(r.voltage_v.unwrap_or(0.0)), Second(r.width_s.unwrap_or(0.0)))
            }
            (None, Some(age), _) => Second(age).to_string(),
            (None, None, target) => format!("to {}", Siemens(target.unwrap_or(0.0))),
        };
        table.add_row([
            r.step.to_string(),
            of,
            Siemens(r.conductance_s).to_string(),
            Siemens(r.nominal_s).to_string(),
            shown(r.pulses.map(|n| n.to_string())),
            shown(r.energy_j.map(|e| Joule(e).to_string())),
            shown(r.time_s.map(|t| Second(t).to_string())),
        ]);
    }
    format!("{table}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Pulse;
    use crate::device::programming::StepLaw;

    fn options(cell: u64) -> ReplayOptions {
        let chance = Chance { seed: 4, scale: 1.0 };
        ReplayOptions { cell, chance, temperature: Kelvin(300.0), targets: Vec::new(), pulses: 3 }
    }

    fn law() -> StepLaw {
        let width = Second(1e-7);
        let nominal = [Pulse { voltage: Volt(1.0), width }, Pulse { voltage: Volt(-1.0), width }];
        let law = StepLaw::neurosim([Siemens(1e-6), Siemens(21e-6)], nominal, 32.0, [1.0, 1.0]);
        StepLaw { cycle_to_cycle: 0.01, ..law }
    }

    /// A replayed cell is the cell of that address in any slice.
    #[test]
    fn replayed_cells_are_those_of_a_run() {
        let d = law();
        let rows = replay(&d, &options(7));
        assert_eq!(rows.iter().filter(|r| r.step == "program").count(), LEVELS);
        assert_eq!(rows.iter().filter(|r| r.step == "pulse").count(), 7);
        assert_eq!(rows.iter().filter(|r| r.step == "age").count(), AGES.len());
        let mut g = [0.0; 10];
        let target = rows[2].target_s.unwrap();
        d.program(&[target; 10], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], options(7).chance, &mut g);
        assert_eq!(rows[2].conductance_s, g[7]);
        assert_ne!(replay(&d, &options(8))[2].conductance_s, g[7]);
        // three nominal pulses up and three down: up is up, down is down
        let of = |n: usize| rows[LEVELS + n].nominal_s;
        assert!(of(3) > of(2) && of(6) < of(5) && rows[LEVELS + 4].voltage_v == Some(-1.0));
        assert!(replay_table(&rows).lines().count() > rows.len());
    }
}
