//! Settings of routers and of a measurement.

use super::packets::MAX_FLITS;
use super::{Pattern, Routing, Topology};
use crate::diag::{Diagnostic, Diagnostics, Result};

/// How requests are matched with resources, for VCs and for the crossbar alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocator {
    /// iSLIP (McKeown, IEEE/ACM ToN 7(2), 1999, doi:10.1109/90.769767): resources grant, then requesters accept, both
    /// round-robin; pointers move with what is accepted in the first iteration.
    Islip {
        /// Rounds of granting and accepting in a cycle.
        iterations: u32,
    },
    /// Separable, input first, round-robin: each requester picks one resource, each resource one of those that
    /// picked it; pointers move where both agree.
    RoundRobin,
}

impl Allocator {
    /// The allocator of a text: `islip`, `islip:3` for as many iterations, or `round_robin`.
    ///
    /// # Errors
    /// R170 for an unknown one.
    pub fn parse(text: &str) -> Result<Self> {
        match (text, text.strip_prefix("islip:").map(str::parse)) {
            ("islip", _) => Ok(Self::Islip { iterations: 1 }),
            ("round_robin", _) => Ok(Self::RoundRobin),
            (_, Some(Ok(iterations))) if iterations > 0 => Ok(Self::Islip { iterations }),
            _ => Err(Diagnostic::error("R170", format!("there is no allocator `{text}`"))
                .help("islip, islip:N for N iterations, or round_robin")
                .into()),
        }
    }
}

/// A router: sizes and cycles of each stage. The default is the one of BookSim2's own defaults with four VCs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Router {
    /// Virtual channels of a port.
    pub vcs: usize,
    /// Flits that the buffer of one VC holds.
    pub buffer: usize,
    /// Cycles of route computation; 0: the route is computed a router ahead.
    pub routing: u32,
    /// Cycles of VC allocation, from 1.
    pub vc_allocation: u32,
    /// Cycles of switch allocation, from 1.
    pub switch_allocation: u32,
    /// Cycles through the crossbar; 0: in the cycle in which it is won.
    pub traversal: u32,
    /// Cycles on a link; 0: with the crossbar. Topologies with longer wires multiply it.
    pub link: u32,
    /// Cycles from the arrival of a credit to its use in a router.
    pub credit_delay: u32,
    /// Heads ask for the crossbar in the cycle in which they ask for a VC. Only with both allocations at 1 cycle.
    pub speculative: bool,
    /// A VC takes no new packet until the tail of the one before has left the buffer behind it.
    pub wait_for_tail_credit: bool,
    /// Matching of packets with VCs.
    pub vc_allocator: Allocator,
    /// Matching of inputs with outputs of the crossbar.
    pub switch_allocator: Allocator,
}

impl Default for Router {
    fn default() -> Self {
        Self {
            vcs: 4,
            buffer: 8,
            routing: 1,
            vc_allocation: 1,
            switch_allocation: 1,
            traversal: 1,
            link: 1,
            credit_delay: 1,
            speculative: false,
            wait_for_tail_credit: false,
            vc_allocator: Allocator::Islip { iterations: 1 },
            switch_allocator: Allocator::Islip { iterations: 1 },
        }
    }
}

/// Longest delay of a stage or wire in cycles: calendars are as long as the longest.
const LONGEST: u32 = 1024;

impl Router {
    /// What is wrong with the settings.
    ///
    /// # Errors
    /// R170 for each of them.
    pub fn check(&self) -> Result<()> {
        let mut problems = Diagnostics::new();
        let mut need = |holds: bool, what: String| {
            if !holds {
                problems.push(Diagnostic::error("R170", what));
            }
        };
        need((1..=super::SLOTS).contains(&self.vcs), format!("{} virtual channels; from 1 to 64", self.vcs));
        need((1..=4096).contains(&self.buffer), format!("buffers of {} flits; from 1 to 4096", self.buffer));
        for (name, cycles, least) in [
            ("route computation", self.routing, 0),
            ("VC allocation", self.vc_allocation, 1),
            ("switch allocation", self.switch_allocation, 1),
            ("switch traversal", self.traversal, 0),
            ("links", self.link, 0),
            ("credits", self.credit_delay, 0),
        ] {
            need((least..=LONGEST).contains(&cycles), format!("{cycles} cycles of {name}; from {least} to {LONGEST}"));
        }
        need(
            !self.speculative || (self.vc_allocation, self.switch_allocation) == (1, 1),
            "speculation needs both allocations in one cycle".to_string(),
        );
        for allocator in [self.vc_allocator, self.switch_allocator] {
            need(allocator != Allocator::Islip { iterations: 0 }, "iSLIP without iterations".to_string());
        }
        problems.into_result(())
    }
}

/// Length of a measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Cycles of a period.
    pub period: u64,
    /// Periods before anything counts.
    pub warmup: u32,
    /// Most periods, warm-up included.
    pub most: u32,
    /// Relative change of mean latency and throughput below which a period counts as settled; three in a row end the
    /// measurement.
    pub settled: f64,
    /// Mean latency in cycles at which a measurement is given up as unstable.
    pub unstable: f64,
}

impl Default for Sampling {
    /// BookSim2's defaults with the period of 2000 cycles that is usual with it.
    fn default() -> Self {
        Self { period: 2000, warmup: 3, most: 10, settled: 0.05, unstable: 500.0 }
    }
}

/// A measurement of a network under synthetic traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Shape of the network.
    pub topology: Topology,
    /// Way through it.
    pub routing: Routing,
    /// Its routers.
    pub router: Router,
    /// Flits of a packet.
    pub packet: u32,
    /// Who sends to whom.
    pub pattern: Pattern,
    /// Flits that a node offers in a cycle: a packet begins with probability offered / packet.
    pub offered: f64,
    /// Seed of injection and destinations.
    pub seed: u64,
    /// Length.
    pub sampling: Sampling,
}

impl Config {
    /// What is wrong with what is not checked by topology, routing and router.
    pub(super) fn check(&self) -> Result<()> {
        let mut problems = Diagnostics::new();
        if let Err(e) = self.router.check() {
            problems.extend(e);
        }
        if !(1..=MAX_FLITS).contains(&self.packet) {
            problems
                .push(Diagnostic::error("R170", format!("packets of {} flits; from 1 to {MAX_FLITS}", self.packet)));
        }
        let rate = self.offered / f64::from(self.packet.max(1));
        if !(rate > 0.0 && rate <= 1.0) {
            problems.push(
                Diagnostic::error("R170", format!("{} flits offered by a node in a cycle", self.offered))
                    .help("above 0, and at most one packet a cycle"),
            );
        }
        let s = self.sampling;
        if s.period == 0 || s.warmup == 0 || s.most <= s.warmup || s.settled.is_nan() || s.unstable.is_nan() {
            problems.push(Diagnostic::error(
                "R170",
                "a measurement needs periods of some cycles, one to warm up and one more",
            ));
        }
        problems.into_result(())
    }
}
