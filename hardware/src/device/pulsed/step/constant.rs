//! Constant step: `Δw = s·(1 + σξ)`, the same everywhere between the bounds (Gokmen and Vlasov 2016,
//! doi:10.3389/fnins.2016.00333).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::arithmetic::Arithmetic;
use super::{Site, StepLaw};

/// The law has no numbers of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConstantStep {}

impl StepLaw for ConstantStep {
    #[inline(always)]
    fn increment<A: Arithmetic>(&self, _a: A, site: &Site<A>, _up: A::Mask, _w: A::Number) -> [A::Number; 2] {
        [site.step; 2]
    }
}
