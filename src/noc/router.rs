//! The state of routers: sets of virtual channels as words, and what belongs to each VC.
//!
//! Input VC k of a router is VC k % vcs of port k / vcs; output VC j likewise, it stands for the buffer at the other
//! end of the link.

use super::network::Flit;

/// Numbers of the bits that are set, lowest first.
#[inline]
pub(super) fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (mask != 0).then(|| {
            let bit = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            bit
        })
    })
}

/// The first bit from `from` on, round the corner: a round-robin arbiter. `mask` is not empty.
#[inline]
pub(super) const fn first_from(mask: u64, from: u8) -> usize {
    let ahead = mask & (u64::MAX << (from & 63));
    (if ahead == 0 { mask } else { ahead }).trailing_zeros() as usize
}

/// The first and the last of a set, which is not empty.
#[inline(always)]
pub(super) const fn ends(set: u64) -> [usize; 2] {
    [set.trailing_zeros() as usize & 63, (63 - set.leading_zeros() as usize) & 63]
}

/// Sets of VCs of one router.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    /// Input VCs whose head is being routed.
    pub(super) routing: u64,
    /// Input VCs whose head has a route and wants an output VC.
    pub(super) seeking: u64,
    /// Input VCs that hold an output VC.
    pub(super) active: u64,
    /// Input VCs with a flit.
    pub(super) filled: u64,
    /// Input VCs that hold an output VC with a credit (one destination only).
    pub(super) credited: u64,
    /// Input VCs whose packet has several destinations.
    pub(super) multicast: u64,
    /// Input VCs with a request in a VC allocator of several cycles.
    pub(super) in_vc_allocation: u64,
    /// Input VCs with a request in a switch allocator of several cycles.
    pub(super) in_switch_allocation: u64,
    /// Output VCs that no packet holds.
    pub(super) free: u64,
    /// Output VCs with a credit.
    pub(super) stocked: u64,
    /// Output VCs whose tail has left and whose credits have not all come back.
    pub(super) closing: u64,
}

/// What belongs to input VC k and to output VC k of a router; small, because every flit looks at several.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Vc {
    /// The first flit in the buffer of the input VC, if there is one; the others are in
    /// [`Network::flits`](super::Network).
    pub(super) front: Flit,
    /// Output VCs that its packet may take, as a place in the palette of the fabric (one destination only).
    pub(super) wish: u16,
    /// Place of its second flit.
    pub(super) second: u16,
    /// Its flits.
    pub(super) len: u16,
    /// Free places in the buffer behind the output VC.
    pub(super) credits: u16,
    /// The output VC that the input VC holds.
    pub(super) out: u8,
    /// The input VC that holds the output VC.
    pub(super) owner: u8,
}

/// A link out of a router, and back.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wire {
    /// First VC behind it, for flits and for credits.
    pub(super) ahead: u32,
    /// Cycles from the crossbar to the buffer behind it.
    pub(super) flit: u32,
    /// Cycles from a place that becomes free to the credit of whoever sends from behind it.
    pub(super) credit: u32,
}

/// Round-robin pointers by number of VC or port: one past the last winner.
pub(super) type Turns = [[u8; 5]; 64];
/// Which output VC an input VC accepts.
pub(super) const VC_ACCEPT: usize = 0;
/// Which input VC an output VC is granted to.
pub(super) const VC_GRANT: usize = 1;
/// Which output an input port accepts.
pub(super) const PORT_ACCEPT: usize = 2;
/// Which input an output port is granted to.
pub(super) const PORT_GRANT: usize = 3;
/// Which of its VCs an input port sends.
pub(super) const PORT_VC: usize = 4;

/// All of a router but the flits behind the first of each buffer. Every list has a place for each bit of a word.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(super) struct Block {
    pub(super) state: State,
    pub(super) vcs: [Vc; 64],
    /// Round-robin pointers, all of one number side by side.
    pub(super) turns: Turns,
    /// Round-robin pointer of the inputs of a shared medium.
    pub(super) medium: u8,
    /// What a request still in an allocator of several cycles has won.
    pub(super) vc_won: [u8; 64],
    pub(super) switch_won: [u8; 64],
    pub(super) wires: [Wire; 64],
    /// Flits that went over each link.
    pub(super) carried: [u64; 64],
}

impl Block {
    /// An idle router with output VCs `all` whose buffers have `buffer` places.
    pub(super) fn new(all: u64, buffer: u16) -> Self {
        Self {
            state: State { free: all, stocked: all, ..State::default() },
            vcs: [Vc { credits: buffer, ..Vc::default() }; 64],
            turns: [[0; 5]; 64],
            medium: 0,
            vc_won: [0; 64],
            switch_won: [0; 64],
            wires: [Wire::default(); 64],
            carried: [0; 64],
        }
    }
}

impl State {
    /// The tail has left through output VC `j`; with `wait` nobody takes it before all its credits have come back.
    #[inline(always)]
    pub(super) fn release(&mut self, j: usize, wait: bool) {
        *(if wait { &mut self.closing } else { &mut self.free }) |= 1 << j;
    }
}
