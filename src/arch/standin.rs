//! Stand-in.
use std::sync::Arc;
use schemars::JsonSchema;
use serde::Deserialize;
use crate::device::*;
use crate::units::*;
/// x
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum DeviceSpec {
    /// x
    Ideal(IdealSpec),
}
/// x
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdealSpec {
    /// x
    pub g_min: Siemens,
    /// x
    pub g_max: Siemens,
}
/// x
#[derive(Debug)]
pub struct SpecError { /// x
 pub field: String, /// x
 pub message: String, /// x
 pub help: String }
#[derive(Debug)]
struct Ideal(Window);
impl Device for Ideal {
    fn kind(&self) -> &'static str { "ideal" }
    fn window(&self) -> Window { self.0 }
    fn program(&self, _: &[f64], _: &[u64], _: Chance, _: &mut [f64]) -> Programming { Programming::default() }
    fn age(&self, _: &mut [f64], _: &[u64], _: Second, _: Kelvin, _: Chance) {}
    fn read_moments(&self, _: &[f64], _: Volt, _: Chance, _: &mut [f64], _: &mut [f64]) {}
    fn current(&self, g: f64, v: Volt) -> f64 { g * v.0 }
}
impl DeviceSpec {
    /// x
    pub fn build(&self, _: Kelvin) -> Result<Arc<dyn Device>, Vec<SpecError>> {
        let Self::Ideal(s) = self;
        if s.g_min >= s.g_max {
            return Err(vec![SpecError { field: "g_min".into(), message: "g_min is not below g_max".into(), help: "swap".into() }]);
        }
        Ok(Arc::new(Ideal(Window { g_min: s.g_min, g_max: s.g_max })))
    }
}
