//! The floorplan of a network on a chip: structure alone, without data.

use super::{RunOptions, Session};
use crate::diag::{Diagnostics, Result};
use crate::map::{Choice, Floorplan};
use crate::sched;

/// Maps the network of `options` and says what lives where; also the findings on the way.
///
/// # Errors
/// Everything wrong with the arch file or the model, and a network that does not fit.
pub fn floorplan(options: &RunOptions) -> Result<(Floorplan, Diagnostics)> {
    let session = Session::open(&RunOptions { values: false, ..options.clone() })?;
    let traffic = sched::traffic(&session.program);
    let choice = Choice::parse(&session.mapper)?;
    let segments = session.segments.len().max(1);
    let plan = Floorplan::new(&session.tiled, &session.placement, &session.chip, &traffic, &choice, segments);
    Ok((plan, session.warnings))
}
