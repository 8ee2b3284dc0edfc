//! Digital logic in another CMOS node: energy, delay and area.
//!
//! Stillmaker and Baas, Integration 58, 74 (2017), doi:10.1016/j.vlsi.2017.02.002, simulated inverters with predictive
//! models of 180 nm to 7 nm and fitted, for supply voltages `V`,
//!
//! `delay ∝ a₃V³ + a₂V² + a₁V + a₀`, `energy ∝ b₂V² + b₁V + b₀`,
//!
//! with coefficients for each node (their tables of delay and energy; from 45 nm down for high-performance, `hp`, and
//! low-power, `lp`, transistors). What is known in one node and voltage is multiplied by the ratio of the polynomials.
//! Area follows their table of factors, of two digits, whatever the transistors.
//!
//! The law is for logic: not for converters, memory arrays, long wires, and not for leakage. Fits hold around the usual
//! supply voltages; where a polynomial is not positive there is no factor.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, Part, Price, Source};
use crate::units::Volt;

/// Coefficients of a node, highest power first, and area relative to 180 nm.
type Row = (Node, [f64; 4], [f64; 3], f64);

/// A CMOS node: gate length in nanometres, high-performance or low-power transistors where there are both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the field's own names")]
pub enum Node {
    Nm180,
    Nm130,
    Nm90,
    Nm65,
    Hp45,
    Hp32,
    Hp20,
    Hp16,
    Hp14,
    Hp10,
    Hp7,
    Lp45,
    Lp32,
    Lp20,
    Lp16,
    Lp14,
    Lp10,
    Lp7,
}

const ROWS: &[Row] = &[
    (Node::Nm180, [0.0, 97.09, -356.7, 406.5], [0.0, 24.64, -17.98], 1.0),
    (Node::Nm130, [-76.65, 334.9, -493.4, 275.8], [7.171, -6.709, 2.904], 0.34),
    (Node::Nm90, [-60.34, 262.5, -384.2, 210.9], [4.762, -4.781, 2.092], 0.15),
    (Node::Nm65, [-53.3, 230.4, -333.9, 178.6], [3.755, -4.398, 1.975], 0.08),
    (Node::Hp45, [-501.6, 1567.0, -1619.0, 566.1], [1.018, -0.3107, 0.1539], 0.053),
    (Node::Hp32, [-1047.0, 2982.0, -2797.0, 873.5], [0.8367, -0.4341, 0.1701], 0.025),
    (Node::Hp20, [0.0, 34.63, -66.37, 41.15], [0.373, -0.1582, 0.04104], 0.011),
    (Node::Hp16, [0.0, 24.8, -47.52, 28.87], [0.2958, -0.1241, 0.03024], 0.01),
    (Node::Hp14, [-40.66, 109.2, -100.6, 35.92], [0.2363, -0.09675, 0.02239], 0.0093),
    (Node::Hp10, [-34.95, 93.65, -85.99, 30.4], [0.2068, -0.09311, 0.02375], 0.0055),
    (Node::Hp7, [-28.58, 76.6, -70.26, 24.69], [0.1776, -0.09097, 0.02447], 0.0032),
    (Node::Lp45, [-285.7, 1239.0, -1795.0, 898.8], [1.103, -0.362, 0.2767], 0.053),
    (Node::Lp32, [-325.9, 1374.0, -1922.0, 913.2], [0.9559, -0.7823, 0.471], 0.025),
    (Node::Lp20, [-160.5, 514.1, -558.6, 217.5], [0.2632, -0.14, 0.06841], 0.011),
    (Node::Lp16, [-114.6, 366.7, -397.4, 153.6], [0.2139, -0.1187, 0.05639], 0.01),
    (Node::Lp14, [-85.37, 271.6, -292.2, 111.4], [0.1556, -0.06472, 0.03066], 0.0093),
    (Node::Lp10, [-71.76, 228.6, -246.3, 93.91], [0.1261, -0.0518, 0.02769], 0.0055),
    (Node::Lp7, [-61.79, 196.1, -210.3, 79.55], [0.09365, -0.03409, 0.02043], 0.0032),
];

/// A node with its supply voltage.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// The node.
    pub node: Node,
    /// Its supply voltage.
    pub supply: Volt,
}

/// From one node to another.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeScaling {
    /// Where prices were stated.
    pub from: Process,
    /// Where they are to hold.
    pub to: Process,
}

/// What a quantity of the first node is multiplied with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NodeFactors {
    /// Energy of an operation.
    pub energy: f64,
    /// Delay of a gate.
    pub delay: f64,
    /// Area.
    pub area: f64,
}

fn polynomial(coefficients: &[f64], v: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, c| sum * v + c)
}

impl Process {
    /// Energy, delay and area in the units of the fits.
    fn values(self) -> [f64; 3] {
        let v = self.supply.si();
        let row = ROWS.iter().find(|r| r.0 == self.node);
        row.map_or([0.0; 3], |(_, delay, energy, area)| [polynomial(energy, v), polynomial(delay, v), *area])
    }
}

impl NodeScaling {
    /// The factors, if the fits are positive at both voltages.
    #[must_use]
    pub fn factors(&self) -> Option<NodeFactors> {
        let (from, to) = (self.from.values(), self.to.values());
        let good = from.iter().chain(&to).all(|v| v.is_finite() && *v > 0.0);
        good.then(|| NodeFactors { energy: to[0] / from[0], delay: to[1] / from[1], area: to[2] / from[2] })
    }
    /// Brings the energies and the area of a part of logic to the new node; leakage, waking and clock trees stay.
    pub fn scale(&self, part: &mut Part, by: NodeFactors) {
        let told = |source: &Source| {
            let text = |text: &str| {
                format!(
                    "{text}; {:?} at {} to {:?} at {} by doi:10.1016/j.vlsi.2017.02.002 (delays {:.3} times as long)",
                    self.from.node, self.from.supply, self.to.node, self.to.supply, by.delay
                )
            };
            match source {
                Source::Cited(t) => Source::Cited(text(t)),
                Source::Assumed(t) => Source::Assumed(text(t)),
            }
        };
        for (action, price) in &mut part.energy {
            if !matches!(action, Action::Wake | Action::Clock) {
                *price = Price { value: price.value * by.energy, source: told(&price.source) };
            }
        }
        part.area = Price { value: part.area.value * by.area, source: told(&part.area.source) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(from: (Node, f64), to: (Node, f64)) -> Option<NodeFactors> {
        let process = |(node, supply)| Process { node, supply: Volt(supply) };
        NodeScaling { from: process(from), to: process(to) }.factors()
    }

    /// The example of the erratum (vcl.ece.ucdavis.edu/pubs/2017.02.VLSIintegration.TechScale): 1 pJ in 65 nm at 1.3 V
    /// is 0.1755 pJ in 32 nm at 0.9 V, from energy factors of 2.604 and 0.4571.
    #[test]
    fn the_example_of_the_authors() {
        let [energy, ..] = Process { node: Node::Nm65, supply: Volt(1.3) }.values();
        assert!((energy - 2.604).abs() < 5e-4, "{energy}");
        let [energy, ..] = Process { node: Node::Hp32, supply: Volt(0.9) }.values();
        assert!((energy - 0.4571).abs() < 5e-5, "{energy}");
        let by = factors((Node::Nm65, 1.3), (Node::Hp32, 0.9)).expect("both are fitted");
        // theirs is the quotient of the two factors as printed: 0.3e-3 from their rounding, 0.3e-3 from its own
        assert!((by.energy / 0.1755 - 1.0).abs() < 6e-4, "{}", by.energy);
        assert!((by.energy * 2.60355 - 0.457_137).abs() < 1e-9, "{}", by.energy);
    }

    /// Other entries of their table of areas, of two digits each.
    #[test]
    fn areas_are_those_of_the_whole_table() {
        for (from, to, table) in [
            (Node::Nm130, Node::Nm65, 0.23),
            (Node::Nm90, Node::Hp45, 0.35),
            (Node::Nm65, Node::Lp32, 0.31),
            (Node::Hp32, Node::Hp7, 0.13),
            (Node::Hp10, Node::Lp7, 0.58),
            (Node::Hp7, Node::Hp14, 2.9),
        ] {
            let area = factors((from, 1.0), (to, 1.0)).expect("fitted").area;
            assert!((area / table - 1.0).abs() < 0.05, "{from:?} to {to:?}: {area}, {table}");
        }
    }

    #[test]
    fn smaller_nodes_take_less_and_there_and_back_is_nothing() {
        let chain = [(Node::Nm180, 1.8), (Node::Nm130, 1.3), (Node::Nm90, 1.2), (Node::Nm65, 1.1), (Node::Hp45, 1.0)];
        let finer = [(Node::Hp32, 0.9), (Node::Hp20, 0.9), (Node::Hp16, 0.85), (Node::Hp10, 0.75), (Node::Hp7, 0.7)];
        let all: Vec<_> = chain.into_iter().chain(finer).collect();
        for pair in all.windows(2) {
            let by = factors(pair[0], pair[1]).expect("fitted");
            assert!(by.energy < 1.0 && by.area < 1.0, "{pair:?}: {by:?}");
            let back = factors(pair[1], pair[0]).expect("fitted");
            assert!((by.energy * back.energy - 1.0).abs() < 1e-12 && (by.delay * back.delay - 1.0).abs() < 1e-12);
        }
        assert!(factors((Node::Nm180, 0.3), (Node::Nm65, 1.0)).is_none(), "negative energy");
    }
}
